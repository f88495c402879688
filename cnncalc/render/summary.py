"""The lines below a table: totals in words, memory, and expectations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.conventions import BIAS_BYTES, INT8
from cnncalc.errors import counted
from cnncalc.figures import FIGURES, placed
from cnncalc.render.format import bytes_text, count_text, grouped, printable, work_text
from cnncalc.render.page import PIPE
from cnncalc.render.table import Column, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnncalc.analysis.report import Check, MemoryPeak, Report, Totals
    from cnncalc.render.choice import Units
    from cnncalc.render.page import Page

GAP = "   "
SHOWN = 5  # names of rows of unknown cost


def lines(
    report: Report, page: Page = PIPE, *, memory: bool = False, units: Units | None = None
) -> list[str]:
    """Parameters and connections; MACs; memory where asked for; then the expectations."""
    texts = [GAP.join(_stored(report.totals, units)), GAP.join(_work(report, units))]
    if unknown := report.incomplete:
        texts = [f"at least: {text}" for text in texts]
        shown = ", ".join(map(printable, unknown[:SHOWN]))
        more = f" and {len(unknown) - SHOWN} more" if len(unknown) > SHOWN else ""
        texts.append(f"of unknown cost: {shown}{more}")
    if stated := report.totals.stated:
        layers = f"including stated figures of {counted(stated, 'layer')}"
        texts.append(f"{layers}, whose connections are not known")
    if memory:
        texts += memory_lines(report.totals, units)
    return [*map(page.signs, texts), *expectations(report.expect, page)]


def table(report: Report) -> Table:
    """The totals as rows; of a network with layers of unknown cost they are lower bounds."""
    bound = "at least" if report.incomplete else ""
    columns = [Column("figure", "name", "figure"), Column("value", key="value"),
               Column("remark", "text", "remark")]  # fmt: skip
    values = ((key, report.figure(key)) for key in placed("totals", "memory", "field"))
    return Table(columns, [[key, value, bound] for key, value in values if value is not None])


def expectations(checks: Sequence[Check], page: Page = PIPE) -> list[str]:
    """How many expectations are met in one line, then each that is not.

    >>> from cnncalc.analysis.report import Check
    >>> expectations([Check("params", "61706", 61706, ok=True, delta=0)])
    ['expect: 1 of 1 ok']
    """
    if not checks:
        return []
    failed = [check for check in checks if not check.ok]
    met = f"{len(checks) - len(failed):,} of {len(checks):,} ok"
    verdict = page.paint(met, "bad" if failed else "good")
    return [f"expect: {verdict}", *(page.paint(page.signs(expectation(c)), "bad") for c in failed)]


def expectation(check: Check) -> str:
    """One expectation and whether it is met.

    >>> from cnncalc.analysis.report import Check
    >>> expectation(Check("params", "60000", 61706, ok=False, delta=1706))
    'expect: params expected 60,000, got 61,706 (+1,706) FAILED'
    """
    if not check.ok:
        return f"expect: {check.key} {check.comparison} FAILED"
    actual = grouped(check.actual) if isinstance(check.actual, int) else check.actual
    return f"expect: {check.key} {actual} ok"


def memory_lines(totals: Totals, units: Units | None = None) -> list[str]:
    """Bytes of parameters and activations, the tensors alive at the peak, flash and SRAM."""
    memory = totals.memory
    parts = [
        f"memory ({memory.dtype}, batch {memory.batch})",
        f"params {bytes_text(memory.param_bytes, units)}",
        f"activations {bytes_text(memory.activation_bytes, units)}",
        f"peak while running {bytes_text(memory.peak_activation_bytes, units)}",
    ]
    peaks = [("peak", memory.peak), ("peak with nothing in place", memory.peak_out_of_place)]
    microcontroller = (
        f"on a microcontroller: flash {memory.param_bytes:,} bytes for the parameters, "
        f"SRAM {memory.peak_activation_bytes:,} bytes for the peak"
    )
    both = memory.param_bytes + memory.peak_activation_bytes
    return [
        GAP.join(parts),
        f"params + peak {bytes_text(both, units)}",
        *(_peak(words, peak) for words, peak in peaks if peak),
        *([microcontroller] if memory.batch == 1 else []),
        *([_int8(totals)] if memory.dtype in BIAS_BYTES else []),
        "sizes of tensors only; code, workspaces and the reserves of allocators come on top",
    ]


def _int8(totals: Totals) -> str:
    """How numbers of int8 are stored, and what a converter would still change."""
    folded = "; batch norms, which converters fold into the layer before, not folded"
    return f"{INT8}{folded if totals.buffers else ''}"


def _peak(words: str, peak: MemoryPeak) -> str:
    """The layer at the peak and the tensors alive there, each named after its last writer."""
    alive = " + ".join(f"{name} {size:,}" for name, size in peak.tensors)
    return f"{words} {peak.bytes:,} bytes at {peak.layer}: {alive}"


def with_buffers(totals: Totals, units: Units | None = None) -> str:
    """The count of tools that include running statistics, as a line with its newline."""
    return f"params + buffers {count_text(totals.params + totals.buffers, units)}\n"


def _stored(totals: Totals, units: Units | None) -> list[str]:
    """Parameters and connections; figures equal to the parameters or 0 are left out."""

    def text(key: str) -> str:
        return count_text(FIGURES[key].of(totals), units)

    texts = [
        f"params {text('params')} ({text('weights')} weights + {text('biases')} biases)",
        f"connections {text('connections')} ({text('connections_with_bias')} with biases)",
    ]
    # These two repeat the parameters of most networks.
    if totals.trainable != totals.params:
        texts.insert(1, f"trainable {text('trainable')}")
    if totals.inference_params != totals.params:
        texts.insert(1, f"at inference {text('inference_params')}")
    others = (("buffers", totals.buffers), ("fixed", totals.fixed))
    texts[-1:-1] = [f"{word} {text(word)}" for word, number in others if number]
    return texts


def _work(report: Report, units: Units | None) -> list[str]:
    totals = report.totals
    wasting = sum(any(row.unused) for row in report.rows)
    subject = "layer leaves" if wasting == 1 else "layers leave"
    fit = [f"{wasting} {subject} input unread (--columns fit)"] if wasting else []
    macs = work_text(totals.macs, "", units).rstrip()
    return [f"MACs {macs} ({work_text(totals.flops, 'FLOPs', units)})", *fit]
