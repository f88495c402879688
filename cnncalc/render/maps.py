"""Feature maps as pictures, drawn with characters or as the pixels of a picture file.

In colour, a character shows two pixels, one above the other (the upper half block); without
colour it shows their mean in one of a few shades. All maps of a layer share one range of
values, which the legend gives.
"""

from __future__ import annotations

from math import ceil, isfinite, isqrt
from typing import TYPE_CHECKING, NamedTuple

from cnncalc.render.format import number

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cnncalc.tensor import Tensor

SHADES, ASCII_SHADES = " ░▒▓█", " .:-=+*#%@"
GREYS = 24  # of the 256 colours of a terminal, from number 232 on
FIRST_GREY = 232
MAX_WIDTH = 32  # columns of one map
MAX_MAPS = 16  # that are drawn
GAP = 2
PLANE, VOLUME = 2, 3  # spatial axes


class Map(NamedTuple):
    """One picture as rows of numbers."""

    title: str
    rows: Sequence[Sequence[float]]


class Range(NamedTuple):
    """The values that are black and white."""

    low: float
    high: float

    def share(self, value: float) -> float:
        """The position of a number in the range, from 0 to 1; NaN is 0."""
        if self.high <= self.low or value != value:  # noqa: PLR0124 - NaN
            return 0.0
        return min(max((value - self.low) / (self.high - self.low), 0.0), 1.0)


def span(values: Sequence[float]) -> Range:
    """The range of the finite numbers.

    >>> span([1.0, float("inf"), -2.0])
    Range(low=-2.0, high=1.0)
    """
    # One infinity would make all other values the same shade.
    finite = [value for value in values if isfinite(value)] or [0.0]
    return Range(min(finite), max(finite))


def pictures(tensor: Tensor) -> list[Map]:
    """A tensor as pictures: its maps, slice by slice where they have depth.

    Maps of one axis, and vectors, make a single picture with a row per channel, or one row.

    >>> from cnncalc.shapes import Shape
    >>> from cnncalc.tensor import Tensor
    >>> [picture.title for picture in pictures(Tensor(Shape(2, (1, 1)), [0.0, 1.0]))]
    ['map 0', 'map 1']
    """
    shape, values = tensor
    across = shape.spatial[-1] if shape.rank else shape.channels
    rows = [values[at : at + across] for at in range(0, len(values), across)]
    if shape.rank < PLANE:
        return [Map("channels" if shape.rank else "units", rows)]
    high = shape.spatial[-2]
    slices = [rows[at : at + high] for at in range(0, len(rows), high)]
    if shape.rank < VOLUME:
        return [Map(f"map {channel}", rows) for channel, rows in enumerate(slices)]
    places = (divmod(index, shape.spatial[0]) for index in range(len(slices)))
    titles = (f"map {channel}, z {z}" for channel, z in places)
    return [Map(title, rows) for title, rows in zip(titles, slices, strict=True)]


