"""Softplus: ln(1 + e^(beta·x))/beta, a smooth ReLU. Source: Dugas et al. 2001."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, final

from cnncalc.layers._fields import Positive, Real
from cnncalc.layers._kinds import Pointwise
from cnncalc.layers._math import exp, log1p

if TYPE_CHECKING:
    from cnncalc.tensor import Scalar


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Softplus(Pointwise):
    """Beyond beta·x = `threshold` it is x itself, as in PyTorch.

    >>> round(Softplus().apply(0.0), 6), Softplus().apply(100.0)
    (0.693147, 100.0)
    """

    beta: Positive = 1.0
    threshold: Real = 20.0

    def apply(self, x: Scalar) -> Scalar:
        """ln(1 + e^(beta·x))/beta."""
        if x * self.beta > self.threshold:
            return x
        return log1p(exp(x * self.beta)) / self.beta
