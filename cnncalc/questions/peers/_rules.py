"""What the tools' files share: figures, rules over rows, and the adjustments they give."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from cnncalc.analysis.report import Report, Row

CONVOLUTIONS = frozenset({"conv", "dwconv", "conv_transpose"})
DENSE = CONVOLUTIONS | {"fc", "linear"}  # with MACs, and with a module of torch
# With MACs, and counted by tools that see the operators a network runs, not by all others.
OPERATORS = frozenset({"attention", "blur", "gru", "lstm", "matmul", "rnn"})
NORMS = frozenset({"bn", "ln", "gn", "instnorm"})


class Adjustment(NamedTuple):
    """One step from cnncalc's figure to the tool's: what to add, and why."""

    amount: int
    reason: str


class PeerFigure(NamedTuple):
    """One figure of a tool. `ours` names the figure of cnncalc to compare with, "" for none.

    `value` is exact; `text` is how the tool prints it under its own `label`.

    >>> PeerFigure("Total params", "6", 6, "params", (Adjustment(2, "statistics"),)).base
    4
    """

    label: str
    text: str
    value: int
    ours: str = ""
    why: tuple[Adjustment, ...] = ()

    @property
    def base(self) -> int:
        """The figure as cnncalc counts it: the value without the adjustments."""
        return self.value - sum(adjustment.amount for adjustment in self.why)


class Rule(NamedTuple):
    """What a tool adds for each row of some types (negative where it takes away), and why."""

    types: frozenset[str]
    count: Callable[[Row], int]
    reason: str


def adjustments(
    report: Report, rules: Iterable[Rule] = (), *, seen: frozenset[str] = frozenset()
) -> tuple[Adjustment, ...]:
    """What a tool counts differently over the rows of inference, for one sample; none of 0.

    Besides `rules`, no tool counts the MACs of a layer type that torch has no module for. A type
    is one of these unless DENSE or OPERATORS names it, so that a new layer type needs no edit
    here. Of OPERATORS, a tool counts those that it has `seen`.
    """
    rows = at_work(report)
    unknown = -sum(row.macs for row in rows if row.type not in DENSE | OPERATORS)
    unseen = -sum(row.macs for row in rows if row.type in OPERATORS - seen)
    adjustments_ = [
        Adjustment(unknown, "layers that torch has no module for"),
        Adjustment(unseen, "attention, recurrent and other layers that it is not known to count"),
    ]
    for rule in rules:
        amount = sum(rule.count(row) for row in rows if row.type in rule.types)
        adjustments_.append(Adjustment(amount, rule.reason))
    return tuple(adjustment for adjustment in adjustments_ if adjustment.amount)


def at_work(report: Report) -> list[Row]:
    """The rows of inference; a row that shares weights gets the counts of those it uses."""
    by_name = {row.name: row for row in report.rows}

    def owner(row: Row) -> Row:
        while row.shared_with is not None:
            row = by_name[row.shared_with]
        return row

    rows = (row for row in report.rows if not row.train_only)
    return [row._replace(weights=owner(row).weights, biases=owner(row).biases) for row in rows]


def whole_batch(report: Report, why: tuple[Adjustment, ...]) -> tuple[Adjustment, ...]:
    """The adjustments, and one more for the rest of the batch, for tools that count it."""
    batch = report.totals.memory.batch
    single = report.totals.macs + sum(adjustment.amount for adjustment in why)
    rest = Adjustment((batch - 1) * single, f"batch {batch}: every sample is counted")
    return (*why, rest) if rest.amount else why


def macs_figure(
    report: Report, label: str, why: tuple[Adjustment, ...], write: Callable[[int], str]
) -> PeerFigure:
    """A figure of a tool that is compared with cnncalc's MACs, as `write` rounds it."""
    value = report.totals.macs + sum(adjustment.amount for adjustment in why)
    return PeerFigure(label, write(value), value, "MACs", why)


def bias_additions(row: Row) -> int:
    """One addition for each output of a layer with a bias."""
    return row.connections_with_bias - row.connections


def inputs(row: Row) -> int:
    """How many numbers the first input has."""
    return row.in_shapes[0].size


def outputs(row: Row) -> int:
    """How many numbers the layer puts out."""
    return row.out.size


def affine(row: Row) -> bool:
    """Whether a norm has a scale and a shift."""
    return bool(row.weights)


def _at_output_positions(row: Row) -> int:
    """What a tool counts too much that multiplies the weights by the output's positions."""
    return row.weights * (row.out.size // row.out.channels) - row.macs


TRANSPOSED_SLIP = Rule(
    frozenset({"conv_transpose"}),
    _at_output_positions,
    "a slip: transposed convolutions counted at output positions",
)
BIASES = Rule(DENSE, bias_additions, "biases: one addition for each output")
