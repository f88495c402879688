"""What other counters print for a network, and why it differs from cnncalc's figures.

There is one file per tool, named after it, with the tool's version, its figures in its own words
and rounding, and a table of rules. Each rule is what the tool adds to cnncalc's count, or leaves
out. The rules follow the tool's own source; where that has a mistake, the mistake is reproduced
and called "a slip".
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

from cnncalc.brief import brief
from cnncalc.errors import CnncalcError, Diagnostic, did_you_mean

if TYPE_CHECKING:
    from cnncalc.analysis.report import Report
    from cnncalc.questions.peers._rules import PeerFigure

TOOLS = ("torchinfo", "fvcore", "ptflops", "thop", "torch", "keras")


class PeerCount(NamedTuple):
    """What one tool prints; `note` says what cannot be told from a report."""

    tool: str
    version: str
    figures: tuple[PeerFigure, ...]
    note: str

    def __repr__(self) -> str:
        """The fields, cut where they get long."""
        return brief(self)


def count_as(report: Report, tool: str) -> PeerCount:
    """The figures that `tool` (one of TOOLS) prints for this network.

    The report's batch and bytes per number count where they do for the tool.

    Raises:
        CnncalcError: "unknown-tool" for any other tool.

    >>> from cnncalc import analyze, load
    >>> flops = count_as(analyze(load("resnet18")), "fvcore").figures[0]
    >>> flops.text, flops.value, flops.base, flops.why[0].amount
    ('1.819G', 1819065856, 1814073344, 4967424)
    """
    if tool not in TOOLS:
        message = f"'{tool}' is not a known tool"
        help_ = did_you_mean(tool, TOOLS) or f"known tools: {', '.join(TOOLS)}"
        raise CnncalcError(Diagnostic("error", "unknown-tool", message, help=help_))
    peer = import_module(f"{__name__}.{tool}")  # one file per tool, and only one is needed
    return PeerCount(tool, peer.VERSION, peer.figures(report), peer.NOTE)
