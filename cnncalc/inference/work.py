"""How much work a forward pass is, before it starts."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cnncalc.inference import kernels
from cnncalc.inference.parameters import owner, stored_by
from cnncalc.inference.run import inference, last_uses

if TYPE_CHECKING:
    from collections.abc import Collection

    from cnncalc.network import Network, Node

# Nanoseconds on one core of a desktop machine, rounded up; they only have to be of the right
# size, to tell a second from an hour.
PER_MAC_FAST = 6
PER_MAC_READABLE = 60
PER_NUMBER = 150
PER_WEIGHT = 150  # read or drawn, and put where it works
ACTIVATION_BYTES = 32  # a float of 24 bytes, and the reference to it in a list
WEIGHT_BYTES = 8


class Work(NamedTuple):
    """Multiply-adds ahead, the seconds they may take, and the bytes needed at the worst moment."""

    macs: int
    seconds: float
    memory: int


def ahead(network: Network, *, readable: bool = False, keep: Collection[str] = ()) -> Work:
    """The work of one sample's pass that keeps the outputs and the rows named in `keep`.

    >>> from cnncalc.layers.fc import Fc
    >>> from cnncalc.network import chain
    >>> from cnncalc.shapes import Shape
    >>> work = ahead(chain("net", Shape(4), [("fc1", Fc(units=2))]))
    >>> work.macs, work.memory  # 8 products; 4 + 2 activations of 32 bytes, 10 parameters of 8
    (8, 272)
    """
    macs, nanoseconds = 0, 0.0
    for node in inference(network):
        if node.inputs:
            own = node.layer.macs(*network.shapes_into(node))
            macs += own
            fast = not readable and _has_kernel(network, node)
            nanoseconds += own * (PER_MAC_FAST if fast else PER_MAC_READABLE)
            nanoseconds += node.shape.size * PER_NUMBER
            nanoseconds += _weights(network, node) * PER_WEIGHT
    return Work(macs, nanoseconds / 1e9, _memory(network, keep))


def _memory(network: Network, keep: Collection[str]) -> int:
    """The bytes of all tensors that are alive at once, with a row's parameters, at their most."""
    order = inference(network)
    staying = {*network.outputs, *(node.index for node in order if node.name in keep)}
    ends = last_uses(order, staying)
    alive = most = 0
    for node in order:
        alive += node.shape.size
        most = max(most, alive * ACTIVATION_BYTES + _weights(network, node) * WEIGHT_BYTES)
        alive -= sum(network.nodes[index].shape.size for index in ends.get(node.index, ()))
    return most


def _weights(network: Network, node: Node) -> int:
    """How many parameters a row computes with."""
    return sum(parameter.size for parameter in stored_by(network, owner(network, node)))


def _has_kernel(network: Network, node: Node) -> bool:
    """Whether a row is computed by a kernel, and not as its room defines it."""
    return kernels.choose(node.layer, *network.shapes_into(node)) is not None
