"""Convolutions from packed maps to packed maps, which no number leaves or enters.

Every filter has a fixed point of its own: as fine as lets the largest sum that its inputs
could make fit in a lane. For a filter over all maps that is told by the inequality of Cauchy
and Schwarz. The inputs are taken as they are; weights, bias and output are rounded.
"""

from __future__ import annotations

from functools import cached_property
from itertools import islice
from math import dist, floor, hypot, isfinite, ldexp, log2
from operator import mul
from typing import TYPE_CHECKING

from cnncalc.inference.kernels.bounds import UP
from cnncalc.inference.kernels.floats import usual
from cnncalc.inference.kernels.lanes import WIDE
from cnncalc.inference.kernels.lanewise import WIDTH, constant, dealt, settled
from cnncalc.inference.kernels.planes import ROOM, Layout
from cnncalc.window import Window

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnncalc.inference.kernels.grids import Slide
    from cnncalc.inference.kernels.lanewise import Outcome
    from cnncalc.inference.kernels.planes import Plane, Planes

    Numbers = Sequence[float]

PLANE = 2  # the axes of a map
DIGIT = 28.99  # bits of a weight that Python multiplies a vector by in one pass, and a sign
LIFT = 1 << 29  # what makes weights positive: numbers of one sign are added up more quickly
ROUND_UP = LIFT + 0.5
HALF_STEP = 0.5 + 1e-6  # by which a weight is off: adding ROUND_UP is itself rounded


class Mixer:
    """Maps that are to be weighted and summed, which is a convolution by 1x1."""

    def __init__(self, x: Planes) -> None:
        self.layout = x.layout
        self.seen = [index for index, plane in enumerate(x.planes) if plane.vector]
        self.planes = [x.planes[index] for index in self.seen]
        self.vectors = [plane.vector for plane in self.planes]
        self.norm = hypot(*(plane.largest for plane in self.planes)) * UP
        self.steps = sum(plane.peak for plane in self.planes) + 1
        self.some = len(self.seen) < len(x.planes)
        self.off = x.off
        self.lift = sum(self.vectors) * LIFT
        self.units: dict[int, list[float]] = {}

    @cached_property
    def coarsest(self) -> int:
        """The exponent of the largest steps."""
        return min(plane.exponent for plane in self.planes)

    def mix(self, row: Numbers, bias: float) -> Outcome | None:
        """The output of a filter and the most by which any number is off; None if unknown.

        >>> from cnncalc.inference.kernels.planes import pack, unpacked
        >>> from cnncalc.shapes import Shape
        >>> from cnncalc.tensor import Tensor
        >>> x = pack(Tensor(Shape(2, (2,)), [1.0, 2.0, -4.0, 0.5]))
        >>> plane, error = Mixer(x).mix([1.0, 0.25], 10.0)
        >>> unpacked(plane, x.layout), error < 1e-6
        ([10.0, 12.125], True)
        """
        if not isfinite(sum(row) + bias):
            return None
        off = self.off * sum(map(abs, row)) if self.off else 0.0
        if self.some:
            row = [row[index] for index in self.seen]
        length = dist(row, (0.0,) * len(row)) * UP
        if not length:
            plane, error = constant(bias, self.layout)
            return plane, error + off
        limit = self.norm * length + abs(bias)
        if not (usual(length) and usual(limit)):
            return None
        fine = floor(min(ROOM - 1 - log2(limit), DIGIT + self.coarsest - log2(length)))
        lifted = [
            weight * unit + ROUND_UP for weight, unit in zip(row, self._units(fine), strict=True)
        ]
        total = sum(map(mul, map(int, lifted), self.vectors)) - self.lift
        if start := round(ldexp(bias, fine)):
            total += self.layout.each(1) * start
        made = settled(total, fine, int(ldexp(limit, fine) + self.steps), self.layout)
        return made, off + ldexp(self.steps * HALF_STEP, -fine) + ldexp(0.5, -made.exponent)

    def _units(self, fine: int) -> list[float]:
        """What makes steps of 2^-fine of the product of a weight and a map's lanes."""
        if fine not in self.units:
            self.units[fine] = [ldexp(1.0, fine - plane.exponent) for plane in self.planes]
        return self.units[fine]


