"""Rows as a file of our own tells them: the last operator of a row says which layer it was.

Nothing is believed. A layer is taken where writing it gives the very operators of the file, so
that it computes what they compute; all others are read operator by operator.
"""

from __future__ import annotations

import json
import struct
from collections import Counter
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from cnncalc.errors import UnplacedError
from cnncalc.exchange.onnx.model import StoredTensor, stored_tensor
from cnncalc.exchange.onnx.rows import Call
from cnncalc.exchange.onnx.schema import SCHEMA
from cnncalc.exchange.onnx.values import Activation, Constant
from cnncalc.exchange.targets import NoCounterpart
from cnncalc.exchange.targets import _onnx_graph as written
from cnncalc.exchange.targets._onnx_layers import single, write_layer
from cnncalc.exchange.wire import Reader
from cnncalc.layers import layer_type
from cnncalc.spec.core_schema import validator

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cnncalc.exchange.onnx.model import Operator
    from cnncalc.exchange.onnx.rows import Rows
    from cnncalc.exchange.wire import Data
    from cnncalc.layers._base import Layer
    from cnncalc.network import Stored
    from cnncalc.shapes import Shape

LONGEST = 2**20  # bytes that tell one row; connection tables are the longest
LARGEST = 2**20  # positions along an axis: some layers are written place by place
# What a text that is none of ours trips over, or a layer that no spec could have.
NO_ROW = (AttributeError, LookupError, RecursionError, TypeError, ValueError)
# What a layer trips over that does not fit its inputs, or has no counterpart or too large numbers.
NO_FIT = (UnplacedError, NoCounterpart, ArithmeticError, struct.error)


class Told(NamedTuple):
    """The operators of one row, and what the last of them tells of it."""

    operators: tuple[Operator, ...]
    layer: Layer
    inputs: tuple[str, ...]
    owner: str  # the row that holds the parameters

    @property
    def name(self) -> str:
        """The row's name, which is also that of the tensor that it puts out."""
        return self.operators[-1].name


class Rewritten(written.Rows):
    """The operators of a row as they are written; it ends at once where the file has others."""

    def __init__(self, row: Told, opset: int) -> None:
        super().__init__(row.name, row.owner, opset)
        self.wanted = [operator.type for operator in row.operators]

    def op(self, type_: str, *inputs: str, **attributes: written.Attribute) -> str:
        """Add an operator. Raises NoCounterpart where the file has another one there."""
        if self.wanted[len(self.operators) : len(self.operators) + 1] != [type_]:
            raise NoCounterpart(f"another operator than {type_}")
        return super().op(type_, *inputs, **attributes)


