"""Stretches of layers whose maps are shared among processes.

A convolution makes every map of all the maps before it; the batch norm, the activation
and the depthwise convolution behind it then work map by map. Each process makes some of the
maps and carries them through the whole stretch, so that packed maps travel once into it and
once out of it. What becomes of a map does not depend on the others: the numbers are the same
for any number of processes.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import reduce
from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple

from cnncalc.inference import kernels
from cnncalc.inference.kernels.convolution import Convolution
from cnncalc.inference.kernels.crew import together
from cnncalc.inference.kernels.groups import compact
from cnncalc.inference.kernels.planes import Planes
from cnncalc.inference.kernels.plans import shares
from cnncalc.inference.statistics import Measured, measure

if TYPE_CHECKING:
    from array import array
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from cnncalc.inference.parameters import Parameters
    from cnncalc.network import Network, Node
    from cnncalc.shapes import Shape
    from cnncalc.tensor import Tensor

    Values = Mapping[str, Sequence[float]]

# What makes packed maps of packed maps, one by one.
MAPWISE = frozenset({"bn", "dropout", "dwconv", "identity", "relu", "relu6"})


class Leg(NamedTuple):
    """A layer of a stretch, as it is for some of the maps."""

    layer: Any
    values: Values


class Maps(NamedTuple):
    """Packed maps and their shape."""

    shape: Shape
    planes: Planes


class Done(NamedTuple):
    """What is known of a layer's maps, or of some of them, and how long it took."""

    shape: Shape
    measured: Measured
    computing: float  # seconds
    measuring: float


class Carried(NamedTuple):
    """Maps at the end of a stretch, and what is known of those on the way."""

    layers: tuple[Done, ...]
    maps: Planes

    @property
    def seconds(self) -> float:
        """How long all of it took."""
        return sum(done.computing + done.measuring for done in self.layers)


def stretches(
    network: Network, order: Sequence[Node], kept: Collection[str]
) -> Iterator[tuple[Node, ...]]:
    """The rows in order; those that one process may carry maps through stand together.

    A row that others need too, or that is to be kept, ends its stretch.

    >>> from cnncalc.layers.conv import Conv
    >>> from cnncalc.layers.relu import Relu
    >>> from cnncalc.network import chain
    >>> from cnncalc.shapes import Shape
    >>> layers = [("mix", Conv(filters=4, kernel=(1,))), ("a", Relu()), ("b", Relu())]
    >>> net = chain("net", Shape(2, (3, 3)), layers)
    >>> [[node.name for node in some] for some in stretches(net, net.nodes, {"a"})]
    [['in'], ['mix', 'a'], ['b']]
    """
    users = Counter(index for node in order for index in node.inputs)
    some: list[Node] = []
    for node in order:
        if some and not _goes_on(network, some, node, kept, users):
            yield tuple(some)
            some = []
        some.append(node)
    if some:
        yield tuple(some)


def _goes_on(
    network: Network,
    some: Sequence[Node],
    node: Node,
    kept: Collection[str],
    users: Mapping[int, int],
) -> bool:
    """Whether a row belongs to the stretch of the rows before it."""
    before = some[-1]
    alone = users[before.index] == 1 and before.name not in kept
    if not alone or node.inputs != (before.index,) or some[0].layer.type != "conv":
        return False
    return kernels.nature(node.layer, *network.shapes_into(node)) in MAPWISE


def carry(
    network: Network,
    stretch: Sequence[Node],
    entering: Sequence[Tensor],
    parameters: Parameters,
    jobs: int,
) -> Carried | None:
    """Take a tensor through a stretch by up to `jobs` processes.

    None where sharing does not pay, and where the maps of any layer do not stay packed.
    """
    head = _head(network, stretch[0])
    if head is None or len(every := shares(head.size, len(stretch), jobs)) == 1:
        return None
    packed = head.entering(entering[0])
    if packed is None:
        return None
    values = [parameters.of(network, node) for node in stretch]
    parts = [_legs(stretch, values, maps) for maps in every]
    return _joined(together(_carried, Maps(entering[0].shape, packed.bare), parts))


def _head(network: Network, node: Node) -> Convolution | None:
    """The kernel of a row, if each of its maps is made of all maps."""
    if node.layer.type != "conv":
        return None
    kernel = kernels.choose(node.layer, *network.shapes_into(node))
    return kernel if isinstance(kernel, Convolution) and kernel.mixes else None


def _legs(stretch: Sequence[Node], values: Sequence[Values], maps: range) -> list[Leg]:
    """The layers of a stretch for some of its first layer's maps."""
    made, filters = [], stretch[0].shape.channels
    for node, every in zip(stretch, values, strict=True):
        each = node.shape.channels // filters  # maps that became of one
        first, last = maps.start * each, maps.stop * each
        layer: Any = node.layer
        if layer.type == "conv":
            groups = layer.groups * len(maps) // filters if layer.groups > 1 else 1
            layer = replace(layer, filters=last - first, groups=groups)
        own = {
            name: _some(numbers, first, last, node.shape.channels)
            for name, numbers in every.items()
        }
        made.append(Leg(layer, own))
    return made


def _some(numbers: Sequence[float], first: int, last: int, channels: int) -> array[float]:
    """The parameters of some output channels."""
    each = len(numbers) // channels
    return compact(numbers[first * each : last * each])


def _carried(maps: Maps, legs: Sequence[Leg]) -> Carried | None:
    """Some maps at the end of a stretch; None where they do not stay packed."""
    done: list[Done] = []
    shape, planes = maps
    for layer, values in legs:
        start = perf_counter()
        kernel = kernels.choose(layer, shape)
        made = kernel.resident(planes, values) if kernel else None
        if made is None:
            return None
        computed, planes, shape = perf_counter(), made, layer.output_shape(shape)
        measured = measure(planes)
        times = computed - start, perf_counter() - computed
        done.append(Done(shape, measured, *times))
    return Carried(tuple(done), planes.bare)


def _joined(parts: Sequence[Carried | None]) -> Carried | None:
    """All maps, from those of each process."""
    every = [part for part in parts if part]
    maps = [part.maps for part in every]
    if len(every) < len(parts) or len({some.layout for some in maps}) > 1:
        return None
    slowest = max(every, key=lambda part: part.seconds)
    of_each = zip(*(part.layers for part in every), strict=True)
    layers = tuple(map(_all_maps, slowest.layers, of_each))
    planes = [plane for some in maps for plane in some.planes]
    out = Planes(maps[0].layout, planes, max(some.off for some in maps))
    return Carried(layers, out)


def _all_maps(slowest: Done, parts: Sequence[Done]) -> Done:
    """What is known of all of a layer's maps."""
    channels = sum(part.shape.channels for part in parts)
    measured = reduce(Measured.with_others, (part.measured for part in parts))
    return slowest._replace(shape=slowest.shape._replace(channels=channels), measured=measured)
