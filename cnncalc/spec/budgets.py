"""`budget:` as written -> limits: at most so many parameters, at least such a receptive field.

    budget: {params: 5M, macs: 600M, peak_activation_bytes: 256KiB, rf: ">= 64"}

A figure stands for "at most"; `<=` and `>=` say it outright, and `rf` always needs one of them.
A variant's own budget replaces the file's, key by key.
"""

from __future__ import annotations

import re
from decimal import Decimal
from math import ceil, floor
from typing import TYPE_CHECKING, NamedTuple

from cnncalc.errors import CnncalcError, Misfit, did_you_mean, failure
from cnncalc.spec.source import Mapping, Scalar

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnncalc.errors import Diagnostic, Span
    from cnncalc.spec.document import Document
    from cnncalc.spec.source import Value

LIMIT = re.compile(r"(<=|>=|≤|≥)?\s*(\d+(?:_\d+)*(?:\.\d+)?)\s*([A-Za-z]*)\Z")
MAX_DIGITS = 30
COUNTS = (
    "params", "weights", "biases", "trainable", "buffers", "fixed", "inference_params", "macs",
    "flops", "connections", "connections_with_bias",
)  # fmt: skip
BYTES = ("param_bytes", "activation_bytes", "peak_activation_bytes")
FIELD = "rf"
KEYS = (*COUNTS, *BYTES, FIELD)
COUNT_UNITS = {"": 1, **dict.fromkeys("kK", 10**3), "M": 10**6, "G": 10**9, "B": 10**9, "T": 10**12}
BYTE_UNITS = {
    "": 1, "B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30,
}  # fmt: skip


class Budget(NamedTuple):
    """One limit on one figure. `least`: the figure must reach it, rather than stay within it."""

    key: str
    written: str
    limit: int
    least: bool = False
    span: Span | None = None

    @property
    def relation(self) -> str:
        """The limit in words."""
        return "at least" if self.least else "at most"

    def excess(self, actual: int) -> int:
        """How far a figure lies beyond the limit; 0 where it holds, negative where too small.

        >>> parse_limit("params", "5M").excess(5_000_000), parse_limit("rf", ">= 64").excess(63)
        (0, -1)
        """
        beyond = actual - self.limit
        return min(beyond, 0) if self.least else max(beyond, 0)


def parse_limit(key: str, text: str, span: Span | None = None) -> Budget:
    """One limit as written. Raises Misfit for what is no limit on that figure.

    >>> parse_limit("params", "5M").limit, parse_limit("peak_activation_bytes", "256KiB").limit
    (5000000, 262144)
    >>> parse_limit("rf", ">= 64")
    Budget(key='rf', written='>= 64', limit=64, least=True, span=None)
    """
    found = LIMIT.match(text.strip())
    units = COUNT_UNITS if key in COUNTS else BYTE_UNITS if key in BYTES else {"": 1}
    if found is None or found[3] not in units or len(found[2]) > MAX_DIGITS:
        raise Misfit("bad-limit", f"'{text}' is no limit for {key}", help=_advice(key))
    sign, number, unit = found.groups()
    if key == FIELD and not sign:
        message = f"'{text}' leaves open whether the receptive field may be larger or smaller"
        raise Misfit("bad-limit", message, help=f"write '>= {number}' or '<= {number}'")
    least = sign in {">=", "≥"}
    amount = Decimal(number.replace("_", "")) * units[unit]
    return Budget(key, text.strip(), (ceil if least else floor)(amount), least, span)


def _advice(key: str) -> str:
    if key in BYTES:
        return f"a number of bytes, or a figure with {', '.join(list(BYTE_UNITS)[2:])}"
    if key == FIELD:
        return "such as '>= 64', in pixels of the input, on the axis where it is smallest"
    return "a whole number, or a figure with k, M, G or T, such as 5M"


def budgets(document: Document, variant: str | None = None) -> tuple[Budget, ...]:
    """The limits of a file, replaced key by key by those of the variant."""
    places = [document.at("budget"), document.at("variants", variant or "", "budget")]
    found = {limit.key: limit for place in places for limit in _read(place)}
    return tuple(found.values())


def problems(section: Mapping) -> Iterator[Diagnostic]:
    """What is wrong with a budget, every entry at its place."""
    for key, value in section.entries:
        try:
            _limit(key, value)
        except CnncalcError as error:
            yield from error.diagnostics


def _read(section: Value | None) -> Iterator[Budget]:
    for key, value in section.entries if isinstance(section, Mapping) else ():
        yield _limit(key, value)


def _limit(key: Scalar, value: Value) -> Budget:
    if key.text not in KEYS:
        help_ = did_you_mean(key.text, KEYS) or f"it has {', '.join(KEYS)}"
        raise failure("unknown-key", f"'budget' has no key '{key.text}'", key.span, help=help_)
    if not isinstance(value, Scalar):
        raise failure("wrong-type", "a limit is expected here", value.span, help=_advice(key.text))
    try:
        return parse_limit(key.text, value.text, value.span)
    except Misfit as misfit:
        raise failure(misfit.code, misfit.message, value.span, help=misfit.help) from None
