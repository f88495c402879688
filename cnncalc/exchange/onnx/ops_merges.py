"""Operators that join tensors number by number, and what an exporter wrote with several of them.

A constant operand is a scale or a shift: of one number, or learned with one number a channel.
Behind a layer without a bias a learned shift is that layer's bias.
"""

from __future__ import annotations

from dataclasses import replace
from math import isclose, sqrt
from typing import TYPE_CHECKING, Any

from cnncalc.errors import UnplacedError, counted
from cnncalc.exchange.onnx.model import unsupported
from cnncalc.exchange.onnx.operands import Operand, operand
from cnncalc.exchange.onnx.ops_norms import (
    channels_last,
    layer_norm_by_parts,
    response_norm_by_parts,
    scale_of,
)
from cnncalc.exchange.onnx.ops_pointwise import hard_slope
from cnncalc.exchange.onnx.ops_shapes import computed
from cnncalc.exchange.onnx.rows import tidy
from cnncalc.exchange.onnx.values import Activation, Constant
from cnncalc.exchange.sizes import text
from cnncalc.exchange.wire import broken
from cnncalc.network import Opaque
from cnncalc.shapes import Shape

if TYPE_CHECKING:
    from collections.abc import Callable

    from cnncalc.exchange.onnx.rows import Call, Row
    from cnncalc.exchange.onnx.values import Value
    from cnncalc.layers._base import Layer
    from cnncalc.network import Stored

PAIR = 2
WITH_BIAS = frozenset({"conv", "dwconv", "conv_transpose", "fc", "linear"})
# What a scale calls the numbers that it stores.
STORED_AS = {
    "factor": {"learned": "weight", "fixed": "factor"},
    "shift": {"learned": "bias", "fixed": "shift"},
}
PRODUCTS = frozenset({2, 3})  # powers that are read as products
BOUNDS = {"Max": "low", "Min": "high"}
GATED = {"sigmoid": "silu", "hsigmoid": "hswish"}  # x times this of x


def add(call: Call) -> Value:
    """Add of two tensors, or Sum of any number."""
    return _merged(call, "add", _shifted)


def subtract(call: Call) -> Value:
    """Sub."""
    return _merged(call, "sub", _subtracted)


def multiply(call: Call) -> Value:
    """Mul."""
    return _merged(call, "mul", _scaled)


def divide(call: Call) -> Value:
    """Div."""
    return _merged(call, "", _divided)


def largest(call: Call) -> Value:
    """Max."""
    return _merged(call, "max", _bounded)


def smallest(call: Call) -> Value:
    """Min."""
    return _merged(call, "min", _bounded)


def mean(call: Call) -> Value:
    """Mean."""
    return _merged(call, "mean", _bounded)


def _merged(
    call: Call, type_: str, with_constant: Callable[[Call, Activation, Constant, bool], Activation]
) -> Value:
    """The operator on constants, on maps, or on a map and a constant."""
    values = call.values()
    if not values:
        raise broken("it has no input")
    if all(isinstance(value, Constant) for value in values):
        return computed(call)
    maps = [value for value in values if isinstance(value, Activation)]
    if len(maps) == len(values):
        return _joined(call, type_, maps)
    if len(values) != PAIR:  # one of each
        raise unsupported(f"'{call.operator.type}' of maps and constants has no layer here")
    (constant,) = (value for value in values if isinstance(value, Constant))
    return with_constant(call, maps[0], constant, isinstance(values[0], Constant))


# Of maps.


def _joined(call: Call, type_: str, maps: list[Activation]) -> Activation:
    if len(maps) == 1:
        return maps[0]
    if (known := _pattern(call, type_, maps)) is not None:
        return known
    if type_ == "mul":
        maps = [_before_expansion(call, x) for x in maps]
    first = maps[0]
    alike = all(x.dims == first.dims for x in maps)
    if not type_ or (type_ == "sub" and not alike):
        return _unknown(call, maps)
    if alike:
        return _of_one_size(call, type_, maps)
    if type_ == "mul":
        return _gate(call, maps)
    raise _mismatch(call, maps)


def _before_expansion(call: Call, x: Activation) -> Activation:
    """What an Expand made a map of, which is a gate as it was; any other tensor as it is."""
    row = call.row(x)
    before = call.rows.rows[row.inputs[0]].shape if row.inputs else row.shape
    if not row.operator or row.operator.type != "Expand" or before.size != before.channels:
        return x
    ones = (size if axis in {"n", "c"} else 1 for axis, size in zip(x.axes, x.dims, strict=True))
    return Activation(row.inputs[0], x.axes, tuple(ones))


