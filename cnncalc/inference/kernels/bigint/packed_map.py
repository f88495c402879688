"""Tensors that stay packed between layers: a big integer per map, a lane of 64 bits per number.

A number is its lane times 2^-exponent, each map with an exponent of its own, so that its
largest number takes about `BITS` bits. To whoever asks for numbers a packed tensor is a
sequence of floats, which are then made once and kept.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import frexp, isfinite, ldexp
from typing import TYPE_CHECKING, NamedTuple, overload

from cnncalc.inference.kernels.bigint.lanes import WIDE, WORD, magic
from cnncalc.inference.kernels.error_bounds import BoundedOutput, usual

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cnncalc.shapes import Shape
    from cnncalc.tensor import Tensor


BITS = 29  # the bits of a lane's magnitude: with a sign and a bit to compare by, half a lane
SUM_BITS = 62  # the bits that sums on their way may take
HALF = 32  # bits of half a lane
BIAS = 1 << 30  # what makes any lane positive
FIELD = 2 * BIAS - 1  # the bits of a lane that was made positive
FAR = 170  # exponents up to this size make no number that could not be squared


@dataclass(frozen=True)
class MapLayout:
    """Where the numbers of a map are: row by row, without anything between two rows."""

    rows: int
    columns: int

    @cached_property
    def lanes(self) -> int:
        """The numbers of a map."""
        return self.rows * self.columns

    @cached_property
    def _made(self) -> dict[int, int]:
        """What `each` made: few beside the maps, and gone with them."""
        return {}

    def each(self, value: int) -> int:
        """A number that is not negative in every lane.

        >>> MapLayout(1, 2).each(5) == 5 + (5 << 64)
        True
        """
        made = self._made.get(value)
        if made is None:
            made = self._made[value] = WIDE.each(value, self.lanes)
        return made


def map_layout(shape: Shape) -> MapLayout:
    """The layout for the maps of a shape.

    >>> from cnncalc.shapes import Shape
    >>> map_layout(Shape(8, (5, 7))).lanes
    35
    """
    columns = shape.spatial[-1]
    return MapLayout(shape.size // (shape.channels * columns), columns)


class PackedMap(NamedTuple):
    """A map: its lanes, what they stand for, and the smallest and the largest of them."""

    vector: int
    exponent: int
    low: int
    high: int

    @property
    def peak(self) -> int:
        """The largest magnitude of a lane."""
        return max(-self.low, self.high)

    @property
    def largest(self) -> float:
        """The largest absolute value."""
        return ldexp(self.peak, -self.exponent)


NOTHING = PackedMap(0, 0, 0, 0)  # a map of zeros


class PackedTensor(Sequence[float]):
    """The numbers of a tensor, packed; what they were packed from is at most `off` away."""

    def __init__(self, layout: MapLayout, planes: Sequence[PackedMap], off: float = 0.0) -> None:
        self.layout, self.planes, self.off = layout, planes, off

    @cached_property
    def values(self) -> list[float]:
        """All numbers as floats, channel by channel."""
        made: list[float] = []
        for plane in self.planes:
            made += unpacked(plane, self.layout)
        return made

    @property
    def largest(self) -> float:
        """The largest absolute value."""
        peaks = [ldexp(max(-low, high), -exponent) for _, exponent, low, high in self.planes]
        return max(peaks)

    def __len__(self) -> int:
        return len(self.planes) * self.layout.lanes

    @overload
    def __getitem__(self, place: int) -> float: ...
    @overload
    def __getitem__(self, place: slice) -> list[float]: ...
    def __getitem__(self, place: int | slice) -> float | list[float]:
        return self.values[place]

    def __iter__(self) -> Iterator[float]:
        return iter(self.values)


def packed_as(x: Tensor) -> PackedTensor | None:
    """What a tensor comes packed as; None where its maps are not those of its shape."""
    if not isinstance(x.values, PackedTensor) or not x.shape.rank:
        return None
    alike = map_layout(x.shape) == x.values.layout and x.shape.channels == len(x.values.planes)
    return x.values if alike else None


def pack(x: Tensor) -> PackedTensor | None:
    """A tensor, packed; None where its numbers cannot be.

    >>> from cnncalc.shapes import Shape
    >>> from cnncalc.tensor import Tensor
    >>> x = pack(Tensor(Shape(2, (2, 2)), [1.0, -0.5, 0.25, 0.0, 0.0, 0.5, 0.0, 0.0]))
    >>> [(plane.exponent, plane.low, plane.high) for plane in x.planes]
    [(28, -134217728, 268435456), (28, 0, 134217728)]
    >>> list(x)
    [1.0, -0.5, 0.25, 0.0, 0.0, 0.5, 0.0, 0.0]
    """
    if there := packed_as(x):
        return there
    layout = map_layout(x.shape)
    planes = map(x.plane, range(x.shape.channels))
    ends = [(min(numbers), max(numbers)) for numbers in planes]
    peak = max(max(-low, high) for low, high in ends)
    if not peak and not any(x.values):
        return PackedTensor(layout, [NOTHING] * x.shape.channels)
    if not (usual(peak) and isfinite(sum(x.values))):
        return None
    exponent = exponent_for(peak)
    vectors = _vectors(x, layout, exponent)
    lanes = [(round(ldexp(low, exponent)), round(ldexp(high, exponent))) for low, high in ends]
    pairs = zip(vectors, lanes, strict=True)
    packed = [PackedMap(vector, exponent, *own) for vector, own in pairs]
    return PackedTensor(layout, packed, ldexp(0.5, -exponent))


def _vectors(x: Tensor, layout: MapLayout, exponent: int) -> Iterator[int]:
    """The lanes of each map, all in the same steps."""
    plus, zeros = magic(exponent), WIDE.zero(exponent, layout.lanes)
    rounded = array("d", [number + plus for number in x.values])
    for first in range(0, len(rounded), layout.lanes):
        yield WIDE.raw(rounded[first : first + layout.lanes]) - zeros


def kept(
    layout: MapLayout, outcomes: Iterable[tuple[PackedMap, float] | None]
) -> PackedTensor | None:
    """Maps with what they are off by, as a tensor; None where that is too much, or not known.

    Nor are maps kept whose numbers are absurdly large or small.
    """
    planes, errors = [], [0.0]
    for outcome in outcomes:
        if outcome is None or abs(outcome[0].exponent) > FAR:
            return None
        plane, error = outcome
        planes.append(plane)
        errors.append(error)
    made = PackedTensor(layout, planes)
    return made if BoundedOutput([], max(errors)).within(made.largest) else None


def exponent_for(peak: float) -> int:
    """The exponent by which numbers up to a peak, which is not 0, take BITS bits.

    >>> exponent_for(1.0), exponent_for(0.75)
    (28, 29)
    """
    return BITS - frexp(peak)[1]


def unpacked(plane: PackedMap, layout: MapLayout) -> list[float]:
    """The numbers of a map, row by row."""
    lanes = layout.lanes
    if not plane.vector:
        return [0.0] * lanes
    words = plane.vector + WIDE.each(WIDE.zero(plane.exponent, 1), lanes)
    plus = magic(plane.exponent)
    numbers = struct.unpack(f"<{lanes}d", words.to_bytes(lanes * WORD, "little"))
    return [number - plus for number in numbers]
