"""Layer types in PyTorch: the module that holds a layer's parameters, and how it is applied."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from cnncalc.exchange.targets import NoCounterpart
from cnncalc.exchange.targets._code import (
    Call,
    Channels,
    Choice,
    Code,
    Listed,
    Number,
    as_tuple,
    flat,
    one_argument,
    one_or_tuple,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from cnncalc.layers._base import Layer
    from cnncalc.shapes import Shape
    from cnncalc.window import Window

# Layer types without a counterpart, and why.
WITHOUT = {
    "custom": "what it computes is not known",
}
# What PyTorch calls an interpolation by this rule and rounding; "" is by the number of axes.
INTERPOLATE: dict[str, dict[tuple[str | None, str | None], str]] = {
    "nearest": {
        (None, None): "nearest", (None, "floor"): "nearest", ("asymmetric", "floor"): "nearest",
        ("half_pixel", "round_prefer_ceil"): "nearest-exact",
    },
    "bilinear": {(None, None): "", ("half_pixel", None): "", ("align_corners", None): ""},
}  # fmt: skip
VOLUME = 3  # axes
AXES = {1: "linear", 2: "bilinear", 3: "trilinear"}


class Piece(NamedTuple):
    """A layer as code: its module, if it needs one, and how names of tensors are put through it.

    `apply` gets the module's place (empty without one) and the inputs. `module` alone stands for
    the layer where `is_plain`; `as_module` is a module for a layer that needs none.
    """

    apply: Callable[[str, Sequence[str]], Code]
    module: Code | None = None
    is_plain: bool = False
    as_module: Code | None = None
    helpers: tuple[str, ...] = ()


def piece(layer: Layer, shapes: tuple[Shape, ...], out: Shape) -> Piece:
    """The code of a layer on inputs of these shapes.

    Raises:
        NoCounterpart: PyTorch has none.
    """
    name = layer.type
    if name in WITHOUT:
        raise NoCounterpart(WITHOUT[name])
    if name in FUNCTIONS:
        return _function(layer, *FUNCTIONS[name])
    if name not in TABLE:  # a row of a model file whose operator is not known
        raise NoCounterpart(WITHOUT["custom"])
    return TABLE[name](layer, shapes, out)


def called(layer: Layer, shapes: tuple[Shape, ...], out: Shape) -> str:
    """What is called or computed for a layer; a class, where the code has one of its own.

    Raises:
        NoCounterpart: PyTorch has nothing.
    """
    made = piece(layer, shapes, out)
    module = made.module or made.as_module
    if isinstance(module, Call):
        name = flat(module.function)
        return name if "." in name else f"class {name}"
    return flat(module or made.apply("", "xy"[: len(shapes)]))


# -- how layers are applied


def _module(module: Call, *helpers: str) -> Piece:
    return Piece(lambda at, x: Call(at, (x[0],)), module, is_plain=True, helpers=helpers)


def _text(write: Callable[..., str], as_module: Code | None = None) -> Piece:
    return Piece(lambda _, x: write(*x), as_module=as_module)


def _call(function: str, *arguments: Code, **named: Code) -> Piece:
    return Piece(lambda _, x: Call(function, (x[0], *arguments), tuple(named.items())))


def _number(value: float) -> str:
    return repr(value)


def _padded(sides: Sequence[tuple[int, int]], mode: str, value: str | None) -> list[Code]:
    """The arguments of F.pad, which counts axes from the last one."""
    flat = ", ".join(f"{begin}, {end}" for begin, end in reversed(sides))
    names = {"zeros": "constant"}
    more = [f'mode="{names.get(mode, mode)}"'] if mode != "zeros" else []
    return [f"({flat})", *more, *([f"value={value}"] if value else [])]


def _windowed(
    layer: Any, shape: Shape, module: Callable[[list[tuple[str, Code]]], Code], *helpers: str,
    fill: str | None = None, inside: bool = True,
) -> Piece:  # fmt: skip
    """A module with a window; padding that it cannot do itself is put on the input first.

    `fill` is what the padding holds, if not zeros; `inside` says that the module pads at all.
    """
    windows = layer.windows(shape)
    sides = [(window.begin, window.end) for window in windows]
    mode = layer.edge_mode
    named: list[tuple[str, Code]] = []
    strides = [window.stride for window in windows]
    named.append(("stride", one_argument(strides, "stride")))
    even = all(begin == end for begin, end in sides)
    own = even and inside and mode == "zeros"
    if own and any(map(any, sides)):
        named.append(("padding", one_argument([begin for begin, _ in sides], "padding")))
    elif inside and not any(map(any, sides)):
        named.append(("padding", Number("padding", 0)))
    named.append(("dilation", one_argument([window.dilation for window in windows], "dilation")))
    made = module(named)
    if own or not any(map(any, sides)):
        return Piece(lambda at, x: Call(at, (x[0],)), made, is_plain=True, helpers=helpers)
    pads = _padded(sides, mode, fill)
    return Piece(lambda at, x: Call(at, (Call("F.pad", (x[0], *pads)),)), made, helpers=helpers)


# -- layers with weights


def _conv(layer: Any, shapes: tuple[Shape, ...], out: Shape) -> Piece:
    (shape,) = shapes
    rank = shape.rank
    kernel = [window.kernel for window in layer.windows(shape)]
    standardize = getattr(layer, "standardize", "none")
    if getattr(layer, "table", None) is not None:
        if standardize != "none":
            raise NoCounterpart("standardised filters that see the maps of a table")
        maps = Listed(tuple(Listed(tuple(map(str, column))) for column in layer.table))
        bias = () if layer.bias else (("bias", "False"),)
        return _windowed(
            layer,
            shape,
            lambda named: Call("TableConv", (maps, as_tuple(kernel)), (*_no_numbers(named), *bias)),
            "TableConv",
        )
    groups = shape.channels if layer.type == "dwconv" else layer.groups

    def made(named: list[tuple[str, Code]]) -> Code:
        more = list(named)
        more.append(("groups", Number("groups", groups)))
        if not layer.bias:
            more.append(("bias", "False"))
        name = f"nn.Conv{rank}d"
        if standardize != "none":
            name = f"StandardizedConv{rank}d"
            more.append(("weight_eps", _number(layer.weight_eps)))
        if standardize == "scaled":
            more.append(("gamma", _number(layer.gamma)))
        sizes = (Number("in_channels", shape.channels), Number("out_channels", out.channels))
        return Call(name, (*sizes, one_argument(kernel, "kernel_size")), tuple(more))

    helpers = () if standardize == "none" else (f"StandardizedConv{rank}d",)
    return _windowed(layer, shape, made, *helpers)


def _no_numbers(named: list[tuple[str, Code]]) -> list[tuple[str, Code]]:
    """Settings as they are, without those that have their usual value."""
    values = [(name, str(c.value) if isinstance(c, Number) else c) for name, c in named]
    usual = {("stride", "1"), ("padding", "0"), ("dilation", "1")}
    return [(name, code) for name, code in values if (name, code) not in usual]


def _conv_transpose(
    layer: Any, shapes: tuple[Shape, ...], out: Shape, *, tied: bool = False
) -> Piece:
    (shape,) = shapes
    windows = layer.windows(shape)
    extra = layer.settings(shape)["output_padding"]
    least = [min(window.begin, window.end) for window in windows]
    cuts = [
        (window.begin - low, window.end - low) for window, low in zip(windows, least, strict=True)
    ]
    for window, more, (begin, end) in zip(windows, extra, cuts, strict=True):
        if more >= max(window.stride, window.dilation) and more:
            raise NoCounterpart(f"output padding {more} is not below the stride or the dilation")
        if (begin or end) and more:
            raise NoCounterpart("output padding beside a padding whose sides differ")
    pads = ", ".join(f"{-begin}, {-end}" for begin, end in reversed(cuts))
    named: list[tuple[str, Code]] = []
    strides = [window.stride for window in windows]
    named.append(("stride", one_argument(strides, "stride")))
    named.append(("padding", one_argument(least, "padding")))
    named.append(("output_padding", one_argument(extra, "output_padding")))
    named.append(("groups", Number("groups", layer.groups)))
    if not layer.bias:
        named.append(("bias", "False"))
    named.append(("dilation", one_argument([window.dilation for window in windows], "dilation")))
    sizes = (Number("in_channels", shape.channels), Number("out_channels", layer.filters))
    if tied:
        module = Call("TiedConvTranspose", sizes[1:], tuple(named))
        return _tied(module, f"({pads})" if any(map(any, cuts)) else None)
    kernel = one_argument([window.kernel for window in windows], "kernel_size")
    module = Call(f"nn.ConvTranspose{shape.rank}d", (*sizes, kernel), tuple(named))
    if not any(map(any, cuts)):
        return _module(module)
    return Piece(lambda at, x: Call("F.pad", (Call(at, (x[0],)), f"({pads})")), module)


def _localconv(layer: Any, shapes: tuple[Shape, ...], out: Shape) -> Piece:
    (shape,) = shapes
    windows = layer.windows(shape)
    sizes: tuple[Code, ...] = (
        str(shape.channels), str(layer.filters),
        as_tuple([window.kernel for window in windows]), as_tuple(out.spatial),
    )  # fmt: skip
    named: tuple[tuple[str, Code], ...] = (
        ("stride", as_tuple([window.stride for window in windows])),
        ("dilation", as_tuple([window.dilation for window in windows])),
        *(() if layer.bias else (("bias", "False"),)),
    )
    module = Call("LocalConv", sizes, named)
    return _windowed(layer, shape, lambda _: module, "LocalConv", inside=False)


def _fc(layer: Any, shapes: tuple[Shape, ...], out: Shape) -> Piece:
    (shape,) = shapes
    bias = () if layer.bias else (("bias", "False"),)
    sizes = (Number("in_features", shape.size), Number("out_features", layer.units))
    module = Call("nn.Linear", sizes, bias)
    if not shape.rank:
        return _module(module)
    return Piece(lambda at, x: Call(at, (f"{x[0]}.flatten(1)",)), module)


def _linear(layer: Any, shapes: tuple[Shape, ...], out: Shape) -> Piece:
    (shape,) = shapes
    bias = () if layer.bias else (("bias", "False"),)
    sizes = (Number("in_features", shape.channels), Number("out_features", layer.units))
    name = "ChannelLinear" if shape.rank else "nn.Linear"
    return _module(Call(name, sizes, bias), *(["ChannelLinear"] if shape.rank else []))


def tied_piece(layer: Any, shapes: tuple[Shape, ...], out: Shape) -> Piece:
    """The code of a layer that uses the transposed weight of another one, its second input.

    Raises:
        NoCounterpart: PyTorch has none.
    """
    if layer.type == "conv_transpose":
        return _conv_transpose(layer, shapes, out, tied=True)
    bias = () if layer.bias else (("bias", "False"),)
    made = _tied(Call("TiedLinear", (Number("out_features", layer.units),), bias))
    if layer.type == "linear" or not shapes[0].rank:
        return made
    return made._replace(apply=lambda at, x: Call(at, (f"{x[0]}.flatten(1)", x[1])))


def _tied(module: Call, cut: str | None = None) -> Piece:
    """A module that is called with a weight; `cut` are the places to take off what it gives."""

    def apply(at: str, x: Sequence[str]) -> Code:
        call = Call(at, (x[0], x[1]))
        return Call("F.pad", (call, cut)) if cut else call

    return Piece(apply, module, helpers=(str(module.function),))


def _recurrent(layer: Any, shapes: tuple[Shape, ...], out: Shape) -> Piece:
    name = layer.type.upper()
    if layer.bias and layer.biases == 1:
        raise NoCounterpart("PyTorch has two biases where this layer has one")
    if not getattr(layer, "reset_after", True):
        raise NoCounterpart("PyTorch resets the state after its weights worked, not before")
    named: list[tuple[str, Code]] = []
    if layer.layers != 1:
        named.append(("num_layers", str(layer.layers)))
    if not layer.bias:
        named.append(("bias", "False"))
    if layer.bidirectional:
        named.append(("bidirectional", "True"))
    if layer.last:
        named.append(("last", "True"))
    sizes = (Number("in_features", shapes[0].channels), Number("out_features", layer.units))
    module = Call(name, sizes, tuple(named))
    if not layer.reverse:
        return _module(module, name)
    again = "" if layer.last else ".flip(-1)"  # the states in the order of the sequence
    return Piece(lambda at, x: f"{at}({x[0]}.flip(-1)){again}", module, helpers=(name,))


def _attention(layer: Any, shapes: tuple[Shape, ...], out: Shape) -> Piece:
    switches = {"bias": layer.bias, "qkv_bias": layer.qkv_bias, "project": layer.project}
    named = tuple((name, "False") for name, on in switches.items() if not on)
    sizes = (Number("channels", shapes[0].channels), str(layer.heads))
    return _module(Call("Attention", sizes, named), "Attention")


def _embedding(layer: Any, shapes: tuple[Shape, ...], out: Shape) -> Piece:
    module = Call("nn.Embedding", (str(layer.entries), str(layer.size)))
    single = ".squeeze(1)" if shapes[0].rank else ""
    return Piece(lambda at, x: f"{at}({x[0]}{single}.long()).movedim(-1, 1)", module)


def _subsample(layer: Any, shapes: tuple[Shape, ...], out: Shape) -> Piece:
    windows = layer.windows(shapes[0])
    sizes: tuple[Code, ...] = (
        str(shapes[0].channels),
        as_tuple([window.kernel for window in windows]),
        as_tuple([window.stride for window in windows]),
    )
    module = Call("Subsample", sizes)
    return _windowed(layer, shapes[0], lambda _: module, "Subsample", inside=False)


def _rbf(layer: Any, shapes: tuple[Shape, ...], out: Shape) -> Piece:
    return _module(Call("RBF", (str(shapes[0].size), str(layer.units))), "RBF")


def _blur(layer: Any, shapes: tuple[Shape, ...], out: Shape) -> Piece:
    windows = layer.windows(shapes[0])
    sizes = (as_tuple([w.kernel for w in windows]), as_tuple([w.stride for w in windows]))
    module = Call("Blur", sizes)
    return _windowed(layer, shapes[0], lambda _: module, "Blur", inside=False)


# -- norms


def _eps(layer: Any, usual: float = 1e-5) -> list[tuple[str, Code]]:
    return [] if layer.eps == usual else [("eps", _number(layer.eps))]


def _bn(layer: Any, shapes: tuple[Shape, ...], out: Shape) -> Piece:
    named = _eps(layer)
    has_scale, has_shift = layer.affine and layer.scale, layer.affine and layer.shift
    if has_scale != has_shift:
        raise NoCounterpart("a batch norm with a scale and no shift, or the reverse")
    if not has_scale:
        named.append(("affine", "False"))
    size = Number("out_channels", shapes[0].channels)
    return _module(Call(f"nn.BatchNorm{max(shapes[0].rank, 1)}d", (size,), tuple(named)))


def _gn(layer: Any, shapes: tuple[Shape, ...], out: Shape) -> Piece:
    named = _eps(layer) + ([] if layer.affine else [("affine", "False")])
    sizes = (Number("groups", layer.groups), Number("out_channels", shapes[0].channels))
    return _module(Call("nn.GroupNorm", sizes, tuple(named)))


def _instnorm(layer: Any, shapes: tuple[Shape, ...], out: Shape) -> Piece:
    (shape,) = shapes
    named = _eps(layer) + ([("affine", "True")] if layer.affine else [])
    if shape.size == shape.channels:
        raise NoCounterpart("PyTorch refuses an instance norm of a single position")
    size = Number("out_channels", shape.channels)
    return _module(Call(f"nn.InstanceNorm{shape.rank}d", (size,), tuple(named)))


def _ln(layer: Any, shapes: tuple[Shape, ...], out: Shape) -> Piece:
    (shape,) = shapes
    named = _eps(layer) + ([] if layer.affine else [("elementwise_affine", "False")])
    if layer.over == "all" and shape.rank:
        sizes: Code = Listed(tuple(map(str, (shape.channels, *shape.spatial))))
        return _module(Call("nn.LayerNorm", (sizes,), tuple(named)))
    name = "ChannelNorm" if shape.rank else "nn.LayerNorm"
    size = Number("out_channels", shape.channels)
    return _module(Call(name, (size,), tuple(named)), *(["ChannelNorm"] if shape.rank else []))


def _lrn(layer: Any, shapes: tuple[Shape, ...], out: Shape) -> Piece:
    if not shapes[0].rank:
        raise NoCounterpart("local response normalization of a vector")
    alpha = layer.alpha if layer.divide else layer.alpha * layer.size
    settings = {"alpha": alpha, "beta": layer.beta, "k": layer.k}
    named = tuple((name, _number(value)) for name, value in settings.items())
    arguments = (str(layer.size),)
    as_module = Call("nn.LocalResponseNorm", arguments, named)
    return Piece(
        lambda _, x: Call("F.local_response_norm", (x[0], *arguments), named), as_module=as_module
    )


def _grn(layer: Any, shapes: tuple[Shape, ...], out: Shape) -> Piece:
    size = Number("out_channels", shapes[0].channels)
    named = tuple(_eps(layer, 1e-6))
    return _module(Call("GlobalResponseNorm", (size,), named), "GlobalResponseNorm")


def _prelu(layer: Any, shapes: tuple[Shape, ...], out: Shape) -> Piece:
    sizes = () if layer.shared else (Number("out_channels", shapes[0].channels),)
    return _module(Call("nn.PReLU", sizes))


def _gamma(layer: Any, shapes: tuple[Shape, ...], out: Shape) -> Piece:
    sizes = (Number("out_channels", shapes[0].channels), _number(layer.initial))
    return _module(Call("Scale", sizes), "Scale")


def _scale(layer: Any, shapes: tuple[Shape, ...], out: Shape) -> Piece:
    factor, shift = layer.factor, layer.shift
    if not isinstance(factor, str) or not isinstance(shift, str):
        by = f" * {factor!r}" if not isinstance(factor, str) else ""
        plus = f" + {shift!r}" if not isinstance(shift, str) else ""
        if not layer.parameters(*shapes):
            return _text(lambda x: f"{x}{by}{plus}")
        module, helper = _scale_module(layer, shapes[0])
        return Piece(lambda at, x: f"{at}({x[0]}{by}){plus}", module, helpers=(helper,))
    return _module(*_scale_module(layer, shapes[0]))


def _scale_module(layer: Any, shape: Shape) -> tuple[Call, str]:
    """What holds a scale's numbers, and the name of its class."""
    stored = {p.name: p for p in layer.parameters(shape)}
    if layer.per in ("position", "element") or any(p.role == "fixed" for p in stored.values()):
        starts = ((name, _number(layer.initial_value(p)[0])) for name, p in stored.items())
        ones = (("ones", str(shape.rank)),) if layer.per == "channel" and shape.rank else ()
        dims = next(iter(stored.values())).dims
        return Call("ScaleEach", tuple(map(str, dims)), (*ones, *starts)), "ScaleEach"
    size: Code = Number("out_channels", shape.channels) if layer.per == "channel" else "1"
    sizes = (size, *([_number(layer.initial)] if layer.initial != 1 else []))
    named: list[tuple[str, Code]] = []
    if "weight" not in stored:
        named.append(("weight", "False"))
    if "bias" in stored:
        named.append(("bias", "True"))
    return Call("Scale", sizes, tuple(named)), "Scale"


