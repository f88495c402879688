"""ReLU that stops at 6: min(max(0, x), 6).

Source: Howard et al. 2017 (MobileNets, arXiv 1704.04861).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, final

from cnncalc.layers._base import Part, Work
from cnncalc.layers._kinds import Pointwise
from cnncalc.layers._math import clamp

if TYPE_CHECKING:
    from cnncalc.shapes import Shape
    from cnncalc.tensor import Scalar


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Relu6(Pointwise):
    """Held between 0 and 6, so that few bits are enough.

    >>> [Relu6().apply(x) for x in (-2.0, 3.0, 7.0)]
    [0.0, 3.0, 6.0]
    """

    work: ClassVar[Work] = "none"

    def apply(self, x: Scalar) -> Scalar:
        """x, held between 0 and 6."""
        return clamp(x, 0.0, 6.0)

    def expressed(self, *inputs: Shape) -> tuple[Part, ...]:
        """A hard tanh from 0 to 6."""
        return (Part("hardtanh", fields={"low": 0.0, "high": 6.0}),)
