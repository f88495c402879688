"""Networks as the code or the model file of a framework: one module per target, and shared parts.

A target's module has `write(network, options)`, which gives an `Exported`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Literal, NamedTuple

from cnncalc import files
from cnncalc.brief import brief

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from cnncalc.errors import Diagnostic
    from cnncalc.network import Network

Target = Literal["pytorch", "keras", "onnx"]

WRITERS: dict[Target, str] = {
    "pytorch": "cnncalc.exchange.targets.pytorch",
    "keras": "cnncalc.exchange.targets.keras",
    "onnx": "cnncalc.exchange.targets.onnx",
}


class TargetOptions(NamedTuple):
    """How a network is written: `nested` with classes for the parts that are alike.

    `loading` asks for what loads a file of weights, where the framework needs code for it.
    `opset` and `numbers` are for ONNX: the version of its operators, if not the usual one, and
    what gives the numbers of a parameter by its full name (None: the file has no weights).
    """

    nested: bool = True
    loading: bool = False
    opset: int | None = None
    numbers: Callable[[str], Sequence[float]] | None = None


USUALLY = TargetOptions()


class Laid(NamedTuple):
    """A tensor of the framework's own weights, made of numbers of the network's parameters.

    Each piece is a parameter, and which of its numbers, in C order; the pieces follow each other,
    are seen as sizes `view`, their axes transposed as `order` says, and stored as sizes `dims`.

    >>> Laid("fc/kernel", (("fc.weight", 0, 6),), (2, 3), (1, 0)).sizes
    (3, 2)
    """

    name: str
    pieces: tuple[tuple[str, int, int], ...]
    view: tuple[int, ...]
    order: tuple[int, ...]
    dims: tuple[int, ...] | None = None  # those of the transposed view, unless given

    @property
    def sizes(self) -> tuple[int, ...]:
        """The sizes that it is stored with."""
        return self.dims or tuple(self.view[axis] for axis in self.order)


class Exported(NamedTuple):
    """A network as code, or as the bytes of a file in pieces.

    `names` gives each parameter's key in the framework's own weights, `layout` how these are laid
    out where that is not as in the network.
    """

    content: str | Iterable[bytes]
    names: Mapping[str, str]
    notes: tuple[Diagnostic, ...] = ()
    layout: tuple[Laid, ...] = ()

    def __repr__(self) -> str:
        """The fields, cut where they get long."""
        return brief(self)

    def save(self, path: str | Path) -> None:
        """Write it to a file, which then holds all of it, or still what it held before.

        Raises:
            CnncalcError: where the file cannot be written.
        """
        files.write(path, self.content, piecemeal=True)


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
