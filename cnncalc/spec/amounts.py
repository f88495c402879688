"""Amounts as people write them in specs and options: 61706, 714M, 256 KiB.

`kB`, `MB` and `GB` are powers of 1000, and so is `KB`; `KiB`, `MiB` and `GiB` are powers of 1024.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cnncalc.figures import FigureUnit

NUMBER = re.compile(r"(0|[1-9][0-9]*(?:_[0-9]+)*)(?:\.([0-9]+))?\s*([A-Za-z]*)\Z")
MAX_DIGITS = 30
UNITS: Mapping[FigureUnit, Mapping[str, int]] = {
    "count": {
        "": 1, "k": 10**3, "K": 10**3, "M": 10**6, "G": 10**9, "B": 10**9, "T": 10**12,
    },
    "bytes": {
        "": 1, "B": 1, "kB": 10**3, "KB": 10**3, "MB": 10**6, "GB": 10**9,
        "KiB": 2**10, "MiB": 2**20, "GiB": 2**30,
    },
    "pixels": {"": 1},
}  # fmt: skip
ADVICE: Mapping[FigureUnit, str] = {
    "count": "a whole number, or one with k, M, G or T, such as 5M",
    "bytes": "a number of bytes, or one with kB, MB, GB, KiB, MiB or GiB",
    "pixels": "a whole number of input pixels",
}


class Amount(NamedTuple):
    """A number as written: `digits` without the point, `decimals` of them after it, times `scale`.

    >>> parse_amount("4.09G", "count")
    Amount(digits=409, decimals=2, scale=1000000000)
    """

    digits: int
    decimals: int
    scale: int

    @property
    def whole(self) -> int | None:
        """The exact value; None where it is not a whole number.

        >>> parse_amount("1.5KiB", "bytes").whole, parse_amount("0.5", "count").whole
        (1536, None)
        """
        value, rest = divmod(self.digits * self.scale, 10**self.decimals)
        return None if rest else value

    @property
    def around(self) -> tuple[int, int]:
        """The nearest whole numbers below and above; both are the value where it is whole.

        >>> parse_amount("0.15605k", "count").around
        (156, 157)
        """
        value, unit = self.digits * self.scale, 10**self.decimals
        return value // unit, -(-value // unit)

    @property
    def interval(self) -> tuple[int, int]:
        """The least and the largest whole number that round to the digits written.

        The least is larger than the largest where there is none.

        >>> parse_amount("714M", "count").interval, parse_amount("840", "bytes").interval
        ((713500000, 714500000), (840, 840))
        """
        unit = 10 ** (self.decimals + 1)
        low, high = (10 * self.digits - 5) * self.scale, (10 * self.digits + 5) * self.scale
        return -(-low // unit), high // unit


def parse_amount(text: str, unit: FigureUnit) -> Amount | None:
    """The amount that a text means; None where it is not an amount of this unit."""
    match = NUMBER.match(text.strip())
    if match is None:
        return None
    whole, fraction, suffix = match[1].replace("_", ""), match[2] or "", match[3]
    if suffix not in UNITS[unit] or len(whole + fraction) > MAX_DIGITS:
        return None
    return Amount(int(whole + fraction), len(fraction), UNITS[unit][suffix])
