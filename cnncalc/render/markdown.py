"""A GitHub table of the chosen columns, with the sums as last bold rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.render.choice import Choice
from cnncalc.render.format import printable
from cnncalc.render.table_cells import sheet

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cnncalc.analysis.report import Report

USUAL = Choice()
MARKS = str.maketrans({sign: f"\\{sign}" for sign in "\\|*`<[]"})


def text(report: Report, choice: Choice = USUAL) -> str:
    """The table, ending in a newline, ready to be pasted into a report.

    Raises ChoiceError for columns or layers that do not exist.
    """
    texts = sheet(report, choice)
    sides = ("---:" if column.right else "---" for column in texts.columns)
    rows = [_row(map(escaped, texts.headings)), _row(sides)]
    rows += [_row(map(escaped, cells)) for cells in texts.cells]
    rows += [_row(map(_bold, sums)) for sums in (texts.subtotal, texts.total) if sums]
    return "\n".join([*rows, ""])


def escaped(cell: str) -> str:
    r"""A text that stays inside its cell and means what it says.

    >>> print(escaped("a|b *c*"))
    a\|b \*c\*
    """
    return printable(cell).translate(MARKS)


def _bold(cell: str) -> str:
    return f"**{escaped(cell)}**" if cell else ""


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
