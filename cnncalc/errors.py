"""What is said when something is wrong: one Diagnostic, and the exceptions that carry it.

The deepest code knows what is wrong but not where: it raises a `UnplacedError` in local terms
("the filter (5) is larger than its input (4)") and names the field at fault. Whoever knows
the source text turns it into a `Diagnostic` with file, line and column, and everything that
reaches a user travels in one `CnncalcError`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

Severity = Literal["error", "warning", "note"]
MOST_WORDS = 500  # that a word is compared with: with more, looking takes too long
LONGEST_WORD = 60  # that is compared with known ones: looking takes time, and no typo is longer


class Span(NamedTuple):
    """A stretch of one source line; line and columns count from 1, `end_column` is exclusive.

    >>> Span("net.yaml", 8, 7, 13).where
    'net.yaml:8:7'
    """

    file: str
    line: int
    column: int
    end_column: int

    @property
    def where(self) -> str:
        """`file:line:column`, as editors and CI logs understand it."""
        return f"{self.file}:{self.line}:{self.column}"

    def moved(self, lines: int, columns: int) -> Span:
        """The same stretch so many lines and columns further on."""
        file, line, column, end = self
        return Span(file, line + lines, column + columns, end + columns)


# A file with this many mistakes is of another kind: reading it for more would help nobody.
ENOUGH_ERRORS = 100


class Diagnostic(NamedTuple):
    """One thing to tell the user. `code` is stable; programs may match on it.

    >>> Diagnostic("error", "missing-input", "the spec has no input shape").message
    'the spec has no input shape'
    """

    severity: Severity
    code: str
    message: str
    span: Span | None = None
    notes: tuple[str, ...] = ()
    help: str | None = None
    line_text: str | None = None


class CnncalcError(Exception):
    """Carries every diagnostic of a failed command, in source order, and its exit code.

    `partial` is whatever had been computed when the failure struck (a Network up to the
    failing layer, say), so that a renderer can still show it.

    >>> error = CnncalcError(Diagnostic("error", "no-file", "net.yaml does not exist"), exit_code=3)
    >>> str(error), error.exit_code
    ('no-file: net.yaml does not exist', 3)
    """

    def __init__(
        self, *diagnostics: Diagnostic, exit_code: int = 1, partial: object | None = None
    ) -> None:
        super().__init__("; ".join(f"{d.code}: {d.message}" for d in diagnostics))
        self.diagnostics = diagnostics
        self.exit_code = exit_code
        self.partial = partial


def failure(
    code: str,
    message: str,
    span: Span | None = None,
    *,
    notes: tuple[str, ...] = (),
    help: str | None = None,
    exit_code: int = 1,
) -> CnncalcError:
    """The exception for a single error, ready to be raised.

    >>> failure("no-file", "net.yaml does not exist", exit_code=3).diagnostics[0].code
    'no-file'
    """
    return CnncalcError(Diagnostic("error", code, message, span, notes, help), exit_code=exit_code)


class UnplacedError(Exception):
    """A layer cannot work on what it was given. Local terms only; the caller adds the place.

    `field` names the layer's field at fault, so that the caller can point at that word.

    >>> raise UnplacedError("groups", "groups=32 does not divide the 130 filters", field="groups")
    Traceback (most recent call last):
        ...
    cnncalc.errors.UnplacedError: groups=32 does not divide the 130 filters
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        field: str | None = None,
        notes: tuple[str, ...] = (),
        help: str | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.field = field
        self.notes = notes
        self.help = help


def counted(number: int, word: str) -> str:
    """A number of things, with an s unless it is one.

    >>> counted(1, "layer"), counted(0, "layer"), counted(1200, "size")
    ('1 layer', '0 layers', '1,200 sizes')
    """
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """A help line naming the closest of the known words, or None when nothing is close.

    Words that are very long are not compared, nor are more than the first 500 known ones.

    >>> did_you_mean("kernal", ["kernel", "stride"])
    "did you mean 'kernel'?"
    """
    from difflib import get_close_matches
    from itertools import islice

    if len(word) > LONGEST_WORD:
        return None
    close = get_close_matches(word, list(islice(known, MOST_WORDS)), n=1, cutoff=0.5)
    return f"did you mean '{close[0]}'?" if close else None
