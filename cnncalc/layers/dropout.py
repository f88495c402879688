"""Dropout: in training, each number is 0 with probability `rate`; at inference, the identity.

Frameworks enlarge what is kept by 1/(1 - rate) while training, so nothing is left to do here.
Source: Srivastava et al. 2014.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, final

from cnncalc.layers._base import Family, Layer, Names
from cnncalc.layers._fields import Rate

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cnncalc.shapes import Shape
    from cnncalc.tensor import Scalar, Tensor


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Dropout(Layer):
    """Shape in is shape out, number for number; 0 <= rate < 1.

    >>> from cnncalc.shapes import Shape
    >>> Dropout(rate=0.2).output_shape(Shape(1280))
    Shape(channels=1280, spatial=())
    """

    rate: Rate = 0.5

    positional: ClassVar[tuple[str, ...]] = ("rate",)
    other_names: ClassVar[Names] = {"p": "rate"}
    is_view: ClassVar[bool] = True
    acts_in_training: ClassVar[bool] = True
    family: ClassVar[Family] = "dropout"

    def output_shape(self, *inputs: Shape) -> Shape:
        """The shape that came in."""
        return inputs[0]

    def forward(
        self, inputs: Sequence[Tensor], parameters: Mapping[str, Sequence[Scalar]]
    ) -> Tensor:
        """The input, unchanged."""
        return inputs[0]
