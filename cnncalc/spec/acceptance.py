"""Reads the values that plainly fit a core schema, without loading pydantic's core.

Loading it takes four times as long as Python itself needs to start, and nearly every value of
nearly every spec is of the very type that its field declares. `acceptor` makes a function that
returns such a value as pydantic's core would, and raises UnsureError for every other one: only
then is the core loaded, to accept the value after all or to say what is wrong with it.
"""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    Schema = dict[str, Any]
    Acceptor = Callable[[Any], Any]

TYPES = {"int": int, "float": float, "bool": bool, "str": str, "none": type(None)}
EXACT_IN_FLOAT = 2**53  # up to here every whole number is a float too


class UnsureError(Exception):
    """The value is not plainly valid."""


def acceptor(schema: Schema) -> Acceptor:
    """The function that reads plainly valid values of a schema that `schema_of` writes.

    >>> read = acceptor({"type": "tuple", "items_schema": [{"type": "int"}],
    ...                  "variadic_item_index": 0})
    >>> read([3, 5])
    (3, 5)
    >>> read([3, "5"])
    Traceback (most recent call last):
        ...
    cnncalc.spec.acceptance.UnsureError
    """
    return ACCEPTORS[schema["type"]](schema)


def _any(_: Schema) -> Acceptor:
    return lambda value: value


def _simple(schema: Schema) -> Acceptor:
    kind = TYPES[schema["type"]]
    if "ge" in schema or "gt" in schema or "lt" in schema or kind is float:
        return _number(kind, schema)

    def read(value: Any) -> Any:
        if type(value) is kind:
            return value
        raise UnsureError

    return read


def _number(kind: Any, schema: Schema) -> Acceptor:
    least, above, below = schema.get("ge"), schema.get("gt"), schema.get("lt")

    def read(value: Any) -> Any:
        if kind is float and type(value) is int and abs(value) <= EXACT_IN_FLOAT:
            value = float(value)
        if (
            type(value) is not kind
            or (kind is float and not isfinite(value))
            or (least is not None and value < least)
            or (above is not None and value <= above)
            or (below is not None and value >= below)
        ):
            raise UnsureError
        return value

    return read


def _literal(schema: Schema) -> Acceptor:
    expected = {(type(value), value) for value in schema["expected"]}

    def read(value: Any) -> Any:
        if isinstance(value, (str, int)) and (type(value), value) in expected:
            return value
        raise UnsureError

    return read


def _nullable(schema: Schema) -> Acceptor:
    inner = acceptor(schema["schema"])
    return lambda value: None if value is None else inner(value)


def _union(schema: Schema) -> Acceptor:
    choices = [acceptor(choice) for choice in schema["choices"]]

    def read(value: Any) -> Any:
        for choice in choices:
            try:
                return choice(value)
            except UnsureError:
                continue
        raise UnsureError

    return read


def _tuple(schema: Schema) -> Acceptor:
    items = [acceptor(item) for item in schema["items_schema"]]
    any_length, least = "variadic_item_index" in schema, schema.get("min_length", 0)

    def read(value: Any) -> Any:
        if type(value) not in (list, tuple) or len(value) < least:
            raise UnsureError
        if any_length:
            return tuple(map(items[0], value))
        if len(value) != len(items):
            raise UnsureError
        return tuple(item(each) for item, each in zip(items, value, strict=True))

    return read


def _list(schema: Schema) -> Acceptor:
    item = acceptor(schema["items_schema"])

    def read(value: Any) -> Any:
        if type(value) is not list:
            raise UnsureError
        return list(map(item, value))

    return read


def _dict(schema: Schema) -> Acceptor:
    read_key, read_value = acceptor(schema["keys_schema"]), acceptor(schema["values_schema"])

    def read(value: Any) -> Any:
        if type(value) is not dict:
            raise UnsureError
        return {read_key(key): read_value(each) for key, each in value.items()}

    return read


def _before(schema: Schema) -> Acceptor:
    prepare, inner = schema["function"]["function"], acceptor(schema["schema"])

    def read(value: Any) -> Any:
        try:
            prepared = prepare(value)
        except ValueError:
            raise UnsureError from None
        return inner(prepared)

    return read


def field_acceptors(schema: Schema) -> dict[str, Acceptor]:
    """The acceptor of each field of a dataclass's schema."""
    return {field["name"]: acceptor(field["schema"]) for field in schema["schema"]["fields"]}


def _dataclass(schema: Schema) -> Acceptor:
    kind, fields = schema["cls"], schema["schema"]["fields"]
    needed = {field["name"] for field in fields if field["schema"]["type"] != "default"}
    readers = field_acceptors(schema)

    def read(value: Any) -> Any:
        if type(value) is not dict or not needed <= value.keys() <= readers.keys():
            raise UnsureError
        return kind(**{name: readers[name](each) for name, each in value.items()})

    return read


ACCEPTORS: dict[str, Callable[[Schema], Acceptor]] = {
    **dict.fromkeys(TYPES, _simple),
    "any": _any,
    "literal": _literal,
    "nullable": _nullable,
    "union": _union,
    "tuple": _tuple,
    "list": _list,
    "dict": _dict,
    "function-before": _before,
    "default": lambda schema: acceptor(schema["schema"]),  # the dataclass knows its defaults
    "dataclass": _dataclass,
}
