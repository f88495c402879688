"""The inputs of a model file: their sizes as the file says them, or as the user does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.errors import failure
from cnncalc.exchange.sizes import input_of
from cnncalc.exchange.wire import broken

if TYPE_CHECKING:
    from cnncalc.exchange.onnx.rows import Rows
    from cnncalc.exchange.onnx.values import Axis
    from cnncalc.exchange.sizes import OpenDims

IMAGE = 2  # axes that a map has more than: the batch and the channels


def enter_inputs(rows: Rows, path: str, written: str | None) -> str:
    """Add the inputs as rows; the result is the order of axes that tables print.

    Raises:
        CnncalcError: a size is open and was not given, or the given ones do not fit the file.
    """
    inputs = rows.model.inputs
    if not inputs:
        raise broken("it has no input")
    if written is not None and len(inputs) > 1:
        message = f"--input replaces a single input; this network has several ({', '.join(inputs)})"
        raise failure("input-shape", message)
    for name, dims in inputs.items():
        _enter(rows, path, name, dims or (), written)
    return "HWC" if any(_channels_last(rows, name) for name in inputs) else "CHW"


def _enter(rows: Rows, path: str, name: str, dims: OpenDims, written: str | None) -> None:
    last = _channels_last(rows, name)
    shape, batch = input_of(path, name, dims, written, last=last)
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
