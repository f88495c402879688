"""Logistic sigmoid: 1/(1 + e^-x)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, final

from cnncalc.layers._kinds import Pointwise
from cnncalc.layers._math import exp

if TYPE_CHECKING:
    from cnncalc.tensor import Scalar


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Sigmoid(Pointwise):
    """Squeezes every number between 0 and 1.

    >>> Sigmoid().apply(0.0)
    0.5
    """

    def apply(self, x: Scalar) -> Scalar:
        """1/(1 + e^-x); far out e^-x is infinite and the answer 0."""
        return 1 / (1 + exp(-x))
