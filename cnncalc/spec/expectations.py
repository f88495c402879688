"""`expect:` as written -> expectations: exact integers, figures to the digits written, shapes.

`rf` is the largest receptive field of units that still see different parts of the input: `427`
pixels on every axis, or `72x28`.
"""

from __future__ import annotations

import re
from decimal import Decimal
from math import ceil, floor
from typing import TYPE_CHECKING

from cnncalc.errors import CnncalcError, Diagnostic, Misfit, did_you_mean, failure
from cnncalc.network import Expectation
from cnncalc.shapes import LETTERS
from cnncalc.spec.inputs import parse_input
from cnncalc.spec.source import Mapping, Scalar

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnncalc.spec.source import Value

FIGURE = re.compile(r"(\d+(?:\.\d+)?)\s*([kKMGBT])\Z")
FIELD = re.compile(r"[1-9][0-9]*(?:[x×][1-9][0-9]*)*\Z")
MAX_DIGITS = 30
SCALES = {"k": 3, "K": 3, "M": 6, "G": 9, "B": 9, "T": 12}
COUNTS = (
    "params",
    "trainable",
    "buffers",
    "fixed",
    "inference_params",
    "macs",
    "connections",
    "connections_with_bias",
)
LAYER_COUNTS = (*COUNTS, "weights", "biases", "neurons")


def read_expect(value: Value | None, layout: str) -> Iterator[Expectation]:
    """The expectations of a spec or variant, which `problems` has been asked about."""
    for key, entry, path in _entries(value, []):
        yield _expectation(key, entry, layout, path)


def problems(value: Value | None) -> list[Diagnostic]:
    """Every mistake in the expectations of a spec or variant."""
    found: list[Diagnostic] = []
    for key, entry, path in _entries(value, found):
        try:
            _expectation(key, entry, "HWC", path)
        except CnncalcError as error:
            found += error.diagnostics
    return found


def _entries(value: Value | None, errors: list[Diagnostic]) -> Iterator[tuple[Scalar, Value, str]]:
    """Keys and figures, each with the path in front: "" or "layers.C3."."""
    for key, entry in value.entries if isinstance(value, Mapping) else ():
        if key.text != "layers":
            yield key, entry, ""
            continue
        for name, keys in _mapping(entry, "C1: {params: 156}", errors):
            for inner, figure in _mapping(keys, "{params: 156}", errors):
                yield inner, figure, f"layers.{name.text}."


def _mapping(
    value: Value, example: str, errors: list[Diagnostic]
) -> tuple[tuple[Scalar, Value], ...]:
    if isinstance(value, Mapping):
        return value.entries
    message, help_ = "a mapping is expected here", f"such as {example}"
    errors.append(Diagnostic("error", "wrong-type", message, value.span, help=help_))
    return ()


def _expectation(key: Scalar, entry: Value, layout: str, path: str) -> Expectation:
    known = (*LAYER_COUNTS, "output") if path else (*COUNTS, "output", "rf", "layers")
    if key.text not in known:
        raise failure(
            "unknown-key",
            f"'expect' has no key '{key.text}'",
            key.span,
            help=did_you_mean(key.text, known) or f"it has {', '.join(known)}",
        )
    if not isinstance(entry, Scalar):
        raise failure("wrong-type", "a figure is expected here", entry.span)
    if key.text == "output":
        sizes = _shape(entry, layout)
        return Expectation(f"{path}output", entry.text, sizes, sizes, entry.span)
    if key.text == "rf":
        field = _field(entry)
        return Expectation(key.text, entry.text, field, field, entry.span)
    low, high = _figure(entry)
    return Expectation(f"{path}{key.text}", entry.text, low, high, entry.span)


def _figure(entry: Scalar) -> tuple[int, int]:
    """The interval of integers that print as the digits written: 714M is 713.5M to 714.5M."""
    if isinstance(entry.value, int) and not isinstance(entry.value, bool):
        return entry.value, entry.value
    match = FIGURE.match(entry.text)
    if match is None:
        raise failure(
            "wrong-type",
            f"'{entry.text}' is no figure",
            entry.span,
            help="write a whole number, or digits with k, M or G, such as 4.09G",
        )
    unit = Decimal(10) ** SCALES[match[2]]
    digits = Decimal(match[1])
    half = Decimal((0, (5,), int(digits.as_tuple().exponent) - 1))
    low, high = (digits - half) * unit, (digits + half) * unit
    return ceil(low), floor(high)


def _field(entry: Scalar) -> int | tuple[int, ...]:
    """Input pixels: one size for every axis, or one for each."""
    if FIELD.match(entry.text) is None or len(entry.text) > MAX_DIGITS:
        raise failure(
            "wrong-type",
            f"'{entry.text}' is no receptive field",
            entry.span,
            help="write input pixels: 427, or one size for each axis, such as 72x28",
        )
    sizes = tuple(map(int, re.split("[x×]", entry.text)))
    return sizes if len(sizes) > 1 else sizes[0]


def _shape(entry: Scalar, layout: str) -> tuple[int, ...]:
    """Channels first, whatever the layout it is written in."""
    try:
        text = entry.text if " " in entry.text.strip() else _in_layout(entry.text, layout)
        shape = parse_input(text).shape
    except Misfit as misfit:
        raise failure(misfit.code, misfit.message, entry.span, help=misfit.help) from None
    return (shape.channels, *shape.spatial)


def _in_layout(text: str, layout: str) -> str:
    """Add the letters of the network's layout to a bare shape."""
    rank = text.replace("×", "x").count("x")
    letters = LETTERS[layout]
    return f"{text} {letters[rank]}" if 0 < rank < len(letters) else text
