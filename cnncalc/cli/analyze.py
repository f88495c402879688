"""`cnncalc analyze` and `cnncalc stack`: the per-layer table and the totals of a network."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cnncalc.cli import output
from cnncalc.cli.options import OUT, SPEC, Cost, File, Spec, TableOptions
from cnncalc.errors import Diagnostic, failure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from cnncalc.analysis.report import Moment, Report
    from cnncalc.network import Network


Fused = Annotated[
    bool,
    typer.Option(
        "--fused",
        rich_help_panel=SPEC,
        help="Count with batch norms folded into the layers before them.",
    ),
]
Watch = Annotated[
    bool,
    typer.Option(
        "--watch",
        rich_help_panel=OUT,
        help="Show it again whenever the file is saved, with what changed; Ctrl-C ends it.",
    ),
]


def analyze(
    file: File,
    *,
    spec: Spec,
    cost: Cost,
    table: TableOptions,
    fused: Fused = False,
    watch: Watch = False,
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
        cnncalc analyze net.yaml --watch
    """
    if _explained_columns(table):
        return
    if watch:
        _watch(file, spec, cost, table, fused=fused)
        return
    network = _loaded(file, spec, fused=fused)
    _show(network, cost, table, partial(spec.remarks, file))


def _loaded(file: str, spec: Spec, *, fused: bool) -> Network:
    network = spec.load(file)
    if not fused:
        return network
    from cnncalc.questions.alike import fused as fold

    return fold(network)


def _watch(file: str, spec: Spec, cost: Cost, table: TableOptions, *, fused: bool) -> None:
    """Show the table again after every save. Raises CnncalcError for another format, and -o."""
    if table.format_ != "table" or table.out:
        message = "--watch draws tables one after the other, and nothing else"
        help_ = "leave out -o, --json, --format and CNNCALC_FORMAT"
        raise failure("usage", message, help=help_, exit_code=output.USAGE)
    from cnncalc.cli.watch import Drawn, watch

    def draw() -> Drawn:
        network = _loaded(file, spec, fused=fused)
        report = _analyzed(network, cost, table)
        remarks = spec.remarks(file, report.diagnostics)
        if absent := _absent(report, table):
            return Drawn(report, "", [absent, *remarks])
        return Drawn(report, "".join(_pieces(network, report, table)), remarks)

    watch(file, draw)


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
    sample: Annotated[
        list[str] | None,
        typer.Option(metavar="WORD|NUMBERS|FILE", rich_help_panel=OUT,
                     help="Run the network on a sample, as forward does."),
    ] = None,
    vs: Annotated[
        Literal["mlp"] | None,
        typer.Option(help="Compare with fully connected layers between the same volumes.",
                     rich_help_panel=OUT),
    ] = None,
    cost: Cost,
    table: TableOptions,
) -> None:  # fmt: skip
    """Per-layer table and totals of layers typed one after the other.

    Examples:
        cnncalc stack 28x28x1 "conv 16 5x5 p2" "pool 2x2" "fc 10" --vs mlp
        cnncalc stack 3x3x1 "conv 1 2x2 nobias" --sample "1 2 3; 4 5 6; 7 8 9"
        cnncalc stack 28x28x1 "conv 16 5x5 p2" "pool 2x2" "fc 10"
        cnncalc stack 28x28x1 "conv 16 5x5 p2" "pool 2x2" "fc 10" --columns in,params
    """
    if _explained_columns(table):
        return
    if sample:
        _run(shape, layers, sample, table)
        return
    if vs and (table.format_ != "table" or table.totals or table.training or table.as_):
        raise typer.BadParameter("is written below the table of layers only", param_hint="--vs")
    _show(stacked(shape, layers), cost, table, list, versus=bool(vs))


