"""The text of a layer -> links of words, and words -> values.

`conv 6 5x5 tanh -> maxpool 2x2` is two links. Words are split at spaces outside brackets.
A value that needs variables becomes a `Dynamic`, which `evaluate` computes later.

A padding is written `1`, `0+1` (before + after), `0+1x1+2` (per axis) or `(d*(k-1))+0`. A plus
sign between two plain numbers, or between sides in parentheses, separates before from after, as
in the option `-P 0+1`. Elsewhere outside parentheses it could also mean a sum, and is refused.
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
    from cnncalc.layers._base import Between
    from cnncalc.spec.yaml_source import Value

ARROW = "->"
KEY = re.compile(r"\b([A-Za-z_]\w*+)=(?!=)")  # what stands before the value in key=value
MAX_TEXT = 4_000  # characters of one layer text
QUOTED = re.compile(r'"[^"]*"?')
BRACKET = re.compile(r"[()\[\]]")
SPACED = re.compile(r"\S+")


def links(scalar: Scalar) -> list[list[Word]]:
    """The links of a chain, each a list of words.

    Raises:
        CnncalcError: brackets do not balance, a link is empty, or the text is too long.
    """
    if len(scalar.text) > MAX_TEXT:
        raise failure(
            "too-long",
            f"this layer text has {len(scalar.text):,} characters; {MAX_TEXT:,} are allowed",
            scalar.span,
            help="write its layers as a list, one per line",
        )
    if "," in scalar.text or "|" in scalar.text:
        _refuse_marks(scalar)
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


def _refuse_marks(scalar: Scalar) -> None:
    """Refuse commas and bars between words; inside brackets they belong to a value."""
    list(_split(scalar))  # brackets that do not balance are another mistake
    word = whole_word(scalar)
    pieces = word.split(",|")
    if len(pieces) > 1:
        from cnncalc.spec import python_calls  # only for a text with such marks

        raise python_calls.marks_refused(scalar.text, pieces, scalar.span)


def _split(scalar: Scalar) -> Iterator[Word]:
    text = scalar.text
    # Blanks and brackets inside quotes separate nothing.
    bare = QUOTED.sub(lambda match: "_" * len(match[0]), text) if '"' in text else text
    if not BRACKET.search(bare):
        for match in SPACED.finditer(bare):
            yield Word(text[match.start() : match.end()], scalar, match.start())
        return
    start: int | None = None
    closers: list[str] = []
    for place, mark in enumerate(bare):
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

    Numbers and switches follow the rules of `yaml_source.meaning`.

    Raises:
        CnncalcError: the word is none of these, or its number is out of range.
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
    """The positions of each x or × between the sizes of a word, outside brackets."""
    if not (text[:1].isdecimal() or text[:1] == "("):
        return []
    depth, places = 0, []
    for place, mark in enumerate(text):
        depth += (mark in "([") - (mark in ")]")
        if mark in "x×" and depth == 0:
            places.append(place)
    return places


def read_value(value: Value) -> object:
    """The value of a mapping's entry; lists become tuples, text is read as in a word.

    Raises:
        CnncalcError: it is a mapping, or its text is not a value.
    """
    if isinstance(value, ListValue):
        return tuple(read_value(item) for item in value.items)
    if isinstance(value, MappingValue):
        raise failure("wrong-type", "a mapping is not allowed here", value.span)
    if isinstance(value.value, str) and "\n" not in value.text:
        return read_word(whole_word(value)) if value.text.strip() else value.text
    return value.value


def read_argument(field: str | None, value: Value) -> Argument:
    """A field with its value and position, from a mapping's entry."""
    return Argument(field, read_value(value), value.span)


