"""A picture as planes of numbers; resized and cropped to the size an input wants."""

from __future__ import annotations

from array import array
from math import ceil, floor
from operator import mul
from typing import TYPE_CHECKING, NamedTuple

from cnncalc.errors import failure

if TYPE_CHECKING:
    from collections.abc import Sequence


MAX_PIXELS = 2**26  # that are read
MAX_RESIZED = 2**24  # that a picture is resized to: a minute's work
Weights = tuple[int, list[float]]  # the first of the neighbours read, and a weight for each


class Picture(NamedTuple):
    """One plane per channel, rows one after the other; numbers from 0 (black) to `maximum`."""

    height: int
    width: int
    maximum: int
    planes: tuple[Sequence[float], ...]

    @property
    def size(self) -> str:
        """The size as people write it: height first, as in shapes."""
        return f"{self.height}×{self.width}"


def cover(picture: Picture, height: int, width: int) -> Picture:
    """The picture as small as it can be without leaving a part of height x width empty.

    >>> cover(Picture(4, 8, 255, (bytes(32),)), 2, 2).size
    '2×4'
    """
    if picture.height * width <= picture.width * height:
        return resized(picture, height, max(width, picture.width * height // picture.height))
    return resized(picture, max(height, picture.height * width // picture.width), width)


def shorter_side(picture: Picture, length: int) -> Picture:
    """The picture with its shorter side brought to a length, the longer one in proportion.

    >>> shorter_side(Picture(4, 8, 255, (bytes(32),)), 3).size
    '3×6'
    """
    if picture.height <= picture.width:
        return resized(picture, length, max(1, length * picture.width // picture.height))
    return resized(picture, max(1, length * picture.height // picture.width), length)


def resized(picture: Picture, height: int, width: int) -> Picture:
    """The picture at another size, bilinear; made smaller, every old pixel has its share.

    A new pixel is the mean of the old ones around its centre, each weighted by a triangle that
    reaches one pixel to both sides, of the old or of the new grid, whichever is coarser. This is
    the "bilinear, antialiased" of Pillow and torchvision, without their rounding to whole numbers.
    Raises CnncalcError for more than MAX_RESIZED pixels.

    >>> resized(Picture(1, 2, 255, ([0, 8],)), 1, 4).planes[0].tolist()
    [0.0, 2.0, 6.0, 8.0]
    """
    if (height, width) == (picture.height, picture.width):
        return picture
    if height * width > MAX_RESIZED:
        message = f"a picture of {picture.size} pixels would be too large at {height}×{width}"
        help_ = f"resize it to at most {MAX_RESIZED:,} pixels"
        raise failure("sample-size", message, help=help_)
    across, down = triangles(picture.width, width), triangles(picture.height, height)
    planes = tuple(_resample(plane, picture.width, across, down) for plane in picture.planes)
    return Picture(height, width, picture.maximum, planes)


def triangles(old: int, new: int) -> list[Weights]:
    """Per new place on one axis, the old places it is made of and their weights, which sum to 1.

    >>> triangles(4, 2)[0] == (0, [0.75 / 1.75, 0.75 / 1.75, 0.25 / 1.75])
    True
    """
    step = old / new
    reach = max(1.0, step)
    places = []
    for place in range(new):
        centre = (place + 0.5) * step
        first, end = max(0, floor(centre - reach)), min(old, ceil(centre + reach))
        raw = [max(0.0, 1 - abs(at + 0.5 - centre) / reach) for at in range(first, end)]
        total = sum(raw)
        places.append((first, [weight / total for weight in raw]))
    return places


def _resample(
    plane: Sequence[float], width: int, across: Sequence[Weights], down: Sequence[Weights]
) -> array[float]:
    """Every row made of the right length, then the right number of rows."""
    rows = []
    for start in range(0, len(plane), width):
        row = plane[start : start + width]
        rows.append([sum(map(mul, row[at : at + len(ws)], ws)) for at, ws in across])
    out = array("d")
    for first, weights in down:
        columns = zip(*rows[first : first + len(weights)], strict=True)
        out.extend([sum(map(mul, column, weights)) for column in columns])
    return out


def cropped(picture: Picture, height: int, width: int) -> Picture:
    r"""The middle of a picture that is at least as large.

    >>> cropped(Picture(3, 3, 9, (bytes(range(9)),)), 1, 1).planes
    (b'\x04',)
    """
    top, left = round((picture.height - height) / 2), round((picture.width - width) / 2)
    planes = tuple(
        _window(plane, picture.width, range(top, top + height), left, left + width)
        for plane in picture.planes
    )
    return Picture(height, width, picture.maximum, planes)


def _window(
    plane: Sequence[float], width: int, rows: range, left: int, right: int
) -> Sequence[float]:
    parts = [plane[row * width + left : row * width + right] for row in rows]
    whole = parts[0]
    for part in parts[1:]:
        whole = whole + part  # type: ignore[operator]  # bytes, arrays and lists all add
    return whole
