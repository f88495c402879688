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
    from collections.abc import Iterator

    from cnncalc.spec.source import Mapping, Scalar

SIGNATURE = re.compile(r"(\w+)\s*(?:\((.*)\)\s*)?\Z", re.DOTALL)


def read_signatures(tree: Mapping) -> tuple[dict[str, Block], dict[str, str], list[Diagnostic]]:
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
    arguments, _, extra = (match[2] or "").partition(";")
    start = match.start(2) if match[2] is not None else 0
    parameters = [_parameter(word) for word in _commas(Word(arguments, key, start))]
    tensors = list(_commas(Word(extra, key, start + len(arguments) + 1)))
    given: set[str] = set()
    names = [(p.name, p.span) for p in parameters] + [(t.text, t.span) for t in tensors]
    for text, span in names:
        if not may_name(text):
            raise failure("reserved-name", f"'{text}' may not be redefined", span)
        if text in given:
            raise failure("duplicate-name", f"'{name}' has two arguments named '{text}'", span)
        given.add(text)
    return Block(name, tuple(parameters), tuple(t.text for t in tensors), Chain(()), key.span)


def _commas(word: Word) -> Iterator[Word]:
    """The stretches between commas outside brackets, without their blanks."""
    depth, start = 0, 0
    for place, mark in enumerate([*word.text, ","]):
        depth += (mark in "([") - (mark in ")]")
        if mark == "," and depth == 0:
            piece = word.text[start:place]
            if piece.strip():
                left = start + len(piece) - len(piece.lstrip())
                yield word.part(left, left + len(piece.strip()))
            start = place + 1


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
