"""The rows of a forward pass as one table for programs and texts.

Numbers are exact in CSV and JSON lines, and of six digits in Markdown and LaTeX.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from cnncalc.render.format import number
from cnncalc.render.json import json_lines, real_number
from cnncalc.render.table import DELIMITERS, Column, Table
from cnncalc.shapes import AXES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from cnncalc.inference.run import Pass
    from cnncalc.inference.shift import LayerShift
    from cnncalc.render.forward import RankedValue
    from cnncalc.render.table import Cell
    from cnncalc.tensor import Tensor

TEXTS = ("name", "type", "layer", "label")  # the columns that are not numbers
LETTERS = "dhlw"  # of all axes, in the order of their columns


def layers(done: Pass, layout: str) -> Table:
    """A row per layer: shape, range, mean, zeros, and the seconds that it took."""
    keys = ("index", "name", "type", "output", "min", "mean", "max", "zeros", "not_finite",
            "seconds")  # fmt: skip
    rows: list[list[Cell]] = []
    for row in done.rows:
        node, figures = row.node, row.statistics
        described: list[Cell] = [node.index, node.name, node.layer.type, node.shape.text(layout)]
        counts = [figures.zeros, figures.wild, row.seconds]
        rows.append([*described, figures.minimum, figures.mean, figures.maximum, *counts])
    return _table(keys, rows)


def values(shown: Mapping[str, Tensor]) -> Table:
    """A row per number of these layers, with its channel and its place on the other axes."""
    ranks = {tensor.shape.rank for tensor in shown.values()}
    axes = [letter for letter in LETTERS if any(letter in AXES[rank] for rank in ranks)]
    rows: list[list[Cell]] = []
    for name, tensor in shown.items():
        shape = tensor.shape
        for channel in range(shape.channels):
            plane = tensor.plane(channel)
            for place, value in zip(product(*map(range, shape.spatial)), plane, strict=True):
                at = dict(zip(AXES[shape.rank], place, strict=True))
                rows.append([name, channel, *(at.get(letter) for letter in axes), float(value)])
    return _table(("layer", "c", *axes, "value"), rows)


def ranked(outputs: Mapping[str, Sequence[RankedValue]]) -> Table:
    """The largest numbers of every output, with their labels where there are any."""
    entries = [(name, entry) for name, found in outputs.items() for entry in found]
    labelled = any(entry.label is not None for _, entry in entries)
    keys = ("layer", "index", "value", *(["label"] if labelled else []))
    return _table(keys, ([name, *entry[: len(keys) - 1]] for name, entry in entries))


def shifts(found: Sequence[LayerShift]) -> Table:
    """How far the numbers of each layer differ from those of the shifted sample, as shares."""
    keys = ("name", "type", "as_it_stands", "steps", "moved_back", "equal")
    rows: Iterator[list[Cell]] = (
        [
            row.name,
            row.type,
            row.stands,
            "" if row.steps is None else " ".join(map(str, row.steps)),
            row.moved,
            row.equal,
        ]
        for row in found
    )
    return _table(keys, rows)


def _table(keys: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Table:
    columns = [Column(key, "text" if key in TEXTS else "number", key) for key in keys]
    return Table(columns, list(rows))


def written(table: Table, style: str) -> str:
    r"""A table of bare numbers in one of the formats that hold one.

    >>> table = _table(("name", "mean"), [["C1", 1 / 3]])
    >>> written(table, "jsonl"), written(table, "csv")
    ('{"name": "C1", "mean": 0.3333333333333333}\n', 'name,mean\r\nC1,0.3333333333333333\r\n')
    >>> written(table, "md").splitlines()[-1]
    '| C1 | 0.333333 |'
    """
    if style in DELIMITERS:
        return table.written(style)
    if style == "jsonl":
        keys = [column.key for column in table.columns]
        return json_lines(
            {key: _json(cell) for key, cell in zip(keys, row, strict=True) if cell is not None}
            for row in table.rows
        )
    return table._replace(rows=rounded(table.rows)).written(style)


def rounded(rows: Iterable[Sequence[Cell]]) -> list[list[Cell]]:
    """The rows with real numbers of six digits."""
    return [[number(cell) if isinstance(cell, float) else cell for cell in row] for row in rows]


def _json(cell: Cell) -> object:
    return real_number(cell) if isinstance(cell, float) else cell
