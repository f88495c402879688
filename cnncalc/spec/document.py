"""A spec file, read: metadata, variables, blocks, layers, variants; nothing computed yet."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from cnncalc import layers
from cnncalc.errors import ENOUGH_ERRORS, CnncalcError, Diagnostic, failure
from cnncalc.spec import budgets, expectations, init, network_inputs, variables
from cnncalc.spec.cycles import check_cycles
from cnncalc.spec.model import SpecModel, VariantModel
from cnncalc.spec.names import Checker
from cnncalc.spec.paddings import sum_as_padding
from cnncalc.spec.shorthand import head_use, read_words
from cnncalc.spec.signatures import read_signatures
from cnncalc.spec.source import ListValue, MappingValue, Scalar, compose
from cnncalc.spec.structure import ItemParser
from cnncalc.spec.syntax import Block, Chain, Name, Use
from cnncalc.spec.toplevel import read_top, section, variant_sections
from cnncalc.spec.vocabulary import SCOPE_NAMES
from cnncalc.spec.word_checks import letter_problems, word_problems
from cnncalc.spec.words import links

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cnncalc.spec.source import Value


class Document(NamedTuple):
    """One spec file. `tree` keeps the values as written, with their places."""

    file: str
    text: str
    tree: MappingValue
    model: SpecModel
    blocks: Mapping[str, Block]
    defaults: Mapping[str, Use]
    body: Chain
    outputs: tuple[Name, ...]
    notes: tuple[Diagnostic, ...] = ()

    def at(self, *path: str) -> Value | None:
        """The value at a path of keys, as written."""
        value: Value | None = self.tree
        for key in path:
            value = value.get(key) if isinstance(value, MappingValue) else None
        return value

    @property
    def variants(self) -> Mapping[str, VariantModel]:
        """The variants by name; one written with nothing is the base network."""
        found = self.model.variants or {}
        return {name: variant or VariantModel() for name, variant in found.items()}


def read_document(text: str, file: str) -> Document:
    """Read a spec file. Raises CnncalcError with every independent mistake in it."""
    tree = compose(text, file)
    if not isinstance(tree, MappingValue):
        raise failure(
            "wrong-type",
            "a spec is a mapping with 'input' and 'layers'",
            tree.span,
            help="begin with a line such as   input: 32x32x1",
        )
    model, errors = read_top(tree)
    blocks, keys, mistakes = read_signatures(tree)
    reader = ItemParser(blocks)
    for key, value in section(tree, "blocks").entries:
        if (name := keys.get(key.text)) is not None:
            blocks[name] = blocks[name]._replace(body=reader.chain(value))
    defaults, unfit = _defaults(tree, blocks)
    body = _body(tree, reader)
    outputs = _names(tree.get("outputs"))
    errors += [
        *mistakes,
        *reader.errors,
        *unfit,
        *variables.problems(tree),
        *network_inputs.problems(tree),
    ]
    for expect in (section(tree, "expect"), *variant_sections(tree, "expect")):
        errors += expectations.problems(expect)
    for budget in (section(tree, "budget"), *variant_sections(tree, "budget")):
        errors += budgets.problems(budget)
    errors += init.problems(section(tree, "init"))
    check_cycles(blocks)
    notes: list[Diagnostic] = []
    checked = _check_names(tree, blocks, defaults, body, outputs, notes)
    found = list(islice(checked, ENOUGH_ERRORS))
    # What a layer lacks, it may have by the defaults that are wrong.
    lacking = {"missing-option"} if unfit else set()
    errors += [mistake for mistake in found if mistake.code not in lacking]
    if model is None or errors:
        raise CnncalcError(*sorted(dict.fromkeys(errors), key=_place))
    return Document(file, text, tree, model, blocks, defaults, body, outputs, tuple(notes))


def _body(tree: MappingValue, reader: ItemParser) -> Chain:
    """The network's own layers; `read_top` has said it where they are no list."""
    value = tree.get("layers")
    return reader.chain(value) if isinstance(value, ListValue) else Chain(())


def _place(diagnostic: Diagnostic) -> tuple[int, int]:
    span = diagnostic.span
    return (span.line, span.column) if span else (0, 0)


def _defaults(
    tree: MappingValue, blocks: Mapping[str, Block]
) -> tuple[dict[str, Use], list[Diagnostic]]:
    """The words put in front of every layer of a type; what is wrong with them."""
    found: dict[str, Use] = {}
    errors: list[Diagnostic] = []
    known = SCOPE_NAMES | set(section(tree, "vars").keys())
    for key, value in section(tree, "defaults").entries:
        try:
            use = _default(key, value, blocks, known)
        except CnncalcError as error:
            errors += error.diagnostics
            continue
        layer_type = layers.layer_type(key.text).type
        if layer_type in found:
            message = f"'{key.text}' already has defaults"
            notes = (f"first given at line {found[layer_type].span.line}",)
            errors.append(Diagnostic("error", "duplicate-key", message, key.span, notes))
        found[layer_type] = use
    return found, errors


def _default(
    key: Scalar, value: Value, blocks: Mapping[str, Block], variables: frozenset[str]
) -> Use:
    """The words of one entry of `defaults`: fields, switches, norms and activations only."""
    use = head_use(Name(key.text, key.span), {})
    if not isinstance(value, Scalar) or not value.text or value.value is None:
        return use
    chain = links(value)
    read = read_words(use, chain[0], blocks)
    if len(chain) > 1 or read != use._replace(words=read.words):
        raise failure(
            "wrong-form",
            f"the defaults of '{key.text}' are words for one layer",
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
) -> Iterator[Diagnostic]:
    """The errors, one after the other; what is only worth a note is added to `notes`."""
    known = frozenset(section(tree, "vars").keys())
    checkers: dict[str | None, Checker] = {}
    for block in blocks.values():
        checker = checkers[block.name] = Checker(blocks, defaults, known)
        checker.arguments(block)
        checker.scope(block.body, block.tensors)
        notes += checker.notes
        yield from checker.errors
    checker = checkers[None] = Checker(blocks, defaults, known)
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


def _sums_as_paddings(checkers: Mapping[str | None, Checker]) -> Iterator[Diagnostic]:
    """Sums that reach a padding through an argument of a block or a variable of `for`."""
    padded = _padded(checkers)
    for name, checker in checkers.items():
        for block, variable, word in checker.sums:
            if variable in padded[name if block is None else block]:
                yield from sum_as_padding(word).diagnostics


def _padded(checkers: Mapping[str | None, Checker]) -> dict[str | None, set[str]]:
    """Per scope the variables that become paddings, there or in a block they are handed on to."""
    padded = {name: set(checker.padded) for name, checker in checkers.items()}
    grown = True
    while grown:
        before = sum(map(len, padded.values()))
        for name, checker in checkers.items():
            padded[name].update(
                variable
                for variable, block, argument in checker.handed
                if argument in padded[block]
            )
        grown = sum(map(len, padded.values())) > before
    return padded


def _inputs(tree: MappingValue) -> Iterator[Scalar]:
    """The names of the inputs, those of the variants included."""
    for inputs in (section(tree, "inputs"), *variant_sections(tree, "inputs")):
        yield from (key for key, _ in inputs.entries)