def _of_one_size(call: Call, type_: str, maps: list[Activation]) -> Activation:
    """Maps whose sizes are equal, and whose axes may be in different orders."""
    first = maps[0]
    if all(x.axes == first.axes and call.shape(x) == call.shape(first) for x in maps):
        return Activation(call.add(type_, *(x.row for x in maps)), first.axes, first.dims)
    if len(first.dims) > PAIR and any(x.axes[-1] == "c" for x in maps):
        # Channels that are last stay there, where the norms behind look for them.
        maps = [channels_last(call, x) for x in maps]
        return Activation(call.add(type_, *(x.row for x in maps)), maps[0].axes, first.dims)
    return call.plainly(type_, *(call.plain(x) for x in maps))


def _pattern(call: Call, type_: str, maps: list[Activation]) -> Activation | None:
    """The layer of which this operator is the last part, else None."""
    if len(maps) != PAIR:
        return None
    if type_ == "mul":
        return _gated(call, maps) or _erf_gelu(call, maps)
    return layer_norm_by_parts(call, *maps) or _softsign(call, *maps) if not type_ else None


def _softsign(call: Call, x: Activation, below: Activation) -> Activation | None:
    """x/(1 + |x|)."""
    row = call.row(below)
    if _number(row, "shift") != 1:
        return None
    inner = call.rows.rows[row.inputs[0]]
    absolute = isinstance(inner.layer, Opaque) and inner.layer.operation == "Abs"
    if absolute and inner.inputs == (x.row,):
        return call.like(x, "softsign")
    return None


def _mismatch(call: Call, maps: list[Activation]) -> UnplacedError:
    listed = " and ".join(text(x.dims) for x in maps)
    return unsupported(f"'{call.operator.type}' that spreads {listed} has no layer here")


def _unknown(call: Call, maps: list[Activation]) -> Activation:
    """A row of unknown arithmetic that has the shape of the largest input."""
    big = max(maps, key=lambda x: (call.shape(x).size, len(x.dims)))
    if any(not _spreads(x.dims, big.dims) for x in maps):
        raise _mismatch(call, maps)
    return Activation(call.opaque(call.shape(big), *(x.row for x in maps)), big.axes, big.dims)


def _spreads(dims: tuple[int, ...], onto: tuple[int, ...]) -> bool:
    """Whether sizes are spread over others by the rule of NumPy."""
    if len(dims) > len(onto):
        return False
    pairs = zip(reversed(dims), reversed(onto), strict=False)
    return all(size in {1, other} for size, other in pairs)


def _gate(call: Call, maps: list[Activation]) -> Activation:
    """A map times numbers that are the same at every position, or in every channel."""
    big = max(maps, key=lambda x: (call.shape(x).size, len(x.dims)))
    try:
        if all(_lies_on(x, big) for x in maps):
            return Activation(call.add("mul", *(x.row for x in maps)), big.axes, big.dims)
        return call.plainly("mul", *(call.plain(x) for x in maps))
    except UnplacedError:  # the shapes are no gates for each other
        raise _mismatch(call, maps) from None


def _lies_on(x: Activation, big: Activation) -> bool:
    """Whether each axis of a tensor, where it is not 1, is the same axis of the larger one."""
    aligned = zip(reversed(x.axes), reversed(x.dims), reversed(big.axes), strict=False)
    return _spreads(x.dims, big.dims) and all(
        size == 1 or own == other for own, size, other in aligned
    )


def _gated(call: Call, maps: list[Activation]) -> Activation | None:
    """x·sigmoid(x) is SiLU, x·hsigmoid(x) hard swish, x·tanh(softplus(x)) Mish."""
    for x, gate in (maps, maps[::-1]):
        row = call.row(gate)
        if gate.axes != x.axes:
            continue
        usual = row.layer.type != "hsigmoid" or hard_slope(getattr(row.layer, "slope", 0)) == {}
        if row.layer.type in GATED and row.inputs == (x.row,) and usual:
            return call.like(x, GATED[row.layer.type])
        inner = call.rows.rows[row.inputs[0]] if row.layer.type == "tanh" else None
        if inner and inner.layer.type == "softplus" and inner.inputs == (x.row,):
            return call.like(x, "mish")
    return None


