"""Limits: repeat counts, the number of layers, block cycles and nesting.

The least number of layers is computed before anything is written out: forty blocks that each call
the next one twice are a trillion layers, and are refused at once. Counts and conditions that need
more than the network's own variables count as 0 there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.errors import CnncalcError, failure
from cnncalc.network import MAX_ROWS
from cnncalc.spec.line_values import evaluate, names_in
from cnncalc.spec.syntax import Chain, Loop, Repeat, Side, Use
from cnncalc.spec.validation import shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cnncalc.errors import Span
    from cnncalc.spec.syntax import Argument, Block, Branch, Item

    Env = Mapping[str, object]


def whole_count(argument: Argument, env: Mapping[str, object]) -> int:
    """A repeat count.

    Raises:
        CnncalcError: it is not a whole number from 0.

    >>> from cnncalc.errors import Span
    >>> from cnncalc.spec.syntax import Argument
    >>> whole_count(Argument("x", 3, Span("net.yaml", 1, 1, 2)), {})
    3
    """
    value = evaluate(argument.value, env)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        message = f"a repeat count must be a whole number from 0, got {shown(value)}"
        raise failure("repeat", message, argument.span)
    return value


def too_many(span: Span | None, least: int = MAX_ROWS + 1) -> CnncalcError:
    """The error for a network with at least `least` layers."""
    return failure(
        "too-many",
        f"the network would have at least {least:,} layers; {MAX_ROWS:,} are allowed",
        span,
        help="look for a repeat inside a repeat, or for blocks that call each other several times",
    )


MAX_DEPTH = 60
MAX_RECURSION = 32  # calls of one block inside each other


def check_cycles(blocks: Mapping[str, Block]) -> None:
    """Refuse blocks that surely call each other without end, or are nested too deeply.

    A call under a condition may close a circle: `tree n-1 if n > 1` ends.

    Raises:
        CnncalcError: at the call that closes the circle, or is too deep.
    """
    depths: dict[str, int] = {}

    def visit(name: str, path: tuple[str, ...], span: Span) -> int:
        if name in path:
            circle = " -> ".join((*path[path.index(name) :], name))
            raise failure(
                "block-cycle",
                f"blocks call each other in a circle: {circle}",
                span,
                help=f"a call that ends needs a condition, such as '{name} n-1 if n > 1'",
            )
        if len(path) == MAX_DEPTH:
            raise _too_deep(span)
        if name not in depths:
            inner = (*path, name)
            calls = _sure_calls(blocks[name].body)
            below = [visit(use.head, inner, use.span) for use in calls]
            depths[name] = 1 + max(below, default=0)
        if len(path) + depths[name] > MAX_DEPTH:
            raise _too_deep(span)
        return depths[name]

    for name, block in blocks.items():
        visit(name, (), block.span)


def check_depth(use: Use, callers: tuple[str, ...]) -> None:
    """Refuse a call inside the calls of `callers` that goes too deep.

    Raises:
        CnncalcError: the block calls itself too often, or too many calls are nested.
    """
    if callers.count(use.head) >= MAX_RECURSION:
        raise failure(
            "too-deep",
            f"'{use.head}' calls itself more than {MAX_RECURSION} levels deep",
            use.span,
            help="let an argument become smaller with every call, and end with a condition on it",
        )
    if len(callers) >= MAX_DEPTH:
        raise _too_deep(use.span)


def _too_deep(span: Span) -> CnncalcError:
    return failure("too-deep", f"blocks are nested more than {MAX_DEPTH} levels deep", span)


def _sure_calls(item: Item) -> Iterator[Use]:
    """The block calls inside an item that no condition skips."""
    if isinstance(item, Use):
        if item.condition is not None:
            return
        if item.is_block:
            yield item
        for branch in item.branches or ():
            if branch.when is None:
                yield from _sure_calls(branch.body)
    elif isinstance(item, Chain):
        for child in item.items:
            yield from _sure_calls(child)
    elif isinstance(item, (Repeat, Loop, Side)):
        yield from _sure_calls(item.body)


def refuse_endless(body: Chain, blocks: Mapping[str, Block], variables: Env) -> None:
    """Refuse a network that surely has too many layers.

    Raises:
        CnncalcError: at the item that exceeds the limit.
    """
    bounds = _LeastRows(blocks, variables)
    rows = 0
    for item in body.items:
        rows += bounds.rows(item, variables)
        if rows > MAX_ROWS:
            raise too_many(_item_span(item), rows)


class _LeastRows:
    """Counts the least number of rows of items; each block is counted once."""

    def __init__(self, blocks: Mapping[str, Block], variables: Env) -> None:
        self.blocks = blocks
        self.variables = variables
        self.of_blocks: dict[str, int] = {}

    def rows(self, item: Item, known: Env) -> int:
        """The least number of rows of an item, where these variables are known."""
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
        """The least number of rows of a layer or block call; none where it may be skipped."""
        if use.condition is not None and not _holds(use.condition, known):
            return 0
        once = self.block(use.head) if use.is_block else 1
        if use.branches is not None:
            once = self.merge(use.branches, known)
        return once if use.repeat is None else once * _count(use.repeat, known)

    def merge(self, branches: tuple[Branch, ...], known: Env) -> int:
        """The rows of the branches that surely exist, and one for the merge if all of them do."""
        sure = [b for b in branches if b.when is None or _holds(b.when, _before(b, known))]
        certain = len(sure) == len(branches) and not any(isinstance(b.body, Loop) for b in sure)
        return sum(self.rows(b.body, known) for b in sure) + certain

    def block(self, name: str) -> int:
        """The least number of rows of a block, for any arguments."""
        if name not in self.of_blocks:
            self.of_blocks[name] = 0  # where the block calls itself, under a condition
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
        return 0  # building the network reports it


def _holds(condition: Argument, known: Env) -> bool:
    if not _is_known(condition, known):
        return False
    try:
        return bool(evaluate(condition.value, known))
    except CnncalcError:
        return False


def _is_known(argument: Argument, known: Env) -> bool:
    return all(name in known for name, _ in names_in(argument.value))


def _before(branch: Branch, known: Env) -> Env:
    """The variables that the condition of a branch surely sees: those that no row sets."""
    names = branch.body.names if isinstance(branch.body, Loop) else ()
    return _without(known, [name.text for name in names])


def _without(known: Env, names: list[str]) -> Env:
    return {name: value for name, value in known.items() if name not in names}


def _item_span(item: Item) -> Span | None:
    """The span of an item, or of its first part that has one."""
    if isinstance(item, Use):
        return item.repeat.span if item.repeat else item.span
    if isinstance(item, Side):
        return item.span
    if isinstance(item, Repeat):
        return item.times.span
    if isinstance(item, Loop):
        return item.names[0].span if item.names else None
    if isinstance(item, Chain) and item.items:
        return item.name.span if item.name else _item_span(item.items[0])
    return None
