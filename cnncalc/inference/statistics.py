"""The statistics of a tensor that is too big to print: range, mean and share of zeros."""

from __future__ import annotations

from math import fsum, isfinite, ldexp
from typing import TYPE_CHECKING, NamedTuple

from cnncalc.inference.kernels.bigint.ops import total, zeros
from cnncalc.inference.kernels.bigint.packed_map import PackedTensor

if TYPE_CHECKING:
    from collections.abc import Sequence


class Statistics(NamedTuple):
    """Figures of `size` numbers. The range and the mean are those of the finite ones.

    >>> describe([0.0, 1.0, -3.0, 0.0])
    Statistics(size=4, minimum=-3.0, mean=-0.5, maximum=1.0, zeros=2, wild=0)
    """

    size: int
    minimum: float | None
    mean: float | None
    maximum: float | None
    zeros: int
    wild: int  # numbers that are infinite or not a number

    @property
    def share_of_zeros(self) -> float:
        """Zeros over size, from 0 to 1."""
        return self.zeros / self.size


def describe(values: Sequence[float]) -> Statistics:
    """The statistics of numbers, of which there is at least one.

    >>> describe([float("nan"), 2.0]).wild, describe([float("nan"), 2.0]).mean
    (1, 2.0)
    """
    if isinstance(values, PackedTensor):
        return _packed(values)
    added = _total(values)
    if added is None:
        return _tamed(values)
    count = len(values)
    zeros = values.count(0.0) if hasattr(values, "count") else sum(value == 0 for value in values)
    return Statistics(count, min(values), added / count, max(values), zeros, 0)


def _packed(x: PackedTensor) -> Statistics:
    """The statistics of packed maps, whose extremes are known and all of which are finite."""
    ends = [ldexp(end, -plane.exponent) for plane in x.planes for end in (plane.low, plane.high)]
    sums = (ldexp(total(plane, x.layout), -plane.exponent) for plane in x.planes)
    empty = sum(zeros(plane, x.layout) for plane in x.planes)
    return Statistics(len(x), min(ends), fsum(sums) / len(x), max(ends), empty, 0)


def _total(values: Sequence[float]) -> float | None:
    """The exact sum, rounded once; None where it is not finite."""
    try:
        total = fsum(values)
    except (OverflowError, ValueError):
        return None
    return total if isfinite(total) else None


def _tamed(values: Sequence[float]) -> Statistics:
    """The statistics without the numbers that are not finite, or whose sum is not."""
    finite = [value for value in values if isfinite(value)]
    zeros, wild = finite.count(0.0), len(values) - len(finite)
    if not finite:
        return Statistics(len(values), None, None, None, zeros, wild)
    mean = fsum(value / len(finite) for value in finite)
    return Statistics(len(values), min(finite), mean, max(finite), zeros, wild)
