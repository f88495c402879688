"""The table of a report, as text, in Markdown and as CSV or TSV."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.render import fold, summary
from cnncalc.render.choice import Choice
from cnncalc.render.columns import COLUMNS, CSV, DEFAULT, SPARE, CellStyle, select, sorting
from cnncalc.render.format import display_width, printable, to_ascii
from cnncalc.render.page import GAP, PIPE, Marked, Page, bar, visible_width, wrapped
from cnncalc.render.table import Column, Table, records
from cnncalc.shapes import AXIS_WORDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from cnncalc.analysis.report import Report
    from cnncalc.render.columns import ReportColumn
    from cnncalc.render.fold import TableRow
    from cnncalc.render.table import Cell
    from cnncalc.shapes import Shape

USUAL = Choice()
# Columns that the longest bar takes: in a pipe, and on a terminal.
BARRED = ("params", "macs")  # columns whose cells have bars in HTML
USUAL_BAR, LEAST_BAR, LONGEST_BAR = 24, 8, 48


def text(report: Report, choice: Choice = USUAL, page: Page = PIPE, *, memory: bool = False) -> str:
    """Title, table, totals and expectations.

    A terminal may hide columns of less worth; a last line then says which.

    Raises:
        ChoiceError: for columns or layers that do not exist.
    """
    page = page._replace(ascii=choice.ascii)
    cells = table(report, choice, page, memory=memory)
    rows, missing = cells.fitted(choice.units, page)
    head = _head(title(report, choice), max(map(visible_width, rows[:2])), page)
    footer = [*_footer(report, choice, cells, page, memory=memory), *cells.absent(missing)]
    return "\n".join([*head, *rows, "", *footer, ""])


def _head(title: tuple[str, str], width: int, page: Page) -> list[str]:
    """Name and letters at the two ends of a line, or below each other where they do not fit."""
    name, letters = title
    space = width - display_width(name) - display_width(letters)
    if page.width is not None and display_width(GAP.join(title)) > page.width:
        parts = [page.paint(name, "heading"), page.paint(letters, "faint")]
        return [line for part in parts if part for line in wrapped(part, page.width)]
    gap = " " * max(len(GAP), space)
    return [f"{page.paint(name, 'heading')}{gap}{page.paint(letters, 'faint')}".rstrip()]


def lines(report: Report, choice: Choice = USUAL, page: Page = PIPE) -> list[str]:
    """The lines of the table without title and footer; the column titles come first.

    Raises:
        ChoiceError: for columns or layers that do not exist.
    """
    page = page._replace(ascii=choice.ascii)
    return table(report, choice, page).lines(choice.units, page)


def markdown(report: Report, choice: Choice = USUAL) -> str:
    """A GitHub table of the chosen columns, with the sums as last bold rows.

    Raises:
        ChoiceError: for columns or layers that do not exist.
    """
    page = Page(ascii=choice.ascii)
    return table(report, choice, page).markdown(choice.units)


def latex(report: Report, choice: Choice = USUAL) -> str:
    """The same as a LaTeX table.

    Raises:
        ChoiceError: for columns or layers that do not exist.
    """
    page = Page(ascii=choice.ascii)
    return table(report, choice, page).latex(choice.units)


def table(
    report: Report, choice: Choice = USUAL, page: Page = PIPE, *, memory: bool = False
) -> Table:
    """The cells of the chosen lines and columns, with the totals of the network.

    With `memory`, the layer that holds the peak is marked.

    Raises:
        ChoiceError: for columns or layers that do not exist.
    """
    style, shown = style_of(report, choice), picked(report, choice)
    columns = _columns(choice, shown, style)
    cells = summed(report, choice, shown, columns)
    if figure := choice.bars or choice.sort:  # worth more than the other figures
        worth = {key: SPARE.index("index") for key in ("macs", "params") if key != figure}
        heads = [head._replace(worth=worth.get(head.key, head.worth)) for head in cells.columns]
        cells = cells._replace(columns=heads)
    if choice.bars:
        figures = [COLUMNS[choice.bars].cell(line, style) for line in shown]
        cells = _with_bars(cells, choice, figures, page)
    if choice.columns is not None:  # columns that were asked for are never left out
        kept = [column._replace(worth=None) for column in cells.columns]
        cells = cells._replace(columns=kept)
    return _marking_peak(cells, report, shown) if memory else cells


def _with_bars(table: Table, choice: Choice, figures: Sequence[Cell], page: Page) -> Table:
    """The table with a bar beside each line; the longest takes the width that there is."""
    column = Column("", "text", "bars")

    def drawn(width: int) -> Table:
        bars = [bar(_size(figure), max(map(_size, figures)), width, page) for figure in figures]
        rows = [[*row, bar] for row, bar in zip(table.rows, bars, strict=True)]
        subtotal, total = ((*sums, "") if sums else () for sums in (table.subtotal, table.total))
        columns = [*table.columns, column]
        return table._replace(columns=columns, rows=rows, subtotal=subtotal, total=total)

    if page.width is None:
        return drawn(USUAL_BAR)
    kept, _ = drawn(LEAST_BAR).texts(choice.units, ascii_only=page.ascii).fitted(page.width)
    return drawn(min(max(page.width - kept.width + LEAST_BAR, LEAST_BAR), LONGEST_BAR))


def _marking_peak(table: Table, report: Report, shown: Sequence[TableRow]) -> Table:
    """The table with a mark on the name of the layer during which most memory is in use."""
    peak = report.totals.memory.peak
    at = [column.key for column in table.columns].index("name")
    rows = [list(row) for row in table.rows]
    for line, row in zip(shown, rows, strict=True):
        if peak and peak.layer in {each.name for each in line.rows}:
            row[at] = Marked(str(row[at]), "notable")
    return table._replace(rows=rows)


def summed(
    report: Report, choice: Choice, shown: list[TableRow], columns: Sequence[ReportColumn]
) -> Table:
    """The table of these lines and columns, with the totals of the columns that have any."""
    style = style_of(report, choice)
    cells = [[column.cell(line, style) for column in columns] for line in shown]
    heads = [column.head for column in columns]
    if not any(column.total for column in columns):
        return Table(heads, cells, option="--columns")
    sums = [column.total(report.totals) if column.total else None for column in columns]
    total = _labelled("at least" if report.incomplete else "total", columns, sums)
    part = fold.shown_part(report, choice, shown)
    if part is None:
        return Table(heads, cells, total=total, option="--columns")
    sums = [column.cell(part.line, style) if column.total else None for column in columns]
    return Table(heads, cells, _labelled(part.text, columns, sums), total, "--columns")


def _labelled(label: str, columns: Sequence[ReportColumn], sums: list[Cell]) -> list[Cell]:
    """A row of sums with its label in the column of names."""
    return [label if c.key == "name" else cell for c, cell in zip(columns, sums, strict=True)]


def _footer(report: Report, choice: Choice, table: Table, page: Page, *, memory: bool) -> list[str]:
    """The lines below the table; where no row of totals says so, also how much is shown."""
    footer = summary.lines(report, page, memory=memory, units=choice.units)
    part = None if table.total else fold.shown_part(report, choice, picked(report, choice))
    return [f"{part.text}; totals are of the whole network", *footer] if part else footer


def style_of(report: Report, choice: Choice) -> CellStyle:
    """The layout and signs that cells are written in."""
    # Whoever chooses columns or bars needs the width for these.
    usual = choice.columns is None and choice.bars is None and choice.sort is None
    times = "x" if choice.ascii else "×"
    return CellStyle(report, choice.layout or report.layout, times, detailed=usual)


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


def _columns(choice: Choice, shown: list[TableRow], style: CellStyle) -> tuple[ReportColumn, ...]:
    """The chosen columns after the layer's name, or those usual ones that are not empty.

    A figure that the lines are sorted by, or that bars are drawn of, has its share beside it.
    """
    keys = choice.columns
    if keys is None:
        usual = select(DEFAULT)
        full = [c for c in usual if any(c.cell(line, style) is not None for line in shown)]
        for key in dict.fromkeys(filter(None, (choice.sort, choice.bars))):
            full += [COLUMNS[key]] if key not in [column.key for column in full] else []
            share = COLUMNS.get(f"{key}%")
            if share:
                full.insert([column.key for column in full].index(key) + 1, share)
        return tuple(full)
    if "name" in keys:
        return select(keys)
    return select(("name", *(("type",) if "type" not in keys else ()), *keys))


def separated(
    report: Report,
    columns: Sequence[str] | None = None,
    delimiter: str = ",",
    choice: Choice | None = None,
) -> str:
    """One row per primitive layer as RFC 4180 text: plain numbers, no sums.

    With a `choice`, one row per line of its table instead, without the inputs. Shapes take one
    column per axis letter that occurs (`out_h`, `out_w`, `out_c`).

    Raises:
        ChoiceError: for columns that do not exist.
    """
    keys, cells = flat(report, select(columns or CSV), choice)
    return records([keys, *cells], delimiter)


def flat_rows(report: Report, columns: Sequence[str] | None = None) -> list[dict[str, object]]:
    """The rows of `separated` as dicts; an empty cell is None.

    Raises:
        ChoiceError: for columns that do not exist.
    """
    keys, cells = flat(report, select(columns or CSV))
    return [dict(zip(keys, row, strict=True)) for row in cells]


def flat(
    report: Report,
    columns: Iterable[ReportColumn],
    choice: Choice | None = None,
    *,
    inputs: bool = False,
) -> tuple[list[str], list[list[Cell]]]:
    """The keys and the cells of one row per primitive layer or line, for programs.

    Raises:
        ChoiceError: for a layer that does not exist.
    """
    # Text that programs read: sizes in ASCII, figures without marks.
    style = CellStyle(report, times="x", bare=True)
    shown = picked(report, choice) if choice else fold.lines(report, Choice(expand=True))
    rows = [line for line in shown if line.rows or inputs]
    parts = [part for column in columns for part in _split(column, rows)]
    numbered = rows if choice else [x._replace(number=_index(x)) for x in rows]
    cells = [[cell(line, style) for _, cell in parts] for line in numbered]
    return [key for key, _ in parts], cells


def html(report: Report, choice: Choice = USUAL) -> str:
    """The table as HTML, styled inline and without scripts, for notebooks.

    Lines under parameters and MACs are their shares of the totals, as on the page of `report`.

    Raises:
        ChoiceError: for columns or layers that do not exist.
    """
    from html import escape

    cells = table(report, choice)
    footer = "<br/>".join(map(escape, _footer(report, choice, cells, PIPE, memory=False)))
    caption = " ".join(title(report, choice))
    return f"{cells.texts(choice.units).html(caption, _shares(cells))}<p>{footer}</p>"


def _shares(cells: Table) -> list[list[float]]:
    """Per row and cell, how many percent of the total it is, in the columns that have bars."""
    sums = cells.total or [None] * len(cells.columns)
    totals = [
        total if isinstance(total, int) and column.key in BARRED else 0
        for column, total in zip(cells.columns, sums, strict=True)
    ]
    return [
        [100 * cell / total if total and isinstance(cell, int) else 0.0
         for cell, total in zip(row, totals, strict=True)]
        for row in cells.rows
    ]  # fmt: skip


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


def _index(line: TableRow) -> int:
    """The number of a line's first layer in the network; an input has that of its line."""
    return line.rows[0].index if line.rows else line.number


def _out(line: TableRow) -> Shape:
    return line.out
