"""JSON Schema (draft 2020-12) of the report, written by hand beside `json.py`.

Every object whose keys are known forbids others, so that a field without a description here
is noticed. Only `args`, `vars` and `overrides` are open: their keys are the spec's.
"""

from __future__ import annotations

from typing import Any

from cnncalc.conventions import LAYOUTS
from cnncalc.figures import placed, used
from cnncalc.render import single
from cnncalc.render.json import SCHEMA

Piece = dict[str, Any]

TEXT: Piece = {"type": "string"}
MAYBE_TEXT: Piece = {"type": ["string", "null"]}
FLAG: Piece = {"type": "boolean"}
COUNT: Piece = {"type": "integer", "minimum": 0}
SIZE: Piece = {"type": "integer", "minimum": 1}
WHOLE: Piece = {"type": "integer"}
OPEN: Piece = {"type": "object"}
SEVERITY: Piece = {"enum": ["error", "warning", "note"]}


def schema() -> Piece:
    """The schema of the report document and of what is printed when there is no report.

    >>> schema()["$schema"]
    'https://json-schema.org/draft/2020-12/schema'
    """
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": SCHEMA,
        "description": "The analysis of one network, or the reasons why there is none.",
        "oneOf": [ref("report"), ref("failure"), ref("reports")],
        "$defs": {
            "report": _report(),
            "failure": _failure(),
            "reports": _reports(),
            "shape": shape(),
            "layer": _layer(),
            "diagnostic": diagnostic(),
        },
    }


def ref(name: str) -> Piece:
    """A piece described once, under `$defs`."""
    return {"$ref": f"#/$defs/{name}"}


def listed(items: Piece) -> Piece:
    """A list of these."""
    return {"type": "array", "items": items}


def said(piece: Piece, description: str) -> Piece:
    """A piece, and in words what it is."""
    return {**piece, "description": description}


def record(required: dict[str, Piece], optional: dict[str, Piece] | None = None) -> Piece:
    """An object that has all of one, may have some of the other, and nothing else."""
    return {
        "type": "object",
        "properties": {**required, **(optional or {})},
        "required": list(required),
        "additionalProperties": False,
    }


def _head(ok: Piece) -> dict[str, Piece]:
    return {
        "schema": {"const": SCHEMA},
        "ok": said(ok, "no error, and every expectation met"),
        "tool": record({"name": {"const": "cnncalc"}, "version": TEXT}),
    }


def _report() -> Piece:
    return record(
        {
            **_head(FLAG),
            "spec": _spec(),
            "conventions": _conventions(),
            "inputs": listed(record(_port())),
            "outputs": listed(record({**_port(), "train_only": FLAG})),
            "totals": totals(),
            "layers": listed(ref("layer")),
            "expect": listed(expectation()),
            "diagnostics": listed(ref("diagnostic")),
        },
        {"versus": _versus(), "training": _training()},
    )


def _reports() -> Piece:
    """What a one-layer command says to comma lists."""
    results = listed({"oneOf": [ref("report"), ref("failure")]})
    head = {**_head(FLAG), "schema": {"const": "cnncalc.reports/1"}}
    return record({**head, "results": said(results, "one for each setting, in order")})


def _versus() -> Piece:
    figures = single.FIGURES
    number: Piece = {"type": "number"}
    ratios = dict.fromkeys(figures, number)
    piece = record(
        {
            "name": TEXT,
            "totals": record(dict.fromkeys(figures, COUNT)),
            "ratio": said(record({}, ratios), "its figures divided by the layer's"),
            "layers": listed(ref("layer")),
        }
    )
    return said(piece, "another way to the same output")


def _failure() -> Piece:
    known = said(listed(ref("layer")), "the layers up to the failure")
    return record(
        {**_head({"const": False}), "diagnostics": listed(ref("diagnostic"))}, {"layers": known}
    )


def _spec() -> Piece:
    names: dict[str, Piece] = {"name": TEXT, "file": TEXT, "variant": MAYBE_TEXT}
    return record({**names, "vars": OPEN, "overrides": OPEN})


