"""Pointwise: layers that map every number on its own; shape in is shape out."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, ClassVar

from cnncalc.layers._base import Attachment, Layer, Work
from cnncalc.tensor import Tensor

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cnncalc.shapes import Shape
    from cnncalc.tensor import Scalar


class Pointwise(Layer):
    """One function of one number. No parameters, no connections of its own, no MACs."""

    __slots__ = ()

    attaches: ClassVar[Attachment | None] = "activation"
    work: ClassVar[Work] = "uncounted"

    @abstractmethod
    def apply(self, x: Scalar) -> Scalar:
        """The function itself."""

    def output_shape(self, *inputs: Shape) -> Shape:
        """The shape that came in."""
        return inputs[0]

    def channels_read(self, channel: int, *inputs: Shape) -> tuple[Sequence[int], ...]:
        """Its own."""
        return ((channel,),)

    def forward(
        self, inputs: Sequence[Tensor], parameters: Mapping[str, Sequence[Scalar]]
    ) -> Tensor:
        """Apply the function to every number."""
        shape, values = inputs[0]
        return Tensor(shape, [self.apply(x) for x in values])