def _clip(layer: Any, shapes: tuple[Shape, ...], out: Shape) -> Piece:
    bounds = {"min": layer.low, "max": layer.high}
    return _call("torch.clamp", **{k: repr(v) for k, v in bounds.items() if v is not None})


# -- pools


def _pool(kind: str) -> Callable[[Any, tuple[Shape, ...], Shape], Piece]:
    def made(layer: Any, shapes: tuple[Shape, ...], out: Shape) -> Piece:
        return _pooled(layer, shapes[0], kind)

    return made


def _pooled(layer: Any, shape: Shape, kind: str) -> Piece:
    windows = layer.windows(shape)
    sides = [(window.begin, window.end) for window in windows]
    outside = _pads_outside(windows, shape, kind)
    rounded_up = any(window.ceil for window in windows)
    if outside and rounded_up:
        raise NoCounterpart(f"{outside}, where windows are rounded up")
    named: list[tuple[str, Code]] = [
        ("stride", one_or_tuple([window.stride for window in windows]))
    ]
    if not outside and any(map(any, sides)):
        named.append(("padding", one_or_tuple([begin for begin, _ in sides])))
    if any(window.dilation != 1 for window in windows):
        named.append(("dilation", one_or_tuple([window.dilation for window in windows])))
    if rounded_up:
        named.append(("ceil_mode", "True"))
    divisor = 1 if layer.type == "sumpool" else getattr(layer, "divisor_override", None)
    kernel = one_or_tuple([window.kernel for window in windows])
    function = f"F.{kind}_pool{shape.rank}d"
    if divisor is not None and shape.rank == 1:  # which takes no divisor
        if rounded_up:
            raise NoCounterpart("a divisor of its own over one axis, where windows are rounded up")
        pads = _padded(sides, "zeros", None) if outside else []
        return _scaled_mean(kernel, named, pads, windows[0].kernel / divisor)
    named += _divisor(layer, sides, divisor, outside)
    if not outside:
        module = Call(f"nn.{kind.capitalize()}Pool{shape.rank}d", (kernel,), tuple(named))
        return Piece(lambda _, x: Call(function, (x[0], kernel), tuple(named)), as_module=module)
    pads = _padded(sides, "zeros", '-float("inf")' if kind == "max" else None)
    return Piece(lambda _, x: Call(function, (Call("F.pad", (x[0], *pads)), kernel), tuple(named)))


