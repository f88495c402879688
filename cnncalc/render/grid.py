"""A small table of settings: what varies, what comes of it, or why it does not work.

One line per setting, written for people, for spreadsheets or in Markdown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cnncalc.figures import FIGURES
from cnncalc.render.delimited import records
from cnncalc.render.format import display_width, grouped, pad, to_ascii
from cnncalc.render.markdown import escaped
from cnncalc.shapes import AXIS_WORDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnncalc.analysis.report import Report

SHOWN = ("weights", "params", "connections", "macs")
GAP = "  "


class SettingRow(NamedTuple):
    """One setting: the words that vary, and a report or the reason why there is none."""

    words: tuple[str, ...]
    report: Report | None
    reason: str = ""

    @property
    def remark(self) -> str:
        """The reason of a failure, or what no window reads."""
        if self.report is None:
            return self.reason
        unused = self.report.rows[-1].unused
        return f"{'×'.join(map(str, unused))} unused" if any(unused) else ""


def text(
    varying: Sequence[str],
    lines: Sequence[SettingRow],
    layout: str | None,
    *,
    ascii_only: bool = False,
) -> str:
    """Aligned columns: what varies, output, figures, remark."""
    rows = [_headings(varying), *(_cells(line, layout) for line in lines)]
    last = len(rows[0]) - 1
    widths = [max(map(display_width, column)) for column in zip(*rows, strict=True)]
    texts = (
        GAP.join(pad(cell, widths[i], right=i != last) for i, cell in enumerate(row)).rstrip()
        for row in rows
    )
    said = "".join(f"{line}\n" for line in texts)
    return to_ascii(said) if ascii_only else said


def markdown(varying: Sequence[str], lines: Sequence[SettingRow], layout: str | None) -> str:
    """The same cells as a GitHub table."""
    headings = _headings(varying)
    sides = ["---:"] * (len(headings) - 1) + ["---"]
    rows = [headings, sides, *(_cells(line, layout) for line in lines)]
    escape = [rows[0], sides, *([escaped(cell) for cell in row] for row in rows[2:])]
    return "".join(f"| {' | '.join(row)} |\n" for row in escape)


def separated(varying: Sequence[str], lines: Sequence[SettingRow], delimiter: str = ",") -> str:
    """RFC 4180 text: plain numbers, the output split by axis letter, the remark last."""
    axes = [letter for letter in AXIS_WORDS if any(letter in _sizes(line) for line in lines)]
    rows: list[list[object]] = [[*varying, *(f"out_{letter}" for letter in axes), *SHOWN, "remark"]]
    for line in lines:
        sizes = [_sizes(line).get(letter, "") for letter in axes]
        rows.append([*line.words, *sizes, *_figures(line), line.remark.replace("×", "x")])
    return records(rows, delimiter)


def _headings(varying: Sequence[str]) -> list[str]:
    return [*varying, "Output", *(FIGURES[key].heading for key in SHOWN), "Remark"]


def _cells(line: SettingRow, layout: str | None) -> list[str]:
    figures = [grouped(figure) if isinstance(figure, int) else figure for figure in _figures(line)]
    report = line.report
    output = report.rows[-1].out.text(layout or report.layout) if report else "-"
    return [*line.words, output, *figures, line.remark]


def _figures(line: SettingRow) -> list[int | str]:
    if line.report is None:
        return [""] * len(SHOWN)
    return [FIGURES[key].of(line.report.totals) for key in SHOWN]


def _sizes(line: SettingRow) -> dict[str, int]:
    return line.report.rows[-1].out.by_letter if line.report else {}
