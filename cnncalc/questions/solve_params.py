"""Find every convolution with a number of parameters: K filters of F×F×D weights, K biases.

Of the three letters, those that are not given are searched: filters of 1 to 11, every depth of
the input and every number of filters that divides out. The order compares, one after the other:
at most 1024 filters; filters of an odd size; depths and numbers of filters that can be halved
often (or, for the depth, 1 and 3, as pictures have); the sizes of filters, 3, 5 and 7 first; fewer
filters.
"""

from __future__ import annotations

from math import isqrt
from typing import TYPE_CHECKING, NamedTuple

from cnncalc.brief import brief
from cnncalc.errors import failure
from cnncalc.questions.solve import FILTERS, HALVINGS, ODD_FIRST

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MOST = 10**12  # parameters: every divisor of a number up to here is found within a second
USUAL = 1024  # filters that a layer rarely has more of
PICTURES = (1, 3)  # channels of grey and of coloured pictures


class FilterSetting(NamedTuple):
    """K filters of F×F×D weights, and how many parameters that makes, biases included."""

    f: int
    d: int
    k: int
    params: int


class FilterRequest(NamedTuple):
    """The number of parameters to reach, and the values to try; None is searched."""

    params: int
    f: tuple[int, ...] | None = None
    d: tuple[int, ...] | None = None
    k: tuple[int, ...] | None = None
    bias: bool = True


class FilterResult(NamedTuple):
    """Every setting with that number of parameters; if there is none, the nearest ones.

    These are the most with fewer parameters, and the fewest with more, where the depth or the
    number of filters is given.
    """

    asked: FilterRequest
    settings: tuple[FilterSetting, ...]
    nearest: tuple[FilterSetting, ...] = ()

    def __repr__(self) -> str:
        """The fields, cut where they get long."""
        return brief(self)


def filters_with(asked: FilterRequest) -> FilterResult:
    """The convolutions with that number of parameters, the most usual first.

    Raises:
        CnncalcError: "too-many" for more than a million million parameters.

    >>> lenet_c1, *_ = filters_with(FilterRequest(156, f=(5,), d=(1,))).settings
    >>> lenet_c1.k
    6
    """
    if asked.params > MOST:
        message = f"{asked.params:,} parameters are more than are tried, which is {MOST:,}"
        raise failure("too-many", message, exit_code=2)
    found = (
        FilterSetting(f, d, k, asked.params)
        for f in asked.f or FILTERS
        for d, k in _depths_and_numbers(asked, f)
    )
    settings = tuple(sorted(set(found), key=_unusualness))
    return FilterResult(asked, settings, () if settings else _nearest(asked))


def _depths_and_numbers(asked: FilterRequest, f: int) -> Iterator[tuple[int, int]]:
    """The depths and the numbers of filters of this size that give the parameters exactly."""
    if asked.d is not None:
        for d in asked.d:
            k, rest = divmod(asked.params, f * f * d + asked.bias)
            if not rest and (asked.k is None or k in asked.k):
                yield d, k
        return
    for k in _divisors(asked.params) if asked.k is None else asked.k:
        each, rest = divmod(asked.params, k)
        d, left = divmod(each - asked.bias, f * f)
        if d > 0 and not rest and not left:
            yield d, k


def _divisors(number: int) -> Iterator[int]:
    for low in range(1, isqrt(number) + 1):
        if number % low == 0:
            yield low
            if low * low != number:
                yield number // low


def _nearest(asked: FilterRequest) -> tuple[FilterSetting, ...]:
    """The most usual setting with the next smaller number of parameters, and the next larger."""
    tried = {
        FilterSetting(f, d, k, k * (f * f * d + asked.bias))
        for f in asked.f or FILTERS
        for d, k in _near(asked, f)
    }
    below = [setting for setting in tried if setting.params < asked.params]
    above = [setting for setting in tried if setting.params > asked.params]
    return tuple(
        min(some, key=lambda one: (abs(one.params - asked.params), _unusualness(one)))
        for some in (below, above)
        if some
    )


def _near(asked: FilterRequest, f: int) -> Iterator[tuple[int, int]]:
    """Pairs around the wanted number: those given, or two for the letter that is not."""
    for d in asked.d or ():
        k = asked.params // (f * f * d + asked.bias)
        yield from ((d, number) for number in asked.k or _two(k))
    if asked.d is None:
        for k in asked.k or ():
            yield from ((d, k) for d in _two((asked.params // k - asked.bias) // (f * f)))


def _two(number: int) -> Iterable[int]:
    return range(max(1, number), max(1, number) + 2)


def _unusualness(setting: FilterSetting) -> tuple[int, ...]:
    """A sort key by which usual settings come first; the module docstring has the order."""
    depth = 0 if setting.d in PICTURES else _oddness(setting.d)
    usual = setting.f in ODD_FIRST
    size = ODD_FIRST.index(setting.f) if usual else setting.f
    return setting.k > USUAL, not usual, depth + _oddness(setting.k), size, setting.k


def _oddness(number: int) -> int:
    """How many halvings a number lacks to one that networks usually have."""
    return HALVINGS - min(HALVINGS, (number & -number).bit_length() - 1)
