"""The answer of `forward --shift`: how far the maps of a sample and its shifted copy differ."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cnncalc.render.json import real_number
from cnncalc.render.page import PIPE
from cnncalc.render.schema import TEXT, described, listed, record
from cnncalc.render.table import Column, Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cnncalc.inference.shift import LayerShift
    from cnncalc.render.page import Page
    from cnncalc.render.schema import Schema

COLUMNS = (
    Column("Layer", "name"), Column("Type", "text"), Column("As it stands"),
    Column("Steps"), Column("Moved back"), Column("Equal"),
)  # fmt: skip
LEGEND = (
    "as it stands, moved back: the difference from the sample's own numbers, in % of these;",
    "equal: the share of numbers that are the same once the maps are moved back",
    "(at the edges of the maps other numbers enter);",
    "no figure: the shift is no whole number of places of that map",
)


def lines(found: Sequence[LayerShift], by: Sequence[int], page: Page = PIPE) -> Iterator[str]:
    """A line per layer: how far its numbers differ, before and after moving the maps back."""
    yield f"shifted by {','.join(map(str, by))}"
    rows = [
        [
            row.name,
            row.type,
            _percent(row.stands),
            "" if row.steps is None else ",".join(map(str, row.steps)),
            _percent(row.moved),
            _percent(row.equal),
        ]
        for row in found
    ]
    yield from Table(COLUMNS, rows).lines(page=page)
    yield from LEGEND


def largest(before: Sequence[float], after: Sequence[float], labels: Sequence[str] | None) -> str:
    """Whether the largest number of an output is still the same one.

    >>> largest([0.1, 0.9], [0.4, 0.6], None)
    'the largest output stays 1'
    """
    first, second = (max(range(len(v)), key=v.__getitem__) for v in (before, after))
    names = [f"{at} {labels[at]}" if labels else str(at) for at in (first, second)]
    if first == second:
        return f"the largest output stays {names[0]}"
    return f"the largest output changes from {names[0]} to {names[1]}"


def _percent(share: float | None) -> str:
    return "" if share is None else f"{100 * share:.1f}%"


def document(found: Sequence[LayerShift], by: Sequence[int]) -> dict[str, Any]:
    """The part of the JSON document: the shift, and each layer's differences as shares."""
    layers = []
    for row in found:
        entry: dict[str, Any] = {
            "name": row.name,
            "type": row.type,
            "as_it_stands": real_number(row.stands),
        }
        if row.steps is not None and row.moved is not None and row.equal is not None:
            entry |= {
                "steps": list(row.steps),
                "moved_back": real_number(row.moved),
                "equal": row.equal,
            }
        layers.append(entry)
    return {"by": list(by), "layers": layers}


def schema(real: Schema) -> Schema:
    """The schema of that part; `real` is that of a number that may be infinite."""
    places = listed({"type": "integer"})
    layer = record(
        {"name": TEXT, "type": TEXT, "as_it_stands": described(real, "0: no difference")},
        {
            "steps": described(places, "by which the maps were moved back"),
            "moved_back": real,
            "equal": {"type": "number", "minimum": 0, "maximum": 1},
        },
    )
    return record({"by": places, "layers": listed(layer)})