def _erf_gelu(call: Call, maps: list[Activation]) -> Activation | None:
    """x/2·(1 + erf(x/√2)), with the half taken first, and x·(1/2·(1 + erf(x/√2)))."""
    for half, gate in (maps, maps[::-1]):
        row, other = call.row(half), call.row(gate)
        if _number(other, "factor") == 0.5 and _one_plus_erf(  # noqa: PLR2004
            call, call.rows.rows[other.inputs[0]], half.row
        ):
            return call.like(half, "gelu")
        if _number(row, "factor") == 0.5 and _one_plus_erf(call, other, row.inputs[0]):  # noqa: PLR2004
            return Activation(call.add("gelu", row.inputs[0]), half.axes, half.dims)
    return None


def _one_plus_erf(call: Call, row: Row, x: int) -> bool:
    """Whether a row is 1 + erf(x/√2)."""
    if _number(row, "shift") != 1:
        return False
    erf = call.rows.rows[row.inputs[0]]
    if not (isinstance(erf.layer, Opaque) and erf.layer.operation == "Erf"):
        return False
    inner = call.rows.rows[erf.inputs[0]]
    factor = _number(inner, "factor")
    return factor is not None and isclose(factor, sqrt(0.5), rel_tol=1e-4) and inner.inputs == (x,)


def _number(row: Row, field: str) -> float | None:
    """The one number that a row only multiplies by (`factor`), or only adds (`shift`)."""
    other = "shift" if field == "factor" else "factor"
    scale = scale_of(row.layer)
    if scale is None or getattr(scale, other) != "none":
        return None
    value = getattr(scale, field)
    return value if isinstance(value, float) else None


# With a constant.


def _single(call: Call, x: Activation, constant: Constant) -> float | None:
    """The number that a constant is, or is at each place of the map; None where it has several."""
    value = constant.only
    if value is None and constant.size == 1:
        call.read(constant)
    if constant.size > 1 and (
        constant.learned or not _spreads(call.spread(constant, len(x.dims)), x.dims)
    ):
        return None
    return None if value is None else float(tidy(float(value)))


def _alone(call: Call, constant: Constant, field: str) -> Operand | None:
    """One stored number for all channels, where it is called after the row as cnncalc does it."""
    stored = constant.stored if constant.size == 1 else None
    row = call.operator.name.partition("/")[0]
    names = {f"{row}.{name}": role for role, name in STORED_AS[field].items()}
    if stored is None or stored.name not in names:
        return None
    return Operand("layer", stored, names[stored.name] == "learned")


def _operand(call: Call, x: Activation, constant: Constant) -> tuple[Activation, Operand]:
    """A map, and the constant beside it as the numbers of a scale.

    Raises:
        UnplacedError: no layer spreads the constant over the map.
    """
    return operand(call, x, constant, call.operator.inputs[call.values().index(constant)])


def _scale_by(
    call: Call, x: Activation, by: Operand, field: str, *, factor: float | str = "none"
) -> Activation:
    """A map times (`factor`) or plus (`shift`) these numbers, in the row that only multiplies."""
    stored = {STORED_AS[field][by.role]: by.stored}
    if field == "factor":
        return call.like(x, "scale", stored=stored, factor=by.role, per=by.per)
    if factor == "none" and _only_scales(call.layer(x), by.per) and call.alone(x):
        return _rewritten(call, x, STORED_AS["shift"][by.role], by.stored, shift=by.role)
    if factor == "none" and _is_factor_of_row(call, x):
        return _rewritten(call, x, STORED_AS["shift"][by.role], by.stored, shift=by.role,
                          per=by.per)  # fmt: skip
    return call.like(x, "scale", stored=stored, factor=factor, shift=by.role, per=by.per)


def _is_factor_of_row(call: Call, x: Activation) -> bool:
    """Whether a row of a file of our own began with a product by one number, which this is."""
    above = call.row(x).operator
    name = above.name if above and call.rows.is_own else ""
    return name.startswith(f"{call.operator.name}/") and _number(call.row(x), "factor") is not None


