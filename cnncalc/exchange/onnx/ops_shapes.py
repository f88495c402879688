"""Arithmetic on constants: the shapes that exporters compute inside the graph.

Tensors of up to 4,096 numbers are evaluated. Of larger ones only the sizes are kept, with the
stored tensor whose numbers they hold.
"""

from __future__ import annotations

import operator
from itertools import product
from math import ceil, erf, floor, prod
from typing import TYPE_CHECKING, Any

from cnncalc.exchange.onnx.model import (
    FLOATS,
    LARGEST_SIZE,
    MOST_AXES,
    MOST_NUMBERS,
    Number,
    StoredTensor,
    unsupported,
)
from cnncalc.exchange.onnx.rows import stored_constant
from cnncalc.exchange.onnx.values import (
    MOST_PIECES,
    Activation,
    Constant,
    known,
    picked,
    pieces_of,
    together,
)
from cnncalc.exchange.sizes import text
from cnncalc.exchange.wire import broken
from cnncalc.network import Stored

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from cnncalc.exchange.onnx.model import Dims
    from cnncalc.exchange.onnx.rows import Call
    from cnncalc.exchange.onnx.values import Piece, Value

Numbers = tuple[Number, ...]


def _divided(a: Number, b: Number) -> Number:
    """Whole numbers are cut towards zero, as in C."""
    if b == 0:
        raise broken("it divides by 0")
    if isinstance(a, int) and isinstance(b, int):
        quotient = abs(a) // abs(b)
        return quotient if (a < 0) == (b < 0) else -quotient
    return a / b


def _power(a: Number, b: Number) -> Number:
    value = float(a) ** float(b) if abs(a) < 1e6 and abs(b) < 64 else None  # noqa: PLR2004
    if value is None or isinstance(value, complex):
        raise unsupported("a power of these constants is not evaluated")
    return int(value) if isinstance(a, int) else value


def _modulo(a: Number, b: Number) -> Number:
    if b == 0:
        raise broken("it divides by 0")
    return a % b


PAIRS: dict[str, Callable[[Any, Any], Number]] = {
    "Add": operator.add, "Sum": operator.add, "Sub": operator.sub, "Mul": operator.mul,
    "Div": _divided, "Max": max, "Min": min, "Pow": _power, "Mod": _modulo,
    "Equal": operator.eq, "Greater": operator.gt, "Less": operator.lt,
    "GreaterOrEqual": operator.ge, "LessOrEqual": operator.le,
    "And": lambda a, b: a and b, "Or": lambda a, b: a or b,
}  # fmt: skip
SINGLES: dict[str, Callable[[Any], Number]] = {
    "Neg": operator.neg, "Abs": abs, "Sqrt": lambda v: v**0.5, "Floor": floor, "Ceil": ceil,
    "Round": round, "Not": operator.not_, "Reciprocal": lambda v: _divided(1.0, v),
    "Sign": lambda v: (v > 0) - (v < 0), "Erf": erf,
}  # fmt: skip


def computed(call: Call) -> Constant:
    """An operator on constants number by number, by NumPy's rule of spreading."""
    constants = [value for value in call.values() if isinstance(value, Constant)]
    type_ = call.operator.type
    if type_ == "Where" and len(constants) == 3:  # noqa: PLR2004
        yes, no = constants[1], constants[2]
        return _each(
            constants, lambda *v: v[1] if v[0] else v[2], is_float=yes.is_float or no.is_float
        )
    is_float = any(constant.is_float for constant in constants)
    if type_ in SINGLES and len(constants) == 1:
        return _each(constants, SINGLES[type_], is_float=is_float)
    if type_ in PAIRS:
        if len(constants) == 1:
            return constants[0]
        result = constants[0]
        for other in constants[1:]:
            result = _each([result, other], PAIRS[type_], is_float=is_float)
        return result
    dims = constants[0].dims if constants else ()
    return known(dims, None, is_float=is_float)


def _each(
    constants: Sequence[Constant], function: Callable[..., Number], *, is_float: bool
) -> Constant:
    dims = spread_sizes([constant.dims for constant in constants])
    if prod(dims) > MOST_NUMBERS:
        return known(dims, None, is_float=is_float)
    tables = [spread(constant, dims) for constant in constants]
    if any(table is None for table in tables):
        return known(dims, None, is_float=is_float)
    numbers = tuple(
        _bounded(function(*v)) for v in zip(*(t for t in tables if t is not None), strict=True)
    )
    return known(dims, numbers, is_float=is_float)


