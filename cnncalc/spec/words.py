"""A layer -> the words of its line, the shortest that read back as this layer."""

from __future__ import annotations

from dataclasses import MISSING, fields
from functools import lru_cache
from typing import TYPE_CHECKING

from cnncalc import layers
from cnncalc.errors import CnncalcError, Span
from cnncalc.spec.line_syntax import head_use, read_text, read_words
from cnncalc.spec.line_values import links
from cnncalc.spec.resolve import resolve
from cnncalc.spec.syntax import Name, Use
from cnncalc.spec.validation import layer as validated_layer
from cnncalc.spec.vocabulary import of_layer_type
from cnncalc.spec.write import simple
from cnncalc.spec.yaml_source import Scalar

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cnncalc.layers._base import Layer
    from cnncalc.spec.vocabulary import Vocabulary

LayerTuple = tuple["Layer", ...]
NOWHERE = Span("line", 1, 1, 1)


class Words:
    """Writes lines in a file whose `defaults` set `usual` layers, such as a norm's epsilon."""

    def __init__(self, usual: Mapping[str, Layer]) -> None:
        self.usual = usual
        self.defaults = {name: self._default(each) for name, each in usual.items()}
        self.line = lru_cache(maxsize=None)(self._line)

    def settings(self, layer: Layer) -> str:
        """The words of `defaults` for a layer: `eps=0.001`."""
        return " ".join(_words(layer, type(layer), {})[1:])

    def _default(self, layer: Layer) -> Use:
        (words,) = links(_scalar(f"{layer.type} {self.settings(layer)}"))
        return read_words(Use(layer.type, words[0].span, is_block=False), words[1:], {})

    def _line(
        self, group: LayerTuple, rank: int, terms: tuple[tuple[str, str], ...] = ()
    ) -> str | None:
        """The line of a layer and those attached to it; None if only a mapping can say it.

        `rank` is the number of spatial axes of the input; `terms` are fields with expressions.
        """
        owner, *attached = group
        first = _norm_first(group)
        words = _words(owner, self._base(owner), dict(terms), norm_first=first, rank=rank)
        words += map(self._attached, attached)
        bare = _words(owner, self._base(owner), {}, norm_first=first, rank=rank)
        bare += words[len(words) - len(attached) :] if attached else []
        return " ".join(words) if self.reads_back(" ".join(bare), group) else None

    def options(self, group: LayerTuple, terms: Mapping[str, str]) -> dict[str, object]:
        """The same as options of a mapping."""
        owner, *attached = group
        given: dict[str, object] = {**_differing(owner, self._base(owner)), **terms}
        if _norm_first(group):
            given["bias"] = owner.bias  # type: ignore[attr-defined]  # such types have one
        options = {field: simple(value) for field, value in given.items()}
        if attached:
            options["attached"] = [self._form(each) for each in attached]
        return options

    def _form(self, layer: Layer) -> object:
        given = _differing(layer, self._base(layer))
        settings = {field: simple(value) for field, value in given.items()}
        return {layer.type: settings} if settings else layer.type

    def _base(self, layer: Layer) -> type[Layer] | Layer:
        return self.usual.get(layer.type, type(layer))

    def _attached(self, layer: Layer) -> str:
        """`relu`, `bn(eps=0.001)`."""
        given = _differing(layer, self._base(layer))
        settings = " ".join(f"{name}={_value(value)}" for name, value in given.items())
        return f"{layer.type}({settings})" if settings else layer.type

    def reads_back(self, text: str, group: LayerTuple) -> bool:
        """Whether a line means just these layers."""
        try:
            use = read_text(_scalar(text), {})
            if not isinstance(use, Use) or use.refs or use.repeat is not None or use.frozen:
                return False
            resolved = resolve(use, layers.layer_type(use.head), self.defaults, {})
            read = [validated_layer(use.head, resolved.fields, resolved.spans, use.span)]
            read += [
                validated_layer(each.type, each.fields, each.spans, each.span)
                for each in resolved.attached
            ]
        except CnncalcError:
            return False
        return list(map(meaning, read)) == list(map(meaning, group))


def given_fields(line: str) -> Mapping[str, object]:
    """The fields that the line of one layer gives.

    >>> given_fields("conv 6 5x5")
    {'filters': 6, 'kernel': (5, 5)}
    """
    (words,) = links(_scalar(line))
    use = read_words(head_use(Name(words[0].text, words[0].span), {}), words[1:], {})
    return resolve(use, layers.layer_type(use.head), {}, {}).fields


