"""Rectified linear unit: max(0, x). Source: Nair & Hinton 2010."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, final

from cnncalc.layers._base import Work
from cnncalc.layers._kinds import Pointwise
from cnncalc.layers._math import maximum

if TYPE_CHECKING:
    from cnncalc.tensor import Scalar


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Relu(Pointwise):
    """Negative numbers become 0; it compares and never multiplies.

    >>> [Relu().apply(x) for x in (-2.0, 3.0)]
    [0.0, 3.0]
    """

    work: ClassVar[Work] = "none"

    def apply(self, x: Scalar) -> Scalar:
        """max(0, x); NaN stays NaN."""
        return maximum([0.0, x])
