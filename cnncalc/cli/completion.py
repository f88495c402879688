"""Completion as bash asks for it, and what variables may be set to."""

from __future__ import annotations

import os
import re
import sys
from contextlib import contextmanager, redirect_stdout
from io import StringIO
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

WORDS, PLACE = "COMP_WORDS", "COMP_CWORD"  # of bash: the words of the line, which one is completed
BREAKS = re.compile(r"[=:@]+")  # signs that bash makes words of their own


@contextmanager
def whole_words() -> Iterator[None]:
    """Put words together that bash has taken apart, while it is answered.

    Bash hands over `--set width=0.5` as the words --set, width, = and 0.5, a line each, and
    replaces only the last one: what is typed before it goes from the answers.
    """
    words = os.environ.get(WORDS, "").split("\n")
    place = os.environ.get(PLACE, "")
    if len(words) == 1 or not place.isdecimal():
        yield
        return
    typed = words[: int(place) + 1]
    joined = joined_words(typed)
    last = typed[-1]
    kept = joined[-1] if BREAKS.fullmatch(last) else joined[-1].removesuffix(last)
    os.environ[WORDS], os.environ[PLACE] = " ".join(joined), str(len(joined) - 1)
    answers = StringIO()
    try:
        with redirect_stdout(answers):
            yield
    finally:
        for answer in answers.getvalue().splitlines():
            sys.stdout.write(f"{answer.removeprefix(kept)}\n")


def joined_words(words: list[str]) -> list[str]:
    """The words of a line as they were typed.

    >>> joined_words(["cnncalc", "analyze", "net", "--set", "width", "=", "0.5"])
    ['cnncalc', 'analyze', 'net', '--set', 'width=0.5']
    """
    joined = words[:1]
    for before, word in pairwise(words):
        if BREAKS.fullmatch(word) or (BREAKS.fullmatch(before) and word):
            joined[-1] += word
        else:
            joined.append(word)
    return joined


def variable_values(file: str) -> dict[str, list[str]]:
    """The variables that a spec declares -> the values it names: its own, then its variants'.

    A switch may be true or false; what is no spec has none.

    >>> variable_values("mobilenet_v2")["width"][:3]
    ['1.0', '1.4', '1.3']
    """
    from pathlib import Path

    from cnncalc import CnncalcError, zoo
    from cnncalc.spec.sections.variables import variant_sections
    from cnncalc.spec.sections.variants import settled
    from cnncalc.spec.yaml_composer import compose
    from cnncalc.spec.yaml_source import MappingValue, plain

    try:
        path, _ = zoo.resolve(file)
        tree = compose(Path(path).read_text(encoding="utf-8"), path)
    except (CnncalcError, OSError, ValueError):
        return {}
    if not isinstance(tree, MappingValue):
        return {}
    tree, _ = settled(tree)
    values: dict[str, dict[str, None]] = {}
    for section in (tree.section("vars"), *variant_sections(tree, "vars")):
        for key, value in section.entries:
            values.setdefault(key.text, {})[_text(plain(value))] = None
    switches = dict.fromkeys(("true", "false"))
    return {
        name: list(known | switches) if next(iter(known)) in switches else list(known)
        for name, known in values.items()
    }


def _text(value: object) -> str:
    """A value as one word of a command line."""
    from cnncalc.spec.write import flow

    return flow(value).replace(", ", ",")
