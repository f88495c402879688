"""Recurrent layers: one cell carried along a sequence: forward, backward, or both ways.

Input (I, T), output (D·H, T): the state after every step, of D directions with H units each, or
only the last one. Layer by layer, the second reading what the first gave at every step.
"""

from __future__ import annotations

from abc import abstractmethod
from math import prod, sqrt
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from cnncalc.errors import UnplacedError
from cnncalc.layers import _explain
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
)
from cnncalc.layers._explain import axis_steps, tally
from cnncalc.layers._fields import BIAS
from cnncalc.shapes import Shape
from cnncalc.tensor import Tensor

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cnncalc.tensor import Scalar
    from cnncalc.window import Reach


class Cell(NamedTuple):
    """The numbers of one direction of one layer, by where they act: input or state."""

    weight_ih: Sequence[Scalar]
    weight_hh: Sequence[Scalar]
    bias_ih: Sequence[Scalar]
    bias_hh: Sequence[Scalar]


class Recurrent(Layer):
    """What `lstm`, `gru` and `rnn` share; each adds its gates and its step."""

    __slots__ = ()

    units: int
    layers: int
    bidirectional: bool
    reverse: bool
    bias: bool
    last: bool
    biases: int

    positional: ClassVar[tuple[str, ...]] = ("units",)
    letters: ClassVar[Names] = {"k": "units"}
    other_names: ClassVar[Names] = {"hidden_size": "units", "num_layers": "layers"}
    words: ClassVar[Words] = {
        **BIAS,
        "bidirectional": ("bidirectional", True),
        "last": ("last", True),
        "reverse": ("reverse", True),
    }
    work: ClassVar[Work] = "counted"
    family: ClassVar[Family] = "dense"
    gates: ClassVar[int]  # rows of the weights for one unit
    keras_biases: ClassVar[str]  # how Keras counts two biases

    @abstractmethod
    def step(
        self, cell: Cell, x: Sequence[Scalar], state: tuple[list[Scalar], ...]
    ) -> tuple[list[Scalar], ...]:
        """The state after one step, its first part being the output."""

    @property
    def states(self) -> int:
        """How many vectors a cell carries along."""
        return 1

    @property
    def directions(self) -> int:
        """1, or 2 where the sequence is read backward as well."""
        return 2 if self.bidirectional else 1

    @property
    def ways(self) -> tuple[tuple[str, bool], ...]:
        """For each direction the end of its parameters' names, and whether it reads backward."""
        return (("", self.reverse), ("_reverse", True))[: self.directions]

    def output_shape(self, *inputs: Shape) -> Shape:
        """A column of D·H for every step, or for the last alone.

        Raises UnplacedError for what is no sequence, for one bias of none, or for `reverse` where
        both ways are read.
        """
        (shape,) = inputs
        if self.reverse and self.bidirectional:
            raise UnplacedError(
                "both-ways",
                f"a bidirectional {self.type} reads both ways, reverse one way alone",
                field="reverse",
                help="leave out reverse, or bidirectional",
            )
        if self.biases == 1 and not self.bias:
            raise UnplacedError(
                "wrong-biases",
                f"biases=1 is one bias a unit, but this {self.type} has none",
                field="biases",
                help="leave out biases=1, or nobias",
            )
        length, channels = self._length(shape), self.directions * self.units
        return Shape(channels) if self.last else Shape(channels, (length,))

    def _length(self, shape: Shape) -> int:
        """How many steps the sequence has. Raises UnplacedError for what is no sequence."""
        if shape.rank != 1:
            raise UnplacedError(
                "no-sequence",
                f"{self.type} reads a sequence, length x channels; its input is {shape}",
                help=_as_sequence(shape),
            )
        return shape.spatial[0]

    def parameters(self, *inputs: Shape) -> tuple[Parameter, ...]:
        """Per layer and direction weight_ih (g·H, I), weight_hh (g·H, H) and its biases (g·H).

        Two are bias_ih and bias_hh; the only one is bias.
        """
        rows = self.gates * self.units
        stored = []
        for suffix, size in self._cells(inputs[0]):
            stored += [
                Parameter(f"weight_ih_{suffix}", (rows, size)),
                Parameter(f"weight_hh_{suffix}", (rows, self.units)),
            ]
            stored += [Parameter(f"{name}_{suffix}", (rows,)) for name in self.bias_names]
        return tuple(stored)

    @property
    def bias_names(self) -> tuple[str, ...]:
        """What the biases of a cell are called, before the layer's number: none, one or two."""
        if not self.bias:
            return ()
        return ("bias",) if self.biases == 1 else ("bias_ih", "bias_hh")

    def _cells(self, shape: Shape) -> list[tuple[str, int]]:
        """The end of its parameters' names, and the size of its input, cell by cell."""
        sizes = enumerate(self._input_sizes(shape))
        return [(f"l{layer}{end}", size) for layer, size in sizes for end, _ in self.ways]

    def initial_bound(self, parameter: Parameter) -> float | None:
        """1/sqrt(H) for everything, as PyTorch begins."""
        return 1 / sqrt(self.units)

    def macs(self, *inputs: Shape) -> int:
        """Every weight works once a step; products of gates and states are not counted."""
        length = self._length(inputs[0])
        return length * self._weights(inputs[0])

    def _weights(self, shape: Shape) -> int:
        return sum(p.size for p in self.parameters(shape) if not p.is_bias)

    def connections(self, *inputs: Shape) -> int:
        """Inputs that feed each neuron: all of the sequence up to its step, seen its way."""
        length = self._length(inputs[0])
        return inputs[0].channels * self.units * self._steps_read(length)

    def _steps_read(self, length: int) -> int:
        """How many input steps one unit's outputs depend on, summed over outputs and directions."""
        if self.last:
            return self.directions * length
        if self._sees_all:
            return self.directions * length * length
        return self.directions * length * (length + 1) // 2  # 1 + 2 + ... + length

    @property
    def _sees_all(self) -> bool:
        """Whether every output depends on every step: above a layer that reads both ways."""
        return self.bidirectional and self.layers > 1

    def reach(self, *inputs: Shape) -> tuple[tuple[Reach, ...], ...]:
        """The whole sequence: the unit that sees most sees all of it."""
        return (see_all(inputs[0]),)

    def reads(
        self, neuron: tuple[int, ...], *inputs: Shape
    ) -> tuple[tuple[Sequence[int], ...], ...]:
        """Every channel, from the first step to its own, or from its own to the last."""
        channels, (length,) = range(inputs[0].channels), inputs[0].spatial
        if self._sees_all or self.last:
            return ((channels, range(length)),)
        unit, place = neuron
        _, backward = self.ways[unit // self.units]
        return ((channels, range(place, length) if backward else range(place + 1)),)

    def forward(
        self, inputs: Sequence[Tensor], parameters: Mapping[str, Sequence[Scalar]]
    ) -> Tensor:
        """Layer by layer: the cell carried along the sequence, once for every direction."""
        (x,) = inputs
        (length,) = x.shape.spatial
        columns = [list(x.values[place::length]) for place in range(length)]
        for layer in range(self.layers):
            ways = []
            for end, backward in self.ways:
                cell, order = self._cell(parameters, f"l{layer}{end}"), -1 if backward else 1
                ways.append(self._run(columns[::order], cell)[::order])
            columns = [[v for part in parts for v in part] for parts in zip(*ways, strict=True)]
        out = self.output_shape(x.shape)
        if self.last:  # each direction's last step: a backward one ends at the first place
            ends = [columns[0 if backward else -1] for _, backward in self.ways]
            places = [range(k * self.units, (k + 1) * self.units) for k in range(self.directions)]
            return Tensor(out, [c[k] for c, at in zip(ends, places, strict=True) for k in at])
        return Tensor(out, [value for row in zip(*columns, strict=True) for value in row])

    def _cell(self, parameters: Mapping[str, Sequence[Scalar]], suffix: str) -> Cell:
        none = [0.0] * (self.gates * self.units)
        biases = [parameters[f"{name}_{suffix}"] for name in self.bias_names]
        weights = (parameters[f"weight_{at}_{suffix}"] for at in ("ih", "hh"))
        return Cell(*weights, *biases, *[none] * (2 - len(biases)))

    def _run(self, columns: Sequence[list[Scalar]], cell: Cell) -> list[list[Scalar]]:
        """The output after each step, from a state of zeros."""
        state: tuple[list[Scalar], ...] = ([0.0] * self.units,) * self.states
        outputs = []
        for column in columns:
            state = self.step(cell, column, state)
            outputs.append(state[0])
        return outputs

    def explain(self, *inputs: Shape) -> list[Step]:
        """Output, neurons, weights, biases, params, connections without and with biases, MACs."""
        (shape,) = inputs
        out, (length,) = self.output_shape(shape), shape.spatial
        g, h, d = self.gates, self.units, self.directions
        count = self._weights(shape)
        sums = " + ".join(f"{d}·{g}·{h}·({size} + {h})" for size in self._input_sizes(shape))
        weights = Step("weights", "weights", f"D·{g}·H·(I + H), each layer", sums, count)
        stored = len(self.bias_names)
        told = {0: "none", 1: f"D·{g}·H a layer", 2: f"2·D·{g}·H a layer{self.keras_biases}"}
        numbers = dotted(*[2] * (stored > 1), d, g, h, self.layers) if stored else "0"
        biases = Step("biases", "biases", told[stored], numbers, stored * d * g * h * self.layers)
        read, seen = self._steps_read(length), "from" if self.reverse else "up to"
        links = Step(
            "connections",
            "connections",
            f"inputs {seen} a neuron's step, summed over the neurons",
            dotted(shape.channels, h, read),
            self.connections(shape),
        )
        return [
            *axis_steps(out, [("L", f"{length}")] * out.rank),
            _explain.channels("D·H", dotted(d, h), out.channels),
            neurons(out, "D·H"),
            *tally(weights, biases, links, out),
            Step("macs", "MACs", "L·weights", dotted(length, count), self.macs(shape)),
        ]

    def _input_sizes(self, shape: Shape) -> list[int]:
        """What one direction of each layer reads at a step."""
        return [shape.channels] + [self.directions * self.units] * (self.layers - 1)


def _as_sequence(shape: Shape) -> str:
    """How to make a sequence of a map or a vector."""
    if not shape.rank:
        return f"make it one first, such as reshape {shape.channels}x1"
    *before, length = shape.spatial
    rows = prod(before)
    if rows == 1:
        return f"make it one first: reshape {length}x{shape.channels}"
    return (
        f"make it one first: pool the height to 1, or reshape {length}x{rows * shape.channels} "
        "to put the rows into the channels"
    )
