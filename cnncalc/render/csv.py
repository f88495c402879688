"""CSV and TSV for spreadsheets: one row per primitive layer, plain numbers, shapes split up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.render import fold
from cnncalc.render.choice import Choice
from cnncalc.render.columns import View, select
from cnncalc.render.delimited import records
from cnncalc.shapes import AXIS_WORDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from cnncalc.analysis.report import Report
    from cnncalc.render.columns import Cell, Column
    from cnncalc.render.fold import TableRow
    from cnncalc.shapes import Shape

DEFAULT = (
    "index", "name", "type", "output", "kernel", "stride", "padding", "weights", "biases",
    "params", "buffers", "connections", "macs", "rf",
)  # fmt: skip


def text(report: Report, columns: Sequence[str] | None = None, delimiter: str = ",") -> str:
    """The rows as RFC 4180 text: a header line, CRLF line ends, quotes where needed.

    Shapes take one column per axis letter that occurs (`out_h`, `out_w`, `out_c`). Raises
    ChoiceError for columns that do not exist.
    """
    return records(_rows(report, columns or DEFAULT), delimiter)


def _rows(report: Report, keys: Sequence[str]) -> Iterator[list[Cell]]:
    view = View(report, times="x", bare=True)
    rows = [line for line in fold.lines(report, Choice(expand=True)) if line.rows]
    parts = [part for column in select(keys) for part in _split(column, rows)]
    yield [heading for heading, _ in parts]
    for line in rows:
        numbered = line._replace(number=line.rows[0].index)
        yield [cell(numbered, view) for _, cell in parts]


def _split(
    column: Column, rows: list[TableRow]
) -> Iterable[tuple[str, Callable[[TableRow, View], Cell]]]:
    """A column as it is, or one per axis letter."""
    if column.key not in ("in", "output"):
        return [(column.key, column.cell)]
    read = _in if column.key == "in" else _out
    ranks = {read(line).axes for line in rows}
    seen = {"c", *(letter for axes in ranks for letter in axes)}
    word = "in" if column.key == "in" else "out"
    return [(f"{word}_{letter}", _axis(read, letter)) for letter in AXIS_WORDS if letter in seen]


def _axis(read: Callable[[TableRow], Shape], letter: str) -> Callable[[TableRow, View], Cell]:
    return lambda line, _: read(line).by_letter.get(letter)


def _in(line: TableRow) -> Shape:
    return line.rows[0].in_shapes[0]


def _out(line: TableRow) -> Shape:
    return line.out
