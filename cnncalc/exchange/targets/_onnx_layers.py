"""Layer types as operators of ONNX. What has no entry is written as `Layer.expressed` tells it."""

from __future__ import annotations

import struct
from math import ceil, floor, prod, sqrt
from typing import TYPE_CHECKING, Any

from cnncalc.exchange.targets import NoCounterpart
from cnncalc.exchange.targets._expressed import steps
from cnncalc.exchange.targets._onnx_graph import Rows

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cnncalc.exchange.targets._onnx_graph import Attribute
    from cnncalc.layers._base import Layer
    from cnncalc.shapes import Shape
    from cnncalc.window import Window

    # The operators of a layer: its row, the shapes that it reads and puts out, what it reads.
    Write = Callable[[Rows, Any, tuple[Shape, ...], Shape, Sequence[str]], str]

# Layer types without a counterpart, and why.
WITHOUT = {
    "custom": "what it computes is not known",
    "localconv": "ONNX has no convolution with weights of its own at every place",
}
PAD_MODES = {"zeros": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}
OPSET = 17  # usually; some layers need a newer one
WRAPS = 19  # the first opset that pads with the other end of an axis
AXES_AS_INPUT = 18  # the first opset whose reductions take the axes as an input
RESIZES_AXES = 18  # the first opset whose Resize leaves the batch open
HAS_GELU = 20
LIKE_RELU = 20.0  # beyond it, softplus is x itself in 32-bit floats
MAP = 2  # axes
# How ONNX rounds a place to the nearest neighbour.
ROUNDED: dict[str, Callable[[float], int]] = {
    "floor": floor,
    "ceil": ceil,
    "round_prefer_floor": lambda place: ceil(place - 0.5),
    "round_prefer_ceil": lambda place: floor(place + 0.5),
}


def write_layer(
    row: Rows, layer: Layer, shapes: tuple[Shape, ...], out: Shape, inputs: Sequence[str]
) -> str:
    """Add the operators of a layer; the result is the tensor that they put out.

    Raises:
        NoCounterpart: ONNX has none.
    """
    if layer.type in WITHOUT:
        raise NoCounterpart(WITHOUT[layer.type])
    if layer.type in SIMPLE:
        return _simple(row, layer, inputs)
    if layer.type in TABLE:
        return TABLE[layer.type](row, layer, shapes, out, inputs)
    parts = steps(layer, *shapes)
    if parts is None:  # a row of a model file whose operator is not known
        raise NoCounterpart(WITHOUT["custom"])
    sizes, names = list(shapes), list(inputs)
    own = row.parameters
    for part in parts:
        row.parameters = {
            name: whole if own is None else own[whole] for name, whole in part.parameters.items()
        }
        read = tuple(sizes[at] for at in part.inputs)
        given = [names[at] for at in part.inputs]
        names.append(write_layer(row, part.layer, read, part.shape, given))
        sizes.append(part.shape)
    row.parameters = own
    return names[-1]


def called(layer: Layer, shapes: tuple[Shape, ...], out: Shape) -> str:
    """The operators that stand for a layer, each one once.

    Raises:
        NoCounterpart: ONNX has none.
    """
    row = Rows("x", "x", OPSET)
    row.finish(write_layer(row, layer, shapes, out, "xy"[: len(shapes)]))
    return ", ".join(dict.fromkeys(each.type for each in row.operators if each.type != "Constant"))


# -- layers with a window


def _window(windows: Sequence[Window], *, dilated: bool = True) -> dict[str, Attribute]:
    found: dict[str, Attribute] = {
        "kernel_shape": [window.kernel for window in windows],
        "strides": [window.stride for window in windows],
        "pads": _pads(windows),
    }
    if dilated:
        found["dilations"] = [window.dilation for window in windows]
    return found


def _pads(windows: Sequence[Window]) -> list[int]:
    return [window.begin for window in windows] + [window.end for window in windows]


def _padded(row: Rows, layer: Any, windows: Sequence[Window], x: str) -> tuple[str, list[int]]:
    """The input with its border, where a window cannot add it itself, and what it still adds."""
    pads = _pads(windows)
    if layer.edge_mode == "zeros" or not any(pads):
        return x, pads
    half = len(pads) // 2
    return _pad_op(row, x, pads[:half], pads[half:], layer.edge_mode), [0] * len(pads)


def _pad_op(row: Rows, x: str, begin: Sequence[int], end: Sequence[int], mode: str,
            value: float = 0.0) -> str:  # fmt: skip
    """A border around the spatial axes."""
    if mode == "circular":
        row.needs(WRAPS)
    inputs = [row.constant([0, 0, *begin, 0, 0, *end])]
    if value:
        inputs.append(row.number(value))
    return row.op("Pad", x, *inputs, mode=PAD_MODES[mode])


