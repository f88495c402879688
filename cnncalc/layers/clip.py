"""Clip: x held above `low`, below `high`, or between both. Source: NumPy's `clip`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, final

from cnncalc.errors import UnplacedError
from cnncalc.layers._base import Names, Work
from cnncalc.layers._fields import Real
from cnncalc.layers._kinds import Pointwise
from cnncalc.layers._math import maximum

if TYPE_CHECKING:
    from cnncalc.shapes import Shape
    from cnncalc.tensor import Scalar


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Clip(Pointwise):
    """The largest of x and `low`, the smallest of that and `high`; one of them may be left out.

    >>> [Clip(low=1e-12).apply(x) for x in (-2.0, 0.5)], Clip(high=3.0).apply(7.0)
    ([1e-12, 0.5], 3.0)
    """

    low: Real | None = None
    high: Real | None = None

    work: ClassVar[Work] = "none"
    example: ClassVar[str | None] = "clip low=0 high=1"
    other_names: ClassVar[Names] = {"min": "low", "max": "high"}

    def output_shape(self, *inputs: Shape) -> Shape:
        """The shape that came in. Raises UnplacedError where nothing, or everything, is cut off."""
        if self.low is None and self.high is None:
            raise UnplacedError(
                "no-bound",
                "clip has neither a low nor a high bound",
                help="write clip low=0 or clip high=6, or clip(low=0) behind another layer",
            )
        if self.low is not None and self.high is not None and self.low >= self.high:
            message = f"low={self.low} must be less than high={self.high}"
            raise UnplacedError("empty-range", message, field="low")
        return inputs[0]

    def apply(self, x: Scalar) -> Scalar:
        """x, held within the bounds."""
        if self.low is not None:
            x = maximum([self.low, x])
        return x if self.high is None else -maximum([-self.high, -x])
