"""JSON Schemas (draft 2020-12) of the documents of `forward`, for one sample and for several."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.render.question_schemas import document
from cnncalc.render.schema import COUNT, FLAG, MAYBE_TEXT, SIZE, TEXT, listed, record, ref, said

if TYPE_CHECKING:
    from cnncalc.render.schema import Piece

TIME: Piece = {"type": "number", "minimum": 0}
FINITE: Piece = {"type": ["number", "null"]}
VALUE: Piece = {
    "anyOf": [{"type": "number"}, {"enum": ["NaN", "Infinity", "-Infinity"]}],
    "description": "a number, or a word for one that is not finite",
}
NESTED: Piece = {"type": "array", "description": "lists in lists, channels first"}


def forward_schema() -> Piece:
    """The schema of `cnncalc.forward/1`.

    >>> forward_schema()["title"]
    'cnncalc.forward/1'
    """
    tensor = record({"shape": ref("shape"), "values": NESTED})
    fields: dict[str, Piece] = {
        "spec": record({"name": TEXT, "file": TEXT, "variant": MAYBE_TEXT}),
        "sample": record({"sources": listed(TEXT)}, {"seed": {"type": "integer"}}),
        "weights": _weights(),
        "totals": record({"macs": COUNT, "seconds": TIME}),
        "layers": listed(_layer()),
        "outputs": listed(_output()),
    }
    more: dict[str, Piece] = {
        "activations": {"type": "object", "additionalProperties": tensor},
        "traces": listed(_trace()),
        "pictures": said(listed(TEXT), "the files that were written"),
    }
    return document("forward", "what came of running a network on a sample", fields, more)


def forward_samples_schema() -> Piece:
    """The schema of `cnncalc.forward-samples/1`.

    >>> forward_samples_schema()["title"]
    'cnncalc.forward-samples/1'
    """
    result = record(
        {"source": said(TEXT, "the file, or the word of a generated sample"), "ok": FLAG},
        {"seconds": TIME, "outputs": listed(_output()), "diagnostics": listed(ref("diagnostic"))},
    )
    totals = {
        "samples": COUNT,
        "failed": COUNT,
        "macs": said(COUNT, "of all passes that were made"),
        "seconds": said(TIME, "from the first pass to the last"),
        "jobs": said(SIZE, "the processes that shared the samples"),
    }
    fields: dict[str, Piece] = {
        "spec": record({"name": TEXT, "file": TEXT, "variant": MAYBE_TEXT}),
        "weights": _weights(),
        "totals": record(totals),
        "results": said(listed(result), "in the order of the samples"),
    }
    return document("forward-samples", "what came of running a network on several samples", fields)


def _weights() -> Piece:
    tensors: Piece = {"type": "object", "additionalProperties": COUNT}
    return record(
        {"tensors": said(tensors, "how many came from a file, the spec, or were drawn")},
        {"file": TEXT, "scheme": TEXT, "seed": {"type": "integer"}},
    )


def _layer() -> Piece:
    return record(
        {
            "index": COUNT,
            "name": TEXT,
            "type": TEXT,
            "out": ref("shape"),
            **dict.fromkeys(("min", "mean", "max"), said(FINITE, "of the finite numbers")),
            "zeros": COUNT,
            "not_finite": COUNT,
            "seconds": TIME,
            "path": {"enum": ["fast", "readable"]},
        },
        {"multiplications": said(COUNT, "counted one by one")},
    )


def _output() -> Piece:
    ranked = record({"index": COUNT, "value": VALUE}, {"label": TEXT})
    return record(
        {"name": TEXT, "shape": ref("shape")},
        {"values": listed(VALUE), "top": said(listed(ranked), "the largest first")},
    )


def _trace() -> Piece:
    place = listed(COUNT)
    at: Piece = {"type": ["array", "null"], "items": COUNT, "description": "null in the padding"}
    term = record(
        {"input": COUNT, "channel": COUNT, "at": at, "value": VALUE, "product": VALUE},
        {"weight": VALUE},
    )
    gated: Piece = {"const": True, "description": "a gate by global pooling is on the way"}
    span: Piece = {"type": "array", "items": COUNT, "minItems": 2, "maxItems": 2}
    return record(
        {
            "name": TEXT,
            "type": TEXT,
            "place": said(place, "the channel, then the position"),
            "rule": said(TEXT, "how the terms become one number"),
            "window": listed(SIZE),
            "terms": listed(term),
            "sum": VALUE,
            "output": VALUE,
            "after": listed(record({"name": TEXT, "type": TEXT, "value": VALUE})),
            "field": {"type": "object", "additionalProperties": listed(span)},
        },
        {"terms_left_out": SIZE, "bias": VALUE, "factor": VALUE, "divisor": VALUE, "gated": gated},
    )
