"""cnncalc: exact shapes, counts and costs of convolutional networks, without a framework.

>>> import cnncalc
>>> report = cnncalc.analyze(cnncalc.load("resnet50"))
>>> report.totals.params, report.totals.macs
(25557032, 4089184256)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cnncalc.analysis.engine import analyze
    from cnncalc.analysis.report import Report
    from cnncalc.analysis.training import training
    from cnncalc.errors import CnncalcError, Diagnostic
    from cnncalc.inference.api import forward
    from cnncalc.inference.run import Pass
    from cnncalc.inference.samples import Preparation
    from cnncalc.network import Network
    from cnncalc.questions.check import check
    from cnncalc.questions.compare import compare
    from cnncalc.questions.explain import explain
    from cnncalc.questions.peers import count_as
    from cnncalc.questions.sizes import sizes
    from cnncalc.questions.solve import solve
    from cnncalc.questions.sweep import sweep
    from cnncalc.shapes import Shape
    from cnncalc.spec.load import load
    from cnncalc.tensor import Tensor

# The module of each public name. Importing them all would slow down every command, so each is
# imported when its name is first used.
_HOMES = {
    "CnncalcError": "cnncalc.errors",
    "Diagnostic": "cnncalc.errors",
    "Network": "cnncalc.network",
    "Pass": "cnncalc.inference.run",
    "Preparation": "cnncalc.inference.samples",
    "Report": "cnncalc.analysis.report",
    "Shape": "cnncalc.shapes",
    "Tensor": "cnncalc.tensor",
    "analyze": "cnncalc.analysis.engine",
    "check": "cnncalc.questions.check",
    "compare": "cnncalc.questions.compare",
    "count_as": "cnncalc.questions.peers",
    "explain": "cnncalc.questions.explain",
    "forward": "cnncalc.inference.api",
    "load": "cnncalc.spec.load",
    "sizes": "cnncalc.questions.sizes",
    "solve": "cnncalc.questions.solve",
    "sweep": "cnncalc.questions.sweep",
    "training": "cnncalc.analysis.training",
}

__all__ = [
    "CnncalcError",
    "Diagnostic",
    "Network",
    "Pass",
    "Preparation",
    "Report",
    "Shape",
    "Tensor",
    "__version__",
    "analyze",
    "check",
    "compare",
    "count_as",
    "explain",
    "forward",
    "load",
    "sizes",
    "solve",
    "sweep",
    "training",
]


def __dir__() -> list[str]:
    """The public names, for `dir(cnncalc)` and tab completion."""
    return [*__all__, "__all__", "__doc__", "__file__", "__name__", "__path__"]


def __getattr__(name: str) -> Any:
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
