"""Parsers of option values: numbers, values per axis, paddings, shapes, neurons, comma lists."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

import typer

from cnncalc.window import PADDING_RULES

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_DIGITS = 15  # as for the sizes of an input
NUMBER = re.compile(rf"[0-9]{{1,{MAX_DIGITS}}}")
TIMES = re.compile("[x×]")
NEURON = re.compile(rf"(.+):({NUMBER.pattern}(?:,{NUMBER.pattern})*)")


class OptionValues(NamedTuple):
    """The values of one option with their texts as typed: one, or several to combine."""

    values: tuple[Any, ...]
    words: tuple[str, ...]


def given(**options: OptionValues | None) -> dict[str, OptionValues]:
    """The options that were used.

    >>> list(given(w=OptionValues((32,), ("32",)), s=None))
    ['w']
    """
    return {name: choices for name, choices in options.items() if choices is not None}


def comma_list(read: Callable[[str], object]) -> Callable[[str], OptionValues]:
    """Make a parser of comma lists from the parser of one value.

    >>> comma_list(count)("3, 5")
    OptionValues(values=(3, 5), words=('3', '5'))
    """

    def parse(text: str) -> OptionValues:
        words = tuple(word.strip() for word in text.split(","))
        return OptionValues(tuple(read(word) for word in words), words)

    return parse


def natural(text: str) -> int:
    """A whole number from 0. Raises BadParameter for anything else.

    >>> natural("0")
    0
    """
    if not NUMBER.fullmatch(text):
        raise typer.BadParameter(f"'{text}' is not a whole number from 0")
    return int(text)


def count(text: str) -> int:
    """A whole number from 1. Raises BadParameter for anything else.

    >>> count("32")
    32
    """
    if not NUMBER.fullmatch(text) or not int(text):
        raise typer.BadParameter(f"'{text}' is not a whole number from 1")
    return int(text)


def per_axis(read: Callable[[str], object]) -> Callable[[str], tuple[object, ...]]:
    """Make a parser of one value for all axes, or of one per axis joined by x.

    >>> per_axis(count)("5"), per_axis(count)("1x7")
    ((5,), (1, 7))
    """
    return lambda text: tuple(read(part) for part in TIMES.split(text))


def filter_size(text: str) -> tuple[object, ...]:
    """The size of a filter on each axis. Raises BadParameter, also for the numbers of a filter.

    >>> filter_size("3x7")
    (3, 7)
    """
    if ";" in text or " " in text.strip():
        message = f"F is the size of the filter; its numbers are given by --filter '{text}'"
        raise typer.BadParameter(message)
    return per_axis(count)(text)


def sides(text: str) -> tuple[int, int]:
    """Zeros before and after an axis: one number for both, or two joined by +.

    >>> sides("2"), sides("0+1")
    ((2, 2), (0, 1))
    """
    begin, plus, end = text.partition("+")
    return natural(begin), natural(end if plus else begin)


def neuron(text: str) -> tuple[str, tuple[int, ...] | None]:
    """Split NAME:K,Y,X into a layer's name and a position, or None without a position.

    >>> neuron("layer1.0.conv1:3,0,7"), neuron("C3")
    (('layer1.0.conv1', (3, 0, 7)), ('C3', None))
    """
    found = NEURON.fullmatch(text)
    return (found[1], tuple(map(int, found[2].split(",")))) if found else (text, None)


def padding(text: str) -> object:
    """A padding rule, or zeros per axis. Raises BadParameter for anything else.

    >>> padding("same"), padding("1x2")
    ('same', ((1, 1), (2, 2)))
    """
    if text in PADDING_RULES:
        return text
    if text.isalpha():
        raise typer.BadParameter(f"'{text}' is not one of {', '.join(PADDING_RULES)}")
    return per_axis(sides)(text)


def shape(text: str) -> object:
    """A shape as in a spec file: 1568, 7x7x32, 32x7x7 CHW. Raises BadParameter.

    >>> shape("7x7x32")
    Shape(channels=32, spatial=(7, 7))
    """
    from cnncalc.errors import UnplacedError
    from cnncalc.spec.sections.inputs import parse_input

    try:
        return parse_input(text).shape
    except UnplacedError as problem:
        help_ = f"; {problem.help}" if problem.help else ""
        raise typer.BadParameter(f"{problem.message}{help_}") from None
