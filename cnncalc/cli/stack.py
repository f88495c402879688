"""`cnncalc stack`: a network typed on the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cnncalc.cli.groups import Cost, Table

if TYPE_CHECKING:
    from cnncalc.network import Network

EPILOG = """Examples

cnncalc stack 28x28x1 "conv 16 5x5 p2" "pool 2x2" "fc 10"

cnncalc stack 28x28x1 "conv 16 5x5 p2" "pool 2x2" "fc 10" --columns in,params (what goes into fc)
"""


def stack(
    shape: Annotated[
        str, typer.Argument(metavar="SHAPE", help="The input, such as 28x28x1.",
                            show_default=False)
    ],
    layers: Annotated[
        list[str],
        typer.Argument(metavar="LAYER...", help="Layers as in a spec file, one argument each.",
                       show_default=False),
    ],
    *,
    cost: Cost,
    table: Table,
) -> None:  # fmt: skip
    """Per-layer table and totals of layers typed one after the other."""
    from cnncalc.cli.present import show

    show(lambda: stacked(shape, layers), cost, table)


def stacked(shape: str, layers: list[str]) -> Network:
    """The network of these texts, by the rules of a spec file. Raises CnncalcError.

    >>> stacked("28x28x1", ["conv 16 5x5 p2", "pool 2x2"]).nodes[-1].shape
    Shape(channels=16, spatial=(14, 14))
    """
    from cnncalc.errors import CnncalcError
    from cnncalc.lines import with_lines
    from cnncalc.spec.document import read_document
    from cnncalc.spec.load import build
    from cnncalc.spec.write import quoted

    lines = [f"input: {quoted(shape)}", "layers:", *(f"  - {quoted(layer)}" for layer in layers)]
    text = "\n".join([*lines, ""])
    try:
        return build(read_document(text, "stack"))
    except CnncalcError as error:
        raise with_lines(error, text, "stack") from None
