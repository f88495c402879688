"""What the layers of a spec file are, once read: a small tree, with every place kept.

Text and mapping forms both end here. Nothing is evaluated yet: a value that needs variables
is a `Dynamic`, everything else is a plain number, word or tuple.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cnncalc.errors import Span
    from cnncalc.spec.expressions import Expression
    from cnncalc.spec.source import Value
    from cnncalc.spec.words import Word


class Dynamic(NamedTuple):
    """A value to be computed from variables: one expression, or one per axis."""

    parts: tuple[Expression | object, ...]
    word: Word
    starts: tuple[int, ...]  # where each part begins inside the word
    many: bool


class Name(NamedTuple):
    """A name that the author gave, or a reference to one."""

    text: str
    span: Span


class Argument(NamedTuple):
    """`s=2`, `5x5`, `nobias`: a field and its value. Without a field it is a bare value."""

    field: str | None
    value: object  # a plain value or a Dynamic
    span: Span
    letter: str | None = None  # the whole word, where it is a letter and a number: s2
    key: str | None = None  # what stands before the value, where that is a letter: s of s2, s=2


class Attached(NamedTuple):
    """A norm or activation written as a word on a layer."""

    type: str
    arguments: tuple[Argument, ...]
    span: Span
    name: Name | None = None


class Plain(NamedTuple):
    """The word `plain`: no attached layers, whatever the defaults say."""


class Use(NamedTuple):
    """One use of a layer type or of a block."""

    head: str
    span: Span
    is_block: bool
    words: tuple[Argument | Attached | Plain, ...] = ()
    refs: tuple[Name, ...] = ()  # merges as text: `add in`
    branches: tuple[Branch, ...] | None = None  # merges as mapping, or with `from: [a, b]`
    tensors: tuple[tuple[str, Name], ...] = ()  # extra tensors of a block call: skip=enc4
    name: Name | None = None
    condition: Argument | None = None
    repeat: Argument | None = None
    share: Name | None = None
    source: Name | None = None  # `from: left`
    frozen: bool = False
    train_only: bool = False
    note: str | None = None
    values: Mapping[str, Value] | None = None  # explicit weights, as written


class From(NamedTuple):
    """The pseudo-layer `from name`: go on from another tensor."""

    ref: Name
    name: Name | None = None


class Chain(NamedTuple):
    """Layers one after the other; an empty chain is `identity`.

    In a numbered one, layers without a name are called 0, 1, 2, ..., attached ones too.
    """

    items: tuple[Item, ...]
    name: Name | None = None
    source: Name | None = None
    frozen: bool = False
    train_only: bool = False
    numbered: bool = False


class Repeat(NamedTuple):
    """`repeat: 6` with `layers:`."""

    times: Argument
    body: Chain
    name: Name | None = None


class Loop(NamedTuple):
    """`for:` names, `in:` rows, `do:` layers: one pass per row."""

    names: tuple[Name, ...]
    rows: tuple[tuple[Argument, ...], ...]
    body: Item
    name: Name | None = None


class Side(NamedTuple):
    """Layers off the main path whose result is an output of the network."""

    body: Item
    span: Span
    name: Name | None = None
    source: Name | None = None
    train_only: bool = False


Item = Use | From | Chain | Repeat | Loop | Side


class Branch(NamedTuple):
    """What a merge joins, and under which condition: without it the branch is left out."""

    body: Item
    when: Argument | None = None


class Parameter(NamedTuple):
    """An argument of a block, with its default."""

    name: str
    default: Argument | None
    span: Span


class Block(NamedTuple):
    """A user-defined block: its arguments, extra tensors and body."""

    name: str
    parameters: tuple[Parameter, ...]
    tensors: tuple[str, ...]
    body: Chain
    span: Span
