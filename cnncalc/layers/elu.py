"""Exponential linear unit: x above 0, alpha·(e^x - 1) below.

Source: Clevert et al. 2015 (arXiv 1511.07289).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, final

from cnncalc.layers._fields import Real
from cnncalc.layers._kinds import Pointwise
from cnncalc.layers._math import exp

if TYPE_CHECKING:
    from cnncalc.tensor import Scalar


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Elu(Pointwise):
    """Falls smoothly to -alpha.

    >>> [round(Elu().apply(x), 6) for x in (-1.0, 3.0)]
    [-0.632121, 3.0]
    """

    alpha: Real = 1.0

    positional: ClassVar[tuple[str, ...]] = ("alpha",)

    def apply(self, x: Scalar) -> Scalar:
        """x, or alpha·(e^x - 1) below 0."""
        return x if x > 0 else self.alpha * (exp(x) - 1)
