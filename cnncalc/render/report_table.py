"""The table of a report, as text, for a terminal, in Markdown and as CSV or TSV."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.render import fold, summary
from cnncalc.render.choice import Choice
from cnncalc.render.columns import CSV, DEFAULT, CellStyle, select, sorting
from cnncalc.render.format import display_width, printable, to_ascii
from cnncalc.render.table import GAP, Table, drawn, records
from cnncalc.shapes import AXIS_WORDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from cnncalc.analysis.report import Report
    from cnncalc.render.columns import ReportColumn
    from cnncalc.render.fold import TableRow
    from cnncalc.render.table import Cell
    from cnncalc.shapes import Shape

USUAL = Choice()


def text(report: Report, choice: Choice = USUAL, *, memory: bool = False) -> str:
    """Title, table, totals and expectations without colour or rules: for pipes and files.

    Raises:
        ChoiceError: for columns or layers that do not exist.
    """
    cells = table(report, choice)
    rows = cells.lines(choice.units, ascii_only=choice.ascii)
    name, letters = title(report, choice)
    space = display_width(rows[0]) - display_width(name) - display_width(letters)
    head = f"{name}{' ' * max(len(GAP), space)}{letters}".rstrip()
    return "\n".join([head, *rows, "", *_footer(report, choice, cells, memory=memory), ""])


def lines(report: Report, choice: Choice = USUAL) -> list[str]:
    """The lines of the table without title and footer; the column titles come first.

    Raises:
        ChoiceError: for columns or layers that do not exist.
    """
    return table(report, choice).lines(choice.units, ascii_only=choice.ascii)


def terminal(
    report: Report,
    choice: Choice = USUAL,
    *,
    width: int = 100,
    color: bool = False,
    memory: bool = False,
) -> str:
    """The same with rules, for a terminal of this width, which may hide columns of less worth.

    Raises:
        ChoiceError: for columns or layers that do not exist.
    """
    cells = table(report, choice)
    texts = cells.texts(choice.units, ascii_only=choice.ascii)
    footer = _footer(report, choice, cells, memory=memory)
    if choice.columns is None:  # columns that were asked for are never dropped
        texts, dropped = texts.fitted(width)
        if dropped:
            footer.append(
                f"hidden to fit the terminal: {', '.join(dropped)} (--columns shows them)"
            )
    return drawn(
        texts,
        title=title(report, choice),
        footer=footer,
        width=width,
        color=color,
        ascii_only=choice.ascii,
    )


def markdown(report: Report, choice: Choice = USUAL) -> str:
    """A GitHub table of the chosen columns, with the sums as last bold rows.

    Raises:
        ChoiceError: for columns or layers that do not exist.
    """
    return table(report, choice).markdown(choice.units)


def table(report: Report, choice: Choice = USUAL) -> Table:
    """The cells of the chosen lines and columns, with the totals of the network.

    Raises:
        ChoiceError: for columns or layers that do not exist.
    """
    style, shown = style_of(report, choice), picked(report, choice)
    columns = _columns(choice.columns, shown, style)
    return summed(report, choice, shown, columns)


def summed(
    report: Report, choice: Choice, shown: list[TableRow], columns: Sequence[ReportColumn]
) -> Table:
    """The table of these lines and columns, with the totals of the columns that have any."""
    style = style_of(report, choice)
    cells = [[column.cell(line, style) for column in columns] for line in shown]
    heads = [column.head for column in columns]
    if not any(column.total for column in columns):
        return Table(heads, cells)
    sums = [column.total(report.totals) if column.total else None for column in columns]
    total = _labelled("at least" if report.incomplete else "total", columns, sums)
    part = fold.shown_part(report, choice, shown)
    if part is None:
        return Table(heads, cells, total=total)
    sums = [column.cell(part.line, style) if column.total else None for column in columns]
    return Table(heads, cells, _labelled(part.text, columns, sums), total)


def _labelled(label: str, columns: Sequence[ReportColumn], sums: list[Cell]) -> list[Cell]:
    """A row of sums with its label in the column of names."""
    return [label if c.key == "name" else cell for c, cell in zip(columns, sums, strict=True)]


def _footer(report: Report, choice: Choice, table: Table, *, memory: bool) -> list[str]:
    """The lines below the table; where no row of totals says so, also how much is shown."""
    footer = summary.lines(report, ascii_only=choice.ascii, memory=memory, units=choice.units)
    part = None if table.total else fold.shown_part(report, choice, picked(report, choice))
    return [f"{part.text}; totals are of the whole network", *footer] if part else footer


def style_of(report: Report, choice: Choice) -> CellStyle:
    """The layout and signs that cells are written in."""
    return CellStyle(report, choice.layout or report.layout, "x" if choice.ascii else "×")


def picked(report: Report, choice: Choice) -> list[TableRow]:
    """The lines of a table, sorted and cut to the first few where that is asked for.

    Raises:
        ChoiceError: for a layer that does not exist, or a column that cannot be sorted by.
    """
    shown = fold.lines(report, choice)
    if choice.sort:
        style = style_of(report, choice)
        figure = sorting(choice.sort).cell
        shown.sort(key=lambda line: _size(figure(line, style)), reverse=True)
    return shown[: choice.top]


def _size(cell: Cell) -> float:
    return cell if isinstance(cell, (int, float)) else -1


def title(report: Report, choice: Choice = USUAL) -> tuple[str, str]:
    """The network's name, and the letters of its axes in the order of the sizes: H × W × C."""
    layout = choice.layout or report.layout
    letters = " × ".join(report.inputs[0].shape.letters(layout)) if report.inputs else ""
    name = printable(report.name)
    return (to_ascii(name), to_ascii(letters)) if choice.ascii else (name, letters)


