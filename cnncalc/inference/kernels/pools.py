"""Pooling: every tap of the window is a whole plane, taken out and combined in C."""

from __future__ import annotations

from functools import reduce
from math import inf, isnan, nan, prod
from typing import TYPE_CHECKING

from cnncalc.inference.kernels.floats import taps
from cnncalc.inference.kernels.grids import Slide, slide_of
from cnncalc.inference.kernels.kernel import Kernel, planes_of
from cnncalc.inference.kernels.merges import larger
from cnncalc.tensor import Tensor
from cnncalc.window import Window

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    Numbers = Sequence[float]


class MaxPool(Kernel):
    """The largest number of each window; one axis after the other, the innermost first."""

    def __call__(self, inputs: Sequence[Tensor], parameters: Mapping[str, Numbers]) -> Tensor:
        """Compare the taps, plane by plane; padding is minus infinity."""
        (x,) = inputs
        values: list[float] = []
        passes = _passes(slide_of(self.layer, x.shape))
        for plane in planes_of(x):
            best = plane
            for slide in passes:
                padded = [*best, -inf]
                best = reduce(larger, [list(pick(padded)) for pick in taps(slide)])
            values += best
        return Tensor(self.layer.output_shape(x.shape), values)


def _passes(slide: Slide) -> list[Slide]:
    """Slides along one axis each; the axes done before have their output's size."""
    still, sizes, made = Window(1), list(slide.spatial), []
    for axis in reversed(range(len(sizes))):
        windows = [still] * len(sizes)
        windows[axis] = slide.windows[axis]
        made.append(Slide(tuple(sizes), tuple(windows)))
        sizes[axis] = slide.counts[axis]
    return made


class SumPool(Kernel):
    """The sum of each window, in the room's order."""

    def __call__(self, inputs: Sequence[Tensor], parameters: Mapping[str, Numbers]) -> Tensor:
        """Add up the taps, plane by plane."""
        (x,) = inputs
        slide = slide_of(self.layer, x.shape)
        values = [total for plane in planes_of(x) for total in _sums(slide, plane)]
        return Tensor(self.layer.output_shape(x.shape), values)


class AvgPool(Kernel):
    """The sum of each window, over what the room's own rule says."""

    def __call__(self, inputs: Sequence[Tensor], parameters: Mapping[str, Numbers]) -> Tensor:
        """Add up the taps, plane by plane, and divide."""
        (x,) = inputs
        slide = slide_of(self.layer, x.shape)
        inside = list(map(int, _sums(slide, [1.0] * prod(slide.spatial))))
        divisors = self.layer._divisors(x.shape, inside)  # noqa: SLF001 - told once, in the room
        values: list[float] = []
        for plane in planes_of(x):
            sums = zip(_sums(slide, plane), divisors, strict=True)
            values += [total / divisor for total, divisor in sums]
        return Tensor(self.layer.output_shape(x.shape), values)


def _sums(slide: Slide, plane: Numbers) -> Iterator[float]:
    padded = [*plane, 0.0]
    return map(sum, zip(*(pick(padded) for pick in taps(slide)), strict=True))


class Gmp(Kernel):
    """The largest number of each map; NaN wins."""

    def __call__(self, inputs: Sequence[Tensor], parameters: Mapping[str, Numbers]) -> Tensor:
        """One number per plane."""
        (x,) = inputs
        values = [nan if any(map(isnan, plane)) else max(plane) for plane in planes_of(x)]
        return Tensor(self.layer.output_shape(x.shape), values)
