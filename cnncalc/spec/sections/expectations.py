"""`expect:` -> expected figures, from numbers such as 61706 or 714M.

    expect: {params: 61706, macs: 714M, output: 10, rf: 427}

An expected figure holds if the computed one rounds to the digits written; a whole number must be
equal. `rf` is the largest receptive field of units that still see different parts of the input:
`427` pixels on every axis, or `72x28`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cnncalc.errors import CnncalcError, Diagnostic, UnplacedError, did_you_mean, failure
from cnncalc.figures import FIGURES, used
from cnncalc.network import Expectation
from cnncalc.shapes import LETTERS
from cnncalc.spec.amounts import ADVICE, MAX_DIGITS, parse_amount
from cnncalc.spec.sections.inputs import parse_input
from cnncalc.spec.yaml_source import MappingValue, Scalar

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnncalc.figures import FigureUnit
    from cnncalc.spec.yaml_source import Value

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
