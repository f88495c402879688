"""Layer text -> syntax tree, the same that the mapping form gives: "conv 6 5x5 tanh" -> Use."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from cnncalc import layers
from cnncalc.errors import CnncalcError, did_you_mean, failure
from cnncalc.spec.attached_words import read_attached
from cnncalc.spec.line_values import (
    KEY,
    bare_name,
    has_plus,
    links,
    read_between,
    read_padding,
    read_side,
    read_size,
    read_word,
)
from cnncalc.spec.syntax import Argument, Attached, Chain, Dynamic, From, Name, Plain, Use
from cnncalc.spec.vocabulary import (
    STRUCTURE,
    Vocabulary,
    attached_type,
    bare_number,
    of_block,
    of_layer_type,
    unknown_key,
)
from cnncalc.spec.yaml_source import Word

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cnncalc.errors import Span
    from cnncalc.spec.syntax import Block, Item
    from cnncalc.spec.yaml_source import Scalar

LETTER = re.compile(r"([A-Za-z])(\d+(?:x\d+)*)\Z")
SUFFIXED = re.compile(r"[0-9][0-9_.]*[kKMGBT]\Z")  # 1.2M
SIDES = re.compile(r"([A-Za-z])\d+(?:[x+]\d+)*\Z")  # p0+1, p0+1x1+2
REFERENCE = re.compile(r"[A-Za-z_]\w*(\.\w+)*\Z")
NAME = re.compile(r"\w+\Z")
LISTED = "'cnncalc layers' lists them"
WITH_LAYERS = {
    "residual": "residual: [conv 64 3x3 p1, bn]",
    "side": "side: [gap, fc 10]",
    "numbered": "numbered: [conv 64 3x3 p1, relu]",
    "repeat": "{repeat: 3, layers: [conv 64 3x3 p1, relu]}, or x3 at the end of a layer",
    "for": "{for: [c], in: [16, 32], do: conv c 3x3 p1}",
}
ENGLISH = frozenset({"from", "in", "with", "and"})  # as bare words they mean nothing here


def read_text(scalar: Scalar, blocks: Mapping[str, Block], *, opens: bool = False) -> Item:
    """A line of layer text as a tree: one link, or a chain of several.

    `opens` says that the line begins a branch, which may be the name of a tensor.
    """
    chain = links(scalar)
    if len(chain) == 1:
        return read_link(chain[0], blocks, opens=opens)
    for words in chain[:-1]:
        _refuse_condition(words)
    for before, words in pairwise(chain):
        _refuse_sizes(before, words)
    first, *rest = chain
    head = read_link(first, blocks, opens=True)
    return Chain((head, *(read_link(words, blocks) for words in rest)))


def _refuse_sizes(before: list[Word], words: list[Word]) -> None:
    """Raise CnncalcError for `fc 1568 -> 10`, as tables show what a layer takes and gives."""
    number = words[0].text
    if len(words) != 1 or not number.isdecimal() or before[0].text not in layers.names():
        return
    layer_type, given = layers.layer_type(before[0].text), before[1].text if before[1:] else ""
    if layer_type.expectation is None or layer_type.sized or not given.isdecimal():
        return
    line = f"{before[0].text} {number}"
    raise failure(
        "unknown-type",
        f"there is no layer type or block named '{number}'",
        words[0].span,
        help=f"write '{line}', or '{line} in={given}' to state what comes in",
    )


def read_link(words: list[Word], blocks: Mapping[str, Block], *, opens: bool = False) -> Item:
    """One link: a head (layer type, block, `from` or `identity`), then words.

    A lone word that is neither is the name of a tensor, which the check of names looks up.
    """
    _refuse_when(words)
    head, rest = words[0], words[1:]
    if rest[:1] and rest[0].text == "=" and len(rest) > 1:  # x = conv(x)
        raise _python(rest[1].text, rest[1].span, blocks)
    if head.text == "from":
        return _read_from(head, rest)
    if head.text in ("identity", "Identity") and not rest and head.text not in blocks:
        return Chain(())
    name = Name(head.text, head.span)
    try:
        use = head_use(name, blocks)
    except CnncalcError as error:
        if rest or not REFERENCE.match(head.text):
            raise _without_arrow(error, head, rest, blocks) from None
        return From(name, is_bare=True, opens=opens)
    return read_words(use, rest, blocks)


def _without_arrow(
    error: CnncalcError, head: Word, rest: list[Word], blocks: Mapping[str, Block]
) -> CnncalcError:
    """The error for an unknown head that may be a tensor: `x1 relu`, or `x1 + x2`."""
    unsure = [d for d in error.diagnostics if d.code == "unknown-type"]
    if not unsure or not REFERENCE.match(head.text):
        return error
    help_ = None
    match rest:
        case [first, *_] if first.text in layers.names() or first.text in blocks:
            unsure = [d for d in unsure if d.help == LISTED]
            help_ = f"to go on from a tensor '{head.text}', write '{head.text} -> {first.text}'"
        case [operator, other] if REFERENCE.match(other.text):
            from cnncalc.spec import plain_english  # only for a text that may be such a sum

            help_ = plain_english.merge_of(operator.text, head.text, other.text)
    return CnncalcError(*(d._replace(help=help_) for d in unsure)) if help_ and unsure else error


def head_use(head: Name, blocks: Mapping[str, Block]) -> Use:
    """The use of a layer type or a block, before its words are read.

    Raises:
        CnncalcError: there is no layer type or block of that name; without a diagnostic where
            the block's own definition is wrong.
    """
    if head.text in blocks:
        if blocks[head.text].is_broken:
            raise CnncalcError  # the mistake is reported where the block is defined
        return Use(head.text, head.span, is_block=True)
    if head.text in layers.names():
        return Use(head.text, head.span, is_block=False)
    if head.text in WITH_LAYERS:
        message = f"'{head.text}' needs a colon, and its layers behind it"
        raise failure("wrong-form", message, head.span, help=f"such as {WITH_LAYERS[head.text]}")
    if "(" in head.text:
        raise _python(head.text, head.span, blocks)
    from cnncalc.spec import frameworks  # only for a word that is not ours

    meaning = frameworks.meaning(head.text)
    if meaning is not None:
        words = tuple(Argument(*pair, head.span) for pair in meaning.fields.items())
        name = head.text
        return Use(meaning.type, head.span, is_block=False, words=words, framework_name=name)
    if refusal := frameworks.refusal(head.text, head.span):
        raise refusal
    known = [*layers.names(), *blocks, *STRUCTURE]
    raise failure(
        "unknown-type",
        f"there is no layer type or block named '{head.text}'",
        head.span,
        help=did_you_mean(head.text, known) or LISTED,
    )


def _python(text: str, span: Span, blocks: Mapping[str, Block]) -> CnncalcError:
    from cnncalc.spec import python_calls  # only for a text with its marks

    return python_calls.refusal(text, span, blocks)


def _english(word: Word, use: Use) -> CnncalcError:
    from cnncalc.spec import plain_english  # only for a text with its words

    return plain_english.refused(word, use.head, use.span)


def vocabulary_of(use: Use, blocks: Mapping[str, Block]) -> Vocabulary:
    """The words that are allowed after the head of a use."""
    return of_block(blocks[use.head]) if use.is_block else of_layer_type(use.head)


def read_words(use: Use, words: list[Word], blocks: Mapping[str, Block]) -> Use:
    """The use with the words of a link added, in order."""
    _refuse_when(words)
    vocabulary = vocabulary_of(use, blocks)
    place = 0
    while place < len(words):
        word = words[place]
        if word.text == "if":
            return use._replace(condition=_read_condition(word, words[place + 1 :]))
        if word.text == "as":
            name = _read_name(word, words[place + 1 : place + 2])
            use = put(use, "name", name, name.span)
            place += 1
        elif word.text in ENGLISH and not vocabulary.joins:
            raise _english(word, use)
        else:
            use = add_word(use, word, vocabulary)
            _refuse_bare_number(use, word, words, vocabulary)
        place += 1
    return use


def _refuse_bare_number(use: Use, word: Word, line: list[Word], vocabulary: Vocabulary) -> None:
    """Refuse a bare number where the head takes none.

    A lone name may be a variable that holds an activation, so `resolve` checks its value later.
    """
    reason, added = vocabulary.no_bare_number, use.words[-1:]
    if reason is None or not added or not isinstance(added[0], Argument):
        return
    if added[0].field is None and bare_name(added[0].value) is None:
        raise bare_number(word.text, word.span, vocabulary, reason, *(w.text for w in line))


def add_word(use: Use, word: Word, vocabulary: Vocabulary) -> Use:  # noqa: C901, PLR0911 - one a rule
    """The use with one word added, by the first rule that matches it.

    Raises:
        CnncalcError: the word is malformed, or says what may be said only once.
    """
    text = word.text
    if text == "plain":
        return use._replace(words=(*use.words, Plain()))
    if text == "frozen":
        return use._replace(frozen=True)
    if text[:1] == '"':
        return _add_quoted(use, word, vocabulary)
    if key := KEY.match(text):
        return _add_pair(use, word, key[1], vocabulary)
    if text in vocabulary.words:
        field, value = vocabulary.words[text]
        return _with(use, Argument(field, value, word.span))
    letter = LETTER.match(text)
    if letter and letter[1] == "x" and not vocabulary.joins:  # `concat x1` joins a tensor
        if not letter[2].isdecimal():
            raise failure("repeat", f"'{text}' is not a repeat count", word.span, help="such as x3")
        return put(use, "repeat", Argument("x", int(letter[2]), word.part(1).span, text), word.span)
    if letter and letter[1].lower() in vocabulary.letters:
        sizes = tuple(int(size) for size in letter[2].split("x"))
        field = vocabulary.letters[letter[1].lower()]
        value = sizes[0] if len(sizes) == 1 else sizes
        return _with(use, Argument(field, value, word.part(1).span, text, letter[1].lower()))
    sides = SIDES.match(text)
    if sides and vocabulary.letters.get(sides[1].lower()) in vocabulary.paddings:
        field = vocabulary.letters[sides[1].lower()]
        value = word.part(1)
        padding = Argument(field, read_padding(value), value.span, text.partition("+")[0])
        return with_padding(use, padding, vocabulary)
    if vocabulary.between and vocabulary.between.mark in text:
        pair = read_between(word, vocabulary.head, vocabulary.between)
        return use._replace(words=(*use.words, *pair))
    return _add_bare(use, word, vocabulary)


def _add_bare(use: Use, word: Word, vocabulary: Vocabulary) -> Use:
    """A size, an attached layer, a reference, or a bare number or expression."""
    if vocabulary.sized and (size := read_size(word)):
        return _with(use, Argument(vocabulary.sized, size, word.span))
    if not use.is_block and (attached := read_attached(word)):
        return use._replace(words=(*use.words, *attached))
    if vocabulary.joins and REFERENCE.match(word.text):
        return use._replace(refs=(*use.refs, Name(word.text, word.span)))
    if vocabulary.is_block and (size := read_size(word)):
        return _with(use, Argument(None, size, word.span))
    if vocabulary.sized in vocabulary.paddings and has_plus(word):
        padding = Argument(vocabulary.sized, read_padding(word), word.span)
        return with_padding(use, padding, vocabulary)
    return _with(use, Argument(None, read_word(word), word.span))


def _add_pair(use: Use, word: Word, key: str, vocabulary: Vocabulary) -> Use:
    """`key=value`."""
    value = word.part(len(key) + 1)
    if not value.text:
        raise failure("missing-value", f"'{key}=' has no value", word.span)
    if key == "x" and vocabulary.joins:
        raise _repeated_merge(use.head, word.span)
    if key == "x":
        return put(use, "repeat", Argument("x", read_word(value), value.span), word.span)
    if key in ("share", "tied"):
        return put(use, key, _reference(value), word.span)
    if key in vocabulary.tensors:
        tensor = (key, _reference(value))
        return use._replace(tensors=(*use.tensors, tensor))
    field = vocabulary.field(key)
    if field is None and not use.is_block and (type_ := attached_type(key, valued=True)):
        slope = Argument(None, read_word(value), value.span)
        return use._replace(words=(*use.words, Attached(type_, (slope,), word.span)))
    if field is None and key == "from":
        raise _english(word, use)
    if field is None:
        raise unknown_key(key, word.part(0, len(key)).span, vocabulary, "x", "share", "tied")
    if vocabulary.takes_sides(key):
        return with_padding(use, Argument(field, read_padding(value), value.span), vocabulary)
    read = read_side if vocabulary.takes_one_side(key) else read_word
    letter = key.lower() if len(key) == 1 else None
    written = as_written(field, value.text, vocabulary)
    argument = Argument(field, read(value) if written is None else written, value.span, key=letter)
    return _with(use, argument)


def as_written(field: str, text: str, vocabulary: Vocabulary) -> str | None:
    """A value that its field reads itself, a text or a count such as 1.2M; None for others."""
    if field == vocabulary.quoted:
        return text.strip('"')
    return text if field in vocabulary.amounts and SUFFIXED.match(text) else None


def _add_quoted(use: Use, word: Word, vocabulary: Vocabulary) -> Use:
    """A text in quotes, for the layer types that take one."""
    if vocabulary.quoted is None or word.text[-1:] != '"' or len(word.text) <= len('""'):
        raise failure(
            "quotes",
            f"'{use.head}' takes no text in quotes"
            if vocabulary.quoted is None
            else "a text in quotes is not empty and ends with a quote",
            word.span,
            help=None if vocabulary.quoted is None else f'such as {use.head} "RoIAlign"',
        )
    return _with(use, Argument(vocabulary.quoted, word.text[1:-1], word.span))


def with_padding(use: Use, padding: Argument, vocabulary: Vocabulary) -> Use:
    """The use with a padding added; its sides fill two fields where the layer type has two."""
    after = vocabulary.paddings[str(padding.field)]
    pairs = padding.value
    if after == padding.field or not isinstance(pairs, tuple) or not _has_sides(pairs):
        return _with(use, padding)
    sides = [pair if isinstance(pair, tuple) else (pair, pair) for pair in pairs]
    before, behind = zip(*sides, strict=True)
    use = _with(use, padding._replace(value=before))
    return _with(use, Argument(after, behind, padding.span))


def _has_sides(pairs: tuple[object, ...]) -> bool:
    return any(isinstance(pair, tuple) and not isinstance(pair, Dynamic) for pair in pairs)


def put(use: Use, field: str, value: object, span: Span) -> Use:
    """The use with an option set that can be given only once.

    Raises:
        CnncalcError: the option is already set.
    """
    if getattr(use, field) is not None:
        what = {"source": "from", "condition": "if"}.get(field, field)
        raise failure("duplicate-option", f"'{use.head}' is given {what} twice", span)
    return use._replace(**{field: value})  # type: ignore[arg-type]


def _repeated_merge(head: str, span: Span) -> CnncalcError:
    return failure(
        "repeat",
        f"'{head}' is a merge, which cannot be repeated",
        span,
        help="repeat a list of layers with 'repeat: 3' and 'layers: [...]'",
    )


def _reference(word: Word) -> Name:
    if not REFERENCE.match(word.text):
        raise failure("bad-name", "expected the name of one layer", word.span)
    return Name(word.text, word.span)


def _with(use: Use, argument: Argument) -> Use:
    return use._replace(words=(*use.words, argument))


def _read_from(head: Word, rest: list[Word]) -> From:
    if len(rest) != 1 or not REFERENCE.match(rest[0].text):
        raise failure(
            "from",
            "'from' takes the name of one tensor",
            head.span,
            help="such as 'from enc1', or 'from in' for the tensor that entered the block",
        )
    return From(Name(rest[0].text, rest[0].span))


def _read_name(word: Word, rest: list[Word]) -> Name:
    if not rest or not NAME.match(rest[0].text):
        raise failure(
            "bad-name",
            "'as' is followed by a name of letters, digits and _",
            (rest[0] if rest else word).span,
        )
    return Name(rest[0].text, rest[0].span)


def cut_condition(scalar: Scalar) -> tuple[Scalar, Argument | None]:
    """A branch's text without the `when EXPR` at its end, and that condition.

    Raises:
        CnncalcError: `when` stands before an arrow, or has no condition.
    """
    if "when" not in scalar.text:
        return scalar, None
    *others, last = links(scalar)
    for words in others:
        _refuse_when(words)
    for place, word in enumerate(last):
        if word.text == "when":
            text = scalar.text[: word.start].rstrip()
            return scalar._replace(value=text, text=text), _read_condition(word, last[place + 1 :])
    return scalar, None


def _read_condition(word: Word, rest: list[Word]) -> Argument:
    """The condition after `if` or `when`, up to the end of the line."""
    if not rest:
        raise failure("missing-value", f"'{word.text}' has no condition", word.span)
    for place, name in enumerate(rest):
        if name.text == "as":
            named = " ".join(w.text for w in (name, *rest[place + 1 :]))
            raise failure(
                "wrong-form",
                f"'as' must stand before '{word.text}', which takes the rest of the line",
                name.span,
                help=f"write '{named} {word.text} {' '.join(w.text for w in rest[:place])}'",
            )
    end = rest[-1].start + len(rest[-1].text)
    condition = Word(word.scalar.text[rest[0].start : end], word.scalar, rest[0].start)
    return Argument(word.text, read_word(condition), condition.span)


def _refuse_when(words: list[Word]) -> None:
    for word in words:
        if word.text == "when":
            raise misplaced_when(word.span)


def misplaced_when(span: Span) -> CnncalcError:
    """The error for a `when` anywhere but at the end of a merge's branch."""
    return failure(
        "misplaced-when",
        "'when' is allowed only at the end of a branch of a merge",
        span,
        help="write 'if' to skip a layer; "
        "to leave out a branch write add: [identity, conv 4 1x1 when n > 1]",
    )


def _refuse_condition(words: list[Word]) -> None:
    for word in words:
        if word.text == "if":
            raise failure(
                "if-in-chain",
                "'if' is ambiguous before '->': it could mean one layer or all",
                word.span,
                help="give the conditional layer a line of its own, or the end of this one",
            )
