"""The shape of one tensor: channels plus spatial axes.

Inside cnncalc the order is always channels first (C, then D, H, W). Other orders exist only where
a shape is read or printed.
"""

from __future__ import annotations

from math import prod
from typing import NamedTuple

# The letters of the spatial axes by rank, outermost first: length; height, width; depth, ...
AXES: dict[int, tuple[str, ...]] = {0: (), 1: ("l",), 2: ("h", "w"), 3: ("d", "h", "w")}
# For each layout, the letters of all sizes by rank; a vector needs none.
LETTERS = {
    "HWC": ("", "LC", "HWC", "DHWC"),
    "CHW": ("", "CL", "CHW", "CDHW"),
    "WHD": ("", "LC", "WHD", "WHDC"),
}
# What one position along an axis is called, and several.
POSITION_WORDS = {
    "l": ("position", "positions"),
    "d": ("slice", "slices"),
    "h": ("row", "rows"),
    "w": ("column", "columns"),
}
# The same where one unit's view of a tensor is told.
PLACE_WORDS = {**POSITION_WORDS, "l": ("place", "places")}
AXIS_WORDS = {"l": "length", "d": "depth", "h": "height", "w": "width", "c": "channels"}


class Shape(NamedTuple):
    """Channels and spatial sizes of one sample; a vector has no spatial axes.

    >>> Shape(6, (28, 28)).size
    4704
    >>> Shape(6, (28, 30)).by_letter
    {'h': 28, 'w': 30, 'c': 6}
    >>> str(Shape(6, (28, 30))), str(Shape(10))
    ('28×30×6', '10')
    """

    channels: int
    spatial: tuple[int, ...] = ()

    @property
    def rank(self) -> int:
        """The number of spatial axes: 0 for a vector, 2 for a picture."""
        return len(self.spatial)

    @property
    def size(self) -> int:
        """How many numbers the tensor holds."""
        return self.channels * prod(self.spatial)

    @property
    def axes(self) -> tuple[str, ...]:
        """The letters of the spatial axes, outermost first."""
        return AXES[len(self.spatial)]

    @property
    def by_letter(self) -> dict[str, int]:
        """Sizes by axis letter, spatial axes first, as JSON prints them."""
        return {**dict(zip(self.axes, self.spatial, strict=True)), "c": self.channels}

    def view(self, layout: str = "HWC") -> tuple[int, ...]:
        """The sizes in the order of a layout, for any rank.

        `HWC` puts channels last, `CHW` first, `WHD` is the notes' width x height x depth.

        >>> Shape(3, (480, 640)).view("CHW"), Shape(3, (480, 640)).view("WHD")
        ((3, 480, 640), (640, 480, 3))
        """
        if layout == "CHW":
            return (self.channels, *self.spatial)
        if layout == "WHD":
            return (*self.spatial[::-1], self.channels)
        return (*self.spatial, self.channels)

    def letters(self, layout: str = "HWC") -> str:
        """The letters of the sizes in the order of `view`; D means channels in WHD of rank 2.

        >>> Shape(3, (480, 640)).letters("WHD"), Shape(3, (8, 480, 640)).letters("CHW")
        ('WHD', 'CDHW')
        """
        return LETTERS[layout][self.rank]

    def text(self, layout: str = "HWC", times: str = "×") -> str:
        """The shape as people write it.

        >>> Shape(3, (480, 640)).text("CHW", times="x")
        '3x480x640'
        """
        return times.join(map(str, self.view(layout)))

    def __str__(self) -> str:
        """Channels last, as `text()` prints by default."""
        return self.text()
