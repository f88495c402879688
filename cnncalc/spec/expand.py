"""Document + variables -> Network: blocks, repeats, expressions and branches written out.

One walk over the syntax tree. `Scope` is what a block or the top level can see; `Rows` collects
the result. Every step takes the index of the current tensor and returns that of the next one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.errors import did_you_mean, failure
from cnncalc.layers import layer_type
from cnncalc.network import MAX_ROWS
from cnncalc.spec.checks.limits import check_depth, whole_count
from cnncalc.spec.checks.names import declared
from cnncalc.spec.expressions import HERE
from cnncalc.spec.line_values import evaluate
from cnncalc.spec.rows import Rows, Scope, sizes
from cnncalc.spec.syntax import (
    Argument,
    Chain,
    From,
    Loop,
    Name,
    Repeat,
    Side,
    Use,
    names_after,
    names_between,
)
from cnncalc.spec.vocabulary import means_something

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cnncalc.errors import CnncalcError, Span
    from cnncalc.network import Node
    from cnncalc.shapes import Shape
    from cnncalc.spec.document import Document
    from cnncalc.spec.resolve import AttachedLayer
    from cnncalc.spec.syntax import Block, Branch, Item

# Lines that add no row: skipped layers, and block calls. Without a limit, forty blocks that each
# call the next one twice would run for years without adding a row.
MAX_IDLE = 30_000
TURN = ("i", "reps", "row")  # the variables of one pass of a repeat


class NetworkBuilder:
    """Builds the nodes of one network, in order."""

    def __init__(
        self, document: Document, name: str, variables: Mapping[str, object], layout: str
    ) -> None:
        self.blocks = document.blocks
        self.resolver = document.resolver
        self.variables = variables
        self.rows = Rows(name, layout, document.resolver.known_layers())
        self.nodes = self.rows.nodes
        self.sides: list[int] = []
        self.reads_sizes = "here." in document.text  # others need not keep here.c, ... up to date
        self.ticks = 0
        self._declared: dict[str, frozenset[str]] = {}

    def enter(self, inputs: Mapping[str, Shape], spans: Mapping[str, Span], body: Chain) -> Scope:
        """Append the network's inputs and return the scope of the top level."""
        for name, shape in inputs.items():
            self.rows.enter(name, shape, spans.get(name))
        env = {**self.variables, **sizes(self.nodes[0].shape), "i": 0, "reps": 1}
        names = {node.name: node.index for node in self.nodes}
        later = frozenset(name.text for name in declared(body))
        here = frozenset({"in", self.nodes[0].name})
        return Scope(env, names, later, 0, None, "", {}, here=here)

    # -- the walk over the tree

    def run(self, item: Item, current: int, scope: Scope) -> int:
        """Run any item; its name then refers to the result."""
        if self.reads_sizes:
            scope = scope.at(self.nodes[current].shape)
        if isinstance(item, Use):
            return self.use(item, current, scope)
        if isinstance(item, Chain):
            return self.chain(item, current, scope)
        if isinstance(item, From):
            result = self.find(item.ref, scope)
        elif isinstance(item, Side):
            return self.side(item, current, scope)
        elif isinstance(item, Repeat):
            return self.repeat(item, current, scope)
        else:
            return self.loop(item, current, scope)
        return self.named(item.name, result, scope)

    def chain(self, chain: Chain, current: int, scope: Scope) -> int:
        """Items in sequence; a named chain is a group of rows."""
        if chain.source is not None:
            current, scope = self.start(chain.source, scope)
        if chain.train_only or chain.frozen:
            scope = scope.marked(chain)
        inner = scope if chain.name is None else scope.under(chain.name.text)
        if chain.numbered:
            inner = inner._replace(numbered=True)
        start = len(self.nodes)
        current = self.items(chain, current, inner)
        if chain.name is None:
            return current
        self.part(chain.name.text, "", start, current, scope)
        return self.named(chain.name, current, scope)

    def items(self, chain: Chain, current: int, scope: Scope) -> int:
        """The items of a chain."""
        for place, item in enumerate(chain.items):
            inner = scope
            if item.__class__ is not Use or item.refs or item.branches:  # others read no names
                inner = scope.called(names_between(chain.items, place, scope.here))
            current = self.run(item, current, inner)
        return current

    def start(self, source: Name, scope: Scope) -> tuple[int, Scope]:
        """The tensor of `from: NAME`, and the scope in which it is the current one."""
        tensor = self.find(source, scope)
        if self.reads_sizes:
            scope = scope.at(self.nodes[tensor].shape)
        return tensor, scope._replace(here=frozenset({source.text}))

    def side(self, side: Side, current: int, scope: Scope) -> int:
        """Run layers off the main path; their result is an output, the current tensor stays."""
        start, inner = (current, scope) if side.source is None else self.start(side.source, scope)
        inner = inner._replace(train_only=True) if side.train_only else inner
        body = side.body
        if side.name is not None and body.name is None:
            body = body._replace(name=side.name)
        result = self.run(body, start, inner)
        self.sides.append(self.named(side.name, result, scope))
        return current

    def repeat(self, item: Repeat, current: int, scope: Scope) -> int:
        """`repeat: n` over several layers."""
        count = whole_count(item.times, scope.env)
        scope = self.multiplied(scope, count, item.times.span)
        return self.turns(item, [{}] * count, current, scope)

    def loop(self, loop: Loop, current: int, scope: Scope) -> int:
        """`for:` over the rows of a table."""
        turns = _table(loop, scope)
        span = loop.names[0].span if loop.names else None
        scope = self.multiplied(scope, len(turns), span)
        return self.turns(loop, turns, current, scope)

    def turns(
        self, item: Repeat | Loop, turns: list[dict[str, object]], current: int, scope: Scope
    ) -> int:
        """One pass of the body per turn; its rows get their own prefix if the body has names."""
        label = self.label_of_passes(item, scope)
        start = len(self.nodes)
        here = scope.here & names_after(item.body, scope.here)  # names that hold in every pass
        for index, more in enumerate(turns):
            self.tick(None)
            inner = scope.turn(index, len(turns), more)._replace(here=here)
            first = len(self.nodes)
            if label:
                inner = inner.under(label).under(str(index))
            current = self.run(item.body, current, inner)
            if label:
                self.part(f"{label}.{index}", "", first, current, scope)
                scope.names[f"{label}.{index}"] = current
        if label:
            self.part(label, "", start, current, scope)
        return self.named(item.name, current, scope)

    def label_of_passes(self, item: Repeat | Loop, scope: Scope) -> str:
        """The prefix of the rows of a repeat: its name, or an unused one where it has names."""
        if item.name is not None:
            return item.name.text
        if not any(True for _ in declared(item.body)):
            return ""
        return self.fresh("repeat" if isinstance(item, Repeat) else "for", scope)

    # -- uses of layers and blocks

    def use(self, use: Use, current: int, scope: Scope) -> int:
        """One layer or block call, with its repeats."""
        if use.source is not None:
            current, scope = self.start(use.source, scope)
        if use.repeat is None:
            return self.once(use, current, scope, use.name.text if use.name else None)
        count = whole_count(use.repeat, scope.env)
        scope = self.multiplied(scope, count, use.span)
        start = len(self.nodes)
        for index in range(count):
            inner = scope.turn(index, count, {})
            if self.reads_sizes:
                inner = inner.at(self.nodes[current].shape)
            name = f"{use.name.text}.{index}" if use.name else None
            current = self.once(use, current, inner, name)
            if name:
                scope.names[name] = current
        if use.name:
            self.part(use.name.text, f"{use.head} x{count}", start, current, scope)
        return self.named(use.name, current, scope)

    def once(self, use: Use, current: int, scope: Scope, name: str | None) -> int:
        """One pass of a layer or block call; nothing where its condition is false."""
        self.tick(use.span)
        if use.condition is not None and not evaluate(use.condition.value, scope.env):
            return current if use.name is None else self.named(use.name, current, scope)
        if use.frozen or use.train_only:
            scope = scope.marked(use)
        label = name or self.fresh(use.head, scope)
        result = (
            self.call(use, current, scope, label)
            if use.is_block
            else self.layer(use, current, scope, label)
        )
        return result if use.name is None else self.named(use.name, result, scope)

    def call(self, use: Use, current: int, scope: Scope, label: str) -> int:
        """Write out the body of a block with its arguments."""
        block = self.blocks[use.head]
        check_depth(use, scope.callers)
        start = len(self.nodes)
        given = {key: ref for key, ref in use.tensors if not _is_none(key, ref, block, scope)}
        inner = Scope(
            env=self.arguments(block, use, current, scope),
            names={key: self.find(ref, scope) for key, ref in given.items()},
            later=self.declared(block),
            entry=current,
            block=block.name,
            prefix=f"{scope.prefix}{label}.",
            counters={},
            passes=scope.passes,
            frozen=scope.frozen,
            train_only=scope.train_only,
            here=frozenset({"in"}),
            absent=block.optional - given.keys(),
            callers=(*scope.callers, block.name),
        )
        try:
            result = self.items(block.body, current, inner)
        except RecursionError:  # merges inside merges, in blocks that call themselves
            message = "blocks and merges are nested too deeply"
            raise failure("too-deep", message, use.span) from None
        if use.name is not None:  # `two.fb` is then the tensor `fb` inside the block call `two`
            own = (name for name in inner.names if name not in block.tensors)
            scope.names.update({f"{label}.{name}": inner.names[name] for name in own})
        self.part(label, use.head, start, result, scope)
        if use.share is not None:
            self.share(use.share, start, scope)
        return result

    def declared(self, block: Block) -> frozenset[str]:
        """The names that a block's body declares."""
        if block.name not in self._declared:
            self._declared[block.name] = frozenset(name.text for name in declared(block.body))
        return self._declared[block.name]

    def arguments(self, block: Block, use: Use, current: int, scope: Scope) -> dict[str, object]:
        """The variables of a block: the network's, the sizes, then its arguments in order."""
        env = {**self.variables, **sizes(self.nodes[current].shape)}
        for name in (*TURN, *HERE) if self.reads_sizes else TURN:
            if name in scope.env:
                env[name] = scope.env[name]
        given: dict[str, object] = {}
        free = iter(block.parameters)
        for word in use.words:
            if isinstance(word, Argument):
                field = word.field or next(free).name
                given[field] = evaluate(word.value, scope.env)
        for parameter in block.parameters:
            if parameter.name in given:
                env[parameter.name] = given[parameter.name]
            elif parameter.default is not None:
                env[parameter.name] = evaluate(parameter.default.value, env)
        return env

    def layer(self, use: Use, current: int, scope: Scope, label: str) -> int:
        """One layer and what is attached to it."""
        inputs = self.inputs(use, current, scope)
        if use.tensors:
            use = self.sized_like(use, scope)
        resolved = self.resolver.resolve(use, scope.env)
        if len(inputs) == 1 and self.is_left_alone(use, scope):
            if not resolved.attached:  # a merge of one branch is that branch
                return inputs[0]
            use, resolved = use._replace(head="identity"), resolved._replace(fields={}, spans={})
        node = self.rows.add(use, resolved, inputs, scope, f"{scope.prefix}{label}")
        for follower in resolved.attached:
            self.attach(follower, node, use, scope)
        if use.share is not None:
            self.share(use.share, node.index, scope)
        if use.tied is not None:
            self.tie(use.tied, node, scope)
        return len(self.nodes) - 1

    def is_left_alone(self, use: Use, scope: Scope) -> bool:
        """Whether a layer with one input is a merge that has lost its others."""
        if not (use.branches or use.refs):
            return False
        return _may_have_several(use) or bool(self.passes_over(use, scope))

    def sized_like(self, use: Use, scope: Scope) -> Use:
        """The use with the axes of the tensor in `like=NAME` in place of that tensor.

        Raises:
            CnncalcError: there is no such tensor, or it is a vector.
        """
        ((_, ref),) = use.tensors
        axes = self.nodes[self.find(ref, scope)].shape.spatial
        if not axes:
            message = f"'{ref.text}' is a vector, which has no height or width"
            raise failure("no-axes", message, ref.span)
        size = Argument(layer_type(use.head).like, axes, ref.span)
        return use._replace(words=(*use.words, size), tensors=())

    def attach(self, follower: AttachedLayer, owner: Node, use: Use, scope: Scope) -> None:
        """Append an attached layer; in a numbered chain it gets a number too."""
        label = follower.name.text if follower.name else None
        if label is None and scope.numbered and use.name is None:
            label = self.fresh(follower.type, scope)
        self.rows.attach(follower, owner, scope, label)
        self.named(follower.name, len(self.nodes) - 1, scope)

    def inputs(self, use: Use, current: int, scope: Scope) -> tuple[int, ...]:
        """The tensors that a layer takes: its branches, or the current one and references.

        The current tensor comes first, unless one of the references names it.

        Raises:
            CnncalcError: the only reference names the current tensor.
        """
        if use.branches is not None:
            return self.branches(use, use.branches, current, scope)
        if not use.refs:
            return (current,)
        passed_over = self.passes_over(use, scope)
        refs = tuple(ref for ref in use.refs if ref.text not in passed_over)
        tensors = tuple(self.find(ref, scope) for ref in refs)
        pairs = zip(refs, tensors, strict=True)
        if not any(_names_current(ref, tensor, current, scope) for ref, tensor in pairs):
            return (current, *tensors)
        if len(use.refs) == 1:
            raise _joined_with_itself(use)
        return tensors

    def passes_over(self, use: Use, scope: Scope) -> frozenset[str]:
        """The references of a merge to tensors that are none; one of exactly two has none."""
        absent = _may_be_passed_over(use, scope)
        return absent and absent.intersection([ref.text for ref in use.refs])

    def branches(
        self, use: Use, branches: tuple[Branch, ...], current: int, scope: Scope
    ) -> tuple[int, ...]:
        """Run the branches of a merge whose `when` holds.

        Raises:
            CnncalcError: no branch is left.
        """
        inner = scope.under(use.name.text) if use.name else scope
        absent = _may_be_passed_over(use, scope)
        tensors: list[int] = []
        for branch in branches:
            if absent and _first_tensor(branch.body) in absent:
                continue
            if isinstance(branch.body, Loop):
                tensors += self.branch_per_row(branch.body, branch.when, current, inner)
            elif _holds(branch.when, scope):
                tensors.append(self.run(branch.body, current, inner))
        if branches and not tensors:
            raise failure(
                "no-branch",
                f"every branch of this '{use.head}' is left out",
                use.span,
                help="write a branch that has no 'when', such as identity",
            )
        return tuple(tensors)

    def branch_per_row(
        self, loop: Loop, when: Argument | None, current: int, scope: Scope
    ) -> Iterator[int]:
        """`for:` as a branch of a merge: a branch per row, each from the current tensor."""
        turns = _table(loop, scope)
        scope = self.multiplied(scope, len(turns), loop.names[0].span if loop.names else None)
        label = self.label_of_passes(loop, scope)
        for index, more in enumerate(turns):
            self.tick(None)
            inner = scope.turn(index, len(turns), more)
            if not _holds(when, inner):
                continue
            if label:
                inner = inner.under(label).under(str(index))
            start = len(self.nodes)
            result = self.run(loop.body, current, inner)
            if label:
                self.part(f"{label}.{index}", "", start, result, scope)
                scope.names[f"{label}.{index}"] = result
            yield self.named(loop.name, result, scope)

    # -- names and weights

    def named(self, name: Name | None, tensor: int, scope: Scope) -> int:
        """Let a name refer to a tensor."""
        if name is not None:
            scope.names[name.text] = tensor
        return tensor

    def find(self, ref: Name, scope: Scope) -> int:
        """The tensor that a reference names.

        Raises:
            CnncalcError: there is no such tensor, or its layer was skipped.
        """
        if ref.text == "in":
            return scope.entry
        if ref.text in scope.names:
            return scope.names[ref.text]
        if ref.text in scope.absent:
            raise failure(
                "unknown-reference",
                f"'{ref.text}' is none in this call of '{scope.block}'",
                ref.span,
                help="only the branches and references of a merge pass over a tensor that is none",
            )
        if ref.text in scope.later:
            raise failure(
                "unknown-reference",
                f"'{ref.text}' is left out of this network",
                ref.span,
                help="the condition of its layer or branch is false here",
            )
        raise failure(
            "unknown-reference",
            f"no layer named '{ref.text}'",
            ref.span,
            help=did_you_mean(ref.text, [*scope.names, "in"]),
        )

    def fresh(self, head: str, scope: Scope) -> str:
        """An unused name for a row or block without one: `conv1`, or just a number.

        A word of the language is none: the sixth unnamed `relu` is not `relu6`.
        """
        while True:
            label = scope.next_label(head)
            free = label not in scope.later and f"{scope.prefix}{label}" not in self.rows.taken
            if free and not means_something(label):
                return label

    def part(self, label: str, text: str, start: int, last: int, scope: Scope) -> None:
        """Record a named group of rows."""
        self.rows.part(f"{scope.prefix}{label}", text, start, last)

    def share(self, share: Name, start: int, scope: Scope) -> None:
        """Let the rows from `start` on use the weights of the layer or group in `share=`."""
        path = f"{scope.prefix}{share.text}"
        if path in self.rows.ranges:
            first, end = self.rows.ranges[path]
        else:
            last = self.nodes[self.find(share, scope)]
            first = last.index if last.attached_to is None else last.attached_to
            end = last.index + 1
        self.rows.share(share, first, end, start)

    def tie(self, tied: Name, node: Node, scope: Scope) -> None:
        """Let a row use the weight of the layer in `tied=`, transposed."""
        path = f"{scope.prefix}{tied.text}"
        if path in self.rows.ranges:
            start, end = self.rows.ranges[path]
            owners = [row for row in self.nodes[start:end] if row.attached_to is None]
        else:
            last = self.nodes[self.find(tied, scope)]
            owners = [last if last.attached_to is None else self.nodes[last.attached_to]]
        self.rows.tie(tied, owners, node)

    # -- limits

    def multiplied(self, scope: Scope, count: int, span: Span | None) -> Scope:
        """The scope inside a repeat; nested repeats multiply.

        Raises:
            CnncalcError: they make too many passes.
        """
        passes = scope.passes * max(1, count)
        if passes > MAX_ROWS:
            message = f"the enclosing repeats make {passes:,} passes; {MAX_ROWS:,} are allowed"
            raise failure("too-many", message, span)
        return scope._replace(passes=passes)

    def tick(self, span: Span | None) -> None:
        """Count a line or a pass.

        Raises:
            CnncalcError: too many of them added no row.
        """
        self.ticks += 1
        if self.ticks > 2 * len(self.nodes) + MAX_IDLE:
            message = f"more than {MAX_IDLE:,} lines and passes add no layer to the network"
            raise failure("too-many", message, span)