def _conv(row: Rows, layer: Any, shapes: tuple[Shape, ...], out: Shape, x: Sequence[str]) -> str:
    (shape,) = shapes
    windows = layer.windows(shape)
    stored = {p.name: p.dims for p in layer.parameters(shape)}
    weight = row.weight("weight", stored["weight"])
    standardize = getattr(layer, "standardize", "none")
    if getattr(layer, "table", None) is not None:
        if standardize != "none":
            raise NoCounterpart("standardised filters that see the maps of a table")
        weight = _by_table(row, layer, shape, weight, stored["weight"][1:])
    if standardize != "none":
        weight = _standardized(row, layer, weight, stored["weight"])
    source, pads = _padded(row, layer, windows, x[0])
    bias = [row.weight("bias", stored["bias"])] if layer.bias else []
    groups = shape.channels if layer.type == "dwconv" else layer.groups
    attributes = {**_window(windows), "pads": pads, "group": groups}
    return row.op("Conv", source, weight, *bias, **attributes)


def _by_table(row: Rows, layer: Any, shape: Shape, weight: str, kernel: Sequence[int]) -> str:
    """The filters of a table as whole ones: zeros where a filter does not see a map."""
    pairs = [(k, channel) for k, seen in enumerate(layer.table) for channel in seen]
    places = row.constant([at for pair in pairs for at in pair], len(pairs), 2)
    zeros = row.full(0.0, layer.filters, shape.channels, *kernel)
    return row.op("ScatterND", zeros, places, weight)


def _standardized(row: Rows, layer: Any, weight: str, dims: Sequence[int]) -> str:
    """Filters minus their mean, over their deviation, times their gain."""
    axes = list(range(1, len(dims)))
    centred = row.op("Sub", weight, _reduced(row, "ReduceMean", weight, axes))
    square = row.op("Mul", centred, centred)
    variance = row.op(
        "Add", _reduced(row, "ReduceMean", square, axes), row.number(layer.weight_eps)
    )
    used = row.op("Div", centred, row.op("Sqrt", variance))
    if layer.standardize != "scaled":
        return used
    gain = row.weight("gain", (dims[0], *(1 for _ in axes)))
    factor = row.number(layer.gamma / prod(dims[1:]) ** 0.5)
    return row.op("Mul", used, row.op("Mul", gain, factor))


def _conv_transpose(
    row: Rows, layer: Any, shapes: tuple[Shape, ...], out: Shape, x: Sequence[str]
) -> str:
    (shape,) = shapes
    windows = layer.windows(shape)
    extra = list(layer.settings(shape)["output_padding"])
    for window, more in zip(windows, extra, strict=True):
        if more and more >= max(window.stride, window.dilation):
            raise NoCounterpart(f"output padding {more} is not below the stride or the dilation")
    names = [row.weight(p.name, p.dims) for p in layer.parameters(shape)]
    more_settings: dict[str, Attribute] = {"output_padding": extra} if any(extra) else {}
    return row.op(
        "ConvTranspose", x[0], *names, **_window(windows), group=layer.groups, **more_settings
    )


def _needed(windows: Sequence[Window], shape: Shape, out: Shape) -> list[int]:
    """Per axis, how far the last window reaches beyond the input."""
    axes = zip(windows, shape.spatial, out.spatial, strict=True)
    return [
        (count - 1) * w.stride + (w.kernel - 1) * w.dilation + 1 - size - w.begin
        for w, size, count in axes
    ]


