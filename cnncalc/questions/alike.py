"""Networks as they are at inference, so that a spec and what an exporter wrote of it compare.

`fused` folds the batch norms into the layers before them, as exporters and deployment tools do;
`at_inference` also leaves out what does nothing there and writes what is the same in one way.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from cnncalc.layers import layer_type

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cnncalc.layers._base import Layer
    from cnncalc.network import Network, Node

WITH_BIAS = frozenset({"conv", "dwconv", "conv_transpose", "fc", "linear"})
GATED = {"sigmoid": "silu", "hsigmoid": "hswish"}  # x times this of x
NOTHING = frozenset({"dropout", "identity", "flatten"})
POOLS = {"avgpool": "gap", "maxpool": "gmp"}  # of the whole map


def fused(network: Network) -> Network:
    """The network with its batch norms folded into the layers before them, which get a bias.

    A norm that follows no convolution or fully connected layer, or one whose output is read
    elsewhere too, stays.

    >>> from cnncalc import analyze, load
    >>> analyze(fused(load("yolov5s"))).totals.params
    7225885
    """
    return _Rewriting(network, [_norm]).result()


def at_inference(network: Network) -> Network:
    """The network in the form in which networks that compute the same are compared.

    Batch norms are folded. Dropout, identity, flatten, pooling of single cells, and adaptive
    pooling to the size that is there are gone. Pooling of the whole map is `gap` or `gmp`,
    `linear` over a vector is `fc`, a `concat` of a `concat` is one, x·sigmoid(x) is `silu`, one
    group a channel is `dwconv`, and where learned factors begin does not count. Norms and
    activations are attached to the layer that they alone read.
    """
    steps = [_norm, _nothing, _whole_map, _vector, _gate, _joined, _same_by_another_name]
    return _attached(_Rewriting(network, steps).result())


Rule: TypeAlias = "Callable[[_Rewriting, Node], Node | int]"


class _Rewriting:
    """A network written anew, row by row; each rule may change a row, or put it out.

    A rule gets the rewriting and a row whose inputs are already those of the new network. It
    returns the row, or the index of a new row that stands in its place.
    """

    def __init__(self, network: Network, rules: Sequence[Rule]) -> None:
        self.old = network
        self.rules = rules
        self.nodes: list[Node] = []
        self.places: dict[int, int] = {}  # of the old rows among the new ones
        read = [index for node in network.nodes for index in node.inputs]
        self.readers = Counter([*read, *network.outputs])
        self.origins: list[int] = []  # of the new rows among the old ones, as last rewritten

    def result(self) -> Network:
        """The new network, without rows that nothing reads any more."""
        for node in self.old.nodes:
            self.places[node.index] = self._placed(node)
        outputs = tuple(dict.fromkeys(self.places[index] for index in self.old.outputs))
        return _pruned(self.old._replace(nodes=tuple(self.nodes), outputs=outputs, expect=()))

    def _placed(self, node: Node) -> int:
        inputs = tuple(self.places[index] for index in node.inputs)
        new = node._replace(
            index=len(self.nodes),
            inputs=inputs,
            attached_to=None if node.attached_to is None else self.places[node.attached_to],
            shared_with=None if node.shared_with is None else self.places[node.shared_with],
            tied_to=None if node.tied_to is None else self.places[node.tied_to],
        )
        for rule in self.rules:
            found = rule(self, new) if new.inputs else new
            if isinstance(found, int):
                self.origins[found] = node.index
                return found
            new = found
        if new.inputs:
            new = new._replace(shape=new.layer.output_shape(*self.shapes(new)))
        self.nodes.append(new)
        self.origins.append(node.index)
        return new.index

    def shapes(self, node: Node) -> tuple:  # type: ignore[type-arg]
        """The shapes that a row reads."""
        return tuple(self.nodes[index].shape for index in node.inputs)

    def alone(self, index: int) -> bool:
        """Whether a single row reads a new row."""
        return self.readers[self.origins[index]] == 1


def _norm(rows: _Rewriting, node: Node) -> Node | int:
    """A batch norm goes into the layer before it, whose bias it becomes."""
    if node.layer.type != "bn" or not rows.alone(node.inputs[0]):
        return node
    before = rows.nodes[node.inputs[0]]
    if before.layer.type not in WITH_BIAS or node.train_only != before.train_only:
        return node
    with_bias: Layer = replace(before.layer, bias=True)  # type: ignore[type-var]
    rows.nodes[before.index] = before._replace(layer=with_bias, values=None)
    return before.index


def _nothing(rows: _Rewriting, node: Node) -> Node | int:
    """What leaves every number as it is."""
    (shape, *_), layer = rows.shapes(node), node.layer
    source = node.inputs[0]
    if layer.type in NOTHING:
        return source
    if layer.type in POOLS and layer.output_shape(shape) == shape:
        windows = layer.windows(shape)  # type: ignore[attr-defined]
        return source if all(window.kernel == 1 for window in windows) else node
    if layer.type == "adaptivepool" and layer.output_shape(shape) == shape:
        return source
    if layer.type == "reshape" and not layer.output_shape(shape).rank:
        return source
    return node


def _whole_map(rows: _Rewriting, node: Node) -> Node | int:
    """One window over the whole map, by whatever name."""
    layer, shape = node.layer, rows.shapes(node)[0]
    if layer.type == "adaptivepool" and set(getattr(layer, "size", ())) == {1}:
        kind = "gap" if getattr(layer, "kind", "avg") == "avg" else "gmp"
        return node._replace(layer=layer_type(kind)())
    if layer.type in POOLS and set(layer.output_shape(shape).spatial) == {1}:
        windows = layer.windows(shape)  # type: ignore[attr-defined]
        plain = [
            w.kernel == size and not w.begin for w, size in zip(windows, shape.spatial, strict=True)
        ]
        if all(plain) and getattr(layer, "divisor_override", None) is None:
            return node._replace(layer=layer_type(POOLS[layer.type])())
    return node


def _vector(rows: _Rewriting, node: Node) -> Node | int:
    """`linear` over one position is fully connected."""
    shape = rows.shapes(node)[0]
    if node.layer.type != "linear" or shape.size != shape.channels or shape.rank:
        return node
    units, bias = getattr(node.layer, "units", 0), getattr(node.layer, "bias", True)
    connected: Callable[..., Layer] = layer_type("fc")
    return node._replace(layer=connected(units=units, bias=bias))


def _gate(rows: _Rewriting, node: Node) -> Node | int:
    """x times a sigmoid of x."""
    if node.layer.type != "mul" or len(node.inputs) != 2:  # noqa: PLR2004 - x and its gate
        return node
    for one, other in (node.inputs, node.inputs[::-1]):
        gate = rows.nodes[other]
        if gate.layer.type in GATED and gate.inputs == (one,):
            return node._replace(layer=layer_type(GATED[gate.layer.type])(), inputs=(one,))
    return node


def _joined(rows: _Rewriting, node: Node) -> Node | int:
    """A concatenation of what was concatenated along the same axis."""
    if node.layer.type != "concat":
        return node
    inputs: list[int] = []
    for index in node.inputs:
        before = rows.nodes[index]
        inputs += before.inputs if before.layer == node.layer else (index,)
    return node._replace(inputs=tuple(inputs))


def _same_by_another_name(rows: _Rewriting, node: Node) -> Node | int:
    """Layer types that are special cases of others, and the order of what is multiplied."""
    layer, shapes = node.layer, rows.shapes(node)
    if layer.type == "gamma":
        return node._replace(layer=layer_type("scale")())
    if layer.type == "scale":
        return node._replace(layer=replace(layer, initial=1.0))  # type: ignore[type-var]
    if layer.type in {"clip", "hardtanh"}:
        return node._replace(layer=_bounded(layer))
    if layer.type == "conv" and getattr(layer, "groups", 1) == shapes[0].channels > 1:
        return node._replace(layer=_depthwise(layer, shapes[0].channels))
    if layer.type == "mul":
        order = sorted(node.inputs, key=lambda index: -rows.nodes[index].shape.size)
        return node._replace(inputs=tuple(order))
    return node


def _bounded(layer: Any) -> Layer:
    """What holds numbers within bounds as the layer type of these bounds, where there is one."""
    bounds = layer.low, layer.high
    named = {(0, 6): "relu6", (0, None): "relu"}
    if bounds in named:
        return layer_type(named[bounds])()
    kind: Any = layer_type("clip" if None in bounds else "hardtanh")
    return cast("Layer", kind(low=layer.low, high=layer.high))


def _depthwise(layer: Any, channels: int) -> Layer:
    """A convolution with one group a channel as the layer type of that name, where it can be."""
    special = layer.table is not None or layer.standardize != "none"
    if special or layer.filters % channels:
        return layer  # type: ignore[no-any-return]
    same = ("kernel", "stride", "padding", "dilation", "bias", "padding_mode")
    fields = {name: getattr(layer, name) for name in same}
    depthwise: Callable[..., Layer] = layer_type("dwconv")
    return depthwise(multiplier=layer.filters // channels, **fields)


def _pruned(network: Network) -> Network:
    """The network without the rows that lead to no output; their numbers close up."""
    needed = {node.index for node in network.inputs} | set(network.outputs)
    for node in reversed(network.nodes):
        if node.index in needed:
            needed.update(node.inputs)
    places = {old: new for new, old in enumerate(sorted(needed))}
    nodes = tuple(
        node._replace(
            index=places[node.index],
            inputs=tuple(places[index] for index in node.inputs),
            attached_to=places.get(node.attached_to) if node.attached_to is not None else None,
            shared_with=places.get(node.shared_with) if node.shared_with is not None else None,
            tied_to=places.get(node.tied_to) if node.tied_to is not None else None,
        )
        for node in network.nodes
        if node.index in needed
    )
    outputs = tuple(places[index] for index in network.outputs)
    return network._replace(nodes=nodes, outputs=outputs, groups=None)


def _attached(network: Network) -> Network:
    """Every norm and activation attached to the layer before it, if it alone reads that."""
    read = [index for node in network.nodes for index in node.inputs]
    readers = Counter([*read, *network.outputs])
    nodes: list[Node] = []
    for node in network.nodes:
        owner = None
        if node.layer.attaches and len(node.inputs) == 1 and readers[node.inputs[0]] == 1:
            before = nodes[node.inputs[0]]
            if before.layer.type not in {"input", "unknown"}:
                owner = before.index if before.attached_to is None else before.attached_to
        nodes.append(node._replace(attached_to=owner))
    return network._replace(nodes=tuple(nodes))
