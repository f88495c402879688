"""Nested lists of numbers -> their sizes and a flat list, everything else refused by its place."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_RANK = 16


class NotNested(ValueError):  # noqa: N818 - the caller knows which file is wrong
    """What is wrong, behind the place where it is: "[0][3] is 'x', not a number"."""


def flatten(value: object) -> tuple[tuple[int, ...], list[float]]:
    """The sizes, outermost first, and the numbers in C order.

    Raises NotNested for lists of unequal length, and for anything but finite numbers in them.

    >>> flatten([[1, 2, 3], [4, 5, 6.5]])
    ((2, 3), [1.0, 2.0, 3.0, 4.0, 5.0, 6.5])
    >>> flatten([[1, 2], [3]])
    Traceback (most recent call last):
        ...
    cnncalc.inference.nested.NotNested: [1] has 1 entry, where its neighbours have 2
    """
    dims = tuple(_dims(value))
    return dims, list(_numbers(value, dims, ""))


def _dims(value: object) -> Iterator[int]:
    for _ in range(MAX_RANK):
        if not isinstance(value, list) or not value:
            break
        yield len(value)
        value = value[0]


def _numbers(value: object, dims: tuple[int, ...], place: str) -> Iterator[float]:
    if not dims:
        yield _number(value, place)
        return
    if not isinstance(value, list):
        raise NotNested(f"{place} is {_shown(value)}, where its neighbours are lists")
    if len(value) != dims[0]:
        entries = "1 entry" if len(value) == 1 else f"{len(value)} entries"
        raise NotNested(f"{place} has {entries}, where its neighbours have {dims[0]}")
    if len(dims) == 1 and all(type(item) is float for item in value) and all(map(isfinite, value)):
        yield from value  # the usual case, without a look at each place
        return
    for index, item in enumerate(value):
        yield from _numbers(item, dims[1:], f"{place}[{index}]")


def _number(value: object, place: str) -> float:
    if type(value) not in (int, float):
        raise NotNested(f"{place} is {_shown(value)}, not a number")
    try:
        number = float(value)  # type: ignore[arg-type]
    except OverflowError:
        number = float("inf")
    if not isfinite(number):
        raise NotNested(f"{place} is {_shown(value)}, not a finite number")
    return number


def _shown(value: object) -> str:
    if isinstance(value, list):
        return "a list" if value else "an empty list"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, str):
        return "a text"  # not which: the file may hold anything
    text = "null" if value is None else repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."  # noqa: PLR2004 - enough to find it
