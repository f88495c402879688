"""The parts of an ONNX file as frozen values: operators, stored tensors, inputs and outputs."""

from __future__ import annotations

import struct
from math import prod
from typing import TYPE_CHECKING, NamedTuple

from cnncalc.errors import UnplacedError
from cnncalc.exchange.onnx.schema import SCHEMA
from cnncalc.exchange.wire import Place, Reader, broken, signed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from cnncalc.exchange.sizes import OpenDims
    from cnncalc.exchange.wire import Data, Message

MOST_NUMBERS = 4096  # of one tensor that are read at once: shapes, scales and limits are small
MOST_COMPUTED = 2**20  # of one tensor that others are computed of, when a forward pass needs them
MOST_AXES = 16
MOST_NODES = 200_000
LARGEST_SIZE = 2**40

Number = int | float
Dims = tuple[int, ...]

CONTROL_FLOW = frozenset({"If", "Loop", "Scan", "SequenceMap"})
FLOAT, FLOAT16, DOUBLE, BFLOAT16 = 1, 10, 11, 16
FLOATS = frozenset({FLOAT, FLOAT16, DOUBLE, BFLOAT16})
# TensorProto.DataType -> the letter of `struct`; bfloat16 is the upper half of a float.
LETTERS = {1: "f", 2: "B", 3: "b", 4: "H", 5: "h", 6: "i", 7: "q", 9: "?", 10: "e", 11: "d",
           12: "I", 13: "Q", 16: "H"}  # fmt: skip


class StoredTensor(NamedTuple):
    """A tensor of the file: its sizes, and where its numbers lie. They are not read."""

    name: str
    dims: Dims
    kind: int  # TensorProto.DataType
    raw: Place | None = None
    typed: tuple[tuple[str, Place | int], ...] = ()  # the field, and where its numbers lie
    external: bool = False  # in another file, which is never opened

    @property
    def size(self) -> int:
        """How many numbers it holds."""
        return prod(self.dims)

    @property
    def is_float(self) -> bool:
        """Whether its numbers are floats."""
        return self.kind in FLOATS


class Operator(NamedTuple):
    """One node of the file. An attribute is a number, a text, a tensor, or a tuple of those."""

    number: int  # counted from 1
    name: str
    type: str
    inputs: tuple[str, ...]  # names of tensors, "" for one that is left out
    outputs: tuple[str, ...]
    attributes: Mapping[str, object]
    domain: str = ""
    told: Place | None = None  # where a file of our own tells the row that it finishes

    @property
    def label(self) -> str:
        """Its name, or that of what it puts out where it has none."""
        return self.name or next(filter(None, self.outputs), "")

    @property
    def subgraphs(self) -> list[Subgraph]:
        """The graphs within it, of control flow alone."""
        values = self.attributes.values() if self.type in CONTROL_FLOW else ()
        return [value for value in values if isinstance(value, Subgraph)]

    @property
    def origin(self) -> str:
        """Where it stands, as messages say it: "node 17 '/layer1/0/Conv' (Conv)"."""
        return f"node {self.number} '{self.label}' ({self.type})"


class Subgraph(NamedTuple):
    """A graph within an operator, such as a branch of If; it reads the tensors around it too."""

    operators: tuple[Operator, ...]  # numbered as the one around them
    stored: Mapping[str, StoredTensor]
    outputs: tuple[str, ...]


def with_inner(operators: Iterable[Operator]) -> Iterator[Operator]:
    """Operators, each followed by those of the graphs within it."""
    for operator in operators:
        yield operator
        for subgraph in operator.subgraphs:
            yield from with_inner(subgraph.operators)


class Model(NamedTuple):
    """What was read of a file: the operators in their order, and the tensors by name."""

    name: str
    producer: str
    opset: int
    operators: tuple[Operator, ...]
    stored: Mapping[str, StoredTensor]
    inputs: Mapping[str, OpenDims | None]  # without those that are stored
    outputs: Mapping[str, OpenDims | None]
    shapes: Mapping[str, OpenDims]  # of tensors in between, where the file says them
    data: Data

    def numbers(self, tensor: StoredTensor, most: int = MOST_NUMBERS) -> tuple[Number, ...] | None:
        """The numbers of a small tensor; None of a larger one and of one in another file.

        Raises:
            UnplacedError: it holds another number of them than its sizes say.
        """
        if tensor.size > most or tensor.external or tensor.kind not in LETTERS:
            return None
        values = tuple(self._raw(tensor) if tensor.raw else self._typed(tensor))
        if len(values) != tensor.size:
            raise broken(f"tensor '{tensor.name}' holds {len(values)} of {tensor.size} numbers")
        return values

    def _raw(self, tensor: StoredTensor) -> Iterator[Number]:
        start, stop = tensor.raw or (0, 0)
        return _unpacked(self.data[start:stop], tensor)

    def _typed(self, tensor: StoredTensor) -> Iterator[Number]:
        reader = Reader(self.data, SCHEMA)
        for field, place in tensor.typed:
            if isinstance(place, int):
                yield from _from_bits([signed(place)], tensor.kind, field)
            elif field in {"float_data", "double_data"}:
                letter = "f" if field == "float_data" else "d"
                yield from _unpacked(self.data[place.start : place.stop], tensor, letter)
            elif place.stop - place.start <= max(MOST_NUMBERS, tensor.size) * 10:
                values = [int(value) for value in reader.packed("int", place)]
                yield from _from_bits(values, tensor.kind, field)


