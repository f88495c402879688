"""The style `column`: from top to bottom in the order of the network.

Parts of the network that do not touch stand side by side, in the order of the file. What jumps
over boxes passes beside them, as close as it can.
"""

from __future__ import annotations

from bisect import bisect
from collections import Counter
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from cnncalc.pictures.cards import CARD, card_width, drawn
from cnncalc.pictures.outlines import outlines
from cnncalc.pictures.routing import Step, Way, gaps, points

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from cnncalc.pictures.marks import Placed
    from cnncalc.pictures.picture import Picture

BESIDE = 36  # between branches that stand side by side, wide enough for one line
CLEAR = 7  # from a line to the boxes it passes
CORRIDOR = 19  # from a box to the first line beside it
APART = 9  # between two lines beside each other
LABEL = 15  # for the name of a part, above its first box


class _Lane(NamedTuple):
    """A line that passes beside boxes, from the gap after step `first` to that before `last`."""

    x: float
    first: int
    last: int
    source: int


class _Passing:
    """The lines of a piece, found by the box that they leave and by the steps that they pass."""

    def __init__(self, lanes: Iterable[_Lane]) -> None:
        self.of: dict[int, list[float]] = {}  # a box -> where its lines pass
        self.at: dict[int, list[_Lane]] = {}
        self.beginning: dict[int, list[_Lane]] = {}
        for lane in lanes:
            self.add(lane)

    def add(self, lane: _Lane) -> None:
        """One more line."""
        self.of.setdefault(lane.source, []).append(lane.x)
        self.beginning.setdefault(lane.first, []).append(lane)
        for step in range(lane.first, lane.last):
            self.at.setdefault(step, []).append(lane)

    def between(self, first: int, last: int) -> set[_Lane]:
        """The lines that pass some of these steps."""
        lanes = set(self.at.get(first, ()))
        for step in range(first + 1, last):
            lanes.update(self.beginning.get(step, ()))
        return lanes


class _Piece:
    """Some boxes with a place: x is 0 in the middle of the piece, its first step is 0."""

    def __init__(self) -> None:
        self.x: dict[int, float] = {}
        self.step: dict[int, int] = {}
        self.lanes: list[_Lane] = []
        self.ways: list[Way] = []
        self.steps = 0
        self.left = self.right = 0.0

    def put(self, box: int, half: float) -> None:
        """One box in the middle of the next step."""
        self.x[box], self.step[box] = 0.0, self.steps
        self.left, self.right = min(self.left, -half), max(self.right, half)
        self.steps += 1

    def take(self, other: _Piece, x: float) -> None:
        """Another piece, its middle at x, from the next step on."""
        for box, at in other.x.items():
            self.x[box], self.step[box] = at + x, other.step[box] + self.steps
        self.lanes += [
            _Lane(lane.x + x, lane.first + self.steps, lane.last + self.steps, lane.source)
            for lane in other.lanes
        ]
        self.ways += [
            way if way.corridor is None else way._replace(corridor=way.corridor + x)
            for way in other.ways
        ]
        self.left, self.right = min(self.left, other.left + x), max(self.right, other.right + x)


def place(picture: Picture) -> Placed:
    """The boxes of a picture below each other, and their edges around them."""
    half = card_width(picture) / 2
    layout = _Layout(picture, half)
    piece = layout.piece(range(len(picture.boxes)))
    order = range(len(picture.boxes))
    x = [piece.x[box] for box in order]
    step = [piece.step[box] for box in order]
    by_edge = {(way.source, way.target): way for way in piece.ways}
    ways = [by_edge[edge] for edge in picture.edges]
    parts = outlines(picture, x, step, half, ways)
    found = gaps(ways, step, x)
    steps = _steps(piece.steps, found.height, {part.first for part in parts})
    routes = [points(way, step, x, steps, found, half) for way in ways]
    corners = [(at - half, steps[n].begin) for at, n in zip(x, step, strict=True)]
    return drawn(picture, corners, 2 * half, routes, [part.frame(steps) for part in parts])


def _steps(number: int, height: Callable[[int], float], labelled: set[int]) -> list[Step]:
    """Where each step begins and ends, and space for the names of the parts that begin there."""
    steps: list[Step] = []
    y = 0.0
    for n in range(number):
        y += LABEL if n in labelled else 0
        steps.append(Step(y, y + CARD))
        y += CARD + height(n)
    return steps


