"""Pooling: every tap of the window is a whole plane, or a whole row, combined in C."""

from __future__ import annotations

from functools import partial, reduce
from itertools import product
from math import inf, isnan, nan, prod
from typing import TYPE_CHECKING, ClassVar

from cnncalc.inference.kernels.data_movement import order, strides
from cnncalc.inference.kernels.im2col import picker, sliding_window, taps
from cnncalc.inference.kernels.kernel import Kernel, KernelRate, larger, planes_of
from cnncalc.layers._math import maximum
from cnncalc.tensor import Tensor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from cnncalc.inference.kernels.im2col import SlidingWindow
    from cnncalc.window import Window

    Numbers = Sequence[float]
    Join = Callable[[Sequence[Numbers]], Numbers]


WINDOWS, WHOLE = KernelRate(5000, 140, inputs=True), KernelRate(0, 40, inputs=True)


class MaxPool(Kernel):
    """The largest number of each window; one axis after the other, the innermost first."""

    rate: ClassVar[KernelRate] = WINDOWS

    def __call__(self, inputs: Sequence[Tensor], parameters: Mapping[str, Numbers]) -> Tensor:
        """PackedMap by plane; the comparisons that let NaN win only where there may be one."""
        (x,) = inputs
        slide = sliding_window(self.layer, x.shape)
        values: list[float] = []
        for plane in planes_of(x):
            join = partial(reduce, larger) if isnan(sum(plane)) else highest
            values += _highest_of_windows(slide, plane, join)
        return Tensor(self.layer.output_shape(x.shape), values)


def highest(lines: Sequence[Numbers]) -> Numbers:
    """The largest at every place, of numbers that are not NaN.

    >>> highest([[1.0, 5.0], [3.0, 2.0], [2.0, 4.0], [0.0, 6.0]])
    [3.0, 6.0]
    """
    best, *rest = lines
    for a, b in zip(rest[::2], rest[1::2], strict=False):  # an odd one is left
        triples = zip(best, a, b, strict=True)
        # `max` would be slower.
        best = [(x if x > z else z) if x > y else y if y > z else z for x, y, z in triples]  # noqa: FURB136
    if len(rest) % 2:
        pairs = zip(best, rest[-1], strict=True)
        best = [x if x > y else y for x, y in pairs]  # noqa: FURB136 - as above
    return best


def _highest_of_windows(slide: SlidingWindow, plane: Numbers, join: Join) -> Numbers:
    """One map's windows."""
    *outer, last = slide.windows
    counts, sizes = slide.counts, slide.spatial
    rows, pitch = _along_rows(plane, last, sizes[-1], join)
    keep, best = counts[-1], rows
    for axis in reversed(range(len(outer))):
        best = _along_axis(best, (sizes[axis], pitch, keep), outer[axis], join)
        keep = pitch = counts[axis] * keep
    return best[:keep]


