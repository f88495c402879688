"""The top level of a spec file, validated by pydantic; what it finds, at its key or value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic_core import ValidationError

from cnncalc.errors import Diagnostic, Span, did_you_mean
from cnncalc.spec.model import SpecModel, VariantModel
from cnncalc.spec.source import ListValue, MappingValue, Scalar, plain
from cnncalc.spec.validation import shown
from cnncalc.spec.validator import validator

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnncalc.spec.source import Value

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


def section(tree: MappingValue, key: str) -> MappingValue:
    """A mapping of the top level; an empty one where the file has none."""
    found = tree.get(key)
    return found if isinstance(found, MappingValue) else MappingValue((), tree.span)


def variant_sections(tree: MappingValue, key: str) -> Iterator[MappingValue]:
    """A mapping of every variant that has it: its vars, its expect."""
    for _, variant in section(tree, "variants").entries:
        if isinstance(variant, MappingValue):
            yield section(variant, key)


def read_top(tree: MappingValue) -> tuple[SpecModel | None, list[Diagnostic]]:
    """The validated top level, or None with what is wrong with it."""
    errors = list(_absent(tree))
    try:
        return validator(SpecModel).validate_python(plain(tree)), errors
    except ValidationError as error:
        problems = [p for p in error.errors(include_url=False) if not _said(p)]
        told = [_diagnostic(tree, problem) for problem in problems]
        # Of a value that may be of several kinds, each kind complains; the first is enough.
        once = {(one.code, one.span): one for one in reversed(told)}
        return None, [*errors, *reversed(once.values())]


def _said(problem: Any) -> bool:
    """`layers:` with nothing is no list, but it is reported as missing."""
    return problem["loc"] == ("layers",) and problem["input"] is None


def _absent(tree: MappingValue) -> Iterator[Diagnostic]:
    """Complain where there is no input, two kinds of it, or no layer."""
    input_, inputs = (_pair(tree, key) for key in ("input", "inputs"))
    if input_ and inputs:
        message = "a spec has either 'input' or 'inputs'"
        notes = (f"'input' is at line {input_[0].span.line}",)
        yield Diagnostic("error", "duplicate-key", message, inputs[0].span, notes)
    elif inputs and isinstance(inputs[1], MappingValue) and not inputs[1].entries:
        help_ = "give each a name and a shape, such as   left: 105x105x1"
        yield Diagnostic("error", "missing-input", "'inputs' names none", inputs[1].span, (), help_)
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
    variants = section(tree, "variants").entries
    places = [tree, *(entry for _, entry in variants if isinstance(entry, MappingValue))]
    return any(place.get(key) is not None for place in places for key in ("input", "inputs"))


def _start(tree: MappingValue) -> Span:
    return Span(tree.span.file, 1, 1, 1)


def _diagnostic(tree: MappingValue, problem: Any) -> Diagnostic:
    kind, loc, given = problem["type"], problem["loc"], problem["input"]
    key, value = _find(tree, loc)
    if kind == "unexpected_keyword_argument":
        return _unknown_key(loc, key.span if key else tree.span)
    if kind == "missing":
        message = f"the spec has no {loc[-1]}"
        return Diagnostic("error", "missing-layers", message, _start(tree), (), LAYERS_HELP)
    if kind == "literal_error":
        message = f"this version of cnncalc reads language version 1, not {given}"
        return Diagnostic("error", "language-version", message, value.span)
    name = key.text if key else str(loc[0])
    if kind == "list_type" and loc == ("layers",):
        return _wrong(name, "a list", given, value.span, "one line per layer, each behind a dash")
    return _wrong(name, TYPES.get(kind, "of another kind"), given, value.span)


def _wrong(
    name: str, wanted: str, given: object, span: Span, help: str | None = None
) -> Diagnostic:
    kinds: dict[type, str] = {dict: "a mapping", list: "a list"}
    seen = kinds.get(type(given)) or shown(given)
    message = f"'{name}' must be {wanted}, got {seen}"
    return Diagnostic("error", "wrong-type", message, span, help=help)


def _unknown_key(loc: tuple[object, ...], span: Span) -> Diagnostic:
    last, at_top = str(loc[-1]), len(loc) == 1
    known = list((SpecModel if at_top else VariantModel).__dataclass_fields__)
    message = f"{'the spec' if at_top else 'a variant'} has no key '{last}'"
    help_ = did_you_mean(last, known) or f"it has {', '.join(known)}"
    return Diagnostic("error", "unknown-key", message, span, help=help_)


def _find(tree: MappingValue, loc: tuple[object, ...]) -> tuple[Scalar | None, Value]:
    """The key and the value at a pydantic location, as far as the tree follows it."""
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
