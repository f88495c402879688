"""What is done to a packed map lane by lane: scaled, held, added up, measured.

Lanes take BITS bits (after a sum or `affine` a hair more). The functions that make a map of
maps tell by how much any of its numbers is off at most. Extremes are followed through exactly
where a function rises or falls throughout, so that they are looked for only after convolutions
and sums.

Lanes are lifted by BIAS to be divided, compared or taken apart: then none is negative, and
none reaches into the next. They are compared by the bit that a subtraction leaves or takes:
(a | 2^b) - b, lane by lane. Python's bitwise operations are several times as quick as its
sums and shifts, and used in their place wherever lanes do not carry.
"""

from __future__ import annotations

import struct
from array import array
from functools import lru_cache
from math import frexp, ldexp
from typing import TYPE_CHECKING

from cnncalc.inference.kernels.bigint.lanes import WIDE, WORD
from cnncalc.inference.kernels.bigint.packed_map import (
    BIAS,
    BITS,
    FIELD,
    HALF,
    NOTHING,
    SUM_BITS,
    PackedMap,
    exponent_for,
)
from cnncalc.inference.kernels.error_bounds import usual

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cnncalc.inference.kernels.bigint.packed_map import MapLayout

    MapAndError = tuple[PackedMap, float]


WIDTH = WIDE.width
SIGN = 30  # the bit of a lifted lane that tells that it is not below 0
LONGEST = 31  # bits that `affine` drops at most
FEW = 16  # lanes that are looked at one by one


def raised(bits: int) -> int:
    """What is added to lanes so that divided by 2^bits they are rounded, and lifted by BIAS."""
    return (BIAS << bits) + (1 << bits >> 1)


def rounded_sums(
    total: int, exponent: int, limit: int, layout: MapLayout, reach: MapLayout | None = None
) -> PackedMap:
    """The map of sums up to a limit, in steps of 2^-exponent: rounded to BITS, its extremes found.

    Where it is but the last lanes within a longer reach, the others hold such sums as well.
    """
    reach = reach or layout
    bits = max(0, limit.bit_length() - BITS)
    drop = bits + (reach.lanes - layout.lanes) * WIDTH
    lifted = ((total + reach.each(raised(bits))) >> drop) & layout.each(FIELD)
    low, high = extremes(lifted, layout)
    return PackedMap(lifted - layout.each(BIAS), exponent - bits, low, high)


def affine(plane: PackedMap, scale: float, shift: float, layout: MapLayout) -> MapAndError:
    """A map times a scale plus a shift.

    >>> from cnncalc.inference.kernels.bigint.packed_map import pack, unpacked
    >>> from cnncalc.shapes import Shape
    >>> from cnncalc.tensor import Tensor
    >>> x = pack(Tensor(Shape(1, (3,)), [1.0, 2.0, -3.0]))
    >>> plane, error = affine(x.planes[0], 0.5, 1.0, x.layout)
    >>> unpacked(plane, x.layout), error < 1e-8
    ([1.5, 2.0, -0.5], True)
    """
    vector, exponent, low, high = plane
    if not (scale and vector):
        return constant(shift, layout)
    ends = abs(ldexp(low, -exponent) * scale + shift), abs(ldexp(high, -exponent) * scale + shift)
    # Where everything cancels, 0 is as exact as what cancels.
    largest = max(ends) or abs(shift)
    finest = BITS - frexp(scale)[1]
    out = min(exponent_for(largest), exponent + finest - 1)
    finest = min(finest, out - exponent + LONGEST)
    inside, factor = exponent + finest, round(ldexp(scale, finest))
    bits = inside - out
    offset = round(ldexp(shift, inside)) + raised(bits)
    lifted = ((vector * factor + layout.each(1) * offset) >> bits) & layout.each(FIELD)
    first, last = (low, high) if factor > 0 else (high, low)
    first, last = (
        ((first * factor + offset) >> bits) - BIAS,
        ((last * factor + offset) >> bits) - BIAS,
    )
    error = ldexp(plane.peak + 1, -inside - 1) + ldexp(0.5, -out)
    return PackedMap(lifted - layout.each(BIAS), out, first, last), error


