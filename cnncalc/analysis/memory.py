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
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

from cnncalc.analysis.report import LiveTensor, Memory, MemoryPeak, Moment
from cnncalc.conventions import BIAS_BYTES, DTYPES, bytes_per_number
from cnncalc.errors import CnncalcError, Diagnostic, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from cnncalc.network import Network, Node


def memory(
    network: Network,
    stored: int,
    *,
    biases: int = 0,
    batch: int,
    dtype: str,
    out_of_place: bool = True,
) -> Memory:
    """The bytes of the activations of `batch` samples and of `stored` numbers, all of one type.

    `biases` of the stored numbers are biases, which int8 stores as int32.

    The activations leave out train-only rows. `out_of_place` also computes the peak for the case
    that no layer works in place.

    Raises:
        CnncalcError: for a batch below 1, and for a dtype that is neither a key of
            `conventions.DTYPES` nor a whole number of bytes.

    >>> from cnncalc.layers.conv import Conv
    >>> from cnncalc.network import chain
    >>> from cnncalc.shapes import Shape
    >>> net = chain("one", Shape(1, (32, 32)), [("C1", Conv(filters=6, kernel=(5,)))])
    >>> bytes_ = memory(net, 156, batch=2, dtype="fp16")
    >>> bytes_.param_bytes, bytes_.peak.layer, bytes_.peak.tensors[1]
    (312, 'C1', LiveTensor(name='C1', bytes=18816))
    """
    each = _bytes_each(dtype)
    if batch < 1:
        raise CnncalcError(
            Diagnostic("error", "not-positive", f"batch must be at least 1, got {batch}")
        )
    in_place = lifetimes(network)
    usual_peak = _peak(network, in_place, batch * each)
    return Memory(
        dtype=dtype,
        batch=batch,
        param_bytes=stored * each + biases * (BIAS_BYTES.get(dtype, each) - each),
        activation_bytes=in_place.sizes(network) * batch * each,
        peak_activation_bytes=usual_peak.bytes,
        peak=usual_peak,
        peak_out_of_place=_peak(network, lifetimes(network, in_place=False), batch * each)
        if out_of_place
        else None,
    )


def _peak(network: Network, tensors: Lifetimes, each: int) -> MemoryPeak:
    """The peak in bytes, where each number takes `each` of them."""
    numbers, layer, alive = peak(network, tensors)
    return MemoryPeak(numbers * each, layer, tuple(LiveTensor(n, size * each) for n, size in alive))


def _bytes_each(dtype: str) -> int:
    try:
        return bytes_per_number(dtype)
    except KeyError:
        message = f"'{dtype}' is neither a known number type nor a number of bytes"
        help_ = did_you_mean(dtype, DTYPES) or f"known types: {', '.join(DTYPES)}"
        raise CnncalcError(Diagnostic("error", "unknown-dtype", message, help=help_)) from None


class Lifetimes(NamedTuple):
    """Which memory the outputs of inference fill and until when, as indices of nodes.

    `owners` maps each node to the node whose memory its output fills: itself or an earlier one.
    `ends` maps each owner to the last node that needs the content of its memory.
    """

    owners: Mapping[int, int]
    ends: Mapping[int, int]

    def sizes(self, network: Network) -> int:
        """How many numbers fit into the memory of all owners together."""
        return sum(network.nodes[index].shape.size for index in self.ends)


class PeakMoment(NamedTuple):
    """The row that runs when most numbers are alive, and the names and sizes of tensors then."""

    numbers: int
    layer: str
    tensors: tuple[tuple[str, int], ...]


def lifetimes(network: Network, *, in_place: bool = True) -> Lifetimes:
    """Which memory each output of inference fills, and how long it is needed.

    >>> from cnncalc.layers.relu import Relu
    >>> from cnncalc.layers.conv import Conv
    >>> from cnncalc.network import chain
    >>> from cnncalc.shapes import Shape
    >>> rows = [("C1", Conv(filters=6, kernel=(5,))), ("relu1", Relu())]
    >>> net = chain("one", Shape(1, (32, 32)), rows)
    >>> lifetimes(net).owners, lifetimes(net, in_place=False).owners
    ({0: 0, 1: 1, 2: 1}, {0: 0, 1: 1, 2: 2})
    """
    nodes = [node for node in network.nodes if not node.train_only]
    content = _contents(nodes)
    protected = _protected(network, nodes, content) if in_place else set()
    owners: dict[int, int] = {}
    for node in nodes:
        # A view reuses memory always, a norm or an activation if nobody else needs its input.
        reuses = content[node.index] != node.index or (
            in_place and _keeps_shape(network, node) and content[node.inputs[0]] not in protected
        )
        owners[node.index] = owners[node.inputs[0]] if reuses else node.index
    return Lifetimes(owners, _last_uses(network, owners))