def _bounded(value: Number) -> Number:
    """The number. Raises UnplacedError for a complex one, or one of a thousand digits."""
    if isinstance(value, complex) or (isinstance(value, int) and abs(value) >= 2**64):
        raise unsupported("arithmetic on constants leaves the range of 64-bit numbers")
    return value


def spread_sizes(shapes: Sequence[Dims]) -> Dims:
    """The sizes that tensors of these sizes are spread to. Raises UnplacedError for misfits.

    >>> spread_sizes([(3, 1), (4,)])
    (3, 4)
    """
    rank = max(map(len, shapes), default=0)
    padded = [(1,) * (rank - len(dims)) + dims for dims in shapes]
    out = []
    for sizes in zip(*padded, strict=True):
        real = {size for size in sizes if size != 1}
        if len(real) > 1:
            raise broken(f"constants of {' and '.join(map(text, shapes))} do not fit each other")
        out.append(real.pop() if real else 1)
    return tuple(out)


def spread(constant: Constant, dims: Dims) -> Numbers | None:
    """The numbers of a constant spread to larger sizes, row by row."""
    numbers = constant.numbers()
    if numbers is None or constant.dims == dims:
        return numbers
    own = (1,) * (len(dims) - len(constant.dims)) + constant.dims
    steps = [step if size > 1 else 0 for step, size in zip(_steps(own), own, strict=True)]
    return tuple(
        numbers[sum(p * s for p, s in zip(place, steps, strict=True))]
        for place in product(*map(range, dims))
    )


def _steps(dims: Dims) -> list[int]:
    """How far apart neighbours along each axis lie."""
    return [prod(dims[k + 1 :]) for k in range(len(dims))]


def constant(call: Call) -> Constant:
    """Constant: numbers written out in the graph."""
    attributes, name = call.operator.attributes, call.operator.outputs[0]
    tensor = attributes.get("value")
    if isinstance(tensor, StoredTensor):
        value = stored_constant(call.rows.model, tensor, name)
        stored = Stored(name, tensor.dims, inline=True) if tensor.is_float else None
        return Constant(value.dims, value.numbers, value.is_float, stored)
    for key in ("value_ints", "value_floats"):
        if isinstance(numbers := attributes.get(key), tuple):
            return known((len(numbers),), numbers, is_float=key == "value_floats")
    for key in ("value_int", "value_float"):
        if isinstance(number := attributes.get(key), (int, float)):
            return known((), (number,), is_float=key == "value_float")
    raise unsupported("'Constant' of another kind than numbers is not read")


def constant_of_shape(call: Call) -> Constant:
    """ConstantOfShape. Of a stored shape it stands for stored numbers that were left out."""
    sizes = call.constant(0)
    if sizes is None:
        raise broken("it has no shape")
    dims = _sizes(call.read(sizes))
    tensor = call.operator.attributes.get("value")
    is_float = not isinstance(tensor, StoredTensor) or tensor.is_float
    fill: Number = 0.0
    if isinstance(tensor, StoredTensor):
        fill = (call.rows.model.numbers(tensor) or (0,))[0]
    numbers = (fill,) * prod(dims) if prod(dims) <= MOST_NUMBERS else None
    stored = Stored(call.operator.outputs[0], dims) if is_float and sizes.stored else None
    return Constant(dims, lambda: numbers, is_float, stored, fill=None if stored else fill)


def _sizes(numbers: Iterable[Number]) -> Dims:
    dims = tuple(int(number) for number in numbers)
    if len(dims) > MOST_AXES or any(not 0 <= size <= LARGEST_SIZE for size in dims):
        raise broken(f"it gives a tensor of {text(dims[:MOST_AXES])}")
    return dims


def shape(call: Call) -> Constant:
    """Shape: the sizes of a tensor, or some of them."""
    dims = call.any_value().dims
    attributes = call.operator.attributes
    start, end = attributes.get("start", 0), attributes.get("end", len(dims))
    if not isinstance(start, int) or not isinstance(end, int):
        raise broken("start and end are no whole numbers")
    taken = dims[start:end]
    return known((len(taken),), taken)


def size(call: Call) -> Constant:
    """Size: how many numbers a tensor holds."""
    return known((), (prod(call.any_value().dims),))


