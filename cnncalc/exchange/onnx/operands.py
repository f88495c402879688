"""What a constant beside a map is: how its numbers lie on the map, and whether they are learned.

A file does not say what was trained. A tensor named like a module's parameter is learned
(`pos_embed`); numbers computed in the graph, and tensors whose names an exporter made up, are not.
One number a channel is learned wherever it is stored: norms and biases are folded into such.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from cnncalc.exchange.onnx.model import unsupported
from cnncalc.exchange.onnx.ops_shapes import transposed
from cnncalc.exchange.onnx.values import (
    ZEROS,
    Later,
    every_number,
    is_computable,
    is_parameter,
    pieces_of,
)
from cnncalc.exchange.sizes import text
from cnncalc.network import Stored

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnncalc.errors import UnplacedError
    from cnncalc.exchange.onnx.rows import Call
    from cnncalc.exchange.onnx.values import Activation, Axis, Constant


class Operand(NamedTuple):
    """A constant as the numbers of a `scale`: its `per`, where they are, whether they are learned.

    >>> Operand("position", Stored("model.pos", (8400,)), True).role
    'learned'
    """

    per: str
    stored: Stored
    learned: bool

    @property
    def role(self) -> str:
        """What the factor or the shift of the `scale` says."""
        return "learned" if self.learned else "fixed"

    def changed(self, change: Literal["negative", "inverse"]) -> Operand:
        """The same with this done to each number."""
        return self._replace(stored=self.stored._replace(change=change))


def operand(call: Call, x: Activation, constant: Constant, name: str) -> tuple[Activation, Operand]:
    """A map and the constant beside it, `name` being the tensor that it is.

    The map may have got a row that puts its axes where the file sees them.

    Raises:
        UnplacedError: it lies on the map in no way that a layer has.
    """
    places = _axes(call, x, constant)
    per = _per(x, [axis for _, axis in places])
    if per is None:
        start = len(call.rows.rows)
        x = call.seen(call.plain(x))
        call.rows.name_beside(start)
        places = _axes(call, x, constant)
        per = _per(x, [axis for _, axis in places])
    if per is None:
        raise _without_layer(call, x, constant)
    order = sorted(range(len(places)), key=lambda k: _place_in_row(places[k][1]))
    if order != sorted(order):
        constant = _turned(constant, [places[k][0] for k in order])
    stored = _stored(constant)
    if stored is not None:
        return x, Operand(per, stored, _is_learned(call, per, stored.name))
    if constant.learned or not is_computable(constant):
        raise call.computed_weights()
    numbers = Later(constant.size, lambda _: every_number(constant) or (), [])
    return x, Operand(per, Stored(name, (constant.size,), numbers=numbers), learned=False)


def _is_learned(call: Call, per: str, name: str) -> bool:
    """Whether stored numbers are learned, by their tensor's name.

    Our own exports name all that is stored after its row; what is fixed is a factor or a shift.
    """
    if call.rows.is_own:
        return name.rpartition(".")[2] not in {"factor", "shift"}
    return per == "channel" or is_parameter(name)


def _axes(call: Call, x: Activation, constant: Constant) -> list[tuple[int, Axis]]:
    """The axes of a constant that have more than one number, and which of the row's they are."""
    dims = call.spread(constant, len(x.dims))
    first = len(x.dims) - len(dims)
    pairs = [(axis, size) for axis, size in enumerate(dims) if size > 1]
    if first < 0 or any(size != x.dims[first + axis] for axis, size in pairs):
        raise _without_layer(call, x, constant)
    return [(axis, x.axes[first + axis]) for axis, _ in pairs]


def _per(x: Activation, axes: Sequence[Axis]) -> str | None:
    """How numbers along these axes of a row lie on it; None where no layer has them so."""
    alive = {axis for axis, size in zip(x.axes, x.dims, strict=True) if size > 1} - {"n"}
    if axes == ["c"]:
        return "channel"
    if set(axes) == alive:
        return "element" if "c" in alive else "position"
    return "position" if set(axes) == alive - {"c"} else None


def _place_in_row(axis: Axis) -> int:
    """The place of an axis in a row's shape, the channels in front."""
    return axis if isinstance(axis, int) else -1


def _turned(constant: Constant, axes: Sequence[int]) -> Constant:
    """A constant whose axes come in this order, those of one number behind them."""
    rest = [axis for axis in range(len(constant.dims)) if axis not in axes]
    return transposed(constant, [*axes, *rest])


def _stored(constant: Constant) -> Stored | None:
    """The tensor whose numbers these are, or the part of it; None where they are computed."""
    if constant.stored is not None or not constant.is_float:
        return constant.stored
    pieces = pieces_of(constant) if constant.pieces is not None else None
    owners = {piece.stored.name for piece in pieces or ()}
    if not pieces or len(owners) != 1 or pieces[0].stored is ZEROS:
        return None
    places = tuple((piece.start, piece.stop) for piece in pieces)
    return pieces[0].stored._replace(runs=places)


def _without_layer(call: Call, x: Activation, constant: Constant) -> UnplacedError:
    return unsupported(
        f"'{call.operator.type}' of {text(x.dims)} and a constant of {text(constant.dims)} "
        "has no layer here"
    )
