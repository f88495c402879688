"""Convolutions from packed maps to packed maps, which no number leaves or enters.

Every filter has a fixed point of its own: as fine as lets the largest sum that its inputs
could make fit in a lane. For a filter over several maps that is told by the inequality of
Cauchy and Schwarz. The inputs are taken as they are; weights, bias and output are rounded.
"""

from __future__ import annotations

from array import array
from functools import cached_property, partial
from itertools import compress, islice
from math import dist, floor, hypot, isfinite, ldexp, log2, sqrt
from operator import add, mul
from struct import Struct
from typing import TYPE_CHECKING, NamedTuple

from cnncalc.inference.kernels.bigint.lanes import WIDE, WORD, magic
from cnncalc.inference.kernels.bigint.ops import constant, zeros
from cnncalc.inference.kernels.bigint.packed_map import HALF, SUM_BITS
from cnncalc.inference.kernels.error_bounds import UP, usual

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from cnncalc.inference.kernels.bigint.map_window import MapWindow
    from cnncalc.inference.kernels.bigint.ops import MapAndError
    from cnncalc.inference.kernels.bigint.packed_map import PackedMap, PackedTensor

    Numbers = Sequence[float]


DIGIT = 28.99  # bits of a weight that Python multiplies a vector by in one pass, and a sign
LIFT = 1 << 29  # what makes weights positive: numbers of one sign are added up more quickly
TOGETHER = 1024  # filters whose weights are held at once


class FixedPointFilter(NamedTuple):
    """A filter in its fixed point."""

    weights: bytes
    fine: int  # the exponent of its sums
    limit: float  # that no sum is above, bias and all; 0 where all weights are
    bias: float
    off: float  # the most by which its sums are off because the maps are


