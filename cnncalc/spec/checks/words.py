"""Mistakes in the words of one layer or block call, found before anything is computed.

Values that need no variables are validated here, so that mistakes in several layers, also in
blocks that are never called, are reported together.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cnncalc import layers
from cnncalc.errors import CnncalcError, Diagnostic, suggested
from cnncalc.spec.checks.limits import whole_count
from cnncalc.spec.line_values import bare_name, name_span, names_in
from cnncalc.spec.resolve import AttachedLayer, resolve
from cnncalc.spec.syntax import Argument, Attached, Dynamic, Plain, Use
from cnncalc.spec.validation import layer as validated_layer
from cnncalc.spec.validation import plainly_valid
from cnncalc.spec.vocabulary import (
    attached_type,
    choices,
    is_word,
    of_block,
    of_layer_type,
    unknown_word,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from collections.abc import Set as AbstractSet

    from cnncalc.errors import Span
    from cnncalc.spec.syntax import Block
    from cnncalc.spec.vocabulary import Vocabulary

    Blocks = Mapping[str, Block]
    Names = frozenset[str]
    Word = Argument | Attached | Plain

USUAL_FILTER = 11


def word_problems(use: Use, blocks: Blocks, variables: Names) -> Iterator[Diagnostic]:
    """Words that are unknown, too many, or given twice."""
    vocabulary = of_block(blocks[use.head]) if use.is_block else of_layer_type(use.head)
    free = iter(vocabulary.positional)
    given: dict[str, Span] = {}
    bare = 0
    problems, words = detached_settings(use, vocabulary, variables)
    yield from problems
    for word in words:
        if isinstance(word, (Attached, Argument)) and word.condition is not None:
            yield from value_problems(word.condition, variables)
        if isinstance(word, Attached):
            yield from word_problems(_alone(word), blocks, variables)
        elif isinstance(word, Argument):
            bare += word.field is None
            if word.field is None and bare > len(vocabulary.positional) and _counts(word, use):
                if bare == len(vocabulary.positional) + 1:  # one error for all that are too many
                    yield _too_many(word, vocabulary, blocks)
            else:
                yield from _word_problems(word, vocabulary, variables)
            field = word.field or (next(free, None) if _counts(word, use) else None)
            if field in given:
                yield _twice(use.head, field, word.span, given[field])
            elif field:
                given[field] = word.span
    if use.framework_name is not None:
        yield from _not_said(use.framework_name, use.span, given.keys())


def _not_said(name: str, span: Span, given: AbstractSet[str]) -> Iterator[Diagnostic]:
    """The field that a framework's name needs on the line, since its default differs here."""
    from cnncalc.spec import frameworks

    meaning = frameworks.meaning(name)
    if meaning is None or meaning.needs is None or meaning.needs in given:
        return
    if meaning.given is None or meaning.given in given:
        yield from frameworks.told(name, meaning.otherwise, span).diagnostics


def like_problems(use: Use) -> Iterator[Diagnostic]:
    """A size that a layer is given by `like=NAME` and in another way, or twice by `like`."""
    field = layers.layer_type(use.head).like
    words = [word for word in use.words if isinstance(word, Argument)]
    sizes = [word.span for word in words if word.field in (None, field)]
    sizes += [ref.span for _, ref in use.tensors]
    for span in sizes[1:]:
        yield _twice(use.head, str(field), span, sizes[0])


def _alone(attached: Attached) -> Use:
    """An attached layer as a layer of its own."""
    return Use(attached.type, attached.span, is_block=False, words=attached.arguments)


def letter_problems(use: Use, variables: Names) -> Iterator[Diagnostic]:
    """Words such as `k1` that mean a letter and a number, while a variable has that name."""
    for word in (*use.words, use.repeat):
        if isinstance(word, Argument) and word.letter is not None and word.letter in variables:
            name = word.letter
            meant = f"{name[0]}={name[1:]}"
            message = f"'{name}' could mean {meant}, or the variable of that name"
            help_ = f"write {name[0]}={name} or ({name}) for the variable, {meant} for the number"
            span = word.span._replace(column=word.span.column - 1)
            yield Diagnostic("error", "ambiguous-word", message, span, help=help_)


