"""Spec text -> Document: metadata, variables, blocks, layers and variants, nothing computed yet.

A block signature such as `basic(c, s=1; skip)` is a name, arguments with defaults, and tensors.
"""

from __future__ import annotations

import re
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from cnncalc import layers
from cnncalc.errors import ENOUGH_ERRORS, CnncalcError, Diagnostic, failure
from cnncalc.spec import ready_blocks
from cnncalc.spec.checks.limits import check_cycles
from cnncalc.spec.checks.names import NameChecker
from cnncalc.spec.checks.words import letter_problems, word_problems
from cnncalc.spec.items import ItemParser
from cnncalc.spec.line_syntax import head_use, read_words
from cnncalc.spec.line_values import links, read_word, sum_as_padding
from cnncalc.spec.model import SpecModel, VariantModel
from cnncalc.spec.ready_blocks import settled
from cnncalc.spec.resolve import Resolver
from cnncalc.spec.sections import budgets, expectations, init, inputs, variables, variants
from cnncalc.spec.sections.variables import may_name
from cnncalc.spec.syntax import Argument, Block, BlockParameter, Chain, Name, Use
from cnncalc.spec.validation import read_top
from cnncalc.spec.vocabulary import RESERVED, SCOPE_NAMES, STRUCTURE
from cnncalc.spec.yaml_composer import compose
from cnncalc.spec.yaml_source import ListValue, MappingValue, Scalar, Word

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from cnncalc.spec.yaml_source import Value


class Document(NamedTuple):
    """One spec file; `tree` holds the values as written, with their positions."""

    file: str
    text: str
    tree: MappingValue
    model: SpecModel
    blocks: Mapping[str, Block]
    resolver: Resolver  # with the words of `defaults:`
    body: Chain
    outputs: tuple[Name, ...]
    notes: tuple[Diagnostic, ...] = ()

    @property
    def variants(self) -> Mapping[str, VariantModel]:
        """The variants by name; an empty one is the base network."""
        models = self.model.variants or {}
        return {name: variant or VariantModel() for name, variant in models.items()}


def read_document(text: str, file: str) -> Document:
    """Read the text of a spec file.

    Raises:
        CnncalcError: with every independent mistake in the file.
    """
    tree = compose(text, file)
    if not isinstance(tree, MappingValue):
        raise failure(
            "wrong-type",
            "a spec must be a mapping with 'input' and 'layers'",
            tree.span,
            help="start with a line such as   input: 32x32x1",
        )
    tree, unsettled = variants.settled(tree)
    model, errors = read_top(tree)
    blocks, keys, mistakes = read_signatures(tree)
    for name in ready_blocks.mentioned(text) - blocks.keys():
        blocks[name] = _ready_blocks()[name]
    reader = ItemParser(blocks)
    _read_bodies(tree, blocks, keys, reader)
    defaults, unfit = _defaults(tree, blocks)
    body = _body(tree, reader)
    outputs = _names(tree.get("outputs"))
    errors += [
        *unsettled,
        *mistakes,
        *reader.errors,
        *unfit,
        *variables.variable_problems(tree),
        *inputs.input_problems(tree),
    ]
    for expect in (tree.section("expect"), *variables.variant_sections(tree, "expect")):
        errors += expectations.expect_problems(expect)
    for budget in (tree.section("budget"), *variables.variant_sections(tree, "budget")):
        errors += budgets.budget_problems(budget)
    errors += init.init_problems(tree.section("init"))
    check_cycles(blocks)  # before the checks below, which follow the calls of blocks
    notes: list[Diagnostic] = []
    checked = _check_names(tree, blocks, defaults, body, outputs, notes, reader.lost)
    mistakes_in_names = list(islice(checked, ENOUGH_ERRORS))
    # A field that seems missing may be in the defaults that are wrong.
    lacking = {"missing-option"} if unfit else set()
    errors += [m for m in mistakes_in_names if m.code not in lacking]
    if model is None or errors:
        raise CnncalcError(*sorted(dict.fromkeys(errors), key=_place))
    resolver = Resolver(defaults)
    return Document(file, text, tree, model, blocks, resolver, body, outputs, tuple(notes))


def _read_bodies(
    tree: MappingValue, blocks: dict[str, Block], keys: Mapping[str, str], reader: ItemParser
) -> None:
    """Add the bodies to the blocks of a spec."""
    for key, value in tree.section("blocks").entries:
        if (name := keys.get(key.text)) is not None:
            blocks[name] = blocks[name]._replace(body=reader.chain(value))


@cache
def _ready_blocks() -> Mapping[str, Block]:
    """The blocks that a spec may call without defining them."""
    tree = compose(ready_blocks.text(), ready_blocks.FILE)
    if not isinstance(tree, MappingValue):  # the file is a mapping, which only the types do not say
        raise TypeError(ready_blocks.FILE)
    blocks, keys, _ = read_signatures(tree)
    _read_bodies(tree, blocks, keys, ItemParser(blocks))
    return {
        name: block._replace(body=settled(block.body), is_ready=True)
        for name, block in blocks.items()
    }


