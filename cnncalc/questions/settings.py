"""The settings of a sweep: lists and ranges of values, and every combination of them.

A setting is computed from its number, so that a million of them take no memory, and so that any
share of them (`--shard 3/8`) can be computed on another machine.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import prod
from typing import TYPE_CHECKING, NamedTuple, overload

from cnncalc.errors import CnncalcError, failure
from cnncalc.spec import yaml_source
from cnncalc.spec.sections.inputs import with_sizes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cnncalc.shapes import Shape

NUMBER = r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)"
RANGE = re.compile(rf"({NUMBER}):({NUMBER})(?::({NUMBER}))?\Z")
DOTTED = re.compile(
    rf"({NUMBER})\.\.({NUMBER})(?:\.\.({NUMBER}))?\Z"
)  # as other languages write it
MAX_DIGITS = 60  # characters of a range; longer ones would make slow, useless decimals


@dataclass(frozen=True, slots=True)
class NumberRange(Sequence[int | float]):
    """`length` numbers from `first` on, `step` apart, exact in decimals; whole ones are ints.

    >>> list(NumberRange(Decimal("0.5"), Decimal("0.25"), 3))
    [0.5, 0.75, 1]
    """

    first: Decimal
    step: Decimal
    length: int

    def __len__(self) -> int:
        return self.length

    @overload
    def __getitem__(self, index: int) -> int | float: ...
    @overload
    def __getitem__(self, index: slice) -> list[int | float]: ...
    def __getitem__(self, index: int | slice) -> int | float | list[int | float]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(self.length))]
        value = self.first + self.step * range(self.length)[index]
        return int(value) if value == value.to_integral_value() else float(value)


class SweepSetting(NamedTuple):
    """One combination: its number, counted from 1, its variables, and its input if that varies."""

    number: int
    vars: Mapping[str, object]
    input: str | int | None = None


@dataclass(frozen=True, slots=True)
class SettingGrid:
    """Every combination of the values, the last one varying fastest; `shard` is one share of N.

    >>> grid = SettingGrid({"k": [16, 32], "n": range(1, 4)}, shard=(1, 2))
    >>> grid.size, [grid.setting(number).vars for number in grid.numbers]
    (6, [{'k': 16, 'n': 1}, {'k': 16, 'n': 3}, {'k': 32, 'n': 2}])
    """

    vars: Mapping[str, Sequence[object]]
    inputs: Sequence[str | int] | None = None
    shard: tuple[int, int] = (1, 1)

    @property
    def size(self) -> int:
        """The number of combinations, of all shards together."""
        return prod(map(len, self.vars.values())) * (1 if self.inputs is None else len(self.inputs))

    @property
    def numbers(self) -> range:
        """The numbers of this shard's settings."""
        return range(self.shard[0], self.size + 1, self.shard[1])

    def setting(self, number: int) -> SweepSetting:
        """The setting with that number, counted from 1."""
        rest = number - 1
        input_: str | int | None = None
        if self.inputs is not None:
            rest, index = divmod(rest, len(self.inputs))
            input_ = self.inputs[index]
        chosen: dict[str, object] = {}
        # The digits of the number in a mixed radix, from the fastest variable to the slowest.
        for name, values in list(self.vars.items())[::-1]:
            rest, index = divmod(rest, len(values))
            chosen[name] = values[index]
        return SweepSetting(number, dict(list(chosen.items())[::-1]), input_)


class SquareInput(NamedTuple):
    """Turns a single number into an input: a square of the network's own rank and channels."""

    shape: Shape
    layout: str

    def text(self, size: int) -> str:
        """The shape as `--input` takes it; for a vector the number is its length."""
        return with_sizes(self.shape, self.layout, (size,) * max(self.shape.rank, 1))


class SweepPlan(NamedTuple):
    """Everything that a worker process needs, all of which can be pickled."""

    text: str
    file: str
    variant: str | None
    set: Mapping[str, object]
    batch: int | None
    dtype: str
    grid: SettingGrid
    square: SquareInput | None
    optimiser: str | None = None  # of training, where its bytes are a figure too

    def setting(self, number: int) -> SweepSetting:
        """The setting with that number, its input as `--input` takes it."""
        setting = self.grid.setting(number)
        given = setting.input
        if given is None:
            return setting
        size = str(given).strip()
        text = self.square.text(int(size)) if self.square and size.isdecimal() else size
        return setting._replace(input=text)


