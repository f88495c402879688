"""How many layers a network has at least, known before anything is written out.

Forty blocks that each call the next one twice are a trillion layers; they are refused at
once. Counts and conditions that need more than the network's own variables count as none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.errors import CnncalcError
from cnncalc.spec.counts import MAX_ROWS, too_many, whole_count
from cnncalc.spec.syntax import Chain, Loop, Repeat, Side, Use
from cnncalc.spec.values import evaluate, names_in

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cnncalc.errors import Span
    from cnncalc.spec.syntax import Argument, Block, Branch, Item

    Env = Mapping[str, object]


def refuse_endless(body: Chain, blocks: Mapping[str, Block], variables: Env) -> None:
    """Raise CnncalcError, at the line to blame, where there are more layers than allowed."""
    bounds = _Bounds(blocks, variables)
    rows = 0
    for item in body.items:
        rows += bounds.rows(item, variables)
        if rows > MAX_ROWS:
            raise too_many(_place(item), rows)


class _Bounds:
    """The fewest rows of an item; those of a block are counted once."""

    def __init__(self, blocks: Mapping[str, Block], variables: Env) -> None:
        self.blocks = blocks
        self.variables = variables
        self.of_blocks: dict[str, int] = {}

    def rows(self, item: Item, known: Env) -> int:
        """The fewest rows of an item, where these variables are known."""
        if isinstance(item, Use):
            return self.use(item, known)
        if isinstance(item, Chain):
            return sum(self.rows(child, known) for child in item.items)
        if isinstance(item, Side):
            return self.rows(item.body, known)
        if isinstance(item, Repeat):
            return _count(item.times, known) * self.rows(item.body, known)
        if isinstance(item, Loop):
            inner = _without(known, [name.text for name in item.names])
            return len(item.rows) * self.rows(item.body, inner)
        return 0

    def use(self, use: Use, known: Env) -> int:
        """A layer is one row, a block all of its own; a condition that may fail, none."""
        if use.condition is not None and not _holds(use.condition, known):
            return 0
        once = self.block(use.head) if use.is_block else 1
        if use.branches is not None:
            once = self.merge(use.branches, known)
        return once if use.repeat is None else once * _count(use.repeat, known)

    def merge(self, branches: tuple[Branch, ...], known: Env) -> int:
        """The branches that are surely there; the merge itself, unless some may be missing."""
        sure = [b for b in branches if b.when is None or _holds(b.when, known)]
        return sum(self.rows(b.body, known) for b in sure) + (len(sure) == len(branches))

    def block(self, name: str) -> int:
        """The fewest rows of a block, whose arguments are not known."""
        if name not in self.of_blocks:
            block = self.blocks[name]
            known = _without(self.variables, [argument.name for argument in block.parameters])
            self.of_blocks[name] = self.rows(block.body, known)
        return self.of_blocks[name]


def _count(times: Argument, known: Env) -> int:
    if not _is_known(times, known):
        return 0
    try:
        return whole_count(times, known)
    except CnncalcError:
        return 0  # said when it is written out


def _holds(condition: Argument, known: Env) -> bool:
    if not _is_known(condition, known):
        return False
    try:
        return bool(evaluate(condition.value, known))
    except CnncalcError:
        return False


def _is_known(argument: Argument, known: Env) -> bool:
    return all(name in known for name, _ in names_in(argument.value))


def _without(known: Env, names: list[str]) -> Env:
    return {name: value for name, value in known.items() if name not in names}


def _place(item: Item) -> Span | None:
    """Where an item stands, as near as it is known."""
    if isinstance(item, Use):
        return item.repeat.span if item.repeat else item.span
    if isinstance(item, Side):
        return item.span
    if isinstance(item, Repeat):
        return item.times.span
    if isinstance(item, Loop):
        return item.names[0].span if item.names else None
    if isinstance(item, Chain) and item.items:
        return item.name.span if item.name else _place(item.items[0])
    return None
