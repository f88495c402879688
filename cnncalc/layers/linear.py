"""Linear: the same fully connected layer at every position, over the channels found there.

Weights D·K, one bias per unit; MACs H·W·D·K: a 1x1 convolution by another name.
Source: Lin, Chen, Yan 2013, "Network in network" (arXiv 1312.4400).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, final

from cnncalc.layers._base import (
    Family,
    Layer,
    Names,
    Parameter,
    Part,
    Step,
    Tie,
    Words,
    Work,
    weight_and_bias,
    weight_fans,
)
from cnncalc.layers._explain import dense_steps
from cnncalc.layers._fields import (
    BIAS,
    INPUT_NAMES,
    UNIT_LETTERS,
    UNIT_NAMES,
    Count,
    Switch,
    require_numbers,
)
from cnncalc.layers._math import bias_or_zeros, by_column, weigh
from cnncalc.shapes import Shape
from cnncalc.tensor import offset

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cnncalc.layers._neuron import NeuronReading, NeuronView
    from cnncalc.tensor import Scalar, Tensor


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Linear(Layer):
    """Input (D, *spatial), output (units, *spatial); ConvNeXt's 96 to 384 and back.

    `in` states how many channels come in.

    >>> widen = Linear(units=384)
    >>> widen.output_shape(Shape(96, (56, 56))), widen.parameters(Shape(96, (56, 56)))[0].dims
    (Shape(channels=384, spatial=(56, 56)), (384, 96))
    """

    units: Count
    bias: Switch = True
    inputs: Count | None = None

    positional: ClassVar[tuple[str, ...]] = ("units",)
    letters: ClassVar[Names] = UNIT_LETTERS
    other_names: ClassVar[Names] = {**UNIT_NAMES, **INPUT_NAMES}
    words: ClassVar[Words] = BIAS
    tie: ClassVar[Tie | None] = Tie(("fc", "linear"), is_transposed=True)
    expectation: ClassVar[str | None] = "inputs"
    work: ClassVar[Work] = "counted"
    family: ClassVar[Family] = "dense"

    def output_shape(self, *inputs: Shape) -> Shape:
        """The same positions, one channel per unit."""
        require_numbers(self.inputs, inputs[0], inputs[0].channels, self.units)
        return Shape(self.units, inputs[0].spatial)

    def parameters(self, *inputs: Shape) -> tuple[Parameter, ...]:
        """weight (units, D); bias (units)."""
        return weight_and_bias((self.units, inputs[0].channels), (self.units,), self.bias)

    def macs(self, *inputs: Shape) -> int:
        """Every weight works once at every position."""
        return inputs[0].size * self.units

    def connections(self, *inputs: Shape) -> int:
        """Every channel to every unit, at every position: the same sum as the MACs."""
        return self.macs(*inputs)

    def forward(
        self, inputs: Sequence[Tensor], parameters: Mapping[str, Sequence[Scalar]]
    ) -> Tensor:
        """At each position, each unit: bias + the sum of channel x weight."""
        (x,) = inputs
        biases = bias_or_zeros(parameters, self.units, self.bias)
        return by_column(x, lambda column: weigh(column, parameters["weight"], biases))

    def expressed(self, *inputs: Shape) -> tuple[Part, ...]:
        """A convolution of 1x1; for a vector, a fully connected layer."""
        fields: dict[str, object] = {"bias": self.bias}
        names = {p.name: p.name for p in self.parameters(*inputs)}
        if not inputs[0].rank:
            return (Part("fc", fields={**fields, "units": self.units}, parameters=names),)
        fields |= {"filters": self.units, "kernel": (1,)}
        return (Part("conv", fields=fields, parameters=names),)

    def fans(self, *inputs: Shape) -> tuple[float, float]:
        """Those of the weight."""
        return weight_fans(self.parameters(*inputs)[0])

    def trace(self, neuron: NeuronView) -> NeuronReading:
        """Bias + the sum of channel x weight."""
        k, shape = neuron.channel, neuron.shape
        place = offset(neuron.position, shape.spatial)
        terms = neuron.weighted(range(shape.channels), [place], k * shape.channels)
        return neuron.reading("weighted", terms, (), neuron.bias(k))

    def explain(self, *inputs: Shape) -> list[Step]:
        """Neurons, weights, biases, params, connections without and with biases, MACs."""
        seen = Shape(inputs[0].channels)
        return dense_steps(seen, self.units, self.bias, self.output_shape(*inputs))