def _wrong(message: str, help: str | None = None) -> CnncalcError:
    """The error for a mistake on the command line."""
    return failure("bad-setting", message, help=help, exit_code=2)


def parse_vary(text: str) -> tuple[str, Sequence[object]]:
    """The name and the values of `NAME=a,b,c`, written as in a spec; lists stand in brackets.

    A range such as 64:512:64 includes its end.

    Raises:
        CnncalcError: "bad-setting" for anything else.

    >>> parse_vary("n=[2,2],[3,4]")
    ('n', [[2, 2], [3, 4]])
    >>> name, values = parse_vary("width=0.25:1:0.25")
    >>> name, list(values)
    ('width', [0.25, 0.5, 0.75, 1])
    """
    name, equals, values = text.partition("=")
    if not equals or not name.strip():
        message = f"--vary takes NAME=VALUES, got '{text}'"
        raise _wrong(message, help="such as width=0.5,0.75 or k=64:512:64")
    return name.strip(), parse_values(values)


def parse_values(text: str) -> Sequence[object]:
    """Values between commas. A single range is not expanded, since it may be very long.

    Raises:
        CnncalcError: "bad-setting" for text that holds no values.

    >>> list(parse_values("8, 64:128:32, relu"))
    [8, 64, 96, 128, 'relu']
    """
    parts = [_part(item) for item in _items(text)]
    if len(parts) == 1:
        return parts[0]
    return [value for part in parts for value in part]


def parse_inputs(text: str) -> Sequence[str | int]:
    """Input shapes; a whole number stands for a square one, and ranges are as in `parse_values`.

    Raises:
        CnncalcError: "bad-setting" for other values.

    >>> list(parse_inputs("160:224:32, 480x640x3"))
    [160, 192, 224, '480x640x3']
    """
    values = parse_values(text)
    checked = values[:2] if isinstance(values, NumberRange) else values  # both ints: all are
    if not all(type(value) in {int, str} for value in checked):
        raise _wrong(f"'{text}' is not a list of input shapes")
    return values  # type: ignore[return-value]  # checked above


def _items(text: str) -> tuple[yaml_source.Value, ...]:
    from cnncalc.spec.yaml_composer import compose

    try:
        items = compose(f"[{text}]", "--vary")
    except CnncalcError as error:
        message = f"'{text}' is not a list of values: {error.diagnostics[0].message}"
        raise _wrong(message) from None
    if not isinstance(items, yaml_source.ListValue) or not items.items:
        raise _wrong(f"'{text}' holds no values")
    return items.items


def _part(item: yaml_source.Value) -> Sequence[object]:
    if isinstance(item, yaml_source.Scalar) and item.inset == 0 and ":" in item.text:
        match = RANGE.match(item.text)
        if match and len(item.text) <= MAX_DIGITS:
            return _range(item.text, *map(Decimal, (match[1], match[2], match[3] or "1")))
    if isinstance(item, yaml_source.Scalar) and (dots := DOTTED.match(item.text)):
        step = dots[3] or ("1" if dots[1].isdecimal() and dots[2].isdecimal() else "0.1")
        help_ = f"a range is FIRST:LAST:STEP, such as {dots[1]}:{dots[2]}:{step}"
        raise _wrong(f"'{item.text}' is no value", help=help_)
    return [yaml_source.plain(item)]


def _range(text: str, first: Decimal, last: Decimal, step: Decimal) -> NumberRange:
    """The numbers from first to last, including last if a step reaches it."""
    if step == 0:
        raise _wrong(f"the range {text} has a step of 0")
    count = int((last - first) / step) + 1 if (last - first) / step >= 0 else 0
    if not count:
        help_ = "a range is FIRST:LAST:STEP; a negative step counts down"
        raise _wrong(f"the range {text} is empty", help=help_)
    return NumberRange(first, step, count)


def parse_shard(text: str) -> tuple[int, int]:
    """The numbers I and N of `I/N`, the I-th of N shares.

    Raises:
        CnncalcError: "bad-setting" for anything else.

    >>> parse_shard("3/8")
    (3, 8)
    """
    match = re.match(r"(\d{1,15})/(\d{1,15})\Z", text.strip())
    share, of = (int(match[1]), int(match[2])) if match else (0, 0)
    if not 1 <= share <= of:
        help_ = "such as 3/8, the third of eight shares"
        raise _wrong(f"'{text}' is not a share of the settings", help=help_)
    return share, of
