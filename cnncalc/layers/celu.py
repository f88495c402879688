"""Continuously differentiable ELU: x above 0, alpha·(e^(x/alpha) - 1) below.

Source: Barron 2017 (arXiv 1704.07483).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, final

from cnncalc.layers._base import Part
from cnncalc.layers._fields import Positive
from cnncalc.layers._kinds import Pointwise
from cnncalc.layers._math import exp

if TYPE_CHECKING:
    from cnncalc.shapes import Shape
    from cnncalc.tensor import Scalar


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Celu(Pointwise):
    """An ELU whose slope at 0 is 1 whatever alpha is.

    >>> [round(Celu(alpha=2.0).apply(x), 6) for x in (-2.0, 3.0)]
    [-1.264241, 3.0]
    """

    alpha: Positive = 1.0

    positional: ClassVar[tuple[str, ...]] = ("alpha",)

    def apply(self, x: Scalar) -> Scalar:
        """x, or alpha·(e^(x/alpha) - 1) below 0."""
        return x if x > 0 else self.alpha * (exp(x / self.alpha) - 1)

    def expressed(self, *inputs: Shape) -> tuple[Part, ...]:
        """An ELU of x/alpha, times alpha."""
        before, after = {"factor": 1 / self.alpha}, {"factor": self.alpha}
        return Part("scale", fields=before), Part("elu", (1,)), Part("scale", (2,), after)
