"""The lines of a text, counted as YAML does, so that diagnostics can show theirs."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING

from cnncalc.errors import CnncalcError

if TYPE_CHECKING:
    from cnncalc.errors import Diagnostic

BOM = "\ufeff"
BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")  # the line breaks of YAML 1.1


def with_lines(error: CnncalcError, text: str, file: str | None = None) -> CnncalcError:
    r"""The same error, with the source line added to diagnostics that lack one.

    With `file`, only to diagnostics of that file; others come from another text.

    >>> from cnncalc.errors import Diagnostic, Span
    >>> bare = CnncalcError(Diagnostic("error", "typo", "what?", Span("net.yaml", 2, 1, 2)))
    >>> with_lines(bare, "a: 1\nb: 2\n").diagnostics[0].line_text
    'b: 2'
    """
    diagnostics = (with_line(diagnostic, text, file) for diagnostic in error.diagnostics)
    return CnncalcError(*diagnostics, exit_code=error.exit_code, partial=error.partial)


def with_line(diagnostic: Diagnostic, text: str, file: str | None = None) -> Diagnostic:
    r"""The same diagnostic, with its source line if it lacks one and is in this file.

    >>> from cnncalc.errors import Diagnostic, Span
    >>> bare = Diagnostic("error", "typo", "what?", Span("net.yaml", 2, 1, 2))
    >>> with_line(bare, "a: 1\nb: 2\n", "other.yaml").line_text is None
    True
    """
    span = diagnostic.span
    if diagnostic.line_text is not None or span is None or file not in {None, span.file}:
        return diagnostic
    return diagnostic._replace(line_text=line_of(text.removeprefix(BOM), span.line))


def line_of(text: str, number: int) -> str:
    r"""One line of a text, counted from 1; empty beyond the last.

    >>> line_of("a: 1\r\nb: 2", 2)
    'b: 2'
    """
    start = 0
    if number > 1:
        before = next(islice(BREAK.finditer(text), number - 2, None), None)
        start = before.end() if before else len(text)
    return text[start : line_end(text, start)]


def line_end(text: str, start: int) -> int:
    r"""The index at which the line that holds text[start] ends.

    >>> line_end("a: 1\nb: 2", 2)
    4
    """
    line_break = BREAK.search(text, start)
    return line_break.start() if line_break else len(text)
