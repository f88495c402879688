"""Writes a report in the chosen format, with its notes and warnings."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import typer

from cnncalc.cli import output
from cnncalc.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from cnncalc.analysis.report import Moment, Report
    from cnncalc.errors import Diagnostic
    from cnncalc.render.choice import Choice


class ReportView(NamedTuple):
    """The format of a report, and what is shown beside the table."""

    format: str = "table"
    totals: bool = False
    formulas: bool = False
    memory: bool = False
    folded: bool = False
    buffers: bool = False
    tool: str | None = None
    optimiser: str | None = None
    out: str | None = None  # the file that is written
    timeline: Sequence[Moment] = ()  # for JSON


def strictly(report: Report, strict: str | None) -> Report:
    """Add unmet expectations to the report's warnings, and apply --strict to them."""
    from cnncalc.analysis.expect import unmet
    from cnncalc.analysis.notes import promoted

    failed = (unmet(check, "warning") for check in report.expect if not check.ok)
    remarks = tuple(promoted(remark, strict) for remark in (*report.diagnostics, *failed))
    return report._replace(diagnostics=remarks)


def conclude(report: Report, worth_telling: Iterable[Diagnostic] | None = None) -> None:
    """Print the notes and warnings, or those worth it; exit with 1 if --strict made one an error.

    Raises:
        typer.Exit: if one is an error.
    """
    output.tell(report.diagnostics if worth_telling is None else worth_telling)
    if not report.ok:
        raise typer.Exit(output.INVALID)


def written(report: Report, choice: Choice, view: ReportView) -> Iterator[str]:
    """The text of a report, in pieces. Raises CnncalcError for an unsupported format."""
    if view.tool:
        yield _counted_as(report, view.tool, view.format)
    elif view.format == "json":
        yield _document(report, view)
    elif view.optimiser:
        yield _training(report, view.optimiser, choice, view)
    elif view.totals and view.format != "table":
        yield _totals(report, view.format)
    elif view.format == "jsonl":
        from cnncalc.render import report_json

        for line in report_json.jsonl(report.rows, folded=view.folded):
            yield f"{line}\n"
    elif view.format in ("csv", "tsv"):
        from cnncalc.render import report_table

        delimiter = "," if view.format == "csv" else "\t"
        lines = choice if _folded(choice, view) else None
        yield report_table.separated(report, choice.columns, delimiter, lines)
    elif view.format == "md":
        from cnncalc.render import report_table

        yield report_table.markdown(report, choice)
    elif view.format == "latex":
        from cnncalc.render import report_table

        yield report_table.latex(report, choice)
    else:
        yield from _table(report, choice, view)


def _document(report: Report, view: ReportView) -> str:
    from cnncalc.render import report_json
    from cnncalc.render.json import dumps

    document = report_json.document(report, version=VERSION, folded=view.folded,
                                   timeline=view.timeline)  # fmt: skip
    if view.totals:
        document["layers"] = []
    if view.optimiser:
        from cnncalc.analysis.training import ASSUMPTION, training
        from cnncalc.render.training import document as training_document

        document["training"] = training_document(training(report, view.optimiser), ASSUMPTION)
    return f"{dumps(document)}\n"


def _totals(report: Report, format_: str) -> str:
    """The totals as rows of a figure and its value."""
    from cnncalc.render import summary
    from cnncalc.render.json import json_lines

    table = summary.table(report)
    if format_ != "jsonl":
        return table.written(format_)
    keys = [column.key for column in table.columns]
    return json_lines(dict(zip(keys, row, strict=True)) for row in table.rows)


def _counted_as(report: Report, tool: str, format_: str) -> str:
    """The figures of another tool."""
    from cnncalc.questions.peers import count_as
    from cnncalc.render import json, peers

    counted = count_as(report, tool)
    if format_ == "json":
        return f"{json.dumps(peers.document(report, counted, version=VERSION))}\n"
    if format_ == "jsonl":
        return json.json_lines(peers.rows(counted))
    if format_ != "table":
        return peers.written(counted, format_)
    return peers.text(report, counted, output.page())


def _training(report: Report, optimiser: str, choice: Choice, view: ReportView) -> str:
    """The bytes of training: a table, or rows."""
    from cnncalc.analysis.training import ASSUMPTION, training
    from cnncalc.render import training as render
    from cnncalc.render.json import json_lines

    memory = training(report, optimiser)
    if view.format == "table":
        page = output.page(view.out)
        return render.text(report, memory, ASSUMPTION, choice, page, totals=view.totals)
    if view.format == "jsonl":
        document = render.document(memory, ASSUMPTION)
        return json_lines([document["totals"]] if view.totals else document["layers"])
    if view.totals:
        return render.sums(memory, view.format, choice.units)
    return render.rows(report, memory, view.format, choice, folded=_folded(choice, view))


def _folded(choice: Choice, view: ReportView) -> bool:
    """Whether rows for programs are the lines of the table, rather than every layer."""
    return view.folded or choice.picks or choice.depth is not None


def _table(report: Report, choice: Choice, view: ReportView) -> Iterator[str]:
    from cnncalc.render import report_table, steps, summary

    page = output.page(view.out)
    if view.totals:
        lines = summary.lines(report, page, memory=view.memory, units=choice.units)
        yield "\n".join([*lines, ""])
    else:
        yield report_table.text(report, choice, page, memory=view.memory)
    if view.buffers:
        yield summary.with_buffers(report.totals, choice.units)
    if view.formulas:
        shown = [row for line in report_table.picked(report, choice) for row in line.rows]
        layout = choice.layout or report.layout
        yield from steps.sections(shown, layout=layout, ascii_only=choice.ascii)
