"""Lines between boxes that stand in steps, one step after the other: ways that meet no box.

Styles differ in direction only: in a column the steps are rows, one below the other; in lanes
they are columns, from left to right. So here a place is a step and a position *across*. Between
two steps lies a gap without boxes, where lines may go across; each line there has a track. A line
that passes whole steps does so at one position across, its corridor, which the style finds.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from cnncalc.pictures.marks import Point

TRACK = 7  # from one track to the next
GAP = 22  # between two steps whose lines need no more than one track
ASIDE = 7  # from the middle of a box to the end of a line that ends beside it
HEAD = 12  # from the last track to the next step: the arrow


class Way(NamedTuple):
    """The way of one edge; `corridor` is where it passes the steps between its ends.

    `beside` means that it leaves and enters at the sides of its boxes rather than in the gaps.
    """

    source: int
    target: int
    corridor: float | None = None
    beside: bool = False


class _Crossing(NamedTuple):
    """The lines across one gap that are drawn as one: those from one box, or into one box."""

    low: float
    high: float
    above: frozenset[float]  # where lines come in from the step before
    below: frozenset[float]  # where they leave to the next step


Key = tuple[str, int]  # "from" or "into", and the box


class _Piece(NamedTuple):
    """One line across a gap: where it comes in, where it leaves, and whether that is its end."""

    edge: tuple[int, int]
    above: float
    below: float
    ends: bool


class Gaps(NamedTuple):
    """Which track each crossing has, by gap; gap n follows step n.

    `keys` are the crossings of a way in its first and its last gap, `aside` the ways that end a
    little beside the middle of their box, because another line leaves where they would end. A gap
    whose lines all go straight on needs no tracks.
    """

    tracks: Mapping[int, Mapping[Key, int]]
    keys: Mapping[tuple[int, int], tuple[Key | None, Key | None]]
    aside: frozenset[tuple[int, int]]

    def number(self, gap: int) -> int:
        """How many tracks a gap has."""
        tracks = self.tracks.get(gap)
        return max(tracks.values()) + 1 if tracks else 1

    def height(self, gap: int) -> float:
        """How far apart two steps have to stand for the tracks between them."""
        return GAP + TRACK * (self.number(gap) - 1)


def gaps(ways: Sequence[Way], step: Sequence[int], across: Sequence[float]) -> Gaps:
    """Give every line across a gap a track, so that lines of different boxes never coincide."""
    lines = _Lines(ways, step, across)
    straight: list[Way] = []
    for way in ways:
        if way.corridor is None and across[way.source] == across[way.target]:
            straight.append(way)
        else:
            lines.add(way)
    for way in straight:
        if step[way.source] in lines.found:  # else no line of the gap goes across
            lines.add(way)
    tracks, aside = {}, set[tuple[int, int]]()
    for gap, crossings in lines.found.items():
        tracks[gap], moved = _tracks(crossings)
        aside |= moved
    return Gaps(tracks, lines.keys, frozenset(aside))


class _Lines:
    """The lines across the gaps, by gap and crossing, and the crossings of each way."""

    def __init__(self, ways: Sequence[Way], step: Sequence[int], across: Sequence[float]) -> None:
        self.step, self.across = step, across
        singles = [way for way in ways if step[way.target] == step[way.source] + 1]
        self.into = Counter(way.target for way in singles)
        self.out_of = Counter(way.source for way in singles)
        self.found: dict[int, dict[Key, list[_Piece]]] = {}
        self.keys: dict[tuple[int, int], tuple[Key | None, Key | None]] = {}

    def add(self, way: Way) -> None:
        """The lines of a way; one that passes beside its boxes crosses no gap."""
        source, target = edge = (way.source, way.target)
        start, end = self.across[source], self.across[target]
        first: Key | None = None
        last: Key | None = None
        if way.beside:
            return
        if way.corridor is None:
            piece = _Piece(edge, start, end, ends=True)
            if self.into[target] > 1 and self.out_of[source] == 1:
                last = self._piece(self.step[source], ("into", target), piece)
            else:
                first = self._piece(self.step[source], ("from", source), piece)
        else:
            if start != way.corridor:
                piece = _Piece(edge, start, way.corridor, ends=False)
                first = self._piece(self.step[source], ("from", source), piece)
            if end != way.corridor:
                piece = _Piece(edge, way.corridor, end, ends=True)
                last = self._piece(self.step[target] - 1, ("into", target), piece)
        self.keys[edge] = first, last

    def _piece(self, gap: int, key: Key, piece: _Piece) -> Key:
        self.found.setdefault(gap, {}).setdefault(key, []).append(piece)
        return key


def _tracks(
    lines: Mapping[Key, Sequence[_Piece]],
) -> tuple[dict[Key, int], set[tuple[int, int]]]:
    """A track for each crossing of one gap, and the edges that have to end aside."""
    if len(lines) == 1:
        return dict.fromkeys(lines, 0), set()
    crossings = {
        key: _Crossing(
            min(min(piece.above, piece.below) for piece in pieces),
            max(max(piece.above, piece.below) for piece in pieces),
            frozenset(piece.above for piece in pieces),
            frozenset(piece.below for piece in pieces),
        )
        for key, pieces in lines.items()
    }
    order = list(_in_order(crossings, lines))
    aside = {
        piece.edge
        for at, key in enumerate(order)
        for piece in _meeting(key, order[at + 1 :], crossings, lines)
        if piece.ends and piece.above != piece.below
    }
    result: dict[Key, int] = {}
    taken: list[list[_Crossing]] = []
    for key in order:
        here = crossings[key]
        if here.low == here.high:
            result[key] = 0
            continue
        after = [result[other] + 1 for other in result if _meets(here, crossings[other])]
        track = max(after, default=0)
        while track < len(taken) and any(_overlap(here, other) for other in taken[track]):
            track += 1
        while len(taken) <= track:
            taken.append([])
        taken[track].append(here)
        result[key] = track
    return result, aside


def _in_order(
    crossings: Mapping[Key, _Crossing], lines: Mapping[Key, Sequence[_Piece]]
) -> Iterable[Key]:
    """Crossings such that one whose lines come in where another's leave stands before it.

    Where they do so for each other no order is right. Then one comes first whose lines can end
    aside, if there is any.
    """
    waiting = sorted(crossings, key=lambda key: (key[0] == "into", key[1]))
    while waiting:
        met: dict[Key, list[_Piece]] = {}
        for free in waiting:
            met[free] = _meeting(free, waiting, crossings, lines)
            if not met[free]:
                break
        else:
            movable = (key for key in waiting if all(piece.ends for piece in met[key]))
            free = next(movable, waiting[0])
        waiting.remove(free)
        yield free


def _meeting(
    key: Key,
    others: Sequence[Key],
    crossings: Mapping[Key, _Crossing],
    lines: Mapping[Key, Sequence[_Piece]],
) -> list[_Piece]:
    """The lines of one crossing that leave where those of others come in."""
    met = [crossings[other].above for other in others
           if other != key and _meets(crossings[key], crossings[other])]  # fmt: skip
    return [piece for piece in lines[key] if any(piece.below in above for above in met)]


def _meets(later: _Crossing, earlier: _Crossing) -> bool:
    """Whether lines of the later one leave where those of the earlier one come in."""
    return not later.below.isdisjoint(earlier.above)


def _overlap(one: _Crossing, other: _Crossing) -> bool:
    return one.low <= other.high and other.low <= one.high


class Step(NamedTuple):
    """Where a step lies along the picture."""

    begin: float
    end: float


def points(
    way: Way,
    step: Sequence[int],
    across: Sequence[float],
    steps: Sequence[Step],
    found: Gaps,
    half: float,
) -> list[Point]:
    """The corners of a way, each across and along; `half` is half the size of a box across."""
    source, target = way.source, way.target
    begin, end = steps[step[source]], steps[step[target]]
    if way.beside and way.corridor is not None:
        leave, enter = (begin.begin + begin.end) / 2 + 7, (end.begin + end.end) / 2 - 7
        side = half if way.corridor > across[source] else -half
        return [
            (across[source] + side, leave),
            (way.corridor, leave),
            (way.corridor, enter),
            (across[target] + side, enter),
        ]
    if (
        across[source] == across[target]
        and way.corridor in (None, across[source])
        and (source, target) not in found.aside
    ):
        return [(across[source], begin.end), (across[target], end.begin)]
    first, last = found.keys.get((source, target), (None, None))

    def along(gap: int, key: Key) -> float:
        return steps[gap].end + GAP - HEAD + TRACK * found.tracks[gap][key]

    landing = across[target] - (ASIDE if (source, target) in found.aside else 0)
    corners = [(across[source], begin.end)]
    corridor = landing if way.corridor is None else way.corridor
    if first:
        here = along(step[source], first)
        corners += [(across[source], here), (corridor, here)]
    if last:
        here = along(step[target] - 1, last)
        corners += [(corners[-1][0], here), (landing, here)]
    corners.append((landing, end.begin))
    return _without_repeats(corners)


def _without_repeats(corners: Sequence[Point]) -> list[Point]:
    """The corners without those at which a line goes straight on."""
    kept: list[Point] = []
    for here in corners:
        if kept and kept[-1] == here:
            continue
        if len(kept) > 1 and any(kept[-2][i] == kept[-1][i] == here[i] for i in (0, 1)):
            kept.pop()
        kept.append(here)
    return kept
