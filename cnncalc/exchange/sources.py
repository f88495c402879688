"""What reads each kind of model file, and what the user asks of it."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from cnncalc.exchange.sniff import ModelKind
    from cnncalc.network import Network

# Each module has `read(path, options)`, which gives a network.
READERS: dict[ModelKind, str] = {
    "onnx": "cnncalc.exchange.onnx.read",
    "keras": "cnncalc.exchange.keras.read",
    "darknet": "cnncalc.exchange.darknet.read",
}


class SourceOptions(NamedTuple):
    """What is asked of a model file: the input's shape, where to end, what to do at gaps."""

    input: str | None = None
    until: str | None = None
    partial: bool = False


AS_IT_IS = SourceOptions()


def read(path: str, kind: ModelKind, options: SourceOptions = AS_IT_IS) -> Network:
    """The network in a model file of this kind. Its weights are not read.

    Raises:
        CnncalcError: the file is broken, has what no layer expresses, or leaves a size open.
    """
    network: Network = import_module(READERS[kind]).read(path, options)
    return network
