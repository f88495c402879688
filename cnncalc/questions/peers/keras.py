"""Keras: every weight of the model is a parameter, the moving statistics of norms as well.

Source: keras 3, utils/summary_utils.py (print_summary).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.conventions import bytes_per_number
from cnncalc.questions.peers._rules import Adjustment, PeerFigure

if TYPE_CHECKING:
    from cnncalc.analysis.report import Report

VERSION = "3"
NOTE = "its summary counts no MACs; its own applications may be built differently (ResNet50 has \
biases before batch norms)"
UNITS = ("B", "KB", "MB", "GB", "TB")


def figures(report: Report) -> tuple[PeerFigure, ...]:
    """The three lines below the summary; its KB and MB are powers of 1024."""
    totals = report.totals
    each = bytes_per_number(totals.memory.dtype)
    stored_too = [
        Adjustment(totals.buffers, "moving means and variances of batch norms"),
        Adjustment(totals.fixed, "fixed numbers"),
    ]
    extra = tuple(adjustment for adjustment in stored_too if adjustment.amount)
    frozen = totals.params - totals.trainable
    stored = totals.buffers + totals.fixed

    def figure(label: str, number: int, ours: str, why: tuple[Adjustment, ...]) -> PeerFigure:
        return PeerFigure(label, f"{number:,} ({readable(number * each)})", number, ours, why)

    return (
        figure("Total params", totals.params + stored, "params", extra),
        figure("Trainable params", totals.trainable, "trainable", ()),
        figure("Non-trainable params", frozen + stored, "params - trainable", extra),
    )


def readable(number: float) -> str:
    """Bytes in units of 1024, which Keras calls KB, MB, ...

    >>> readable(25636712 * 4), readable(0)
    ('97.80 MB', '0.00 B')
    """
    unit = 0
    while number >= 1024 and unit < len(UNITS) - 1:  # noqa: PLR2004 - the step between units
        number /= 1024
        unit += 1
    return f"{number:.2f} {UNITS[unit]}"
