"""How the receptive field of a layer comes about from that of its input, as steps.

Along a chain r' = r + (F - 1)j, j' = j·S, c' = c + ((F - 1)/2 - P)j, where r, j and c are the
size, the jump and the first centre of what goes in (Araujo, Norris, Sim, Distill 2019). Where
branches meet, and behind an enlarging layer, it is read off the unit that sees most.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from cnncalc.layers._base import Step
from cnncalc.shapes import AXES, AXIS_WORDS
from cnncalc.window import STILL, Window

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cnncalc.analysis.facts import Facts
    from cnncalc.analysis.receptive import Field
    from cnncalc.analysis.report import ReceptiveField
    from cnncalc.analysis.stretches import Axis
    from cnncalc.network import Node
    from cnncalc.window import Reach

Number = int | Fraction
KEY = "receptive_field"


class State(NamedTuple):
    """Size, jump and first centre along one axis."""

    r: Number
    j: Number
    c: Number


class FormulaLine(NamedTuple):
    """A formula in letters and in numbers."""

    formula: str
    numbers: str


def field_steps(
    node: Node, fact: Facts, fields: Sequence[Field | None], told: Sequence[ReceptiveField | None]
) -> list[Step]:
    """Size, jump and first centre of a node's field, per axis of the network's input.

    `receptive_field_steps` and `told` hold what `receptive` says of every node. No steps where
    there is no field to speak of.
    """
    field, after = fields[node.index], told[node.index]
    if field is None or after is None:
        return []
    before = _only_input(node, fact, told)
    letters = AXES[len(field.source)]
    found, values = [], list(zip(after.size, after.jump, after.start, strict=True))
    for place in range(len(letters)):
        way = _way_in(before, fact, place)
        found.append(_lines(field.axes[place], field.source[place], State(*values[place]), way))
    alike = len(set(found)) == 1
    return [
        Step(f"{KEY}.{key}.{letter}", _label(word, letter, alike), *line, value)
        for letter, lines, of_axis in zip(letters, found, values, strict=True)
        for (key, word), line, value in zip(WORDS.items(), lines, of_axis, strict=True)
    ]


WORDS = {"size": "receptive field", "jump": "jump", "start": "first centre"}


def _label(word: str, letter: str, alike: bool) -> str:
    return word if alike else f"{word}, {AXIS_WORDS[letter]}"


class Input(NamedTuple):
    """The one input whose field a layer hands on, and the layer's reach into it."""

    field: ReceptiveField
    reach: tuple[Reach, ...]


def _only_input(node: Node, fact: Facts, told: Sequence[ReceptiveField | None]) -> Input | None:
    """The input of a layer that has one; gates do not count."""
    reaches = fact.reach or tuple((STILL,) * shape.rank for shape in fact.in_shapes)
    ways = [(told[i], way) for i, way in zip(node.inputs, reaches, strict=True) if way is not None]
    if len(ways) != 1 or ways[0][0] is None:
        return None
    return Input(ways[0][0], ways[0][1])


class Way(NamedTuple):
    """One axis of a layer with one input: the field before, the reach, the window if it is one."""

    old: State
    reach: Reach
    window: tuple[int, int, int] | None  # filter, dilation, padding before


def _way_in(before: Input | None, fact: Facts, place: int) -> Way | None:
    if before is None:
        return None
    field, reach = before
    old = State(field.size[place], field.jump[place], field.start[place])
    if not any(field.jump) or len(reach) != len(field.size):
        return Way(old, STILL, None)
    return Way(old, reach[place], _window(reach[place], fact.settings, place))


