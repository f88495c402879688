"""Hard tanh: x held between `low` and `high`. Source: Collobert 2004 (thesis)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, final

from cnncalc.errors import UnplacedError
from cnncalc.layers._base import Work
from cnncalc.layers._fields import Real
from cnncalc.layers._kinds import Pointwise
from cnncalc.layers._math import clamp

if TYPE_CHECKING:
    from cnncalc.shapes import Shape
    from cnncalc.tensor import Scalar


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Hardtanh(Pointwise):
    """A tanh made of three straight lines; `low` must lie below `high`.

    >>> [Hardtanh().apply(x) for x in (-2.0, 0.5, 7.0)]
    [-1.0, 0.5, 1.0]
    """

    low: Real = -1.0
    high: Real = 1.0

    work: ClassVar[Work] = "none"

    def output_shape(self, *inputs: Shape) -> Shape:
        """The shape that came in. Raises UnplacedError where low is not below high."""
        if self.low < self.high:
            return inputs[0]
        raise UnplacedError(
            "empty-range", f"low={self.low} must be less than high={self.high}", field="low"
        )

    def apply(self, x: Scalar) -> Scalar:
        """x, held between low and high."""
        return clamp(x, self.low, self.high)
