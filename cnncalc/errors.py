"""Errors and warnings: the `Diagnostic`, and the exceptions that carry it.

The deepest code knows what is wrong but not where: it raises an `UnplacedError` in local terms
("the filter (5) is larger than its input (4)") and names the field at fault. The code that knows
the source text turns it into a `Diagnostic` with file, line and column. All diagnostics reach
the user in one `CnncalcError`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

Severity = Literal["error", "warning", "note"]
# Finding a similar word takes time that grows with the number of words and their length.
MOST_WORDS = 500
LONGEST_WORD = 60
SEVERAL = 10  # words in a help line: nobody reads a longer list
GOOD_LIKENESS = 0.65  # of 1; two letters of three that changed places have 0.67


class Span(NamedTuple):
    """Part of one source line; line and columns count from 1, `end_column` is exclusive.

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


# A file with this many mistakes is probably no spec at all, so reading stops here.
ENOUGH_ERRORS = 100


class Diagnostic(NamedTuple):
    """One error, warning or note. `code` is stable, so programs may match on it.

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
    origin: str | None = None  # the place in a file without lines: "m.onnx: node 3 '/conv1/Conv'"


class CnncalcError(Exception):
    """Every diagnostic of a failed command, in source order, and the exit code.

    `partial` is what had been computed before the failure (such as the layers before the one
    that failed), so that a renderer can still show it.

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

    def __reduce__(self) -> tuple[object, ...]:
        """What pickle makes the same error of, in another process perhaps."""
        return type(self), self.diagnostics, self.__dict__


def failure(
    code: str,
    message: str,
    span: Span | None = None,
    *,
    notes: tuple[str, ...] = (),
    help: str | None = None,
    exit_code: int = 1,
) -> CnncalcError:
    """A CnncalcError with a single error, ready to be raised.

    >>> failure("no-file", "net.yaml does not exist", exit_code=3).diagnostics[0].code
    'no-file'
    """
    return CnncalcError(Diagnostic("error", code, message, span, notes, help), exit_code=exit_code)


class UnplacedError(Exception):
    """An error whose place in the source is not known yet; the caller adds it.

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

    def __reduce__(self) -> tuple[object, ...]:
        """What pickle makes the same error of, in another process perhaps."""
        return type(self), (self.code, self.message), self.__dict__


def counted(number: int, word: str) -> str:
    """A number and its noun, with a plural s unless the number is 1.

    >>> counted(1, "layer"), counted(0, "layer"), counted(1200, "size")
    ('1 layer', '0 layers', '1,200 sizes')
    """
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """A help line that suggests the most similar known word, or None where none is similar.

    A very long word is not compared, and only the first 500 known ones are. A word that is known
    but not allowed is not suggested in place of itself. Capitals alone make no word another.

    >>> did_you_mean("kernal", ["kernel", "stride"]), did_you_mean("c1", ["F1", "C1"])
    ("did you mean 'kernel'?", "did you mean 'C1'?")
    """
    from difflib import get_close_matches
    from itertools import islice

    if len(word) > LONGEST_WORD:
        return None
    others = [other for other in islice(known, MOST_WORDS) if other != word]
    close = [other for other in others if other.casefold() == word.casefold()]
    close = close or get_close_matches(word, others, n=1, cutoff=GOOD_LIKENESS)
    return f"did you mean '{close[0]}'?" if close else None


def suggested(word: str, known: Iterable[str], what: str) -> str | None:
    """A help line with the most similar known word or, where none is similar, the first of them.

    >>> suggested("colour", ["kernel", "stride"], "it has")
    'it has kernel, stride'
    """
    from itertools import islice

    some = list(islice(known, MOST_WORDS))
    listed = ", ".join(some[:SEVERAL]) + (", ..." if len(some) > SEVERAL else "")
    return did_you_mean(word, some) or (f"{what} {listed}" if some else None)
