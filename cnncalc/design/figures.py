"""The figures of a network that budgets, comparisons and sweeps speak of, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.analysis.field import largest_field
from cnncalc.spec.budgets import BYTES, COUNTS

if TYPE_CHECKING:
    from cnncalc.analysis.report import Report

FIGURES = (*COUNTS, *BYTES, "rf", "rows")


def figure(report: Report, key: str) -> int | None:
    """A figure by its name; None only for `rf`, where no layer slides over the input.

    `rf` is the receptive field on the axis where it is smallest.

    >>> from cnncalc import analyze, load
    >>> report = analyze(load("resnet50"))
    >>> figure(report, "macs"), figure(report, "rf")
    (4089184256, 427)
    """
    if key == "rf":
        field = largest_field(report.rows)
        return min(field) if field else None
    source = report.totals.memory if key in BYTES else report.totals
    value: int = getattr(source, key)
    return value
