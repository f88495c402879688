"""The one writer of tables: aligned text, terminals (with rich), Markdown, CSV and TSV.

An answer builds a `Table` of bare cells; how they are written and aligned is decided here.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, NamedTuple

from cnncalc.render.format import count_text, display_width, joined, pad, printable, to_ascii

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import RenderableType
    from rich.table import Table as RichTable

    from cnncalc.render.choice import Units

Cell = int | float | str | None  # a count, a percentage, a text, nothing
Kind = Literal["number", "name", "text"]

GAP = "  "
MIN_CUT = 12  # columns of a terminal that a shortened text keeps
# In rich's notation for boxes: a rule under the titles and one above the totals, no others.
RULES = "    \n    \n ── \n    \n    \n ── \n    \n    \n"
# What Markdown would read as markup or as the end of the cell.
MARKS = str.maketrans({sign: f"\\{sign}" for sign in "\\|*`<[]"})
FORMULA = re.compile(r"[=+@-].")
NUMBER = re.compile(r"[+-]?\d[\d,.]*(?:e[+-]?\d+)?", re.IGNORECASE)


class Column(NamedTuple):
    """One column of a table.

    Numbers are aligned right, as are sizes such as 32×32×1; names and texts are aligned left.
    `key` is what options and CSV call the column. Where a terminal is too narrow, the columns
    of least `worth` are dropped first; None is never dropped. `meaning` is for `--columns help`.
    """

    title: str
    kind: Kind = "number"
    key: str = ""
    worth: int | None = None
    meaning: str = ""

    @property
    def right(self) -> bool:
        """Whether the cells are aligned right."""
        return self.kind == "number"


class Table(NamedTuple):
    """Rows of cells under titles; where there are sums, `total` is of everything.

    `subtotal` is of the rows shown, where they are only a part.
    """

    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    subtotal: Sequence[Cell] = ()
    total: Sequence[Cell] = ()

    def texts(self, units: Units | None = None, *, ascii_only: bool = False) -> TextTable:
        """The same table with every cell written out."""

        def texts(cells: Iterable[Cell]) -> list[str]:
            return [cell_text(cell, units, ascii_only=ascii_only) for cell in cells]

        titles = texts(column.title for column in self.columns)
        rows = list(map(texts, self.rows))
        return TextTable(self.columns, titles, rows, texts(self.subtotal), texts(self.total))

    def lines(
        self, units: Units | None = None, *, titles: bool = True, ascii_only: bool = False
    ) -> list[str]:
        """Every column as wide as its widest cell; nothing is cut.

        >>> Table([Column("W"), Column("Remark", "text")], [[1227, ""], [9, "rounds"]]).lines()
        ['    W  Remark', '1,227', '    9  rounds']
        """
        return self.texts(units, ascii_only=ascii_only).lines(titles=titles)

    def markdown(self, units: Units | None = None) -> str:
        """A GitHub table with the sums as last bold rows, each line ending in a newline.

        >>> print(Table([Column("Layer", "name"), Column("Params")], [["C1", 1500]]).markdown())
        | Layer | Params |
        | --- | ---: |
        | C1 | 1,500 |
        <BLANKLINE>
        """
        texts = self.texts(units)
        rows = [
            map(escaped, texts.titles),
            ("---:" if column.right else "---" for column in self.columns),
            *(map(escaped, cells) for cells in texts.rows),
            *(map(_bold, sums) for sums in (texts.subtotal, texts.total) if sums),
        ]
        return joined(f"| {' | '.join(row)} |" for row in rows)

    def separated(self, delimiter: str = ",") -> str:
        """RFC 4180 text under the columns' keys: plain numbers, nothing for None, no sums."""
        return records([[column.key for column in self.columns], *self.rows], delimiter)


class TextTable(NamedTuple):
    """A table whose cells are texts, ready to be aligned."""

    columns: Sequence[Column]
    titles: list[str]
    rows: list[list[str]]
    subtotal: list[str]
    total: list[str]

    def widths(self, *, titles: bool = True) -> list[int]:
        """How wide each column is at its widest."""
        rows = self._every_row()[0 if titles else 1 :]
        return [max(map(display_width, column)) for column in zip(*rows, strict=True)]

    @property
    def width(self) -> int:
        """The columns of a terminal that the table takes."""
        return sum(self.widths()) + len(GAP) * (len(self.columns) - 1)

    def lines(self, *, titles: bool = True) -> list[str]:
        """The aligned rows."""
        rows = self._every_row()[0 if titles else 1 :]
        widths, sides = self.widths(titles=titles), [column.right for column in self.columns]
        return [GAP.join(map(pad, row, widths, sides)).rstrip() for row in rows]

    def fitted(self, width: int) -> tuple[TextTable, list[str]]:
        """The table without the columns that do not fit a narrow terminal, and their keys."""
        table, dropped = self, list[str]()
        worths = {c: c.worth for c in self.columns if c.worth is not None}
        for column in sorted(worths, key=worths.__getitem__):
            if table.width <= width:
                break
            table = table._without(table.columns.index(column))
            dropped.append(column.key)
        return table, dropped

    def shortened(self, key: str, width: int, mark: str) -> TextTable:
        """The table with the texts of one column shortened until it is at most `width` wide."""
        at = [column.key for column in self.columns].index(key)
        left = max(width - self.width + self.widths()[at], MIN_CUT)
        rows = [[*row[:at], _shortened(row[at], left, mark), *row[at + 1 :]] for row in self.rows]
        return self._replace(rows=rows)

    def html(self, caption: str) -> str:
        """The same as an HTML table under a caption that is text."""
        from html import escape

        sides = [' style="text-align:right"' if column.right else "" for column in self.columns]

        def row(cells: list[str], tag: str = "td") -> str:
            parts = (
                f"<{tag}{side}>{escape(cell)}</{tag}>"
                for cell, side in zip(cells, sides, strict=True)
            )
            return f"<tr>{''.join(parts)}</tr>"

        body = "".join(map(row, self.rows))
        sums = "".join(row(cells, "th") for cells in (self.subtotal, self.total) if cells)
        head = row(self.titles, "th")
        return (
            f"<table><caption>{escape(caption)}</caption><thead>{head}</thead>"
            f"<tbody>{body}</tbody><tfoot>{sums}</tfoot></table>"
        )

    def _every_row(self) -> list[list[str]]:
        """Titles, rows and, where there are some, subtotal and total."""
        return [self.titles, *self.rows, *filter(None, (self.subtotal, self.total))]

    def _without(self, at: int) -> TextTable:
        """The same table without the column at this index."""

        def rest(cells: list[str]) -> list[str]:
            return [*cells[:at], *cells[at + 1 :]]

        columns = [*self.columns[:at], *self.columns[at + 1 :]]
        sums = rest(self.subtotal), rest(self.total)
        return TextTable(columns, rest(self.titles), list(map(rest, self.rows)), *sums)


