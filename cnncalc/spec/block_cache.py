"""Calls of blocks that come again: written out once, then copied row by row.

A block sees the network's variables, its arguments and the tensor that enters. So the same
arguments on a tensor of the same shape make the same rows, under other names.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from cnncalc.network import Group, Node
from cnncalc.spec.counts import MAX_ROWS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cnncalc.spec.rows import Rows
    from cnncalc.spec.scope import Scope
    from cnncalc.spec.syntax import Block

TURN = ("i", "reps", "row")  # what one pass of a repeat has of its own


class Mark(NamedTuple):
    """How far rows, parts, named ranges, outputs of sides and ticks had come."""

    rows: int
    groups: int
    ranges: int
    sides: int
    ticks: int


class Call(NamedTuple):
    """A call that was written out: from one mark to the next, and what came of it."""

    prefix: str
    start: Mark
    end: Mark
    result: int


class Calls:
    """The calls so far, by what they depend on."""

    def __init__(self, rows: Rows, sides: list[int], turning: frozenset[str]) -> None:
        self.rows = rows
        self.sides = sides
        self.turning = turning
        self.known: dict[object, Call] = {}

    def key(self, block: Block, env: Mapping[str, object], current: int, scope: Scope) -> object:
        """What decides the rows of a call; of variables the text, where 1, 1.0 and true differ."""
        names = [parameter.name for parameter in block.parameters]
        if block.name in self.turning:
            names += TURN
        given = repr([env.get(name) for name in names])
        marks = scope.passes, scope.frozen, scope.train_only
        return block.name, given, self.rows.nodes[current].shape, marks

    def mark(self, ticks: int) -> Mark:
        """How far the network has come."""
        rows = self.rows
        return Mark(len(rows.nodes), len(rows.groups), len(rows.ranges), len(self.sides), ticks)

    def remember(self, key: object, call: Call) -> None:
        """Keep a call that has just been written out."""
        self.known.setdefault(key, call)

    def forget(self) -> None:
        """Weights were shared behind their backs: rows are no longer what the call made them."""
        self.known.clear()

    def find(self, key: object, prefix: str) -> Call | None:
        """A call that may be copied; None where names or the network's size stand against it."""
        call = self.known.get(key)
        if call is None:
            return None
        rows, taken, cut = self.rows, self.rows.taken, len(call.prefix)
        first, last = call.start.rows, call.end.rows
        fits = len(rows.nodes) + last - first <= MAX_ROWS
        free = all(prefix + node.name[cut:] not in taken for node in rows.nodes[first:last])
        return call if fits and free else None

    def copy(self, call: Call, current: int, prefix: str) -> int:
        """Append the rows of a call once more, on another tensor and under another prefix."""
        rows, (_, start, end, result) = self.rows, call
        cut, first = len(call.prefix), start.rows
        by = len(rows.nodes) - first

        def moved(index: int) -> int:
            return index + by if index >= first else current

        for node in rows.nodes[first : end.rows]:
            name = prefix + node.name[cut:]
            rows.taken.add(name)
            rows.nodes.append(_moved(node, name, tuple(map(moved, node.inputs)), by))
        for path, group in list(islice(rows.groups.items(), start.groups, end.groups)):
            own = prefix + path[cut:]
            rows.groups[own] = Group(own, group.text, moved(group.last))
        for path, (a, b) in list(islice(rows.ranges.items(), start.ranges, end.ranges)):
            rows.ranges[prefix + path[cut:]] = (a + by, b + by)
        self.sides += map(moved, self.sides[start.sides : end.sides])
        return moved(result)


def _moved(node: Node, name: str, inputs: tuple[int, ...], by: int) -> Node:
    owner, shared = node.attached_to, node.shared_with
    return Node(
        node.index + by,
        name,
        node.layer,
        inputs,
        node.shape,
        node.span,
        None if owner is None else owner + by,
        node.block,
        None if shared is None else shared + by,
        node.frozen,
        node.train_only,
        node.note,
        node.values,
    )
