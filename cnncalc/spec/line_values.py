"""The text of a layer -> links and words, and words -> values that may wait for variables.

`conv 6 5x5 tanh -> maxpool 2x2` is two links. Words are split at spaces outside brackets, and
each knows its place in the file.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from cnncalc.errors import CnncalcError, failure
from cnncalc.spec.expressions import ExpressionError, parse
from cnncalc.spec.syntax import Argument, Dynamic
from cnncalc.spec.vocabulary import is_word
from cnncalc.spec.yaml_source import (
    ListValue,
    MappingValue,
    Scalar,
    Word,
    depths,
    meaning,
    whole_word,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cnncalc.errors import CnncalcError, Span
    from cnncalc.spec.yaml_source import Value

ARROW = "->"
MAX_TEXT = 4_000  # characters of one layer text
BRACKET = re.compile(r"[()\[\]]")
SPACED = re.compile(r"\S+")


def links(scalar: Scalar) -> list[list[Word]]:
    """The links of a chain, each a list of words.

    Raises CnncalcError where brackets do not balance, a link is empty, or the text is absurd.
    """
    if len(scalar.text) > MAX_TEXT:
        raise failure(
            "too-long",
            f"this layer text has {len(scalar.text):,} characters; {MAX_TEXT:,} are allowed",
            scalar.span,
            help="write its layers as a list, one per line",
        )
    chain: list[list[Word]] = [[]]
    for word in _split(scalar):
        if word.text == ARROW:
            chain.append([])
        else:
            chain[-1].append(word)
    if chain == [[]]:
        raise failure("empty-link", "there is no layer here", scalar.span)
    if not all(chain):
        raise failure(
            "empty-link",
            "there is no layer on one side of '->'",
            scalar.span,
            help="write a layer between the arrows, or remove one",
        )
    return chain


def _split(scalar: Scalar) -> Iterator[Word]:
    text = scalar.text
    if not BRACKET.search(text):
        for found in SPACED.finditer(text):
            yield Word(found.group(), scalar, found.start())
        return
    start: int | None = None
    closers: list[str] = []
    for place, mark in enumerate(text):
        if mark.isspace() and not closers:
            if start is not None:
                yield Word(text[start:place], scalar, start)
            start = None
            continue
        start = place if start is None else start
        if mark in "([":
            closers.append(")" if mark == "(" else "]")
        elif mark in ")]" and (not closers or closers.pop() != mark):
            raise _unbalanced(scalar)
    if closers:
        raise _unbalanced(scalar)
    if start is not None:
        yield Word(text[start:], scalar, start)


def _unbalanced(scalar: Scalar) -> CnncalcError:
    return failure(
        "unbalanced",
        "parentheses do not balance",
        scalar.span,
        help="in a [ ] list YAML splits at every comma: "
        "quote this layer or use one line per branch",
    )


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
        raise failure("wrong-type", "a mapping is not allowed here", value.span)
    if isinstance(value.value, str) and "\n" not in value.text:
        return read_word(whole_word(value)) if value.text.strip() else value.text
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


def read_padding(word: Word) -> object:
    """The value of a padding: pairs of before and after per axis where it has a plus sign.

    Raises CnncalcError where the plus sign could be a sum.
    """
    if not has_plus(word):
        return read_word(word)
    return tuple(_sides(axis, word) for axis in word.split("x×"))


def sum_as_padding(word: Word) -> CnncalcError:
    """The complaint about a sum that reaches a padding through a variable, which holds one number.

    >>> from cnncalc.spec.yaml_composer import compose
    >>> str(sum_as_padding(whole_word(compose("0+1", "net.yaml"))))
    "padding-sum: '0+1' could be a sum, or the padding before and after"
    """
    return failure(
        "padding-sum",
        f"'{word.text}' could be a sum, or the padding before and after",
        word.span,
        help=f"write ({word.text}) for the sum on both sides; "
        "two sides need two variables, such as p=(a)+(b)",
    )


def read_padding_value(value: Value) -> object:
    """The value of a padding in the mapping form: text as in a word, or a list per axis.

    Raises CnncalcError where a plus sign could be a sum.
    """
    if isinstance(value, ListValue):
        return tuple(_read_axis(axis) for axis in value.items)
    word = _word(value)
    return read_value(value) if word is None else read_padding(word)


def read_side(word: Word) -> object:
    """The value of one side only. Raises CnncalcError for a plus sign, which parts two sides."""
    if has_plus(word):
        raise failure(
            "padding-sum",
            f"'{word.text}' gives two sides where one is expected",
            word.span,
            help=f"write ({word.text}) for the sum",
        )
    return read_word(word)


def read_side_value(value: Value) -> object:
    """The value of one side only, in the mapping form; lists go per axis."""
    if isinstance(value, ListValue):
        return tuple(map(read_side_value, value.items))
    word = _word(value)
    return read_value(value) if word is None else read_side(word)


def has_plus(word: Word) -> bool:
    """Whether a plus sign stands outside parentheses."""
    return "+" in word.text and len(word.split("+")) > 1


def _read_axis(value: Value) -> object:
    """One axis of a list: a number, `0+1`, or a [before, after] pair."""
    word = _word(value)
    return _sides(word, word) if word is not None and has_plus(word) else read_side_value(value)


def _word(value: Value) -> Word | None:
    """The text of a value as one word; None for numbers, lists and mappings."""
    is_text = isinstance(value, Scalar) and isinstance(value.value, str) and value.text.strip()
    return whole_word(value) if is_text else None  # type: ignore[arg-type]


def _sides(axis: Word, padding: Word) -> tuple[object, object]:
    """What comes before and after one axis. Raises CnncalcError where that is not clear."""
    sides = axis.split("+")
    if len(sides) > 2 or not all(map(_is_side, sides)):  # noqa: PLR2004 - before and after
        raise _ambiguous(padding)
    return read_word(sides[0]), read_word(sides[-1])


def _is_side(word: Word) -> bool:
    """Whether a word is a plain number, or has one pair of parentheses around all of it."""
    if word.text[:1] != "(":
        return word.text.isdecimal()
    return word.text[-1:] == ")" and min(depths(word.text)[:-1]) > 0


def _ambiguous(word: Word) -> CnncalcError:
    """The complaint about a plus sign, with the two forms that are clear."""
    text = word.text
    before, after = text.split("+", 1) if text.count("+") == 1 else ("before", "after")
    sides = "+".join(
        side if side.isdecimal() else f"({side})" for side in (before.strip(), after.strip())
    )
    return failure(
        "padding-sum",
        f"'{text}' could be a sum, or the padding before and after",
        word.span,
        help=f"write {sides} for before and after, or ({text}) for the sum on both sides",
    )
