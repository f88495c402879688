"""fvcore: one flop per multiply-add, and some for norms, adaptive averages and upsampling.

Source: fvcore 0.1.5.post20221221, nn/flop_count.py, nn/jit_handles.py and
nn/print_model_statistics.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.questions.peers._rules import (
    PeerFigure,
    Rule,
    adjustments,
    affine,
    inputs,
    macs_figure,
    outputs,
    whole_batch,
)

if TYPE_CHECKING:
    from cnncalc.analysis.report import Report, Row

VERSION = "0.1.5.post20221221"
NOTE = "an average written as mean() in the model's code is not counted"
PLANE = 2  # spatial axes of the operators it knows


def _adaptive_average(row: Row) -> int:
    is_max = row.settings.get("kind") == "max"
    return inputs(row) if row.in_shapes[0].rank == PLANE and not is_max else 0


def _upsampling(row: Row) -> int:
    each = 1 if row.settings.get("mode") == "nearest" else 4
    return each * outputs(row) if row.out.rank == PLANE else 0


SEEN = frozenset({"attention", "blur", "matmul"})  # products and convolutions, wherever they run

RULES = (
    Rule(frozenset({"bn"}), lambda row: inputs(row) * (2 if affine(row) else 1),
         "batch norms: two for each number, one without scale and shift"),
    Rule(frozenset({"ln", "gn", "instnorm"}), lambda row: inputs(row) * (5 if affine(row) else 4),
         "other norms: five for each number, four without scale and shift"),
    Rule(frozenset({"gap", "adaptivepool"}), _adaptive_average,
         "adaptive average pooling over two axes: one for each input"),
    Rule(frozenset({"upsample"}), _upsampling,
         "upsampling over two axes: one for each output (nearest) or four (bilinear)"),
)  # fmt: skip


def figures(report: Report) -> tuple[PeerFigure, ...]:
    """The first line of flop_count_table; its total() gives the exact number."""
    why = whole_batch(report, adjustments(report, RULES, seen=SEEN))
    params = report.totals.params
    return (
        macs_figure(report, "#flops", why, readable),
        PeerFigure("#parameters", readable(params), params, "params"),
    )


def readable(number: int) -> str:
    """Up to three decimals, of the largest unit that the number exceeds a tenth of.

    >>> readable(300774272), readable(1819065856), readable(61706)
    ('0.301G', '1.819G', '61.706K')
    """
    for power, unit in ((15, "P"), (12, "T"), (9, "G"), (6, "M"), (3, "K")):
        if number > 10 ** (power - 1):
            return f"{number / 10**power:.3f}".rstrip("0").rstrip(".") + unit
    return str(number)
