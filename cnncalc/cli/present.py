"""A report in the format that was asked for, and what is said beside it."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, NamedTuple

import typer

from cnncalc.cli import extra_tables, output
from cnncalc.errors import Diagnostic

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cnncalc.analysis.report import Report
    from cnncalc.cli.groups import Cost, Table
    from cnncalc.network import Network
    from cnncalc.render.choice import Choice


class Wanted(NamedTuple):
    """The format, and what beside the table belongs to it."""

    format: str = "table"
    totals: bool = False
    formulas: bool = False
    memory: bool = False
    folded: bool = False
    buffers: bool = False
    tool: str | None = None
    optimiser: str | None = None


def show(read: Callable[[], Network], cost: Cost, table: Table) -> None:
    """Analyse the network that `read` gives, print the report, then notes and warnings."""
    if table.columns == "help":
        from cnncalc.render.columns import help_text

        output.emit([help_text()])
        return
    wanted = Wanted(table.format, table.totals, table.formulas, table.memory, table.fold,
                    table.count_buffers, table.as_, table.training)  # fmt: skip
    with output.guarded(json=wanted.format == "json"):
        from cnncalc.analysis.engine import analyze

        report = analyze(read(), batch=cost.batch, dtype=cost.dtype, formulas=wanted.formulas)
        report = strictly(report, cost.strict)
        choice = table.choice(ascii_only=output.ascii_only())
        if wanted.totals or not (absent := _absent(report, choice.only)):
            output.emit(present(report, choice, wanted), table.out)
        else:
            output.tell([absent])
        conclude(report)


def _absent(report: Report, types: tuple[str, ...]) -> Diagnostic | None:
    """A note in place of a table that would have no line."""
    present = list(dict.fromkeys(row.type for row in report.rows))
    if not types or not set(types).isdisjoint(present):
        return None
    asked = " and no ".join(types)
    help_ = f"it has {', '.join(present)}"
    return Diagnostic("note", "empty", f"{report.name} has no {asked}", help=help_)


def strictly(report: Report, strict: str | None) -> Report:
    """The report with expectations that do not hold among its warnings, which --strict fails."""
    from cnncalc.analysis.expect import unmet
    from cnncalc.analysis.notes import promoted

    warnings = (unmet(check, "warning") for check in report.expect if not check.ok)
    remarks = tuple(promoted(remark, strict) for remark in (*report.diagnostics, *warnings))
    return report._replace(diagnostics=remarks)


def conclude(report: Report) -> None:
    """Print the notes and warnings; fail where --strict has made one an error."""
    output.tell(report.diagnostics)
    if not report.ok:
        raise typer.Exit(output.INVALID)


def present(report: Report, choice: Choice, wanted: Wanted) -> Iterator[str]:
    """The text of a report, in pieces."""
    if wanted.tool:
        yield from extra_tables.counted_as(report, wanted.tool, wanted.format)
    elif wanted.format == "json":
        from cnncalc.render import report_json
        from cnncalc.render.json import dumps

        document = report_json.document(report, version=output.version(), folded=wanted.folded)
        if wanted.totals:
            document["layers"] = []
        if wanted.optimiser:
            document["training"] = extra_tables.training_document(report, wanted.optimiser)
        yield dumps(document)
        yield "\n"
    elif wanted.optimiser:
        yield from extra_tables.trained(report, wanted.optimiser, choice, wanted)
    elif wanted.format == "jsonl":
        from cnncalc.render import report_json

        for line in report_json.jsonl(report.rows, folded=wanted.folded):
            yield f"{line}\n"
    elif wanted.format in ("csv", "tsv"):
        from cnncalc.render import report_table

        delimiter = "," if wanted.format == "csv" else "\t"
        yield report_table.separated(report, choice.columns, delimiter=delimiter)
    elif wanted.format == "md":
        from cnncalc.render import report_table

        yield report_table.markdown(report, choice)
    else:
        yield from _table(report, choice, wanted)


def _table(report: Report, choice: Choice, wanted: Wanted) -> Iterator[str]:
    from cnncalc.render import report_table, steps, summary

    if wanted.totals:
        lines = summary.lines(report, ascii_only=choice.ascii, memory=wanted.memory,
                              units=choice.units)  # fmt: skip
        yield "\n".join([*lines, ""])
    elif output.terminal() or output.colored():
        width = shutil.get_terminal_size((120, 24)).columns
        color = output.colored()
        yield report_table.terminal(report, choice, width=width, color=color, memory=wanted.memory)
    else:
        yield report_table.text(report, choice, memory=wanted.memory)
    if wanted.buffers:
        yield summary.with_buffers(report.totals, choice.units)
    if wanted.formulas:
        shown = [row for line in report_table.picked(report, choice) for row in line.rows]
        layout = choice.layout or report.layout
        yield from steps.sections(shown, layout=layout, ascii_only=choice.ascii)
