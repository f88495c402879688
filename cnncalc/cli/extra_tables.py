"""Other views of a report than its table: as another tool counts, and what training keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cnncalc.cli import output
from cnncalc.errors import CnncalcError, Diagnostic

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnncalc.analysis.report import Report
    from cnncalc.cli.present import Wanted
    from cnncalc.render.choice import Choice


def counted_as(report: Report, tool: str, format_: str) -> Iterator[str]:
    """What another tool prints, as text or JSON."""
    _require(format_, "--as")
    from cnncalc.questions.peers import count_as
    from cnncalc.render import peers
    from cnncalc.render.json import dumps

    counted = count_as(report, tool)
    if format_ == "json":
        document = peers.document(report, counted, version=output.version())
        yield f"{dumps(document)}\n"
    else:
        yield peers.text(report, counted)


def trained(report: Report, optimiser: str, choice: Choice, wanted: Wanted) -> Iterator[str]:
    """The table of the bytes of training."""
    _require(wanted.format, "--training")
    from cnncalc.analysis.training import ASSUMPTION, training
    from cnncalc.render import training as render

    found = training(report, optimiser)
    yield render.text(report, found, ASSUMPTION, choice, totals=wanted.totals)


def training_document(report: Report, optimiser: str) -> dict[str, Any]:
    """The part of the JSON report that speaks of training."""
    from cnncalc.analysis.training import ASSUMPTION, training
    from cnncalc.render import training as render

    return render.document(training(report, optimiser), ASSUMPTION)


def _require(format_: str, option: str) -> None:
    if format_ not in ("table", "json"):
        message = f"{option} is written as a table or as JSON, not as {format_}"
        raise CnncalcError(Diagnostic("error", "usage", message), exit_code=output.USAGE)