def cast(call: Call) -> Value:
    """Cast and CastLike: the same numbers as another type.

    Numbers that the network computes stay the same as floats only: others are cut. What enters the
    network may be whole numbers already, as those that an embedding looks up.
    """
    value = call.value()
    if isinstance(value, Activation):
        is_kept = call.operator.type == "CastLike" or call.whole("to", 1) in FLOATS
        if is_kept or call.layer(value).type == "input":
            return value
        return Activation(call.opaque(call.shape(value), value.row), value.axes, value.dims)
    if call.operator.type == "CastLike":
        to_float = isinstance(call.value(1), Activation) or getattr(call.value(1), "is_float", True)
    else:
        to_float = call.whole("to", 1) in FLOATS
    if to_float == value.is_float:
        return value
    convert: Callable[[Number], Number] = float if to_float else int
    numbers = value.numbers()
    changed = None if numbers is None else tuple(map(convert, numbers))
    return Constant(value.dims, lambda: changed, bool(to_float), value.stored)


def reshaped(value: Constant, dims: Dims) -> Constant:
    """A constant under other sizes. Raises UnplacedError where they hold another number."""
    if prod(dims) != value.size:
        raise broken(f"{text(value.dims)} does not become {text(dims)}")
    return value._replace(dims=dims)


def transposed(value: Constant, order: Sequence[int]) -> Constant:
    """A constant with its axes in another order."""
    dims = tuple(value.dims[axis] for axis in order)
    stored = value.stored
    if stored is not None:
        plain = value.dims == stored.dims
        before = stored.order or tuple(range(len(stored.dims)))
        moved = tuple(before[axis] for axis in order) if plain or stored.order else None
        stored = stored._replace(order=moved) if moved else None

    def numbers() -> Numbers | None:
        old = value.numbers()
        if old is None:
            return None
        steps = _steps(value.dims)
        turned = [steps[axis] for axis in order]
        return tuple(
            old[sum(p * s for p, s in zip(place, turned, strict=True))]
            for place in product(*map(range, dims))
        )

    return Constant(dims, numbers, value.is_float, stored)


def gathered(call: Call, value: Constant, indices: Constant, axis: int) -> Constant:
    """Gather from a constant along one axis."""
    dims = value.dims[:axis] + indices.dims + value.dims[axis + 1 :]
    outer, length, inner = (
        prod(value.dims[:axis]), value.dims[axis], prod(value.dims[axis + 1 :]),
    )  # fmt: skip
    whole = prod(dims) > MOST_NUMBERS or value.numbers() is None
    if whole and (pieces_of(value) is None or outer * indices.size > MOST_PIECES):
        return known(dims, None, is_float=value.is_float)
    picks = call.read(indices) if prod(dims) else ()
    if any(not -length <= pick < length for pick in picks):
        raise broken(f"it picks {max(picks, key=abs)} of {length}")
    starts = (
        (row * length + int(pick) % length) * inner
        for row in range(outer if picks else 0)
        for pick in picks
    )
    return _from_places(value, dims, ((start, start + inner) for start in starts))


def _from_places(value: Constant, dims: Dims, runs: Iterable[tuple[int, int]]) -> Constant:
    """A constant made of some places of another one, (start, stop) by (start, stop)."""
    runs = list(runs)
    numbers = value.numbers() if prod(dims) <= MOST_NUMBERS else None
    taken = None if numbers is None else tuple(n for a, b in runs for n in numbers[a:b])
    return known(dims, taken, is_float=value.is_float, pieces=picked(value, runs))


def sliced(value: Constant, ranges: Sequence[range]) -> Constant:
    """Some places of a constant along every axis."""
    dims = tuple(map(len, ranges))
    if not prod(dims):
        return known(dims, (), is_float=value.is_float)
    steps = _steps(value.dims)
    last = len(ranges)  # from this axis on, everything is taken
    while last and ranges[last - 1] == range(value.dims[last - 1]):
        last -= 1
    length = prod(value.dims[last:])
    if last and ranges[last - 1].step == 1:
        last -= 1
        length *= len(ranges[last])
    count = prod(map(len, ranges[:last]))
    known_numbers = value.numbers() is not None and prod(dims) <= MOST_NUMBERS
    if not known_numbers and (pieces_of(value) is None or count > MOST_PIECES):
        return known(dims, None, is_float=value.is_float)
    first = sum(r.start * s for r, s in zip(ranges[last:], steps[last:], strict=True))
    starts = (
        first + sum(p * s for p, s in zip(place, steps, strict=False))
        for place in product(*ranges[:last])
    )
    return _from_places(value, dims, ((start, start + length) for start in starts))


def reduced(value: Constant, gone: set[int], *, keep: bool) -> Constant:
    """What is left of a constant without some axes: its sizes alone."""
    sizes = enumerate(value.dims)
    dims = tuple(1 if axis in gone else size for axis, size in sizes if keep or axis not in gone)
    return known(dims, None, is_float=value.is_float)


