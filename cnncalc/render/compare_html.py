"""Two networks as one HTML page: totals, pictures and memory side by side, and every layer.

Everything is there without the script, which hides what is the same, sorts, shows formulas and
links the pictures with the table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cnncalc.figures import FIGURES
from cnncalc.render import compare, html, report_json
from cnncalc.render.format import grouped, printable
from cnncalc.render.html import add
from cnncalc.render.html_parts import MOST_WRITTEN, diagram, memory_chart, remarks
from cnncalc.render.table import cell_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from xml.etree import ElementTree as ET

    from cnncalc.analysis.report import Moment, Report
    from cnncalc.questions.compare import Comparison, LayerGroup, LayerPair

COUNTS = ("params", "macs")
LETTERS = ("A", "B")  # what the networks are called in the headings of columns
STATUS = {"added": "only in B", "removed": "only in A", "changed": "changed", "resized": "resized",
          None: "same"}  # fmt: skip
NONE = "-"  # where a network lacks a layer
NOTE = ("What differs is bold and underlined. Resized layers differ in nothing but the size of "
        "what they read.")  # fmt: skip


class PairLine(NamedTuple):
    """A line of the table of layers: where it stands, and its texts but for the counts.

    `a` and `b` name the layers, empty where a network lacks it; `marked` are the figures that
    differ.
    """

    place: int
    status: str
    a: str
    b: str
    type: str
    settings: str
    outputs: tuple[str, str]
    marked: tuple[str, ...]

    @property
    def name(self) -> str:
        """The name, or both where they differ."""
        return " → ".join(dict.fromkeys(filter(None, (self.a, self.b))))


class Half(NamedTuple):
    """One of the two networks: its letter, the name it is compared under, and what is shown."""

    letter: str
    label: str
    report: Report
    timeline: Sequence[Moment]
    diagram: str | None

    @property
    def title(self) -> str:
        """What stands above the network."""
        return f"{self.letter}: {self.label}"


def text(
    comparison: Comparison,
    timelines: Sequence[Sequence[Moment]],
    diagrams: Sequence[str] = (),
    *,
    version: str,
) -> str:
    """The page of a comparison of two networks; per network its memory, and its picture as SVG."""
    pictures: Sequence[str | None] = diagrams or [None] * len(LETTERS)
    several = zip(LETTERS, comparison.labels, comparison.reports, timelines, pictures, strict=True)
    halves = [Half(*each) for each in several]
    names = " and ".join(comparison.labels)
    page, body = html.body_of(f"{names}: what differs")
    header = add(body, "header")
    add(header, "h1", names)
    add(header, "p", f"Two networks side by side; cnncalc {version}", **{"class": "pale"})
    main = add(add(body, "main"), "div")
    _totals(main, comparison, halves)
    if diagrams:
        add(main, "h2", "Networks")
        for part, half in _columns(main, halves):
            diagram(part, half.diagram or "", mark=f"-{half.letter}")
    later = _layers(main, comparison, halves)
    add(main, "h2", "Memory while it runs")
    most = max(moment.bytes for half in halves for moment in half.timeline)
    for part, half in _columns(main, halves):
        memory_chart(part, half.report, half.timeline, most)
    for half in halves:
        remarks(main, half.report, of=f", {half.title}")
    documents = {
        name: report_json.document(half.report, version=version, timeline=half.timeline)
        for name, half in zip(("report", "other"), halves, strict=True)
    }
    data = {"comparison": compare.document(comparison, version=version), **documents,
            **({"later": later} if later else {})}  # fmt: skip
    return html.written(page, styles=["page.css"], scripts=["page.js", "compare.js"], data=data)


def _columns(main: ET.Element, halves: Sequence[Half]) -> list[tuple[ET.Element, Half]]:
    """A column for each network, side by side where there is room, under its title."""
    both = add(main, "div", **{"class": "halves"})
    parts = [add(both, "section") for _ in halves]
    for part, half in zip(parts, halves, strict=True):
        add(part, "h3", half.title)
    return list(zip(parts, halves, strict=True))


def _table(main: ET.Element, name: str) -> ET.Element:
    """A table below the heading of its name, in a frame of its own that scrolls."""
    scroll = add(main, "div", **{"class": "scroll", "tabindex": "0", "role": "region",
                                 "aria-labelledby": f"heading-{name}"})  # fmt: skip
    return add(scroll, "table", id=name, **{"class": "pairs"})


def _totals(main: ET.Element, comparison: Comparison, halves: Sequence[Half]) -> None:
    """Every figure of both, and the difference."""
    add(main, "h2", "Totals", id="heading-totals")
    table = _table(main, "totals")
    line = add(add(table, "thead"), "tr")
    for heading in ("Figure", *(half.title for half in halves), "Change", "%"):
        add(line, "th", heading, scope="col")
    body = add(table, "tbody")
    for name, before, after, *change in compare.totals_table(comparison).rows:
        line = add(body, "tr")
        add(line, "th", cell_text(name), scope="row")
        add(line, "td", cell_text(before))
        _cell(line, cell_text(after), marked=before != after)
        for one in change:
            add(line, "td", cell_text(one))


def _layers(main: ET.Element, comparison: Comparison, halves: Sequence[Half]) -> list[PairLine]:
    """A line for each layer of both networks, counterparts in one; those that the script adds."""
    add(main, "h2", "Layers", id="heading-layers")
    for note in (*(f"{line[:1].upper()}{line[1:]}." for line in compare.summary(comparison)), NOTE):
        add(main, "p", note, **{"class": "pale"})
    controls = add(main, "p", **{"class": "controls"})
    add(controls, "input", id="differing", type="checkbox")
    add(controls, "label", " only layers that differ", **{"for": "differing"})
    table = _table(main, "layers")
    line = add(add(table, "thead"), "tr")
    add(add(line, "th", scope="col"), "button", "Layer", **{"data-figure": ""})
    for heading in ("Status", "Type", "Settings", "Output A", "Output B"):
        add(line, "th", heading, scope="col")
    for key in COUNTS:
        for place in (*LETTERS, "change"):
            heading = f"{FIGURES[key].heading} {place}"
            button = {"data-figure": f"{key} {place}"}
            add(add(line, "th", scope="col"), "button", heading, **button)
    body = add(table, "tbody")
    layouts = (halves[0].report.layout, halves[1].report.layout)
    pairs = comparison.layers[0]
    later = _left_to_the_script(pairs)
    several = [_texts(place, pair, layouts) for place, pair in enumerate(pairs)]
    for pair, texts in zip(pairs, several, strict=True):
        if texts.place not in later:
            _line(body, pair, texts)
    if later:
        _say_what_is_left(main, pairs, later)
    return [texts for texts in several if texts.place in later]


def _left_to_the_script(pairs: Sequence[LayerPair]) -> set[int]:
    """The places of layers that are no lines of the file.

    Of very large networks those are the same in both, or else the last ones that differ.
    """
    if len(pairs) <= MOST_WRITTEN:
        return set()
    differing = [place for place, pair in enumerate(pairs) if pair.status]
    return set(range(len(pairs))).difference(differing[:MOST_WRITTEN])


def _say_what_is_left(main: ET.Element, pairs: Sequence[LayerPair], later: set[int]) -> None:
    """How many layers are no lines of the file, and where they are."""
    differing = sum(pairs[place].status is not None for place in later)
    parts = {"that are the same": len(later) - differing, "that differ": differing}
    several = " and ".join(f"{grouped(count)} {words}" for words, count in parts.items() if count)
    add(main, "p", f"Of {grouped(len(pairs))} layers, {several} are not lines of this file. Its "
        "data has all of them: a browser that runs scripts adds their lines; compare --layers "
        "prints those that differ, analyze --expand all of one network.",
        **{"class": "pale"})  # fmt: skip


def _texts(place: int, pair: LayerPair, layouts: tuple[str, str]) -> PairLine:
    units = (pair.before, pair.after)
    a, b = (unit.name if unit else "" for unit in units)
    texts = compare.pair_texts(pair, layouts)
    before, after = (
        unit.rows[-1].out.text(layout) if unit else NONE
        for unit, layout in zip(units, layouts, strict=True)
    )
    marked = tuple(key for key in ("type", "out", *COUNTS) if key in pair.changes)
    return PairLine(place, pair.status or "same", a, b, texts.type, texts.settings,
                    (before, after), marked)  # fmt: skip


def _line(body: ET.Element, pair: LayerPair, texts: PairLine) -> None:
    """A layer of one network or of both."""
    units = (pair.before, pair.after)
    names = {key: name for key, name in (("data-a", texts.a), ("data-b", texts.b)) if name}
    line = add(body, "tr", **{"class": texts.status}, **names)
    add(line, "th", texts.name, scope="row")
    add(line, "td", STATUS[pair.status])
    _cell(line, texts.type, marked="type" in texts.marked)
    _cell(line, texts.settings, marked=bool(texts.settings))
    _cell(line, texts.outputs[0])
    _cell(line, texts.outputs[1], marked="out" in texts.marked)
    for key in COUNTS:
        before, after = (_count(unit, key) for unit in units)
        for unit, count in zip(units, (before, after), strict=True):
            changed = unit is pair.after and key in pair.changes
            text = NONE if count is None else grouped(count)
            _cell(line, text, marked=changed, chosen=bool(count))
        change = (after or 0) - (before or 0)
        add(line, "td", f"{change:+,}" if change else "")


def _count(unit: LayerGroup | None, key: str) -> int | None:
    return sum(getattr(row, key) for row in unit.rows) if unit else None


def _cell(line: ET.Element, text: str, *, marked: bool = False, chosen: bool = False) -> None:
    """A cell, marked where it differs; what can be chosen is a button."""
    cell = add(line, "td")
    inner = add(cell, "mark") if marked else cell
    inner = add(inner, "button") if chosen else inner
    inner.text = printable(text)
