"""What a way of computing a convolution is given, and what it makes."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, NamedTuple

from cnncalc.inference.kernels.kernel import largest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnncalc.inference.kernels.cost_model import Size

    Numbers = Sequence[float]

TOLERANCE = 1e-5  # of the largest output, the most that an output may be off


class Made(NamedTuple):
    """A way's outputs, a plane per filter, and the most by which any of them is off."""

    planes: list[list[float]]
    error: float

    def within(self, peak: float) -> bool:
        """Whether the error is small beside an output of this size."""
        return self.error <= TOLERANCE * (peak - self.error) or not self.error


class Piece(NamedTuple):
    """Some of a group's channels: their planes, and each filter's row of weights for them."""

    planes: Sequence[Numbers]
    rows: Sequence[Numbers]


class Group(NamedTuple):
    """Channels in one or several pieces, the filters that see all of them, and their biases."""

    size: Size
    pieces: Sequence[Piece]
    biases: Numbers


def numbers(values: Sequence[float], first: int, count: int) -> Numbers:
    """A stretch of a parameter: a list, or an array where it comes as one.

    >>> numbers((1.0, 2.0, 3.0), 1, 2)
    [2.0, 3.0]
    """
    part = values[first : first + count]
    if isinstance(part, array):
        return part
    return part.tolist() if isinstance(part, memoryview) else list(part)


def astray(made: Sequence[Made]) -> list[int]:
    """Which of several parts of one layer are not exact enough.

    Parts are held against the largest output of all; most often the first planes show that
    it is large enough, and the others need not be searched.
    """
    worst = max(made, key=lambda own: own.error)
    peak = 0.0
    for own in made:
        for plane in own.planes:
            peak = max(peak, largest(plane))
            if worst.within(peak):
                return []
    return [index for index, own in enumerate(made) if not own.within(peak)]


def joined(made: Sequence[Made]) -> list[float]:
    """All planes, one after the other."""
    values: list[float] = []
    for own in made:
        for plane in own.planes:
            values += plane
    return values
