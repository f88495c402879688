"""The style `lanes`: from left to right, with one lane for each resolution.

The lane of a box is the jump of its receptive field: how many pixels of the input lie between
neighbouring units. It is exact where maps lose their borders too, so that the U-Net is a U. A
box stands one step behind the last of those it reads; lines that jump pass between the rows of
boxes, or along a row that is empty there. Where that would be a long way to read, boxes of one
lane that follow each other stand below each other in one step.
"""

from __future__ import annotations

from math import log2
from typing import TYPE_CHECKING, NamedTuple

from cnncalc.pictures.cards import CARD, card_width, drawn
from cnncalc.pictures.marks import Line, Text
from cnncalc.pictures.routing import Step, Way, gaps, points

if TYPE_CHECKING:
    from collections.abc import Sequence
    from fractions import Fraction

    from cnncalc.pictures.marks import Mark, Placed, Point
    from cnncalc.pictures.picture import Box, Edge, Picture

WIDEST = 150  # a card
ROW = 16  # between two rows of boxes
LANE = 34  # between two lanes
LINES = 9  # between two lines in the same space between rows
LONG = 24  # steps; above, short chains stand below each other
CHAIN = 4  # boxes below each other at most
WORDS = 64  # for the names of the lanes


class _Space(NamedTuple):
    """A place where lines pass: a row of boxes, or the n-th line in the space above a row."""

    row: int
    line: int | None = None


class _Passing(NamedTuple):
    """A line that passes the steps after `first` and before `last`."""

    first: int
    last: int
    source: int


class _Grid:
    """Steps, lanes and rows of one picture; the rows are those of all lanes, from the top."""

    def __init__(self, picture: Picture) -> None:
        self.picture = picture
        self.sources = picture.sources
        self.jump = self._jumps()
        self.level = [round(log2(jump)) for jump in self.jump]
        self.levels = sorted(set(self.level))
        self.chains = [[n] for n in range(len(picture.boxes))]
        self.step = self._steps()
        if max(self.step, default=0) >= LONG:
            self.chains = self._chains()
            self.step = self._steps()
        self.row = self._rows(self._rows_within())
        self.taken = {(step, row) for step, row in zip(self.step, self.row, strict=True)}
        self.passing: dict[_Space, list[_Passing]] = {}

    def _chains(self) -> list[list[int]]:
        """Boxes of one lane that alone read each other, in chains; every box is in one."""
        readers = self.picture.readers
        chains: list[list[int]] = []
        ending: dict[int, list[int]] = {}  # the last box of a chain -> the chain
        for n, read in enumerate(self.sources):
            before = next(
                (
                    ending[source]
                    for source in read
                    if source in ending
                    and readers[source] == [n]
                    and self.level[source] == self.level[n]
                    and len(ending[source]) < CHAIN
                ),
                None,
            )
            if before is None:
                before = []
                chains.append(before)
            else:
                del ending[before[-1]]
            before.append(n)
            ending[n] = before
        return chains

    def _steps(self) -> list[int]:
        """How many chains lie on the longest path to that of each box.

        Only the last box of a chain is read from outside, so that the step of a chain is known
        before its readers ask for it.
        """
        chain_of = {n: at for at, chain in enumerate(self.chains) for n in chain}
        steps = [0] * len(self.chains)
        for n, read in enumerate(self.sources):
            here = chain_of[n]
            before = [steps[chain_of[s]] + 1 for s in read if chain_of[s] != here]
            steps[here] = max(steps[here], *before, 0)
        return [steps[chain_of[n]] for n in range(len(self.sources))]

    def _jumps(self) -> list[int | Fraction]:
        """The jump of each box; where a box has none, that of what it reads."""
        jumps: list[int | Fraction] = []
        for box, read in zip(self.picture.boxes, self.sources, strict=True):
            own = _jump(box)
            jumps.append(own or max((jumps[source] for source in read), default=1))
        return jumps

    def _rows_within(self) -> list[int]:
        """The row of each box in its lane: a chain begins where the one it reads first does."""
        first: dict[int, int] = {}
        rows: dict[int, int] = {}
        taken: set[tuple[int, int, int]] = set()
        for chain in self.chains:
            level, step = self.level[chain[0]], self.step[chain[0]]
            wanted = [first[s] for n in chain for s in self.sources[n]
                      if s in first and self.level[s] == level]  # fmt: skip
            begin = next(
                row
                for row in (*wanted, *range(len(self.sources) + 1))
                if not any((level, row + n, step) in taken for n in range(len(chain)))
            )
            for n, box in enumerate(chain):
                rows[box], first[box] = begin + n, begin
                taken.add((level, begin + n, step))
        return [rows[n] for n in range(len(self.sources))]

    def _rows(self, within: Sequence[int]) -> list[int]:
        """The row of each box, counted over all lanes."""
        self.first_row: dict[int, int] = {}
        number = 0
        for level in self.levels:
            self.first_row[level] = number
            number += (
                max(row for row, at in zip(within, self.level, strict=True) if at == level) + 1
            )
        self.rows = number
        return [self.first_row[at] + row for row, at in zip(within, self.level, strict=True)]

    def space(self, edge: Edge) -> _Space | None:
        """Where an edge passes the steps between its boxes; None where there are none."""
        source, target = edge
        first, last = self.step[source], self.step[target]
        if last <= first + 1:
            return None
        here = _Passing(first, last, source)
        for row in (self.row[source], self.row[target]):
            if self._is_free(here, row) and not self._meets(here, _Space(row)):
                return self._pass(here, _Space(row))
        row = self.row[source] + (self.row[target] > self.row[source])
        line = 0
        while self._meets(here, _Space(row, line)):
            line += 1
        return self._pass(here, _Space(row, line))

    def is_inside(self, way: Way) -> bool:
        """Whether an edge joins two boxes of one chain."""
        return self.step[way.source] == self.step[way.target]

    def _is_free(self, here: _Passing, row: int) -> bool:
        return all((step, row) not in self.taken for step in range(here.first + 1, here.last))

    def _meets(self, here: _Passing, space: _Space) -> bool:
        return any(
            other.first < here.last and here.first < other.last and other.source != here.source
            for other in self.passing.get(space, ())
        )

    def _pass(self, here: _Passing, space: _Space) -> _Space:
        self.passing.setdefault(space, []).append(here)
        return space


