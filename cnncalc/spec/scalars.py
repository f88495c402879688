"""What a plain scalar of the YAML text means. Rules of our own: nothing is guessed.

Numbers are decimal: `8`, `-2`, `1_000_000`, `0.5`, `.5`, `1e-3`. `true`, `false`, `null`, `~`
and nothing at all are themselves. All else is text: `on`, `no`, `1:30`, `0x10`, and also `010`,
which YAML 1.1 reads as 8 and YAML 1.2 as 10, so that a field for numbers will refuse it.
"""

from __future__ import annotations

import math
import re

MAX_DIGITS = 30  # the longest whole number; no count in a network comes near it

WHOLE = re.compile(r"[-+]?(?:0|[1-9][0-9]*(?:_[0-9]+)*)")
REAL = re.compile(r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None, "~": None, "": None}
NUMBER_STARTS = frozenset("0123456789+-.")


def meaning(text: str) -> str | int | float | bool | None:
    """The value of an unquoted text.

    Raises OverflowError for a number that cannot be held exactly enough to be honest.

    >>> [meaning(text) for text in ("64", "1e-3", "true", "no", "010", "1:30")]
    [64, 0.001, True, 'no', '010', '1:30']
    """
    if text[:1] not in NUMBER_STARTS:
        return WORDS.get(text, text)
    if WHOLE.fullmatch(text):
        if len(text) > MAX_DIGITS:
            raise OverflowError(f"a whole number has at most {MAX_DIGITS} digits")
        return int(text)
    return _real(text) if REAL.fullmatch(text) else text


def _real(text: str) -> float:
    value = float(text)
    vanished = value == 0 and re.search("[1-9]", re.split("[eE]", text)[0])
    if math.isinf(value) or vanished:
        raise OverflowError("the number does not fit in a float")
    return value
