"""Network -> ONNX: one operator or a few for every row, named as the row is.

The file is made of pieces, so that only one tensor of weights is in memory at a time. Sizes are
known before: the length of a graph stands in front of it.
"""

from __future__ import annotations

import sys
from array import array
from math import prod
from typing import TYPE_CHECKING, NamedTuple

from cnncalc.errors import CnncalcError, Diagnostic, failure
from cnncalc.exchange import wire_writer as wire
from cnncalc.exchange.targets import USUALLY, Exported, NoCounterpart, TargetOptions
from cnncalc.exchange.targets._onnx_graph import (
    Operator,
    Rows,
    Stored,
    TiedWeight,
    encoded,
    tensor,
    told,
    value_info,
)
from cnncalc.exchange.targets._onnx_layers import OPSET, write_layer
from cnncalc.exchange.targets._parts import notes, rows_left_out

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cnncalc.network import Network, Node

OPSETS = range(17, 23)
IR_VERSIONS = {17: 8, 18: 8, 19: 9, 20: 9, 21: 10, 22: 10}
SINGLE = "f"


def write(network: Network, options: TargetOptions = USUALLY) -> Exported:
    """The network as the bytes of an ONNX file, in pieces.

    Sides that only training uses are left out. The first axis of every tensor, the batch, is open
    unless the spec gives a batch. Without numbers the parameters are zeros that take no space.

    Raises:
        CnncalcError: "no-counterpart" where ONNX has nothing that computes what a layer does;
            "opset" for an opset that is too old for a layer, or unknown.
    """
    wanted = _checked(options.opset)
    graph = _graph(network, wanted or OPSET)
    if graph.least > graph.opset:
        if wanted is not None:
            raise _too_old(network, graph, wanted)
        graph = _graph(network, graph.least)
    names = {each.name: each.name for each in graph.stored}
    said = notes(network, rows_left_out(network))
    return Exported(_File(network, graph, options), names, said)


def _checked(opset: int | None) -> int | None:
    if opset is not None and opset not in OPSETS:
        raise failure(
            "opset",
            f"opset {opset} cannot be written",
            help=f"write --opset {OPSETS[0]} to {OPSETS[-1]}, or leave it out",
        )
    return opset


def _too_old(network: Network, graph: _Graph, opset: int) -> CnncalcError:
    node = network.nodes[graph.newest]
    message = f"'{node.name}' ({node.layer.type}) needs opset {graph.least}, not {opset}"
    help_ = f"write --opset {graph.least}, or leave it out"
    return CnncalcError(Diagnostic("error", "opset", message, node.span, (), help_))


class _Graph(NamedTuple):
    """What the file consists of, and the first opset that has all of its operators."""

    opset: int
    operators: tuple[Operator, ...]
    stored: tuple[Stored, ...]
    outputs: tuple[tuple[str, int], ...]  # the tensor, the node
    least: int
    newest: int  # the node that asks for it


def _graph(network: Network, opset: int) -> _Graph:
    left_out = rows_left_out(network)
    operators: list[Operator] = []
    stored: dict[str, Stored] = {}
    least, newest = 0, 0
    for node in network.nodes:
        if not node.inputs or node.index in left_out:
            continue
        row = _row(network, node, opset)
        operators += row.operators
        stored |= row.stored
        if row.least > least:
            least, newest = row.least, node.index
    outputs = []
    for index in network.outputs:
        if index in left_out:
            continue
        name = network.nodes[index].name
        if not network.nodes[index].inputs:  # an input that is put out as it is
            operators.append(Operator("Identity", f"{name}/out", (name,), (f"{name}/out",), {}))
            name = f"{name}/out"
        outputs.append((name, index))
    return _Graph(opset, tuple(operators), tuple(stored.values()), tuple(outputs), least, newest)


