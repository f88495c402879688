"""`cnncalc analyze` and `cnncalc stack`: the per-layer table and the totals of a network."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from cnncalc.cli import output
from cnncalc.cli.options import SPEC, Cost, File, Spec, TableOptions
from cnncalc.errors import Diagnostic

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from cnncalc.analysis.report import Report
    from cnncalc.network import Network


Fused = Annotated[
    bool,
    typer.Option(
        "--fused",
        rich_help_panel=SPEC,
        help="Count with batch norms folded into the layers before them.",
    ),
]


def analyze(
    file: File, *, spec: Spec, cost: Cost, table: TableOptions, fused: Fused = False
) -> None:
    """Per-layer table and totals of a network: parameters, MACs, memory, receptive field.

    Examples:
        cnncalc analyze resnet50
        cnncalc analyze vgg16 --only conv --sort macs --top 5
        cnncalc analyze vgg16 --bars macs
        cnncalc analyze vgg16 --memory --batch 64
        cnncalc analyze resnet50 --columns rf,jump
        cnncalc analyze lenet5-1998 --formulas
        cnncalc analyze lenet5 --json | jq .totals.params
        cnncalc analyze model.onnx --input '3x224x224 CHW'
        cnncalc analyze yolov5s --fused --totals
    """
    if _explained_columns(table):
        return
    network = spec.load(file)
    if fused:
        from cnncalc.questions.alike import fused as fold

        network = fold(network)
    _show(network, cost, table, partial(spec.remarks, file))


def stack(
    shape: Annotated[
        str,
        typer.Argument(metavar="SHAPE", help="Input shape, such as 28x28x1.", show_default=False),
    ],
    layers: Annotated[
        list[str],
        typer.Argument(metavar="LAYER...", help="Layers as in a spec file, one argument each.",
                       show_default=False),
    ],
    *,
    cost: Cost,
    table: TableOptions,
) -> None:  # fmt: skip
    """Per-layer table and totals of layers typed one after the other.

    Examples:
        cnncalc stack 28x28x1 "conv 16 5x5 p2" "pool 2x2" "fc 10"
        cnncalc stack 28x28x1 "conv 16 5x5 p2" "pool 2x2" "fc 10" --columns in,params
    """
    if not _explained_columns(table):
        _show(stacked(shape, layers), cost, table, list)


def stacked(shape: str, layers: list[str]) -> Network:
    """Build the network of an input shape and layer lines, by the rules of a spec file.

    Raises:
        CnncalcError: at the line and column of what is wrong.

    >>> stacked("28x28x1", ["conv 16 5x5 p2", "pool 2x2"]).nodes[-1].shape
    Shape(channels=16, spatial=(14, 14))
    """
    from cnncalc.spec.load import parse

    return parse({"input": shape, "layers": layers}, file="stack")


def _explained_columns(table: TableOptions) -> bool:
    """Print what the columns mean if `--columns help` was given; return whether it was."""
    if table.columns != "help":
        return False
    from cnncalc.render.columns import help_text

    output.emit([help_text()])
    return True


def _show(
    network: Network,
    cost: Cost,
    table: TableOptions,
    remarks: Callable[[Iterable[Diagnostic]], list[Diagnostic]],
) -> None:
    """Analyse the network and print the report, then those of its notes and warnings."""
    from cnncalc.analysis.engine import analyze
    from cnncalc.cli.report import ReportView, conclude, strictly, written

    report = analyze(network, batch=cost.batch, dtype=cost.dtype, formulas=table.formulas)
    report = strictly(report, cost.strict)
    choice = table.choice(ascii_only=output.ascii_only())
    if table.totals or not (absent := _absent(report, choice.only)):
        view = ReportView(table.format_, table.totals, table.formulas, table.memory, table.fold,
                          table.count_buffers, table.as_, table.training, table.out)  # fmt: skip
        output.emit(written(report, choice, view), table.out)
    else:
        output.tell([absent])
    conclude(report, remarks(report.diagnostics))


def _absent(report: Report, types: tuple[str, ...]) -> Diagnostic | None:
    """A note in place of a table that would be empty, else None."""
    present = list(dict.fromkeys(row.type for row in report.rows))
    if not types or not set(types).isdisjoint(present):
        return None
    asked = " and no ".join(types)
    help_ = f"it has {', '.join(present)}"
    return Diagnostic("note", "empty", f"{report.name} has no {asked}", help=help_)
