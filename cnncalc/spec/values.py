"""Values as written -> plain values, or expressions that wait for their variables."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from cnncalc.errors import CnncalcError, failure
from cnncalc.spec.expressions import ExpressionError, parse
from cnncalc.spec.scalars import meaning
from cnncalc.spec.source import ListValue, MappingValue, Scalar
from cnncalc.spec.syntax import Argument, Dynamic
from cnncalc.spec.vocabulary import is_word
from cnncalc.spec.words import Word, whole

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cnncalc.errors import Span
    from cnncalc.spec.source import Value

IDENTIFIER = re.compile(r"[A-Za-z_]\w*\Z")


def read_word(word: Word) -> object:
    """The value of a word: a number, true or false, a size such as 3x3, or an expression.

    Numbers and switches are what they are to YAML: see `scalars.meaning`.
    """
    try:
        value = meaning(word.text)
    except OverflowError as error:
        raise failure("number-range", str(error), word.span) from None
    if not isinstance(value, str):
        return value
    return read_size(word) or Dynamic((_expression(word),), word, (0,), many=False)


def read_size(word: Word) -> tuple[int, ...] | Dynamic | None:
    """A size such as 3x3 or (k)x1, or None when the word is not one."""
    places = _crosses(word.text)
    if not places:
        return None
    edges = [-1, *places, len(word.text)]
    pieces = [word.part(a + 1, b) for a, b in pairwise(edges)]
    if not all(p.text.isdecimal() or p.text[:1] + p.text[-1:] == "()" for p in pieces):
        return None
    if all(piece.text.isdecimal() for piece in pieces):
        return tuple(int(piece.text) for piece in pieces)
    parts = tuple(int(p.text) if p.text.isdecimal() else _expression(p) for p in pieces)
    return Dynamic(parts, word, tuple(piece.start - word.start for piece in pieces), many=True)


def _crosses(text: str) -> list[int]:
    """Where an x or × stands between the sizes of a word, outside brackets."""
    if not (text[:1].isdecimal() or text[:1] == "("):
        return []
    depth, places = 0, []
    for place, mark in enumerate(text):
        depth += (mark in "([") - (mark in ")]")
        if mark in "x×" and depth == 0:
            places.append(place)
    return places


def read_value(value: Value) -> object:
    """The value of a mapping's entry; lists become tuples, text is read as in a word."""
    if isinstance(value, ListValue):
        return tuple(read_value(item) for item in value.items)
    if isinstance(value, MappingValue):
        raise failure("wrong-type", "a mapping does not fit here", value.span)
    if isinstance(value.value, str) and "\n" not in value.text:
        return read_word(whole(value)) if value.text.strip() else value.text
    return value.value


def read_argument(field: str | None, value: Value) -> Argument:
    """A field with its value and place, from a mapping's entry."""
    return Argument(field, read_value(value), value.span)


def evaluate(value: object, env: Mapping[str, object]) -> object:
    """The plain value, once variables are known. Raises CnncalcError at the word at fault."""
    if isinstance(value, Dynamic):
        if value.many:
            return tuple([_part(value, index, env) for index in range(len(value.parts))])
        return _part(value, 0, env)
    if type(value) is tuple:
        return tuple([evaluate(part, env) for part in value])
    return value


def _part(dynamic: Dynamic, index: int, env: Mapping[str, object]) -> object:
    """The value of one expression, or of one axis of a size."""
    part = dynamic.parts[index]
    if isinstance(part, int):
        return part
    try:
        return part.evaluate(env)  # type: ignore[attr-defined]
    except ExpressionError as error:
        text = dynamic.word.text
        if error.code == "unknown-name" and not dynamic.many and is_word(text):
            return text
        raise _placed(error, dynamic.word.part(dynamic.starts[index])) from None


def names_in(value: object) -> list[tuple[str, Word]]:
    """The variables that a value needs, each with the word it stands in."""
    if isinstance(value, Dynamic):
        found = [part.names for part in value.parts if not isinstance(part, int)]  # type: ignore[attr-defined]
        return [(name, value.word) for names in found for name in sorted(names)]
    if type(value) is tuple:
        return [pair for part in value for pair in names_in(part)]
    return []


def bare_name(value: object) -> str | None:
    """The text of a value that is a single name, such as `relu` or `act`."""
    if isinstance(value, Dynamic) and IDENTIFIER.match(value.word.text):
        return value.word.text
    return None


def name_span(name: str, word: Word) -> Span:
    """Where a name stands in a word."""
    found = re.search(rf"(?<!\w){re.escape(name)}(?!\w)", word.text)
    return word.part(found.start(), found.end()).span if found else word.span


def _expression(word: Word) -> object:
    try:
        return parse(word.text)
    except ExpressionError as error:
        raise _placed(error, word) from None


def _placed(error: ExpressionError, word: Word) -> CnncalcError:
    span = word.part(error.start, error.end).span
    return failure(error.code, error.message, span, help=error.help)


__all__ = [
    "Scalar",
    "bare_name",
    "evaluate",
    "name_span",
    "names_in",
    "read_argument",
    "read_size",
    "read_value",
    "read_word",
]
