"""Layers and the top level, validated as pydantic does, with its errors in our own words."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from cnncalc import layers
from cnncalc.errors import CnncalcError, Diagnostic, Span, did_you_mean
from cnncalc.figures import used
from cnncalc.spec.core_schema import validator
from cnncalc.spec.model import SpecModel, VariantModel
from cnncalc.spec.vocabulary import choices
from cnncalc.spec.yaml_source import ListValue, MappingValue, Scalar, plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cnncalc.layers._base import Layer
    from cnncalc.spec.yaml_source import Value

# The description of a missing field, where an example says more than its name.
EXAMPLES = {
    "kernel": "a filter size, such as 3x3",
    "filters": "a number of filters",
    "units": "a number of units",
    "operation": 'the name of what it does, such as "RoIAlign"',
    "stated_params": "its parameters, such as params=0 or params=1.2M",
    "stated_macs": "its multiply-accumulates, such as macs=0 or macs=1.2M",
}
NUMBERS = {
    "too_short": "one value, or a list of one per axis",
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "string_type": "a word",
    "tuple_type": "a list",
    "finite_number": "a finite number",
    "too_long": "a number, one per axis, or [before, after] pairs",
}
BOUNDS = {"greater_than": ("above", "gt"), "less_than": ("below", "lt")}
LOWEST = {0: "must not be negative", 1: "must be at least 1"}


def layer(
    type_name: str, fields: Mapping[str, object], spans: Mapping[str, Span], head: Span | None
) -> Layer:
    """The layer with these fields.

    Raises:
        CnncalcError: some fields are invalid; it has one diagnostic per field.
    """
    try:
        return _built(type_name, frozenset(fields.items()), repr(fields))
    except TypeError:  # no valid value is unhashable
        return _validated(type_name, fields, spans, head)
    except _InvalidError:
        return _validated(type_name, fields, spans, head)


def plainly_valid(type_name: str, fields: Mapping[str, object]) -> bool:
    """Whether these fields of a layer are surely right, whatever its other ones are."""
    return validator(layers.layer_type(type_name)).fits(fields)


def _run(type_name: str, fields: dict[str, object]) -> Layer:
    built: Layer = validator(layers.layer_type(type_name)).validate_python(fields)
    return built


class _InvalidError(Exception):
    pass


@lru_cache(maxsize=8192)
def _built(type_name: str, items: frozenset[tuple[str, object]], written: str) -> Layer:  # noqa: ARG001 - part of the key
    """The same frozen layer for the same fields, since layers repeat.

    The key has the fields as text too, where 1, 1.0 and true differ; to Python they are equal.
    """
    try:
        return _run(type_name, dict(items))
    except ValueError:  # pydantic's, which is imported only where something is wrong
        raise _InvalidError from None


def _validated(
    type_name: str, fields: Mapping[str, object], spans: Mapping[str, Span], head: Span | None
) -> Layer:
    try:
        return _run(type_name, dict(fields))
    except ValueError as error:
        diagnostics: dict[str, Diagnostic] = {}
        for problem in _problems(error):
            field = str(problem["loc"][0]) if problem["loc"] else ""
            if _misleading(problem, fields.get(field)):
                continue
            diagnostics.setdefault(field, _layer_diagnostic(type_name, field, problem, spans, head))
        raise CnncalcError(*diagnostics.values()) from None


def _problems(error: ValueError) -> list[Any]:
    """What pydantic's core found wrong. Raises the error itself if it is another one."""
    from pydantic_core import ValidationError

    if not isinstance(error, ValidationError):
        raise error
    return list(error.errors(include_url=False))


def _misleading(problem: Any, given: object) -> bool:
    """Whether an error is about the wrong alternative of a field that takes words or numbers."""
    if problem["type"] == "literal_error":
        return len(problem["loc"]) > 1 and not isinstance(given, str)
    return len(problem["loc"]) > 1 and isinstance(given, str) and problem["type"] == "tuple_type"


def _layer_diagnostic(
    type_name: str, field: str, problem: Any, spans: Mapping[str, Span], head: Span | None
) -> Diagnostic:
    kind, given, context = problem["type"], problem["input"], problem.get("ctx", {})
    span = spans.get(field, head)
    if kind == "missing":
        wanted = EXAMPLES.get(field, f"'{field}'")
        return Diagnostic("error", "missing-option", f"'{type_name}' needs {wanted}", span)
    if kind == "greater_than_equal":
        limit = LOWEST.get(context["ge"], f"must be at least {context['ge']}")
        advice = layers.layer_type(type_name).if_negative
        help_ = advice.format(size=-given) if advice and given < 0 else None
        message = f"{field} {limit}, got {shown(given)}"
        return Diagnostic("error", "not-positive", message, span, help=help_)
    if kind in BOUNDS:
        word, key = BOUNDS[kind]
        message = f"{field} must be {word} {context[key]}, got {shown(given)}"
        return Diagnostic("error", "out-of-range", message, span)
    if kind == "literal_error":
        words = ", ".join(sorted(choices(type_name, field)))
        return Diagnostic(
            "error",
            "unknown-word",
            f"'{given}' is not a valid {field}",
            span,
            help=f"choose one of {words}",
        )
    if kind == "value_error":
        return Diagnostic("error", "bad-value", f"{field}: {context['error']}", span)
    wanted = NUMBERS.get(kind, "of another kind")
    return Diagnostic("error", "wrong-type", f"{field} must be {wanted}, got {shown(given)}", span)


