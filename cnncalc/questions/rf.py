"""Receptive fields explained: what each layer covers, what one unit sees, and the arithmetic.

Coverage comes from the receptive fields, which run on over padding within the network. What one
unit sees, and so which layer is the first to see the whole input, is followed backward exactly
(see `neuron_origin`).

The steps of the arithmetic: along a chain r' = r + (F - 1)j, j' = j·S, c' = c + ((F - 1)/2 - P)j,
where r, j and c are the size, the jump and the first centre of the input's field (Araujo, Norris,
Sim, Distill 2019). Where branches meet, and behind an enlarging layer, there is no such formula,
and the field is that of the unit that sees most.
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
from cnncalc.errors import counted, failure
from cnncalc.layers._base import Step
from cnncalc.neuron_origin import neuron_origin
from cnncalc.shapes import AXES, AXIS_WORDS
from cnncalc.window import STILL, Window

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cnncalc.analysis.facts import Facts
    from cnncalc.analysis.receptive import Field
    from cnncalc.analysis.report import ReceptiveField, Report, Row
    from cnncalc.analysis.stretches import AxisField
    from cnncalc.network import Network, Node
    from cnncalc.neuron_origin import TensorOrigin
    from cnncalc.shapes import Shape
    from cnncalc.window import Reach

Number = int | Fraction
# The parts of a field, and what they are called in steps.
PARTS = {"size": "receptive field", "jump": "jump", "start": "first centre"}


class Coverage(NamedTuple):
    """How much of the network's input is seen by the unit of a layer that sees most of it.

    `covered` counts pixels per axis, clipped to the input; `unit` is the position of that unit.
    """

    row: Row
    source: tuple[int, ...]  # spatial sizes of the input
    covered: tuple[int, ...]
    unit: tuple[int, ...]

    @property
    def share(self) -> Fraction:
        """The covered part of the input, from 0 to 1."""
        return Fraction(prod(self.covered), prod(self.source))

    @property
    def outgrows(self) -> bool:
        """Whether the field is larger than the input, so that part of it covers only padding."""
        field = self.row.receptive_field
        pairs = zip(field.size, self.source, strict=True) if field else ()
        return any(size > whole for size, whole in pairs)


class CoverageReport(NamedTuple):
    """The coverage of every layer that has a receptive field, in order."""

    report: Report
    covers: tuple[Coverage, ...]
    sees_all: str | None  # the first layer with a unit that sees from edge to edge

    @property
    def outgrown(self) -> tuple[Coverage, ...]:
        """The layers whose field is larger than the input, and whose units see different parts."""
        return tuple(cover for cover in self.covers if cover.outgrows and _moves(cover.row))


def coverage(network: Network) -> CoverageReport:
    """How much of the input each layer covers.

    >>> from cnncalc import load
    >>> report = coverage(load("lenet5"))
    >>> report.sees_all, [str(cover.share) for cover in report.covers if cover.row.name == "C1"]
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
    """The first layer with a unit that sees the input from edge to edge, padding not counted."""
    source = next((node.index for node in network.inputs if node.shape.spatial), None)
    for cover in covers:
        # Fields run on over padding inside the network, so that coverage may be too large. The
        # exact origin decides; it takes longer, so that only these layers are asked.
        if cover.covered == cover.source and source is not None:
            origin = neuron_origin(network, cover.row.index, cover.unit).of.get(source)
            if origin and origin.box == tuple((0, size - 1) for size in cover.source):
                return cover.row.name
    return None


class SeenRegion(NamedTuple):
    """What a unit sees of one tensor: first and last position per axis; `solid`: all in between."""

    name: str
    shape: Shape
    box: tuple[tuple[int, int], ...]
    solid: bool


class Neuron(NamedTuple):
    """A unit, and what it sees of the inputs and of every tensor in between.

    `gated`: a gate by global pooling lies in between, which scales the whole map.
    """

    name: str
    shape: Shape
    place: tuple[int, ...]
    inputs: tuple[SeenRegion, ...]
    through: tuple[SeenRegion, ...]
    gated: bool = False


