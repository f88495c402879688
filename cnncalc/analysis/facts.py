"""The figures of one layer on given input shapes, computed where they are read, and cached.

Real networks repeat their layers (ResNet-152 has 514 rows but some 60 different layers), so rows
share these records. They hold nothing that depends on where in the network a row stands.
"""

from __future__ import annotations

from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, NamedTuple

from cnncalc.window import STILL

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cnncalc.layers._base import Layer, Role, Step
    from cnncalc.network import Network, Node
    from cnncalc.shapes import Shape
    from cnncalc.window import Reach


class Counts(NamedTuple):
    """What a layer stores and computes, for one sample; in the order of `report.Row`."""

    weights: int
    biases: int
    trainable: int
    buffers: int
    fixed: int
    connections: int
    connections_with_bias: int
    macs: int

    @property
    def params(self) -> int:
        """Learned parameters, frozen ones included: weights + biases."""
        return self.weights + self.biases


class Facts:
    """The figures of one layer on one set of input shapes, each computed when it is first read."""

    def __init__(self, layer: Layer, in_shapes: tuple[Shape, ...]) -> None:
        self.layer = layer
        self.in_shapes = in_shapes

    @cached_property
    def counts(self) -> Counts:
        """The counts where the layer owns its parameters and trains them.

        A learned parameter that is a bias counts as biases, every other learned one as weights.
        With biases, each neuron that reads inputs has one connection more (LeCun et al. 1998: C1
        has 28·28·6·(25 + 1) = 122,304).

        >>> from cnncalc.layers.conv import Conv
        >>> from cnncalc.shapes import Shape
        >>> facts = facts_of(Conv(filters=6, kernel=(5,)), (Shape(1, (32, 32)),))
        >>> facts.counts.connections_with_bias
        122304
        """
        layer, shapes = self.layer, self.in_shapes
        stored: dict[Role, int] = {"learned": 0, "statistic": 0, "fixed": 0}
        biases, has_bias = 0, False
        for parameter in layer.parameters(*shapes):
            size = parameter.size
            stored[parameter.role] += size
            if parameter.is_bias:
                has_bias = True
                biases += size if parameter.role == "learned" else 0
        links = layer.connections(*shapes)
        return Counts(
            weights=stored["learned"] - biases,
            biases=biases,
            trainable=stored["learned"],
            buffers=stored["statistic"],
            fixed=stored["fixed"],
            connections=links,
            connections_with_bias=links
            + (layer.output_shape(*shapes).size if has_bias and links else 0),
            macs=layer.macs(*shapes),
        )

    @cached_property
    def settings(self) -> Mapping[str, object]:
        """The layer's fields, with the sizes of the input put in."""
        return self.layer.settings(*self.in_shapes)

    @cached_property
    def unused(self) -> tuple[int, ...]:
        """Per axis, positions of the input behind the last window."""
        return self.layer.fit(*self.in_shapes)

    @cached_property
    def reach(self) -> tuple[tuple[Reach, ...] | None, ...] | None:
        """What an output reads; None where it reads only its own position, as in most rows."""
        reach = self.layer.reach(*self.in_shapes)
        still = all(axes is not None and all(axis == STILL for axis in axes) for axes in reach)
        return None if still else reach

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """The formulas behind the figures, with numbers put in."""
        return tuple(self.layer.explain(*self.in_shapes))


@lru_cache(maxsize=16384)
def facts_of(layer: Layer, shapes: tuple[Shape, ...]) -> Facts:
    """The figures of a layer on inputs of these shapes, the same record for equal layers.

    >>> from cnncalc.layers.relu import Relu
    >>> from cnncalc.shapes import Shape
    >>> facts_of(Relu(), (Shape(6),)) is facts_of(Relu(), (Shape(6),))
    True
    """
    return Facts(layer, shapes)


def counted(node: Node, facts: Facts) -> Counts:
    """What a row adds to the totals.

    Shared weights count 0 here and in full in the row that owns them; a frozen row trains nothing.
    """
    counts = facts.counts
    if node.elsewhere:
        counts = without(facts, node.elsewhere)
    if node.shared_with is not None:
        return counts._replace(weights=0, biases=0, trainable=0, buffers=0, fixed=0)
    return counts._replace(trainable=0) if node.frozen else counts


def without(facts: Facts, names: frozenset[str]) -> Counts:
    """The counts of a layer some of whose parameters are counted elsewhere.

    >>> from cnncalc.layers.conv import Conv
    >>> from cnncalc.shapes import Shape
    >>> facts = facts_of(Conv(filters=6, kernel=(5,)), (Shape(1, (32, 32)),))
    >>> without(facts, frozenset({"bias"})).params
    150
    """
    gone = {"weights": 0, "biases": 0, "trainable": 0, "buffers": 0, "fixed": 0}
    for parameter in facts.layer.parameters(*facts.in_shapes):
        if parameter.name in names:
            learned = "biases" if parameter.is_bias else "weights"
            place = {"learned": learned, "statistic": "buffers", "fixed": "fixed"}[parameter.role]
            gone[place] += parameter.size
            gone["trainable"] += parameter.size if parameter.role == "learned" else 0
    kept = {place: getattr(facts.counts, place) - size for place, size in gone.items()}
    return facts.counts._replace(**kept)


def all_facts(network: Network) -> list[Facts]:
    """The facts of every node, in order; equal layers on equal shapes share one record."""
    nodes = network.nodes
    # Many nodes hold the same layer object. Its id is a cheaper key than the layer, whose hash
    # covers all fields.
    known: dict[tuple[int, tuple[Shape, ...]], Facts] = {}
    facts = []
    for node in nodes:
        shapes = tuple([nodes[index].shape for index in node.inputs])
        key = id(node.layer), shapes
        fact = known.get(key)
        if fact is None:
            fact = known[key] = facts_of(node.layer, shapes)
        facts.append(fact)
    return facts
