"""Networks typed on a command line, their input first, then their layers: as the dict of a spec."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

NAMED = re.compile(r"([A-Za-z_]\w*)\s*:\s+(\S.*)")
REFERENCE = re.compile(r"(?:share|tied|from)=(\w+)")


def typed_spec(shape: str, layers: Sequence[str]) -> dict[str, object]:
    """The spec of an input and of layers, each a line, perhaps with a name: "C1: conv 6 5x5".

    Layers may refer to the names that the table prints for those without a name of their own.

    >>> typed_spec("9x9x4", ["conv 4 3x3 p1", "conv 4 3x3 p1 share=conv1"])["layers"]
    [{'conv1': 'conv 4 3x3 p1'}, 'conv 4 3x3 p1 share=conv1']
    """
    referred = {name for layer in layers for name in REFERENCE.findall(layer)}
    return {"input": shape, "layers": list(_items(layers, referred))}


def split(line: str) -> dict[str, object]:
    """The spec of a network in one line, its input and layers apart by semicolons.

    >>> split("28x28x1; conv 16 5x5 p2; fc 10")
    {'input': '28x28x1', 'layers': ['conv 16 5x5 p2', 'fc 10']}
    """
    shape, *layers = (part.strip() for part in line.split(";"))
    return typed_spec(shape, [layer for layer in layers if layer])


def _items(layers: Sequence[str], referred: set[str]) -> Iterator[object]:
    counts: Counter[str] = Counter()
    for layer in layers:
        if named := NAMED.fullmatch(layer):
            yield {named[1]: named[2]}
            continue
        word = layer.split(maxsplit=1)[0] if layer.strip() else ""
        counts[word] += 1
        name = f"{word}{counts[word]}"
        yield {name: layer} if name in referred else layer
