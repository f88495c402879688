"""Figures as people write them: 61706, 714M, 256KiB; their exact value, and what rounds to them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cnncalc.figures import Unit

NUMBER = re.compile(r"(0|[1-9][0-9]*(?:_[0-9]+)*)(?:\.([0-9]+))?\s*([A-Za-z]*)\Z")
MAX_DIGITS = 30
UNITS: Mapping[Unit, Mapping[str, int]] = {
    "count": {
        "": 1, "k": 10**3, "K": 10**3, "M": 10**6, "G": 10**9, "B": 10**9, "T": 10**12,
    },
    "bytes": {
        "": 1, "B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9,
        "KiB": 2**10, "MiB": 2**20, "GiB": 2**30,
    },
    "pixels": {"": 1},
}  # fmt: skip
ADVICE: Mapping[Unit, str] = {
    "count": "a whole number, or a figure with k, M, G or T, such as 5M",
    "bytes": "a number of bytes, or a figure with kB, MB, GB, KiB, MiB, GiB",
    "pixels": "a whole number of input pixels",
}


class Amount(NamedTuple):
    """`digits` without the point, of which `decimals` stand behind it, times `scale`.

    >>> parse_amount("4.09G", "count")
    Amount(digits=409, decimals=2, scale=1000000000)
    """

    digits: int
    decimals: int
    scale: int

    @property
    def whole(self) -> int | None:
        """The exact value; None where it is no whole number.

        >>> parse_amount("1.5KiB", "bytes").whole, parse_amount("0.5", "count").whole
        (1536, None)
        """
        value, rest = divmod(self.digits * self.scale, 10**self.decimals)
        return None if rest else value

    @property
    def around(self) -> tuple[int, int]:
        """The whole numbers below and above, the same one twice where the value is whole.

        >>> parse_amount("0.15605k", "count").around
        (156, 157)
        """
        value, unit = self.digits * self.scale, 10**self.decimals
        return value // unit, -(-value // unit)

    @property
    def interval(self) -> tuple[int, int]:
        """The first and the last whole number that print as the digits written.

        The first is larger than the last where there is none.

        >>> parse_amount("714M", "count").interval, parse_amount("840", "bytes").interval
        ((713500000, 714500000), (840, 840))
        """
        unit = 10 ** (self.decimals + 1)
        low, high = (10 * self.digits - 5) * self.scale, (10 * self.digits + 5) * self.scale
        return -(-low // unit), high // unit


def parse_amount(text: str, unit: Unit) -> Amount | None:
    """The amount that a text stands for; None where it is none of this unit."""
    found = NUMBER.match(text.strip())
    if found is None:
        return None
    whole, fraction, suffix = found[1].replace("_", ""), found[2] or "", found[3]
    if suffix not in UNITS[unit] or len(whole + fraction) > MAX_DIGITS:
        return None
    return Amount(int(whole + fraction), len(fraction), UNITS[unit][suffix])