class ToldRows:
    """The rows that a file tells, each of which is checked when the reader comes to it."""

    def __init__(self, rows: Rows) -> None:
        self.rows = rows
        self.model = rows.model
        self._ends = _ends(self.model.operators)

    @cached_property
    def _read(self) -> Counter[str]:
        """How often each tensor is read, as an output of the model too."""
        names = (name for operator in self.model.operators for name in operator.inputs)
        return Counter([*names, *self.model.outputs])

    def enter(self, operator: Operator, until: str | None = None) -> Operator | None:
        """Append the row that begins with this operator, and note what it puts out.

        The result is the row's last operator; None where none begins here, or where it is not
        what is told. The row is read operator by operator too if the network may end within it.
        """
        end = self._ends.get(operator.number)
        if end is None:
            return None
        operators = self.model.operators[operator.number - 1 : end]
        inner = {name for each in operators[:-1] for name in (each.name, *each.outputs)}
        if until in inner or self._is_read_from_outside(operators, inner):
            return None
        row = self._row(operators)
        try:
            return self._entered(row) if row else None
        except NO_FIT:
            return None

    def _is_read_from_outside(self, operators: Sequence[Operator], inner: set[str]) -> bool:
        """Whether other operators, or the model's outputs, are what a row has inside."""
        within = Counter(name for each in operators for name in each.inputs)
        return any(self._read[name] != within[name] for name in inner)

    def _row(self, operators: tuple[Operator, ...]) -> Told | None:
        last = operators[-1]
        start, stop = last.told or (0, 0)
        if stop - start > LONGEST:
            return None
        try:
            ((type_, fields),) = json.loads(self.model.data[start:stop]).items()
            inputs, owner = fields.pop("from"), fields.pop("share", last.name)
            return Told(operators, _layer(type_, fields), tuple(map(str, inputs)), str(owner))
        except NO_ROW:
            return None

    def _entered(self, row: Told) -> Operator | None:
        call = Call(self.rows, row.operators[-1])
        found = [self._plain(call, name) for name in row.inputs]
        sources = [index for index in found if index is not None]
        least, most = row.layer.arity
        if len(sources) < len(found) or not least <= len(sources) <= (most or len(sources)):
            return None
        shapes = tuple(self.rows.rows[index].shape for index in sources)
        out = row.layer.output_shape(*shapes)
        if max(out.spatial, default=1) > LARGEST or not self._is_written_so(row, shapes, out):
            return None
        stored = self._stored(row, shapes)
        if stored is None:
            return None
        index = self.rows.add(row.layer, tuple(sources), row.operators[-1], stored)
        self.rows.bind(row.name, call.seen(index))
        return row.operators[-1]

    def _plain(self, call: Call, name: str) -> int | None:
        """The row that puts out a tensor with its axes in their order; None for other tensors."""
        value = self.rows.values.get(name)
        if not isinstance(value, Activation) or value != call.seen(value.row):
            return None
        return value.row

    def _is_written_so(self, row: Told, shapes: tuple[Shape, ...], out: Shape) -> bool:
        """Whether writing the layer gives the operators that the file has."""
        again = Rewritten(row, self.model.opset)
        again.finish(write_layer(again, row.layer, shapes, out, row.inputs))
        alike = len(again.operators) == len(row.operators) and all(
            map(self._is_alike, again.operators, row.operators)
        )
        return alike and all(
            getattr(self.rows.values.get(each.name), "dims", None) == each.dims
            for each in again.stored.values()
        )

    def _stored(self, row: Told, shapes: tuple[Shape, ...]) -> Mapping[str, Stored] | None:
        """Where the file has the parameters; None where it does not store one of them."""
        found = {}
        for parameter in row.layer.parameters(*shapes):
            constant = self.rows.values.get(f"{row.owner}.{parameter.name}")
            if not isinstance(constant, Constant) or constant.stored is None:
                return None
            found[parameter.name] = constant.stored
        return found

    def _is_alike(self, one: written.Operator, other: Operator) -> bool:
        """Whether an operator is the one of the file, its numbers included."""
        here = (one.type, one.name, one.inputs, one.outputs, "")
        there = (other.type, other.name, other.inputs, other.outputs, other.domain)
        return (
            here == there
            and one.attributes.keys() == other.attributes.keys()
            and all(
                self._has_value(other.attributes[name], value)
                for name, value in one.attributes.items()
            )
        )

    def _has_value(self, found: object, value: written.Attribute) -> bool:
        """Whether an attribute of the file has this value, in 32-bit floats where it has floats."""
        if isinstance(value, bytes):
            tensor = stored_tensor(Reader(value, SCHEMA).message("Tensor"))
            return isinstance(found, StoredTensor) and (
                _parts(found, self.model.data) == _parts(tensor, value)
            )
        if isinstance(value, float):
            return found == single(value)
        return found == (value if isinstance(value, (str, int)) else tuple(value))


def _ends(operators: Sequence[Operator]) -> dict[int, int]:
    """The numbers of the first and the last operator of each row that is told."""
    found = {}
    for end, last in enumerate(operators, start=1):
        if last.told is None or "/" in last.name:
            continue
        start = end
        while start > 1 and operators[start - 2].name.startswith(f"{last.name}/"):
            start -= 1
        found[start] = end
    return found


def _layer(type_: str, fields: Mapping[str, object]) -> Layer:
    """The layer with these fields. Raises ValueError or LookupError where there is no such one."""
    layer: Layer = validator(layer_type(type_)).validate_python(fields)
    return layer


def _parts(tensor: StoredTensor, data: Data) -> tuple[object, ...]:
    """The sizes, the type and the numbers of a tensor that is written in the graph."""
    start, stop = tensor.raw or (0, 0)
    return tensor.dims, tensor.kind, data[start:stop], tensor.typed