def _table(loop: Loop, scope: Scope) -> list[dict[str, object]]:
    """The variables of each row of a `for`."""
    return [
        {"row": row, **{str(cell.field): evaluate(cell.value, scope.env) for cell in cells}}
        for row, cells in enumerate(loop.rows)
    ]


def _is_none(key: str, ref: Name, block: Block, scope: Scope) -> bool:
    """Whether an optional tensor of a block call is `none`, or is itself one that is."""
    means_something = ref.text == "none" and ref.text not in scope.names
    return key in block.optional and (means_something or ref.text in scope.absent)


def _may_be_passed_over(use: Use, scope: Scope) -> frozenset[str]:
    """The tensors that are none, of a merge that may have one input less."""
    if not scope.absent:
        return scope.absent
    least, most = layer_type(use.head).arity
    return scope.absent if least != most else frozenset()


def _first_tensor(item: Item) -> str | None:
    """The tensor that a branch names as the one it begins with."""
    if isinstance(item, From):
        return item.ref.text
    source = getattr(item, "source", None)
    if source is not None:
        return str(source.text)
    return _first_tensor(item.items[0]) if isinstance(item, Chain) and item.items else None


def _may_have_several(use: Use) -> bool:
    """Whether a merge is written with several branches, of which some may be left out."""
    branches = use.branches or ()
    return len(branches) > 1 or any(isinstance(branch.body, Loop) for branch in branches)


def _holds(condition: Argument | None, scope: Scope) -> bool:
    """Whether a condition is true; where there is none, it is."""
    return condition is None or bool(evaluate(condition.value, scope.env))


def _names_current(ref: Name, tensor: int, current: int, scope: Scope) -> bool:
    """Whether the text says that a reference is the current tensor."""
    return tensor == current and ref.text.partition(".")[0] in scope.here


def _joined_with_itself(use: Use) -> CnncalcError:
    (ref,) = use.refs
    return failure(
        "arity",
        f"'{ref.text}' is the current tensor: '{use.head}' has no other tensor to join it with",
        ref.span,
        help=f"name another tensor, or join it with itself by {use.head}: [identity, identity]",
    )
