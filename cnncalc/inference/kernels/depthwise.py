"""Depthwise convolution on packed planes: every map its own vector, every tap a shift of it.

There are few products per number here, so that getting numbers in and out of vectors is most
of the work. The zero that packing adds to every lane is therefore not taken off each tap, but
once from the sum. The bound on the error is that of `packed`, X being sqrt(N) times the
largest input.
"""

from __future__ import annotations

from math import dist, isfinite, ldexp, nan, prod, sqrt
from operator import mul
from typing import TYPE_CHECKING

from cnncalc.inference.kernels.bounds import UP, Norms, Steps, steps
from cnncalc.inference.kernels.convolution import Convolution, Part, grouped
from cnncalc.inference.kernels.floats import EPSILON
from cnncalc.inference.kernels.grids import grid, slide_of
from cnncalc.inference.kernels.groups import Made, astray, joined, numbers
from cnncalc.inference.kernels.kernel import largest
from cnncalc.inference.kernels.lanes import WIDE, magic
from cnncalc.inference.kernels.packed import Plan
from cnncalc.inference.kernels.schemes import scheme
from cnncalc.shapes import Shape
from cnncalc.tensor import Tensor

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from cnncalc.inference.kernels.grids import Slide
    from cnncalc.inference.kernels.schemes import Scheme

    Numbers = Sequence[float]

# Bits that are not needed: with them, weights would no longer be single digits of Python's.
SPARE = 4


class Depthwise(Convolution):
    """A depthwise convolution, or a convolution with as many groups as maps."""

    __slots__ = ()

    def __call__(self, inputs: Sequence[Tensor], parameters: Mapping[str, Numbers]) -> Tensor:
        """The layer's output, as near to the room's as a convolution's."""
        (x,) = inputs
        slide = slide_of(self.layer, x.shape)
        made = self._packed(slide, x, parameters)
        if made is None or astray([made]):
            return Convolution.__call__(self, inputs, parameters)
        return Tensor(self.layer.output_shape(x.shape), joined([made]))

    def parts(self, channels: int, taps: int) -> tuple[Part, ...]:
        """Every map with its own filters."""
        return grouped(channels, self._filters(channels), channels, taps)

    def _filters(self, channels: int) -> int:
        out: int = self.layer.channels_out(Shape(channels))
        return out

    def _packed(self, slide: Slide, x: Tensor, parameters: Mapping[str, Numbers]) -> Made | None:
        """The outputs by packed planes; None where their numbers do not allow it."""
        taps, filters = slide.taps, self._filters(x.shape.channels)
        rows = [numbers(parameters["weight"], at * taps, taps) for at in range(filters)]
        biases = list(parameters.get("bias", [0.0] * filters))
        sizes = _measured(x, rows)
        plan = Plan(slide, _direct(slide), WIDE, by_filter=False, block=1)
        finest = steps(sizes, plan)
        if finest is None:
            return None
        fixed = Steps(finest.inputs - SPARE, finest.weights - SPARE)
        limit = sizes.inputs * sizes.weights + largest(biases)
        planes = _planes(plan, x, rows, biases, fixed)
        return Made(list(planes), fixed.error(sizes, plan) + (taps + 4) * EPSILON * limit)


def _direct(slide: Slide) -> tuple[Scheme, ...]:
    return tuple(scheme(w.kernel, w.stride, w.dilation, 1) for w in slide.windows)


def _measured(x: Tensor, rows: Sequence[Numbers]) -> Norms:
    """What any window may see at most, and the largest filter."""
    taps = len(rows[0])
    origin = (0.0,) * taps
    filters = [dist(row, origin) for row in rows]
    inputs = sqrt(taps) * largest(x.values) * UP if isfinite(sum(x.values)) else nan
    return Norms(inputs, max(filters) * UP if isfinite(sum(filters)) else nan, taps)


def _planes(
    plan: Plan, x: Tensor, rows: Sequence[Numbers], biases: Numbers, fixed: Steps
) -> Iterator[list[float]]:
    table = grid(plan.slide, plan.schemes)
    plus, zero = magic(fixed.inputs), WIDE.zero(fixed.inputs, table.lanes)
    factor = ldexp(1.0, WIDE.dropped - fixed.inputs - fixed.weights)
    rounded = [value + plus for value in x.values]
    places = prod(plan.slide.spatial)
    multiplier = len(rows) // x.shape.channels
    shifted: list[int] = []
    for index, (row, bias) in enumerate(zip(rows, biases, strict=True)):
        channel, again = divmod(index, multiplier)
        if not again:
            plane = rounded[channel * places : (channel + 1) * places]
            plane.append(plus)
            phases = [WIDE.raw(pick(plane)) for pick in table.pickers]
            shifted = [phases[phase] >> by * WIDE.width for phase, by in table.offsets]
        weights = [round(ldexp(weight, fixed.weights)) for weight in row]
        total = sum(map(mul, weights, shifted)) - sum(weights) * zero
        start = bias - WIDE.offset * factor
        found = table.finder(WIDE.doubles(total, table.lanes))
        yield [value * factor + start for value in found]
