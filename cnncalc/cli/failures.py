"""What a command ends with that fails: diagnostics, a JSON document, and the rows that do work."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from itertools import pairwise
from typing import TYPE_CHECKING

from cnncalc import files
from cnncalc.cli import output
from cnncalc.errors import CnncalcError, Diagnostic, failure
from cnncalc.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnncalc.analysis.report import Report
    from cnncalc.network import Stopped


@contextmanager
def guarded(*, json: bool = False) -> Iterator[None]:
    """Turn failures into diagnostics and an exit status; in JSON mode into a document too."""
    from cnncalc.render.choice import ChoiceError

    try:
        yield
    except (CnncalcError, ChoiceError, OSError, RecursionError, MemoryError) as error:
        if output.settings.debug:
            raise
        fail(_explained(error), json=json)


def _explained(error: Exception) -> CnncalcError:
    """What is said of a failure that a command may end with."""
    if isinstance(error, CnncalcError):
        return error
    if isinstance(error, OSError):  # of a file; what goes wrong with stdout is a CnncalcError
        return files.cannot_read(str(error.filename or "a file"), error)
    if isinstance(error, RecursionError):
        return failure("too-deep", "the network is nested too deep")
    if isinstance(error, MemoryError):
        advice = "a smaller --input needs less"
        return failure("out-of-memory", "there is not enough memory", help=advice)
    remedy = getattr(error, "help", None)  # the error is of a column or a layer that there is not
    return failure("usage", str(error), help=remedy, exit_code=output.USAGE)


def fail(error: CnncalcError, *, json: bool) -> None:
    """Say what went wrong and stop with the error's status.

    Raises:
        SystemExit: always.
    """
    partial = _partial(error)
    if json:
        from cnncalc.render.json import dumps
        from cnncalc.render.report_json import failure as failure_document

        report = partial[1] if partial else None
        document = failure_document(error.diagnostics, version=VERSION, report=report)
        output.emit([dumps(document), "\n"])
    elif partial and not output.settings.quiet:
        for line in _partial_table(*partial):
            output.say(line)
    output.tell(error.diagnostics)
    raise SystemExit(error.exit_code)


def _partial(error: CnncalcError) -> tuple[Stopped, Report] | None:
    """The layer that failed and the report of those before it, where there are any that work."""
    from cnncalc.network import Network, Stopped

    stopped = error.partial
    if not isinstance(stopped, Stopped) or not stopped.nodes:
        return None
    from cnncalc.analysis.engine import analyze

    last = len(stopped.nodes) - 1
    network = Network(stopped.network, stopped.nodes, outputs=(last,), layout=stopped.layout)
    try:
        return stopped, analyze(network)
    except CnncalcError:  # a second mistake; the first is the one to be shown
        return None


def _partial_table(stopped: Stopped, report: Report) -> Iterator[str]:
    """The table up to the failing layer, then that layer with its inputs and settings."""
    from cnncalc.render import report_table
    from cnncalc.render.choice import Choice
    from cnncalc.render.format import printable
    from cnncalc.spec.validation import shown

    if report.rows:
        yield from report_table.lines(report, Choice(ascii=output.ascii_only(sys.stderr)))
    sources = zip(stopped.inputs, stopped.shapes, strict=True)
    received = ", ".join(f"{name} {shape.text(stopped.layout)}" for name, shape in sources)
    settings = " ".join(f"{key}={shown(value)}" for key, value in stopped.fields.items())
    yield printable(f"{stopped.name}  {stopped.type}  {settings}  on {received}  -> does not work")
    yield ""


def wants_json(arguments: list[str]) -> bool:
    """Whether the command line asked for JSON, even where the rest of it is wrong."""
    chosen = [after for before, after in pairwise(arguments) if before == "--format"]
    chosen += [word.partition("=")[2] for word in arguments if word.startswith("--format=")]
    return "--json" in arguments or "json" in (chosen or [os.environ.get("CNNCALC_FORMAT", "")])


def usage_document(message: str) -> None:
    """The JSON document of a wrong command line."""
    from cnncalc.render.json import dumps
    from cnncalc.render.report_json import failure as failure_document

    problem = Diagnostic("error", "usage", message)
    output.emit([dumps(failure_document([problem], version=VERSION)), "\n"])
