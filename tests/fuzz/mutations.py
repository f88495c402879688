"""Small changes to specs that people wrote: bytes, words and lines, a few at a time."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from grammar import HOSTILE

from cnncalc import zoo

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

DATA = Path(__file__).parents[1] / "data"
LONGEST = 1_600  # characters of a file that is changed: longer ones take their time to read
TOKEN = re.compile(r"\w+|\s+|[^\w\s]")
BYTES = (b"\x00", b"\xff", b"\xc3", b"\xe2\x80\xa8", b"\xef\xbb\xbf", b"\t", b"\r", b"\x1b", b"\n",
         b"\x85", b"\xf0\x9f\x98\x80", b"'", b'"', b"#", b"{", b"}", b"[", b"]", b":", b"-", b"&",
         b"*", b"!", b"|", b">", b"%", b"@", b",", b" ", b"0", b"9", b"x", b"(", b")")  # fmt: skip


@cache
def corpus() -> tuple[str, ...]:
    """The short bundled specs, and those of the tests' data."""
    paths = [*zoo.folder().glob("*.yaml"), *sorted((DATA / "language").glob("*.yaml"))]
    texts = [path.read_text(encoding="utf-8") for path in sorted(paths)]
    return tuple(text for text in texts if len(text) <= LONGEST)


def mutated(random: Random, text: str) -> bytes:
    """The text with one to three changes."""
    data = text
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        data = random.choice(CHANGES)(random, data)
    encoded = data.encode("utf-8", "surrogatepass")
    return spoiled(random, encoded) if random.random() < 0.15 else encoded


def spoiled(random: Random, data: bytes) -> bytes:
    """A byte taken away, replaced or put in."""
    at = random.randrange(len(data) + 1)
    return data[:at] + random.choice(BYTES) + data[at + random.choice((0, 1, 1, 2)) :]


def _token(random: Random, text: str) -> str:
    """Replace a word or a sign by something hostile."""
    found = list(TOKEN.finditer(text))
    if not found:
        return random.choice(HOSTILE)
    at = random.choice(found)
    return f"{text[: at.start()]}{random.choice(HOSTILE)}{text[at.end() :]}"


def _moved(random: Random, text: str) -> str:
    """Replace a word by another of the same text."""
    found = list(TOKEN.finditer(text))
    if not found:
        return text
    at, other = random.choice(found), random.choice(found)
    return f"{text[: at.start()]}{other.group()}{text[at.end() :]}"


def _lines(change: Callable[[Random, list[str]], None]) -> Callable[[Random, str], str]:
    def changed(random: Random, text: str) -> str:
        lines = text.splitlines(keepends=True)
        if lines:
            change(random, lines)
        return "".join(lines)

    return changed


@_lines
def _without_line(random: Random, lines: list[str]) -> None:
    del lines[random.randrange(len(lines))]


@_lines
def _twice(random: Random, lines: list[str]) -> None:
    lines.insert(random.randrange(len(lines)), random.choice(lines))


@_lines
def _swapped(random: Random, lines: list[str]) -> None:
    a, b = random.randrange(len(lines)), random.randrange(len(lines))
    lines[a], lines[b] = lines[b], lines[a]


@_lines
def _indentation(random: Random, lines: list[str]) -> None:
    at = random.randrange(len(lines))
    lines[at] = random.choice(("  ", " ", "\t", "- ", "")) + lines[at].lstrip(" ")


def _cut(random: Random, text: str) -> str:
    """Keep the beginning only."""
    return text[: random.randrange(len(text) + 1)]


def _repeated(random: Random, text: str) -> str:
    """One sign many times."""
    at = random.randrange(len(text) + 1)
    sign = random.choice("[({-_.x×1 \t'#") if random.random() < 0.5 else text[at : at + 1]
    return text[:at] + sign * random.choice((2, 10, 100, 1000)) + text[at:]


CHANGES = (_token, _token, _token, _moved, _moved, _without_line, _twice, _swapped, _indentation,
           _cut, _repeated)  # fmt: skip