def _unpacked(data: bytes, tensor: StoredTensor, letter: str | None = None) -> Iterator[Number]:
    """Little-endian numbers one behind the other."""
    code = letter or LETTERS[tensor.kind]
    size = struct.calcsize(code)
    if len(data) % size or len(data) > size * max(MOST_NUMBERS, tensor.size):
        raise broken(f"tensor '{tensor.name}' has {len(data)} bytes for {tensor.size} numbers")
    values = struct.unpack(f"<{len(data) // size}{code}", data)
    return _from_bits(values, tensor.kind, "raw_data")


def _from_bits(values: Sequence[Number], kind: int, field: str) -> Iterator[Number]:
    """Numbers as they are; 16-bit floats are stored as whole numbers in some fields."""
    if kind == BFLOAT16:
        yield from (struct.unpack("<f", struct.pack("<I", int(v) % 2**16 << 16))[0] for v in values)
    elif kind == FLOAT16 and field == "int32_data":
        yield from (struct.unpack("<e", struct.pack("<H", int(v) % 2**16))[0] for v in values)
    else:
        yield from values


def read(data: Data) -> Model:
    """The model in these bytes.

    Raises:
        UnplacedError: "broken-model" where they are none, or none that a network can be.
    """
    message = Reader(data, SCHEMA).message("Model")
    graph = message.get("graph")
    if graph is None or not graph["node"]:
        raise broken("it has no graph")
    if len(graph["node"]) > MOST_NODES:
        raise broken(f"it has {len(graph['node']):,} nodes; {MOST_NODES:,} are allowed")
    versions = {
        entry.get("domain", ""): entry.get("version", 0) for entry in message["opset_import"]
    }
    opset = versions.get("", versions.get("ai.onnx", 0))
    if opset < 1:
        raise broken("it does not say by which opset its operators are meant")
    stored = _stored(graph)
    return Model(
        name=graph.get("name", ""),
        producer=" ".join(message.get(f"producer_{part}", "") for part in ("name", "version")),
        opset=opset,
        operators=tuple(_operator(k, node) for k, node in enumerate(graph["node"], start=1)),
        stored=stored,
        inputs={name: dims for name, dims in map(_value, graph["input"]) if name not in stored},
        outputs=dict(map(_value, graph["output"])),
        shapes={n: d for n, d in map(_value, graph["value_info"]) if d is not None},
        data=data,
    )


def _stored(graph: Message) -> dict[str, StoredTensor]:
    return {tensor.name: tensor for tensor in map(stored_tensor, graph["initializer"])}


TYPED = ("float_data", "int32_data", "int64_data", "double_data", "uint64_data")


def stored_tensor(message: Message) -> StoredTensor:
    """A tensor as it stands among the initializers, or as the value of an attribute."""
    dims = tuple(message["dims"])
    name = message.get("name", "")
    if len(dims) > MOST_AXES or not all(0 <= size <= LARGEST_SIZE for size in dims):
        raise broken(f"tensor '{name}' has the sizes {dims[:MOST_AXES]}")
    typed = [(field, place) for field in TYPED if message[field] for place in message[field]]
    raw = message.get("raw_data")
    external = message.get("data_location", 0) == 1
    return StoredTensor(
        name, dims, message.get("data_type", 0), raw if isinstance(raw, Place) else None,
        tuple(typed), external,
    )  # fmt: skip


def _operator(number: int, message: Message) -> Operator:
    if len(message["input"]) + len(message["output"]) > MOST_NUMBERS:
        raise broken(f"node {number} has more than {MOST_NUMBERS} inputs and outputs")
    return Operator(
        number,
        message.get("name", ""),
        message.get("op_type", ""),
        tuple(message["input"]),
        tuple(message["output"]),
        {entry.get("name", ""): _attribute(number, entry) for entry in message["attribute"]},
        "" if message.get("domain", "") == "ai.onnx" else message.get("domain", ""),
        doc if isinstance(doc := message.get("doc_string"), Place) else None,
    )


# AttributeProto.AttributeType -> its field, and the value where nothing is written
ATTRIBUTES: dict[int, tuple[str, object]] = {
    1: ("f", 0.0), 2: ("i", 0), 3: ("s", ""), 4: ("t", None), 5: ("g", None),
    6: ("floats", ()), 7: ("ints", ()), 8: ("strings", ()),
}  # fmt: skip


def _attribute(number: int, message: Message) -> object:
    """The value of an attribute; old files do not say its type, so the field that is there."""
    kind = message.get("type", 0)
    if not kind:
        kind = next((k for k, (field, _) in ATTRIBUTES.items() if message.get(field)), 0)
    field, default = ATTRIBUTES.get(kind, ("", None))
    value = message.get(field, default)
    if field == "t":
        return None if value is None else stored_tensor(value)
    if field == "g":
        return None if value is None else _subgraph(number, value)
    return tuple(value) if isinstance(value, list) else value


def _subgraph(number: int, message: Message) -> Subgraph:
    operators = tuple(_operator(number, node) for node in message["node"])
    outputs = tuple(name for name, _ in map(_value, message["output"]))
    return Subgraph(operators, _stored(message), outputs)


def _value(message: Message) -> tuple[str, OpenDims | None]:
    """The name of a tensor, and its sizes where the file says how many axes it has."""
    shape = message.get("type", {}).get("tensor_type", {}).get("shape")
    name = message.get("name", "")
    if shape is None:
        return name, None
    if len(shape["dim"]) > MOST_AXES:
        raise broken(f"tensor '{name}' has {len(shape['dim'])} axes")
    return name, tuple(map(_size, shape["dim"]))


def _size(dim: Message) -> int | str:
    size = dim.get("dim_value", 0)
    return size if 0 < size <= LARGEST_SIZE else dim.get("dim_param") or "?"


def unsupported(why: str, *, help: str | None = None) -> UnplacedError:
    """The complaint about an operator, or about a use of it, that no layer expresses."""
    return UnplacedError("unknown-operator", why, help=help)
