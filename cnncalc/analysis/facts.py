"""The figures of one layer on given input shapes, computed once and cached.

Real networks repeat their layers (ResNet-152 has 514 rows but some 60 different layers), so rows
share these records. They hold nothing that depends on where in the network a row stands.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from cnncalc.window import STILL

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cnncalc.layers._base import Layer, Role, Step
    from cnncalc.network import Network
    from cnncalc.shapes import Shape
    from cnncalc.window import Reach


class Facts(NamedTuple):
    """The figures of one layer on one set of input shapes; counts are for one sample.

    `reach` is None where each output reads only its own position in every input.
    """

    in_shapes: tuple[Shape, ...]
    weights: int
    biases: int
    buffers: int
    fixed: int
    connections: int
    connections_with_bias: int
    macs: int
    settings: Mapping[str, object]
    unused: tuple[int, ...]
    reach: tuple[tuple[Reach, ...] | None, ...] | None
    steps: tuple[Step, ...]

    @property
    def learned(self) -> int:
        """Weights and biases."""
        return self.weights + self.biases


@lru_cache(maxsize=16384)
def facts_of(layer: Layer, shapes: tuple[Shape, ...], *, formulas: bool = False) -> Facts:
    """The figures of a layer; `steps` are filled only with `formulas`.

    A learned parameter that is a bias counts as biases, every other learned one as weights.
    With biases, each neuron that reads inputs has one connection more (LeCun et al. 1998: C1 has
    28·28·6·(25 + 1) = 122,304).

    >>> from cnncalc.layers.conv import Conv
    >>> from cnncalc.shapes import Shape
    >>> facts_of(Conv(filters=6, kernel=(5,)), (Shape(1, (32, 32)),)).connections_with_bias
    122304
    """
    parameters = layer.parameters(*shapes)
    stored: dict[Role, int] = {"learned": 0, "statistic": 0, "fixed": 0}
    biases, has_bias = 0, False
    for parameter in parameters:
        size = parameter.size
        stored[parameter.role] += size
        if parameter.is_bias:
            has_bias = True
            biases += size if parameter.role == "learned" else 0
    links = layer.connections(*shapes)
    return Facts(
        in_shapes=shapes,
        weights=stored["learned"] - biases,
        biases=biases,
        buffers=stored["statistic"],
        fixed=stored["fixed"],
        connections=links,
        connections_with_bias=links
        + (layer.output_shape(*shapes).size if has_bias and links else 0),
        macs=layer.macs(*shapes),
        settings=layer.settings(*shapes),
        unused=layer.fit(*shapes),
        reach=_moving(layer.reach(*shapes)),
        steps=tuple(layer.explain(*shapes)) if formulas else (),
    )


def without(facts: Facts, layer: Layer, names: frozenset[str]) -> Facts:
    """The facts of a layer some of whose parameters are counted elsewhere.

    >>> from cnncalc.layers.conv import Conv
    >>> from cnncalc.shapes import Shape
    >>> conv, shapes = Conv(filters=6, kernel=(5,)), (Shape(1, (32, 32)),)
    >>> without(facts_of(conv, shapes), conv, frozenset({"bias"})).learned
    150
    """
    gone = {"weights": 0, "biases": 0, "buffers": 0, "fixed": 0}
    for parameter in layer.parameters(*facts.in_shapes):
        if parameter.name in names:
            learned = "biases" if parameter.is_bias else "weights"
            place = {"learned": learned, "statistic": "buffers", "fixed": "fixed"}[parameter.role]
            gone[place] += parameter.size
    return facts._replace(**{place: getattr(facts, place) - size for place, size in gone.items()})


def all_facts(network: Network, *, formulas: bool = False) -> list[Facts]:
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
            fact = known[key] = facts_of(node.layer, shapes, formulas=formulas)
        facts.append(fact)
    return facts


def _moving(
    reach: tuple[tuple[Reach, ...] | None, ...],
) -> tuple[tuple[Reach, ...] | None, ...] | None:
    """The reach, or None where outputs read only their own position, as in most rows."""
    still = all(axes is not None and all(axis == STILL for axis in axes) for axes in reach)
    return None if still else reach