def _conventions() -> Piece:
    return record(
        {
            "layout": {"enum": list(LAYOUTS)},
            "mac": said(TEXT, "what one multiply-accumulate is"),
            "macs": said(TEXT, "which layers have them"),
            "flops_per_mac": {"const": 2},
            "connections": TEXT,
            "params": TEXT,
        }
    )


def shape() -> Piece:
    """A shape, by the letters of its axes."""
    axes = dict.fromkeys("ldhw", SIZE)
    return said(record({"c": SIZE}, axes), "sizes by axis letter; a vector has only c")


def _port() -> dict[str, Piece]:
    return {"name": TEXT, "shape": ref("shape"), "size": SIZE}


def totals() -> Piece:
    """The totals of a report."""
    memory = {"dtype": TEXT, "batch": SIZE, **dict.fromkeys(placed("memory"), COUNT)}
    peaks = {
        "peak": said(_peak(), "when most bytes are alive"),
        "peak_out_of_place": said(_peak(), "the same if no layer worked in place"),
    }
    counts = dict.fromkeys(placed("totals"), COUNT)
    return record({**counts, "memory": record(memory, peaks)})


def _training() -> Piece:
    keys = ("activations", "parameters", "gradients", "optimiser", "total")
    shares = dict.fromkeys((f"{key}_bytes" for key in keys), COUNT)
    layers = listed(record({"name": TEXT, **shares}))
    return record(
        {"optimiser": TEXT, "assumption": TEXT, "totals": record(shares), "layers": layers}
    )


def _peak() -> Piece:
    tensors = listed(record({"name": TEXT, "bytes": COUNT}))
    return record({"bytes": COUNT, "layer": TEXT, "tensors": tensors})


def expectation() -> Piece:
    """One figure that a spec promises, and what became of it."""
    either: Piece = {"type": ["integer", "string"]}
    return record({"key": TEXT, "expected": either, "actual": either, "ok": FLAG}, {"delta": WHOLE})


def _layer() -> Piece:
    return record(
        {
            "index": COUNT,
            "name": said(TEXT, "unique and dotted"),
            "path": TEXT,
            "depth": said(COUNT, "how many groups it lies in"),
            "type": TEXT,
            "attached_to": said(MAYBE_TEXT, "the layer that a norm or activation belongs to"),
            "block": said(MAYBE_TEXT, "the block that wrote it"),
            "inputs": listed(TEXT),
            "args": said(OPEN, "the layer's fields, with defaults and rules put in"),
            "in": ref("shape"),
            "out": ref("shape"),
            "neurons": SIZE,
            **dict.fromkeys(used("column"), COUNT),
            "shared_with": said(MAYBE_TEXT, "the layer whose weights it uses"),
            "train_only": FLAG,
        },
        {
            "in_shapes": said(listed(ref("shape")), "all inputs, where there are several"),
            "source": record({"file": TEXT, "line": SIZE, "column": SIZE}),
            "receptive_field": _receptive_field(),
            "fit": _fit(),
            "note": TEXT,
            "formulas": {"type": "object", "additionalProperties": TEXT},
            "attached": said(listed(TEXT), "the types folded into this one"),
        },
    )


def _fit() -> Piece:
    unused = said(listed(COUNT), "per axis, rows or columns of the input behind the last window")
    return record({"exact": said(FLAG, "nothing is unused; padding may be left over"),
                   "unused": unused})  # fmt: skip


def _receptive_field() -> Piece:
    numbers = listed({"type": "number"})
    return record(
        {"size": listed(SIZE), "jump": numbers, "start": numbers},
        {"gated": {"const": True}, "aligned": {"const": False}},
    )


def diagnostic() -> Piece:
    """One error, warning or note, and its place."""
    place = {"file": TEXT, "line": SIZE, "column": SIZE, "end_column": SIZE}
    return record(
        {"severity": SEVERITY, "code": TEXT, "message": TEXT},
        {**place, "notes": listed(TEXT), "help": TEXT},
    )
