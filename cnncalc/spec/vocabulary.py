"""The words that a layer type or a block accepts, and the meaning of each."""

from __future__ import annotations

from dataclasses import fields
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args, get_origin

from cnncalc import layers
from cnncalc.errors import CnncalcError, did_you_mean, failure
from cnncalc.spec.core_schema import field_hints
from cnncalc.spec.expressions import HERE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cnncalc.errors import Span
    from cnncalc.layers._base import Between, NoBareNumber
    from cnncalc.spec.syntax import Block

STRUCTURE = ("residual", "side", "numbered", "repeat", "for", "from", "identity")
RESERVED = frozenset({*STRUCTURE, "in", "as", "if", "when", "layers", "do", "x"})
SCOPE_NAMES = frozenset({"cin", "din", "hin", "win", "lin", "i", "reps", "row", *HERE})
SWITCHES = frozenset({"plain", "frozen"})
NOTHING_ATTACHED = frozenset({"none", "identity"})  # values of a variable: act=none


class Vocabulary(NamedTuple):
    """How the words after a head are interpreted."""

    head: str
    positional: tuple[str, ...]
    no_bare_number: NoBareNumber | None = None
    sized: str | None = None
    letters: Mapping[str, str] = {}
    paddings: Mapping[str, str] = {}  # fields that take 0+1 -> the field for what comes after
    names: Mapping[str, str] = {}  # every long name -> its field
    between: Between | None = None  # two fields as one word: 2..5, 0/4
    words: Mapping[str, tuple[str, object]] = {}
    tensors: tuple[str, ...] = ()
    joins: bool = False  # bare words are references
    is_block: bool = False
    quoted: str | None = None  # the field that a text in quotes fills
    amounts: tuple[str, ...] = ()  # fields that take 1.2M

    @property
    def own(self) -> tuple[str, ...]:
        """The names of the fields, without their aliases."""
        return tuple(dict.fromkeys(self.names.values()))

    def field(self, key: str) -> str | None:
        """The field of a key in `key=value` or in a mapping; None for an unknown key."""
        return self.names.get(key) or self.letters.get(key.lower())

    def takes_sides(self, key: str) -> bool:
        """Whether a key takes 0+1: the padding before and after an axis."""
        after = self.paddings.get(self.field(key) or "")
        return after is not None and not self.takes_one_side(key)

    def takes_one_side(self, key: str) -> bool:
        """Whether a key names a single side, such as `begin` and `end` of `pad`."""
        return any(key in pair and pair[0] != pair[1] for pair in self.paddings.items())

    def all_words(self) -> Iterator[str]:
        """All candidates for a misspelt word."""
        yield from self.names
        yield from self.words
        yield from SWITCHES
        yield from attachable()


@cache
def of_layer_type(type_name: str) -> Vocabulary:
    """The vocabulary of a layer type.

    >>> of_layer_type("conv").field("out_channels"), of_layer_type("conv").letters["s"]
    ('filters', 'stride')
    """
    layer_type = layers.layer_type(type_name)
    names = {field.name: field.name for field in fields(layer_type)}  # type: ignore[arg-type]
    _, most = layer_type.arity
    return Vocabulary(
        head=type_name,
        positional=layer_type.positional,
        no_bare_number=layer_type.no_bare_number,
        sized=layer_type.sized,
        letters=layer_type.letters,
        paddings=layer_type.paddings,
        names={**names, **layer_type.other_names},
        between=layer_type.between,
        tensors=("like",) if layer_type.like else (),
        words=layer_type.words,
        joins=most is None or most > 1,
        quoted=layer_type.quoted,
        amounts=layer_type.amounts,
    )


def of_block(block: Block) -> Vocabulary:
    """The vocabulary of a block: its arguments, by position, name or single letter."""
    arguments = tuple(parameter.name for parameter in block.parameters)
    return Vocabulary(
        head=block.name,
        positional=arguments,
        letters={name: name for name in arguments if len(name) == 1},
        names={name: name for name in arguments},
        tensors=block.tensors,
        is_block=True,
    )


@cache
def attachable() -> frozenset[str]:
    """The norms and activations: words that may be attached to a layer."""
    return frozenset(name for name in layers.names() if layers.layer_type(name).attaches)


def attaches(name: str) -> bool:
    """Whether a word names a norm or an activation; loads no other layer type."""
    return name in layers.names() and layers.layer_type(name).attaches is not None


def attached_type(name: str, *, valued: bool = False) -> str | None:
    """The norm or activation that a word names, perhaps as a framework does; None for others.

    `valued` words are followed by the value of their first field: `LeakyReLU=0.1`.

    >>> attached_type("relu"), attached_type("BatchNorm2d"), attached_type("width")
    ('relu', 'bn', None)
    >>> attached_type("LeakyReLU"), attached_type("LeakyReLU", valued=True)
    (None, 'leaky')
    """
    if attaches(name):
        return name
    from cnncalc.spec import frameworks

    meaning = frameworks.meaning(name)
    if meaning is None or not attaches(meaning.type):
        return None
    given = layers.layer_type(meaning.type).positional[:1] if valued else ()
    return meaning.type if meaning.needs in (None, *given) else None