def _pads_outside(windows: Sequence[Window], shape: Shape, kind: str) -> str:
    """Why the padding has to be put there before the pool; empty where the pool does it."""
    if any(window.begin != window.end for window in windows):
        return "a padding whose sides differ"
    larger = any(w.kernel > size for w, size in zip(windows, shape.spatial, strict=True))
    if kind == "avg" and shape.rank == VOLUME and larger:
        return "a window larger than its volume"
    return ""


def _scaled_mean(
    kernel: str, named: list[tuple[str, Code]], pads: list[Code], factor: float
) -> Piece:
    """A mean over one axis, times a factor."""

    def apply(_: str, x: Sequence[str]) -> Code:
        source = Call("F.pad", (x[0], *pads)) if pads else x[0]
        mean = flat(Call("F.avg_pool1d", (source, kernel), tuple(named)))
        return mean if factor == 1 else f"{mean} * {factor!r}"

    return Piece(apply)


def _divisor(
    layer: Any, sides: Sequence[tuple[int, int]], divisor: int | None, outside: str
) -> Iterator[tuple[str, Code]]:
    """What an average is divided by, where that is not the size of its window."""
    if not getattr(layer, "count_include_pad", True) and any(map(any, sides)):
        if outside and divisor is None:
            raise NoCounterpart(f"an average without its padding, and {outside}")
        if not outside:
            yield "count_include_pad", "False"
    if divisor is not None:
        yield "divisor_override", str(divisor)