def _along_rows(plane: Numbers, window: Window, size: int, join: Join) -> tuple[Numbers, int]:
    """The windows within every row, and how far apart the rows then are.

    With rows as long as a multiple of the stride, a tap of all windows of the map is a slice.
    """
    reach = (window.count(size) - 1) * window.stride + window.extent
    wide = -(-reach // window.stride) * window.stride
    if wide != size or window.begin:
        before, behind = [-inf] * window.begin, [-inf] * (wide - size)
        padded: list[float] = []
        for at in range(0, len(plane), size):
            padded += before
            padded += plane[at : at + min(size, wide - window.begin)]
            padded += behind[window.begin :]
        plane = padded
    last = len(plane) - window.extent + 1
    starts = range(0, window.extent, window.dilation)
    lines = [plane[at : last + at : window.stride] for at in starts]
    return join(lines), wide // window.stride


def _along_axis(
    values: Numbers, sizes: tuple[int, int, int], window: Window, join: Join
) -> Numbers:
    """The windows along an outer axis of so many slabs, so far apart, so much of each kept."""
    size, pitch, keep = sizes
    nothing = [-inf] * keep
    starts = range(0, window.count(size) * window.stride, window.stride)
    lines = []
    for ahead in range(-window.begin, window.extent - window.begin, window.dilation):
        places = [start + ahead for start in starts]
        line: list[float] = []
        for first in range(0, len(values), size * pitch):
            slabs = [first + at * pitch if 0 <= at < size else None for at in places]
            for at in slabs:
                line += nothing if at is None else values[at : at + keep]
        lines.append(line)
    return join(lines)


class SumPool(Kernel):
    """The sum of each window, in the layer type's order."""

    rate: ClassVar[KernelRate] = WINDOWS

    def __call__(self, inputs: Sequence[Tensor], parameters: Mapping[str, Numbers]) -> Tensor:
        """Add up the taps, plane by plane."""
        (x,) = inputs
        slide = sliding_window(self.layer, x.shape)
        values = [total for plane in planes_of(x) for total in _sums(slide, plane)]
        return Tensor(self.layer.output_shape(x.shape), values)


class AvgPool(Kernel):
    """The sum of each window, over what the layer type's own rule says."""

    rate: ClassVar[KernelRate] = WINDOWS

    def __call__(self, inputs: Sequence[Tensor], parameters: Mapping[str, Numbers]) -> Tensor:
        """Add up the taps, plane by plane, and divide."""
        (x,) = inputs
        slide = sliding_window(self.layer, x.shape)
        inside = list(map(int, _sums(slide, [1.0] * prod(slide.spatial))))
        divisors = self.layer.divisors(x.shape, inside)
        values: list[float] = []
        for plane in planes_of(x):
            sums = zip(_sums(slide, plane), divisors, strict=True)
            values += [total / divisor for total, divisor in sums]
        return Tensor(self.layer.output_shape(x.shape), values)


def _sums(slide: SlidingWindow, plane: Numbers) -> Iterator[float]:
    padded = [*plane, 0.0]
    return map(sum, zip(*(pick(padded) for pick in taps(slide)), strict=True))


class AdaptivePool(Kernel):
    """The mean or the largest number of windows of any sizes."""

    rate: ClassVar[KernelRate] = WHOLE

    def __call__(self, inputs: Sequence[Tensor], parameters: Mapping[str, Numbers]) -> Tensor:
        """Window by window, each taken out of its plane in C."""
        (x,) = inputs
        out = self.layer.output_shape(x.shape)
        axes = zip(self.layer.bins(x.shape), strides(x.shape.spatial), strict=True)
        steps = [[[at * step for at in window] for window in bins] for bins, step in axes]
        windows = [(picker(places), len(places)) for places in map(order, product(*steps))]
        values: list[float] = []
        for plane in planes_of(x):
            if self.layer.kind == "max":
                join = maximum if isnan(sum(plane)) else max
                values += [join(pick(plane)) for pick, _ in windows]
            else:
                values += [sum(pick(plane), 0.0) / count for pick, count in windows]
        return Tensor(out, values)


class Gap(Kernel):
    """The mean of each map."""

    rate: ClassVar[KernelRate] = WHOLE

    def __call__(self, inputs: Sequence[Tensor], parameters: Mapping[str, Numbers]) -> Tensor:
        """One number per plane."""
        (x,) = inputs
        values = [sum(plane, 0.0) / len(plane) for plane in planes_of(x)]
        return Tensor(self.layer.output_shape(x.shape), values)


class Gmp(Kernel):
    """The largest number of each map; NaN wins."""

    rate: ClassVar[KernelRate] = WHOLE

    def __call__(self, inputs: Sequence[Tensor], parameters: Mapping[str, Numbers]) -> Tensor:
        """One number per plane."""
        (x,) = inputs
        values = [nan if any(map(isnan, plane)) else max(plane) for plane in planes_of(x)]
        return Tensor(self.layer.output_shape(x.shape), values)