def constant(value: float, layout: MapLayout) -> MapAndError:
    """A map of one number. An absurdly large or small one becomes 0, with itself as the error."""
    if not usual(abs(value)):
        return NOTHING, abs(value)
    out = exponent_for(abs(value))
    lane = round(ldexp(value, out))
    return PackedMap(layout.each(1) * lane, out, lane, lane), ldexp(0.5, -out)


def positive(plane: PackedMap, layout: MapLayout) -> PackedMap:
    """max(0, x).

    >>> from cnncalc.inference.kernels.bigint.packed_map import pack, unpacked
    >>> from cnncalc.shapes import Shape
    >>> from cnncalc.tensor import Tensor
    >>> x = pack(Tensor(Shape(1, (3,)), [1.0, 2.0, -3.0]))
    >>> unpacked(positive(x.planes[0], x.layout), x.layout)
    [1.0, 2.0, 0.0]
    """
    vector, exponent, low, high = plane
    if low >= 0:
        return plane
    if high <= 0:
        return NOTHING
    lifted = vector + layout.each(BIAS)
    return PackedMap(lifted & _below(lifted & layout.each(BIAS), SIGN), exponent, 0, high)


def _below(tops: int, bit: int) -> int:
    """In every lane whose bit is set, all bits below it."""
    return tops - (tops >> bit)


def at_most(plane: PackedMap, top: float, layout: MapLayout) -> MapAndError:
    """min(x, top), where neither is below 0.

    >>> from cnncalc.inference.kernels.bigint.packed_map import pack, unpacked
    >>> from cnncalc.shapes import Shape
    >>> from cnncalc.tensor import Tensor
    >>> x = pack(Tensor(Shape(1, (3,)), [1.0, 2.0, 3.0]))
    >>> unpacked(at_most(x.planes[0], 1.5, x.layout)[0], x.layout)
    [1.0, 1.5, 1.5]
    """
    vector, exponent, low, high = plane
    if ldexp(high, -exponent) <= top:
        return plane, 0.0
    limit = round(ldexp(top, exponent))
    ceiling = layout.each(1) * limit
    above = _below(((vector | layout.each(BIAS)) - ceiling) & layout.each(BIAS), SIGN)
    held = vector ^ ((vector ^ ceiling) & above)
    return PackedMap(held, exponent, min(low, limit), limit), ldexp(0.5, -exponent)


def added(planes: Sequence[PackedMap], layout: MapLayout) -> MapAndError:
    """The sum of maps.

    >>> from cnncalc.inference.kernels.bigint.packed_map import pack, unpacked
    >>> from cnncalc.shapes import Shape
    >>> from cnncalc.tensor import Tensor
    >>> x = pack(Tensor(Shape(2, (2,)), [1.0, 2.0, 0.25, -2.0]))
    >>> unpacked(added(x.planes, x.layout)[0], x.layout)
    [1.25, 0.0]
    """
    planes = [plane for plane in planes if plane.vector]
    if not planes:
        return NOTHING, 0.0
    spare = SUM_BITS - 1 - BITS - len(planes).bit_length()
    inside = min(plane.exponent for plane in planes) + spare
    parts = [_in_steps(plane, inside, layout) for plane in planes]
    peak = sum(part.peak for part in parts)
    made = rounded_sums(sum(part.vector for part in parts), inside, peak, layout)
    rounded = sum(plane.exponent > inside for plane in planes)
    return made, ldexp(rounded / 2, -inside) + ldexp(0.5, -made.exponent)


def _in_steps(plane: PackedMap, exponent: int, layout: MapLayout) -> PackedMap:
    """The same numbers in other steps; rounded, where those are coarser."""
    up = exponent - plane.exponent
    if up >= 0:
        return PackedMap(plane.vector << up, exponent, plane.low << up, plane.high << up)
    if -up > BITS + 1:
        return NOTHING
    lift = raised(-up)
    lifted = ((plane.vector + layout.each(lift)) >> -up) & layout.each(FIELD)
    low, high = (((end + lift) >> -up) - BIAS for end in (plane.low, plane.high))
    return PackedMap(lifted - layout.each(BIAS), exponent, low, high)


