"""Every figure of a layer with its formula, and with this layer's numbers in the formula.

Layer types explain what is local: output, neurons, weights, connections, MACs. Added here is what
takes the whole network: the receptive field, shared weights, the bytes of the output, and what a
fully connected layer between the same maps would cost.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from cnncalc.analysis.engine import analyze
from cnncalc.analysis.facts import all_facts
from cnncalc.analysis.receptive import receptive_fields, trace
from cnncalc.brief import brief
from cnncalc.conventions import BIAS_BYTES, bytes_per_number
from cnncalc.figures import FIGURES
from cnncalc.layers._base import Step
from cnncalc.questions.rf import field_steps

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnncalc.analysis.report import Report, Row
    from cnncalc.network import Network

STORED = ("weights", "biases", "params", "buffers", "fixed")
# Figures that are explained even where they are 0, and why they are.
ALWAYS = {"params": "none", "connections": "not counted", "macs": "not counted"}


class Explanation(NamedTuple):
    """One row of the report, its steps in reading order, and remarks on what they leave out."""

    row: Row
    steps: tuple[Step, ...]
    remarks: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """The fields, cut where they get long."""
        return brief(self)


def explain(
    network: Network, name: str | None = None, *, batch: int | None = None, dtype: str = "fp32"
) -> tuple[Explanation, ...]:
    """Explain a layer with the rows attached to it, everything in a named part, or all rows.

    The value of every step is the figure of the report that its `field` names.

    Raises:
        CnncalcError: "unknown-layer" for a name that is not there.

    >>> from cnncalc import load
    >>> explanations = explain(load("lenet5"), "C3")
    >>> [explanation.row.name for explanation in explanations]
    ['C3', 'C3.tanh']
    >>> step = next(step for step in explanations[0].steps if step.label == "receptive field")
    >>> step.formula, step.numbers, step.value
    ('r + (F - 1)j', '6 + (5 - 1)·2', 14)
    """
    report = analyze(network, batch=batch, dtype=dtype, formulas=True)
    facts = all_facts(network)
    fields, described = trace(network, facts), receptive_fields(network, facts)
    rows = report.rows if name is None else report.rows_of(name)
    return tuple(
        Explanation(
            row,
            (
                *_layer_steps(row),
                *field_steps(network.nodes[row.index], facts[row.index], fields, described),
                *_memory(row, report),
                *_fully_connected(row),
            ),
            tuple(_remarks(row, network.nodes[row.index].frozen)),
        )
        for row in rows
    )


def _layer_steps(row: Row) -> Iterator[Step]:
    """The layer type's own steps.

    Shared weights count 0 here, and a figure of ALWAYS that has no step gets one with 0.
    """
    for step in row.steps:
        elsewhere = row.shared_with is not None and step.field in STORED
        yield Step(*step[:2], "counted there", "0", 0) if elsewhere else step
    explained = {step.field for step in row.steps}
    for field, why in ALWAYS.items():
        if field not in explained and not getattr(row, field):
            yield Step(field, FIGURES[field].word, why, "0", 0)


def _memory(row: Row, report: Report) -> Iterator[Step]:
    memory = report.totals.memory
    each = bytes_per_number(memory.dtype)
    numbers = f"{row.neurons}·{memory.batch}·{each}"
    total = row.neurons * memory.batch * each
    yield Step("memory.output", "bytes out", "neurons·batch·bytes", numbers, total)
    parts = {"params": row.params, "buffers": row.buffers, "fixed": row.fixed}
    stored = {word: count for word, count in parts.items() if count}
    if stored:
        words, counts = _sum(list(stored)), _sum([str(count) for count in stored.values()])
        total = sum(stored.values()) * each
        if row.biases and (more := BIAS_BYTES.get(memory.dtype, each) - each):
            words, counts = f"{words}·bytes + biases", f"{counts}·{each} + {row.biases}"
            yield Step("memory.stored", "bytes stored", f"{words}·{more}", f"{counts}·{more}",
                       total + row.biases * more)  # fmt: skip
            return
        yield Step("memory.stored", "bytes stored", f"{words}·bytes", f"{counts}·{each}", total)


def _sum(terms: list[str]) -> str:
    return f"({' + '.join(terms)})" if terms[1:] else terms[0]


def _fully_connected(row: Row) -> Iterator[Step]:
    """The weights of a fully connected layer between the same maps, compared with these."""
    # Without MACs there are no weights to compare, and a vector is fully connected already.
    if not (row.macs and row.out.rank and len(row.in_shapes) == 1 and row.in_shapes[0].rank):
        return
    inputs, neurons = row.in_shapes[0].size, row.neurons
    weights = inputs * neurons
    label = "fully connected"
    yield Step("fc.weights", label, "inputs·neurons", f"{inputs}·{neurons}", weights)
    if row.biases:
        yield Step("fc.biases", f"{label}, biases", "neurons", f"{neurons}", neurons)
    if row.weights:
        times = Fraction(weights, row.weights)
        numbers = f"{weights}/{row.weights}"
        yield Step("fc.times", "times the weights", f"{label}/weights", numbers, times)


def _remarks(row: Row, frozen: bool) -> Iterator[str]:
    """What the figures leave out."""
    if row.shared_with is not None:
        yield f"uses the weights of {row.shared_with}, which are counted there"
    if row.tied_to is not None:
        yield f"uses the weight of {row.tied_to} transposed, which is counted there"
    if frozen:
        yield "frozen: its parameters are not trained"
    if row.train_only:
        yield "exists only while training"
    if any(row.unused):
        unread = "×".join(map(str, row.unused))
        yield f"rounds down: {unread} ({'×'.join(row.in_shapes[0].axes)}) at the edge is never read"
    field = row.receptive_field
    if field is not None and field.gated:
        yield "a gate before it scales by the whole map, which the receptive field leaves out"
    if field is not None and not field.aligned:
        yield "branches with different jumps meet before it: the jump is that of one of them"
