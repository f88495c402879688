"""Receptive-field advice: how much of the input each layer covers, and what one unit sees.

Coverage is read off the receptive fields, which run on over padding within the network; the
places that one unit sees, and the first layer that sees everything, are followed backward
place by place (see `neuron_origin`).
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

from cnncalc.analysis.engine import analyze
from cnncalc.analysis.facts import all_facts
from cnncalc.analysis.receptive import trace
from cnncalc.analysis.stretches import length
from cnncalc.errors import failure
from cnncalc.layers._base import Step
from cnncalc.neuron_origin import neuron_origin
from cnncalc.shapes import AXES, AXIS_WORDS
from cnncalc.window import STILL, Window

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cnncalc.analysis.facts import Facts
    from cnncalc.analysis.receptive import Field
    from cnncalc.analysis.report import ReceptiveField, Report, Row
    from cnncalc.analysis.stretches import Axis
    from cnncalc.network import Network, Node
    from cnncalc.neuron_origin import TensorOrigin
    from cnncalc.shapes import Shape
    from cnncalc.window import Reach

Number = int | Fraction
KEY = "receptive_field"


class Coverage(NamedTuple):
    """How much of the network's input the unit of a layer that sees most of it sees.

    `covered` counts pixels per axis, clipped to the input; `unit` is where that unit stands.
    """

    row: Row
    source: tuple[int, ...]  # the spatial sizes of the input
    covered: tuple[int, ...]
    unit: tuple[int, ...]

    @property
    def share(self) -> Fraction:
        """The part of the input that is covered."""
        return Fraction(prod(self.covered), prod(self.source))

    @property
    def outgrows(self) -> bool:
        """Whether the field is larger than the input, so that its edge sees only padding."""
        field = self.row.receptive_field
        pairs = zip(field.size, self.source, strict=True) if field else ()
        return any(size > whole for size, whole in pairs)


class CoverageReport(NamedTuple):
    """The coverage of every layer that has a field, in order, and what follows from it."""

    report: Report
    covers: tuple[Coverage, ...]
    sees_all: str | None  # the first layer with a unit that sees every pixel's row and column

    @property
    def outgrown(self) -> tuple[Coverage, ...]:
        """The layers that slide over the input with a field larger than it."""
        return tuple(one for one in self.covers if one.outgrows and _moves(one.row))


def receptive(network: Network) -> CoverageReport:
    """How the receptive field grows over a network's input.

    >>> from cnncalc import load
    >>> advice = receptive(load("lenet5"))
    >>> advice.sees_all, [str(cover.share) for cover in advice.covers if cover.row.name == "C1"]
    ('C5', ['25/1024'])
    """
    report = analyze(network)
    fields = trace(network, all_facts(network))
    covers = tuple(_cover(row, field) for row in report.rows if (field := fields[row.index]))
    return CoverageReport(report, covers, _first_to_see_all(network, covers))


def _moves(row: Row) -> bool:
    return row.receptive_field is not None and any(row.receptive_field.jump)


def _cover(row: Row, field: Field) -> Coverage:
    sizes = row.out.spatial if row.out.rank == len(field.axes) else (1,) * len(field.axes)
    axes = zip(field.axes, sizes, field.source, strict=True)
    best = [axis.most_of(source, units) for axis, units, source in axes]
    covered = tuple(length(stretch) for stretch, _ in best)
    unit = tuple(unit for _, unit in best)
    return Coverage(row, field.source, covered, unit if row.out.rank else ())


def _first_to_see_all(network: Network, covers: tuple[Coverage, ...]) -> str | None:
    """The first layer of which a unit really sees from edge to edge, padding apart."""
    source = next((node.index for node in network.inputs if node.shape.spatial), None)
    for cover in covers:
        if cover.covered == cover.source and source is not None:
            origin = neuron_origin(network, cover.row.index, cover.unit).of.get(source)
            if origin and origin.box == tuple((0, size - 1) for size in cover.source):
                return cover.row.name
    return None


class SeenRegion(NamedTuple):
    """What a unit sees of one tensor: the first and last place per axis; `solid` if all between."""

    name: str
    shape: Shape
    box: tuple[tuple[int, int], ...]
    solid: bool


class Neuron(NamedTuple):
    """A unit, and what reaches it: of the inputs, and of every tensor on the way.

    `gated`: a gate by global pooling is on the way, which scales the whole map.
    """

    name: str
    shape: Shape
    place: tuple[int, ...]
    inputs: tuple[SeenRegion, ...]
    through: tuple[SeenRegion, ...]
    gated: bool = False


def seen_by(network: Network, name: str, place: tuple[int, ...] | None = None) -> Neuron:
    """The box of the input that one unit sees, exactly; without a place, the middle unit.

    `name` is a layer or a named part, whose last layer counts. Gates are not followed: they
    scale by the whole map. Raises CnncalcError for a layer or a place that is not there.

    >>> from cnncalc import load
    >>> unit = seen_by(load("lenet5"), "C3", (4, 4))
    >>> unit.inputs[0].box, unit.inputs[0].solid
    (((8, 21), (8, 21)), True)
    """
    node = _node(network, name)
    middle = tuple(size // 2 for size in node.shape.spatial)
    unit = middle if place is None else _checked(node, place)
    found = neuron_origin(network, node.index, unit)
    seen = {
        index: _seen(network.nodes[index], origin)
        for index, origin in sorted(found.of.items())
        if network.nodes[index].shape.spatial and index != node.index
    }
    inputs = tuple(one for index, one in seen.items() if not network.nodes[index].inputs)
    through = tuple(one for index, one in seen.items() if network.nodes[index].inputs)
    return Neuron(node.name, node.shape, unit, inputs, through, found.gated)


def _node(network: Network, name: str) -> Node:
    """The node of a layer itself, or the last of a named part."""
    return network.row(name) or network.nodes[analyze(network).rows_of(name)[-1].index]


def _checked(node: Node, place: tuple[int, ...]) -> tuple[int, ...]:
    """A place that is on the map. Raises CnncalcError ("no-unit") for another."""
    letters = node.shape.axes
    if len(place) != len(letters):
        wanted = f"{node.name}:{','.join(letters).upper()}" if letters else f"just {node.name}"
        message = f"{node.name} puts out {node.shape}: its units have {len(letters)} places"
        raise failure("no-unit", message, help=f"write {wanted}")
    for letter, at, size in zip(letters, place, node.shape.spatial, strict=True):
        if not 0 <= at < size:
            word = AXIS_WORDS[letter]
            message = f"{node.name} has no unit at {word} {at}: its {word} is {size}"
            raise failure("no-unit", message, help=f"places count from 0 to {size - 1}")
    return place


def _seen(node: Node, origin: TensorOrigin) -> SeenRegion:
    return SeenRegion(node.name, node.shape, origin.box, origin.solid)


def growth(advice: CoverageReport) -> tuple[Coverage, ...]:
    """The layers at which the field grows, without those that only hand it on.

    >>> from cnncalc import load
    >>> [cover.row.name for cover in growth(receptive(load("lenet5")))]
    ['C1', 'S2', 'C3', 'S4', 'C5', 'F6']
    """
    fields = {cover.row.name: _field(cover) for cover in advice.covers}

    def handed_on(cover: Coverage) -> bool:
        return any(fields.get(name) == _field(cover) for name in cover.row.inputs)

    return tuple(cover for cover in advice.covers if not handed_on(cover))


def _field(cover: Coverage) -> tuple[object, object]:
    field = cover.row.receptive_field
    return (field.size, field.jump) if field else ((), ())


class FieldState(NamedTuple):
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
        found.append(
            _lines(field.axes[place], field.source[place], FieldState(*values[place]), way)
        )
    alike = len(set(found)) == 1
    return [
        Step(f"{KEY}.{key}.{letter}", _label(word, letter, alike), *line, value)
        for letter, lines, of_axis in zip(letters, found, values, strict=True)
        for (key, word), line, value in zip(WORDS.items(), lines, of_axis, strict=True)
    ]


WORDS = {"size": "receptive field", "jump": "jump", "start": "first centre"}


def _label(word: str, letter: str, alike: bool) -> str:
    return word if alike else f"{word}, {AXIS_WORDS[letter]}"


class SourceField(NamedTuple):
    """The one input whose field a layer hands on, and the layer's reach into it."""

    field: ReceptiveField
    reach: tuple[Reach, ...]


