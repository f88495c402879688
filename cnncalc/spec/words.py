"""Layer text -> links -> words, each word knowing its place in the file.

`conv 6 5x5 tanh -> maxpool 2x2` is two links. Words are split at spaces outside brackets.
"""

from __future__ import annotations

import re
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, NamedTuple

from cnncalc.errors import CnncalcError, failure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnncalc.errors import Span
    from cnncalc.spec.source import Scalar

ARROW = "->"
MAX_TEXT = 4_000  # characters of one layer text
BRACKET = re.compile(r"[()\[\]]")
SPACED = re.compile(r"\S+")


class Word(NamedTuple):
    """A stretch of a scalar's text."""

    text: str
    scalar: Scalar
    start: int

    @property
    def span(self) -> Span:
        """Where the word stands in the file."""
        return self.scalar.slice(self.start, self.start + len(self.text))

    def part(self, start: int, end: int | None = None) -> Word:
        """A word inside the word: what follows the = of `s=2`, say."""
        return Word(self.text[start:end], self.scalar, self.start + start)

    def split(self, marks: str) -> list[Word]:
        """The stretches between these marks outside brackets, without the blanks around them."""
        cuts = [
            at for at, depth in enumerate(depths(self.text)) if not depth and self.text[at] in marks
        ]
        pieces = (self.part(a + 1, b) for a, b in pairwise([-1, *cuts, len(self.text)]))
        return [piece.stripped() for piece in pieces]

    def stripped(self) -> Word:
        """The word without blanks at its ends."""
        lead = len(self.text) - len(self.text.lstrip())
        return self.part(lead, lead + len(self.text.strip()))


def depths(text: str) -> list[int]:
    """How many brackets are open behind each character.

    >>> depths("a(b)c")
    [0, 1, 1, 0, 0]
    """
    return list(accumulate((mark in "([") - (mark in ")]") for mark in text))


def whole(scalar: Scalar) -> Word:
    """A scalar's text as one word."""
    return Word(scalar.text, scalar, 0)


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