def _adaptive(layer: Any, shapes: tuple[Shape, ...], out: Shape) -> Piece:
    rank, size = shapes[0].rank, one_or_tuple(out.spatial)
    module = Call(f"nn.Adaptive{layer.kind.capitalize()}Pool{rank}d", (size,))
    function = f"F.adaptive_{layer.kind}_pool{rank}d"
    return Piece(lambda _, x: Call(function, (x[0], size)), as_module=module)


def _global(layer: Any, shapes: tuple[Shape, ...], out: Shape) -> Piece:
    (shape,) = shapes
    name = "mean" if layer.type == "gap" else "amax"
    if not shape.rank:
        return _text(lambda x: x, "nn.Identity()")
    axes = as_tuple(range(2, 2 + shape.rank))
    keep = ", keepdim=True" if out.rank else ""
    return _text(lambda x: f"{x}.{name}({axes}{keep})")


# -- merges


def _sum(layer: Any, shapes: tuple[Shape, ...], out: Shape) -> Piece:
    return _text(lambda *x: " + ".join(x))


def _mean(layer: Any, shapes: tuple[Shape, ...], out: Shape) -> Piece:
    return _text(lambda *x: f"({' + '.join(x)}) / {len(x)}")


def _extreme(layer: Any, shapes: tuple[Shape, ...], out: Shape) -> Piece:
    function = {"max": "torch.maximum", "min": "torch.minimum"}[layer.type]

    def write(first: str, *others: str) -> str:
        for other in others:
            first = f"{function}({first}, {other})"
        return first

    return _text(write)


