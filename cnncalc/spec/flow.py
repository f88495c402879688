"""What the text alone says of data flow: which layer depends on which, what names a tensor has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.spec.syntax import Attached, Chain, From, Loop, Repeat, Side, Use

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cnncalc.spec.syntax import Block, Item

_NO_NAMES: frozenset[str] = frozenset()


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
    if item.branches is None:
        return True
    return any(_flows(branch.body, blocks) for branch in item.branches if branch.when is None)


def names_after(item: Item, before: frozenset[str]) -> frozenset[str]:
    """The names that the text gives the current tensor behind an item.

    `before` are those it has in front of it. A name that happens to hold the same tensor, because
    the layers between were skipped, is none of them: that depends on values, not on the text.
    """
    if isinstance(item, Use):  # nearly all are, so they come first
        names = _NO_NAMES
        if item.words and isinstance(last := item.words[-1], Attached) and last.name is not None:
            names = frozenset({last.name.text})
    elif isinstance(item, Side):
        return before
    elif isinstance(item, From):
        names = frozenset({item.ref.text})
    elif isinstance(item, Chain):
        names = before if item.source is None else frozenset({item.source.text})
        for child in item.items:
            names = names_after(child, names)
    else:
        names = names_after(item.body, _NO_NAMES)
    return names if item.name is None else names | {item.name.text}
