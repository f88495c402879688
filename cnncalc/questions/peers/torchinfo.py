"""torchinfo: parameters times output positions for classes named Conv, else just parameters.

Source: torchinfo 1.8.0, layer_info.py (calculate_macs) and model_statistics.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.conventions import bytes_per_number
from cnncalc.questions.peers._rules import (
    CONVOLUTIONS,
    NORMS,
    TRANSPOSED_SLIP,
    Adjustment,
    PeerFigure,
    Rule,
    adjustments,
    at_work,
    bias_additions,
    macs_figure,
    whole_batch,
)

if TYPE_CHECKING:
    from cnncalc.analysis.report import Report, Row

VERSION = "1.8.0"
NOTE = "parameters that belong to no leaf module (gamma) are counted, but not their bytes and MACs"
LOOSE = frozenset({"gamma"})  # layer types whose parameters belong to no leaf module


RULES = (
    Rule(CONVOLUTIONS | {"fc"}, bias_additions, "biases: one for each output"),
    Rule(frozenset({"linear"}), lambda row: row.weights + row.biases - row.macs,
         "a slip: linear layers on maps counted at one position only"),
    TRANSPOSED_SLIP,
    Rule(NORMS, lambda row: row.weights + row.biases,
         "norms: each scale and shift as one multiply-add, whatever the size of the map"),
    Rule(frozenset({"prelu"}), lambda row: row.weights, "PReLU: each slope as one multiply-add"),
)  # fmt: skip


def figures(report: Report) -> tuple[PeerFigure, ...]:
    """The block below torchinfo's table."""
    totals = report.totals
    frozen = totals.params - totals.trainable
    macs = whole_batch(report, adjustments(report, RULES))
    sizes = (_input(report), _passes(report), _params(report))
    whole = sum(size.value for size in sizes)
    return (
        PeerFigure("Total params", f"{totals.params:,}", totals.params, "params"),
        PeerFigure("Trainable params", f"{totals.trainable:,}", totals.trainable, "trainable"),
        PeerFigure("Non-trainable params", f"{frozen:,}", frozen, "params - trainable"),
        _with_unit(macs_figure(report, "Total mult-adds", macs, str)),
        *sizes,
        PeerFigure("Estimated Total Size (MB)", _megabytes(whole), whole),
    )


def _with_unit(figure: PeerFigure) -> PeerFigure:
    """The figure with two decimals, its unit moved to the label."""
    power, unit = next(
        (step for step in ((12, "T"), (9, "G")) if figure.value >= 10 ** step[0]), (6, "M")
    )
    number = figure.value / 10**power
    text = f"{number:,.0f}" if number.is_integer() else f"{number:,.2f}"
    return figure._replace(label=f"{figure.label} ({unit})", text=text)


def _megabytes(number: int) -> str:
    return f"{number / 1e6:.2f}"


def _each(report: Report) -> int:
    return bytes_per_number(report.totals.memory.dtype)


def _input(report: Report) -> PeerFigure:
    samples = sum(port.shape.size for port in report.inputs) * report.totals.memory.batch
    size = samples * _each(report)
    return PeerFigure("Input size (MB)", _megabytes(size), size, "input bytes")


def _passes(report: Report) -> PeerFigure:
    memory = report.totals.memory
    numbers = sum(row.out.size for row in at_work(report) if row.params and row.type not in LOOSE)
    once = numbers * memory.batch * _each(report)
    why = (
        Adjustment(once - memory.activation_bytes, "only outputs of layers with parameters"),
        Adjustment(once, "twice, for the gradients"),
    )
    label = "Forward/backward pass size (MB)"
    return PeerFigure(label, _megabytes(2 * once), 2 * once, "activation bytes", why)


def _params(report: Report) -> PeerFigure:
    totals = report.totals
    leaves = sum(row.params for row in report.rows if _in_a_leaf(row))
    size = leaves * _each(report)
    extra = size - totals.memory.param_bytes
    reason = "learned parameters of the leaf modules that run, no statistics or fixed numbers"
    why = (Adjustment(extra, reason),) if extra else ()
    return PeerFigure("Params size (MB)", _megabytes(size), size, "parameter bytes", why)


def _in_a_leaf(row: Row) -> bool:
    return row.type not in LOOSE and not row.train_only
