"""What is done to a packed map lane by lane: scaled, held, added up, measured.

Lanes take BITS bits (after a sum or `affine` a hair more), and those of the gaps are 0. The
functions that make a map of maps tell by how much any of its numbers is off at most. Extremes
are followed through exactly where a function rises or falls throughout, so that they are
looked for only after convolutions and sums.

Lanes are compared by the bit that a subtraction leaves or takes: (a | 2^b) - b, lane by lane.
"""

from __future__ import annotations

import struct
from math import frexp, ldexp
from typing import TYPE_CHECKING

from cnncalc.inference.kernels.floats import usual
from cnncalc.inference.kernels.lanes import WIDE, WORD
from cnncalc.inference.kernels.planes import (
    BIAS,
    BITS,
    HALF,
    NOTHING,
    ROOM,
    Plane,
    exponent_for,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cnncalc.inference.kernels.planes import Layout

    Outcome = tuple[Plane, float]  # a map, and the most by which any number is off

WIDTH = WIDE.width
LONGEST = 31  # bits that `affine` drops at most
FEW = 16  # lanes that are looked at one by one


def raised(number: int, bits: int) -> int:
    """What is added to lanes, besides a number, so that `lowered` takes them and rounds."""
    return number + (1 << ROOM) + (1 << bits >> 1)


def lowered(total: int, bits: int, layout: Layout, at: int = 0) -> int:
    """Lanes divided by 2^bits and rounded, from the lane `at` on; the gaps cleared.

    `raised` was added to all lanes that may hold anything; they were less than 2^ROOM.
    """
    room = ROOM - bits
    kept = layout.each((2 << room) - 1)
    return ((total >> (at * WIDTH + bits)) & kept) - layout.each(1 << room)


def settled(
    total: int, exponent: int, limit: int, layout: Layout, *, at: int = 0, reach: int = 0
) -> Plane:
    """The map of sums up to a limit, in steps of 2^-exponent: rounded to BITS, its extremes found.

    Where the gaps of the sums hold numbers too, they do so up to the lane `reach`; `at` is the
    lane that the map begins at.
    """
    bits = max(0, limit.bit_length() - BITS)
    room = raised(0, bits)
    total += WIDE.each(room, reach) if reach else layout.each(room)
    vector = lowered(total, bits, layout, at)
    return Plane(vector, exponent - bits, *extremes(vector, layout))


def affine(plane: Plane, scale: float, shift: float, layout: Layout) -> Outcome:
    """A map times a scale plus a shift.

    >>> from cnncalc.inference.kernels.planes import pack, unpacked
    >>> from cnncalc.shapes import Shape
    >>> from cnncalc.tensor import Tensor
    >>> x = pack(Tensor(Shape(1, (3,)), [1.0, 2.0, -3.0]))
    >>> plane, error = affine(x.planes[0], 0.5, 1.0, x.layout)
    >>> unpacked(plane, x.layout), error < 1e-8
    ([1.5, 2.0, -0.5], True)
    """
    ends = plane.low, plane.high
    if not (scale and plane.vector):
        return constant(shift, layout)
    # Where everything cancels, 0 is as exact as what cancels.
    peak = max(abs(ldexp(end, -plane.exponent) * scale + shift) for end in ends) or abs(shift)
    finest = BITS - frexp(scale)[1]
    out = min(exponent_for(peak), plane.exponent + finest - 1)
    finest = min(finest, out - plane.exponent + LONGEST)
    inside, factor = plane.exponent + finest, round(ldexp(scale, finest))
    bits = inside - out
    offset = raised(round(ldexp(shift, inside)), bits)
    vector = lowered(plane.vector * factor + layout.each(1) * offset, bits, layout)
    low, high = sorted(((end * factor + offset) >> bits) - (1 << (ROOM - bits)) for end in ends)
    return Plane(vector, out, low, high), ldexp(plane.peak + 1, -inside - 1) + ldexp(0.5, -out)


def constant(value: float, layout: Layout) -> Outcome:
    """A map of one number. One that is absurdly large or small is not told from 0."""
    if not usual(abs(value)):
        return NOTHING, abs(value)
    out = exponent_for(abs(value))
    lane = round(ldexp(value, out))
    return Plane(layout.each(1) * lane, out, lane, lane), ldexp(0.5, -out)


def positive(plane: Plane, layout: Layout) -> Plane:
    """max(0, x).

    >>> from cnncalc.inference.kernels.planes import pack, unpacked
    >>> from cnncalc.shapes import Shape
    >>> from cnncalc.tensor import Tensor
    >>> x = pack(Tensor(Shape(1, (3,)), [1.0, 2.0, -3.0]))
    >>> unpacked(positive(x.planes[0], x.layout), x.layout)
    [1.0, 2.0, 0.0]
    """
    if plane.low >= 0:
        return plane
    if plane.high <= 0:
        return NOTHING
    return plane._replace(vector=_positive(plane.vector, layout), low=0)


def _positive(vector: int, layout: Layout) -> int:
    lifted = vector + layout.each(1 << HALF)
    signs = (lifted >> HALF) & layout.each(1)
    return lifted & ((signs << HALF) - signs)


def at_most(plane: Plane, top: float, layout: Layout) -> Outcome:
    """min(x, top), for a top that is not below 0.

    >>> from cnncalc.inference.kernels.planes import pack, unpacked
    >>> from cnncalc.shapes import Shape
    >>> from cnncalc.tensor import Tensor
    >>> x = pack(Tensor(Shape(1, (3,)), [1.0, 2.0, -3.0]))
    >>> unpacked(at_most(x.planes[0], 1.5, x.layout)[0], x.layout)
    [1.0, 1.5, -3.0]
    """
    if ldexp(plane.high, -plane.exponent) <= top:
        return plane, 0.0
    limit = round(ldexp(top, plane.exponent))
    ceiling = layout.each(1) * limit
    vector = ceiling - _positive(ceiling - plane.vector, layout)
    made = Plane(vector, plane.exponent, min(plane.low, limit), limit)
    return made, ldexp(0.5, -plane.exponent)


def added(planes: Sequence[Plane], layout: Layout) -> Outcome:
    """The sum of maps.

    >>> from cnncalc.inference.kernels.planes import pack, unpacked
    >>> from cnncalc.shapes import Shape
    >>> from cnncalc.tensor import Tensor
    >>> x = pack(Tensor(Shape(2, (2,)), [1.0, 2.0, 0.25, -2.0]))
    >>> unpacked(added(x.planes, x.layout)[0], x.layout)
    [1.25, 0.0]
    """
    planes = [plane for plane in planes if plane.vector]
    if not planes:
        return NOTHING, 0.0
    spare = ROOM - 1 - BITS - len(planes).bit_length()
    inside = min(plane.exponent for plane in planes) + spare
    parts = [_in_steps(plane, inside, layout) for plane in planes]
    peak = sum(part.peak for part in parts)
    made = settled(sum(part.vector for part in parts), inside, peak, layout)
    rounded = sum(plane.exponent > inside for plane in planes)
    return made, ldexp(rounded / 2, -inside) + ldexp(0.5, -made.exponent)


def _in_steps(plane: Plane, exponent: int, layout: Layout) -> Plane:
    """The same numbers in other steps; rounded, where those are coarser."""
    up = exponent - plane.exponent
    if up >= 0:
        return Plane(plane.vector << up, exponent, plane.low << up, plane.high << up)
    if -up > BITS + 1:
        return NOTHING
    vector = lowered(plane.vector + layout.each(raised(0, -up)), -up, layout)
    low, high = ((raised(end, -up) >> -up) - (1 << (ROOM + up)) for end in (plane.low, plane.high))
    return Plane(vector, exponent, low, high)


def dealt(
    vector: int,
    layout: Layout,
    strides: tuple[int, int],
    phases: Iterable[tuple[int, int]],
    pitch: int,
) -> dict[tuple[int, int], int]:
    """Per phase, every so many rows from its first, and of them every so many lanes.

    >>> from cnncalc.inference.kernels.planes import Layout
    >>> three = 1 + (2 << 64) + (3 << 128)
    >>> phases = dealt(three, Layout(1, 3, 3), (1, 2), [(0, 0), (0, 1)], 2)
    >>> phases[0, 0] == 1 + (3 << 64), phases[0, 1]
    (True, 2)
    """
    down, right = strides
    data = (vector + layout.each(BIAS)).to_bytes(layout.lanes * WORD, "little")
    words, end = memoryview(data).cast("Q"), layout.columns
    made = dict.fromkeys(phases, 0)
    for p, q in made:
        starts = range(p * layout.pitch, layout.rows * layout.pitch, down * layout.pitch)
        rows = [words[at + q : at + end : right].tobytes() for at in starts]
        if rows and rows[0]:
            own = layout._replace(rows=len(rows), columns=len(rows[0]) // WORD, pitch=pitch)
            joined = bytes(own.gap * WORD).join(rows)
            made[p, q] = int.from_bytes(joined, "little") - own.each(BIAS)
    return made


def extremes(vector: int, layout: Layout) -> tuple[int, int]:
    """The smallest and the largest lane, the gaps aside.

    Both are looked for at once, as the largest of lanes that rise and of lanes that fall, half
    a lane each; the vector is folded in two again and again.

    >>> from cnncalc.inference.kernels.planes import pack
    >>> from cnncalc.shapes import Shape
    >>> from cnncalc.tensor import Tensor
    >>> x = pack(Tensor(Shape(1, (5, 7)), [float(i) for i in range(-17, 18)]), gap=2)
    >>> [end >> 24 for end in extremes(x.planes[0].vector, x.layout)]
    [-17, 17]
    """
    rising = vector + layout.each(BIAS)
    both = rising | ((layout.each(2 * BIAS) - rising) << HALF)
    lanes = layout.lanes
    while lanes > FEW:
        lanes = (lanes + 1) // 2
        both = _larger(*_halves(both, lanes), lanes)
    halves = struct.unpack(f"<{2 * lanes}I", both.to_bytes(lanes * WORD, "little"))
    return BIAS - max(halves[1::2]), max(halves[::2]) - BIAS


def _halves(vector: int, lanes: int) -> tuple[int, int]:
    """The lanes from a place on, and those before it."""
    return vector >> (lanes * WIDTH), vector & ((1 << lanes * WIDTH) - 1)


def _larger(one: int, other: int, lanes: int) -> int:
    """The larger of two numbers in every half lane; they take 31 bits."""
    ones = WIDE.each(1 + (1 << HALF), lanes)
    won = (((one | ones << (HALF - 1)) - other) >> (HALF - 1)) & ones
    return other ^ ((other ^ one) & ((won << (HALF - 1)) - won))


def total(plane: Plane, layout: Layout) -> int:
    """The sum of all lanes."""
    if not plane.vector:
        return 0
    vector, lanes = plane.vector + layout.each(BIAS), layout.lanes
    while lanes > FEW:
        lanes = (lanes + 1) // 2
        vector = sum(_halves(vector, lanes))
    words: tuple[int, ...] = struct.unpack(f"<{lanes}Q", vector.to_bytes(lanes * WORD, "little"))
    return sum(words) - layout.places * BIAS


def zeros(plane: Plane, layout: Layout) -> int:
    """How many lanes are 0, the gaps aside."""
    if plane.low > 0 or plane.high < 0:
        return 0
    other = (plane.vector + layout.each(BIAS)) ^ layout.each(BIAS)
    carried = (other + layout.each((1 << HALF) - 1)) & layout.each(1 << HALF)
    return layout.places - carried.bit_count()