class Slider:
    """A window that slides over single maps, as in a depthwise convolution.

    With strides a map is dealt out into phases first: lane (i, j) of phase (p, q) is its
    number at (i·stride + p, j·stride + q). A tap reads one phase, some rows and columns away.
    Taps are put in place by shifts to the left, which are exact whatever the signs of the lanes
    are; so the output's first lane is found `at` lanes above the inputs'.
    """

    def __init__(self, slide: Slide, layout: Layout) -> None:
        """For a slide over one or two axes whose padding the gaps of the layout hold."""
        y, x = (Window(1), *slide.windows)[-PLANE:]
        high, wide = (1, *slide.counts)[-PLANE:]
        down, right = _cells(y), _cells(x)
        self.source, self.strides, pitch = layout, (y.stride, x.stride), layout.pitch
        (top, bottom), (left, last) = _ends(down), _ends(right)
        if self.strides != (1, 1):
            pitch = max(wide + max(0, last), -(-layout.columns // x.stride) - min(0, left))
        self.layout = Layout(high, wide, pitch)
        self.phases = sorted({(p, q) for p, _ in down for q, _ in right})
        self.rows = [
            (row, [(p, q, (last - column) * WIDTH) for q, column in right]) for p, row in down
        ]
        self.at = bottom * pitch + last
        rows = -(-layout.rows // y.stride) + bottom - top
        self.reach = max(rows * pitch + last - left, self.at + self.layout.lanes)

    def slide(self, plane: Plane, row: Numbers, bias: float, off: float = 0.0) -> Outcome | None:
        """The output of one filter on one map, and the most by which any number is off.

        The map's own numbers may be `off` by so much.
        """
        weight = sum(map(abs, row)) * UP
        if isfinite(weight + bias) and not (weight and plane.vector):
            made, error = constant(bias, self.layout)
            return made, error + off * weight
        limit = plane.largest * weight + abs(bias)
        if not (usual(weight) and usual(limit)):
            return None
        steps = plane.peak * len(row) + 1
        fine = floor(min(ROOM - 1 - log2(limit), DIGIT + plane.exponent - log2(weight)))
        unit = ldexp(1.0, fine - plane.exponent)
        total = self._sum(plane.vector, [round(w * unit) for w in row])
        if start := round(ldexp(bias, fine)):
            total += WIDE.each(1, self.reach) * start
        most = int(ldexp(limit, fine) + steps)
        made = settled(total, fine, most, self.layout, at=self.at, reach=self.reach)
        return made, off * weight + ldexp(steps / 2, -fine) + ldexp(0.5, -made.exponent)

    def _sum(self, vector: int, weights: list[int]) -> int:
        """The weighted sum of all taps; rows that are higher up in the map are shifted more."""
        phases = {(0, 0): vector}
        if self.strides != (1, 1):
            phases = dealt(vector, self.source, self.strides, self.phases, self.layout.pitch)
        beside: dict[tuple[int, int, int], int] = {}
        total, above, taps = 0, self.rows[0][0], iter(weights)
        for row, places in self.rows:
            for place in places:
                if place not in beside:
                    beside[place] = phases[place[:2]] << place[2]
            total <<= (row - above) * self.layout.pitch * WIDTH
            total += sum(map(mul, islice(taps, len(places)), map(beside.__getitem__, places)))
            above = row
        return total


def _cells(window: Window) -> list[tuple[int, int]]:
    """Per tap, the phase it reads, and which cell of it for the first output."""
    starts = range(-window.begin, window.extent - window.begin, window.dilation)
    return [(start % window.stride, start // window.stride) for start in starts]


def _ends(cells: list[tuple[int, int]]) -> tuple[int, int]:
    """The first and the last cell that taps read."""
    places = [cell for _, cell in cells]
    return min(places), max(places)


def gap_for(slide: Slide) -> int | None:
    """The zeros between rows that a slide needs for its padding; None where it is no such slide."""
    inside = all(window.begin < window.extent for window in slide.windows)
    if len(slide.windows) > PLANE or slide.mode != "zeros" or not inside:
        return None
    if any(window.stride > 1 for window in slide.windows):
        return 0  # the phases get gaps of their own
    x, size, count = slide.windows[-1], slide.spatial[-1], slide.counts[-1]
    return max(x.begin, count - 1 + x.extent - x.begin - size)
