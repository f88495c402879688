"""Arithmetic on constants: the shapes that exporters compute inside the graph.

Tensors of up to 4,096 numbers are evaluated. Of larger ones the sizes are kept, with the stored
tensor whose numbers they hold, or with what computes them when a forward pass needs them.
"""

from __future__ import annotations

import operator
from itertools import product
from math import ceil, cos, erf, exp, floor, log, prod, sin, tanh
from typing import TYPE_CHECKING, Any

from cnncalc.exchange.onnx.model import (
    FLOATS,
    LARGEST_SIZE,
    MOST_AXES,
    MOST_COMPUTED,
    MOST_NUMBERS,
    Number,
    StoredTensor,
    unsupported,
)
from cnncalc.exchange.onnx.rows import MOST_SPATIAL, one, stored_constant
from cnncalc.exchange.onnx.values import (
    MOST_PIECES,
    Activation,
    Constant,
    Later,
    Numbers,
    is_computable,
    known,
    made_of_learned,
    picked,
    pieces_of,
    together,
)
from cnncalc.exchange.sizes import text
from cnncalc.exchange.wire import broken
from cnncalc.network import Stored
from cnncalc.shapes import Shape

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from cnncalc.exchange.onnx.model import Dims
    from cnncalc.exchange.onnx.rows import Call
    from cnncalc.exchange.onnx.values import Piece, Value

LARGEST_EXPONENT = 88  # e to it is the largest power that is a 32-bit float
DEEPEST = 64  # computed constants that are made of each other


def evaluated(
    dims: Dims,
    make: Callable[[list[Numbers]], Numbers],
    sources: Sequence[Constant],
    *,
    is_float: bool,
    pieces: tuple[Piece, ...] | None = None,
) -> Constant:
    """A constant made of others: a small one at once, a larger one when a pass reads it."""
    size = prod(dims)
    if size <= MOST_NUMBERS:
        tables = [source.numbers() for source in sources]
        at_hand = [table for table in tables if table is not None]
        if len(at_hand) == len(tables):
            made = known(dims, make(at_hand), is_float=is_float, pieces=pieces)
            return made._replace(learned=made_of_learned(sources))
    made = known(dims, None, is_float=is_float, pieces=pieces)
    return made._replace(later=put_off(size, make, sources), learned=made_of_learned(sources))


def put_off(
    size: int, make: Callable[[list[Numbers]], Numbers], sources: Sequence[Constant]
) -> Later | None:
    """What computes so many numbers when they are read; None where that is not possible."""
    if size > MOST_COMPUTED or not all(map(is_computable, sources)):
        return None
    later = Later(size, make, sources)
    return later if later.depth <= DEEPEST else None


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


def _raised(v: Number) -> Number:
    if v > LARGEST_EXPONENT:
        raise unsupported("e to the power of these constants is not evaluated")
    return exp(v)


def _log(v: Number) -> Number:
    if v <= 0:
        raise unsupported("the logarithm of these constants is not evaluated")
    return log(v)


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
    "Sin": sin, "Cos": cos, "Tanh": tanh, "Exp": _raised, "Log": _log,
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

    def make(tables: list[Numbers]) -> Numbers:
        sizes = [constant.dims for constant in constants]
        aligned = [spread(table, own, dims) for table, own in zip(tables, sizes, strict=True)]
        return tuple(_bounded(function(*v)) for v in zip(*aligned, strict=True))

    return evaluated(dims, make, constants, is_float=is_float)


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


def spread(numbers: Numbers, sizes: Dims, dims: Dims) -> Numbers:
    """The numbers of a tensor of these sizes spread to larger ones, row by row.

    >>> spread((1, 2), (2, 1), (2, 3))
    (1, 1, 1, 2, 2, 2)
    """
    if sizes == dims:
        return numbers
    own = (1,) * (len(dims) - len(sizes)) + sizes
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
    changed = evaluated(
        value.dims, lambda tables: tuple(map(convert, tables[0])), [value], is_float=bool(to_float)
    )
    return changed._replace(stored=value.stored)


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
        if not stored.order and not stored.runs:  # its sizes may have been changed
            stored = stored._replace(dims=value.dims)
        before = stored.order or tuple(range(len(stored.dims)))
        kept = tuple(stored.dims[axis] for axis in before) == value.dims
        moved = tuple(before[axis] for axis in order) if kept else None
        stored = stored._replace(order=moved) if moved else None

    def turned(old: Numbers) -> Numbers:
        steps = _steps(value.dims)
        moved = [steps[axis] for axis in order]
        return tuple(
            old[sum(p * s for p, s in zip(place, moved, strict=True))]
            for place in product(*map(range, dims))
        )

    def numbers() -> Numbers | None:
        old = value.numbers()
        return None if old is None else turned(old)

    is_later = value.numbers() is None
    later = put_off(value.size, lambda tables: turned(tables[0]), [value]) if is_later else None
    return Constant(
        dims, numbers, value.is_float, stored, fill=value.fill, later=later,
        learned=made_of_learned([value]),
    )  # fmt: skip


def gathered(call: Call, value: Constant, indices: Constant, axis: int) -> Constant:
    """Gather from a constant along one axis."""
    dims = value.dims[:axis] + indices.dims + value.dims[axis + 1 :]
    outer, length, inner = (
        prod(value.dims[:axis]), value.dims[axis], prod(value.dims[axis + 1 :]),
    )  # fmt: skip
    whole = prod(dims) > MOST_NUMBERS or value.numbers() is None
    in_pieces = pieces_of(value) is not None and outer * indices.size <= MOST_PIECES
    if whole and not in_pieces and (indices.numbers() is None or not is_computable(value)):
        return known(dims, None, is_float=value.is_float)
    picks = call.read(indices) if prod(dims) else ()
    if any(not -length <= pick < length for pick in picks):
        raise broken(f"it picks {max(picks, key=abs)} of {length}")

    def runs() -> Iterator[tuple[int, int]]:
        for row in range(outer if picks else 0):
            for pick in picks:
                start = (row * length + int(pick) % length) * inner
                yield start, start + inner

    return _from_places(value, dims, runs, in_pieces=not whole or in_pieces)


