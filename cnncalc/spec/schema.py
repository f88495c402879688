"""The JSON Schema of a spec file, for editors: its top level, the structure of layers, examples."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cnncalc import layers
from cnncalc.conventions import DTYPES, OPTIMISERS
from cnncalc.figures import used
from cnncalc.network import SCHEMES
from cnncalc.spec.model import SpecModel
from cnncalc.spec.reference import example_fields
from cnncalc.spec.vocabulary import of_layer_type

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cnncalc.layers._base import Layer

Schema = dict[str, Any]
EXPRESSION: Schema = {"type": "string", "description": "an expression over the variables"}
INIT: Schema = {
    "type": "object",
    "properties": {
        "scheme": {"enum": list(SCHEMES)},
        "seed": {"type": "integer", "minimum": 0},
        "weights": {
            "type": "string",
            "description": "path of a file, relative to the spec's folder",
        },
        "labels": {"type": "array", "items": {"type": ["string", "number", "boolean", "null"]}},
    },
    "additionalProperties": False,
}


# What the schema shows as examples: layers, and whole specs, whose expectations hold.
ITEMS: list[object] = [
    "conv 16 5x5 p2 bn relu",
    {"C3": "conv 16 3x3 p1"},
    {"residual": ["conv 16 3x3 p1 bn relu", "conv 16 3x3 p1 bn"]},
    {"maxpool": {"kernel": 2, "stride": 2}},
]
SPECS: list[object] = [
    {
        "name": "A first network",
        "input": "28x28x1",
        "layers": ["conv 16 5x5 p2 relu", "maxpool 2x2", "fc 10"],
        "expect": {"params": 31786, "output": 10},
    },
    {
        "name": "A residual network in two sizes",
        "input": "32x32x3",
        "vars": {"width": 16},
        "blocks": {
            "basic(c, s=1)": [
                "conv c 3x3 s=s p1 bn relu",
                "conv c 3x3 p1 bn",
                {"add": ["identity", "in -> conv c 1x1 s=s bn if s > 1 or cin != c"]},
                "relu",
            ]
        },
        "layers": [
            "conv width 3x3 p1 bn relu",
            "basic width x2",
            "basic 2*width s=first(2) x2",
            "gap",
            "fc 10",
        ],
        "variants": {"wide": {"vars": {"width": 32}, "expect": {"output": 10}}},
        "expect": {"output": 10},
        "budget": {"params": "200k"},
    },
]


FIGURE: Schema = {
    "type": ["integer", "string"],
    "description": "a whole number, or a rounded one such as 714M",
}
LIMIT: Schema = {
    "type": ["integer", "string"],
    "description": "an upper limit such as 5M, or a lower limit such as '>= 64'",
}


def _section(described: Mapping[str, Schema]) -> Schema:
    """The schema of a mapping with these keys and no others."""
    return {
        "type": ["object", "null"],
        "properties": dict(described),
        "additionalProperties": False,
    }


def _expect() -> Schema:
    layer = _section(dict.fromkeys((*used("layer"), "output"), FIGURE))
    layers: Schema = {"type": "object", "additionalProperties": layer}
    return _section({**dict.fromkeys((*used("expect"), "output"), FIGURE), "layers": layers})


def _budget() -> Schema:
    dtype: Schema = {
        "type": ["string", "integer"],
        "description": f"the type of numbers that bytes are counted in: {', '.join(DTYPES)}, "
        "or bytes per number",
    }
    batch: Schema = {"type": "integer", "minimum": 1, "description": "samples of a step"}
    training = _section({**dict.fromkeys(OPTIMISERS, LIMIT), "batch": batch, "dtype": dtype})
    limits = dict.fromkeys(used("budget"), LIMIT)
    return _section({**limits, "training_bytes": training, "dtype": dtype})


Text = str | int | float
Words = Text | None


def spec_schema() -> Schema:
    """The JSON Schema of a spec file, for editors; words inside layer text are not described.

    >>> spec_schema()["required"]
    ['layers']
    """
    from pydantic import TypeAdapter

    schema = TypeAdapter(SpecModel).json_schema()
    layer_types = {name: layer_schema(name) for name in layers.layer_types()}
    heads = {name: {"anyOf": _forms(layers.layer_type(name))} for name in sorted(layers.names())}
    items = {"$ref": "#/$defs/item"}
    item = {
        "anyOf": [
            {"type": "string", "description": "layer text, such as: conv 6 5x5 tanh"},
            {"type": "array", "items": items},
            {"type": "object", "properties": {**heads, **_structure(items)}, "minProperties": 1},
        ],
        "examples": ITEMS,
    }
    for described in (schema, schema["$defs"]["VariantModel"]):
        described["properties"]["expect"] = _expect()
        described["properties"]["budget"] = _budget()
    _describe_variants(schema)
    schema["properties"]["init"] = INIT
    schema["properties"]["layers"] = {"type": "array", "items": items, "minItems": 1}
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "cnncalc spec"
    schema["examples"] = SPECS
    schema["$defs"] = {**schema.get("$defs", {}), **layer_types, "item": item}
    return schema


def _describe_variants(schema: Schema) -> None:
    """Variants in short: variables and figures beside the sections, and a table of variants."""
    variant = schema["$defs"]["VariantModel"]
    variant["properties"] |= dict.fromkeys((*used("expect"), "output"), FIGURE)
    variant["additionalProperties"] = {"description": "a variable of the spec"}
    names = {"type": "array", "items": {"type": "string"}, "description": "the columns of a table"}
    rows = {"type": "object", "description": "the table: a row for each variant"}
    for form in schema["properties"]["variants"]["anyOf"]:
        if form.get("type") == "object":
            form["properties"] = {"for": names, "in": rows}


def _forms(layer_type: type[Layer]) -> list[Schema]:
    branches: Schema = {"type": "array", "items": {"$ref": "#/$defs/item"}}
    text: Schema = {"type": ["string", "number", "null"]}
    forms = [{"$ref": f"#/$defs/{layer_type.type}"}, text, branches]
    return forms if layer_type.arity == (1, 1) else [*forms, _branch_per_row()]


def _branch_per_row() -> Schema:
    """`concat: {for: [f], in: [3, 5], do: conv 8 f=f half}`."""
    described = _structure({"$ref": "#/$defs/item"})
    keys = ("for", "in", "do", "when")
    return {
        "type": "object",
        "description": "a branch per row",
        "properties": {key: described[key] for key in keys},
        "required": ["for", "in", "do"],
        "additionalProperties": False,
    }


def _structure(items: Schema) -> Schema:
    words = {"type": "array", "items": {"type": "string"}}
    return {
        "residual": items,
        "side": items,
        "numbered": items,
        "repeat": {"anyOf": [{"type": "integer", "minimum": 0}, EXPRESSION]},
        "layers": items,
        "for": words,
        "in": {"type": "array"},
        "do": items,
        **_options(),
    }


def _options() -> Schema:
    name = {"type": "string"}
    return {
        "name": name,
        "from": {"anyOf": [name, {"type": "array", "items": name}]},
        "share": name,
        "tied": {**name, "description": "a layer whose weight is used transposed"},
        "frozen": {"type": "boolean"},
        "train_only": {"type": "boolean"},
        "note": name,
        "if": {"type": ["string", "boolean"]},
        "when": {"type": ["string", "boolean"], "description": "only on a branch of a merge"},
        "attached": {"type": "array"},
        "weights": _numbers("ones", "zeros", "eye"),
        "bias_values": _numbers("ones", "zeros"),
    }


def _numbers(*words: str) -> Schema:
    """Numbers of a parameter: nested lists, or one number or word for all."""
    return {"anyOf": [{"type": "array"}, {"type": "number"}, {"enum": list(words)}]}


def layer_schema(name: str) -> Schema:
    """The JSON Schema of one layer type's mapping form; every number may be an expression.

    >>> sorted(layer_schema("dropout")["properties"])[:2]
    ['attached', 'bias_values']
    """
    from pydantic import TypeAdapter

    schema = TypeAdapter(layers.layer_type(name)).json_schema()
    fields = {
        field: {"anyOf": [{k: v for k, v in described.items() if k != "default"}, EXPRESSION]}
        for field, described in schema.get("properties", {}).items()
    }
    others = {
        key: fields[field] for key, field in of_layer_type(name).names.items() if key != field
    }
    tensors = {key: {"type": "string"} for key in of_layer_type(name).tensors}
    summary = (layers.layer_type(name).__doc__ or "").partition("\n")[0]
    return {
        "type": "object",
        "description": summary,
        "properties": {**fields, **others, **tensors, **_options()},
        "additionalProperties": False,
        "examples": [example_fields(layers.layer_type(name))],
    }
