"""`budget:` as written -> limits: at most so many parameters, at least such a receptive field.

    budget: {params: 5M, macs: 600M, peak_activation_bytes: 256KiB, rf: ">= 64"}

A figure stands for "at most"; `<=` and `>=` say it outright, and `rf` always needs one of them.
A variant's own budget replaces the file's, key by key.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from cnncalc.errors import CnncalcError, UnplacedError, did_you_mean, failure
from cnncalc.figures import FIGURES, used
from cnncalc.spec.amounts import ADVICE, parse_amount
from cnncalc.spec.source import MappingValue, Scalar

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnncalc.errors import Diagnostic, Span
    from cnncalc.spec.document import Document
    from cnncalc.spec.source import Value

LIMIT = re.compile(r"(<=|>=|≤|≥)?\s*(.*)\Z", re.DOTALL)


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
    """One limit as written, a whole number.

    Raises UnplacedError for what is no limit on that figure.

    >>> parse_limit("params", "5M").limit, parse_limit("peak_activation_bytes", "256KiB").limit
    (5000000, 262144)
    >>> parse_limit("rf", ">= 64")
    Budget(key='rf', written='>= 64', limit=64, least=True, span=None)
    """
    sign, written = LIMIT.split(text.strip())[1:3]
    amount = parse_amount(written, FIGURES[key].unit)
    if amount is None:
        raise UnplacedError("bad-limit", f"'{text}' is no limit for {key}", help=_advice(key))
    if amount.whole is None:
        below, above = amount.around
        message = f"'{text}' is no limit for {key}: it lies between whole numbers"
        raise UnplacedError(
            "bad-limit", message, help=f"a whole number, such as {below} or {above}"
        )
    if FIGURES[key].place == "field" and not sign:
        message = f"'{text}' leaves open whether the receptive field may be larger or smaller"
        raise UnplacedError("bad-limit", message, help=f"write '>= {written}' or '<= {written}'")
    return Budget(key, text.strip(), amount.whole, sign in {">=", "≥"}, span)


def _advice(key: str) -> str:
    figure = FIGURES[key]
    if figure.place == "field":
        return "such as '>= 64', in pixels of the input, on the axis where it is smallest"
    return ADVICE[figure.unit]


def budgets(document: Document, variant: str | None = None) -> tuple[Budget, ...]:
    """The limits of a file, replaced key by key by those of the variant."""
    places = [document.at("budget"), document.at("variants", variant or "", "budget")]
    found = {limit.key: limit for place in places for limit in _read(place)}
    return tuple(found.values())


def problems(section: MappingValue) -> Iterator[Diagnostic]:
    """What is wrong with a budget, every entry at its place."""
    for key, value in section.entries:
        try:
            _limit(key, value)
        except CnncalcError as error:
            yield from error.diagnostics


def _read(section: Value | None) -> Iterator[Budget]:
    for key, value in section.entries if isinstance(section, MappingValue) else ():
        yield _limit(key, value)


def _limit(key: Scalar, value: Value) -> Budget:
    known = used("budget")
    if key.text not in known:
        help_ = did_you_mean(key.text, known) or f"it has {', '.join(known)}"
        raise failure("unknown-key", f"'budget' has no key '{key.text}'", key.span, help=help_)
    if not isinstance(value, Scalar):
        raise failure("wrong-type", "a limit is expected here", value.span, help=_advice(key.text))
    try:
        return parse_limit(key.text, value.text, value.span)
    except UnplacedError as problem:
        raise failure(problem.code, problem.message, value.span, help=problem.help) from None