def _jump(box: Box) -> int | Fraction | None:
    """The largest jump of a box's output over the axes, where it has positions."""
    if not box.rows or not box.out.spatial:
        return None
    field = box.rows[-1].receptive_field
    return max(field.jump, default=0) or None if field else None


def place(picture: Picture) -> Placed:
    """The boxes of a picture from left to right by resolution, and their edges between them."""
    wide = card_width(picture, WIDEST, parts=False)
    grid = _Grid(picture)
    in_order = sorted(picture.edges, key=lambda edge: grid.step[edge[1]] - grid.step[edge[0]])
    spaces = {edge: grid.space(edge) for edge in in_order}
    middles, lanes = _heights(grid)
    y = [middles[row] for row in grid.row]
    ways = [_way(edge, spaces[edge], grid, middles) for edge in picture.edges]
    found = gaps([way for way in ways if not grid.is_inside(way)], grid.step, y)
    steps: list[Step] = []
    x = float(WORDS)
    for n in range(max(grid.step, default=0) + 1):
        steps.append(Step(x, x + wide))
        x += wide + found.height(n)
    routes = [
        _down(way, y, steps[grid.step[way.source]].begin + wide / 2)
        if grid.is_inside(way)
        else [(along, at) for at, along in points(way, grid.step, y, steps, found, CARD / 2)]
        for way in ways
    ]
    corners = [(steps[n].begin, at - CARD / 2) for n, at in zip(grid.step, y, strict=True)]
    guides = _guides(grid, lanes, steps[-1].end + 10 if steps else x)
    return drawn(picture, corners, wide, routes, (), guides)


def _down(way: Way, y: Sequence[float], x: float) -> list[Point]:
    """The line between two boxes of a chain, of which one stands below the other."""
    return [(x, y[way.source] + CARD / 2), (x, y[way.target] - CARD / 2)]


def _way(edge: Edge, space: _Space | None, grid: _Grid, middles: Sequence[float]) -> Way:
    """The way of an edge, its corridor in pixels."""
    if space is None:
        return Way(*edge)
    if space.line is None:
        return Way(*edge, middles[space.row])
    above = middles[space.row] if space.row < len(middles) else middles[-1] + CARD + ROW
    corridor = above - CARD / 2 - 8 - LINES * space.line
    beside = grid.row[edge.source] == grid.row[edge.target] == space.row
    return Way(*edge, corridor, beside)


def _heights(grid: _Grid) -> tuple[list[float], dict[int, float]]:
    """The middle of each row, and where each lane begins: as far apart as the lines need."""
    lines = [0] * (grid.rows + 1)
    for space in grid.passing:
        if space.line is not None:
            lines[space.row] = max(lines[space.row], space.line + 1)
    middles: list[float] = []
    lanes: dict[int, float] = {}
    begins = {row: level for level, row in grid.first_row.items()}
    y = 0.0
    for row in range(grid.rows):
        if row in begins:
            y += LANE - ROW if row else 0
            lanes[begins[row]] = y
        y += ROW + LINES * lines[row]
        middles.append(y + CARD / 2)
        y += CARD
    return middles, lanes


def _guides(grid: _Grid, lanes: dict[int, float], right: float) -> list[Mark]:
    """A faint line at the top of each lane, and what its resolution is."""
    marks: list[Mark] = []
    for level, y in lanes.items():
        jumps = {jump for jump, at in zip(grid.jump, grid.level, strict=True) if at == level}
        marks.append(Line(((0, y), (right, y)), "guide"))
        marks.append(Text(2, y + 14, _resolution(level, jumps), 11, soft=True, anchor="start"))
        if level == grid.levels[0]:
            marks.append(Text(2, y + 26, "resolution", 9, soft=True, anchor="start"))
    return marks


def _resolution(level: int, jumps: set[int | Fraction]) -> str:
    """The resolution of a lane against the input's, with a sign where its boxes differ.

    >>> _resolution(0, {1}), _resolution(3, {8}), _resolution(-1, {0.5}), _resolution(2, {4, 5})
    ('full', '1/8', '×2', '≈ 1/4')
    """
    text = "full" if level == 0 else f"1/{2**level}" if level > 0 else f"×{2**-level}"
    return text if jumps == {2.0**level} else f"≈ {text}"
