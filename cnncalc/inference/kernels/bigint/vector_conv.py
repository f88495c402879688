"""Convolution on packed vectors.

Everything is a matrix product for each product j of the tilings: sums over the channels of
weights[j][filter][channel] · inputs[j][channel][position]. One side is packed, a vector per
channel with a lane per position or per filter; the other gives the small integers that the
vectors are multiplied by. All of it is exact but for the first step, rounding to fixed point.

How fine that can be, and how far it is off at most: let X be the largest 2-norm of what any
window sees, W that of any filter, N the products per output. Inputs are rounded to multiples of
2^-x, weights to multiples of 2^-w, each off by at most half a step; so by Cauchy and Schwarz an
output is off by at most sqrt(N)/2·(W·2^-x + X·2^-w) + N/4·2^-(x + w), and in steps it is at most
(X·2^x + sqrt(N)/2)·(W·2^w + sqrt(N)/2), which times the tiling's scale must fit in a lane.
"""

from __future__ import annotations

from array import array
from itertools import chain, islice
from math import dist, floor, hypot, isfinite, ldexp, log2, nan, prod, sqrt
from operator import mul
from typing import TYPE_CHECKING, NamedTuple

from cnncalc.inference.kernels.bigint.lanes import magic
from cnncalc.inference.kernels.bigint.tiling import PackedLayout, grid, groups
from cnncalc.inference.kernels.bigint.winograd import applied
from cnncalc.inference.kernels.error_bounds import UP, usual

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from cnncalc.inference.kernels.bigint.tiling import TileGrid
    from cnncalc.inference.kernels.bigint.winograd import Stage

    Numbers = Sequence[float]
    Stages = list[tuple[int, tuple[Stage, ...]]]  # an axis' size, and what is applied to it


TOGETHER = 8  # arrays of vectors combined at once: few enough to stay in a processor's cache


def convolve(
    plan: PackedLayout,
    planes: Sequence[Numbers],
    rows: Sequence[Numbers],
    biases: Numbers,
    fixed: FixedPoint,
) -> Iterator[list[float]]:
    """Per filter, its output plane: its bias and what a block of channels adds up to."""
    factor = ldexp(1.0, plan.lanes.dropped - fixed.inputs - fixed.weights) / plan.scale
    zero = plan.lanes.offset * factor
    sums = _by_filter if plan.by_filter else _by_position
    every = sums(plan, grid(plan.slide, plan.tilings), planes, rows, fixed)
    for bias, plane in zip(biases, every, strict=True):
        start = bias - zero
        yield [value * factor + start for value in plane]


def _by_position(
    plan: PackedLayout,
    table: TileGrid,
    planes: Sequence[Numbers],
    rows: Sequence[Numbers],
    fixed: FixedPoint,
) -> Iterator[Numbers]:
    """A vector per channel and lane per position; row by row the weights multiply it."""
    channels, lanes = len(planes), plan.lanes
    cells = _batched(plan.inputs, (_cells(plan, table, [own], fixed.inputs) for own in planes))
    taps = _along(plan.weights, _taps(plan, rows, fixed.weights))
    unpacked = [lanes.integers(vector, len(rows) * channels) for vector in taps]
    scalars = [
        [numbers[first : first + channels] for numbers in unpacked]
        for first in range(0, len(rows) * channels, channels)
    ]
    for vectors in _products(plan, cells, scalars):
        found: list[float] = []
        for vector in vectors:
            found += lanes.doubles(vector, table.lanes)
        yield table.finder(found)


def _by_filter(
    plan: PackedLayout,
    table: TileGrid,
    planes: Sequence[Numbers],
    rows: Sequence[Numbers],
    fixed: FixedPoint,
) -> Iterator[Numbers]:
    """A vector per channel and lane per filter; tile by tile the inputs multiply it."""
    lanes, count = plan.lanes, len(planes) * table.cells
    cells = _along(plan.inputs, _cells(plan, table, planes, fixed.inputs))
    unpacked = [lanes.integers(vector, count) for vector in cells]
    scalars = [[numbers[tile :: table.cells] for numbers in unpacked] for tile in table.tiles]
    taps = _batched(plan.weights, _taps_by_channel(plan, rows, fixed.weights))
    columns: list[Numbers] = [()] * (len(table.windows) * table.lanes)
    for tile, vectors in zip(table.tiles, _products(plan, taps, scalars), strict=True):
        for inside, vector in enumerate(vectors):
            columns[inside * table.lanes + tile] = lanes.doubles(vector, len(rows))
    yield from zip(*table.finder(columns), strict=True)


def _products(
    plan: PackedLayout, packed: Sequence[list[int]], scalars: Sequence[Sequence[list[int]]]
) -> Iterator[list[int]]:
    """For each row of scalars, by product and channel: the packed outputs of a tile."""
    sums = []
    for group in groups(plan.tilings):
        vectors = [vector for j in group for vector in packed[j]]
        rows = ([number for j in group for number in row[j]] for row in scalars)
        sums.append([sum(map(mul, row, vectors)) for row in rows])
    for first in range(0, len(scalars), TOGETHER):
        some = [each[first : first + TOGETHER] for each in sums]
        outputs, count = _along(plan.outputs, list(chain.from_iterable(some))), len(some[0])
        for row in range(count):
            yield outputs[row::count]


