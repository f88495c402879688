"""Operators that move numbers: shapes, slices, joins, padding, resizing; and means over axes."""

from __future__ import annotations

from math import ceil, floor, prod
from typing import TYPE_CHECKING, Any

from cnncalc.exchange.onnx.blocks import settled
from cnncalc.exchange.onnx.model import unsupported
from cnncalc.exchange.onnx.ops_shapes import gathered, joined, reduced, reshaped, sliced, transposed
from cnncalc.exchange.onnx.parts import (
    put_together,
    sliced_map,
    stacked,
    taken,
    taken_of_view,
    with_whole_axes,
    without,
)
from cnncalc.exchange.onnx.rows import MOST_SPATIAL, one, tidy
from cnncalc.exchange.onnx.values import Activation, Constant, ManyAxes
from cnncalc.exchange.sizes import text
from cnncalc.exchange.wire import broken
from cnncalc.network import Opaque
from cnncalc.shapes import Shape

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from fractions import Fraction

    from cnncalc.exchange.onnx.model import Dims
    from cnncalc.exchange.onnx.rows import Call
    from cnncalc.exchange.onnx.values import Axis, Value

VECTOR = 2  # axes: the batch and the channels
PAIR = 2
# How Resize rounds a place between two numbers, by its nearest_mode.
ROUNDINGS: dict[str, Callable[[Fraction], int]] = {
    "floor": floor,
    "ceil": ceil,
    "round_prefer_floor": lambda place: -((1 - 2 * place) // 2),
    "round_prefer_ceil": lambda place: (1 + 2 * place) // 2,
}


def flatten(call: Call) -> Value:
    """Flatten behind the batch."""
    x = call.map()
    axis = call.whole("axis", 1)
    if axis not in {1, 1 - len(x.dims)}:
        raise unsupported(f"'Flatten' from axis {axis} has no layer here")
    return _vector(call, x) if len(x.dims) != VECTOR else x


def _vector(call: Call, x: Activation) -> Activation:
    row = call.plain(x)
    return call.seen(call.reshaped(row, Shape(call.rows.rows[row].shape.size)))


def reshape(call: Call) -> Value | ManyAxes:
    """Reshape; 0 keeps a size, -1 stands for what is left."""
    value = call.any_value()
    written = call.whole_numbers("shape", 1)
    if written is None:
        raise broken("it has no shape")
    keeps = call.whole("allowzero", 0) == 0
    dims = [
        value.dims[k] if size == 0 and keeps and k < len(value.dims) else size
        for k, size in enumerate(written)
    ]
    if dims.count(-1) == 1:
        rest = prod(size for size in dims if size != -1)
        dims[dims.index(-1)] = prod(value.dims) // rest if rest else 0
    if min(dims, default=1) < 1 or prod(dims) != prod(value.dims):
        raise broken(f"{text(value.dims)} does not become {text(written)}")
    if isinstance(value, ManyAxes):
        return with_whole_axes(call, value, tuple(dims)) or settled(call, value, tuple(dims))
    return _viewed(call, value, tuple(dims))


def _viewed(call: Call, value: Value, dims: Dims) -> Value | ManyAxes:
    """A tensor under other sizes."""
    if isinstance(value, Constant):
        return reshaped(value, dims)
    if dims == value.dims:
        return value
    same = _without_ones(value.dims) == _without_ones(dims) and (
        dims[:1] == value.dims[:1] or call.rows.batch == 1
    )
    return _settled(call, _relabelled(value, dims)) if same else _regrouped(call, value, dims)


def _regrouped(call: Call, value: Activation, dims: Dims) -> Activation | ManyAxes:
    """A map whose axes are joined or split."""
    for known in (_shuffled, _by_groups, _shares_of_groups, _merged_axes):
        if (whole := known(call, value, dims)) is not None:
            return whole
    if len(dims) - VECTOR > MOST_SPATIAL and dims[0] == call.rows.batch:
        return ManyAxes(call.plain(value), dims, tuple(range(len(dims))))
    wanted = call.sample((1, *dims) if call.rows.batch == 1 != dims[0] else dims)
    row = call.reshaped(call.plain(call.lifted(value)), wanted)
    return call.lowered(call.seen(row), dims)


def _without_ones(dims: Sequence[int]) -> list[int]:
    return [size for size in dims if size != 1]


def _relabelled(x: Activation, dims: Dims) -> Activation:
    """Axes of size 1 come and go; the others stay what they are. In front stands the batch."""
    real = iter([axis for axis, size in zip(x.axes, x.dims, strict=True) if size != 1])
    axes = [next(real) if size != 1 else None for size in dims]
    single = [axis for axis, size in zip(x.axes, x.dims, strict=True) if size == 1]
    for label in ("n", "c"):  # of one sample, and one channel
        if label in single and None in axes:
            axes[axes.index(None)] = label
    return Activation(x.row, tuple(axes), dims)


def _settled(call: Call, x: Activation) -> Activation:
    """A vector as a row of its own, as frameworks write it."""
    is_vector = len(x.dims) == VECTOR and x.dims[0] == call.rows.batch and x.axes[0] in {"n", None}
    return call.seen(call.plain(x)) if is_vector else x


def _shuffled(call: Call, x: Activation, dims: Dims) -> Activation | None:
    """(n, g·c) as (n, g, c), transposed and flat again is a channel shuffle."""
    row = call.row(x)
    if row.layer.type != "reshape" or x.axes[:3] != ("n", 0, "c"):
        return None
    source = call.rows.rows[row.inputs[0]]
    before = source.shape
    rest = tuple(range(1, row.shape.rank))
    if x.axes[3:] != rest or row.shape.spatial[1:] != before.spatial:
        return None
    if dims[1:] != (before.channels, *before.spatial):
        return None
    layer, groups = source.layer, row.shape.channels
    if layer.type == "space2depth" and getattr(layer, "order", "") == "dcr":
        block = getattr(layer, "block", 0)
        if groups == block**2:
            return call.plainly("space2depth", source.inputs[0], block=block)
    return call.plainly("shuffle", row.inputs[0], groups=groups)


def _by_groups(call: Call, x: Activation, dims: Dims) -> Activation | None:
    """Instance norm of (n, groups, rest) and back is a group norm."""
    norm = call.row(x)
    if norm.layer.type != "instnorm" or getattr(norm.layer, "affine", True):
        return None
    row = call.rows.rows[norm.inputs[0]]
    before = call.rows.rows[row.inputs[0]].shape if row.layer.type == "reshape" else None
    if before is None or dims[1:] != (before.channels, *before.spatial) or x.axes[1] != "c":
        return None
    eps = getattr(norm.layer, "eps", 1e-5)
    return call.plainly("gn", row.inputs[0], groups=norm.shape.channels, eps=eps, affine=False)


def _shares_of_groups(call: Call, x: Activation, dims: Dims) -> Activation | None:
    """Softmax of (n, groups, rest) over the groups, or over the channels of each, and back."""
    shares = call.row(x)
    row = call.rows.rows[shares.inputs[0]] if shares.layer.type == "softmax" else shares
    if row.layer.type != "reshape" or x.axes != ("n", "c", *range(row.shape.rank)):
        return None
    before = call.rows.rows[row.inputs[0]].shape
    groups, over = row.shape.channels, getattr(shares.layer, "over", "")
    if row.shape.spatial[1:] != before.spatial or dims[1:] != (before.channels, *before.spatial):
        return None
    if over == "channels" and getattr(shares.layer, "groups", 1) == 1:
        return call.plainly("softmax", row.inputs[0], over="groups", groups=groups)
    if over == row.shape.axes[0]:
        return call.plainly("softmax", row.inputs[0], groups=groups)
    return None


def _merged_axes(call: Call, x: Activation, dims: Dims) -> Activation | None:
    """Axes that become one, and lie side by side in the row too, need no permutation."""
    groups = _joined_groups(x, dims)
    order = ["c", *range(call.shape(x).rank)]
    if groups is None or max(map(len, groups)) < PAIR:
        return None
    rest = [group for group in groups if group not in {(), ("n",)}]
    if any("n" in group for group in rest):
        return None
    rest.sort(key=lambda group: order.index(group[0]))
    if [label for group in rest for label in group] != order:
        return None
    sizes = dict(zip(x.axes, x.dims, strict=True))
    channels, *spatial = (prod(sizes[label] for label in group) for group in rest)
    row = call.reshaped(x.row, Shape(channels, tuple(spatial)))
    labels: dict[tuple[Axis, ...], Axis] = {(): None, ("n",): "n"}
    labels.update(zip(rest, ("c", *range(len(spatial))), strict=True))
    return Activation(row, tuple(labels[group] for group in groups), dims)


def _joined_groups(x: Activation, dims: Dims) -> list[tuple[Axis, ...]] | None:
    """The axes that each of these sizes is the product of; None where an axis is split."""
    left = [axis for axis in zip(x.axes, x.dims, strict=True) if axis[0] is not None]
    groups: list[tuple[Axis, ...]] = []
    for size in dims:
        group: list[Axis] = []
        product = 1
        while left and (product < size or (left[0][1] == size == 1 and not group)):
            label, own = left.pop(0)
            group.append(label)
            product *= own
        if product != size:
            return None
        groups.append(tuple(group))
    return groups if not left else None


def squeeze(call: Call) -> Value | ManyAxes:
    """Squeeze: axes of size 1 go."""
    value, axes = call.any_value(), call.whole_numbers("axes", 1)
    rank = len(value.dims)
    gone = {k for k, size in enumerate(value.dims) if size == 1} if axes is None else {
        axis % rank if rank else 0 for axis in axes}  # fmt: skip
    if any(value.dims[k] != 1 for k in gone):
        raise broken(f"axes {sorted(gone)} of {text(value.dims)} are not all 1")
    dims = tuple(size for k, size in enumerate(value.dims) if k not in gone)
    if isinstance(value, Constant):
        return reshaped(value, dims)
    if isinstance(value, ManyAxes):
        return without(call, value, gone)
    axes_left = tuple(axis for k, axis in enumerate(value.axes) if k not in gone)
    return _settled(call, Activation(value.row, axes_left, dims))


def unsqueeze(call: Call) -> Value:
    """Unsqueeze: axes of size 1 come."""
    value, axes = call.value(), call.whole_numbers("axes", 1)
    if axes is None:
        raise broken("it has no axes")
    rank = len(value.dims) + len(axes)
    if len(set(axes)) != len(axes) or any(not -rank <= axis < rank for axis in axes):
        raise broken(f"there are no new axes {list(axes)} of {rank}")
    new = {axis % rank for axis in axes}
    if len(new) != len(axes):
        raise broken(f"the axes {list(axes)} are not different")
    own = iter(value.dims)
    dims = tuple(1 if k in new else next(own) for k in range(rank))
    if isinstance(value, Constant):
        return reshaped(value, dims)
    labels = iter(value.axes)
    return Activation(
        value.row, tuple(None if k in new else next(labels) for k in range(rank)), dims
    )


def transpose(call: Call) -> Value | ManyAxes:
    """Transpose: no row, since a tensor remembers what its axes are."""
    value = call.any_value()
    rank = len(value.dims)
    order = call.operator.attributes.get("perm", tuple(reversed(range(rank))))
    if not isinstance(order, tuple) or sorted(map(str, order)) != sorted(map(str, range(rank))):
        raise broken(f"perm is {order} for {text(value.dims)}")
    if isinstance(value, Constant):
        return transposed(value, order)
    if isinstance(value, ManyAxes):
        return ManyAxes(value.row, value.sizes, tuple(value.order[k] for k in order))
    return Activation(
        value.row, tuple(value.axes[k] for k in order), tuple(value.dims[k] for k in order)
    )


def concat(call: Call) -> Value | ManyAxes:
    """Concat."""
    values = call.values()
    if not values:
        raise broken("it has no input")
    rank = len(values[0].dims)
    axis = call.whole("axis", 1)
    if any(len(value.dims) != rank for value in values) or not -rank <= axis < rank:
        raise broken(f"axis {axis} of {' and '.join(text(v.dims) for v in values)} is none")
    axis %= rank
    constants = [value for value in values if isinstance(value, Constant)]
    if len(constants) == len(values):
        return joined(constants, axis)
    if constants:
        raise unsupported("'Concat' of a map and a constant has no layer here")
    maps = [value for value in values if isinstance(value, Activation)]
    return maps[0] if len(maps) == 1 else _joined(call, maps, axis)


def _joined(call: Call, maps: list[Activation], axis: int) -> Activation | ManyAxes:
    if (whole := put_together(call, maps) or stacked(call, maps, axis)) is not None:
        return whole
    first = maps[0]
    label = first.axes[axis]
    alike = all(x.axes == first.axes for x in maps)
    ranks = {call.shape(x).rank for x in maps}
    if not alike or label is None or len(ranks) > 1:
        maps = [call.seen(call.plain(x)) for x in maps]
        first = maps[0]
        label = first.axes[axis]
    if label == "n" or label is None:
        raise unsupported("'Concat' along the batch has no layer here")
    letter = "c" if label == "c" else call.shape(first).axes[label]
    row = call.add("concat", *(x.row for x in maps), axis=letter)
    total = sum(x.dims[axis] for x in maps)
    return Activation(row, first.axes, (*first.dims[:axis], total, *first.dims[axis + 1 :]))


def slice_(call: Call) -> Value | ManyAxes:
    """Slice along any axes."""
    value = call.any_value()
    starts, ends = call.whole_numbers("starts", 1), call.whole_numbers("ends", 2)
    axes, steps = call.whole_numbers("axes", 3), call.whole_numbers("steps", 4)
    if starts is None or ends is None or len(starts) != len(ends):
        raise broken("its starts and ends do not fit each other")
    axes = axes if axes is not None else tuple(range(len(starts)))
    steps = steps if steps is not None else (1,) * len(starts)
    rank = len(value.dims)
    if not len(axes) == len(steps) == len(starts) or 0 in steps:
        raise broken("its starts, axes and steps do not fit each other")
    if any(not -rank <= axis < rank for axis in axes):
        raise broken(f"there are no axes {list(axes)} in {text(value.dims)}")
    ranges = [range(size) for size in value.dims]
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        ranges[axis] = _range(start, end, step, value.dims[axis])
    if isinstance(value, Constant):
        return sliced(value, ranges)
    if isinstance(value, Activation):
        return sliced_map(call, value, ranges)
    view: Activation | ManyAxes = value
    for axis, places in enumerate(ranges):
        view = _some(call, view, axis, places)
    return view


def _range(start: int, end: int, step: int, size: int) -> range:
    """The places that a slice takes, by Python's own rule; the ends may lie far outside."""
    low = min(max(start, -size - 1), size + 1)
    high = min(max(end, -size - 1), size + 1)
    if step < 0 and end < -size:
        return range(*slice(low, None, max(step, -size - 1)).indices(size))
    return range(*slice(low, high, max(min(step, size + 1), -size - 1)).indices(size))


def _some(
    call: Call, value: Activation | ManyAxes, axis: int, places: range
) -> Activation | ManyAxes:
    """Some places along one axis of any tensor."""
    if isinstance(value, ManyAxes):
        return taken_of_view(call, value, axis, places)
    return taken(call, value, axis, places)


def split(call: Call) -> list[Value | ManyAxes]:
    """Split into parts along one axis."""
    value = call.any_value()
    axis, rank = call.whole("axis", 0), len(value.dims)
    if not -rank <= axis < rank:
        raise broken(f"there is no axis {axis} in {text(value.dims)}")
    axis %= rank
    size, count = value.dims[axis], len(call.operator.outputs)
    parts = call.whole_numbers("split", 1)
    if parts is None:
        each = -(-size // count)
        parts = tuple(min(each, size - k * each) for k in range(count))
    if sum(parts) != size or len(parts) != count or min(parts) < 0:
        raise broken(f"{size} is not the sum of {list(parts)}")
    found: list[Value | ManyAxes] = []
    start = 0
    for part in parts:
        places = range(start, start + part)
        if isinstance(value, Constant):
            ranges = [places if k == axis else range(s) for k, s in enumerate(value.dims)]
            found.append(sliced(value, ranges))
        else:
            found.append(_some(call, value, axis, places))
        start += part
    return found


def gather(call: Call) -> Value | ManyAxes:
    """Gather: constants by any indices; of a map one place, or neighbouring ones.

    Rows of a stored table by computed numbers are an embedding.
    """
    value = call.any_value()
    rank, axis = len(value.dims), call.whole("axis", 0)
    if isinstance(value, Constant) and isinstance(call.value(1), Activation) and axis in {0, -rank}:
        return _embedded(call)
    indices = call.constant(1)
    if indices is None or not -rank <= axis < rank:
        raise broken(f"there is no axis {axis} in {text(value.dims)}")
    axis %= rank
    if isinstance(value, Constant):
        return gathered(call, value, indices, axis)
    size = value.dims[axis]
    picks = [int(pick) + size * (pick < 0) for pick in call.read(indices)]
    if not isinstance(value, ManyAxes) and rank == 1 and picks == list(range(size)):
        return _viewed(call, value, indices.dims)  # as_strided of PyTorch, which moves nothing
    if not picks or any(not 0 <= pick < size for pick in picks) or len(indices.dims) > 1:
        raise broken(f"it picks {picks[:9]} of {size}")
    places = range(picks[0], picks[0] + len(picks))
    if list(places) != picks:
        raise unsupported("'Gather' of places in another order has no layer here")
    if isinstance(value, ManyAxes) or value.axes[axis] is not None:
        x = _some(call, value, axis, places)
    else:
        x = value
    if indices.dims:
        return x
    if isinstance(x, ManyAxes):
        return without(call, x, {axis})
    axes, dims = (v[:axis] + v[axis + 1 :] for v in (x.axes, x.dims))
    return _settled(call, Activation(x.row, axes, dims))  # type: ignore[arg-type]


def _embedded(call: Call) -> Activation:
    """Gather from a stored table, its entries chosen by a vector of numbers."""
    (table, stored), x = call.learned(0), call.map(1)
    if len(table.dims) != VECTOR or len(x.dims) != VECTOR:
        raise unsupported(f"'Gather' from {text(table.dims)} by {text(x.dims)} has no layer here")
    entries, size = table.dims
    row = call.add(
        "embedding", call.plain(x), stored={"weight": stored}, entries=entries, size=size
    )
    return Activation(row, ("n", 0, "c"), (*x.dims, size))


def pad(call: Call) -> Value:
    """Pad of maps and of channels; negative padding crops."""
    x = call.map()
    rank = len(x.dims)
    pads = call.whole_numbers("pads", 1)
    axes = call.whole_numbers("axes", 3) if call.given(3) else tuple(range(rank))
    if (
        pads is None
        or axes is None
        or len(pads) != 2 * len(axes)
        or any(not -rank <= a < rank for a in axes)
    ):
        raise broken(f"its pads {list(pads or ())} do not fit {text(x.dims)}")
    before, after = [0] * rank, [0] * rank
    for k, axis in enumerate(axes):
        before[axis], after[axis] = pads[k], pads[len(axes) + k]
    mode = call.word("mode", "constant")
    modes = {"constant": "zeros", "reflect": "reflect", "edge": "replicate", "wrap": "circular"}
    if mode not in modes:
        raise unsupported(f"'Pad' in the mode {mode} has no layer here")
    if before[0] or after[0]:
        raise unsupported("'Pad' of the batch has no layer here")
    value = _pad_value(call)
    usual = mode == "constant" and value == 0 and min(before[1], after[1]) >= 0
    if usual or not (before[1] or after[1]):
        x = call.seen(_pad_channels(call, call.plain(x), before[1], after[1]))
        before[1] = after[1] = 0
    else:
        start = len(call.rows.rows)
        x = _channels_as_positions(call, x, before, after)
        call.rows.name_beside(start)
    return _pad_positions(call, x, before, after, mode=modes[mode],
                          value=value if mode == "constant" else 0.0)  # fmt: skip


def _channels_as_positions(
    call: Call, x: Activation, before: Sequence[int], after: Sequence[int]
) -> Activation:
    """The tensor with all axes that are padded among the spatial axes of its row.

    Where they are not, as of an audio signal (n, length), it is seen as one channel.
    """
    padded = [k for k in range(1, len(x.dims)) if before[k] or after[k]]
    if all(isinstance(x.axes[k], int) for k in padded):
        return x
    sizes = x.dims[1:]
    if len(sizes) > MOST_SPATIAL:
        raise unsupported("'Pad' of the channels by other numbers than zeros has no layer here")
    row = call.reshaped(call.plain(x), Shape(1, sizes))
    return Activation(row, ("n", *range(len(sizes))), x.dims)


def _pad_positions(
    call: Call, x: Activation, before: Sequence[int], after: Sequence[int], **fields: Any
) -> Activation:
    """Padding of the spatial axes of a row, the negative ones first: they crop."""
    places = {axis: k for k, axis in enumerate(x.axes) if isinstance(axis, int)}
    ends = [
        tuple(sizes[places[axis]] if axis in places else 0 for axis in range(call.shape(x).rank))
        for sizes in (before, after)
    ]
    row = x.row
    cut, more = ([tuple(max(sign * size, 0) for size in end) for end in ends] for sign in (-1, 1))
    if any(map(any, cut)):
        row = call.add("crop", row, begin=one(cut[0]), end=one(cut[1]))
    if any(map(any, more)):
        row = call.add("pad", row, begin=one(more[0]), end=one(more[1]), **fields)
    sizes = zip(x.dims, before, after, strict=True)
    return Activation(row, x.axes, tuple(size + first + last for size, first, last in sizes))


def _pad_value(call: Call) -> float:
    constant = call.constant(2)
    if constant is None:
        return call.number("value", 0.0)
    value = constant.only
    if value is None or abs(value) == float("inf"):
        raise unsupported("'Pad' by a number that is not known has no layer here")
    return float(tidy(float(value)))


def _pad_channels(call: Call, row: int, before: int, after: int) -> int:
    """Maps of zeros before and after those of a row."""
    return row if not before and not after else call.add("padmaps", row, begin=before, end=after)


def resize(call: Call) -> Value:
    """Resize and Upsample, where their places are those of `upsample`."""
    x = call.map()
    row = call.plain(x)
    shape = call.rows.rows[row].shape
    factors, sizes = _resizing(call, x)
    if factors[:2] != [1, 1]:
        raise unsupported("'Resize' of the channels has no layer here")
    if sizes[2:] == list(x.dims[2:]):
        return x
    mode = call.word("mode", "nearest")
    old = call.operator.type == "Upsample" or call.opset < 11  # noqa: PLR2004 - the first with rules
    rule = call.word("coordinate_transformation_mode", "asymmetric" if old else "half_pixel")
    if call.whole("antialias", 0) or mode not in {"nearest", "linear", "bilinear"}:
        raise unsupported(f"'Resize' in the mode {mode} has no layer here")
    steps = [1 / factor.limit_denominator() for factor in factors[2:]]
    axes = list(zip(shape.spatial, sizes[2:], steps, strict=True))
    fields: dict[str, Any] = {"mode": "nearest" if mode == "nearest" else "bilinear"}
    if mode == "nearest":
        rounding = call.word("nearest_mode", "floor" if old else "round_prefer_floor")
        if rounding not in ROUNDINGS:
            raise unsupported(f"'Resize' with nearest_mode={rounding} has no layer here")
        if not all(_same_nearest(*axis, rule, rounding) for axis in axes):
            fields |= {"rule": _rule(rule, sizes[2:]), "nearest_mode": rounding}
    elif rule == "align_corners":
        fields["align_corners"] = True
    elif _rule(rule, sizes[2:]) == "asymmetric":
        fields["rule"] = "asymmetric"
    by_factor = all(int(size / step) == out for size, out, step in axes) and not call.given(3)
    scale = tuple(float(factor) for factor in factors[2:])
    scale = scale[:1] if len(set(scale)) == 1 else scale
    size = {"scale": scale} if by_factor else {"size": one(tuple(sizes[2:]))}
    return call.plainly("upsample", row, **size, **fields)


def _rule(rule: str, sizes: Sequence[int]) -> str:
    """The rule of `upsample` by which outputs lie where this one of ONNX has them."""
    if rule == "pytorch_half_pixel" and 1 not in sizes:
        return "half_pixel"
    if rule not in {"half_pixel", "asymmetric", "align_corners"}:
        raise unsupported(f"'Resize' by {rule} has no layer here")
    return rule


def _resizing(call: Call, x: Activation) -> tuple[list[Fraction], list[int]]:
    """Per axis of the file the factor and the new size."""
    from fractions import Fraction

    rank = len(x.dims)
    if call.given(3):
        sizes = [int(size) for size in call.whole_numbers("sizes", 3) or ()]
        axes = call.operator.attributes.get("axes")
        if isinstance(axes, tuple) and len(axes) == len(sizes):
            full = list(x.dims)
            for axis, size in zip(axes, sizes, strict=True):
                full[int(axis) % rank] = size
            sizes = full
        if len(sizes) != rank or min(sizes) < 1:
            raise broken(f"its sizes {sizes} do not fit {text(x.dims)}")
        if call.word("keep_aspect_ratio_policy", "stretch") != "stretch":
            raise unsupported("'Resize' that keeps the aspect ratio has no layer here")
        return [Fraction(out, size) for out, size in zip(sizes, x.dims, strict=True)], sizes
    place = 2 if call.given(2) else 1
    written = call.operator.attributes.get("scales")
    if not isinstance(written, tuple):
        constant = call.constant(place)
        if constant is None:
            raise broken("it has neither scales nor sizes")
        written = call.read(constant)
    if len(written) != rank or not all(0 < float(v) < 2**20 for v in written):
        raise broken(f"its scales {list(written)} do not fit {text(x.dims)}")
    factors = [Fraction(tidy(float(v))).limit_denominator(10**6) for v in written]
    sizes = [floor(size * factor) for size, factor in zip(x.dims, factors, strict=True)]
    if min(sizes) < 1:
        raise broken(f"its scales leave nothing of {text(x.dims)}")
    return factors, sizes


MOST_COMPARED = 2**14


def _same_nearest(size: int, out: int, step: Fraction, rule: str, rounding: str) -> bool:
    """Whether every output takes the place that `upsample` takes: floor(o·step)."""
    from fractions import Fraction

    if rule == "asymmetric" and rounding == "floor":
        return True
    if out > MOST_COMPARED:
        return False
    places: dict[str, Callable[[int], Fraction]] = {
        "asymmetric": lambda o: o * step,
        "half_pixel": lambda o: (o + Fraction(1, 2)) * step - Fraction(1, 2),
        "pytorch_half_pixel": lambda o: (
            (o + Fraction(1, 2)) * step - Fraction(1, 2) if out > 1 else Fraction(0)
        ),
        "align_corners": lambda o: Fraction(o * (size - 1), max(out - 1, 1)),
    }
    if rule not in places:
        return False
    at, near = places[rule], ROUNDINGS[rounding]
    return all(
        min(max(near(at(o)), 0), size - 1) == min(floor(o * step), size - 1) for o in range(out)
    )


def reduce_(call: Call, kind: str) -> Value:
    """A mean, maximum, minimum or sum over the channels, or over spatial axes."""
    x = call.value()
    axes = call.whole_numbers("axes", 1)
    rank = len(x.dims)
    if axes == () or axes is None:
        if call.whole("noop_with_empty_axes", 0):
            return x
        axes = tuple(range(rank))
    if any(not -rank <= axis < rank for axis in axes):
        raise broken(f"there are no axes {list(axes)} in {text(x.dims)}")
    gone = {axis % rank for axis in axes}
    if isinstance(x, Constant):
        return reduced(x, gone, keep=bool(call.whole("keepdims", 1)))
    if kind == "sum" and (distances := _distances(call, x, gone)) is not None:
        return distances
    labels = [x.axes[k] for k in sorted(gone) if x.dims[k] > 1 or x.axes[k] == "n"]
    row = _reduced(call, x, labels, kind)
    keep = call.whole("keepdims", 1)
    dims = [1 if k in gone else size for k, size in enumerate(x.dims)]
    left = [k for k in range(rank) if keep or k not in gone]
    return _settled(
        call, Activation(row, tuple(x.axes[k] for k in left), tuple(dims[k] for k in left))
    )


def _distances(call: Call, x: Activation, gone: set[int]) -> Activation | None:
    """The sum of (input - code)² of each stored code, else None."""
    squares = call.row(x)
    if squares.layer.type != "mul" or len(set(squares.inputs)) != 1 or x.axes != ("n", "c", 0):
        return None
    apart = call.rows.rows[squares.inputs[0]]
    if not isinstance(apart.layer, Opaque) or apart.layer.operation != "Sub" or not apart.operator:
        return None
    codes = call.rows.values.get(apart.operator.inputs[1])
    if not isinstance(codes, Constant) or codes.stored is None or gone != {2}:
        return None
    if call.whole("keepdims", 1):
        return None
    stored = {"weight": codes.stored}
    return call.plainly("rbf", apart.inputs[0], stored=stored, units=codes.dims[0])


def euclidean(call: Call) -> Activation:
    """ReduceL2 of every map, as a part of a pattern."""
    x = call.map()
    axes, shape = call.whole_numbers("axes", 1) or (), call.shape(x)
    labels = {x.axes[axis] for axis in axes if -len(x.dims) <= axis < len(x.dims)}
    if labels != set(range(shape.rank)) or not axes or not call.whole("keepdims", 1):
        raise unsupported("'ReduceL2' of other axes than whole maps has no layer here")
    row = call.opaque(Shape(shape.channels, (1,) * shape.rank), x.row)
    dims = tuple(1 if isinstance(a, int) else n for a, n in zip(x.axes, x.dims, strict=True))
    return Activation(row, x.axes, dims)


def _reduced(call: Call, x: Activation, labels: list[Axis], kind: str) -> int:
    shape = call.shape(x)
    spatial = [axis for axis in range(shape.rank) if shape.spatial[axis] > 1]
    whole = {"mean": "gap", "max": "gmp"}.get(kind)
    if "n" in labels or ("c" in labels and len(labels) > 1):
        raise unsupported(
            f"'{call.operator.type}' over these axes of {text(x.dims)} has no layer here"
        )
    if labels == ["c"]:
        return call.add("reduce", x.row, kind=kind)
    if whole is None:
        if not labels:
            return x.row
        raise unsupported(f"'{call.operator.type}' over positions has no layer here")
    if shape.rank and set(labels) == set(spatial):
        return call.add(whole, x.row)
    window = tuple(shape.spatial[axis] if axis in labels else 1 for axis in range(shape.rank))
    return (
        call.add("avgpool" if kind == "mean" else "maxpool", x.row, kernel=window)
        if labels
        else x.row
    )


def depth_to_space(call: Call) -> Value:
    """DepthToSpace; its own order of channels is that of TensorFlow."""
    return _in_blocks(call, "depth2space")


def space_to_depth(call: Call) -> Value:
    """SpaceToDepth; its own order of channels is that of TensorFlow."""
    return _in_blocks(call, "space2depth")


def _in_blocks(call: Call, type_: str) -> Value:
    order = call.word("mode", "DCR").lower()
    if order not in {"crd", "dcr"}:
        raise broken(f"mode is '{order}'")
    return call.plainly(type_, call.plain(call.map()), block=_block(call), order=order)


def _block(call: Call) -> int:
    block = call.whole("blocksize", 0)
    if block < 1:
        raise broken("it has no blocksize")
    return block


def _reducing(kind: str) -> Callable[[Call], Value]:
    return lambda call: reduce_(call, kind)


OPERATORS = {
    "Flatten": flatten, "Reshape": reshape, "Squeeze": squeeze, "Unsqueeze": unsqueeze,
    "Transpose": transpose, "Concat": concat, "Slice": slice_, "Split": split, "Gather": gather,
    "Pad": pad, "Resize": resize, "Upsample": resize, "DepthToSpace": depth_to_space,
    "SpaceToDepth": space_to_depth, "ReduceL2": euclidean,
    **{f"Reduce{kind.capitalize()}": _reducing(kind) for kind in ("mean", "max", "min", "sum")},
}  # fmt: skip
