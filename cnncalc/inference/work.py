"""How much work a forward pass is, before it starts."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cnncalc.inference import kernels
from cnncalc.inference.run import inference

if TYPE_CHECKING:
    from cnncalc.network import Network, Node

# Nanoseconds on one core of a desktop machine, rounded up; they only have to be of the right
# size, to tell a second from an hour.
PER_MAC_FAST = 6
PER_MAC_READABLE = 60
PER_NUMBER = 150
PER_WEIGHT = 150  # read or drawn, and put where it works


class Work(NamedTuple):
    """Multiply-adds ahead, and the seconds they may take."""

    macs: int
    seconds: float


def ahead(network: Network, *, readable: bool = False) -> Work:
    """The work of one sample's pass.

    >>> from cnncalc.layers.fc import Fc
    >>> from cnncalc.network import chain
    >>> from cnncalc.shapes import Shape
    >>> ahead(chain("net", Shape(4), [("fc1", Fc(units=2))])).macs
    8
    """
    macs, nanoseconds = 0, 0.0
    for node in inference(network):
        if node.inputs:
            own = node.layer.macs(*network.shapes_into(node))
            macs += own
            fast = not readable and _has_kernel(network, node)
            nanoseconds += own * (PER_MAC_FAST if fast else PER_MAC_READABLE)
            nanoseconds += node.shape.size * PER_NUMBER
            stored = node.layer.parameters(*network.shapes_into(node))
            nanoseconds += sum(parameter.size for parameter in stored) * PER_WEIGHT
    return Work(macs, nanoseconds / 1e9)


def _has_kernel(network: Network, node: Node) -> bool:
    """Whether a row is computed by a kernel, and not as its room defines it."""
    return kernels.choose(node.layer, *network.shapes_into(node)) is not None
