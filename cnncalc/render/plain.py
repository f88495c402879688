"""Aligned, untruncated columns without colour or lines: the table for pipes and files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.render import summary
from cnncalc.render.choice import Choice
from cnncalc.render.format import display_width, pad
from cnncalc.render.table_cells import part_line, sheet, title

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnncalc.analysis.report import Report
    from cnncalc.render.table_cells import Sheet

GAP = "  "
USUAL = Choice()


def text(report: Report, choice: Choice = USUAL, *, memory: bool = False) -> str:
    """Title, table, totals and expectations, ending in a newline.

    Raises ChoiceError for columns or layers that do not exist.
    """
    name, letters = title(report, choice)
    texts = sheet(report, choice)
    table = aligned(texts)
    space = max(len(GAP), display_width(table[0]) - display_width(name) - display_width(letters))
    head = f"{name}{' ' * space}{letters}".rstrip()
    foot = summary.lines(report, ascii_only=choice.ascii, memory=memory, units=choice.units)
    foot = foot if texts.total else [*part_line(report, choice), *foot]
    return "\n".join([head, *table, "", *foot, ""])


def rows(report: Report, choice: Choice = USUAL) -> list[str]:
    """The lines of the table alone, headings first."""
    return aligned(sheet(report, choice))


def aligned(texts: Sheet) -> list[str]:
    """Headings, lines and total, every column as wide as its widest text."""
    sides = [column.right for column in texts.columns]
    widths = texts.widths()
    return [_line(row, widths, sides) for row in texts.every_row()]


def _line(row: Sequence[str], widths: list[int], sides: list[bool]) -> str:
    return GAP.join(map(pad, row, widths, sides)).rstrip()
