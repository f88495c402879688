"""Receptive fields along paths: which stretch of the network's input one unit can see.

Along a chain r' = r + (F - 1)·d·j and j' = j·S (Araujo, Norris, Sim, "Computing Receptive
Fields of Convolutional Neural Networks", Distill 2019), here kept as the two ends of the
stretch, so that padding, uneven kernels and branches come out too. Past an enlarging layer
neighbouring units differ in what they see, in a pattern that repeats: each axis keeps one
stretch per place in that pattern, and the numbers stay whole and exact.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import starmap
from math import ceil, floor, gcd, lcm
from typing import TYPE_CHECKING, Any, NamedTuple

from cnncalc.analysis.report import ReceptiveField
from cnncalc.window import STILL

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from fractions import Fraction

    from cnncalc.analysis.facts import Facts
    from cnncalc.network import Network
    from cnncalc.shapes import Shape
    from cnncalc.window import Reach

# A pattern longer than this (odd enlargements one after another) is not followed further.
LONGEST_PATTERN = 4096

Stretch = tuple[int, int] | None  # first and last input position seen; None sees nothing


class Axis(NamedTuple):
    """What the units along one axis see of the input: unit k·len(pattern) + r sees pattern[r],
    moved by k·shift.

    >>> Axis(4, ((-1, 3),)).at(2)
    (7, 11)
    """  # noqa: D205 - the rule is one sentence

    shift: int
    pattern: tuple[Stretch, ...]

    @property
    def jump(self) -> int | Fraction:
        """Input pixels between the fields of neighbouring units."""
        return _ratio(self.shift, len(self.pattern))

    def at(self, unit: int) -> Stretch:
        """The stretch that a unit sees; units outside the map (padding) are counted on."""
        times, place = divmod(unit, len(self.pattern))
        seen = self.pattern[place]
        return seen and (seen[0] + times * self.shift, seen[1] + times * self.shift)

    def over(self, first: int, last: int) -> Stretch:
        """The stretch that the units first ... last see together."""
        if first > last:
            return None
        if None in self.pattern:
            return _hull(*map(self.at, range(first, last + 1)))
        return _hull(self.at(first), self.at(last))


class Field(NamedTuple):
    """The field of a tensor's units, per axis of the input it is measured in."""

    source: tuple[int, ...]  # the spatial sizes of that input
    axes: tuple[Axis, ...]
    gated: bool = False
    aligned: bool = True

    @property
    def collapsed(self) -> bool:
        """Every unit sees the same: the axes of the tensor no longer matter."""
        return not any(axis.shift for axis in self.axes)


def receptive_fields(network: Network, facts: Sequence[Facts]) -> list[ReceptiveField | None]:
    """The receptive field of every node, in order; None where there is none to speak of.

    A vector input has none, and neither has a unit that sees inputs of different sizes.

    >>> from cnncalc.analysis.facts import all_facts
    >>> from cnncalc.layers.conv import Conv
    >>> from cnncalc.network import chain
    >>> from cnncalc.shapes import Shape
    >>> twice = [("a", Conv(filters=1, kernel=(3,))), ("b", Conv(filters=1, kernel=(3,)))]
    >>> net = chain("twice", Shape(1, (9, 9)), twice)
    >>> receptive_fields(net, all_facts(net))[-1].size
    (5, 5)
    """
    described: dict[int, ReceptiveField | None] = {}  # by identity: most rows hand a field on
    fields = trace(network, facts)
    for field in fields:
        if id(field) not in described:
            described[id(field)] = _report(field)
    return [described[id(field)] for field in fields]


def trace(network: Network, facts: Sequence[Facts]) -> list[Field | None]:
    """The field behind every node, in order."""
    fields: list[Field | None] = []
    for node, fact in zip(network.nodes, facts, strict=True):
        if not node.inputs:
            fields.append(_of_input(node.shape))
        elif fact.reach is None and len(node.inputs) == 1:
            fields.append(fields[node.inputs[0]])
        else:
            before = [fields[index] for index in node.inputs]
            fields.append(_through(fact, before, node.shape))
    return fields


def _through(fact: Facts, inputs: Sequence[Field | None], out: Shape) -> Field | None:
    """The field behind a layer, from the fields of its inputs and its reach into them."""
    reaches = fact.reach
    read = list(inputs)
    if reaches is not None:
        ways = zip(inputs, reaches, fact.in_shapes, strict=True)
        read = [f and _reach_into(f, way, shape.rank) for f, way, shape in ways if way is not None]
    joined = read[0]
    for field in read[1:]:
        joined = _join(joined, field, out)
    if joined is None or (out.rank != len(joined.axes) and not joined.collapsed):
        return None
    return joined._replace(gated=True) if reaches and None in reaches else joined


def _of_input(shape: Shape) -> Field | None:
    return Field(shape.spatial, (Axis(1, ((0, 0),)),) * shape.rank) if shape.spatial else None


