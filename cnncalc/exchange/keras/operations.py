"""Functions of keras.ops in a functional model, and Python's own operators on its tensors."""

from __future__ import annotations

from itertools import repeat
from typing import TYPE_CHECKING, Any

from cnncalc.exchange.building import unsupported
from cnncalc.exchange.keras.activations import FUNCTIONS
from cnncalc.exchange.keras.call import Reference
from cnncalc.exchange.keras.moves import concatenate, joined
from cnncalc.exchange.wire import broken

if TYPE_CHECKING:
    from collections.abc import Callable

    from cnncalc.exchange.keras.call import Call

SLICE, ELLIPSIS = "__slice__", "__ellipsis__"
LARGEST_NUMBER = 1e300


def operation(type_: str) -> Callable[[Call], int]:
    """keras.ops.add and the like: of two tensors, or of one and a number."""

    def read(call: Call) -> int:
        given = [*call.arguments, *call.named.values()]
        if len(given) != 2:  # noqa: PLR2004 - x1 and x2
            raise broken(f"it joins {len(given)} values, not two")
        if all(isinstance(each, Reference) for each in given):
            return joined(type_)(call)
        number = next((each for each in given if not isinstance(each, Reference)), None)
        first = isinstance(given[0], Reference)
        if not isinstance(number, (int, float)) or isinstance(number, bool):
            raise unsupported(f"'{call.part.kind}' of a tensor and {str(number)[:60]} "
                              "has no layer here")  # fmt: skip
        if not abs(number) < LARGEST_NUMBER:
            raise broken(f"{number} is no number")
        if type_ == "mul":
            return call.add("scale", factor=float(number))
        if type_ == "sub":
            return call.add("scale", factor=1.0 if first else -1.0,
                            shift=float(-number if first else number))  # fmt: skip
        return call.add("scale", factor="none", shift=float(number))

    return read


def item(call: Call) -> int:
    """`x[:, 1:-1, :, 2:]`: a part of each axis."""
    if len(call.arguments) != 2:  # noqa: PLR2004 - the tensor and the key
        raise broken("it takes a tensor and what to take of it")
    key = call.arguments[1]
    keys = list(key) if isinstance(key, list) else [key]
    sizes = [1, *call.shape.spatial, call.shape.channels]
    marks = [place for place, each in enumerate(keys) if _class(each) == ELLIPSIS]
    if marks:
        keys[marks[0] : marks[0] + 1] = repeat(_everything(), len(sizes) - len(keys) + 1)
    keys += repeat(_everything(), len(sizes) - len(keys))
    if len(keys) != len(sizes) or any(_class(each) != SLICE for each in keys):
        raise unsupported("'GetItem' of single places, or of new axes, has no layer here")
    if _bounds(keys[0]) != slice(None):
        raise unsupported("'GetItem' of the batch has no layer here")
    *spatial, channels = (
        range(*_bounds(each).indices(size)) for each, size in zip(keys[1:], sizes[1:], strict=True)
    )
    return _parts(call, spatial, channels)


def _class(written: object) -> object:
    return written.get("class_name") if isinstance(written, dict) else None


def _everything() -> dict[str, Any]:
    return {"class_name": SLICE, "config": {}}


def _bounds(written: Any) -> slice:
    """A slice as Python's own. Raises UnplacedError for a step backwards, or for no numbers."""
    config = written.get("config") or {}
    bounds = [config.get(name) for name in ("start", "stop", "step")]
    if not all(each is None or type(each) is int for each in bounds):
        raise unsupported("'GetItem' between computed places has no layer here")
    start, stop, step = bounds
    if step is not None and step < 1:
        raise unsupported("'GetItem' backwards has no layer here")
    return slice(start, stop, None if step == 1 else step)


def _parts(call: Call, spatial: list[range], channels: range) -> int:
    """The places along each axis: cut off, every second one, and some of the channels."""
    if not all(spatial) or not channels:
        raise unsupported("'GetItem' of nothing has no layer here")
    if channels.step != 1:
        raise unsupported("'GetItem' of every other channel has no layer here")
    row = call.row
    begin = tuple(places.start for places in spatial)
    end = tuple(
        size - places[-1] - 1 for size, places in zip(call.shape.spatial, spatial, strict=True)
    )
    if any((*begin, *end)):
        row = call.add("crop", row, begin=begin, end=end, suffix=".crop")
    steps = tuple(places.step for places in spatial)
    if any(step > 1 for step in steps):  # a window of one cell takes every second one
        row = call.add("maxpool", row, kernel=(1,), stride=steps, suffix=".steps")
    if len(channels) < call.shape.channels:
        row = call.add("slice", row, start=channels.start, stop=channels.stop, suffix=".slice")
    return row if row != call.row else call.add("identity")


def mean(call: Call) -> int:
    """The mean of each whole map."""
    written = call.config.get("axis")
    axes = {call.axis(axis) for axis in written} if isinstance(written, list) else set()
    if not call.rank or axes != set(call.shape.axes):
        raise unsupported(f"'Mean' over axes {written} has no layer here")
    row = call.add("gap")
    return row if call.switch("keepdims", False) else call.add("flatten", row, suffix=".flatten")


def pointwise(word: str) -> Callable[[Call], int]:
    """An activation as a function."""

    def read(call: Call) -> int:
        call.only(approximate=False, axis=-1)
        type_, fields = FUNCTIONS[word]
        return call.add(type_, **fields)

    return read


# Without those that take more than their input.
POINTWISE = {
    "Relu": "relu", "Relu6": "relu6", "Sigmoid": "sigmoid", "Silu": "silu", "Softplus": "softplus",
    "Softsign": "softsign", "Tanh": "tanh", "HardSigmoid": "hard_sigmoid", "Selu": "selu",
    "HardSilu": "hard_silu", "LogSigmoid": "log_sigmoid", "Mish": "mish", "HardTanh": "hard_tanh",
    "Softmax": "softmax",
}  # fmt: skip
OPERATIONS: dict[str, Callable[[Call], int]] = {
    "Add": operation("add"), "Subtract": operation("sub"), "Multiply": operation("mul"),
    "Maximum": joined("max"), "Minimum": joined("min"), "Concatenate": concatenate,
    "GetItem": item, "Mean": mean,
    **{name: pointwise(word) for name, word in POINTWISE.items()},
}  # fmt: skip