@lru_cache(maxsize=4096)
def _lines(
    axis: Axis, source: int, new: State, way: Way | None
) -> tuple[FormulaLine, FormulaLine, FormulaLine]:
    """Size, jump and centre: from those of the input, where that gives what is reported."""
    if way is None:
        return _widest(axis, source), FormulaLine("j", str(new.j)), _first(axis, source)
    jump = _jump(way.old, way.reach, new.j)
    if _composed(way.old, way.reach) != (new.r, new.c):
        return _widest(axis, source), jump, _first(axis, source)
    if way.reach == STILL:
        return FormulaLine("r", str(way.old.r)), jump, FormulaLine("c", str(way.old.c))
    return _size(way), jump, _centre(way)


def _composed(old: State, reach: Reach) -> tuple[Number, Number]:
    """Size and first centre behind a layer, were there no pattern of enlarging to round to."""
    middle = Fraction(reach.low + reach.high) / 2
    return old.r + (reach.high - reach.low) * old.j, old.c + middle * old.j


def _jump(old: State, reach: Reach, new: Number) -> FormulaLine:
    if reach == STILL or old.j * reach.step != new:  # where all units come to see all, it is 0
        return FormulaLine("j", str(new))
    if not reach.step:
        return FormulaLine("0", "0")
    return FormulaLine("j·S", f"{_n(old.j)}·{_n(reach.step)}")


def _size(way: Way) -> FormulaLine:
    """In the letters of a window, or by the number of places that one unit reads."""
    (r, j, _), reach, window = way
    if window is None:
        count = _n(reach.high - reach.low + 1)
        return FormulaLine("r + (n - 1)j", f"{_n(r)} + ({count} - 1)·{_n(j)}")
    span, numbers = _span(*window)
    return FormulaLine(f"r + {span}j", f"{_n(r)} + {numbers}·{_n(j)}")


def _centre(way: Way) -> FormulaLine:
    """Half the span away, less the padding; or the middle of the places that one unit reads."""
    (_, j, c), reach, window = way
    if window is None:
        middle = f"({_n(reach.low)} + {_n(reach.high)})/2"
        return FormulaLine("c + (a + b)/2·j", f"{_n(c)} + {middle}·{_n(j)}")
    span, numbers = _span(*window)
    return FormulaLine(f"c + ({span}/2 - P)j", f"{_n(c)} + ({numbers}/2 - {window[2]})·{_n(j)}")


def _span(kernel: int, dilation: int, _: int) -> FormulaLine:
    """From the first to the last tap of a filter."""
    if dilation == 1:
        return FormulaLine("(F - 1)", f"({kernel} - 1)")
    return FormulaLine("d(F - 1)", f"{dilation}·({kernel} - 1)")


def _window(reach: Reach, settings: Mapping[str, Any], place: int) -> tuple[int, int, int] | None:
    """Filter, dilation and padding before, where the reach is that of a window."""
    if not {"kernel", "stride", "padding"} <= settings.keys():
        return None
    kernel, (begin, end) = settings["kernel"][place], settings["padding"][place]
    dilation = settings["dilation"][place] if "dilation" in settings else 1
    own = Window(kernel, settings["stride"][place], begin, end, dilation)
    return (kernel, dilation, begin) if own.reach == reach else None


def _widest(axis: Axis, source: int) -> FormulaLine:
    """The size, read off the first and last pixel of a unit that sees most."""
    first, last = axis.widest(source) or (0, -1)
    return FormulaLine("last - first + 1", f"{_n(last)} - {_n(first)} + 1")


def _first(axis: Axis, source: int) -> FormulaLine:
    """The centre of the first unit that sees anything."""
    first, last = axis.first(source) or (0, -1)
    return FormulaLine("(first + last + 1)/2", f"({_n(first)} + {_n(last)} + 1)/2")


def _n(value: Number) -> str:
    """A number that may stand in a formula.

    >>> _n(3), _n(-3), _n(Fraction(1, 2)), _n(Fraction(-3, 1))
    ('3', '(-3)', '(1/2)', '(-3)')
    """
    exact = Fraction(value)
    return f"{exact}" if exact.denominator == 1 and exact >= 0 else f"({exact})"
