"""YAML text -> values that know their line and column; and where the text comes from.

The values keep what was written beside what it means, so that an error can point at one
word of a layer's text. How a text becomes values, and what is refused, is in `composer`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from cnncalc import files
from cnncalc.errors import Span
from cnncalc.lines import BOM

if TYPE_CHECKING:
    from cnncalc.errors import CnncalcError

MAX_BYTES = 8 * 2**20
TOO_BIG = ", which no description of a network needs"


class Scalar(NamedTuple):
    """One number, word, switch or text; `text` is what was written, without its quotes.

    `inset` is how far the text begins behind its span: 0 for plain text, 1 after a quote,
    the indentation of a literal block; None where the text is not in the file as it stands.

    >>> compose("[conv 6 5x5]", "net.yaml").items[0].slice(5, 6).where
    'net.yaml:1:7'
    """

    value: str | int | float | bool | None
    text: str
    span: Span
    inset: int | None = 0
    literal: bool = False

    def slice(self, start: int, end: int) -> Span:
        """The place of text[start:end] in the file; the whole span where that is not known.

        In a literal block the place ends with the line it begins on.
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


class ListValue(NamedTuple):
    """A list; the span is its first line.

    >>> [item.value for item in compose("[6, 5x5]", "net.yaml").items]
    [6, '5x5']
    """

    items: tuple[Value, ...]
    span: Span


class MappingValue(NamedTuple):
    """Keys, which are text and all different, with their values; the span is its first line.

    >>> compose("{on: 1, 8: 2}", "net.yaml").keys()
    ('on', '8')
    """

    entries: tuple[tuple[Scalar, Value], ...]
    span: Span

    def get(self, key: str) -> Value | None:
        """The value behind a key, or None."""
        return next((value for name, value in self.entries if name.text == key), None)

    def keys(self) -> tuple[str, ...]:
        """The keys, in the order of the file."""
        return tuple(name.text for name, _ in self.entries)


Value: TypeAlias = Scalar | ListValue | MappingValue


def plain(value: Value) -> object:
    """The same tree as Python's own dicts, lists and scalars.

    >>> plain(compose("a: [1, 1e-3, true, ~, no]", "net.yaml"))
    {'a': [1, 0.001, True, None, 'no']}
    """
    if isinstance(value, Scalar):
        return value.value
    if isinstance(value, ListValue):
        return [plain(item) for item in value.items]
    return {key.text: plain(item) for key, item in value.entries}


def compose(text: str, file: str) -> Value:
    r"""The one document in a YAML text; `file` is the name that errors give.

    Raises CnncalcError, with the place and its line, for anything that is not plain YAML.

    >>> compose("a: 1\na: 2", "net.yaml")
    Traceback (most recent call last):
        ...
    cnncalc.errors.CnncalcError: duplicate-key: the key 'a' is already used
    """
    from cnncalc.spec.composer import Composer

    return Composer(text.removeprefix(BOM), file).compose()


def read(path: str) -> str:
    """The text of a file, or of the standard input for "-"; UTF-8, a byte order mark dropped.

    Raises CnncalcError: exit code 3 where there is nothing to read, 1 for more than 8 MiB.
    At most that much is read, so an endless input ends.

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
    """The complaint about a text beyond the limit."""
    return files.too_big(path, MAX_BYTES, TOO_BIG)
