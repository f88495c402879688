"""Which part of the network's inputs one neuron looks at, followed back layer by layer."""

from __future__ import annotations

from math import ceil, floor
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnncalc.network import Network, Node
    from cnncalc.shapes import Shape
    from cnncalc.window import Reach

Box = tuple[tuple[int, int], ...]  # per spatial axis, the first and the last place


def seen(network: Network, node: Node, position: tuple[int, ...]) -> dict[str, Box]:
    """Per input of the network, the box of places that a position of a row depends on.

    The box is the smallest around all that reaches the position by any path, cut to the input;
    an input that no path leads to is left out.

    >>> from cnncalc.layers.conv import Conv
    >>> from cnncalc.network import chain
    >>> from cnncalc.shapes import Shape
    >>> net = chain("net", Shape(1, (5, 5)), [("c", Conv(filters=1, kernel=(3,)))])
    >>> seen(net, net.nodes[1], (0, 2))
    {'in': ((0, 2), (2, 4))}
    """
    boxes: dict[int, Box] = {node.index: tuple((place, place) for place in position)}
    for index in range(node.index, -1, -1):
        if index not in boxes:
            continue
        row = network.nodes[index]
        shapes = network.shapes_into(row)
        axes_of = row.layer.reach(*shapes) if row.inputs else ()
        for before, shape, axes in zip(row.inputs, shapes, axes_of, strict=True):
            box = _back(boxes[index], shape, axes)
            boxes[before] = _around(boxes[before], box) if before in boxes else box
    return {port.name: boxes[port.index] for port in network.inputs if port.index in boxes}


def _back(box: Box, shape: Shape, axes: Sequence[Reach] | None) -> Box:
    """The box of one input of a layer behind a box of its output."""
    whole = tuple((0, size - 1) for size in shape.spatial)
    if axes is None or (len(box) != shape.rank and any(reach.step for reach in axes)):
        return whole
    spans = box if len(box) == shape.rank else ((0, 0),) * shape.rank
    sides = zip(spans, axes, shape.spatial, strict=True)
    return tuple(_span(first, last, reach, size) for (first, last), reach, size in sides)


def _span(first: int, last: int, reach: Reach, size: int) -> tuple[int, int]:
    low, high = reach.step * first + reach.low, reach.step * last + reach.high
    return min(max(ceil(low), 0), size - 1), max(min(floor(high), size - 1), 0)


def _around(one: Box, other: Box) -> Box:
    sides = zip(one, other, strict=True)
    return tuple((min(a, c), max(b, d)) for (a, b), (c, d) in sides)
