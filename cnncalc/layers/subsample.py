"""Trainable subsampling: the sum of each window, times the map's coefficient, plus its bias.

Output per axis floor((W - F + 2P)/S) + 1; S = F unless given. Two parameters per map,
F·F connections per neuron (bias apart), one multiply-add per neuron.
Source: LeCun et al. 1998, section II.B, layers S2 (5,880 connections) and S4 (2,000).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, final

from cnncalc.layers import _explain
from cnncalc.layers._base import (
    Family,
    Names,
    Parameter,
    Part,
    Step,
    Work,
    neurons,
    scale_and_shift,
)
from cnncalc.layers._fields import POOL_NAMES, Padding, PerAxis
from cnncalc.layers._math import pooled, scaled_channels, total
from cnncalc.layers._windowed import Windowed
from cnncalc.shapes import Shape
from cnncalc.tensor import Tensor

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cnncalc.layers._neuron import NeuronReading, NeuronView
    from cnncalc.tensor import Scalar


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Subsample(Windowed):
    """LeNet-5's subsampling over one, two or three axes.

    Input (D, *spatial), output (D, *spatial').

    >>> s2 = Subsample(kernel=(2,))
    >>> s2.connections(Shape(6, (28, 28))), sum(p.size for p in s2.parameters(Shape(6, (28, 28))))
    (4704, 12)
    """

    kernel: PerAxis
    stride: PerAxis | None = None
    padding: Padding = ((0, 0),)

    positional: ClassVar[tuple[str, ...]] = ("kernel",)
    other_names: ClassVar[Names] = {**Windowed.other_names, **POOL_NAMES}
    pads_half_at_most: ClassVar[bool] = True
    work: ClassVar[Work] = "counted"
    family: ClassVar[Family] = "pool"

    def parameters(self, *inputs: Shape) -> tuple[Parameter, ...]:
        """weight (D), one coefficient per map; bias (D)."""
        return scale_and_shift(inputs[0].channels)

    def macs(self, *inputs: Shape) -> int:
        """One per neuron: the coefficient is used once for the whole window."""
        return self.output_shape(*inputs).size

    def forward(
        self, inputs: Sequence[Tensor], parameters: Mapping[str, Sequence[Scalar]]
    ) -> Tensor:
        """At each position: the sum of the window x coefficient + bias."""
        (x,) = inputs
        sums = pooled(x, self.output_shape(x.shape), self.taps(x.shape), total)
        return scaled_channels(sums, parameters)

    def expressed(self, *inputs: Shape) -> tuple[Part, ...]:
        """Sums, scaled and shifted map by map."""
        window = {name: getattr(self, name) for name in ("kernel", "stride", "padding")}
        own = {"weight": "weight", "bias": "bias"}
        sums = Part("sumpool", fields=window)
        return sums, Part("scale", (1,), {"shift": "learned"}, own)

    def trace(self, neuron: NeuronView) -> NeuronReading:
        """The sum of the window x coefficient + bias."""
        k, shape = neuron.channel, neuron.shape
        terms = neuron.unweighted(self.taps_at(neuron.position, shape))
        coefficient = neuron.parameters["weight"][k]
        return neuron.reading("sum", terms, self.kernel_of(shape), neuron.bias(k), coefficient)

    def explain(self, *inputs: Shape) -> list[Step]:
        """Output per axis, neurons, coefficients, biases, connections, MACs."""
        (shape,) = inputs
        out = self.output_shape(shape)
        maps = shape.channels
        weights = Step("weights", "weights", "D", f"{maps}", maps)
        return [
            *self.window_steps(shape),
            neurons(out),
            *_explain.tally(weights, _explain.biases("D", maps), self.links_step(shape), out),
            Step("macs", "MACs", "neurons", f"{out.size}", out.size),
        ]