def _along(stages: Stages, values: list[int]) -> list[int]:
    """The stages of every axis applied to arrays of vectors, which lie side by side."""
    dims = [size for size, _ in stages]
    dims.append(len(values) // prod(dims))
    for axis, (_, each) in enumerate(stages):
        values = applied(each, values, dims, axis)
    return values


def _batched(stages: Stages, every: Iterable[list[int]]) -> list[list[int]]:
    """The stages applied to each channel's array: per product, the vectors of all channels."""
    made: list[list[int]] = []
    channels = iter(every)
    while some := list(islice(channels, TOGETHER)):
        done = _along(stages, [vector for place in zip(*some, strict=True) for vector in place])
        made = made or [[] for _ in range(len(done) // len(some))]
        for index, vectors in enumerate(made):
            vectors.extend(done[index * len(some) : (index + 1) * len(some)])
    return made


def _cells(
    plan: PackedLayout, table: TileGrid, planes: Sequence[Numbers], exponent: int
) -> list[int]:
    """What the windows see at every offset, the planes one after the other in one vector."""
    plus, lanes = magic(exponent), plan.lanes
    beyond = max(shift for _, shift in table.offsets)
    count = len(planes) * table.cells if len(planes) > 1 else table.lanes
    zero, mask = lanes.zero(exponent, count), (1 << count * lanes.width) - 1
    cells: list[list[float]] = [[] for _ in table.pickers]
    for plane in planes:
        rounded = [value + plus for value in plane]
        rounded.append(plus)
        for phase, pick in zip(cells, table.pickers, strict=True):
            phase.extend(pick(rounded))
    if len(planes) > 1:
        for phase in cells:
            phase.extend([plus] * beyond)
    phases = [lanes.raw(phase) for phase in cells]
    return [
        ((phases[phase] >> shift * lanes.width) & mask) - zero for phase, shift in table.offsets
    ]


def _taps(plan: PackedLayout, rows: Sequence[Numbers], exponent: int) -> list[int]:
    """Per tap, one vector of all filters' weights, filter by filter and channel by channel."""
    plus, taps = magic(exponent), plan.slide.taps
    rounded = array("d", [value + plus for row in rows for value in row])
    zero = plan.lanes.zero(exponent, len(rounded) // taps)
    return [plan.lanes.raw(rounded[tap::taps]) - zero for tap in range(taps)]


def _taps_by_channel(
    plan: PackedLayout, rows: Sequence[Numbers], exponent: int
) -> Iterator[list[int]]:
    """Per channel and tap, a vector with a lane per filter."""
    plus, taps, wide = magic(exponent), plan.slide.taps, len(rows[0])
    zero = plan.lanes.zero(exponent, len(rows))
    rounded = array("d")
    for row in rows:
        rounded.fromlist([value + plus for value in row])
    for first in range(0, wide, taps):
        columns = [rounded[place::wide] for place in range(first, first + taps)]
        yield [plan.lanes.raw(column) - zero for column in columns]


class OperandNorms(NamedTuple):
    """The largest 2-norm that a window sees, and that of a filter; products per output."""

    inputs: float
    weights: float
    terms: int

    @property
    def finite(self) -> bool:
        """Whether there is neither an infinity nor a NaN."""
        return isfinite(self.inputs) and isfinite(self.weights)

    @property
    def usual(self) -> bool:
        """Whether neither is zero, or absurdly large or small."""
        return usual(self.inputs) and usual(self.weights)


class FixedPoint(NamedTuple):
    """The fixed point of a block: inputs in steps of 2^-inputs, weights of 2^-weights."""

    inputs: int
    weights: int

    def error(self, norms: OperandNorms, plan: PackedLayout) -> float:
        """The most by which any output of the block is off."""
        x, w = ldexp(1.0, -self.inputs), ldexp(1.0, -self.weights)
        rounding = sqrt(norms.terms) / 2 * (norms.weights * x + norms.inputs * w)
        dropped = 3 * ldexp(x * w, plan.lanes.dropped) / plan.scale  # by unpacking
        return (rounding + norms.terms / 4 * x * w + dropped) * UP


def operand_norms(
    plan: PackedLayout, planes: Sequence[Numbers], rows: Sequence[Numbers]
) -> OperandNorms:
    """The norms of a block: its planes, and every filter's row of weights for it."""
    table = grid(plan.slide, plan.tilings)
    energy = [norm * norm for norm in map(hypot, *planes)]
    energy.append(0.0)
    phases = [pick(energy) for pick in table.pickers]
    seen = [phases[phase][shift : shift + table.lanes] for phase, shift in table.offsets]
    highest = max(
        max(map(sum, zip(*(seen[tap] for tap in window), strict=True))) for window in table.windows
    )
    origin = (0.0,) * len(rows[0])
    filters = [dist(row, origin) for row in rows]
    inputs = sqrt(highest) * UP if isfinite(sum(energy)) else nan
    weights = max(filters) * UP if isfinite(sum(filters)) else nan
    return OperandNorms(inputs, weights, len(planes) * plan.slide.taps)


def fixed_point(norms: OperandNorms, plan: PackedLayout) -> FixedPoint | None:
    """The finest fixed point whose sums fit in the lanes; None where there is none.

    Both sides get the same precision, which makes the bound smallest.
    """
    limit, slack = ldexp(1.0, plan.lanes.width - 1) / plan.scale, sqrt(norms.terms) / 2
    if not norms.usual or sqrt(limit) < 4 * slack:
        return None
    inputs = floor(log2(sqrt(limit) - slack) - log2(norms.inputs))
    left = limit / (ldexp(norms.inputs, inputs) + slack) - slack
    weights = floor(log2(left) - log2(norms.weights) - 1e-9)
    return FixedPoint(inputs, weights)
