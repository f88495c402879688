"""The list of bundled networks: aligned columns, Markdown, CSV and JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cnncalc.figures import FIGURES
from cnncalc.render.choice import ChoiceError
from cnncalc.render.format import joined, per_axis
from cnncalc.render.json import NAMED_SHAPES, answer_schema, envelope, named_shapes
from cnncalc.render.page import PIPE
from cnncalc.render.schema import COUNT, SIZE, TEXT, described, listed, record
from cnncalc.render.table import Column, Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cnncalc.questions.catalogue import CatalogueEntry
    from cnncalc.render.page import Page
    from cnncalc.render.schema import Schema
    from cnncalc.render.table import Cell


def _figure(key: str, meaning: str) -> Column:
    return Column(FIGURES[key].heading, key=key, meaning=meaning)


COLUMNS = {
    column.key: column
    for column in (
        Column("Name", "name", "name", meaning="what to call the network by"),
        Column("Family", "name", "family", meaning="the file it is a variant of"),
        Column("Title", "text", "title", meaning="the name its file gives"),
        Column("Year", key="year", meaning="of publication"),
        Column("Input", key="input", meaning="shape of one sample"),
        Column("Output", key="output", meaning="shape of what comes out"),
        _figure("params", "weights and biases"),
        _figure("macs", "multiply-accumulates of one sample"),
        _figure("rf", "receptive field of the last feature map, in input pixels"),
        Column("Source", "text", "source", meaning="the first one that the file cites"),
    )
}
# What a narrow terminal leaves out first.
SPARE = ("source", "family", "rf", "input", "output", "year", "title", "macs")
WORTH = {key: worth for worth, key in enumerate(SPARE)}
DEFAULT = ("name", "family", "year", "input", "params", "macs", "rf", "source")


def chosen(keys: Sequence[str]) -> tuple[str, ...]:
    """These columns, or the usual ones where none is named.

    Raises:
        ChoiceError: for a column that does not exist.
    """
    for key in keys:
        if key not in COLUMNS:
            raise ChoiceError("column", key, COLUMNS)
    return tuple(keys) or DEFAULT


def help_text() -> str:
    """What `--columns help` prints.

    >>> print(help_text().splitlines()[0])
    name    what to call the network by
    """
    columns = [Column("", "name"), Column("", "text")]
    rows = [[column.key, column.meaning] for column in COLUMNS.values()]
    return joined(Table(columns, rows).lines(titles=False))


def text(
    entries: Iterable[CatalogueEntry],
    keys: Sequence[str] = DEFAULT,
    page: Page = PIPE,
    *,
    asked: bool = False,
) -> str:
    """Aligned columns; a terminal leaves out those of least worth, unless they are `asked` for."""
    table = _table(entries, keys)
    if asked:
        table = table._replace(columns=[each._replace(worth=None) for each in table.columns])
    return joined(table.lines(page=page))


def written(
    entries: Iterable[CatalogueEntry], keys: Sequence[str] = DEFAULT, style: str = "md"
) -> str:
    """The list in another format; in CSV a figure that is not promised stays empty."""
    return _table(entries, keys).written(style)


def _table(entries: Iterable[CatalogueEntry], keys: Sequence[str]) -> Table:
    cells = [[_cell(entry, key) for key in keys] for entry in entries]
    columns = [COLUMNS[key]._replace(worth=WORTH.get(key)) for key in keys]
    return Table(columns, cells, option="--columns")


def _cell(entry: CatalogueEntry, key: str) -> Cell:
    value: str | int | None = getattr(entry, key)
    if key in {"input", "output"}:
        return str(value or "").replace("x", "×")
    if key == "rf":
        return per_axis(entry.rf or ())
    return str(value) if key == "year" and value is not None else value


def document(entries: Iterable[CatalogueEntry], *, version: str) -> dict[str, Any]:
    """The document `cnncalc.zoo/1`: a network's entry lacks the keys that its spec lacks."""
    return {**envelope("zoo", version), "networks": [_network(entry) for entry in entries]}


def _network(entry: CatalogueEntry) -> dict[str, Any]:
    facts = {**entry._asdict(), "inputs": named_shapes(entry.inputs)}
    return {key: value for key, value in facts.items() if value is not None}


def schema() -> Schema:
    """The schema of `cnncalc.zoo/1`."""
    network = record(
        {
            "name": TEXT,
            "family": described(TEXT, "the file that holds it"),
            "title": TEXT,
            "inputs": NAMED_SHAPES,
            "input": described(TEXT, "the same as people write it"),
        },
        {
            "year": SIZE,
            "params": COUNT,
            "macs": COUNT,
            "rf": described(listed(SIZE), "of the last feature map, pixels of the input per axis"),
            "output": TEXT,
            "source": TEXT,
        },
    )
    return answer_schema("zoo", "the bundled networks", {"networks": listed(network)})
