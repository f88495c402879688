"""The figures of a report that budgets, comparisons and sweeps speak of, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.analysis.field import largest_field
from cnncalc.figures import FIGURES

if TYPE_CHECKING:
    from cnncalc.analysis.report import Report


def figure(report: Report, key: str) -> int | None:
    """A figure by its name; None only for `rf`, where no layer slides over the input.

    `rf` is the receptive field on the axis where it is smallest.

    >>> from cnncalc import analyze, load
    >>> report = analyze(load("resnet50"))
    >>> figure(report, "macs"), figure(report, "rf")
    (4089184256, 427)
    """
    if FIGURES[key].place == "field":
        field = largest_field(report.rows)
        return min(field) if field else None
    return FIGURES[key].of(report.totals)
