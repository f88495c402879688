"""English in the line of a layer -> the same line in the words of the language.

`conv 8 3x3 from c3` is `c3 -> conv 8 3x3`, and `fc 10 and relu` is `fc 10 relu`. The rewritten line
goes into an error's help.

This module is imported only for a line with such a word.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cnncalc.errors import failure
from cnncalc.spec.line_values import ARROW
from cnncalc.spec.yaml_source import whole_word

if TYPE_CHECKING:
    from cnncalc.errors import CnncalcError, Span
    from cnncalc.spec.yaml_source import Word

FROM = re.compile(r"(?:from|in)(?:\s+|=)([A-Za-z_][\w.]*)")
OPERATORS = {"+": "add", "-": "sub", "*": "mul"}


def refused(word: Word, head: str, head_span: Span) -> CnncalcError:
    """The error for an English word in the words of a layer, with the line that is meant.

    >>> from cnncalc.spec.yaml_composer import compose
    >>> from cnncalc.spec.yaml_source import whole_word
    >>> line = whole_word(compose("conv 8 3x3 and relu", "net.yaml"))
    >>> refused(line.part(11, 14), "conv", line.part(0, 4).span).diagnostics[0].help
    "leave it out: 'conv 8 3x3 relu'"
    """
    if word.text.startswith(("from", "in")):
        return _read_before(word, head_span)
    line = _without(word, len(word.text))
    message, help_ = f"'{head}' does not understand '{word.text}'", f"leave it out: '{line}'"
    return failure("unknown-word", message, word.span, help=help_)


def _read_before(word: Word, head: Span) -> CnncalcError:
    """The error for `conv 8 3x3 from c3`."""
    found = FROM.match(word.scalar.text, word.start)
    if word.text == "in" and not found:  # conv 8 3x3 in 64
        message, help_ = "'in' is separated from its value", "such as in=64"
        return failure("missing-value", message, word.span, help=help_)
    name = found[1] if found else "NAME"
    line = _without(word, found.end() - found.start() if found else len(word.text))
    if ARROW in word.scalar.text[: word.start]:
        help_ = f"give this layer a line of its own: '{name} -> {line}'"
    elif (
        head[:3] < whole_word(word.scalar).span[:3]
    ):  # `conv: 8 3x3 from c3`: the head is not in the text
        help_ = f"write 'from: {name}' beside it instead"
    else:
        help_ = f"write '{name} -> {line}'"
    return failure("wrong-form", "what a layer reads stands before it", word.span, help=help_)


def _without(word: Word, length: int) -> str:
    """The link of a chain in which a word stands, without so many characters from that word on."""
    text = word.scalar.text
    begin = text.rfind(ARROW, 0, word.start)
    end = text.find(ARROW, word.start)
    before = text[begin + len(ARROW) if begin >= 0 else 0 : word.start]
    behind = text[word.start + length : end if end >= 0 else None]
    return " ".join(f"{before} {behind}".split())


def merge_of(operator: str, left: str, right: str) -> str | None:
    """The help for `a + b` as a line; None for other texts than + - *.

    >>> merge_of("+", "a", "b")
    "to add tensors, write 'a -> add b'"
    """
    merge = OPERATORS.get(operator)
    verb = {"add": "add", "sub": "subtract", "mul": "multiply"}.get(merge or "")
    return f"to {verb} tensors, write '{left} -> {merge} {right}'" if merge else None
