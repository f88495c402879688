"""The operators and functions of expressions, on plain numbers, lists and words.

An `UnplacedError` says what is wrong; `expressions` adds the position. A result is a whole number
wherever it is one exactly: 8/2 is 4 and sqrt(16) is 4, while 7/2 is 3.5. `//`, `floor`, `ceil`,
`round` and `int` always give whole numbers. `true` is not 1.

To round widths, `make_divisible` is the function of the MobileNet code (Sandler et al. 2018,
arXiv 1801.04381; tensorflow/models, slim/nets/mobilenet), `ceil_to` that of YOLOv5.
"""

from __future__ import annotations

import math
import operator
from typing import TYPE_CHECKING, NamedTuple, TypeGuard

from cnncalc.errors import UnplacedError

if TYPE_CHECKING:
    from collections.abc import Callable

    Number = int | float

LIMIT = 2**53  # beyond it a float cannot hold every whole number
MAX_BASE = 4096
MAX_EXPONENT = 16


def describe(value: object) -> str:
    """A value as errors show it.

    >>> describe("relu"), describe(True), describe([1, 2]), describe(0.5)
    ("the word 'relu'", 'true', 'a list', '0.5')
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f"the word '{value}'"
    if isinstance(value, (list, tuple)):
        return "a list"
    return "nothing" if value is None else str(value)


def is_number(value: object) -> TypeGuard[Number]:
    """Whether a value is a number; true and false are not.

    >>> is_number(3), is_number(True), is_number("3")
    (True, False, False)
    """
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def number(value: object) -> Number:
    """The value, if it is a number within the limits.

    Raises:
        UnplacedError: it is not.

    >>> number(2**53)
    9007199254740992
    >>> number(2**53 + 1)
    Traceback (most recent call last):
        ...
    cnncalc.errors.UnplacedError: the number is beyond 2^53
    """
    if not is_number(value):
        raise UnplacedError("expression", f"a number is needed here, not {describe(value)}")
    if not -LIMIT <= value <= LIMIT:  # so that NaN fails as well
        raise UnplacedError("number-too-big", "the number is beyond 2^53")
    return value


def whole(value: object) -> int:
    """The value, if it is a whole number.

    Raises:
        UnplacedError: it is not.

    >>> whole(8.0)
    Traceback (most recent call last):
        ...
    cnncalc.errors.UnplacedError: a whole number is needed here, not 8.0
    """
    if not isinstance(value, int) or isinstance(value, bool):
        raise UnplacedError("expression", f"a whole number is needed here, not {describe(value)}")
    return value


def numbers(value: object) -> list[Number] | tuple[Number, ...]:
    """The value, if it is a list.

    Raises:
        UnplacedError: it is not.

    >>> numbers((3, 4))
    (3, 4)
    """
    if not isinstance(value, (list, tuple)):
        raise UnplacedError("expression", f"a list is needed here, not {describe(value)}")
    return value


def divide(a: Number, b: Number) -> Number:
    """a / b, whole where two whole numbers divide exactly.

    >>> divide(8, 2), divide(7, 2), divide(8.0, 2)
    (4, 3.5, 4.0)
    """
    if isinstance(a, int) and isinstance(b, int) and a % b == 0:
        return a // b
    return a / b


def floor_divide(a: Number, b: Number) -> int:
    """The floor of a / b, a whole number also for fractions.

    >>> floor_divide(7, 2), floor_divide(7.5, 2), floor_divide(-7, 2)
    (3, 3, -4)
    """
    return int(number(a // b))


def power(a: Number, b: Number) -> Number:
    """a ** b, for a base up to 4096 and an exponent up to 16.

    Raises:
        UnplacedError: a limit is exceeded (checked before computing), or the root is not real.

    >>> power(2, 10), power(2, -1)
    (1024, 0.5)
    """
    if abs(a) > MAX_BASE or abs(b) > MAX_EXPONENT:
        raise UnplacedError("number-too-big", f"powers go up to {MAX_BASE} ** {MAX_EXPONENT}")
    if a < 0 and b != int(b):
        raise UnplacedError("expression", f"the root of the negative number {a} is not real")
    return a**b


def root(x: Number) -> Number:
    """The square root, whole for the square of a whole number.

    Raises:
        UnplacedError: x is negative.

    >>> root(16), root(2)
    (4, 1.4142135623730951)
    """
    if x < 0:
        raise UnplacedError("expression", f"sqrt({x}) is not a real number")
    if isinstance(x, int) and math.isqrt(x) ** 2 == x:
        return math.isqrt(x)
    return math.sqrt(x)


def log2(x: Number) -> Number:
    """The logarithm to base 2, whole for a power of two.

    Raises:
        UnplacedError: x is not above 0.

    >>> log2(8), log2(0.5)
    (3, -1.0)
    """
    if x <= 0:
        raise UnplacedError("expression", f"log2({x}) is not defined: the number must be above 0")
    if isinstance(x, int) and x.bit_count() == 1:
        return x.bit_length() - 1
    return math.log2(x)


def make_divisible(x: Number, d: Number = 8) -> int:
    """The multiple of d nearest to x: max(d, floor((x + d/2)/d)·d), plus d if below 0.9·x.

    >>> make_divisible(33), make_divisible(11), make_divisible(3)
    (32, 16, 8)
    """
    step = _step(d)
    nearest = max(step, math.floor(x + step / 2) // step * step)
    return nearest + step if nearest < 0.9 * x else nearest


def ceil_to(x: Number, d: Number = 8) -> int:
    """The next multiple of d that is not below x: ceil(x/d)·d.

    >>> ceil_to(33), ceil_to(32), ceil_to(10.5, 4)
    (40, 32, 12)
    """
    step = _step(d)
    return int(-(-x // step) * step)


def _step(d: Number) -> int:
    if whole(d) < 1:
        raise UnplacedError("expression", f"the divisor must be at least 1, got {d}")
    return whole(d)


def _all(choose: Callable[[list[Number]], Number]) -> Callable[..., Number]:
    """A function of several numbers or of one list, such as `max(a, b)` and `max(list)`."""

    def chosen(*values: object) -> Number:
        several = numbers(values[0]) if len(values) == 1 and not is_number(values[0]) else values
        if not several:
            raise UnplacedError("expression", "the list is empty")
        return choose([number(value) for value in several])

    return chosen


def _sum(values: object) -> Number:
    return sum(number(value) for value in numbers(values))


def _len(values: object) -> int:
    return len(numbers(values))


OPERATORS: dict[str, Callable[[Number, Number], Number]] = {
    "Add": operator.add, "Sub": operator.sub, "Mult": operator.mul, "Div": divide,
    "FloorDiv": floor_divide, "Mod": operator.mod, "Pow": power,
}  # fmt: skip


class Function(NamedTuple):
    """A function with the least and the most arguments that it takes (None: no limit)."""

    run: Callable[..., Number]
    least: int = 1
    most: int | None = 1
    of_numbers: bool = True  # arguments are checked to be numbers; otherwise the function does it


FUNCTIONS: dict[str, Function] = {
    "min": Function(_all(min), most=None, of_numbers=False),
    "max": Function(_all(max), most=None, of_numbers=False),
    "abs": Function(abs),
    "round": Function(round),
    "ceil": Function(math.ceil),
    "floor": Function(math.floor),
    "int": Function(int),
    "sqrt": Function(root),
    "log2": Function(log2),
    "len": Function(_len, of_numbers=False),
    "sum": Function(_sum, of_numbers=False),
    "make_divisible": Function(make_divisible, most=2),
    "div8": Function(make_divisible),
    "ceil_to": Function(ceil_to, most=2),
}
REPEATS = ("first", "last")  # they read the variables `i` and `reps`: see `expressions`