def scattered(call: Call) -> Constant:
    """ScatterND into a constant: its sizes alone."""
    value = call.constant(0)
    if value is None:
        raise broken("it has no data")
    return known(value.dims, None, is_float=value.is_float)


def joined(call: Call, values: Sequence[Constant], axis: int) -> Constant:
    """Constants one behind the other along an axis."""
    first = values[0]
    total = sum(value.dims[axis] for value in values)
    dims = (*first.dims[:axis], total, *first.dims[axis + 1 :])
    if any(
        v.dims[:axis] + v.dims[axis + 1 :] != first.dims[:axis] + first.dims[axis + 1 :]
        for v in values
    ):
        raise broken("its inputs do not fit each other")
    is_float = first.is_float
    pieces = _joined_pieces(values, axis)
    if prod(dims) > MOST_NUMBERS or any(value.numbers() is None for value in values):
        return known(dims, None, is_float=is_float, pieces=pieces)
    return known(dims, tuple(_interleaved(call, values, axis)), is_float=is_float, pieces=pieces)


def _joined_pieces(values: Sequence[Constant], axis: int) -> tuple[Piece, ...] | None:
    """The stored numbers that constants are made of, as they lie behind each other in the whole."""
    count = prod(values[0].dims[:axis])
    if count * len(values) > MOST_PIECES or any(pieces_of(value) is None for value in values):
        return None
    lengths = [prod(value.dims[axis:]) for value in values]
    found: list[Piece] = []
    for outer in range(count):
        for value, length in zip(values, lengths, strict=True):
            found += picked(value, [(outer * length, (outer + 1) * length)]) or ()
    return together(found)


def _interleaved(call: Call, values: Sequence[Constant], axis: int) -> Iterator[Number]:
    pieces = [(call.read(value), prod(value.dims[axis:])) for value in values]
    for outer in range(prod(values[0].dims[:axis])):
        for numbers, length in pieces:
            yield from numbers[outer * length : (outer + 1) * length]


def counted_up(call: Call) -> Constant:
    """Range: start, start + step, ... below a limit."""
    ends = [call.constant(place) for place in range(3)]
    values = [end.only for end in ends if end is not None]
    if len(values) != 3 or None in values:  # noqa: PLR2004 - start, limit, step
        raise unsupported("'Range' whose ends are not known is not evaluated")
    start, limit, step = (value for value in values if value is not None)
    if step == 0:
        raise broken("its step is 0")
    number = max(ceil((limit - start) / step), 0)
    if number > LARGEST_SIZE:
        raise broken(f"it counts {number:.0e} numbers")
    numbers = tuple(start + k * step for k in range(number)) if number <= MOST_NUMBERS else None
    return known((number,), numbers, is_float=bool(ends[0] and ends[0].is_float))


def expand(call: Call) -> Value:
    """Expand. One number spread over a tensor is stored nowhere."""
    value, sizes = call.value(), call.constant(1)
    if sizes is None:
        raise broken("it has no shape")
    wanted = _sizes(call.read(sizes))
    dims = spread_sizes([value.dims, wanted])
    if dims == value.dims:
        return value
    if isinstance(value, Activation):
        raise unsupported(f"'Expand' of {text(value.dims)} to {text(dims)} has no layer here")
    if prod(dims) > MOST_NUMBERS:
        return known(dims, None, is_float=value.is_float)._replace(fill=value.only)
    return known(dims, spread(value, dims), is_float=value.is_float)


def product_of(call: Call) -> Value:
    """ReduceProd of a constant, as for the size of a flattened map."""
    value = call.value()
    if isinstance(value, Activation):
        raise unsupported("'ReduceProd' of a map has no layer here")
    keep = call.whole("keepdims", 1)
    axes = call.whole_numbers("axes", 1)
    if axes is not None and len(value.dims) != 1:
        raise unsupported("'ReduceProd' over some axes is not evaluated")
    return known((1,) * len(value.dims) if keep else (), (_bounded(prod(call.read(value))),))


def not_zero(call: Call) -> Constant:
    """NonZero of a constant with one axis: the places of its numbers that are not 0."""
    value = call.constant(0)
    if value is None or len(value.dims) != 1:
        raise unsupported("'NonZero' of more than one axis is not evaluated")
    places = tuple(place for place, number in enumerate(call.read(value)) if number)
    return known((1, len(places)), places)


OPERATORS = {
    "Constant": constant, "ConstantOfShape": constant_of_shape, "Shape": shape, "Size": size,
    "Cast": cast, "CastLike": cast, "Range": counted_up, "Expand": expand,
    "ReduceProd": product_of, "NonZero": not_zero, "ScatterND": scattered,
}  # fmt: skip
