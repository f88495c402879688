"""Does a later layer read what an earlier one gives? Asked of the text, nothing being built."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.spec.syntax import Chain, From, Loop, Repeat, Side, Use

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cnncalc.spec.syntax import Block, Item


def depends(body: Chain, name: str, user: Item, blocks: Mapping[str, Block]) -> bool:
    """Whether the layer `name` is computed from what `user`, before it in a scope, gives.

    True only where it is sure: along the line of the scope itself, from layer to layer.
    """
    line = list(_line(body))
    start = next((at for at, (item, _) in enumerate(line) if item is user), None)
    if start is None:
        return False
    for item, names in line[start + 1 :]:
        if not _flows(item, blocks) and not (isinstance(item, Side) and name not in names):
            return False
        if name in names:
            return True
    return False


def _line(chain: Chain) -> Iterator[tuple[Item, set[str]]]:
    """The items one after the other, those of inner chains too, each with the names it has."""
    for child in chain.items:
        own = {child.name.text} if child.name is not None else set()
        if isinstance(child, Chain) and child.source is None and child.items:
            *others, (last, names) = _line(child)
            yield from others
            yield last, names | own
        else:
            yield child, own


def _flows(item: Item, blocks: Mapping[str, Block]) -> bool:
    """Whether what goes in reaches what comes out."""
    if isinstance(item, From) or getattr(item, "source", None) is not None:
        return False
    if isinstance(item, Chain):
        return all(_flows(child, blocks) for child in item.items)
    if isinstance(item, (Repeat, Loop, Side)):
        return _flows(item.body, blocks)
    if isinstance(item, Use) and item.is_block:
        return _flows(blocks[item.head].body, blocks)
    return item.branches is None or any(_flows(branch, blocks) for branch in item.branches)