def dealt_phases(
    vector: int,
    layout: MapLayout,
    strides: tuple[int, int],
    phases: Iterable[tuple[int, int]],
    pitch: int,
) -> list[int]:
    """Per phase, every so many rows from its first, and of them every so many lanes.

    No lane may be negative. Rows are cut, or filled up with zeros, to `pitch` lanes each.

    >>> from cnncalc.inference.kernels.bigint.packed_map import MapLayout
    >>> three = 1 + (2 << 64) + (3 << 128)
    >>> first, second = dealt_phases(three, MapLayout(1, 3), (1, 2), [(0, 0), (0, 1)], 2)
    >>> first == 1 + (3 << 64), second
    (True, 2)
    """
    (down, right), row = strides, layout.columns * WORD
    size = pitch * right * WORD
    data, fill = vector.to_bytes(layout.lanes * WORD, "little"), bytes(max(0, size - row))
    made: dict[int, array[int]] = {}
    for p, _ in phases:
        if p not in made:
            starts = range(p * row, len(data), down * row)
            made[p] = array("Q", b"".join([data[at : at + min(row, size)] + fill for at in starts]))
    return [int.from_bytes(made[p][q::right], "little") for p, q in phases]


def extremes(lifted: int, layout: MapLayout) -> tuple[int, int]:
    """The smallest and the largest of lanes that were lifted by BIAS.

    Both are looked for at once, as the largest of lanes that rise and of lanes that fall, half
    a lane each; the vector is folded in two again and again.

    >>> from cnncalc.inference.kernels.bigint.packed_map import MapLayout
    >>> lifted = sum((2**30 + number) << 64 * at for at, number in enumerate(range(-17, 18)))
    >>> extremes(lifted, MapLayout(5, 7))
    (-17, 17)
    """
    both = lifted | ((lifted ^ layout.each(FIELD)) << HALF)
    folds, left = _folds(layout.lanes)
    for width, lower, tops in folds:
        one, other = both >> width, both & lower
        won = _below(((one | tops) - other) & tops, HALF - 1)
        both = other ^ ((one ^ other) & won)
    halves = struct.unpack(f"<{2 * left}I", both.to_bytes(left * WORD, "little"))
    return BIAS - 1 - max(halves[1::2]), max(halves[::2]) - BIAS


@lru_cache(maxsize=16)
def _folds(lanes: int) -> tuple[list[tuple[int, int, int]], int]:
    """Foldings in two, and how many lanes they leave.

    Each is told by the width of the lower half, all its bits, and the top bit of all numbers.
    """
    folds = []
    while lanes > FEW:
        lanes = (lanes + 1) // 2
        tops = WIDE.each((1 << (HALF - 1)) + (1 << (WIDTH - 1)), lanes)
        folds.append((lanes * WIDTH, (1 << lanes * WIDTH) - 1, tops))
    return folds, lanes


def total(plane: PackedMap, layout: MapLayout) -> int:
    """The sum of all lanes."""
    if not plane.vector:
        return 0
    lifted = plane.vector + layout.each(BIAS)
    folds, left = _folds(layout.lanes)
    for width, lower, _ in folds:
        lifted = (lifted >> width) + (lifted & lower)
    words: tuple[int, ...] = struct.unpack(f"<{left}Q", lifted.to_bytes(left * WORD, "little"))
    return sum(words) - layout.lanes * BIAS


def zeros(plane: PackedMap, layout: MapLayout) -> int:
    """How many lanes are 0."""
    if plane.low > 0 or plane.high < 0:
        return 0
    other = plane.vector
    if plane.low < 0:
        other = (other + layout.each(BIAS)) ^ layout.each(BIAS)
    others = (other + layout.each((1 << HALF) - 1)) & layout.each(1 << HALF)
    return layout.lanes - others.bit_count()
