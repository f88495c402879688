"""One neuron's arithmetic as data: what it reads, by what each number is multiplied, what comes.

The terms are found anew from the layer's settings, and their sum is held to what the forward
pass computed, so that a trace cannot tell another story than the numbers.
"""

from __future__ import annotations

from itertools import product
from math import fsum, isclose, isfinite
from typing import TYPE_CHECKING, NamedTuple

from cnncalc.errors import did_you_mean, failure
from cnncalc.layers._neuron import NeuronReading, NeuronTerm, NeuronView, position_at
from cnncalc.neuron_origin import neuron_origin
from cnncalc.tensor import Tensor, offset

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from cnncalc.errors import CnncalcError
    from cnncalc.inference.parameters import Parameters
    from cnncalc.inference.run import Pass
    from cnncalc.layers._base import Layer
    from cnncalc.network import Network, Node

Box = tuple[tuple[int, int], ...]  # per spatial axis, the first and the last place
TOLERANCE = 1e-5  # of the largest magnitude: what fast kernels promise


class AttachedValue(NamedTuple):
    """A norm or activation attached to the layer, and what it makes of the neuron."""

    name: str
    type: str
    value: float


class Trace(NamedTuple):
    """A neuron of a layer: `place` is its channel and its position.

    `field` is the part of the network's inputs that it depends on, an interval per axis;
    `gated` where a gate by global pooling, which scales the whole map, is on the way.
    """

    name: str
    type: str
    place: tuple[int, ...]
    reading: NeuronReading
    output: float
    after: tuple[AttachedValue, ...]
    field: Mapping[str, Box]
    gated: bool = False


def needed(network: Network, name: str) -> set[str]:
    """The rows whose tensors a trace of a row reads.

    >>> from cnncalc.layers.relu import Relu
    >>> from cnncalc.network import chain
    >>> from cnncalc.shapes import Shape
    >>> sorted(needed(chain("net", Shape(2), [("relu", Relu())]), "relu"))
    ['in', 'relu']
    """
    node = find(network, name)
    before = {network.nodes[index].name for index in node.inputs}
    return {node.name, *before, *(row.name for row in attached(network, node))}


def find(network: Network, name: str) -> Node:
    """The row of a name, or the last row of a part with that name. Raises CnncalcError.

    Rows that run only in training are not there to be found.
    """
    node = network.row(name)
    if node is None:
        message = f"the network has no layer '{name}'"
        names = [node.name for node in network.nodes]
        raise failure("unknown-layer", message, help=did_you_mean(name, names))
    if node.train_only:
        raise failure(
            "unknown-layer",
            f"'{name}' runs only in training, so it takes no part in a forward pass",
        )
    return node


def attached(network: Network, node: Node) -> Iterator[Node]:
    """The norms and activations written behind a layer, in order."""
    return (row for row in network.nodes if row.attached_to == node.index)


def trace(done: Pass, parameters: Parameters, name: str, place: tuple[int, ...]) -> Trace:
    """The arithmetic of one neuron; `done` has kept the rows of `needed`.

    Raises CnncalcError for layers and places that do not exist.

    >>> from cnncalc.inference.run import forward
    >>> from cnncalc.inference.parameters import gather
    >>> from cnncalc.layers.maxpool import MaxPool
    >>> from cnncalc.network import chain
    >>> from cnncalc.shapes import Shape
    >>> from cnncalc.tensor import Tensor
    >>> net = chain("net", Shape(1, (2,)), [("pool", MaxPool(kernel=(2,)))])
    >>> done = forward(net, {"in": Tensor(Shape(1, (2,)), [3.0, 5.0])}, gather(net), keep="all")
    >>> found = trace(done, gather(net), "pool", (0, 0))
    >>> found.reading.winner.value, found.field
    (5.0, {'in': ((0, 1),)})
    """
    node = find(done.network, name)
    check_place(node, place)
    return LayerTracer(done, parameters, node).at(place)


