"""`cnncalc pool`: output size of one pooling layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from cnncalc.cli.layer_options import FILTER, Dilation, Padding, PoolStride, Size, Window
from cnncalc.cli.single import Job, Show, calculate, fields, volume
from cnncalc.cli.values import Choices, given

if TYPE_CHECKING:
    from collections.abc import Mapping

EPILOG = """Examples

cnncalc pool --w 28 --f 2

cnncalc pool -W 112 -F 3 -S 2 -P 1 --round both (56 or 57)
"""
ROUNDING = {"floor": ("floor",), "ceil": ("ceil",), "both": ("floor", "ceil")}


def pool(
    *,
    size: Size,
    f: Window,
    s: PoolStride = None,
    p: Padding = None,
    dilation: Dilation = None,
    kind: Annotated[
        Literal["max", "avg", "sum"],
        typer.Option(help="What is taken of a window.", rich_help_panel=FILTER),
    ] = "max",
    round_: Annotated[
        Literal["floor", "ceil", "both"],
        typer.Option("--round", help="How the division is rounded.", rich_help_panel=FILTER),
    ] = "floor",
    show: Show,
) -> None:
    """Output size of one pooling layer.

    Every number may be a comma list: all combinations are tried.
    """
    if dilation and kind != "max":
        raise typer.BadParameter("only max pooling has one", param_hint="--dilation")

    def build(one: Mapping[str, Any]) -> Job:
        from cnncalc.layers import layer_type

        chosen = {**fields(one), "ceil": one["round"] == "ceil"}
        return Job(layer_type(f"{kind}pool")(**chosen), volume(one))

    rounding = Choices(ROUNDING[round_], ROUNDING[round_])
    options = size.given() | given(f=f, s=s, p=p, dilation=dilation, round=rounding)
    calculate("pool", options, build, show)
