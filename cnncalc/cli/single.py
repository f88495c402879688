"""What the one-layer commands share: one answer, or a table of answers for comma lists.

They build their layer directly, without a spec, so that they start at once.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

import typer

from cnncalc.cli import output
from cnncalc.cli.combinations import several_in, tabulate
from cnncalc.cli.layer_options import Strict
from cnncalc.cli.options import FormatOption, Json, LayoutOption, OutputFile
from cnncalc.errors import CnncalcError, Diagnostic, UnplacedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from cnncalc.analysis.report import Report
    from cnncalc.cli.values import Choices
    from cnncalc.layers._base import Layer
    from cnncalc.network import Network
    from cnncalc.shapes import Shape

MAX_SETTINGS = 10_000
# The option of each field of a layer, for the messages of a layer that does not work.
OPTION_OF = {
    "filters": "--k", "kernel": "--f", "stride": "--s", "padding": "--p",
    "dilation": "--dilation", "groups": "--groups", "output_padding": "--output-padding",
    "units": "--units",
}  # fmt: skip
FIELD_OF = {option.lstrip("-").replace("-", "_"): field for field, option in OPTION_OF.items()}


class Job(NamedTuple):
    """One layer on one input."""

    layer: Layer
    shape: Shape


class Show(NamedTuple):
    """How the answer is written."""

    strict: Strict = None
    format_: FormatOption = "table"
    json: Json = False
    out: OutputFile = None
    layout: LayoutOption = None

    @property
    def format(self) -> str:
        """The format, which --json may name as well."""
        return "json" if self.json else self.format_


class Versus(NamedTuple):
    """Another way to the same output."""

    name: str
    network: Callable[[Job], Network]


def fields(one: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a layer among one setting of the options."""
    return {FIELD_OF[name]: value for name, value in one.items() if name in FIELD_OF}


def volume(one: Mapping[str, Any]) -> Shape:
    """The input: D maps of H x W, or of length L. Raises BadParameter when there is no size."""
    from cnncalc.shapes import Shape

    if "l" in one:
        if "w" in one or "h" in one:
            raise typer.BadParameter("a length is for one axis: leave out --w and --h",
                                     param_hint="--l")  # fmt: skip
        return Shape(one.get("d", 1), (one["l"],))
    if "w" not in one:
        raise typer.BadParameter("the width of the input is missing, such as --w 32",
                                 param_hint="--w")  # fmt: skip
    return Shape(one.get("d", 1), (one.get("h", one["w"]), one["w"]))


def calculate(
    name: str,
    options: Mapping[str, Choices],
    build: Callable[[Mapping[str, Any]], Job],
    show: Show,
    versus: Versus | None = None,
) -> None:
    """Answer for one setting of the options, or for every combination of their lists."""
    if prod(len(choices.values) for choices in options.values()) > MAX_SETTINGS:
        raise typer.BadParameter(f"these lists make more than {MAX_SETTINGS:,} settings")
    varying = several_in(options)
    if versus and varying:
        raise typer.BadParameter("compares one setting: give single values", param_hint="--vs")
    if versus and show.format not in ("table", "json"):
        raise typer.BadParameter(f"is not written as {show.format}", param_hint="--vs")
    with output.guarded(json=show.format in ("json", "jsonl")):
        if varying:
            tabulate(options, lambda one: _report(name, build, one), show)
        else:
            one = {option: choices.values[0] for option, choices in options.items()}
            _one(name, build, one, show, versus)


def _one(
    name: str,
    build: Callable[[Mapping[str, Any]], Job],
    one: Mapping[str, Any],
    show: Show,
    versus: Versus | None,
) -> None:
    from cnncalc.cli.present import conclude, strictly

    report = strictly(_report(name, build, one), show.strict)
    other = _analyze(versus.network(build(one))) if versus else None
    output.emit(_answer(report, show, versus.name if versus else "", other), show.out)
    conclude(report)


def _answer(report: Report, show: Show, name: str, other: Report | None) -> Iterator[str]:
    from cnncalc.cli.present import Wanted, present
    from cnncalc.render import one_layer
    from cnncalc.render.choice import Choice

    ascii_only = output.ascii_only()
    if show.format == "json":
        from cnncalc.render import report_json
        from cnncalc.render.json import dumps

        document = report_json.document(report, version=output.version())
        if other:
            document["versus"] = report_json.versus(report, other, name)
        yield dumps(document)
        yield "\n"
    elif show.format == "table":
        yield one_layer.text(report, show.layout, ascii_only=ascii_only)
        if other:
            yield "\n"
            yield one_layer.comparison(report, other, name, ascii_only=ascii_only)
    else:
        choice = Choice(layout=show.layout, ascii=ascii_only)
        yield from present(report, choice, Wanted(show.format))


def _report(name: str, build: Callable[[Mapping[str, Any]], Job], one: Mapping[str, Any]) -> Report:
    """The report on one setting. Raises CnncalcError that names the option at fault."""
    from cnncalc.network import chain

    try:
        job = build(one)
        report = _analyze(chain(name, job.shape, [(name, job.layer)]))
    except UnplacedError as problem:
        option = OPTION_OF.get(problem.field or "")
        message = f"{option}: {problem.message}" if option else problem.message
        raise CnncalcError(
            Diagnostic("error", problem.code, message, notes=problem.notes, help=problem.help)
        ) from None
    return report._replace(diagnostics=tuple(_fit_notes(job)))


def _analyze(network: Network) -> Report:
    from cnncalc.analysis.engine import analyze

    return analyze(network, formulas=True)


def _fit_notes(job: Job) -> Iterator[Diagnostic]:
    """A note per axis with an edge that is never read; equal axes are told once."""
    from cnncalc.layers._windowed import Windowed
    from cnncalc.questions.fit import note

    if not isinstance(job.layer, Windowed) or not any(job.layer.fit(job.shape)):
        return
    told = set()
    axes = zip(job.shape.axes, job.layer.windows(job.shape), job.shape.spatial, strict=True)
    for axis, window, size in reversed(list(axes)):
        most = window.kernel // 2 if job.layer.pads_half_at_most else None
        found = note(axis, window, size, most)
        if found and (window, size) not in told:
            yield found
        told.add((window, size))
