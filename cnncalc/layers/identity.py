"""Identity: what comes in goes out; the empty branch of a merge."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, final

from cnncalc.layers._base import Layer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cnncalc.shapes import Shape
    from cnncalc.tensor import Scalar, Tensor


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Identity(Layer):
    """Shape in is shape out, number for number.

    >>> from cnncalc.shapes import Shape
    >>> Identity().output_shape(Shape(64, (56, 56)))
    Shape(channels=64, spatial=(56, 56))
    """

    is_view: ClassVar[bool] = True

    def output_shape(self, *inputs: Shape) -> Shape:
        """The shape that came in."""
        return inputs[0]

    def forward(
        self, inputs: Sequence[Tensor], parameters: Mapping[str, Sequence[Scalar]]
    ) -> Tensor:
        """The input, unchanged."""
        return inputs[0]
