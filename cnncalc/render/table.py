"""The table for terminals, drawn by rich. Colour repeats what words and lines already say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.render import summary
from cnncalc.render.choice import Choice
from cnncalc.render.format import display_width, to_ascii
from cnncalc.render.table_cells import part_line, sheet, title

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import RenderableType
    from rich.table import Table

    from cnncalc.analysis.report import Report
    from cnncalc.render.table_cells import Sheet

USUAL = Choice()
# Columns of the usual set that give way, in this order, when the terminal is narrow.
SPARE = ("connections", "biases", "weights", "padding", "stride", "kernel", "index")
# A line under the headings and one above the totals, nothing else.
LINES = "    \n    \n ── \n    \n    \n ── \n    \n    \n"
GAP = "  "


def text(
    report: Report,
    choice: Choice = USUAL,
    *,
    width: int = 100,
    color: bool = False,
    memory: bool = False,
) -> str:
    """Title, table, totals and expectations for a terminal `width` columns wide.

    Raises ChoiceError for columns or layers that do not exist.
    """
    texts = sheet(report, choice)
    hidden: list[str] = []
    if choice.columns is None:
        texts, hidden = fitting(texts, width)
    foot = summary.lines(report, ascii_only=choice.ascii, memory=memory, units=choice.units)
    foot = foot if texts.total else [*part_line(report, choice), *foot]
    if hidden:
        foot.append(f"not shown for want of width: {', '.join(hidden)} (--columns)")
    across = natural_width(texts)
    head = _head(*title(report, choice), across)
    parts = [head, _table(texts, choice), "", *map(_styled, foot)]
    return _draw(parts, max(width, across), color)


def natural_width(texts: Sheet) -> int:
    """The columns a sheet takes when nothing is cut."""
    widths = texts.widths()
    return sum(widths) + len(GAP) * (len(widths) - 1)


def fitting(texts: Sheet, width: int) -> tuple[Sheet, list[str]]:
    """The sheet without the columns that do not fit a narrow terminal, and their names."""
    hidden: list[str] = []
    for key in SPARE:
        if natural_width(texts) <= width:
            break
        if any(column.key == key for column in texts.columns):
            texts = texts.without(key)
            hidden.append(key)
    return texts, hidden


def _head(name: str, letters: str, width: int) -> Table:
    from rich.table import Table
    from rich.text import Text

    head = Table.grid(padding=(0, len(GAP)))
    head.width = max(width, display_width(name + GAP + letters))
    head.add_column(ratio=1)
    head.add_column(justify="right", no_wrap=True)
    head.add_row(Text(name, style="bold"), Text(letters, style="dim"))
    return head


def _table(texts: Sheet, choice: Choice) -> Table:
    from rich.box import Box
    from rich.table import Table
    from rich.text import Text

    box = Box(to_ascii(LINES), ascii=True) if choice.ascii else Box(LINES)
    table = Table(box=box, show_edge=False, pad_edge=False, collapse_padding=True)
    table.show_footer = bool(texts.total)
    for column, total in zip(texts.columns, texts.total or texts.headings, strict=True):
        table.add_column(
            Text(column.heading, style="bold"),
            Text(total, style="bold"),
            justify="right" if column.right else "left",
            no_wrap=True,
        )
    for cells in texts.cells:
        table.add_row(*map(Text, cells))
    if texts.subtotal:
        table.add_row(*(Text(cell, style="bold") for cell in texts.subtotal))
    return table


def _styled(line: str) -> RenderableType:
    from rich.text import Text

    return Text(line, style="bold red" if line.endswith("FAILED") else "")


def _draw(parts: Iterable[RenderableType], width: int, color: bool) -> str:
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