def _from_places(
    value: Constant, dims: Dims, runs: Callable[[], Iterator[tuple[int, int]]], *, in_pieces: bool
) -> Constant:
    """A constant made of some places of another one, (start, stop) by (start, stop)."""

    def taken(tables: list[Numbers]) -> Numbers:
        return tuple(n for a, b in runs() for n in tables[0][a:b])

    pieces = picked(value, runs()) if in_pieces else None
    return evaluated(dims, taken, [value], is_float=value.is_float, pieces=pieces)


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
    whole = value.numbers() is None or prod(dims) > MOST_NUMBERS
    in_pieces = pieces_of(value) is not None and count <= MOST_PIECES
    first = sum(r.start * s for r, s in zip(ranges[last:], steps[last:], strict=True))

    def runs() -> Iterator[tuple[int, int]]:
        for place in product(*ranges[:last]):
            start = first + sum(p * s for p, s in zip(place, steps, strict=False))
            yield start, start + length

    return _from_places(value, dims, runs, in_pieces=not whole or in_pieces)


def reduced(value: Constant, gone: set[int], *, keep: bool) -> Constant:
    """What is left of a constant without some axes: its sizes alone."""
    sizes = enumerate(value.dims)
    dims = tuple(1 if axis in gone else size for axis, size in sizes if keep or axis not in gone)
    return known(dims, None, is_float=value.is_float)


def scattered(call: Call) -> Constant:
    """ScatterND into a constant: some of its rows, by their places, are others."""
    parts = [call.constant(place) for place in range(3)]
    value, places, updates = parts
    if value is None or places is None or updates is None or not places.dims:
        raise broken("it has no data, no places or no updates")
    plain = known(value.dims, None, is_float=value.is_float)
    depth = places.dims[-1]
    if call.word("reduction", "none") != "none" or not 0 < depth <= len(value.dims):
        return plain
    steps, length = _steps(value.dims)[:depth], prod(value.dims[depth:])
    if updates.size != prod(places.dims[:-1]) * length:
        raise broken(f"its updates are {text(updates.dims)}")

    def make(tables: list[Numbers]) -> Numbers:
        numbers, indices, rows = list(tables[0]), tables[1], tables[2]
        for k in range(places.size // depth):
            at = [int(n) % size for n, size in
                  zip(indices[k * depth : (k + 1) * depth], value.dims, strict=False)]  # fmt: skip
            start = sum(n * step for n, step in zip(at, steps, strict=True))
            numbers[start : start + length] = rows[k * length : (k + 1) * length]
        return tuple(numbers)

    return evaluated(value.dims, make, [value, places, updates], is_float=value.is_float)


def joined(values: Sequence[Constant], axis: int) -> Constant:
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
    lengths = [prod(value.dims[axis:]) for value in values]

    def interleaved(tables: list[Numbers]) -> Numbers:
        return tuple(
            number
            for outer in range(prod(dims[:axis]))
            for table, length in zip(tables, lengths, strict=True)
            for number in table[outer * length : (outer + 1) * length]
        )

    return evaluated(dims, interleaved, values, is_float=is_float, pieces=pieces)


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
    is_float = bool(ends[0] and ends[0].is_float)
    return evaluated(
        (number,), lambda _: tuple(start + k * step for k in range(number)), [], is_float=is_float
    )


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
        return _repeated(call, value, dims)
    made = evaluated(
        dims, lambda tables: spread(tables[0], value.dims, dims), [value], is_float=value.is_float
    )
    return made if prod(dims) <= MOST_NUMBERS else made._replace(fill=value.only)


def _repeated(call: Call, x: Activation, dims: Dims) -> Activation:
    """A map whose axes of one place have many: its nearest neighbour everywhere."""
    new = len(dims) - len(x.dims)
    x = Activation(x.row, (*(None,) * new, *x.axes), (*(1,) * new, *x.dims))
    grown = [k for k, size in enumerate(dims) if size != x.dims[k]]
    if 0 in grown:
        raise unsupported(f"'Expand' to {text(dims)} repeats the batch, which no layer here does")
    start = len(call.rows.rows)
    if not all(isinstance(x.axes[k], int) for k in grown):
        x = _with_places(call, x, grown, dims)
    call.rows.name_beside(start)
    sizes = list(call.shape(x).spatial)
    for k in grown:
        axis = x.axes[k]
        if isinstance(axis, int):
            sizes[axis] = dims[k]
    row = call.add("upsample", x.row, size=one(tuple(sizes)), mode="nearest")
    return Activation(row, x.axes, dims)


def _with_places(call: Call, x: Activation, axes: Sequence[int], dims: Dims) -> Activation:
    """The tensor as a row that has these axes as spatial ones, the channels too if need be."""
    plain = call.plain(x)
    if 1 not in axes:
        return call.seen(plain)
    if len(dims) - 1 > MOST_SPATIAL:
        raise unsupported(f"'Expand' of {text(x.dims)} to {text(dims)} has no layer here")
    row = call.reshaped(plain, Shape(1, x.dims[1:]))
    return Activation(row, ("n", *range(len(dims) - 1)), x.dims)


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
