"""`expect:` and `budget:` -> expected figures and limits, from numbers such as 61706 or 714M.

    expect: {params: 61706, macs: 714M, output: 10, rf: 427}
    budget: {params: 5M, macs: 600M, peak_activation_bytes: 256KiB, rf: ">= 64"}

An expected figure holds if the computed one rounds to the digits written; a whole number must be
equal. `rf` is the largest receptive field of units that still see different parts of the input:
`427` pixels on every axis, or `72x28`.

A budget figure means "at most"; `<=` and `>=` say it explicitly, and `rf` always needs one of
them. A variant's budget replaces the file's, key by key.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from cnncalc.errors import CnncalcError, Diagnostic, UnplacedError, did_you_mean, failure
from cnncalc.figures import FIGURES, used
from cnncalc.network import Expectation
from cnncalc.shapes import LETTERS
from cnncalc.spec.sections.inputs import parse_input
from cnncalc.spec.yaml_source import MappingValue, Scalar

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cnncalc.errors import Span
    from cnncalc.figures import FigureUnit
    from cnncalc.spec.yaml_source import Value

NUMBER = re.compile(r"(0|[1-9][0-9]*(?:_[0-9]+)*)(?:\.([0-9]+))?\s*([A-Za-z]*)\Z")
MAX_DIGITS = 30
UNITS: Mapping[FigureUnit, Mapping[str, int]] = {
    "count": {
        "": 1, "k": 10**3, "K": 10**3, "M": 10**6, "G": 10**9, "B": 10**9, "T": 10**12,
    },
    "bytes": {
        "": 1, "B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9,
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


FIELD = re.compile(r"[1-9][0-9]*(?:[x×][1-9][0-9]*)*\Z")
SHAPE, LAYERS = "output", "layers"  # keys that are not figures


def read_expect(value: Value | None, layout: str) -> Iterator[Expectation]:
    """The expectations of a spec or variant, which `expect_problems` has already checked."""
    for key, entry, path in _entries(value, []):
        yield _expectation(key, entry, layout, path)


def expect_problems(value: Value | None) -> list[Diagnostic]:
    """The mistakes in the expectations of a spec or variant."""
    errors: list[Diagnostic] = []
    for key, entry, path in _entries(value, errors):
        try:
            _expectation(key, entry, "HWC", path)
        except CnncalcError as error:
            errors += error.diagnostics
    return errors


def _entries(value: Value | None, errors: list[Diagnostic]) -> Iterator[tuple[Scalar, Value, str]]:
    """Keys and figures, each with the prefix of its path: "" or "layers.C3."."""
    for key, entry in value.entries if isinstance(value, MappingValue) else ():
        if key.text != LAYERS:
            yield key, entry, ""
            continue
        for name, keys in _mapping(entry, "C1: {params: 156}", errors):
            for inner, figure in _mapping(keys, "{params: 156}", errors):
                yield inner, figure, f"layers.{name.text}."


def _mapping(
    value: Value, example: str, errors: list[Diagnostic]
) -> tuple[tuple[Scalar, Value], ...]:
    if isinstance(value, MappingValue):
        return value.entries
    message, help_ = "expected a mapping", f"such as {example}"
    errors.append(Diagnostic("error", "wrong-type", message, value.span, help=help_))
    return ()


def _expectation(key: Scalar, entry: Value, layout: str, path: str) -> Expectation:
    known = (*used("layer"), SHAPE) if path else (*used("expect"), SHAPE, LAYERS)
    if key.text not in known:
        raise failure(
            "unknown-key",
            f"'expect' has no key '{key.text}'",
            key.span,
            help=did_you_mean(key.text, known) or f"it has {', '.join(known)}",
        )
    if not isinstance(entry, Scalar):
        raise failure("wrong-type", "expected a number", entry.span)
    if key.text == SHAPE:
        sizes = _shape(entry, layout)
        return Expectation(f"{path}output", entry.text, sizes, sizes, entry.span)
    figure = FIGURES[key.text]
    if figure.place == "field":
        field = _field(entry)
        return Expectation(key.text, entry.text, field, field, entry.span)
    low, high = _interval(entry, figure.unit)
    return Expectation(f"{path}{key.text}", entry.text, low, high, entry.span)


def _interval(entry: Scalar, unit: FigureUnit) -> tuple[int, int]:
    """The integers that round to the digits written: 714M is 713.5M to 714.5M."""
    amount = parse_amount(entry.text, unit)
    if amount is None:
        help_ = f"write {ADVICE[unit]}"
        raise failure("wrong-type", f"'{entry.text}' is not a valid number", entry.span, help=help_)
    low, high = amount.interval
    if low > high:
        below, above = amount.around
        message = f"'{entry.text}' is not a whole number, so no figure can be equal to it"
        help_ = f"write {below} or {above}, or fewer digits"
        raise failure("bad-figure", message, entry.span, help=help_)
    return low, high


def _field(entry: Scalar) -> int | tuple[int, ...]:
    """A receptive field in input pixels: one size for all axes, or one per axis."""
    if FIELD.match(entry.text) is None or len(entry.text) > MAX_DIGITS:
        raise failure(
            "wrong-type",
            f"'{entry.text}' is not a valid receptive field",
            entry.span,
            help="write input pixels, such as 427, or one size per axis, such as 72x28",
        )
    sizes = tuple(map(int, re.split("[x×]", entry.text)))
    return sizes if len(sizes) > 1 else sizes[0]


def _shape(entry: Scalar, layout: str) -> tuple[int, ...]:
    """A shape, channels first, whatever layout it is written in."""
    try:
        text = entry.text if " " in entry.text.strip() else _in_layout(entry.text, layout)
        shape = parse_input(text).shape
    except UnplacedError as problem:
        raise failure(problem.code, problem.message, entry.span, help=problem.help) from None
    return (shape.channels, *shape.spatial)


def _in_layout(text: str, layout: str) -> str:
    """A shape without letters, with those of the network's layout added."""
    rank = text.replace("×", "x").count("x")
    letters = LETTERS[layout]
    return f"{text} {letters[rank]}" if 0 < rank < len(letters) else text


