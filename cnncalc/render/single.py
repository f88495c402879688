"""One layer in full: every formula with its numbers, and how it compares with another way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cnncalc.figures import FIGURES as NAMED
from cnncalc.render.format import display_width, pad, per_axis, to_ascii
from cnncalc.render.steps import equation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnncalc.analysis.report import Report, Row

FIGURES = ("weights", "biases", "params", "connections", "macs")
GAP = 3


def text(report: Report, layout: str | None = None, *, ascii_only: bool = False) -> str:
    """The steps of the report's only layer, one per line, with the output among them."""
    pairs = list(_pairs(report.rows[0], layout or report.layout))
    return _lines(pairs, ascii_only)


def comparison(report: Report, other: Report, name: str, *, ascii_only: bool = False) -> str:
    """The layer's figures beside those of another way to the same output."""
    pairs = [(f"versus {name}", ", then ".join(_way(row, report.layout) for row in other.rows))]
    for figure in FIGURES:
        here, there = getattr(report.totals, figure), getattr(other.totals, figure)
        pairs.append((NAMED[figure].word, f"{here:,} against {there:,}{_factor(here, there)}"))
    return _lines(pairs, ascii_only)


def _pairs(row: Row, layout: str) -> Iterator[tuple[str, str]]:
    """Label and text of every line; equal axes are told once."""
    lines = {
        step.field: (step.label, equation(step.formula, step.numbers, step.value), step.numbers)
        for step in row.steps
    }
    axes = [lines.pop(f"out.{letter}") for letter in row.out.axes[::-1] if f"out.{letter}" in lines]
    extra: Any = row.settings.get("output_padding", ())
    if any(extra):
        yield "output padding", f"a = {per_axis(extra)}"
    told: set[str] = set()
    for label, said, numbers in axes:
        if numbers not in told:
            yield label, said
        told.add(numbers)
    letters = row.out.letters(layout)
    order = f"   ({' × '.join(letters)})" if letters else ""
    yield "output", f"{row.out.text(layout, ' × ')}{order}"
    yield from ((label, said) for label, said, _ in lines.values())
    if not row.params:
        yield "params", "none: this layer learns nothing"


def _way(row: Row, layout: str) -> str:
    """A layer in few words: its filter, and what comes out."""
    kernel = "×".join(map(str, row.settings.get("kernel", ())))  # type: ignore[call-overload]
    return " ".join(filter(None, [row.type, kernel, "to", row.out.text(layout)]))


def _factor(here: int, there: int) -> str:
    """How the two compare: the larger divided by the smaller, in words."""
    if here == there or not (here and there):
        return ""
    word = "fewer" if there < here else "more"
    return f"   {max(here, there) / min(here, there):,.2f} times {word}"


def _lines(pairs: list[tuple[str, str]], ascii_only: bool) -> str:
    width = max(display_width(label) for label, _ in pairs) + GAP
    said = "".join(f"{pad(label, width, right=False)}{value}\n" for label, value in pairs)
    return to_ascii(said) if ascii_only else said
