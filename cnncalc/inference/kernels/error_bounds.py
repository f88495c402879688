"""Fixed point for a convolution: how fine it can be, and how far it is off at most.

Let X be the largest 2-norm of what any window sees, W that of any filter, N the
products per output. Inputs are rounded to multiples of 2^-x, weights to multiples of 2^-w,
each off by at most half a step; so by Cauchy and Schwarz an output is off by at most
sqrt(N)/2·(W·2^-x + X·2^-w) + N/4·2^-(x + w), and in steps it is at most
(X·2^x + sqrt(N)/2)·(W·2^w + sqrt(N)/2), which times the scheme's scale must fit in a lane.
"""

from __future__ import annotations

from math import dist, floor, hypot, isfinite, ldexp, log2, nan, sqrt
from typing import TYPE_CHECKING, NamedTuple

from cnncalc.inference.kernels.floats import usual
from cnncalc.inference.kernels.tiling import grid

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnncalc.inference.kernels.packed import Plan

    Numbers = Sequence[float]

UP = 1 + 1e-9  # what norms are rounded up by, for the rounding of their own computation


class Norms(NamedTuple):
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


class Steps(NamedTuple):
    """The fixed point of a block: inputs in steps of 2^-inputs, weights of 2^-weights."""

    inputs: int
    weights: int

    def error(self, norms: Norms, plan: Plan) -> float:
        """The most by which any output of the block is off."""
        x, w = ldexp(1.0, -self.inputs), ldexp(1.0, -self.weights)
        rounding = sqrt(norms.terms) / 2 * (norms.weights * x + norms.inputs * w)
        dropped = 3 * ldexp(x * w, plan.lanes.dropped) / plan.scale  # by unpacking
        return (rounding + norms.terms / 4 * x * w + dropped) * UP


def measure(plan: Plan, planes: Sequence[Numbers], rows: Sequence[Numbers]) -> Norms:
    """The norms of a block: its planes, and every filter's row of weights for it."""
    table = grid(plan.slide, plan.schemes)
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
    return Norms(inputs, weights, len(planes) * plan.slide.taps)


def steps(norms: Norms, plan: Plan) -> Steps | None:
    """The finest fixed point whose sums fit in the lanes; None where there is none.

    Both sides get the same precision, which makes the bound smallest.
    """
    limit, slack = ldexp(1.0, plan.lanes.width - 1) / plan.scale, sqrt(norms.terms) / 2
    if not norms.usual or sqrt(limit) < 4 * slack:
        return None
    inputs = floor(log2(sqrt(limit) - slack) - log2(norms.inputs))
    left = limit / (ldexp(norms.inputs, inputs) + slack) - slack
    weights = floor(log2(left) - log2(norms.weights) - 1e-9)
    return Steps(inputs, weights)
