"""The inputs of a model file: their sizes as the file says them, or as the user does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.exchange.sizes import Declared, inputs_of
from cnncalc.exchange.wire import broken

if TYPE_CHECKING:
    from cnncalc.exchange.onnx.rows import Rows
    from cnncalc.exchange.onnx.values import Axis
    from cnncalc.shapes import Shape

IMAGE = 2  # axes that a map has more than: the batch and the channels


def enter_inputs(rows: Rows, path: str, written: str | None) -> str:
    """Add the inputs as rows; the result is the order of axes that tables print.

    Raises:
        CnncalcError: a size is open and was not given, or the given ones do not fit the file.
    """
    inputs = rows.model.inputs
    if not inputs:
        raise broken("it has no input")
    declared = {
        name: Declared(dims or (), _channels_last(rows, name)) for name, dims in inputs.items()
    }
    for name, (shape, batch) in inputs_of(path, declared, written).items():
        _enter(rows, name, shape, batch, last=declared[name].last)
    return "HWC" if any(each.last for each in declared.values()) else "CHW"


def _enter(rows: Rows, name: str, shape: Shape, batch: int, *, last: bool) -> None:
    rows.batch = max(rows.batch, batch)
    own: tuple[Axis, ...] = (*range(shape.rank), "c") if last else ("c", *range(shape.rank))
    sizes = (*shape.spatial, shape.channels) if last else (shape.channels, *shape.spatial)
    rows.enter(name, shape, ("n", *own), (batch, *sizes))


def _channels_last(rows: Rows, name: str) -> bool:
    """Whether all that reads an input first moves its last axis to the place of the channels.

    In a file of our own the channels are in front.
    """
    if rows.is_own:
        return False
    readers = [op for op in rows.model.operators if name in op.inputs and op.type != "Shape"]
    orders = [op.attributes.get("perm") for op in readers if op.type == "Transpose"]
    ranks = {len(order) for order in orders if isinstance(order, tuple)}
    if not readers or len(orders) < len(readers) or len(ranks) != 1:
        return False
    (rank,) = ranks
    return all(order == (0, rank - 1, *range(1, rank - 1)) for order in orders) and rank > IMAGE
