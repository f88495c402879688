"""Groups: channels parted evenly, as convolutions, group norms and shuffles want them."""

from __future__ import annotations

from math import gcd, isqrt

from cnncalc.errors import UnplacedError

# Divisors are found by trying all numbers up to the square root: of this in a millisecond.
LARGEST_DIVIDED = 10**8


def require_groups(groups: int, channels: int, filters: int | None = None) -> None:
    """Raise UnplacedError where groups does not divide the input channels, or the filters if any.

    >>> require_groups(2, 6, 16)
    >>> require_groups(4, 6, 16)
    Traceback (most recent call last):
        ...
    cnncalc.errors.UnplacedError: groups=4 does not divide the 6 input channels
    """
    if channels % groups:
        raise _bad_groups(groups, f"{channels} input channels", channels, filters)
    if filters is not None and filters % groups:
        raise _bad_groups(groups, f"{filters} filters", channels, filters)


def _bad_groups(groups: int, undivided: str, channels: int, filters: int | None) -> UnplacedError:
    both = f"{channels}" if filters is None else f"{channels} input channels and {filters} filters"
    common = gcd(channels, filters or 0)
    choices = f": {_divisors(common)}" if common <= LARGEST_DIVIDED else ""
    return UnplacedError(
        "groups",
        f"groups={groups} does not divide the {undivided}",
        field="groups",
        help=f"groups must divide {both}{choices}",
    )


def _divisors(number: int) -> str:
    """All divisors in words, smallest first.

    >>> _divisors(12)
    '1, 2, 3, 4, 6 or 12'
    """
    low = [n for n in range(1, isqrt(number) + 1) if number % n == 0]
    *others, last = map(str, sorted({*low, *(number // n for n in low)}))
    return f"{', '.join(others)} or {last}" if others else last
