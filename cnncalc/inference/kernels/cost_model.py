"""How to compute a convolution: the method with the least estimated time.

The constants are nanoseconds of one core of a server of 2023 under CPython 3.11; only their
ratios matter, and a wrong guess costs time, never accuracy.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import product
from math import inf, prod
from typing import TYPE_CHECKING, NamedTuple

from cnncalc.inference.kernels.bigint.lanes import NARROW, WIDE, WORD
from cnncalc.inference.kernels.bigint.tiling import PackedLayout
from cnncalc.inference.kernels.bigint.winograd import POINTS, winograd_tiling

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnncalc.inference.kernels.bigint.winograd import Stage
    from cnncalc.inference.kernels.im2col import SlidingWindow
    from cnncalc.window import Window

# Operations on packed vectors: a call, and what each lane of 8 bytes adds to it. Vectors that are
# combined for a Winograd tiling cost more a lane, since they lie further apart in memory.
CALL = 75
MULTIPLY, ADD, COMBINE = 2.2, 1.9, 3.3
# Numbers one by one: into a lane, out of one as a float, out of a lane per filter and to its place
# on the map, a scalar gathered.
PACK, UNPACK, UNPACK_FILTERS, SCALAR = 100, 150, 310, 145
# Floating point: a product added up, with its neighbours, or as part of a distance, for which the
# numbers of a window are scaled once for all filters.
ORDINARY, ORDINARY_CALL = 26, 200
DISTANCE, DISTANCE_CALL, RESCALED = 9, 200, 30
# A packed map that is made of sums: a call, and each lane.
SETTLING, SETTLED = 5_000, 30
WEIGHT, LAID = 195, 80  # a weight made an integer, or laid into a lane
PLACE, TURN = 45, 30  # a number of a map made an integer; a sum taken to another lane
KEPT = 200  # what a number that stays packed saves in a norm, an activation, a convolution
GATHER = 15  # a number put into a window

MEMORY = 60_000_000  # bytes of packed vectors at once
TILES = (1, 2, 3, 4)
# The largest bound on the error, relative to the largest output, that a plan may be expected
# to have. A layer's largest output is taken to be 4/sqrt(N) of what it could be, N products
# of aligned inputs and weights; the half bit lost to powers of two is the 1.5.
EXPECTED = 7.5e-6 * 4 / 1.5


class ConvSize(NamedTuple):
    """A convolution without groups: channels in, filters, and the slide."""

    channels: int
    filters: int
    slide: SlidingWindow

    @property
    def terms(self) -> int:
        """The products of one output."""
        return self.channels * self.slide.taps

    @property
    def places(self) -> int:
        """The positions of the output."""
        return prod(self.slide.counts)


class ConvMethod(NamedTuple):
    """A method and its time; without a plan it works in floating point."""

    nanoseconds: float
    plan: PackedLayout | None


@lru_cache(maxsize=512)
def best(size: ConvSize) -> ConvMethod:
    """The quickest of the methods that take and give floats.

    >>> from cnncalc.inference.kernels.im2col import SlidingWindow
    >>> from cnncalc.window import Window
    >>> slide = SlidingWindow((56, 56), (Window(3, begin=1, end=1),) * 2)
    >>> plan = best(ConvSize(64, 64, slide)).plan
    >>> [tiling.products for tiling in plan.tilings]  # of 12, for four outputs
    [6, 6]
    """
    floats = ConvMethod(in_floats(size), None)
    return min([floats, *_candidates(size)], key=lambda choice: choice.nanoseconds)


def packed_maps_cost(size: ConvSize, *, packed: bool) -> float:
    """Nanoseconds for a convolution from packed maps to packed maps.

    What the other methods spend on unpacking their input, and what later layers will spend on
    numbers that are not packed, is subtracted.
    """
    views = 0 if size.slide.single else size.terms * size.places
    if views * WORD > MEMORY:
        return inf
    inputs = size.channels * prod(size.slide.spatial) * PACK
    return mixing(size) - size.filters * size.places * KEPT + (-inputs if packed else inputs)


def across(size: ConvSize, dense: float = 1.0) -> bool:
    """Whether a lane per filter, and not per place, makes sums of packed maps more quickly.

    Then only that share of the maps' numbers counts that are not 0.

    >>> from cnncalc.inference.kernels.im2col import SlidingWindow
    >>> from cnncalc.window import Window
    >>> across(ConvSize(160, 960, SlidingWindow((7, 7), (Window(1),) * 2)))
    True
    """
    return size.slide.single and _across(size, dense) < _along(size)


def mixing(size: ConvSize) -> float:
    """Nanoseconds for a convolution from packed maps to packed maps, by the quicker layout.

    >>> from cnncalc.inference.kernels.im2col import SlidingWindow
    >>> from cnncalc.window import Window
    >>> mixing(ConvSize(1, 1, SlidingWindow((1, 1), (Window(1),) * 2))) > SETTLING + SETTLED
    True
    """
    sums = _across(size) if across(size) else _along(size)
    return sums + size.filters * (SETTLING + size.places * SETTLED)


def filtering(size: ConvSize) -> float:
    """Nanoseconds for filters that each see one packed map, and make a packed map of it."""
    lanes, filters = size.places, size.filters
    views = size.slide.taps * (CALL + lanes * ADD)
    products = size.slide.taps * (2 * CALL + WEIGHT + lanes * (MULTIPLY + ADD))
    return filters * (views + products + SETTLING + lanes * SETTLED)


def _along(size: ConvSize) -> float:
    """Sums with a lane per place: what the taps see put in place, and all products."""
    lanes = size.places
    views = 0 if size.slide.single else size.terms * (CALL + lanes * ADD)
    products = size.terms * size.filters * (2 * CALL + WEIGHT + lanes * (MULTIPLY + ADD))
    return views + products


def _across(size: ConvSize, dense: float = 1.0) -> float:
    """Sums with a lane per filter: numbers and weights change sides, and the sums once more."""
    scalars, weights = size.channels * size.places, size.channels * size.filters
    products = scalars * dense * (2 * CALL + size.filters * (MULTIPLY + ADD))
    return products + scalars * PLACE + weights * LAID + size.places * size.filters * TURN


def in_floats(size: ConvSize) -> float:
    """Nanoseconds for the quicker of the two floating-point methods."""
    outputs = size.filters * size.places
    ordinary = outputs * (size.terms * ORDINARY + ORDINARY_CALL)
    seen = size.places * size.terms
    distance = outputs * (size.terms * DISTANCE + DISTANCE_CALL) + seen * RESCALED
    return min(ordinary, distance) + seen * GATHER


def _candidates(size: ConvSize) -> Iterator[ConvMethod]:
    axes = [[winograd_tiling(*way) for way in _ways(window)] for window in size.slide.windows]
    for tilings, lanes, by_filter in product(product(*axes), (WIDE, NARROW), (True, False)):
        plan = PackedLayout(size.slide, tilings, lanes, by_filter, 0)
        block = min(_precise(size, plan), _small(size, plan))
        if block:
            blocks = -(-size.channels // block)
            plan = plan._replace(block=-(-size.channels // blocks))
            yield ConvMethod(_nanoseconds(size, plan, blocks), plan)


def _ways(window: Window) -> Iterator[tuple[int, int, int, int]]:
    for tile in TILES:
        deepest = -(-window.kernel // window.stride)
        fits = window.dilation == 1 and window.kernel > 1 and tile + deepest - 2 <= len(POINTS)
        if tile == 1 or fits:
            yield window.kernel, window.stride, window.dilation, tile


def _precise(size: ConvSize, plan: PackedLayout) -> int:
    """The channels that may share a fixed point and be expected to be precise enough."""
    steps = EXPECTED**2 / size.terms * 2.0 ** (plan.lanes.width - 1) / plan.scale
    return min(size.channels, int(steps / size.slide.taps))


def _small(size: ConvSize, plan: PackedLayout) -> int:
    """The channels whose vectors fit in memory; at least one."""
    lanes = size.filters if plan.by_filter else _lanes(plan)[0]
    return max(1, int(MEMORY / (_products(plan) * lanes * plan.lanes.size)))


def _products(plan: PackedLayout) -> int:
    return prod(tiling.products for tiling in plan.tilings)


def _lanes(plan: PackedLayout) -> tuple[int, int, int]:
    """Lanes from the first tile to the last, cells of a phase, tiles."""
    lanes, cells, tiles = 1, 1, 1
    axes = zip(plan.slide.counts, plan.tilings, strict=True)
    for count, way in reversed(list(axes)):
        own = -(-count // way.tile)
        lanes += (own - 1) * cells
        cells *= own + way.offsets[-1] // way.step
        tiles *= own
    return lanes, cells, tiles


def _nanoseconds(size: ConvSize, plan: PackedLayout, blocks: int) -> float:
    """The time of a plan: multiplications, combinations, and numbers in and out of lanes."""
    lanes, cells, tiles = _lanes(plan)
    channels, filters, wide = size.channels, size.filters, plan.lanes.size / WORD
    rows, length = (tiles, filters) if plan.by_filter else (filters, lanes)
    offsets = prod(len(tiling.offsets) for tiling in plan.tilings)
    phases = prod(min(tiling.step, len(tiling.offsets)) for tiling in plan.tilings)
    into = _combining([s.inputs for s in plan.tilings], [len(s.offsets) for s in plan.tilings])
    of = _combining([s.weights for s in plan.tilings], [w.kernel for w in size.slide.windows])
    out = _combining(
        [s.outputs for s in plan.tilings], [s.products if s.outputs else 1 for s in plan.tilings]
    )
    vectors = 1 if plan.by_filter else channels  # of inputs; those of weights are the other way
    products = _products(plan)
    scalars = products * channels * rows
    lane = 2 * COMBINE * wide * offsets
    return (
        scalars * (2 * CALL + length * wide * (MULTIPLY + ADD))
        + CALL * (vectors * (into + 3 * offsets) + (channels + 1 - vectors) * of)
        + channels * cells * (phases * PACK + lane + into * COMBINE * wide)
        + channels * filters * (size.slide.taps * PACK + of * COMBINE * wide)
        + scalars * SCALAR
        + blocks * rows * out * (CALL + length * COMBINE * wide)
        + blocks * filters * size.places * (UNPACK_FILTERS if plan.by_filter else UNPACK)
    )


def _combining(stages: list[tuple[Stage, ...]], dims: list[int]) -> int:
    """How many vectors are added when stages are applied along every axis."""
    dims, done = list(dims), 0
    for axis, each in enumerate(stages):
        for stage in each:
            others = prod(dims[:axis]) * prod(dims[axis + 1 :])
            done += others * sum(map(len, stage))
            dims[axis] = len(stage)
    return done
