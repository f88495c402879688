"""Layers as YAML -> syntax tree: text, lists, and mappings with exactly one head.

The head of a mapping is the key that says what it is: a structure word such as `repeat`, a layer
type, a block, or the name of a layer. All its other keys are options.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from cnncalc import layers
from cnncalc.errors import ENOUGH_ERRORS, CnncalcError, Diagnostic, counted, did_you_mean, failure
from cnncalc.spec.line_syntax import (
    NAME,
    REFERENCE,
    as_written,
    cut_condition,
    head_use,
    misplaced_when,
    put,
    read_text,
    read_words,
    vocabulary_of,
    with_padding,
)
from cnncalc.spec.line_values import links, read_argument, read_padding_value, read_side_value
from cnncalc.spec.syntax import (
    Argument,
    Attached,
    Branch,
    Chain,
    From,
    Loop,
    Name,
    Plain,
    Repeat,
    Side,
    Use,
    is_own_block,
)
from cnncalc.spec.vocabulary import RESERVED, STRUCTURE, attaches, of_layer_type, unknown_key
from cnncalc.spec.yaml_source import ListValue, MappingValue, Scalar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cnncalc.spec.syntax import Block, Item
    from cnncalc.spec.vocabulary import Vocabulary
    from cnncalc.spec.yaml_source import Value, Word

# Options that any layer may have besides its own fields.
OPTIONS = (
    "name",
    "from",
    "share",
    "tied",
    "frozen",
    "train_only",
    "note",
    "if",
    "when",
    "repeat",
    "attached",
    "weights",
    "bias_values",
)
COMPANIONS = {"repeat": ("layers",), "for": ("in", "do")}


class ItemParser:
    """Reads items; collects mistakes in `errors` so that all are reported together."""

    def __init__(self, blocks: dict[str, Block]) -> None:
        self.blocks = blocks
        self.errors: list[Diagnostic] = []
        self.lost: set[str] = set()  # names of layers that could not be read

    def chain(self, value: Value, name: Name | None = None, *, opens: bool = False) -> Chain:
        """A list of layers, or a single one; where it `opens` a branch, a tensor may come first."""
        items = value.items if isinstance(value, ListValue) else (value,)
        parsed = [
            self.item_or_none(item, opens=opens and place == 0) for place, item in enumerate(items)
        ]
        return Chain(tuple(item for item in parsed if item is not None), name)

    def item_or_none(self, value: Value, *, opens: bool = False) -> Item | None:
        """An item; None where it is wrong, with the mistake added to `errors`."""
        if len(self.errors) >= ENOUGH_ERRORS:
            return None
        try:
            return self.item(value, opens=opens)
        except CnncalcError as error:
            self.errors += error.diagnostics
            self.lost.update(_names_in(value))
            return None

    def item(self, value: Value, *, opens: bool = False) -> Item:
        """Anything that may stand in a list of layers, or open a branch.

        Raises:
            CnncalcError: the value is not a layer.
        """
        if isinstance(value, ListValue):
            return self.chain(value, opens=opens)
        if isinstance(value, MappingValue):
            return self.mapping(value)
        if not isinstance(value.value, str):
            written = value.text or "nothing"
            help_ = "a layer is a line of text, such as 'conv 8 3x3 relu'"
            raise failure("wrong-type", f"expected a layer, got {written}", value.span, help=help_)
        return read_text(value, self.blocks, opens=opens)

    def branch(self, value: Value) -> Branch:
        """A branch of a merge, with the `when` at the end of its text or among its options."""
        if isinstance(value, MappingValue):
            return self._mapping_branch(value)
        if isinstance(value, Scalar) and isinstance(value.value, str):
            text, when = cut_condition(value)
            return Branch(self.item(text, opens=True), when)
        return Branch(self.item(value, opens=True))

    def _mapping_branch(self, value: MappingValue) -> Branch:
        """A branch with options, or a `for`, which makes a branch per row."""
        head, _ = self._head(value)
        text_key = "do" if head.text == "for" else head.text
        entries: list[tuple[Scalar, Value]] = []
        when = None
        for key, entry in value.entries:
            if key.text == text_key and isinstance(entry, Scalar) and isinstance(entry.value, str):
                text, when = cut_condition(entry)
                entries.append((key, text))
            else:
                entries.append((key, entry))
        for key, entry in value.entries:
            if key.text != "when":
                continue
            if when is not None:
                message = "the condition of this branch is given twice"
                raise failure("duplicate-option", message, key.span)
            when = read_argument("when", entry)
        left = tuple(pair for pair in entries if pair[0].text != "when")
        return Branch(self.mapping(MappingValue(left, value.span)), when)

    def mapping(self, value: MappingValue) -> Item:
        """One head (a structure word, a type, a block or a name) and its options."""
        head, body = self._head(value)
        options = {key.text: (key, entry) for key, entry in value.entries if key.text != head.text}
        # `identity` with fields is a layer with a row of its own, as `cnncalc expand` writes it.
        is_layer = head.text == "identity" and isinstance(body, MappingValue)
        if head.text in STRUCTURE and not is_layer:
            item = self._structure(head, body, options)
        elif (self._is_head(head.text) or self._is_foreign_head(head, body)) and not self._is_named(
            head, body
        ):
            item = self._use(head, body)
        else:
            return self._named(head, body, options)
        return self._with_options(item, options)

    def _head(self, value: MappingValue) -> tuple[Scalar, Value]:
        """The head of a mapping; a second one is a mistake."""
        if len(value.entries) == 1 and _may_head(value.entries[0][0].text, ()):
            return value.entries[0]
        keys = value.keys()
        candidates = [pair for pair in value.entries if _may_head(pair[0].text, keys)]
        structural = [pair for pair in candidates if pair[0].text in STRUCTURE]
        if not candidates:
            raise _headless(value)
        head, body = (structural or candidates)[0]
        for key, _ in candidates:
            if key is not head and self._is_head(key.text) and not self._is_option(head, key):
                raise failure(
                    "two-heads",
                    f"this mapping describes two layers, '{head.text}' and '{key.text}'",
                    key.span,
                    help="give each a line of its own, or write a list of layers",
                )
        return head, body

    def _is_foreign_head(self, head: Scalar, body: Value) -> bool:
        """Whether a framework's name or a ready block is meant, not the name of a layer.

        `Dense: fc 10` and `se: [...]` name layers; `Dense: 10` and `se:` are layers.
        """
        if isinstance(body, ListValue):
            return False
        if isinstance(body, MappingValue):
            named = self._holds_layer(body)
        else:
            first = body.text.split(maxsplit=1)[:1]
            named = bool(first and NAME.match(first[0]) and not first[0][0].isdecimal())
        if named:
            return False
        if head.text in self.blocks:  # a ready one
            return True
        from cnncalc.spec import frameworks  # only for a word that is not ours

        return frameworks.knows(head.text)

    def _holds_layer(self, body: MappingValue) -> bool:
        """Whether a mapping describes a layer, and not the fields of one."""
        if any(map(self._is_head, body.keys())):
            return True
        return any(self._is_foreign_head(key, value) for key, value in body.entries)

    def _is_head(self, word: str) -> bool:
        own = is_own_block(word, self.blocks)
        return own or word in STRUCTURE or word in layers.names()

    def _is_named(self, head: Scalar, body: Value) -> bool:
        """Whether a word is a name here though a layer type has it: see `layers.LATER`."""
        if head.text not in layers.LATER or head.text in self.blocks:
            return False
        vocabulary = of_layer_type(head.text)
        if isinstance(body, ListValue):
            return not vocabulary.joins
        if isinstance(body, MappingValue):  # `from` is an option of every layer too
            return any(map(self._is_head, {*body.keys()} - {"from"}))
        if body.value is None:
            return False
        chain = links(body)
        first = chain[0][0].text
        alone = vocabulary.joins and len(chain) == len(chain[0]) == 1  # a tensor that is joined
        layer = self._is_head(first) and first not in vocabulary.words and first != head.text
        return layer and not alone

    def _is_option(self, head: Scalar, key: Scalar) -> bool:
        """Whether a key that could be a head is an option of this one."""
        if head.text in STRUCTURE or not self._is_head(head.text):
            return False
        use = head_use(Name(head.text, head.span), self.blocks)
        vocabulary = vocabulary_of(use, self.blocks)
        return vocabulary.field(key.text) is not None or key.text in vocabulary.tensors

    def _structure(
        self, head: Scalar, body: Value, options: dict[str, tuple[Scalar, Value]]
    ) -> Item:
        for companion in COMPANIONS.get(head.text, ()):
            if companion not in options:
                raise failure(
                    "missing-key",
                    f"'{head.text}' needs '{companion}:' in the same mapping",
                    head.span,
                )
        if head.text == "residual":
            branches = (Branch(self.chain(body, opens=True)), Branch(Chain(())))
            return Use("add", head.span, is_block=False, branches=branches)
        if head.text == "side":
            return Side(self.item(body), head.span)
        if head.text == "numbered":
            return self.chain(body)._replace(numbered=True)
        if head.text == "repeat":
            layers_value = options.pop("layers")[1]
            return Repeat(read_argument("repeat", body), self.chain(layers_value))
        if head.text == "for":
            return self._loop(body, options.pop("in")[1], options.pop("do")[1])
        raise failure(
            "wrong-form",
            f"'{head.text}' must be written as text here",
            head.span,
            help=f"such as '- {head.text} enc1'" if head.text == "from" else "'- identity'",
        )

    def _loop(self, names: Value, rows: Value, body: Value) -> Loop:
        example = f"write for: [{names.text}]" if isinstance(names, Scalar) else None
        variables = tuple(_name(name) for name in _items(names, "the names of 'for'", example))
        cells = []
        example = "such as in: [3, 5], or in: [[64, 1], [128, 2]] for two names"
        for row in _items(rows, "the rows of 'in'", example):
            entries = row.items if isinstance(row, ListValue) else (row,)
            if len(entries) != len(variables):
                raise failure(
                    "row-length",
                    f"this row has {counted(len(entries), 'cell')} "
                    f"for {counted(len(variables), 'name')}",
                    row.span,
                    help=f"the names are {', '.join(v.text for v in variables)}",
                )
            arguments = zip(variables, entries, strict=True)
            cells.append(tuple(read_argument(name.text, cell) for name, cell in arguments))
        return Loop(variables, tuple(cells), self.item(body))

    def _use(self, head: Scalar, body: Value) -> Use:
        """`conv: {...}`, `conv: 6 5x5`, `add: [...]`, or `relu:` with nothing."""
        use = head_use(Name(head.text, head.span), self.blocks)
        joins = vocabulary_of(use, self.blocks).joins
        if isinstance(body, MappingValue):
            if joins and body.get("for") is not None:
                return use._replace(branches=(self.branch(body),))
            return self._with_fields(use, body)
        if isinstance(body, ListValue):
            if not joins:
                raise failure("wrong-form", f"'{head.text}' takes no list of branches", body.span)
            return use._replace(branches=tuple(map(self.branch, body.items)))
        if body.value is None:
            return use
        chain = links(body)
        self._refuse_as_name(head, use, chain[0])
        if len(chain) > 1:
            raise failure(
                "wrong-form",
                f"'{head.text}:' takes the words of one layer, not a chain",
                body.span,
                help="write the chain as text: 'conv 6 5x5 -> relu'",
            )
        return read_words(use, chain[0], self.blocks)

    def _refuse_as_name(self, head: Scalar, use: Use, words: list[Word]) -> None:
        """Refuse a layer type or block used as a name, as in `pool: conv 6 5x5`.

        `middle: middle x8`, where `middle` is a block, is refused too.
        """
        first = words[0].text
        own = () if use.is_block else of_layer_type(use.head).words
        is_layer = first in layers.names() and not attaches(first) and first not in own
        is_block = first in self.blocks
        if is_block or (is_layer and (head.text in layers.names() or len(words) > 1)):
            raise failure(
                "reserved-name",
                f"'{head.text}' is the name of a layer type or block",
                head.span,
                help=f"give the layer another name, such as '{head.text}_1'",
            )

    def _with_fields(self, use: Use, body: MappingValue) -> Use:
        for key, value in body.entries:
            use = self._with_field(use, key, value)
        return use

    def _with_field(self, use: Use, key: Scalar, value: Value) -> Use:
        vocabulary = vocabulary_of(use, self.blocks)
        if key.text == "from":  # where the layer starts, not the place of `crop 56x56 from=19`
            return self._with_option(use, key, value)
        if key.text in vocabulary.tensors:
            return use._replace(tensors=(*use.tensors, (key.text, _reference(value))))
        field = vocabulary.field(key.text)
        if field is not None:
            if vocabulary.takes_sides(key.text):
                padding = Argument(field, read_padding_value(value), value.span)
                return with_padding(use, padding, vocabulary)
            if vocabulary.takes_one_side(key.text):
                argument = Argument(field, read_side_value(value), value.span)
            else:
                argument = self._argument(field, value, vocabulary)
            return use._replace(words=(*use.words, argument))
        options = (
            OPTIONS[:-3] if use.is_block else OPTIONS
        )  # a block has no attached layers or weights
        if key.text == "when":
            raise misplaced_when(key.span)
        if key.text in options:
            return self._with_option(use, key, value)
        raise unknown_key(key.text, key.span, vocabulary, *options)

    @staticmethod
    def _argument(field: str, value: Value, vocabulary: Vocabulary) -> Argument:
        """A field's value; a text or a count such as 1.2M stays as it was written."""
        if isinstance(value, Scalar) and isinstance(value.value, str):
            written = as_written(field, value.text, vocabulary)
            if written is not None:
                return Argument(field, written, value.span)
        return read_argument(field, value)

    def _named(self, head: Scalar, body: Value, options: dict[str, tuple[Scalar, Value]]) -> Item:
        """`C1: conv 6 5x5`, `stem: [...]`, `inc3a: {concat: [...]}`."""
        first, _, words = head.text.partition(" ")
        if words and self._is_head(first):
            raise failure(
                "wrong-form",
                "a layer with options is a mapping: its words stand behind the colon",
                head.span,
                help=f"write '- {first}: {words}' and its options below it",
            )
        if isinstance(body, MappingValue) and not self._holds_layer(body):
            head_use(Name(head.text, head.span), self.blocks)
        name = self._checked_name(head)
        item = self.chain(body) if isinstance(body, ListValue) else self.item(body)
        item = self._with_options(item, options)
        if isinstance(item, Chain) or item.name is None:
            return item._replace(name=name)
        return Chain((item,), name)

    def _checked_name(self, key: Scalar) -> Name:
        if not NAME.match(key.text):
            known = [*layers.names(), *self.blocks, *STRUCTURE]
            raise failure(
                "bad-name",
                f"'{key.text}' is not a valid name: use letters, digits and _ only",
                key.span,
                help=did_you_mean(key.text, known),
            )
        if key.text in RESERVED:
            raise _reserved(key)
        return Name(key.text, key.span)

    def _with_options(self, item: Item, options: dict[str, tuple[Scalar, Value]]) -> Item:
        for key, value in options.values():
            if isinstance(item, Use):
                item = self._with_field(item, key, value)
            else:
                item = self._structure_option(item, key, value)
        return item

    def _structure_option(self, item: Item, key: Scalar, value: Value) -> Item:
        """Options of chains, repeats, loops and sides: `name`, `from`, `train_only`, `frozen`."""
        options = ("name", "from", "train_only", "frozen")
        accepted = [option for option in options if _has(item, option)]
        if key.text == "when":
            raise misplaced_when(key.span)
        if key.text == "from" and "from" in accepted:
            return item._replace(source=_reference(value))  # type: ignore[call-arg]
        if key.text == "name":
            return item._replace(name=_name(value))
        if key.text in ("train_only", "frozen") and key.text in accepted:
            return item._replace(**{key.text: _switch(value)})  # type: ignore[arg-type]
        kind = {Chain: "a chain", Repeat: "repeat", Loop: "for", Side: "side"}.get(type(item))
        raise failure(
            "unknown-key",
            f"{kind or 'this'} has no option '{key.text}'",
            key.span,
            help=did_you_mean(key.text, accepted)
            or "write the options of one layer on that layer's own line",
        )

    def _with_option(self, use: Use, key: Scalar, value: Value) -> Use:  # noqa: PLR0911 - one each
        match key.text:
            case "name":
                return put(use, "name", _name(value, dotted=True), key.span)
            case "from":
                return self._with_source(use, key, value)
            case "share" | "tied":
                return put(use, key.text, _reference(value), key.span)
            case "frozen":
                return use._replace(frozen=_switch(value))
            case "train_only":
                return use._replace(train_only=_switch(value))
            case "note":
                return put(use, "note", _text(value), key.span)
            case "if":
                return put(use, "condition", read_argument("if", value), key.span)
            case "repeat":
                return put(use, "repeat", read_argument("x", value), key.span)
            case "attached":
                entries = value.items if isinstance(value, ListValue) else (value,)
                attached = tuple(self._attached(entry) for entry in entries)
                return use._replace(words=(*use.words, *(attached or (Plain(),))))
            case _:
                return use._replace(values={**(use.values or {}), key.text: value})

    def _with_source(self, use: Use, key: Scalar, value: Value) -> Use:
        """`from: left`, or for a merge all its inputs: `from: [a, b]`."""
        if not isinstance(value, ListValue) or not value.items:
            return put(use, "source", _reference(value), key.span)
        if not vocabulary_of(use, self.blocks).joins:
            raise failure("bad-name", f"'{use.head}' takes one tensor, not a list", value.span)
        if use.refs or use.branches is not None:
            raise failure(
                "duplicate-option",
                f"the inputs of '{use.head}' are given twice",
                key.span,
                help="name them once: after the type, as a list of branches, or in 'from: [...]'",
            )
        refs = tuple(map(_reference, value.items))
        use = put(use, "source", refs[0], key.span)
        return use._replace(branches=tuple(Branch(From(ref)) for ref in refs))

    def _attached(self, value: Value) -> Attached:
        """`relu`, `{bn: {eps: 0.001}}`, or `{relu: {if: last}}`."""
        head, body = (
            value.entries[0] if isinstance(value, MappingValue) and value.entries else (value, None)
        )
        if not isinstance(head, Scalar) or not attaches(head.text):
            raise failure("unknown-word", "only norms and activations can be attached", head.span)
        entries = body.entries if isinstance(body, MappingValue) else ()
        vocabulary = of_layer_type(head.text)
        arguments = []
        name = condition = None
        for key, entry in entries:
            field = vocabulary.field(key.text)
            if key.text == "name":
                name = _name(entry, dotted=True)
            elif key.text == "if":
                condition = read_argument("if", entry)
            elif field is None:
                raise unknown_key(key.text, key.span, vocabulary, "name")
            else:
                arguments.append(read_argument(field, entry))
        return Attached(head.text, tuple(arguments), head.span, name, condition)


