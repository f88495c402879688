"""The graph of an ONNX file as it is written: operators, constants, stored tensors.

Source: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3
"""

from __future__ import annotations

import json
import struct
from dataclasses import MISSING, fields
from math import prod
from typing import TYPE_CHECKING, NamedTuple

from cnncalc.exchange import wire_writer as wire

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from cnncalc.layers._base import Layer
    from cnncalc.shapes import Shape

    Attribute = int | float | str | bytes | Sequence[int] | Sequence[float]

FLOAT, INT64 = 1, 7  # types of elements
# Types of attributes: what they hold, and the field that holds it.
A_FLOAT, A_INT, A_STRING, A_TENSOR, A_FLOATS, A_INTS = 1, 2, 3, 4, 6, 7


class Operator(NamedTuple):
    """One node: its type, the tensors it reads and puts out, its attributes.

    An attribute of bytes is a tensor, one of `str` a word. `told` is the row that it finishes.
    """

    type: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Attribute]
    told: str = ""

    def encoded(self) -> bytes:
        """The message of the node."""
        parts = [wire.text(1, name) for name in self.inputs]
        parts += [wire.text(2, name) for name in self.outputs]
        parts += [wire.text(3, self.name), wire.text(4, self.type)]
        parts += [wire.block(5, _attribute(*each)) for each in self.attributes.items()]
        parts += [wire.text(6, self.told)] if self.told else []
        return b"".join(parts)


class Stored(NamedTuple):
    """A tensor of 32-bit floats whose numbers are written last: its name and its sizes."""

    name: str
    dims: tuple[int, ...]

    @property
    def length(self) -> int:
        """The bytes of its numbers."""
        return 4 * prod(self.dims)

    def head(self) -> bytes:
        """The message of the tensor up to its numbers."""
        dims = wire.whole_numbers(1, self.dims) if self.dims else b""
        rest = wire.whole(2, FLOAT) + wire.text(8, self.name)
        return dims + rest + wire.head(9, self.length)


def tensor(
    values: Sequence[int] | Sequence[float], dims: Sequence[int] | None = None, name: str = ""
) -> bytes:
    """The message of a small tensor: whole numbers of 64 bits, or 32-bit floats."""
    is_whole = all(isinstance(value, int) for value in values)
    sizes = (len(values),) if dims is None else dims
    kind, code = (INT64, "q") if is_whole else (FLOAT, "f")
    data = struct.pack(f"<{len(values)}{code}", *values)
    head = wire.whole_numbers(1, sizes) if len(sizes) else b""
    label = wire.text(8, name) if name else b""
    return head + wire.whole(2, kind) + label + wire.block(9, data)


def _attribute(name: str, value: Attribute) -> bytes:
    if isinstance(value, str):
        kind, field = A_STRING, wire.text(4, value)
    elif isinstance(value, bytes):
        kind, field = A_TENSOR, wire.block(5, value)
    elif isinstance(value, int):
        kind, field = A_INT, wire.whole(3, value)
    elif isinstance(value, float):
        kind, field = A_FLOAT, wire.real(2, value)
    elif all(isinstance(each, int) for each in value):
        kind, field = A_INTS, b"".join(wire.whole(8, int(each)) for each in value)
    else:
        kind, field = A_FLOATS, wire.reals(7, value)
    return wire.text(1, name) + field + wire.whole(20, kind)


def value_info(name: str, shape: Shape, batch: int | None) -> bytes:
    """What a graph says of an input or output: floats of this shape, the batch in front.

    A batch of None is open: its size has the name "batch".
    """
    first = wire.text(2, "batch") if batch is None else wire.whole(1, batch)
    dims = [first, *(wire.whole(1, size) for size in (shape.channels, *shape.spatial))]
    sizes = wire.block(2, *(wire.block(1, dim) for dim in dims))
    return wire.text(1, name) + wire.block(2, wire.block(1, wire.whole(1, FLOAT), sizes))


def told(layer: Layer, inputs: Sequence[str], owner: str | None = None) -> str:
    """A row as the last of its operators tells it: its layer in JSON, and what it reads.

    Several rows may be the same operators, such as a `gamma` and a `scale`, and one row may be
    many. `owner` is the row whose weights it shares.

    >>> from cnncalc.layers.gamma import Gamma
    >>> told(Gamma(initial=0.1), ["x"])
    '{"gamma": {"initial": 0.1, "from": ["x"]}}'
    """
    chosen: dict[str, object] = {}
    for field in fields(layer):  # type: ignore[arg-type]  # a layer type is a dataclass
        value = getattr(layer, field.name)
        if field.default is MISSING or value != field.default:
            chosen[field.name] = value
    shared = {} if owner is None else {"share": owner}
    return json.dumps({layer.type: {**chosen, "from": list(inputs), **shared}})