def _row(network: Network, node: Node, opset: int) -> Rows:
    owner = node if node.shared_with is None else network.nodes[node.shared_with]
    row = Rows(node.name, owner.name, opset, _tied(network, owner))
    inputs = [network.nodes[index].name for index in node.inputs]
    try:
        out = write_layer(row, node.layer, network.shapes_into(node), node.shape, inputs)
    except NoCounterpart as problem:
        message = f"'{node.name}' ({node.layer.type}) has no counterpart in ONNX: {problem}"
        raise CnncalcError(Diagnostic("error", "no-counterpart", message, node.span)) from None
    shared = owner.name if owner is not node else None
    row.finish(out, told(node.layer, inputs, shared) if row.tied is None else "")
    return row


def _tied(network: Network, owner: Node) -> TiedWeight | None:
    if owner.tied_to is None:
        return None
    other = network.nodes[owner.tied_to]
    weight, *_ = other.layer.parameters(*network.shapes_into(other))
    return TiedWeight(other.name, weight.dims, owner.layer.type in ("fc", "linear"))


class _File:
    """The bytes of the file, piece by piece; each time it is asked, from the beginning."""

    def __init__(self, network: Network, graph: _Graph, options: TargetOptions) -> None:
        self.network = network
        self.graph = graph
        self.numbers = options.numbers

    def __iter__(self) -> Iterator[bytes]:
        pieces = list(self._pieces())
        length = sum(
            len(each) + each.length if isinstance(each, _Head) else len(each) for each in pieces
        )
        yield self._head()
        yield wire.head(7, length)
        for each in pieces:
            yield bytes(each)
            if isinstance(each, _Head):
                yield from self._numbers(each.stored)
        yield wire.block(8, wire.whole(2, self.graph.opset))

    def _head(self) -> bytes:
        version = wire.whole(1, IR_VERSIONS[self.graph.opset])
        return version + wire.text(2, "cnncalc")

    def _pieces(self) -> Iterator[bytes]:
        """The fields of the graph; a `_Head` is followed by the numbers of its tensor."""
        network, batch = self.network, self.network.batch if self.network.batch > 1 else None
        empty = () if self.numbers is not None else tuple(_zeros(self.graph.stored))
        inputs = [value_info(node.name, node.shape, batch) for node in network.inputs]
        outputs = [
            value_info(name, network.nodes[index].shape, batch)
            for name, index in self.graph.outputs
        ]
        operators = (*empty, *self.graph.operators)
        yield from encoded(operators, inputs, outputs, network.name)
        for stored in self.graph.stored:
            if self.numbers is not None:
                yield _Head.of(stored)
                continue
            # Readers take what comes from a stored shape for weights that were left out.
            yield wire.block(5, tensor(stored.dims, (len(stored.dims),), _sizes_of(stored)))

    def _numbers(self, stored: Stored) -> Iterator[bytes]:
        """The numbers of one tensor as 32-bit floats, lowest byte first."""
        if self.numbers is None:
            return
        values = singles(self.numbers(stored.name))
        if len(values) != prod(stored.dims):
            raise ValueError(f"{stored.name} has {len(values)} numbers, not {prod(stored.dims)}")
        yield values.tobytes()


class _Head(bytes):
    """The beginning of an initializer, up to its numbers."""

    stored: Stored
    length: int  # of the numbers, in bytes

    @classmethod
    def of(cls, stored: Stored) -> _Head:
        """The head of this tensor."""
        inner = stored.head()
        made = cls(wire.head(5, len(inner) + stored.length) + inner)
        made.stored, made.length = stored, stored.length
        return made


def singles(values: Sequence[float]) -> array[float]:
    """Numbers as 32-bit floats, lowest byte first."""
    if isinstance(values, array) and values.typecode == SINGLE:
        found = values
    else:
        found = array(SINGLE)
        if isinstance(values, memoryview) and values.format == SINGLE:
            found.frombytes(values.cast("B"))
        else:
            found = array(SINGLE, values)
    if sys.byteorder == "big":
        found = array(SINGLE, found)
        found.byteswap()
    return found


def _zeros(stored: Sequence[Stored]) -> Iterator[Operator]:
    """Parameters without numbers: zeros of their sizes, which take no space."""
    for each in stored:
        yield Operator("ConstantOfShape", each.name, (_sizes_of(each),), (each.name,), {})


def _sizes_of(stored: Stored) -> str:
    """The name of the tensor that holds the sizes of a left-out one."""
    return f"{stored.name}.shape"