def seen_by(network: Network, name: str, position: tuple[int, ...] | None = None) -> Neuron:
    """The exact part of the input that one unit sees; without a position, that of the middle unit.

    `name` is a layer, or a named part, of which the last layer is taken. Gates are not followed,
    since they scale by the whole map.

    Raises:
        CnncalcError: "unknown-layer" or "no-unit" for a layer or a position that does not exist,
            "too-many-gaps" where the positions cannot be followed.

    >>> from cnncalc import load
    >>> unit = seen_by(load("lenet5"), "C3", (4, 4))
    >>> unit.inputs[0].box, unit.inputs[0].solid
    (((8, 21), (8, 21)), True)
    """
    node = _node(network, name)
    middle = tuple(size // 2 for size in node.shape.spatial)
    unit = middle if position is None else _checked(node, position)
    origins = neuron_origin(network, node.index, unit)
    regions = {
        index: _region(network.nodes[index], origin)
        for index, origin in sorted(origins.of.items())
        if network.nodes[index].shape.spatial and index != node.index
    }
    inputs = tuple(region for index, region in regions.items() if not network.nodes[index].inputs)
    through = tuple(region for index, region in regions.items() if network.nodes[index].inputs)
    return Neuron(node.name, node.shape, unit, inputs, through, origins.gated)


def _node(network: Network, name: str) -> Node:
    """The node of a layer, or the last of a named part. Raises CnncalcError for other names."""
    return network.row(name) or network.nodes[analyze(network).rows_of(name)[-1].index]


def _checked(node: Node, position: tuple[int, ...]) -> tuple[int, ...]:
    """The position, if it lies on the map. Raises CnncalcError ("no-unit") otherwise."""
    letters = node.shape.axes
    if len(position) != len(letters):
        form = f"{node.name}:{','.join(letters).upper()}" if letters else f"just {node.name}"
        axes = "1 spatial axis" if len(letters) == 1 else f"{len(letters)} spatial axes"
        given = counted(len(position), "coordinate")
        message = f"{given} for {node.name}, whose output {node.shape} has {axes}"
        raise failure("no-unit", message, help=f"write {form}")
    for letter, at, size in zip(letters, position, node.shape.spatial, strict=True):
        if not 0 <= at < size:
            word = AXIS_WORDS[letter]
            message = f"{node.name} has no unit at {word} {at}: its {word} is {size}"
            raise failure("no-unit", message, help=f"positions count from 0 to {size - 1}")
    return position


def _region(node: Node, origin: TensorOrigin) -> SeenRegion:
    return SeenRegion(node.name, node.shape, origin.box, origin.solid)


def growth(report: CoverageReport) -> tuple[Coverage, ...]:
    """The layers that change the field, without those that only pass it on.

    >>> from cnncalc import load
    >>> [cover.row.name for cover in growth(coverage(load("lenet5")))]
    ['C1', 'S2', 'C3', 'S4', 'C5', 'F6']
    """
    fields = {cover.row.name: _field(cover) for cover in report.covers}

    def passes_on(cover: Coverage) -> bool:
        return any(fields.get(name) == _field(cover) for name in cover.row.inputs)

    return tuple(cover for cover in report.covers if not passes_on(cover))


def _field(cover: Coverage) -> tuple[object, object]:
    field = cover.row.receptive_field
    return (field.size, field.jump) if field else ((), ())


class FieldState(NamedTuple):
    """Size r, jump j and first centre c of a field along one axis."""

    r: Number
    j: Number
    c: Number


class FormulaLine(NamedTuple):
    """A formula in letters, and with numbers in their place."""

    formula: str
    numbers: str


def field_steps(
    node: Node,
    fact: Facts,
    fields: Sequence[Field | None],
    described: Sequence[ReceptiveField | None],
) -> list[Step]:
    """Size, jump and first centre of a node's field, per axis of the network's input.

    `fields` and `described` are of every node, as `analysis.receptive` computes and describes
    them. A node without a field has no steps.
    """
    field, after = fields[node.index], described[node.index]
    if field is None or after is None:
        return []
    before = _only_input(node, fact, described)
    letters = AXES[len(field.source)]
    formulas, values = [], list(zip(after.size, after.jump, after.start, strict=True))
    for index, (axis, source) in enumerate(zip(field.axes, field.source, strict=True)):
        step = _step_on(before, fact, index)
        formulas.append(_formulas(axis, source, FieldState(*values[index]), step))
    alike = len(set(formulas)) == 1
    return [
        Step(f"receptive_field.{key}.{letter}", _label(word, letter, alike), *line, value)
        for letter, lines, of_axis in zip(letters, formulas, values, strict=True)
        for (key, word), line, value in zip(PARTS.items(), lines, of_axis, strict=True)
    ]


def _label(word: str, letter: str, alike: bool) -> str:
    return word if alike else f"{word}, {AXIS_WORDS[letter]}"


class SourceField(NamedTuple):
    """The only input of a layer that has a field, and the layer's reach into it."""

    field: ReceptiveField
    reach: tuple[Reach, ...]


def _only_input(
    node: Node, fact: Facts, described: Sequence[ReceptiveField | None]
) -> SourceField | None:
    """The input of a layer that has exactly one; gates do not count."""
    reaches = fact.reach or tuple((STILL,) * shape.rank for shape in fact.in_shapes)
    inputs = [(described[i], r) for i, r in zip(node.inputs, reaches, strict=True) if r is not None]
    if len(inputs) != 1 or inputs[0][0] is None:
        return None
    return SourceField(inputs[0][0], inputs[0][1])


class FieldStep(NamedTuple):
    """One axis of a layer with one input: the field before it, its reach, and its window if any."""

    old: FieldState
    reach: Reach
    window: tuple[int, int, int] | None  # filter, dilation, padding in front


def _step_on(before: SourceField | None, fact: Facts, axis: int) -> FieldStep | None:
    if before is None:
        return None
    field, reach = before
    old = FieldState(field.size[axis], field.jump[axis], field.start[axis])
    # Behind a layer that sees the whole input, or without these axes, the field stays as it is.
    if not any(field.jump) or len(reach) != len(field.size):
        return FieldStep(old, STILL, None)
    return FieldStep(old, reach[axis], _window(reach[axis], fact.settings, axis))


@lru_cache(maxsize=4096)
def _formulas(
    axis: AxisField, source: int, new: FieldState, step: FieldStep | None
) -> tuple[FormulaLine, FormulaLine, FormulaLine]:
    """Formulas of size, jump and centre from those of the input, where these give the result."""
    if step is None:
        return _widest(axis, source), FormulaLine("j", str(new.j)), _first(axis, source)
    jump = _jump(step.old, step.reach, new.j)
    if _composed(step.old, step.reach) != (new.r, new.c):
        return _widest(axis, source), jump, _first(axis, source)
    if step.reach == STILL:
        return FormulaLine("r", str(step.old.r)), jump, FormulaLine("c", str(step.old.c))
    return _size(step), jump, _centre(step)


def _composed(old: FieldState, reach: Reach) -> tuple[Number, Number]:
    """Size and first centre behind a layer whose units all read alike.

    Behind an enlarging layer they do not, so that the reported field may be another.
    """
    middle = Fraction(reach.low + reach.high) / 2
    return old.r + (reach.high - reach.low) * old.j, old.c + middle * old.j


def _jump(old: FieldState, reach: Reach, new: Number) -> FormulaLine:
    if reach == STILL or old.j * reach.step != new:  # 0 once all units see the whole input
        return FormulaLine("j", str(new))
    if not reach.step:
        return FormulaLine("0", "0")
    return FormulaLine("j·S", f"{_n(old.j)}·{_n(reach.step)}")


def _size(step: FieldStep) -> FormulaLine:
    """In the letters of a window, or with n, the number of positions that one unit reads."""
    (r, j, _), reach, window = step
    if window is None:
        count = _n(reach.high - reach.low + 1)
        return FormulaLine("r + (n - 1)j", f"{_n(r)} + ({count} - 1)·{_n(j)}")
    span, numbers = _span(*window)
    return FormulaLine(f"r + {span}j", f"{_n(r)} + {numbers}·{_n(j)}")


def _centre(step: FieldStep) -> FormulaLine:
    """Half a span further, less the padding; or the middle of what one unit reads."""
    (_, j, c), reach, window = step
    if window is None:
        middle = f"({_n(reach.low)} + {_n(reach.high)})/2"
        return FormulaLine("c + (a + b)/2·j", f"{_n(c)} + {middle}·{_n(j)}")
    span, numbers = _span(*window)
    return FormulaLine(f"c + ({span}/2 - P)j", f"{_n(c)} + ({numbers}/2 - {window[2]})·{_n(j)}")


def _span(kernel: int, dilation: int, _: int) -> FormulaLine:
    """The distance from the first to the last tap of a filter."""
    if dilation == 1:
        return FormulaLine("(F - 1)", f"({kernel} - 1)")
    return FormulaLine("d(F - 1)", f"{dilation}·({kernel} - 1)")


def _window(reach: Reach, settings: Mapping[str, Any], axis: int) -> tuple[int, int, int] | None:
    """Filter, dilation and padding in front, where the reach is that of a window."""
    if not {"kernel", "stride", "padding"} <= settings.keys():
        return None
    kernel, (begin, end) = settings["kernel"][axis], settings["padding"][axis]
    dilation = settings["dilation"][axis] if "dilation" in settings else 1
    window = Window(kernel, settings["stride"][axis], begin, end, dilation)
    return (kernel, dilation, begin) if window.reach == reach else None


def _widest(axis: AxisField, source: int) -> FormulaLine:
    """The size, from the first and last pixel of the unit that sees most."""
    first, last = axis.widest(source) or (0, -1)
    return FormulaLine("last - first + 1", f"{_n(last)} - {_n(first)} + 1")


def _first(axis: AxisField, source: int) -> FormulaLine:
    """The centre of what the first unit sees that sees anything."""
    first, last = axis.first(source) or (0, -1)
    return FormulaLine("(first + last + 1)/2", f"({_n(first)} + {_n(last)} + 1)/2")


def _n(value: Number) -> str:
    """A number as it stands in a formula: in parentheses where it is negative or a fraction.

    >>> _n(3), _n(-3), _n(Fraction(1, 2)), _n(Fraction(-3, 1))
    ('3', '(-3)', '(1/2)', '(-3)')
    """
    exact = Fraction(value)
    return f"{exact}" if exact.denominator == 1 and exact >= 0 else f"({exact})"
