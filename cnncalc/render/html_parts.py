"""What pages show beside tables: the picture of a network, its memory while it runs, remarks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

from cnncalc.errors import counted
from cnncalc.render import summary
from cnncalc.render.format import binary
from cnncalc.render.html import add

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cnncalc.analysis.report import Moment, Report

CHART = (560.0, 150.0)  # width and height
LEFT, FOOT, HEAD = 64.0, 22.0, 14.0  # margins that hold the labels of the chart
MOST_WRITTEN = 1500  # lines of a table that all stand in the file
FULL = 0.9  # the share of its step that a bar fills
STACK = "A stack of boxes is equal parts in a row."
BOW = "A bow at the side of a box is a path around what is inside."


def diagram(parent: ET.Element, svg: str, *, mark: str = "") -> None:
    """The picture of `draw`; its boxes can be chosen, so it is a group of them.

    `mark` makes its ids its own, on a page that has several.
    """
    figure = add(parent, "figure", **{"class": "diagram"})
    picture = ET.fromstring(svg)  # noqa: S314 - our own
    ids = {element.get("id", "") for element in picture.iter()} - {""}
    for element in picture.iter():
        element.tag = element.tag.rpartition("}")[2]
        for key in ("id", "aria-labelledby", "marker-end") if mark else ():
            if value := element.get(key):
                element.set(key, _marked(value, ids, mark))
    picture.set("xmlns", "http://www.w3.org/2000/svg")
    picture.set("role", "group")
    figure.append(picture)
    boxes = [[inner.tag for inner in group] for group in picture.iter("g")]
    signs = {STACK: any(box.count("rect") > 1 for box in boxes),
             BOW: any("path" in box for box in boxes)}  # fmt: skip
    if notes := [note for note, drawn in signs.items() if drawn]:
        add(figure, "figcaption", " ".join(notes))


def _marked(value: str, ids: set[str], mark: str) -> str:
    """A value of an attribute in which each id has the mark.

    >>> _marked("title description", {"title", "description"}, "-2")
    'title-2 description-2'
    >>> _marked("url(#arrow)", {"arrow"}, "-2")
    'url(#arrow-2)'
    """
    inner = value.removeprefix("url(#").removesuffix(")")
    words = " ".join(f"{word}{mark}" if word in ids else word for word in inner.split())
    return value.replace(inner, words)


def memory_chart(
    parent: ET.Element, report: Report, timeline: Sequence[Moment], most: int | None = None
) -> None:
    """The bytes that are alive while each row runs, as bars; the peak stands out.

    `most` is what the highest bar could show; without it, the peak.
    """
    figure = add(parent, "figure")
    memory = report.totals.memory
    peak = max(moment.bytes for moment in timeline)
    most = most or peak
    name = memory.peak.layer if memory.peak else ""
    (wide, high), plot = CHART, CHART[1] - FOOT - HEAD
    label = f"Bytes of activations while each layer runs; the most is {binary(peak)}B at {name}"
    chart = add(figure, "svg", xmlns="http://www.w3.org/2000/svg", role="img",
                viewBox=f"0 0 {wide:g} {high:g}", **{"aria-label": label})  # fmt: skip
    bytes_ = _thinned([moment.bytes for moment in timeline], int(wide - LEFT))
    step = (wide - LEFT) / len(bytes_)
    for kind in ("alive", "peak"):
        bars = "".join(
            f"M{LEFT + index * step:.1f},{high - FOOT:g}h{step * FULL:.1f}"
            f"v-{plot * number / most:.1f}h-{step * FULL:.1f}z"
            for index, number in enumerate(bytes_)
            if (number == peak) == (kind == "peak")
        )
        add(chart, "path", d=bars, **{"class": kind})
    for share in (0.0, 0.5, 1.0):
        y = high - FOOT + 4 - plot * share
        _label(chart, LEFT - 6, y, f"{binary(round(most * share))}B", "end")
    _label(chart, LEFT, high - 6, "input", "start")
    _label(chart, wide, high - 6, "output", "end")
    tensors = ", ".join(tensor.name for tensor in memory.peak.tensors) if memory.peak else ""
    batch = "one sample" if memory.batch == 1 else f"{memory.batch} samples"
    others = sum(moment.bytes == peak for moment in timeline) - 1
    again = f", and as much at {counted(others, 'later row')}" if others else ""
    add(figure, "figcaption", f"Activations in memory while each layer runs, {memory.dtype}, "
        f"{batch}. Peak {binary(peak)}B at {name} ({tensors}){again}.")  # fmt: skip


def _thinned(numbers: Sequence[int], most: int) -> list[int]:
    """At most so many numbers, each the largest of some that follow each other.

    >>> _thinned([1, 5, 2, 3, 9], 3)
    [5, 3, 9]
    """
    each = -(-len(numbers) // most)
    return [max(numbers[at : at + each]) for at in range(0, len(numbers), each)]


def _label(chart: ET.Element, x: float, y: float, text: str, anchor: str) -> None:
    place = {"x": f"{x:g}", "y": f"{y:g}"}
    add(chart, "text", text, **{**place, "text-anchor": anchor, "class": "label"})


def remarks(parent: ET.Element, report: Report, *, of: str = "") -> None:
    """The expectations, and the notes and warnings; `of` names the network where there are two."""
    if report.expect:
        failed = sum(not check.ok for check in report.expect)
        add(parent, "h2", f"Expectations{of}")
        met = f"{len(report.expect) - failed} of {len(report.expect)} are met."
        add(parent, "p", met, **{"class": "failed" if failed else "pale"})
        for check in report.expect:
            if not check.ok:
                add(parent, "p", summary.expectation(check), **{"class": "failed"})
    if report.diagnostics:
        add(parent, "h2", counted(len(report.diagnostics), "remark").capitalize() + of)
        items = add(parent, "ul")
        for text in _texts(report):
            add(items, "li", text)


def _texts(report: Report) -> Iterator[str]:
    remark: Any
    for remark in report.diagnostics:
        place = f"{remark.span.file}:{remark.span.line}: " if remark.span else ""
        help_ = f" ({remark.help})" if remark.help else ""
        yield f"{place}{remark.severity}: {remark.message}{help_}"
