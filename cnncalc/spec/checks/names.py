"""Mistakes in names, found before anything is computed.

Duplicate and reserved names, references to layers that do not exist or come later, and unknown
variables are found in one walk, so that independent mistakes are reported together.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from cnncalc import layers
from cnncalc.errors import ENOUGH_ERRORS, CnncalcError, Diagnostic, did_you_mean, suggested
from cnncalc.spec.checks.words import (
    call_problems,
    filter_note,
    layer_problems,
    letter_problems,
    like_problems,
    times_problems,
    value_problems,
    word_problems,
)
from cnncalc.spec.line_syntax import head_use
from cnncalc.spec.line_values import bare_name, has_plus
from cnncalc.spec.sections.variables import may_name
from cnncalc.spec.syntax import (
    Argument,
    Attached,
    Chain,
    Dynamic,
    From,
    Loop,
    Repeat,
    Side,
    Use,
    depends,
    is_own_block,
)
from cnncalc.spec.vocabulary import (
    FILLERS,
    RESERVED,
    SCOPE_NAMES,
    STRUCTURE,
    attached_type,
    attaches,
    is_plain_word,
    of_layer_type,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from collections.abc import Set as AbstractSet

    from cnncalc.errors import Span
    from cnncalc.spec.syntax import Block, Branch, Item, Name
    from cnncalc.spec.yaml_source import Word

TENSOR = re.compile(r"\w+(\.\w+)*\Z")  # with dots, as `cnncalc expand` writes names


def declared(item: Item) -> Iterator[Name]:
    """The names that an item declares in its scope, in order, without those inside blocks."""
    if isinstance(item, Chain):
        for child in item.items:
            yield from declared(child)
    elif isinstance(item, (Repeat, Loop, Side)):
        yield from declared(item.body)
    elif isinstance(item, Use):
        for branch in item.branches or ():
            yield from declared(branch.body)
        yield from attached_names(item)
    if item.name is not None:
        yield item.name


def attached_names(use: Use) -> Iterator[Name]:
    """The names of the norms and activations attached to a layer."""
    for word in use.words:
        if isinstance(word, Attached) and word.name is not None:
            yield word.name


class PlusValue(NamedTuple):
    """A value with a plus sign, and the block argument or `for` variable that holds it."""

    block: str | None
    variable: str
    word: Word


class PassedVariable(NamedTuple):
    """A variable that is passed to a block unchanged, and the argument that receives it."""

    variable: str
    block: str
    argument: str


class NameChecker:
    """Checks the names of one scope: the network, or the body of one block."""

    def __init__(
        self,
        blocks: Mapping[str, Block],
        defaults: Mapping[str, Use],
        variables: frozenset[str],
        lost: AbstractSet[str] = frozenset(),
    ) -> None:
        self.blocks = blocks
        self.lost = lost  # names of layers with a mistake that is already reported
        self.defaults = defaults
        self.variables = variables | SCOPE_NAMES
        self.errors: list[Diagnostic] = []
        self.notes: list[Diagnostic] = []
        self.padded: set[str] = set()  # variables that are written as a padding: p=p
        self.sums: list[PlusValue] = []
        self.passed: list[PassedVariable] = []
        self.later: dict[str, Name] = {}
        self.known: dict[str, Span | None] = {}
        self.body = Chain(())  # the scope
        self.here: Item = self.body  # the item that is being checked

    def scope(self, body: Chain, given: tuple[str, ...]) -> None:
        """Check one scope in which the tensors `given` exist from the start."""
        self.known = dict.fromkeys(("in", *given))
        self.later = {}
        self.body = body
        for name in declared(body):
            self._declare(name, given)
        self._walk(body, self.variables)

    def arguments(self, block: Block) -> None:
        """Check the defaults of a block's arguments, which may use earlier ones."""
        for parameter in block.parameters:
            if parameter.default is not None:
                self.errors += value_problems(parameter.default, self.variables)
                self._sum(None, parameter.name, parameter.default)
            self.variables |= {parameter.name}

    def _declare(self, name: Name, given: tuple[str, ...]) -> None:
        first = self.later.get(name.text)
        if first is not None:
            self._say(
                "duplicate-name",
                f"the name '{name.text}' is already used",
                name.span,
                notes=(f"first used at line {first.span.line}",),
            )
        elif name.text in given:
            self._say(
                "duplicate-name",
                f"the name '{name.text}' is already used",
                name.span,
                notes=("it already names an input of the network or block",),
            )
        else:
            self.allowed(name)
        self.later.setdefault(name.text, name)

    def allowed(self, name: Name) -> None:
        """Report a name that would mean something else where it is used.

        A layer may be called `fc`, since a reference is never a layer type. But `add relu`
        attaches an activation, and `add frozen` freezes the sum.
        """
        if is_plain_word(name.text) and not attaches(name.text):
            self._say(
                "reserved-name",
                f"'{name.text}' is reserved: it is an option of layers",
                name.span,
                help=f"choose another name, such as '{name.text}_1'",
            )
        elif attaches(name.text) or is_own_block(name.text, self.blocks):
            self._say(
                "reserved-name",
                f"'{name.text}' is the name of a layer type or block",
                name.span,
                help=f"choose another name, such as '{name.text}_1'",
            )
        elif name.text in STRUCTURE or name.text in RESERVED:
            message = f"'{name.text}' is a reserved word"
            help_ = f"choose another name, such as '{name.text}_1'"
            self._say("reserved-name", message, name.span, help=help_)
        elif not TENSOR.match(name.text):
            self._say("bad-name", "a name may contain only letters, digits and _", name.span)

    def _walk(self, item: Item, variables: frozenset[str]) -> None:
        if len(self.errors) < ENOUGH_ERRORS:
            self._check(item, variables)

    def _check(self, item: Item, variables: frozenset[str]) -> None:
        self.here = item
        source = getattr(item, "source", None)
        if source is not None:
            self.reference(source)
        match item:
            case From():
                self._tensor(item)
            case Use():
                self._use(item, variables)
            case Chain():
                for child in item.items:
                    self._walk(child, variables)
            case Repeat():
                self.errors += times_problems(item.times, variables)
                self._walk(item.body, variables)
            case Loop():
                self._loop(item, variables)
                self._walk(item.body, variables | {name.text for name in item.names})
            case Side():
                self._walk(item.body, variables)
        if item.name is not None:
            self.known[item.name.text] = item.name.span

    def _use(self, use: Use, variables: frozenset[str]) -> None:
        self.errors += letter_problems(use, variables)
        self._references(use)
        for branch in use.branches or ():
            self._branch(use, branch, variables)
        self.known |= {name.text: name.span for name in attached_names(use)}
        if use.condition is not None:
            self.errors += value_problems(use.condition, variables)
        self.errors += times_problems(use.repeat, variables)
        self._paddings(use)
        wrong = list(word_problems(use, self.blocks, variables))
        if use.is_block:
            wrong += call_problems(use, self.blocks[use.head])
        elif use.tensors:
            wrong += like_problems(use)
        # The values are validated only where every word is understood, to report no mistake twice.
        if not wrong and not use.is_block:
            wrong = layer_problems(use, self.defaults, variables)
        if not wrong:
            self.notes += filter(None, [filter_note(use)])
        self.errors += wrong

    def _paddings(self, use: Use) -> None:
        """Collect the variables used as paddings, and the block arguments with a plus sign."""
        arguments = [word for word in use.words if isinstance(word, Argument)]
        if use.is_block:
            free = (parameter.name for parameter in self.blocks[use.head].parameters)
            for word in arguments:
                argument = word.field or next(free, "")
                self._sum(use.head, argument, word)
                if variable := bare_name(word.value):
                    self.passed.append(PassedVariable(variable, use.head, argument))
            return
        paddings = of_layer_type(use.head).paddings
        names = (bare_name(word.value) for word in arguments if word.field in paddings)
        self.padded.update(name for name in names if name is not None)

    def _sum(self, block: str | None, variable: str, argument: Argument) -> None:
        if isinstance(argument.value, Dynamic) and has_plus(argument.value.word):
            self.sums.append(PlusValue(block, variable, argument.value.word))

    def _references(self, use: Use) -> None:
        for ref in use.refs:
            self.reference(ref, *_once_only(ref))
        for key, ref in use.tensors:
            if ref.text != "none" or ref.text in self.known:
                self.reference(ref)
            elif not use.is_block or key not in self.blocks[use.head].optional:
                self._say(
                    "missing-option",
                    f"the tensor '{key}' of '{use.head}' cannot be none",
                    ref.span,
                    help=f"declare it as {key}=none in the block's signature",
                )
        if use.share is not None:
            self.reference(use.share)
        if use.tied is not None:
            self._tied(use, use.tied)

    def _tied(self, use: Use, tied: Name) -> None:
        """`tied=` names a layer, stands on a type that can use its weight, and not beside `share=`.

        What the named layer stores is known only once it is built.
        """
        self.reference(tied)
        if use.share is not None:
            self._say(
                "tied",
                f"'{use.head}' has both share= and tied=",
                tied.span,
                help="share= takes the weight and bias of a layer as they are; "
                "tied= its weight transposed, with a bias of its own",
            )
        elif use.is_block:
            self._say(
                "tied",
                f"'{use.head}' is a block, and tied= belongs on one layer",
                tied.span,
                help="write it on the layer inside the block that uses the weight",
            )
        elif layers.layer_type(use.head).tie is None:
            able = [name for name in layers.layer_types() if layers.layer_type(name).tie]
            self._say(
                "tied",
                f"'{use.head}' cannot use the transposed weight of another layer",
                tied.span,
                help=f"{', '.join(able[:-1])} and {able[-1]} can; "
                f"share={tied.text} uses a weight as it is",
            )

    def _branch(self, use: Use, branch: Branch, variables: frozenset[str]) -> None:
        self._walk(branch.body, variables)
        if branch.when is None:
            return
        if isinstance(branch.body, Loop):
            variables |= {name.text for name in branch.body.names}
        self.errors += value_problems(branch.when, variables)
        least, most = layers.layer_type(use.head).arity
        if least == most:
            message = f"'{use.head}' joins exactly {least} tensors: no branch can be left out"
            self._say("misplaced-when", message, branch.when.span)

    def _loop(self, loop: Loop, variables: frozenset[str]) -> None:
        for cell in (cell for row in loop.rows for cell in row):
            self.errors += value_problems(cell, variables)
            self._sum(None, str(cell.field), cell)
        seen: set[str] = set()
        for name in loop.names:
            if not may_name(name.text):
                message = f"'{name.text}' cannot be the name of a variable"
                self._say("reserved-name", message, name.span)
            elif name.text in seen:
                self._say("duplicate-name", f"'for' names '{name.text}' twice", name.span)
            seen.add(name.text)

    def reference(self, ref: Name, *notes: str) -> None:
        """Report a reference to a layer that does not exist, or comes later."""
        root = ref.text.partition(".")[0]
        if ref.text in self.known or root in self.known or root in self.lost:
            return
        if root in self.later:
            first = self.later[root]
            cycle = depends(self.body, root, self.here, self.blocks)
            reason = ", and depends on this layer" if cycle else ""
            self._say(
                "forward-reference",
                f"'{ref.text}' is used before it is computed",
                ref.span,
                notes=(f"'{ref.text}' is defined at line {first.span.line}{reason}",),
                help="a feed-forward network can only refer back",
            )
            return
        self._say(
            "unknown-reference",
            f"no layer named '{ref.text}'",
            ref.span,
            notes=notes,
            help=did_you_mean(ref.text, [*self.known, *self.later])
            or _filler(ref)
            or _naming(root)
            or _activation(ref)
            or suggested(ref.text, self.known, "names that can be used here:"),
        )

    def _tensor(self, item: From) -> None:
        """Check `from x1`, or a lone name, which must open a branch or a chain."""
        ref = item.ref
        root = ref.text.partition(".")[0]
        if item.is_bare and root not in self.known and root not in self.later:
            self.errors += self._unknown_head(ref)
        elif item.opens:
            self.reference(ref)
        else:
            self._say(
                "wrong-form",
                f"'{ref.text}' is the name of a tensor, not a layer type or block",
                ref.span,
                help=f"write 'from {ref.text}' to continue from it",
            )

    def _unknown_head(self, ref: Name) -> Iterator[Diagnostic]:
        """The error for an unknown head; its help may suggest a tensor too."""
        known = [*self.known, *self.later, *layers.names(), *self.blocks, *STRUCTURE]
        suggestion = did_you_mean(ref.text, known)
        if ref.text in self.variables:
            suggestion = (
                f"'{ref.text}' is a variable; a norm or an activation stands in the line of its "
                f"layer, without an arrow, such as 'conv 8 3x3 {ref.text}'"
            )
        try:
            head_use(ref, self.blocks)
        except CnncalcError as error:
            for diagnostic in error.diagnostics:
                kept = diagnostic.code != "unknown-type"  # its help says what to write
                yield (
                    diagnostic if kept else diagnostic._replace(help=suggestion or diagnostic.help)
                )

    def _say(self, code: str, message: str, span: Span, **more: object) -> None:
        self.errors.append(Diagnostic("error", code, message, span, **more))  # type: ignore[arg-type]


def _filler(ref: Name) -> str | None:
    """The help for `add from x1`, or `add x1 and x2`."""
    if ref.text not in FILLERS:
        return None
    return f"leave '{ref.text}' out: the names of tensors stand side by side, such as 'add x1 x2'"


def _once_only(ref: Name) -> tuple[str, ...]:
    """A note on `x3` among the tensors of a merge, which was meant as a repeat count."""
    if ref.text[:1] != "x" or not ref.text[1:].isdecimal():
        return ()
    return (f"a merge cannot be repeated, so '{ref.text}' is read as the name of a tensor",)


def _activation(ref: Name) -> str | None:
    """The help for `add in ReLU`: among the tensors of a merge only our own words attach."""
    attached = attached_type(ref.text)
    return None if attached is None else f"for the activation write '{attached}'"


def _naming(word: str) -> str | None:
    """The help for `conv1`, a name that only the output table shows."""
    head = word.rstrip("0123456789")
    if head == word or head not in layers.names():
        return None
    return f"name the layer to refer to it: '- {word}: {head} ...'"
