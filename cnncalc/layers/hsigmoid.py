"""Hard sigmoid: relu6(x + 3)/6. Source: Howard et al. 2019 (MobileNetV3, arXiv 1905.02244)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, final

from cnncalc.layers._kinds import Pointwise
from cnncalc.layers._math import clamp

if TYPE_CHECKING:
    from cnncalc.tensor import Scalar


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Hsigmoid(Pointwise):
    """A sigmoid made of three straight lines.

    >>> [Hsigmoid().apply(x) for x in (-3.0, 0.0, 4.0)]
    [0.0, 0.5, 1.0]
    """

    def apply(self, x: Scalar) -> Scalar:
        """relu6(x + 3)/6."""
        return clamp(x + 3, 0.0, 6.0) / 6
