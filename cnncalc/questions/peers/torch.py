"""torch's FlopCounterMode: two flops per multiply-add of convolutions and matrix products.

Source: torch 2.13, utils/flop_counter.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.questions.peers._rules import (
    OPERATORS,
    Adjustment,
    PeerFigure,
    adjustments,
    macs_figure,
    whole_batch,
)

if TYPE_CHECKING:
    from cnncalc.analysis.report import Report

VERSION = "2.13"
NOTE = "it counts operators as they run, so the way the model's code is written does not matter"
UNITS = ("", "K", "M", "B", "T")


def figures(report: Report) -> tuple[PeerFigure, ...]:
    """The Global line of its table; get_total_flops() gives the exact number."""
    why = adjustments(report, seen=OPERATORS)
    single = report.totals.macs + sum(adjustment.amount for adjustment in why)
    factor = Adjustment(single, "factor 2: a multiply and an add are two flops")
    return (macs_figure(report, "FLOP", whole_batch(report, (*why, factor)), readable),)


def readable(number: int) -> str:
    """Three decimals, of the unit that leaves at most four digits before the point.

    >>> readable(8178368512), readable(833040)
    ('8178.369M', '833.040K')
    """
    index = min(len(UNITS) - 1, (len(str(number)) - 2) // 3) if number else 0
    index = max(0, index)
    return f"{number / 1000**index:.3f}{UNITS[index]}"
