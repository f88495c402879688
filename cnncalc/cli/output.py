"""Writes results to stdout or a file, and everything else to stderr."""

from __future__ import annotations

import errno
import os
import sys
from contextlib import contextmanager, suppress
from io import StringIO, TextIOWrapper
from typing import TYPE_CHECKING, NamedTuple, TextIO

from cnncalc import files
from cnncalc.errors import CnncalcError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from cnncalc.cli.progress import Bar
    from cnncalc.errors import Diagnostic
    from cnncalc.render.page import Page

INVALID, USAGE, UNREADABLE, INTERRUPTED = 1, 2, files.UNREADABLE, 130
WORTH_WATCHING = 1  # seconds of work that get a progress bar
USUAL_WIDTH = 120  # columns of a terminal that does not say
STDOUT = ("/dev/stdout", "/dev/fd/1", "/proc/self/fd/1")


class Settings(NamedTuple):
    """The global options of this run."""

    quiet: bool = False
    color: str = "auto"
    ascii: bool = False
    debug: bool = False
    max_errors: int = 20
    folded: bool = False  # whether long lines of the result are wrapped on a terminal


settings = Settings()
watched: Bar | None = None  # the progress bar of the work that goes on


def terminal(stream: object = None) -> bool:
    """Whether stdout (or another stream) is a terminal that a person reads."""
    stream = stream or sys.stdout
    return bool(getattr(stream, "isatty", lambda: False)()) and os.environ.get("TERM") != "dumb"


def colored(stream: object = None) -> bool:
    """Whether to colour: --color, then NO_COLOR and FORCE_COLOR, then the terminal."""
    if settings.color != "auto":
        return settings.color == "always"
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or terminal(stream)


def ascii_only(stream: object = None) -> bool:
    """Whether stdout (or another stream) can only take ASCII, or the user asked for it."""
    encoding = (getattr(stream or sys.stdout, "encoding", None) or "ascii").lower()
    return settings.ascii or not encoding.startswith(("utf", "cp65001"))


def width(stream: TextIO | None = None) -> int | None:
    """The columns of stdout (or another stream) if it is a terminal, else None."""
    if not terminal(stream):
        return None
    asked = os.environ.get("COLUMNS", "")
    if asked.isdecimal() and int(asked):
        return int(asked)
    try:
        return os.get_terminal_size((stream or sys.stdout).fileno()).columns or USUAL_WIDTH
    except (OSError, ValueError):
        return USUAL_WIDTH


def page(path: str | None = None) -> Page:
    """What the result is written on: the terminal, or a pipe or the file of `-o`."""
    from cnncalc.render.page import Page

    if path not in (None, "-", *STDOUT):
        return Page(color=settings.color == "always", ascii=ascii_only())
    return Page(width(), colored(), ascii_only())


def emit(
    chunks: Iterable[str],
    path: str | None = None,
    *,
    commands: bool = False,
    whole: bool = False,
) -> None:
    """Write a result to stdout or to the file of `-o`, with unsafe characters replaced.

    With `commands`, GitHub workflow commands in it are kept. Long lines for people are wrapped
    on a terminal; `whole` texts, which are for copying, are not.

    A reader that closes the pipe early is not an error.

    Raises:
        CnncalcError: with exit code 3, if stdout or the file cannot be written; an existing file
            is then unchanged.
    """
    texts = (contained(chunk, commands=commands) for chunk in chunks)
    if path not in (None, "-", *STDOUT):
        files.write(path, texts)
        return
    limit = width() if settings.folded and not whole else None
    for chunk in texts:
        _erase_bar()
        with blaming_stdout():
            sys.stdout.write(_folded(chunk, limit))
    flush()


def emit_bytes(pieces: Iterable[bytes], path: str | None = None) -> None:
    """Write a binary result, piece by piece, to a pipe or to the file of `-o`.

    Raises:
        CnncalcError: with exit code 2 for a terminal, and 3 where it cannot be written; an
            existing file is then unchanged.
    """
    if path not in (None, "-", *STDOUT):
        files.write(path, pieces, piecemeal=True)
        return
    refuse_terminal()
    with blaming_stdout():
        stream = sys.stdout.buffer
        for piece in pieces:
            stream.write(piece)
        stream.flush()


def is_terminal() -> bool:
    """Whether stdout is a terminal, of whatever kind."""
    return bool(getattr(sys.stdout, "isatty", lambda: False)())


def refuse_terminal() -> None:
    """Raise CnncalcError where a binary result would go to a terminal."""
    if is_terminal():
        from cnncalc.errors import failure

        raise failure(
            "usage", "a binary file is not for a terminal", exit_code=USAGE,
            help="write it to a file with -o FILE, or into a pipe",
        )  # fmt: skip


def _folded(text: str, limit: int | None) -> str:
    if limit is None:
        return text
    from cnncalc.render.page import folded

    return folded(text, limit)


