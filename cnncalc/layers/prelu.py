"""Parametric ReLU: x above 0, weight·x below, the weight learned.

One weight per channel, or a single one for all (`shared`).
Source: He et al. 2015 (arXiv 1502.01852).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, final

from cnncalc.layers._base import Attachment, Layer, Parameter, Step, Words, Work, neurons
from cnncalc.layers._explain import weight_alone_steps
from cnncalc.layers._fields import Switch
from cnncalc.tensor import Tensor

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cnncalc.shapes import Shape
    from cnncalc.tensor import Scalar


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Prelu(Layer):
    """Shape in is shape out.

    >>> from cnncalc.shapes import Shape
    >>> [Prelu(shared=shared).parameters(Shape(64))[0].size for shared in (False, True)]
    [64, 1]
    """

    shared: Switch = False

    words: ClassVar[Words] = {"shared": ("shared", True)}
    attaches: ClassVar[Attachment | None] = "activation"
    work: ClassVar[Work] = "uncounted"

    def output_shape(self, *inputs: Shape) -> Shape:
        """The shape that came in."""
        return inputs[0]

    def parameters(self, *inputs: Shape) -> tuple[Parameter, ...]:
        """weight (D), or (1) when shared."""
        return (Parameter("weight", (1 if self.shared else inputs[0].channels,)),)

    def channels_read(self, channel: int, *inputs: Shape) -> tuple[Sequence[int], ...]:
        """The same channel only."""
        return ((channel,),)

    def forward(
        self, inputs: Sequence[Tensor], parameters: Mapping[str, Sequence[Scalar]]
    ) -> Tensor:
        """x, or weight·x below 0."""
        (x,) = inputs
        weights = list(parameters["weight"]) * (x.shape.channels if self.shared else 1)
        planes = ((w, x.plane(channel)) for channel, w in enumerate(weights))
        return Tensor(x.shape, [v if v > 0 else w * v for w, plane in planes for v in plane])

    def initial_value(self, parameter: Parameter) -> float | None:
        """0.25, the slope that the paper starts from."""
        return 0.25

    def explain(self, *inputs: Shape) -> list[Step]:
        """Neurons, weights, params."""
        (shape,) = inputs
        count = self.parameters(shape)[0].size
        return [neurons(shape), *weight_alone_steps("1" if self.shared else "D", count)]
