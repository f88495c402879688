"""Leaky ReLU: x above 0, slope·x below. Source: Maas, Hannun, Ng 2013."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, final

from cnncalc.layers._fields import Real
from cnncalc.layers._kinds import Pointwise

if TYPE_CHECKING:
    from cnncalc.tensor import Scalar


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Leaky(Pointwise):
    """A ReLU that lets a little through below 0; PyTorch's default slope is 0.01.

    >>> [Leaky(slope=0.25).apply(x) for x in (-2.0, 3.0)]
    [-0.5, 3.0]
    """

    slope: Real = 0.01

    positional: ClassVar[tuple[str, ...]] = ("slope",)

    def apply(self, x: Scalar) -> Scalar:
        """x, or slope·x below 0."""
        return x if x > 0 else self.slope * x
