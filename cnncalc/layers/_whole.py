"""Global pooling: layers that make one number of each map."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

from cnncalc.layers import _steps
from cnncalc.layers._base import Layer, Step, product, see_all
from cnncalc.layers._pooling import pooled
from cnncalc.layers._spatial import axis_steps, require_axes
from cnncalc.shapes import Shape

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cnncalc.tensor import Scalar, Tensor
    from cnncalc.window import Reach


class WholeMap(Layer):
    """One window as large as the map. Input (D, *spatial), output (D, 1, ..., 1)."""

    __slots__ = ()

    @abstractmethod
    def join(self, numbers: list[Scalar]) -> Scalar:
        """What becomes of the numbers of a map."""

    def output_shape(self, *inputs: Shape) -> Shape:
        """One number per map; the rank is kept. Raises UnplacedError for a vector."""
        (shape,) = inputs
        require_axes(shape)
        return Shape(shape.channels, (1,) * shape.rank)

    def connections(self, *inputs: Shape) -> int:
        """Every input number feeds one neuron."""
        return inputs[0].size

    def reach(self, *inputs: Shape) -> tuple[tuple[Reach, ...], ...]:
        """The whole map."""
        return (see_all(inputs[0]),)

    def channels_read(self, channel: int, *inputs: Shape) -> tuple[Sequence[int], ...]:
        """Its own."""
        return ((channel,),)

    def forward(
        self, inputs: Sequence[Tensor], parameters: Mapping[str, Sequence[Scalar]]
    ) -> Tensor:
        """Each map as a whole, joined into one number."""
        (x,) = inputs
        whole = range(x.shape.size // x.shape.channels)
        return pooled(x, self.output_shape(x.shape), [whole], self.join)

    def explain(self, *inputs: Shape) -> list[Step]:
        """Output per axis, neurons, connections."""
        (shape,) = inputs
        out = self.output_shape(shape)
        formula = f"{_steps.places(shape, prime='')}·D"
        numbers = product(*shape.spatial, shape.channels)
        return [
            *axis_steps(out, [("1", "1")] * shape.rank),
            _steps.neurons(out),
            Step("connections", "connections", formula, numbers, shape.size),
        ]
