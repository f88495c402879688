"""CSV and TSV: the one writer of records, RFC 4180 with CRLF line ends."""

from __future__ import annotations

import csv
import re
from io import StringIO
from typing import TYPE_CHECKING

from cnncalc.render.format import printable

if TYPE_CHECKING:
    from collections.abc import Iterable

FORMULA = re.compile(r"[=+@-].")
NUMBER = re.compile(r"[+-]?\d[\d,.]*(?:e[+-]?\d+)?", re.IGNORECASE)


def records(rows: Iterable[Iterable[object]], delimiter: str = ",") -> str:
    r"""Rows of cells as text; quotes where needed, nothing for None.

    A spreadsheet runs a text that begins with = + - @ as a formula, so a note from a stranger
    could start a program: such a text, unless it is a number, gets an apostrophe in front, which
    spreadsheets read as "this is text". Control characters are replaced, line breaks too.

    >>> records([["C1", -1, "-1", "=cmd|' /C calc'!A0", None]])
    "C1,-1,-1,'=cmd|' /C calc'!A0,\r\n"
    """
    out = StringIO(newline="")
    csv.writer(out, delimiter=delimiter).writerows([_cell(cell) for cell in row] for row in rows)
    return out.getvalue()


def _cell(cell: object) -> object:
    if not isinstance(cell, str):
        return cell
    text = printable(cell)
    return f"'{text}" if FORMULA.match(text) and not NUMBER.fullmatch(text) else text
