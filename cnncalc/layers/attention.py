"""Multi-head self-attention: every position becomes a mixture of all positions.

Queries, keys and values are linear maps of the channels; a head weighs the values by
softmax(q·k/sqrt(E/heads)). With L positions of E channels: weights 4·E·E, MACs 4·L·E·E of the
linear maps and 2·L·L·E of the two products, q·k and weights·v, whatever the heads. torch's own
counter and fvcore count both products, tools that hook layers neither.
Source: Vaswani et al. 2017 (arXiv 1706.03762); the parameters are nn.MultiheadAttention's.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING, ClassVar, final

from cnncalc.errors import UnplacedError
from cnncalc.layers._base import (
    Family,
    Layer,
    Names,
    Parameter,
    Step,
    Words,
    Work,
    dotted,
    neurons,
    see_all,
    weight_and_bias,
)
from cnncalc.layers._explain import tally
from cnncalc.layers._fields import BIAS, Count, Switch
from cnncalc.layers._math import add_weighted, columns, from_columns, softmax, weigh

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cnncalc.shapes import Shape
    from cnncalc.tensor import Scalar, Tensor
    from cnncalc.window import Reach


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Attention(Layer):
    """Shape in is shape out; positions of a map are taken row by row.

    `attention 8` has 8 heads. `nobias` leaves out all biases, `noqkvbias` those of queries, keys
    and values, `noproject` the linear map of the result.

    >>> from cnncalc.shapes import Shape
    >>> layer, map_ = Attention(heads=4), Shape(64, (14, 14))
    >>> sum(parameter.size for parameter in layer.parameters(map_)), layer.macs(map_)
    (16640, 8128512)
    """

    heads: Count = 1
    bias: Switch = True
    qkv_bias: Switch = True
    project: Switch = True

    example: ClassVar[str | None] = "attention 8"
    positional: ClassVar[tuple[str, ...]] = ("heads",)
    letters: ClassVar[Names] = {"h": "heads"}
    other_names: ClassVar[Names] = {"num_heads": "heads"}
    words: ClassVar[Words] = {
        **BIAS,
        "noqkvbias": ("qkv_bias", False),
        "noproject": ("project", False),
    }
    work: ClassVar[Work] = "counted"
    multiplies_inputs: ClassVar[bool] = True
    family: ClassVar[Family] = "dense"

    def output_shape(self, *inputs: Shape) -> Shape:
        """The shape that came in. Raises UnplacedError where the heads do not divide it."""
        (shape,) = inputs
        if shape.channels % self.heads:
            raise UnplacedError(
                "heads",
                f"heads={self.heads} does not divide the {shape.channels} channels",
                field="heads",
                help="every head takes as many channels as the others",
            )
        return shape

    def parameters(self, *inputs: Shape) -> tuple[Parameter, ...]:
        """in_proj_weight (3E, E), rows q, k, v; in_proj_bias (3E); out_proj.weight and .bias."""
        e = inputs[0].channels
        stored = [Parameter("in_proj_weight", (3 * e, e))]
        if self.bias and self.qkv_bias:
            stored.append(Parameter("in_proj_bias", (3 * e,)))
        if self.project:
            output = weight_and_bias((e, e), (e,), self.bias)
            stored += [p._replace(name=f"out_proj.{p.name}") for p in output]
        return tuple(stored)

    def initial_bound(self, parameter: Parameter) -> float | None:
        """As PyTorch begins: Xavier for q, k, v, no biases, 1/sqrt(E) for the projection."""
        if parameter.is_bias:
            return 0.0
        rows, channels = parameter.dims
        return sqrt(6 / (rows + channels)) if rows > channels else 1 / sqrt(channels)

    def macs(self, *inputs: Shape) -> int:
        """Every weight works once at each position, and both products of the attention."""
        (shape,) = inputs
        length = shape.size // shape.channels
        return length * self._weights(shape) + 2 * length * length * shape.channels

    def _weights(self, shape: Shape) -> int:
        return (4 if self.project else 3) * shape.channels**2

    def connections(self, *inputs: Shape) -> int:
        """Every input number feeds every neuron: each query, key and value reads all channels."""
        (shape,) = inputs
        return shape.size * shape.size

    def reach(self, *inputs: Shape) -> tuple[tuple[Reach, ...], ...]:
        """The whole map."""
        return (see_all(inputs[0]),)

    def forward(
        self, inputs: Sequence[Tensor], parameters: Mapping[str, Sequence[Scalar]]
    ) -> Tensor:
        """Queries, keys and values; head by head the mixtures; the projection of them all."""
        (x,) = inputs
        e = x.shape.channels
        size = e // self.heads
        none = [0.0] * (3 * e)
        joint = parameters["in_proj_bias"] if self.bias and self.qkv_bias else none
        rows = [weigh(column, parameters["in_proj_weight"], joint) for column in columns(x)]
        mixed: list[list[Scalar]] = [[] for _ in rows]
        for first in range(0, e, size):
            queries, keys, values = (
                [row[at + first : at + first + size] for row in rows] for at in (0, e, 2 * e)
            )
            for query, mixture in zip(queries, mixed, strict=True):
                mixture.extend(_attend(query, keys, values))
        if self.project:
            bias = parameters["out_proj.bias"] if self.bias else [0.0] * e
            mixed = [weigh(column, parameters["out_proj.weight"], bias) for column in mixed]
        return from_columns(mixed, x.shape.spatial)

    def explain(self, *inputs: Shape) -> list[Step]:
        """Neurons, weights, biases, params, connections without and with biases, MACs."""
        (shape,) = inputs
        e, size = shape.channels, self._weights(shape)
        length = shape.size // e
        maps = size // (e * e)
        count = sum(p.size for p in self.parameters(shape) if p.is_bias)
        formula, numbers = (f"{count // e}·E", dotted(count // e, e)) if count else ("none", "0")
        links = dotted(shape.size, shape.size)
        work = f"{dotted(length, size)} + {dotted(2, length, length, e)}"
        macs = "L·weights + 2·L·L·E (the two products)"
        return [
            neurons(shape, "E"),
            *tally(
                Step("weights", "weights", f"{maps}·E·E", dotted(maps, e, e), size),
                Step("biases", "biases", formula, numbers, count),
                Step("connections", "connections", "inputs·neurons", links, shape.size**2),
                shape,
            ),
            Step("macs", "MACs", macs, work, self.macs(shape)),
        ]


def _attend(
    query: Sequence[Scalar], keys: Sequence[Sequence[Scalar]], values: Sequence[Sequence[Scalar]]
) -> list[Scalar]:
    """The values, each weighed by how well its key answers the query.

    >>> _attend([1.0], [[0.0], [0.0]], [[2.0], [4.0]])
    [3.0]
    """
    scale = sqrt(len(query))
    weights = softmax([add_weighted(0.0, query, key) / scale for key in keys])
    return [add_weighted(0.0, weights, column) for column in zip(*values, strict=True)]
