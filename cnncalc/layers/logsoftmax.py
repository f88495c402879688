"""Logarithm of the softmax: x - ln(sum of e^x), across the channels at each position.

The largest channel is subtracted first, which changes nothing but keeps e^x finite.
Source: PyTorch's LogSoftmax.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, final

from cnncalc.layers._base import Attachment, Layer, Work
from cnncalc.layers._math import by_column, exp, log1p, maximum

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cnncalc.shapes import Shape
    from cnncalc.tensor import Scalar, Tensor


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Logsoftmax(Layer):
    """Shape in is shape out; goes with a loss that wants log-probabilities.

    >>> from cnncalc.shapes import Shape
    >>> from cnncalc.tensor import Tensor
    >>> Logsoftmax().forward([Tensor(Shape(2), [1000.0, 0.0])], {}).values
    [0.0, -1000.0]
    """

    attaches: ClassVar[Attachment | None] = "activation"
    work: ClassVar[Work] = "uncounted"

    def output_shape(self, *inputs: Shape) -> Shape:
        """The shape that came in."""
        return inputs[0]

    def forward(
        self, inputs: Sequence[Tensor], parameters: Mapping[str, Sequence[Scalar]]
    ) -> Tensor:
        """At each position, the logarithm of every channel's share."""
        return by_column(inputs[0], _log_share)


def _log_share(column: list[Scalar]) -> list[Scalar]:
    top = maximum(column)
    beyond = sum(exp(x - top) for x in column) - 1  # the largest itself adds e^0
    return [x - top - log1p(beyond) for x in column]
