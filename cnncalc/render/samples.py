"""Answers of `forward` on several samples: a table per output, or JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from cnncalc.errors import counted
from cnncalc.render.format import duration, number
from cnncalc.render.forward import (
    MAX_PRINTED,
    TIME,
    output_document,
    output_schema,
    ranking,
    weights_schema,
)
from cnncalc.render.json import SPEC, answer_schema, diagnostic, envelope, spec
from cnncalc.render.page import PIPE
from cnncalc.render.schema import COUNT, FLAG, SIZE, TEXT, described, listed, record, ref
from cnncalc.render.table import Column, Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from cnncalc.inference.run import LayerRun
    from cnncalc.inference.worker_pool import SampleResult
    from cnncalc.network import Network, Node
    from cnncalc.render.forward import RankedValue
    from cnncalc.render.page import Page
    from cnncalc.render.schema import Schema
    from cnncalc.render.table import Kind

TOP = 3  # numbers of an output that has labels or is long, unless others are asked for


class Answers(NamedTuple):
    """The results of several samples, and how they were computed."""

    network: Network
    results: Sequence[SampleResult]
    labels: Sequence[str] | None
    macs: int  # of one pass
    seconds: float  # from the first to the last
    jobs: int
    top: int | None

    @property
    def done(self) -> int:
        """How many samples the network ran on."""
        return sum(result.ok for result in self.results)


def lines(answers: Answers, weights: str, page: Page = PIPE, *, layout: str) -> Iterator[str]:
    """A heading, a table for every output of the network, and how long it took."""
    suffix = f", weights {weights}" if weights else ""
    yield f"{answers.network.name}   {counted(len(answers.results), 'sample')}{suffix}"
    for place, index in enumerate(_outputs(answers.network)):
        node = answers.network.nodes[index]
        yield ""
        yield f"{node.name}: {node.shape.text(layout)}"
        rows = [_cells(answers, result, place, node) for result in answers.results]
        yield from Table(_columns(answers, node), rows).lines(page=page)
    yield ""
    yield _summary(answers)


def _outputs(network: Network) -> list[int]:
    """The outputs of a pass, in its order."""
    return sorted({index for index in network.outputs if not network.nodes[index].train_only})


def _labels(answers: Answers, node: Node) -> Sequence[str] | None:
    return answers.labels if answers.labels and len(answers.labels) == node.shape.size else None


def _ranked(answers: Answers, node: Node) -> int:
    """How many of the largest numbers of an output are shown; 0 where it is not ranked."""
    long = not node.shape.rank and node.shape.size > MAX_PRINTED
    if answers.top or _labels(answers, node) or long:
        return min(answers.top or TOP, node.shape.size)
    return 0


def _columns(answers: Answers, node: Node) -> list[Column]:
    count, failed = _ranked(answers, node), answers.done < len(answers.results)
    if count:
        kind: Kind = "text" if _labels(answers, node) else "number"
        figures = [
            column
            for number in range(1, count + 1)
            for column in (Column(f"Top {number}", kind), Column("Value"))
        ]
    elif node.shape.size <= MAX_PRINTED:
        figures = [Column(str(index)) for index in range(node.shape.size)]
    else:
        figures = [Column("Min"), Column("Mean"), Column("Max")]
    return [Column("Sample", "name"), *figures, *([Column("Error", "text")] if failed else [])]


def _cells(answers: Answers, result: SampleResult, place: int, node: Node) -> list[str]:
    """A line of the table; that of a failed sample ends in the code of its error."""
    width = len(_columns(answers, node))
    if not result.ok:
        return [result.source, *[""] * (width - 2), result.diagnostics[0].code]
    row = result.outputs[place]
    cells = [result.source, *_figures(row, _ranked(answers, node), _labels(answers, node))]
    return cells + [""] * (width - len(cells))


def _figures(row: LayerRun, count: int, labels: Sequence[str] | None) -> Iterator[str]:
    if row.output is None:
        return
    if count:
        for entry in ranking(row.output, count, labels):
            yield f"{entry.unit} {entry.label}" if entry.label else str(entry.unit)
            yield number(entry.value)
    elif row.node.shape.size <= MAX_PRINTED:
        yield from map(number, row.output.values)
    else:
        yield from map(
            number, (row.statistics.minimum, row.statistics.mean, row.statistics.maximum)
        )


def _summary(answers: Answers) -> str:
    done, failed = answers.done, len(answers.results) - answers.done
    speed = f"{counted(done, 'sample')} of {answers.macs:,} MACs in {duration(answers.seconds)}"
    rate = f" ({done / answers.seconds:.3g} samples/s)" if done and answers.seconds else ""
    shared = f" with {answers.jobs} processes" if answers.jobs > 1 else ""
    return f"{speed}{shared}{rate}" + (f"; {failed:,} failed" if failed else "")


def document(answers: Answers, weights: Mapping[str, Any], *, version: str) -> dict[str, Any]:
    """The JSON document of several samples; `weights` says which weights they ran with."""
    count = len(answers.results)
    return {
        **envelope("forward-samples", version, ok=answers.done == count),
        "spec": spec(answers.network),
        "weights": weights,
        "totals": {
            "samples": count,
            "failed": count - answers.done,
            "macs": answers.macs * answers.done,
            "seconds": answers.seconds,
            "jobs": answers.jobs,
        },
        "results": [_result(answers, result) for result in answers.results],
    }


def _result(answers: Answers, result: SampleResult) -> dict[str, Any]:
    remarks = [diagnostic(remark) for remark in result.diagnostics]
    entry: dict[str, Any] = {"source": result.source, "ok": result.ok}
    if result.ok:
        entry["seconds"] = result.seconds
        entry["outputs"] = [output_document(row, _top(answers, row)) for row in result.outputs]
    return entry | ({"diagnostics": remarks} if remarks else {})


def _top(answers: Answers, row: LayerRun) -> list[RankedValue]:
    count = _ranked(answers, row.node)
    return ranking(row.output, count, _labels(answers, row.node)) if row.output and count else []


def schema() -> Schema:
    """The schema of `cnncalc.forward-samples/1`."""
    result = record(
        {"source": described(TEXT, "the file, or the word for a generated sample"), "ok": FLAG},
        {
            "seconds": TIME,
            "outputs": listed(output_schema()),
            "diagnostics": listed(ref("diagnostic")),
        },
    )
    totals = {
        "samples": COUNT,
        "failed": COUNT,
        "macs": described(COUNT, "of all passes"),
        "seconds": described(TIME, "from the first pass to the last"),
        "jobs": described(SIZE, "the processes that shared the samples"),
    }
    fields: dict[str, Schema] = {
        "spec": SPEC,
        "weights": weights_schema(),
        "totals": record(totals),
        "results": described(listed(result), "in the order of the samples"),
    }
    return answer_schema("forward-samples", "the outputs of several samples", fields)
