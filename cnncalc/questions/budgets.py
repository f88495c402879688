"""Budgets held against a network: the figure of each, and why one is not kept."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from cnncalc.analysis.engine import analyze
from cnncalc.analysis.training import training
from cnncalc.errors import Diagnostic, Span, counted
from cnncalc.figures import FIGURES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from cnncalc.analysis.report import Memory, Report
    from cnncalc.analysis.training import TrainingMemory
    from cnncalc.network import Network
    from cnncalc.spec.sections.budgets import Budget

SMALL = "int8"  # the number type of microcontrollers
MOST_TENSORS = 4  # named in a message


class BudgetResult(NamedTuple):
    """A budget and the actual figure; None where the network has no such figure.

    Figures of bytes have a number type and a batch. `notes` and `help` say where they come from
    and what would help, if the budget is not kept.
    """

    budget: Budget
    actual: int | None
    dtype: str | None = None
    batch: int | None = None
    notes: tuple[str, ...] = ()
    help: str | None = None

    @property
    def delta(self) -> int | None:
        """How far the figure lies beyond its limit; 0 where it keeps it."""
        return None if self.actual is None else self.budget.excess(self.actual)

    @property
    def ok(self) -> bool:
        """Whether the budget is kept."""
        return self.delta == 0


def measured(network: Network, report: Report, limits: Sequence[Budget]) -> Iterator[BudgetResult]:
    """Each limit with the figure that it is about."""

    @cache
    def memory(dtype: str) -> Memory:
        own = report.totals.memory
        if dtype == own.dtype:
            return own
        other = analyze(network, batch=own.batch, dtype=dtype, out_of_place=False)
        return other.totals.memory

    for limit in limits:
        place = FIGURES[limit.key].place
        if place == "memory":
            yield _of_memory(limit, memory(limit.dtype or report.totals.memory.dtype), memory)
        elif place == "training":
            yield _of_training(limit, report)
        else:
            yield BudgetResult(limit, report.figure(limit.key))


def _of_memory(limit: Budget, memory: Memory, other: Callable[[str], Memory]) -> BudgetResult:
    actual: int = getattr(memory, limit.key)
    result = BudgetResult(limit, actual, memory.dtype, memory.batch)
    if result.ok or limit.least:
        return result
    notes = (_at_peak(memory),) if limit.key == "peak_activation_bytes" and memory.peak else ()
    help_ = None
    if memory.dtype != SMALL:
        small: int = getattr(other(SMALL), limit.key)
        verdict = "keeps the limit" if small <= limit.limit else "is too much as well"
        help_ = f"in {SMALL} it would be {small:,} bytes, which {verdict}"
    return result._replace(notes=notes, help=help_)


def _at_peak(memory: Memory) -> str:
    """The layer that runs at the peak, and the largest tensors alive then."""
    if memory.peak is None:
        return ""
    tensors = sorted(memory.peak.tensors, key=lambda tensor: -tensor.bytes)
    alive = [f"{name} {size:,}" for name, size in tensors[:MOST_TENSORS]]
    rest = tensors[MOST_TENSORS:]
    if rest:
        alive.append(f"{counted(len(rest), 'more tensor')} {sum(t.bytes for t in rest):,}")
    return f"the peak is at {memory.peak.layer}: {' + '.join(alive)}"


def _of_training(limit: Budget, report: Report) -> BudgetResult:
    needed = training(report, limit.optimiser or "", batch=limit.batch, dtype=limit.dtype)
    result = BudgetResult(limit, needed.total.total, needed.dtype, needed.batch)
    if result.ok or limit.least:
        return result
    parts = (f"{key} {value:,}" for key, value in needed.total._asdict().items())
    return result._replace(notes=(" + ".join(parts),), help=_smaller_batch(limit, needed))


def _smaller_batch(limit: Budget, needed: TrainingMemory) -> str:
    """The largest batch that keeps the limit: activations grow with it, nothing else does."""
    activations, *others = needed.total
    left = limit.limit - sum(others)
    batch = left // (activations // needed.batch) if activations else 0
    if batch < 1:
        return "no batch keeps the limit"
    return f"a batch of {batch:,} keeps the limit"


def exceeded(result: BudgetResult, prefix: str, file: str) -> Diagnostic:
    """The error for a budget that is not kept, at its place in the file.

    It stands at the file's start if the command line gave the budget.
    """
    limit, actual, delta = result.budget, result.actual, result.delta
    got = "there is none" if actual is None else f"got {actual:,} ({delta:+,})"
    verb = "required" if limit.least else "allowed"
    message = f"{prefix}{_subject(result)}: {limit.relation} {limit.limit:,} {verb}, {got}"
    span = limit.span or Span(file, 1, 1, 1)
    return Diagnostic("error", "budget", message, span, notes=result.notes, help=result.help)


def _subject(result: BudgetResult) -> str:
    """The figure; for bytes with what they are counted for."""
    if result.dtype is None:
        return result.budget.key
    how = [result.dtype, f"batch {result.batch}"]
    if result.budget.optimiser:
        how.insert(0, result.budget.optimiser)
    return f"{result.budget.key} ({', '.join(how)})"
