"""The blocks that a spec may call without defining them: se, sepconv, cbam, spp, aspp, ppm.

Their definitions are in `ready_blocks.yaml`, in the language itself. The file is read only for a
spec whose text has one of the names, and once.
"""

from __future__ import annotations

import re
from dataclasses import MISSING, fields
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from cnncalc import layers
from cnncalc.errors import Span
from cnncalc.spec.syntax import Argument, Attached, Chain, Plain, Use

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cnncalc.spec.syntax import Item

FILE = "ready_blocks.yaml"
NAMES = ("se", "sepconv", "cbam", "spp", "aspp", "ppm")
MENTIONED = re.compile(rf"\b(?:{'|'.join(NAMES)})\b")
NOWHERE = Span(FILE, 1, 1, 1)  # a field's default is not written anywhere


def mentioned(text: str) -> set[str]:
    """The names of ready blocks that stand anywhere in a text.

    >>> sorted(mentioned("- conv 8 3x3 -> se -> cbam r=8"))
    ['cbam', 'se']
    """
    return set(MENTIONED.findall(text))


@cache
def text() -> str:
    """The file with the definitions."""
    return (Path(__file__).parent / FILE).read_text(encoding="utf-8")


def definition(name: str) -> str:
    """A block as it is written in the file, with the comment above it.

    Raises:
        KeyError: there is no such block.

    >>> print(definition("sepconv").splitlines()[2])
    sepconv(c, f=3, s=1, d=1, biased=false):
    """
    _, *entries = _undented(text())
    for entry in entries:
        if re.search(rf"^{name}\(", entry, re.MULTILINE):
            return f"{entry.strip()}\n"
    raise KeyError(name)


def _undented(file: str) -> list[str]:
    """The entries of the file, moved to the left margin."""
    body = "\n\n" + file.partition("blocks:\n")[2]
    return [re.sub(r"^ {2}", "", entry, flags=re.MULTILINE) for entry in body.split("\n\n")]


def settled(chain: Chain) -> Chain:
    """The body with every default written out, so that a spec's `defaults` change nothing in it.

    A bias is left as it is, since a norm behind the layer decides about it.
    """
    return chain._replace(items=tuple(map(_settled, chain.items)))


def _settled(item: Item) -> Item:
    if isinstance(item, Chain):
        return settled(item)
    if not isinstance(item, Use):
        return item
    attached = [_with_fields(word) if isinstance(word, Attached) else word for word in item.words]
    words = (*attached, *_fields_left(item.head, item.words), Plain())
    branches = item.branches
    if branches is not None:
        branches = tuple(branch._replace(body=_settled(branch.body)) for branch in branches)
    return item._replace(words=words, branches=branches)


def _with_fields(word: Attached) -> Attached:
    left = _fields_left(word.type, word.arguments)
    return word._replace(arguments=(*word.arguments, *left))


def _fields_left(type_: str, words: Iterable[object]) -> Iterator[Argument]:
    """The fields that the words do not give, with the layer type's own defaults."""
    layer_type = layers.layer_type(type_)
    arguments = [word for word in words if isinstance(word, Argument)]
    bare = sum(argument.field is None for argument in arguments)
    given = {*(argument.field for argument in arguments), *layer_type.positional[:bare], "bias"}
    for field in fields(layer_type):  # type: ignore[arg-type]
        if field.name not in given and field.default not in (MISSING, None):
            yield Argument(field.name, field.default, NOWHERE)
