"""What one unit sees, as a cone: a section of every tensor before it, along its last axis."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cnncalc.pictures.cards import MARGIN, NAME, SMALL
from cnncalc.pictures.lettering import cut, width
from cnncalc.pictures.marks import Group, Placed, Polygon, Rect, Text
from cnncalc.render.format import GATED, printable
from cnncalc.shapes import PLACE_WORDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnncalc.pictures.marks import Mark
    from cnncalc.questions.rf import Neuron
    from cnncalc.shapes import Shape

ROW = 44  # from one tensor to the next
HIGH = 13  # the places of a tensor
WIDE = 600  # pixels that the widest tensor has at most
CELL, SINGLE = 16, 5  # pixels of a place: at most, and the least that are drawn one by one
NAMES = 130  # pixels for the names of the tensors


class _Level(NamedTuple):
    """One tensor: its places along the axis, and which of them are seen."""

    name: str
    shape: Shape
    low: int
    high: int
    solid: bool

    @property
    def size(self) -> int:
        """The number of places along the last axis."""
        return (1, *self.shape.spatial)[-1]

    def text(self) -> str:
        """`columns 8 to 21, 14 of 32`."""
        axis = self.shape.axes[-1] if self.shape.spatial else "l"
        number = self.high - self.low + 1
        place = f"{self.low} to {self.high}, " if number > 1 else f"{self.low}, "
        word = PLACE_WORDS[axis][number > 1]
        return f"{word} {place}{number} of {self.size}{'' if self.solid else ', with holes'}"


def place(unit: Neuron, layout: str) -> Placed:
    """The cone of a unit: itself at the top, what it sees of each tensor below, the input last.

    Tensors that are seen like the one they are made of, such as those of activations, are left out.
    """
    levels = _levels(unit)
    cell = min(CELL, WIDE / max(level.size for level in levels))
    middle = MARGIN + NAMES + WIDE / 2
    ends = [_ends(level, cell, middle) for level in levels]
    tops = [MARGIN + 14 + ROW * n for n in range(len(levels))]
    marks: list[Mark | Group] = []
    for n in range(1, len(levels)):
        (above, below), y = (ends[n - 1], ends[n]), tops[n - 1] + HIGH
        corners = (above[0], y), (above[1], y), (below[1], tops[n]), (below[0], tops[n])
        marks.append(Polygon(corners, "view", clear=True))
    marks += [_row(level, cell, middle, y, layout) for level, y in zip(levels, tops, strict=True)]
    bottom = tops[-1] + HIGH + MARGIN + 12
    axes = {seen.shape.rank for seen in unit.inputs}
    along = "the length" if axes <= {0, 1} else "the width"
    said = [f"{_name(unit)} reads nothing outside the cone, which is a section along {along}"]
    said += [GATED] if unit.gated else []
    for line in said:
        marks.append(Text(MARGIN, bottom, line, SMALL, soft=True, anchor="start"))
        bottom += 14
    words = "; ".join(f"{printable(level.name)}: {level.text()}" for level in levels)
    right = middle + WIDE / 2 + 12 + max(width(level.text(), SMALL) for level in levels)
    wide = max(right, *(width(line, SMALL) + MARGIN for line in said)) + MARGIN
    return Placed(wide, bottom + 6, f"What {_name(unit)} sees", f"{words}.", tuple(marks))


def _name(unit: Neuron) -> str:
    at = f":{','.join(map(str, unit.place))}" if unit.place else ""
    return printable(f"{unit.name}{at}")


def _levels(unit: Neuron) -> list[_Level]:
    """The unit, the tensors that it sees from the last to the first, and the inputs."""
    at = (0, *unit.place)[-1]
    levels = [_Level(unit.name, unit.shape, at, at, solid=True)]
    for seen in (*reversed(unit.through), *reversed(unit.inputs)):
        low, high = seen.box[-1]
        level = _Level(seen.name, seen.shape, low, high, seen.solid)
        if level[1:] != levels[-1][1:]:
            levels.append(level)
        elif len(levels) > 1:  # an activation or a norm: the layer before it tells the same
            levels[-1] = level
    return levels


def _ends(level: _Level, cell: float, middle: float) -> tuple[float, float]:
    """Where the seen places begin and end."""
    left = middle - level.size * cell / 2
    return left + level.low * cell, left + (level.high + 1) * cell


def _row(level: _Level, cell: float, middle: float, y: float, layout: str) -> Group:
    """The places of one tensor, those seen in colour, with its name, shape and numbers."""
    name = cut(printable(level.name), NAME, NAMES - 6, bold=True, front=True)
    texts = (
        Text(MARGIN, y + 5, name, NAME, bold=True, anchor="start"),
        Text(MARGIN, y + 18, level.shape.text(layout), SMALL, soft=True, anchor="start"),
        Text(middle + WIDE / 2 + 12, y + 10, level.text(), SMALL, anchor="start"),
    )
    places = tuple(_places(level, cell, middle, y))
    return Group(level.name, f"{printable(level.name)}: {level.text()}", (*places, *texts))


def _places(level: _Level, cell: float, middle: float, y: float) -> Iterator[Mark]:
    """One square a place, or one bar where they would be too narrow."""
    left = middle - level.size * cell / 2
    if cell >= SINGLE:
        for place in range(level.size):
            kind = "seen" if level.low <= place <= level.high else "grey"
            dashed = kind == "seen" and not level.solid
            x = left + place * cell + 0.75
            yield Rect(x, y, cell - 1.5, HIGH, kind, 2, dashed=dashed)
        return
    yield Rect(left, y, level.size * cell, HIGH, "grey", 2)
    begin, end = _ends(level, cell, middle)
    yield Rect(begin, y, end - begin, HIGH, "seen", 2, dashed=not level.solid)
