"""A report as one HTML page that asks nobody for anything: it holds its style, script and data.

Everything is there without the script, which only folds, sorts, shows formulas and moves what one
unit sees. The page is XML too, so that programs read it as they read HTML.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cnncalc.errors import counted
from cnncalc.render import html, report_json
from cnncalc.render.format import binary, grouped, number, per_axis
from cnncalc.render.html import add
from cnncalc.render.html_parts import diagram, memory_chart, remarks
from cnncalc.render.html_tree import tree

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from xml.etree import ElementTree as ET

    from cnncalc.analysis.report import Moment, Report
    from cnncalc.render.forward import RankedValue
    from cnncalc.render.html_tree import LaterRow
    from cnncalc.render.map_strips import Strip

FIELD = 240  # the longer side of the drawn input
NOTE = ("Bars are shares of the network's total. Alive: the activations in memory while a layer "
        "runs, with bars as shares of the peak. Field: the receptive field.")  # fmt: skip
DRAWN = "Initial weights are drawn, not trained: the outputs tell nothing about the sample."


class Extras(NamedTuple):
    """What the page shows besides the report: the memory while each row runs, the diagram as SVG.

    With a sample also which it is and with which weights, whether some of these are `drawn`, its
    feature maps, and per output the largest numbers.
    """

    timeline: Sequence[Moment]
    diagram: str | None = None
    sample: str | None = None
    drawn: bool = False
    strips: Sequence[Strip] = ()
    largest: Mapping[str, Sequence[RankedValue]] = {}


def text(report: Report, extras: Extras, *, version: str) -> str:
    """The page."""
    page, body = html.body_of(f"{report.name}: layers, parameters, MACs, memory")
    _summary(body, report, version)
    main = add(body, "main", **{"class": "with-diagram" if extras.diagram else "plain"})
    if extras.diagram:
        diagram(main, extras.diagram)
    column = add(main, "div")
    later = _table(column, report, extras.timeline)
    two = add(column, "div", **{"class": "two"})
    section = add(two, "section")
    add(section, "h2", "Memory while it runs")
    memory_chart(section, report, extras.timeline)
    _field(two, report)
    if extras.sample is not None:
        _sample(column, extras)
    remarks(column, report)
    document = report_json.document(report, version=version, timeline=extras.timeline)
    data = {"report": document, **({"later": later} if later else {})}
    return html.written(page, styles=["page.css"], scripts=["page.js", "report.js"], data=data)


def _table(column: ET.Element, report: Report, timeline: Sequence[Moment]) -> list[LaterRow]:
    """All rows as a tree, in a frame of its own that scrolls; those that the script adds."""
    add(column, "h2", "Layers", id="heading-layers")
    add(column, "p", NOTE, **{"class": "pale"})
    controls = "Choose a name to open a part, a number for its formula, a heading to sort."
    add(column, "p", controls, **{"class": "pale controls"})
    scroll = add(column, "div", **{"class": "scroll", "tabindex": "0", "role": "region",
                                   "aria-labelledby": "heading-layers"})  # fmt: skip
    later = tree(scroll, report, timeline)
    if later:
        rows = grouped(len(report.rows))
        add(column, "p", f"Of {rows} layers, {grouped(len(later))} that stand in parts are not "
            "lines of this file. Its data has all of them: a browser that runs scripts adds their "
            "lines, and analyze --expand prints them.", **{"class": "pale"})  # fmt: skip
    return later


def _summary(body: ET.Element, report: Report, version: str) -> None:
    """The name, what goes in and comes out, the totals."""
    totals, memory = report.totals, report.totals.memory
    header = add(body, "header")
    add(header, "h1", report.name)
    ends = [
        ", ".join(port.shape.text(report.layout) for port in ports)
        for ports in (report.inputs, report.inference_outputs)
    ]
    order = " × ".join(report.layout)
    add(header, "p", f"{' → '.join(ends)}; {order}; cnncalc {version}", **{"class": "pale"})
    least = "at least " if report.incomplete else ""
    numbers = {
        "parameters": f"{least}{grouped(totals.params)}",
        "multiply-accumulates": f"{least}{grouped(totals.macs)}",
        "connections": f"{least}{grouped(totals.connections)}",
        f"parameters, {memory.dtype}": f"{binary(memory.param_bytes)}B",
        f"activations at once, batch {memory.batch}": f"{binary(memory.peak_activation_bytes)}B",
    }
    terms = add(header, "dl")
    for term, text in numbers.items():
        both = add(terms, "div")
        add(both, "dt", term)
        add(both, "dd", text)


# -- the field, the sample


def _field(two: ET.Element, report: Report) -> None:
    """What one unit sees of the input: a rectangle that a slider moves from row to row."""
    seeing = [row for row in report.rows
              if row.receptive_field and any(row.receptive_field.jump)]  # fmt: skip
    shape = report.inputs[0].shape
    if not seeing or not 1 <= shape.rank <= 2 or len(report.inputs) > 1:  # noqa: PLR2004 - axes
        return
    high, wide = (1, *shape.spatial) if shape.rank == 1 else shape.spatial
    scale = FIELD / max(high, wide)
    section = add(two, "section", **{"class": "controls"})
    add(section, "h2", "What one unit sees")
    sizes = {"width": f"{wide * scale + 2:g}", "height": f"{high * scale + 2:g}"}
    picture = add(section, "svg", xmlns="http://www.w3.org/2000/svg", role="img",
                   viewBox=f"-1 -1 {sizes['width']} {sizes['height']}", **sizes,
                   **{"aria-labelledby": "field-text"})  # fmt: skip
    add(picture, "rect", width=f"{wide * scale:g}", height=f"{high * scale:g}",
         **{"class": "frame"})  # fmt: skip
    add(picture, "rect", **{"class": "seen"})
    line = add(section, "p")
    add(line, "label", "layer ", **{"for": "field-of"})
    add(line, "input", id="field-of", type="range", min="0", max=str(len(seeing) - 1),
         value=str(len(seeing) // 2))  # fmt: skip
    largest = per_axis(report.receptive_field or (0,))
    add(section, "p", f"The receptive field of the network is {largest}.", id="field-text",
         **{"aria-live": "polite", "class": "pale"})  # fmt: skip


def _sample(column: ET.Element, extras: Extras) -> None:
    """What became of a sample: the largest outputs, and the maps of every row that has some."""
    add(column, "h2", "Forward pass")
    add(column, "p", f"With {extras.sample}.", **{"class": "pale"})
    if extras.drawn:
        add(column, "p", DRAWN, **{"class": "pale"})
    for name, ranked in extras.largest.items():
        add(column, "p", f"The largest of {name}:")
        items = add(column, "ol")
        for entry in ranked:
            label = f"unit {entry.unit}" if entry.label is None else entry.label
            add(items, "li", f"{label}: {number(entry.value)}")
    for strip in extras.strips:
        of = counted(strip.maps, "map")
        thinned = f", every {strip.every}. row and column" if strip.every > 1 else ""
        figure = add(column, "figure")
        words = f"{strip.name}: {strip.shown} of {of}{thinned}"
        size = {"width": str(strip.width), "height": str(strip.height)}
        add(figure, "img", src=strip.uri, alt=words, **size, **{"class": "maps"})
        add(figure, "figcaption", words)
