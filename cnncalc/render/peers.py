"""Answers of `--as`: what another tool prints, and why it differs from cnncalc's figures.

The JSON document is `cnncalc.as/1`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cnncalc.render.format import printable
from cnncalc.render.json import SPEC, answer_schema, envelope, spec
from cnncalc.render.page import PIPE
from cnncalc.render.schema import COUNT, TEXT, WHOLE, described, listed, record
from cnncalc.render.table import Column, Table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnncalc.analysis.report import Report
    from cnncalc.questions.peers import PeerCount
    from cnncalc.questions.peers._rules import PeerFigure
    from cnncalc.render.page import Page
    from cnncalc.render.schema import Schema
    from cnncalc.render.table import Kind


def text(report: Report, counted: PeerCount, page: Page = PIPE) -> str:
    """The tool's figures as it writes them, with the exact numbers; the reasons; the note."""
    head = f"{printable(report.name)} as {counted.tool} {counted.version} counts it"
    rows = [[f.label, f.text, "" if _exact(f) else f"({f.value:,})"] for f in counted.figures]
    table = Table([Column("", "name"), Column(""), Column("")], rows)
    lines = table.lines(page=page, titles=False)
    return "\n".join(
        [page.paint(head, "heading"), *lines, *_reasons(counted), f"note: {counted.note}", ""]
    )


def document(report: Report, counted: PeerCount, *, version: str) -> dict[str, Any]:
    """The same for programs; `base` is cnncalc's figure, and `value` is `base` + the amounts."""
    return {
        **envelope("as", version),
        "spec": spec(report),
        "as": {"name": counted.tool, "version": counted.version},
        "batch": report.totals.memory.batch,
        "dtype": report.totals.memory.dtype,
        "figures": [_figure(figure) for figure in counted.figures],
        "note": counted.note,
    }


def rows(counted: PeerCount) -> list[dict[str, Any]]:
    """A flat row per figure of the tool, for programs: its reasons are one text."""
    return [
        {
            "figure": figure.label, "text": figure.text, "value": figure.value,
            "ours": figure.ours or None, "base": figure.base if figure.ours else None,
            "why": "; ".join(f"{term.reason} ({term.amount:+,})" for term in figure.why) or None,
        }
        for figure in counted.figures
    ]  # fmt: skip


def written(counted: PeerCount, style: str) -> str:
    """The same figures in one of the STYLES."""
    kinds: dict[str, Kind] = {"value": "number", "base": "number"}
    entries = rows(counted)
    columns = [Column(key, kinds.get(key, "text"), key) for key in entries[0]]
    return Table(columns, [list(entry.values()) for entry in entries]).written(style)


def _figure(figure: PeerFigure) -> dict[str, Any]:
    entry: dict[str, Any] = {"label": figure.label, "text": figure.text, "value": figure.value}
    if figure.ours:
        entry |= {"ours": figure.ours, "base": figure.base}
        entry["why"] = [term._asdict() for term in figure.why]
    return entry


def _exact(figure: PeerFigure) -> bool:
    """Whether the tool's own text is the exact number."""
    return figure.text.startswith(f"{figure.value:,}")


def _reasons(counted: PeerCount) -> Iterator[str]:
    """For each figure that differs, the steps from cnncalc's to the tool's."""
    for figure in counted.figures:
        if not figure.why:
            continue
        yield ""
        yield f"why {figure.label} is {figure.value:,} and not {figure.base:,} ({figure.ours})"
        amounts = [f"{term.amount:+,}" for term in figure.why]
        width = max(map(len, amounts))
        for amount, term in zip(amounts, figure.why, strict=True):
            yield f"  {amount:>{width}}  {term.reason}"
    yield ""


def schema() -> Schema:
    """The schema of `cnncalc.as/1`, what `analyze --as` prints."""
    why = described(
        listed(record({"amount": WHOLE, "reason": TEXT})), "value is base + the amounts"
    )
    figure = record(
        {"label": described(TEXT, "the tool's words"), "text": TEXT, "value": COUNT},
        {"ours": described(TEXT, "what cnncalc calls its own figure"), "base": COUNT, "why": why},
    )
    fields = {
        "spec": SPEC,
        "as": record({"name": TEXT, "version": TEXT}),
        "batch": COUNT,
        "dtype": TEXT,
        "figures": listed(figure),
        "note": TEXT,
    }
    return answer_schema("as", "what another tool would print for this network", fields)