def _sub(layer: Any, shapes: tuple[Shape, ...], out: Shape) -> Piece:
    if layer.absolute:
        return _text(lambda a, b: f"({a} - {b}).abs()")
    return _text(lambda a, b: f"{a} - {b}")


def _mul(layer: Any, shapes: tuple[Shape, ...], out: Shape) -> Piece:
    def spread(x: str, shape: Shape) -> str:
        if shape.rank or not out.rank:
            return x
        return f"{x}.view({x}.shape[0], -1{', 1' * out.rank})"

    return _text(lambda *x: " * ".join(map(spread, x, shapes)))


def _concat(layer: Any, shapes: tuple[Shape, ...], out: Shape) -> Piece:
    along = 1 if layer.axis == "c" else 2 + shapes[0].axes.index(layer.axis)
    parts = layer._parts(shapes)  # noqa: SLF001 - what is left of each input
    kept = [shape.spatial == part.spatial for shape, part in zip(shapes, parts, strict=True)]
    by_helper = layer.axis == "c" and {*kept} == {True, False}

    def cut(x: str, shape: Shape, part: Shape, like: str) -> str:
        if shape.spatial == part.spatial:
            return x
        if by_helper:
            return f"center_crop({x}, {like})"
        sizes = zip(shape.spatial, part.spatial, strict=True)
        ranges = [f"{(n - m) // 2}:{(n - m) // 2 + m}" for n, m in sizes]
        return f"{x}[:, :, {', '.join(ranges)}]"

    def apply(_: str, x: Sequence[str]) -> Code:
        like = x[kept.index(True)] if by_helper else ""
        pieces = [cut(*each, like) for each in zip(x, shapes, parts, strict=True)]
        return Call("torch.cat", (Listed(tuple(pieces)), str(along)))

    return Piece(apply, helpers=("center_crop",) if by_helper else ())


