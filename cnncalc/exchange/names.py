"""Names of rows by what a model file calls its parts, as far as a spec can have them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

NAME = re.compile(r"\W+")
SPEC_NAME = re.compile(r"\w+(\.\w+)*")
LONGEST = 200


def plain_name(name: str) -> str:
    """Letters, digits, underscores and single dots.

    >>> plain_name("/conv1/Conv_output_0"), plain_name("features.0.weight")
    ('conv1_Conv_output_0', 'features.0.weight')
    """
    parts = (NAME.sub("_", part).strip("_") for part in name.split("."))
    return ".".join(part for part in parts if part)[:LONGEST] or "row"


def spec_name(name: str) -> str:
    """A name that a spec may have as it is; any other as `plain_name` gives it.

    >>> spec_name("x_"), spec_name("layer1.0._a"), spec_name("a/b")
    ('x_', 'layer1.0._a', 'a_b')
    """
    fits = SPEC_NAME.fullmatch(name) and len(name) <= LONGEST
    return name if fits else plain_name(name)


def unique(names: Iterable[str]) -> list[str]:
    """The names, with a number added where one is taken.

    >>> unique(["a", "a", "a_2"])
    ['a', 'a_2', 'a_2_2']
    """
    taken: set[str] = set()
    found = []
    for name in names:
        number, label = 1, name
        while label in taken:
            number += 1
            label = f"{name}_{number}"
        taken.add(label)
        found.append(label)
    return found
