"""The syntax tree of the layers in a spec, with the position of every part.

The text form and the mapping form give the same tree. Nothing is evaluated yet: a value that
needs variables is a `Dynamic`, everything else is a plain number, word or tuple.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cnncalc.errors import Span
    from cnncalc.spec.expressions import Expression
    from cnncalc.spec.yaml_source import Value, Word


class Dynamic(NamedTuple):
    """A value that is computed from variables: one expression, or one per axis."""

    parts: tuple[Expression | object, ...]
    word: Word
    starts: tuple[int, ...]  # where each part begins inside the word
    many: bool


class Name(NamedTuple):
    """A name given in the spec, or a reference to one."""

    text: str
    span: Span


class Argument(NamedTuple):
    """`s=2`, `5x5`, `nobias`: a field and its value. Without a field it is a bare value."""

    field: str | None
    value: object  # a plain value or a Dynamic
    span: Span
    letter: str | None = None  # the whole word, where it is a letter and a number: s2
    key: str | None = None  # what stands before the value, where that is a letter: s of s2, s=2
    condition: Argument | None = None  # of a variable that holds an activation: (act if last)


class Attached(NamedTuple):
    """A norm or activation written as a word on a layer."""

    type: str
    arguments: tuple[Argument, ...]
    span: Span
    name: Name | None = None
    condition: Argument | None = None  # (relu if last)


class Plain(NamedTuple):
    """The word `plain`: no attached layers, even where the defaults have some."""


class Use(NamedTuple):
    """One layer, or one call of a block."""

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
    tied: Name | None = None
    source: Name | None = None  # `from: left`
    frozen: bool = False
    train_only: bool = False
    note: str | None = None
    values: Mapping[str, Value] | None = None  # explicit weights, as written
    framework_name: str | None = None  # a framework's name for the type, where that was written


class From(NamedTuple):
    """The pseudo-layer `from name`: continue from another tensor.

    At the head of a chain or branch the name alone says the same: `x1 -> conv 6 1x1`.
    """

    ref: Name
    name: Name | None = None
    is_bare: bool = False  # written without the word `from`
    opens: bool = True  # stands at the head of a chain or branch, where a bare name is allowed


class Chain(NamedTuple):
    """Layers in sequence; an empty chain is `identity`.

    In a numbered chain, layers without a name are called 0, 1, 2, ..., attached ones too.
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
    """One input of a merge; where its `when` is false, the branch is left out.

    A `Loop` is a branch per row, each from the same tensor; `when` is read for every row.
    """

    body: Item
    when: Argument | None = None


class BlockParameter(NamedTuple):
    """An argument of a block, with its default."""

    name: str
    default: Argument | None
    span: Span


class Block(NamedTuple):
    """A user-defined block: its arguments, extra tensors and body.

    A broken one has a signature with a mistake: calls of it are not looked at, nor is its body.
    A ready one is not defined in the spec; its name may still be given to a layer.
    """

    name: str
    parameters: tuple[BlockParameter, ...]
    tensors: tuple[str, ...]
    body: Chain
    span: Span
    is_broken: bool = False
    is_ready: bool = False
    optional: frozenset[str] = frozenset()  # the tensors that may be none: d=none


def is_own_block(name: str, blocks: Mapping[str, Block]) -> bool:
    """Whether a spec itself defines a block of this name."""
    return name in blocks and not blocks[name].is_ready


_NO_NAMES: frozenset[str] = frozenset()


def depends(body: Chain, name: str, user: Item, blocks: Mapping[str, Block]) -> bool:
    """Whether the layer `name` is computed from the output of `user`, which precedes it.

    True only where that is certain: along the main chain of the scope, from layer to layer.
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
    """The items in order, those of inner chains included, each with its names."""
    for child in chain.items:
        names_here = {child.name.text} if child.name is not None else set()
        if isinstance(child, Chain) and child.source is None and child.items:
            *others, (last, names) = _line(child)
            yield from others
            yield last, names | names_here
        else:
            yield child, names_here


def _flows(item: Item, blocks: Mapping[str, Block], callers: tuple[str, ...] = ()) -> bool:
    """Whether the output of an item depends on its input; a block inside itself adds nothing."""
    if isinstance(item, From) or getattr(item, "source", None) is not None:
        return False
    if isinstance(item, Chain):
        return all(_flows(child, blocks, callers) for child in item.items)
    if isinstance(item, (Repeat, Loop, Side)):
        return _flows(item.body, blocks, callers)
    if isinstance(item, Use) and item.is_block:
        inner = (*callers, item.head)
        return item.head in callers or _flows(blocks[item.head].body, blocks, inner)
    if item.branches is None:
        return True
    sure = (branch.body for branch in item.branches if branch.when is None)
    return any(_flows(body, blocks, callers) for body in sure)


def names_between(items: tuple[Item, ...], place: int, before: frozenset[str]) -> frozenset[str]:
    """The names of the current tensor in front of the item at a place of a chain.

    `before` are its names in front of the first item.
    """
    # Behind a layer the names from before it no longer count.
    start = next((at for at in range(place - 1, -1, -1) if isinstance(items[at], Use)), 0)
    for item in items[start:place]:
        before = names_after(item, before)
    return before


def names_after(item: Item, before: frozenset[str]) -> frozenset[str]:
    """The names that the text gives to the current tensor after an item.

    `before` are its names in front of the item. A name that holds the same tensor only because
    the layers between were skipped does not count: that depends on values, not on the text.
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
        names = names_between(item.items, len(item.items), names)
    else:
        names = names_after(item.body, _NO_NAMES)
    return names if item.name is None else names | {item.name.text}
