"""Holding a number between two others, for the activations made of straight lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.layers._math import maximum

if TYPE_CHECKING:
    from cnncalc.tensor import Scalar


def clamp(x: Scalar, low: float, high: float) -> Scalar:
    """The number between low and high that is nearest to x; NaN stays NaN.

    >>> [clamp(x, 0.0, 6.0) for x in (-1.0, 2.5, 7.0)]
    [0.0, 2.5, 6.0]
    """
    return -maximum([-high, -maximum([low, x])])
