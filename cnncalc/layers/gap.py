"""Global average pooling: each map becomes the mean of all its numbers.

Source: Lin, Chen & Yan 2013, "Network in network", section 3.2 (arXiv 1312.4400).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal, final

from cnncalc.layers._kinds import WholeMap
from cnncalc.layers._math import mean

if TYPE_CHECKING:
    from cnncalc.tensor import Scalar


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Gap(WholeMap):
    """Global average pooling. Input (D, *spatial), output (D, 1, ..., 1).

    >>> from cnncalc.shapes import Shape
    >>> Gap().output_shape(Shape(2048, (7, 7)))
    Shape(channels=2048, spatial=(1, 1))
    """

    rule: ClassVar[Literal["mean", "max"]] = "mean"

    def join(self, numbers: list[Scalar]) -> Scalar:
        """Their sum over how many they are."""
        return mean(numbers)
