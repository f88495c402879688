"""How often something is repeated, and how long and how large a network can become."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.errors import CnncalcError, failure
from cnncalc.spec.line_values import evaluate, names_in
from cnncalc.spec.syntax import Chain, Loop, Repeat, Side, Use
from cnncalc.spec.validation import shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cnncalc.errors import Span
    from cnncalc.spec.syntax import Argument, Block, Branch, Item

    Env = Mapping[str, object]

# More than any network of the literature (Xiao et al. 2018, arXiv 1806.05393, train 10,000
# convolutions), and few enough for a report in seconds and 150 MB.
MAX_ROWS = 50_000
# As many numbers as the largest input can hold. Every figure then has fewer digits than a float
# or a printed number may have.
LARGEST_TENSOR = 10**60


def whole_count(argument: Argument, env: Mapping[str, object]) -> int:
    """A repeat count: a whole number, not negative. Raises CnncalcError.

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
    """The complaint about a network with at least so many layers."""
    return failure(
        "too-many",
        f"the network would have at least {least:,} layers; {MAX_ROWS:,} are allowed",
        span,
        help="look for a repeat inside a repeat, or for blocks that call each other several times",
    )


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
    return failure("too-deep", f"blocks are nested more than {MAX_DEPTH} levels deep", span)


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


def refuse_endless(body: Chain, blocks: Mapping[str, Block], variables: Env) -> None:
    """Raise CnncalcError, at the line to blame, where there are more layers than allowed."""
    bounds = _LeastRows(blocks, variables)
    rows = 0
    for item in body.items:
        rows += bounds.rows(item, variables)
        if rows > MAX_ROWS:
            raise too_many(_item_span(item), rows)


class _LeastRows:
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


def _item_span(item: Item) -> Span | None:
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
        return item.name.span if item.name else _item_span(item.items[0])
    return None
