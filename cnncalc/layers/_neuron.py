"""One neuron's arithmetic as data: the numbers it reads, their weights, and how they are joined.

A layer type's `trace` gets a NeuronView and returns a NeuronReading. Only a trace of the forward
pass imports this module; the layer types name it in annotations alone.
"""

from __future__ import annotations

from itertools import product
from math import fsum
from typing import TYPE_CHECKING, Literal, NamedTuple

from cnncalc.tensor import offset

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from cnncalc.shapes import Shape
    from cnncalc.tensor import Tensor

# How the terms become the neuron: their weighted sum; the sum of their squared distances from
# the weights; their largest; their mean or sum; or the number found there, passed on or changed.
Rule = Literal["weighted", "squares", "max", "mean", "sum", "moved", "changed"]


class NeuronTerm(NamedTuple):
    """A number read: of which input (from 0), channel and position; None in the padding."""

    source: int
    channel: int
    at: tuple[int, ...] | None
    value: float
    weight: float | None = None
    squared: bool = False

    @property
    def product(self) -> float:
        """What it adds to the sum."""
        if self.weight is None:
            return self.value
        return (self.value - self.weight) ** 2 if self.squared else self.value * self.weight


class NeuronReading(NamedTuple):
    """The terms of one neuron, channel by channel, `window` being the sizes of one channel's.

    The result is bias + factor x (the terms joined by the rule), or None where the rule does
    not tell it (`changed`).
    """

    rule: Rule
    terms: tuple[NeuronTerm, ...]
    window: tuple[int, ...] = ()
    bias: float | None = None
    factor: float | None = None
    divisor: int | None = None

    @property
    def sum(self) -> float:
        """The exact sum of what the terms add, rounded once."""
        return fsum(term.product for term in self.terms)

    @property
    def winner(self) -> NeuronTerm | None:
        """The first of the largest terms; None where there is none, or the rule is another."""
        inside = [term for term in self.terms if term.at is not None]
        return max(inside, key=lambda term: term.value) if self.rule == "max" and inside else None

    @property
    def result(self) -> float | None:
        """What the terms give."""
        if self.rule == "changed":
            return None
        if self.rule == "max":
            return self.winner.value if self.winner else float("-inf")
        total = self.sum if self.divisor is None else self.sum / self.divisor
        return total * (1.0 if self.factor is None else self.factor) + (self.bias or 0.0)


class NeuronView(NamedTuple):
    """A neuron, its channel and its position, and the tensors of its layer."""

    inputs: Sequence[Tensor]
    parameters: Mapping[str, Sequence[float]]
    output: Tensor
    channel: int
    position: tuple[int, ...]

    @property
    def shape(self) -> Shape:
        """The shape of the layer's only input."""
        return self.inputs[0].shape

    @property
    def place(self) -> int:
        """Where the neuron lies in the flat list of the output."""
        return offset((self.channel, *self.position), self.output.shape.view("CHW"))

    def bias(self, index: int) -> float | None:
        """A number of the parameter `bias`; None where the layer has no such parameter."""
        return self.parameters["bias"][index] if "bias" in self.parameters else None

    def term(self, channel: int, tap: int | None, weight: float | None = None) -> NeuronTerm:
        """The number at a place of a plane of the only input; None is a place in the padding."""
        shape, values = self.inputs[0]
        if tap is None:
            return NeuronTerm(0, channel, None, 0.0, weight)
        size = shape.size // shape.channels
        position = position_at(tap, shape.spatial)
        return NeuronTerm(0, channel, position, values[channel * size + tap], weight)

    def unweighted(self, taps: Iterable[int | None]) -> tuple[NeuronTerm, ...]:
        """The numbers at these places of the neuron's own channel."""
        return tuple(self.term(self.channel, tap) for tap in taps)

    def weighted(
        self, channels: Sequence[int], taps: Sequence[int | None], first: int
    ) -> tuple[NeuronTerm, ...]:
        """The numbers at these places, channel by channel.

        Their weights follow each other in the parameter `weight`, from index `first` on.
        """
        stop = first + len(channels) * len(taps)
        pairs = zip(product(channels, taps), self.parameters["weight"][first:stop], strict=True)
        return tuple(self.term(channel, tap, weight) for (channel, tap), weight in pairs)

    def block(self, axes: Sequence[Sequence[int]]) -> list[int]:
        """The places of a plane that lie in a block, given by what it covers of each axis."""
        return [offset(at, self.shape.spatial) for at in product(*axes)]

    def reading(
        self,
        rule: Rule,
        terms: tuple[NeuronTerm, ...],
        window: tuple[int, ...] = (),
        bias: float | None = None,
        factor: float | None = None,
        divisor: int | None = None,
    ) -> NeuronReading:
        """A NeuronReading, for layer types, which do not import it."""
        return NeuronReading(rule, terms, window, bias, factor, divisor)


def position_at(index: int, sizes: tuple[int, ...]) -> tuple[int, ...]:
    """The position that lies at an index: the inverse of `offset`.

    >>> position_at(7, (4, 5))
    (1, 2)
    """
    position = []
    for size in reversed(sizes):
        index, at = divmod(index, size)
        position.append(at)
    return tuple(reversed(position))
