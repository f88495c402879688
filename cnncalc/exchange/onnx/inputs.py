"""The inputs of a model file: their sizes as the file says them, or as the user does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.errors import UnplacedError, failure
from cnncalc.exchange.onnx.rows import text
from cnncalc.exchange.wire import broken
from cnncalc.shapes import AXES, LETTERS, Shape

if TYPE_CHECKING:
    from cnncalc.exchange.onnx.model import OpenDims
    from cnncalc.exchange.onnx.rows import Rows
    from cnncalc.exchange.onnx.values import Axis
    from cnncalc.spec.sections.inputs import InputShape

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
    if not 1 < len(dims) <= 2 + max(AXES):
        raise failure(
            "input-shape",
            f"input '{name}' of {path} has {'the shape ' + text(dims) if dims else 'no shape'}",
            notes=("an input here has a batch, channels, and up to three axes more",),
        )
    last = _channels_last(rows, name)
    if written is None:
        shape, batch = _closed(path, name, dims, last)
    else:
        given = _given(written, dims, last, path, name)
        shape, batch = given.shape, given.batch
    rows.batch = max(rows.batch, batch)
    own: tuple[Axis, ...] = (*range(shape.rank), "c") if last else ("c", *range(shape.rank))
    sizes = (*shape.spatial, shape.channels) if last else (shape.channels, *shape.spatial)
    rows.enter(name, shape, ("n", *own), (batch, *sizes))


def _closed(path: str, name: str, dims: OpenDims, last: bool) -> tuple[Shape, int]:
    """The shape and the batch that a file says. Raises CnncalcError where a size is open."""
    sizes = [size for size in dims[1:] if isinstance(size, int)]
    if len(sizes) < len(dims) - 1:
        letters = LETTERS["HWC" if last else "CHW"][len(dims) - 2] or "C"
        example = "x".join(str(s) if isinstance(s, int) else "224" for s in dims[1:])
        raise failure(
            "open-size",
            f"{path} leaves sizes of its input '{name}' open: {text(dims)}",
            help=f"give them, such as --input '{example} {letters}'",
        )
    batch = dims[0] if isinstance(dims[0], int) else 1
    *spatial, channels = sizes if last else [*sizes[1:], sizes[0]]
    return Shape(channels, tuple(spatial)), batch


def _given(written: str, dims: OpenDims, last: bool, path: str, name: str) -> InputShape:
    """The shape that the user gives; without letters it is taken in the order that fits the file.

    Raises:
        CnncalcError: it fits in no order, or is no shape.
    """
    from cnncalc.spec.sections.inputs import parse_input  # most files give all sizes

    problem: UnplacedError | None = None
    rank = len(dims) - 2
    channels = dims[-1] if last else dims[1]
    letters = (LETTERS["HWC"][rank], LETTERS["CHW"][rank], "N" + LETTERS["CHW"][rank])
    for attempt in (written, *(f"{written} {order}" for order in letters if order)):
        try:
            parsed = parse_input(attempt)
        except UnplacedError as error:
            if attempt == written:
                problem = error
            continue
        if parsed.shape.rank == rank and channels in {parsed.shape.channels, *_open(channels)}:
            return parsed
    if problem is not None:  # it is no shape, or its order is unclear
        raise failure(problem.code, problem.message, help=problem.help)
    raise failure(
        "input-shape",
        f"--input {written} does not fit the input '{name}' of {path}: {text(dims)}",
        help=f"its {channels} channels are fixed" if isinstance(channels, int) else None,
    )


def _open(size: int | str) -> set[int | str]:
    return set() if isinstance(size, int) else {size}


def _channels_last(rows: Rows, name: str) -> bool:
    """Whether all that reads an input first moves its last axis to the place of the channels."""
    readers = [op for op in rows.model.operators if name in op.inputs and op.type != "Shape"]
    orders = [op.attributes.get("perm") for op in readers if op.type == "Transpose"]
    ranks = {len(order) for order in orders if isinstance(order, tuple)}
    if not readers or len(orders) < len(readers) or len(ranks) != 1:
        return False
    (rank,) = ranks
    return all(order == (0, rank - 1, *range(1, rank - 1)) for order in orders) and rank > IMAGE
