"""Convolution on packed vectors.

Everything is a matrix product for each product j of the schemes: sums over the channels of
weights[j][filter][channel] · inputs[j][channel][position]. One side is packed, a vector per
channel with a lane per position or per filter; the other gives the small integers that the
vectors are multiplied by. All of it is exact but for the first step, rounding to fixed point;
`error_bounds` says how fine that is.
"""

from __future__ import annotations

from array import array
from functools import cache
from itertools import chain, islice, product
from math import ldexp, prod
from operator import mul
from typing import TYPE_CHECKING, NamedTuple

from cnncalc.inference.kernels.lanes import magic
from cnncalc.inference.kernels.tiling import grid
from cnncalc.inference.kernels.winograd import applied

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from cnncalc.inference.kernels.error_bounds import Steps
    from cnncalc.inference.kernels.lanes import Lanes
    from cnncalc.inference.kernels.tiling import Grid, Slide
    from cnncalc.inference.kernels.winograd import Scheme, Stage

    Numbers = Sequence[float]
    Stages = list[tuple[int, tuple[Stage, ...]]]  # an axis' size, and what is applied to it

TOGETHER = 8  # arrays of vectors combined at once: few enough to stay in a processor's cache


class Plan(NamedTuple):
    """How to work a convolution: a scheme per axis, the lanes and what they stand for."""

    slide: Slide
    schemes: tuple[Scheme, ...]
    lanes: Lanes
    by_filter: bool  # a lane per filter, or else per position
    block: int  # channels at once

    @property
    def scale(self) -> int:
        """What the schemes multiply every output by."""
        return prod(scheme.scale for scheme in self.schemes)

    @property
    def inputs(self) -> Stages:
        """Per axis, how many offsets there are, and what makes products of them."""
        return [(len(scheme.offsets), scheme.inputs) for scheme in self.schemes]

    @property
    def weights(self) -> Stages:
        """Per axis, how many taps there are, and what makes products of them."""
        windows = zip(self.slide.windows, self.schemes, strict=True)
        return [(window.kernel, scheme.weights) for window, scheme in windows]

    @property
    def outputs(self) -> Stages:
        """Per axis, how many sums of products there are, and what makes outputs of them."""
        return [(s.products if s.outputs else 1, s.outputs) for s in self.schemes]


@cache
def groups(schemes: tuple[Scheme, ...]) -> list[list[int]]:
    """The products to be added up together: those of axes without tiles.

    >>> from cnncalc.inference.kernels.winograd import scheme
    >>> groups((scheme(3, 1, 1, 1), scheme(1, 1, 1, 1))), len(groups((scheme(3, 1, 1, 2),)))
    ([[0, 1, 2]], 4)
    """
    together: dict[tuple[int, ...], list[int]] = {}
    for index, place in enumerate(product(*(range(scheme.products) for scheme in schemes))):
        key = tuple(i for i, scheme in zip(place, schemes, strict=True) if scheme.outputs)
        together.setdefault(key, []).append(index)
    return list(together.values())


def convolve(
    plan: Plan,
    planes: Sequence[Numbers],
    rows: Sequence[Numbers],
    biases: Numbers,
    fixed: Steps,
) -> Iterator[list[float]]:
    """Per filter, its output plane: its bias and what a block of channels adds up to."""
    factor = ldexp(1.0, plan.lanes.dropped - fixed.inputs - fixed.weights) / plan.scale
    zero = plan.lanes.offset * factor
    sums = _by_filter if plan.by_filter else _by_position
    every = sums(plan, grid(plan.slide, plan.schemes), planes, rows, fixed)
    for bias, plane in zip(biases, every, strict=True):
        start = bias - zero
        yield [value * factor + start for value in plane]


def _by_position(
    plan: Plan, table: Grid, planes: Sequence[Numbers], rows: Sequence[Numbers], fixed: Steps
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
    plan: Plan, table: Grid, planes: Sequence[Numbers], rows: Sequence[Numbers], fixed: Steps
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
    plan: Plan, packed: Sequence[list[int]], scalars: Sequence[Sequence[list[int]]]
) -> Iterator[list[int]]:
    """For each row of scalars, by product and channel: the packed outputs of a tile."""
    sums = []
    for group in groups(plan.schemes):
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


def _cells(plan: Plan, table: Grid, planes: Sequence[Numbers], exponent: int) -> list[int]:
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


def _taps(plan: Plan, rows: Sequence[Numbers], exponent: int) -> list[int]:
    """Per tap, one vector of all filters' weights, filter by filter and channel by channel."""
    plus, taps = magic(exponent), plan.slide.taps
    rounded = array("d", [value + plus for row in rows for value in row])
    zero = plan.lanes.zero(exponent, len(rounded) // taps)
    return [plan.lanes.raw(rounded[tap::taps]) - zero for tap in range(taps)]


def _taps_by_channel(plan: Plan, rows: Sequence[Numbers], exponent: int) -> Iterator[list[int]]:
    """Per channel and tap, a vector with a lane per filter."""
    plus, taps, wide = magic(exponent), plan.slide.taps, len(rows[0])
    zero = plan.lanes.zero(exponent, len(rows))
    rounded = array("d")
    for row in rows:
        rounded.fromlist([value + plus for value in row])
    for first in range(0, wide, taps):
        columns = [rounded[place::wide] for place in range(first, first + taps)]
        yield [plan.lanes.raw(column) - zero for column in columns]
