"""Bytes of inference: what the stored numbers weigh, and what the activations take.

These are tensor sizes, not a forecast of what a framework's allocator reserves. Each tensor is
alive from the row that makes it to the last row that reads it.

A view (flatten, reshape, identity, and dropout at inference) is the tensor it reads under
another name. Where layers may work in place, a norm or an activation overwrites what it reads,
unless that is an input or an output of the network or another layer reads it too; attached or
standing alone makes no difference. Every other layer fills memory of its own.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from cnncalc.analysis.report import LiveTensor, Memory, MemoryPeak
from cnncalc.conventions import DTYPES, bytes_per_number
from cnncalc.errors import CnncalcError, Diagnostic, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cnncalc.network import Network, Node


def memory(
    network: Network, stored: int, *, batch: int, dtype: str, out_of_place: bool = True
) -> Memory:
    """The memory of `batch` samples and of `stored` numbers, all of one type.

    Train-only rows take no part in the activations. `out_of_place` asks for the peak if no
    layer worked in place, too. Raises CnncalcError for an unknown
    dtype (neither a word of `conventions.DTYPES` nor a whole number of bytes) or a batch
    below 1.

    >>> from cnncalc.layers.conv import Conv
    >>> from cnncalc.network import chain
    >>> from cnncalc.shapes import Shape
    >>> net = chain("one", Shape(1, (32, 32)), [("C1", Conv(filters=6, kernel=(5,)))])
    >>> found = memory(net, 156, batch=2, dtype="fp16")
    >>> found.param_bytes, found.peak.layer, found.peak.tensors[1]
    (312, 'C1', LiveTensor(name='C1', bytes=18816))
    """
    each = _bytes_each(dtype)
    if batch < 1:
        raise CnncalcError(
            Diagnostic("error", "not-positive", f"batch must be at least 1, got {batch}")
        )
    usual = tenancy(network)
    most = _peak(network, usual, batch * each)
    return Memory(
        dtype=dtype,
        batch=batch,
        param_bytes=stored * each,
        activation_bytes=usual.sizes(network) * batch * each,
        peak_activation_bytes=most.bytes,
        peak=most,
        peak_out_of_place=_peak(network, tenancy(network, in_place=False), batch * each)
        if out_of_place
        else None,
    )


def _peak(network: Network, found: Lifetimes, each: int) -> MemoryPeak:
    numbers, layer, tensors = peak(network, found)
    held = tuple(LiveTensor(name, size * each) for name, size in tensors)
    return MemoryPeak(numbers * each, layer, held)


def _bytes_each(dtype: str) -> int:
    try:
        return bytes_per_number(dtype)
    except KeyError:
        message = f"'{dtype}' is neither a known number type nor a number of bytes"
        help_ = did_you_mean(dtype, DTYPES) or f"known types: {', '.join(DTYPES)}"
        raise CnncalcError(Diagnostic("error", "unknown-dtype", message, help=help_)) from None


class Lifetimes(NamedTuple):
    """Where the outputs of inference lie, as indices of nodes.

    `owners` maps each node to the node whose memory its output fills, itself or an earlier
    one; `ends` maps each owner to the last node that needs what lies there.
    """

    owners: Mapping[int, int]
    ends: Mapping[int, int]

    def sizes(self, network: Network) -> int:
        """The numbers that all the memory holds, were none of it used again."""
        return sum(network.nodes[index].shape.size for index in self.ends)


class PeakMoment(NamedTuple):
    """The row that runs when most numbers are alive, and the tensors then, by their names."""

    numbers: int
    layer: str
    tensors: tuple[tuple[str, int], ...]


def tenancy(network: Network, *, in_place: bool = True) -> Lifetimes:
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
    return Lifetimes(owners, _last_uses(network, owners))


def peak(network: Network, found: Lifetimes) -> PeakMoment:
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
    return PeakMoment(most, network.nodes[when].name, _alive(network, found, when))


def _alive(network: Network, found: Lifetimes, when: int) -> tuple[tuple[str, int], ...]:
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
