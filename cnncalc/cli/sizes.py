"""`cnncalc sizes`: which input sizes work, and why others fail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cnncalc.cli import output
from cnncalc.cli.groups import Spec
from cnncalc.cli.options import File, Json, OutputFile, formats

if TYPE_CHECKING:
    from cnncalc.questions.sizes import Sizes

SIZES = "Sizes"
EPILOG = """Examples

cnncalc sizes unet-padded --from 320 --to 360

cnncalc sizes resnet50 --exact

cnncalc sizes unet-padded --axes w --format csv
"""


def sizes(
    file: File,
    *,
    spec: Spec,
    start: Annotated[
        int | None,
        typer.Option("--from", min=1, metavar="INT", help="The first size to try.",
                     show_default="half the spec's", rich_help_panel=SIZES),
    ] = None,
    stop: Annotated[
        int | None,
        typer.Option("--to", min=1, metavar="INT", help="The last size to try.",
                     show_default="half as much again", rich_help_panel=SIZES),
    ] = None,
    step: Annotated[
        int, typer.Option(min=1, metavar="INT", help="From one size to the next.",
                          rich_help_panel=SIZES)
    ] = 1,
    axes: Annotated[
        str | None,
        typer.Option(metavar="LETTERS", help="The axes that vary: w keeps the height.",
                     show_default="hw", rich_help_panel=SIZES),
    ] = None,
    exact: Annotated[
        bool, typer.Option("--exact", help="Only sizes of which every layer reads all.",
                           rich_help_panel=SIZES)
    ] = False,
    format_: Annotated[Literal["table", "csv", "json"], formats()] = "table",
    json: Json = False,
    out: OutputFile = None,
) -> None:  # fmt: skip
    """Which input sizes a network works on, and why the others fail."""
    format_ = "json" if json else format_
    if start is not None and stop is not None and start > stop:
        raise typer.BadParameter("lies below --from", param_hint="--to")
    with output.guarded(json=format_ == "json"):
        from cnncalc.questions.sizes import sizes as ask

        found = ask(file, start=start, stop=stop, step=step, axes=axes, variant=spec.variant,
                    set=spec.settings, input=spec.input)  # fmt: skip
        fine = bool(found.exact if exact else found.working)
        output.emit([_written(found, format_, exact=exact, ok=fine)], out)
    if not fine:
        raise typer.Exit(output.INVALID)


def _written(found: Sizes, format_: str, *, exact: bool, ok: bool) -> str:
    from cnncalc.render import sizes as render

    if format_ == "json":
        from cnncalc.render.json import dumps

        return f"{dumps(render.document(found, version=output.version(), ok=ok))}\n"
    if format_ == "csv":
        return render.csv(found)
    return render.text(found, exact=exact, ascii_only=output.ascii_only())
