"""Norms and activations as words with settings or a condition: `gn(32)`, `(relu if last)`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cnncalc.errors import failure
from cnncalc.spec.line_values import KEY, bare_name, read_word
from cnncalc.spec.syntax import Argument, Attached
from cnncalc.spec.vocabulary import attaches, is_plain_word, of_layer_type, unknown_key

if TYPE_CHECKING:
    from cnncalc.errors import CnncalcError
    from cnncalc.spec.vocabulary import Vocabulary
    from cnncalc.spec.yaml_source import Word

WITH_SETTINGS = re.compile(r"([A-Za-z_]\w*)\((.*)\)\Z", re.DOTALL)


def read_attached(word: Word) -> tuple[Attached | Argument, ...]:
    """The norms and activations of a word; none where it is something else.

    A name under a condition may be a variable that holds an activation.

    >>> from cnncalc.spec.yaml_composer import compose
    >>> from cnncalc.spec.yaml_source import whole_word
    >>> (norm,) = read_attached(whole_word(compose("bn(eps=0.001 affine=false)", "net.yaml")))
    >>> norm.type, [argument.field for argument in norm.arguments]
    ('bn', ['eps', 'affine'])

    Raises:
        CnncalcError: a setting is malformed, or something else stands under a condition.
    """
    if attaches(word.text):
        return (Attached(word.text, (), word.span),)
    settings = WITH_SETTINGS.match(word.text)
    if settings is not None and attaches(settings[1]):
        return (_with_settings(word, settings[1]),)
    if word.text[:1] == "(" and word.text[-1:] == ")":
        return _under_condition(word)
    return ()


def _with_settings(word: Word, name: str) -> Attached:
    """`bn(eps=0.001 affine=false)`."""
    inside = word.part(len(name) + 1, len(word.text) - 1)
    if len(inside.split(",")) > 1:
        raise failure(
            "wrong-form",
            f"the settings of '{name}' are separated by spaces, not commas",
            inside.span,
            help=f"write {name}({' '.join(part.text for part in inside.split(','))})",
        )
    vocabulary = of_layer_type(name)
    pieces = [piece for piece in inside.split(" ") if piece.text]
    return Attached(name, tuple(_setting(piece, vocabulary) for piece in pieces), word.span)


def _setting(word: Word, vocabulary: Vocabulary) -> Argument:
    """`eps=0.001`, a word of the layer type, or a bare value."""
    if key := KEY.match(word.text):
        field = vocabulary.field(key[1])
        if field is None:
            raise unknown_key(key[1], word.part(0, len(key[1])).span, vocabulary)
        value = word.part(key.end())
        if not value.text:
            raise failure("missing-value", f"'{key[1]}=' has no value", word.span)
        return Argument(field, read_word(value), value.span)
    if word.text in vocabulary.words:
        return Argument(*vocabulary.words[word.text], word.span)
    return Argument(None, read_word(word), word.span)


def _under_condition(word: Word) -> tuple[Attached | Argument, ...]:
    """`(relu if last)`, `(bn relu if n > 1)`; none where the word is an expression.

    `(64 if wide else 32)` is one: the number of filters.
    """
    pieces = [piece for piece in word.part(1, len(word.text) - 1).split(" ") if piece.text]
    texts = [piece.text for piece in pieces]
    if "if" not in texts:
        return ()
    place = texts.index("if")
    before, after = pieces[:place], pieces[place + 1 :]
    attached = [_conditional(piece) for piece in before]
    if "else" in texts:
        if attached and all(isinstance(each, Attached) for each in attached):
            raise _two_ways(word, before, texts[place + 1 :])
        return ()
    if not after or not all(attached):
        raise failure(
            "wrong-form",
            "a condition in parentheses belongs to norms and activations",
            word.span,
            help="such as (relu if n > 1); 'if n > 1' at the end of a line is for the whole layer",
        )
    end = after[-1].start + len(after[-1].text)
    text = word.part(after[0].start - word.start, end - word.start)
    condition = Argument("if", read_word(text), text.span)
    return tuple(each._replace(condition=condition) for each in attached if each)


def _conditional(word: Word) -> Attached | Argument | None:
    """A norm, an activation, or a variable that may hold one; None for other words."""
    if attached := read_attached(word):
        return attached[0]
    other = KEY.match(word.text) or is_plain_word(word.text)
    value = None if other else read_word(word)
    return Argument(None, value, word.span) if bare_name(value) else None


def _two_ways(word: Word, before: list[Word], after: list[str]) -> CnncalcError:
    """The error for `(relu if last else silu)`."""
    middle = after.index("else")
    condition, other = " ".join(after[:middle]), " ".join(after[middle + 1 :])
    first = " ".join(piece.text for piece in before)
    return failure(
        "wrong-form",
        "a condition on norms and activations has no 'else'",
        word.span,
        help=f"write ({first} if {condition}) ({other} if not ({condition}))",
    )