class LayerTracer:
    """The neurons of one layer, with its tensors and weights."""

    def __init__(self, done: Pass, parameters: Parameters, node: Node) -> None:
        self.done = done
        self.node = node
        network = done.network
        self.inputs = [done.tensor(network.nodes[index].name) for index in node.inputs]
        self.parameters = parameters.of(network, node)
        self.output = done.tensor(node.name)
        self.largest = max(map(abs, self.output.values))
        self.after = [(row, done.tensor(row.name)) for row in attached(network, node)]

    def at(self, place: tuple[int, ...]) -> Trace:
        """One neuron. Raises CnncalcError where its terms do not give what was computed."""
        node = self.node
        channel, *position = place
        neuron = NeuronView(self.inputs, self.parameters, self.output, channel, tuple(position))
        reading = node.layer.trace(neuron) or _followed(node.layer, neuron)
        value = value_at(self.output, place)
        self._check(place, reading, value)
        after = tuple(
            AttachedValue(row.name, row.layer.type, value_at(tensor, place))
            for row, tensor in self.after
            if tensor.shape == self.output.shape
        )
        network = self.done.network
        origins = neuron_origin(network, node.index, place[1:])
        field = {
            port.name: origins.of[port.index].box
            for port in network.inputs
            if port.index in origins.of
        }
        return Trace(node.name, node.layer.type, place, reading, value, after, field, origins.gated)

    def _check(self, place: tuple[int, ...], reading: NeuronReading, value: float) -> None:
        """Raise CnncalcError where the story and the number disagree."""
        told = reading.result
        if told is None or not isfinite(told) or not isfinite(self.largest):
            return
        scale = max(self.largest, fsum(abs(term.product) for term in reading.terms))
        if not isclose(told, value, rel_tol=0.0, abs_tol=TOLERANCE * scale):
            raise _disagreement(self.node, place, told, value)


def _followed(layer: Layer, neuron: NeuronView) -> NeuronReading:
    """What a neuron reads whose layer type shows no arithmetic.

    A number that is only moved is followed to where it came from; of others, all that the layer
    says they read is shown.
    """
    if layer.work == "none" and not neuron.parameters:
        origin = _origin(layer, neuron)
        if origin is not None:
            return NeuronReading("moved", (origin,))
    shapes = [tensor.shape for tensor in neuron.inputs]
    reads = layer.reads((neuron.channel, *neuron.position), *shapes)
    terms = (
        NeuronTerm(source, channel, tuple(at), value_at(neuron.inputs[source], (channel, *at)))
        for source, axes in enumerate(reads)
        for channel, *at in product(*axes)
    )
    return NeuronReading("changed", tuple(terms))


def _origin(layer: Layer, neuron: NeuronView) -> NeuronTerm | None:
    """Where a number came from, if it arrived unchanged.

    The layer is run on numbers that name their own places; one that comes out whole and carries
    the value that is found at its place has been moved and nothing else.
    """
    named, start = [], 0
    for shape, values in neuron.inputs:
        named.append(Tensor(shape, [float(i) for i in range(start, start + len(values))]))
        start += len(values)
    index = layer.forward(named, {}).values[neuron.place]
    if index != int(index) or not 0 <= index < start:
        return None
    index, source = int(index), 0
    while index >= len(neuron.inputs[source].values):
        index -= len(neuron.inputs[source].values)
        source += 1
    shape, values = neuron.inputs[source]
    channel, *at = position_at(index, shape.view("CHW"))
    moved = values[index] == neuron.output.values[neuron.place]
    return NeuronTerm(source, channel, tuple(at), values[index]) if moved else None


def value_at(tensor: Tensor, place: tuple[int, ...]) -> float:
    """The number at a channel and a position.

    >>> from cnncalc.shapes import Shape
    >>> from cnncalc.tensor import Tensor
    >>> value_at(Tensor(Shape(2, (2,)), [1.0, 2.0, 3.0, 4.0]), (1, 0))
    3.0
    """
    return float(tensor.values[offset(place, tensor.shape.view("CHW"))])


def check_place(node: Node, place: Sequence[int]) -> None:
    """Raise CnncalcError for a place that the layer's output does not have.

    >>> from cnncalc.network import Input, Node
    >>> from cnncalc.shapes import Shape
    >>> check_place(Node(0, "in", Input(shape=Shape(3)), (), Shape(3)), (3,))
    Traceback (most recent call last):
        ...
    cnncalc.errors.CnncalcError: no-neuron: in has no neuron 3: K run from 0 to 2
    """
    sizes = node.shape.view("CHW")
    if len(place) == len(sizes) and all(at < size for at, size in zip(place, sizes, strict=True)):
        return
    letters = ["K", *(letter.upper() for letter in node.shape.axes)]
    axes = {"H": "Y", "W": "X", "L": "X", "D": "Z"}
    order = ",".join(axes.get(letter, letter) for letter in letters)
    most = ",".join(str(size - 1) for size in sizes)
    given = ",".join(map(str, place))
    message = f"{node.name} has no neuron {given}: {order} run from 0 to {most}"
    raise failure("no-neuron", message)


def _disagreement(node: Node, place: tuple[int, ...], told: float, value: float) -> CnncalcError:
    message = f"{node.name} {place}: its terms give {told!r}, the forward pass gave {value!r}"
    help_ = "this is a mistake in cnncalc; please report the network"
    return failure("wrong-trace", message, node.span, help=help_)
