"""cnncalc: exact shapes, counts and costs of convolutional networks, without a framework.

>>> import cnncalc
>>> report = cnncalc.analyze("resnet50")
>>> report.totals.params, report.totals.macs
(25557032, 4089184256)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cnncalc.analysis.report import Check, Row, Totals
    from cnncalc.analysis.training import TrainingMemory
    from cnncalc.api import (
        Report,
        analyze,
        conv,
        conv_transpose,
        count_as,
        explain,
        fc,
        pool,
        solve,
        stack,
        training,
    )
    from cnncalc.errors import CnncalcError, Diagnostic
    from cnncalc.exchange.api import export, from_torch
    from cnncalc.exchange.targets import Exported
    from cnncalc.inference.api import forward
    from cnncalc.inference.run import Pass
    from cnncalc.inference.samples import Preparation
    from cnncalc.network import Network
    from cnncalc.questions.budgets import BudgetResult
    from cnncalc.questions.check import CheckResult, check
    from cnncalc.questions.compare import Comparison, compare
    from cnncalc.questions.explain import Explanation
    from cnncalc.questions.peers import PeerCount
    from cnncalc.questions.sizes import Sizes, sizes
    from cnncalc.questions.solve import SolveResult
    from cnncalc.questions.solve_params import FilterResult
    from cnncalc.questions.sweep import SweepResult, sweep
    from cnncalc.shapes import Shape
    from cnncalc.spec.load import load, parse
    from cnncalc.tensor import Tensor
    from cnncalc.version import VERSION as __version__  # noqa: N811 - the name that packages have

# The module of each public name. Importing them all would slow down every command, so each is
# imported when its name is first used.
_HOMES = {
    "BudgetResult": "cnncalc.questions.budgets",
    "Check": "cnncalc.analysis.report",
    "CheckResult": "cnncalc.questions.check",
    "CnncalcError": "cnncalc.errors",
    "Comparison": "cnncalc.questions.compare",
    "Diagnostic": "cnncalc.errors",
    "Explanation": "cnncalc.questions.explain",
    "Exported": "cnncalc.exchange.targets",
    "FilterResult": "cnncalc.questions.solve_params",
    "Network": "cnncalc.network",
    "Pass": "cnncalc.inference.run",
    "PeerCount": "cnncalc.questions.peers",
    "Preparation": "cnncalc.inference.samples",
    "Report": "cnncalc.api",
    "Row": "cnncalc.analysis.report",
    "Shape": "cnncalc.shapes",
    "Sizes": "cnncalc.questions.sizes",
    "SolveResult": "cnncalc.questions.solve",
    "SweepResult": "cnncalc.questions.sweep",
    "Tensor": "cnncalc.tensor",
    "Totals": "cnncalc.analysis.report",
    "TrainingMemory": "cnncalc.analysis.training",
    "analyze": "cnncalc.api",
    "check": "cnncalc.questions.check",
    "compare": "cnncalc.questions.compare",
    "conv": "cnncalc.api",
    "conv_transpose": "cnncalc.api",
    "count_as": "cnncalc.api",
    "explain": "cnncalc.api",
    "export": "cnncalc.exchange.api",
    "fc": "cnncalc.api",
    "forward": "cnncalc.inference.api",
    "from_torch": "cnncalc.exchange.api",
    "load": "cnncalc.spec.load",
    "parse": "cnncalc.spec.load",
    "pool": "cnncalc.api",
    "sizes": "cnncalc.questions.sizes",
    "solve": "cnncalc.api",
    "stack": "cnncalc.api",
    "sweep": "cnncalc.questions.sweep",
    "training": "cnncalc.api",
}

__all__ = [
    "BudgetResult",
    "Check",
    "CheckResult",
    "CnncalcError",
    "Comparison",
    "Diagnostic",
    "Explanation",
    "Exported",
    "FilterResult",
    "Network",
    "Pass",
    "PeerCount",
    "Preparation",
    "Report",
    "Row",
    "Shape",
    "Sizes",
    "SolveResult",
    "SweepResult",
    "Tensor",
    "Totals",
    "TrainingMemory",
    "__version__",
    "analyze",
    "check",
    "compare",
    "conv",
    "conv_transpose",
    "count_as",
    "explain",
    "export",
    "fc",
    "forward",
    "from_torch",
    "load",
    "parse",
    "pool",
    "sizes",
    "solve",
    "stack",
    "sweep",
    "training",
]


def __dir__() -> list[str]:
    """The public names, for `dir(cnncalc)` and tab completion."""
    return [*__all__, "__all__", "__doc__", "__file__", "__name__", "__path__"]


if not TYPE_CHECKING:  # type checkers know every name, and tell of any other

    def __getattr__(name: str) -> object:
        """Import a public name on first use (PEP 562).

        Raises:
            AttributeError: for any other name.
        """
        if name == "__version__":
            from cnncalc.version import VERSION

            return VERSION
        if name in _HOMES:
            from importlib import import_module

            return getattr(import_module(_HOMES[name]), name)
        raise AttributeError(f"module 'cnncalc' has no attribute {name!r}")