def _columns(
    keys: tuple[str, ...] | None, shown: list[TableRow], style: CellStyle
) -> tuple[ReportColumn, ...]:
    """The chosen columns after the layer's name, or those usual ones that are not empty."""
    if keys is None:
        usual = select(DEFAULT)
        return tuple(c for c in usual if any(c.cell(line, style) is not None for line in shown))
    if "name" in keys:
        return select(keys)
    return select(("name", *(("type",) if "type" not in keys else ()), *keys))


def separated(report: Report, columns: Sequence[str] | None = None, delimiter: str = ",") -> str:
    """One row per primitive layer as RFC 4180 text: plain numbers, no sums.

    Shapes take one column per axis letter that occurs (`out_h`, `out_w`, `out_c`).

    Raises:
        ChoiceError: for columns that do not exist.
    """
    # Text that programs read: sizes in ASCII, figures without marks.
    style = CellStyle(report, times="x", bare=True)
    rows = [line for line in fold.lines(report, Choice(expand=True)) if line.rows]
    parts = [part for column in select(columns or CSV) for part in _split(column, rows)]
    numbered = (line._replace(number=line.rows[0].index) for line in rows)
    cells = ([cell(line, style) for _, cell in parts] for line in numbered)
    return records([[key for key, _ in parts], *cells], delimiter)


def _split(
    column: ReportColumn, rows: list[TableRow]
) -> Iterable[tuple[str, Callable[[TableRow, CellStyle], Cell]]]:
    """A column as it is, or one per axis letter."""
    if column.key not in ("in", "output"):
        return [(column.key, column.cell)]
    read, word = (_in, "in") if column.key == "in" else (_out, "out")
    seen = {"c", *(letter for line in rows for letter in read(line).axes)}
    return [(f"{word}_{letter}", _axis(read, letter)) for letter in AXIS_WORDS if letter in seen]


def _axis(read: Callable[[TableRow], Shape], letter: str) -> Callable[[TableRow, CellStyle], Cell]:
    return lambda line, _: read(line).by_letter.get(letter)


def _in(line: TableRow) -> Shape:
    return line.rows[0].in_shapes[0]


def _out(line: TableRow) -> Shape:
    return line.out