def shown(value: object) -> str:
    """A value as it would be written in a spec.

    >>> shown(True), shown((1, 2)), shown("x"), shown(None)
    ('true', '[1, 2]', "'x'", 'nothing')
    """
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (tuple, list)):
        return f"[{', '.join(map(shown, value))}]"
    return repr(value) if isinstance(value, str) else str(value)


TYPES = {
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "string_type": "text",
    "dict_type": "a mapping",
    "list_type": "a list",
    "dataclass_type": "a mapping",
}
LAYERS_HELP = "add a list of layers, such as\nlayers:\n  - conv 6 5x5\n  - fc 10"


def read_top(tree: MappingValue) -> tuple[SpecModel | None, list[Diagnostic]]:
    """The validated top level, or None with its mistakes."""
    errors = list(_absent(tree))
    try:
        return validator(SpecModel).validate_python(plain(tree)), errors
    except ValueError as error:
        problems = [p for p in _problems(error) if not _is_empty_layers(p)]
        diagnostics = [_top_diagnostic(tree, problem) for problem in problems]
        # Each alternative of a union reports its own error; the first is enough.
        first = {(item.code, item.span): item for item in reversed(diagnostics)}
        return None, [*errors, *reversed(first.values())]


def _is_empty_layers(problem: Any) -> bool:
    """Whether a problem is about an empty `layers:`, which is reported as missing instead."""
    return problem["loc"] == ("layers",) and problem["input"] is None


def _absent(tree: MappingValue) -> Iterator[Diagnostic]:
    """Errors for a missing or duplicate input, and for missing layers."""
    input_, inputs = (_pair(tree, key) for key in ("input", "inputs"))
    if input_ and inputs:
        message = "a spec has either 'input' or 'inputs', not both"
        notes = (f"'input' is at line {input_[0].span.line}",)
        yield Diagnostic("error", "duplicate-key", message, inputs[0].span, notes)
    elif inputs and isinstance(inputs[1], MappingValue) and not inputs[1].entries:
        help_ = "give each a name and a shape, such as   left: 105x105x1"
        yield Diagnostic("error", "missing-input", "'inputs' is empty", inputs[1].span, (), help_)
    elif not _has_input(tree):
        help_ = "add a line such as   input: 32x32x1"
        yield Diagnostic(
            "error", "missing-input", "the spec has no input shape", _start(tree), (), help_
        )
    layers = _pair(tree, "layers")
    if layers and _is_empty(layers[1]):
        message = "the spec has no layers"
        yield Diagnostic("error", "missing-layers", message, layers[0].span, (), LAYERS_HELP)


def _pair(tree: MappingValue, key: str) -> tuple[Scalar, Value] | None:
    return next((pair for pair in tree.entries if pair[0].text == key), None)


def _is_empty(value: Value) -> bool:
    if isinstance(value, ListValue):
        return not value.items
    return isinstance(value, Scalar) and value.value is None


def _has_input(tree: MappingValue) -> bool:
    variants = tree.section("variants").entries
    places = [tree, *(entry for _, entry in variants if isinstance(entry, MappingValue))]
    return any(place.get(key) is not None for place in places for key in ("input", "inputs"))


def _start(tree: MappingValue) -> Span:
    return Span(tree.span.file, 1, 1, 1)


def _top_diagnostic(tree: MappingValue, problem: Any) -> Diagnostic:
    kind, loc, given = problem["type"], problem["loc"], problem["input"]
    key, value = _find(tree, loc)
    if kind == "unexpected_keyword_argument":
        return _unknown_key(tree, loc, key.span if key else tree.span)
    if kind == "missing":
        message = f"the spec has no {loc[-1]}"
        return Diagnostic("error", "missing-layers", message, _start(tree), (), LAYERS_HELP)
    if kind == "literal_error":
        message = f"this version of cnncalc reads language version 1, not {given}"
        return Diagnostic("error", "language-version", message, value.span)
    name = key.text if key else str(loc[0])
    if kind == "list_type" and loc == ("layers",):
        return _wrong(
            name, "a list", given, value.span, "write one layer per line, each after a dash"
        )
    return _wrong(name, TYPES.get(kind, "of another kind"), given, value.span)


def _wrong(
    name: str, wanted: str, given: object, span: Span, help: str | None = None
) -> Diagnostic:
    kinds: dict[type, str] = {dict: "a mapping", list: "a list"}
    seen = kinds.get(type(given)) or shown(given)
    message = f"'{name}' must be {wanted}, got {seen}"
    return Diagnostic("error", "wrong-type", message, span, help=help)


def _unknown_key(tree: MappingValue, loc: tuple[object, ...], span: Span) -> Diagnostic:
    last, at_top = str(loc[-1]), len(loc) == 1
    fields = (SpecModel if at_top else VariantModel).__dataclass_fields__
    known = [name for name in fields if not name.startswith("_")]
    message = f"{'the spec' if at_top else 'a variant'} has no key '{last}'"
    if at_top:
        help_ = did_you_mean(last, known) or f"it has {', '.join(known)}"
    else:
        more = [*tree.section("vars").keys(), *used("expect")]
        help_ = did_you_mean(last, [*known, *more]) or (
            f"it has {', '.join(known)}, the variables of the spec and figures such as params"
        )
    return Diagnostic("error", "unknown-key", message, span, help=help_)


def _find(tree: MappingValue, loc: tuple[object, ...]) -> tuple[Scalar | None, Value]:
    """The key and the value at a pydantic location, as deep as the tree goes."""
    key: Scalar | None = None
    value: Value = tree
    for step in loc:
        if isinstance(value, MappingValue):
            pair = _pair(value, str(step))
            if pair is not None:
                key, value = pair
        elif isinstance(value, ListValue) and isinstance(step, int):
            value = value.items[step]
    return key, value
