"""Answers of the one-layer commands: every formula with its numbers, or a table of settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from cnncalc.figures import FIGURES
from cnncalc.render.format import joined, labelled, per_axis
from cnncalc.render.steps import equation
from cnncalc.shapes import AXIS_WORDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from cnncalc.analysis.report import Report, Row
    from cnncalc.render.page import Page
    from cnncalc.render.table import Cell, Table

TABLE_FIGURES = ("weights", "params", "connections", "macs")


def text(report: Report, layout: str | None = None, *, ascii_only: bool = False) -> str:
    """The steps of the report's only layer, one per line, with the output among them."""
    return _lines(_pairs(report.rows[0], layout or report.layout), ascii_only)


def sizes(report: Report, layout: str | None = None, *, ascii_only: bool = False) -> str:
    """The steps of the output's size alone, and an empty line."""
    pairs = list(_pairs(report.rows[0], layout or report.layout))
    last = next(at for at, (label, _) in enumerate(pairs) if label == "output")
    return _lines(pairs[: last + 1], ascii_only) + "\n"


def comparison(report: Report, other: Report, name: str, *, ascii_only: bool = False) -> str:
    """The layer's figures beside those of other layers with the same output."""
    from cnncalc.render.report_json import COMPARED  # only --vs needs it

    layers = ", then ".join(_in_short(row, report.layout) for row in other.rows)
    pairs = [(f"versus {name}", layers)]
    for key in COMPARED:
        here, there = getattr(report.totals, key), getattr(other.totals, key)
        pairs.append((FIGURES[key].word, f"{here:,} against {there:,}{_factor(here, there)}"))
    return _lines(pairs, ascii_only)


def _pairs(row: Row, layout: str) -> Iterator[tuple[str, str]]:
    """Label and text of every line; axes with equal numbers are shown once."""
    lines = {
        step.field: (step.label, equation(step.formula, step.numbers, step.value), step.numbers)
        for step in row.steps
    }
    axes = [lines.pop(f"out.{letter}") for letter in row.out.axes[::-1] if f"out.{letter}" in lines]
    extra: Any = row.settings.get("output_padding", ())
    if any(extra):
        yield "output padding", f"a = {per_axis(extra)}"
    # Square windows on square inputs give the same line for every axis.
    seen: set[str] = set()
    for label, formula, numbers in axes:
        if numbers not in seen:
            yield label, formula
        seen.add(numbers)
    letters = row.out.letters(layout)
    order = f"   ({' × '.join(letters)})" if letters else ""
    yield "output", f"{row.out.text(layout, ' × ')}{order}"
    yield from ((label, formula) for label, formula, _ in lines.values())
    if not row.params:
        yield "params", "none: this layer has no parameters"


def _in_short(row: Row, layout: str) -> str:
    """A layer in a few words: its type, filter and output."""
    kernel = "×".join(map(str, row.settings.get("kernel", ())))  # type: ignore[call-overload]
    return " ".join(filter(None, [row.type, kernel, "to", row.out.text(layout)]))


def _factor(here: int, there: int) -> str:
    """The ratio of the larger to the smaller in words; empty where it is 1 or infinite."""
    if here == there or not (here and there):
        return ""
    word = "fewer" if there < here else "more"
    return f"   {max(here, there) / min(here, there):,.2f} times {word}"


def _lines(pairs: Iterable[tuple[str, str]], ascii_only: bool) -> str:
    return joined(labelled(pairs), ascii_only=ascii_only)


class SettingRow(NamedTuple):
    """One setting: the values that vary as written, and its report or why there is none."""

    words: tuple[str, ...]
    report: Report | None
    reason: str = ""

    @property
    def remark(self) -> str:
        """Why the setting fails, or what its windows leave unread."""
        if self.report is None:
            return self.reason
        unused = self.report.rows[-1].unused
        return f"{'×'.join(map(str, unused))} unused" if any(unused) else ""

    @property
    def figures(self) -> list[int | None]:
        """The figures of the table; None where the setting fails."""
        if self.report is None:
            return [None] * len(TABLE_FIGURES)
        return [FIGURES[key].of(self.report.totals) for key in TABLE_FIGURES]

    @property
    def sizes(self) -> dict[str, int]:
        """The output by axis letter."""
        return self.report.rows[-1].out.by_letter if self.report else {}


def settings(
    varying: Sequence[str],
    rows: Sequence[SettingRow],
    style: str,
    layout: str | None = None,
    page: Page | None = None,
) -> str:
    """A line per setting with its output, figures and remark, as `table`, `md`, `csv` or `tsv`.

    For spreadsheets the output is split by axis letter.
    """
    if style in ("csv", "tsv"):
        return _split(varying, rows).separated("," if style == "csv" else "\t")
    from cnncalc.render.page import PIPE

    table, page = _table(varying, rows, layout), page or PIPE
    if style in {"md", "latex"}:
        return table.written(style)
    return joined(table.lines(page=page))


def _table(varying: Sequence[str], rows: Sequence[SettingRow], layout: str | None) -> Table:
    from cnncalc.render.table import Column, Table  # one setting needs no table

    numbers = [*varying, "Output", *(FIGURES[key].heading for key in TABLE_FIGURES)]
    cells: list[list[Cell]] = []
    for row in rows:
        report = row.report
        output = report.rows[-1].out.text(layout or report.layout) if report else "-"
        cells.append([*row.words, output, *row.figures, row.remark])
    return Table([*map(Column, numbers), Column("Remark", "prose")], cells)


def _split(varying: Sequence[str], rows: Sequence[SettingRow]) -> Table:
    from cnncalc.render.table import Column, Table

    axes = [letter for letter in AXIS_WORDS if any(letter in row.sizes for row in rows)]
    keys = [*varying, *(f"out_{letter}" for letter in axes), *TABLE_FIGURES, "remark"]
    cells: list[list[Cell]] = []
    for row in rows:
        sizes = [row.sizes.get(letter) for letter in axes]
        cells.append([*row.words, *sizes, *row.figures, row.remark.replace("×", "x")])
    return Table([Column(key, key=key) for key in keys], cells)
