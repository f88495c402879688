"""Layer types in Keras 3: the layers that compute a row, and how their weights are laid out.

Keras holds maps with the channels last, and so do the weights that belong to them.
"""

from __future__ import annotations

from dataclasses import replace
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

from cnncalc.exchange.targets import Laid, NoCounterpart
from cnncalc.exchange.targets._code import (
    Call,
    Code,
    Listed,
    Number,
    as_tuple,
    flat,
    one_argument,
    one_or_tuple,
)
from cnncalc.layers._kinds import Pointwise
from cnncalc.window import padding_by_rule, transposed_padding

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cnncalc.layers._base import Layer, Parameter
    from cnncalc.shapes import Shape
    from cnncalc.window import Window

# Layer types without a counterpart, and why.
WITHOUT = {
    "custom": "what it computes is not known",
    "localconv": "Keras 3 has no locally connected layer",
}
Sides = list[tuple[int, int]]
MOMENTUM = "0.9"  # PyTorch's 0.1 counts the other way round


class Step(NamedTuple):
    """One statement of a row: a layer of Keras and what it is called on, or an expression.

    `suffix` follows the row's name in that of the layer; the layer with the weights has none.
    """

    apply: Callable[[Code, Sequence[str]], Code]
    layer: Call | None = None
    suffix: str = ""

    def called(self, suffix: str) -> Step:
        """The step with another end of its layer's name."""
        return self._replace(suffix=suffix)

    @property
    def is_plain(self) -> bool:
        """Whether it is a layer that is called on one tensor."""
        return self.layer is not None and self.apply is _on_one


class Piece(NamedTuple):
    """A row as code: its steps, each of which reads the one before it, and its weights."""

    steps: tuple[Step, ...]
    weights: tuple[Laid, ...] = ()
    helpers: tuple[str, ...] = ()


class Place(NamedTuple):
    """What is known of a row from the rows around it.

    `flat` is the map whose flattened numbers it reads in Keras' order, `squeezed` says that its
    input has lost its axes of size 1, `dense` that only fully connected layers read its output.
    """

    flat: Shape | None = None
    squeezed: bool = False
    dense: bool = False
    non_negative: bool = False


def piece(layer: Layer, shapes: tuple[Shape, ...], out: Shape, place: Place) -> Piece:
    """The code of a layer on inputs of these shapes.

    Raises:
        NoCounterpart: Keras has none.
    """
    name = layer.type
    if name in WITHOUT:
        raise NoCounterpart(WITHOUT[name])
    word = activation(layer)
    if word is not None:
        return Piece((_step(Call("layers.Activation", (word,))),))
    if name not in TABLE:  # a row of a model file whose operator is not known
        raise NoCounterpart(WITHOUT["custom"])
    return TABLE[name](layer, shapes, out, place)


def called(layer: Layer, shapes: tuple[Shape, ...], out: Shape) -> str:
    """The layers and operations that stand for a layer; a class, where the code has its own.

    Raises:
        NoCounterpart: Keras has none.
    """
    names, reads = [], list("xy"[: len(shapes)])
    for step in piece(layer, shapes, out, Place()).steps:
        names.append(flat(step.apply("", reads)) if step.layer is None else _called(step.layer))
        reads = ["x"]
    return ", ".join(names) or "x"


def _called(made: Call) -> str:
    """The name of a layer; with its settings where they say what it does."""
    if made.function == "layers.Activation":
        return flat(made).removeprefix("layers.")
    name = flat(made.function)
    return name.removeprefix("layers.") if "." in name else f"class {name}"


# -- steps


def _on_one(made: Code, x: Sequence[str]) -> Code:
    return Call(made, (x[0],))


def _on_all(made: Code, x: Sequence[str]) -> Code:
    return Call(made, (Listed(tuple(x)),))


def _step(layer: Call, suffix: str = "") -> Step:
    return Step(_on_one, layer, suffix)


def _named(function: str, *arguments: Code, **named: Code) -> Call:
    return Call(function, arguments, tuple(named.items()))


def _layer(function: str, *arguments: Code, **named: Code) -> Step:
    return _step(_named(function, *arguments, **named))


def _text(write: Callable[..., str]) -> Piece:
    return Piece((Step(lambda _, x: write(*x)),))


def _sides(sides: Sequence[tuple[int, int]]) -> str:
    """Both ends of every axis, as layers that pad or crop take them."""
    if len({side for pair in sides for side in pair}) == 1:
        return str(sides[0][0])
    pairs = [f"({begin}, {end})" for begin, end in sides]
    return pairs[0] if len(pairs) == 1 else f"({', '.join(pairs)})"


def _pad_step(sides: Sequence[tuple[int, int]], mode: str, fill: str = "") -> Step:
    """Padding as a step of its own; `fill` is what is put there, if not zeros."""
    rank = len(sides)
    if mode == "zeros" and not fill:
        return _layer(f"layers.ZeroPadding{rank}D", _sides(sides)).called("_pad")
    if mode in ("replicate", "circular"):
        raise NoCounterpart(f"padding by the mode {mode}, which no backend of Keras shares")
    if mode == "reflect" and rank == 3:  # noqa: PLR2004 - axes of a volume
        raise NoCounterpart("padding by reflection over three axes, which PyTorch's backend lacks")
    pairs = ", ".join(f"({begin}, {end})" for begin, end in ((0, 0), *sides, (0, 0)))
    more = {"mode": '"reflect"'} if mode == "reflect" else {"constant_values": fill}
    return Step(lambda _, x: _named("ops.pad", x[0], f"({pairs})", **more))


def _is_same(windows: Sequence[Window], shape: Shape, sides: Sides) -> bool:
    """Whether Keras' rule `same` puts this padding there."""
    rule = [
        padding_by_rule("same", size, window.kernel, window.stride, window.dilation)
        for window, size in zip(windows, shape.spatial, strict=True)
    ]
    return any(map(any, sides)) and rule == sides


def _padded(
    layer: Any, shape: Shape, fill: str = "", sides: Sides | None = None
) -> tuple[list[Step], dict[str, Code]]:
    """What pads the input beforehand, and the argument by which the layer pads itself."""
    windows = layer.windows(shape)
    sides = sides or [(window.begin, window.end) for window in windows]
    if not any(map(any, sides)):
        return [], {}
    if layer.edge_mode == "zeros" and _is_same(windows, shape, sides):
        return [], {"padding": '"same"'}
    return [_pad_step(sides, layer.edge_mode, fill)], {}


