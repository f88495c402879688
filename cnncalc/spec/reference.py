"""The reference of a layer type, read from its class: fields, letters, words, an example.

The answers are plain data, ready for JSON. No layer type is mentioned here by name.
"""

from __future__ import annotations

import re
import sys
from dataclasses import MISSING, Field, fields
from inspect import getdoc
from typing import TYPE_CHECKING, Any

from cnncalc import layers
from cnncalc.layers._base import Layer
from cnncalc.spec.validation import layer as validated_layer
from cnncalc.spec.vocabulary import choices, of_layer_type
from cnncalc.spec.words import NOWHERE, Words, given_fields
from cnncalc.spec.write import flow, simple

if TYPE_CHECKING:
    from collections.abc import Mapping

# The markers of `layers._fields`: a description, and a value for examples.
KINDS: dict[str, tuple[str, object]] = {
    "Switch": ("true or false", True),
    "Whole": ("a whole number", 1),
    "Count": ("a whole number from 1", 8),
    "Natural": ("a whole number from 0", 0),
    "Amount": ("a whole number from 0, such as 1.2M", 0),
    "Text": ("a text in quotes", "RoIAlign"),
    "OneOrTwo": ("1 or 2", 1),
    "Real": ("a number", 1.0),
    "NonNegative": ("a number from 0", 1.0),
    "Positive": ("a number above 0", 1.0),
    "Rate": ("a number from 0, below 1", 0.5),
    "PerAxis": ("a whole number from 1, or one per axis", 3),
    "NaturalPerAxis": ("a whole number from 0, or one per axis", 1),
    "FactorPerAxis": ("a number above 0, or one per axis", 2),
    "Padding": ("zeros on each side: a number, one per axis, 0+1 or [before, after] pairs", 1),
    "PaddingPairs": ("a number, one per axis, or [before, after] pairs", 1),
}
OTHER = "see above"


def described(name: str) -> dict[str, Any]:
    """Everything about a layer type, by its name or an alias.

    Raises:
        KeyError: there is no such layer type.

    >>> deconv = described("deconv")
    >>> deconv["type"], deconv["aliases"], deconv["example"]
    ('conv_transpose', ['deconv', 'upconv'], 'conv_transpose: {filters: 8, kernel: 3}')
    """
    layer_type = layers.layer_type(name)
    least, most = layer_type.arity
    summary, _, rest = _text(sys.modules[layer_type.__module__]).partition("\n")
    return {
        "type": layer_type.type,
        "kind": _kind(layer_type),
        "summary": summary,
        "aliases": [word for word, owner in layers.ALIASES.items() if owner == layer_type.type],
        "description": "\n\n".join(filter(None, [rest.strip(), _text(layer_type)])),
        "inputs": {"least": least, **({"most": most} if most is not None else {})},
        "attaches": bool(layer_type.attaches),
        "fields": [_field(layer_type, field) for field in fields(layer_type)],  # type: ignore[arg-type]
        "words": {word: _setting(*meaning) for word, meaning in layer_type.words.items()},
        "example": _example(layer_type),
        **_line(layer_type),
        **_attached(layer_type),
    }


def _text(described_by: object) -> str:
    """A docstring without its doctest."""
    return (getdoc(described_by) or "").partition(">>>")[0].strip()


def _kind(layer_type: type[Layer]) -> str:
    """The heading under which `cnncalc layers` lists the type."""
    if layer_type.attaches:
        return f"{layer_type.attaches}s"
    if layer_type.arity[1] != 1:
        return "merges"
    if layer_type.work == "counted":
        return "weights"
    return "pooling" if layer_type.connections is not Layer.connections else "others"


def _field(layer_type: type[Layer], field: Field[Any]) -> dict[str, Any]:
    known = sorted(choices(layer_type.type, field.name))
    positional = field.name in layer_type.positional
    described_field: dict[str, Any] = {
        "name": field.name,
        "value": _marker(field, known)[0],
        "required": field.default is MISSING,
        **({} if field.default is MISSING else {"default": flow(simple(field.default))}),
        **({"choices": known} if known else {}),
        **({"position": layer_type.positional.index(field.name) + 1} if positional else {}),
        **({"sized": True} if layer_type.sized == field.name else {}),
    }
    for key, words in (("letters", layer_type.letters), ("other_names", layer_type.other_names)):
        if aliases := [word for word, target in words.items() if target == field.name]:
            described_field[key] = aliases
    return described_field


def _marker(field: Field[Any], known: list[str]) -> tuple[str, object]:
    """A description of a field's values, and an example."""
    names = re.findall(r"\w+", str(field.type))
    if names and names[0] in KINDS:
        return KINDS[names[0]]
    return (f"one of {', '.join(known)}", known[0]) if known else (OTHER, None)


def _setting(field: str, value: object) -> str:
    return f"{field}: {flow(value)}"


def example_fields(layer_type: type[Layer]) -> dict[str, object]:
    """The fields of the example; where the type states none, the required and the first one.

    >>> example_fields(layers.layer_type("chunk"))
    {'index': 0, 'parts': 2}
    """
    if layer_type.example is not None:
        return {name: simple(value) for name, value in given_fields(layer_type.example).items()}
    chosen: dict[str, object] = {}
    for field in fields(layer_type):  # type: ignore[arg-type]
        if field.default is MISSING or field.name in layer_type.positional[:1]:
            default = None if field.default is MISSING else field.default
            example = _marker(field, sorted(choices(layer_type.type, field.name)))[1]
            chosen[field.name] = example if default is None else simple(default)
    return chosen


def example(name: str) -> Layer:
    """The layer of a type's example.

    >>> example("fc")
    Fc(units=8, bias=True, inputs=None)
    """
    return validated_layer(name, example_fields(layers.layer_type(name)), {}, NOWHERE)


def _example(layer_type: type[Layer]) -> str:
    """The mapping form of the example."""
    chosen = example_fields(layer_type)
    return f"{layer_type.type}: {flow(chosen)}" if chosen else layer_type.type


def _line(layer_type: type[Layer]) -> dict[str, str]:
    """A line that says the same as the example, where a line can."""
    if layer_type.example is not None:
        return {"line": layer_type.example}
    chosen, name = example_fields(layer_type), layer_type.type
    written = [validated_layer(name, chosen, {}, NOWHERE)]
    vocabulary = of_layer_type(name)
    settings = [
        f"{value}x{value}" if field == vocabulary.sized
        else flow(value) if field in vocabulary.positional
        else f"{field}={flow(value)}"
        for field, value in chosen.items()
    ]  # fmt: skip
    text: str | None = " ".join([name, *settings])
    words = Words({})
    if not words.reads_back(str(text), (*written,)):
        text = words.line((*written,), 2)
    return {"line": text} if text else {}


def _attached(layer_type: type[Layer]) -> dict[str, str]:
    """How a norm or an activation is appended to a layer, with its settings."""
    if not layer_type.attaches:
        return {}
    settings = " ".join(
        f"{field}={flow(value)}" for field, value in example_fields(layer_type).items()
    )
    return {"attached": f"conv 16 3x3 {layer_type.type}{f'({settings})' if settings else ''}"}


def all_described() -> Mapping[str, dict[str, Any]]:
    """Every layer type, in alphabetical order.

    >>> all_described()["relu"]["kind"]
    'activations'
    """
    return {name: described(name) for name in layers.layer_types()}
