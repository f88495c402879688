"""An estimate of a forward pass before it starts: multiply-adds, seconds, memory."""

from __future__ import annotations

from itertools import repeat
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple

from cnncalc.inference import kernels
from cnncalc.inference.kernels.kernel import OTHER, KernelRate
from cnncalc.inference.parameters import used_by
from cnncalc.inference.run import COUNTED_ANYWAY, PassOptions, inference, last_uses, macs

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from cnncalc.network import Network, Node


DESCRIBED = KernelRate(300, 45)  # the statistics of a layer's output
LAYER = 100_000  # nanoseconds of a layer, however small
READABLE, COUNTED = 100, 400  # nanoseconds a multiply-add, without a kernel
DRAWN, READ = 105, 15  # nanoseconds a weight
LONG = 1.0  # seconds from which on it matters how quick the machine is
REFERENCE = 0.72e-3  # seconds of `_loop`
LANES, ROUNDS, TIMES = 784, 300, 5
ACTIVATION_BYTES = 32  # a float of 24 bytes, and the reference to it in a list
WEIGHT_BYTES = 8


class WorkEstimate(NamedTuple):
    """Multiply-adds of a pass, the seconds it may take, and its peak memory in bytes."""

    macs: int
    seconds: float
    memory: int


def ahead(
    network: Network,
    *,
    readable: bool = False,
    count: bool = False,
    drawn: bool = True,
    keep: Collection[str] = (),
) -> WorkEstimate:
    """The work of one sample's pass that keeps the outputs and the rows named in `keep`.

    `readable` and `count` are those of the pass; `drawn` weights take longer than those of a
    file. The seconds are those of this machine, whose speed is measured where they come to more
    than LONG.

    >>> from cnncalc.layers.fc import Fc
    >>> from cnncalc.network import chain
    >>> from cnncalc.shapes import Shape
    >>> work = ahead(chain("net", Shape(4), [("fc1", Fc(units=2))]))
    >>> work.macs, work.memory  # 8 products; 4 + 2 activations of 32 bytes, 10 parameters of 8
    (8, 272)
    """
    order = inference(network)
    options = PassOptions(readable or count, count)
    weight = DRAWN if drawn else READ
    total = sum(macs(network, node) for node in order)
    seconds = sum(_nanoseconds(network, node, options, weight) for node in order) / 1e9
    return WorkEstimate(
        total, seconds * slowness() if seconds > LONG else seconds, _memory(network, keep)
    )


def _nanoseconds(network: Network, node: Node, options: PassOptions, weight: float) -> float:
    """The time of a row: its weights, each so many nanoseconds, its arithmetic, its statistics."""
    described = DESCRIBED.nanoseconds((), node.shape)
    if not node.inputs:
        return described
    weights = _weights(network, node) * weight
    return LAYER + weights + _computing(network, node, options) + described


def _computing(network: Network, node: Node, options: PassOptions) -> float:
    """Nanoseconds of a layer's arithmetic."""
    shapes = network.shapes_into(node)
    work = node.layer.macs(*shapes)
    kernel = None if options.readable else kernels.choose(node.layer, *shapes)
    if kernel is not None:
        return kernel.expected_nanoseconds(node.shape)
    each = COUNTED if options.counting or work <= COUNTED_ANYWAY else READABLE
    return work * each if work else OTHER.nanoseconds(shapes, node.shape)


def slowness() -> float:
    """How much longer this machine takes than the one of the rates, by some milliseconds' work.

    Machines differ by a factor of four and more, most of all where others use them too. Integer
    products of long vectors are what convolutions are made of here.
    """
    return min(map(_seconds, repeat(_loop, TIMES))) / REFERENCE


def _seconds(action: Callable[[], object]) -> float:
    start = perf_counter()
    action()
    return perf_counter() - start


def _loop() -> int:
    """Known work: a long vector, times numbers, added up."""
    vector, total = (1 << 64 * LANES) // 3, 0
    for number in range(ROUNDS):
        total += vector * (number * 999_983 + 7)
    return total


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
    return sum(parameter.size for parameter in used_by(network, node))
