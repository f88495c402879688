"""Where one unit's numbers come from: the places of every earlier tensor that reach it, exactly.

The receptive fields of `receptive.py` are stretches that run on over padding. Here places are
followed backward one by one, so that edges, the gaps of dilated filters, cropping and branches
come out as the forward pass has them. Channels are not told apart, and gates are not followed:
they scale the whole map.
"""

from __future__ import annotations

from functools import partial
from math import ceil, floor
from typing import TYPE_CHECKING, Any, NamedTuple

from cnncalc.layers._spatial import source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from cnncalc.network import Network, Node
    from cnncalc.shapes import Shape
    from cnncalc.window import Reach

Places = tuple[int, ...]  # per spatial axis, the places as bits of an integer


class Origin(NamedTuple):
    """What a unit sees of one tensor: a union of grids of places, and the box around it."""

    grids: tuple[Places, ...]

    @property
    def box(self) -> tuple[tuple[int, int], ...]:
        """The first and the last place per axis.

        >>> Origin(((0b0110,), (0b1000,))).box
        ((1, 3),)
        """
        axes = zip(*self.grids, strict=True)
        return tuple((min(map(_lowest, a)), max(g.bit_length() - 1 for g in a)) for a in axes)

    @property
    def solid(self) -> bool:
        """Whether one grid fills the box."""
        whole = tuple(_bits(range(low, high + 1)) for low, high in self.box)
        return whole in self.grids


def origins(network: Network, index: int, unit: tuple[int, ...]) -> dict[int, Origin]:
    """What the unit at a place of a node sees of that node and of each node before it.

    Nodes that do not reach the unit are left out.

    >>> from cnncalc.layers.conv import Conv
    >>> from cnncalc.network import chain
    >>> from cnncalc.shapes import Shape
    >>> sparse = Conv(filters=1, kernel=(3,), padding=((2, 2),), dilation=(2,))
    >>> net = chain("one", Shape(1, (9,)), [("C1", sparse)])
    >>> origins(net, 1, (0,))[0]
    Origin(grids=((5,),))
    """
    found: dict[int, tuple[Places, ...]] = {index: (tuple(1 << place for place in unit),)}
    for node in reversed(network.nodes[: index + 1]):
        grids = found.get(node.index)
        if grids is None:
            continue
        for before, read in zip(node.inputs, _readers(network, node), strict=True):
            seen = [] if read is None else [read(grid) for grid in grids]
            merged = _merged([*found.get(before, ()), *(grid for grid in seen if all(grid))])
            if merged:
                found[before] = merged
    return {place: Origin(grids) for place, grids in found.items()}


def _merged(grids: Sequence[Places]) -> tuple[Places, ...]:
    """The grids without those that lie in another."""
    kept: list[Places] = []
    for grid in grids:
        if not any(_inside(grid, other) for other in kept):
            kept = [other for other in kept if not _inside(other, grid)] + [grid]
    return tuple(kept)


def _inside(one: Places, other: Places) -> bool:
    return all(a & ~b == 0 for a, b in zip(one, other, strict=True))


def _readers(network: Network, node: Node) -> list[Callable[[Places], Places] | None]:
    """Per input, from places of the output to the places of the input they read."""
    shapes = network.shapes_into(node)
    settings: dict[str, Any] = node.layer.settings(*shapes) if shapes else {}
    ways = zip(node.layer.reach(*shapes), shapes, strict=True)
    return [
        None if reach is None else partial(_read, reach, shape, node.shape, settings)
        for reach, shape in ways
    ]


def _read(
    reach: tuple[Reach, ...], shape: Shape, out: Shape, settings: dict[str, Any], grid: Places
) -> Places:
    """The places of an input that a grid of output places reads."""
    if out.rank != shape.rank:  # the axes are gone, and every output reads the same
        grid = (1,) * shape.rank
    axes = enumerate(zip(reach, shape.spatial, grid, strict=True))
    return tuple(
        _read_axis(way, size, bits, _taps(way, settings, a)) for a, (way, size, bits) in axes
    )


def _read_axis(
    reach: Reach, size: int, bits: int, taps: tuple[Callable[[int], Iterable[int]], str]
) -> int:
    read, mode = taps
    if reach.step == 0:
        bits &= -bits  # one speaks for all
    places = (source(place, size, mode) for unit in _places(bits) for place in read(unit))
    return _bits(place for place in places if place is not None)


def _taps(
    reach: Reach, settings: dict[str, Any], axis: int
) -> tuple[Callable[[int], Iterable[int]], str]:
    """From an output's place to the places it reads, and how those beyond the edge are read.

    Where the filter has gaps, its settings tell which places of its reach are read.
    """
    mode = settings.get("padding_mode", settings.get("mode", "zeros"))
    dilation = settings["dilation"][axis] if "dilation" in settings else 1
    if "output_padding" in settings:
        begin, _ = settings["padding"][axis]
        kernel, stride = settings["kernel"][axis], settings["stride"][axis]
        return partial(_stamped, range(0, dilation * kernel, dilation), stride, begin), mode
    return partial(_stretch, reach, dilation), mode


def _stretch(reach: Reach, dilation: int, unit: int) -> range:
    step, low, high, _ = reach
    return range(ceil(step * unit + low), floor(step * unit + high) + 1, dilation)


def _stamped(taps: range, stride: int, begin: int, unit: int) -> list[int]:
    """Transposed: the inputs i with unit + begin - i·stride among the taps."""
    return [(unit + begin - tap) // stride for tap in taps if (unit + begin - tap) % stride == 0]


def _bits(places: Iterable[int]) -> int:
    bits = 0
    for place in places:
        bits |= 1 << place
    return bits


def _places(bits: int) -> Iterable[int]:
    while bits:
        yield _lowest(bits)
        bits &= bits - 1


def _lowest(bits: int) -> int:
    return (bits & -bits).bit_length() - 1