_DOTTED = re.compile(r"\w+(\.\w+)*\Z")  # the names that `cnncalc expand` writes


def _headless(value: MappingValue) -> CnncalcError:
    """The error for a mapping without a head: a reserved word in its place, or only options."""
    first = value.entries[0][0] if value.entries else None
    if first is not None and first.text in COMPANIONS:
        companion = COMPANIONS[first.text][0]
        return failure(
            "missing-key", f"'{first.text}' needs '{companion}:' in the same mapping", first.span
        )
    if first is not None and first.text == "from":
        help_ = "such as '- from enc1'"
        return failure("wrong-form", "'from' alone must be written as text", first.span, help=help_)
    if first is not None and len(value.entries) == 1:
        return _reserved(first)
    return failure(
        "no-head",
        "this mapping names no layer",
        value.span,
        help="begin it with a layer type, a block, or a name",
    )


def _names_in(value: Value) -> Iterator[str]:
    """Whatever may be the name of a layer in a value that could not be read."""
    if isinstance(value, ListValue):
        for item in value.items:
            yield from _names_in(item)
    elif isinstance(value, MappingValue):
        for key, entry in value.entries:
            yield from _names_in(entry)
            yield entry.text if key.text == "name" and isinstance(entry, Scalar) else key.text
    else:
        yield from (after for word, after in pairwise(value.text.split()) if word == "as")