def filter_note(use: Use) -> Diagnostic | None:
    """A note where `f32 k3` was probably meant the other way round.

    As in the cs231n notes, F is the filter size and K the number of filters. A size above 11,
    the largest of the classic networks (AlexNet), that is also larger than K is rarely intended.
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
    """Names in a value that are neither variables nor known words."""
    for name, word in names_in(argument.value):
        if name in variables or (bare_name(argument.value) and is_word(name)):
            continue
        yield _unknown_name(name, name_span(name, word), variables)


def times_problems(count: Argument | None, variables: Names) -> Iterator[Diagnostic]:
    """The mistakes in a repeat count."""
    if count is not None:
        unknown = list(value_problems(count, variables))
        yield from unknown or count_problems(count, variables)


def call_problems(use: Use, block: Block) -> Iterator[Diagnostic]:
    """Arguments and tensors that a block call leaves out or gives twice."""
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
    for name in (n for n in block.tensors if n not in names and n not in block.optional):
        message, help_ = f"'{block.name}' needs the tensor '{name}'", f"such as {name}=enc1"
        yield Diagnostic("error", "missing-option", message, use.span, help=help_)


def _counts(word: Argument, use: Use) -> bool:
    """Whether a bare word surely fills a field; a variable may hold an activation instead."""
    return word.field is None and (use.is_block or bare_name(word.value) is None)


def _word_problems(
    word: Argument, vocabulary: Vocabulary, variables: Names
) -> Iterator[Diagnostic]:
    name = bare_name(word.value)
    if name is None or name in variables:
        yield from value_problems(word, variables)
    elif word.field is None:
        understood = is_word(name) if vocabulary.is_block else attached_type(name) is not None
        if not understood:
            yield from unknown_word(name, word.span, vocabulary, *variables).diagnostics
    elif word.field is not None and not is_word(name):
        choice = frozenset() if vocabulary.is_block else choices(vocabulary.head, word.field)
        yield _unknown_name(name, word.span, variables | choice)


def _unknown_name(name: str, span: Span, known: Names) -> Diagnostic:
    message = f"no variable named '{name}'"
    help_ = suggested(name, sorted(known), "names that can be used here:")
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
    if vocabulary.sized == "kernel" and isinstance(word.value, int):
        size = word.value
        help_ = f"if {size} is the filter size, write {size}x{size} or f{size}"
    if "in" in vocabulary.names and not vocabulary.sized and isinstance(word.value, int):
        line = f"{vocabulary.head} {word.value}"
        help_ = f"what comes in is known: write '{line}', or '{line} in=N' to state it"
    if vocabulary.is_block:
        help_ = _definition(blocks[vocabulary.head])
    return Diagnostic("error", "unknown-word", message, word.span, help=help_)


def _definition(block: Block) -> str:
    arguments = ", ".join(
        p.name if p.default is None else f"{p.name}=..." for p in block.parameters
    )
    named = (f"{name}=none" if name in block.optional else name for name in block.tensors)
    tensors = "; " + ", ".join(named) if block.tensors else ""
    signature = f"({arguments}{tensors})" if arguments or tensors else ""
    return f"it is defined at line {block.span.line} as {block.name}{signature}"


NEGATIVE = re.compile(r"([A-Za-z])(-\d+)\Z")


def detached_settings(
    use: Use, vocabulary: Vocabulary, variables: frozenset[str]
) -> tuple[list[Diagnostic], list[Word]]:
    """The mistakes in settings such as `stride 2` or `5 x 5`, and the words that remain."""
    problems: list[Diagnostic] = []
    left: list[Word] = []
    words = list(use.words)
    while words:
        setting = None if use.is_block else _first(words, vocabulary, variables)
        setting = setting or _denied(words, vocabulary)
        if setting is None:
            left.append(words.pop(0))
        else:
            problem, count = setting
            problems.append(problem)
            del words[:count]
    return problems, left


def _first(
    words: list[Word], vocabulary: Vocabulary, variables: frozenset[str]
) -> tuple[Diagnostic, int] | None:
    """The mistake in a setting that begins here, and how many words it takes up."""
    text, *after = [_bare(word) for word in words[:3]]
    if text is None or text in variables:
        return None
    span: Span = words[0].span  # type: ignore[union-attr]  # a bare word has a place
    value = after[0] if after and after[0] and after[0][:1].isdecimal() else None
    if text in vocabulary.names and text not in vocabulary.words:
        return _named(text, value, span, vocabulary), 1 if value is None else 2
    if value and text in vocabulary.letters:
        message = f"'{text}' is separated from its value"
        return Diagnostic("error", "missing-value", message, span, help=f"write {text}{value}"), 2
    if len(after) == 2 and after[0] in {"x", "×"} and f"{text}{after[1]}".isdecimal():  # noqa: PLR2004 - 5 x 5
        message = "a size must be written without spaces"
        return Diagnostic("error", "wrong-form", message, span, help=f"write {text}x{after[1]}"), 3
    negative = NEGATIVE.match(text)
    if negative and negative[1].lower() in vocabulary.letters and negative[1] not in variables:
        field = vocabulary.letters[negative[1].lower()]
        message = f"{field} must not be negative, got {negative[2]}"
        return Diagnostic("error", "not-positive", message, span), 1
    return None


def _denied(words: list[Word], vocabulary: Vocabulary) -> tuple[Diagnostic, int] | None:
    """The mistake in `no bias`, which is one word."""
    first, *after = words[:2]
    text, switch = _bare(first), after[0] if after else None
    if text not in ("no", "without") or not isinstance(switch, Argument):
        return None
    word = f"no{switch.field}"
    if switch.value is not True or word not in vocabulary.words:
        return None
    span: Span = first.span  # type: ignore[union-attr]  # a bare word has a place
    message = f"'{vocabulary.head}' does not understand '{text}'"
    return Diagnostic("error", "unknown-word", message, span, help=f"write '{word}'"), 2


def _named(text: str, value: str | None, span: Span, vocabulary: Vocabulary) -> Diagnostic:
    field = vocabulary.names[text]
    letters = [letter for letter, meant in vocabulary.letters.items() if meant == field]
    number = value or "2"
    short = f" or {letters[0]}{number}" if letters else ""
    message = f"'{text}' has no value" if value is None else f"'{text}' is separated from its value"
    return Diagnostic(
        "error", "missing-value", message, span, help=f"such as {text}={number}{short}"
    )


def _bare(word: Word) -> str | None:
    """The text of a word without a field: a number, a name or an expression."""
    if not isinstance(word, Argument) or word.field is not None:
        return None
    value = word.value
    if isinstance(value, Dynamic):
        return bare_name(value) or value.word.text
    return None if isinstance(value, tuple) else str(value)


def is_literal(value: object, variables: Names) -> bool:
    """Whether a value is the same for all values of the variables.

    >>> is_literal((3, 3), frozenset({"k"}))
    True
    """
    return not any(name in variables for name, _ in names_in(value))


def layer_problems(use: Use, defaults: Mapping[str, Use], variables: Names) -> list[Diagnostic]:
    """The mistakes in a layer's own values and in its defaults."""
    layer_type = layers.layer_type(use.head)
    fixed, complete = _fixed(use, variables)
    base = {}
    for name, default in defaults.items():
        base[name], all_of_it = _fixed(default, variables)
        complete &= all_of_it or name != layer_type.type
    try:
        resolved = resolve(fixed, layer_type, base, {})
    except CnncalcError as error:
        return list(error.diagnostics)
    owner = AttachedLayer(use.head, resolved.fields, resolved.spans, use.span)
    each = (owner, *resolved.attached)
    if not complete and all(plainly_valid(layer.type, layer.fields) for layer in each):
        return []
    problems = [problem for layer in each for problem in _problems(layer)]
    return [d for d in problems if complete or d.code != "missing-option"]


