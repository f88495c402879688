"""What the taps of a window see of a packed map, put in place so that it adds up to the output.

With strides a map is dealt_phases out into phases first: lane (i, j) of phase (p, q) is its number
at (i·stride + p, j·stride + q). A tap reads one phase, some rows and columns away.
"""

from __future__ import annotations

from functools import cached_property
from operator import sub
from typing import TYPE_CHECKING

from cnncalc.inference.kernels.bigint.lanes import WORD
from cnncalc.inference.kernels.bigint.ops import WIDTH, dealt_phases, rounded_sums
from cnncalc.inference.kernels.bigint.packed_map import BIAS, SUM_BITS, MapLayout
from cnncalc.window import Window

if TYPE_CHECKING:
    from cnncalc.inference.kernels.bigint.packed_map import PackedMap
    from cnncalc.inference.kernels.im2col import SlidingWindow


PLANE = 2  # the axes of a map


class MapWindow:
    """A window that slides over maps of a layout.

    `rows` tells of every row of taps by how many bits the sum of the rows above it is shifted
    before its own products are added, and which part of what is `seen` is its own.

    All shifts are to the left, which is exact whatever the signs of the lanes are; so the
    output's first lane is found `at` lanes above the inputs'. Numbers that a shift by columns
    would bring into the rows above or below are masked off, for which lanes that may be negative
    are lifted, and lowered again.
    """

    def __init__(self, slide: SlidingWindow, layout: MapLayout) -> None:
        """For a slide that `slides`."""
        y, x = (Window(1), *slide.windows)[-PLANE:]
        self.single = slide.single
        high, wide = (1, *slide.counts)[-PLANE:]
        if self.single:
            high, wide = layout.rows, layout.columns
        down, right = _cells(y), _cells(x)
        (top, bottom), (_, last) = _ends(down), _ends(right)
        self.source, self.strides, self.layout = layout, (y.stride, x.stride), MapLayout(high, wide)
        self.pitch = pitch = max(wide, -(-layout.columns // x.stride))
        self.phases = sorted({(p, q) for p, _ in down for q, _ in right})
        self.dealt_phases = self.strides != (1, 1) or pitch > layout.columns
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
        self.wide = MapLayout(high, pitch)
        self.reach = MapLayout(1, self.at + self.wide.lanes)

    @cached_property
    def ground(self) -> list[list[int]]:
        """What is seen of the lift of lanes that may be negative."""
        return self._seen(self.source.each(BIAS))

    def _mask(self, rows: int, phase: int, column: int) -> int:
        """What a tap reads of a phase, so many columns away: all but what would wrap around."""
        stride, wide, pitch = self.strides[1], self.layout.columns, self.pitch
        first = max(0, wide + column - pitch)
        end = min(-(-(self.source.columns - phase) // stride), pitch + column)
        row = ((1 << max(0, end - first) * WIDTH) - 1) << (first * WIDTH)
        return int.from_bytes(row.to_bytes(pitch * WORD, "little") * rows, "little")

    def seen(self, plane: PackedMap) -> list[list[int]]:
        """What the taps of a row see of a map, for each row of phases."""
        if self.single:
            return [[plane.vector]]
        if plane.low >= 0:
            return self._seen(plane.vector)
        lifted = self._seen(plane.vector + self.source.each(BIAS))
        return [list(map(sub, *own)) for own in zip(lifted, self.ground, strict=True)]

    def rounded_sums(self, total: int, start: int, exponent: int, limit: int) -> PackedMap:
        """The output, of the sum of all rows and of what every output starts from."""
        reach = self.reach
        if start:
            total += reach.each(1) * start
        if self.pitch > self.layout.columns:
            total, reach = self._narrowed(total), self.layout
        return rounded_sums(total, exponent, limit, self.layout, reach)

    def _seen(self, vector: int) -> list[list[int]]:
        """What rows of taps see of lanes that are not negative, put in place; per rows' phase."""
        phases = [vector]
        if self.dealt_phases:
            phases = dealt_phases(vector, self.source, self.strides, self.phases, self.pitch)
        return [
            [(phases[phase] & mask) << shift for phase, mask, shift in row] for row in self.views
        ]

    def _narrowed(self, total: int) -> int:
        """The rows of the output one after the other."""
        lift = 1 << SUM_BITS
        lifted = (total + self.reach.each(lift)) >> (self.at * WIDTH)
        lifted &= self.wide.each((1 << WIDTH) - 1)
        (rows,) = dealt_phases(lifted, self.wide, (1, 1), [(0, 0)], self.layout.columns)
        return rows - self.layout.each(lift)


def _cells(window: Window) -> list[tuple[int, int]]:
    """Per tap, the phase it reads, and which cell of it for the first output."""
    starts = range(-window.begin, window.extent - window.begin, window.dilation)
    return [(start % window.stride, start // window.stride) for start in starts]


def _ends(cells: list[tuple[int, int]]) -> tuple[int, int]:
    """The first and the last cell that taps read."""
    places = [cell for _, cell in cells]
    return min(places), max(places)


def slides(slide: SlidingWindow) -> bool:
    """Whether a `MapWindow` serves a slide.

    That is, over one or two axes, and never over nothing but zeros; or place by place.
    """
    inside = all(window.begin < window.extent for window in slide.windows)
    return slide.single or (len(slide.windows) <= PLANE and slide.mode == "zeros" and inside)
