"""A report as one HTML page that asks nobody for anything: it holds its style, script and data.

Everything is there without the script, which only folds, sorts, shows formulas and moves what one
unit sees. The page is XML too, so that programs read it as they read HTML.
"""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Any, NamedTuple
from xml.etree import ElementTree as ET

from cnncalc.errors import counted
from cnncalc.figures import FIGURES
from cnncalc.render import fold, report_json, summary
from cnncalc.render.format import binary, grouped, number, per_axis, printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from cnncalc.analysis.report import Moment, Report, Row
    from cnncalc.render.map_strips import Strip

POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"
COUNTS = ("params", "macs", "connections")
HEADINGS = {**{key: FIGURES[key].heading for key in COUNTS}, "alive": "Alive", "field": "Field"}
CHART = (560.0, 150.0)  # width and height
LEFT, FOOT, HEAD = 64.0, 22.0, 14.0  # room for the labels of the chart
LEAST_SHARE = 0.05  # percent that a bar shows
FIELD = 240  # the longer side of the drawn input
ENLARGED = 48  # pixels that small maps take on the page
STILL_OPEN = 40  # rows that a page shows before parts are folded


class Extras(NamedTuple):
    """What the page shows besides the report: bytes alive per row, the diagram as SVG.

    With a sample also its feature maps, and per output the largest numbers by label.
    """

    alive: Sequence[Moment]
    diagram: str | None = None
    sample: str | None = None
    strips: Sequence[Strip] = ()
    largest: Mapping[str, Sequence[tuple[str, float]]] = {}


def text(report: Report, extras: Extras, *, version: str) -> str:
    """The page."""
    from json import dumps

    page = ET.Element("html", {"lang": "en", "xmlns": "http://www.w3.org/1999/xhtml"})
    _head(page, report)
    body = _add(page, "body")
    _summary(body, report, version)
    main = _add(body, "main", **{"class": "with-diagram" if extras.diagram else "plain"})
    if extras.diagram:
        _diagram(main, extras.diagram)
    column = _add(main, "div")
    _table(column, report, extras.alive)
    two = _add(column, "div", **{"class": "two"})
    _chart(two, report, extras.alive)
    _field(two, report)
    if extras.sample is not None:
        _sample(column, extras)
    _remarks(column, report)
    _add(body, "script", "@data", type="application/json", id="report")
    _add(body, "script", "@script")
    document = report_json.document(report, version=version)
    data = dumps(document, separators=(",", ":"), ensure_ascii=False)
    for sign, escaped in (("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026")):
        data = data.replace(sign, escaped)
    written = ET.tostring(page, encoding="unicode", short_empty_elements=False)
    for name, content in (("@style", _read("report.css")), ("@script", _read("report.js")),
                          ("@data", data)):  # fmt: skip
        written = written.replace(f">{name}<", f">{content}<", 1)
    return f"<!DOCTYPE html>\n{written}\n"


def _read(name: str) -> str:
    return files("cnncalc.render").joinpath(name).read_text(encoding="utf-8")


def _add(parent: ET.Element, tag: str, text: str = "", **attributes: str) -> ET.Element:
    """A new element at the end of the parent."""
    element = ET.SubElement(parent, tag, attributes)
    if text:
        element.text = printable(text)
    return element


def _head(page: ET.Element, report: Report) -> None:
    head = _add(page, "head")
    _add(head, "meta", charset="utf-8")
    _add(head, "meta", name="viewport", content="width=device-width, initial-scale=1")
    _add(head, "meta", **{"http-equiv": "Content-Security-Policy", "content": POLICY})
    _add(head, "title", f"{report.name}: layers, parameters, MACs, memory")
    _add(head, "style", "@style")


