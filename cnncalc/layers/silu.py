"""Sigmoid linear unit, also called swish: x·sigmoid(x).

Sources: Elfwing et al. 2017 (arXiv 1702.03118), Ramachandran et al. 2017 (arXiv 1710.05941).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, final

from cnncalc.layers._base import Part
from cnncalc.layers._kinds import Pointwise
from cnncalc.layers._math import exp

if TYPE_CHECKING:
    from cnncalc.shapes import Shape
    from cnncalc.tensor import Scalar


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Silu(Pointwise):
    """x gated by its own sigmoid.

    >>> round(Silu().apply(1.0), 6)
    0.731059
    """

    def apply(self, x: Scalar) -> Scalar:
        """x/(1 + e^-x)."""
        return x / (1 + exp(-x))

    def expressed(self, *inputs: Shape) -> tuple[Part, ...]:
        """x, times its sigmoid."""
        return Part("sigmoid"), Part("mul", (0, 1))