def _only_input(
    node: Node, fact: Facts, told: Sequence[ReceptiveField | None]
) -> SourceField | None:
    """The input of a layer that has one; gates do not count."""
    reaches = fact.reach or tuple((STILL,) * shape.rank for shape in fact.in_shapes)
    ways = [(told[i], way) for i, way in zip(node.inputs, reaches, strict=True) if way is not None]
    if len(ways) != 1 or ways[0][0] is None:
        return None
    return SourceField(ways[0][0], ways[0][1])


class FieldStep(NamedTuple):
    """One axis of a layer with one input: the field before, the reach, the window if it is one."""

    old: FieldState
    reach: Reach
    window: tuple[int, int, int] | None  # filter, dilation, padding before


def _way_in(before: SourceField | None, fact: Facts, place: int) -> FieldStep | None:
    if before is None:
        return None
    field, reach = before
    old = FieldState(field.size[place], field.jump[place], field.start[place])
    if not any(field.jump) or len(reach) != len(field.size):
        return FieldStep(old, STILL, None)
    return FieldStep(old, reach[place], _window(reach[place], fact.settings, place))


@lru_cache(maxsize=4096)
def _lines(
    axis: Axis, source: int, new: FieldState, way: FieldStep | None
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


def _composed(old: FieldState, reach: Reach) -> tuple[Number, Number]:
    """Size and first centre behind a layer, were there no pattern of enlarging to round to."""
    middle = Fraction(reach.low + reach.high) / 2
    return old.r + (reach.high - reach.low) * old.j, old.c + middle * old.j


def _jump(old: FieldState, reach: Reach, new: Number) -> FormulaLine:
    if reach == STILL or old.j * reach.step != new:  # where all units come to see all, it is 0
        return FormulaLine("j", str(new))
    if not reach.step:
        return FormulaLine("0", "0")
    return FormulaLine("j·S", f"{_n(old.j)}·{_n(reach.step)}")


def _size(way: FieldStep) -> FormulaLine:
    """In the letters of a window, or by the number of places that one unit reads."""
    (r, j, _), reach, window = way
    if window is None:
        count = _n(reach.high - reach.low + 1)
        return FormulaLine("r + (n - 1)j", f"{_n(r)} + ({count} - 1)·{_n(j)}")
    span, numbers = _span(*window)
    return FormulaLine(f"r + {span}j", f"{_n(r)} + {numbers}·{_n(j)}")


def _centre(way: FieldStep) -> FormulaLine:
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