def _summary(body: ET.Element, report: Report, version: str) -> None:
    """The name, what goes in and comes out, the totals."""
    totals, memory = report.totals, report.totals.memory
    header = _add(body, "header")
    _add(header, "h1", report.name)
    ends = [
        ", ".join(port.shape.text(report.layout) for port in ports)
        for ports in (report.inputs, report.inference_outputs)
    ]
    order = " × ".join(report.layout)
    _add(header, "p", f"{' → '.join(ends)}; {order}; cnncalc {version}", **{"class": "pale"})
    least = "at least " if report.incomplete else ""
    numbers = {
        "parameters": f"{least}{grouped(totals.params)}",
        "multiply-accumulates": f"{least}{grouped(totals.macs)}",
        "connections": f"{least}{grouped(totals.connections)}",
        f"parameters, {memory.dtype}": f"{binary(memory.param_bytes)}B",
        f"activations at once, batch {memory.batch}": f"{binary(memory.peak_activation_bytes)}B",
    }
    terms = _add(header, "dl")
    for term, text in numbers.items():
        both = _add(terms, "div")
        _add(both, "dt", term)
        _add(both, "dd", text)


def _diagram(main: ET.Element, svg: str) -> None:
    """The picture of `draw`; its boxes can be chosen, so it is a group of them."""
    aside = _add(main, "figure", **{"class": "diagram"})
    picture = ET.fromstring(svg)  # noqa: S314 - our own
    for element in picture.iter():
        element.tag = element.tag.rpartition("}")[2]
    picture.set("xmlns", "http://www.w3.org/2000/svg")
    picture.set("role", "group")
    aside.append(picture)
    note = "A stack is equal parts in a row; a bow at the side is a path around what is inside."
    _add(aside, "figcaption", note)


# -- the table


def _table(column: ET.Element, report: Report, alive: Sequence[Moment]) -> None:
    """All rows as a tree; parts are lines that sum up."""
    _add(column, "h2", "Layers", id="heading-layers")
    note = "Bars are shares of the network's total, of Alive shares of the peak."
    _add(column, "p", note, **{"class": "pale"})
    controls = "Choose a name to open a part, a number for its formula, a heading to sort."
    _add(column, "p", controls, **{"class": "pale controls"})
    scroll = _add(column, "div", **{"class": "scroll", "tabindex": "0", "role": "region",
                                    "aria-labelledby": "heading-layers"})  # fmt: skip
    table = _add(scroll, "table", id="layers")
    line = _add(_add(table, "thead"), "tr")
    _add(_add(line, "th", scope="col"), "button", "Layer", type="button", **{"data-figure": ""})
    for heading in ("Type", "Output"):
        _add(line, "th", heading, scope="col")
    for key, heading in HEADINGS.items():
        button = {"data-figure": key, "type": "button"}
        _add(_add(line, "th", scope="col"), "button", heading, **button)
    lines = _Lines(_add(table, "tbody"), report, {moment.name: moment.bytes for moment in alive})
    opened: set[str] = set()
    for row in report.rows:
        for part in lines.parts_of(row.name):
            if part not in opened:
                opened.add(part)
                lines.part(part)
        lines.row(row)


