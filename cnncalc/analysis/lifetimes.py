"""Which tensors are alive when: from the row that makes a tensor to the last that reads it.

A view (flatten, reshape, identity, and dropout at inference) is the tensor it reads under
another name. Where layers may work in place, a norm or an activation overwrites what it reads,
unless that is an input or an output of the network or someone else reads it too; attached or
standing alone makes no difference. Everything else fills memory of its own.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cnncalc.network import Network, Node


class Tenancy(NamedTuple):
    """Where the outputs of inference lie, as indices of nodes.

    `owners` maps each node to the node whose memory its output fills, itself or an earlier
    one; `ends` maps each owner to the last node that needs what lies there.
    """

    owners: Mapping[int, int]
    ends: Mapping[int, int]

    def sizes(self, network: Network) -> int:
        """The numbers that all the memory holds, were none of it used again."""
        return sum(network.nodes[index].shape.size for index in self.ends)


class Moment(NamedTuple):
    """The row that runs when most numbers are alive, and the tensors then, by their names."""

    numbers: int
    layer: str
    tensors: tuple[tuple[str, int], ...]


def tenancy(network: Network, *, in_place: bool = True) -> Tenancy:
    """Where each output of inference lies and how long it is needed.

    >>> from cnncalc.layers.relu import Relu
    >>> from cnncalc.layers.conv import Conv
    >>> from cnncalc.network import chain
    >>> from cnncalc.shapes import Shape
    >>> rows = [("C1", Conv(filters=6, kernel=(5,))), ("relu1", Relu())]
    >>> net = chain("one", Shape(1, (32, 32)), rows)
    >>> tenancy(net).owners, tenancy(net, in_place=False).owners
    ({0: 0, 1: 1, 2: 1}, {0: 0, 1: 1, 2: 2})
    """
    nodes = [node for node in network.nodes if not node.train_only]
    content = _contents(nodes)
    spared = _spared(network, nodes, content) if in_place else set(content.values())
    owners: dict[int, int] = {}
    for node in nodes:
        reuses = content[node.index] != node.index or (
            _keeps_shape(network, node) and content[node.inputs[0]] not in spared
        )
        owners[node.index] = owners[node.inputs[0]] if reuses else node.index
    return Tenancy(owners, _last_uses(network, owners))


def peak(network: Network, found: Tenancy) -> Moment:
    """The first moment at which most numbers are alive."""
    sizes = {owner: network.nodes[owner].shape.size for owner in found.ends}
    leaving: dict[int, int] = defaultdict(int)
    for owner, end in found.ends.items():
        leaving[end] += sizes[owner]
    alive, most, when = 0, -1, 0
    for index, owner in found.owners.items():
        if owner == index:
            alive += sizes[owner]
            if alive > most:
                most, when = alive, index
        alive -= leaving.get(index, 0)
    return Moment(most, network.nodes[when].name, _alive(network, found, when))


def _alive(network: Network, found: Tenancy, when: int) -> tuple[tuple[str, int], ...]:
    """The tensors at one moment, each under the name of the row that wrote it last."""
    owners, ends, nodes = found.owners, found.ends, network.nodes
    writers = {owner: i for i, owner in owners.items() if i <= when <= ends[owner]}
    return tuple((nodes[i].name, nodes[owner].shape.size) for owner, i in writers.items())


def _contents(nodes: Sequence[Node]) -> dict[int, int]:
    """For each node the one that computed the numbers it hands on: itself, or behind its views."""
    content: dict[int, int] = {}
    for node in nodes:
        content[node.index] = content[node.inputs[0]] if node.layer.is_view else node.index
    return content


def _spared(network: Network, nodes: Sequence[Node], content: Mapping[int, int]) -> set[int]:
    """Contents that no one may overwrite: inputs, outputs, and what several rows read.

    A view hands on to its readers; one that nobody reads is taken for a reader itself.
    """
    read = {index for node in nodes for index in node.inputs}
    readers: dict[int, set[int]] = defaultdict(set)
    for node in nodes:
        if not node.layer.is_view or node.index not in read:
            for index in node.inputs:
                readers[content[index]].add(node.index)
    several = {index for index, found in readers.items() if len(found) > 1}
    inputs = {node.index for node in network.inputs}
    return several | inputs | {content[index] for index in network.outputs if index in content}


def _keeps_shape(network: Network, node: Node) -> bool:
    """Whether this is a norm or an activation, number for number."""
    if node.layer.attaches is None or len(node.inputs) != 1:
        return False
    return network.nodes[node.inputs[0]].shape == node.shape


def _last_uses(network: Network, owners: Mapping[int, int]) -> dict[int, int]:
    """For each owner, the last node that writes or reads it; outputs outlive them all."""
    ends: dict[int, int] = {}
    for index, owner in owners.items():
        ends[owner] = index
        for read in network.nodes[index].inputs:
            ends[owners[read]] = index
    kept = {owners[index]: len(network.nodes) for index in network.outputs if index in owners}
    return ends | kept
