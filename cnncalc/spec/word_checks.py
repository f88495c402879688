"""The words of one layer or block call, before anything is computed: known, and given once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.errors import Diagnostic, did_you_mean
from cnncalc.spec.detached_values import pieced
from cnncalc.spec.literals import count_problems
from cnncalc.spec.syntax import Argument, Attached
from cnncalc.spec.values import bare_name, name_span, names_in
from cnncalc.spec.vocabulary import choices, is_word, of_block, of_layer_type, unknown_word

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cnncalc.errors import Span
    from cnncalc.spec.syntax import Block, Use
    from cnncalc.spec.vocabulary import Vocabulary

    Blocks = Mapping[str, Block]
    Names = frozenset[str]

USUAL_FILTER = 11


def word_problems(use: Use, blocks: Blocks, variables: Names) -> Iterator[Diagnostic]:
    """Words that are unknown, too many, or say the same thing twice."""
    vocabulary = of_block(blocks[use.head]) if use.is_block else of_layer_type(use.head)
    free = iter(vocabulary.positional)
    given: dict[str, Span] = {}
    bare = 0
    torn, words = pieced(use, vocabulary, variables)
    yield from torn
    for word in words:
        if isinstance(word, Attached):
            for argument in word.arguments:
                yield from value_problems(argument, variables)
        elif isinstance(word, Argument):
            bare += word.field is None
            if word.field is None and bare > len(vocabulary.positional) and _counts(word, use):
                yield _too_many(word, vocabulary, blocks)
            else:
                yield from _word_problems(word, vocabulary, variables)
            field = word.field or (next(free, None) if _counts(word, use) else None)
            if field in given:
                yield _twice(use.head, field, word.span, given[field])
            elif field:
                given[field] = word.span


def letter_problems(use: Use, variables: Names) -> Iterator[Diagnostic]:
    """Words such as `k1` that read as a letter and a number while a variable has that name."""
    for word in (*use.words, use.repeat):
        if isinstance(word, Argument) and word.letter is not None and word.letter in variables:
            name = word.letter
            meant = f"{name[0]}={name[1:]}"
            message = f"'{name}' reads as {meant} here, but it is the name of a variable too"
            help_ = f"write {name[0]}={name} or ({name}) for the variable, {meant} for the number"
            span = word.span._replace(column=word.span.column - 1)
            yield Diagnostic("error", "ambiguous-word", message, span, help=help_)


def filter_note(use: Use) -> Diagnostic | None:
    """A note where `f32 k3`, by the letters of the notes, may be meant the other way round.

    F is the filter size and K the number of filters; a size above 11, the largest of the
    classic networks (AlexNet), that is above K as well is rarely meant.
    """
    given = {word.key: word for word in use.words if isinstance(word, Argument)}
    if use.is_block or not {"f", "k"} <= given.keys():
        return None
    f, k = given["f"].value, given["k"].value
    fields = given["f"].field, given["k"].field
    if fields != ("kernel", "filters") or type(f) is not int or type(k) is not int:
        return None
    if f <= max(k, USUAL_FILTER):
        return None
    message = f"{k} filters of size {f}: F is the filter size and K the number of filters"
    help_ = f"for {f} filters of size {k} write k{f} f{k}"
    return Diagnostic("note", "filter-letters", message, given["f"].span, help=help_)


def value_problems(argument: Argument, variables: Names) -> Iterator[Diagnostic]:
    """Names in a value that are neither variables nor words."""
    for name, word in names_in(argument.value):
        if name in variables or (bare_name(argument.value) and is_word(name)):
            continue
        yield _unknown_name(name, name_span(name, word), variables)


def times_problems(count: Argument | None, variables: Names) -> Iterator[Diagnostic]:
    """What is wrong with a repeat count."""
    if count is not None:
        unknown = list(value_problems(count, variables))
        yield from unknown or count_problems(count, variables)


def call_problems(use: Use, block: Block) -> Iterator[Diagnostic]:
    """Arguments and extra tensors that a call of a block leaves out, or gives twice."""
    given = {word.field for word in use.words if isinstance(word, Argument)}
    bare = sum(isinstance(word, Argument) and word.field is None for word in use.words)
    for place, parameter in enumerate(block.parameters):
        if parameter.default is None and place >= bare and parameter.name not in given:
            message = f"'{block.name}' needs '{parameter.name}'"
            yield Diagnostic("error", "missing-option", message, use.span, help=_definition(block))
    names = [name for name, _ in use.tensors]
    for place, (name, ref) in enumerate(use.tensors):
        if name in names[:place]:
            message = f"'{block.name}' is given {name} twice"
            yield Diagnostic("error", "duplicate-option", message, ref.span)
    for name in (name for name in block.tensors if name not in names):
        message, help_ = f"'{block.name}' needs the tensor '{name}'", f"such as {name}=enc1"
        yield Diagnostic("error", "missing-option", message, use.span, help=help_)


def _counts(word: Argument, use: Use) -> bool:
    """Whether a bare word surely takes a place: a variable may hold an activation instead."""
    return word.field is None and (use.is_block or bare_name(word.value) is None)


def _word_problems(
    word: Argument, vocabulary: Vocabulary, variables: Names
) -> Iterator[Diagnostic]:
    name = bare_name(word.value)
    if name is None or name in variables:
        yield from value_problems(word, variables)
    elif word.field is None and not (vocabulary.is_block and is_word(name)):
        yield from unknown_word(name, word.span, vocabulary, *variables).diagnostics
    elif word.field is not None and not is_word(name):
        own = frozenset() if vocabulary.is_block else choices(vocabulary.head, word.field)
        yield _unknown_name(name, word.span, variables | own)


def _unknown_name(name: str, span: Span, known: Names) -> Diagnostic:
    message, help_ = f"no variable named '{name}'", did_you_mean(name, sorted(known))
    return Diagnostic("error", "unknown-name", message, span, help=help_)


def _twice(head: str, field: str, span: Span, first: Span) -> Diagnostic:
    message, notes = f"'{head}' is given {field} twice", (f"first at {first.line}:{first.column}",)
    return Diagnostic("error", "duplicate-option", message, span, notes)


def _too_many(word: Argument, vocabulary: Vocabulary, blocks: Blocks) -> Diagnostic:
    names = vocabulary.positional
    numbers = "no bare value"
    if names:
        plural = "" if len(names) == 1 else "s"
        listed = ", ".join(names)
        numbers = f"{len(names)} bare value{plural} ({listed}); this is one too many"
    message = f"'{vocabulary.head}' takes {numbers}"
    help_ = "name the others, such as s=2 or 3x3" if vocabulary.sized else None
    if vocabulary.is_block:
        help_ = _definition(blocks[vocabulary.head])
    return Diagnostic("error", "unknown-word", message, word.span, help=help_)


def _definition(block: Block) -> str:
    arguments = ", ".join(
        p.name if p.default is None else f"{p.name}=..." for p in block.parameters
    )
    tensors = "; " + ", ".join(block.tensors) if block.tensors else ""
    signature = f"({arguments}{tensors})" if arguments or tensors else ""
    return f"it is defined at line {block.span.line} as {block.name}{signature}"
