"""ptflops: multiply-adds with biases; its `pytorch` backend adds norms, activations, pooling.

That backend hooks the modules and replaces the functions of torch.nn.functional, so that a
module whose forward calls a replaced function counts twice.
Source: ptflops 0.7.5, pytorch_ops.py, aten_ops.py and utils.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.questions.peers._rules import (
    BIASES,
    PeerFigure,
    Rule,
    adjustments,
    affine,
    inputs,
    macs_figure,
    outputs,
)

if TYPE_CHECKING:
    from cnncalc.analysis.report import Report, Row

VERSION = "0.7.5"
NOTE = "layers are taken as modules; one that the model's code calls as a function counts once"
POOLS = frozenset({"maxpool", "avgpool", "adaptivepool", "gap", "gmp"})
RECTIFIERS = frozenset({"relu", "prelu", "elu", "gelu"})


def _twice_in(row: Row) -> int:
    return 2 * inputs(row)


def _twice_out(row: Row) -> int:
    return 2 * outputs(row)


# The aten backend has rules for convolutions and matrix products only.
ATEN = (BIASES,)
PYTORCH = (
    *ATEN,
    Rule(frozenset({"bn", "gn", "instnorm"}), lambda row: inputs(row) * (2 if affine(row) else 1),
         "norms: two for each number, one without scale and shift"),
    Rule(frozenset({"ln"}), inputs, "layer norms: one for each number"),
    Rule(RECTIFIERS, _twice_out,
         "ReLU, PReLU, ELU, GELU: one for each output, and (a slip) twice"),
    Rule(frozenset({"relu6", "leaky", "silu", "softmax"}), outputs,
         "ReLU6, leaky ReLU, SiLU, softmax: one for each output"),
    Rule(POOLS, _twice_in, "pooling: one for each input, and (a slip) twice"),
    Rule(frozenset({"upsample"}), _twice_out,
         "upsampling: one for each output, and (a slip) twice"),
)  # fmt: skip


def figures(report: Report) -> tuple[PeerFigure, ...]:
    """What get_model_complexity_info returns as strings, for both backends."""
    trainable = report.totals.trainable
    return (
        macs_figure(report, "MACs (backend pytorch)", adjustments(report, PYTORCH), _macs),
        macs_figure(report, "MACs (backend aten)", adjustments(report, ATEN), _macs),
        PeerFigure("params", _params(trainable), trainable, "trainable"),
    )


def _macs(number: int) -> str:
    for power, unit in ((9, "GMac"), (6, "MMac"), (3, "KMac")):
        if number >= 10**power:
            return f"{round(number / 10**power, 2)} {unit}"
    return f"{number} Mac"


def _params(number: int) -> str:
    for power, unit in ((6, "M"), (3, "k")):
        if number >= 10**power:
            return f"{round(number / 10**power, 2)} {unit}"
    return str(number)
