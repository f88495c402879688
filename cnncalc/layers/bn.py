"""Batch normalisation, at inference: each channel by the mean and variance seen in training.

(x - running_mean)/sqrt(running_var + eps)·weight + bias. 2·D learned parameters, or D where only
the weight or the bias is wanted; 2·D running statistics, which are buffers and not parameters.
Source: Ioffe & Szegedy 2015 (arXiv 1502.03167).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, final

from cnncalc.layers._base import Attachment, Layer, Names, Parameter, Step, Work
from cnncalc.layers._explain import norm_steps
from cnncalc.layers._fields import Positive, Switch
from cnncalc.layers._math import scaled_channels, sqrt
from cnncalc.tensor import Tensor

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cnncalc.shapes import Shape
    from cnncalc.tensor import Scalar


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Bn(Layer):
    """Shape in is shape out; `scale=false` leaves out the weight, `shift=false` the bias.

    Without `affine` there is neither. Keras calls the shift `center`.

    >>> from cnncalc.shapes import Shape
    >>> [parameter.role for parameter in Bn().parameters(Shape(64, (56, 56)))]
    ['learned', 'learned', 'statistic', 'statistic']
    """

    eps: Positive = 1e-5
    affine: Switch = True
    scale: Switch = True
    shift: Switch = True

    other_names: ClassVar[Names] = {"center": "shift"}
    rarely_set: ClassVar[tuple[str, ...]] = ("scale", "shift")
    attaches: ClassVar[Attachment | None] = "norm"
    work: ClassVar[Work] = "uncounted"

    def output_shape(self, *inputs: Shape) -> Shape:
        """The shape that came in."""
        return inputs[0]

    def parameters(self, *inputs: Shape) -> tuple[Parameter, ...]:
        """Those of weight and bias that are learned, running_mean, running_var: each (D)."""
        dims = (inputs[0].channels,)
        statistics = ("running_mean", "running_var")
        return (*self._learned(*dims), *(Parameter(s, dims, "statistic") for s in statistics))

    def _learned(self, channels: int) -> tuple[Parameter, ...]:
        wanted = {"weight": self.affine and self.scale, "bias": self.affine and self.shift}
        return tuple(Parameter(name, (channels,)) for name, learned in wanted.items() if learned)

    def channels_read(self, channel: int, *inputs: Shape) -> tuple[Sequence[int], ...]:
        """The same channel only."""
        return ((channel,),)

    def forward(
        self, inputs: Sequence[Tensor], parameters: Mapping[str, Sequence[Scalar]]
    ) -> Tensor:
        """Each channel: minus its mean, over its deviation; then scaled and shifted."""
        (x,) = inputs
        values: list[Scalar] = []
        statistics = zip(parameters["running_mean"], parameters["running_var"], strict=True)
        for channel, (mean, variance) in enumerate(statistics):
            spread = sqrt(variance + self.eps)
            values += [(v - mean) / spread for v in x.plane(channel)]
        normal = Tensor(x.shape, values)
        scale, shift = self.affine and self.scale, self.affine and self.shift
        return scaled_channels(normal, parameters, scale=scale, shift=shift)

    def explain(self, *inputs: Shape) -> list[Step]:
        """Neurons, weights, biases, params; the running statistics as buffers."""
        d = inputs[0].channels
        buffers = Step("buffers", "running statistics", "2·D", f"2·{d}", 2 * d)
        return [*norm_steps(inputs[0], self._learned(d)), buffers]