LIMIT = re.compile(r"(<=|>=|≤|≥)?\s*(.*)\Z", re.DOTALL)


class Budget(NamedTuple):
    """One limit on one figure: a lower limit if `least`, else an upper one."""

    key: str
    written: str
    limit: int
    least: bool = False
    span: Span | None = None

    @property
    def relation(self) -> str:
        """The words `at least` or `at most`."""
        return "at least" if self.least else "at most"

    def excess(self, actual: int) -> int:
        """How far a figure is beyond the limit: 0 where it holds, negative where it is too small.

        >>> parse_limit("params", "5M").excess(5_000_000), parse_limit("rf", ">= 64").excess(63)
        (0, -1)
        """
        beyond = actual - self.limit
        return min(beyond, 0) if self.least else max(beyond, 0)


def parse_limit(key: str, text: str, span: Span | None = None) -> Budget:
    """A limit as written, which must be a whole number.

    Raises:
        UnplacedError: the text is not a valid limit for that figure.

    >>> parse_limit("params", "5M").limit, parse_limit("peak_activation_bytes", "256KiB").limit
    (5000000, 262144)
    >>> parse_limit("rf", ">= 64")
    Budget(key='rf', written='>= 64', limit=64, least=True, span=None)
    """
    sign, written = LIMIT.split(text.strip())[1:3]
    amount = parse_amount(written, FIGURES[key].unit)
    if amount is None:
        raise UnplacedError(
            "bad-limit", f"'{text}' is not a valid limit for {key}", help=_advice(key)
        )
    if amount.whole is None:
        below, above = amount.around
        message = f"'{text}' is not a valid limit for {key}: it is not a whole number"
        raise UnplacedError(
            "bad-limit", message, help=f"a whole number, such as {below} or {above}"
        )
    if FIGURES[key].place == "field" and not sign:
        message = f"'{text}' does not say whether the receptive field may be larger or smaller"
        raise UnplacedError("bad-limit", message, help=f"write '>= {written}' or '<= {written}'")
    return Budget(key, text.strip(), amount.whole, sign in {">=", "≥"}, span)


def _advice(key: str) -> str:
    figure = FIGURES[key]
    if figure.place == "field":
        return "such as '>= 64', in input pixels, on the axis where it is smallest"
    return ADVICE[figure.unit]


def budgets(tree: MappingValue, variant: str | None = None) -> tuple[Budget, ...]:
    """The limits of a file, replaced key by key by those of the variant."""
    places = [tree.at("budget"), tree.at("variants", variant or "", "budget")]
    limits = {limit.key: limit for place in places for limit in _read(place)}
    return tuple(limits.values())


def budget_problems(section: MappingValue) -> Iterator[Diagnostic]:
    """The mistakes in a budget."""
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
        raise failure("wrong-type", "expected a limit", value.span, help=_advice(key.text))
    try:
        return parse_limit(key.text, value.text, value.span)
    except UnplacedError as problem:
        raise failure(problem.code, problem.message, value.span, help=problem.help) from None
