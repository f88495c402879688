"""Operators that change each number by itself: activations, and softmax beside them."""

from __future__ import annotations

from math import isclose, prod
from typing import TYPE_CHECKING

from cnncalc.exchange.onnx.model import unsupported
from cnncalc.exchange.onnx.rows import tidy
from cnncalc.exchange.onnx.values import ManyAxes
from cnncalc.exchange.sizes import text
from cnncalc.exchange.wire import broken

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from cnncalc.exchange.onnx.rows import Call
    from cnncalc.exchange.onnx.values import Activation, Axis, Value
    from cnncalc.shapes import Shape

SOFTMAX_BY_AXIS = 13  # the opset from which softmax works along one axis, as in PyTorch


def _simple(type_: str) -> Callable[[Call], Activation]:
    """An activation without settings."""
    return lambda call: call.like(call.map(), type_)


def leaky(call: Call) -> Activation:
    """LeakyRelu."""
    return call.like(call.map(), "leaky", slope=call.number("alpha", 0.01))


def elu(call: Call) -> Activation:
    """Elu."""
    return call.like(call.map(), "elu", alpha=call.number("alpha", 1.0))


def celu(call: Call) -> Activation:
    """Celu, whose alpha is above 0."""
    alpha = call.number("alpha", 1.0)
    if alpha <= 0:
        raise unsupported(f"'Celu' with alpha={alpha} has no layer here")
    return call.like(call.map(), "celu", alpha=alpha)


def selu(call: Call) -> Activation:
    """Selu with its own two numbers."""
    alpha, gamma = call.number("alpha", 1.67326), call.number("gamma", 1.0507)
    if not (isclose(alpha, 1.67326, rel_tol=1e-4) and isclose(gamma, 1.0507, rel_tol=1e-4)):
        raise unsupported(f"'Selu' with alpha={alpha} and gamma={gamma} has no layer here")
    return call.like(call.map(), "selu")


def gelu(call: Call) -> Activation:
    """Gelu."""
    approximate = call.word("approximate", "none")
    if approximate not in {"none", "tanh"}:
        raise broken(f"approximate is '{approximate}'")
    return call.like(call.map(), "gelu", approximate=approximate)


def hard_sigmoid(call: Call) -> Activation:
    """HardSigmoid max(0, min(1, alpha·x + beta)), where beta is a half."""
    alpha, beta = call.number("alpha", 0.2), call.number("beta", 0.5)
    if beta != 0.5 or alpha <= 0:  # noqa: PLR2004 - the middle between 0 and 1
        raise unsupported(f"'HardSigmoid' with alpha={alpha} and beta={beta} has no layer here")
    return call.like(call.map(), "hsigmoid", **hard_slope(alpha))


def hard_slope(alpha: float) -> dict[str, float]:
    """The field of a hard sigmoid; a sixth, however it was rounded, is the usual one."""
    return {} if isclose(alpha, 1 / 6, rel_tol=1e-5) else {"slope": alpha}


def prelu(call: Call) -> Activation:
    """PRelu with one slope a channel, or one for all."""
    x = call.map()
    slope, stored = call.learned(1)
    if slope.size == 1:
        return call.like(x, "prelu", stored={"weight": stored}, shared=True)
    _require_channels(x, call.spread(slope, len(x.dims)), call)
    return call.like(x, "prelu", stored={"weight": stored})


def _require_channels(x: Activation, dims: tuple[int, ...], call: Call) -> None:
    """Raise UnplacedError unless a constant has one number a channel of the row."""
    axes = along(x, dims)
    if axes != ["c"] and not (prod(dims) == 1 and len(x.dims) > 1):
        raise unsupported(
            f"'{call.operator.type}' by {text(dims)} over {text(x.dims)} has no layer here"
        )


def along(x: Activation, dims: tuple[int, ...]) -> list[Axis]:
    """The axes of an activation along which a constant has more than one number."""
    aligned = zip(reversed(x.axes), reversed(dims), strict=False)
    return [axis for axis, size in aligned if size > 1]


def clip(call: Call) -> Activation:
    """Clip: relu6, relu, a hard tanh of these limits, or what has one of them."""
    x = call.map()
    low, high = _limit(call, "min", 1), _limit(call, "max", 2)
    if low == 0 and high == 6:  # noqa: PLR2004 - as its name says
        return call.like(x, "relu6")
    if low == 0 and high is None and not call.rows.is_own:  # there a Relu is called so
        return call.like(x, "relu")
    if low is None and high is None:
        return x
    if low is None or high is None:
        return call.like(x, "clip", low=low, high=high)
    if low >= high:
        raise unsupported(f"'Clip' from {low} to {high} has no layer here")
    return call.like(x, "hardtanh", low=low, high=high)


def _limit(call: Call, name: str, place: int) -> float | None:
    """A limit of Clip; a number of the file's largest size is none."""
    value: float | None = None
    if name in call.operator.attributes:
        value = call.number(name, 0.0)
    elif (constant := call.constant(place)) is not None:
        value = float(tidy(_only(call, constant.only)))
    return None if value is None or abs(value) > 1e38 else value  # noqa: PLR2004 - about 2^128


