"""Softmax: e^x over the sum of e^x, across the channels at each position.

The largest channel is subtracted first, which changes nothing but keeps e^x finite.
Source: Bridle 1990.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, final

from cnncalc.layers._base import Attachment, Layer, Work
from cnncalc.layers._math import by_column, exp, maximum

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cnncalc.shapes import Shape
    from cnncalc.tensor import Scalar, Tensor


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Softmax(Layer):
    """Shape in is shape out; at each position the channels add up to 1.

    >>> from cnncalc.shapes import Shape
    >>> from cnncalc.tensor import Tensor
    >>> Softmax().forward([Tensor(Shape(2), [1000.0, 1000.0])], {}).values
    [0.5, 0.5]
    """

    attaches: ClassVar[Attachment | None] = "activation"
    work: ClassVar[Work] = "uncounted"

    def output_shape(self, *inputs: Shape) -> Shape:
        """The shape that came in."""
        return inputs[0]

    def forward(
        self, inputs: Sequence[Tensor], parameters: Mapping[str, Sequence[Scalar]]
    ) -> Tensor:
        """At each position, every channel's share."""
        return by_column(inputs[0], _share)


def _share(column: list[Scalar]) -> list[Scalar]:
    top = maximum(column)
    powers = [exp(x - top) for x in column]
    total = sum(powers)
    return [power / total for power in powers]
