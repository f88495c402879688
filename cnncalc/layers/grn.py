"""Global response normalisation: each map by its own strength among the maps.

x + weight·x·N + bias with N = G/(mean of G over the channels + eps), G the Euclidean norm of a
whole map. 2·D parameters, which begin at 0, so that training begins with the identity.
Source: Woo et al. 2023 (ConvNeXt V2, arXiv 2301.00808).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, final

from cnncalc.layers._base import Attachment, Layer, Parameter, Step, Work, scale_and_shift, see_all
from cnncalc.layers._explain import norm_steps
from cnncalc.layers._fields import Positive
from cnncalc.layers._math import mean, sqrt
from cnncalc.tensor import Tensor

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cnncalc.shapes import Shape
    from cnncalc.tensor import Scalar
    from cnncalc.window import Reach


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Grn(Layer):
    """Shape in is shape out; every map is weighed by how strong it is as a whole.

    >>> from cnncalc.shapes import Shape
    >>> [parameter.size for parameter in Grn().parameters(Shape(384, (56, 56)))]
    [384, 384]
    """

    eps: Positive = 1e-6

    attaches: ClassVar[Attachment | None] = "norm"
    work: ClassVar[Work] = "uncounted"

    def output_shape(self, *inputs: Shape) -> Shape:
        """The shape that came in."""
        return inputs[0]

    def parameters(self, *inputs: Shape) -> tuple[Parameter, ...]:
        """weight and bias, each (D)."""
        return scale_and_shift(inputs[0].channels)

    def initial_value(self, parameter: Parameter) -> Sequence[float] | None:
        """Zeros: in the beginning the input passes unchanged."""
        return [0.0] * parameter.size

    def reach(self, *inputs: Shape) -> tuple[tuple[Reach, ...], ...]:
        """The whole map, through its norm."""
        return (see_all(inputs[0]),)

    def forward(
        self, inputs: Sequence[Tensor], parameters: Mapping[str, Sequence[Scalar]]
    ) -> Tensor:
        """The norm of every map over the mean of those norms scales the map."""
        (x,) = inputs
        planes = [x.plane(channel) for channel in range(x.shape.channels)]
        norms = [sqrt(sum(v * v for v in plane)) for plane in planes]
        typical = mean(norms) + self.eps
        learned = zip(parameters["weight"], parameters["bias"], strict=True)
        values: list[Scalar] = []
        for plane, norm, (weight, bias) in zip(planes, norms, learned, strict=True):
            strength = norm / typical
            values += [v + weight * (v * strength) + bias for v in plane]
        return Tensor(x.shape, values)

    def explain(self, *inputs: Shape) -> list[Step]:
        """Neurons, weights, biases, params."""
        return norm_steps(inputs[0], self.parameters(*inputs))
