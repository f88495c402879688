"""Euclidean radial basis functions: how far the input lies from each unit's fixed code.

Output k is the sum of (x - w)² over all inputs; the codes are chosen by hand and not trained.
One multiply-add per link. Source: LeCun et al. 1998, section II.B, equation 7.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, final

from cnncalc.layers._base import Family, Layer, Names, Parameter, Step, Work, neurons, see_all
from cnncalc.layers._explain import links_step, same_macs
from cnncalc.layers._fields import UNIT_LETTERS, UNIT_NAMES, Count
from cnncalc.shapes import Shape
from cnncalc.tensor import Tensor

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cnncalc.layers._neuron import NeuronReading, NeuronView
    from cnncalc.tensor import Scalar
    from cnncalc.window import Reach


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Rbf(Layer):
    """Input of any shape, output (units); LeNet-5's ten digits with codes of 84 numbers.

    >>> Rbf(units=10).parameters(Shape(84))
    (Parameter(name='weight', dims=(10, 84), role='fixed'),)
    """

    units: Count

    positional: ClassVar[tuple[str, ...]] = ("units",)
    letters: ClassVar[Names] = UNIT_LETTERS
    other_names: ClassVar[Names] = UNIT_NAMES
    work: ClassVar[Work] = "counted"
    family: ClassVar[Family] = "dense"

    def output_shape(self, *inputs: Shape) -> Shape:
        """A vector with one distance per unit."""
        return Shape(self.units)

    def parameters(self, *inputs: Shape) -> tuple[Parameter, ...]:
        """weight (units, inputs), fixed."""
        return (Parameter("weight", (self.units, inputs[0].size), "fixed"),)

    def macs(self, *inputs: Shape) -> int:
        """One square added per input and unit."""
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
        """Each unit: the sum of (input - code)²."""
        values = inputs[0].values
        codes = iter(parameters["weight"])
        distances = []
        for _ in range(self.units):
            apart = [x - next(codes) for x in values]
            distances.append(sum(d * d for d in apart))
        return Tensor(Shape(self.units), distances)

    def trace(self, neuron: NeuronView) -> NeuronReading:
        """The sum of (input - code)²."""
        shape = neuron.shape
        places = range(shape.size // shape.channels)
        terms = neuron.weighted(range(shape.channels), places, neuron.channel * shape.size)
        return neuron.reading("squares", tuple(term._replace(squared=True) for term in terms))

    def explain(self, *inputs: Shape) -> list[Step]:
        """Neurons, fixed weights, connections without and with biases, MACs."""
        (shape,) = inputs
        links = links_step(shape, self.units)
        return [
            neurons(self.output_shape(shape), "K"),
            links._replace(field="fixed", label="fixed weights"),
            links,
            links._replace(field="connections_with_bias", label="with biases"),
            same_macs(links),
        ]