def meaning(layer: Layer) -> str:
    """What a layer says, as text, where 1, 1.0 and true differ: 3x3 is the same as 3.

    >>> from cnncalc.layers.conv import Conv
    >>> meaning(Conv(filters=6, kernel=(3, 3))) == meaning(Conv(filters=6, kernel=(3,)))
    True
    """
    own = fields(layer)  # type: ignore[arg-type]
    return repr((layer.type, [_plain(field.name, getattr(layer, field.name)) for field in own]))


def _plain(field: str, value: object) -> object:
    """The value; of a kernel that is the same on every axis, that size once."""
    alike = field == "kernel" and isinstance(value, tuple) and len(set(value)) == 1
    return value[:1] if alike and isinstance(value, tuple) else value


def _scalar(text: str) -> Scalar:
    return Scalar(text, text, NOWHERE)


def _norm_first(group: LayerTuple) -> bool:
    """Whether the first attached layer is a norm, which removes a bias that is not written."""
    return len(group) > 1 and group[1].attaches == "norm" and group[0].bias_free_before_norm


def _differing(layer: Layer, base: type[Layer] | Layer) -> dict[str, object]:
    """The fields of a layer that its type, or the file's default for it, does not give."""
    found = {}
    for field in fields(layer):  # type: ignore[arg-type]
        usual = field.default if isinstance(base, type) else getattr(base, field.name)
        value = getattr(layer, field.name)
        if usual is MISSING or value != usual:
            found[field.name] = value
    return found


def _words(
    layer: Layer,
    base: type[Layer] | Layer,
    terms: Mapping[str, str],
    *,
    norm_first: bool = False,
    rank: int = 1,
) -> list[str]:
    """The type and the words of its settings."""
    given = {**_differing(layer, base), **terms}
    if norm_first:
        given["bias"] = layer.bias  # type: ignore[attr-defined]  # such types have one
        if not given["bias"]:
            del given["bias"]
    if isinstance(given.get("kernel"), tuple) and len(layer.kernel) == 1:  # type: ignore[attr-defined]
        given["kernel"] = layer.kernel * rank  # type: ignore[attr-defined]
    vocabulary = of_layer_type(layer.type)
    return [layer.type, *_settings(given, vocabulary, terms)]


def _settings(
    given: dict[str, object], vocabulary: Vocabulary, terms: Mapping[str, str]
) -> Iterator[str]:
    left = dict(given)
    if vocabulary.quoted in left:
        yield f'"{left.pop(vocabulary.quoted)}"'
    between = vocabulary.between
    if between is not None and any(field in left for field in between.fields):
        usual = between.left_out or (None, None)
        sides = [
            _value(left.pop(field))
            if field in left
            else ("" if between.left_out else _value(other))
            for field, other in zip(between.fields, usual, strict=True)
        ]
        yield between.mark.join(sides)
    for field in vocabulary.positional:
        if field not in left:
            break
        value = left[field]  # "none" alone would be no word
        if isinstance(value, (int, float, str)) and value != "none" and not isinstance(value, bool):
            yield _value(left.pop(field))
    for field, value in left.items():
        yield _setting(field, value, vocabulary, is_term=field in terms)


def _setting(field: str, value: object, vocabulary: Vocabulary, *, is_term: bool) -> str:
    """`s2`, `3x3`, `p1`, `nobias`, `eps=0.001`."""
    letter = next((key for key, each in vocabulary.letters.items() if each == field), None)
    if is_term:
        return f"{letter or field}={value}"
    word = next((word for word, pair in vocabulary.words.items() if pair == (field, value)), None)
    if word is not None and (isinstance(value, bool) or not isinstance(value, (int, float))):
        return word
    sizes = _sizes(value)
    if sizes is None:
        return f"{field}={_value(value)}"
    if field == vocabulary.sized and len(sizes) > 1:
        return "x".join(sizes)
    if letter is not None:
        return letter + "x".join(sizes)
    return f"{field}={'x'.join(sizes)}"


def _sizes(value: object) -> list[str] | None:
    """The sizes per axis, with `0+1` for a padding whose sides differ; None for other values."""
    if isinstance(value, int) and not isinstance(value, bool):
        return [str(value)]
    if not isinstance(value, tuple) or not value:
        return None
    found = []
    for each in value:
        if isinstance(each, int):
            found.append(str(each))
        elif isinstance(each, tuple) and len(each) == 2:  # noqa: PLR2004 - before and after
            one, other = each
            found.append(str(one) if one == other else f"{one}+{other}")
        else:
            return None
    return found


def _value(value: object) -> str:
    if value is None or isinstance(value, bool):
        return {None: "none", True: "true", False: "false"}[value]
    if isinstance(value, tuple):
        return "x".join(map(str, value))
    return str(value)
