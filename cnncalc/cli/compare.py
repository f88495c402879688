"""`cnncalc compare`: networks side by side."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from cnncalc.cli import output
from cnncalc.cli.options import (
    OUT,
    ROWS,
    AlikeOption,
    Batch,
    Dtype,
    FormatOption,
    Input,
    OutputFile,
    Set,
    Spec,
    Training,
    Until,
    after_comma,
    complete_file,
    complete_types,
    layer_types,
    words,
)
from cnncalc.errors import failure
from cnncalc.version import VERSION

if TYPE_CHECKING:
    from cnncalc.questions.compare import Comparison
    from cnncalc.render.compare import Picked
    from cnncalc.render.page import Page

ROWS_ALONE = ("csv", "tsv", "latex")  # formats of one table: with --layers, that of the layers


def complete_figure(incomplete: str) -> Iterator[str]:
    """The figures that are compared, also after a comma."""
    from cnncalc.figures import placed
    from cnncalc.render.compare import PORTS

    return after_comma([*PORTS, *placed("totals", "memory", "field")], incomplete)


def compare(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="A B [C...]", autocompletion=complete_file, show_default=False,
            help="Networks to compare with the first; FILE@VARIANT, FILE@NAME=VALUE,... for "
                 "variables, MODEL@until=NAME to end a model file there, or REVISION:FILE as git "
                 "had it.",
        ),
    ],
    set_: Set = None,
    input_: Input = None,
    batch: Batch = None,
    dtype: Dtype = "fp32",
    training: Training = None,
    layers: Annotated[
        bool, typer.Option("--layers", help="Also show the layers that differ.",
                           rich_help_panel=ROWS)
    ] = False,
    only: Annotated[
        str | None,
        typer.Option(metavar="TYPES", help="Of --layers, show only these layer types: conv,fc.",
                     autocompletion=complete_types, rich_help_panel=ROWS),
    ] = None,
    columns: Annotated[
        str | None,
        typer.Option(metavar="A,B,C", help="Figures to compare: params,macs,rf.",
                     autocompletion=complete_figure, rich_help_panel=OUT),
    ] = None,
    alike: AlikeOption = None,
    until: Until = None,
    format_: FormatOption = "table",
    out: OutputFile = None,
) -> None:  # fmt: skip
    """Totals of several networks side by side, and the layers that differ.

    Examples:
        cnncalc compare resnet18 resnet34
        cnncalc compare yolov5s yolov5m --layers --only conv
        cnncalc compare resnet18 resnet34 --columns params,macs
        cnncalc compare mobilenet_v2 mobilenet_v2@width=0.5
        cnncalc compare old.yaml new.yaml --layers --format md
        cnncalc compare HEAD:net.yaml net.yaml
        cnncalc compare resnet18 resnet34 --training adam --batch 32
        cnncalc compare resnet18 model.onnx --layers --alike inference
        cnncalc compare a.onnx b.onnx@until=/layer4/Add --layers

    Raises:
        typer.BadParameter: for a single network.
    """
    if len(files) < 2:  # noqa: PLR2004 - the fewest that can differ
        raise typer.BadParameter("name at least two networks", param_hint="A B")
    from cnncalc.questions.compare import compare as run

    spec = Spec(set=set_, inputs=input_)
    comparison = run(
        *files, set=spec.settings, input=spec.input, batch=batch, dtype=dtype, alike=alike,
        until=until, optimiser=training,
    )  # fmt: skip
    from cnncalc.render.compare import Picked

    picked = Picked(words(columns), layer_types(only))
    if columns and layers and format_ in ROWS_ALONE:
        message = f"--columns has no effect on the layers, which {format_} holds alone"
        help_ = "leave out --layers or --columns"
        raise failure("usage", message, help=help_, exit_code=output.USAGE)
    output.emit([_written(comparison, format_, output.page(out), picked, layers=layers)], out)


def _written(
    comparison: Comparison, format_: str, page: Page, picked: Picked, *, layers: bool
) -> str:
    from cnncalc.render import compare as render
    from cnncalc.render.json import dumps, json_lines

    if format_ == "json":
        return f"{dumps(render.document(comparison, version=VERSION))}\n"
    if format_ == "jsonl":
        document = render.document(comparison, version=VERSION)
        return json_lines(document["layers" if layers else "totals"])
    if format_ in {"csv", "tsv"} or (layers and format_ == "latex"):
        return render.table(comparison, layers=layers, picked=picked).written(format_)
    if format_ == "latex":
        return render.totals_table(comparison, picked.figures).latex()
    if format_ == "md":
        return render.pull_request(comparison, layers=layers, picked=picked)
    return render.text(comparison, page, layers=layers, picked=picked)
