"""`cnncalc compare`: networks side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cnncalc.cli import output
from cnncalc.cli.groups import Spec
from cnncalc.cli.options import (
    ROWS,
    Batch,
    Dtype,
    Input,
    Json,
    OutputFile,
    Set,
    complete_file,
    formats,
)

if TYPE_CHECKING:
    from cnncalc.questions.compare import Comparison

EPILOG = """Examples

cnncalc compare resnet18 resnet34

cnncalc compare yolov5s yolov5m --layers

cnncalc compare old.yaml new.yaml --layers --format md
"""

Files = Annotated[
    list[str],
    typer.Argument(
        metavar="A B [C...]",
        help="Networks, the first of which is the measure; FILE@VARIANT for a variant.",
        autocompletion=complete_file,
        show_default=False,
    ),
]
Layers = Annotated[
    bool, typer.Option("--layers", help="Also the layers that differ.", rich_help_panel=ROWS)
]
Format = Annotated[
    Literal["table", "md", "json"],
    formats(),
]


def compare(
    files: Files,
    set_: Set = None,
    input_: Input = None,
    batch: Batch = None,
    dtype: Dtype = "fp32",
    layers: Layers = False,
    format_: Format = "table",
    json: Json = False,
    out: OutputFile = None,
) -> None:
    """Totals of several networks side by side, and the layers that differ."""
    if len(files) < 2:  # noqa: PLR2004 - the fewest that can differ
        raise typer.BadParameter("name two networks or more", param_hint="A B")
    style = "json" if json else format_
    with output.guarded(json=style == "json"):
        from cnncalc.questions.compare import compare as run

        settings = Spec(set=set_).settings
        found = run(*files, set=settings, input=input_, batch=batch, dtype=dtype)
        output.emit([_text(found, style, layers)], out)


def _text(found: Comparison, style: str, layers: bool) -> str:
    from cnncalc.render import compare as render
    from cnncalc.render.json import dumps

    if style == "json":
        return f"{dumps(render.document(found, version=output.version()))}\n"
    if style == "md":
        return render.pull_request(found, layers=layers)
    return render.text(found, layers=layers, ascii_only=output.ascii_only())
