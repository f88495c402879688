"""`analyze --watch`: the report again whenever the file is saved, and what changed."""

from __future__ import annotations

import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from cnncalc import zoo
from cnncalc.cli import failures, output
from cnncalc.errors import failure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from cnncalc.analysis.report import Report
    from cnncalc.errors import Diagnostic

PAUSE = 0.2  # seconds between two looks at the file
SETTLED = 0.05  # seconds without a change, after which a file is taken as written
SMALL = 2**20  # bytes up to which the content tells whether a file changed, not its time
ERASE = "\x1b[H\x1b[2J"


class Drawn(NamedTuple):
    """What is shown of a file that loads."""

    report: Report
    text: str
    remarks: list[Diagnostic]


def watch(file: str, draw: Callable[[], Drawn]) -> None:
    """Show what `draw` makes of the file, again after every save, until an interrupt.

    While the file is broken, the error stands below the figures of the last good state. What is
    wrong at the start and no edit of the file can mend, fails.

    Raises:
        CnncalcError: where there is no file that could be watched.
    """
    path = _path(file)
    good: Drawn | None = None
    with suppress(KeyboardInterrupt):
        for count, _ in enumerate(_saves(path)):
            try:
                drawn = draw()
            except failures.EXPLAINED as error:
                problem = failures.explained(error)
                if count == 0 and problem.exit_code != output.INVALID:
                    raise
                _show_broken(file, problem.diagnostics, good)
            else:
                _show(drawn, good, apart=count > 0)
                good = drawn
    if output.terminal():
        output.emit(["\n"])  # behind the ^C that a terminal shows


def _path(file: str) -> Path:
    """The file to watch. Raises CnncalcError where the network is in none."""
    if file == "-" or zoo.is_typed(file):
        message = "--watch needs a file that can be saved again"
        raise failure("usage", message, help="name one in place of it", exit_code=output.USAGE)
    path = Path(zoo.resolve(file)[0])
    if path.exists() and not path.is_file():
        message = f"--watch needs a file that can be saved again, which {file} is not"
        raise failure("usage", message, exit_code=output.USAGE)
    return path


def _saves(path: Path) -> Iterator[None]:
    """Come back at once, and then whenever the file was changed and stands still again."""
    seen = _state(path)
    yield
    while True:
        time.sleep(PAUSE)
        now = _state(path)
        if now == seen:
            continue
        while now != seen:  # an editor may empty, write and rename it, one after the other
            seen = now
            time.sleep(SETTLED)
            now = _state(path)
        yield


def _state(path: Path) -> object:
    """What is another thing after a save; None while there is no file."""
    try:
        status = path.stat()
        if status.st_size <= SMALL:
            return path.read_bytes()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def _show(drawn: Drawn, before: Drawn | None, *, apart: bool) -> None:
    """The report and what changed since the one before; in a pipe an empty line between two."""
    _begin_page()
    pieces = ["\n"] if apart and not output.terminal() else []
    pieces.append(drawn.text)
    if before:
        pieces += ["\n", _changes(before.report, drawn.report)]
    output.emit(pieces)
    output.tell(drawn.remarks)


def _show_broken(file: str, diagnostics: Iterable[Diagnostic], good: Drawn | None) -> None:
    """The error; on a terminal below the figures of the last good state."""
    _begin_page()
    if good and output.terminal():
        output.emit([good.text, "\n"])
    output.tell(diagnostics)
    if not output.settings.quiet:
        above = "the figures above are those of the last good state; "
        figures = above if good and output.terminal() else ""
        output.say(f"{figures}waiting until {file} is saved again")


def _begin_page() -> None:
    """Empty the screen, where the output is one."""
    if output.terminal():
        sys.stdout.write(ERASE)


def _changes(before: Report, after: Report) -> str:
    from cnncalc.errors import CnncalcError
    from cnncalc.questions.compare import compare_reports
    from cnncalc.render import compare

    try:
        comparison = compare_reports([before, after], ["the last state", "this one"])
    except CnncalcError as error:
        return f"since the last good state: {error.diagnostics[0].message}\n"
    return compare.since(comparison, output.page())
