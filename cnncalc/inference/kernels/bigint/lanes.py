"""A vector of numbers in one big integer: a lane of 48 or 64 bits each, the first lowest.

Python multiplies and adds big integers in C, so that one `w * packed` is as many products as
there are lanes, and one `+` as many sums. A lane may be negative: it then borrows from the
lane above it, and the whole is still the exact sum of lane·2^(width·place). Only the lanes
of a final result must fit; what happens on the way is exact all the same.

Numbers become fixed point by one addition: x + 1.5·2^(52-e) rounds x to a multiple of 2^-e
and leaves that multiple, an integer, in the low bits of the double.
"""

from __future__ import annotations

import struct
import sys
from array import array
from functools import lru_cache
from math import ldexp
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence


WORD = 8  # bytes of a double
MANTISSA = 52
UNIT = struct.pack("<d", 2.0**MANTISSA)
UNIT_BITS = int.from_bytes(UNIT, "little")
KEPT = 1 << 14  # lanes up to which a vector is kept for the next time


@lru_cache(maxsize=512)
def _each(value: int, size: int, count: int) -> int:
    return int.from_bytes(value.to_bytes(size, "little") * count, "little")


def magic(exponent: int) -> float:
    """What is added to a number to round it to a multiple of 2^-exponent.

    >>> 0.3 + magic(1) - magic(1)
    0.5
    """
    return ldexp(1.5, MANTISSA - exponent)


class Lanes(NamedTuple):
    """How wide a lane is, and what follows from it."""

    size: int  # in bytes
    width: int  # in bits
    half: int  # the lowest number that is too large for a lane
    dropped: int  # the low bits of a lane that do not fit in a double
    offset: float  # what `doubles` makes of a lane that holds 0

    def each(self, value: int, count: int) -> int:
        """The same number, not negative, in every lane.

        >>> WIDE.each(5, 2) == 5 + (5 << 64)
        True
        """
        make = _each if count <= KEPT else _each.__wrapped__
        return make(value, self.size, count)

    def raw(self, rounded: Sequence[float]) -> int:
        """Numbers to which `magic` was added, packed; every lane too high by `zero`'s.

        >>> numbers = array("d", (x + magic(1) for x in (1.5, -0.5)))
        >>> [lanes.raw(numbers) - lanes.zero(1, 2) for lanes in (WIDE, NARROW)]
        [-18446744073709551613, -281474976710653]
        """
        numbers = rounded if isinstance(rounded, array) else array("d", rounded)
        if sys.byteorder == "big":
            numbers.byteswap()
        if self.size == WORD:
            return int.from_bytes(numbers, "little")
        # `magic` leaves the low bits of its own double 0: what is there is the lane.
        words, data = numbers.tobytes(), bytearray(len(numbers) * self.size)
        for byte in range(self.size):
            data[byte :: self.size] = words[byte::WORD]
        return int.from_bytes(data, "little") ^ self.each(self.half, len(numbers))

    def zero(self, exponent: int, count: int) -> int:
        """What `raw` makes of as many zeros; a packed vector is raw - zero."""
        return self.each(_bits(exponent) if self.size == WORD else self.half, count)

    def integers(self, packed: int, count: int) -> list[int]:
        """The lanes as Python integers; their magnitude must be below 2^63.

        >>> WIDE.integers(3 + (-1 << 64), 2)
        [3, -1]
        >>> NARROW.integers(3 + (-1 << 48), 2)
        [3, -1]
        """
        signs = self.each(self.half, count)
        if self.size == WORD:
            data = ((packed + signs) ^ signs).to_bytes(count * WORD, "little")
            return list(struct.unpack(f"<{count}q", data))
        offset = self.offset
        return [int(x - offset) for x in self.doubles(packed, count)]

    def doubles(self, packed: int, count: int) -> list[float]:
        """The lanes as floats: lane ≈ (double - offset)·2^dropped, to within 2^dropped.

        Whole-vector operations put the high bits of each lane where a double has its fraction.

        >>> [(x - WIDE.offset) * 2**12 for x in WIDE.doubles((3 << 12) + (-1 << 77), 2)]
        [12288.0, -8192.0]
        >>> [x - NARROW.offset for x in NARROW.doubles(3 + (-1 << 48), 2)]
        [3.0, -1.0]
        """
        lifted = packed + self.each(self.half, count)
        if self.size == WORD:
            fraction = (lifted >> self.dropped) & self.each((1 << MANTISSA) - 1, count)
            words = (fraction | self.each(UNIT_BITS, count)).to_bytes(count * WORD, "little")
            return list(struct.unpack(f"<{count}d", words))
        data = lifted.to_bytes(count * self.size, "little")
        spread = bytearray(UNIT * count)
        for byte in range(self.size):
            spread[byte::WORD] = data[byte :: self.size]
        return list(struct.unpack(f"<{count}d", spread))


@lru_cache(maxsize=256)
def _bits(exponent: int) -> int:
    return int(struct.unpack("<Q", struct.pack("<d", magic(exponent)))[0])


def _lanes(size: int) -> Lanes:
    width = 8 * size
    dropped = max(0, width - MANTISSA)
    offset = float((1 << MANTISSA) + (1 << (width - 1 - dropped)))
    return Lanes(size, width, 1 << (width - 1), dropped, offset)


WIDE = _lanes(8)
NARROW = _lanes(6)
