"""How a command fails: diagnostics, a JSON document, and the layers before the mistake."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from itertools import pairwise
from typing import TYPE_CHECKING

from cnncalc import files
from cnncalc.cli import output
from cnncalc.errors import CnncalcError, Diagnostic, failure
from cnncalc.render.choice import ChoiceError
from cnncalc.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnncalc.analysis.report import Report
    from cnncalc.network import PartialNetwork

# What goes wrong by the user's doing, or the machine's; everything else is a bug.
EXPLAINED = (CnncalcError, ChoiceError, OSError, RecursionError, MemoryError)


@contextmanager
def guarded(*, json: bool = False) -> Iterator[None]:
    """Turn failures into diagnostics and an exit status; in JSON mode into a document too.

    Raises:
        SystemExit: after a failure that was explained.
    """
    try:
        yield
    except EXPLAINED as error:
        if output.settings.debug:
            raise
        fail(explained(error), json=json)


def explained(error: Exception) -> CnncalcError:
    """The failure as a CnncalcError, which carries the message and the exit status."""
    if isinstance(error, CnncalcError):
        return error
    if isinstance(error, OSError):  # of a file: output.py turns those of stdout into a CnncalcError
        return files.cannot_read(str(error.filename or "a file"), error)
    if isinstance(error, RecursionError):
        return failure("too-deep", "the network is nested too deep")
    if isinstance(error, MemoryError):
        advice = "a smaller --input needs less"
        return failure("out-of-memory", "there is not enough memory", help=advice)
    remedy = getattr(error, "help", None)  # a ChoiceError: an unknown column or layer
    return failure("usage", str(error), help=remedy, exit_code=output.USAGE)


def fail(error: CnncalcError, *, json: bool) -> None:
    """Report the error and exit with its status.

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


def _partial(error: CnncalcError) -> tuple[PartialNetwork, Report] | None:
    """The layer that failed and a report on the layers before it, or None without such layers."""
    from cnncalc.network import Network, PartialNetwork

    stopped = error.partial
    if not isinstance(stopped, PartialNetwork) or not stopped.nodes:
        return None
    from cnncalc.analysis.engine import analyze

    last = len(stopped.nodes) - 1
    network = Network(stopped.network, stopped.nodes, outputs=(last,), layout=stopped.layout)
    try:
        return stopped, analyze(network)
    except CnncalcError:  # a second mistake: the first is the one to show
        return None


def _partial_table(stopped: PartialNetwork, report: Report) -> Iterator[str]:
    """The table up to the failing layer, and that layer with its inputs and settings."""
    from cnncalc.render import report_table
    from cnncalc.render.choice import Choice
    from cnncalc.render.format import printable
    from cnncalc.render.page import Page
    from cnncalc.spec.validation import shown

    if report.rows:
        choice = Choice(ascii=output.ascii_only(sys.stderr))
        yield from report_table.lines(report, choice, Page(output.width(sys.stderr)))
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
