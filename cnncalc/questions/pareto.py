"""Which points are not beaten: no other is at least as good in everything and better in one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnncalc.questions.sweep import SweepResult


def unbeaten(outcomes: Sequence[SweepResult], aims: Sequence[tuple[str, int]]) -> list[bool]:
    """For each outcome, whether it is on the front of these figures.

    An aim is a figure and a sign: 1 where less is better, -1 where more is. Settings that do
    not work take no part.
    """
    points = []
    for outcome in outcomes:
        values = [(outcome.figures.get(key), sign) for key, sign in aims]
        known = tuple(sign * value for value, sign in values if value is not None)
        points.append(known if len(known) == len(aims) else None)
    return front(points)


def front(points: Sequence[tuple[int, ...] | None]) -> list[bool]:
    """For each point, whether it is on the Pareto front; small is good, None takes no part.

    Equal points stand or fall together. Negate a coordinate of which more is better.

    >>> front([(1, 9), (2, 5), (3, 5), None, (4, 1), (2, 5)])
    [True, True, False, False, True, True]
    """
    best: list[tuple[int, ...]] = []
    for point in sorted({point for point in points if point is not None}):
        # Sorted, so that only points seen before can beat this one.
        if not any(_covers(other, point) for other in reversed(best)):
            best.append(point)
    unbeaten = set(best)
    return [point in unbeaten for point in points]


def _covers(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    return all(a <= b for a, b in zip(one, other, strict=True))
