"""What the units of a map see of the network's input, along one axis.

A unit sees a stretch, from the first to the last input position that its value depends on. Two
kinds of layers are told apart. A window that slides sees the same at every place, only moved:
its stretches are a pattern that repeats, and run on over the padding as in
r' = r + (F - 1)·d·j (`Sliding`). Layers that divide the map, as adaptive pooling does, have
windows that depend on where the map ends: what is seen through them is known unit by unit,
within the input (`Anchored`). An `AxisField` has either or both. All numbers are whole and exact,
and no step takes longer on a larger map.
"""

from __future__ import annotations

from bisect import bisect_right
from itertools import pairwise
from math import gcd, lcm
from typing import TYPE_CHECKING, NamedTuple

from cnncalc.window import STILL, ratio

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from fractions import Fraction

    from cnncalc.window import Reach

# Patterns that repeat after more units than this (odd enlargements one after another), and maps
# of more units that all have a stretch of their own, are not followed further: the functions
# below then answer None, and the field is not known.
LONGEST_PATTERN = 4096
MOST_LOOKED_AT = 2**18  # units, where a pattern has holes or goes back and forth

Stretch = tuple[int, int] | None  # first and last input position seen; None sees nothing


def hull(*stretches: Stretch) -> Stretch:
    """From the lowest to the highest of what is seen.

    >>> hull((0, 2), None, (4, 5))
    (0, 5)
    """
    seen = [stretch for stretch in stretches if stretch]
    if len(seen) < 2:  # noqa: PLR2004 - a hull needs two
        return seen[0] if seen else None
    lows, highs = zip(*seen, strict=True)
    return min(lows), max(highs)


def clipped(stretch: Stretch, size: int) -> Stretch:
    """The part of a stretch that lies on an input of a size.

    >>> clipped((-3, 9), 8), clipped((-3, -1), 8)
    ((0, 7), None)
    """
    if stretch is None:
        return None
    low, high = max(stretch[0], 0), min(stretch[1], size - 1)
    return (low, high) if low <= high else None


def length(stretch: Stretch) -> int:
    """How many positions a stretch spans."""
    return stretch[1] - stretch[0] + 1 if stretch else 0


