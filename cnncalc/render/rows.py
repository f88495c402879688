"""Rows of cells as text: aligned columns, or a GitHub table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.render.format import display_width, pad
from cnncalc.render.markdown import escaped

if TYPE_CHECKING:
    from collections.abc import Sequence

GAP = "  "


def aligned(rows: Sequence[Sequence[str]], right: Sequence[bool]) -> list[str]:
    """Every column as wide as its widest cell, to the right or to the left.

    >>> aligned([["", "A"], ["params", "61,706"]], [False, True])
    ['             A', 'params  61,706']
    """
    widths = [max(map(display_width, column)) for column in zip(*rows, strict=True)]
    return [GAP.join(map(pad, row, widths, right)).rstrip() for row in rows]


def markdown(rows: Sequence[Sequence[str]], right: Sequence[bool]) -> list[str]:
    """A GitHub table whose first row holds the headings.

    >>> markdown([["", "A"], ["params", "61,706"]], [False, True])
    ['|  | A |', '| --- | ---: |', '| params | 61,706 |']
    """
    sides = ["---:" if side else "---" for side in right]
    heading, *body = [[escaped(cell) for cell in row] for row in rows]
    return [f"| {' | '.join(row)} |" for row in (heading, sides, *body)]
