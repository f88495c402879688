"""What can still be shown of a network that stopped working at one layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.errors import CnncalcError
from cnncalc.network import Network, Stopped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnncalc.analysis.report import Report


def partial_report(error: CnncalcError) -> Report | None:
    """The report of the rows before the failing one, where there are any and they work."""
    stopped = error.partial
    if not isinstance(stopped, Stopped) or not stopped.nodes:
        return None
    from cnncalc.analysis.engine import analyze

    network = Network(
        name=stopped.network,
        nodes=stopped.nodes,
        outputs=(len(stopped.nodes) - 1,),
        layout=stopped.layout,
    )
    try:
        return analyze(network)
    except CnncalcError:  # a second mistake; the first is the one to be shown
        return None


def partial_table(error: CnncalcError) -> Iterator[str]:
    """The table up to the failing layer, then that layer with its inputs and settings."""
    report, stopped = partial_report(error), error.partial
    if report is None or not isinstance(stopped, Stopped):
        return
    import sys

    from cnncalc.cli.output import ascii_only
    from cnncalc.render import report_table
    from cnncalc.render.choice import Choice
    from cnncalc.render.format import printable
    from cnncalc.spec.validation import shown

    if report.rows:
        yield from report_table.lines(report, Choice(ascii=ascii_only(sys.stderr)))
    sources = zip(stopped.inputs, stopped.shapes, strict=True)
    received = ", ".join(f"{name} {shape.text(stopped.layout)}" for name, shape in sources)
    settings = " ".join(f"{key}={shown(value)}" for key, value in stopped.fields.items())
    yield printable(f"{stopped.name}  {stopped.type}  {settings}  on {received}  -> does not work")
    yield ""
