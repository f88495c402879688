"""Diagnostics as text: place, source line with carets under the mistake, notes, help."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cnncalc.errors import counted
from cnncalc.render.format import display_width, printable, to_ascii

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cnncalc.errors import Diagnostic, Span

COLORS = {"error": "1;31", "warning": "1;33", "note": "1;36", "gutter": "1;34"}
MAX_LINE = 160  # characters of a source line that are shown
LEAST_LINE = 20  # of them on a narrow terminal
# Longer than words and paths are: a text without spaces, such as a number of 1000 digits.
ENDLESS = re.compile(r"(\S{120})\S{120,}(\S{20})")


def text(
    diagnostics: Sequence[Diagnostic],
    *,
    color: bool = False,
    ascii_only: bool = False,
    width: int | None = None,
) -> str:
    """All diagnostics in full, a blank line between them, and a count below several."""
    parts = [full(d, color=color, ascii_only=ascii_only, width=width) for d in diagnostics]
    if len(parts) > 1:
        parts.append(count(diagnostics))
    return "".join(f"{part}\n" for part in "\n\n".join(parts).split("\n")) if parts else ""


def full(
    diagnostic: Diagnostic,
    *,
    color: bool = False,
    ascii_only: bool = False,
    width: int | None = None,
) -> str:
    """One diagnostic in full, without a final newline; source lines fit a terminal's `width`.

    >>> from cnncalc.errors import Diagnostic, Span
    >>> span = Span("net.yaml", 3, 20, 24)
    >>> print(full(Diagnostic("error", "unknown-word", "'conv' does not understand 'rleu'", span,
    ...     help="did you mean 'relu'?", line_text="  - C1: conv 6 5x5 rleu")))
    error[unknown-word]: 'conv' does not understand 'rleu'
     --> net.yaml:3:20
      |
    3 |   - C1: conv 6 5x5 rleu
      |                    ^^^^
      = help: did you mean 'relu'?
    """
    paint = _Painter(color, diagnostic.severity)
    span = diagnostic.span
    title = paint(f"{diagnostic.severity}[{diagnostic.code}]", diagnostic.severity)
    lines = [f"{title}: {_words(diagnostic.message, '', ascii_only)}"]
    if span:
        lines.append(
            f"{_margin(span)}{paint('-->', 'gutter')} {_words(span.where, '', ascii_only)}"
        )
        if diagnostic.line_text is not None:
            gutter = len(_margin(span)) + len(" | ")
            most = MAX_LINE if width is None else max(min(MAX_LINE, width - gutter - 2), LEAST_LINE)
            lines += _excerpt(span, diagnostic.line_text, paint, ascii_only, most)
    elif diagnostic.origin:
        lines.append(f" {paint('-->', 'gutter')} {_words(diagnostic.origin, '', ascii_only)}")
    return "\n".join([*lines, *_remarks(diagnostic, paint, ascii_only)])


def concise(diagnostic: Diagnostic) -> str:
    """One line in the format that editors and grep understand.

    >>> from cnncalc.errors import Diagnostic, Span
    >>> concise(Diagnostic("error", "missing-input", "no input shape", Span("a.yaml", 1, 1, 2)))
    'a.yaml:1:1: error[missing-input]: no input shape'
    """
    place = diagnostic.span.where if diagnostic.span else diagnostic.origin
    where = f"{printable(place)}: " if place else ""
    return f"{where}{diagnostic.severity}[{diagnostic.code}]: {_words(diagnostic.message)}"


def github(diagnostic: Diagnostic) -> str:
    """A GitHub workflow command that shows the message at its line of a pull request.

    >>> from cnncalc.errors import Diagnostic, Span
    >>> github(Diagnostic("note", "fit", "100% exact", Span("a.yaml", 3, 5, 9)))
    '::notice file=a.yaml,line=3,col=5,endColumn=9,title=fit::100%25 exact'
    """
    command = {"note": "notice"}.get(diagnostic.severity, diagnostic.severity)
    span = diagnostic.span
    place = {} if span is None else {
        "file": printable(span.file), "line": span.line,
        "col": span.column, "endColumn": span.end_column,
    }  # fmt: skip
    properties = {**place, "title": diagnostic.code}
    listed = ",".join(f"{key}={_quoted(value, ':,')}" for key, value in properties.items())
    return f"::{command} {listed}::{_quoted(_words(diagnostic.message))}"


def count(diagnostics: Iterable[Diagnostic]) -> str:
    """How many of each severity.

    >>> from cnncalc.errors import Diagnostic
    >>> error, note = Diagnostic("error", "a", "b"), Diagnostic("note", "a", "b")
    >>> count([error, error, note])
    '2 errors, 1 note'
    """
    severities = [diagnostic.severity for diagnostic in diagnostics]
    numbers = ((severities.count(word), word) for word in ("error", "warning", "note"))
    return ", ".join(counted(number, word) for number, word in numbers if number)


class _Painter:
    """Wraps words in ANSI colours, or leaves them as they are."""

    def __init__(self, color: bool, severity: str) -> None:
        self.color = color
        self.severity = severity

    def __call__(self, words: str, style: str) -> str:
        return f"\x1b[{COLORS[style]}m{words}\x1b[0m" if self.color else words


def _margin(span: Span | None) -> str:
    return " " * len(str(span.line)) if span else " "


def _remarks(diagnostic: Diagnostic, paint: _Painter, ascii_only: bool) -> list[str]:
    """The notes and the help, one line each."""
    helps = [("help", diagnostic.help)] if diagnostic.help else []
    margin = f"{_margin(diagnostic.span)} {paint('=', 'gutter')}"
    indent = " " * (len(_margin(diagnostic.span)) + len(" = note: "))
    remarks = [*(("note", note) for note in diagnostic.notes), *helps]
    return [f"{margin} {word}: {_words(text, indent, ascii_only)}" for word, text in remarks]


def _excerpt(span: Span, line: str, paint: _Painter, ascii_only: bool, most: int) -> list[str]:
    """The source line between gutters, and carets under the columns of the span."""
    line, start, end = _window(line, span.column - 1, span.end_column - 1, most)
    before, fault = _shown(line[:start], ascii_only), _shown(line[start:end], ascii_only)
    after = _shown(line[end:] if end > start else line[start:], ascii_only)
    number, bar = str(span.line), paint("|", "gutter")
    margin = _margin(span)
    carets = paint("^" * max(1, display_width(fault)), paint.severity)
    return [
        f"{margin} {bar}",
        f"{paint(number, 'gutter')} {bar} {before}{fault}{after}".rstrip(),
        f"{margin} {bar} {' ' * display_width(before)}{carets}",
    ]


def _window(line: str, start: int, end: int, most: int) -> tuple[str, int, int]:
    """The part of a long line around line[start:end], marked where it is cut, and its new span.

    At most so many characters are shown, and the marks in addition.
    """
    first = max(0, min(start - most // 4, len(line) - most))
    last = first + most
    left, right = "…" * (first > 0), "…" * (last < len(line))
    moved = len(left) - first
    return left + line[first:last] + right, start + moved, min(end, last) + moved


def _shown(text: str, ascii_only: bool) -> str:
    """Source text with tabs and control characters made visible, so that carets stay in place."""
    seen = printable(text.replace("\t", "→"))
    if not ascii_only:
        return seen
    plain = seen.replace("→", ">").replace("×", "x").replace("…", "...")
    return plain.encode("ascii", "replace").decode("ascii")


def _words(message: str, indent: str = "", ascii_only: bool = False) -> str:
    """A message on one line; with an `indent`, its further lines stand below the first."""
    lines = _readable(message).split("\n") if indent else [_readable(message)]
    safe = f"\n{indent}".join(map(printable, lines))
    return to_ascii(safe) if ascii_only else safe


def _readable(message: str) -> str:
    """A message without the middle of endless words."""
    return ENDLESS.sub(r"\1…\2", message)


def _quoted(value: object, more: str = "") -> str:
    """A value as workflow commands need it: some characters as percent codes."""
    return "".join(f"%{ord(c):02X}" if c in f"%\r\n{more}" else c for c in str(value))
