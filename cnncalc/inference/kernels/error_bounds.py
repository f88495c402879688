"""How exact a kernel's numbers have to be, and whether they are.

A kernel that does not compute as the layer type does, operation by operation, knows a bound on
how far any of its numbers is from the layer type's. The bound is held against the layer's
largest output.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    Numbers = Sequence[float]


EPSILON = 2.0**-52
LEAST = 2.0**-200
# Before 3.12, `sum` adds floats one after the other, just as the layer types do; since then it
# compensates, which is better, but not the same where everything cancels.
SAME_AS_DEFINITION = sys.version_info < (3, 12)


def usual(norm: float) -> bool:
    """Whether numbers of this size can be squared and compared without a second thought.

    >>> usual(1.0), usual(0.0), usual(1e200), usual(float("nan"))
    (True, False, False, False)
    """
    return LEAST < norm < 1 / LEAST


UP = 1 + 1e-9  # what norms are rounded up by, for the rounding of their own computation
TOLERANCE = 1e-5  # of the largest output, the most that an output may be off


class BoundedOutput(NamedTuple):
    """Outputs, a plane per filter, and a bound on the error of any of them."""

    planes: list[list[float]]
    error: float

    def within(self, peak: float) -> bool:
        """Whether the error is small beside an output of this size."""
        return self.error <= TOLERANCE * (peak - self.error) or not self.error


def inexact(made: Sequence[BoundedOutput]) -> list[int]:
    """Which of several parts of one layer are not exact enough.

    Parts are held against the largest output of all; most often the first planes show that
    it is large enough, and the others need not be searched.
    """
    worst = max(made, key=lambda own: own.error)
    peak = 0.0
    for own in made:
        for plane in own.planes:
            peak = max(peak, largest(plane))
            if worst.within(peak):
                return []
    return [index for index, own in enumerate(made) if not own.within(peak)]


def largest(values: Numbers) -> float:
    """The largest absolute value.

    >>> largest([1.0, -3.0])
    3.0
    """
    top, bottom = max(values), min(values)
    return max(top, -bottom)
