"""Sharing the filters of a large layer among processes.

What a filter's outputs are does not depend on which other filters are computed beside it, so
that the numbers are the same to the last bit for any number of processes.
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

from cnncalc.inference.kernels.crew import together
from cnncalc.inference.kernels.groups import Made, Piece
from cnncalc.inference.kernels.plans import best

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cnncalc.inference.kernels.groups import Group

WORTH = 1e8  # nanoseconds of work below which handing it out costs more than it gains
ALONE = 0.4  # the share of the work that every process does for itself: its inputs' lanes


def expected(nanoseconds: float, jobs: int) -> float:
    """What some work takes when up to so many processes share it.

    >>> expected(1e9, 1), expected(1e9, 2)
    (1000000000.0, 700000000.0)
    """
    if jobs == 1 or nanoseconds < WORTH:
        return nanoseconds
    return nanoseconds * (ALONE + (1 - ALONE) / jobs)


def shared(way: Callable[[Group], Made], group: Group, jobs: int) -> Made:
    """The outputs of a group by some way, computed by up to `jobs` processes."""
    filters = group.size.filters
    share = -(-filters // jobs)
    if share == filters or best(group.size).nanoseconds < WORTH:
        return way(group)
    parts = [_compact(group.cut(at, at + share)) for at in range(0, filters, share)]
    made = together(_flat, way, parts)
    outputs = [plane.tolist() for part, _ in made for plane in part]
    return Made(outputs, max(error for _, error in made))


def _compact(group: Group) -> Group:
    """The group in the form that travels between processes."""
    pieces = [
        Piece(list(map(_array, planes)), list(map(_array, rows))) for planes, rows in group.pieces
    ]
    return group._replace(pieces=pieces)


def _array(numbers: Sequence[float]) -> array[float]:
    return numbers if isinstance(numbers, array) else array("d", numbers)


def _flat(way: Callable[[Group], Made], group: Group) -> tuple[list[array[float]], float]:
    """A way's outputs in the form that travels between processes."""
    planes, error = way(group)
    return [array("d", plane) for plane in planes], error
