"""The rows of a report as a tree in HTML: parts are lines that sum up, numbers have bars."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cnncalc.figures import FIGURES
from cnncalc.render import fold
from cnncalc.render.format import binary, grouped, per_axis, printable
from cnncalc.render.html import add
from cnncalc.render.html_parts import MOST_WRITTEN
from cnncalc.render.table import LEAST_SHARE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from xml.etree import ElementTree as ET

    from cnncalc.analysis.report import Moment, Report, Row

COUNTS = ("params", "macs", "connections")
HEADINGS = {**{key: FIGURES[key].heading for key in COUNTS}, "alive": "Alive", "field": "Field"}
STILL_OPEN = 40  # rows that a page shows before parts are folded


class LaterRow(NamedTuple):
    """A row that is no line of the file: its place in the list of layers, and its texts."""

    place: int
    type: str
    out: str
    alive: str
    field: str


def tree(parent: ET.Element, report: Report, timeline: Sequence[Moment]) -> list[LaterRow]:
    """Write the table; return the rows in it that are not written.

    Those of a very large network are left to the page's script, but for the ones in no part.
    """
    table = add(parent, "table", id="layers")
    line = add(add(table, "thead"), "tr")
    add(add(line, "th", scope="col"), "button", "Layer", **{"data-figure": ""})
    for heading in ("Type", "Output"):
        add(line, "th", heading, scope="col")
    for key, heading in HEADINGS.items():
        add(add(line, "th", scope="col"), "button", heading, **{"data-figure": key})
    lines = _Lines(add(table, "tbody"), report, {moment.name: moment.bytes for moment in timeline})
    opened: set[str] = set()
    later: list[LaterRow] = []
    for place, row in enumerate(report.rows):
        parts = lines.parts_of(row.name)
        for part in parts:
            if part not in opened:
                opened.add(part)
                lines.part(part)
        if parts and len(report.rows) > MOST_WRITTEN:
            later.append(LaterRow(place, *lines.texts(row)))
        else:
            lines.row(row)
    return later


class _Lines:
    """Writes the lines of the table."""

    def __init__(self, body: ET.Element, report: Report, alive: Mapping[str, int]) -> None:
        self.body = body
        self.report = report
        self.alive = alive
        self.peak = max(alive.values(), default=0)
        self.parts_of = fold.groups_around(report.groups)
        self.rows_of: dict[str, list[Row]] = {}
        for row in report.rows:
            for part in self.parts_of(row.name):
                self.rows_of.setdefault(part, []).append(row)

    def part(self, name: str) -> None:
        """A line that sums up the rows of a part."""
        rows, group = self.rows_of[name], self.report.groups[name]
        above = self.parts_of(name)
        opened = len(self.report.rows) <= STILL_OPEN or not above
        line = add(self.body, "tr", **{"class": "group", "data-name": name,
                                       "data-open": "1" if opened else "0"})  # fmt: skip
        button = add(self._head(line, above), "button", **{"class": "fold",
                                                           "aria-expanded": "true"})  # fmt: skip
        add(button, "span", "▾ ", **{"aria-hidden": "true"}).tail = printable(name)
        out = next(row.out for row in rows if row.index == group.last)
        most = max((self.alive[row.name] for row in rows if row.name in self.alive), default=0)
        self._cells(line, (group.text, out.text(self.report.layout), _bytes(most), ""), rows, most)

    def row(self, row: Row) -> None:
        """A line for one layer."""
        line = add(self.body, "tr", **{"class": "row", "data-name": row.name})
        self._head(line, self.parts_of(row.name)).text = printable(row.name)
        self._cells(line, self.texts(row), [row], self.alive.get(row.name, 0))

    def texts(self, row: Row) -> tuple[str, str, str, str]:
        """The type of a row, its output, the bytes alive while it runs, its receptive field."""
        field = row.receptive_field
        known = field.size if field and field.size else ()
        seen = f"{'≥' if field and field.gated else ''}{per_axis(known)}" if known else ""
        out = row.out.text(self.report.layout)
        return fold.type_text([row]), out, _bytes(self.alive.get(row.name, 0)), seen

    def _head(self, line: ET.Element, above: list[str]) -> ET.Element:
        inset = {"style": f"--in:{len(above)}"} if above else {}
        return add(line, "th", scope="row", **inset)

    def _cells(
        self, line: ET.Element, texts: tuple[str, str, str, str], rows: Sequence[Row], most: int
    ) -> None:
        """The cells after the name; `most` are the bytes that are alive."""
        type_, out, alive, field = texts
        add(line, "td", type_)
        add(line, "td", out)
        for key in COUNTS:
            count = sum(getattr(row, key) for row in rows)
            cell = _cell(line, count, getattr(self.report.totals, key))
            if count:
                add(cell, "button", grouped(count))
            else:
                cell.text = "?" if all(row.unknown for row in rows) else "0"
        cell = _cell(line, most, self.peak)
        if most:
            add(cell, "button", alive)
        else:
            cell.text = alive
        add(line, "td", field)


def _bytes(count: int) -> str:
    return f"{binary(count)}B" if count else "-"


def _cell(line: ET.Element, count: int, total: int) -> ET.Element:
    """A cell with a bar for the share of the total."""
    share = 100 * count / total if total else 0
    bar = {"style": f"--share:{share:.1f}%"} if share >= LEAST_SHARE else {}
    return add(line, "td", **bar)
