"""JSON Schemas (draft 2020-12) of the documents of `check`, `compare`, `sweep` and `--as`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.render.schema import (
    COUNT,
    FLAG,
    MAYBE_TEXT,
    OPEN,
    TEXT,
    WHOLE,
    diagnostic,
    expectation,
    listed,
    record,
    ref,
    said,
    shape,
    totals,
)

if TYPE_CHECKING:
    from cnncalc.render.schema import Piece

DRAFT = "https://json-schema.org/draft/2020-12/schema"
MAYBE_COUNT: Piece = {"type": ["integer", "null"], "minimum": 0}
MAYBE_WHOLE: Piece = {"type": ["integer", "null"]}


def check_schema() -> Piece:
    """The schema of `cnncalc.check/1`.

    >>> check_schema()["title"]
    'cnncalc.check/1'
    """
    spec = record({"file": TEXT, "variant": MAYBE_TEXT}, {"name": TEXT})
    budget = record(
        {"key": TEXT, "relation": {"enum": ["<=", ">="]}, "limit": COUNT, "ok": FLAG},
        {"actual": COUNT, "delta": said(WHOLE, "how far beyond the limit; 0 where it holds")},
    )
    result = record(
        {"ok": FLAG, "spec": spec, "diagnostics": listed(ref("diagnostic"))},
        {"totals": totals(), "expect": listed(expectation()), "budget": listed(budget)},
    )
    return document("check", "what became of each network", {"results": listed(result)})


def compare_schema() -> Piece:
    """The schema of `cnncalc.compare/1`.

    >>> compare_schema()["title"]
    'cnncalc.compare/1'
    """
    ports = listed(record({"name": TEXT, "shape": ref("shape")}))
    names: dict[str, Piece] = {"label": TEXT, "name": TEXT, "file": TEXT, "variant": MAYBE_TEXT}
    network = record({**names, "inputs": ports, "outputs": ports, "totals": totals()})
    figure = record(
        {
            "key": TEXT,
            "values": said(listed(MAYBE_COUNT), "one per network; null where it has none"),
            "deltas": said(listed(MAYBE_WHOLE), "against the first network"),
        }
    )
    pair: Piece = {"type": "array", "minItems": 2, "maxItems": 2}
    changes: Piece = {"type": "object", "additionalProperties": pair}
    layer = record(
        {
            "network": said(TEXT, "the label of the network held against the first"),
            "status": {"enum": ["added", "removed", "changed", "resized"]},
            "changes": said(changes, "what differs, as [before, after]"),
        },
        {"before": TEXT, "after": TEXT},
    )
    fields = {"networks": listed(network), "totals": listed(figure), "layers": listed(layer)}
    return document("compare", "networks side by side", fields)


def sweep_schema() -> Piece:
    """The schema of `cnncalc.sweep/1`; a line of `--format jsonl` is one of its results.

    >>> sweep_schema()["title"]
    'cnncalc.sweep/1'
    """
    figures: Piece = {"type": "object", "additionalProperties": COUNT}
    result = record(
        {"number": said(COUNT, "counted from 1 over all shares"), "ok": FLAG, "vars": OPEN},
        {
            "input": TEXT,
            "output": ref("shape"),
            "figures": figures,
            "front": said(FLAG, "no other setting beats it in the figures asked for"),
            "error": ref("diagnostic"),
        },
    )
    return document("sweep", "one network under many settings", {"results": listed(result)})


def as_schema() -> Piece:
    """The schema of `cnncalc.as/1`, what `analyze --as` prints.

    >>> as_schema()["title"]
    'cnncalc.as/1'
    """
    why = said(listed(record({"amount": WHOLE, "reason": TEXT})), "value is base + the amounts")
    figure = record(
        {"label": said(TEXT, "the tool's words"), "text": TEXT, "value": COUNT},
        {"ours": said(TEXT, "what cnncalc calls its own figure"), "base": COUNT, "why": why},
    )
    fields = {
        "spec": record({"name": TEXT, "file": TEXT, "variant": MAYBE_TEXT}),
        "as": record({"name": TEXT, "version": TEXT}),
        "batch": COUNT,
        "dtype": TEXT,
        "figures": listed(figure),
        "note": TEXT,
    }
    return document("as", "what another tool would print for this network", fields)


def document(
    name: str,
    description: str,
    fields: dict[str, Piece],
    optional: dict[str, Piece] | None = None,
) -> Piece:
    """A document of this kind, or what is said where the question cannot be answered.

    >>> document("zoo", "the networks", {})["description"]
    'The networks.'
    """
    tool = record({"name": {"const": "cnncalc"}, "version": TEXT})
    title = f"cnncalc.{name}/1"
    answer = record({"schema": {"const": title}, "ok": FLAG, "tool": tool, **fields}, optional)
    reasons = {"diagnostics": listed(ref("diagnostic"))}
    failure = record({"schema": TEXT, "ok": {"const": False}, "tool": tool, **reasons})
    return {
        "$schema": DRAFT,
        "title": title,
        "description": f"{description[0].upper()}{description[1:]}.",
        "oneOf": [answer, failure],
        "$defs": {"shape": shape(), "diagnostic": diagnostic()},
    }