def drawn(
    name: str, tensor: Tensor, *, width: int = 80, color: bool = False, ascii_only: bool = False
) -> Iterator[str]:
    """The first maps of a tensor side by side, then a legend of their values."""
    maps = pictures(tensor)
    shown = [_narrowed(picture) for picture in maps[:MAX_MAPS]]
    limits = span(tensor.values)
    excess = f", the first {MAX_MAPS} of {len(maps)} pictures" if len(maps) > MAX_MAPS else ""
    yield f"{name}: {tensor.shape.text(times='x' if ascii_only else '×')}{excess}"
    per_line = max(1, (width + GAP) // (_columns(shown[0]) + GAP))
    for at in range(0, len(shown), per_line):
        group = shown[at : at + per_line]
        yield (" " * GAP).join(picture.title.ljust(_columns(picture)) for picture in group).rstrip()
        blocks = [list(_lines(picture, limits, color, ascii_only)) for picture in group]
        for texts in zip(*blocks, strict=True):
            yield (" " * GAP).join(texts).rstrip()
    yield _legend(limits, color, ascii_only)


def _columns(picture: Map) -> int:
    return max(len(picture.rows[0]), len(picture.title))


def _narrowed(picture: Map) -> Map:
    """A wide picture reduced to the means of small squares."""
    block = ceil(len(picture.rows[0]) / MAX_WIDTH)
    if block == 1:
        return picture
    groups = (picture.rows[at : at + block] for at in range(0, len(picture.rows), block))
    starts = range(0, len(picture.rows[0]), block)
    rows = [[_mean(group, at, block) for at in starts] for group in groups]
    return Map(picture.title, rows)


def _mean(rows: Sequence[Sequence[float]], at: int, block: int) -> float:
    values = [value for row in rows for value in row[at : at + block]]
    return sum(values) / len(values)


def _lines(picture: Map, limits: Range, color: bool, ascii_only: bool) -> Iterator[str]:
    """The characters of a picture, two rows of it in each line."""
    rows = picture.rows
    space = " " * (_columns(picture) - len(rows[0]))
    for at in range(0, len(rows), 2):
        upper, lower = rows[at], rows[at + 1] if at + 1 < len(rows) else None
        if color:
            line = _blocks(upper, lower, limits)
        else:
            shades = ASCII_SHADES if ascii_only else SHADES
            pairs = zip(upper, lower or upper, strict=True)
            line = "".join(
                _shade((limits.share(a) + limits.share(b)) / 2, shades) for a, b in pairs
            )
        yield line + space


def _shade(share: float, shades: str) -> str:
    return shades[min(int(share * len(shades)), len(shades) - 1)]


def _blocks(upper: Sequence[float], lower: Sequence[float] | None, limits: Range) -> str:
    """Upper half blocks: the foreground is the upper pixel, the background the lower."""
    if lower is None:
        return "".join(f"\x1b[38;5;{_grey(limits.share(a))}m▀" for a in upper) + "\x1b[0m"
    pairs = zip(upper, lower, strict=True)
    greys = ((_grey(limits.share(a)), _grey(limits.share(b))) for a, b in pairs)
    return "".join(f"\x1b[38;5;{a};48;5;{b}m▀" for a, b in greys) + "\x1b[0m"


def _grey(share: float) -> int:
    return FIRST_GREY + min(int(share * GREYS), GREYS - 1)


def _legend(limits: Range, color: bool, ascii_only: bool) -> str:
    """The shades from dark to light between the numbers that they stand for."""
    if color:
        scale = "".join(f"\x1b[48;5;{FIRST_GREY + grey}m " for grey in range(GREYS)) + "\x1b[0m"
    else:
        scale = ASCII_SHADES if ascii_only else SHADES
    return f"{number(limits.low)} [{scale}] {number(limits.high)}"


class Pixels(NamedTuple):
    """A grey picture, one byte per pixel, with a comment for its file."""

    height: int
    width: int
    data: bytes
    comment: str


def contact_sheet(name: str, tensor: Tensor) -> Pixels:
    r"""All maps of a tensor in one picture, row by row, a black line between them.

    >>> from cnncalc.shapes import Shape
    >>> from cnncalc.tensor import Tensor
    >>> contact_sheet("c", Tensor(Shape(2, (1, 1)), [0.0, 1.0])).data
    b'\x00\x00\xff'
    """
    maps, limits = pictures(tensor), span(tensor.values)
    across = isqrt(len(maps) - 1) + 1
    high, wide = len(maps[0].rows), len(maps[0].rows[0])
    width = across * (wide + 1) - 1
    rows = []
    for at in range(0, len(maps), across):
        group = maps[at : at + across]
        for y in range(high):
            parts = (bytes(round(255 * limits.share(v)) for v in p.rows[y]) for p in group)
            rows.append(b"\0".join(parts).ljust(width, b"\0"))
        rows.append(bytes(width))
    del rows[-1]
    caption = f"{name}: {len(maps)} pictures of {high}x{wide}, {across} in a row"
    comment = f"{caption}; black {number(limits.low)}, white {number(limits.high)}"
    return Pixels(len(rows), width, b"".join(rows), comment)
