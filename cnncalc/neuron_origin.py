"""The way back from a neuron: the places of every earlier tensor that reach it, exactly.

The receptive fields of `analysis.receptive` are of the unit that sees most, and count on over
padding. Here the places of one neuron are followed backward through the edges, the gaps of
dilated filters, what circular padding reads from the other side, cropping and branches, as the
forward pass has them. Channels are not told apart. A gate by global pooling scales the whole
map, so that every neuron behind it depends on all of the map a little: it is said, not counted.
Along each axis places are ranges, so that the size of a map costs neither time nor memory.
"""

from __future__ import annotations

from itertools import chain, pairwise
from math import lcm
from typing import TYPE_CHECKING, NamedTuple

from cnncalc.errors import failure

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from cnncalc.errors import CnncalcError
    from cnncalc.network import Network, Node
    from cnncalc.shapes import Shape
    from cnncalc.window import Reach

# Ranges along one axis, and places looked at one by one, before the way is given up.
MOST_RANGES = 2**12
MOST_PLACES = 2**18

Places = tuple[range, ...]  # along one axis: ascending ranges that may overlap
Grid = tuple[Places, ...]  # per spatial axis


class TensorOrigin(NamedTuple):
    """What a neuron depends on of one tensor: a union of grids of places."""

    grids: tuple[Grid, ...]

    @property
    def box(self) -> tuple[tuple[int, int], ...]:
        """The first and the last place per axis.

        >>> TensorOrigin((((range(1, 3),), (range(3, 4),)),)).box
        ((1, 2), (3, 3))
        """
        return tuple((_first(axis), _last(axis)) for axis in zip(*self.grids, strict=True))

    @property
    def solid(self) -> bool:
        """Whether one grid fills the box. Raises CnncalcError where that is too involved to say."""
        return any(
            all(_covers(places, *ends) for places, ends in zip(grid, self.box, strict=True))
            for grid in self.grids
        )


class NeuronOrigin(NamedTuple):
    """What a neuron depends on, by the index of the node; and whether a gate is on the way."""

    of: dict[int, TensorOrigin]
    gated: bool


def _first(axis: Iterable[Places]) -> int:
    return min(places[0][0] for places in axis)


def _last(axis: Iterable[Places]) -> int:
    return max(part[-1] for places in axis for part in places)


def neuron_origin(network: Network, index: int, position: tuple[int, ...]) -> NeuronOrigin:
    """What the neuron at a position of a node depends on, of that node and each before it.

    Nodes that do not reach the neuron are left out. Raises CnncalcError where the places have
    too many gaps to be followed.

    >>> from cnncalc.layers.conv import Conv
    >>> from cnncalc.network import chain
    >>> from cnncalc.shapes import Shape
    >>> sparse = Conv(filters=1, kernel=(3,), padding=((2, 2),), dilation=(2,))
    >>> net = chain("one", Shape(1, (9,)), [("C1", sparse)])
    >>> origin = neuron_origin(net, 1, (0,)).of[0]
    >>> origin.box, origin.solid
    (((0, 2),), False)
    """
    found: dict[int, tuple[Grid, ...]] = {
        index: (tuple((range(place, place + 1),) for place in position),)
    }
    gated = False
    for node in reversed(network.nodes[: index + 1]):
        grids = found.get(node.index)
        if grids is None or not node.inputs:
            continue
        shapes = network.shapes_into(node)
        ways = zip(node.inputs, shapes, node.layer.reach(*shapes), strict=True)
        for before, shape, reach in ways:
            if reach is None:
                gated = True
                continue
            read = [_read(node, reach, shape, grid) for grid in grids]
            merged = _merged([*found.get(before, ()), *(grid for grid in read if all(grid))])
            if merged:
                found[before] = merged
    return NeuronOrigin({place: TensorOrigin(grids) for place, grids in found.items()}, gated)


def _merged(grids: Sequence[Grid]) -> tuple[Grid, ...]:
    """The grids without those that lie in another; those that differ in one axis are one."""
    kept: list[Grid] = []
    for grid in grids:
        new = grid
        if any(_inside(new, other) for other in kept):
            continue
        for other in [other for other in kept if _differ(new, other) <= 1]:
            kept.remove(other)
            new = tuple(a if a == b else _tidied(a + b) for a, b in zip(new, other, strict=True))
        kept = [other for other in kept if not _inside(other, new)] + [new]
    return tuple(kept)


def _differ(one: Grid, other: Grid) -> int:
    """Along how many axes two grids differ."""
    return sum(a != b for a, b in zip(one, other, strict=True))


def _inside(one: Grid, other: Grid) -> bool:
    """Whether every place of a grid is known to be one of another's."""
    return all(a == b or _within(a, b) for a, b in zip(one, other, strict=True))


def _within(one: Places, other: Places) -> bool:
    return all(any(_part_of(part, whole) for whole in other) for part in one)


def _part_of(part: range, whole: range) -> bool:
    ends = part[0] in whole and part[-1] in whole
    return ends and (len(part) < 2 or not part.step % whole.step)  # noqa: PLR2004 - one place


def _read(node: Node, reach: tuple[Reach, ...], shape: Shape, grid: Grid) -> Grid:
    """The places of an input that a grid of output places reads."""
    if node.shape.rank != shape.rank:  # the axes are gone, and every output reads the same
        grid = ((range(1),),) * shape.rank
    mode = node.layer.edge_mode
    axes = zip(reach, shape.spatial, grid, strict=True)
    return tuple(_read_axis(way, size, places, mode) for way, size, places in axes)


