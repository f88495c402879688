"""Hard swish: x·relu6(x + 3)/6. Source: Howard et al. 2019 (MobileNetV3, arXiv 1905.02244)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, final

from cnncalc.layers._base import Part
from cnncalc.layers._kinds import Pointwise
from cnncalc.layers._math import clamp

if TYPE_CHECKING:
    from cnncalc.shapes import Shape
    from cnncalc.tensor import Scalar


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Hswish(Pointwise):
    """x gated by its own hard sigmoid.

    >>> [Hswish().apply(x) for x in (-3.0, 1.0, 4.0)]
    [-0.0, 0.6666666666666666, 4.0]
    """

    def apply(self, x: Scalar) -> Scalar:
        """x·relu6(x + 3)/6."""
        return x * clamp(x + 3, 0.0, 6.0) / 6

    def expressed(self, *inputs: Shape) -> tuple[Part, ...]:
        """x, times its hard sigmoid."""
        return Part("hsigmoid"), Part("mul", (0, 1))
