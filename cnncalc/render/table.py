"""The one writer of tables: aligned text, terminals (with rich), Markdown, CSV and TSV.

An answer builds a `Table` of bare cells; how they are written and aligned is decided here.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, NamedTuple

from cnncalc.render.format import count_text, display_width, joined, pad, printable, to_ascii
from cnncalc.render.page import GAP, PIPE, Marked, cut_end, cut_middle, style_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from cnncalc.render.choice import Units
    from cnncalc.render.page import Page

Cell = int | float | str | None  # a count, a percentage, a text, nothing
Kind = Literal["number", "name", "text", "prose"]

LEAST_SHARE = 0.05  # percent that a bar shows
MIN_CUT = 12  # columns of a terminal that a shortened text keeps
ROOM = 24  # columns that a long text may take before others are left out
DELIMITERS = {"csv": ",", "tsv": "\t"}
STYLES = frozenset({"md", "latex", *DELIMITERS})  # formats that any table can be written in
CUT: tuple[Kind, ...] = ("name", "text")  # the kinds of columns that are shortened
# What Markdown would read as markup or as the end of the cell.
MARKS = str.maketrans({sign: f"\\{sign}" for sign in "\\|*`<[]"})
FORMULA = re.compile(r"[=+@-].")
NUMBER = re.compile(r"[+-]?\d[\d,.]*(?:e[+-]?\d+)?", re.IGNORECASE)


class Column(NamedTuple):
    """One column of a table.

    Numbers are aligned right, as are sizes such as 32×32×1; the others are aligned left. `key` is
    what options and CSV call the column. Where a terminal is too narrow, the columns of least
    `worth` go first; None never goes. Then names lose their middle and texts their end, while
    `prose` takes several lines. A column that is `joined` stays beside the one before it.
    `meaning` is for `--columns help`.
    """

    title: str
    kind: Kind = "number"
    key: str = ""
    worth: int | None = None
    meaning: str = ""
    joined: bool = False

    @property
    def right(self) -> bool:
        """Whether the cells are aligned right."""
        return self.kind == "number"


class Table(NamedTuple):
    """Rows of cells under titles; where there are sums, `total` is of everything.

    `subtotal` is of the rows shown, where they are only a part. `option` is what shows columns
    that a narrow terminal has no room for.
    """

    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    subtotal: Sequence[Cell] = ()
    total: Sequence[Cell] = ()
    option: str = "-o FILE"

    def texts(self, units: Units | None = None, *, ascii_only: bool = False) -> TextTable:
        """The same table with every cell written out."""

        def texts(cells: Iterable[Cell]) -> list[str]:
            return [cell_text(cell, units, ascii_only=ascii_only) for cell in cells]

        titles = texts(column.title for column in self.columns)
        rows = list(map(texts, self.rows))
        return TextTable(self.columns, titles, rows, texts(self.subtotal), texts(self.total))

    def lines(
        self,
        units: Units | None = None,
        page: Page = PIPE,
        *,
        titles: bool = True,
        indent: int = 0,
    ) -> list[str]:
        """The table as it stands on this page; a last line says what a terminal has no room for.

        >>> Table([Column("W"), Column("Remark", "text")], [[1227, ""], [9, "rounds"]]).lines()
        ['    W  Remark', '1,227', '    9  rounds']
        """
        lines, missing = self.fitted(units, page, titles=titles, indent=indent)
        return [*lines, *self.absent(missing)]

    def absent(self, keys: Sequence[str]) -> list[str]:
        """The line that says which columns are not shown, and how to see them."""
        if not keys:
            return []
        return [f"not shown for want of width: {', '.join(keys)} ({self.option} shows them)"]

    def fitted(
        self,
        units: Units | None = None,
        page: Page = PIPE,
        *,
        titles: bool = True,
        indent: int = 0,
    ) -> tuple[list[str], list[str]]:
        """The lines of the table on this page, and the keys of the columns that are left out."""
        table, missing = self.texts(units, ascii_only=page.ascii), list[str]()
        if not titles:
            table = table._replace(titles=[""] * len(table.columns))
        blocks = [table]
        if page.width is not None:
            width = page.width - indent
            table, missing = table.fitted(width)
            blocks = table.shortened(width, page.mark).blocks(width, page.mark)
        lines: list[str] = []
        for block in blocks:
            lines += [""] if lines else []
            lines += block.lines(page, titles=titles, indent=indent)
        return lines, missing

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

    def latex(self, units: Units | None = None) -> str:
        r"""A tabular environment that needs no package, with the sums below a rule.

        >>> print(Table([Column("Layer", "name"), Column("Params")], [["C_1", 1500]]).latex())
        \begin{tabular}{lr}
        \hline
        Layer & Params \\
        \hline
        C\_1 & 1,500 \\
        \hline
        \end{tabular}
        <BLANKLINE>
        """
        from cnncalc.render.latex import latex_text

        texts = self.texts(units)

        def lines(rows: Iterable[Iterable[str]]) -> list[str]:
            return [f"{' & '.join(map(latex_text, row))} \\\\" for row in rows]

        sides = "".join("r" if column.right else "l" for column in self.columns)
        sums = lines(row for row in (texts.subtotal, texts.total) if row)
        rule = r"\hline"
        return joined(
            [
                f"\\begin{{tabular}}{{{sides}}}",
                *(rule, *lines([texts.titles])),
                *(rule, *lines(texts.rows)),
                *((rule, *sums) if sums else ()),
                *(rule, r"\end{tabular}"),
            ]
        )

    def separated(self, delimiter: str = ",") -> str:
        """RFC 4180 text under the columns' keys: plain numbers, nothing for None, no sums.

        Sizes are written with x, which keys can type and scripts look for.
        """
        rows = (
            [
                cell.replace("×", "x") if column.right and isinstance(cell, str) else cell
                for cell, column in zip(row, self.columns, strict=False)
            ]
            for row in self.rows
        )
        return records([[column.key for column in self.columns], *rows], delimiter)

    def written(self, style: str, units: Units | None = None) -> str:
        """The table in one of the STYLES."""
        if style == "md":
            return self.markdown(units)
        return self.latex(units) if style == "latex" else self.separated(DELIMITERS[style])


class TextTable(NamedTuple):
    """A table whose cells are texts, ready to be aligned."""

    columns: Sequence[Column]
    titles: list[str]
    rows: list[list[str]]
    subtotal: list[str]
    total: list[str]

    @property
    def widths(self) -> list[int]:
        """How wide each column is at its widest."""
        return [max(map(display_width, column)) for column in zip(*self._every_row(), strict=True)]

    @property
    def width(self) -> int:
        """The columns of a terminal that the table takes."""
        return _across(self.widths)

    def lines(self, page: Page = PIPE, *, titles: bool = True, indent: int = 0) -> list[str]:
        """The aligned rows; on a terminal with a rule under the titles and one above the sums."""
        widths = self.widths
        if page.width is not None:  # prose takes the width that the other columns leave
            room = page.width - indent - _across(widths) + widths[-1]
            prose = self.columns[-1].kind == "prose"
            widths[-1] = max(min(widths[-1], room), MIN_CUT) if prose else widths[-1]
        margin = " " * indent
        if page.ruled:
            from cnncalc.render.terminal import Ruled, printed, ruled

            sides = (column.right for column in self.columns)
            totals = self.total or [""] * len(widths)
            heads = self.titles if titles else [""] * len(widths)
            columns = list(map(Ruled, heads, totals, widths, sides))
            drawn = ruled(columns, self.rows, self.subtotal, page)
            lines = printed(drawn, _across(widths), color=page.color)
        else:
            rows = self._every_row()[0 if titles else 1 :]
            right = [column.right for column in self.columns]
            lines = [GAP.join(map(pad, row, widths, right)) for row in rows]
        return [f"{margin}{line}".rstrip() for line in lines]

    def fitted(self, width: int) -> tuple[TextTable, list[str]]:
        """The table without the columns that do not fit a narrow terminal, and their keys."""
        table, dropped = self, list[str]()
        worths = {c: c.worth for c in self.columns if c.worth is not None}
        for column in sorted(worths, key=worths.__getitem__):
            if table.least <= width:
                break
            table = table._picked([each for each in table.columns if each != column])
            dropped.append(column.key or column.title)
        return table, dropped

    @property
    def least(self) -> int:
        """The columns of a terminal that the table takes where long words are cut or wrapped."""
        return _across(self._at_most(ROOM, (*CUT, "prose")))

    @property
    def narrowest(self) -> int:
        """The columns of a terminal that the table takes where prose is wrapped."""
        return _across(self._at_most(ROOM, ("prose",)))

    def _at_most(self, room: int, kinds: Sequence[Kind]) -> list[int]:
        """The widths of the columns, those of some kinds limited."""
        pairs = zip(self.widths, self.columns, strict=True)
        return [min(width, room) if column.kind in kinds else width for width, column in pairs]

    def shortened(self, width: int, mark: str) -> TextTable:
        """The table with names and texts cut as far as this width asks for, the longest first.

        Where even short names do not make it fit, the table will stand in blocks, and names keep
        the usual room.
        """
        limits, kinds = self._at_most(ROOM, ("prose",)), [column.kind for column in self.columns]
        shortest = self._at_most(MIN_CUT, (*CUT, "prose"))
        if _across(shortest) > width:
            return self._cut(self._at_most(min(ROOM, width // 2), CUT), mark)
        while _across(limits) > width:
            longest = max(range(len(limits)), key=lambda at: limits[at] * (kinds[at] in CUT))
            if limits[longest] <= MIN_CUT:
                break
            limits[longest] -= 1
        return self._cut(limits, mark)

    def blocks(self, width: int, mark: str) -> list[TextTable]:
        """The table in parts that fit side by side no more: each begins with the first column."""
        if self.narrowest <= width or len(self.columns) <= 1:
            return [self]
        first, *others = self.columns

        def fits(some: Sequence[Column]) -> bool:
            return self._picked([first, *some]).narrowest <= width

        parts: list[list[Column]] = [[]]
        for columns in _together(others, fits):
            if parts[-1] and not fits([*parts[-1], *columns]):
                parts.append([])
            parts[-1] += columns
        # A column that is too wide even alone is cut, whatever it holds.
        room = max(width - _across([self.widths[0], 0]), MIN_CUT)
        return [
            self._picked([first, *p]).limited(room if len(p) == 1 else width, mark) for p in parts
        ]

    def limited(self, width: int, mark: str) -> TextTable:
        """The table with no cell of a later column wider than this."""
        return self._cut([self.widths[0], *([width] * (len(self.columns) - 1))], mark)

    def _cut(self, limits: Sequence[int], mark: str) -> TextTable:
        """The table with cells of at most these widths."""

        def cut(cells: list[str]) -> list[str]:
            sides = zip(cells, limits, self.columns, strict=False)
            return [_shortened(cell, limit, mark, column.kind) for cell, limit, column in sides]

        sums = cut(self.subtotal), cut(self.total)
        return TextTable(self.columns, cut(self.titles), list(map(cut, self.rows)), *sums)

    def html(self, caption: str, bars: Sequence[Sequence[float]] = ()) -> str:
        """The same as an HTML table under a caption that is text.

        `bars` are, per row and cell, percent of the cell that a line under its text takes.
        """
        from html import escape

        right = ["text-align:right" if column.right else "" for column in self.columns]
        none = [0.0] * len(right)

        def row(cells: list[str], tag: str = "td", shares: Sequence[float] = none) -> str:
            styles = (
                ";".join(filter(None, (side, _underline(share))))
                for side, share in zip(right, shares, strict=True)
            )
            parts = (
                f'<{tag} style="{style}">{escape(cell)}</{tag}>'
                if style
                else f"<{tag}>{escape(cell)}</{tag}>"
                for cell, style in zip(cells, styles, strict=True)
            )
            return f"<tr>{''.join(parts)}</tr>"

        lines = zip(self.rows, bars or [none] * len(self.rows), strict=True)
        body = "".join(row(cells, shares=shares) for cells, shares in lines)
        sums = "".join(row(cells, "th") for cells in (self.subtotal, self.total) if cells)
        head = row(self.titles, "th")
        return (
            f"<table><caption>{escape(caption)}</caption><thead>{head}</thead>"
            f"<tbody>{body}</tbody><tfoot>{sums}</tfoot></table>"
        )

    def _every_row(self) -> list[list[str]]:
        """Titles, rows and, where there are some, subtotal and total."""
        return [self.titles, *self.rows, *filter(None, (self.subtotal, self.total))]

    def _picked(self, columns: Sequence[Column]) -> TextTable:
        """The same table with only these of its columns."""
        places = [at for at, column in enumerate(self.columns) if any(column is c for c in columns)]

        def some(cells: list[str]) -> list[str]:
            return [cells[at] for at in places] if cells else []

        sums = some(self.subtotal), some(self.total)
        return TextTable(columns, some(self.titles), list(map(some, self.rows)), *sums)


def _across(widths: Sequence[int]) -> int:
    """The width of columns side by side."""
    return sum(widths) + len(GAP) * (len(widths) - 1)


def _together(
    columns: Iterable[Column], fits: Callable[[list[Column]], bool]
) -> Iterator[list[Column]]:
    """Columns that stay beside each other, unless they do not fit even so."""
    together: list[Column] = []
    for column in columns:
        if together and column.joined and fits([*together, column]):
            together.append(column)
            continue
        if together:
            yield together
        together = [column]
    yield together


def _underline(share: float) -> str:
    """The style of a cell under whose text a line takes so many percent of it."""
    if share < LEAST_SHARE:
        return ""
    colour = "linear-gradient(#0072b2,#0072b2)"
    return f"background:{colour} right bottom/{share:.1f}% 3px no-repeat"


def cell_text(cell: Cell, units: Units | None = None, *, ascii_only: bool = False) -> str:
    """A cell as people read it: counts grouped or with prefixes, floats as percentages.

    >>> cell_text(61706), cell_text(61706, "si"), cell_text(12.5), cell_text(None)
    ('61,706', '61.7 k', '12.5%', '')
    """
    if cell is None:
        return ""
    if isinstance(cell, str):
        text, style = printable(cell), style_of(cell)
        text = to_ascii(text) if ascii_only else text
        return Marked(text, style) if style else text
    return f"{cell:.1f}%" if isinstance(cell, float) else count_text(cell, units)


def escaped(cell: str) -> str:
    r"""A text that stays in its Markdown cell and is shown literally.

    >>> print(escaped("a|b *c*"))
    a\|b \*c\*
    """
    return printable(cell).translate(MARKS)


def _bold(cell: str) -> str:
    return f"**{escaped(cell)}**" if cell else ""


def _shortened(cell: str, width: int, mark: str, kind: Kind) -> str:
    """A cell of at most this width: texts lose their end, names and numbers their middle."""
    if kind == "prose" or display_width(cell) <= width:
        return cell
    short = cut_end(cell, width, mark) if kind == "text" else cut_middle(cell, width, mark)
    style = style_of(cell)
    return Marked(short, style) if style else short


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
