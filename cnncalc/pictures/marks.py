"""Placed shapes: what every style ends in, and what SVG and TikZ are written from.

All numbers are in pixels, x to the right and y downward. Kinds stand for colours, which the
writers know.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

Point = tuple[float, float]
# An arrow, a line that joins one, weights in common, two faint lines, and what a unit sees.
Stroke = Literal["edge", "branch", "shared", "guide", "rule", "sight"]


class Rect(NamedTuple):
    """A rectangle with its upper left corner at x, y; `kind` gives its colours."""

    x: float
    y: float
    width: float
    height: float
    kind: str
    round: float = 4
    dashed: bool = False


class Polygon(NamedTuple):
    """A filled polygon; `shade` fills it with the colour of its outline, `clear` lets through."""

    points: tuple[Point, ...]
    kind: str
    shade: bool = False
    clear: bool = False


class Line(NamedTuple):
    """A line through points, with round corners; edges end in an arrow."""

    points: tuple[Point, ...]
    stroke: Stroke = "edge"


class Arc(NamedTuple):
    """The bow at the right edge of a closed part that something goes around in."""

    x: float
    y: float
    height: float
    kind: str
    plus: bool


class Text(NamedTuple):
    """One line of text, its baseline at y; `soft` text is of less weight.

    `tip` is the whole text where only a part of it fits.
    """

    x: float
    y: float
    text: str
    size: float = 10
    bold: bool = False
    soft: bool = False
    anchor: Literal["start", "middle", "end"] = "middle"
    tip: str = ""


Mark = Rect | Polygon | Line | Arc | Text


class Group(NamedTuple):
    """The shapes of one box, by its name, and what a pointer over them tells."""

    name: str
    tip: str
    marks: tuple[Mark, ...]


class Placed(NamedTuple):
    """A whole picture. `frames` and `routes` are those of the boxes and edges, in their order."""

    width: float
    height: float
    title: str
    description: str
    marks: tuple[Mark | Group, ...]
    frames: tuple[Rect, ...] = ()
    routes: tuple[tuple[Point, ...], ...] = ()


def kinds_of(marks: Iterable[Mark | Group]) -> list[str]:
    """The kinds of all shapes that have one, each once, in the order of the alphabet."""
    return sorted({
        inner.kind
        for mark in marks
        for inner in (mark.marks if isinstance(mark, Group) else (mark,))
        if not isinstance(inner, (Text, Line))
    })  # fmt: skip
