"""`cnncalc compare`: networks side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cnncalc.cli import output
from cnncalc.cli.options import (
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
    complete_file,
)
from cnncalc.version import VERSION

if TYPE_CHECKING:
    from cnncalc.questions.compare import Comparison
    from cnncalc.render.page import Page


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
    alike: AlikeOption = None,
    until: Until = None,
    format_: FormatOption = "table",
    out: OutputFile = None,
) -> None:  # fmt: skip
    """Totals of several networks side by side, and the layers that differ.

    Examples:
        cnncalc compare resnet18 resnet34
        cnncalc compare yolov5s yolov5m --layers
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

    settings = Spec(set=set_).settings
    comparison = run(
        *files, set=settings, input=input_, batch=batch, dtype=dtype, alike=alike, until=until,
        optimiser=training,
    )  # fmt: skip
    output.emit([_written(comparison, format_, output.page(out), layers=layers)], out)


def _written(comparison: Comparison, format_: str, page: Page, *, layers: bool) -> str:
    from cnncalc.render import compare as render
    from cnncalc.render.json import dumps, json_lines

    if format_ == "json":
        return f"{dumps(render.document(comparison, version=VERSION))}\n"
    if format_ == "jsonl":
        document = render.document(comparison, version=VERSION)
        return json_lines(document["layers" if layers else "totals"])
    if format_ in {"csv", "tsv"} or (layers and format_ == "latex"):
        return render.table(comparison, layers=layers).written(format_)
    if format_ == "latex":
        return render.totals_table(comparison).latex()
    if format_ == "md":
        return render.pull_request(comparison, layers=layers)
    return render.text(comparison, page, layers=layers)
