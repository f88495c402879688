"""The words that JSON Schemas (draft 2020-12) are written in, and the list of all documents.

Each schema stands beside the `document()` that it describes. Every object whose keys are known
forbids others, so that a field without a description is noticed.
"""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]

DRAFT = "https://json-schema.org/draft/2020-12/schema"
TEXT: Schema = {"type": "string"}
MAYBE_TEXT: Schema = {"type": ["string", "null"]}
FLAG: Schema = {"type": "boolean"}
COUNT: Schema = {"type": "integer", "minimum": 0}
SIZE: Schema = {"type": "integer", "minimum": 1}
WHOLE: Schema = {"type": "integer"}
NUMBER: Schema = {"type": "number"}
PAIR: Schema = {"type": "array", "items": COUNT, "minItems": 2, "maxItems": 2}
GATED_FLAG: Schema = {"const": True, "description": "a gate by global pooling is on the way"}
OPEN: Schema = {"type": "object"}  # its keys are the spec's

# Document -> the module of this package that holds its `document()` and its `schema()`.
DOCUMENTS = {
    "report": "report_json",
    "check": "check",
    "compare": "compare",
    "sweep": "sweep",
    "as": "peers",
    "explain": "explain",
    "solve": "solve",
    "sizes": "sizes",
    "rf": "rf",
    "draw": "picture_json",
    "forward": "forward",
    "forward-samples": "samples",
    "zoo": "catalogue",
    "layers": "reference",
}


def schema_of(name: str) -> Schema:
    """The schema of one of the `DOCUMENTS`.

    >>> schema_of("as")["title"]
    'cnncalc.as/1'
    """
    from importlib import import_module

    found: Schema = import_module(f"cnncalc.render.{DOCUMENTS[name]}").schema()
    return found


def ref(name: str) -> Schema:
    """What is described once, under `$defs`."""
    return {"$ref": f"#/$defs/{name}"}


def listed(items: Schema) -> Schema:
    """A list of these."""
    return {"type": "array", "items": items}


def described(schema: Schema, description: str) -> Schema:
    """The same, and in words what it is."""
    return {**schema, "description": description}


def record(required: dict[str, Schema], optional: dict[str, Schema] | None = None) -> Schema:
    """An object that has all of one, may have some of the other, and nothing else."""
    return {
        "type": "object",
        "properties": {**required, **(optional or {})},
        "required": list(required),
        "additionalProperties": False,
    }
