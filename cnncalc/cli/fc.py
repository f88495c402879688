"""`cnncalc fc`: one fully connected layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cnncalc.cli.layer_options import FILTER, SIZE, Bias
from cnncalc.cli.single import Job, Show, calculate, fields
from cnncalc.cli.values import Choices, count, several, shape

if TYPE_CHECKING:
    from collections.abc import Mapping

EPILOG = """Examples

cnncalc fc --in 7x7x32 --units 10

cnncalc fc --in 1568 --units 64,128,256
"""


def fc(
    *,
    inputs: Annotated[
        Choices,
        typer.Option(
            "--in", "-N", metavar="INT|SHAPE", parser=several(shape), show_default=False,
            help="What goes in: a number, or a shape such as 7x7x32.", rich_help_panel=SIZE,
        ),
    ],
    units: Annotated[
        Choices,
        typer.Option(
            "--units", "-K", metavar="INT", parser=several(count), show_default=False,
            help="Number of units.", rich_help_panel=FILTER,
        ),
    ],
    bias: Bias = True,
    show: Show,
) -> None:  # fmt: skip
    """Weights and connections of one fully connected layer.

    Every number may be a comma list: all combinations are tried.
    """

    def build(one: Mapping[str, Any]) -> Job:
        from cnncalc.layers.fc import Fc

        return Job(Fc(**fields(one), bias=bias), one["in"])

    calculate("fc", {"in": inputs, "units": units}, build, show)