def count_problems(count: Argument | None, variables: Names) -> list[Diagnostic]:
    """The mistake in a repeat count that needs no variables."""
    if count is None or not is_literal(count.value, variables):
        return []
    try:
        whole_count(count, {})
    except CnncalcError as error:
        return list(error.diagnostics)
    return []


def _fixed(use: Use, variables: Names) -> tuple[Use, bool]:
    """The use with its literal words only, and whether those are all of them.

    If one bare value is unknown, the fields of the other bare values are unknown too.
    """
    words = [word for word in use.words if _is_fixed(word, variables)]
    if len(words) == len(use.words):
        return use, True
    unknown = [word for word in use.words if word not in words]
    if any(isinstance(word, Argument) and word.field is None for word in unknown):
        words = [word for word in words if not isinstance(word, Argument) or word.field]
    return use._replace(words=tuple(words)), False


def _is_fixed(word: Word, variables: Names) -> bool:
    if not isinstance(word, Plain) and word.condition is not None:
        return False
    if isinstance(word, Attached):
        return all(is_literal(argument.value, variables) for argument in word.arguments)
    return not isinstance(word, Argument) or is_literal(word.value, variables)


def _problems(layer: AttachedLayer) -> Iterator[Diagnostic]:
    try:
        validated_layer(layer.type, layer.fields, layer.spans, layer.span)
    except CnncalcError as error:
        yield from error.diagnostics
