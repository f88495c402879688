"""The vocabulary of the tools' files: rules over rows, the terms they give, figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from cnncalc.analysis.report import Report, Row

CONVOLUTIONS = frozenset({"conv", "dwconv", "conv_transpose"})
DENSE = CONVOLUTIONS | {"fc", "linear"}
NORMS = frozenset({"bn", "ln", "gn", "instnorm"})
STRANGE = frozenset({"subsample", "rbf", "localconv"})  # with MACs here, without a torch module


class Term(NamedTuple):
    """One step from cnncalc's figure to the tool's."""

    amount: int
    reason: str


class Figure(NamedTuple):
    """One figure of a tool. `ours` names what it is held against, "" where there is nothing.

    `value` is exact, `text` is what the tool prints of it under its own `label`.

    >>> Figure("Total params", "6", 6, "params", (Term(2, "statistics"),)).base
    4
    """

    label: str
    text: str
    value: int
    ours: str = ""
    why: tuple[Term, ...] = ()

    @property
    def base(self) -> int:
        """The figure as cnncalc counts it: the value without the terms."""
        return self.value - sum(term.amount for term in self.why)


class Rule(NamedTuple):
    """What a tool does to the rows of some types: an amount for each row, and the reason."""

    types: frozenset[str]
    count: Callable[[Row], int]
    reason: str


def work(report: Report, rules: Iterable[Rule]) -> tuple[Term, ...]:
    """What the rules come to over the rows of inference, for one sample; no empty terms."""
    rows = at_work(report)
    sums = ((sum(rule.count(r) for r in rows if r.type in rule.types), rule) for rule in rules)
    return tuple(Term(amount, rule.reason) for amount, rule in sums if amount)


def at_work(report: Report) -> list[Row]:
    """The rows of inference; those that share weights with the counts of the weights they use."""
    by_name = {row.name: row for row in report.rows}

    def owner(row: Row) -> Row:
        while row.shared_with is not None:
            row = by_name[row.shared_with]
        return row

    rows = (row for row in report.rows if not row.train_only)
    return [row._replace(weights=owner(row).weights, biases=owner(row).biases) for row in rows]


def whole_batch(report: Report, terms: tuple[Term, ...]) -> tuple[Term, ...]:
    """The terms, and one more for the other samples of the batch, by tools that count them."""
    batch = report.totals.memory.batch
    single = report.totals.macs + sum(term.amount for term in terms)
    more = Term((batch - 1) * single, f"batch {batch}: every sample is counted")
    return (*terms, more) if more.amount else terms


def macs_figure(
    report: Report, label: str, terms: tuple[Term, ...], write: Callable[[int], str]
) -> Figure:
    """A figure of work, held against cnncalc's MACs."""
    value = report.totals.macs + sum(term.amount for term in terms)
    return Figure(label, write(value), value, "MACs", terms)


def bias_additions(row: Row) -> int:
    """One for every output of a layer that has a bias."""
    return row.connections_with_bias - row.connections


def inputs(row: Row) -> int:
    """The numbers that go in first."""
    return row.in_shapes[0].size


def outputs(row: Row) -> int:
    """The numbers that come out."""
    return row.out.size


def affine(row: Row) -> bool:
    """Whether a norm has a scale and a shift."""
    return bool(row.weights)


STRANGERS = Rule(STRANGE, lambda row: -row.macs, "layers that torch has no module for")
BIASES = Rule(DENSE, bias_additions, "biases: one addition for each output")
