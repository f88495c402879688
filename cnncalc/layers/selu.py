"""Scaled ELU with the two constants that keep mean 0 and variance 1.

Source: Klambauer et al. 2017 (arXiv 1706.02515).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, final

from cnncalc.layers._kinds import Pointwise
from cnncalc.layers._math import exp

if TYPE_CHECKING:
    from cnncalc.tensor import Scalar


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Selu(Pointwise):
    """scale·x above 0, scale·alpha·(e^x - 1) below.

    >>> [round(Selu().apply(x), 6) for x in (-1.0, 1.0)]
    [-1.111331, 1.050701]
    """

    alpha: ClassVar[float] = 1.6732632423543772
    scale: ClassVar[float] = 1.0507009873554805

    def apply(self, x: Scalar) -> Scalar:
        """The ELU of alpha 1.67..., times 1.05..."""
        return self.scale * (x if x > 0 else self.alpha * (exp(x) - 1))
