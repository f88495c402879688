"""Where results and complaints go: results to stdout or a file, everything else to stderr."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple, TextIO

from cnncalc.errors import CnncalcError, Diagnostic, failure

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

INVALID, USAGE, UNREADABLE = 1, 2, 3


class Settings(NamedTuple):
    """The global options of this run."""

    quiet: bool = False
    color: str = "auto"
    ascii: bool = False
    debug: bool = False
    max_errors: int = 20


settings = Settings()


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


def ascii_only() -> bool:
    """Whether the stream can only take ASCII, or the user asked for it."""
    encoding = (getattr(sys.stdout, "encoding", None) or "ascii").lower()
    return settings.ascii or not encoding.startswith(("utf", "cp65001"))


def in_signs(chunks: Iterable[str]) -> Iterator[str]:
    """The same text in ASCII, where only that can be taken."""
    if not ascii_only():
        yield from chunks
        return
    from cnncalc.render.format import to_ascii

    yield from map(to_ascii, chunks)


def emit(chunks: Iterable[str], path: str | None = None) -> None:
    """Write a result to stdout, or to the file of `-o`. A reader that left early is no error."""
    if path is not None and path != "-":
        try:
            with open(path, "w", encoding="utf-8", newline="") as file:  # noqa: PTH123 - a name from the user
                file.writelines(chunks)
        except OSError as error:
            raise _unwritable(path, error.strerror or "it failed") from None
        return
    try:
        _stdout().writelines(chunks)
        _stdout().flush()
    except BrokenPipeError:
        _drop_stdout()
        raise SystemExit(0) from None
    except OSError as error:
        _drop_stdout()
        raise _unwritable("standard output", error.strerror or "it failed") from None


def _stdout() -> TextIO:
    """Standard output, which a caller may have closed."""
    if sys.stdout is None:
        raise _unwritable("standard output", "it is closed")
    return sys.stdout


def _drop_stdout() -> None:
    """Let nothing that is still buffered fail again when Python ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _unwritable(place: str, why: str) -> CnncalcError:
    return failure("unwritable", f"cannot write {place}: {why}", exit_code=UNREADABLE)


def tell(diagnostics: Iterable[Diagnostic]) -> None:
    """Print diagnostics to stderr; --quiet keeps the errors only."""
    from cnncalc.render import diagnostics as render

    shown = [d for d in diagnostics if d.severity == "error" or not settings.quiet]
    if shown:
        color = colored(sys.stderr)
        first = shown[: settings.max_errors]
        text = render.text(first, color=color, ascii_only=settings.ascii)
        print(text.rstrip("\n"), file=sys.stderr)
        if more := len(shown) - len(first):
            print(f"... and {more} more (--max-errors {len(shown)} shows them)", file=sys.stderr)


@contextmanager
def guarded(*, json: bool = False) -> Iterator[None]:
    """Turn failures into diagnostics and an exit status; in JSON mode into a document too."""
    from cnncalc.render.choice import ChoiceError

    try:
        yield
    except CnncalcError as error:
        if settings.debug:
            raise
        fail(error, json=json)
    except ChoiceError as error:
        if settings.debug:
            raise
        problem = Diagnostic("error", "usage", str(error), help=error.help)
        fail(CnncalcError(problem, exit_code=USAGE), json=json)
    except RecursionError:
        if settings.debug:
            raise
        problem = Diagnostic("error", "too-deep", "the network is nested too deep")
        fail(CnncalcError(problem), json=json)


def fail(error: CnncalcError, *, json: bool) -> None:
    """Say what went wrong and stop with the error's status."""
    from cnncalc.cli.partial import partial_report, partial_table

    if json:
        from cnncalc.render import json as render

        report = partial_report(error)
        document = render.failure(error.diagnostics, version=version(), report=report)
        emit([render.dumps(document), "\n"])
    elif not settings.quiet:
        for line in partial_table(error):
            print(line, file=sys.stderr)
    tell(error.diagnostics)
    raise SystemExit(error.exit_code)


def version() -> str:
    """The tool's version, as JSON documents carry it."""
    from cnncalc.version import VERSION

    return VERSION


def wants_json(arguments: list[str]) -> bool:
    """Whether the command line asked for JSON, even where the rest of it is wrong."""
    chosen = [after for before, after in pairwise(arguments) if before == "--format"]
    chosen += [word.partition("=")[2] for word in arguments if word.startswith("--format=")]
    return "--json" in arguments or "json" in (chosen or [os.environ.get("CNNCALC_FORMAT", "")])


def usage_document(message: str) -> None:
    """The JSON document of a wrong command line."""
    from cnncalc.render import json as render

    problem = Diagnostic("error", "usage", message)
    emit([render.dumps(render.failure([problem], version=version())), "\n"])
