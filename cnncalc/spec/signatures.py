"""Block signatures: `basic(c, s=1; skip)` is a name, arguments with defaults, extra tensors."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cnncalc import layers
from cnncalc.errors import CnncalcError, Diagnostic, failure
from cnncalc.spec.syntax import Argument, Block, Chain, Parameter
from cnncalc.spec.toplevel import section
from cnncalc.spec.values import read_word
from cnncalc.spec.variables import may_name
from cnncalc.spec.vocabulary import RESERVED, STRUCTURE
from cnncalc.spec.words import Word

if TYPE_CHECKING:
    from cnncalc.spec.source import MappingValue, Scalar

SIGNATURE = re.compile(r"(\w+)\s*(?:\((.*)\)\s*)?\Z", re.DOTALL)


def read_signatures(
    tree: MappingValue,
) -> tuple[dict[str, Block], dict[str, str], list[Diagnostic]]:
    """The blocks by name, their bodies still empty; their names by key; what is wrong."""
    found: dict[str, Block] = {}
    keys: dict[str, str] = {}
    errors: list[Diagnostic] = []
    for key, _ in section(tree, "blocks").entries:
        try:
            block = signature(key)
        except CnncalcError as error:
            errors += error.diagnostics
            continue
        if block.name in found:
            message = f"the block '{block.name}' is already defined"
            notes = (f"first defined at line {found[block.name].span.line}",)
            errors.append(Diagnostic("error", "duplicate-name", message, key.span, notes))
            continue
        found[block.name], keys[key.text] = block, block.name
    return found, keys, errors


def signature(key: Scalar) -> Block:
    """The block that a key describes. Raises CnncalcError."""
    match = SIGNATURE.match(key.text)
    if match is None or not match[1].isidentifier():
        raise failure(
            "bad-block",
            f"'{key.text}' is no block signature",
            key.span,
            help="write a name and its arguments, such as basic(c, s=1)",
        )
    name = match[1]
    if name in layers.names() or name in STRUCTURE or name in RESERVED:
        raise failure(
            "reserved-name",
            f"'{name}' is already a word of the language",
            key.slice(0, len(name)),
            help=f"such as 'my_{name}'",
        )
    inside = Word(match[2] or "", key, match.start(2) if match[2] is not None else 0)
    _check_brackets(inside)
    arguments, *extra = inside.split(";")
    parameters = [_parameter(word) for word in _commas(arguments)]
    tensors = [tensor for words in extra[:1] for tensor in _commas(words)]
    if extra[1:]:
        raise failure(
            "bad-block",
            "a second ';' parts these tensors",
            extra[1].span,
            help="one ';' parts arguments from tensors, such as (c, s=1; left, right)",
        )
    given: set[str] = set()
    names = [(p.name, p.span) for p in parameters] + [(t.text, t.span) for t in tensors]
    for text, span in names:
        if not may_name(text):
            raise failure("reserved-name", f"'{text}' may not be redefined", span)
        if text in given:
            raise failure("duplicate-name", f"'{name}' has two arguments named '{text}'", span)
        given.add(text)
    return Block(name, tuple(parameters), tuple(t.text for t in tensors), Chain(()), key.span)


def _check_brackets(word: Word) -> None:
    """Raise CnncalcError at a bracket without its partner."""
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
        f"this '{bracket.text}' has no '{partner}' {'before' if closes else 'behind'} it",
        bracket.span,
        help="write each default whole, such as basic(c, n=[1, 2])",
    )


def _commas(word: Word) -> list[Word]:
    """The stretches between commas; none where there is nothing at all.

    Raises CnncalcError for an empty one between two commas, or at an end.
    """
    pieces = word.split(",") if word.text else []
    if all(piece.text for piece in pieces):
        return pieces
    raise failure(
        "bad-block",
        "there is an argument missing beside a comma",
        word.span,
        help="remove the comma, or write the argument",
    )


def _parameter(word: Word) -> Parameter:
    name, equals, default = word.text.partition("=")
    if not name.strip().isidentifier():
        raise failure(
            "bad-block",
            f"'{word.text}' is no argument",
            word.span,
            help="an argument is a name, or a name with a default: s=1",
        )
    if not equals:
        return Parameter(name.strip(), None, word.span)
    value = word.part(len(name) + 1 + len(default) - len(default.lstrip()))
    if not value.text:
        raise failure("missing-value", f"'{word.text}' has no default", word.span)
    argument = Argument(name.strip(), read_word(value), value.span)
    return Parameter(name.strip(), argument, word.part(0, len(name.rstrip())).span)
