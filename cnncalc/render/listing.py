"""A small table of words and numbers: aligned for people, in Markdown, or as CSV."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.render.delimited import records
from cnncalc.render.format import display_width, pad
from cnncalc.render.markdown import escaped

if TYPE_CHECKING:
    from collections.abc import Sequence

GAP = "  "
NUMERIC = frozenset("0123456789,.+-×…%")
Cell = int | str


def aligned(headings: Sequence[str], rows: Sequence[Sequence[Cell]]) -> list[str]:
    """Lines of columns; numbers to the right, words to the left.

    >>> for line in aligned(["W", "Remark"], [[227, ""], [9, "rounds"]]):
    ...     print(line)
      W  Remark
    227
      9  rounds
    """
    texts = [list(headings), *([_text(cell) for cell in row] for row in rows)]
    widths = [max(map(display_width, column)) for column in zip(*texts, strict=True)]
    right = [_numeric(column) for column in zip(*rows, strict=True)] or [False] * len(headings)
    return [GAP.join(map(pad, line, widths, right)).rstrip() for line in texts]


def markdown(headings: Sequence[str], rows: Sequence[Sequence[Cell]]) -> str:
    """A GitHub table, ending in a newline."""
    sides = ["---:" if _numeric(column) else "---" for column in zip(*rows, strict=True)]
    body = [[escaped(_text(cell)) for cell in row] for row in rows]
    lines = [headings, sides or ["---"] * len(headings), *body]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def csv(headings: Sequence[str], rows: Sequence[Sequence[Cell]]) -> str:
    """RFC 4180 text with plain numbers."""
    return records([headings, *rows])


def _text(cell: Cell) -> str:
    return f"{cell:,}" if isinstance(cell, int) else cell


def _numeric(column: Sequence[Cell]) -> bool:
    """Whether a column is for numbers, be they written as words (0+1) or left out."""
    return all(isinstance(cell, int) or set(cell) <= NUMERIC for cell in column)
