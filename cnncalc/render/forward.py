"""Answers of `forward`: figures of every layer, the outputs, and values as text and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from cnncalc.errors import counted
from cnncalc.render import shift, trace
from cnncalc.render.format import duration, grouped, number, printable, si, text_grid
from cnncalc.render.json import REAL_NUMBER, SPEC, answer_schema, envelope, real_number, spec
from cnncalc.render.page import PIPE
from cnncalc.render.schema import COUNT, TEXT, described, listed, record, ref
from cnncalc.render.table import Column, Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from cnncalc.inference.initial import InitialWeights
    from cnncalc.inference.run import LayerRun, Pass
    from cnncalc.render.page import Page
    from cnncalc.render.schema import Schema
    from cnncalc.render.table import Cell
    from cnncalc.shapes import Shape
    from cnncalc.tensor import Tensor

TIME: Schema = {"type": "number", "minimum": 0}
FINITE: Schema = {"type": ["number", "null"]}
NESTED: Schema = {"type": "array", "description": "lists in lists, channels first"}
COLUMNS = (
    Column("#", key="#", worth=1), Column("Layer", "name"), Column("Type", "text", "type", 2),
    Column("Output"), Column("Min"), Column("Mean"), Column("Max"),
    Column("Zeros", key="zeros", worth=3), Column("Time", key="time", worth=0),
)  # fmt: skip
MAX_PRINTED = 20  # numbers of an output; of a longer one the largest are printed
MAX_SIDE, CORNER = 16, 8  # sizes of a map that is printed whole, and of the corner of a larger one
MAX_MAPS = 4  # of an output that are printed
TOP = 5  # of them, unless another number is asked for


class RankedValue(NamedTuple):
    """One of the largest numbers of an output: its index, its value, its label."""

    unit: int
    value: float
    label: str | None = None


def table(done: Pass, page: Page = PIPE, *, layout: str = "HWC") -> list[str]:
    """A line per layer, titles first: shape, range, mean, share of zeros, time."""
    return Table(COLUMNS, [_cells(row, layout) for row in done.rows]).lines(page=page)


def _cells(row: LayerRun, layout: str) -> tuple[Cell, ...]:
    figures = row.statistics
    return (
        str(row.node.index),
        row.node.name,
        row.node.layer.type,
        row.node.shape.text(layout),
        *map(number, (figures.minimum, figures.mean, figures.maximum)),
        100.0 * figures.share_of_zeros,
        duration(row.seconds) if row.node.inputs else "",
    )


def summary(done: Pass, macs: int) -> str:
    """One line: how much was computed, how fast, and how many layers were checked by counting."""
    layers = [row for row in done.rows if row.node.inputs]
    seconds = sum(row.seconds for row in layers)
    checked = sum(row.multiplications is not None for row in layers)
    rate = f" ({si(round(macs / seconds))} MACs/s)" if seconds and macs else ""
    text = f"{counted(len(layers), 'layer')}, {grouped(macs)} MACs in {duration(seconds)}{rate}"
    if checked:
        text += f"; multiplications counted in {checked} of them, all as predicted"
    return text


def ranking(tensor: Tensor, count: int, labels: Sequence[str] | None = None) -> list[RankedValue]:
    """The largest numbers of a tensor, the first of equals first.

    >>> from cnncalc.shapes import Shape
    >>> from cnncalc.tensor import Tensor
    >>> ranking(Tensor(Shape(3), [0.1, 0.7, 0.2]), 2, ["cat", "dog", "owl"])[0]
    RankedValue(unit=1, value=0.7, label='dog')
    """
    values = tensor.values
    # By index where values are equal, so that the answer does not depend on the sort.
    order = sorted(range(len(values)), key=lambda index: (-values[index], index))[:count]
    return [RankedValue(i, values[i], labels[i] if labels else None) for i in order]


def weights_text(origins: Mapping[str, int], file: str, start: InitialWeights) -> str:
    """Which weights a pass runs with, in words; empty where the network has none.

    `origins` counts tensors by where they came from.

    >>> from cnncalc.inference.initial import InitialWeights
    >>> weights_text({"file": 3, "initial": 1}, "w.json", InitialWeights(seed=7))
    'w.json and initial (default, seed 7)'
    """
    sources = {"file": file, "spec": "the spec",
               "initial": f"initial ({start.scheme}, seed {start.seed})"}  # fmt: skip
    return " and ".join(text for origin, text in sources.items() if origin in origins)


def output_lines(
    row: LayerRun,
    *,
    layout: str = "HWC",
    top: int | None = None,
    labels: Sequence[str] | None = None,
) -> Iterator[str]:
    """An output of the network: every number of a short vector, the largest of a long one.

    Of maps, the first few as matrices.
    """
    if row.output is None:
        return
    shape, values = row.output
    yield f"{row.node.name}: {shape.text(layout)}"
    if top or labels or (shape.rank == 0 and shape.size > MAX_PRINTED):
        ranked = ranking(row.output, top or TOP, labels)
        width = len(str(max(entry.unit for entry in ranked)))
        for entry in ranked:
            label = printable(entry.label or "")
            yield f"  {entry.unit:>{width}}  {number(entry.value):<12}  {label}".rstrip()
    elif shape.rank == 0:
        yield "  " + "  ".join(map(number, values))
    else:
        yield from _map_lines(row.node.name, row.output)


def _map_lines(name: str, tensor: Tensor) -> Iterator[str]:
    """The first maps of an output as matrices; of a larger map the upper left corner."""
    shape = tensor.shape
    across, down = shape.spatial[-1], shape.size // shape.channels // shape.spatial[-1]
    whole = max(across, down) <= MAX_SIDE
    rows, columns = (down, across) if whole else (min(down, CORNER), min(across, CORNER))
    for channel in range(min(shape.channels, MAX_MAPS)):
        yield f"  map {channel}"
        plane = tensor.plane(channel)
        texts: list[str] = []
        for at in range(0, rows * across, across):
            texts += map(number, plane[at : at + columns])
            texts += ["…"] if columns < across else []
        sizes = (rows, columns + (columns < across))
        yield from (f"    {line}" for line in text_grid(texts, sizes))
        yield from ["    …"] if rows < down else []
    if not whole or shape.channels > MAX_MAPS:
        more = shape.channels - MAX_MAPS
        rest = f"and {counted(more, 'more map')} " if more > 0 else ""
        yield f"  {rest}(--show {printable(name)} prints all numbers)"


def value_lines(name: str, tensor: Tensor, *, layout: str = "HWC") -> Iterator[str]:
    """Every number of a tensor, map by map, in rows."""
    shape = tensor.shape
    yield f"{name}: {shape.text(layout)}"
    if not shape.rank:
        yield from wrapped(list(map(number, tensor.values)))
        return
    for channel in range(shape.channels):
        yield f"  map {channel}"
        numbers = list(map(number, tensor.plane(channel)))
        yield from (f"    {line}" for line in text_grid(numbers, shape.spatial))


def wrapped(texts: Sequence[str], across: int = 10) -> Iterator[str]:
    """Texts in lines of ten, aligned."""
    width = max(map(len, texts), default=0)
    for at in range(0, len(texts), across):
        yield "  " + "  ".join(f"{text:>{width}}" for text in texts[at : at + across])


def document(
    done: Pass,
    *,
    version: str,
    setting: Mapping[str, Any],
    shown: Mapping[str, Tensor],
    ranked: Mapping[str, Sequence[RankedValue]],
    macs: int,
) -> dict[str, Any]:
    """The JSON document of a pass; `setting` says what sample and weights it ran with.

    Shapes are by axis letter, values are nested lists, channels first. A number that is not
    finite is the text "NaN", "Infinity" or "-Infinity".
    """
    return {
        **envelope("forward", version),
        "spec": spec(done.network),
        **setting,
        "totals": {"macs": macs, "seconds": sum(row.seconds for row in done.rows)},
        "layers": [layer_document(row) for row in done.rows],
        "outputs": [output_document(row, ranked.get(row.node.name, ())) for row in done.outputs],
        **({"activations": {n: tensor_json(t) for n, t in shown.items()}} if shown else {}),
    }


def layer_document(row: LayerRun) -> dict[str, Any]:
    """The entry of one layer."""
    figures = row.statistics
    counted = {} if row.multiplications is None else {"multiplications": row.multiplications}
    return {
        "index": row.node.index,
        "name": row.node.name,
        "type": row.node.layer.type,
        "out": row.node.shape.by_letter,
        "min": figures.minimum,
        "mean": figures.mean,
        "max": figures.maximum,
        "zeros": figures.zeros,
        "not_finite": figures.wild,
        "seconds": row.seconds,
        "path": "fast" if row.fast else "readable",
        **counted,
    }


def output_document(row: LayerRun, ranked: Sequence[RankedValue]) -> dict[str, Any]:
    """An output of the network: the numbers of a vector, and the largest where they are ranked."""
    entry: dict[str, Any] = {"name": row.node.name, "shape": row.node.shape.by_letter}
    if row.output is not None and not row.node.shape.rank:
        entry["values"] = list(map(real_number, row.output.values))
    if ranked:
        entry["top"] = list(map(_ranked, ranked))
    return entry


def _ranked(entry: RankedValue) -> dict[str, Any]:
    label = {} if entry.label is None else {"label": entry.label}
    return {"index": entry.unit, "value": real_number(entry.value), **label}


def tensor_json(tensor: Tensor) -> dict[str, Any]:
    """A tensor's shape and its numbers as nested lists, channels first."""
    values = list(map(real_number, tensor.values))
    return {"shape": tensor.shape.by_letter, "values": nested(values, tensor.shape)}


