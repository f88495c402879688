"""`cnncalc conv-transpose` (also `deconv`): one transposed convolution."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cnncalc.cli.layer_options import FILTER, Convolution, Size
from cnncalc.cli.single import Job, Show, calculate, fields, volume
from cnncalc.cli.values import Choices, count, given, natural, per_axis, several

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cnncalc.shapes import Shape

EPILOG = """Examples

cnncalc conv-transpose --w 12 --f 2 --s 2 --d 128 --k 64

cnncalc deconv -W 12 -F 3 -S 2 -P 1 --out 24 (finds the output padding)
"""


def conv_transpose(
    *,
    size: Size,
    convolution: Convolution,
    output_padding: Annotated[
        Choices | None,
        typer.Option(
            "--output-padding", "-A", metavar="INT|AxA", parser=several(per_axis(natural)),
            help="Cells added to one side of the output.", show_default="0",
            rich_help_panel=FILTER,
        ),
    ] = None,
    wanted: Annotated[
        Choices | None,
        typer.Option(
            "--out", metavar="INT|NxN", parser=several(per_axis(count)), show_default=False,
            help="The output size wanted: finds its output padding.", rich_help_panel=FILTER,
        ),
    ] = None,
    show: Show,
) -> None:  # fmt: skip
    """Output size, weights and connections of one transposed convolution; also deconv.

    Every number may be a comma list: all combinations are tried.
    """
    if output_padding and wanted:
        raise typer.BadParameter("finds the output padding: give one of the two",
                                 param_hint="--out")  # fmt: skip
    own = given(output_padding=output_padding, out=wanted)
    options = size.given() | convolution.given() | own

    def build(one: Mapping[str, Any]) -> Job:
        from cnncalc.layers.conv_transpose import ConvTranspose

        shape = volume(one)
        chosen = {"filters": 1, **fields(one)}
        if "out" in one:
            chosen["output_padding"] = _found(chosen, shape, one["out"])
        return Job(ConvTranspose(**chosen, bias=convolution.bias), shape)

    calculate("conv_transpose", options, build, show)


def _found(chosen: Mapping[str, Any], shape: Shape, wanted: tuple[int, ...]) -> tuple[int, ...]:
    """The output padding, per axis, that gives the size wanted. Raises UnplacedError."""
    from cnncalc.layers._fields import spread
    from cnncalc.layers.conv_transpose import ConvTranspose
    from cnncalc.questions.fit import output_padding

    windows = ConvTranspose(**chosen).windows(shape)
    axes = zip(windows, shape.spatial, spread(wanted, shape.rank, "out"), strict=True)
    return tuple(output_padding(*axis) for axis in axes)
