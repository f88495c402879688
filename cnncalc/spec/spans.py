"""Places in a YAML text: marks of the parser -> spans, source lines and placed errors."""

from __future__ import annotations

import re
from typing import Any, NamedTuple, NoReturn, TypeAlias

from cnncalc.errors import CnncalcError, Diagnostic, Span
from cnncalc.lines import BREAK, line_end

WORD = re.compile(r"[^\s,\[\]{}]+")  # an alias, an anchor, a tag, or the head of a | block


Mark: TypeAlias = Any  # a mark of either PyYAML parser, or a Place


class Place(NamedTuple):
    """A mark of our own: line, column and index in the text, all counted from 0."""

    line: int
    column: int
    index: int  # type: ignore[assignment]  # hides tuple.index, which no mark needs


class Page:
    r"""A text and the name of its file.

    >>> page = Page("a: 1\nbc: 2", "net.yaml")
    >>> page.at(5), page.word(page.at(5)), page.line(page.at(8))
    (Place(line=1, column=0, index=5), 3, 'bc: 2')
    """

    def __init__(self, text: str, file: str) -> None:
        self.text = text
        self.file = file

    def at(self, index: int) -> Place:
        """The place of text[index]."""
        breaks = [found.end() for found in BREAK.finditer(self.text, 0, index)]
        return Place(len(breaks), index - (breaks[-1] if breaks else 0), index)

    def line(self, mark: Mark) -> str:
        """The whole line that a mark is on."""
        return self.text[mark.index - mark.column : line_end(self.text, mark.index)]

    def word(self, mark: Mark) -> int:
        """The length of the word that begins at a mark."""
        found = WORD.match(self.text, mark.index)
        return len(found.group()) if found else 1

    def span(self, start: Mark, width: int) -> Span:
        """So many characters from a mark on."""
        column = start.column + 1
        return Span(self.file, start.line + 1, column, column + width)

    def stretch(self, start: Mark, end: Mark) -> Span:
        """From one mark to another, or to the end of the first line if they are further apart."""
        if start.line == end.line:
            return self.span(start, end.column - start.column)
        return self.span(start, len(self.line(start).rstrip()) - start.column)

    def refuse(
        self,
        mark: Mark,
        width: int,
        code: str,
        message: str,
        help: str | None = None,
        notes: tuple[str, ...] = (),
    ) -> NoReturn:
        """Raise CnncalcError at a mark, with its line."""
        span = self.span(mark, width)
        raise CnncalcError(Diagnostic("error", code, message, span, notes, help, self.line(mark)))