def _matmul(layer: Any, shapes: tuple[Shape, ...], out: Shape) -> Piece:
    def matrix(x: str, shape: Shape, turned: bool) -> str:
        if layer.by_channel:
            return f"{x}.transpose(2, 3)" if turned else x
        x = f"{x}.flatten(2)" if shape.rank else f"{x}.unsqueeze(2)"
        return f"{x}.transpose(1, 2)" if turned else x

    def write(a: str, b: str) -> str:
        first = matrix(a, shapes[0], layer.transpose_a)
        second = matrix(b, shapes[1], layer.transpose_b)
        product = f"({first} @ {second})"
        if layer.by_channel:
            return product
        sizes = ", ".join(map(str, (out.channels, *out.spatial)))
        return f"{product}.reshape(-1, {sizes})"

    return _text(write)


# -- moves


def _slice(layer: Any, shapes: tuple[Shape, ...], out: Shape) -> Piece:
    taken, channels = layer.taken(shapes[0]), shapes[0].channels
    start = Number("start", taken.start, is_held=True) if taken.start else None
    stop = Number("stop", taken.stop, is_held=True) if taken.stop != channels else None
    if start is stop is None:
        return _text(lambda x: x)
    return Piece(lambda _, x: Channels(x[0], start, stop))


def _crop(layer: Any, shapes: tuple[Shape, ...], out: Shape) -> Piece:
    sides = zip(shapes[0].spatial, layer.sides(shapes[0]), strict=True)
    ranges = ", ".join(f"{begin}:{size - end}" for size, (begin, end) in sides)
    return _text(lambda x: f"{x}[:, :, {ranges}]")


def _pad(layer: Any, shapes: tuple[Shape, ...], out: Shape) -> Piece:
    value = repr(layer.value) if layer.value else None
    pads = _padded(layer.sides(shapes[0]), layer.mode, value)
    return Piece(lambda _, x: Call("F.pad", (x[0], *pads)))


def _padmaps(layer: Any, shapes: tuple[Shape, ...], out: Shape) -> Piece:
    zeros = "0, 0, " * shapes[0].rank
    return _call("F.pad", f"({zeros}{layer.begin}, {layer.end})")


def _reshape(layer: Any, shapes: tuple[Shape, ...], out: Shape) -> Piece:
    sizes = ", ".join(map(str, (out.channels, *out.spatial)))
    return _text(lambda x: f"{x}.reshape(-1, {sizes})")


def _permute(layer: Any, shapes: tuple[Shape, ...], out: Shape) -> Piece:
    order = ", ".join(str(1 + axis) for axis in layer.order)
    return _text(lambda x: f"{x}.permute(0, {order})")


def _flatten(layer: Any, shapes: tuple[Shape, ...], out: Shape) -> Piece:
    return _text(lambda x: f"{x}.flatten(1)", "nn.Flatten()")


def _shuffle(layer: Any, shapes: tuple[Shape, ...], out: Shape) -> Piece:
    return _text(lambda x: f"{x}.unflatten(1, ({layer.groups}, -1)).transpose(1, 2).flatten(1, 2)")