def _run(shape: str, layers: list[str], sample: list[str], table: TableOptions) -> None:
    """Run the typed network on a sample. Raises CnncalcError for options of the table."""
    from cnncalc.cli.forward import forward
    from cnncalc.cli.forward_options import RunOptions, SampleOptions, ViewOptions, WeightOptions
    from cnncalc.errors import failure

    format_, out, layout = table.format_, table.out, table.layout
    if table != TableOptions(format_=format_, out=out, layout=layout):
        message = "--sample runs the network: the options of the table have no effect"
        raise failure("usage", message, help="leave them out", exit_code=output.USAGE)
    forward(
        ";".join([shape, *layers]),
        sample=SampleOptions(sample),
        weights=WeightOptions(),
        run=RunOptions(),
        view=ViewOptions(format_=format_, out=out, layout=layout),
        spec=Spec(),
    )


def stacked(shape: str, layers: list[str]) -> Network:
    """Build the network of an input shape and layer lines, by the rules of a spec file.

    Raises:
        CnncalcError: at the line and column of what is wrong.

    >>> stacked("28x28x1", ["conv 16 5x5 p2", "pool 2x2"]).nodes[-1].shape
    Shape(channels=16, spatial=(14, 14))
    """
    from cnncalc.spec.load import parse
    from cnncalc.spec.sections.inputs import untupled
    from cnncalc.spec.typed import typed_spec

    return parse(typed_spec(untupled(shape), layers), file="stack")


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
    *,
    versus: bool = False,
) -> None:
    """Analyse the network and print the report, then those of its notes and warnings."""
    from cnncalc.cli.report import conclude

    report = _analyzed(network, cost, table)
    if absent := _absent(report, table):
        output.tell([absent])
    else:
        pieces = list(_pieces(network, report, table))
        if versus:
            from cnncalc.render import one_layer  # few ask

            beside = one_layer.fully_connected(
                report, _dense(report), ascii_only=output.ascii_only()
            )
            pieces += ["\n", beside]
        output.emit(pieces, table.out)
    conclude(report, remarks(report.diagnostics))


def _analyzed(network: Network, cost: Cost, table: TableOptions) -> Report:
    """The report, with --strict applied to its remarks."""
    from cnncalc.analysis.engine import analyze
    from cnncalc.cli.report import strictly

    report = analyze(network, batch=cost.batch, dtype=cost.dtype, formulas=table.formulas)
    return strictly(report, cost.strict)


def _pieces(network: Network, report: Report, table: TableOptions) -> Iterator[str]:
    """The text of the report, in pieces."""
    from cnncalc.cli.report import ReportView, written

    view = ReportView(table.format_, table.totals, table.formulas, table.memory, table.fold,
                      table.count_buffers, table.as_, table.training, table.out,
                      _timeline(network, report, table))  # fmt: skip
    return written(report, table.choice(ascii_only=output.ascii_only()), view)


def _timeline(network: Network, report: Report, table: TableOptions) -> tuple[Moment, ...]:
    """The memory while each row runs, where JSON is asked for it."""
    if not (table.memory and table.format_ == "json"):
        return ()
    from cnncalc.analysis.memory import timeline

    memory = report.totals.memory
    return timeline(network, batch=memory.batch, dtype=memory.dtype)


def _dense(report: Report) -> dict[str, int]:
    """The weights of fully connected layers in place of those that have weights, by name."""
    from cnncalc.layers.fc import Fc
    from cnncalc.shapes import Shape

    return {
        row.name: Fc(units=row.out.size)
        .parameters(Shape(sum(shape.size for shape in row.in_shapes)))[0]
        .size
        for row in report.rows
        if row.weights
    }


def _absent(report: Report, table: TableOptions) -> Diagnostic | None:
    """A note in place of a table that would be empty, else None."""
    types = () if table.totals else table.types
    present = list(dict.fromkeys(row.type for row in report.rows))
    if not types or not set(types).isdisjoint(present):
        return None
    asked = " and no ".join(types)
    help_ = f"it has {', '.join(present)}"
    return Diagnostic("note", "empty", f"{report.name} has no {asked}", help=help_)
