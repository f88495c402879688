"""Logarithm of the sigmoid: -ln(1 + e^-x)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, final

from cnncalc.layers._base import Part
from cnncalc.layers._kinds import Pointwise
from cnncalc.layers._math import exp, log1p

if TYPE_CHECKING:
    from cnncalc.shapes import Shape
    from cnncalc.tensor import Scalar


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Logsigmoid(Pointwise):
    """Never above 0; far below 0 it is x itself.

    >>> round(Logsigmoid().apply(0.0), 6), Logsigmoid().apply(-1000.0)
    (-0.693147, -1000.0)
    """

    def apply(self, x: Scalar) -> Scalar:
        """-ln(1 + e^-x), written so that e never overflows."""
        return -log1p(exp(-x)) if x > 0 else x - log1p(exp(x))

    def expressed(self, *inputs: Shape) -> tuple[Part, ...]:
        """Minus the softplus of -x."""
        minus = {"factor": -1.0}
        return Part("scale", fields=minus), Part("softplus", (1,)), Part("scale", (2,), minus)
