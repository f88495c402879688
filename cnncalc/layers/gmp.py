"""Global max pooling: each map becomes the largest of its numbers.

Source: Oquab et al. 2015, "Is object localization for free?", section 3.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal, final

from cnncalc.layers._kinds import WholeMap
from cnncalc.layers._math import maximum

if TYPE_CHECKING:
    from cnncalc.tensor import Scalar


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Gmp(WholeMap):
    """Global max pooling. Input (D, *spatial), output (D, 1, ..., 1).

    >>> from cnncalc.shapes import Shape
    >>> Gmp().output_shape(Shape(512, (14, 14)))
    Shape(channels=512, spatial=(1, 1))
    """

    rule: ClassVar[Literal["mean", "max"]] = "max"

    def join(self, numbers: list[Scalar]) -> Scalar:
        """The largest of them."""
        return maximum(numbers)
