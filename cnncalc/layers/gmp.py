"""Global max pooling: each map becomes the largest of its numbers.

Source: Oquab et al. 2015, "Is object localization for free?", section 3.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, final

from cnncalc.layers._base import Layer, Step, see_all
from cnncalc.layers._math import maximum
from cnncalc.layers._pooling import one_per_map, one_per_map_steps, pooled_whole
from cnncalc.shapes import Shape
from cnncalc.tensor import Tensor

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cnncalc.tensor import Scalar
    from cnncalc.window import Reach


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Gmp(Layer):
    """Global max pooling. Input (D, *spatial), output (D, 1, ..., 1).

    >>> Gmp().output_shape(Shape(512, (14, 14)))
    Shape(channels=512, spatial=(1, 1))
    """

    def output_shape(self, *inputs: Shape) -> Shape:
        """One number per map; the rank is kept."""
        return one_per_map(*inputs)

    def connections(self, *inputs: Shape) -> int:
        """Every input number feeds one neuron."""
        return inputs[0].size

    def reach(self, *inputs: Shape) -> tuple[tuple[Reach, ...], ...]:
        """The whole map."""
        return (see_all(inputs[0]),)

    def forward(
        self, inputs: Sequence[Tensor], parameters: Mapping[str, Sequence[Scalar]]
    ) -> Tensor:
        """The largest number of each map."""
        return pooled_whole(inputs[0], maximum)

    def explain(self, *inputs: Shape) -> list[Step]:
        """Output per axis, neurons, connections."""
        return one_per_map_steps(*inputs)