class _Layout:
    """Places the boxes of one picture, piece by piece."""

    def __init__(self, picture: Picture, half: float) -> None:
        self.sources, self.readers = picture.sources, picture.readers
        self.half = half

    def piece(self, boxes: Sequence[int]) -> _Piece:
        """The boxes of a run, in their order: one after the other, or branches side by side."""
        result = _Piece()
        inside = set(boxes)
        readers = {box: [n for n in self.readers[box] if n in inside] for box in boxes}
        missing = Counter(chain.from_iterable(readers.values()))
        ready = inside.difference(missing)
        within: dict[int, int] = {}  # box -> the branch it is placed in
        at = branches_seen = 0
        while at < len(boxes):
            branches = self._branches(boxes, at, ready, readers) if len(ready) > 1 else []
            if branches:
                placed = [self.piece(branch) for branch in branches]
                _side_by_side(result, placed)
                for branch in branches:
                    branches_seen += 1
                    within |= dict.fromkeys(branch, branches_seen)
                done = sorted(box for branch in branches for box in branch)
            else:
                result.put(boxes[at], self.half)
                done = [boxes[at]]
            at += len(done)
            for box in done:
                ready.discard(box)
                for reader in readers[box]:
                    missing[reader] -= 1
                    if not missing[reader] and reader not in result.x:
                        ready.add(reader)
        self._lines(result, readers, within)
        return result

    def _branches(
        self,
        boxes: Sequence[int],
        at: int,
        ready: set[int],
        readers: Mapping[int, Sequence[int]],
    ) -> list[list[int]]:
        """The next boxes as branches that do not touch, up to a box that no edge jumps over."""
        last, end = max(ready), at
        while end < len(boxes) and boxes[end] < last:
            last = max([last, *readers[boxes[end]]])
            end += 1
        begins = sum(box < last for box in ready)
        return _components(boxes[at:end], self.sources, begins) if begins > 1 else []

    def _lines(
        self, piece: _Piece, readers: Mapping[int, Sequence[int]], within: Mapping[int, int]
    ) -> None:
        """The ways of the edges of a run that no branch of it holds."""
        edges = [
            (box, reader)
            for box, reading in readers.items()
            for reader in reading
            if box not in within or within[box] != within.get(reader)
        ]
        rows: list[list[float]] = [[] for _ in range(piece.steps)]
        for box, x in piece.x.items():
            rows[piece.step[box]].append(x)
        passing = _Passing(piece.lanes)
        for source, target in sorted(
            edges, key=lambda edge: piece.step[edge[1]] - piece.step[edge[0]]
        ):
            first, last = piece.step[source], piece.step[target]
            if last == first + 1:
                piece.ways.append(Way(source, target))
                continue
            x = self._corridor(piece, rows, passing, (source, target))
            piece.lanes.append(_Lane(x, first, last, source))
            passing.add(piece.lanes[-1])
            piece.ways.append(Way(source, target, x, self._beside(piece, rows, source, target, x)))
            piece.right = max(piece.right, x + CLEAR)

    def _corridor(
        self,
        piece: _Piece,
        rows: Sequence[Sequence[float]],
        passing: _Passing,
        edge: tuple[int, int],
    ) -> float:
        """The nearest position at which a line passes the steps between the boxes of an edge."""
        source, target = edge
        first, last = piece.step[source], piece.step[target]
        between = sorted({x for row in rows[first + 1 : last] for x in row})
        lanes = sorted(lane.x for lane in passing.between(first, last) if lane.source != source)
        own = passing.of.get(source, [])
        start, end = piece.x[source], piece.x[target]

        def free(x: float) -> bool:
            return _is_apart(x, between, self.half + CLEAR) and _is_apart(x, lanes, APART)

        ends = [x for x, row in ((start, last), (end, first))
                if x not in rows[row] or start == end]  # fmt: skip
        found = [x for x in (*own, *ends) if free(x)]
        if not found:
            bases = [x + self.half + CORRIDOR for x in between]
            found = _nearest(bases, 2 * len(lanes) + 1, free, start, end)
        return min(found, key=lambda x: abs(x - start) + abs(x - end))

    def _beside(
        self, piece: _Piece, rows: Sequence[Sequence[float]], source: int, target: int, x: float
    ) -> bool:
        """Whether a line can leave and enter at the right sides, with no box in between."""
        return all(
            piece.x[box] + self.half < x
            and not any(
                piece.x[box] < other < x + self.half + CLEAR for other in rows[piece.step[box]]
            )
            for box in (source, target)
        )


def _is_apart(x: float, others: Sequence[float], least: float) -> bool:
    """Whether x is at least so far from all of some positions, which are in order."""
    at = bisect(others, x)
    return (at == 0 or x - others[at - 1] >= least) and (
        at == len(others) or others[at] - x >= least
    )


def _nearest(
    bases: Iterable[float], number: int, free: Callable[[float], bool], start: float, end: float
) -> list[float]:
    """The free position that makes the least detour, if there is any.

    Tried are a number of them from each base on, APART from each other.
    """
    best: list[float] = []
    least = float("inf")
    for base in bases:
        for n in range(number):
            x = base + APART * n
            detour = abs(x - start) + abs(x - end)
            if detour < least and free(x):
                best, least = [x], detour
            if detour >= least and x >= start and x >= end:
                break  # from here on every step is a step away
    return best


def _components(
    run: Sequence[int], sources: Sequence[Sequence[int]], begins: int
) -> list[list[int]]:
    """The boxes of a run in groups between which there is no edge, in the order of the run.

    There are none if all are one group; `begins` is how many boxes read none of the run.
    """
    group: dict[int, int] = {}
    members: dict[int, list[int]] = {}
    number = begins
    for box in run:
        found = {group[source] for source in sources[box] if source in group}
        home = min(found, default=box)
        members.setdefault(home, []).append(box)
        group[box] = home
        for other in found - {home}:
            number -= 1
            for member in members.pop(other):
                group[member] = home
                members[home].append(member)
        if number == 1:
            return []
    return sorted((sorted(boxes) for boxes in members.values()), key=lambda boxes: boxes[0])


def _side_by_side(piece: _Piece, branches: Sequence[_Piece]) -> None:
    """Add branches to a piece, from left to right, centred below what is there."""
    total = sum(branch.right - branch.left for branch in branches)
    left = -(total + BESIDE * (len(branches) - 1)) / 2
    for branch in branches:
        piece.take(branch, left - branch.left)
        left += branch.right - branch.left + BESIDE
    piece.steps += max(branch.steps for branch in branches)
