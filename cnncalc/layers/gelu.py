"""Gaussian error linear unit: x·Φ(x), exactly or by its tanh approximation.

Source: Hendrycks & Gimpel 2016 (arXiv 1606.08415).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import pi, sqrt
from typing import TYPE_CHECKING, Literal, final

from cnncalc.layers._kinds import Pointwise
from cnncalc.layers._math import erf, tanh

if TYPE_CHECKING:
    from cnncalc.tensor import Scalar

SQRT_2 = sqrt(2)
SQRT_2_PI = sqrt(2 / pi)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Gelu(Pointwise):
    """x times the share of a normal distribution that lies below x.

    `approximate="tanh"` is x/2·(1 + tanh(√(2/π)·(x + 0.044715·x³))).

    >>> round(Gelu().apply(1.0), 6), round(Gelu(approximate="tanh").apply(1.0), 6)
    (0.841345, 0.841192)
    """

    approximate: Literal["none", "tanh"] = "none"

    def apply(self, x: Scalar) -> Scalar:
        """x·Φ(x)."""
        if self.approximate == "tanh":
            return 0.5 * x * (1 + tanh(SQRT_2_PI * (x + 0.044715 * x * x * x)))
        return 0.5 * x * (1 + erf(x / SQRT_2))
