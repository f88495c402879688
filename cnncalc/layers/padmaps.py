"""Empty maps: channels of zeros are put before and behind the ones that come in.

Output (begin + D + end, *spatial). Source: He et al. 2015 (arXiv 1512.03385), section 3.3,
whose option A widens a shortcut this way, without parameters.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, final

from cnncalc.layers import _explain
from cnncalc.layers._base import Layer, Step, neurons
from cnncalc.layers._fields import Natural
from cnncalc.shapes import Shape
from cnncalc.tensor import Tensor

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cnncalc.tensor import Scalar


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class PadMaps(Layer):
    """Maps of zeros behind the input's (`padmaps 16`), and before them (`padmaps begin=8 end=8`).

    Input (D, *spatial), output (begin + D + end, *spatial).

    >>> PadMaps(end=16).output_shape(Shape(16, (32, 32)))
    Shape(channels=32, spatial=(32, 32))
    """

    end: Natural = 0
    begin: Natural = 0

    example: ClassVar[str | None] = "padmaps 8"
    positional: ClassVar[tuple[str, ...]] = ("end",)

    def output_shape(self, *inputs: Shape) -> Shape:
        """The maps that come in and the empty ones."""
        (shape,) = inputs
        return Shape(self.begin + shape.channels + self.end, shape.spatial)

    def forward(
        self, inputs: Sequence[Tensor], parameters: Mapping[str, Sequence[Scalar]]
    ) -> Tensor:
        """Zeros, the input, zeros."""
        (x,) = inputs
        places = x.shape.size // x.shape.channels
        before, behind = [0.0] * (self.begin * places), [0.0] * (self.end * places)
        return Tensor(self.output_shape(x.shape), [*before, *x.values, *behind])

    def explain(self, *inputs: Shape) -> list[Step]:
        """Channels and neurons."""
        (shape,) = inputs
        out = self.output_shape(shape)
        numbers = f"{self.begin} + {shape.channels} + {self.end}"
        return [
            _explain.channels("begin + D + end", numbers, out.channels),
            neurons(out, "D'"),
        ]