def peak(network: Network, tensors: Lifetimes) -> PeakMoment:
    """The moment at which most numbers are alive; the first of several."""
    when, most = max(moments(network, tensors), key=itemgetter(1))
    return PeakMoment(most, network.nodes[when].name, _alive(network, tensors, when))


def moments(network: Network, tensors: Lifetimes) -> Iterator[tuple[int, int]]:
    """Each node of inference with how many numbers are alive while it runs, in order."""
    sizes = {owner: network.nodes[owner].shape.size for owner in tensors.ends}
    leaving: dict[int, int] = defaultdict(int)
    for owner, end in tensors.ends.items():
        leaving[end] += sizes[owner]
    alive = 0
    for index, owner in tensors.owners.items():
        if owner == index:
            alive += sizes[owner]
        yield index, alive
        # Only now, since a layer's inputs are alive together with its output while it runs.
        alive -= leaving.get(index, 0)


def timeline(network: Network, *, batch: int = 1, dtype: str = "fp32") -> tuple[Moment, ...]:
    """Per row of inference the bytes alive while it runs, and the tensors that they are.

    The largest is the peak of `memory`. Norms and activations work in place.

    Raises:
        CnncalcError: for an unknown dtype.

    >>> from cnncalc.layers.conv import Conv
    >>> from cnncalc.network import chain
    >>> from cnncalc.shapes import Shape
    >>> net = chain("one", Shape(1, (32, 32)), [("C1", Conv(filters=6, kernel=(5,)))])
    >>> [(moment.bytes, moment.tensors) for moment in timeline(net)]
    [(4096, ('in',)), (22912, ('in', 'C1'))]
    """
    each = batch * _bytes_each(dtype)
    tensors = lifetimes(network)
    leaving: dict[int, list[int]] = defaultdict(list)
    for owner, end in tensors.ends.items():
        leaving[end].append(owner)
    alive: dict[int, str] = {}
    found: list[Moment] = []
    for index, numbers in moments(network, tensors):
        name = network.nodes[index].name
        alive[tensors.owners[index]] = name
        found.append(Moment(name, numbers * each, tuple(alive.values())))
        for owner in leaving[index]:
            del alive[owner]
    return tuple(found)


def _alive(network: Network, tensors: Lifetimes, when: int) -> tuple[tuple[str, int], ...]:
    """The tensors alive while node `when` runs, each named after the row that wrote it last."""
    owners, ends, nodes = tensors.owners, tensors.ends, network.nodes
    writers = {owner: i for i, owner in owners.items() if i <= when <= ends[owner]}
    return tuple((nodes[i].name, nodes[owner].shape.size) for owner, i in writers.items())


def _contents(nodes: Sequence[Node]) -> dict[int, int]:
    """For each node, the node that computed its numbers: itself, unless it is a view."""
    content: dict[int, int] = {}
    for node in nodes:
        content[node.index] = content[node.inputs[0]] if node.layer.is_view else node.index
    return content


def _protected(network: Network, nodes: Sequence[Node], content: Mapping[int, int]) -> set[int]:
    """The tensors that no layer may overwrite: inputs, outputs, and those that several rows read.

    A view is no reader, its readers are; but a view that no row reads counts as one.
    """
    read = {index for node in nodes for index in node.inputs}
    first: dict[int, int] = {}
    several = set()
    for node in nodes:
        if not node.layer.is_view or node.index not in read:
            for index in node.inputs:
                if first.setdefault(content[index], node.index) != node.index:
                    several.add(content[index])
    inputs = {node.index for node in network.inputs}
    return several | inputs | {content[index] for index in network.outputs if index in content}


def _keeps_shape(network: Network, node: Node) -> bool:
    """Whether this is a norm or an activation, which can overwrite its input number by number."""
    if node.layer.attaches is None or len(node.inputs) != 1:
        return False
    return network.nodes[node.inputs[0]].shape == node.shape


def _last_uses(network: Network, owners: Mapping[int, int]) -> dict[int, int]:
    """For each owner, the last node that writes or reads its memory; outputs stay to the end."""
    ends: dict[int, int] = {}
    for index, owner in owners.items():
        ends[owner] = index
        for read in network.nodes[index].inputs:
            ends[owners[read]] = index
    outputs = {owners[index]: len(network.nodes) for index in network.outputs if index in owners}
    return ends | outputs
