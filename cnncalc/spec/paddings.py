"""Paddings as written: `1`, `0+1` (before + after), `0+1x1+2` (per axis), `(d*(k-1))+0`.

A plus sign between two plain numbers, or between sides in parentheses, parts what comes before
an axis from what comes after it, as in the option `-P 0+1`. Anywhere else outside parentheses it
could mean a sum as well, and is refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.errors import failure
from cnncalc.spec.source import ListValue, Scalar
from cnncalc.spec.values import read_value, read_word
from cnncalc.spec.words import depths, whole

if TYPE_CHECKING:
    from cnncalc.errors import CnncalcError
    from cnncalc.spec.source import Value
    from cnncalc.spec.words import Word


def read_padding(word: Word) -> object:
    """The value of a padding: pairs of before and after per axis where it has a plus sign.

    Raises CnncalcError where the plus sign could be a sum.
    """
    if not has_plus(word):
        return read_word(word)
    return tuple(_sides(axis, word) for axis in word.split("x×"))


def sum_as_padding(word: Word) -> CnncalcError:
    """The complaint about a sum that reaches a padding through a variable, which holds one number.

    >>> from cnncalc.spec.source import compose
    >>> str(sum_as_padding(whole(compose("0+1", "net.yaml"))))
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
            f"'{word.text}' has two sides, where one is expected",
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
    return whole(value) if is_text else None  # type: ignore[arg-type]


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