def _reserved(key: Scalar) -> CnncalcError:
    return failure(
        "bad-name",
        f"'{key.text}' is a reserved word",
        key.span,
        help=f"choose another name, such as '{key.text}_1'",
    )


def _may_head(key: str, keys: Iterable[str]) -> bool:
    """Whether a key can be a mapping's head: `repeat` can only with `layers`."""
    if key == "repeat":
        return "layers" in keys
    return key not in OPTIONS and key not in ("layers", "in", "do")


def _has(item: Item, option: str) -> bool:
    return {"from": "source"}.get(option, option) in item._fields


def _items(value: Value, what: str, example: str | None) -> tuple[Value, ...]:
    if isinstance(value, ListValue):
        return value.items
    raise failure("wrong-type", f"{what} must be a list", value.span, help=example)


def _name(value: Value, *, dotted: bool = False) -> Name:
    pattern = _DOTTED if dotted else NAME
    if isinstance(value, Scalar) and pattern.match(value.text):
        return Name(value.text, value.span)
    raise failure("bad-name", "a name may contain only letters, digits and _", value.span)


def _reference(value: Value) -> Name:
    if isinstance(value, Scalar) and (REFERENCE.match(value.text) or _DOTTED.match(value.text)):
        return Name(value.text, value.span)
    raise failure("bad-name", "expected the name of one layer", value.span)


def _switch(value: Value) -> bool:
    if isinstance(value, Scalar) and isinstance(value.value, bool):
        return value.value
    raise failure("wrong-type", "expected true or false", value.span)


def _text(value: Value) -> str:
    if isinstance(value, Scalar):
        return value.text
    raise failure("wrong-type", "expected text", value.span)
