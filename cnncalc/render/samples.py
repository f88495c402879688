"""Answers of `forward` on several samples: a table per output, or JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from cnncalc.errors import counted
from cnncalc.render.format import duration
from cnncalc.render.forward import (
    MAX_PRINTED,
    TIME,
    output_document,
    output_schema,
    ranking,
    weights_schema,
)
from cnncalc.render.forward_rows import rounded
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
    from cnncalc.render.table import Cell, Kind

SAMPLE = Column("Sample", "name", "sample")
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
        rows = [
            [result.source, *_figures(answers, result, place, node), *_error(answers, result)]
            for result in answers.results
        ]
        columns = [SAMPLE, *_columns(answers, node), *_error_column(answers)]
        yield from Table(columns, rounded(rows)).lines(page=page)
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


def table(answers: Answers) -> Table:
    """A row per sample with the figures of every output, for programs."""
    nodes = [answers.network.nodes[index] for index in _outputs(answers.network)]
    columns = [
        column if len(nodes) == 1 else _of(node, column)
        for node in nodes
        for column in _columns(answers, node)
    ]
    rows: list[list[Cell]] = []
    for result in answers.results:
        figures = (_figures(answers, result, place, node) for place, node in enumerate(nodes))
        cells = (cell for some in figures for cell in some)
        rows.append([result.source, *cells, *_error(answers, result)])
    return Table([SAMPLE, *columns, *_error_column(answers)], rows)


def _of(node: Node, column: Column) -> Column:
    """The column of one of several outputs."""
    return column._replace(title=f"{node.name} {column.title}", key=f"{node.name}.{column.key}")


def _columns(answers: Answers, node: Node) -> list[Column]:
    """The columns of one output."""
    if count := _ranked(answers, node):
        kind: Kind = "text" if _labels(answers, node) else "number"
        return [
            column
            for number in range(1, count + 1)
            for column in (
                Column(f"Top {number}", kind, f"top{number}"),
                Column("Value", key=f"value{number}"),
            )
        ]
    if node.shape.size <= MAX_PRINTED:
        return [Column(str(index), key=str(index)) for index in range(node.shape.size)]
    return [Column("Min", key="min"), Column("Mean", key="mean"), Column("Max", key="max")]


def _figures(answers: Answers, result: SampleResult, place: int, node: Node) -> list[Cell]:
    """The cells of one output; empty ones where the sample failed."""
    cells: list[Cell] = []
    row = result.outputs[place] if result.ok else None
    if row is not None and row.output is not None:
        if count := _ranked(answers, node):
            for entry in ranking(row.output, count, _labels(answers, node)):
                label = f"{entry.unit} {entry.label}" if entry.label else str(entry.unit)
                cells += [label, float(entry.value)]
        elif node.shape.size <= MAX_PRINTED:
            cells += map(float, row.output.values)
        else:
            found = row.statistics
            cells += [found.minimum, found.mean, found.maximum]
    return cells + [None] * (len(_columns(answers, node)) - len(cells))


def _error_column(answers: Answers) -> list[Column]:
    failed = answers.done < len(answers.results)
    return [Column("Error", "text", "error")] if failed else []


def _error(answers: Answers, result: SampleResult) -> list[Cell]:
    """The code of a failed sample's error, where there is a column for it."""
    code = None if result.ok else result.diagnostics[0].code
    return [code] * len(_error_column(answers))


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
        "results": [result_document(answers, result) for result in answers.results],
    }


def result_document(answers: Answers, result: SampleResult) -> dict[str, Any]:
    """The entry of one sample."""
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
