"""Functions of a scalar that may be a float or a stand-in that counts or remembers.

A stand-in answers by a method of the same name; plain numbers go to `math`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cnncalc.tensor import Scalar

LARGEST_EXPONENT = 709  # e**710 does not fit in a float64


def _call(name: str, x: Scalar) -> Scalar:
    return getattr(math, name)(x) if isinstance(x, (int, float)) else getattr(x, name)()


def exp(x: Scalar) -> Scalar:
    """e to the x; infinite, rather than an error, where a float overflows.

    >>> exp(0.0), exp(1e9)
    (1.0, inf)
    """
    if isinstance(x, (int, float)) and x > LARGEST_EXPONENT:
        return math.inf
    return _call("exp", x)


def log1p(x: Scalar) -> Scalar:
    """The logarithm of 1 + x."""
    return _call("log1p", x)


def sqrt(x: Scalar) -> Scalar:
    """The square root."""
    return _call("sqrt", x)


def tanh(x: Scalar) -> Scalar:
    """The hyperbolic tangent."""
    return _call("tanh", x)


def erf(x: Scalar) -> Scalar:
    """The error function, for the exact GELU."""
    return _call("erf", x)


def total(values: Iterable[Scalar]) -> Scalar:
    """The sum; 0.0 for nothing.

    >>> total([1.0, 3.0, 2.0]), total([])
    (6.0, 0.0)
    """
    return sum(values, 0.0)


def mean(values: Sequence[Scalar]) -> Scalar:
    """The sum over the count.

    >>> mean([1.0, 3.0, 2.0])
    2.0
    """
    return total(values) / len(values)


def maximum(values: Iterable[Scalar]) -> Scalar:
    """The largest; NaN wins, as in the frameworks.

    >>> maximum([1.0, 3.0, 2.0])
    3.0
    """
    best, *rest = values
    for value in rest:
        if isinstance(value, (int, float)) and isinstance(best, (int, float)):
            best = value if value > best or value != value else best  # noqa: PLR0124 - NaN
        else:
            best = value.maximum(best) if hasattr(value, "maximum") else best.maximum(value)
    return best