class _Lines:
    """Writes the lines of the table."""

    def __init__(self, body: ET.Element, report: Report, alive: Mapping[str, int]) -> None:
        self.body = body
        self.report = report
        self.alive = alive
        self.peak = max(alive.values(), default=0)
        self.rows_of: dict[str, list[Row]] = {}
        for row in report.rows:
            for part in self.parts_of(row.name):
                self.rows_of.setdefault(part, []).append(row)

    def parts_of(self, name: str) -> list[str]:
        """The parts that hold a row or a part, outermost first."""
        words = name.split(".")
        prefixes = (".".join(words[:end]) for end in range(1, len(words)))
        return [prefix for prefix in prefixes if prefix in self.report.groups]

    def part(self, name: str) -> None:
        """A line that sums up the rows of a part."""
        rows, group = self.rows_of[name], self.report.groups[name]
        few = len(self.report.rows) <= STILL_OPEN
        line, above = self._line(name, "group")
        line.set("data-open", "1" if few or not above else "0")
        head = self._head(line, above)
        button = _add(head, "button", type="button", **{"class": "fold", "aria-expanded": "true"})
        _add(button, "span", "▾ ", **{"aria-hidden": "true"}).tail = printable(name)
        out = next(row.out for row in rows if row.index == group.last)
        self._rest(line, group.text, out.text(self.report.layout), rows)
        _add(line, "td")

    def row(self, row: Row) -> None:
        """A line for one layer."""
        line, above = self._line(row.name, "row")
        self._head(line, above).text = printable(row.name)
        out = row.out.text(self.report.layout)
        self._rest(line, fold.type_text([row]), out, [row])
        field = row.receptive_field
        known = field.size if field and field.size else ()
        mark = "≥" if field and field.gated else ""
        _add(line, "td", f"{mark}{per_axis(known)}" if known else "")
        line.set("data-field", str(max(known, default=0)))

    def _line(self, name: str, kind: str) -> tuple[ET.Element, list[str]]:
        above = self.parts_of(name)
        part = {"data-part": above[-1]} if above else {}
        return _add(self.body, "tr", **{"class": kind, "data-name": name, **part}), above

    def _head(self, line: ET.Element, above: list[str]) -> ET.Element:
        inset = {"style": f"--in:{len(above)}"} if above else {}
        return _add(line, "th", scope="row", **inset)

    def _rest(self, line: ET.Element, type_: str, out: str, rows: Sequence[Row]) -> None:
        _add(line, "td", type_)
        _add(line, "td", out)
        for key in COUNTS:
            count = sum(getattr(row, key) for row in rows)
            line.set(f"data-{key}", str(count))
            cell = _cell(line, count, getattr(self.report.totals, key))
            if not count:
                cell.text = "?" if all(row.unknown for row in rows) else "0"
                continue
            _add(cell, "button", grouped(count), type="button", **{"data-figure": key})
        most = max((self.alive[row.name] for row in rows if row.name in self.alive), default=0)
        line.set("data-alive", str(most))
        _cell(line, most, self.peak).text = f"{binary(most)}B" if most else "-"


def _cell(line: ET.Element, count: int, total: int) -> ET.Element:
    """A cell with a bar for the share of the total."""
    share = 100 * count / total if total else 0
    bar = {"class": "share", "style": f"--share:{share:.1f}%"} if share >= LEAST_SHARE else {}
    return _add(line, "td", **bar)


# -- memory, the field, remarks


def _chart(two: ET.Element, report: Report, alive: Sequence[Moment]) -> None:
    """The bytes that are alive while each row runs, as bars; the peak stands out."""
    section = _add(two, "section")
    _add(section, "h2", "Memory while it runs")
    figure = _add(section, "figure")
    memory = report.totals.memory
    peak = max(moment.bytes for moment in alive)
    name = memory.peak.layer if memory.peak else ""
    (wide, high), room = CHART, CHART[1] - FOOT - HEAD
    label = f"Bytes alive while each row runs; the most is {binary(peak)}B at {name}"
    chart = _add(figure, "svg", xmlns="http://www.w3.org/2000/svg", role="img",
                 viewBox=f"0 0 {wide:g} {high:g}", **{"aria-label": label})  # fmt: skip
    step = (wide - LEFT) / len(alive)
    for kind in ("alive", "peak"):
        bars = "".join(
            f"M{LEFT + index * step:.1f},{high - FOOT:g}h{step * 0.9:.1f}"
            f"v-{room * moment.bytes / peak:.1f}h-{step * 0.9:.1f}z"
            for index, moment in enumerate(alive)
            if (moment.bytes == peak) == (kind == "peak")
        )
        _add(chart, "path", d=bars, **{"class": kind})
    for share in (0.0, 0.5, 1.0):
        y = high - FOOT + 4 - room * share
        _label(chart, LEFT - 6, y, f"{binary(round(peak * share))}B", "end")
    _label(chart, LEFT, high - 6, "input", "start")
    _label(chart, wide, high - 6, "output", "end")
    tensors = ", ".join(tensor.name for tensor in memory.peak.tensors) if memory.peak else ""
    batch = "one sample" if memory.batch == 1 else f"{memory.batch} samples"
    _add(figure, "figcaption", f"Activations alive at each row, {memory.dtype}, {batch}. Peak "
         f"{binary(peak)}B at {name}: {tensors}.")  # fmt: skip