def _body(tree: MappingValue, reader: ItemParser) -> Chain:
    """The network's layers; empty where they are not a list, which `read_top` has reported."""
    value = tree.get("layers")
    return reader.chain(value) if isinstance(value, ListValue) else Chain(())


def _place(diagnostic: Diagnostic) -> tuple[int, int]:
    span = diagnostic.span
    return (span.line, span.column) if span else (0, 0)


def _defaults(
    tree: MappingValue, blocks: Mapping[str, Block]
) -> tuple[dict[str, Use], list[Diagnostic]]:
    """The default words of each layer type, and the mistakes in them."""
    defaults: dict[str, Use] = {}
    errors: list[Diagnostic] = []
    known = SCOPE_NAMES | set(tree.section("vars").keys())
    for key, value in tree.section("defaults").entries:
        try:
            use = _default(key, value, blocks, known)
        except CnncalcError as error:
            errors += error.diagnostics
            continue
        layer_type = layers.layer_type(key.text).type
        if layer_type in defaults:
            message = f"'{key.text}' already has defaults"
            notes = (f"first given at line {defaults[layer_type].span.line}",)
            errors.append(Diagnostic("error", "duplicate-key", message, key.span, notes))
        defaults[layer_type] = use
    return defaults, errors


def _default(
    key: Scalar, value: Value, blocks: Mapping[str, Block], variables: frozenset[str]
) -> Use:
    """One entry of `defaults`: fields, switches, norms and activations only."""
    use = head_use(Name(key.text, key.span), {})
    if not isinstance(value, Scalar) or not value.text or value.value is None:
        return use
    chain = links(value)
    read = read_words(use, chain[0], blocks)
    if len(chain) > 1 or read != use._replace(words=read.words):
        raise failure(
            "wrong-form",
            f"the defaults of '{key.text}' must be words for one layer",
            value.span,
            help="such as 3x3 p1 bn relu",
        )
    wrong = [*letter_problems(read, variables), *word_problems(read, blocks, variables)]
    if wrong:
        raise CnncalcError(*wrong)
    return read


def _names(value: Value | None) -> tuple[Name, ...]:
    if not isinstance(value, ListValue):
        return ()
    return tuple(Name(item.text, item.span) for item in value.items if isinstance(item, Scalar))


def _check_names(
    tree: MappingValue,
    blocks: dict[str, Block],
    defaults: dict[str, Use],
    body: Chain,
    outputs: tuple[Name, ...],
    notes: list[Diagnostic],
    lost: set[str],
) -> Iterator[Diagnostic]:
    """The mistakes in names and words; notes are added to `notes`."""
    known = frozenset(tree.section("vars").keys())
    checkers: dict[str | None, NameChecker] = {}
    for block in blocks.values():
        if block.is_ready:
            continue
        checker = checkers[block.name] = NameChecker(blocks, defaults, known, lost)
        checker.arguments(block)
        checker.scope(block.body, block.tensors)
        notes += checker.notes
        yield from checker.errors
    checker = checkers[None] = NameChecker(blocks, defaults, known, lost)
    inputs = [Name(key.text, key.span) for key in _inputs(tree)]
    for name in inputs:
        checker.allowed(name)
    checker.scope(body, tuple(name.text for name in inputs))
    yield from checker.errors
    for name in outputs:
        checker.errors.clear()
        checker.reference(name)
        yield from checker.errors
    notes += checker.notes
    yield from _sums_as_paddings(checkers)


def _sums_as_paddings(checkers: Mapping[str | None, NameChecker]) -> Iterator[Diagnostic]:
    """Sums that reach a padding through an argument of a block or a variable of `for`."""
    padded = _padded(checkers)
    for name, checker in checkers.items():
        for block, variable, word in checker.sums:
            if variable in padded.get(name if block is None else block, ()):
                yield from sum_as_padding(word).diagnostics


def _padded(checkers: Mapping[str | None, NameChecker]) -> dict[str | None, set[str]]:
    """Per scope, the variables used as paddings, there or in a block that they are passed to."""
    padded = {name: set(checker.padded) for name, checker in checkers.items()}
    # A variable may be passed on through several blocks, so this repeats until nothing is added.
    grown = True
    while grown:
        before = sum(map(len, padded.values()))
        for name, checker in checkers.items():
            padded[name].update(
                variable
                for variable, block, argument in checker.passed
                if argument in padded.get(block, ())  # no ready block takes a padding
            )
        grown = sum(map(len, padded.values())) > before
    return padded


def _inputs(tree: MappingValue) -> Iterator[Scalar]:
    """The names of the inputs, those of the variants included."""
    for named in (tree.section("inputs"), *variables.variant_sections(tree, "inputs")):
        yield from (key for key, _ in named.entries)


SIGNATURE = re.compile(r"(\w+)\s*(?:\((.*)\)\s*)?\Z", re.DOTALL)