@cache
def choices(type_name: str, field: str) -> frozenset[str]:
    """The words that a field accepts (`same`, `bilinear`); none for a field of numbers.

    >>> sorted(choices("conv", "padding"))
    ['causal', 'full', 'half', 'same', 'valid']
    """
    return frozenset(_literals(field_hints(layers.layer_type(type_name))[field]))


def _literals(hint: Any) -> Iterator[str]:
    if get_origin(hint) is Literal:
        yield from (value for value in get_args(hint) if isinstance(value, str))
        return
    for argument in get_args(hint):
        yield from _literals(argument)


def is_word(name: str) -> bool:
    """Whether a name may be used as a value, such as `act=relu` or a cell of a table.

    >>> is_word("hswish"), is_word("same"), is_word("bilinear"), is_word("width")
    (True, True, True, False)
    """
    known = name in layers.names() or name in _RULES or name in SWITCHES
    attached = attached_type(name) is not None or name in NOTHING_ATTACHED
    return known or attached or name in _all_choices()


@cache
def _all_choices() -> frozenset[str]:
    """The words of every field of every layer type; slow, since it loads all of them."""
    layer_types = layers.layer_types()
    return frozenset(
        word
        for name in layer_types
        for field in of_layer_type(name).own
        for word in choices(name, field)
    )


@lru_cache(maxsize=4096)  # the names of rows without a name repeat from block to block
def means_something(text: str) -> bool:
    """Whether a text alone means something in the language, so that no layer may be called so.

    >>> [word for word in ("relu6", "relu7", "frozen", "from", "fc") if means_something(word)]
    ['relu6', 'frozen', 'from']
    """
    return text in RESERVED or is_plain_word(text)


def is_plain_word(name: str) -> bool:
    """Whether a word means the same on many layers, so that no variable may have its name.

    >>> is_plain_word("relu"), is_plain_word("same"), is_plain_word("conv")
    (True, True, False)
    """
    return name in _RULES or name in SWITCHES or attaches(name)


# Words of many layers. `abs` belongs to a merge, where other bare words are references.
_RULES = frozenset(
    {"same", "half", "valid", "full", "causal", "bias", "nobias", "ceil", "floor", "abs"}
)


FILLERS = frozenset({"and", "by", "from", "of", "plus", "the", "then", "to", "with"})  # in English


def unknown_word(text: str, span: Span, vocabulary: Vocabulary, *more: str) -> CnncalcError:
    """The error for a word that the head does not accept."""
    from cnncalc.spec import frameworks

    if refusal := frameworks.attached_refusal(text, span):
        return refusal
    known_words = (*vocabulary.all_words(), *more)
    # A word without a dot is not the likes of `here.d`.
    alike = [word for word in known_words if "." in text or "." not in word]
    suggestion = did_you_mean(text, alike)
    if text in layers.names():
        suggestion = f"it is a layer of its own: write '-> {text}' at the end, or on a line below"
    elif text in FILLERS:
        suggestion = "leave it out: norms and activations are words of the line"
    known = ", ".join(dict.fromkeys([*vocabulary.names, *vocabulary.words])) or "no options"
    return failure(
        "unknown-word",
        f"'{vocabulary.head}' does not understand '{text}'",
        span,
        help=suggestion or f"'{vocabulary.head}' accepts {known}, norms and activations",
    )


def bare_number(
    number: str, span: Span, vocabulary: Vocabulary, reason: NoBareNumber, *line: str
) -> CnncalcError:
    """The error for a bare number after a head that takes none.

    `line` are the words after the head, the number included, so that the help can show the
    corrected line; without them it shows the shortest correct line.
    """
    words = line or (number, "...")
    named = [f"{reason.letter}={word}" if word == number else word for word in words]
    without = [word for word in words if word != number]
    return failure(
        "bare-number",
        f"'{vocabulary.head}' takes no bare number: {reason.why}",
        span,
        help=reason.help.format(
            named=" ".join([vocabulary.head, *named]),
            without=" ".join([vocabulary.head, *without]),
            number=number,
        ),
    )


def unknown_key(text: str, span: Span, vocabulary: Vocabulary, *more: str) -> CnncalcError:
    """The error for an option that the head does not have."""
    options = [*vocabulary.own, *vocabulary.tensors]
    known = [*options, *vocabulary.names, *more]
    return failure(
        "unknown-key",
        f"'{vocabulary.head}' has no option '{text}'",
        span,
        help=did_you_mean(text, known) or (f"it has {', '.join(options)}" if options else None),
    )
