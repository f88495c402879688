"""Fully connected: every unit sees every number of its input, whatever its shape.

Weights N·K for N inputs and K units, one bias per unit; as many connections and MACs as
weights. A map is flattened channel by channel (C, then H, W), as PyTorch does.
Source: LeCun et al. 1998, layer F6; the cs231n notes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, final

from cnncalc.layers._base import (
    Family,
    Layer,
    Names,
    Parameter,
    Step,
    Tie,
    Words,
    Work,
    see_all,
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
from cnncalc.layers._math import bias_or_zeros, weigh
from cnncalc.shapes import Shape
from cnncalc.tensor import Tensor

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cnncalc.layers._neuron import NeuronReading, NeuronView
    from cnncalc.tensor import Scalar
    from cnncalc.window import Reach


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Fc(Layer):
    """A fully connected layer: input of any shape, output (units).

    `in` states how many numbers come in, as `nn.Linear(in_features, ...)` does.

    >>> f6 = Fc(units=84)
    >>> f6.output_shape(Shape(120)), f6.macs(Shape(120))
    (Shape(channels=84, spatial=()), 10080)
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
        """A vector with one number per unit."""
        require_numbers(self.inputs, inputs[0], inputs[0].size, self.units)
        return Shape(self.units)

    def parameters(self, *inputs: Shape) -> tuple[Parameter, ...]:
        """weight (units, inputs); bias (units)."""
        return weight_and_bias((self.units, inputs[0].size), (self.units,), self.bias)

    def macs(self, *inputs: Shape) -> int:
        """Every weight works once."""
        return inputs[0].size * self.units

    def connections(self, *inputs: Shape) -> int:
        """Every input to every unit: the same sum as the MACs."""
        return self.macs(*inputs)

    def reach(self, *inputs: Shape) -> tuple[tuple[Reach, ...], ...]:
        """The whole input."""
        return (see_all(inputs[0]),)

    def forward(
        self, inputs: Sequence[Tensor], parameters: Mapping[str, Sequence[Scalar]]
    ) -> Tensor:
        """Each unit: bias + the sum of input x weight over all inputs."""
        biases = bias_or_zeros(parameters, self.units, self.bias)
        return Tensor(Shape(self.units), weigh(inputs[0].values, parameters["weight"], biases))

    def fans(self, *inputs: Shape) -> tuple[float, float]:
        """Those of the weight."""
        return weight_fans(self.parameters(*inputs)[0])

    def trace(self, neuron: NeuronView) -> NeuronReading:
        """Bias + the sum of input x weight over all inputs."""
        k, shape = neuron.channel, neuron.shape
        places = range(shape.size // shape.channels)
        terms = neuron.weighted(range(shape.channels), places, k * shape.size)
        return neuron.reading("weighted", terms, shape.spatial, neuron.bias(k))

    def explain(self, *inputs: Shape) -> list[Step]:
        """Neurons, weights, biases, params, connections without and with biases, MACs."""
        return dense_steps(inputs[0], self.units, self.bias, self.output_shape(*inputs))