def read_signatures(
    tree: MappingValue,
) -> tuple[dict[str, Block], dict[str, str], list[Diagnostic]]:
    """The blocks by name, without their bodies; their names by key; the mistakes."""
    blocks: dict[str, Block] = {}
    keys: dict[str, str] = {}
    errors: list[Diagnostic] = []
    for key, _ in tree.section("blocks").entries:
        try:
            block = signature(key)
        except CnncalcError as error:
            errors += error.diagnostics
            name = key.text.partition("(")[0].strip()
            if name not in layers.names():
                broken = Block(name, (), (), Chain(()), key.span, is_broken=True)
                blocks.setdefault(name, broken)
            continue
        if block.name in blocks:
            message = f"the block '{block.name}' is already defined"
            notes = (f"first defined at line {blocks[block.name].span.line}",)
            errors.append(Diagnostic("error", "duplicate-name", message, key.span, notes))
            continue
        blocks[block.name], keys[key.text] = block, block.name
    return blocks, keys, errors


def signature(key: Scalar) -> Block:
    """The block that a key describes, without its body.

    Raises:
        CnncalcError: the key is not a signature, or uses a reserved name.
    """
    match = SIGNATURE.match(key.text)
    if match is None or not match[1].isidentifier():
        raise failure(
            "bad-block",
            f"'{key.text}' is not a valid block signature",
            key.span,
            help="write a name and its arguments, such as basic(c, s=1)",
        )
    name = match[1]
    if name in layers.names() - layers.LATER or name in STRUCTURE or name in RESERVED:
        raise failure(
            "reserved-name",
            f"'{name}' is a reserved word",
            key.slice(0, len(name)),
            help=f"such as 'my_{name}'",
        )
    inside = Word(match[2] or "", key, match.start(2) if match[2] is not None else 0)
    _check_brackets(inside)
    arguments, *extra = inside.split(";")
    parameters = [_parameter(word) for word in _commas(arguments)]
    written = [tensor for words in extra[:1] for tensor in _commas(words)]
    tensors = [tensor.split("=")[0] for tensor in written]
    optional = frozenset(_optional(written))
    if extra[1:]:
        raise failure(
            "bad-block",
            "a block signature takes only one ';'",
            extra[1].span,
            help="the ';' separates arguments from tensors, such as (c, s=1; left, right)",
        )
    given: set[str] = set()
    names = [(p.name, p.span) for p in parameters] + [(t.text, t.span) for t in tensors]
    for text, span in names:
        if not may_name(text):
            raise failure("reserved-name", f"'{text}' cannot be the name of an argument", span)
        if text in given:
            raise failure("duplicate-name", f"'{name}' has two arguments named '{text}'", span)
        given.add(text)
    named = tuple(tensor.text for tensor in tensors)
    return Block(name, tuple(parameters), named, Chain(()), key.span, optional=optional)


def _optional(tensors: Iterable[Word]) -> Iterator[str]:
    """The tensors of a signature that may be none, as in `(v; a, d=none)`."""
    for word in tensors:
        name, *default = word.split("=")
        if not default:
            continue
        if [part.text for part in default] != ["none"]:
            message = f"the only default of a tensor is none, not '{default[0].text}'"
            raise failure("bad-block", message, word.span, help=f"write {name.text}=none")
        yield name.text


def _check_brackets(word: Word) -> None:
    """Refuse a bracket without its partner."""
    still_open: list[int] = []
    for place, mark in enumerate(word.text):
        if mark in "([":
            still_open.append(place)
        elif mark in ")]":
            if not still_open or word.text[still_open[-1]] + mark not in {"()", "[]"}:
                raise _unpaired(word.part(place, place + 1))
            still_open.pop()
    if still_open:
        raise _unpaired(word.part(still_open[-1], still_open[-1] + 1))


def _unpaired(bracket: Word) -> CnncalcError:
    closes = bracket.text in ")]"
    partner = {"(": ")", "[": "]", ")": "(", "]": "["}[bracket.text]
    return failure(
        "bad-block",
        f"this '{bracket.text}' has no '{partner}' {'before' if closes else 'after'} it",
        bracket.span,
        help="brackets must balance, also in a default such as n=[1, 2]",
    )


def _commas(word: Word) -> list[Word]:
    """The parts between commas; none in an empty text. An empty part is refused."""
    pieces = word.split(",") if word.text else []
    if all(piece.text for piece in pieces):
        return pieces
    raise failure(
        "bad-block",
        "an argument is missing next to a comma",
        word.span,
        help="remove the comma, or write the argument",
    )


def _parameter(word: Word) -> BlockParameter:
    name, equals, default = word.text.partition("=")
    if not name.strip().isidentifier():
        raise failure(
            "bad-block",
            f"'{word.text}' is not a valid argument",
            word.span,
            help="an argument is a name, or a name with a default: s=1",
        )
    if not equals:
        return BlockParameter(name.strip(), None, word.span)
    value = word.part(len(name) + 1 + len(default) - len(default.lstrip()))
    if not value.text:
        raise failure("missing-value", f"'{word.text}' has no default", word.span)
    argument = Argument(name.strip(), read_word(value), value.span)
    return BlockParameter(name.strip(), argument, word.part(0, len(name.rstrip())).span)