def _rounds_up(windows: Sequence[Window], shape: Shape, out: Shape) -> bool:
    """Whether ceil_mode gives the same count: it does not drop a window that begins too late."""
    axes = zip(windows, shape.spatial, out.spatial, strict=True)
    return all(
        -(-(size + w.begin + w.end - (w.kernel - 1) * w.dilation - 1) // w.stride) + 1 == count
        for w, size, count in axes
    )


def _maxpool(row: Rows, layer: Any, shapes: tuple[Shape, ...], out: Shape, x: Sequence[str]) -> str:
    (shape,) = shapes
    windows = layer.windows(shape)
    settings = _window(windows)
    if layer.ceil and _rounds_up(windows, shape, out):
        settings["ceil_mode"] = 1
    elif layer.ceil:
        settings["pads"] = _pads_to_end(windows, shape, out)
    return row.op("MaxPool", x[0], **settings)


def _pads_to_end(windows: Sequence[Window], shape: Shape, out: Shape) -> list[int]:
    """Padding in which the last window ends, so that nothing has to be rounded up."""
    reached = zip(windows, _needed(windows, shape, out), strict=True)
    return [w.begin for w in windows] + [max(w.end, needed) for w, needed in reached]


def _avgpool(row: Rows, layer: Any, shapes: tuple[Shape, ...], out: Shape, x: Sequence[str]) -> str:
    (shape,) = shapes
    windows = layer.windows(shape)
    settings = _window(windows, dilated=False)
    if not layer.count_include_pad:  # as it is anyway; a reader sees that it was said
        settings["count_include_pad"] = 0
    pads = _pads_to_end(windows, shape, out)
    padded = any(_pads(windows))
    if layer.divisor_override is not None:  # a sum over that number
        settings |= {"pads": pads, "count_include_pad": 1}
        mean = row.op("AveragePool", x[0], **settings)
        size = prod(window.kernel for window in windows)
        return row.op("Mul", mean, row.number(size / layer.divisor_override))
    if padded and layer.count_include_pad:
        if pads != _pads(windows):
            raise NoCounterpart(
                "an average that counts its padding and rounds up: frameworks disagree about the "
                "last window"
            )
        return row.op("AveragePool", x[0], **settings, count_include_pad=1)
    if layer.ceil and not padded and _rounds_up(windows, shape, out):
        return row.op("AveragePool", x[0], **settings, ceil_mode=1)
    settings["pads"] = pads  # cells beyond the edges are not counted
    return row.op("AveragePool", x[0], **settings)


def _adaptive(
    row: Rows, layer: Any, shapes: tuple[Shape, ...], out: Shape, x: Sequence[str]
) -> str:
    axes = list(zip(shapes[0].spatial, out.spatial, strict=True))
    if any(size % count for size, count in axes):
        raise NoCounterpart("the input's size is no multiple of the output's")
    kernel = [size // count for size, count in axes]
    type_ = {"avg": "AveragePool", "max": "MaxPool"}[layer.kind]
    return row.op(type_, x[0], kernel_shape=kernel, strides=kernel)


def _global(row: Rows, layer: Any, shapes: tuple[Shape, ...], out: Shape, x: Sequence[str]) -> str:
    if not shapes[0].rank:
        return row.op("Identity", x[0])
    return row.op({"gap": "GlobalAveragePool", "gmp": "GlobalMaxPool"}[layer.type], x[0])


def _blur(row: Rows, layer: Any, shapes: tuple[Shape, ...], out: Shape, x: Sequence[str]) -> str:
    (shape,) = shapes
    windows = layer.windows(shape)
    kernel = [window.kernel for window in windows]
    filters = row.constant([shape.channels, 1, *kernel])
    weight = row.op("Expand", row.weight("filter", (1, 1, *kernel)), filters)
    source, pads = _padded(row, layer, windows, x[0])
    attributes = {**_window(windows), "pads": pads, "group": shape.channels}
    return row.op("Conv", source, weight, **attributes)


# -- products with weights


def _fc(row: Rows, layer: Any, shapes: tuple[Shape, ...], out: Shape, x: Sequence[str]) -> str:
    (shape,) = shapes
    names = [row.weight(p.name, p.dims) for p in layer.parameters(shape)]
    source = row.op("Flatten", x[0], axis=1) if shape.rank else x[0]
    return row.op("Gemm", source, *names, transB=1)


def _linear(row: Rows, layer: Any, shapes: tuple[Shape, ...], out: Shape, x: Sequence[str]) -> str:
    (shape,) = shapes
    if not shape.rank:
        return _fc(row, layer, shapes, out, x)
    stored = {p.name: row.weight(p.name, p.dims) for p in layer.parameters(shape)}
    y = row.op("MatMul", _last(row, x[0], shape), row.transpose(stored["weight"], 1, 0))
    if layer.bias:
        y = row.op("Add", y, stored["bias"])
    return _first(row, y, shape)


def _last(row: Rows, x: str, shape: Shape) -> str:
    """The tensor with its channels behind the spatial axes."""
    return row.transpose(x, 0, *range(2, shape.rank + 2), 1)


def _first(row: Rows, x: str, shape: Shape) -> str:
    """The tensor with its channels in front again."""
    return row.transpose(x, 0, shape.rank + 1, *range(1, shape.rank + 1))


def _rbf(row: Rows, layer: Any, shapes: tuple[Shape, ...], out: Shape, x: Sequence[str]) -> str:
    source = row.op("Flatten", x[0], axis=1) if shapes[0].rank else x[0]
    column = row.op("Unsqueeze", source, row.constant([1]))
    apart = row.op("Sub", column, row.weight("weight", (layer.units, shapes[0].size)))
    square = row.op("Mul", apart, apart)
    return row.op("ReduceSum", square, row.constant([2]), keepdims=0)


def _embedding(
    row: Rows, layer: Any, shapes: tuple[Shape, ...], out: Shape, x: Sequence[str]
) -> str:
    source = row.op("Squeeze", x[0], row.constant([1])) if shapes[0].rank else x[0]
    places = row.op("Cast", source, to=7)
    found = row.op("Gather", row.weight("weight", (layer.entries, layer.size)), places, axis=0)
    return _first(row, found, out)


def _attention(
    row: Rows, layer: Any, shapes: tuple[Shape, ...], out: Shape, x: Sequence[str]
) -> str:
    (shape,) = shapes
    e, heads = shape.channels, layer.heads
    length, size = shape.size // e, e // heads
    stored = {p.name: row.weight(p.name, p.dims) for p in layer.parameters(shape)}
    columns = row.transpose(row.reshape(x[0], e, length), 0, 2, 1)
    joint = row.op("MatMul", columns, row.transpose(stored["in_proj_weight"], 1, 0))
    if "in_proj_bias" in stored:
        joint = row.op("Add", joint, stored["in_proj_bias"])
    parts = row.transpose(row.reshape(joint, length, 3, heads, size), 2, 0, 3, 1, 4)
    query, key, value = (_picked(row, parts, place) for place in range(3))
    scores = row.op("MatMul", query, row.transpose(key, 0, 1, 3, 2))
    shares = row.op("Softmax", row.op("Mul", scores, row.number(1 / sqrt(size))), axis=-1)
    mixed = row.transpose(row.op("MatMul", shares, value), 0, 2, 1, 3)
    y = row.reshape(mixed, length, e)
    if layer.project:
        y = row.op("MatMul", y, row.transpose(stored["out_proj.weight"], 1, 0))
    if "out_proj.bias" in stored:
        y = row.op("Add", y, stored["out_proj.bias"])
    return row.reshape(row.transpose(y, 0, 2, 1), e, *shape.spatial)


def _picked(row: Rows, x: str, place: int) -> str:
    """One place of the first axis, which is gone then."""
    index = row.op("Constant", value_int=place)
    return row.op("Gather", x, index, axis=0)


# How ONNX orders the gates of a cell, counted in the order of PyTorch.
GATES = {"lstm": (0, 3, 1, 2), "gru": (1, 0, 2), "rnn": (0,)}


def _recurrent(
    row: Rows, layer: Any, shapes: tuple[Shape, ...], out: Shape, x: Sequence[str]
) -> str:
    (shape,) = shapes
    y = row.transpose(x[0], 2, 0, 1)
    attributes: dict[str, Attribute] = {"hidden_size": layer.units}
    if layer.bidirectional or layer.reverse:
        attributes["direction"] = "bidirectional" if layer.bidirectional else "reverse"
    if layer.type == "gru":
        attributes["linear_before_reset"] = int(layer.reset_after)
    dims = {p.name: p.dims for p in layer.parameters(shape)}
    for level in range(layer.layers):
        ends = [f"l{level}", f"l{level}_reverse"][: layer.directions]
        weights = [_gates(row, layer, dims, [f"weight_{at}_{end}" for end in ends])
                   for at in ("ih", "hh")]  # fmt: skip
        if layer.bias:
            names = [[f"{name}_{end}" for name in layer.bias_names] for end in ends]
            biases = [_gates(row, layer, dims, pair) for pair in names]  # (2, rows)
            if layer.biases == 1:
                none = row.full(0.0, 1, layer.gates * layer.units)
                biases = [row.op("Concat", one, none, axis=0) for one in biases]
            flat = [row.op("Reshape", each, row.constant([1, -1])) for each in biases]
            weights.append(flat[0] if len(flat) == 1 else row.op("Concat", *flat, axis=0))
        if layer.last and level == layer.layers - 1:
            last = row.second_output(layer.type.upper(), y, *weights, **attributes)
            joined = row.transpose(last, 1, 0, 2)  # batch, directions, units
            return row.op("Reshape", joined, row.constant([0, -1]))
        done = row.op(layer.type.upper(), y, *weights, **attributes)
        joined = row.transpose(done, 0, 2, 1, 3)  # steps, batch, directions, units
        y = row.op("Reshape", joined, row.constant([0, 0, -1]))
    return row.transpose(y, 1, 2, 0)


def _gates(row: Rows, layer: Any, dims: dict[str, tuple[int, ...]], names: Sequence[str]) -> str:
    """Parameters of all directions, one behind the other, with the gates as ONNX orders them."""
    ordered = []
    for name in names:
        rows, *rest = dims[name]
        gates = row.constant([layer.gates, rows // layer.gates, *rest])
        apart = row.op("Reshape", row.weight(name, dims[name]), gates)
        turned = row.op("Gather", apart, row.constant(GATES[layer.type]), axis=0)
        ordered.append(row.op("Reshape", turned, row.constant([1, rows, *rest])))
    return ordered[0] if len(ordered) == 1 else row.op("Concat", *ordered, axis=0)


# -- norms


def _bn(row: Rows, layer: Any, shapes: tuple[Shape, ...], out: Shape, x: Sequence[str]) -> str:
    channels = shapes[0].channels
    stored = {p.name: p.dims for p in layer.parameters(*shapes)}
    neutral = {"weight": 1.0, "bias": 0.0}
    names = [
        row.weight(name, (channels,)) if name in stored else row.full(neutral[name], channels)
        for name in ("weight", "bias", "running_mean", "running_var")
    ]
    return row.op("BatchNormalization", x[0], *names, epsilon=float(layer.eps))


def _instnorm(
    row: Rows, layer: Any, shapes: tuple[Shape, ...], out: Shape, x: Sequence[str]
) -> str:
    names = _scale_and_shift(row, layer, shapes[0].channels)
    return row.op("InstanceNormalization", x[0], *names, epsilon=float(layer.eps))


def _scale_and_shift(row: Rows, layer: Any, *dims: int) -> list[str]:
    """The learned weight and bias, or ones and zeros in their place."""
    if not layer.affine:
        return [row.full(1.0, *dims), row.full(0.0, *dims)]
    return [row.weight("weight", dims), row.weight("bias", dims)]


def _gn(row: Rows, layer: Any, shapes: tuple[Shape, ...], out: Shape, x: Sequence[str]) -> str:
    """An instance norm of the groups: opsets up to 20 scale groups, not channels."""
    (shape,) = shapes
    parts = row.reshape(x[0], layer.groups, -1)
    ones, zeros = row.full(1.0, layer.groups), row.full(0.0, layer.groups)
    normal = row.op("InstanceNormalization", parts, ones, zeros, epsilon=float(layer.eps))
    y = row.reshape(normal, shape.channels, *shape.spatial)
    if not layer.affine:
        return y
    dims = (shape.channels, *(1,) * shape.rank)
    y = row.op("Mul", y, row.weight("weight", dims))
    return row.op("Add", y, row.weight("bias", dims))


def _ln(row: Rows, layer: Any, shapes: tuple[Shape, ...], out: Shape, x: Sequence[str]) -> str:
    (shape,) = shapes
    if layer.over == "all" or not shape.rank:
        dims = (shape.channels, *(shape.spatial if layer.over == "all" else ()))
        names = _scale_and_shift(row, layer, *dims)
        return row.op("LayerNormalization", x[0], *names, axis=1, epsilon=float(layer.eps))
    names = _scale_and_shift(row, layer, shape.channels)
    last = _last(row, x[0], shape)
    y = row.op("LayerNormalization", last, *names, axis=-1, epsilon=float(layer.eps))
    return _first(row, y, shape)


def _lrn(row: Rows, layer: Any, shapes: tuple[Shape, ...], out: Shape, x: Sequence[str]) -> str:
    (shape,) = shapes
    if not layer.alpha or not layer.beta:
        return row.op("Mul", x[0], row.number(float(layer.k) ** -float(layer.beta)))
    alpha, size = layer.alpha if layer.divide else layer.alpha * layer.size, layer.size
    if shape.channels == 1:  # without any neighbour
        alpha, size = alpha / size, 1
    if size % 2 == 0:
        raise NoCounterpart("an even number of neighbours, of which ONNX takes one more ahead")
    settings: dict[str, Attribute] = {
        "size": size, "alpha": float(alpha), "beta": float(layer.beta), "bias": float(layer.k),
    }  # fmt: skip
    if shape.rank == MAP:
        return row.op("LRN", x[0], **settings)
    y = row.op("LRN", row.reshape(x[0], shape.channels, -1, 1), **settings)
    return row.reshape(y, shape.channels, *shape.spatial)


def _grn(row: Rows, layer: Any, shapes: tuple[Shape, ...], out: Shape, x: Sequence[str]) -> str:
    (shape,) = shapes
    norms = row.op("Abs", x[0])
    if shape.rank:
        norms = _reduced(row, "ReduceL2", x[0], list(range(2, shape.rank + 2)))
    typical = row.op("Add", _reduced(row, "ReduceMean", norms, [1]), row.number(layer.eps))
    strong = row.op("Mul", x[0], row.op("Div", norms, typical))
    dims = (shape.channels, *(1,) * shape.rank)
    weighed = row.op("Mul", strong, row.weight("weight", dims))
    return row.op("Add", row.op("Add", x[0], weighed), row.weight("bias", dims))


def _scale(row: Rows, layer: Any, shapes: tuple[Shape, ...], out: Shape, x: Sequence[str]) -> str:
    (shape,) = shapes
    stored = {p.name: p.dims for p in layer.parameters(shape)}
    ones = (1,) * shape.rank if layer.per == "channel" else ()
    y = x[0]
    names = {"Mul": ("weight", "factor"), "Add": ("bias", "shift")}
    for type_, value in (("Mul", layer.factor), ("Add", layer.shift)):
        if value != "none":
            name = next((name for name in names[type_] if name in stored), "")
            by = row.weight(name, (*stored[name], *ones)) if name else row.number(value)
            y = row.op(type_, y, by)
    return y


def _prelu(row: Rows, layer: Any, shapes: tuple[Shape, ...], out: Shape, x: Sequence[str]) -> str:
    (shape,) = shapes
    dims = (1,) if layer.shared else (shape.channels, *(1,) * shape.rank)
    return row.op("PRelu", x[0], row.weight("weight", dims))


# -- merges


def _add(row: Rows, layer: Any, shapes: tuple[Shape, ...], out: Shape, x: Sequence[str]) -> str:
    return row.op("Add" if len(x) == 2 else "Sum", *x)  # noqa: PLR2004 - two terms


def _sub(row: Rows, layer: Any, shapes: tuple[Shape, ...], out: Shape, x: Sequence[str]) -> str:
    y = row.op("Sub", *x)
    return row.op("Abs", y) if layer.absolute else y


def _mul(row: Rows, layer: Any, shapes: tuple[Shape, ...], out: Shape, x: Sequence[str]) -> str:
    gates = [
        row.reshape(name, shape.channels, *(1,) * out.rank) if shape.rank < out.rank else name
        for name, shape in zip(x, shapes, strict=True)
    ]
    y = gates[0]
    for gate in gates[1:]:
        y = row.op("Mul", y, gate)
    return y


def _concat(row: Rows, layer: Any, shapes: tuple[Shape, ...], out: Shape, x: Sequence[str]) -> str:
    along = 1 if layer.axis == "c" else 2 + shapes[0].axes.index(layer.axis)
    parts = layer._parts(shapes)  # noqa: SLF001 - what is left of each input
    cut = [
        _cropped(row, name, shape, [(n - m) // 2 for n, m in
                 zip(shape.spatial, part.spatial, strict=True)], part)
        for name, shape, part in zip(x, shapes, parts, strict=True)
    ]  # fmt: skip
    return row.op("Concat", *cut, axis=along)


def _cropped(row: Rows, x: str, shape: Shape, begin: Sequence[int], out: Shape) -> str:
    """What of the spatial axes begins at these places and has the size of `out`."""
    if shape.spatial == out.spatial:
        return x
    ends = [at + size for at, size in zip(begin, out.spatial, strict=True)]
    axes = row.constant(list(range(2, shape.rank + 2)))
    return row.op("Slice", x, row.constant(list(begin)), row.constant(ends), axes)


def _matmul(row: Rows, layer: Any, shapes: tuple[Shape, ...], out: Shape, x: Sequence[str]) -> str:
    def matrix(name: str, shape: Shape, turned: bool) -> str:
        if layer.by_channel:
            return row.transpose(name, 0, 1, 3, 2) if turned else name
        if shape.rank != 1:
            name = row.reshape(name, shape.channels, shape.size // shape.channels)
        return row.transpose(name, 0, 2, 1) if turned else name

    first = matrix(x[0], shapes[0], layer.transpose_a)
    y = row.op("MatMul", first, matrix(x[1], shapes[1], layer.transpose_b))
    as_it_is = layer.by_channel or out.rank == 1
    return y if as_it_is else row.reshape(y, out.channels, *out.spatial)


# -- moves


def _places(row: Rows, x: str, axis: int, start: int, stop: int) -> str:
    """Places `start` up to `stop` of one axis."""
    ends = (row.constant([at]) for at in (start, stop, axis))
    return row.op("Slice", x, *ends)


def _slice(row: Rows, layer: Any, shapes: tuple[Shape, ...], out: Shape, x: Sequence[str]) -> str:
    taken = layer.taken(shapes[0])
    return _places(row, x[0], 1, taken.start, taken.stop)


def _crop(row: Rows, layer: Any, shapes: tuple[Shape, ...], out: Shape, x: Sequence[str]) -> str:
    begin = [first for first, _ in layer.sides(shapes[0])]
    return _cropped(row, x[0], shapes[0], begin, out)


def _pad(row: Rows, layer: Any, shapes: tuple[Shape, ...], out: Shape, x: Sequence[str]) -> str:
    begin, end = zip(*layer.sides(shapes[0]), strict=True)
    return _pad_op(row, x[0], begin, end, layer.mode, layer.value)


def _padmaps(row: Rows, layer: Any, shapes: tuple[Shape, ...], out: Shape, x: Sequence[str]) -> str:
    still = [0] * shapes[0].rank
    pads = row.constant([0, layer.begin, *still, 0, layer.end, *still])
    return row.op("Pad", x[0], pads, mode="constant")


def _reshape(row: Rows, layer: Any, shapes: tuple[Shape, ...], out: Shape, x: Sequence[str]) -> str:
    return row.reshape(x[0], out.channels, *out.spatial)


def _permute(row: Rows, layer: Any, shapes: tuple[Shape, ...], out: Shape, x: Sequence[str]) -> str:
    return row.transpose(x[0], 0, *(axis + 1 for axis in layer.order))


def _flatten(row: Rows, layer: Any, shapes: tuple[Shape, ...], out: Shape, x: Sequence[str]) -> str:
    return row.op("Flatten", x[0], axis=1)


def _shuffle(row: Rows, layer: Any, shapes: tuple[Shape, ...], out: Shape, x: Sequence[str]) -> str:
    return _shuffled(row, x[0], layer.groups, out)


def _shuffled(row: Rows, x: str, groups: int, shape: Shape) -> str:
    """The first channel of every group, then the second of every group, and so on."""
    rest = shape.spatial
    apart = row.reshape(x, groups, shape.channels // groups, *rest)
    turned = row.transpose(apart, 0, 2, 1, *range(3, 3 + shape.rank))
    return row.reshape(turned, shape.channels, *rest)


def _depth2space(
    row: Rows, layer: Any, shapes: tuple[Shape, ...], out: Shape, x: Sequence[str]
) -> str:
    (shape,) = shapes
    b, rank = layer.block, shape.rank
    if rank == MAP:
        return row.op("DepthToSpace", x[0], blocksize=b, mode=layer.order.upper())
    inner, axes = [b] * rank, range(rank)
    sizes = [out.channels, *inner] if layer.order == "crd" else [*inner, out.channels]
    apart = row.reshape(x[0], *sizes, *shape.spatial)
    channels, first = (1, 2) if layer.order == "crd" else (rank + 1, 1)
    pairs = [place for axis in axes for place in (rank + 2 + axis, first + axis)]
    return row.reshape(row.transpose(apart, 0, channels, *pairs), out.channels, *out.spatial)


def _space2depth(
    row: Rows, layer: Any, shapes: tuple[Shape, ...], out: Shape, x: Sequence[str]
) -> str:
    (shape,) = shapes
    b, rank = layer.block, shape.rank
    if rank == MAP:
        y = row.op("SpaceToDepth", x[0], blocksize=b)
        return y if layer.order == "dcr" else _shuffled(row, y, b * b, out)
    pairs = [size for axis in out.spatial for size in (axis, b)]
    apart = row.reshape(x[0], shape.channels, *pairs)
    outer, inner = ([start + 2 * axis for axis in range(rank)] for start in (2, 3))
    front = [1, *inner] if layer.order == "crd" else [*inner, 1]
    return row.reshape(row.transpose(apart, 0, *front, *outer), out.channels, *out.spatial)


def single(value: float) -> float:
    """The nearest 32-bit float."""
    return float(struct.unpack("<f", struct.pack("<f", value))[0])


def _upsample(
    row: Rows, layer: Any, shapes: tuple[Shape, ...], out: Shape, x: Sequence[str]
) -> str:
    (shape,) = shapes
    usual = "asymmetric" if layer.mode == "nearest" else "half_pixel"
    rule = "align_corners" if layer.align_corners else layer.rule or usual
    settings: dict[str, Attribute] = {"mode": "linear", "coordinate_transformation_mode": rule}
    if layer.mode == "nearest":
        settings |= {"mode": "nearest", "nearest_mode": layer.nearest_mode or "floor"}
    source, spatial, sizes = x[0], shape.spatial, out.spatial
    is_line = shape.rank == 1 and layer.mode != "nearest"
    if is_line:  # ONNX Runtime has no linear resizing of a single axis
        source = row.reshape(source, shape.channels, 1, *spatial)
        spatial, sizes = (1, *spatial), (1, *sizes)
    factors = [single(n / m) for m, n in zip(spatial, sizes, strict=True)]
    by_size = layer.size is not None
    if not by_size:
        given = [float(factor) for factor in layer._factors(shape.rank)]  # noqa: SLF001 - of each axis
        factors = [single(factor) for factor in ([1.0] if is_line else []) + given]
    axes = list(zip(spatial, sizes, factors, strict=True))
    if layer.mode == "nearest":
        _check_places(layer, shape, axes, rule)
    if not by_size and any(int(size * factor) != new for size, new, factor in axes):
        raise NoCounterpart("the factor is no binary fraction, and rounds to another size")
    if by_size:
        last = list(range(2, len(spatial) + 2))
        whole = row.constant(list(sizes))
        row.needs(RESIZES_AXES)
        y = row.op("Resize", source, "", "", whole, axes=last, **settings)
    else:
        y = row.op("Resize", source, "", row.constant([1.0, 1.0, *factors]), **settings)
    return row.reshape(y, out.channels, *out.spatial) if is_line else y


def _check_places(
    layer: Any, shape: Shape, axes: Sequence[tuple[int, int, float]], rule: str
) -> None:
    """Raise NoCounterpart where 32-bit floats take another neighbour than fractions do."""
    rounded = ROUNDED[layer.nearest_mode or "floor"]
    for axis, (size, count, factor) in zip(layer._axes(shape), axes, strict=True):  # noqa: SLF001 - its places
        for place in range(count):
            lies = _lies_at(place, size, count, factor, rule)
            ((wanted, _),) = axis.nearest(place)
            if min(max(rounded(lies), 0), size - 1) != wanted:
                raise NoCounterpart(
                    "the nearest neighbours of this factor differ when rounded to 32-bit floats"
                )


def _lies_at(place: int, size: int, count: int, factor: float, rule: str) -> float:
    """Where an output lies on its input, computed as runtimes do in 32-bit floats."""
    if rule == "align_corners":
        return single(single(place * (size - 1)) / (count - 1)) if count > 1 else 0.0
    if rule == "half_pixel":
        return single(single((place + 0.5) / factor) - 0.5)
    return single(place / factor)


def _softmax(row: Rows, layer: Any, shapes: tuple[Shape, ...], out: Shape, x: Sequence[str]) -> str:
    (shape,) = shapes
    groups, channels, rest = layer.groups, shape.channels, shape.spatial
    if layer.over in shape.axes:
        return row.op("Softmax", x[0], axis=2 + shape.axes.index(layer.over))
    if groups == 1 and layer.over == "channels":
        return row.op("Softmax", x[0], axis=1)
    sizes, axis = {
        "all": ([-1], 1),
        "positions": ([channels, -1], 2),
        "channels": ([groups, channels // groups, *rest], 2),
        "groups": ([groups, channels // groups, *rest], 1),
        "radix": ([groups, layer.radix, channels // groups // layer.radix, *rest], 1),
    }[layer.over]
    y = row.reshape(x[0], *sizes)
    if layer.over == "radix":
        y = row.transpose(y, 0, 2, 1, *range(3, 4 + shape.rank))
    return row.reshape(row.op("Softmax", y, axis=axis), channels, *rest)


def _logsoftmax(
    row: Rows, layer: Any, shapes: tuple[Shape, ...], out: Shape, x: Sequence[str]
) -> str:
    return row.op("LogSoftmax", x[0], axis=1)


def _reduced(row: Rows, type_: str, x: str, axes: Sequence[int]) -> str:
    """A mean, maximum, minimum, sum or norm along axes, which stay with the size 1."""
    if type_ == "ReduceSum" or row.opset >= AXES_AS_INPUT:
        return row.op(type_, x, row.constant(list(axes)), keepdims=1)
    return row.op(type_, x, axes=list(axes), keepdims=1)


def _reduce(row: Rows, layer: Any, shapes: tuple[Shape, ...], out: Shape, x: Sequence[str]) -> str:
    if layer.kind != "std":
        return _reduced(row, f"Reduce{layer.kind.capitalize()}", x[0], [1])
    apart = row.op("Sub", x[0], _reduced(row, "ReduceMean", x[0], [1]))
    squares = _reduced(row, "ReduceSum", row.op("Mul", apart, apart), [1])
    count = shapes[0].channels - int(layer.unbiased)
    return row.op("Sqrt", row.op("Mul", squares, row.number(1 / count)))


# -- activations


def _clip(row: Rows, layer: Any, shapes: tuple[Shape, ...], out: Shape, x: Sequence[str]) -> str:
    bounds = [row.number(layer.low) if layer.low is not None else ""]
    if layer.high is not None:
        bounds.append(row.number(layer.high))
    return row.op("Clip", x[0], *bounds)


def _hsigmoid(
    row: Rows, layer: Any, shapes: tuple[Shape, ...], out: Shape, x: Sequence[str]
) -> str:
    return row.op("HardSigmoid", x[0], alpha=float(layer.slope), beta=0.5)


def _softplus(
    row: Rows, layer: Any, shapes: tuple[Shape, ...], out: Shape, x: Sequence[str]
) -> str:
    scaled = x[0] if layer.beta == 1 else row.op("Mul", x[0], row.number(layer.beta))
    soft = row.op("Softplus", scaled)
    if layer.beta != 1:
        soft = row.op("Div", soft, row.number(layer.beta))
    if layer.threshold >= LIKE_RELU:
        return soft
    return row.op("Where", row.op("Greater", scaled, row.number(layer.threshold)), x[0], soft)


def _gelu(row: Rows, layer: Any, shapes: tuple[Shape, ...], out: Shape, x: Sequence[str]) -> str:
    if layer.approximate == "tanh" or row.opset >= HAS_GELU:
        row.needs(HAS_GELU)
        return row.op("Gelu", x[0], approximate=layer.approximate)
    part = row.op("Erf", row.op("Div", x[0], row.number(sqrt(2))))
    y = row.op("Mul", x[0], row.op("Add", part, row.number(1.0)))
    return row.op("Mul", y, row.number(0.5))


def _dropout(row: Rows, layer: Any, shapes: tuple[Shape, ...], out: Shape, x: Sequence[str]) -> str:
    return row.op("Dropout", x[0], row.number(layer.rate))


# Layer types that are one operator: its name, and by which names it takes which fields.
SIMPLE: dict[str, tuple[str, dict[str, str]]] = {
    "relu": ("Relu", {}), "sigmoid": ("Sigmoid", {}), "tanh": ("Tanh", {}),
    "softsign": ("Softsign", {}), "hswish": ("HardSwish", {}), "selu": ("Selu", {}),
    "leaky": ("LeakyRelu", {"alpha": "slope"}), "elu": ("Elu", {"alpha": "alpha"}),
    "celu": ("Celu", {"alpha": "alpha"}), "identity": ("Identity", {}), "max": ("Max", {}),
    "min": ("Min", {}), "mean": ("Mean", {}),
}  # fmt: skip


def _simple(row: Rows, layer: Layer, inputs: Sequence[str]) -> str:
    type_, fields = SIMPLE[layer.type]
    values = {name: float(getattr(layer, field)) for name, field in fields.items()}
    return row.op(type_, *inputs, **values)


TABLE: dict[str, Write] = {
    "conv": _conv, "dwconv": _conv, "conv_transpose": _conv_transpose, "maxpool": _maxpool,
    "avgpool": _avgpool, "adaptivepool": _adaptive, "gap": _global, "gmp": _global,
    "blur": _blur, "fc": _fc, "linear": _linear, "rbf": _rbf, "embedding": _embedding,
    "attention": _attention, "rnn": _recurrent, "gru": _recurrent, "lstm": _recurrent,
    "bn": _bn, "instnorm": _instnorm, "gn": _gn, "ln": _ln, "lrn": _lrn, "grn": _grn,
    "scale": _scale, "prelu": _prelu, "add": _add, "sub": _sub, "mul": _mul, "concat": _concat,
    "matmul": _matmul, "slice": _slice, "chunk": _slice, "crop": _crop, "pad": _pad,
    "padmaps": _padmaps, "reshape": _reshape, "permute": _permute, "flatten": _flatten,
    "shuffle": _shuffle, "depth2space": _depth2space, "space2depth": _space2depth,
    "upsample": _upsample, "softmax": _softmax, "logsoftmax": _logsoftmax, "reduce": _reduce,
    "hardtanh": _clip, "clip": _clip, "hsigmoid": _hsigmoid, "softplus": _softplus, "gelu": _gelu,
    "dropout": _dropout,
}  # fmt: skip
