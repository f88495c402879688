"""The methods that compute a group of filters, each with a bound on its error."""

from __future__ import annotations

from math import dist, isfinite, sqrt
from operator import add
from typing import TYPE_CHECKING, NamedTuple

from cnncalc.inference.kernels.bigint.vector_conv import convolve, fixed_point, operand_norms
from cnncalc.inference.kernels.error_bounds import (
    EPSILON,
    SAME_AS_DEFINITION,
    BoundedOutput,
    largest,
    usual,
)
from cnncalc.inference.kernels.im2col import distances, ordinary

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnncalc.inference.kernels.bigint.tiling import PackedLayout
    from cnncalc.inference.kernels.bigint.vector_conv import FixedPoint, OperandNorms
    from cnncalc.inference.kernels.cost_model import ConvSize

    Numbers = Sequence[float]


class ChannelBlock(NamedTuple):
    """Some of a group's channels: their planes, and each filter's row of weights for them."""

    planes: Sequence[Numbers]
    rows: Sequence[Numbers]


class GroupOperands(NamedTuple):
    """Channels in one or several pieces, the filters that see all of them, and their biases."""

    size: ConvSize
    pieces: Sequence[ChannelBlock]
    biases: Numbers


def joined(made: Sequence[BoundedOutput]) -> list[float]:
    """All planes, one after the other."""
    values: list[float] = []
    for own in made:
        for plane in own.planes:
            values += plane
    return values


DISTANCE_TERMS = 16  # products per output below which `ordinary` is as quick as `distances`


def packed(plan: PackedLayout, group: GroupOperands) -> BoundedOutput | None:
    """The outputs by packed vectors, a plan's block in a piece; None where they cannot be used."""
    sizes = [operand_norms(plan, *piece) for piece in group.pieces]
    fixed = [fixed_point(own, plan) for own in sizes]
    if any(own is None and not _nothing(size) for own, size in zip(fixed, sizes, strict=True)):
        return None
    error = rounding(group, sum(size.inputs * size.weights for size in sizes))
    error += sum(own.error(size, plan) for own, size in zip(fixed, sizes, strict=True) if own)
    made = filled(plan, fixed, group)
    return BoundedOutput(made.planes, error)


def _nothing(size: OperandNorms) -> bool:
    """Whether a piece adds nothing: its inputs or its weights are all zero."""
    return size.finite and 0.0 in (size.inputs, size.weights)


def filled(
    plan: PackedLayout, fixed: Sequence[FixedPoint | None], group: GroupOperands
) -> BoundedOutput:
    """The outputs of a group, piece by piece, each in its own fixed point."""
    totals: list[list[float]] = []
    for own, (planes, rows) in zip(fixed, group.pieces, strict=True):
        if own is None:
            continue
        biases = [0.0] * len(rows) if totals else group.biases
        made = convolve(plan, planes, rows, biases, own)
        if totals:
            totals = [list(map(add, *pair)) for pair in zip(totals, made, strict=True)]
        else:
            totals = list(made)
    return BoundedOutput(totals or _biases(group), 0.0)


def floating(group: GroupOperands) -> BoundedOutput:
    """The outputs of a group, which is in one piece, in floating point."""
    if not group.pieces:
        return BoundedOutput(_biases(group), 0.0)
    ((planes, rows),) = group.pieces
    origin = (0.0,) * group.size.terms
    norms = [dist(row, origin) for row in rows]
    norm = max(norms)
    limit = norm * max(map(largest, planes)) * sqrt(group.size.terms)
    if group.size.terms >= DISTANCE_TERMS and usual(norm) and isfinite(sum(norms)):
        made = by_distances(norm, group)
        if isfinite(made.error):
            return made._replace(error=made.error + rounding(group, limit))
    made = added(group)
    error = 0.0 if SAME_AS_DEFINITION else rounding(group, limit)
    return made._replace(error=error if isfinite(error) else 0.0)


def _biases(group: GroupOperands) -> list[list[float]]:
    return [[bias] * group.size.places for bias in group.biases]


def by_distances(norm: float, group: GroupOperands) -> BoundedOutput:
    """The outputs of a group by distances; `norm` is the largest of any filter."""
    ((planes, rows),) = group.pieces
    return BoundedOutput(*distances(group.size.slide, planes, rows, group.biases, norm))


def added(group: GroupOperands) -> BoundedOutput:
    """The outputs of a group, products added up in the layer types' order."""
    ((planes, rows),) = group.pieces
    return BoundedOutput(ordinary(group.size.slide, planes, rows, group.biases), 0.0)


def rounding(group: GroupOperands, limit: float) -> float:
    """How far the definition's sums may be off, when no output exceeds a limit, biases aside."""
    bias = max(map(abs, group.biases))
    return (group.size.terms + 4) * EPSILON * (limit + bias)