def _shifted(call: Call, x: Activation, constant: Constant, _swapped: bool) -> Activation:
    layer = call.layer(x)
    free = layer.type in WITH_BIAS and not getattr(layer, "bias", True) and call.alone(x)
    if (alone := _alone(call, constant, "shift")) is not None and not free:
        return _scale_by(call, x, alone, "shift")
    if constant.size == 1 and not (free and constant.stored and call.shape(x).channels == 1):
        number = _single(call, x, constant)
        return x if number == 0 else call.like(x, "scale", factor="none", shift=number)
    if constant.size == 1 and constant.stored:
        return _shifted_by_channel(call, x, constant.stored, free=free)
    if (number := _single(call, x, constant)) is not None:
        return call.like(x, "scale", factor="none", shift=number)
    x, by = _operand(call, x, constant)
    if by.per == "channel" and by.learned:
        return _shifted_by_channel(call, x, by.stored, free=free)
    return _scale_by(call, x, by, "shift")


def _shifted_by_channel(call: Call, x: Activation, stored: Stored, *, free: bool) -> Activation:
    """A learned shift a channel: the bias of the layer before it, of a norm, or one of its own."""
    layer = call.layer(x)
    if layer.type == "add" and (whole := _response_norm(call, x, stored)) is not None:
        return whole
    if free:
        return _rewritten(call, x, "bias", stored, bias=True)
    if _only_scales(layer) and "weight" in call.row(x).stored and call.alone(x):
        return _rewritten(call, x, "bias", stored, shift="learned", norm=True)
    return _scale_by(call, x, Operand("channel", stored, learned=True), "shift")


def _response_norm(call: Call, x: Activation, bias: Stored | None) -> Activation | None:
    """A sum of a map and what it is weighed by, with this bias, as one layer; else None."""
    row = call.row(x)
    if len(row.inputs) != PAIR or call.plain(x) != x.row:
        return None
    for one, weighed in (row.inputs, row.inputs[::-1]):
        if (norm := response_norm_by_parts(call, one, weighed, bias)) is not None:
            return Activation(norm.row, x.axes, x.dims)
    return None


def _only_scales(layer: Layer, per: str = "channel") -> bool:
    """Whether a layer multiplies by stored numbers, such as one a channel, and no more."""
    scale = scale_of(layer)
    if scale is None or scale.shift != "none" or scale.per != per:
        return False
    return scale.factor in {"learned", "fixed"}


def _rewritten(
    call: Call,
    x: Activation,
    parameter: str,
    stored: Stored,
    *,
    norm: bool = False,
    **fields: object,
) -> Activation:
    """The row once more, with one parameter added, in place of the old one.

    A learned scale and shift behind a norm that learns nothing is that norm's own (`norm`).
    """
    row = call.row(x)
    learned = {**row.stored, parameter: stored}
    inner = call.rows.rows[row.inputs[0]]
    plain = (
        norm
        and inner.layer.type in {"ln", "gn", "instnorm"}
        and not getattr(inner.layer, "affine", True)
    )
    if plain and call.rows.reads[row.inputs[0]] == 1:
        layer, inputs = replace(inner.layer, affine=True), inner.inputs  # type: ignore[type-var]
    else:
        layer, inputs = replace(row.layer, **fields), row.inputs  # type: ignore[type-var]
    operator = row.operator or call.operator
    return Activation(call.rows.add(layer, inputs, operator, learned), x.axes, x.dims)


def _subtracted(call: Call, x: Activation, constant: Constant, swapped: bool) -> Activation:
    number = _single(call, x, constant)
    if number is not None:
        if swapped:
            return call.like(x, "scale", factor=-1.0, shift=number or "none")
        return x if number == 0 else call.like(x, "scale", factor="none", shift=-number)
    if (apart := _from_codes(call, x, constant)) is not None and not swapped:
        return apart
    x, by = _operand(call, x, constant)
    if swapped:
        return _scale_by(call, x, by, "shift", factor=-1.0)
    return _scale_by(call, x, by.changed("negative"), "shift")


def _from_codes(call: Call, x: Activation, constant: Constant) -> Activation | None:
    """A vector (n, 1, size) less each stored code (units, size), as a part of a pattern."""
    codes, shape = constant.dims, call.shape(x)
    if len(codes) != PAIR or constant.stored is None or constant.stored.order or shape.rank:
        return None
    if x.dims != (call.rows.batch, 1, codes[1]) or x.axes[2] != "c":
        return None
    return call.seen(call.opaque(Shape(codes[0], (codes[1],)), x.row))


def _scaled(call: Call, x: Activation, constant: Constant, _swapped: bool) -> Activation:
    if (alone := _alone(call, constant, "factor")) is not None:
        return _scale_by(call, x, alone, "factor")
    number = _single(call, x, constant)
    if number is None:
        return _scale_by(call, *_operand(call, x, constant), "factor")
    return _times(call, x, number)


