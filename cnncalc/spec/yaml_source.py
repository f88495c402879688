"""The values of a YAML text, each with its line and column, and the file they are read from.

A value keeps its written text as well as its meaning, so that an error can point at one word of a
layer's text. `yaml_composer` turns a text into these values.

Plain scalars follow rules of our own, because YAML 1.1 guesses. Numbers are decimal: `8`, `-2`,
`1_000_000`, `0.5`, `.5`, `1e-3`. `true`, `false`, `null`, `~` and nothing at all keep their
meaning. All else is text: `on`, `no`, `1:30`, `0x10`, and also `010`, which YAML 1.1 reads as 8
and YAML 1.2 as 10, so that a field for numbers refuses it.
"""

from __future__ import annotations

import math
import re
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from cnncalc import files
from cnncalc.errors import Span

if TYPE_CHECKING:
    from cnncalc.errors import CnncalcError

MAX_DIGITS = 30  # the longest whole number; no count in a network comes near it

WHOLE = re.compile(r"[-+]?(?:0|[1-9][0-9]*(?:_[0-9]+)*)")
REAL = re.compile(r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None, "~": None, "": None}
NUMBER_STARTS = frozenset("0123456789+-.")


def meaning(text: str) -> str | int | float | bool | None:
    """The value of an unquoted text.

    Raises:
        OverflowError: a whole number has too many digits, or a float overflows or becomes 0.

    >>> [meaning(text) for text in ("64", "1e-3", "true", "no", "010", "1:30")]
    [64, 0.001, True, 'no', '010', '1:30']
    """
    if text[:1] not in NUMBER_STARTS:
        return WORDS.get(text, text)
    if WHOLE.fullmatch(text):
        if len(text) > MAX_DIGITS:
            raise OverflowError(f"a whole number has at most {MAX_DIGITS} digits")
        return int(text)
    return _real(text) if REAL.fullmatch(text) else text


def _real(text: str) -> float:
    value = float(text)
    vanished = value == 0 and re.search("[1-9]", re.split("[eE]", text)[0])
    if math.isinf(value) or vanished:
        raise OverflowError("the number does not fit in a float")
    return value


MAX_BYTES = 8 * 2**20
TOO_BIG = ", the limit for a spec"


class Scalar(NamedTuple):
    """One number, word, switch or text; `text` is what was written, without its quotes.

    `inset` is the distance from the start of the span to the start of the text: 0 for plain text,
    1 after a quote, the indentation of a literal block; None where the text differs from the file,
    as with escapes and folded lines.

    >>> from cnncalc.spec.yaml_composer import compose
    >>> compose("[conv 6 5x5]", "net.yaml").items[0].slice(5, 6).where
    'net.yaml:1:7'
    """

    value: str | int | float | bool | None
    text: str
    span: Span
    inset: int | None = 0
    literal: bool = False

    def slice(self, start: int, end: int) -> Span:
        """The span of text[start:end] in the file; the whole span where that is not known.

        In a literal block the span ends at the end of its first line.
        """
        if self.inset is None:
            return self.span
        file, line, column, _ = self.span
        if not self.literal:
            column += self.inset
            return Span(file, line, column + start, column + end)
        row = self.text.count("\n", 0, start)
        begin = self.text.rfind("\n", 0, start) + 1
        stop = self.text.find("\n", start)
        end = end if stop < 0 else min(end, stop)
        column = self.inset + 1 - begin
        return Span(file, line + 1 + row, column + start, column + end)


class Word(NamedTuple):
    """A part of a scalar's text that knows where it stands in the file."""

    text: str
    scalar: Scalar
    start: int

    @property
    def span(self) -> Span:
        """The span of the word in the file."""
        return self.scalar.slice(self.start, self.start + len(self.text))

    def part(self, start: int, end: int | None = None) -> Word:
        """A part of the word, such as what follows the = of `s=2`."""
        return Word(self.text[start:end], self.scalar, self.start + start)

    def split(self, marks: str) -> list[Word]:
        """The parts between these characters outside brackets, without surrounding blanks."""
        cuts = [
            at for at, depth in enumerate(depths(self.text)) if not depth and self.text[at] in marks
        ]
        pieces = (self.part(a + 1, b) for a, b in pairwise([-1, *cuts, len(self.text)]))
        return [piece.stripped() for piece in pieces]

    def stripped(self) -> Word:
        """The word without leading and trailing blanks."""
        lead = len(self.text) - len(self.text.lstrip())
        return self.part(lead, lead + len(self.text.strip()))


def depths(text: str) -> list[int]:
    """How many brackets are open after each character.

    >>> depths("a(b)c")
    [0, 1, 1, 0, 0]
    """
    return list(accumulate((mark in "([") - (mark in ")]") for mark in text))


def whole_word(scalar: Scalar) -> Word:
    """The whole text of a scalar as one word."""
    return Word(scalar.text, scalar, 0)


class ListValue(NamedTuple):
    """A list; its span covers the first line only.

    >>> from cnncalc.spec.yaml_composer import compose
    >>> [item.value for item in compose("[6, 5x5]", "net.yaml").items]
    [6, '5x5']
    """

    items: tuple[Value, ...]
    span: Span


class MappingValue(NamedTuple):
    """A mapping with distinct text keys; its span covers the first line only.

    >>> from cnncalc.spec.yaml_composer import compose
    >>> compose("{on: 1, 8: 2}", "net.yaml").keys()
    ('on', '8')
    """

    entries: tuple[tuple[Scalar, Value], ...]
    span: Span

    def get(self, key: str) -> Value | None:
        """The value of a key, or None."""
        return next((value for name, value in self.entries if name.text == key), None)

    def keys(self) -> tuple[str, ...]:
        """The keys, in the order of the file."""
        return tuple(name.text for name, _ in self.entries)

    def at(self, *path: str) -> Value | None:
        """The value at a path of keys, or None."""
        value: Value | None = self
        for key in path:
            value = value.get(key) if isinstance(value, MappingValue) else None
        return value

    def section(self, key: str) -> MappingValue:
        """The mapping under a key; an empty one where there is none."""
        value = self.get(key)
        return value if isinstance(value, MappingValue) else MappingValue((), self.span)


Value: TypeAlias = Scalar | ListValue | MappingValue


def plain(value: Value) -> object:
    """The value as plain dicts, lists and scalars, without positions.

    >>> from cnncalc.spec.yaml_composer import compose
    >>> plain(compose("a: [1, 1e-3, true, ~, no]", "net.yaml"))
    {'a': [1, 0.001, True, None, 'no']}
    """
    if isinstance(value, Scalar):
        return value.value
    if isinstance(value, ListValue):
        return [plain(item) for item in value.items]
    return {key.text: plain(item) for key, item in value.entries}


def read(path: str) -> str:
    """The text of a UTF-8 file, or of standard input for "-", without a byte order mark.

    At most 8 MiB are read, so that an endless input ends.

    Raises:
        CnncalcError: the file cannot be read or is not UTF-8 (exit code 3), or is too large (1).

    >>> read("missing.yaml")
    Traceback (most recent call last):
        ...
    cnncalc.errors.CnncalcError: no-file: there is no file 'missing.yaml'
    """
    data = files.read_bytes(path, MAX_BYTES, TOO_BIG)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        message = f"line {line} of {files.title(path)} is not UTF-8 text"
        raise files.unreadable(message, "not-utf8", "save the file as UTF-8") from None


def too_big(path: str) -> CnncalcError:
    """The error for a text of more than 8 MiB."""
    return files.too_big(path, MAX_BYTES, TOO_BIG)
