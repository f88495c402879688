"""Normalisation: as one operator, and by parts where an older exporter wrote it so."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from cnncalc.exchange.onnx.model import unsupported
from cnncalc.exchange.onnx.ops_pointwise import alive
from cnncalc.exchange.onnx.values import Activation, Constant
from cnncalc.exchange.sizes import text
from cnncalc.exchange.wire import broken
from cnncalc.network import Opaque

if TYPE_CHECKING:
    from cnncalc.exchange.onnx.rows import Call, Row
    from cnncalc.layers._base import Layer
    from cnncalc.layers.reduce import Reduce
    from cnncalc.layers.scale import Scale
    from cnncalc.network import Stored


PAIR = 2


def batch_norm(call: Call) -> Activation:
    """BatchNormalization, with the running statistics of the file."""
    row = call.plain(call.map())
    channels = call.rows.rows[row].shape.channels
    scale, shift = _optional(call, 1, 1.0, channels), _optional(call, 2, 0.0, channels)
    means, variances = call.learned(3), call.learned(4)
    if means[0].size != channels or variances[0].size != channels:
        raise broken(f"its statistics are {text(means[0].dims)}, its input has {channels} channels")
    switches: dict[str, object] = {"affine": False}
    if scale or shift:
        missing = {"scale": scale, "shift": shift}
        switches = {name: False for name, value in missing.items() if value is None}
    stored = {"weight": scale, "bias": shift, "running_mean": means[1], "running_var": variances[1]}
    return call.plainly("bn", row, stored=stored, eps=_epsilon(call), **switches)


def _epsilon(call: Call) -> float:
    eps = call.number("epsilon", 1e-5)
    if eps <= 0:
        raise unsupported(f"'{call.operator.type}' with epsilon={eps} has no layer here")
    return eps


def _optional(call: Call, place: int, neutral: float, size: int) -> Stored | None:
    """A stored scale or shift; None where it does nothing and nobody stores it."""
    constant = call.constant(place)
    if constant is None or (constant.stored is None and constant.only == neutral):
        return None
    if constant.size != size:
        raise broken(f"input {place + 1} is {text(constant.dims)}; {size} numbers are needed")
    return call.learned(place)[1]


def _does_nothing(constant: Constant | None, neutral: float) -> bool:
    """Whether it is written out in the graph and every number of it is the neutral one.

    Exporters write so what an operator demands and the model does not have.
    """
    if constant is None:
        return True
    inline = constant.stored is None or constant.stored.inline
    return inline and set(constant.numbers() or ()) == {neutral}


def layer_norm(call: Call) -> Activation:
    """LayerNormalization over the channels at each position, or over the whole sample."""
    x = call.map()
    place = x.position(call.whole("axis", -1))
    axes = alive(x, range(place, len(x.dims))) if place > 0 else ["n"]
    shape = call.shape(x)
    if axes != ["c"] and place == len(x.dims) - 1 and (axes or shape.channels > 1):
        x = channels_last(call, x)
        shape, axes = call.shape(x), ["c"]
    whole = alive(call.seen(x.row), range(1, shape.rank + 2))
    by_channel = axes == ["c"] or (not axes and shape.channels == 1)
    over = "channels" if by_channel else "all" if axes and axes == whole else None
    if over is None:
        raise unsupported(
            f"'LayerNormalization' over these axes of {text(x.dims)} has no layer here"
        )
    size = shape.channels if over == "channels" else shape.size
    scale, shift = _optional(call, 1, 1.0, size), _optional(call, 2, 0.0, size)
    fields = {"over": over, "eps": _epsilon(call)}
    if scale and shift:
        return call.like(x, "ln", stored={"weight": scale, "bias": shift}, **fields)
    plain = call.like(x, "ln", affine=False, **fields)
    if not scale and not shift:
        return plain
    if over == "all":
        raise unsupported("'LayerNormalization' of all numbers without a shift has no layer here")
    words = {"factor": "learned" if scale else "none", "shift": "learned" if shift else "none"}
    return call.like(plain, "scale", stored={"weight": scale, "bias": shift}, **words)


def channels_last(call: Call, x: Activation) -> Activation:
    """The same tensor, its last axis being the channels of a row."""
    if x.axes == ("n", *range(call.shape(x).rank), "c"):
        return x
    row = call.plain(x)
    rank = call.rows.rows[row].shape.rank
    if rank == 0:
        return call.seen(row)
    turned = call.add("permute", row, order=(rank, *range(rank)))
    return Activation(turned, ("n", *range(rank), "c"), x.dims)


def instance_norm(call: Call) -> Activation:
    """InstanceNormalization; ones and zeros written out in the graph are not learned."""
    row = call.plain(call.map())
    channels = call.rows.rows[row].shape.channels
    if _does_nothing(call.constant(1), 1) and _does_nothing(call.constant(2), 0):
        return call.plainly("instnorm", row, eps=_epsilon(call), affine=False)
    stored = {"weight": _optional(call, 1, 1, channels), "bias": _optional(call, 2, 0, channels)}
    return call.plainly("instnorm", row, stored=stored, eps=_epsilon(call), affine=True)


def group_norm(call: Call) -> Activation:
    """GroupNormalization with one scale and shift a channel, or with none."""
    row = call.plain(call.map())
    channels = call.rows.rows[row].shape.channels
    fields = {"groups": call.whole("num_groups", 0), "eps": _epsilon(call)}
    if fields["groups"] < 1:
        raise broken("it has no num_groups")
    if _does_nothing(call.constant(1), 1) and _does_nothing(call.constant(2), 0):
        return call.plainly("gn", row, affine=False, **fields)
    stored = {"weight": _optional(call, 1, 1, channels), "bias": _optional(call, 2, 0, channels)}
    return call.plainly("gn", row, stored=stored, **fields)


def local_response(call: Call) -> Activation:
    """LRN."""
    row = call.plain(call.map())
    size, k = call.whole("size", 0), call.number("bias", 1.0)
    alpha, beta = call.number("alpha", 1e-4), call.number("beta", 0.75)
    if size < 1 or k <= 0 or alpha < 0 or beta < 0:
        raise broken(f"size={size}, alpha={alpha}, beta={beta}, bias={k} are not possible")
    return call.plainly("lrn", row, size=size, alpha=alpha, beta=beta, k=k)


def layer_norm_by_parts(call: Call, above: Activation, below: Activation) -> Activation | None:
    """(x - mean)/sqrt(mean of squares + eps) as one layer norm; None for any other quotient."""
    rows = call.rows.rows
    centred, root = rows[above.row], rows[below.row]
    if not (_is(centred, "Sub") and _is(root, "Sqrt")):
        return None
    x, *means = centred.inputs
    if len(means) != 1 or not _is_mean(rows[means[0]]) or rows[means[0]].inputs != (x,):
        return None
    eps = _epsilon_of_squares(call, rows[root.inputs[0]], above.row)
    if eps is None:
        return None
    row = call.add("ln", x, eps=eps, affine=False)
    return Activation(row, above.axes, above.dims)


def response_norm_by_parts(
    call: Call, x: int, weighed: int, bias: Stored | None
) -> Activation | None:
    """x + weight·x·N + bias, N being the norm of a map over the mean of those; else None.

    The bias may be a part of what is `weighed`, or be given.
    """
    rows = call.rows.rows
    learned, product = rows[weighed], rows[next(iter(rows[weighed].inputs), weighed)]
    shift = "none" if bias else "learned"
    scale = scale_of(learned.layer)
    if scale is None or product.layer.type != "mul":
        return None
    if (scale.factor, scale.shift, scale.per) != ("learned", shift, "channel"):
        return None
    share = next((rows[index] for index in product.inputs if index != x), product)
    if x not in product.inputs or len(product.inputs) != PAIR or not _is(share, "Div"):
        return None
    norms, typical = share.inputs if len(share.inputs) == PAIR else (x, x)
    above = rows[rows[typical].inputs[0]] if rows[typical].inputs else share
    eps = getattr(rows[typical].layer, "shift", None)
    one_number = isinstance(eps, float) and getattr(rows[typical].layer, "factor", 0) == "none"
    if not _is(rows[norms], "ReduceL2") or rows[norms].inputs != (x,) or not one_number:
        return None
    if not _is_mean(above) or above.inputs != (norms,) or not eps or eps < 0:
        return None
    stored = {**learned.stored, **({"bias": bias} if bias else {})}
    return call.plainly("grn", x, stored=stored, eps=eps)


def _epsilon_of_squares(call: Call, row: Row, centred: int) -> float | None:
    """The eps of (mean of the squares of a row) + eps, else None."""
    layer, rows = scale_of(row.layer), call.rows.rows
    if layer is None or layer.factor != "none" or not isinstance(layer.shift, float):
        return None
    spread = rows[row.inputs[0]]
    square = rows[spread.inputs[0]] if _is_mean(spread) else None
    if square is None or set(square.inputs) != {centred} or layer.shift <= 0:
        return None
    return layer.shift if square.layer.type == "mul" and len(square.inputs) == PAIR else None


def _is(row: Row, operation: str) -> bool:
    return isinstance(row.layer, Opaque) and row.layer.operation == operation


def _is_mean(row: Row) -> bool:
    return row.layer.type == "reduce" and cast("Reduce", row.layer).kind == "mean"


def scale_of(layer: Layer) -> Scale | None:
    """The layer where it is a `scale`, whose type most files need not import, else None."""
    return cast("Scale", layer) if layer.type == "scale" else None


OPERATORS = {
    "BatchNormalization": batch_norm, "LayerNormalization": layer_norm,
    "InstanceNormalization": instance_norm, "GroupNormalization": group_norm,
    "LRN": local_response,
}  # fmt: skip