def evaluate(value: object, env: Mapping[str, object]) -> object:
    """The plain value for these variables.

    Raises:
        CnncalcError: an expression cannot be computed; its span is the part at fault.
    """
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
    """The variables that a value reads, each with the word that contains it."""
    if isinstance(value, Dynamic):
        per_part = [part.names for part in value.parts if not isinstance(part, int)]  # type: ignore[attr-defined]
        return [(name, value.word) for names in per_part for name in sorted(names)]
    if type(value) is tuple:
        return [pair for part in value for pair in names_in(part)]
    return []


def bare_name(value: object) -> str | None:
    """The text of a value that is a single name, such as `relu` or `act`."""
    if isinstance(value, Dynamic) and IDENTIFIER.match(value.word.text):
        return value.word.text
    return None


def name_span(name: str, word: Word) -> Span:
    """The span of a name inside a word; the whole word where it is not found."""
    match = re.search(rf"(?<!\w){re.escape(name)}(?!\w)", word.text)
    return word.part(match.start(), match.end()).span if match else word.span


def _expression(word: Word) -> object:
    try:
        return parse(word.text)
    except ExpressionError as error:
        raise _placed(error, word) from None


def _placed(error: ExpressionError, word: Word) -> CnncalcError:
    span = word.part(error.start, error.end).span
    return failure(error.code, error.message, span, help=error.help)


def read_padding(word: Word) -> object:
    """The value of a padding; with a plus sign, a (before, after) pair per axis.

    Raises:
        CnncalcError: the plus sign could also mean a sum.
    """
    if not has_plus(word):
        return read_word(word)
    return tuple(_sides(axis, word) for axis in word.split("x×"))


def read_between(word: Word, head: str, between: Between) -> tuple[Argument, Argument]:
    """The two fields of a word such as `2..5` or `0/4`; sides that may be left out get a value.

    Raises:
        CnncalcError: the mark is there more than once, or a side is missing.
    """
    text, mark = word.text, between.mark
    open_at = [at for at, depth in enumerate(depths(text)) if depth == 0]
    places = [at for at in open_at if text.startswith(mark, at)]
    first, second = between.fields
    if len(places) != 1:
        message = f"'{text}' is not {first}{mark}{second}"
        help_ = f"such as {head} 0{mark}4; a computed side stands in parentheses, (c//2){mark}8"
        raise failure("wrong-form", message, word.span, help=help_)
    sides = word.part(0, places[0]), word.part(places[0] + len(mark))
    arguments = []
    for place, (field, side) in enumerate(zip(between.fields, sides, strict=True)):
        if side.text:
            arguments.append(Argument(field, read_word(side), side.span))
        elif between.left_out is None:
            message = f"'{text}' has no {field}"
            raise failure("missing-value", message, word.span, help=f"such as {head} 0{mark}4")
        else:
            arguments.append(Argument(field, between.left_out[place], word.span))
    return arguments[0], arguments[1]


def sum_as_padding(word: Word) -> CnncalcError:
    """The error for a sum that reaches a padding through a variable, which holds one number.

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

    Raises:
        CnncalcError: a plus sign could also mean a sum.
    """
    if isinstance(value, ListValue):
        return tuple(_read_axis(axis) for axis in value.items)
    word = _word(value)
    return read_value(value) if word is None else read_padding(word)


def read_side(word: Word) -> object:
    """The value of one side of a padding.

    Raises:
        CnncalcError: a plus sign gives two sides.
    """
    if has_plus(word):
        raise failure(
            "padding-sum",
            f"'{word.text}' gives two sides where one is expected",
            word.span,
            help=f"write ({word.text}) for the sum",
        )
    return read_word(word)


def read_side_value(value: Value) -> object:
    """The value of one side of a padding in the mapping form; a list has one value per axis."""
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
    """The text of a value as one word; None where it is not text."""
    is_text = isinstance(value, Scalar) and isinstance(value.value, str) and value.text.strip()
    return whole_word(value) if is_text else None  # type: ignore[arg-type]


def _sides(axis: Word, padding: Word) -> tuple[object, object]:
    """The padding before and after one axis."""
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
    """The error for an ambiguous plus sign; its help shows the two clear forms."""
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