def _divided(call: Call, x: Activation, constant: Constant, swapped: bool) -> Activation:
    if swapped:
        return _unknown(call, [x])
    number = _single(call, x, constant)
    if number is None:
        x, by = _operand(call, x, constant)
        return _scale_by(call, x, by.changed("inverse"), "factor")
    if number == 0:
        raise broken("it divides by 0")
    return _times(call, x, 1 / number)


def _times(call: Call, x: Activation, factor: float) -> Activation:
    """A map times one number, which may be the last step of an activation written in parts."""
    if factor == 1:
        return x
    rows, row = call.rows.rows, call.row(x)
    if isclose(factor, 1 / 6, rel_tol=1e-5):
        inner = _hard(call, x.row)
        if inner is not None:
            return Activation(call.add("hsigmoid", inner), x.axes, x.dims)
        for one, gate in (row.inputs, row.inputs[::-1]) if row.layer.type == "mul" else ():
            if _hard(call, gate) == one:
                return Activation(call.add("hswish", one), x.axes, x.dims)
    if factor == 0.5 and row.layer.type == "mul":  # noqa: PLR2004 - the half of a Gelu
        for one, gate in (row.inputs, row.inputs[::-1]):
            if _one_plus_erf(call, rows[gate], one):
                return Activation(call.add("gelu", one), x.axes, x.dims)
    return call.like(x, "scale", factor=factor)


def _hard(call: Call, index: int) -> int | None:
    """The row x of relu6(x + 3), else None."""
    row = call.rows.rows[index]
    if row.layer.type != "relu6":
        return None
    inner = call.rows.rows[row.inputs[0]]
    return inner.inputs[0] if _number(inner, "shift") == 3 else None  # noqa: PLR2004


def _bounded(call: Call, x: Activation, constant: Constant, _swapped: bool) -> Activation:
    number, type_ = _single(call, x, constant), call.operator.type
    if number is None or type_ not in BOUNDS:
        size = counted(constant.size, "number")
        raise unsupported(f"'{type_}' of a map and a constant of {size} has no layer here")
    if number == 0 and type_ == "Max":
        return call.like(x, "relu")
    return call.like(x, "clip", **{BOUNDS[type_]: number})


def elementwise(call: Call) -> Any:
    """An operator on each number that no layer has; it may turn out to be part of a pattern."""
    values = call.values()
    if all(isinstance(value, Constant) for value in values):
        return computed(call)
    unknown = _unknown(call, [value for value in values if isinstance(value, Activation)])
    if any(not _spreads(value.dims, unknown.dims) for value in values):
        raise unsupported(f"'{call.operator.type}' has no layer here")
    return unknown


def absolute(call: Call) -> Any:
    """Abs of a difference that nobody else reads; of anything else as part of a pattern."""
    x = call.value()
    if isinstance(x, Activation) and call.layer(x).type == "sub" and call.alone(x):
        row = call.row(x)
        return Activation(call.add("sub", *row.inputs, absolute=True), x.axes, x.dims)
    return elementwise(call)


def negative(call: Call) -> Value:
    """Neg."""
    x = call.value()
    return computed(call) if isinstance(x, Constant) else call.like(x, "scale", factor=-1.0)


def power(call: Call) -> Any:
    """Pow: a square or a cube as the product that it is; another power as part of a pattern."""
    x, exponent = call.value(0), call.value(1)
    if isinstance(x, Activation) and isinstance(exponent, Constant):
        number = _single(call, x, exponent)
        if number == 1:
            return x
        if number in PRODUCTS:
            return Activation(call.add("mul", *[x.row] * int(number)), x.axes, x.dims)
    return elementwise(call)


OPERATORS: dict[str, Callable[[Call], Value]] = {
    "Add": add, "Sum": add, "Sub": subtract, "Mul": multiply, "Div": divide, "Max": largest,
    "Min": smallest, "Mean": mean, "Neg": negative, "Abs": absolute, "Pow": power,
    **dict.fromkeys(
        ("Erf", "Sqrt", "Reciprocal", "Exp", "Log", "Sin", "Cos", "Floor", "Ceil",
         "Round", "Sign", "ThresholdedRelu", "Mod", "Equal", "Greater", "Less", "And", "Or", "Not",
         "Where", "GreaterOrEqual", "LessOrEqual"),
        elementwise,
    ),
}  # fmt: skip