class Sliding(NamedTuple):
    """Unit k·len(pattern) + r sees pattern[r], moved by k·shift; a shift of 0 moves nothing.

    `units` is the size of the map where the pattern may be longer than it.

    >>> Sliding(4, ((-1, 3),)).at(2)
    (7, 11)
    """

    shift: int
    pattern: tuple[Stretch, ...]
    units: int | None = None

    @property
    def jump(self) -> int | Fraction:
        """Input positions between the stretches of neighbouring units."""
        return ratio(self.shift, len(self.pattern))

    @property
    def widest(self) -> Stretch:
        """The longest stretch of any unit of the map."""
        return max(self.pattern[: self.units], key=length)

    def at(self, unit: int) -> Stretch:
        """The stretch of a unit; units outside the map (padding) are counted on."""
        times, place = divmod(unit, len(self.pattern))
        seen = self.pattern[place]
        return seen and (seen[0] + times * self.shift, seen[1] + times * self.shift)

    @property
    def steady(self) -> bool:
        """Whether no stretch is empty and none moves back: then two ends give the hull."""
        seen = [stretch for stretch in (*self.pattern, self.at(len(self.pattern))) if stretch]
        return len(seen) > len(self.pattern) and _ordered(seen)

    def over(self, units: range, *, steady: bool = False) -> Stretch:
        """The stretch that units see together."""
        if not units:
            return None
        if steady:
            return hull(self.at(units[0]), self.at(units[-1]))
        period = len(self.pattern)  # after as many, what a place of the pattern sees moves on
        return hull(*map(self.at, (*units[:period], *units[-period:])))

    def through(self, reach: Reach, units: int) -> Sliding | None:
        """What the units of a layer see whose inputs are these; None where too many differ."""
        if reach == STILL or not self.shift:
            return self
        shift, period, lone = self.shift, len(self.pattern), self.pattern[0]
        step, low, high, _ = reach
        if period == 1 and lone and type(step) is type(low) is type(high) is int:
            return Sliding(shift * step, ((lone[0] + shift * low, lone[1] + shift * high),))
        count = step.denominator * (period // gcd(step.numerator, period))
        steady = self.steady
        if not steady and count * min(period, len(reach.reads(0))) > MOST_LOOKED_AT:
            return None
        if count > LONGEST_PATTERN:
            return listed(units, self.jump * step, lambda unit: self.over(reach.reads(unit)))
        seen = tuple([self.over(reach.reads(unit), steady=steady) for unit in range(count)])
        turns = step.numerator * count // (step.denominator * period)
        return Sliding(shift * turns, seen, units) if any(seen) else None

    def joined(self, other: Sliding, units: int) -> Sliding | None:
        """What units see through either, by the jump of this one; None where too many differ."""
        count = lcm(len(self.pattern), len(other.pattern))
        if self.jump != other.jump or count > LONGEST_PATTERN:
            return listed(units, self.jump, lambda unit: hull(self.at(unit), other.at(unit)))
        pattern = tuple([hull(self.at(u), other.at(u)) for u in range(count)])
        return Sliding(self.shift * (count // len(self.pattern)), pattern, units)

    def within(self, served: range, units: int) -> Sliding | None:
        """The same, but units of the map outside of a range see nothing.

        What lies beyond an end of the map goes on as the unit at that end.
        """

        def at(unit: int) -> Stretch:
            return self.at(unit) if min(max(unit, 0), units - 1) in served else None

        return listed(units, self.jump, at)


def listed(units: int, jump: int | Fraction, at: Callable[[int], Stretch]) -> Sliding | None:
    """A pattern that names every unit of a map, and as many on either side of it.

    For maps whose units follow no short pattern, as where branches of different jump meet. The
    units on either side are those that padding stands for. None on maps of too many units.

    >>> sparse = listed(3, 2, lambda unit: (2 * unit, 2 * unit + unit % 3))
    >>> [sparse.at(unit) for unit in (-1, 0, 2, 3)]
    [(-2, 0), (0, 0), (4, 6), (6, 6)]
    """
    count = -(-3 * units // jump.denominator) * jump.denominator
    if count > LONGEST_PATTERN:
        return None
    shift = int(jump * count)
    behind = [at(unit) for unit in range(count - units)]
    before = [at(unit) for unit in range(-units, 0)]
    moved = [seen and (seen[0] + shift, seen[1] + shift) for seen in before]
    return Sliding(shift, (*behind, *moved), units)


class Anchored(NamedTuple):
    """Each run is its first unit and what it and those up to the next run see of the input.

    `units` is the size of the map; runs begin with unit 0, and never move back.

    >>> Anchored(30, 2, ((0, (0, 29)), (1, (30, 59)))).at(1)
    (30, 59)
    """

    jump: int | Fraction
    units: int
    runs: tuple[tuple[int, Stretch], ...]

    @property
    def constant(self) -> bool:
        """Whether all units see the same."""
        return len(self.runs) == 1

    @property
    def widest(self) -> Stretch:
        """The longest stretch of any unit."""
        return max([stretch for _, stretch in self.runs], key=length)

    def _run(self, unit: int) -> int:
        return bisect_right(self.runs, unit, key=lambda run: run[0]) - 1

    def at(self, unit: int) -> Stretch:
        """The stretch of a unit on the map."""
        return self.runs[self._run(unit)][1]

    @property
    def steady(self) -> bool:
        """Whether no stretch is empty and none moves back: then two ends give the hull."""
        seen = [stretch for _, stretch in self.runs if stretch]
        return len(seen) == len(self.runs) and _ordered(seen)

    def over(self, units: range, *, steady: bool = False) -> Stretch:
        """The stretch that units see together; those outside the map see nothing."""
        inside = units[_below(units, 0) : _below(units, self.units)]
        if not inside:
            return None
        first, last = self._run(inside[0]), self._run(inside[-1])
        runs = self.runs[first : last + 1]
        if steady:
            return hull(runs[0][1], runs[-1][1])
        stops = [start for start, _ in runs[1:]] + [inside[-1] + 1]
        return hull(
            *(
                stretch
                for (start, stretch), stop in zip(runs, stops, strict=True)
                if _below(inside, start) < _below(inside, stop)
            )
        )

    def through(self, reach: Reach, units: int) -> Anchored | None:
        """What the units of a layer see whose inputs are these; None where too many differ."""
        starts, steady = self._starts(reach, units), self.steady
        if starts is None:
            return None
        runs = ((unit, self.over(reach.reads(unit), steady=steady)) for unit in starts)
        return anchored(self.jump * reach.step, units, runs)

    def _starts(self, reach: Reach, units: int) -> Iterable[int] | None:
        """The units at which what they see can change."""
        if not reach.step:
            return (0,)
        taps = _offsets(reach)
        if taps is None:
            return range(units) if units <= LONGEST_PATTERN else None
        edges = [start for start, _ in self.runs] + [self.units]
        near = [(edge - tap) // reach.step for edge in edges for tap in taps]
        starts = {unit + more for unit in near for more in (-1, 0, 1, 2)}
        return sorted({0, *(unit for unit in starts if 0 < unit < units)})

    def within(self, served: range) -> Anchored | None:
        """The same, but units outside of a range see nothing."""
        starts = sorted({start for start, _ in self.runs} | {served.start, served.stop})
        runs = ((unit, self.at(unit) if unit in served else None) for unit in starts)
        return anchored(self.jump, self.units, (run for run in runs if run[0] < self.units))

    def joined(self, other: Anchored) -> Anchored | None:
        """What units see through either."""
        starts = sorted({start for one in (self, other) for start, _ in one.runs})
        return anchored(
            self.jump, self.units, ((unit, hull(self.at(unit), other.at(unit))) for unit in starts)
        )


def _ordered(stretches: Sequence[tuple[int, int]]) -> bool:
    """Whether neither end ever moves back."""
    return all(a[0] <= b[0] and a[1] <= b[1] for a, b in pairwise(stretches))


def anchored(
    jump: int | Fraction, units: int, runs: Iterable[tuple[int, Stretch]]
) -> Anchored | None:
    """The runs without those that repeat the one before; None where nothing at all is seen."""
    distinct: list[tuple[int, Stretch]] = []
    for unit, stretch in runs:
        if not distinct or distinct[-1][1] != stretch:
            distinct.append((unit, stretch))
    if len(distinct) == 1 and distinct[0][1] is None:
        return None
    return Anchored(jump, units, tuple(distinct))


def _offsets(reach: Reach) -> Sequence[int | Fraction] | None:
    """Where an output's taps lie from step·o on, as far as they decide what it sees.

    The ends, where all in between is read; None where outputs may read nothing, between.
    """
    step, low, high, spacing = reach
    if spacing:
        whole = step.denominator == spacing.denominator == 1
        return range(int(low), int(high) + 1, int(spacing)) if whole else None
    parts = lcm(step.denominator, low.denominator, high.denominator)
    return (low, high) if (high - low) * parts >= parts - 1 else None


def _below(units: range, bound: int) -> int:
    """How many of the units lie below a bound."""
    return min(max(-((units.start - bound) // units.step), 0), len(units))


class AxisField(NamedTuple):
    """What units see through layers that slide, through those that divide the map, or both."""

    sliding: Sliding | None
    anchored: Anchored | None = None

    @property
    def moves(self) -> bool:
        """Whether units differ in what they see."""
        return bool(self.sliding and self.sliding.shift) or not (
            self.anchored is None or self.anchored.constant
        )

    def at(self, unit: int) -> Stretch:
        """All that a unit sees, between its first and its last position."""
        return hull(*(part.at(unit) for part in self._parts()))

    def _parts(self) -> Iterator[Sliding | Anchored]:
        if self.sliding:
            yield self.sliding
        if self.anchored:
            yield self.anchored

    def covers(self, source: int) -> bool:
        """Whether every unit sees the whole input."""
        if self.anchored:
            return self.anchored.runs == ((0, (0, source - 1)),)
        return not self.moves and clipped(self.at(0), source) == (0, source - 1)

    def jump(self, source: int) -> int | Fraction:
        """Input positions between what neighbouring units see; 0 where all see all."""
        if self.covers(source):
            return 0
        return next(self._parts()).jump

    def first(self, source: int) -> Stretch:
        """What the first unit sees that sees anything."""
        if self.anchored is None:
            return next(filter(None, self.sliding.pattern), None) if self.sliding else None
        seen = (clipped(self.at(start), source) for start, _ in self.anchored.runs)
        return next(filter(None, seen), None)

    def widest(self, source: int) -> Stretch:
        """The receptive field: the longest stretch of a single unit.

        What slides counts on over the padding; all that a unit sees, where some of it comes
        through layers that divide the map, counts within the input.
        """
        within = self.most_of(source, self.anchored.units)[0] if self.anchored else None
        return max(self.sliding.widest if self.sliding else None, within, key=length)

    def most_of(self, source: int, units: int) -> tuple[Stretch, int]:
        """The longest stretch of a unit of the map within the input, and a unit that has it.

        Of several it is the one nearest to the middle of the map.
        """
        candidates = set(self._turns(source, units))
        seen = {unit: clipped(self.at(unit), source) for unit in candidates if 0 <= unit < units}
        best = max(seen, key=lambda unit: (length(seen[unit]), -abs(unit - units // 2), unit))
        return seen[best], best

    def _turns(self, source: int, units: int) -> Iterator[int]:
        """The units at which the length of what is seen can stop growing or begin to shrink.

        Between two of them both ends of the stretch are straight lines over the units at one
        place of the pattern, so that the longest is at one of them.
        """
        runs = self.anchored.runs if self.anchored else ((0, None),)
        edges = [*(start for start, _ in runs), units]
        period = len(self.sliding.pattern) if self.sliding else 1
        for unit in (*edges, units // 2):
            yield from range(unit - period, unit + period)
        if self.sliding and self.sliding.shift:
            levels = {0, source - 1, *(end for _, seen in runs for end in seen or ())}
            for level in levels:
                yield from _crossings(self.sliding, level)


def _crossings(sliding: Sliding, level: int) -> Iterator[int]:
    """Place by place of the pattern, the units between which an end passes an input position."""
    for place, stretch in enumerate(sliding.pattern):
        for end in stretch or ():
            unit = (level - end) // sliding.shift * len(sliding.pattern) + place
            yield from (unit, unit + len(sliding.pattern))


def through(axis: AxisField, reach: Reach, units: int) -> AxisField | None:
    """The axis behind a layer that has `units` outputs along it; None where too many differ."""
    sliding = axis.sliding and axis.sliding.through(reach, units)
    anchor = axis.anchored and axis.anchored.through(reach, units)
    lost = (axis.sliding and not sliding) or (axis.anchored and not anchor)
    return None if lost else AxisField(sliding, anchor)


def within(axis: AxisField, served: range, units: int, source: int) -> AxisField | None:
    """The axis of which only a range of the units sees anything; None where too many differ."""
    axis = axis if axis.sliding and axis.sliding.shift else _all_anchored(axis, units, source)
    sliding = axis.sliding and axis.sliding.within(served, units)
    anchor = axis.anchored and _on_map(axis.anchored, units).within(served)
    return None if axis.sliding and not sliding else AxisField(sliding, anchor)


def divided(axis: AxisField, reach: Reach, units: int, source: int) -> AxisField | None:
    """The axis behind a layer that divides the map into `units` windows."""
    sliding = axis.sliding
    if not reach.step or sliding is None or not sliding.shift:
        return through(axis, reach, units)
    if units > LONGEST_PATTERN:
        return None
    steady = sliding.steady
    if not steady and units * len(sliding.pattern) > MOST_LOOKED_AT:
        return None
    seen = (sliding.over(reach.reads(unit), steady=steady) for unit in range(units))
    runs = ((unit, clipped(stretch, source)) for unit, stretch in enumerate(seen))
    new = anchored(sliding.jump * reach.step, units, runs)
    if axis.anchored is None or new is None:
        return new and AxisField(None, new)
    anchor = axis.anchored.through(reach, units)
    return anchor and joined(AxisField(None, new), AxisField(None, anchor), units, source)


def joined(one: AxisField, other: AxisField, units: int, source: int) -> AxisField | None:
    """What units see through either axis; None where too many differ."""
    if one == other:
        return one
    if units > 1:
        first = _anchored_beside(one, other, units, source)
        one, other = first, _anchored_beside(other, one, units, source)
    sliding, anchor = one.sliding or other.sliding, one.anchored or other.anchored
    if one.sliding and other.sliding:
        sliding = _joined_sliding(one.sliding, other.sliding, units)
    if one.anchored and other.anchored:
        anchor = _on_map(one.anchored, units).joined(_on_map(other.anchored, units))
    if sliding is None and anchor is None:
        return None
    return AxisField(sliding, anchor and _on_map(anchor, units))


def _joined_sliding(one: Sliding, other: Sliding, units: int) -> Sliding | None:
    if one.jump != other.jump and units == 1:  # a lone unit does not move
        return Sliding(0, (hull(one.at(0), other.at(0)),))
    return one.joined(other, units)


def _anchored_beside(axis: AxisField, other: AxisField, units: int, source: int) -> AxisField:
    """The axis as runs over the map, if all its units see the same and the other's do not."""
    sliding = axis.sliding
    if sliding is None or sliding.shift or not (other.sliding and other.sliding.shift):
        return axis
    return _all_anchored(axis, units, source)


def _all_anchored(axis: AxisField, units: int, source: int) -> AxisField:
    """The axis whose sliding part does not move, as runs over the units of the map."""
    if axis.sliding is None:
        return axis
    anchor = Anchored(0, units, ((0, clipped(axis.sliding.at(0), source)),))
    return AxisField(None, axis.anchored.joined(anchor) if axis.anchored else anchor)


def _on_map(part: Anchored, units: int) -> Anchored:
    """The same runs on a map of another size, where all units see the same."""
    return part._replace(units=units) if part.constant else part


def in_step(one: AxisField, other: AxisField, units: int, source: int) -> bool:
    """Whether two branches move over the input alike.

    They do by one jump, or because a lone unit does not move, or because the units of one
    branch see the whole input anyway.
    """
    if units == 1 or one.covers(source) or other.covers(source):
        return True
    return one.jump(source) == other.jump(source)