def cell_text(cell: Cell, units: Units | None = None, *, ascii_only: bool = False) -> str:
    """A cell as people read it: counts grouped or with prefixes, floats as percentages.

    >>> cell_text(61706), cell_text(61706, "si"), cell_text(12.5), cell_text(None)
    ('61,706', '61.7 k', '12.5%', '')
    """
    if cell is None:
        return ""
    if isinstance(cell, str):
        return to_ascii(printable(cell)) if ascii_only else printable(cell)
    return f"{cell:.1f}%" if isinstance(cell, float) else count_text(cell, units)


def escaped(cell: str) -> str:
    r"""A text that stays in its Markdown cell and is shown literally.

    >>> print(escaped("a|b *c*"))
    a\|b \*c\*
    """
    return printable(cell).translate(MARKS)


def _bold(cell: str) -> str:
    return f"**{escaped(cell)}**" if cell else ""


def _shortened(cell: str, width: int, mark: str) -> str:
    """The beginning of a text that takes more than `width` columns, and a mark."""
    if display_width(cell) <= width:
        return cell
    while display_width(cell) > width - len(mark):
        cell = cell[:-1]
    return f"{cell.rstrip()}{mark}"


def records(rows: Iterable[Iterable[object]], delimiter: str = ",") -> str:
    r"""Rows of cells as RFC 4180 text with CRLF line ends: quotes where needed.

    A spreadsheet runs a text that begins with = + - @ as a formula, so a note from a stranger
    could start a program: such a text, unless it is a number, gets an apostrophe in front, which
    spreadsheets read as "this is text". Control characters are replaced, line breaks too.

    >>> records([["C1", -1, "-1", "=cmd|' /C calc'!A0", None]])
    "C1,-1,-1,'=cmd|' /C calc'!A0,\r\n"
    """
    import csv
    from io import StringIO

    out = StringIO(newline="")
    csv.writer(out, delimiter=delimiter).writerows([_field(cell) for cell in row] for row in rows)
    return out.getvalue()


def _field(cell: object) -> object:
    if not isinstance(cell, str):
        return cell
    text = printable(cell)
    return f"'{text}" if FORMULA.match(text) and not NUMBER.fullmatch(text) else text


def drawn(
    table: TextTable,
    *,
    title: tuple[str, str],
    footer: Sequence[str],
    width: int,
    color: bool = False,
    ascii_only: bool = False,
) -> str:
    """A table with rules for a terminal: both parts of the title above it, the footer below.

    Colour adds nothing that words and rules do not say as well.
    """
    parts = [_head(title, table.width), _ruled(table, ascii_only), "", *map(_styled, footer)]
    return _printed(parts, max(width, table.width), color)


def _head(title: tuple[str, str], width: int) -> RichTable:
    from rich.table import Table as RichTable
    from rich.text import Text

    head = RichTable.grid(padding=(0, len(GAP)))
    head.width = max(width, display_width(GAP.join(title)))
    head.add_column(ratio=1)
    head.add_column(justify="right", no_wrap=True)
    head.add_row(Text(title[0], style="bold"), Text(title[1], style="dim"))
    return head


def _ruled(table: TextTable, ascii_only: bool) -> RichTable:
    from rich.box import Box
    from rich.table import Table as RichTable
    from rich.text import Text

    box = Box(to_ascii(RULES), ascii=True) if ascii_only else Box(RULES)
    ruled = RichTable(box=box, show_edge=False, pad_edge=False, collapse_padding=True)
    ruled.show_footer = bool(table.total)
    for column, heading, total in zip(
        table.columns, table.titles, table.total or table.titles, strict=True
    ):
        ruled.add_column(
            Text(heading, style="bold"),
            Text(total, style="bold"),
            justify="right" if column.right else "left",
            no_wrap=True,
        )
    for cells in table.rows:
        ruled.add_row(*map(Text, cells))
    if table.subtotal:
        ruled.add_row(*(Text(cell, style="bold") for cell in table.subtotal))
    return ruled


def _styled(line: str) -> RenderableType:
    from rich.text import Text

    return Text(line, style="bold red" if line.endswith("FAILED") else "")


def _printed(parts: Iterable[RenderableType], width: int, color: bool) -> str:
    from io import StringIO

    from rich.console import Console

    out = StringIO()
    console = Console(
        file=out,
        width=width,
        force_terminal=color,
        color_system="standard" if color else None,
        markup=False,
        emoji=False,
        highlight=False,
        legacy_windows=False,
    )
    for part in parts:
        console.print(part, soft_wrap=True)
    return "".join(f"{line.rstrip()}\n" for line in out.getvalue().splitlines())
