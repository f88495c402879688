"""`cnncalc conv`: output size, weights and connections of one convolution."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from cnncalc.cli.layer_options import Convolution, Size
from cnncalc.cli.options import OUT
from cnncalc.cli.single import Job, Show, Versus, calculate, fields, volume

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cnncalc.network import Network

EPILOG = """Examples

cnncalc conv --w 32 --f 5 --s 1 --p 2

cnncalc conv -W 227 -D 3 -K 96 -F 11 -S 4

cnncalc conv -W 32 -F 3,5,7 -S 1,2 (every combination)

cnncalc conv -W 32 -D 16 -K 32 -F 3 -P 1 --no-bias --vs depthwise

cnncalc conv -W 32 -F 5 -P 2 --json | jq .layers[0].out
"""


def conv(
    *,
    size: Size,
    convolution: Convolution,
    vs: Annotated[
        Literal["depthwise", "mlp"] | None,
        typer.Option(
            help="Compare with a depthwise separable, or with a fully connected layer.",
            rich_help_panel=OUT,
        ),
    ] = None,
    show: Show,
) -> None:
    """Output size, weights and connections of one convolution.

    Every number may be a comma list: all combinations are tried.
    """

    def build(one: Mapping[str, Any]) -> Job:
        from cnncalc.layers.conv import Conv

        return Job(Conv(**{"filters": 1, **fields(one)}, bias=convolution.bias), volume(one))

    options = size.given() | convolution.given()
    calculate("conv", options, build, show, Versus(vs, WAYS[vs]) if vs else None)


def _depthwise(job: Job) -> Network:
    """A filter for every map, then 1x1 filters across the maps (Howard et al. 2017)."""
    from cnncalc.layers.conv import Conv
    from cnncalc.layers.dwconv import DwConv
    from cnncalc.network import chain

    layer: Any = job.layer
    window = {name: getattr(layer, name) for name in ("kernel", "stride", "padding", "dilation")}
    first = DwConv(**window, bias=layer.bias)
    second = Conv(filters=layer.filters, kernel=(1,), bias=layer.bias)
    return chain("depthwise", job.shape, [("depthwise", first), ("pointwise", second)])


def _mlp(job: Job) -> Network:
    """Every neuron of the output sees the whole input, with weights of its own."""
    from cnncalc.layers.fc import Fc
    from cnncalc.network import chain

    layer: Any = job.layer
    units = layer.output_shape(job.shape).size
    return chain("mlp", job.shape, [("fc", Fc(units=units, bias=layer.bias))])


WAYS = {"depthwise": _depthwise, "mlp": _mlp}
