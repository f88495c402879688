"""Fields -> a layer, validated by pydantic; what it finds becomes diagnostics in our words."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from pydantic_core import ValidationError

from cnncalc import layers
from cnncalc.errors import CnncalcError, Diagnostic
from cnncalc.spec.validator import validator
from cnncalc.spec.vocabulary import choices

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cnncalc.errors import Span
    from cnncalc.layers._base import Layer

# How to write a field that was forgotten, where an example says more than the name.
EXAMPLES = {
    "kernel": "a filter size, such as 3x3",
    "filters": "a number of filters",
    "units": "a number of units",
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
    """The layer with these fields. Raises CnncalcError with one diagnostic per bad field."""
    try:
        return _built(type_name, frozenset(fields.items()), repr(fields))
    except TypeError:  # a value that cannot be hashed cannot be right either
        return _validated(type_name, fields, spans, head)
    except _InvalidError:
        return _validated(type_name, fields, spans, head)


def _run(type_name: str, fields: dict[str, object]) -> Layer:
    built: Layer = validator(layers.layer_type(type_name)).validate_python(fields)
    return built


class _InvalidError(Exception):
    pass


@lru_cache(maxsize=8192)
def _built(type_name: str, items: frozenset[tuple[str, object]], written: str) -> Layer:  # noqa: ARG001 - part of the key
    """Layers repeat: the same fields give the same frozen layer.

    As text too, where 1, 1.0 and true differ; to Python they are equal.
    """
    try:
        return _run(type_name, dict(items))
    except ValidationError:
        raise _InvalidError from None


def _validated(
    type_name: str, fields: Mapping[str, object], spans: Mapping[str, Span], head: Span | None
) -> Layer:
    try:
        return _run(type_name, dict(fields))
    except ValidationError as error:
        found: dict[str, Diagnostic] = {}
        for problem in error.errors(include_url=False):
            field = str(problem["loc"][0]) if problem["loc"] else ""
            if _misleading(problem, fields.get(field)):
                continue
            found.setdefault(field, _diagnostic(type_name, field, problem, spans, head))
        raise CnncalcError(*found.values()) from None


def _misleading(problem: Any, given: object) -> bool:
    """Of a field that takes words or numbers, only the arm that was meant is reported."""
    if problem["type"] == "literal_error":
        return len(problem["loc"]) > 1 and not isinstance(given, str)
    return len(problem["loc"]) > 1 and isinstance(given, str) and problem["type"] == "tuple_type"


def _diagnostic(
    type_name: str, field: str, problem: Any, spans: Mapping[str, Span], head: Span | None
) -> Diagnostic:
    kind, given, context = problem["type"], problem["input"], problem.get("ctx", {})
    span = spans.get(field, head)
    if kind == "missing":
        wanted = EXAMPLES.get(field, f"'{field}'")
        return Diagnostic("error", "missing-option", f"'{type_name}' needs {wanted}", span)
    if kind == "greater_than_equal":
        limit = LOWEST.get(context["ge"], f"must be at least {context['ge']}")
        return Diagnostic("error", "not-positive", f"{field} {limit}, got {shown(given)}", span)
    if kind in BOUNDS:
        word, key = BOUNDS[kind]
        message = f"{field} must be {word} {context[key]}, got {shown(given)}"
        return Diagnostic("error", "out-of-range", message, span)
    if kind == "literal_error":
        words = ", ".join(sorted(choices(type_name, field)))
        return Diagnostic(
            "error",
            "unknown-word",
            f"{field} does not know '{given}'",
            span,
            help=f"it knows {words}",
        )
    if kind == "value_error":
        return Diagnostic("error", "bad-value", f"{field}: {context['error']}", span)
    wanted = NUMBERS.get(kind, "of another kind")
    return Diagnostic("error", "wrong-type", f"{field} must be {wanted}, got {shown(given)}", span)


def shown(value: object) -> str:
    """A value as the author would write it.

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