def flush() -> None:
    """Flush stdout. Raises CnncalcError where stdout cannot be written."""
    with blaming_stdout():
        sys.stdout.flush()


def contained(text: str, stream: object = None, *, commands: bool = False) -> str:
    """Make text safe to print: without control characters, and in ASCII if that is wanted.

    Without `commands`, GitHub workflow commands are defused too.

    Renderers mark the control characters of names and notes themselves (`printable`), for only
    they know a line break in a name from one of their own. This is the net below them.
    """
    from cnncalc.render.format import to_ascii, without_commands, without_controls

    safe = without_controls(text, colors=colored(stream))
    safe = safe if commands else without_commands(safe)
    return to_ascii(safe) if ascii_only(stream) else safe


@contextmanager
def blaming_stdout() -> Iterator[None]:
    """Turn errors of stdout into a CnncalcError; a closed pipe ends the program quietly.

    Raises:
        SystemExit: when the reader of a pipe has left.
        CnncalcError: for any other error of stdout.
    """
    try:
        yield
    except BrokenPipeError:
        _drop(sys.stdout)
        raise SystemExit(0) from None
    except OSError as error:
        _drop(sys.stdout)
        raise files.unwritable("standard output", files.reason(error)) from None


def _drop(stream: TextIO) -> None:
    """Discard what is still buffered, so that Python's own flush at exit cannot fail."""
    with suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def say(text: str) -> None:
    """Print a line to stderr, ignoring its errors: the exit status still tells."""
    _erase_bar()
    with suppress(OSError):
        safe = _folded(contained(text, sys.stderr), width(sys.stderr))
        print(safe, file=sys.stderr, flush=True)


class _Closed(StringIO):
    """A stand-in for a stdout that was closed before the program started."""

    def write(self, text: str) -> int:
        """Fail as the system would. Raises OSError always."""
        raise OSError(errno.EBADF, "it is closed")


@contextmanager
def streams(*, ascii_only: bool = False) -> Iterator[None]:
    """Make the standard streams print `?` for characters that they cannot encode.

    With `ascii_only` they hold ASCII only, whoever writes to them. Python has None in place of a
    closed stream, and then prints to stdout what is meant for stderr; here a closed stdout fails,
    and a closed stderr takes everything and shows nothing.
    """
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = sys.stdout or _Closed(), sys.stderr or StringIO()
    texts = [s for s in (sys.stdout, sys.stderr) if isinstance(s, TextIOWrapper)]
    settings_before = [(stream.encoding, stream.errors) for stream in texts]
    for stream in texts:
        stream.reconfigure(encoding="ascii" if ascii_only else None, errors="replace")
    try:
        yield
    finally:
        for stream, (encoding, errors) in zip(texts, settings_before, strict=True):
            with suppress(OSError):
                stream.reconfigure(encoding=encoding, errors=errors)
        sys.stdout, sys.stderr = before


def status_of(work: Callable[[], int | None]) -> int:
    """Run what prints a result; the exit status is its own, 0 for None, or a failing stdout's."""
    try:
        status = work() or 0
        flush()
    except SystemExit:  # the reader of stdout has left
        return 0
    except CnncalcError as error:  # stdout failed while something was printed to it
        tell(error.diagnostics)
        return error.exit_code
    return status


def tell(diagnostics: Iterable[Diagnostic]) -> None:
    """Print diagnostics to stderr; --quiet keeps the errors only."""
    from cnncalc.render import diagnostics as render

    shown = [d for d in diagnostics if d.severity == "error" or not settings.quiet]
    if shown:
        color = colored(sys.stderr)
        first = shown[: settings.max_errors]
        text = render.text(
            first, color=color, ascii_only=ascii_only(sys.stderr), width=width(sys.stderr)
        )
        say(text.rstrip("\n"))
        if more := len(shown) - len(first):
            say(f"... and {more} more (--max-errors {len(shown)} shows them)")


@contextmanager
def bar(work: str, total: float, seconds: float = 0) -> Iterator[Callable[[float], None]]:
    """A progress bar over `total` units of work; yields its `advance`.

    It comes after a second, or at once where the work may take more `seconds`; not with --quiet,
    nor if stderr is not a terminal.
    """
    global watched  # noqa: PLW0603 - what is printed meanwhile has to erase it
    if settings.quiet or not terminal(sys.stderr):
        yield lambda _: None
        return
    from cnncalc.cli.progress import Bar
    from cnncalc.render.page import Page

    page = Page(width(sys.stderr), colored(sys.stderr), ascii_only(sys.stderr))
    patience = 0 if seconds >= WORTH_WATCHING else WORTH_WATCHING
    watched = Bar(sys.stderr, page, work, total, patience)
    try:
        watched.advance(0)
        yield watched.advance
    finally:
        watched.erase()
        watched = None


def _erase_bar() -> None:
    if watched is not None:
        watched.erase()
