"""Layers written as Python calls -> the same line in the words of the language.

`nn.Conv2d(3, 6, 5, padding=2)` is `conv 6 5x5 p2`. The rewritten line goes into an error's help, so
it is exact or not there: an argument that is not understood leaves only general advice.

This module is imported only for a text with the marks of Python.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, NamedTuple

from cnncalc import layers
from cnncalc.errors import failure
from cnncalc.spec import frameworks
from cnncalc.spec.vocabulary import attached_type, choices, of_layer_type

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping, Sequence

    from cnncalc.errors import CnncalcError, Span
    from cnncalc.spec.yaml_source import Word

LONGEST = 1_000  # characters that are parsed as Python
ADVICE = "no commas or brackets, such as 'conv 6 5x5 s2 p1 relu'"


class Call(NamedTuple):
    """What a class of a framework is here: the head, and its parameters in order.

    `_` is a parameter that changes nothing here, such as the channels that come in.
    """

    head: str
    parameters: str = ""
    defaults: Mapping[str, str] = {}  # the words for a parameter that is not given


_VALID = {"padding": "valid"}
_HALVED = {"kernel_size": "f2"}
CALLS = {
    "Conv#d": Call(
        "conv", "_ filters kernel_size stride padding dilation groups bias padding_mode"
    ),
    "Conv#D": Call("conv", "filters kernel_size stride padding"),
    "ConvTranspose#d": Call(
        "conv_transpose", "_ filters kernel_size stride padding output_padding groups bias dilation"
    ),
    "Conv#DTranspose": Call("conv_transpose", "filters kernel_size stride padding", _VALID),
    "DepthwiseConv#D": Call("dwconv", "kernel_size stride padding multiplier"),
    "MaxPool#d": Call("maxpool", "kernel_size stride padding dilation"),
    "AvgPool#d": Call("avgpool", "kernel_size stride padding ceil_mode count_include_pad"),
    "MaxPool#D": Call("maxpool", "kernel_size stride padding", _HALVED),
    "MaxPooling#D": Call("maxpool", "kernel_size stride padding", _HALVED),
    "AvgPool#D": Call("avgpool", "kernel_size stride padding", _HALVED),
    "AveragePooling#D": Call("avgpool", "kernel_size stride padding", _HALVED),
    "Linear": Call("linear", "_ units bias"),
    "LazyLinear": Call("linear", "units bias"),
    "Dense": Call("linear", "units activation bias"),
    "BatchNorm#d": Call("bn", "_ eps _ affine"),
    "BatchNormalization": Call("bn", "", {"eps": "eps=0.001"}),
    "GroupNorm": Call("gn", "groups _ eps affine"),
    "InstanceNorm#d": Call("instnorm", "_ eps _ affine"),
    "LocalResponseNorm": Call("lrn", "size alpha beta k"),
    "Dropout": Call("dropout", "rate _"),
    "Dropout#d": Call("dropout", "rate _"),
    "SpatialDropout#D": Call("dropout", "rate"),
    "LeakyReLU": Call("leaky", "slope _"),
    "ELU": Call("elu", "alpha _"),
    "PixelShuffle": Call("depth2space", "block"),
    "PixelUnshuffle": Call("space2depth", "block"),
    "ChannelShuffle": Call("shuffle", "groups"),
    "Upsample": Call("upsample", "size scale mode align_corners"),
    "UpSampling#D": Call("upsample", "scale", {"scale": "2"}),
    "Embedding": Call("embedding", "entries size"),
    "Flatten": Call("flatten", "start_dim"),
    "Softmax": Call("softmax", "dim"),
    "LogSoftmax": Call("logsoftmax", "dim"),
    "ZeroPad#d": Call("pad", "begin"),
    "ZeroPadding#D": Call("pad", "begin", {"begin": "1"}),
    "AdaptiveAvgPool#d": Call("adaptivepool", "size", {"kind": "avg"}),
    "AdaptiveMaxPool#d": Call("adaptivepool", "size", {"kind": "max"}),
    **{f"Global{kind}#D": Call("gap") for kind in ("AveragePooling", "AvgPool")},
    **{f"Global{kind}#D": Call("gmp") for kind in ("MaxPooling", "MaxPool")},
    **{
        name: Call(frameworks.meaning(name).type, "_")  # type: ignore[union-attr]
        for name in ("ReLU", "ReLU6", "SELU", "SiLU", "Hardswish", "Hardsigmoid", "Mish")
    },
    **{name: Call(name.lower()) for name in ("Sigmoid", "Tanh", "Softsign", "LogSigmoid", "GELU")},
}  # fmt: skip
# Other names of a parameter, in any framework.
PARAMETERS = {
    "out_channels": "filters",
    "out_features": "units",
    "pool_size": "kernel_size",
    "kernel": "kernel_size",
    "strides": "stride",
    "dilation_rate": "dilation",
    "use_bias": "bias",
    "epsilon": "eps",
    "num_groups": "groups",
    "p": "rate",
    "negative_slope": "slope",
    "upscale_factor": "block",
    "downscale_factor": "block",
    "scale_factor": "scale",
    "interpolation": "mode",
    "depth_multiplier": "multiplier",
    "center": "shift",
    "num_embeddings": "entries",
    "input_dim": "entries",
    "embedding_dim": "size",
    "output_dim": "size",
    "output_size": "size",
}
WITHOUT_EFFECT = frozenset(
    {"_", "in_channels", "in_features", "num_features", "num_channels", "name", "inplace", "device",
     "dtype", "momentum", "input_shape", "trainable"}
)  # fmt: skip
# What a value of these parameters is here; with another value a call is not certain.
SWITCHES: Mapping[str, Mapping[object, str]] = {
    "bias": {True: "", False: "nobias"},
    "ceil_mode": {True: "ceil", False: ""},
    "dim": {1: ""},  # the channels
    "start_dim": {1: ""},
}
LETTERS = {"stride": "s", "padding": "p", "dilation": "d", "groups": "g", "output_padding": "a"}
USUAL = {"stride": "1", "padding": "0", "dilation": "1", "groups": "1", "output_padding": "0"}
NOT_FIELDS = frozenset({"activation", *SWITCHES})
NAME = re.compile(r"[\w.]+\Z")
GLUED_NUMBERS = re.compile(r"(?<!\S)\d+(?:,\d+)+(?![^\s,])")  # 3,3 with no blank before or in it
LETTERED = re.compile(r"(?<!\S)[A-Za-z]\d+(?:,\d+)+(?![^\s,])")  # p0,1
DIGIT = re.compile(r"[123](?=[dD](Transpose)?\Z)")


class UnclearError(Exception):
    """Something in a call has no certain meaning here."""


def refusal(text: str, span: Span, blocks: Container[str] = ()) -> CnncalcError:
    """The error for a text with the marks of Python, with the line to write where it is certain.

    `blocks` are the names of the spec's own blocks, which may be called so too.

    >>> from cnncalc.errors import Span
    >>> call = "nn.Conv2d(3, 6, kernel_size=5, stride=2, padding=1)"
    >>> refusal(call, Span("net.yaml", 3, 5, 9)).diagnostics[0].help
    "no commas or brackets: write 'conv 6 5x5 s2 p1'"
    """
    try:
        help_ = f"no commas or brackets: write '{rewritten(text, blocks)}'"
    except (UnclearError, LookupError, SyntaxError, ValueError, RecursionError, MemoryError):
        name = text.partition("(")[0]
        if NAME.match(name) and (refused := frameworks.refusal(name, span)):
            return refused
        help_ = ADVICE
    return failure("python-syntax", "a layer is written in words, not in Python", span, help=help_)


def marks_refused(text: str, pieces: Iterable[Word], span: Span) -> CnncalcError:
    """The error for commas or bars between words; a bar becomes an arrow."""
    parts = [piece.text for piece in pieces if piece.text]
    if "|" in text and "," not in text and "(" not in text:
        help_ = f"layers are joined by '->': write '{' -> '.join(parts)}'"
    elif any("(" in part for part in parts):
        return refusal(f"Sequential({', '.join(parts)})", span)
    else:
        line = _without_commas(text, parts)
        help_ = f"no commas or brackets: write '{line}'" if line else ADVICE
    return failure("python-syntax", "a layer is written in words, not in Python", span, help=help_)


def _without_commas(text: str, parts: Sequence[str]) -> str | None:
    """The words of a layer, between whose parts commas stand; `3,3` is a size where one is wanted.

    None where there are more numbers than the layer takes.

    >>> _without_commas("conv 8, 3x3", ["conv 8", "3x3"])
    'conv 8 3x3'
    >>> _without_commas("conv 8 3,3", ["conv 8 3", "3"])
    'conv 8 3x3'
    >>> _without_commas("fc 10,20", ["fc 10", "20"])
    """
    text, lettered = LETTERED.subn(lambda run: run[0].replace(",", "x"), text)
    words = text.replace(",", " ").split() if lettered else " ".join(parts).split()
    if not words or words[0] not in layers.names():
        return " ".join(words) or None
    vocabulary = of_layer_type(words[0])

    def size(run: re.Match[str]) -> str:
        # Of a pool, 3,2 may well be a window of 3 and a stride of 2.
        sure = {
            "kernel": len(set(run[0].split(","))) == 1,
            None: words[0] == "permute",
        }.get(vocabulary.sized, True)
        return run[0].replace(",", "x" if sure else " ")

    joined = GLUED_NUMBERS.sub(size, text).replace(",", " ").split()
    for line in (words,) if re.search(r"[(\[{|\"]", text) else (words, joined):
        if sum(map(str.isdecimal, line)) <= len(vocabulary.positional):
            return " ".join(line)
    return None


def rewritten(text: str, blocks: Container[str] = ()) -> str:
    """The line for a call.

    Raises:
        UnclearError: the call has an argument whose meaning here is not certain.
        SyntaxError: the text is no Python.

    >>> rewritten("layers.Conv2D(32, (3, 3), activation='relu', padding='same')")
    'conv 32 3x3 same relu'
    >>> rewritten("nn.Sequential(nn.Linear(n, 10), nn.ReLU(inplace=True))")
    'linear 10 -> relu'
    """
    if len(text) > LONGEST:
        raise UnclearError
    call = ast.parse(text.strip(), mode="eval").body
    if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in blocks:
        return _block(call.func.id, call)
    return _line(call)


def _block(name: str, call: ast.Call) -> str:
    """A call of a block: its arguments in order, then those by name."""
    named = [(keyword.arg, _plain(keyword.value)) for keyword in call.keywords]
    return " ".join([name, *map(_plain, call.args), *(f"{key}={value}" for key, value in named)])


def _line(call: ast.expr) -> str:
    if not isinstance(call, ast.Call):
        raise UnclearError
    if isinstance(call.func, ast.Call):  # Conv2D(32, 3)(x)
        return _applied(call.func, call.args)
    name = _name(call.func)
    if name == "Sequential":
        items = call.args[0].elts if _is_list(call.args) else call.args  # type: ignore[attr-defined]
        return " -> ".join(map(_line, items))
    digit = DIGIT.search(name)
    axes = int(digit[0]) if digit else 0
    key = DIGIT.sub("#", name)
    if key in ("SeparableConv#D", "SeparableConvolution#D"):
        return _separable(call, axes)
    meant = CALLS.get(key)
    if meant is None:
        return _own(name, call)
    return _words(meant, _arguments(call, meant), axes)


def _is_list(args: list[ast.expr]) -> bool:
    return len(args) == 1 and isinstance(args[0], (ast.List, ast.Tuple))


def _applied(made: ast.Call, args: list[ast.expr]) -> str:
    """A layer that is made and then called with tensors, as in Keras."""
    meaning = frameworks.meaning(_name(made.func))
    if meaning is None or not of_layer_type(meaning.type).joins:
        return _line(made)
    if made.args or not _is_list(args):
        raise UnclearError
    first, *others = (_plain(tensor) for tensor in args[0].elts)  # type: ignore[attr-defined]
    return f"from {first} -> {meaning.type} {' '.join(others)}"


def _name(function: ast.expr) -> str:
    """The last part of `nn.Conv2d`."""
    if isinstance(function, ast.Attribute):
        return function.attr
    if isinstance(function, ast.Name):
        return function.id
    raise UnclearError


def _own(name: str, call: ast.Call) -> str:
    """A call by one of our own names: `conv(6, 5, stride=2)`."""
    if name not in layers.names():
        raise UnclearError
    vocabulary = of_layer_type(name)
    first = ("filters",) if "filters" in vocabulary.own else ()
    own = (*first, "kernel_size") if vocabulary.sized == "kernel" else vocabulary.positional
    meant = Call(name, " ".join(own))
    return _words(meant, _arguments(call, meant), 0)


def _arguments(call: ast.Call, meant: Call) -> dict[str, ast.expr]:
    """The arguments by the names that we use for them."""
    names = meant.parameters.split()
    if len(call.args) > len(names) or any(isinstance(arg, ast.Starred) for arg in call.args):
        raise UnclearError
    given = dict(zip(names, call.args, strict=False))
    for keyword in call.keywords:
        if keyword.arg is None:
            raise UnclearError
        given[PARAMETERS.get(keyword.arg, keyword.arg)] = keyword.value
    return {name: value for name, value in given.items() if name not in WITHOUT_EFFECT}


def _words(meant: Call, given: Mapping[str, ast.expr], axes: int) -> str:
    known = of_layer_type(meant.head)
    if meant.head == "leaky" and "slope" not in given:
        raise UnclearError
    words = [_word(meant.head, name, value, axes) for name, value in given.items()]
    defaults = [
        "x".join("2" * axes) if word == "f2" and axes > 1 else word
        for name, word in meant.defaults.items()
        if name not in given
    ]
    for name in given:
        if known.field(name) is None and name not in NOT_FIELDS:
            raise UnclearError
    if "causal" in words and (axes != 1 or meant.head not in ("conv", "dwconv")):
        raise UnclearError
    if meant.head != "conv_transpose":  # there it adds to the output where the stride is large
        words = [word for word in words if word != "valid"]
    if meant.head == "avgpool" and "same" in words and "count_include_pad" not in given:
        words.append("count_include_pad=false")  # Keras leaves the padding out of the mean
    words += [word for word in defaults if word]
    words.sort(key=lambda word: attached_type(word) is not None)  # activations last, as they act
    return " ".join(filter(None, [meant.head, *words]))


def _word(head: str, name: str, value: ast.expr, axes: int) -> str:  # noqa: PLR0911 - one a kind
    if name == "kernel_size":
        return _kernel(value, axes)
    if name == "activation":
        return _activation(value)
    if isinstance(value, ast.Constant) and value.value is None:
        return ""
    if name in SWITCHES:
        return SWITCHES[name][_constant(value)]
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        return _choice(head, name, value.value)
    if name == "begin":  # several paddings stand in another order in every framework
        return _plain(value)
    text = "x".join(_texts(value))
    if name in of_layer_type(head).positional[:1]:
        return text
    if name in LETTERS:
        joined = text.replace("x", "").isdecimal()
        return (
            ""
            if text == USUAL[name] and name not in _own_default(head)
            else f"{LETTERS[name]}{'' if joined else '='}{text}"
        )
    return f"{name}={text}"


def _own_default(head: str) -> tuple[str, ...]:
    """The fields whose default is not the usual one: a pool moves by its whole window."""
    return ("stride",) if head in ("maxpool", "avgpool") else ()


def _kernel(value: ast.expr, axes: int) -> str:
    texts = _texts(value)
    if len(texts) > 1:
        return "x".join(texts)
    if not texts[0].isdecimal():
        return f"f={texts[0]}"
    return "x".join(texts * axes) if axes > 1 else f"f{texts[0]}"


def _activation(value: ast.expr) -> str:
    name = value.value if isinstance(value, ast.Constant) else None
    if name in (None, "linear") and isinstance(value, ast.Constant):
        return ""
    found = attached_type(name) if isinstance(name, str) else None
    if found is None:
        raise UnclearError
    return found


def _choice(head: str, name: str, word: str) -> str:
    """One of the words that a field knows."""
    if word not in choices(head, name):
        raise UnclearError
    known = of_layer_type(head)
    return word if known.words.get(word) == (known.field(name), word) else f"{name}={word}"


def _constant(value: ast.expr) -> object:
    if isinstance(value, ast.Constant):
        return value.value
    raise UnclearError


def _texts(value: ast.expr) -> list[str]:
    """The texts of the numbers of a tuple, or of one number."""
    parts = value.elts if isinstance(value, (ast.Tuple, ast.List)) else [value]
    return [_plain(part) for part in parts]


def _plain(value: ast.expr) -> str:
    """A number or a name as it stands, an expression in parentheses."""
    if isinstance(value, ast.Constant):
        if isinstance(value.value, bool):
            return str(value.value).lower()
        if isinstance(value.value, (int, float)):
            return ast.unparse(value)
    if isinstance(value, ast.Name):
        return value.id
    if isinstance(value, ast.BinOp) and all(map(_is_arithmetic, ast.walk(value))):
        return f"({ast.unparse(value).replace(' ', '')})"
    raise UnclearError


def _is_arithmetic(node: ast.AST) -> bool:
    allowed = (ast.BinOp, ast.operator, ast.Name, ast.expr_context)
    return isinstance(node, allowed) or (
        isinstance(node, ast.Constant) and type(node.value) in (int, float)
    )


def _separable(call: ast.Call, axes: int) -> str:
    """Keras' two layers in one: the depthwise one has no bias and no activation."""
    given = _arguments(call, Call("", "filters kernel_size stride padding"))
    if "filters" not in given or "kernel_size" not in given:
        raise UnclearError
    second: dict[str, ast.expr] = {
        name: given.pop(name) for name in ("filters", "bias", "activation") if name in given
    }
    depthwise = _words(Call("dwconv"), given, axes)
    one: dict[str, ast.expr] = {"kernel_size": ast.Constant(1)}
    pointwise = _words(Call("conv"), {"filters": second.pop("filters"), **one, **second}, axes)
    return f"{depthwise} nobias -> {pointwise}"
