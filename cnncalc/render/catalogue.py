"""The list of bundled networks: aligned columns, Markdown, CSV and JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from cnncalc.render.choice import ChoiceError
from cnncalc.render.delimited import records
from cnncalc.render.format import display_width, grouped, per_axis, to_ascii
from cnncalc.render.json import answer_schema, envelope
from cnncalc.render.rows import GAP, aligned
from cnncalc.render.rows import markdown as rows_markdown
from cnncalc.render.schema import COUNT, SIZE, TEXT, described, listed, record, ref

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cnncalc.questions.catalogue import CatalogueEntry
    from cnncalc.render.schema import Schema


class Column(NamedTuple):
    """A heading, what it means, and the side its cells keep to."""

    heading: str
    meaning: str
    right: bool = False


COLUMNS = {
    "name": Column("Name", "what to call the network by"),
    "family": Column("Family", "the file it is a variant of"),
    "title": Column("Title", "the name its file gives"),
    "year": Column("Year", "of publication", right=True),
    "input": Column("Input", "shape of one sample", right=True),
    "output": Column("Output", "shape of what comes out", right=True),
    "params": Column("Params", "weights and biases", right=True),
    "macs": Column("MACs", "multiply-accumulates of one sample", right=True),
    "rf": Column("RF", "receptive field of the last feature map, in input pixels", right=True),
    "source": Column("Source", "the first one that the file cites"),
}
DEFAULT = ("name", "family", "year", "input", "params", "macs", "rf", "source")
LEAST = 12  # columns that the source keeps on the narrowest terminal


def chosen(keys: Sequence[str]) -> tuple[str, ...]:
    """These columns, or the usual ones. Raises ChoiceError for what is none."""
    for key in keys:
        if key not in COLUMNS:
            raise ChoiceError("column", key, COLUMNS)
    return tuple(keys) or DEFAULT


def help_text() -> str:
    """What `--columns help` prints.

    >>> print(help_text().splitlines()[0])
    name    what to call the network by
    """
    rows = [[key, column.meaning] for key, column in COLUMNS.items()]
    return "".join(f"{line}\n" for line in aligned(rows, [False, False]))


def text(
    entries: Iterable[CatalogueEntry],
    keys: Sequence[str] = DEFAULT,
    *,
    width: int | None = None,
    ascii_only: bool = False,
) -> str:
    """Aligned columns; with a `width`, the source is cut to it."""
    rows = _rows(entries, keys)
    if width is not None and "source" in keys:
        _cut(rows, keys.index("source"), width, "..." if ascii_only else "…")
    said = "".join(f"{line}\n" for line in aligned(rows, _sides(keys)))
    return to_ascii(said) if ascii_only else said


def markdown(entries: Iterable[CatalogueEntry], keys: Sequence[str] = DEFAULT) -> str:
    """A GitHub table."""
    return "".join(f"{line}\n" for line in rows_markdown(_rows(entries, keys), _sides(keys)))


def separated(
    entries: Iterable[CatalogueEntry], keys: Sequence[str] = DEFAULT, delimiter: str = ","
) -> str:
    """RFC 4180 text with plain numbers; a figure that is not promised stays empty."""
    rows = [[_cell(entry, key, "x") for key in keys] for entry in entries]
    return records([keys, *rows], delimiter)


def document(entries: Iterable[CatalogueEntry], *, version: str) -> dict[str, Any]:
    """`cnncalc.zoo/1`: one object per network, without the keys that its spec says nothing of."""
    return {**envelope("zoo", version), "networks": [_network(entry) for entry in entries]}


def _network(entry: CatalogueEntry) -> dict[str, Any]:
    inputs = [{"name": name, "shape": shape.by_letter} for name, shape in entry.inputs]
    said = {**entry._asdict(), "inputs": inputs}
    return {key: value for key, value in said.items() if value is not None}


def _rows(entries: Iterable[CatalogueEntry], keys: Sequence[str]) -> list[list[str]]:
    cells = ([_shown(_cell(entry, key)) for key in keys] for entry in entries)
    return [[COLUMNS[key].heading for key in keys], *cells]


def _cell(entry: CatalogueEntry, key: str, times: str = "×") -> str | int:
    value: str | int | None = getattr(entry, key)
    if key in {"input", "output"}:
        return str(value or "").replace("x", times)
    if key == "rf":
        return per_axis(entry.rf or (), times)
    if value is None:
        return ""
    return str(value) if key == "year" else value


def _shown(cell: str | int) -> str:
    return cell if isinstance(cell, str) else grouped(cell)


def _sides(keys: Sequence[str]) -> list[bool]:
    return [COLUMNS[key].right for key in keys]


def _cut(rows: list[list[str]], place: int, width: int, mark: str) -> None:
    """Shorten the cells of one column until the lines are at most `width` wide."""
    widths = [max(map(display_width, column)) for column in zip(*rows, strict=True)]
    others = sum(widths) - widths[place] + len(GAP) * (len(widths) - 1)
    left = max(width - others, LEAST)
    for row in rows:
        row[place] = _shortened(row[place], left, mark)


def _shortened(cell: str, width: int, mark: str) -> str:
    """The beginning of a text that takes more than `width` columns, and a mark."""
    if display_width(cell) <= width:
        return cell
    while display_width(cell) > width - len(mark):
        cell = cell[:-1]
    return f"{cell.rstrip()}{mark}"


def schema() -> Schema:
    """The schema of `cnncalc.zoo/1`."""
    network = record(
        {
            "name": TEXT,
            "family": described(TEXT, "the file that holds it"),
            "title": TEXT,
            "inputs": listed(record({"name": TEXT, "shape": ref("shape")})),
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
