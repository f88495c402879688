"""Blocks of pixels moved by a reshape to many axes, a transposition, and a reshape back.

The layers that do so are tried one by one: a tensor is the layer's output where both move every
number to the same place. Where few enough axes are really moved, reshape and permute say it too.
"""

from __future__ import annotations

from itertools import pairwise
from math import isqrt
from typing import TYPE_CHECKING, Any

from cnncalc.exchange.onnx.rows import MOST_SPATIAL
from cnncalc.shapes import Shape

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnncalc.exchange.onnx.model import Dims
    from cnncalc.exchange.onnx.rows import Call
    from cnncalc.exchange.onnx.values import Activation, ManyAxes

MOST_AXES = MOST_SPATIAL + 1  # of a shape, its channels among them
PLANE = 2  # axes


def settled(call: Call, view: ManyAxes, dims: Dims) -> Activation:
    """The row whose numbers are those of a view, under sizes that a shape has.

    Raises:
        UnplacedError: the batch is moved, or no layer moves the numbers so.
    """
    if view.order[0] != 0:
        raise call.too_many_axes(view.dims)
    wanted = call.sample(dims)
    before = call.rows.rows[view.row].shape
    moved = simplest(view.sizes[1:], tuple(axis - 1 for axis in view.order[1:]))
    for type_, fields, sizes, order in _known(before, wanted):
        if simplest(sizes, order) == moved:
            row = call.add(type_, view.row, **fields)
            return call.seen(call.reshaped(row, wanted))
    split, order = moved
    if len(split) > MOST_AXES:
        raise call.too_many_axes(view.dims)
    row = call.reshaped(view.row, Shape(split[0], split[1:])) if split else view.row
    if len(split) > 1:
        row = call.add("permute", row, order=order)
    return call.seen(call.reshaped(row, wanted))


def simplest(sizes: Dims, order: Dims) -> tuple[Dims, Dims]:
    """The same move with the fewest axes: none of size 1, no two that stay side by side.

    >>> simplest((2, 3, 3, 4, 1, 5), (0, 3, 4, 5, 1, 2))
    ((2, 9, 20), (0, 2, 1))
    >>> simplest((2, 3, 4), (0, 1, 2))
    ((24,), (0,))
    """
    axes = [axis for axis in order if sizes[axis] > 1]
    rest = sorted(axes)
    follows = {b: a for a, b in pairwise(rest)}  # the axis before it among those that count
    groups: list[list[int]] = []
    for axis in axes:
        if groups and follows.get(axis) == groups[-1][-1]:
            groups[-1].append(axis)
        else:
            groups.append([axis])
    merged = sorted(groups)
    found = []
    for group in merged:
        size = 1
        for axis in group:
            size *= sizes[axis]
        found.append(size)
    return tuple(found), tuple(merged.index(group) for group in groups)


def _known(before: Shape, after: Shape) -> Iterator[tuple[str, dict[str, Any], Dims, Dims]]:
    """The layers that could make one shape of another: type, fields, and how they move axes."""
    if before.rank == after.rank == PLANE:
        yield from _blocks("depth2space", after, before)
        yield from _blocks("space2depth", before, after)
    if before == after:
        for groups in range(2, before.channels):
            if before.channels % groups == 0:
                sizes = (groups, before.channels // groups, *before.spatial)
                yield "shuffle", {"groups": groups}, sizes, (1, 0, *range(2, len(sizes)))


def _blocks(
    type_: str, large: Shape, small: Shape
) -> Iterator[tuple[str, dict[str, Any], Dims, Dims]]:
    """Depth to space or back, in both orders of channels, for square blocks."""
    (high, wide), (height, width) = large.spatial, small.spatial
    block = isqrt(max(small.channels // large.channels, 1))
    if block < PLANE or (high, wide) != (height * block, width * block):
        return
    if small.channels != large.channels * block**2:
        return
    channels = large.channels
    if type_ == "depth2space":
        ways = {"crd": ((channels, block, block), (0, 3, 1, 4, 2)),
                "dcr": ((block, block, channels), (2, 3, 0, 4, 1))}  # fmt: skip
        for order, (split, moved) in ways.items():
            yield type_, {"block": block, "order": order}, (*split, height, width), moved
        return
    sizes = (channels, height, block, width, block)
    for order, moved in (("crd", (0, 2, 4, 1, 3)), ("dcr", (2, 4, 0, 1, 3))):
        yield type_, {"block": block, "order": order}, sizes, moved
