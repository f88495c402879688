"""Reshape: the same numbers, in the same order, under another shape.

The size is written like every shape, channels last (`reshape 4x4x512`); the numbers are read
channels first, as by PyTorch's view(512, 4, 4). One number alone makes a vector.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, final

from cnncalc.errors import UnplacedError, counted
from cnncalc.layers import _explain
from cnncalc.layers._base import Layer, Step, neurons, see_all
from cnncalc.layers._explain import axis_steps
from cnncalc.layers._fields import PerAxis
from cnncalc.shapes import AXES, Shape
from cnncalc.tensor import Tensor

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cnncalc.tensor import Scalar
    from cnncalc.window import Reach


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Reshape(Layer):
    """Input of any shape, output (C, *spatial) for a `size` of (*spatial, C).

    >>> Reshape(size=(4, 4, 512)).output_shape(Shape(8192))
    Shape(channels=512, spatial=(4, 4))
    """

    size: PerAxis

    example: ClassVar[str | None] = "reshape 7x7x128"
    positional: ClassVar[tuple[str, ...]] = ("size",)
    sized: ClassVar[str | None] = "size"
    is_view: ClassVar[bool] = True

    def output_shape(self, *inputs: Shape) -> Shape:
        """The shape asked for. Raises UnplacedError where it holds more or fewer numbers."""
        (shape,) = inputs
        *spatial, channels = self.size
        if len(spatial) not in AXES:
            raise UnplacedError(
                "reshape",
                f"a shape has at most three axes and the channels, not {len(self.size)} sizes",
                field="size",
                help="write length x channels, height x width x channels, or one axis more",
            )
        out = Shape(channels, tuple(spatial))
        if out.size != shape.size:
            raise UnplacedError(
                "reshape",
                f"{out} holds {counted(out.size, 'number')}, "
                f"but the input {shape} holds {shape.size}",
                field="size",
                help="sizes are written channels last, and their product must stay the same",
            )
        return out

    def reach(self, *inputs: Shape) -> tuple[tuple[Reach, ...], ...]:
        """The whole input, as positions change their meaning."""
        return (see_all(inputs[0]),)

    def forward(
        self, inputs: Sequence[Tensor], parameters: Mapping[str, Sequence[Scalar]]
    ) -> Tensor:
        """The same numbers in the same order."""
        (x,) = inputs
        return Tensor(self.output_shape(x.shape), x.values)

    def explain(self, *inputs: Shape) -> list[Step]:
        """Output per axis, channels, neurons."""
        out = self.output_shape(*inputs)
        return [
            *axis_steps(out, [("size", f"{size}") for size in out.spatial]),
            _explain.channels("size", f"{out.channels}", out.channels),
            neurons(out, "D'"),
        ]