# -- weights


def _whole(source: str, view: Sequence[int], order: Sequence[int], name: str) -> Laid:
    return Laid(name, ((source, 0, prod(view)),), tuple(view), tuple(order))


def _vectors(names: dict[str, str], size: int) -> tuple[Laid, ...]:
    return tuple(_whole(source, (size,), (0,), name) for source, name in names.items())


def _bias(layer: Any, size: int) -> tuple[Laid, ...]:
    return _vectors({"bias": "bias"}, size) if layer.bias else ()


def _use_bias(layer: Any) -> dict[str, Code]:
    return {} if layer.bias else {"use_bias": "False"}


# -- layers with weights


def _conv(layer: Any, shapes: tuple[Shape, ...], out: Shape, place: Place) -> Piece:
    (shape,) = shapes
    rank, windows = shape.rank, layer.windows(shape)
    if getattr(layer, "table", None) is not None:
        return _table_conv(layer, shape)
    before, named = _padded(layer, shape)
    strides = [window.stride for window in windows]
    dilations = [window.dilation for window in windows]
    if max(strides) > 1 and max(dilations) > 1:
        raise NoCounterpart("Keras takes no strides together with a dilation")
    kernel = [window.kernel for window in windows]
    settings: dict[str, Code] = {"strides": one_argument(strides, "strides"), **named}
    if max(dilations) > 1:
        settings["dilation_rate"] = one_or_tuple(dilations)
    settings |= _use_bias(layer)
    order = (*range(2, 2 + rank), 1, 0)
    if layer.type == "dwconv" and rank < 3 and len(set(strides)) == 1:  # noqa: PLR2004 - no 3-D one
        multiplier = out.channels // shape.channels
        if multiplier > 1:
            settings = {"depth_multiplier": str(multiplier), **settings}
        step = _layer(f"layers.DepthwiseConv{rank}D", one_or_tuple(kernel), **settings)
        view = (shape.channels, multiplier, *kernel)
        laid = _whole("weight", view, (*range(2, 2 + rank), 0, 1), "kernel")
        return Piece((*before, step), (laid, *_bias(layer, out.channels)))
    groups = shape.channels if layer.type == "dwconv" else layer.groups
    if groups > 1:
        settings["groups"] = Number("groups", groups)
    name = f"layers.Conv{rank}D"
    helpers: tuple[str, ...] = ()
    gain: tuple[Laid, ...] = ()
    if getattr(layer, "standardize", "none") != "none":
        name = f"StandardizedConv{rank}D"
        helpers = (name,)
        settings["weight_eps"] = repr(layer.weight_eps)
        if layer.standardize == "scaled":
            settings["gamma"] = repr(layer.gamma)
            gain = _vectors({"gain": "gain"}, out.channels)
    step = _layer(name, Number("filters", out.channels), one_or_tuple(kernel), **settings)
    view = (out.channels, shape.channels // groups, *kernel)
    laid = _whole("weight", view, order, "kernel")
    return Piece((*before, step), (laid, *_bias(layer, out.channels), *gain), helpers)


def _table_conv(layer: Any, shape: Shape) -> Piece:
    """A convolution whose filters see the maps of a table: the others weigh 0 in its kernel."""
    if layer.standardize != "none":
        raise NoCounterpart("standardised filters that see the maps of a table")
    windows = layer.windows(shape)
    before, named = _padded(layer, shape)
    if any(window.dilation > 1 for window in windows):
        raise NoCounterpart("a dilation of filters that see the maps of a table")
    maps = Listed(tuple(Listed(tuple(map(str, column))) for column in layer.table))
    kernel = [window.kernel for window in windows]
    strides = [window.stride for window in windows]
    settings = {} if max(strides) == 1 else {"strides": one_or_tuple(strides)}
    step = _layer("TableConv", maps, as_tuple(kernel), **settings, **named, **_use_bias(layer))
    view = (sum(map(len, layer.table)), *kernel)
    laid = _whole("weight", view, range(len(view)), "kernel")
    return Piece((*before, step), (laid, *_bias(layer, layer.filters)), ("TableConv",))


def _conv_transpose(layer: Any, shapes: tuple[Shape, ...], out: Shape, place: Place) -> Piece:
    (shape,) = shapes
    rank, windows = shape.rank, layer.windows(shape)
    if layer.groups != 1:
        raise NoCounterpart("Keras has no groups in a transposed convolution")
    strides = [window.stride for window in windows]
    if any(window.dilation > 1 for window in windows):
        raise NoCounterpart("a dilation in a transposed convolution, which not all backends have")
    settings: dict[str, Code] = {"strides": one_argument(strides, "strides")}
    full = [
        (size - 1) * window.stride + max(window.extent, window.stride)
        for window, size in zip(windows, shape.spatial, strict=True)
    ]
    cuts = [
        (window.begin, size - window.begin - kept)
        for window, size, kept in zip(windows, full, out.spatial, strict=True)
    ]
    rule = [transposed_padding("same", w.kernel, w.stride, w.dilation) for w in windows]
    after: list[Step] = []
    if any(map(any, cuts)):
        if any(end < 0 for _, end in cuts):
            raise NoCounterpart("an output padding beyond what the last filter writes")
        if cuts == [(each.begin, each.end) for each in rule]:
            settings["padding"] = '"same"'
        else:
            after = [_layer(f"layers.Cropping{rank}D", _sides(cuts)).called("_crop")]
    settings |= _use_bias(layer)
    kernel = [window.kernel for window in windows]
    filters = Number("filters", layer.filters)
    step = _layer(f"layers.Conv{rank}DTranspose", filters, one_or_tuple(kernel), **settings)
    view = (shape.channels, layer.filters, *kernel)
    laid = _whole("weight", view, (*range(2, 2 + rank), 1, 0), "kernel")
    return Piece((step, *after), (laid, *_bias(layer, layer.filters)))


def _fc(layer: Any, shapes: tuple[Shape, ...], out: Shape, place: Place) -> Piece:
    (shape,) = shapes
    flat = place.flat or shape
    before = [_layer("layers.Flatten").called("_flatten")] if shape.rank else []
    if place.squeezed:
        before = []
    step = _layer("layers.Dense", Number("units", layer.units), **_use_bias(layer))
    view = (layer.units, flat.channels, *flat.spatial)
    order = (*range(2, 2 + flat.rank), 1, 0)
    source = ("weight", 0, prod(view))
    laid = Laid("kernel", (source,), view, order, (flat.size, layer.units))
    return Piece((*before, step), (laid, *_bias(layer, layer.units)))


def _linear(layer: Any, shapes: tuple[Shape, ...], out: Shape, place: Place) -> Piece:
    step = _layer("layers.Dense", Number("units", layer.units), **_use_bias(layer))
    laid = _whole("weight", (layer.units, shapes[0].channels), (1, 0), "kernel")
    return Piece((step,), (laid, *_bias(layer, layer.units)))


GATES = {"rnn": ("SimpleRNN", 1), "gru": ("GRU", 3), "lstm": ("LSTM", 4)}


def _recurrent(layer: Any, shapes: tuple[Shape, ...], out: Shape, place: Place) -> Piece:
    """Layers of Keras, one above the other; a gated unit has its gates in another order there."""
    name, gates = GATES[layer.type]
    _check_biases(layer)
    rows, size = gates * layer.units, shapes[0].channels
    steps: list[Step] = []
    weights: list[Laid] = []
    for number in range(layer.layers):
        is_last = number == layer.layers - 1
        settings: dict[str, Code] = {}
        if not (is_last and layer.last):
            settings["return_sequences"] = "True"
        settings |= _use_bias(layer)
        if not getattr(layer, "reset_after", True):
            settings["reset_after"] = "False"
        if layer.reverse and number == 0:  # its states come in the order in which it reads
            settings["go_backwards"] = "True"
        call = _named(f"layers.{name}", Number("units", layer.units), **settings)
        suffix = "" if is_last else f"_l{number}"
        if layer.bidirectional:
            word = name.lower()  # without it Keras would count its own name on
            call = call._replace(named=(*call.named, ("name", f'"{word}"')))
            inner = [f"{way}_{word}" for way in ("forward", "backward")]
            steps.append(_layer("layers.Bidirectional", call).called(suffix))
        else:
            inner = [""]
            steps.append(_step(call, suffix))
        for way, end in zip(inner, ("", "_reverse"), strict=False):
            at = [part for part in (suffix, way) if part]
            weights += _cell(layer, f"l{number}{end}", at, rows, size)
        size = layer.units * (2 if layer.bidirectional else 1)
    if layer.reverse and not layer.last:
        steps += _text(lambda x: f"ops.flip({x}, axis=1)").steps
    return Piece(tuple(steps), tuple(weights))


def _check_biases(layer: Any) -> None:
    """Raise NoCounterpart where Keras has another number of biases."""
    theirs = 2 if layer.type == "gru" and layer.reset_after else 1
    if not layer.bias or layer.biases == theirs:
        return
    if theirs == 1:
        raise NoCounterpart("Keras has one bias where this layer has two; write biases=1 or nobias")
    raise NoCounterpart(
        "Keras has two biases where this layer has one, but in a gru with reset_before"
    )


def _cell(layer: Any, end: str, at: list[str], rows: int, size: int) -> list[Laid]:
    """The weights of one cell; PyTorch's gates r, z, n of a gated unit are z, r, h in Keras."""
    word = "simple_rnn" if layer.type == "rnn" else layer.type
    cell = "/".join([*at, f"{word}_cell"])
    units = layer.units
    gates = [1, 0, 2] if layer.type == "gru" else list(range(rows // units))

    def taken(source: str, width: int) -> tuple[tuple[str, int, int], ...]:
        share = units * width
        return tuple((f"{source}_{end}", g * share, (g + 1) * share) for g in gates)

    found = [
        Laid(f"{cell}/kernel", taken("weight_ih", size), (rows, size), (1, 0)),
        Laid(f"{cell}/recurrent_kernel", taken("weight_hh", units), (rows, units), (1, 0)),
    ]
    if layer.bias:
        names = layer.bias_names
        sizes = (rows,) if len(names) == 1 else (len(names), rows)
        pieces = tuple(piece for name in names for piece in taken(name, 1))
        found.append(Laid(f"{cell}/bias", pieces, sizes, tuple(range(len(sizes)))))
    return found


def _attention(layer: Any, shapes: tuple[Shape, ...], out: Shape, place: Place) -> Piece:
    (shape,) = shapes
    channels, heads = shape.channels, layer.heads
    if not layer.project or (layer.bias and not layer.qkv_bias):
        raise NoCounterpart("Keras' attention has a projection, and a bias everywhere or nowhere")
    wide = channels // heads
    positions = prod(shape.spatial)
    settings = {"num_heads": str(heads), "key_dim": str(wide), **_use_bias(layer)}
    step = Step(
        lambda made, x: Call(made, (x[0], x[0])), _named("layers.MultiHeadAttention", **settings)
    )
    before, after = [], []
    if shape.rank != 1:
        before = [_layer("layers.Reshape", as_tuple((positions, channels))).called("_sequence")]
        after = [_layer("layers.Reshape", as_tuple((*shape.spatial, channels))).called("_map")]
    weights: list[Laid] = []
    for number, name in enumerate(("query", "key", "value")):
        share = channels * channels
        source = ("in_proj_weight", number * share, (number + 1) * share)
        view = (heads, wide, channels)
        weights.append(Laid(f"{name}/kernel", (source,), view, (2, 0, 1)))
        if layer.bias:
            source = ("in_proj_bias", number * channels, (number + 1) * channels)
            weights.append(Laid(f"{name}/bias", (source,), (heads, wide), (0, 1)))
    view = (channels, heads, wide)
    weights.append(_whole("out_proj.weight", view, (1, 2, 0), "attention_output/kernel"))
    if layer.bias:
        weights += _vectors({"out_proj.bias": "attention_output/bias"}, channels)
    return Piece((*before, step, *after), tuple(weights))


def _embedding(layer: Any, shapes: tuple[Shape, ...], out: Shape, place: Place) -> Piece:
    (shape,) = shapes
    before = [] if not shape.rank else [_layer("layers.Flatten").called("_flatten")]
    step = _layer("layers.Embedding", str(layer.entries), str(layer.size))
    laid = _whole("weight", (layer.entries, layer.size), (0, 1), "embeddings")
    sizes = as_tuple((*out.spatial, out.channels))
    after = [] if out.rank == 1 else [_layer("layers.Reshape", sizes).called("_map")]
    return Piece((*before, step, *after), (laid,))


def _rbf(layer: Any, shapes: tuple[Shape, ...], out: Shape, place: Place) -> Piece:
    (shape,) = shapes
    if shape.rank and prod(shape.spatial) > 1:
        raise NoCounterpart("distances to codes of a whole map; flatten it first")
    before = [_layer("layers.Flatten").called("_flatten")] if shape.rank else []
    step = _layer("RBF", str(layer.units))
    laid = _whole("weight", (layer.units, shape.size), (0, 1), "codes")
    return Piece((*before, step), (laid,), ("RBF",))


def _subsample(layer: Any, shapes: tuple[Shape, ...], out: Shape, place: Place) -> Piece:
    """The mean of a window times its size and a factor, plus a bias."""
    steps = _summed(layer, shapes[0])
    names = {"weight": "weight", "bias": "bias"}
    scale = _layer("Scale", "weight=True", "bias=True")
    return Piece((*steps, scale), _vectors(names, shapes[0].channels), ("Scale",))


def _blur(layer: Any, shapes: tuple[Shape, ...], out: Shape, place: Place) -> Piece:
    (shape,) = shapes
    windows = layer.windows(shape)
    if shape.rank != 2:  # noqa: PLR2004 - a map
        raise NoCounterpart("a blur over other than two axes")
    kernel = [window.kernel for window in windows]
    strides = [window.stride for window in windows]
    if len(set(strides)) > 1:
        raise NoCounterpart("a blur whose strides differ")
    sides = [(window.begin, window.end) for window in windows]
    before = [_pad_step(sides, layer.edge_mode)] if any(map(any, sides)) else []
    settings = {"strides": one_or_tuple(strides)} if strides[0] > 1 else {}
    step = _layer("Blur", as_tuple(kernel), **settings)
    laid = _whole("filter", kernel, (0, 1), "filter")
    return Piece((*before, step), (laid,), ("Blur",))


# -- norms


def _epsilon(layer: Any) -> dict[str, Code]:
    return {"epsilon": repr(layer.eps)}


def _switches(*, scale: bool, shift: bool) -> dict[str, Code]:
    center: dict[str, Code] = {} if shift else {"center": "False"}
    return center if scale else {**center, "scale": "False"}


def _bn(layer: Any, shapes: tuple[Shape, ...], out: Shape, place: Place) -> Piece:
    scale, shift = layer.affine and layer.scale, layer.affine and layer.shift
    settings = {"momentum": MOMENTUM, **_epsilon(layer), **_switches(scale=scale, shift=shift)}
    names = {"weight": "gamma"} if scale else {}
    names |= {"bias": "beta"} if shift else {}
    names |= {"running_mean": "moving_mean", "running_var": "moving_variance"}
    step = _layer("layers.BatchNormalization", **settings)
    return Piece((step,), _vectors(names, shapes[0].channels))


AFFINE = {"weight": "gamma", "bias": "beta"}


def _gn(layer: Any, shapes: tuple[Shape, ...], out: Shape, place: Place) -> Piece:
    channels = shapes[0].channels
    groups: Code = "-1" if layer.type == "instnorm" else Number("groups", layer.groups)
    settings = {**_epsilon(layer), **_switches(scale=layer.affine, shift=layer.affine)}
    if not shapes[0].rank:  # Keras wants an axis besides the channels
        raise NoCounterpart("Keras normalises groups of a map, not of a vector")
    step = _layer("layers.GroupNormalization", groups, **settings)
    return Piece((step,), _vectors(AFFINE if layer.affine else {}, channels))


def _ln(layer: Any, shapes: tuple[Shape, ...], out: Shape, place: Place) -> Piece:
    (shape,) = shapes
    settings = {**_epsilon(layer), **_switches(scale=layer.affine, shift=layer.affine)}
    dims: tuple[int, ...] = (shape.channels,)
    if layer.over == "all" and shape.rank:
        settings = {"axis": f"[{', '.join(map(str, range(1, shape.rank + 2)))}]", **settings}
        dims = (shape.channels, *shape.spatial)
    order = (*range(1, len(dims)), 0)
    laid = [_whole(source, dims, order, name) for source, name in AFFINE.items()]
    step = _layer("layers.LayerNormalization", **settings)
    return Piece((step,), tuple(laid) if layer.affine else ())


def _lrn(layer: Any, shapes: tuple[Shape, ...], out: Shape, place: Place) -> Piece:
    alpha = layer.alpha / layer.size if layer.divide else layer.alpha
    settings: dict[str, Code] = {"alpha": repr(alpha), "beta": repr(layer.beta), "k": repr(layer.k)}
    step = _layer("LocalResponseNorm", str(layer.size), **settings)
    return Piece((step,), (), ("LocalResponseNorm",))


def _grn(layer: Any, shapes: tuple[Shape, ...], out: Shape, place: Place) -> Piece:
    step = _layer("GlobalResponseNorm", **_epsilon(layer))
    names = {"weight": "weight", "bias": "bias"}
    return Piece((step,), _vectors(names, shapes[0].channels), ("GlobalResponseNorm",))


def _prelu(layer: Any, shapes: tuple[Shape, ...], out: Shape, place: Place) -> Piece:
    rank, size = shapes[0].rank, 1 if layer.shared else shapes[0].channels
    axes = [*range(1, rank + 1), *([rank + 1] if layer.shared else [])]
    settings: dict[str, Code] = {"shared_axes": repr(axes)} if axes else {}
    initial = Call("keras.initializers.Constant", ("0.25",))
    step = _layer("layers.PReLU", initial, **settings)
    dims = (*[1] * rank, size)
    return Piece((step,), (Laid("alpha", (("weight", 0, size),), (size,), (0,), dims),))


def _gamma(layer: Any, shapes: tuple[Shape, ...], out: Shape, place: Place) -> Piece:
    step = _layer("Scale", initial=repr(layer.initial))
    return Piece((step,), _vectors({"weight": "weight"}, shapes[0].channels), ("Scale",))


def _scale(layer: Any, shapes: tuple[Shape, ...], out: Shape, place: Place) -> Piece:
    (shape,) = shapes
    factor, shift = layer.factor, layer.shift
    stored = layer.parameters(shape)
    if not stored:
        by = "1.0" if factor == "none" else repr(factor)
        plus = [] if shift == "none" else [repr(shift)]
        return Piece((_layer("layers.Rescaling", by, *plus),))
    each = layer.per in ("position", "element") or any(p.role == "fixed" for p in stored)
    step, laid, helper = (_scale_each if each else _scale_channels)(layer, shape, stored)
    steps = [step]
    if not isinstance(factor, str):
        steps.insert(0, _layer("layers.Rescaling", repr(factor)).called("_factor"))
    if not isinstance(shift, str):
        steps.append(_layer("layers.Rescaling", "1.0", repr(shift)).called("_shift"))
    return Piece(tuple(steps), laid, (helper,))


def _scale_channels(
    layer: Any, shape: Shape, stored: Sequence[Parameter]
) -> tuple[Step, tuple[Laid, ...], str]:
    """One learned number a channel, or one for all."""
    names = {p.name: p.name for p in stored}
    settings: dict[str, Code] = {}
    if layer.initial != 1:
        settings["initial"] = repr(layer.initial)
    if "weight" not in names:
        settings["weight"] = "False"
    if "bias" in names:
        settings["bias"] = "True"
    if layer.per != "channel":
        settings["single"] = "True"
    size = shape.channels if layer.per == "channel" else 1
    return _layer("Scale", **settings), _vectors(names, size), "Scale"


def _scale_each(
    layer: Any, shape: Shape, stored: Sequence[Parameter]
) -> tuple[Step, tuple[Laid, ...], str]:
    """One number a position or for each number; or numbers that are not trained."""
    channels, *_ = stored[0].dims
    view: tuple[int, ...] = {
        "channel": (channels,), "layer": (1,), "position": (*shape.spatial, 1),
        "element": (shape.channels, *shape.spatial),
    }[layer.per]  # fmt: skip
    order = (*range(1, len(view)), 0) if layer.per == "element" else tuple(range(len(view)))
    laid = tuple(_whole(p.name, view, order, p.name) for p in stored)
    starts: dict[str, Code] = {p.name: repr(layer.initial_value(p)[0]) for p in stored}
    return _layer("ScaleEach", as_tuple(laid[0].sizes), **starts), laid, "ScaleEach"


# -- pools


def _window_sides(layer: Any, shape: Shape, out: Shape) -> Sides:
    """The padding, and behind it what windows that are rounded up reach beyond the edge."""
    sides: Sides = []
    axes = zip(layer.windows(shape), shape.spatial, out.spatial, strict=True)
    for window, size, count in axes:
        missing = (count - 1) * window.stride + window.extent - window.begin - window.end - size
        more = missing if window.ceil else 0
        sides.append((window.begin, window.end + max(more, 0)))
    return sides


def _pool(name: str, windows: Sequence[Window], **named: Code) -> Step:
    strides = [window.stride for window in windows]
    kernel = [window.kernel for window in windows]
    settings: dict[str, Code] = {} if strides == kernel else {"strides": one_or_tuple(strides)}
    return _layer(f"layers.{name}Pooling{len(windows)}D", one_or_tuple(kernel), **settings, **named)


def _max_pool(layer: Any, shapes: tuple[Shape, ...], out: Shape, place: Place) -> Piece:
    (shape,) = shapes
    windows = layer.windows(shape)
    if any(window.dilation > 1 for window in windows):
        raise NoCounterpart("Keras has no dilation in a pool")
    sides = _window_sides(layer, shape, out)
    fill = "" if place.non_negative else "-math.inf"
    before, named = _padded(layer, shape, fill, sides)
    return Piece((*before, _pool("Max", windows, **named)))


def _avg_pool(layer: Any, shapes: tuple[Shape, ...], out: Shape, place: Place) -> Piece:
    (shape,) = shapes
    windows = layer.windows(shape)
    if layer.divisor_override is not None:
        size = prod(window.kernel for window in windows)
        steps = _summed(layer, shape, factor=size / layer.divisor_override)
        return Piece((*steps[:-1], steps[-1].called("")))
    sides = _window_sides(layer, shape, out)
    given = [(window.begin, window.end) for window in windows]
    padded = any(map(any, given))
    if not any(map(any, sides)):
        return Piece((_pool("Average", windows),))
    if (not layer.count_include_pad or not padded) and _is_same(windows, shape, sides):
        return Piece((_pool("Average", windows, padding='"same"'),))
    if layer.count_include_pad and sides == given:
        return Piece((_pad_step(sides, "zeros"), _pool("Average", windows)))
    raise NoCounterpart("Keras counts no padding in an average, and pads by its rule same only")


def _summed(layer: Any, shape: Shape, factor: float | None = None) -> list[Step]:
    """The sums of windows: their means times their size."""
    windows = layer.windows(shape)
    sides = _window_sides(layer, shape, layer.output_shape(shape))
    before = [_pad_step(sides, "zeros")] if any(map(any, sides)) else []
    size = prod(window.kernel for window in windows)
    pool = _pool("Average", windows).called("_mean")
    by = float(size) if factor is None else factor
    return [*before, pool, _layer("layers.Rescaling", repr(by)).called("_sum")]


def _sum_pool(layer: Any, shapes: tuple[Shape, ...], out: Shape, place: Place) -> Piece:
    *steps, last = _summed(layer, shapes[0])
    return Piece((*steps, last.called("")))


def _adaptive(layer: Any, shapes: tuple[Shape, ...], out: Shape, place: Place) -> Piece:
    (shape,) = shapes
    kind = {"avg": "Average", "max": "Max"}[layer.kind]
    if out == shape:
        return Piece(())
    if set(out.spatial) == {1}:
        return _global_pool(kind, shape.rank, place)
    if any(size % kept for size, kept in zip(shape.spatial, out.spatial, strict=True)):
        raise NoCounterpart("an adaptive pool whose windows differ in size")
    sizes = [size // kept for size, kept in zip(shape.spatial, out.spatial, strict=True)]
    return Piece((_layer(f"layers.{kind}Pooling{shape.rank}D", one_or_tuple(sizes)),))


def _global_pool(kind: str, rank: int, place: Place) -> Piece:
    settings: dict[str, Code] = {} if place.dense else {"keepdims": "True"}
    return Piece((_layer(f"layers.Global{kind}Pooling{rank}D", **settings),))


def _global(layer: Any, shapes: tuple[Shape, ...], out: Shape, place: Place) -> Piece:
    if not shapes[0].rank:
        return Piece(())
    place = place if out.rank else place._replace(dense=True)
    return _global_pool({"gap": "Average", "gmp": "Max"}[layer.type], shapes[0].rank, place)


# -- merges


def _merge(name: str) -> Callable[[Any, tuple[Shape, ...], Shape, Place], Piece]:
    def made(layer: Any, shapes: tuple[Shape, ...], out: Shape, place: Place) -> Piece:
        return Piece((Step(_on_all, Call(f"layers.{name}")),))

    return made


def _sub(layer: Any, shapes: tuple[Shape, ...], out: Shape, place: Place) -> Piece:
    if layer.absolute:
        return _text(lambda a, b: f"ops.abs({a} - {b})")
    return _merge("Subtract")(layer, shapes, out, place)


def _mul(layer: Any, shapes: tuple[Shape, ...], out: Shape, place: Place) -> Piece:
    def spread(x: str, shape: Shape) -> Code:
        if shape.rank or not out.rank:
            return x
        sizes = ", ".join(["-1", *["1"] * out.rank, str(shape.channels)])
        return f"ops.reshape({x}, ({sizes}))"

    def apply(made: Code, x: Sequence[str]) -> Code:
        return Call(made, (Listed(tuple(map(spread, x, shapes))),))

    return Piece((Step(apply, Call("layers.Multiply")),))


def _concat(layer: Any, shapes: tuple[Shape, ...], out: Shape, place: Place) -> Piece:
    settings: dict[str, Code] = {}
    if layer.axis != "c":
        settings["axis"] = str(1 + shapes[0].axes.index(layer.axis))
    parts = layer._parts(shapes)  # noqa: SLF001 - what is left of each input

    def cut(x: str, shape: Shape, part: Shape) -> str:
        if shape.spatial == part.spatial:
            return x
        sizes = zip(shape.spatial, part.spatial, strict=True)
        ranges = [f"{(n - m) // 2}:{(n - m) // 2 + m}" for n, m in sizes]
        return f"{x}[:, {', '.join(ranges)}]"

    def apply(made: Code, x: Sequence[str]) -> Code:
        return Call(made, (Listed(tuple(map(cut, x, shapes, parts))),))

    return Piece((Step(apply, _named("layers.Concatenate", **settings)),))


def _matmul(layer: Any, shapes: tuple[Shape, ...], out: Shape, place: Place) -> Piece:
    """With the channels last both matrices stand transposed, so that they change places."""
    if layer.by_channel:
        return _matmul_by_channel(layer)

    def matrix(x: str, shape: Shape, turned: bool) -> str:
        rows = prod(shape.spatial)
        text = x if shape.rank == 1 else f"ops.reshape({x}, (-1, {rows}, {shape.channels}))"
        return f"ops.transpose({text}, (0, 2, 1))" if turned else text

    def apply(_: Code, x: Sequence[str]) -> Code:
        first = matrix(x[0], shapes[0], layer.transpose_a)
        second = matrix(x[1], shapes[1], layer.transpose_b)
        return Call("ops.matmul", (second, first))

    sizes = as_tuple((*out.spatial, out.channels))
    return Piece((Step(apply), _layer("layers.Reshape", sizes)))


def _matmul_by_channel(layer: Any) -> Piece:
    """The channels come before the maps, which are multiplied, and go back behind them."""
    orders = ["(0, 3, 2, 1)" if turned else "(0, 3, 1, 2)"
              for turned in (layer.transpose_a, layer.transpose_b)]  # fmt: skip

    def apply(_: Code, x: Sequence[str]) -> Code:
        pairs = zip(x, orders, strict=True)
        factors = tuple([Call("ops.transpose", (name, order)) for name, order in pairs])
        return Call("ops.transpose", (Call("ops.matmul", factors), "(0, 2, 3, 1)"))

    return Piece((Step(apply),))


# -- moves


def _slice(layer: Any, shapes: tuple[Shape, ...], out: Shape, place: Place) -> Piece:
    taken = layer.taken(shapes[0])
    return _text(lambda x: f"{x}[..., {taken.start}:{taken.stop}]")


def _crop(layer: Any, shapes: tuple[Shape, ...], out: Shape, place: Place) -> Piece:
    sides = layer.sides(shapes[0])
    return Piece((_layer(f"layers.Cropping{shapes[0].rank}D", _sides(sides)),))


def _pad(layer: Any, shapes: tuple[Shape, ...], out: Shape, place: Place) -> Piece:
    fill = repr(layer.value) if layer.value else ""
    return Piece((_pad_step(layer.sides(shapes[0]), layer.mode, fill).called(""),))


def _padmaps(layer: Any, shapes: tuple[Shape, ...], out: Shape, place: Place) -> Piece:
    pairs = "(0, 0), " * (1 + shapes[0].rank)
    return _text(lambda x: f"ops.pad({x}, ({pairs}({layer.begin}, {layer.end})))")


def _channels_first(rank: int) -> Step:
    order = as_tuple((rank + 1, *range(1, rank + 1)))
    return _layer("layers.Permute", order).called("_channels_first")


def _channels_last(rank: int) -> Step:
    return _layer("layers.Permute", as_tuple((*range(2, rank + 2), 1))).called("_channels_last")


def _turned(steps: list[Step]) -> Piece:
    """Steps of which the last one has the row's own name."""
    return Piece((*steps[:-1], steps[-1].called("")))


def _reshape(layer: Any, shapes: tuple[Shape, ...], out: Shape, place: Place) -> Piece:
    """Numbers keep their order with the channels first."""
    (shape,) = shapes
    steps = [_channels_first(shape.rank)] if shape.rank else []
    sizes = as_tuple((out.channels, *out.spatial))
    steps.append(_layer("layers.Reshape", sizes).called("_shape"))
    return _turned([*steps, *([_channels_last(out.rank)] if out.rank else [])])


def _permute(layer: Any, shapes: tuple[Shape, ...], out: Shape, place: Place) -> Piece:
    rank = shapes[0].rank
    if not rank:
        return Piece(())
    channels, *spatial = (rank + 1 if axis == 0 else axis for axis in layer.order)
    return Piece((_layer("layers.Permute", as_tuple((*spatial, channels))),))


def _flatten(layer: Any, shapes: tuple[Shape, ...], out: Shape, place: Place) -> Piece:
    (shape,) = shapes
    if not shape.rank or place.squeezed:
        return Piece(())
    if place.dense or shape.channels == 1 or prod(shape.spatial) == 1:
        return Piece((_layer("layers.Flatten"),))
    return Piece((_channels_first(shape.rank), _layer("layers.Flatten")))


def _shuffle(layer: Any, shapes: tuple[Shape, ...], out: Shape, place: Place) -> Piece:
    (shape,) = shapes
    rank, share = shape.rank, shape.channels // layer.groups
    order = as_tuple((*range(1, rank + 1), rank + 2, rank + 1))
    return _turned([
        _layer("layers.Reshape", as_tuple((*shape.spatial, layer.groups, share))).called("_groups"),
        _layer("layers.Permute", order).called("_turn"),
        _layer("layers.Reshape", as_tuple((*shape.spatial, shape.channels))),
    ])  # fmt: skip


def _blocks(layer: Any, shapes: tuple[Shape, ...], out: Shape, place: Place) -> Piece:
    """Axes are split and put together: (h, w, c·b·b) and (h·b, w·b, c) have the same numbers."""
    (shape,) = shapes
    rank, block = shape.rank, layer.block
    is_up = layer.type == "depth2space"
    small, few = (shape, out.channels) if is_up else (out, shape.channels)
    blocks = [block] * rank
    places = list(range(1, rank + 1))
    channel_first = layer.order == "crd"
    deep = [few, *blocks] if channel_first else [*blocks, few]
    inner = [rank + 2 + axis if channel_first else rank + 1 + axis for axis in range(rank)]
    channel = rank + 1 if channel_first else 2 * rank + 1
    if is_up:
        split = [*small.spatial, *deep]
        order = [axis for pair in zip(places, inner, strict=True) for axis in pair] + [channel]
    else:
        split = [n for size in small.spatial for n in (size, block)] + [few]
        tail = [2 * axis + 2 for axis in range(rank)]
        deep_order = [2 * rank + 1, *tail] if channel_first else [*tail, 2 * rank + 1]
        order = [2 * axis + 1 for axis in range(rank)] + deep_order
    return _turned([
        _layer("layers.Reshape", as_tuple(split)).called("_blocks"),
        _layer("layers.Permute", as_tuple(order)).called("_turn"),
        _layer("layers.Reshape", as_tuple((*out.spatial, out.channels))),
    ])  # fmt: skip


def _upsample(layer: Any, shapes: tuple[Shape, ...], out: Shape, place: Place) -> Piece:
    (shape,) = shapes
    pairs = list(zip(shape.spatial, out.spatial, strict=True))
    factors = [kept // size for size, kept in pairs]
    if any(kept != size * factor for (size, kept), factor in zip(pairs, factors, strict=True)):
        raise NoCounterpart("Keras enlarges by whole factors only")
    if layer.size is None:
        given = [float(factor) for factor in layer._factors(shape.rank)]  # noqa: SLF001 - exact
        if given != factors:
            raise NoCounterpart("Keras enlarges by whole factors only")
    usual = replace(layer, rule=None, nearest_mode=None)
    if usual != layer and usual._blends(shape) != layer._blends(shape):  # noqa: SLF001 - its places
        raise NoCounterpart("Keras has one rule for where outputs lie, and how places are rounded")
    settings: dict[str, Code] = {}
    if layer.mode != "nearest":
        if layer.align_corners or shape.rank != 2:  # noqa: PLR2004 - a map
            raise NoCounterpart("Keras blends maps of two axes only, without align_corners")
        settings["interpolation"] = '"bilinear"'
    return Piece((_layer(f"layers.UpSampling{shape.rank}D", one_or_tuple(factors), **settings),))


def _softmax(layer: Any, shapes: tuple[Shape, ...], out: Shape, place: Place) -> Piece:
    (shape,) = shapes
    rank, groups = shape.rank, layer.groups
    sizes = as_tuple((*shape.spatial, shape.channels))
    if layer.over == "positions" and not rank:
        return _text(lambda x: f"ops.ones_like({x})")
    if layer.over == "all" and rank:
        return _turned([
            _layer("layers.Flatten").called("_flatten"),
            _layer("layers.Softmax").called("_flat"),
            _layer("layers.Reshape", sizes),
        ])  # fmt: skip
    if layer.over in ("channels", "groups", "radix") and (groups, layer.radix) != (1, 1):
        split: tuple[int, ...] = (groups, shape.channels // groups)
        turn: list[Step] = []
        axis = -1 if layer.over == "channels" else -2
        if layer.over == "radix":
            split = (groups, layer.radix, shape.channels // groups // layer.radix)
            order = (*range(1, rank + 1), rank + 2, rank + 1, rank + 3)
            turn, axis = [_layer("layers.Permute", as_tuple(order)).called("_turn")], -3
        return _turned([
            _layer("layers.Reshape", as_tuple((*shape.spatial, *split))).called("_groups"),
            *turn,
            _layer("layers.Softmax", str(axis)).called("_share"),
            _layer("layers.Reshape", sizes),
        ])  # fmt: skip
    if layer.over in ("groups", "radix"):  # of one number each
        return _text(lambda x: f"ops.ones_like({x})")
    axes = {"positions": as_tuple(range(1, rank + 1))}.get(layer.over, "-1")
    if layer.over in shape.axes:
        axes = str(1 + shape.axes.index(layer.over))
    return Piece((_layer("layers.Softmax", axes),))


def _reduce(layer: Any, shapes: tuple[Shape, ...], out: Shape, place: Place) -> Piece:
    text = "ops.{kind}({x}, axis=-1, keepdims=True)"
    if layer.kind == "std" and layer.unbiased:
        count = shapes[0].channels
        factor = repr((count / (count - 1)) ** 0.5)
        return _text(lambda x: f"{text.format(kind='std', x=x)} * {factor}")
    return _text(lambda x: text.format(kind=layer.kind, x=x))


def _glu(layer: Any, shapes: tuple[Shape, ...], out: Shape, place: Place) -> Piece:
    return _text(lambda x: f"ops.glu({x}, axis=-1)")


def _identity(layer: Any, shapes: tuple[Shape, ...], out: Shape, place: Place) -> Piece:
    return Piece(())


def _dropout(layer: Any, shapes: tuple[Shape, ...], out: Shape, place: Place) -> Piece:
    return Piece((_layer("layers.Dropout", repr(layer.rate)),))


# -- activations

# What `activation=` and the layer Activation take.
WORDS = {
    "relu": "relu", "relu6": "relu6", "sigmoid": "sigmoid", "tanh": "tanh", "silu": "silu",
    "hswish": "hard_silu", "mish": "mish", "softsign": "softsign", "selu": "selu",
    "logsigmoid": "log_sigmoid", "logsoftmax": "log_softmax",
}  # fmt: skip

# Those whose word has these settings.
USUAL: dict[str, dict[str, object]] = {
    "elu": {"alpha": 1}, "celu": {"alpha": 1}, "gelu": {"approximate": "none"},
    "hardtanh": {"low": -1, "high": 1}, "softplus": {"beta": 1, "threshold": 20},
    "softmax": {"over": "channels", "groups": 1, "radix": 1}, "hsigmoid": {"slope": 1 / 6},
}  # fmt: skip
RENAMED = {"hardtanh": "hard_tanh", "hsigmoid": "hard_sigmoid"}


def activation(layer: Any) -> str | None:
    """The word of Keras for an activation with these settings, in quotes; None if it has none."""
    name = layer.type
    if name in USUAL:
        values = tuple(getattr(layer, field) for field in USUAL[name])
        fits = values == tuple(USUAL[name].values())
        if name == "softplus":
            fits = layer.beta == 1 and layer.threshold >= EXACT_SOFTPLUS
        return f'"{RENAMED.get(name, name)}"' if fits else None
    return f'"{WORDS[name]}"' if name in WORDS else None


EXACT_SOFTPLUS = 20  # PyTorch takes x itself above; the difference is then below 1e-8


def _leaky(layer: Any, shapes: tuple[Shape, ...], out: Shape, place: Place) -> Piece:
    slope = repr(float(layer.slope))
    if layer.slope < 0:  # which the layer refuses
        return _text(lambda x: f"ops.leaky_relu({x}, {slope})")
    return Piece((_layer("layers.LeakyReLU", slope),))


def _elu(layer: Any, shapes: tuple[Shape, ...], out: Shape, place: Place) -> Piece:
    return Piece((_layer("layers.ELU", repr(float(layer.alpha))),))


def _celu(layer: Any, shapes: tuple[Shape, ...], out: Shape, place: Place) -> Piece:
    return _text(lambda x: f"ops.celu({x}, {float(layer.alpha)!r})")


def _gelu(layer: Any, shapes: tuple[Shape, ...], out: Shape, place: Place) -> Piece:
    return _text(lambda x: f"ops.gelu({x}, approximate=True)")


def _hardtanh(layer: Any, shapes: tuple[Shape, ...], out: Shape, place: Place) -> Piece:
    return _text(lambda x: f"ops.clip({x}, {float(layer.low)!r}, {float(layer.high)!r})")


def _clip(layer: Any, shapes: tuple[Shape, ...], out: Shape, place: Place) -> Piece:
    if layer.low is not None and layer.high is not None:
        return _hardtanh(layer, shapes, out, place)
    if layer.high is None:
        return _text(lambda x: f"ops.maximum({x}, {float(layer.low)!r})")
    return _text(lambda x: f"ops.minimum({x}, {float(layer.high)!r})")


def _hsigmoid(layer: Any, shapes: tuple[Shape, ...], out: Shape, place: Place) -> Piece:
    return _text(lambda x: f"ops.clip({x} * {layer.slope!r} + 0.5, 0.0, 1.0)")


def _softplus(layer: Any, shapes: tuple[Shape, ...], out: Shape, place: Place) -> Piece:
    by, most = repr(float(layer.beta)), repr(float(layer.threshold))
    return _text(lambda x: f"ops.where({x} * {by} > {most}, {x}, ops.softplus({x} * {by}) / {by})")


def is_elementwise(layer: Layer) -> bool:
    """Whether each number that comes out is made of the one in its place."""
    return isinstance(layer, Pointwise) or layer.type in ("dropout", "identity")


# What never puts out a number below 0; of the others, if nothing that comes in is.
NON_NEGATIVE = frozenset({"relu", "relu6", "sigmoid", "hsigmoid", "softmax", "softplus"})
KEEPS_SIGN = frozenset({
    "maxpool", "avgpool", "sumpool", "adaptivepool", "gap", "gmp", "lrn", "dropout", "identity",
    "concat", "add", "mul", "mean", "max", "min", "slice", "chunk", "shuffle", "flatten",
    "reshape", "crop", "permute", "upsample", "hswish", "silu", "leaky", "elu", "celu", "gelu",
    "mish", "selu",
})  # fmt: skip

TABLE: dict[str, Callable[[Any, tuple[Shape, ...], Shape, Place], Piece]] = {
    "conv": _conv, "dwconv": _conv, "conv_transpose": _conv_transpose, "fc": _fc,
    "linear": _linear, "rnn": _recurrent, "gru": _recurrent, "lstm": _recurrent,
    "attention": _attention, "embedding": _embedding, "subsample": _subsample, "rbf": _rbf,
    "blur": _blur, "bn": _bn, "gn": _gn, "instnorm": _gn, "ln": _ln, "lrn": _lrn, "grn": _grn,
    "prelu": _prelu, "gamma": _gamma, "scale": _scale, "maxpool": _max_pool,
    "avgpool": _avg_pool, "sumpool": _sum_pool, "adaptivepool": _adaptive, "gap": _global,
    "gmp": _global, "add": _merge("Add"), "mean": _merge("Average"), "max": _merge("Maximum"),
    "min": _merge("Minimum"), "sub": _sub, "mul": _mul, "concat": _concat, "matmul": _matmul,
    "slice": _slice, "chunk": _slice, "crop": _crop, "pad": _pad, "padmaps": _padmaps,
    "reshape": _reshape, "permute": _permute, "flatten": _flatten, "shuffle": _shuffle,
    "depth2space": _blocks, "space2depth": _blocks, "upsample": _upsample, "softmax": _softmax,
    "reduce": _reduce, "glu": _glu, "identity": _identity, "dropout": _dropout,
    "leaky": _leaky, "elu": _elu, "celu": _celu, "gelu": _gelu, "hardtanh": _hardtanh,
    "hsigmoid": _hsigmoid, "softplus": _softplus, "clip": _clip,
}  # fmt: skip
