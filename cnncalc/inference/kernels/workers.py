"""Sharing the filters of a large layer among processes.

What a filter's outputs are does not depend on which other filters are computed beside it, so
that the numbers are the same to the last bit for any number of processes.
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, NamedTuple

from cnncalc.inference.kernels.crew import together
from cnncalc.inference.kernels.groups import Group, Made, Piece, compact
from cnncalc.inference.kernels.plans import best

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cnncalc.inference.kernels.plans import Size

    Numbers = Sequence[float]

WORTH = 1e7  # nanoseconds of work for each process below which handing it out does not pay
ALONE = 0.4  # the share of the work that every process does for itself: its inputs' lanes


def processes(nanoseconds: float, jobs: int) -> int:
    """How many of `jobs` processes some work is shared by.

    >>> processes(1e9, 4), processes(3e7, 4), processes(1e6, 4)
    (4, 3, 1)
    """
    return max(1, min(jobs, int(nanoseconds / WORTH)))


def expected(nanoseconds: float, jobs: int) -> float:
    """What some work takes when up to so many processes share it.

    >>> expected(1e9, 1), expected(1e9, 2)
    (1000000000.0, 700000000.0)
    """
    count = processes(nanoseconds, jobs)
    return nanoseconds * (ALONE + (1 - ALONE) / count)


def shared(way: Callable[[Group], Made], group: Group, jobs: int) -> Made:
    """The outputs of a group by some way, computed by up to `jobs` processes."""
    filters = group.size.filters
    share = -(-filters // processes(best(group.size).nanoseconds, jobs))
    if share == filters:
        return way(group)
    planes = [list(map(compact, piece.planes)) for piece in group.pieces]
    parts = [_filters(group, at, at + share) for at in range(0, filters, share)]
    made = together(_flat, (way, group.size, planes), parts)
    outputs = [plane.tolist() for part, _ in made for plane in part]
    return Made(outputs, max(error for _, error in made))


class Filters(NamedTuple):
    """Some filters: per piece of the channels a row of weights each, and their biases."""

    rows: list[list[array[float]]]
    biases: Numbers


def _filters(group: Group, first: int, last: int) -> Filters:
    """Some of a group's filters, in the form that travels between processes."""
    rows = [list(map(compact, piece.rows[first:last])) for piece in group.pieces]
    return Filters(rows, group.biases[first:last])


def _flat(
    common: tuple[Callable[[Group], Made], Size, list[list[array[float]]]], filters: Filters
) -> tuple[list[array[float]], float]:
    """A way's outputs in the form that travels between processes."""
    way, size, planes = common
    pieces = [Piece(*pair) for pair in zip(planes, filters.rows, strict=True)]
    made, error = way(Group(size, pieces, filters.biases))
    return [array("d", plane) for plane in made], error
