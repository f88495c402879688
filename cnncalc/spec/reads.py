"""Which variables layers read, those of the blocks that they call included."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.errors import Span
from cnncalc.spec.syntax import Dynamic, Use
from cnncalc.spec.values import names_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cnncalc.spec.syntax import Block


def variables_read(items: Iterable[object], blocks: Mapping[str, Block]) -> frozenset[str]:
    """The names in all expressions of these items, and of every block behind them."""
    names: set[str] = set()
    called: set[str] = set()
    to_do = list(items)
    while to_do:
        item = to_do.pop()
        if isinstance(item, Dynamic):
            names.update(name for name, _ in names_in(item))
        elif isinstance(item, tuple) and not isinstance(item, Span):
            to_do.extend(item)
            if isinstance(item, Use) and item.is_block and item.head not in called:
                called.add(item.head)
                to_do.append(blocks[item.head])
    return frozenset(names)
