"""Lines that leave a box together or reach it together: what they share is drawn once.

Strokes over each other would look darker than the others, and so would arrowheads.
"""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from operator import itemgetter
from typing import TYPE_CHECKING

from cnncalc.pictures.marks import Line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cnncalc.pictures.marks import Point
    from cnncalc.pictures.picture import Edge

    Way = tuple[Point, ...]
    Span = tuple[float, float]  # from, to
    Axis = tuple[bool, float]  # whether pieces run down, and where
    Piece = tuple[Axis, Span, bool]  # the last is whether it runs backwards
    Pieces = dict[Axis, list[Span]]

KEPT = 10  # pixels beside a fork that are drawn again, so that corners are as round as elsewhere


def lines_once(ways: Sequence[Way], edges: Sequence[Edge]) -> Iterator[Line]:
    """The lines of the edges, each without what an earlier one from or to the same box drew.

    >>> from cnncalc.pictures.picture import Edge
    >>> straight, down = ((0, 0), (90, 0)), ((0, 0), (40, 0), (40, 50), (90, 50))
    >>> for line in lines_once([straight, down], [Edge(0, 1), Edge(0, 2)]):
    ...     print(line.points)
    ((0, 0), (90, 0))
    ((30, 0), (40, 0), (40, 50), (90, 50))
    """
    leaving, reaching = (Counter(map(itemgetter(end), edges)) for end in (0, 1))
    drawn: dict[tuple[str, int], Pieces] = {}
    arrows: set[Point] = set()
    for points, (source, target) in zip(ways, edges, strict=True):
        if leaving[source] == reaching[target] == 1:  # nearly all, and none shares anything
            yield Line(points)
            continue
        way = tuple([(_as_drawn(x), _as_drawn(y)) for x, y in points])
        pieces = [*_pieces(way)]
        near = [drawn.setdefault(box, {}) for box in (("from", source), ("to", target))]
        ends = way[-1] not in arrows
        arrows.add(way[-1])
        if any(axis in lines for axis, _, _ in pieces for lines in near):
            yield from _rest(way, pieces, near, ends)
        else:  # most forks part at once
            yield Line(way, "edge" if ends else "branch")
        for axis, span, _ in pieces:
            for lines in near:
                lines.setdefault(axis, []).append(span)


def _as_drawn(place: float) -> float:
    """A coordinate to the decimal that is written; whole ones, as nearly all are, have it."""
    return round(place, 1) if place % 1 else place


def _rest(way: Way, pieces: Sequence[Piece], near: Sequence[Pieces], ends: bool) -> Iterator[Line]:
    """What is left of a way to draw; `ends` means with an arrow."""
    length = sum(high - low for _, (low, high), _ in pieces)
    spans = [*_new(pieces, near), *([(length - KEPT, length)] if ends else [])]
    for begin, end in _joined(spans, length):
        yield Line(_part(way, begin, end), "edge" if ends and end == length else "branch")


def _pieces(way: Way) -> Iterator[Piece]:
    """The straight pieces of a way: their axis, from where to where, whether backwards."""
    for (x, y), (u, v) in pairwise(way):
        axis, start, end = ((True, x), y, v) if x == u else ((False, y), x, u)
        yield axis, (min(start, end), max(start, end)), end < start


def _new(way: Sequence[Piece], near: Sequence[Pieces]) -> Iterator[Span]:
    """Which parts of a way are not drawn yet, in pixels from its beginning."""
    passed: float = 0
    for axis, (low, high), back in way:
        place = low
        for start, end in (*sorted(span for pieces in near for span in pieces.get(axis, ())),
                           (high, high)):  # fmt: skip
            until = min(start, high)
            if until > place:
                ends = (high - until, high - place) if back else (place - low, until - low)
                yield passed + ends[0], passed + ends[1]
            place = max(place, end)
        passed += high - low


def _joined(spans: Sequence[Span], length: float) -> list[Span]:
    """Spans with what is kept beside them, those that meet as one.

    >>> _joined([(50, 80), (0, 30), (120, 130)], 130)
    [(0, 90), (110, 130)]
    """
    joined: list[Span] = []
    for begin, end in sorted(spans):
        begin, end = max(0, begin - KEPT), min(length, end + KEPT)  # noqa: PLW2901 - made wider
        if joined and begin <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((begin, end))
    return joined


def _part(way: Way, begin: float, end: float) -> Way:
    """The part of a way between two distances from its beginning.

    >>> _part(((0, 0), (40, 0), (40, 9)), 30, 42)
    ((30, 0), (40, 0), (40, 2))
    """
    points: list[Point] = []
    passed: float = 0
    for (x, y), (u, v) in pairwise(way):
        piece = abs(u - x) + abs(v - y)
        right, down = (u > x) - (u < x), (v > y) - (v < y)
        first, last = max(0, begin - passed), min(piece, end - passed)
        if first < last:
            points += [(x + right * first, y + down * first), (x + right * last, y + down * last)]
        passed += piece
    return tuple(dict.fromkeys(points))
