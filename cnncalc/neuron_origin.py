"""The exact positions of every earlier tensor that one neuron depends on.

`analysis.receptive` gives the field of the neuron that sees most, and lets it run on over the
padding. Here one neuron is followed backward as the forward pass reads: up to the edges, with the
gaps of dilated filters, positions that circular padding reads from the opposite side, cropping
and branches. Channels are not distinguished. A gate by global pooling makes every neuron behind
it depend a little on the whole map; it is reported as `gated` and not followed.

Along each axis positions are kept as ranges, so that time and memory do not grow with the map.
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

# Limits before giving up: ranges along one axis, and positions looked at one by one.
MOST_RANGES = 2**12
MOST_PLACES = 2**18

Places = tuple[range, ...]  # positions along one axis: ascending ranges, which may overlap
Grid = tuple[Places, ...]  # per spatial axis


class TensorOrigin(NamedTuple):
    """The positions of one tensor that a neuron depends on: a union of grids."""

    grids: tuple[Grid, ...]

    @property
    def box(self) -> tuple[tuple[int, int], ...]:
        """The first and the last position per axis.

        >>> TensorOrigin((((range(1, 3),), (range(3, 4),)),)).box
        ((1, 2), (3, 3))
        """
        return tuple(
            (min(places[0][0] for places in axis), max(r[-1] for places in axis for r in places))
            for axis in zip(*self.grids, strict=True)
        )

    @property
    def solid(self) -> bool:
        """Whether a single grid fills the box.

        Raises:
            CnncalcError: "too-many-gaps" where that would take too long to tell.
        """
        return any(
            all(_covers(places, *ends) for places, ends in zip(grid, self.box, strict=True))
            for grid in self.grids
        )


class NeuronOrigin(NamedTuple):
    """What a neuron depends on, by the index of the node; `gated` where a gate was passed."""

    of: dict[int, TensorOrigin]
    gated: bool


def neuron_origin(network: Network, index: int, position: tuple[int, ...]) -> NeuronOrigin:
    """The positions that a neuron depends on, in its own node and in each node before it.

    Nodes that do not reach the neuron are left out.

    Raises:
        CnncalcError: "too-many-gaps" where the positions have too many gaps to be followed.

    >>> from cnncalc.layers.conv import Conv
    >>> from cnncalc.network import chain
    >>> from cnncalc.shapes import Shape
    >>> sparse = Conv(filters=1, kernel=(3,), padding=((2, 2),), dilation=(2,))
    >>> net = chain("one", Shape(1, (9,)), [("C1", sparse)])
    >>> origin = neuron_origin(net, 1, (0,)).of[0]
    >>> origin.box, origin.solid
    (((0, 2),), False)
    """
    grids_of: dict[int, tuple[Grid, ...]] = {
        index: (tuple((range(place, place + 1),) for place in position),)
    }
    gated = False
    for node in reversed(network.nodes[: index + 1]):
        grids = grids_of.get(node.index)
        if grids is None or not node.inputs:
            continue
        if node.layer.stated:
            message = f"what '{node.name}' reads is not known: only its figures were stated"
            raise failure("stated-layer", message, node.span)
        shapes = network.shapes_into(node)
        inputs = zip(node.inputs, shapes, node.layer.reach(*shapes), strict=True)
        for before, shape, reach in inputs:
            if reach is None:
                gated = True
                continue
            read = [_read(node, reach, shape, grid) for grid in grids]
            merged = _merged([*grids_of.get(before, ()), *(grid for grid in read if all(grid))])
            if merged:
                grids_of[before] = merged
    return NeuronOrigin({node: TensorOrigin(grids) for node, grids in grids_of.items()}, gated)


def _merged(grids: Sequence[Grid]) -> tuple[Grid, ...]:
    """The grids without those inside another; grids that differ in one axis only become one."""
    merged: list[Grid] = []
    for grid in grids:
        new = grid
        if any(_inside(new, other) for other in merged):
            continue
        for other in [other for other in merged if _differ(new, other) <= 1]:
            merged.remove(other)
            new = tuple(a if a == b else _tidied(a + b) for a, b in zip(new, other, strict=True))
        merged = [other for other in merged if not _inside(other, new)] + [new]
    return tuple(merged)


def _differ(one: Grid, other: Grid) -> int:
    """Along how many axes two grids differ."""
    return sum(a != b for a, b in zip(one, other, strict=True))


def _inside(one: Grid, other: Grid) -> bool:
    """Whether every position of a grid is known to lie in another."""
    return all(a == b or _within(a, b) for a, b in zip(one, other, strict=True))


def _within(one: Places, other: Places) -> bool:
    return all(any(_part_of(part, whole) for whole in other) for part in one)


def _part_of(part: range, whole: range) -> bool:
    ends = part[0] in whole and part[-1] in whole
    return ends and (len(part) < 2 or not part.step % whole.step)  # noqa: PLR2004 - one position


def _read(node: Node, reach: tuple[Reach, ...], shape: Shape, grid: Grid) -> Grid:
    """The positions of an input that a grid of output positions reads."""
    if node.shape.rank != shape.rank:  # such as behind flatten, where every output reads the same
        grid = ((range(1),),) * shape.rank
    mode = node.layer.edge_mode
    axes = zip(reach, shape.spatial, grid, strict=True)
    return tuple(_read_axis(*axis, mode) for axis in axes)


def _read_axis(reach: Reach, size: int, places: Places, mode: str) -> Places:
    if not reach.step:
        places = (places[0][:1],)  # all outputs read the same, so that one is enough
    read = chain.from_iterable(_read_range(reach, part) for part in places)
    return _tidied(chain.from_iterable(_on_map(part, size, mode) for part in read))


def _read_range(reach: Reach, outputs: range) -> Iterator[range]:
    """The input positions that outputs read, including those beyond the edges."""
    if len(outputs) == 1:
        yield from _whole(reach.reads(outputs[0]))
        return
    if _unbroken(reach, outputs.step):
        first, last = reach.reads(outputs[0]), reach.reads(outputs[-1])
        yield range(first[0], last[-1] + 1)
        return
    # Outputs `period` apart read the same pattern, moved by a whole number of positions.
    period = lcm(outputs.step, reach.step.denominator)
    classes = min(period // outputs.step, len(outputs))
    if classes > MOST_RANGES:
        raise _too_involved()
    for nth in range(classes):
        alike = outputs[nth :: period // outputs.step]
        yield from _sums(reach.reads(alike[0]), len(alike), int(period * reach.step))


def _unbroken(reach: Reach, step: int) -> bool:
    """Whether outputs `step` apart together read all positions from the first to the last."""
    if reach.spacing:
        return False
    move = reach.step * step
    parts = lcm(move.denominator, reach.low.denominator, reach.high.denominator)
    # Rounding to whole positions takes at most (parts - 1)/parts from either end of a window.
    return bool((move + reach.low - reach.high - 1) * parts + 2 * (parts - 1) <= 0)


def _sums(window: range, count: int, move: int) -> Iterator[range]:
    """The positions that a window covers at `count` places, `move` apart."""
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
    """The positions on the map; those beyond its edges where the padding mode reads them."""
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
    """The range unless it is empty; a single position gets a step of 1."""
    if part:
        yield part if len(part) > 1 else range(part[0], part[0] + 1)


def _cut(part: range, low: int, high: int) -> range:
    """The part of an ascending range from `low` on and below `high`."""

    def below(bound: int) -> int:
        return min(max(-((part.start - bound) // part.step), 0), len(part))

    return part[below(low) : max(below(low), below(high))]


def _tidied(parts: Iterable[range]) -> Places:
    """The ranges, joined where one continues another."""
    joined: list[range] = []
    for part in sorted(set(parts), key=_order):
        last = joined[-1] if joined else None
        if last and _goes_on(last, part):
            joined[-1] = range(last.start, max(last[-1], part[-1]) + 1, last.step)
        else:
            joined.append(part)
    if len(joined) > MOST_RANGES:
        raise _too_involved()
    dense = [part for part in joined if part.step == 1]
    loose = [p for p in joined if p.step > 1 and not any(_part_of(p, d) for d in dense)]
    return tuple(sorted([*dense, *loose], key=lambda part: part.start))


def _order(part: range) -> tuple[int, int, int]:
    return part.step, part.start % part.step, part.start


def _goes_on(last: range, part: range) -> bool:
    alike = last.step == part.step and not (part.start - last.start) % last.step
    return alike and part.start <= last[-1] + last.step


def _covers(places: Places, low: int, high: int) -> bool:
    """Whether the ranges hold every position from `low` to `high`.

    Between two ends of ranges the pattern repeats after the least common multiple of their
    steps, so that one period of it is enough to look at.
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
    return failure("too-many-gaps", message, help="try a smaller input with --input")
