"""Hard sigmoid: slope·x + 1/2, held between 0 and 1; with slope 1/6 that is relu6(x + 3)/6.

PyTorch, Keras 3 and MobileNetV3 have the slope 1/6; Keras 2 and ONNX's default have 0.2.
Source: Howard et al. 2019 (MobileNetV3, arXiv 1905.02244).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, final

from cnncalc.layers._fields import Positive
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
    >>> Hsigmoid(slope=0.2).apply(1.0)
    0.7
    """

    slope: Positive = 1 / 6

    example: ClassVar[str | None] = "hsigmoid"
    positional: ClassVar[tuple[str, ...]] = ("slope",)
    rarely_set: ClassVar[tuple[str, ...]] = ("slope",)

    def apply(self, x: Scalar) -> Scalar:
        """(x + 1/(2·slope))·slope between 0 and 1: relu6(x + 3)/6 with the usual slope."""
        top = 1 / self.slope
        return clamp(x + top / 2, 0.0, top) / top
