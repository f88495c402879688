"""The words of one layer and the variables -> its fields and its attached layers.

Precedence: the layer's own words, then the file's `defaults`, then the layer type's own defaults.
Any norm or activation on the layer replaces those in `defaults`, also one that its condition or
the value `none` of a variable leaves out; `plain` removes them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cnncalc import layers
from cnncalc.errors import failure
from cnncalc.spec.line_values import bare_name, evaluate, names_in
from cnncalc.spec.syntax import Argument, Attached, Plain
from cnncalc.spec.validation import shown
from cnncalc.spec.vocabulary import (
    NOTHING_ATTACHED,
    Vocabulary,
    attached_type,
    bare_number,
    choices,
    of_layer_type,
    unknown_word,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cnncalc.errors import CnncalcError, Span
    from cnncalc.layers._base import Layer
    from cnncalc.shapes import Shape
    from cnncalc.spec.syntax import Name, Use


MOST_KNOWN = 1024  # lines of a document with the values of their variables
MOST_BUILT = 4096  # these on the shapes of their inputs, at the start of a network


class AttachedLayer(NamedTuple):
    """A norm or activation attached to a layer, with its fields and their spans."""

    type: str
    fields: dict[str, object]
    spans: dict[str, Span]
    span: Span
    name: Name | None = None


class Resolved(NamedTuple):
    """Fields with plain values, the span of each, and the attached layers in order."""

    fields: dict[str, object]
    spans: dict[str, Span]
    attached: tuple[AttachedLayer, ...]
    decides: bool = False  # says what is attached, so that the defaults do not


class BuiltLayer(NamedTuple):
    """What a line resolved to, the layer that this gives, and its outputs by its inputs."""

    resolved: object  # kept so that its id stays its own
    layer: Layer
    outputs: dict[tuple[Shape, ...], Shape]


KnownLayers = dict[int, BuiltLayer]  # by the identity of what a line resolved to


class _Line(NamedTuple):
    """A line, the variables that it reads, and what it resolved to, by their values as text."""

    use: Use  # kept so that its id stays its own
    names: list[str]
    known: dict[str, Resolved]


class Resolver:
    """Resolves the lines of one document, each once for the same values of its variables.

    So blocks that are called again and the settings of a sweep share the work.
    """

    def __init__(self, defaults: Mapping[str, Use]) -> None:
        self.defaults = defaults
        self._lines: dict[int, _Line] = {}  # by their identity
        self._count = 0
        self._built: KnownLayers = {}

    def known_layers(self) -> KnownLayers:
        """The layers of earlier networks of this document; a new network adds its own."""
        if sum(len(built.outputs) for built in self._built.values()) > MOST_BUILT:
            self._built.clear()
        return self._built

    def resolve(self, use: Use, env: Mapping[str, object]) -> Resolved:
        """The fields of a layer and its attached layers, see the function `resolve`."""
        line = self._lines.get(id(use))
        if line is None:
            line = _Line(use, _variables((use, *self.defaults.values())), {})
            self._lines[id(use)] = line
        # As text, where 1, 1.0 and true differ.
        values = repr([env.get(name, ...) for name in line.names]) if line.names else ""
        resolved = line.known.get(values)
        if resolved is None:
            resolved = resolve(use, layers.layer_type(use.head), self.defaults, env)
            line.known[values] = resolved
            self._count += 1
            if self._count >= MOST_KNOWN:
                self._lines.clear()
                self._count = 0
        return resolved


def _variables(uses: Iterable[Use]) -> list[str]:
    """The variables that the words of these lines read."""
    names: set[str] = set()
    for word in (word for use in uses for word in use.words):
        if not isinstance(word, Plain):
            arguments = word.arguments if isinstance(word, Attached) else (word,)
            read = (*arguments, *filter(None, (word.condition,)))
            names.update(name for argument in read for name, _ in names_in(argument.value))
    return sorted(names)


def resolve(
    use: Use, layer_type: type[Layer], defaults: Mapping[str, Use], env: Mapping[str, object]
) -> Resolved:
    """The fields of a layer and its attached layers.

    Raises:
        CnncalcError: a word has no meaning for the layer; its span is that word.
    """
    vocabulary = of_layer_type(use.head)
    resolved = _read(use, vocabulary, env)
    default = defaults.get(layer_type.type)
    if default is not None:
        base = _read(default, vocabulary, env)
        resolved = Resolved(
            {**base.fields, **resolved.fields},
            {**base.spans, **resolved.spans},
            resolved.attached if resolved.decides else base.attached,
        )
    # A norm has its own offset, which makes the bias of the layer before it redundant.
    first = resolved.attached[0].type if resolved.attached else None
    norm_first = first is not None and layers.layer_type(first).attaches == "norm"
    if norm_first and layer_type.bias_free_before_norm:
        resolved.fields.setdefault("bias", False)
    if not defaults or not resolved.attached:
        return resolved
    return resolved._replace(
        attached=tuple([_with_defaults(f, defaults, env) for f in resolved.attached])
    )


def _with_defaults(
    follower: AttachedLayer, defaults: Mapping[str, Use], env: Mapping[str, object]
) -> AttachedLayer:
    """An attached layer with the defaults of its own type, as in `defaults: {bn: eps=0.001}`."""
    default = defaults.get(layers.layer_type(follower.type).type)
    if default is None:
        return follower
    base = _read(default, of_layer_type(follower.type), env)
    return follower._replace(
        fields={**base.fields, **follower.fields}, spans={**base.spans, **follower.spans}
    )


def _read(use: Use, vocabulary: Vocabulary, env: Mapping[str, object]) -> Resolved:
    fields: dict[str, object] = {}
    spans: dict[str, Span] = {}
    attached: list[AttachedLayer] = []
    decides = False
    free = iter(vocabulary.positional)
    for word in use.words:
        if isinstance(word, Attached):
            decides = True
            if word.condition is None or evaluate(word.condition.value, env):
                attached.append(_follower(word, env))
        elif isinstance(word, Argument):
            value = _value(word, vocabulary.head, env)
            field = word.field
            if field is None and isinstance(value, str):
                type_ = attached_type(value)
                if type_ is not None or value in NOTHING_ATTACHED:
                    decides = True
                    attached += _of_variable(type_, word, env)
                    continue
                field, value = _meaning(value, word, vocabulary)
            if word.condition is not None:
                raise _not_attachable(word, value)
            field = field or next(free, None)
            if field is None:
                raise _no_place(str(value), word, vocabulary)
            fields[field], spans[field] = value, word.span
        else:
            decides = True
    return Resolved(fields, spans, tuple(attached), decides)


def _of_variable(
    type_: str | None, word: Argument, env: Mapping[str, object]
) -> list[AttachedLayer]:
    """The norm or activation that a variable holds, unless it is `none` or its condition fails."""
    skipped = word.condition is not None and not evaluate(word.condition.value, env)
    return [] if skipped or type_ is None else [AttachedLayer(type_, {}, {}, word.span)]


def _not_attachable(word: Argument, value: object) -> CnncalcError:
    """The error for a variable under a condition that holds no norm or activation."""
    name = bare_name(word.value)
    return failure(
        "wrong-type",
        f"'{name}' must be a norm, an activation or none here, got {shown(value)}",
        word.span,
    )


def _no_place(value: str, word: Argument, vocabulary: Vocabulary) -> CnncalcError:
    """The error for a bare value where no field is left for one."""
    if vocabulary.no_bare_number is not None:
        return bare_number(value, word.span, vocabulary, vocabulary.no_bare_number)
    return unknown_word(value, word.span, vocabulary)


def _value(word: Argument, head: str, env: Mapping[str, object]) -> object:
    """The value of a word; a word that its field accepts (`mode: bilinear`) stands for itself."""
    name = bare_name(word.value)
    if name and word.field and name not in env and name in choices(head, word.field):
        return name
    return evaluate(word.value, env)


def _meaning(value: str, word: Argument, vocabulary: Vocabulary) -> tuple[str, object]:
    """The field and value of a word that a variable holds."""
    if value not in vocabulary.words:
        raise unknown_word(value, word.span, vocabulary)
    return vocabulary.words[value]


def _follower(word: Attached, env: Mapping[str, object]) -> AttachedLayer:
    free = iter(of_layer_type(word.type).positional)
    fields: dict[str, object] = {}
    spans: dict[str, Span] = {}
    for argument in word.arguments:
        field = argument.field or next(free, None)
        if field is None:
            raise unknown_word(str(argument.value), argument.span, of_layer_type(word.type))
        fields[field] = _value(argument, word.type, env)
        spans[field] = argument.span
    return AttachedLayer(word.type, fields, spans, word.span, word.name)
