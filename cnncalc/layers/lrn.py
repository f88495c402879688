"""Local response normalisation: each number by the squares in its neighbouring channels.

x/(k + alpha/size·sum of squares)^beta over `size` channels around x's own, fewer at the ends.
PyTorch and Caffe divide alpha by the size, the paper does not (`divide=false`).
Source: Krizhevsky, Sutskever, Hinton 2012, section 3.3.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, final

from cnncalc.layers._base import Attachment, Layer, Work
from cnncalc.layers._fields import Count, NonNegative, Positive, Switch
from cnncalc.layers._math import by_column

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cnncalc.shapes import Shape
    from cnncalc.tensor import Scalar, Tensor


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Lrn(Layer):
    """Shape in is shape out; nothing is learned. The paper's is `Lrn(k=2.0, divide=False)`.

    >>> from cnncalc.shapes import Shape
    >>> from cnncalc.tensor import Tensor
    >>> lrn = Lrn(size=3, alpha=3.0, beta=1.0)
    >>> lrn.forward([Tensor(Shape(3), [1.0, 1.0, 1.0])], {}).values
    [0.3333333333333333, 0.25, 0.3333333333333333]
    """

    size: Count = 5
    alpha: NonNegative = 1e-4
    beta: NonNegative = 0.75
    k: Positive = 1.0
    divide: Switch = True

    positional: ClassVar[tuple[str, ...]] = ("size",)
    # As a word it stands with the activations: it has no shift of its own, so the bias of
    # the convolution before it must stay.
    attaches: ClassVar[Attachment | None] = "activation"
    work: ClassVar[Work] = "uncounted"

    def output_shape(self, *inputs: Shape) -> Shape:
        """The shape that came in."""
        return inputs[0]

    def channels_read(self, channel: int, *inputs: Shape) -> tuple[Sequence[int], ...]:
        """Its neighbours'."""
        first, stop = channel - self.size // 2, channel + (self.size - 1) // 2 + 1
        return (range(max(first, 0), min(stop, inputs[0].channels)),)

    def forward(
        self, inputs: Sequence[Tensor], parameters: Mapping[str, Sequence[Scalar]]
    ) -> Tensor:
        """At each position, each channel by its neighbours."""
        return by_column(inputs[0], self._respond)

    def _respond(self, column: list[Scalar]) -> list[Scalar]:
        """An even size looks one channel further back than ahead, as PyTorch does."""
        squares = [x * x for x in column]
        back, ahead = self.size // 2, (self.size - 1) // 2
        alpha = self.alpha / self.size if self.divide else self.alpha
        return [
            x / (self.k + alpha * sum(squares[max(0, c - back) : c + ahead + 1])) ** self.beta
            for c, x in enumerate(column)
        ]
