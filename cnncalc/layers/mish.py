"""Mish: x·tanh(softplus(x)). Source: Misra 2019 (arXiv 1908.08681)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, final

from cnncalc.layers._base import Part
from cnncalc.layers._kinds import Pointwise
from cnncalc.layers._math import exp, log1p, tanh

if TYPE_CHECKING:
    from cnncalc.shapes import Shape
    from cnncalc.tensor import Scalar


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Mish(Pointwise):
    """x gated by the tanh of its softplus.

    >>> round(Mish().apply(1.0), 6)
    0.865098
    """

    def apply(self, x: Scalar) -> Scalar:
        """x·tanh(ln(1 + e^x))."""
        return x * tanh(log1p(exp(x)))

    def expressed(self, *inputs: Shape) -> tuple[Part, ...]:
        """x, times the tanh of its softplus."""
        return Part("softplus"), Part("tanh", (1,)), Part("mul", (0, 2))
