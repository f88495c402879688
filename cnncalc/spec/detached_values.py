"""Settings that are not written in one piece, as people write them at first.

`stride 2` for `stride=2`, `5 x 5` for `5x5`, `p-1` for a padding that cannot be.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cnncalc.errors import Diagnostic
from cnncalc.spec.syntax import Argument, Dynamic
from cnncalc.spec.values import bare_name

if TYPE_CHECKING:
    from cnncalc.errors import Span
    from cnncalc.spec.syntax import Attached, Plain, Use
    from cnncalc.spec.vocabulary import Vocabulary

    Word = Argument | Attached | Plain

NEGATIVE = re.compile(r"([A-Za-z])(-\d+)\Z")


def pieced(
    use: Use, vocabulary: Vocabulary, variables: frozenset[str]
) -> tuple[list[Diagnostic], list[Word]]:
    """What is wrong with such settings of a layer, and the words that are none of their pieces."""
    problems: list[Diagnostic] = []
    left: list[Word] = []
    words = list(use.words)
    while words:
        found = None if use.is_block else _first(words, vocabulary, variables)
        if found is None:
            left.append(words.pop(0))
        else:
            problem, count = found
            problems.append(problem)
            del words[:count]
    return problems, left


def _first(
    words: list[Word], vocabulary: Vocabulary, variables: frozenset[str]
) -> tuple[Diagnostic, int] | None:
    """A setting in pieces that begins here, and how many words it takes up."""
    text, *after = [_bare(word) for word in words[:3]]
    if text is None or text in variables:
        return None
    span: Span = words[0].span  # type: ignore[union-attr]  # a bare word has a place
    value = after[0] if after and after[0] and after[0][:1].isdecimal() else None
    if text in vocabulary.names and text not in vocabulary.words:
        return _named(text, value, span, vocabulary), 1 if value is None else 2
    if value and text in vocabulary.letters:
        message = f"'{text}' stands apart from its value"
        return Diagnostic("error", "missing-value", message, span, help=f"write {text}{value}"), 2
    if len(after) == 2 and after[0] in {"x", "×"} and f"{text}{after[1]}".isdecimal():  # noqa: PLR2004 - 5 x 5
        message = "a size is written in one word"
        return Diagnostic("error", "wrong-form", message, span, help=f"write {text}x{after[1]}"), 3
    negative = NEGATIVE.match(text)
    if negative and negative[1].lower() in vocabulary.letters and negative[1] not in variables:
        field = vocabulary.letters[negative[1].lower()]
        message = f"{field} takes no negative number, got {negative[2]}"
        return Diagnostic("error", "not-positive", message, span), 1
    return None


def _named(text: str, value: str | None, span: Span, vocabulary: Vocabulary) -> Diagnostic:
    field = vocabulary.names[text]
    letters = [letter for letter, meant in vocabulary.letters.items() if meant == field]
    number = value or "2"
    short = f" or {letters[0]}{number}" if letters else ""
    message = f"'{text}' has no value" if value is None else f"'{text}' stands apart from its value"
    return Diagnostic(
        "error", "missing-value", message, span, help=f"such as {text}={number}{short}"
    )


def _bare(word: Word) -> str | None:
    """The text of a word that is a number, a name or an expression and names no field."""
    if not isinstance(word, Argument) or word.field is not None:
        return None
    value = word.value
    if isinstance(value, Dynamic):
        return bare_name(value) or value.word.text
    return None if isinstance(value, tuple) else str(value)
