"""Filters that a file computes from stored weights, as our own exports write them.

Standardised ones (less their mean, over their deviation), those of a connection table (zeros where
a filter does not see a map), and a blur (one filter for all channels).
"""

from __future__ import annotations

from math import isclose, prod, sqrt
from typing import TYPE_CHECKING, Any

from cnncalc.exchange.onnx.rows import tidy
from cnncalc.exchange.onnx.values import Constant, Filters
from cnncalc.layers import layer_type
from cnncalc.layers._base import Parameter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnncalc.exchange.onnx.model import Dims, Operator
    from cnncalc.exchange.onnx.rows import Call
    from cnncalc.network import Stored

PAIR = 2  # a filter and a channel
TOLERANCE = 1e-6  # of numbers that a file holds as 32-bit floats


def computed(call: Call, name: str) -> Filters | None:
    """What the computed tensor of this name is for a convolution, else None."""
    for known in (_standardised, _of_a_table, _blurring):
        if (found := known(call, name)) is not None:
            return found
    return None


def _made_by(call: Call, name: str, type_: str) -> Operator | None:
    """The operator of this type that puts out a tensor, else None."""
    maker = call.rows.makers.get(name)
    return maker if maker is not None and maker.type == type_ else None


def _inputs(call: Call, name: str, type_: str) -> tuple[str, ...]:
    """What the operator of this type reads that puts out a tensor; nothing for another one."""
    maker = _made_by(call, name, type_)
    return () if maker is None else maker.inputs


def _constant(call: Call, name: str) -> Constant | None:
    value = call.rows.values.get(name)
    return value if isinstance(value, Constant) else None


# Standardised filters.


def _standardised(call: Call, name: str) -> Filters | None:
    scaled = _scaled(call, name)
    centred, root = _two(_inputs(call, scaled[0] if scaled else name, "Div"))
    weight, mean = _two(_inputs(call, centred, "Sub"))
    variance, eps = _two(_inputs(call, next(iter(_inputs(call, root, "Sqrt")), ""), "Add"))
    constant, smallest = _constant(call, weight), _constant(call, eps)
    if constant is None or constant.stored is None or constant.stored.order or smallest is None:
        return None
    squares = _mean_of_filters(call, variance, constant.dims)
    if squares is None or _inputs(call, squares, "Mul") != (centred, centred):
        return None
    if _mean_of_filters(call, mean, constant.dims) != weight or not smallest.only:
        return None
    fields = {"standardize": "filters", "weight_eps": float(tidy(float(smallest.only)))}
    if scaled is None:
        return Filters(constant.dims, {"weight": constant.stored}, fields)
    gain, factor = scaled[1:]
    if gain.dims != constant.stored._replace(dims=(constant.dims[0],)).dims:
        return None
    gamma = float(tidy(factor * sqrt(prod(constant.dims[1:]))))
    fields |= {"standardize": "scaled", "gamma": gamma}
    return Filters(constant.dims, {"weight": constant.stored, "gain": gain}, fields)


def _scaled(call: Call, name: str) -> tuple[str, Stored, float] | None:
    """The filters, the learned gain and the number that they are multiplied by."""
    used, gains = _two(_inputs(call, name, "Mul"))
    gain, factor = (_constant(call, each) for each in _two(_inputs(call, gains, "Mul")))
    if gain is None or gain.stored is None or factor is None or factor.only is None:
        return None
    if gain.size != gain.dims[0]:
        return None
    return used, gain.stored._replace(dims=(gain.size,)), float(factor.only)


def _two(names: Sequence[str]) -> tuple[str, str]:
    """Two names; empty ones where there are not just two."""
    return (names[0], names[1]) if len(names) == PAIR else ("", "")


def _mean_of_filters(call: Call, name: str, dims: Dims) -> str | None:
    """The tensor of which this is the mean over everything but the filters, else None."""
    maker = _made_by(call, name, "ReduceMean")
    if maker is None or maker.attributes.get("keepdims", 1) != 1:
        return None
    axes = maker.attributes.get("axes")
    if axes is None and len(maker.inputs) == PAIR:
        given = _constant(call, maker.inputs[1])
        axes = given.numbers() if given is not None else None
    return maker.inputs[0] if axes == tuple(range(1, len(dims))) else None


# A connection table.


def _of_a_table(call: Call, name: str) -> Filters | None:
    inputs = (*_inputs(call, name, "ScatterND"), "", "", "")[:3]
    zeros, places, weight = (_constant(call, each) for each in inputs)
    if zeros is None or places is None or weight is None or weight.stored is None:
        return None
    numbers, kernel = places.numbers(), zeros.dims[PAIR:]
    if zeros.only != 0 or numbers is None or places.dims[1:] != (PAIR,):
        return None
    if weight.dims != (places.dims[0], *kernel) or weight.stored.order:
        return None
    table = _as_table(numbers, *zeros.dims[:PAIR])
    return Filters(zeros.dims, {"weight": weight.stored}, {"table": table}) if table else None


def _as_table(
    numbers: Sequence[float], filters: int, channels: int
) -> tuple[tuple[int, ...], ...] | None:
    """The channels that each filter sees, by pairs in the order of filters; else None."""
    pairs = list(zip(map(int, numbers[::PAIR]), map(int, numbers[1::PAIR]), strict=True))
    if filters > len(pairs) or not all(
        0 <= k < filters and 0 <= channel < channels for k, channel in pairs
    ):
        return None
    table = tuple(tuple(channel for k, channel in pairs if k == each) for each in range(filters))
    in_order = [(k, channel) for k, seen in enumerate(table) for channel in seen]
    if in_order != pairs or len(set(pairs)) < len(pairs):
        return None
    return table


# A blur.


def _blurring(call: Call, name: str) -> Filters | None:
    filter_ = _constant(call, next(iter(_inputs(call, name, "Expand")), ""))
    spread = _constant(call, name)
    if filter_ is None or filter_.stored is None or spread is None or filter_.stored.order:
        return None
    kernel = spread.dims[PAIR:]
    if filter_.dims != (1, 1, *kernel) or spread.dims[1] != 1:
        return None
    blur: Any = layer_type("blur")
    binomial = blur(kernel=kernel).initial_value(Parameter("filter", kernel))
    numbers = filter_.numbers()
    if binomial is None or numbers is None:
        return None
    if not all(isclose(a, b, rel_tol=TOLERANCE) for a, b in zip(numbers, binomial, strict=True)):
        return None
    return Filters(spread.dims, {"filter": filter_.stored}, {}, "blur")
