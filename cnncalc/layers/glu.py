"""Gated linear unit: the first half of the channels, each times the sigmoid of its partner.

Output (D/2, *spatial). Source: Dauphin et al. 2016 (arXiv 1612.08083).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, final

from cnncalc.errors import UnplacedError
from cnncalc.layers import _explain
from cnncalc.layers._base import Family, Layer, Part, Step, Work, neurons
from cnncalc.layers._math import sigmoid, times
from cnncalc.shapes import Shape
from cnncalc.tensor import Tensor

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cnncalc.tensor import Scalar


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Glu(Layer):
    """Input (2D, *spatial), output (D, *spatial): the second half of the maps gates the first.

    >>> Glu().output_shape(Shape(512, (28, 28)))
    Shape(channels=256, spatial=(28, 28))
    """

    work: ClassVar[Work] = "uncounted"
    family: ClassVar[Family] = "activation"

    def output_shape(self, *inputs: Shape) -> Shape:
        """Half of the channels. Raises UnplacedError where their number is odd."""
        (shape,) = inputs
        if shape.channels % 2:
            raise UnplacedError(
                "odd-channels",
                f"glu needs as many gates as values, but there are {shape.channels} channels",
                help="give the layer before it an even number of channels",
            )
        return Shape(shape.channels // 2, shape.spatial)

    def channels_read(self, channel: int, *inputs: Shape) -> tuple[Sequence[int], ...]:
        """Its own and its gate."""
        return ((channel, channel + inputs[0].channels // 2),)

    def forward(
        self, inputs: Sequence[Tensor], parameters: Mapping[str, Sequence[Scalar]]
    ) -> Tensor:
        """Every number of the first half times the sigmoid of its partner in the second."""
        (x,) = inputs
        half = x.shape.size // 2
        pairs = zip(x.values[:half], x.values[half:], strict=True)
        return Tensor(self.output_shape(x.shape), [times(v, sigmoid(gate)) for v, gate in pairs])

    def expressed(self, *inputs: Shape) -> tuple[Part, ...]:
        """The first half, times the sigmoid of the second."""
        first, second = ({"index": index, "parts": 2} for index in (0, 1))
        halves = Part("chunk", fields=first), Part("chunk", fields=second)
        return *halves, Part("sigmoid", (2,)), Part("mul", (1, 3))

    def explain(self, *inputs: Shape) -> list[Step]:
        """Channels and neurons."""
        out = self.output_shape(*inputs)
        return [
            _explain.channels("D/2", f"{inputs[0].channels}/2", out.channels),
            neurons(out, "D'"),
        ]
