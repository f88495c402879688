"""Embedding: every whole number of the input becomes the row of a learned table.

Input of numbers 0 ... N - 1; output (E, *positions), a vector of T numbers becoming E maps of
length T. Weights N·E, no multiply-accumulates: it is a look-up.
Source: Collobert & Weston 2008; PyTorch's Embedding.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING, ClassVar, final

from cnncalc.errors import UnplacedError
from cnncalc.layers import _explain
from cnncalc.layers._base import Family, Layer, Names, Parameter, Step, dotted, neurons
from cnncalc.layers._explain import axis_steps
from cnncalc.layers._fields import Count
from cnncalc.layers._math import pick
from cnncalc.shapes import Shape
from cnncalc.tensor import Tensor

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cnncalc.tensor import Scalar


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Embedding(Layer):
    """`embedding 100 8`: a table of 100 entries of 8 numbers each.

    >>> words = Embedding(entries=100, size=8)
    >>> words.output_shape(Shape(20)), words.parameters(Shape(20))[0].size
    (Shape(channels=8, spatial=(20,)), 800)
    """

    entries: Count
    size: Count

    example: ClassVar[str | None] = "embedding 10000 128"
    positional: ClassVar[tuple[str, ...]] = ("entries", "size")
    other_names: ClassVar[Names] = {
        "num_embeddings": "entries",
        "input_dim": "entries",
        "embedding_dim": "size",
        "output_dim": "size",
    }
    family: ClassVar[Family] = "dense"

    def output_shape(self, *inputs: Shape) -> Shape:
        """One column of `size` channels for every number. Raises UnplacedError for several maps."""
        (shape,) = inputs
        if not shape.rank:
            return Shape(self.size, (shape.channels,))
        if shape.channels > 1:
            raise UnplacedError(
                "embedding",
                f"embedding looks up single numbers, but there are {shape.channels} channels",
                help="feed it a vector of numbers, such as 'input: 20', or one channel",
            )
        return Shape(self.size, shape.spatial)

    def parameters(self, *inputs: Shape) -> tuple[Parameter, ...]:
        """weight (entries, size)."""
        return (Parameter("weight", (self.entries, self.size)),)

    def initial_bound(self, parameter: Parameter) -> float | None:
        """The bound that gives the variance 1, which PyTorch's normal distribution has."""
        return sqrt(3)

    def reads(
        self, neuron: tuple[int, ...], *inputs: Shape
    ) -> tuple[tuple[Sequence[int], ...], ...]:
        """The one number at its position; in a vector, that is a channel."""
        _, *position = neuron
        places = [(at,) for at in position]
        return (tuple(places) if not inputs[0].rank else ((0,), *places),)

    def forward(
        self, inputs: Sequence[Tensor], parameters: Mapping[str, Sequence[Scalar]]
    ) -> Tensor:
        """The row of every number, channel by channel.

        Raises UnplacedError for a number that is not one of the table's.
        """
        (x,) = inputs
        for number in x.values:
            if isinstance(number, (int, float)) and number not in range(self.entries):
                raise UnplacedError(
                    "no-entry",
                    f"{number:g} is not a whole number from 0 to {self.entries - 1}",
                    help="an embedding looks numbers up: give it a sample of whole numbers",
                )
        rows = parameters["weight"]
        columns = [rows[channel :: self.size] for channel in range(self.size)]
        values = [pick(column, number) for column in columns for number in x.values]
        return Tensor(self.output_shape(x.shape), values)

    def explain(self, *inputs: Shape) -> list[Step]:
        """Output per axis, channels, neurons, weights, params."""
        out = self.output_shape(*inputs)
        numbers = dotted(self.entries, self.size)
        weights = Step("weights", "weights", "N·E", numbers, self.entries * self.size)
        return [
            *axis_steps(out, [("numbers", f"{size}") for size in out.spatial]),
            _explain.channels("E", f"{self.size}", out.channels),
            neurons(out, "E"),
            weights,
            weights._replace(field="params", label="params"),
        ]
