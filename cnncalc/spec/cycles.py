"""Which blocks call which: no circles, and no more than a few dozen levels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.errors import failure
from cnncalc.spec.syntax import Chain, Loop, Repeat, Side, Use

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cnncalc.errors import CnncalcError, Span
    from cnncalc.spec.syntax import Block, Item

MAX_DEPTH = 60


def check_cycles(blocks: Mapping[str, Block]) -> None:
    """Raise CnncalcError where blocks call each other in a circle, or too deep."""
    depths: dict[str, int] = {}

    def visit(name: str, path: tuple[str, ...], span: Span) -> int:
        if name in path:
            circle = " -> ".join((*path[path.index(name) :], name))
            raise failure("block-cycle", f"blocks call each other in a circle: {circle}", span)
        if len(path) == MAX_DEPTH:
            raise _too_deep(span)
        if name not in depths:
            inner = (*path, name)
            below = [visit(use.head, inner, use.span) for use in _calls(blocks[name].body)]
            depths[name] = 1 + max(below, default=0)
        if len(path) + depths[name] > MAX_DEPTH:
            raise _too_deep(span)
        return depths[name]

    for name, block in blocks.items():
        visit(name, (), block.span)


def _too_deep(span: Span) -> CnncalcError:
    return failure("too-deep", f"blocks are nested more than {MAX_DEPTH} deep", span)


def _calls(item: Item) -> Iterator[Use]:
    """Every call of a block below an item."""
    if isinstance(item, Use):
        if item.is_block:
            yield item
        for branch in item.branches or ():
            yield from _calls(branch.body)
    elif isinstance(item, Chain):
        for child in item.items:
            yield from _calls(child)
    elif isinstance(item, (Repeat, Loop, Side)):
        yield from _calls(item.body)