def _label(chart: ET.Element, x: float, y: float, text: str, anchor: str) -> None:
    place = {"x": f"{x:g}", "y": f"{y:g}"}
    _add(chart, "text", text, **{**place, "text-anchor": anchor, "class": "label"})


def _field(two: ET.Element, report: Report) -> None:
    """What one unit sees of the input: a rectangle that a slider moves from row to row."""
    seeing = [row for row in report.rows
              if row.receptive_field and any(row.receptive_field.jump)]  # fmt: skip
    shape = report.inputs[0].shape
    if not seeing or not 1 <= shape.rank <= 2 or len(report.inputs) > 1:  # noqa: PLR2004 - axes
        return
    high, wide = (1, *shape.spatial) if shape.rank == 1 else shape.spatial
    scale = FIELD / max(high, wide)
    section = _add(two, "section", **{"class": "controls"})
    _add(section, "h2", "What one unit sees")
    sizes = {"width": f"{wide * scale + 2:g}", "height": f"{high * scale + 2:g}"}
    picture = _add(section, "svg", xmlns="http://www.w3.org/2000/svg", role="img",
                   viewBox=f"-1 -1 {sizes['width']} {sizes['height']}", **sizes,
                   **{"aria-labelledby": "field-text"})  # fmt: skip
    _add(picture, "rect", width=f"{wide * scale:g}", height=f"{high * scale:g}",
         **{"class": "frame"})  # fmt: skip
    _add(picture, "rect", **{"class": "seen"})
    line = _add(section, "p")
    _add(line, "label", "layer ", **{"for": "field-of"})
    _add(line, "input", id="field-of", type="range", min="0", max=str(len(seeing) - 1),
         value=str(len(seeing) // 2))  # fmt: skip
    last = max(report.receptive_field or (0,))
    _add(section, "p", f"The last map of features sees {last}.", id="field-text",
         **{"aria-live": "polite", "class": "pale"})  # fmt: skip


def _sample(column: ET.Element, extras: Extras) -> None:
    """What became of a sample: the largest outputs, and the maps of every row that has some."""
    _add(column, "h2", "Forward pass")
    _add(column, "p", f"Of the sample {extras.sample}.", **{"class": "pale"})
    for name, ranked in extras.largest.items():
        _add(column, "p", f"The largest of {name}:")
        items = _add(column, "ol")
        for label, value in ranked:
            _add(items, "li", f"{label}: {number(value)}")
    for strip in extras.strips:
        of = counted(strip.maps, "map")
        thinned = f", every {strip.every}. row and column" if strip.every > 1 else ""
        figure = _add(column, "figure")
        words = f"{strip.name}: {strip.shown} of {of}{thinned}"
        times = max(1, ENLARGED // strip.height)
        size = {"width": str(times * strip.width), "height": str(times * strip.height)}
        _add(figure, "img", src=strip.uri, alt=words, **size, **{"class": "maps"})
        _add(figure, "figcaption", words)


def _remarks(column: ET.Element, report: Report) -> None:
    """The expectations, and the notes and warnings."""
    if report.expect:
        failed = sum(not check.ok for check in report.expect)
        _add(column, "h2", "Expectations")
        met = f"{len(report.expect) - failed} of {len(report.expect)} are met."
        _add(column, "p", met, **{"class": "failed" if failed else "pale"})
        for check in report.expect:
            if not check.ok:
                _add(column, "p", summary.expectation(check), **{"class": "failed"})
    if report.diagnostics:
        _add(column, "h2", counted(len(report.diagnostics), "remark").capitalize())
        items = _add(column, "ul")
        for text in _texts(report):
            _add(items, "li", text)


def _texts(report: Report) -> Iterator[str]:
    remark: Any
    for remark in report.diagnostics:
        place = f"{remark.span.file}:{remark.span.line}: " if remark.span else ""
        help_ = f" ({remark.help})" if remark.help else ""
        yield f"{place}{remark.severity}: {remark.message}{help_}"