def _only(call: Call, value: float | None) -> float:
    if value is None:
        raise unsupported(f"'{call.operator.type}' by more than one number has no layer here")
    return float(value)


def softmax(call: Call) -> Activation | ManyAxes:
    """Softmax along the channels, along one spatial axis, or over all axes from one on."""
    value = call.any_value()
    if isinstance(value, ManyAxes):
        return _over_radix(call, value)
    x = call.map()
    old = call.opset < SOFTMAX_BY_AXIS
    place = x.position(call.whole("axis", 1 if old else -1))
    if place < 0:
        raise broken(f"there is no such axis in {text(x.dims)}")
    if not old and x.axes[place] == "n":
        raise unsupported(f"'{call.operator.type}' over the batch has no layer here")
    axes = alive(x, range(place, len(x.dims)) if old else [place])
    return call.like(x, "softmax", **_over(call, x, axes))


def _over_radix(call: Call, view: ManyAxes) -> ManyAxes:
    """Softmax over the radix, channels (groups, radix, share) turned to (radix, groups, share)."""
    shape = call.rows.rows[view.row].shape
    rank = len(view.sizes)
    turned = view.order == (0, 2, 1, *range(3, rank)) and view.sizes[4:] == shape.spatial
    if not turned or call.whole("axis", -1) not in {1, 1 - rank} or call.opset < SOFTMAX_BY_AXIS:
        raise call.too_many_axes(view.dims)
    groups, radix = view.sizes[1:3]
    row = call.add("softmax", view.row, over="radix", groups=groups, radix=radix)
    return ManyAxes(row, view.dims, tuple(range(rank)))


def alive(x: Activation, places: Iterable[int]) -> list[Axis]:
    """The axes at these places that have more than one position, in order."""
    return [x.axes[k] for k in places if x.dims[k] > 1]


def _over(call: Call, x: Activation, axes: list[Axis]) -> dict[str, object]:
    """The field of a softmax over these axes of the row. Raises UnplacedError where it has none."""
    shape = call.shape(x)
    spatial = [axis for axis in range(shape.rank) if shape.spatial[axis] > 1]
    if "n" in axes:
        raise unsupported(f"'{call.operator.type}' over the batch has no layer here")
    if not axes:
        return _over_single_numbers(call, shape)
    if axes == ["c"]:
        return {}
    if axes == spatial and len(spatial) > 1:
        return {"over": "positions"}
    if len(axes) == 1 and isinstance(axes[0], int):
        return {"over": shape.axes[axes[0]]}
    if sorted(map(str, axes)) == sorted(map(str, ["c", *spatial])):
        return {"over": "all"}
    raise unsupported(
        f"'{call.operator.type}' over several axes of {text(x.dims)} has no layer here"
    )


def _over_single_numbers(call: Call, shape: Shape) -> dict[str, object]:
    """The field of a softmax of which every number is a set of its own, and becomes 1."""
    if shape.channels == 1:
        return {}
    if set(shape.spatial) <= {1}:
        return {"over": "positions"}
    if 1 in shape.spatial:
        return {"over": shape.axes[shape.spatial.index(1)]}
    raise unsupported(f"'{call.operator.type}' over an axis of one number has no layer here")


def log_softmax(call: Call) -> Activation:
    """LogSoftmax along the channels."""
    x = call.map()
    old = call.opset < SOFTMAX_BY_AXIS
    place = x.position(call.whole("axis", 1 if old else -1))
    axes = alive(x, range(place, len(x.dims)) if old else [place]) if place >= 0 else ["n"]
    if axes != ["c"] and (axes or call.shape(x).channels > 1):
        raise unsupported(f"'LogSoftmax' over other axes of {text(x.dims)} has no layer here")
    return call.like(x, "logsoftmax")


def softplus(call: Call) -> Activation:
    """Softplus, which cnncalc takes as x itself beyond 20, as PyTorch does."""
    return call.like(call.map(), "softplus")


def unchanged(call: Call) -> Value:
    """Identity: the same tensor."""
    return call.value()


def dropout(call: Call) -> Activation:
    """Dropout; its rate is an attribute, later an input."""
    x = call.map()
    rate = call.number("ratio", 0.5)
    if (constant := call.constant(1)) is not None:
        rate = float(tidy(_only(call, constant.only)))
    if not 0 <= rate < 1:
        raise broken(f"its ratio is {rate}")
    return call.like(x, "dropout", rate=rate)


OPERATORS = {
    "Relu": _simple("relu"), "Sigmoid": _simple("sigmoid"), "Tanh": _simple("tanh"),
    "Softsign": _simple("softsign"), "HardSwish": _simple("hswish"), "Mish": _simple("mish"),
    "Softplus": softplus, "LeakyRelu": leaky, "Elu": elu, "Celu": celu, "Selu": selu,
    "Gelu": gelu, "HardSigmoid": hard_sigmoid, "PRelu": prelu, "Clip": clip,
    "Softmax": softmax, "LogSoftmax": log_softmax, "Identity": unchanged, "Dropout": dropout,
}  # fmt: skip
