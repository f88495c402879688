"""`cnncalc conv`, `pool`, `conv-transpose` and `fc`: one layer, by the letters W H D K F S P."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

import typer

from cnncalc.cli.one_layer_report import (
    Alternative,
    AnswerOptions,
    LayerOnInput,
    calculate,
    input_shape,
    layer_fields,
)
from cnncalc.cli.options import OUT
from cnncalc.cli.values import (
    OptionValues,
    comma_list,
    count,
    given,
    natural,
    padding,
    per_axis,
    shape,
)

if TYPE_CHECKING:
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
Width = Annotated[
    OptionValues | None, _option("--w -W", "INT", "Width of the input.", count, INPUT, False)
]
Height = Annotated[
    OptionValues | None, _option("--h -H", "INT", "Height of the input.", count, INPUT, "W")
]
Length = Annotated[
    OptionValues | None,
    _option("--l -L", "INT", "Length of a 1-D input, in place of W.", count, INPUT, False),
]
Depth = Annotated[
    OptionValues | None,
    _option("--d -D", "INT", "Depth of the input: its number of channels.", count, INPUT, "1"),
]
Filters = Annotated[
    OptionValues | None, _option("--k -K", "INT", "Number of filters.", count, LAYER, "1")
]
Filter = Annotated[
    OptionValues,
    _option("--f -F", "INT|FxF", "Filter size: 5, or 3x7 (height x width).", per_axis(count),
            LAYER, False),
]
Window = Annotated[
    OptionValues,
    _option("--f -F", "INT|FxF", "Window size: 2, or 3x2 (height x width).", per_axis(count),
            LAYER, False),
]
Stride = Annotated[
    OptionValues | None, _option("--s -S", "INT|SxS", "Stride.", per_axis(count), LAYER, "1")
]
PoolStride = Annotated[
    OptionValues | None, _option("--s -S", "INT|SxS", "Stride.", per_axis(count), LAYER, "F")
]
Padding = Annotated[
    OptionValues | None,
    _option("--p -P", "INT|PxP|RULE",
            "Zeros on each side: 2, 1x2, 0+1 (before + after); or same, half, valid, full, causal.",
            padding, LAYER, "0"),
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
    OptionValues,
    _option("--in -N", "INT|SHAPE", "Input size: a number, or a shape such as 7x7x32.", shape,
            INPUT, False),
]
Units = Annotated[
    OptionValues, _option("--units -K", "INT", "Number of units.", count, LAYER, False)
]
Bias = Annotated[
    bool,
    typer.Option("--bias/--no-bias", help="With or without one bias per filter or unit.",
                 rich_help_panel=LAYER),
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
    Literal["depthwise", "mlp"] | None,
    typer.Option(help="Compare with a depthwise separable convolution, or a fully connected layer.",
                 rich_help_panel=OUT),
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

    f: Filter
    k: Filters = None
    s: Stride = None
    p: Padding = None
    dilation: Dilation = None
    groups: Groups = None
    bias: Bias = True

    def given(self) -> dict[str, OptionValues]:
        """The options that were used."""
        return given(
            k=self.k, f=self.f, s=self.s, p=self.p, dilation=self.dilation, groups=self.groups
        )


def conv(
    *, size: Size, convolution: ConvolutionOptions, vs: Versus = None, answer: AnswerOptions
) -> None:
    """Output size, weights and connections of one convolution.

    Numbers may be comma lists: every combination is calculated.

    Examples:
        cnncalc conv --w 32 --f 5 --s 1 --p 2
        cnncalc conv -W 227 -D 3 -K 96 -F 11 -S 4
        cnncalc conv -W 32 -F 3,5,7 -S 1,2 (every combination)
        cnncalc conv -W 32 -D 16 -K 32 -F 3 -P 1 --no-bias --vs depthwise
        cnncalc conv -W 32 -F 5 -P 2 --json | jq .layers[0].out
    """

    def build(setting: Mapping[str, Any]) -> LayerOnInput:
        from cnncalc.layers.conv import Conv

        fields = {"filters": 1, **layer_fields(setting)}
        return LayerOnInput(Conv(**fields, bias=convolution.bias), input_shape(setting))

    alternatives = {"depthwise": _depthwise, "mlp": _mlp}
    alternative = Alternative(vs, alternatives[vs]) if vs else None
    calculate("conv", size.given() | convolution.given(), build, answer, alternative)


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


def _mlp(case: LayerOnInput) -> Network:
    """A fully connected layer: every output neuron sees the whole input."""
    from cnncalc.layers.fc import Fc
    from cnncalc.network import chain

    layer: Any = case.layer
    units = layer.output_shape(case.shape).size
    return chain("mlp", case.shape, [("fc", Fc(units=units, bias=layer.bias))])


def pool(
    *,
    size: Size,
    f: Window,
    s: PoolStride = None,
    p: Padding = None,
    dilation: Dilation = None,
    kind: Kind = "max",
    round_: Rounding = "floor",
    answer: AnswerOptions,
) -> None:
    """Output size of one pooling layer.

    Numbers may be comma lists: every combination is calculated.

    Examples:
        cnncalc pool --w 28 --f 2
        cnncalc pool -W 112 -F 3 -S 2 -P 1 --round both (56 or 57)

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
    options = size.given() | given(f=f, s=s, p=p, dilation=dilation, round=rounding)
    calculate("pool", options, build, answer)


def conv_transpose(
    *,
    size: Size,
    convolution: ConvolutionOptions,
    output_padding: OutputPadding = None,
    wanted: WantedSize = None,
    answer: AnswerOptions,
) -> None:
    """Output size, weights and connections of one transposed convolution; also deconv.

    Numbers may be comma lists: every combination is calculated.

    Examples:
        cnncalc conv-transpose --w 12 --f 2 --s 2 --d 128 --k 64
        cnncalc deconv -W 12 -F 3 -S 2 -P 1 --out 24 (finds the output padding)

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
        return LayerOnInput(ConvTranspose(**fields, bias=convolution.bias), entering)

    options = size.given() | convolution.given()
    options |= given(output_padding=output_padding, out=wanted)
    calculate("conv_transpose", options, build, answer)


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


def fc(*, inputs: Entering, units: Units, bias: Bias = True, answer: AnswerOptions) -> None:
    """Weights and connections of one fully connected layer.

    Numbers may be comma lists: every combination is calculated.

    Examples:
        cnncalc fc --in 7x7x32 --units 10
        cnncalc fc --in 1568 --units 64,128,256
    """

    def build(setting: Mapping[str, Any]) -> LayerOnInput:
        from cnncalc.layers.fc import Fc

        return LayerOnInput(Fc(**layer_fields(setting), bias=bias), setting["in"])

    calculate("fc", {"in": inputs, "units": units}, build, answer)
