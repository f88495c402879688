"""Answers of `--training`: a table of bytes, and the `training` part of the JSON report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cnncalc.render.choice import Choice
from cnncalc.render.columns import ReportColumn, select
from cnncalc.render.format import bytes_text, printable, to_ascii
from cnncalc.render.page import PIPE
from cnncalc.render.report_table import flat, picked, summed
from cnncalc.render.schema import COUNT, TEXT, listed, record
from cnncalc.render.table import DELIMITERS, Column, Table, records

if TYPE_CHECKING:
    from cnncalc.analysis.report import Report, Totals
    from cnncalc.analysis.training import TrainingBytes, TrainingMemory
    from cnncalc.render.choice import Units
    from cnncalc.render.columns import CellStyle
    from cnncalc.render.fold import TableRow
    from cnncalc.render.page import Page
    from cnncalc.render.schema import Schema
    from cnncalc.render.table import Cell

USUAL = Choice()
HEADINGS = {
    "activations": "Activations",
    "parameters": "Parameters",
    "gradients": "Gradients",
    "optimiser": "Optimiser",
    "total": "Bytes",
}


def text(
    report: Report,
    training: TrainingMemory,
    assumption: str,
    choice: Choice = USUAL,
    page: Page = PIPE,
    *,
    totals: bool = False,
) -> str:
    """The table, unless only `totals` are asked for; one line with the totals; the assumption.

    Raises:
        ChoiceError: for layers that do not exist.
    """
    table = [] if totals else [printable(report.name), *_table(report, training, choice, page), ""]
    sums = summary(training, choice.units)
    footer = to_ascii(sums) if choice.ascii else sums
    forward = f"without gradients and optimiser: {bytes_text(_forward(training), choice.units)}"
    return "\n".join([*table, footer, forward, f"assumed: {assumption}", ""])


def summary(training: TrainingMemory, units: Units | None = None) -> str:
    """One line with the total and its parts.

    >>> from cnncalc.analysis.training import TrainingBytes, TrainingMemory
    >>> summary(TrainingMemory("sgd", "fp32", 1, {"fc": TrainingBytes(40, 440, 440, 0)}))
    'training with sgd (fp32, batch 1): 920 bytes = activations 40 bytes +
     parameters 440 bytes + gradients 440 bytes + optimiser 0 bytes'
    """
    share = training.total
    parts = [f"{key} {bytes_text(value, units)}" for key, value in share._asdict().items()]
    how = f"training with {training.optimiser} ({training.dtype}, batch {training.batch})"
    return f"{how}: {bytes_text(share.total, units)} = {' + '.join(parts)}"


def rows(
    report: Report,
    training: TrainingMemory,
    style: str,
    choice: Choice = USUAL,
    *,
    folded: bool = False,
) -> str:
    """A line per input and layer in one of the STYLES; of CSV and TSV, folded ones if asked for.

    Raises:
        ChoiceError: for layers that do not exist.
    """
    columns = (*select(("name", "type", "output")), *_columns(training))
    if style in DELIMITERS:
        keys, cells = flat(report, columns, choice if folded else None, inputs=True)
        return records([keys, *cells], DELIMITERS[style])
    table = summed(report, choice, picked(report, choice), columns)
    return table.written(style, choice.units)


def sums(training: TrainingMemory, style: str, units: Units | None = None) -> str:
    """The totals in one of the STYLES: a row for each figure."""
    columns = [Column("figure", "name", "figure"), Column("value", key="value")]
    entries: list[list[Cell]] = [[key, value] for key, value in _share(training.total).items()]
    return Table(columns, entries).written(style, units)


def _forward(training: TrainingMemory) -> int:
    """The bytes of parameters and of every output, as a forward pass in training fills them."""
    return training.total.activations + training.total.parameters


def document(training: TrainingMemory, assumption: str) -> dict[str, Any]:
    """The `training` part of the JSON report: the totals, then each input and layer."""
    return {
        "optimiser": training.optimiser,
        "assumption": assumption,
        "totals": _share(training.total),
        "layers": [{"name": name, **_share(share)} for name, share in training.rows.items()],
    }


def training_schema() -> Schema:
    """The schema of the `training` part of the report."""
    shares = dict.fromkeys((f"{key}_bytes" for key in HEADINGS), COUNT)
    layers = listed(record({"name": TEXT, **shares}))
    return record(
        {"optimiser": TEXT, "assumption": TEXT, "totals": record(shares), "layers": layers}
    )


def _share(share: TrainingBytes) -> dict[str, int]:
    return {f"{key}_bytes": getattr(share, key) for key in HEADINGS}


def _table(report: Report, training: TrainingMemory, choice: Choice, page: Page) -> list[str]:
    columns = (*select(("name", "type", "output")), *_columns(training))
    table = summed(report, choice, picked(report, choice), columns)
    table = table._replace(option=Table([], []).option)  # these columns cannot be chosen
    return table.lines(choice.units, page._replace(ascii=choice.ascii))


def _columns(training: TrainingMemory) -> tuple[ReportColumn, ...]:
    def of(key: str) -> ReportColumn:
        def cell(line: TableRow, _: CellStyle) -> Cell:
            # An input has no rows, but its activations are kept for training as well.
            names = [row.name for row in line.rows] or [line.name]
            figure: int = getattr(training.over(names), key)
            return figure

        def total(_: Totals) -> Cell:
            figure: int = getattr(training.total, key)
            return figure

        return ReportColumn(f"{key}_bytes", HEADINGS[key], "bytes of training", cell, total=total)

    return tuple(of(key) for key in HEADINGS)
