"""Convolutions from packed maps to packed maps, which no number leaves or enters.

Every filter has a fixed point of its own: as fine as lets the largest sum that its inputs
could make fit in a lane. For a filter over all maps that is told by the inequality of Cauchy
and Schwarz. The inputs are taken as they are; weights, bias and output are rounded.
"""

from __future__ import annotations

from functools import cached_property
from math import dist, floor, hypot, isfinite, ldexp, log2
from operator import add, mul, sub
from struct import Struct
from typing import TYPE_CHECKING

from cnncalc.inference.kernels.bounds import UP
from cnncalc.inference.kernels.floats import usual
from cnncalc.inference.kernels.lanes import WORD, magic
from cnncalc.inference.kernels.lanewise import WIDTH, constant, dealt, settled
from cnncalc.inference.kernels.planes import BIAS, ROOM, Layout
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
        self.magics: dict[int, list[float]] = {}
        self.doubles = Struct(f"<{len(self.planes)}d")
        self.halves = Struct("<" + "I4x" * len(self.planes))  # of each double, the low 32 bits

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
        rounded = self.doubles.pack(*map(add, row, self._magics(fine)))
        total = sum(map(mul, self.halves.unpack(rounded), self.vectors)) - self.lift
        if start := round(ldexp(bias, fine)):
            total += self.layout.each(1) * start
        made = settled(total, fine, int(ldexp(limit, fine) + self.steps), self.layout)
        return made, off + ldexp(self.steps / 2, -fine) + ldexp(0.5, -made.exponent)

    def _magics(self, fine: int) -> list[float]:
        """What rounds a map's weight to steps that make 2^-fine of its lanes, and lifts it."""
        if fine not in self.magics:
            steps = [fine - plane.exponent for plane in self.planes]
            self.magics[fine] = [magic(step) + ldexp(LIFT, -step) for step in steps]
        return self.magics[fine]


class Slider:
    """A window that slides over single maps, as in a depthwise convolution.

    With strides a map is dealt out into phases first: lane (i, j) of phase (p, q) is its
    number at (i·stride + p, j·stride + q). A tap reads one phase, some rows and columns away.
    Taps are put in place by shifts to the left, which are exact whatever the signs of the lanes
    are; so the output's first lane is found `at` lanes above the inputs'. Numbers that a shift
    by columns would bring into the rows above or below are masked off, for which lanes that may
    be negative are lifted, and lowered again.
    """

    def __init__(self, slide: Slide, layout: Layout) -> None:
        """For a slide that `slides`."""
        y, x = (Window(1), *slide.windows)[-PLANE:]
        high, wide = (1, *slide.counts)[-PLANE:]
        down, right = _cells(y), _cells(x)
        (top, bottom), (_, last) = _ends(down), _ends(right)
        self.source, self.strides, self.layout = layout, (y.stride, x.stride), Layout(high, wide)
        self.pitch = pitch = max(wide, -(-layout.columns // x.stride))
        self.phases = sorted({(p, q) for p, _ in down for q, _ in right})
        self.dealt = self.strides != (1, 1) or pitch > layout.columns
        rows, parts = -(-layout.rows // y.stride), sorted({p for p, _ in down})
        masks = [self._mask(rows, q, column) for q, column in right]
        shifts = [(last - column) * WIDTH for _, column in right]
        self.views = [
            list(zip([self.phases.index((p, q)) for q, _ in right], masks, shifts, strict=True))
            for p in parts
        ]
        above = [top, *(row for _, row in down)]
        self.rows = [
            ((row - before) * pitch * WIDTH, parts.index(p))
            for before, (p, row) in zip(above, down, strict=False)
        ]
        self.at = bottom * pitch + last
        self.wide = Layout(high, pitch)
        self.reach = Layout(1, self.at + self.wide.lanes)
        self.ground = self._seen(layout.each(BIAS))

    def _mask(self, rows: int, phase: int, column: int) -> int:
        """What a tap reads of a phase, so many columns away: all but what would wrap around."""
        stride, wide, pitch = self.strides[1], self.layout.columns, self.pitch
        first = max(0, wide + column - pitch)
        end = min(-(-(self.source.columns - phase) // stride), pitch + column)
        row = ((1 << max(0, end - first) * WIDTH) - 1) << (first * WIDTH)
        return int.from_bytes(row.to_bytes(pitch * WORD, "little") * rows, "little")

    def slide(self, plane: Plane, row: Numbers, bias: float, off: float = 0.0) -> Outcome | None:
        """The output of one filter on one map, and the most by which any number is off.

        The map's own numbers may be `off` by so much.
        """
        weight = sum(map(abs, row)) * UP
        if isfinite(weight + bias) and not (weight and plane.vector):
            made, error = constant(bias, self.layout)
            return made, error + off * weight
        peak = plane.peak
        limit = ldexp(peak, -plane.exponent) * weight + abs(bias)
        if not (usual(weight) and usual(limit)):
            return None
        steps = peak * len(row) + 1
        fine = floor(min(ROOM - 1 - log2(limit), DIGIT + plane.exponent - log2(weight)))
        unit = ldexp(1.0, fine - plane.exponent)
        total, reach = self._sum(plane, [round(w * unit) for w in row]), self.reach
        if start := round(ldexp(bias, fine)):
            total += reach.each(1) * start
        if self.pitch > self.layout.columns:
            total, reach = self._narrowed(total), self.layout
        made = settled(total, fine, int(ldexp(limit, fine) + steps), self.layout, reach)
        return made, off * weight + ldexp(steps / 2, -fine) + ldexp(0.5, -made.exponent)

    def _sum(self, plane: Plane, weights: list[int]) -> int:
        """The weighted sum of all taps; rows that are higher up in the map are shifted more."""
        if plane.low < 0:
            lifted = self._seen(plane.vector + self.source.each(BIAS))
            views = [list(map(sub, *own)) for own in zip(lifted, self.ground, strict=True)]
        else:
            views = self._seen(plane.vector)
        total, taps = 0, iter(weights)
        for further, part in self.rows:
            total = sum(map(mul, views[part], taps), total << further)
        return total

    def _seen(self, vector: int) -> list[list[int]]:
        """What rows of taps see of lanes that are not negative, put in place; per rows' phase."""
        phases = [vector]
        if self.dealt:
            phases = dealt(vector, self.source, self.strides, self.phases, self.pitch)
        return [
            [(phases[phase] & mask) << shift for phase, mask, shift in row] for row in self.views
        ]

    def _narrowed(self, total: int) -> int:
        """The rows of the output one after the other."""
        room = 1 << ROOM
        lifted = (total + self.reach.each(room)) >> (self.at * WIDTH)
        lifted &= self.wide.each((1 << WIDTH) - 1)
        (rows,) = dealt(lifted, self.wide, (1, 1), [(0, 0)], self.layout.columns)
        return rows - self.layout.each(room)


def _cells(window: Window) -> list[tuple[int, int]]:
    """Per tap, the phase it reads, and which cell of it for the first output."""
    starts = range(-window.begin, window.extent - window.begin, window.dilation)
    return [(start % window.stride, start // window.stride) for start in starts]


def _ends(cells: list[tuple[int, int]]) -> tuple[int, int]:
    """The first and the last cell that taps read."""
    places = [cell for _, cell in cells]
    return min(places), max(places)


def slides(slide: Slide) -> bool:
    """Whether a `Slider` serves a slide: over one or two axes, and never over nothing but zeros."""
    inside = all(window.begin < window.extent for window in slide.windows)
    return len(slide.windows) <= PLANE and slide.mode == "zeros" and inside
