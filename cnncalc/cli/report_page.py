"""`cnncalc report`: a network as one HTML page."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated

import typer

from cnncalc import files
from cnncalc.cli import output
from cnncalc.cli.options import OUT, Cost, File, OutputFile, Spec
from cnncalc.errors import failure
from cnncalc.version import VERSION

if TYPE_CHECKING:
    from cnncalc.analysis.report import Report
    from cnncalc.network import Network
    from cnncalc.render.report_html import Extras

SAMPLE = "Sample"
PATIENCE = 60  # seconds that the pass may take
TOP = 5  # outputs that are listed


def report(
    file: File,
    *,
    spec: Spec,
    cost: Cost,
    no_diagram: Annotated[
        bool, typer.Option("--no-diagram", help="Leave out the picture.", rich_help_panel=OUT)
    ] = False,
    sample: Annotated[
        str | None,
        typer.Option(metavar="FILE|WORD", rich_help_panel=SAMPLE,
                     help="Add the forward pass of a sample: its feature maps, the largest "
                          "outputs. As for 'forward --sample'."),
    ] = None,
    weights: Annotated[
        str | None,
        typer.Option(metavar="FILE", rich_help_panel=SAMPLE,
                     help="Its weights, as safetensors or JSON; else the spec's, or drawn."),
    ] = None,
    out: OutputFile = None,
) -> None:  # fmt: skip
    """One HTML page of a network: totals, picture, table, memory while it runs, fields, formulas.

    The page needs no network and no other file. Its table is there without JavaScript, which
    folds, sorts and shows formulas. It holds the JSON of
    'analyze --json --formulas --memory'.

    Examples:
        cnncalc report resnet50 -o resnet50.html
        cnncalc report digits --sample digits_7.pgm -o digits.html
        cnncalc report unet --input 256x256x1 --batch 8 -o unet.html
    """
    from cnncalc.analysis.engine import analyze
    from cnncalc.analysis.memory import timeline
    from cnncalc.cli.report import conclude, strictly
    from cnncalc.render import report_html

    if weights and not sample:
        raise typer.BadParameter("needs --sample", param_hint="--weights")
    network = spec.load(file)
    found = analyze(network, batch=cost.batch, dtype=cost.dtype, formulas=True)
    found = strictly(found, cost.strict)
    found = found._replace(diagnostics=tuple(spec.remarks(file, found.diagnostics)))
    memory = found.totals.memory
    alive = timeline(network, batch=memory.batch, dtype=memory.dtype)
    extras = report_html.Extras(alive, None if no_diagram else _diagram(found))
    if sample:
        extras = _with_sample(extras, network, sample, weights)
    _emit(report_html.text(found, extras, version=VERSION), out, found.name)
    conclude(found)


def _with_sample(extras: Extras, network: Network, sample: str, weights: str | None) -> Extras:
    """The extras with the forward pass. Raises CnncalcError where it would take too long."""
    from cnncalc.inference.api import forward
    from cnncalc.inference.estimate import ahead
    from cnncalc.inference.run import inference
    from cnncalc.render.format import duration
    from cnncalc.render.map_strips import strips

    rows = inference(network)
    work = ahead(network, drawn=weights is None, keep={row.name for row in rows})
    if work.seconds > PATIENCE:
        message = f"the pass takes an estimated {duration(work.seconds)}"
        raise failure("long-run", message, help="a smaller --input takes less")
    done = forward(network, sample, weights=weights, keep="all")
    tensors = [(row.node.name, row.output) for row in done.rows if row.output]
    largest = {}
    for row in done.outputs:
        if row.output and not row.node.shape.rank:
            values = list(map(float, row.output.values))
            labels = network.init.labels or ()
            names = labels if len(labels) == len(values) else list(map(str, range(len(values))))
            ranked = sorted(zip(names, values, strict=True), key=lambda pair: -pair[1])
            largest[row.node.name] = ranked[:TOP]
    return extras._replace(sample=sample, strips=strips(tensors), largest=largest)


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