def _blocks(layer: Any, shapes: tuple[Shape, ...], out: Shape) -> Piece:
    (shape,) = shapes
    if shape.rank != 2 or layer.order != "crd":  # noqa: PLR2004 - a map
        raise NoCounterpart("PyTorch has blocks of two axes only, channel by channel")
    words = {"depth2space": ("pixel_shuffle", "PixelShuffle")}
    function, module = words.get(layer.type, ("pixel_unshuffle", "PixelUnshuffle"))
    block = str(layer.block)
    as_module = Call(f"nn.{module}", (block,))
    return Piece(lambda _, x: Call(f"F.{function}", (x[0], block)), as_module=as_module)


def _upsample(layer: Any, shapes: tuple[Shape, ...], out: Shape) -> Piece:
    (shape,) = shapes
    aligned = layer.align_corners or layer.rule == "align_corners"
    how = ("align_corners" if aligned else layer.rule, layer.nearest_mode)
    if how not in INTERPOLATE[layer.mode]:
        said = " ".join(word for word in how if word)
        raise NoCounterpart(f"PyTorch has no interpolation by {said}")
    mode = INTERPOLATE[layer.mode][how] or AXES[shape.rank]
    named: list[tuple[str, Code]] = [("mode", f'"{mode}"')]
    if layer.size is not None:
        named.insert(0, ("size", as_tuple(out.spatial)))
    else:
        given = layer.scale * shape.rank if len(layer.scale) == 1 else layer.scale
        whole = all(float(factor).is_integer() for factor in given)
        factors = ", ".join(str(int(f) if whole else float(f)) for f in given)
        same = len(set(given)) == 1
        written = factors.split(", ")[0] if same else f"({factors})"
        named.insert(0, ("scale_factor", written))
        if not whole:
            _check_factors(layer, shape, out)
    if aligned:
        named.append(("align_corners", "True"))
    return Piece(lambda _, x: Call("F.interpolate", (x[0],), tuple(named)))


def _check_factors(layer: Any, shape: Shape, out: Shape) -> None:
    """PyTorch multiplies factors as binary fractions; 0.1 times 30 is then not always 3."""
    given = layer.scale * shape.rank if len(layer.scale) == 1 else layer.scale
    for size, factor, wanted in zip(shape.spatial, given, out.spatial, strict=True):
        exact = float(factor).as_integer_ratio()[1] <= 2**10
        if int(size * float(factor)) != wanted or not exact:
            raise NoCounterpart(f"the factor {factor} is no exact binary fraction")
    _check_whole_growth(layer, shape, out)


def _check_whole_growth(layer: Any, shape: Shape, out: Shape) -> None:
    """PyTorch copies an axis whose size stays, and doubles one that doubles, whatever the factor.

    Source: `nearest_idx` and `compute_source_index_and_lambda` of its CPU kernels.
    """
    by_size = replace(layer, scale=None, size=out.spatial)
    places = zip(layer._blends(shape), by_size._blends(shape), strict=True)  # noqa: SLF001 - exact
    for size, wanted, (own, usual) in zip(shape.spatial, out.spatial, places, strict=True):
        is_whole = wanted == size or (wanted == 2 * size and layer.mode == "nearest")
        if is_whole and own != usual:
            raise NoCounterpart(
                f"PyTorch takes the factor as {wanted // size} where {size} becomes {wanted}"
            )


def _softmax(layer: Any, shapes: tuple[Shape, ...], out: Shape) -> Piece:  # noqa: PLR0911 - each way
    (shape,) = shapes
    groups, radix = layer.groups, layer.radix
    if layer.over == "all":
        return _text(lambda x: f"{x}.flatten(1).softmax(1).view_as({x})")
    if layer.over == "positions":
        if not shape.rank:
            return _text(lambda x: f"torch.ones_like({x})")
        return _text(lambda x: f"{x}.flatten(2).softmax(2).view_as({x})")
    if layer.over in shape.axes:
        axis = 2 + shape.axes.index(layer.over)
        return _text(lambda x: f"{x}.softmax({axis})", Call("nn.Softmax", (str(axis),)))
    if layer.over == "radix":
        split = f"unflatten(1, ({groups}, {radix}, -1)).transpose(1, 2)"
        return _text(lambda x: f"{x}.{split}.softmax(1).reshape({x}.shape)")
    if groups == 1 and layer.over == "channels":
        return _text(lambda x: f"{x}.softmax(1)", Call("nn.Softmax", ("1",)))
    along = 2 if layer.over == "channels" else 1
    return _text(lambda x: f"{x}.unflatten(1, ({groups}, -1)).softmax({along}).flatten(1, 2)")


def _reduce(layer: Any, shapes: tuple[Shape, ...], out: Shape) -> Piece:
    names = {"mean": "mean", "sum": "sum", "max": "amax", "min": "amin"}
    if layer.kind == "std":
        correction = int(layer.unbiased)
        return _text(lambda x: f"{x}.std(1, correction={correction}, keepdim=True)")
    return _text(lambda x: f"{x}.{names[layer.kind]}(1, keepdim=True)")