def nested(values: Sequence[Any], shape: Shape) -> Any:
    """A flat list cut into lists of lists, channels first.

    >>> from cnncalc.shapes import Shape
    >>> nested([1, 2, 3, 4], Shape(2, (2,)))
    [[1, 2], [3, 4]]
    """
    for size in reversed(shape.spatial):
        values = [list(values[at : at + size]) for at in range(0, len(values), size)]
    return values


def schema() -> Schema:
    """The schema of `cnncalc.forward/1`."""
    tensor = record({"shape": ref("shape"), "values": NESTED})
    fields: dict[str, Schema] = {
        "spec": SPEC,
        "sample": record({"sources": listed(TEXT)}, {"seed": {"type": "integer"}}),
        "weights": weights_schema(),
        "totals": record({"macs": COUNT, "seconds": TIME}),
        "layers": listed(_layer_schema()),
        "outputs": listed(output_schema()),
    }
    more: dict[str, Schema] = {
        "activations": {"type": "object", "additionalProperties": tensor},
        "traces": listed(trace.schema()),
        "shift": shift.schema(REAL_NUMBER),
        "pictures": described(listed(TEXT), "the files that were written"),
    }
    return answer_schema("forward", "the activations of one pass", fields, more)


def weights_schema() -> Schema:
    """Where the weights came from."""
    tensors: Schema = {"type": "object", "additionalProperties": COUNT}
    return record(
        {"tensors": described(tensors, "how many came from a file, the spec, or were drawn")},
        {"file": TEXT, "scheme": TEXT, "seed": {"type": "integer"}},
    )


def _layer_schema() -> Schema:
    return record(
        {
            "index": COUNT,
            "name": TEXT,
            "type": TEXT,
            "out": ref("shape"),
            **dict.fromkeys(("min", "mean", "max"), described(FINITE, "of the finite numbers")),
            "zeros": COUNT,
            "not_finite": COUNT,
            "seconds": TIME,
            "path": {"enum": ["fast", "readable"]},
        },
        {"multiplications": described(COUNT, "counted one by one")},
    )


def output_schema() -> Schema:
    """One output of the network."""
    ranked = record({"index": COUNT, "value": REAL_NUMBER}, {"label": TEXT})
    return record(
        {"name": TEXT, "shape": ref("shape")},
        {"values": listed(REAL_NUMBER), "top": described(listed(ranked), "the largest first")},
    )
