"""Receptive-field advice: how much of the input each layer covers, and what one unit sees.

Coverage is read off the receptive fields, which run on over padding within the network; the
places that one unit sees, and the first layer that sees everything, are followed backward
place by place (see `neuron_origin`).
"""

from __future__ import annotations

from fractions import Fraction
from math import prod
from typing import TYPE_CHECKING, NamedTuple

from cnncalc.analysis.engine import analyze
from cnncalc.analysis.facts import all_facts
from cnncalc.analysis.receptive import trace
from cnncalc.analysis.stretches import length
from cnncalc.errors import failure
from cnncalc.neuron_origin import neuron_origin
from cnncalc.questions.explain import rows_at
from cnncalc.shapes import AXIS_WORDS

if TYPE_CHECKING:
    from cnncalc.analysis.receptive import Field
    from cnncalc.analysis.report import Report, Row
    from cnncalc.network import Network, Node
    from cnncalc.neuron_origin import Origin
    from cnncalc.shapes import Shape


class Cover(NamedTuple):
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


class Advice(NamedTuple):
    """The coverage of every layer that has a field, in order, and what follows from it."""

    report: Report
    covers: tuple[Cover, ...]
    sees_all: str | None  # the first layer with a unit that sees every pixel's row and column

    @property
    def outgrown(self) -> tuple[Cover, ...]:
        """The layers that slide over the input with a field larger than it."""
        return tuple(one for one in self.covers if one.outgrows and _moves(one.row))


def receptive(network: Network) -> Advice:
    """How the receptive field grows over a network's input.

    >>> from cnncalc import load
    >>> advice = receptive(load("lenet5"))
    >>> advice.sees_all, [str(cover.share) for cover in advice.covers if cover.row.name == "C1"]
    ('C5', ['25/1024'])
    """
    report = analyze(network)
    fields = trace(network, all_facts(network))
    covers = tuple(_cover(row, field) for row in report.rows if (field := fields[row.index]))
    return Advice(report, covers, _first_to_see_all(network, covers))


def _moves(row: Row) -> bool:
    return row.receptive_field is not None and any(row.receptive_field.jump)


def _cover(row: Row, field: Field) -> Cover:
    sizes = row.out.spatial if row.out.rank == len(field.axes) else (1,) * len(field.axes)
    axes = zip(field.axes, sizes, field.source, strict=True)
    best = [axis.most_of(source, units) for axis, units, source in axes]
    covered = tuple(length(stretch) for stretch, _ in best)
    unit = tuple(unit for _, unit in best)
    return Cover(row, field.source, covered, unit if row.out.rank else ())


def _first_to_see_all(network: Network, covers: tuple[Cover, ...]) -> str | None:
    """The first layer of which a unit really sees from edge to edge, padding apart."""
    source = next((node.index for node in network.inputs if node.shape.spatial), None)
    for cover in covers:
        if cover.covered == cover.source and source is not None:
            origin = neuron_origin(network, cover.row.index, cover.unit).of.get(source)
            if origin and origin.box == tuple((0, size - 1) for size in cover.source):
                return cover.row.name
    return None


class Seen(NamedTuple):
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
    inputs: tuple[Seen, ...]
    through: tuple[Seen, ...]
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
    for node in network.nodes:
        if node.name == name:
            return node
    group = (network.groups or {}).get(name)
    return network.nodes[group.last if group else rows_at(analyze(network), name)[-1].index]


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


def _seen(node: Node, origin: Origin) -> Seen:
    return Seen(node.name, node.shape, origin.box, origin.solid)


def growth(advice: Advice) -> tuple[Cover, ...]:
    """The layers at which the field grows, without those that only hand it on.

    >>> from cnncalc import load
    >>> [cover.row.name for cover in growth(receptive(load("lenet5")))]
    ['C1', 'S2', 'C3', 'S4', 'C5', 'F6']
    """
    fields = {cover.row.name: _field(cover) for cover in advice.covers}

    def handed_on(cover: Cover) -> bool:
        return any(fields.get(name) == _field(cover) for name in cover.row.inputs)

    return tuple(cover for cover in advice.covers if not handed_on(cover))


def _field(cover: Cover) -> tuple[object, object]:
    field = cover.row.receptive_field
    return (field.size, field.jump) if field else ((), ())
