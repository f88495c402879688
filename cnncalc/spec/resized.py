"""A network on an input of another size, without reading its layers again.

Only where that is sure to give what reading them again would: no expression asks for a height,
width, depth or length, no weights are written out or shared, and every tensor keeps its number
of channels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.errors import UnplacedError
from cnncalc.network import Input, Node
from cnncalc.spec.reads import variables_read

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cnncalc.layers._base import Layer
    from cnncalc.network import Network
    from cnncalc.shapes import Shape
    from cnncalc.spec.document import Document

SIZES = frozenset({"hin", "win", "din", "lin"})


def reads_sizes(document: Document) -> bool:
    """Whether any expression asks for the size of a tensor, other than its channels."""
    items = (document.body, *document.blocks.values(), *document.defaults.values())
    return not SIZES.isdisjoint(variables_read(items, document.blocks))


def resized(network: Network, inputs: Mapping[str, Shape]) -> Network | None:
    """The network on these inputs; None where its layers have to be read again.

    They have to be where a layer does not fit, too: what is wrong is said by those who read.
    What the network says of its origin (`overrides`) stays as it was.

    >>> from cnncalc.layers.conv import Conv
    >>> from cnncalc.network import chain
    >>> from cnncalc.shapes import Shape
    >>> net = chain("one", Shape(1, (32, 32)), [("C1", Conv(filters=6, kernel=(5,)))])
    >>> resized(net, {"in": Shape(1, (16, 20))}).nodes[-1].shape
    Shape(channels=6, spatial=(12, 16))
    >>> resized(net, {"in": Shape(1, (4, 4))}) is None
    True
    """
    try:
        nodes = tuple(_nodes(network, inputs))
    except UnplacedError:
        return None
    return network._replace(nodes=nodes) if len(nodes) == len(network.nodes) else None


def _nodes(network: Network, inputs: Mapping[str, Shape]) -> Iterator[Node]:
    """The nodes with new shapes, up to the first that cannot be sure of itself."""
    shapes: list[Shape] = []
    known: dict[tuple[Layer, tuple[Shape, ...]], Shape] = {}
    for node in network.nodes:
        layer = node.layer
        entering = tuple([shapes[index] for index in node.inputs])
        if not entering:
            shape = inputs[node.name]
            layer = Input(shape=shape)
        elif (layer, entering) in known:
            shape = known[layer, entering]
        else:
            shape = known[layer, entering] = layer.output_shape(*entering)
        alike = shape.channels == node.shape.channels and shape.rank == node.shape.rank
        if not alike or node.values or node.shared_with is not None:
            return
        shapes.append(shape)
        yield Node(node.index, node.name, layer, node.inputs, shape, *node[5:])
