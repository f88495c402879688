"""Bytes of training: activations kept for the backward pass, gradients, optimiser state.

Every row's output is kept until the backward pass has used it, nothing works in place, and
train-only rows count. A view (`Layer.is_view`, as for the peak memory of inference) needs no
memory, unless it acts in training, as dropout does. Each trained parameter has one gradient and
the numbers of state that the optimiser keeps (`conventions.OPTIMISERS`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cnncalc.brief import brief
from cnncalc.conventions import OPTIMISERS, bytes_per_number
from cnncalc.errors import CnncalcError, Diagnostic, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cnncalc.analysis.report import Report

TRAINING = "training_bytes"  # the figure's name in specs, JSON and options
ASSUMPTION = (
    "every output is kept for the backward pass, nothing in place; one gradient for each trained "
    "parameter; gradients of activations, workspace and allocator not counted"
)


class TrainingBytes(NamedTuple):
    """The bytes of one row, or of several."""

    activations: int
    parameters: int
    gradients: int
    optimiser: int

    @property
    def total(self) -> int:
        """The sum of all four."""
        return sum(self)


class TrainingMemory(NamedTuple):
    """The bytes of training on `batch` samples, by the name of the row.

    The inputs of the network are kept as well, as rows that have activations only.
    """

    optimiser: str
    dtype: str
    batch: int
    rows: dict[str, TrainingBytes]

    def __repr__(self) -> str:
        """The fields, cut where they get long."""
        return brief(self)

    def over(self, names: Iterable[str]) -> TrainingBytes:
        """The bytes of the rows of these names."""
        shares = [self.rows[name] for name in names]
        return (
            TrainingBytes(*map(sum, zip(*shares, strict=True)))
            if shares
            else TrainingBytes(0, 0, 0, 0)
        )

    @property
    def total(self) -> TrainingBytes:
        """The bytes of the whole network."""
        return self.over(self.rows)


def training(
    report: Report, optimiser: str = "sgd", *, batch: int | None = None, dtype: str | None = None
) -> TrainingMemory:
    """The memory of one step of training; batch and type of numbers are the report's by default.

    Raises:
        CnncalcError: "unknown-optimiser" for one that is not in `conventions.OPTIMISERS`.

    >>> from cnncalc import analyze, load
    >>> training(analyze(load("lenet5")), "adam").total
    TrainingBytes(activations=62544, parameters=246824, gradients=246824, optimiser=493648)
    """
    require_optimiser(optimiser)
    batch, dtype = batch or report.totals.memory.batch, dtype or report.totals.memory.dtype
    each = bytes_per_number(dtype)
    sample = batch * each
    rows = {port.name: TrainingBytes(port.shape.size * sample, 0, 0, 0) for port in report.inputs}
    for row in report.rows:
        rows[row.name] = TrainingBytes(
            activations=0 if row.is_view else row.out.size * sample,
            # Frozen, fixed and running numbers take memory too, but have no gradient.
            parameters=(row.params + row.fixed + row.buffers) * each,
            gradients=row.trainable * each,
            optimiser=OPTIMISERS[optimiser] * row.trainable * each,
        )
    return TrainingMemory(optimiser, dtype, batch, rows)


def require_optimiser(optimiser: str) -> None:
    """Raise CnncalcError for an optimiser that is not in `conventions.OPTIMISERS`."""
    if optimiser not in OPTIMISERS:
        message = f"'{optimiser}' is not a known optimiser"
        help_ = did_you_mean(optimiser, OPTIMISERS) or f"known ones: {', '.join(OPTIMISERS)}"
        raise CnncalcError(Diagnostic("error", "unknown-optimiser", message, help=help_))
