"""The structure of a network as a tree: steps, merges of branches, and calls of blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cnncalc.layers._base import Layer
    from cnncalc.network import Node

# A number, or an expression over the arguments of a block and `cin`: "4*c".
Term = int | str


class Step(NamedTuple):
    """A layer with the norms and activations attached to it, perhaps several times in sequence.

    `terms` are the fields of the layer that a block computes from its arguments; `label` is the
    name that it keeps, without what the call of its block puts before it.
    """

    rows: tuple[Node, ...]
    terms: Mapping[str, Term] = {}
    more: tuple[tuple[Node, ...], ...] = ()  # the rows of further passes, if it is repeated
    label: str | None = None

    @property
    def owner(self) -> Node:
        """The layer itself."""
        return self.rows[0]

    @property
    def layer(self) -> Layer:
        """The layer's type and settings."""
        return self.rows[0].layer

    @property
    def last(self) -> int:
        """The row that puts out the result."""
        return (self.more[-1] if self.more else self.rows)[-1].index


class Merge(NamedTuple):
    """A layer that joins branches, each of which begins at the same tensor.

    `shortcut` is the branch that may be empty in some calls of a block, `condition` the
    expression under which it is not.
    """

    owner: Node
    source: int  # the row whose output enters every branch
    branches: tuple[Chain, ...]
    shortcut: int | None = None
    condition: str | None = None

    @property
    def layer(self) -> Layer:
        """The type and settings of the layer that joins."""
        return self.owner.layer

    @property
    def last(self) -> int:
        """The row that puts out the result."""
        return self.owner.index


class Parameter(NamedTuple):
    """An argument of a block: its name, what it stands for, and its default."""

    name: str
    kind: str  # the field whose value it is, such as "filters"
    default: int | None = None


class Block(NamedTuple):
    """A part that occurs several times, with arguments for what differs."""

    name: str
    parameters: tuple[Parameter, ...]
    body: Chain


class Call(NamedTuple):
    """A block, used once or several times in sequence.

    An argument in `first` has its value in the first pass only, and is 1 in all others. `label`
    is what its rows are called after, in the first pass, where they keep their names.
    """

    block: str
    arguments: tuple[Term, ...]
    passes: tuple[Chain, ...]  # the rows of each pass, as they stand in the network
    first: frozenset[int] = frozenset()
    times: Term = 1
    label: str | None = None

    @property
    def last(self) -> int:
        """The row that puts out the result."""
        return self.passes[-1][-1].last


Item = Step | Merge | Call
Chain = tuple[Item, ...]


class Side(NamedTuple):
    """A chain off the main path, whose result is an output."""

    chain: Chain
    train_only: bool


class Structure(NamedTuple):
    """A network as a sequence of items and sides, and the blocks that they call.

    An item that does not read the item before it, or several tensors, reads `sources`; these
    tensors need names.
    """

    blocks: tuple[Block, ...]
    body: tuple[Item | Side, ...]


def sources(item: Item) -> tuple[int, ...]:
    """The rows whose outputs an item reads."""
    if isinstance(item, Step):
        return item.owner.inputs
    if isinstance(item, Merge):
        return (item.source,)
    return sources(item.passes[0][0])


def rows(chain: Chain) -> Iterator[Node]:
    """The rows of a chain, in the order in which it is written."""
    for item in chain:
        if isinstance(item, Step):
            for passed in (item.rows, *item.more):
                yield from passed
        elif isinstance(item, Merge):
            for branch in item.branches:
                yield from rows(branch)
            yield item.owner
        else:
            for passed_chain in item.passes:
                yield from rows(passed_chain)
