"""Networks as the code or the model file of a framework: one module per target, and shared parts.

A target's module has `write(network, options)`, which gives an `Exported`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cnncalc.errors import Diagnostic
    from cnncalc.network import Network

Target = Literal["pytorch"]

WRITERS: dict[Target, str] = {"pytorch": "cnncalc.exchange.targets.pytorch"}


class TargetOptions(NamedTuple):
    """How a network is written: `nested` with classes for the parts that are alike."""

    nested: bool = True


USUALLY = TargetOptions()


class Exported(NamedTuple):
    """A network as code; `names` gives each parameter's key in the framework's own weights."""

    content: str
    names: Mapping[str, str]
    notes: tuple[Diagnostic, ...] = ()


class NoCounterpart(Exception):  # noqa: N818 - it becomes an error with the layer's name
    """The target has nothing that computes what a layer does; the text says why."""


def write(network: Network, target: Target, options: TargetOptions = USUALLY) -> Exported:
    """The network for a framework.

    Raises:
        CnncalcError: "no-counterpart" where the target has nothing that computes what a layer does.

    >>> from cnncalc.layers.fc import Fc
    >>> from cnncalc.network import chain
    >>> from cnncalc.shapes import Shape
    >>> net = chain("one", Shape(8), [("head", Fc(units=3))])
    >>> write(net, "pytorch").names["head.weight"]
    'head.weight'
    """
    exported: Exported = import_module(WRITERS[target]).write(network, options)
    return exported
