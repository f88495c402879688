"""What layer types that work on spatial axes share: edges, places, and the sizes explained."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from cnncalc.errors import UnplacedError
from cnncalc.layers._base import Step
from cnncalc.shapes import AXIS_WORDS, Shape
from cnncalc.tensor import Tensor, offset

if TYPE_CHECKING:
    from collections.abc import Sequence
    from fractions import Fraction

    from cnncalc.window import Window

# The notes' letter for the size of an axis.
AXIS_LETTERS = {"l": "L", "d": "D", "h": "H", "w": "W"}


def require_axes(shape: Shape) -> None:
    """Raise UnplacedError for a vector, which has no axis to work along.

    >>> from cnncalc.shapes import Shape
    >>> require_axes(Shape(10))
    Traceback (most recent call last):
        ...
    cnncalc.errors.UnplacedError: this layer works on maps; its input is a vector of 10
    """
    if shape.rank == 0:
        raise UnplacedError(
            "no-axes",
            f"this layer works on maps; its input is a vector of {shape.channels}",
            help="reshape it to maps first, such as reshape 4x4x8",
        )


def ratio(over: int, under: int) -> int | Fraction:
    """over/under, as an integer where it is one.

    >>> ratio(6, 3), ratio(1, 2)
    (2, Fraction(1, 2))
    """
    if over % under == 0:
        return over // under
    from fractions import Fraction

    return Fraction(over, under)


def check_edges(mode: str, size: int, begin: int, end: int, field: str) -> None:
    """Raise UnplacedError where a padding mode would read more of the axis than there is.

    >>> check_edges("reflect", 4, 3, 3, "padding")
    >>> check_edges("reflect", 4, 4, 0, "padding")
    Traceback (most recent call last):
        ...
    cnncalc.errors.UnplacedError: reflect padding (4) needs an input of at least 5, not 4
    """
    needed = {"reflect": max(begin, end) + 1, "circular": max(begin, end)}.get(mode, 0)
    if needed > size and (begin or end):
        raise UnplacedError(
            "padding-too-big",
            f"{mode} padding ({max(begin, end)}) needs an input of at least {needed}, not {size}",
            field=field,
            help="use less padding, or the mode zeros or replicate",
        )


def source(place: int, size: int, mode: str) -> int | None:
    """Where a place beyond the edge is read from; None where it is filled.

    >>> [source(-2, 5, mode) for mode in ("zeros", "reflect", "replicate", "circular")]
    [None, 2, 0, 3]
    """
    if 0 <= place < size:
        return place
    if mode == "reflect":
        return -place if place < 0 else 2 * (size - 1) - place
    if mode == "replicate":
        return 0 if place < 0 else size - 1
    if mode == "circular":
        return place % size
    return None


def unread(window: Window, size: int, mode: str) -> int:
    """Columns of the input outside the span of the windows, where padding may repeat columns.

    Circular padding in front holds the last columns, reflected padding the first ones.

    >>> from cnncalc.window import Window
    >>> [unread(Window(3, stride=3, begin=1), 9, mode) for mode in ("zeros", "circular")]
    [1, 0]
    """
    span, before = window.span(size), window.begin
    read = size - window.unused(size)
    if mode == "circular":
        read = min(span, size)
    elif mode == "reflect":
        read = max(read, before + 1) if read else span
    elif mode == "replicate":
        read = max(read, 1)
    return size - read


def grid(
    axes: Sequence[Sequence[Sequence[int | None]]], spatial: tuple[int, ...]
) -> list[list[int | None]]:
    """Places per axis, joined into indices of a plane.

    `axes` holds, per axis and per position along it, places on that axis. The answer holds,
    for every position in order, the index of every combination of its places; None where
    any of the places is None.

    >>> grid([[[0, 1]], [[0], [None]]], (2, 3))
    [[0, 3], [None, None]]
    """
    return [[_flat(place, spatial) for place in product(*places)] for places in product(*axes)]


def _flat(place: tuple[int | None, ...], spatial: tuple[int, ...]) -> int | None:
    known = [axis for axis in place if axis is not None]
    return offset(tuple(known), spatial) if len(known) == len(place) else None


def cut(x: Tensor, corner: Sequence[int], sizes: Sequence[int]) -> Tensor:
    """Of every map, the block of these sizes that begins at the corner.

    >>> from cnncalc.shapes import Shape
    >>> cut(Tensor(Shape(1, (4,)), [1.0, 2.0, 3.0, 4.0]), (1,), (2,)).values
    [2.0, 3.0]
    """
    stretches = [range(at, at + size) for at, size in zip(corner, sizes, strict=True)]
    kept = [offset(place, x.shape.spatial) for place in product(*stretches)]
    planes = map(x.plane, range(x.shape.channels))
    out = Shape(x.shape.channels, tuple(sizes))
    return Tensor(out, [plane[place] for plane in planes for place in kept])


def axis_steps(out: Shape, lines: Sequence[tuple[str, str]]) -> list[Step]:
    """The output size of every axis: its formula and numbers, the last axis told first.

    >>> from cnncalc.shapes import Shape
    >>> axis_steps(Shape(6, (14,)), [("L/b", "28/2")])[0].label
    'output length'
    """
    steps = [
        Step(f"out.{letter}", f"output {AXIS_WORDS[letter]}", formula, numbers, size)
        for letter, (formula, numbers), size in zip(out.axes, lines, out.spatial, strict=True)
    ]
    return steps[::-1]


def each_axis(shape: Shape) -> list[tuple[str, int]]:
    """The notes' letter and the size of every axis, outermost first.

    >>> from cnncalc.shapes import Shape
    >>> each_axis(Shape(3, (480, 640)))
    [('H', 480), ('W', 640)]
    """
    return [(AXIS_LETTERS[a], size) for a, size in zip(shape.axes, shape.spatial, strict=True)]