class TiedWeight(NamedTuple):
    """The weight of another row that a row uses: that row, its sizes, whether it is transposed."""

    owner: str
    dims: tuple[int, ...]
    transposed: bool


class Rows:
    """The operators of one row, in order; the last one puts out the row's own tensor.

    `owner` is the row that holds the parameters. Operators before the last have the row's name
    in front of theirs, so that a reader can tell that they are part of it.
    """

    def __init__(self, name: str, owner: str, opset: int, tied: TiedWeight | None = None) -> None:
        self.name = name
        self.tied = tied
        self.owner = owner
        self.opset = opset
        self.least = 0  # the first opset that has all operators
        self.parameters: Mapping[str, str] | None = None  # of a part: those of the whole layer
        self.operators: list[Operator] = []
        self.stored: dict[str, Stored] = {}
        self._names: dict[str, int] = {}

    def needs(self, opset: int) -> None:
        """Note that an operator came with this opset."""
        self.least = max(self.least, opset)

    def op(self, type_: str, *inputs: str, **attributes: Attribute) -> str:
        """Add an operator; the result is the tensor that it puts out."""
        name = self._inner(type_)
        self.operators.append(Operator(type_, name, inputs, (name,), attributes))
        return name

    def second_output(self, type_: str, *inputs: str, **attributes: Attribute) -> str:
        """Add an operator of which only the second output is read; the result is that tensor."""
        name = self.op(type_, *inputs, **attributes)
        self.operators[-1] = self.operators[-1]._replace(outputs=("", name))
        return name

    def _inner(self, word: str) -> str:
        """A name below the row's, with a number where it is taken."""
        count = self._names[word] = self._names.get(word, -1) + 1
        return f"{self.name}/{word}_{count}" if count else f"{self.name}/{word}"

    def finish(self, out: str, told: str = "") -> None:
        """Give the last operator the row's name; `out` is what the row puts out."""
        if not self.operators or self.operators[-1].outputs != (out,):
            self.op("Identity", out)
        last = self.operators[-1]
        self.operators[-1] = last._replace(name=self.name, outputs=(self.name,), told=told)

    def constant(self, values: Sequence[int] | Sequence[float], *dims: int) -> str:
        """Numbers written into the graph: a vector, unless they have other sizes."""
        return self.op("Constant", value=tensor(values, dims or None))

    def number(self, value: float) -> str:
        """One float that is spread over whatever it meets."""
        return self.op("Constant", value=tensor([float(value)], ()))

    def full(self, value: float, *dims: int) -> str:
        """A tensor of one float, everywhere."""
        shape = self.constant(list(dims))
        return self.op("ConstantOfShape", shape, value=tensor([float(value)], (1,)))

    def weight(self, parameter: str, dims: Sequence[int]) -> str:
        """A parameter of the row as a tensor of these sizes, its numbers in the same order."""
        own = parameter if self.parameters is None else self.parameters[parameter]
        if self.tied is not None and own == "weight":
            name = f"{self.tied.owner}.weight"
            self.stored[name] = Stored(name, self.tied.dims)
            return self.transpose(name, 1, 0) if self.tied.transposed else name
        name = f"{self.owner}.{own}"
        self.stored[name] = Stored(name, tuple(dims))
        return name

    def reshape(self, x: str, *sizes: int) -> str:
        """The tensor with these sizes behind the batch."""
        return self.op("Reshape", x, self.constant([0, *sizes]))

    def transpose(self, x: str, *order: int) -> str:
        """The tensor with its axes in this order."""
        return self.op("Transpose", x, perm=order)


def encoded(
    operators: Sequence[Operator], inputs: Sequence[bytes], outputs: Sequence[bytes], name: str
) -> Iterator[bytes]:
    """The fields of a graph, apart from its stored tensors."""
    for operator in operators:
        yield wire.block(1, operator.encoded())
    yield wire.text(2, name)
    for each in inputs:
        yield wire.block(11, each)
    for each in outputs:
        yield wire.block(12, each)
