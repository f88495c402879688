"""Softsign: x/(1 + |x|). Source: Glorot & Bengio 2010."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, final

from cnncalc.layers._kinds import Pointwise

if TYPE_CHECKING:
    from cnncalc.tensor import Scalar


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Softsign(Pointwise):
    """Like tanh, but slower to reach -1 and 1.

    >>> Softsign().apply(-3.0)
    -0.75
    """

    def apply(self, x: Scalar) -> Scalar:
        """x/(1 + |x|)."""
        return x / (1 + abs(x))