def _glu(layer: Any, shapes: tuple[Shape, ...], out: Shape) -> Piece:
    return _text(lambda x: f"F.glu({x}, 1)", Call("nn.GLU", ("1",)))


def _hsigmoid(layer: Any, shapes: tuple[Shape, ...], out: Shape) -> Piece:
    if layer.slope == 1 / 6:
        return _activation("F.hardsigmoid", "nn.Hardsigmoid")
    return _text(lambda x: f"({x} * {layer.slope!r} + 0.5).clamp(0, 1)")


def _gelu(layer: Any, shapes: tuple[Shape, ...], out: Shape) -> Piece:
    if layer.approximate == "none":
        return _activation("F.gelu", "nn.GELU")
    named = (("approximate", f'"{layer.approximate}"'),)
    return Piece(lambda _, x: Call("F.gelu", (x[0],), named), as_module=Call("nn.GELU", (), named))


def _logsoftmax(layer: Any, shapes: tuple[Shape, ...], out: Shape) -> Piece:
    return _text(lambda x: f"{x}.log_softmax(1)", Call("nn.LogSoftmax", ("1",)))


def _identity(layer: Any, shapes: tuple[Shape, ...], out: Shape) -> Piece:
    return _text(lambda x: x, Call("nn.Identity"))


def _dropout(layer: Any, shapes: tuple[Shape, ...], out: Shape) -> Piece:
    rate = _number(layer.rate)
    return Piece(
        lambda _, x: Call("F.dropout", (x[0], rate), (("training", "self.training"),)),
        as_module=Call("nn.Dropout", (rate,)),
    )


# Activations: the function, the module, and the fields that both take, in order.
FUNCTIONS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "relu": ("F.relu", "nn.ReLU", ()),
    "relu6": ("F.relu6", "nn.ReLU6", ()),
    "sigmoid": ("torch.sigmoid", "nn.Sigmoid", ()),
    "tanh": ("torch.tanh", "nn.Tanh", ()),
    "silu": ("F.silu", "nn.SiLU", ()),
    "hswish": ("F.hardswish", "nn.Hardswish", ()),
    "leaky": ("F.leaky_relu", "nn.LeakyReLU", ("slope",)),
    "elu": ("F.elu", "nn.ELU", ("alpha",)),
    "celu": ("F.celu", "nn.CELU", ("alpha",)),
    "selu": ("F.selu", "nn.SELU", ()),
    "hardtanh": ("F.hardtanh", "nn.Hardtanh", ("low", "high")),
    "mish": ("F.mish", "nn.Mish", ()),
    "softplus": ("F.softplus", "nn.Softplus", ("beta", "threshold")),
    "softsign": ("F.softsign", "nn.Softsign", ()),
    "logsigmoid": ("F.logsigmoid", "nn.LogSigmoid", ()),
}


def _function(layer: Layer, function: str, module: str, names: tuple[str, ...]) -> Piece:
    if not names:
        return _activation(function, module)
    values = tuple(_number(float(getattr(layer, name))) for name in names)
    return Piece(lambda _, x: Call(function, (x[0], *values)), as_module=Call(module, values))


def _activation(function: str, module: str) -> Piece:
    """An activation without settings, which may be an argument of the block that applies it."""
    applied = Choice("act", function, module, is_held=True)
    as_module = Call(Choice("act", module, module))
    return Piece(lambda _, x: Call(applied, (x[0],)), as_module=as_module)


TABLE: dict[str, Callable[[Any, tuple[Shape, ...], Shape], Piece]] = {
    "conv": _conv, "dwconv": _conv, "conv_transpose": _conv_transpose, "localconv": _localconv,
    "fc": _fc, "linear": _linear, "rnn": _recurrent, "gru": _recurrent, "lstm": _recurrent,
    "attention": _attention, "embedding": _embedding, "subsample": _subsample, "rbf": _rbf,
    "blur": _blur, "bn": _bn, "gn": _gn, "instnorm": _instnorm, "ln": _ln, "lrn": _lrn,
    "grn": _grn, "prelu": _prelu, "gamma": _gamma, "scale": _scale, "maxpool": _pool("max"),
    "avgpool": _pool("avg"), "sumpool": _pool("avg"), "adaptivepool": _adaptive, "gap": _global,
    "gmp": _global, "add": _sum, "mean": _mean, "max": _extreme, "min": _extreme, "sub": _sub,
    "mul": _mul, "concat": _concat, "matmul": _matmul, "slice": _slice, "chunk": _slice,
    "crop": _crop, "pad": _pad, "padmaps": _padmaps, "reshape": _reshape, "permute": _permute,
    "flatten": _flatten, "shuffle": _shuffle, "depth2space": _blocks, "space2depth": _blocks,
    "upsample": _upsample, "softmax": _softmax, "logsoftmax": _logsoftmax, "reduce": _reduce,
    "clip": _clip, "glu": _glu, "hsigmoid": _hsigmoid, "gelu": _gelu, "identity": _identity,
    "dropout": _dropout,
}  # fmt: skip
