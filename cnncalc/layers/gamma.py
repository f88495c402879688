"""Layer scale: every channel times its own learned weight.

D parameters, started at a small number so that a deep residual net begins near the identity.
Source: Touvron et al. 2021 (arXiv 2103.17239); ConvNeXt starts at 1e-6.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, final

from cnncalc.layers._base import Family, Layer, Parameter, Part, Step, Work, neurons
from cnncalc.layers._explain import weight_alone_steps
from cnncalc.layers._fields import Real
from cnncalc.tensor import Tensor

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cnncalc.shapes import Shape
    from cnncalc.tensor import Scalar


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Gamma(Layer):
    """Shape in is shape out; `initial` is where training starts.

    >>> from cnncalc.shapes import Shape
    >>> Gamma().parameters(Shape(96, (56, 56)))[0].size
    96
    """

    initial: Real = 1e-6

    work: ClassVar[Work] = "uncounted"
    family: ClassVar[Family] = "other"

    def output_shape(self, *inputs: Shape) -> Shape:
        """The shape that came in."""
        return inputs[0]

    def parameters(self, *inputs: Shape) -> tuple[Parameter, ...]:
        """weight (D)."""
        return (Parameter("weight", (inputs[0].channels,)),)

    def channels_read(self, channel: int, *inputs: Shape) -> tuple[Sequence[int], ...]:
        """The same channel only."""
        return ((channel,),)

    def forward(
        self, inputs: Sequence[Tensor], parameters: Mapping[str, Sequence[Scalar]]
    ) -> Tensor:
        """Each channel times its weight."""
        (x,) = inputs
        weights = enumerate(parameters["weight"])
        return Tensor(x.shape, [v * w for channel, w in weights for v in x.plane(channel)])

    def expressed(self, *inputs: Shape) -> tuple[Part, ...]:
        """A learned scale."""
        return (Part("scale", fields={"initial": self.initial}, parameters={"weight": "weight"}),)

    def initial_value(self, parameter: Parameter) -> float | None:
        """The field `initial`."""
        return self.initial

    def explain(self, *inputs: Shape) -> list[Step]:
        """Neurons, weights, params."""
        (shape,) = inputs
        return [neurons(shape), *weight_alone_steps("D", shape.channels)]
