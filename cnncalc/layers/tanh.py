"""Hyperbolic tangent, the activation of LeNet-5 before its scaling. Source: LeCun et al. 1998."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, final

from cnncalc.layers._kinds import Pointwise
from cnncalc.layers._math import tanh

if TYPE_CHECKING:
    from cnncalc.tensor import Scalar


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Tanh(Pointwise):
    """Squeezes every number between -1 and 1.

    >>> Tanh().apply(0.0)
    0.0
    """

    def apply(self, x: Scalar) -> Scalar:
        """tanh(x)."""
        return tanh(x)
