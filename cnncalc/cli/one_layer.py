"""`cnncalc conv`, `pool`, `conv-transpose` and `fc`: one layer, by the letters W H D K F S P."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

import typer

from cnncalc.cli import output
from cnncalc.cli.exercise import Typed, TypedFilters
from cnncalc.cli.one_layer_report import (
    Alternative,
    AnswerOptions,
    LayerOnInput,
    calculate,
    input_shape,
    layer_fields,
)
from cnncalc.cli.one_layer_words import (
    SIZE_OR_LENGTH,
    merged,
    positional,
    refuse_sizes,
    require,
)
from cnncalc.cli.options import OUT
from cnncalc.cli.values import (
    OptionValues,
    comma_list,
    count,
    filter_size,
    given,
    natural,
    padding,
    per_axis,
    shape,
)
from cnncalc.errors import failure

if TYPE_CHECKING:
    from cnncalc.cli.exercise import TypedLayer
    from cnncalc.network import Network
    from cnncalc.shapes import Shape

INPUT, LAYER = "Input", "Layer"
ROUNDING = {"floor": ("floor",), "ceil": ("ceil",), "both": ("floor", "ceil")}


def _option(names: str, metavar: str, help_: str, read: Any, panel: str, default: Any) -> Any:
    return typer.Option(
        *names.split(), metavar=metavar, help=help_, parser=comma_list(read),
        rich_help_panel=panel, show_default=default,
    )  # fmt: skip


# fmt: off
Words = Annotated[
    list[str] | None,
    typer.Argument(metavar="[SHAPE [K] F]", show_default=False,
                   help="In place of options: 32 or 32x32x3, filters, filter size, s2, p1."),
]
PoolWords = Annotated[
    list[str] | None,
    typer.Argument(metavar="[SHAPE F]", show_default=False,
                   help="In place of options: 24 or 24x24x6, window size, s2, p1."),
]
FcWords = Annotated[
    list[str] | None,
    typer.Argument(metavar="[SHAPE UNITS]", show_default=False,
                   help="In place of options: 784 or 7x7x32, units."),
]
Width = Annotated[
    OptionValues | None,
    _option("--w -W -w", "INT", "Width of the input; also --width.", count, INPUT, False),
]
Height = Annotated[
    OptionValues | None,
    _option("--h -H", "INT", "Height of the input; also --height.", count, INPUT, "W"),
]
Length = Annotated[
    OptionValues | None,
    _option("--l -L -l", "INT", "Length of a 1-D input, in place of W; also --length.", count,
            INPUT, False),
]
Depth = Annotated[
    OptionValues | None,
    _option("--d -D -d", "INT", "Depth of the input: its number of channels; also --depth, "
            "--in-channels.", count, INPUT, "1"),
]
Filters = Annotated[
    OptionValues | None,
    _option("--k -K -k", "INT", "Number of filters; also --filters, --out-channels.", count, LAYER,
            "1"),
]
Filter = Annotated[
    OptionValues | None,
    _option("--f -F -f", "INT|FxF", "Filter size: 5, or 3x7 (height x width); also --kernel, "
            "--kernel-size.", filter_size, LAYER, False),
]
Window = Annotated[
    OptionValues | None,
    _option("--f -F -f", "INT|FxF", "Window size: 2, or 3x2 (height x width); also --kernel, "
            "--kernel-size, --pool-size.", per_axis(count), LAYER, False),
]
Stride = Annotated[
    OptionValues | None,
    _option("--s -S -s", "INT|SxS", "Stride; also --stride.", per_axis(count), LAYER, "1"),
]
PoolStride = Annotated[
    OptionValues | None,
    _option("--s -S -s", "INT|SxS", "Stride; also --stride.", per_axis(count), LAYER, "F"),
]
Padding = Annotated[
    OptionValues | None,
    _option("--p -P -p", "INT|PxP|RULE",
            "Zeros on each side: 2, 1x2, 0+1 (before + after); or same, half, valid, full; "
            "also --padding.", padding, LAYER, "0"),
]
Dilation = Annotated[
    OptionValues | None,
    _option("--dilation", "INT", "Distance between neighbouring filter taps.",
            per_axis(count), LAYER, "1"),
]
Groups = Annotated[
    OptionValues | None,
    _option("--groups", "INT", "Number of groups; a filter sees the channels of its own.", count,
            LAYER, "1"),
]
OutputPadding = Annotated[
    OptionValues | None,
    _option("--output-padding -A", "INT|AxA", "Size added at the end of the output.",
            per_axis(natural), LAYER, "0"),
]
WantedSize = Annotated[
    OptionValues | None,
    _option("--out", "INT|NxN", "Output size to reach; computes the output padding.",
            per_axis(count), LAYER, False),
]
Entering = Annotated[
    OptionValues | None,
    _option("--in -N -n", "INT|SHAPE", "Input size: a number, or a shape such as 7x7x32; also "
            "--in-features.", shape, INPUT, False),
]
Units = Annotated[
    OptionValues | None,
    _option("--units -K -k", "INT", "Number of units; also --out-features.", count, LAYER, False),
]
Bias = Annotated[
    bool,
    typer.Option("--bias/--no-bias", help="With or without one bias per filter or unit.",
                 rich_help_panel=LAYER),
]
TypedBias = Annotated[
    str | None,
    typer.Option("--bias", metavar="[NUMBERS]", rich_help_panel=LAYER, show_default=False,
                 help="One bias per filter, as is usual; with --x, the numbers: 1, or 1,-2."),
]
NoBias = Annotated[
    bool, typer.Option("--no-bias", help="No biases.", rich_help_panel=LAYER)
]
Kind = Annotated[
    Literal["max", "avg", "sum"],
    typer.Option(help="Kind of pooling.", rich_help_panel=LAYER),
]
Rounding = Annotated[
    Literal["floor", "ceil", "both"],
    typer.Option("--round", help="How to round an output size that is not whole.",
                 rich_help_panel=LAYER),
]
Versus = Annotated[
    Literal["depthwise", "local", "mlp"] | None,
    typer.Option(help="Compare with a depthwise separable convolution, a locally connected layer "
                 "(no shared weights), or a fully connected layer.", rich_help_panel=OUT),
]
# fmt: on


class Size(NamedTuple):
    """The input: D maps of H x W, or of length L."""

    w: Width = None
    h: Height = None
    length: Length = None
    d: Depth = None

    def given(self) -> dict[str, OptionValues]:
        """The options that were used."""
        return given(w=self.w, h=self.h, l=self.length, d=self.d)


class ConvolutionOptions(NamedTuple):
    """The settings of a convolution, or of a transposed one."""

    f: Filter = None
    k: Filters = None
    s: Stride = None
    p: Padding = None
    dilation: Dilation = None
    groups: Groups = None
    bias: TypedBias = None
    no_bias: NoBias = False

    def given(self) -> dict[str, OptionValues]:
        """The options that were used."""
        return given(
            k=self.k, f=self.f, s=self.s, p=self.p, dilation=self.dilation, groups=self.groups
        )


class ExerciseOptions(NamedTuple):
    """The numbers that a convolution is worked out on."""

    x: Typed = None
    filter: TypedFilters = None


def conv(
    words: Words = None,
    *,
    size: Size,
    convolution: ConvolutionOptions,
    exercise: ExerciseOptions,
    vs: Versus = None,
    answer: AnswerOptions,
) -> None:
    """Output size, weights and connections of one convolution; with --x, worked out by hand.

    Numbers may be comma lists: every combination is calculated.

    Examples:
        cnncalc conv --w 32 --f 5 --s 1 --p 2
        cnncalc conv -W 227 -D 3 -K 96 -F 11 -S 4
        cnncalc conv 32x32x3 10 5x5 s2
        cnncalc conv -W 32 -F 3,5,7 -S 1,2 (every combination)
        cnncalc conv -W 32 -F 3,5,7 -P 1,2,3 --zip (side by side)
        cnncalc conv -W 32 -D 16 -K 32 -F 3 -P 1 --no-bias --vs depthwise
        cnncalc conv --x "1 1 0; 0 1 1; 0 0 1" --filter "1 0; 0 1" --bias 1
        cnncalc conv -W 32 -F 5 -P 2 --json | jq .layers[0].out
    """

    def build(setting: Mapping[str, Any]) -> LayerOnInput:
        from cnncalc.layers.conv import Conv

        fields = {"filters": 1, **layer_fields(setting)}
        return LayerOnInput(Conv(**fields, bias=biased), input_shape(setting))

    alternatives = {"depthwise": _depthwise, "local": _local, "mlp": _mlp}
    alternative = Alternative(vs, alternatives[vs]) if vs else None
    options, typed, biased = _options("conv", words, size, convolution, exercise, answer)
    if alternative and typed:
        raise typer.BadParameter("compares sizes, not numbers: leave out --x", param_hint="--vs")
    calculate("conv", options, build, answer, alternative, typed)


def _options(
    command: str,
    words: list[str] | None,
    size: Size,
    convolution: ConvolutionOptions,
    exercise: ExerciseOptions,
    answer: AnswerOptions,
) -> tuple[dict[str, OptionValues], TypedLayer | None, bool]:
    """The options of a convolution, the numbers of --x, and whether it has biases.

    Raises:
        CnncalcError: for options that are missing or contradict each other.
    """
    options = merged(positional(words, ("k", "f")), size.given() | convolution.given())
    bias = convolution.bias
    if bias is not None and convolution.no_bias:
        raise typer.BadParameter("contradicts --no-bias", param_hint="--bias")
    if exercise.x is None:
        if exercise.filter:
            raise typer.BadParameter(
                "is the numbers of a filter and needs --x; sizes are -F 3 -K 10",
                param_hint="--filter",
            )
        if bias:
            raise typer.BadParameter(f"takes the numbers {bias} with --x only", param_hint="--bias")
        require(options, command, SIZE_OR_LENGTH, "f")
        return options, None, not convolution.no_bias
    from cnncalc.cli.exercise import read

    if not exercise.filter:
        raise typer.BadParameter(
            'needs the filter\'s numbers, such as --filter "1 0; 0 1"', param_hint="--x"
        )
    refuse_sizes(options, "w", "h", "l", "d", "k", "f")
    typed = read(exercise.x, exercise.filter, bias or None, answer.format_, flat=True)
    return typed.options() | options, typed, typed.bias is not None


def _depthwise(case: LayerOnInput) -> Network:
    """A depthwise separable convolution: one filter per map, then 1x1 (Howard et al. 2017)."""
    from cnncalc.layers.conv import Conv
    from cnncalc.layers.dwconv import DwConv
    from cnncalc.network import chain

    layer: Any = case.layer
    window = {name: getattr(layer, name) for name in ("kernel", "stride", "padding", "dilation")}
    first = DwConv(**window, bias=layer.bias)
    second = Conv(filters=layer.filters, kernel=(1,), bias=layer.bias)
    return chain("depthwise", case.shape, [("depthwise", first), ("pointwise", second)])


def _local(case: LayerOnInput) -> Network:
    """A locally connected layer: every place has filters of its own (DeepFace, 2014)."""
    from cnncalc.layers.localconv import LocalConv
    from cnncalc.network import chain

    layer: Any = case.layer
    if layer.groups > 1:
        raise typer.BadParameter("a locally connected layer has no groups", param_hint="--vs")
    names = ("filters", "kernel", "stride", "padding", "dilation", "bias")
    fields = {name: getattr(layer, name) for name in names}
    return chain("local", case.shape, [("local", LocalConv(**fields))])


def _mlp(case: LayerOnInput) -> Network:
    """A fully connected layer: every output neuron sees the whole input."""
    from cnncalc.layers.fc import Fc
    from cnncalc.network import chain

    layer: Any = case.layer
    units = layer.output_shape(case.shape).size
    return chain("mlp", case.shape, [("fc", Fc(units=units, bias=layer.bias))])


def pool(
    words: PoolWords = None,
    *,
    size: Size,
    f: Window = None,
    s: PoolStride = None,
    p: Padding = None,
    dilation: Dilation = None,
    kind: Kind = "max",
    round_: Rounding = "floor",
    x: Typed = None,
    answer: AnswerOptions,
) -> None:
    """Output size of one pooling layer; with --x, worked out by hand.

    Numbers may be comma lists: every combination is calculated.

    Examples:
        cnncalc pool --w 28 --f 2
        cnncalc pool 24 2
        cnncalc pool -W 112 -F 3 -S 2 -P 1 --round both (56 or 57)
        cnncalc pool --x "1 3 2 1; 4 6 5 0; 7 2 9 8; 1 0 3 4" -F 2

    Raises:
        typer.BadParameter: for a dilation of average or sum pooling.
    """
    if dilation and kind != "max":
        raise typer.BadParameter("only max pooling has a dilation", param_hint="--dilation")

    def build(setting: Mapping[str, Any]) -> LayerOnInput:
        from cnncalc.layers import layer_type

        fields = {**layer_fields(setting), "ceil": setting["round"] == "ceil"}
        return LayerOnInput(layer_type(f"{kind}pool")(**fields), input_shape(setting))

    rounding = OptionValues(ROUNDING[round_], ROUNDING[round_])
    options = size.given() | given(f=f, s=s, p=p, dilation=dilation)
    options = merged(positional(words, ("f",)), options) | given(round=rounding)
    typed = None
    if x is None:
        require(options, "pool", SIZE_OR_LENGTH, "f")
    else:
        from cnncalc.cli.exercise import read

        refuse_sizes(options, "w", "h", "l", "d")
        if "f" not in options:
            help_ = 'for example cnncalc pool --x "1 2; 3 4" --f 2'
            message = "the filter size (--f) is missing"
            raise failure("usage", message, help=help_, exit_code=output.USAGE)
        flat = all(len(window) == 1 for window in options["f"].values)
        typed = read(x, (), None, answer.format_, flat=flat)
        options = typed.options() | options
    calculate("pool", options, build, answer, None, typed)


def conv_transpose(
    words: Words = None,
    *,
    size: Size,
    convolution: ConvolutionOptions,
    output_padding: OutputPadding = None,
    wanted: WantedSize = None,
    exercise: ExerciseOptions,
    answer: AnswerOptions,
) -> None:
    """Output size, weights and connections of one transposed convolution; also deconv.

    Numbers may be comma lists: every combination is calculated.

    Examples:
        cnncalc conv-transpose --w 12 --f 2 --s 2 --d 128 --k 64
        cnncalc deconv -W 12 -F 3 -S 2 -P 1 --out 24 (finds the output padding)
        cnncalc conv-transpose --x "0 1; 2 3" --filter "0 1; 2 3" -S 2

    Raises:
        typer.BadParameter: where both the output padding and the output size are given.
    """
    if output_padding and wanted:
        message = "computes the output padding: leave out --output-padding"
        raise typer.BadParameter(message, param_hint="--out")

    def build(setting: Mapping[str, Any]) -> LayerOnInput:
        from cnncalc.layers.conv_transpose import ConvTranspose

        entering = input_shape(setting)
        fields = {"filters": 1, **layer_fields(setting)}
        if "out" in setting:
            fields["output_padding"] = _output_padding(fields, entering, setting["out"])
        return LayerOnInput(ConvTranspose(**fields, bias=biased), entering)

    options, typed, biased = _options("conv-transpose", words, size, convolution, exercise, answer)
    options |= given(output_padding=output_padding, out=wanted)
    calculate("conv_transpose", options, build, answer, None, typed)


def _output_padding(
    fields: Mapping[str, Any], entering: Shape, wanted: tuple[int, ...]
) -> tuple[int, ...]:
    """The output padding per axis that gives the wanted size. Raises UnplacedError if none does."""
    from cnncalc.layers._fields import spread
    from cnncalc.layers.conv_transpose import ConvTranspose
    from cnncalc.questions.fit import output_padding

    windows = ConvTranspose(**fields).windows(entering)
    axes = zip(windows, entering.spatial, spread(wanted, entering.rank, "out"), strict=True)
    return tuple(output_padding(*axis) for axis in axes)


def fc(
    words: FcWords = None,
    *,
    inputs: Entering = None,
    units: Units = None,
    bias: Bias = True,
    answer: AnswerOptions,
) -> None:
    """Weights and connections of one fully connected layer.

    Numbers may be comma lists: every combination is calculated.

    Examples:
        cnncalc fc --in 7x7x32 --units 10
        cnncalc fc 784 300
        cnncalc fc --in 1568 --units 64,128,256
    """

    def build(setting: Mapping[str, Any]) -> LayerOnInput:
        from cnncalc.layers.fc import Fc

        return LayerOnInput(Fc(**layer_fields(setting), bias=bias), setting["in"])

    typed = given(**{"in": inputs}, units=units)
    options = merged(positional(words, ("units",), entering=True), typed)
    require(options, "fc", "in", "units")
    calculate("fc", options, build, answer)