def _reach_into(field: Field, reach: tuple[Reach, ...], rank: int) -> Field | None:
    """Move a field through one layer, axis by axis."""
    if field.collapsed:
        return field
    if rank != len(field.axes):
        return None
    axes = _each(_compose, field.axes, reach)
    return None if None in axes else Field(field.source, axes, field.gated, field.aligned)


def _compose(axis: Axis, reach: Reach) -> Axis | None:
    """Unit o of the layer's output sees what units step·o + low ... step·o + high see."""
    step, low, high = reach
    if reach == STILL or not axis.shift:
        return axis
    shift, period, lone = axis.shift, len(axis.pattern), axis.pattern[0]
    if period == 1 and lone and type(step) is type(low) is type(high) is int:
        return Axis(shift * step, ((lone[0] + shift * low, lone[1] + shift * high),))
    length = step.denominator * (period // gcd(step.numerator, period))
    if length > LONGEST_PATTERN:
        return None
    bounds = ((ceil(step * o + low), floor(step * o + high)) for o in range(length))
    seen = tuple([axis.over(first, last) for first, last in bounds])
    turns = step.numerator * length // (step.denominator * period)
    return Axis(shift * turns, seen) if any(seen) else None


def _join(one: Field | None, other: Field | None, out: Shape) -> Field | None:
    """Lowest low, highest high of two fields that meet in one tensor."""
    if one is None or other is None or one.source != other.source:
        return None
    if one == other:
        return one
    sizes = out.spatial if out.rank == len(one.axes) else (1,) * len(one.axes)
    axes = _each(_union, one.axes, other.axes, sizes, one.source)
    if None in axes:
        return None
    in_step = all(_each(_in_step, one.axes, other.axes, sizes, one.source))
    aligned = one.aligned and other.aligned and in_step
    return Field(one.source, axes, one.gated or other.gated, aligned)


def _union(one: Axis, other: Axis, size: int, source: int) -> Axis | None:
    """What the units see through either branch; None where that cannot be followed.

    Where the jumps differ but the branches are in step, all units of the map share a field.
    """
    shift, length = one.shift, len(one.pattern)
    if one.jump == other.jump:
        length = lcm(length, len(other.pattern))
        shift *= length // len(one.pattern)
    elif _in_step(one, other, size, source):
        seen = _hull(one.over(0, size - 1), other.over(0, size - 1))
        return Axis(0, (seen,)) if seen else None
    if length > LONGEST_PATTERN:
        return None
    pattern = tuple([_hull(one.at(unit), other.at(unit)) for unit in range(length)])
    return Axis(shift, pattern) if any(pattern) else None


def _in_step(one: Axis, other: Axis, size: int, source: int) -> bool:
    """Whether the branches move over the input alike: by one jump, or because a lone unit does
    not move, or because the units of one branch see the whole input anyway.
    """  # noqa: D205 - the rule is one sentence
    if one.jump == other.jump or size == 1:
        return True
    return _sees_all(one, source) or _sees_all(other, source)


def _sees_all(axis: Axis, source: int) -> bool:
    """Whether every unit sees the whole input."""
    seen = axis.pattern[0]
    return not axis.shift and seen is not None and seen[0] <= 0 and seen[1] >= source - 1


def _hull(*stretches: Stretch) -> Stretch:
    """From the lowest to the highest of what is seen."""
    seen = [stretch for stretch in stretches if stretch]
    if len(seen) < 2:  # noqa: PLR2004 - a hull needs two
        return seen[0] if seen else None
    lows, highs = zip(*seen, strict=True)
    return min(lows), max(highs)


def _each(question: Callable[..., Any], *axes: Sequence[Any]) -> tuple[Any, ...]:
    """The answers for every axis; axes that are alike (most pictures are square) ask once."""
    columns = list(zip(*axes, strict=True))
    if columns.count(columns[0]) == len(columns):
        return (question(*columns[0]),) * len(columns)
    return tuple(starmap(question, columns))


def _report(field: Field | None) -> ReceptiveField | None:
    if field is None:
        return None
    size, jump, start = zip(*_each(_described, field.axes), strict=True)
    return ReceptiveField(size, jump, start, field.gated, field.aligned)


def _described(axis: Axis) -> tuple[int, int | Fraction, int | Fraction]:
    """The largest size, the jump, and the centre of the first unit's field."""
    seen = [stretch for stretch in axis.pattern if stretch]
    size = max([high - low for low, high in seen]) + 1
    return size, axis.jump, _ratio(sum(seen[0]) + 1, 2)


@lru_cache(maxsize=4096)  # a sweep over sizes meets ever new ones
def _ratio(numerator: int, denominator: int) -> int | Fraction:
    """The quotient, as an int where it is whole."""
    whole, rest = divmod(numerator, denominator)
    if not rest:
        return whole
    from fractions import Fraction

    return Fraction(numerator, denominator)
