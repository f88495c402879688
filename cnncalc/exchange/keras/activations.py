"""The activations of Keras, as a word, a function or a layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cnncalc.exchange.building import unsupported
from cnncalc.exchange.wire import broken

if TYPE_CHECKING:
    from cnncalc.exchange.keras.call import Call

KERAS_2_SLOPE = 0.2  # of the hard sigmoid
KERAS_2_LEAK = 0.2  # of the word leaky_relu, in every version
SIX = 6
FUNCTIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "relu": ("relu", {}),
    "relu6": ("relu6", {}),
    "leaky_relu": ("leaky", {"slope": KERAS_2_LEAK}),
    "sigmoid": ("sigmoid", {}),
    "softmax": ("softmax", {}),
    "log_softmax": ("logsoftmax", {}),
    "log_sigmoid": ("logsigmoid", {}),
    "tanh": ("tanh", {}),
    "hard_tanh": ("hardtanh", {}),
    "softplus": ("softplus", {}),
    "softsign": ("softsign", {}),
    "silu": ("silu", {}),
    "swish": ("silu", {}),
    "gelu": ("gelu", {}),
    "elu": ("elu", {}),
    "selu": ("selu", {}),
    "celu": ("celu", {}),
    "mish": ("mish", {}),
    "glu": ("glu", {}),
    "hard_sigmoid": ("hsigmoid", {}),
    "hard_silu": ("hswish", {}),
    "hard_swish": ("hswish", {}),
}


def activated(call: Call, row: int) -> int:
    """The row with the activation that the layer names among its options."""
    return applied(call, row, call.config.get("activation"))


def applied(call: Call, row: int, written: object, *, alone: bool = False) -> int:
    """The row with an activation as it is written; `alone`, it has the name of its layer."""
    if isinstance(written, dict) and written.get("module") == "keras.layers":
        return _layer(call, row, written)
    if written is None or written == "linear":
        return row if not alone else call.add("identity", row)
    suffix = "" if alone else ".activation"
    if isinstance(written, dict):  # whatever it holds, it is code that is not run
        name = written.get("config")
        named = f"'{name[:60]}'" if isinstance(name, str) else "of its own"
        return call.unknown(f"an activation {named} has no layer here", row, suffix)
    if not isinstance(written, str):
        raise broken(f"'activation' is {str(written)[:60]}")
    if written not in FUNCTIONS:
        why = f"the activation '{written[:60]}' has no layer here"
        return call.unknown(why, row, suffix)
    type_, fields = FUNCTIONS[written]
    if written == "hard_sigmoid" and call.keras2:
        fields = {"slope": KERAS_2_SLOPE}
    return call.add(type_, row, suffix="" if alone else f".{type_}", **fields)


def _layer(call: Call, row: int, written: dict[str, Any]) -> int:
    """An activation that is written as a layer."""
    kind, config = written.get("class_name"), written.get("config")
    handle = LAYERS.get(kind) if isinstance(kind, str) else None
    if handle is None or not isinstance(config, dict):
        raise unsupported(f"the activation '{str(kind)[:60]}' has no layer here")
    part = call.part._replace(name=f"{call.part.name}.activation")
    return handle(call._replace(config=config, inputs=(row,), part=part))


def activation(call: Call) -> int:
    """Activation."""
    return applied(call, call.row, call.config.get("activation"), alone=True)


def relu(call: Call) -> int:
    """ReLU with a ceiling or a slope; a threshold is not expressed."""
    call.only(threshold=0)
    ceiling = call.config.get("max_value")
    slope = call.number("negative_slope", 0.0) if call.config.get("negative_slope") else 0.0
    if ceiling is None:
        return call.add("leaky", slope=slope) if slope else call.add("relu")
    top = call.number("max_value", 0.0)
    if slope or top <= 0:
        raise unsupported(f"'ReLU' with max_value={top} and slope={slope} has no layer here")
    return call.add("relu6") if top == SIX else call.add("hardtanh", low=0.0, high=top)


def leaky_relu(call: Call) -> int:
    """LeakyReLU, whose slope older versions call alpha."""
    name = "negative_slope" if "negative_slope" in call.config else "alpha"
    return call.add("leaky", slope=call.number(name, 0.3))


def prelu(call: Call) -> int:
    """PReLU with one slope a channel, or one in all."""
    shared = call.config.get("shared_axes") or []
    axes = {call.axis(axis) for axis in shared} if isinstance(shared, list) else set()
    moving = {
        axis for axis, size in zip(call.shape.axes, call.shape.spatial, strict=True) if size > 1
    }
    if not moving <= axes:
        raise unsupported("'PReLU' with a slope for each position has no layer here")
    return call.add("prelu", shared="c" in axes)


def elu(call: Call) -> int:
    """ELU."""
    return call.add("elu", alpha=call.number("alpha", 1.0))


def softmax(call: Call) -> int:
    """Softmax along one axis."""
    axis = call.axis(call.config.get("axis", -1))
    if axis is None:
        raise unsupported("'Softmax' along the batch has no layer here")
    return call.add("softmax", over="channels" if axis == "c" else axis)


LAYERS = {
    "Activation": activation, "ReLU": relu, "LeakyReLU": leaky_relu, "PReLU": prelu, "ELU": elu,
    "Softmax": softmax,
}  # fmt: skip
