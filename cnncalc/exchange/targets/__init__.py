"""Networks as the code or the model file of a framework: one module per target, and shared parts.

A target's module has `write(network, options)`, which gives an `Exported`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from cnncalc.errors import Diagnostic
    from cnncalc.network import Network

Target = Literal["pytorch", "onnx"]

WRITERS: dict[Target, str] = {
    "pytorch": "cnncalc.exchange.targets.pytorch",
    "onnx": "cnncalc.exchange.targets.onnx",
}


class TargetOptions(NamedTuple):
    """How a network is written: `nested` with classes for the parts that are alike.

    `opset` and `numbers` are for ONNX: the version of its operators, if not the usual one, and
    what gives the numbers of a parameter by its full name (None: the file has no weights).
    """

    nested: bool = True
    opset: int | None = None
    numbers: Callable[[str], Sequence[float]] | None = None


USUALLY = TargetOptions()


class Exported(NamedTuple):
    """A network as code, or as the bytes of a file in pieces.

    `names` gives each parameter's key in the framework's own weights.
    """

    content: str | Iterable[bytes]
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
