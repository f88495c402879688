"""`cnncalc report`: a network as one HTML page."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from cnncalc.cli import output
from cnncalc.cli.options import OUT, AlikeOption, Cost, OutputFile, Spec, complete_file
from cnncalc.errors import failure
from cnncalc.files import write
from cnncalc.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnncalc.analysis.report import Moment, Report
    from cnncalc.inference.run import Pass
    from cnncalc.network import Network
    from cnncalc.render.report_html import Extras

SAMPLE = "Sample"
PATIENCE = 60  # seconds that the pass may take
TOP = 5  # outputs that are listed


class PageOptions(NamedTuple):
    """What the page shows, and where it is written."""

    # fmt: off
    alike: AlikeOption = None
    no_diagram: Annotated[
        bool, typer.Option("--no-diagram", help="Leave out the picture.", rich_help_panel=OUT)
    ] = False
    sample: Annotated[
        str | None,
        typer.Option(metavar="FILE|WORD", rich_help_panel=SAMPLE,
                     help="Add the forward pass of a sample: its feature maps, the largest "
                          "outputs. As for 'forward --sample'."),
    ] = None
    weights: Annotated[
        str | None,
        typer.Option(metavar="FILE", rich_help_panel=SAMPLE,
                     help="Its weights, as safetensors or JSON; else the spec's, or drawn."),
    ] = None
    out: OutputFile = None
    # fmt: on


def report(
    files: Annotated[
        list[str],
        typer.Argument(metavar="FILE [OTHER]", autocompletion=complete_file, show_default=False,
                       help="A network as for 'analyze', or two as for 'compare': FILE@VARIANT, "
                            "FILE@NAME=VALUE,... or REVISION:FILE."),
    ],
    *,
    spec: Spec,
    cost: Cost,
    page: PageOptions,
) -> None:  # fmt: skip
    """One HTML page of a network: totals, picture, table, memory while it runs, fields, formulas.

    Of two networks it shows what differs: totals, pictures and memory side by side, every layer
    beside its counterpart.

    The page needs no network and no other file. Its table is there without JavaScript, which
    folds, sorts and shows formulas. It holds the JSON of
    'analyze --json --formulas --memory'.

    Examples:
        cnncalc report resnet50 -o resnet50.html
        cnncalc report digits --sample digits_7.pgm -o digits.html
        cnncalc report unet --input 256x256x1 --batch 8 -o unet.html
        cnncalc report resnet18 resnet34 -o resnets.html
        cnncalc report mobilenet_v2 mobilenet_v2@width=0.5 -o widths.html

    Raises:
        typer.BadParameter: for more than two networks, and for options of the other kind of page.
    """
    if len(files) > 2:  # noqa: PLR2004 - side by side
        raise typer.BadParameter("a page has one network or two", param_hint="FILE [OTHER]")
    _refuse_void(spec, page, several=len(files) > 1)
    made = _two(files, spec, cost, page) if len(files) > 1 else _one(files[0], spec, cost, page)
    _emit(made.text, page.out, made.name)
    output.tell(remark for each in made.reports for remark in each.diagnostics)
    if not all(each.ok for each in made.reports):
        raise typer.Exit(output.INVALID)


class _Made(NamedTuple):
    """The text of a page, the name of what it shows, and the reports in it."""

    text: str
    name: str
    reports: Sequence[Report]


def _refuse_void(spec: Spec, page: PageOptions, *, several: bool) -> None:
    """Raise BadParameter for options that would have no effect."""
    if page.weights and not page.sample:
        raise typer.BadParameter("needs --sample", param_hint="--weights")
    if page.alike and not several:
        raise typer.BadParameter("compares two networks: name the other", param_hint="--alike")
    for option, value, help_ in (
        ("--variant", spec.variant, "write FILE@NAME"),
        ("--until", spec.until, "make a page of each"),
        ("--partial", spec.partial, "make a page of each"),
        ("--sample", page.sample, "make a page of each"),
    ):
        if several and value:
            raise typer.BadParameter(f"is for one network: {help_}", param_hint=option)


def _analysed(network: Network, cost: Cost) -> Report:
    """The report with its formulas."""
    from cnncalc.analysis.engine import analyze
    from cnncalc.cli.report import strictly

    found = analyze(network, batch=cost.batch, dtype=cost.dtype, formulas=True)
    return strictly(found, cost.strict)


def _timeline(network: Network, found: Report) -> Sequence[Moment]:
    from cnncalc.analysis.memory import timeline

    memory = found.totals.memory
    return timeline(network, batch=memory.batch, dtype=memory.dtype)


def _one(file: str, spec: Spec, cost: Cost, page: PageOptions) -> _Made:
    """The page of a network."""
    from cnncalc.render import report_html

    network = spec.load(file)
    found = _analysed(network, cost)
    found = found._replace(diagnostics=tuple(spec.remarks(file, found.diagnostics)))
    drawn = None if page.no_diagram else _diagram(found)
    extras = report_html.Extras(_timeline(network, found), drawn)
    if page.sample:
        extras = _with_sample(extras, network, page.sample, page.weights)
    return _Made(report_html.text(found, extras, version=VERSION), found.name, [found])


def _two(names: Sequence[str], spec: Spec, cost: Cost, page: PageOptions) -> _Made:
    """The page of two networks side by side; the notes on each are for its own page."""
    from cnncalc.questions.compare import compare_reports, networks_of
    from cnncalc.render import compare_html

    networks = networks_of(names, spec.settings, spec.input, page.alike)
    found = [_without_notes(_analysed(each, cost)) for each in networks]
    comparison = compare_reports(found, names, alike=page.alike)
    timelines = [_timeline(*each) for each in zip(networks, found, strict=True)]
    drawn = [] if page.no_diagram else [_diagram(each) for each in found]
    text = compare_html.text(comparison, timelines, drawn, version=VERSION)
    return _Made(text, " and ".join(each.name for each in found), found)


def _without_notes(found: Report) -> Report:
    kept = (remark for remark in found.diagnostics if remark.severity != "note")
    return found._replace(diagnostics=tuple(kept))


def _with_sample(extras: Extras, network: Network, sample: str, weights: str | None) -> Extras:
    """The extras with the forward pass. Raises CnncalcError where it would take too long."""
    from cnncalc.inference.api import forward
    from cnncalc.inference.estimate import ahead
    from cnncalc.inference.run import inference, macs
    from cnncalc.render.format import duration
    from cnncalc.render.forward import ranking
    from cnncalc.render.map_strips import strips

    rows = inference(network)
    work = ahead(network, drawn=weights is None, keep={row.name for row in rows})
    if work.seconds > PATIENCE:
        message = f"the pass takes an estimated {duration(work.seconds)}"
        raise failure("long-run", message, help="a smaller --input takes less")
    with output.bar("report", work.macs, work.seconds) as advance:
        done = forward(
            network, sample, weights=weights, keep="all",
            watch=lambda row: advance(macs(network, row)),
        )  # fmt: skip
    tensors = [(row.node.name, row.output) for row in done.rows if row.output]
    largest = {}
    for row in done.outputs:
        if row.output and not row.node.shape.rank:
            labels = network.init.labels
            fitting = labels if labels and len(labels) == row.node.shape.size else None
            largest[row.node.name] = ranking(row.output, TOP, fitting)
    return extras._replace(sample=_setting(done, sample, weights), strips=strips(tensors),
                           drawn="initial" in done.weights, largest=largest)  # fmt: skip


def _setting(done: Pass, sample: str, weights: str | None) -> str:
    """Which sample and which weights, as `forward` words it."""
    from cnncalc import zoo
    from cnncalc.inference.initial import InitialWeights
    from cnncalc.inference.model_file import holds_weights
    from cnncalc.render.forward import weights_text

    network, init = done.network, done.network.init
    own = network.file if holds_weights(network) else init.weights
    file = zoo.display_name(str(weights or own))
    used = weights_text(done.weights, file, InitialWeights(init.scheme, init.seed))
    seed = " (seed 0)" if sample == "random" else ""
    return f"sample {sample}{seed}" + (f", weights {used}" if used else "")


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
    write(path, text, replace=False, remedy=f"-o {path} replaces it")
    if not output.settings.quiet:
        output.say(f"wrote {path}")