def _read_axis(reach: Reach, size: int, places: Places, mode: str) -> Places:
    if not reach.step:
        places = (places[0][:1],)  # one speaks for all
    read = chain.from_iterable(_read_range(reach, part) for part in places)
    return _tidied(chain.from_iterable(_on_map(part, size, mode) for part in read))


def _read_range(reach: Reach, outputs: range) -> Iterator[range]:
    """The input places that outputs read, those beyond the edges included."""
    if len(outputs) == 1:
        yield from _whole(reach.reads(outputs[0]))
        return
    if _unbroken(reach, outputs.step):
        first, last = reach.reads(outputs[0]), reach.reads(outputs[-1])
        yield range(first[0], last[-1] + 1)
        return
    # Outputs as far apart as this read the same, moved by whole places.
    period = lcm(outputs.step, reach.step.denominator)
    classes = min(period // outputs.step, len(outputs))
    if classes > MOST_RANGES:
        raise _too_involved()
    for nth in range(classes):
        alike = outputs[nth :: period // outputs.step]
        yield from _sums(reach.reads(alike[0]), len(alike), int(period * reach.step))


def _unbroken(reach: Reach, step: int) -> bool:
    """Whether outputs `step` apart read all places between the first and the last of them."""
    if reach.spacing:
        return False
    move = reach.step * step
    parts = lcm(move.denominator, reach.low.denominator, reach.high.denominator)
    # Rounded up and down, a window loses at most (parts - 1)/parts at either end.
    return bool((move + reach.low - reach.high - 1) * parts + 2 * (parts - 1) <= 0)


def _sums(window: range, count: int, move: int) -> Iterator[range]:
    """A window at `count` places, `move` apart: two progressions, added."""
    if not window:
        return
    first, last = window[0], window[-1] + (count - 1) * move
    apart = window.step if len(window) > 1 else move
    if count == 1 or (not move % apart and move // apart <= len(window)):
        yield range(first, last + 1, apart)
    elif not apart % move and apart // move <= count:
        yield range(first, last + 1, move)
    elif min(len(window), count) > MOST_RANGES:
        raise _too_involved()
    elif len(window) <= count:
        yield from (range(tap, tap + (count - 1) * move + 1, move) for tap in window)
    else:
        shifts = range(0, count * move, move)
        yield from (range(first + by, window[-1] + by + 1, apart) for by in shifts)


def _on_map(part: range, size: int, mode: str) -> Iterator[range]:
    """The places on the map; those beyond its edges as the padding mode reads them."""
    before, behind = _cut(part, part.start, 0), _cut(part, size, part[-1] + 1)
    yield from _whole(_cut(part, 0, size))
    if mode == "circular":
        yield from _whole(range(before.start + size, before.stop + size, part.step))
        yield from _whole(range(behind.start - size, behind.stop - size, part.step))
    elif mode == "replicate":
        yield from (range(1) for _ in before[:1])
        yield from (range(size - 1, size) for _ in behind[:1])
    elif mode == "reflect":
        beyond = ((before, 0), (behind, size - 1))
        yield from (_mirrored(places, edge) for places, edge in beyond if places)


def _mirrored(part: range, edge: int) -> range:
    return range(2 * edge - part[-1], 2 * edge - part[0] + 1, part.step)


def _whole(part: range) -> Iterator[range]:
    """A range that has places; a single one without a step."""
    if part:
        yield part if len(part) > 1 else range(part[0], part[0] + 1)


def _cut(part: range, low: int, high: int) -> range:
    """Of an ascending range, the places from one on and below another."""

    def below(bound: int) -> int:
        return min(max(-((part.start - bound) // part.step), 0), len(part))

    return part[below(low) : max(below(low), below(high))]


def _tidied(parts: Iterable[range]) -> Places:
    """Ranges joined where one goes on where another ends."""
    kept: list[range] = []
    for part in sorted(set(parts), key=_order):
        last = kept[-1] if kept else None
        if last and _goes_on(last, part):
            kept[-1] = range(last.start, max(last[-1], part[-1]) + 1, last.step)
        else:
            kept.append(part)
    if len(kept) > MOST_RANGES:
        raise _too_involved()
    dense = [part for part in kept if part.step == 1]
    loose = [p for p in kept if p.step > 1 and not any(_part_of(p, d) for d in dense)]
    return tuple(sorted([*dense, *loose], key=lambda part: part.start))


def _order(part: range) -> tuple[int, int, int]:
    return part.step, part.start % part.step, part.start


def _goes_on(last: range, part: range) -> bool:
    alike = last.step == part.step and not (part.start - last.start) % last.step
    return alike and part.start <= last[-1] + last.step


def _covers(places: Places, low: int, high: int) -> bool:
    """Whether every place between two is there.

    Between the ends of ranges, what is there repeats after the least common multiple of their
    steps.
    """
    ends = sorted({low, high + 1, *chain.from_iterable((p[0], p[-1] + 1) for p in places)})
    for start, stop in pairwise(ends):
        active = [part for part in places if part[0] <= start <= part[-1]]
        repeats = min(lcm(*(part.step for part in active)), stop - start)
        if repeats > MOST_PLACES:
            raise _too_involved()
        if not all(any(at in p for p in active) for at in range(start, start + repeats)):
            return False
    return True


def _too_involved() -> CnncalcError:
    message = "what the neuron sees has too many gaps to be followed on maps of this size"
    return failure("too-many-gaps", message, help="ask for it on a smaller input, by --input")
