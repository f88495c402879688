"""`cnncalc report`: a network as one HTML page."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated

import typer

from cnncalc import files
from cnncalc.cli import output
from cnncalc.cli.options import OUT, Cost, File, OutputFile, Spec
from cnncalc.version import VERSION

if TYPE_CHECKING:
    from cnncalc.analysis.report import Report


def report(
    file: File,
    *,
    spec: Spec,
    cost: Cost,
    no_diagram: Annotated[
        bool, typer.Option("--no-diagram", help="Leave out the picture.", rich_help_panel=OUT)
    ] = False,
    out: OutputFile = None,
) -> None:
    """One HTML page of a network: totals, picture, table, memory while it runs, fields, formulas.

    The page needs no network and no other file. Its table is there without JavaScript, which
    folds, sorts and shows formulas. It holds the JSON of 'analyze --json --formulas'.

    Examples:
        cnncalc report resnet50 -o resnet50.html
        cnncalc report unet --input 256x256x1 --batch 8 -o unet.html
    """
    from cnncalc.analysis.engine import analyze
    from cnncalc.analysis.memory import timeline
    from cnncalc.cli.report import conclude, strictly
    from cnncalc.conventions import bytes_per_number
    from cnncalc.render import report_html

    network = spec.load(file)
    found = analyze(network, batch=cost.batch, dtype=cost.dtype, formulas=True)
    found = strictly(found, cost.strict)
    found = found._replace(diagnostics=tuple(spec.remarks(file, found.diagnostics)))
    memory = found.totals.memory
    alive = timeline(network, memory.batch * bytes_per_number(memory.dtype))
    extras = report_html.Extras(alive, None if no_diagram else _diagram(found))
    _emit(report_html.text(found, extras, version=VERSION), out, found.name)
    conclude(found)


def _diagram(found: Report) -> str:
    """The picture of `draw`, from top to bottom, so that it stands beside the table."""
    from cnncalc.pictures.boxes import PictureOptions, picture
    from cnncalc.pictures.styles import placed
    from cnncalc.render import svg
    from cnncalc.render.choice import Choice

    shown = picture(found, Choice(), PictureOptions("shape", True, None, False))
    return svg.text(placed(shown, "column"))


def _emit(text: str, out: str | None, name: str) -> None:
    """Write the page to the file of -o; else to stdout, or to a new file if that is a terminal."""
    if out is not None or not output.terminal():
        output.emit([text], out)
        return
    path = (re.sub(r"[^\w.@-]+", "_", name).strip(".") or "network") + ".html"
    files.write(path, text, replace=False, remedy=f"-o {path} replaces it")
    if not output.settings.quiet:
        output.say(f"wrote {path}")
