"""JSON Schemas (draft 2020-12) of the documents of `explain`, `solve`, `sizes` and their like."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.render.question_schemas import document
from cnncalc.render.schema import COUNT, FLAG, MAYBE_TEXT, SIZE, TEXT, listed, record, ref, said

if TYPE_CHECKING:
    from cnncalc.render.schema import Piece

NUMBER: Piece = {"type": "number"}
PAIR: Piece = {"type": "array", "items": COUNT, "minItems": 2, "maxItems": 2}


def explain_schema() -> Piece:
    """The schema of `cnncalc.explanation/1`.

    >>> explain_schema()["title"]
    'cnncalc.explanation/1'
    """
    step = record(
        {
            "field": said(TEXT, "the figure of the report that the value is"),
            "label": TEXT,
            "formula": TEXT,
            "numbers": said(TEXT, "the formula with this layer's numbers"),
            "value": NUMBER,
        }
    )
    place: dict[str, Piece] = {"file": TEXT, "line": SIZE, "column": SIZE}
    layer = record(
        {
            "name": TEXT,
            "type": TEXT,
            "attached_to": MAYBE_TEXT,
            "inputs": listed(record({"name": TEXT, "shape": ref("shape")})),
            "out": ref("shape"),
            "steps": listed(step),
        },
        {"source": record(place, {"text": TEXT}), "remarks": listed(TEXT), "note": TEXT},
    )
    return document("explanation", "every formula of every layer", {"layers": listed(layer)})


def solve_schema() -> Piece:
    """The schema of `cnncalc.solve/1`.

    >>> solve_schema()["title"]
    'cnncalc.solve/1'
    """
    sizes = dict.fromkeys(("w", "f", "s", "dilation", "out"), SIZE)
    setting = record(
        {**sizes, "p": said(PAIR, "zeros before and after"), "exact": FLAG},
        {
            "unread": said(COUNT, "at the edge of the padded input"),
            "skipped": said(COUNT, "between two windows"),
            "output_padding": COUNT,
        },
    )
    fields = {
        "out": said(SIZE, "what was wanted"),
        "transposed": FLAG,
        "settings": said(listed(setting), "the most usual first"),
        "nearest": said(listed(setting), "where there is no setting"),
    }
    return document("solve", "the settings that give an output size", fields)


def sizes_schema() -> Piece:
    """The schema of `cnncalc.sizes/1`.

    >>> sizes_schema()["title"]
    'cnncalc.sizes/1'
    """
    works: dict[str, Piece] = {"out": listed(ref("shape")), "rounding": listed(TEXT)}
    fails: dict[str, Piece] = {"layer": TEXT, "code": TEXT, "message": TEXT, "notes": listed(TEXT)}
    entry = record({"size": SIZE, "works": FLAG, "exact": FLAG}, {**works, **fails})
    fields = {
        "name": TEXT,
        "input": said(TEXT, "S stands for the size"),
        "from": SIZE,
        "to": SIZE,
        "step": SIZE,
        "working": listed(SIZE),
        "exact": listed(SIZE),
        "sizes": listed(entry),
    }
    return document("sizes", "which input sizes a network works on", fields)


def rf_schema() -> Piece:
    """The schema of `cnncalc.rf/1`: of a network's layers, or of one unit.

    >>> rf_schema()["title"]
    'cnncalc.rf/1'
    """
    numbers = dict.fromkeys(("size", "jump", "start"), listed(NUMBER))
    layer = record(
        {
            "name": TEXT, "type": TEXT, "out": ref("shape"), **numbers,
            "covered": said(listed(COUNT), "pixels of the input per axis"),
            "share": NUMBER, "outgrows": FLAG,
        }
    )  # fmt: skip
    box = said(record({}, dict.fromkeys("ldhw", PAIR)), "first and last place by axis letter")
    seen = record({"name": TEXT, "shape": ref("shape"), "box": box, "solid": FLAG})
    layers = {"first_to_see_all": MAYBE_TEXT, "outgrown": listed(TEXT), "layers": listed(layer)}
    unit = record({"name": TEXT, "place": listed(COUNT), "out": ref("shape")})
    piece = document("rf", "what layers see of the input", {"name": TEXT, **layers})
    gated: Piece = {"const": True, "description": "a gate by global pooling is on the way"}
    answer = {"unit": unit, "inputs": listed(seen), "through": listed(seen)}
    one = document("rf", "one unit", answer, {"gated": gated})
    return {**piece, "oneOf": [one["oneOf"][0], *piece["oneOf"]]}


def zoo_schema() -> Piece:
    """The schema of `cnncalc.zoo/1`.

    >>> zoo_schema()["title"]
    'cnncalc.zoo/1'
    """
    network = record(
        {
            "name": TEXT,
            "family": said(TEXT, "the file that holds it"),
            "title": TEXT,
            "inputs": listed(record({"name": TEXT, "shape": ref("shape")})),
            "input": said(TEXT, "the same as people write it"),
        },
        {
            "year": SIZE,
            "params": COUNT,
            "macs": COUNT,
            "rf": said(listed(SIZE), "of the last feature map, pixels of the input per axis"),
            "output": TEXT,
            "source": TEXT,
        },
    )
    return document("zoo", "the bundled networks", {"networks": listed(network)})


def layers_schema() -> Piece:
    """The schema of `cnncalc.layers/1`.

    >>> layers_schema()["title"]
    'cnncalc.layers/1'
    """
    words = listed(TEXT)
    field = record(
        {"name": TEXT, "value": said(TEXT, "what it takes, in words"), "required": FLAG},
        {
            "default": TEXT,
            "choices": words,
            "position": said(SIZE, "of the bare number that means it"),
            "sized": said(FLAG, "whether a size such as 3x3 means it"),
            "letters": words,
            "other_names": words,
        },
    )
    layer = record(
        {
            "type": TEXT,
            "kind": said(TEXT, "the group that a list of types shows it in"),
            "summary": TEXT,
            "aliases": words,
            "description": TEXT,
            "inputs": record({"least": COUNT}, {"most": COUNT}),
            "attaches": said(FLAG, "whether it may follow on a layer as a word"),
            "fields": listed(field),
            "words": {"type": "object", "additionalProperties": TEXT},
            "example": TEXT,
        }
    )
    return document("layers", "what can be written for each layer type", {"layers": listed(layer)})
