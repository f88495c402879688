"""Dataclass annotations -> schemas of pydantic's core, and validators that follow them.

The declarations are ordinary pydantic ones: `pydantic.TypeAdapter` writes their JSON Schema for
`cnncalc schema`, and a test checks that it accepts and refuses the same values. Importing
pydantic itself would take 55 of the 160 ms of a small `analyze`, and its core another 60: both
are left alone as long as every value is plainly valid (see `acceptance`).
"""

from __future__ import annotations

from dataclasses import MISSING, Field, fields, is_dataclass
from functools import cache
from inspect import get_annotations
from types import NoneType, UnionType
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    Literal,
    Union,
    get_args,
    get_origin,
)

from cnncalc.spec.acceptance import UnsureError, acceptor, field_acceptors

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic_core import SchemaValidator

Schema = dict[str, Any]
SIMPLE = {int: "int", float: "float", bool: "bool", str: "str", NoneType: "none", Any: "any"}


class Validator:
    """Makes instances of a dataclass from mappings; pydantic's core judges the doubtful ones.

    >>> from cnncalc.layers.conv import Conv
    >>> Validator(Conv).validate_python({"filters": 6, "kernel": 5}).kernel
    (5,)
    """

    def __init__(self, kind: type) -> None:
        self._schema = schema_of(kind)
        self._accept = acceptor(self._schema)
        self._readers = field_acceptors(self._schema)
        self._core: SchemaValidator | None = None

    def validate_python(self, value: object) -> Any:
        """The instance. Raises pydantic_core.ValidationError where the value is not valid."""
        try:
            return self._accept(value)
        except UnsureError:
            if self._core is None:
                from pydantic_core import SchemaValidator

                self._core = SchemaValidator(self._schema)
            return self._core.validate_python(value)

    def fits(self, fields: Mapping[str, object]) -> bool:
        """Whether each of these fields is plainly valid; others may be missing.

        >>> from cnncalc.layers.conv import Conv
        >>> Validator(Conv).fits({"kernel": 5}), Validator(Conv).fits({"kernel": "5"})
        (True, False)
        """
        try:
            for name, value in fields.items():
                self._readers[name](value)
        except (KeyError, UnsureError):
            return False
        return True


@cache
def validator(kind: type) -> Validator:
    """The validator of a dataclass, made when it is first asked for."""
    return Validator(kind)


def schema_of(hint: Any) -> Schema:  # noqa: PLR0911 - one for each kind of annotation
    """The core schema of an annotation, for the kinds of annotation that are used here.

    Raises:
        TypeError: the annotation is of another kind.

    >>> schema_of(tuple[int, ...])["type"]
    'tuple'
    """
    if hint in SIMPLE:
        return {"type": SIMPLE[hint]}
    if isinstance(hint, type) and is_dataclass(hint):
        return _dataclass(hint)
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _marked(*arguments)
    if origin is Literal:
        return {"type": "literal", "expected": list(arguments)}
    if origin in (Union, UnionType):
        return _union(arguments)
    if origin is tuple:
        return _tuple(arguments)
    inner = [schema_of(argument) for argument in arguments]
    if origin is list:
        return {"type": "list", "items_schema": inner[0]}
    if origin is dict:
        return {"type": "dict", "keys_schema": inner[0], "values_schema": inner[1]}
    raise TypeError(f"no validator for {hint!r}")


@cache
def field_hints(kind: type) -> Mapping[str, Any]:
    """The annotations of a dataclass's fields with their markers, without its class variables.

    >>> from cnncalc.layers.dropout import Dropout
    >>> list(field_hints(Dropout))
    ['rate']
    """
    written = {field.name: field.type for field in fields(kind)}
    bearer = type("Fields", (), {"__annotations__": written, "__module__": kind.__module__})
    return get_annotations(bearer, eval_str=True)


def _marked(hint: Any, *markers: Any) -> Schema:
    """An annotation with markers, each of which wraps the schema inside it."""
    schema = schema_of(hint)
    for marker in markers:
        wrap = getattr(marker, "__get_pydantic_core_schema__", None)
        if wrap is not None:
            inner = schema
            schema = wrap(hint, lambda _, inner=inner: inner)
    return schema


def _union(arguments: tuple[Any, ...]) -> Schema:
    choices = [schema_of(argument) for argument in arguments if argument is not NoneType]
    schema = choices[0] if len(choices) == 1 else {"type": "union", "choices": choices}
    return {"type": "nullable", "schema": schema} if NoneType in arguments else schema


def _tuple(arguments: tuple[Any, ...]) -> Schema:
    items = [schema_of(argument) for argument in arguments if argument is not ...]
    schema: Schema = {"type": "tuple", "items_schema": items}
    return {**schema, "variadic_item_index": 0} if ... in arguments else schema


def _dataclass(kind: type) -> Schema:
    hints = field_hints(kind)
    config: Mapping[str, str] = getattr(kind, "__pydantic_config__", {})
    names = [field.name for field in fields(kind)]
    arguments = {
        "type": "dataclass-args",
        "dataclass_name": kind.__name__,
        "fields": [_field(field, hints[field.name]) for field in fields(kind)],
        "extra_behavior": config.get("extra", "ignore"),
    }
    slots = "__slots__" in vars(kind)
    return {"type": "dataclass", "cls": kind, "schema": arguments, "fields": names, "slots": slots}


def _field(field: Field[Any], hint: Any) -> Schema:
    schema = schema_of(hint)
    if field.default is not MISSING:
        schema = {"type": "default", "schema": schema, "default": field.default}
    return {"type": "dataclass-field", "name": field.name, "schema": schema, "kw_only": True}
