"""Flatten: all numbers in one vector, map by map, row by row.

Output H·W·D. The order is that of PyTorch's Flatten (channels first).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, final

from cnncalc.layers import _explain
from cnncalc.layers._base import Layer, Step, dotted, neurons, see_all
from cnncalc.shapes import Shape
from cnncalc.tensor import Tensor

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cnncalc.tensor import Scalar
    from cnncalc.window import Reach


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Flatten(Layer):
    """Input (D, *spatial), output (D·spatial), a vector.

    >>> Flatten().output_shape(Shape(16, (5, 5)))
    Shape(channels=400, spatial=())
    """

    is_view: ClassVar[bool] = True

    def output_shape(self, *inputs: Shape) -> Shape:
        """A vector of the input's size."""
        return Shape(inputs[0].size)

    def reach(self, *inputs: Shape) -> tuple[tuple[Reach, ...], ...]:
        """The whole input, as positions are lost."""
        return (see_all(inputs[0]),)

    def forward(
        self, inputs: Sequence[Tensor], parameters: Mapping[str, Sequence[Scalar]]
    ) -> Tensor:
        """The same numbers in the same order."""
        (x,) = inputs
        return Tensor(self.output_shape(x.shape), x.values)

    def explain(self, *inputs: Shape) -> list[Step]:
        """Channels and neurons."""
        (shape,) = inputs
        formula = "·".join([*(letter.upper() for letter in shape.axes), "D"])
        numbers = dotted(*shape.spatial, shape.channels)
        channels = _explain.channels(formula, numbers, shape.size)
        return [channels, neurons(self.output_shape(shape), "D'")]
