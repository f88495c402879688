"""Lines x columns -> texts: what the terminal table, plain text and Markdown have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cnncalc.render import fold
from cnncalc.render.choice import Choice
from cnncalc.render.columns import DEFAULT, Cell, Column, View, select, sorting
from cnncalc.render.format import display_width, grouped, printable, si, to_ascii

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnncalc.analysis.report import Report
    from cnncalc.render.fold import Shown, TableRow

USUAL = Choice()


class Sheet(NamedTuple):
    """The texts of a table: one tuple per line, one text per column.

    `total` is of the network, and empty where no column has one; `subtotal` is of the lines
    shown, where they are only a part of it.
    """

    columns: tuple[Column, ...]
    cells: list[tuple[str, ...]]
    total: tuple[str, ...] = ()
    subtotal: tuple[str, ...] = ()

    @property
    def headings(self) -> tuple[str, ...]:
        """The heading of each column."""
        return tuple(column.heading for column in self.columns)

    def every_row(self) -> list[tuple[str, ...]]:
        """Headings, lines and, where there are some, subtotal and total."""
        return [self.headings, *self.cells, *filter(None, (self.subtotal, self.total))]

    def widths(self) -> list[int]:
        """How wide each column is at its widest."""
        columns = zip(*self.every_row(), strict=True)
        return [max(map(display_width, column)) for column in columns]

    def without(self, key: str) -> Sheet:
        """The same sheet with one column less."""
        keep = [i for i, column in enumerate(self.columns) if column.key != key]
        return Sheet(
            tuple(self.columns[i] for i in keep),
            [tuple(cells[i] for i in keep) for cells in self.cells],
            tuple(self.total[i] for i in keep) if self.total else (),
            tuple(self.subtotal[i] for i in keep) if self.subtotal else (),
        )


def sheet(report: Report, choice: Choice = USUAL) -> Sheet:
    """The table of a report. Raises ChoiceError for columns or layers that do not exist."""
    view = _view(report, choice)
    shown = picked(report, choice)
    columns = _columns(choice.columns, shown, view)
    cells = [
        tuple([cell_text(column.cell(line, view), choice) for column in columns]) for line in shown
    ]
    part = fold.shown_part(report, choice, shown)
    sums = _subtotal(part, columns, view, choice) if part else ()
    return Sheet(columns, cells, _total(report, columns, choice), sums)


def part_line(report: Report, choice: Choice) -> list[str]:
    """What is shown of the network, for a table without sums; nothing where it is all of it."""
    part = fold.shown_part(report, choice, picked(report, choice))
    return [f"{part.text}; the totals are the network's"] if part else []


def _view(report: Report, choice: Choice) -> View:
    return View(report, choice.layout or report.layout, "x" if choice.ascii else "×")


def picked(report: Report, choice: Choice) -> list[TableRow]:
    """The lines of a table, sorted and cut to the top when asked."""
    shown = fold.lines(report, choice)
    if choice.sort:
        view = _view(report, choice)
        figure = sorting(choice.sort).cell
        shown.sort(key=lambda line: _size(figure(line, view)), reverse=True)
    return shown[: choice.top]


def title(report: Report, choice: Choice = USUAL) -> tuple[str, str]:
    """The network's name, and the letters in the order of the sizes: H × W × C."""
    layout = choice.layout or report.layout
    letters = " × ".join(report.inputs[0].shape.letters(layout)) if report.inputs else ""
    name = printable(report.name)
    return (to_ascii(name), to_ascii(letters)) if choice.ascii else (name, letters)


def _columns(keys: tuple[str, ...] | None, shown: list[TableRow], view: View) -> tuple[Column, ...]:
    """The chosen columns after the layer's name, or the usual ones that have something to say."""
    if keys is None:
        usual = select(DEFAULT)
        return tuple(c for c in usual if any(c.cell(line, view) is not None for line in shown))
    if "name" in keys:
        return select(keys)
    return select(("name", *(("type",) if "type" not in keys else ()), *keys))


def _total(report: Report, columns: tuple[Column, ...], choice: Choice) -> tuple[str, ...]:
    """The totals of the whole network, whatever lines are shown."""
    if not any(column.total for column in columns):
        return ()
    cells = [column.total(report.totals) if column.total else None for column in columns]
    return labelled("total", columns, [cell_text(cell, choice) for cell in cells])


def _subtotal(
    part: Shown, columns: tuple[Column, ...], view: View, choice: Choice
) -> tuple[str, ...]:
    """The sums of the lines shown, in the columns that have totals."""
    if not any(column.total for column in columns):
        return ()
    cells = [column.cell(part.line, view) if column.total else None for column in columns]
    return labelled(part.text, columns, [cell_text(cell, choice) for cell in cells])


def labelled(label: str, columns: Sequence[Column], texts: Sequence[str]) -> tuple[str, ...]:
    """Sums with their label in the column of names, or in the first."""
    place = next((i for i, column in enumerate(columns) if column.key == "name"), 0)
    return (*texts[:place], texts[place] or label, *texts[place + 1 :])


def cell_text(cell: Cell, choice: Choice) -> str:
    """A cell as the reader wants it: counts whole or with prefixes, signs in ASCII."""
    if cell is None:
        return ""
    if isinstance(cell, str):
        return to_ascii(printable(cell)) if choice.ascii else printable(cell)
    if isinstance(cell, float):
        return f"{cell:.1f}%"
    return si(cell) if choice.units == "si" else grouped(cell)


def _size(cell: Cell) -> float:
    return cell if isinstance(cell, (int, float)) else -1
