"""thop: multiply-adds without biases; norms, average pooling, softmax and upsampling as well.

Source: thop 0.1.1.post2209072238, profile.py, vision/calc_func.py and utils.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.questions.peers._rules import (
    DENSE,
    TRANSPOSED_SLIP,
    Adjustment,
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

VERSION = "0.1.1.post2209072238"
NOTE = "layers are taken as modules; one that the model's code calls as a function is not counted"
# The types with parameters that it has rules for; the parameters of others are not counted.
PARAMETRIC = DENSE | {"bn", "ln", "instnorm", "prelu"}
# Per output number, by the number of axes: linear, bilinear; three axes are not implemented.
BLEND = {1: 5, 2: 11, 3: 0}


def _softmax(row: Row) -> int:
    """Per position and n channels: n exponentials, n - 1 additions, n divisions."""
    channels = row.out.channels
    return row.out.size // channels * (3 * channels - 1)


def _adaptive_average(row: Row) -> int:
    is_max = row.settings.get("kind") == "max"
    return 0 if is_max else inputs(row) + outputs(row)


def _upsampling(row: Row) -> int:
    nearest = row.settings.get("mode") == "nearest"
    return outputs(row) * (1 if nearest else BLEND[row.out.rank])


RULES = (
    TRANSPOSED_SLIP,
    Rule(frozenset({"bn", "ln", "instnorm"}), lambda row: inputs(row) * (4 if affine(row) else 2),
         "norms: four for each number, two without scale and shift"),
    Rule(frozenset({"avgpool"}), outputs, "average pooling: one for each output"),
    Rule(frozenset({"gap", "adaptivepool"}), _adaptive_average,
         "adaptive average pooling: one for each input and one for each output"),
    Rule(frozenset({"prelu"}), inputs, "PReLU: one for each number"),
    Rule(frozenset({"softmax"}), _softmax, "softmax: exponentials, additions and divisions"),
    Rule(frozenset({"upsample"}), _upsampling,
         "upsampling: one for each output (nearest), 5 (linear) or 11 (bilinear)"),
)  # fmt: skip


def figures(report: Report) -> tuple[PeerFigure, ...]:
    """What profile returns, as its clever_format writes it with three decimals."""
    why = whole_batch(report, adjustments(report, RULES))
    missing = sum(row.params for row in report.rows if row.train_only or row.type not in PARAMETRIC)
    uncounted = (Adjustment(-missing, "layers that do not run, or that thop has no rule for"),)
    params = report.totals.params - missing
    return (
        macs_figure(report, "macs", why, readable),
        PeerFigure("params", readable(params), params, "params", uncounted if missing else ()),
    )


def readable(number: int) -> str:
    """Three decimals of the largest unit that the number exceeds.

    >>> readable(4133742592), readable(900)
    ('4.134G', '900.000B')
    """
    for power, unit in ((12, "T"), (9, "G"), (6, "M"), (3, "K")):
        if number > 10**power:
            return f"{number / 10**power:.3f}{unit}"
    return f"{number:.3f}B"