class WindowSums:
    """Maps that a window slides over, all of them weighted and summed."""

    def __init__(self, x: PackedTensor, map_window: MapWindow, taps: int) -> None:
        seen = [index for index, plane in enumerate(x.planes) if plane.vector]
        self.planes = planes = [x.planes[index] for index in seen]
        views = [map_window.seen(plane) for plane in planes]
        self.map_window, self.off = map_window, x.off
        self.rows = [
            (further, [view for own in views for view in own[part]])
            for further, part in map_window.rows
        ]
        self.norm = hypot(*(plane.largest for plane in planes)) * sqrt(taps) * UP
        self.steps = taps * sum(plane.peak for plane in planes) + 1
        wide = taps // len(map_window.rows)
        places = [
            (index * taps + row + column, x.planes[index].exponent)
            for row in range(0, taps, wide)
            for index in seen
            for column in range(wide)
        ]
        self.order = [place for place, _ in places]
        self.exponents = [exponent for _, exponent in places]
        self.plain = self.order == list(range(taps * len(x.planes)))
        self.origin = (0.0,) * len(places)
        self.magics: dict[int, list[float]] = {}
        self.doubles = Struct(f"<{len(places)}d")
        self.halves = Struct("<" + "I4x" * len(places))  # of each double, the low 32 bits

    @property
    def dense(self) -> float:
        """The share of the maps' numbers that are not 0."""
        layout, count = self.map_window.source, max(1, len(self.planes))
        return 1 - sum(zeros(plane, layout) for plane in self.planes) / layout.lanes / count

    @cached_property
    def lift(self) -> int:
        """What the lifting of all weights adds to a sum."""
        return self._sum([LIFT] * len(self.order))

    @cached_property
    def coarsest(self) -> int:
        """The exponent of the largest steps."""
        return min(self.exponents)

    def mix(
        self, rows: Iterable[Numbers], biases: Numbers, *, across: bool = False
    ) -> Iterator[MapAndError | None]:
        """The output of each filter and the most by which any number is off; None if unknown.

        `across` takes a lane per filter on the way, and not one per place. That changes no
        number: all sums are exact.

        >>> from cnncalc.inference.kernels.im2col import SlidingWindow
        >>> from cnncalc.inference.kernels.bigint.packed_map import pack, unpacked
        >>> from cnncalc.inference.kernels.bigint.map_window import MapWindow
        >>> from cnncalc.shapes import Shape
        >>> from cnncalc.tensor import Tensor
        >>> from cnncalc.window import Window
        >>> x = pack(Tensor(Shape(2, (2,)), [1.0, 2.0, -4.0, 0.5]))
        >>> sums_of_maps = WindowSums(x, MapWindow(SlidingWindow((2,), (Window(1),)), x.layout), 1)
        >>> ((plane, error),) = sums_of_maps.mix([[1.0, 0.25]], [10.0])
        >>> unpacked(plane, x.layout), error < 1e-6
        ([10.0, 12.125], True)
        """
        way = self._across if across and self.planes else partial(map, self._along)
        prepared = map(self._filter, rows, biases)
        while some := list(islice(prepared, TOGETHER)):
            filters = [own for own in some if own]
            totals = iter(way(filters))
            for own in some:
                yield self._made(own, next(totals)) if own else None

    def _filter(self, row: Numbers, bias: float) -> FixedPointFilter | None:
        """A filter, its fixed point chosen; None where its numbers do not allow any."""
        row = tuple(row)
        off = self.off * sum(map(abs, row)) if self.off else 0.0
        if not self.plain:
            if not isfinite(sum(row)):
                return None
            row = tuple([row[place] for place in self.order])
        length = dist(row, self.origin) * UP
        if not length and isfinite(bias):
            return FixedPointFilter(self._rounded(row, 0), 0, 0.0, bias, off)
        limit = self.norm * length + abs(bias)
        if not (usual(length) and usual(limit)):
            return None
        fine = floor(min(SUM_BITS - 1 - log2(limit), DIGIT + self.coarsest - log2(length)))
        return FixedPointFilter(self._rounded(row, fine), fine, limit, bias, off)

    def _made(self, own: FixedPointFilter, total: int) -> MapAndError:
        """The output of a filter, of the weighted sum of all taps."""
        if not own.limit:
            plane, error = constant(own.bias, self.map_window.layout)
            return plane, error + own.off
        most = int(ldexp(own.limit, own.fine) + self.steps)
        made = self.map_window.rounded_sums(total, round(ldexp(own.bias, own.fine)), own.fine, most)
        return made, own.off + ldexp(self.steps / 2, -own.fine) + ldexp(0.5, -made.exponent)

    def _along(self, own: FixedPointFilter) -> int:
        """The weighted sum of the taps."""
        return self._sum(self.halves.unpack(own.weights)) - self.lift

    def _across(self, filters: Sequence[FixedPointFilter]) -> Iterator[int]:
        """The weighted sums of the maps, which a window of one place sees.

        The weights of all filters for a map are the lanes of a vector; the map's numbers, place
        by place, are what it is multiplied by; those that are 0 are passed over, and behind an
        activation they are many. Then filters and places change sides.
        """
        count, lanes = len(filters), self.map_window.layout.lanes
        low, offset = WIDE.each((1 << HALF) - 1, count), 1 << SUM_BITS
        words = array("Q", b"".join([own.weights for own in filters]))
        ((_, vectors),) = self.rows
        weights = [
            int.from_bytes(words[at :: len(vectors)], "little") & low for at in range(len(vectors))
        ]
        places = zip(*(WIDE.integers(vector, lanes) for vector in vectors), strict=True)
        ones, offsets = WIDE.each(1, count), WIDE.each(offset, count)
        sums = (
            sum(
                map(mul, filter(None, numbers), compress(weights, numbers)),
                offsets - ones * (every * LIFT),
            )
            for numbers, every in zip(places, WIDE.integers(sum(vectors), lanes), strict=True)
        )
        turned = array("Q", b"".join([total.to_bytes(count * WORD, "little") for total in sums]))
        offsets = WIDE.each(offset, lanes)
        for at in range(count):
            yield int.from_bytes(turned[at::count], "little") - offsets

    def _sum(self, weights: Sequence[int]) -> int:
        """The weighted sum of all taps of all maps, one row of taps after the other."""
        total, at = 0, 0
        for further, vectors in self.rows:
            own = weights[at : at + len(vectors)]
            total = sum(map(mul, own, vectors), total << further)
            at += len(vectors)
        return total

    def _rounded(self, row: Numbers, fine: int) -> bytes:
        """The weights, rounded and lifted; each is the low half of eight bytes."""
        return self.doubles.pack(*map(add, row, self._magics(fine)))

    def _magics(self, fine: int) -> list[float]:
        """What rounds each weight to steps that make 2^-fine of its map's lanes, and lifts it."""
        if fine not in self.magics:
            steps = [fine - exponent for exponent in self.exponents]
            self.magics[fine] = [magic(step) + ldexp(LIFT, -step) for step in steps]
        return self.magics[fine]


def filtered(
    map_window: MapWindow, plane: PackedMap, row: Numbers, bias: float, off: float = 0.0
) -> MapAndError | None:
    """The output of one filter on one map, and the most by which any number is off.

    The map's own numbers may be `off` by so much. None where the error is not known.
    """
    weight = sum(map(abs, row)) * UP
    if isfinite(weight + bias) and not (weight and plane.vector):
        made, error = constant(bias, map_window.layout)
        return made, error + off * weight
    peak = plane.peak
    limit = ldexp(peak, -plane.exponent) * weight + abs(bias)
    if not (usual(weight) and usual(limit)):
        return None
    steps = peak * len(row) + 1
    fine = floor(min(SUM_BITS - 1 - log2(limit), DIGIT + plane.exponent - log2(weight)))
    unit = ldexp(1.0, fine - plane.exponent)
    views, total = map_window.seen(plane), 0
    taps = iter([round(w * unit) for w in row])
    for further, part in map_window.rows:
        total = sum(map(mul, views[part], taps), total << further)
    most = int(ldexp(limit, fine) + steps)
    made = map_window.rounded_sums(total, round(ldexp(bias, fine)), fine, most)
    return made, off * weight + ldexp(steps / 2, -fine) + ldexp(0.5, -made.exponent)
