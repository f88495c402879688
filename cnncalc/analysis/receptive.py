"""Receptive fields along paths: which stretch of the network's input one unit can see.

The receptive field of a map is the largest of any single unit: the number of input positions
from the first to the last that its value depends on. Along a chain r' = r + (F - 1)·d·j and
j' = j·S (Araujo, Norris, Sim, "Computing Receptive Fields of Convolutional Neural Networks",
Distill 2019): the padding counts as if the input ran on. What comes through global or adaptive
pooling, whose windows end where the map ends, adds only positions of the input itself; so where
such a branch meets a local one, the field is the larger of the local one and of all that one
unit sees within the input. `stretches` has the arithmetic of one axis.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import starmap
from typing import TYPE_CHECKING, Any, NamedTuple

from cnncalc.analysis.report import ReceptiveField
from cnncalc.analysis.stretches import (
    AxisField,
    Sliding,
    divided,
    in_step,
    joined,
    length,
    through,
    within,
)
from cnncalc.window import ratio

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from fractions import Fraction

    from cnncalc.analysis.facts import Facts
    from cnncalc.network import Network, Node
    from cnncalc.shapes import Shape
    from cnncalc.window import Reach


class Field(NamedTuple):
    """The field of a tensor's units, per axis of the input it is measured in."""

    source: tuple[int, ...]  # the spatial sizes of that input
    axes: tuple[AxisField, ...]
    gated: bool = False
    aligned: bool = True

    @property
    def collapsed(self) -> bool:
        """Every unit sees the same: the axes of the tensor no longer matter."""
        return not any(axis.moves for axis in self.axes)


def receptive_fields(network: Network, facts: Sequence[Facts]) -> list[ReceptiveField | None]:
    """The receptive field of every node, in order; None where it is not known.

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
        elif node.layer.stated:  # what its units see is not known
            fields.append(None)
        elif fact.reach is None and len(node.inputs) == 1:
            fields.append(fields[node.inputs[0]])
        else:
            before = [fields[index] for index in node.inputs]
            fields.append(_behind(node, fact, before))
    return fields


def _behind(node: Node, fact: Facts, inputs: Sequence[Field | None]) -> Field | None:
    """The field behind a layer, from the fields of its inputs and its reach into them."""
    reaches, out = fact.reach, node.shape
    read = list(inputs)
    if reaches is not None:
        compose = divided if node.layer.divides_map else _through
        branches = [
            (field, reach, shape)
            for field, reach, shape in zip(inputs, reaches, fact.in_shapes, strict=True)
            if reach is not None
        ]
        read = [f and _reach_into(f, reach, shape, out, compose) for f, reach, shape in branches]
        if len(read) > 1:
            read = _side_by_side(read, [branch[1:] for branch in branches], out)
    merged = read[0]
    for field in read[1:]:
        merged = _join(merged, field, out)
    if merged is None or (out.rank != len(merged.axes) and not merged.collapsed):
        return None
    return merged._replace(gated=True) if reaches and None in reaches else merged


def _side_by_side(
    fields: list[Field | None], branches: Sequence[tuple[tuple[Reach, ...], Shape]], out: Shape
) -> list[Field | None]:
    """The fields of branches that a layer lays end to end: each only where its units are.

    Along the other axes all units must see alike, because what they see there would depend on
    which branch they come from; where they do not, the field is not known.
    """
    if len({shape.rank for _, shape in branches}) > 1:  # factors of a matrix product
        return fields
    served = [_each_served(reach, shape, out) for reach, shape in branches]
    joints = [axis for axis, ranges in enumerate(zip(*served, strict=True)) if len({*ranges}) > 1]
    if not joints:
        return fields
    across = {
        field and tuple(a for axis, a in enumerate(field.axes) if axis not in joints)
        for field in fields
    }
    if len(across) > 1 or len(joints) > 1:
        return [None]
    return [
        field and _only_at(field, ranges, out) for field, ranges in zip(fields, served, strict=True)
    ]


def _each_served(reach: tuple[Reach, ...], shape: Shape, out: Shape) -> list[range]:
    """Per axis, the outputs that read positions of an input and not only beyond its ends."""
    axes = zip(reach, shape.spatial, out.spatial, strict=False)
    return [way.served(size, units) for way, size, units in axes]


def _only_at(field: Field, served: Sequence[range], out: Shape) -> Field | None:
    if len(field.axes) != out.rank:
        return field
    axes = []
    sides = zip(field.axes, served, out.spatial, field.source, strict=True)
    for axis, ranges, units, source in sides:
        left = axis if len(ranges) == units else within(axis, ranges, units, source)
        if left is None:
            return None
        axes.append(left)
    return field._replace(axes=tuple(axes))


def _of_input(shape: Shape) -> Field | None:
    alone = AxisField(Sliding(1, ((0, 0),)))
    return Field(shape.spatial, (alone,) * shape.rank) if shape.spatial else None


def _through(axis: AxisField, reach: Reach, units: int, _source: int) -> AxisField | None:
    return through(axis, reach, units)


# Cached, as `_join` and `_report` are, since the settings of a sweep share most of their fields.
@lru_cache(maxsize=512)
def _reach_into(
    field: Field,
    reach: tuple[Reach, ...],
    shape: Shape,
    out: Shape,
    compose: Callable[[AxisField, Reach, int, int], AxisField | None],
) -> Field | None:
    """Move a field through one layer, axis by axis."""
    if field.collapsed:
        return field
    if shape.rank != len(field.axes):
        return None
    axes = _each(compose, field.axes, reach, _units(field, out), field.source)
    return None if None in axes else Field(field.source, axes, field.gated, field.aligned)


def _units(field: Field, out: Shape) -> tuple[int, ...]:
    """The size of a map along the axes of a field; 1 where the axes are gone."""
    return out.spatial if out.rank == len(field.axes) else (1,) * len(field.axes)


@lru_cache(maxsize=512)
def _join(one: Field | None, other: Field | None, out: Shape) -> Field | None:
    """What units see through either of two branches that meet in one tensor."""
    if one is None or other is None or one.source != other.source:
        return None
    if one == other:
        return one
    pairs = one.axes, other.axes, _units(one, out), one.source
    axes = _each(joined, *pairs)
    if None in axes:
        return None
    aligned = one.aligned and other.aligned and all(_each(in_step, *pairs))
    return Field(one.source, axes, one.gated or other.gated, aligned)


def _each(question: Callable[..., Any], *axes: Sequence[Any]) -> tuple[Any, ...]:
    """The answers for every axis; axes that are alike (most pictures are square) ask once."""
    columns = list(zip(*axes, strict=True))
    if columns.count(columns[0]) == len(columns):
        return (question(*columns[0]),) * len(columns)
    return tuple(starmap(question, columns))


@lru_cache(maxsize=512)
def _report(field: Field | None) -> ReceptiveField | None:
    if field is None:
        return None
    size, jump, start = zip(*_each(_described, field.axes, field.source), strict=True)
    return ReceptiveField(size, jump, start, field.gated, field.aligned)


def _described(axis: AxisField, source: int) -> tuple[int, int | Fraction, int | Fraction]:
    """The largest size, the jump, and the centre of the first unit's field."""
    first = axis.first(source)
    start = ratio(sum(first) + 1, 2) if first else 0
    return length(axis.widest(source)), axis.jump(source), start
