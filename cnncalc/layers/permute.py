"""Permutation: the axes in another order, as by PyTorch's permute.

Axes are counted channels first, behind the batch: of a map 0 are the channels, 1 the rows, 2 the
columns. `permute 1x2x0` makes the rows the channels and the channels the last axis.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, ClassVar, final

from cnncalc.errors import UnplacedError
from cnncalc.layers import _explain
from cnncalc.layers._base import Layer, Step, neurons, see_all
from cnncalc.layers._explain import axis_steps
from cnncalc.layers._fields import NaturalPerAxis
from cnncalc.shapes import Shape
from cnncalc.tensor import Tensor

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cnncalc.tensor import Scalar
    from cnncalc.window import Reach


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Permute(Layer):
    """Axis `order[k]` of the input is axis k of the output.

    >>> Permute(order=(1, 2, 0)).output_shape(Shape(3, (480, 640)))
    Shape(channels=480, spatial=(640, 3))
    """

    order: NaturalPerAxis

    example: ClassVar[str | None] = "permute 1x2x0"
    positional: ClassVar[tuple[str, ...]] = ("order",)
    other_names: ClassVar[Mapping[str, str]] = {"dims": "order"}

    def output_shape(self, *inputs: Shape) -> Shape:
        """The sizes in the new order. Raises UnplacedError unless each axis is named once."""
        sizes = (inputs[0].channels, *inputs[0].spatial)
        if sorted(self.order) != list(range(len(sizes))):
            example = "x".join(map(str, (*range(1, len(sizes)), 0)))
            raise UnplacedError(
                "permute",
                f"the order {'x'.join(map(str, self.order))} does not name each of "
                f"{len(sizes)} axes once",
                field="order",
                help=f"axes are counted from 0, the channels: permute {example}",
            )
        channels, *spatial = (sizes[axis] for axis in self.order)
        return Shape(channels, tuple(spatial))

    def reach(self, *inputs: Shape) -> tuple[tuple[Reach, ...], ...]:
        """The whole input, as positions change their meaning."""
        return (see_all(inputs[0]),)

    def reads(
        self, neuron: tuple[int, ...], *inputs: Shape
    ) -> tuple[tuple[Sequence[int], ...], ...]:
        """The one place that the neuron comes from."""
        return (tuple((neuron[self.order.index(axis)],) for axis in range(len(self.order))),)

    def forward(
        self, inputs: Sequence[Tensor], parameters: Mapping[str, Sequence[Scalar]]
    ) -> Tensor:
        """The same numbers, read along the axes in the new order."""
        (x,) = inputs
        sizes = (x.shape.channels, *x.shape.spatial)
        steps = [1]
        for size in reversed(sizes[1:]):
            steps.insert(0, steps[0] * size)
        out = self.output_shape(x.shape)
        turned = [steps[axis] for axis in self.order]
        places = product(range(out.channels), *map(range, out.spatial))
        values = [
            x.values[sum(at * step for at, step in zip(place, turned, strict=True))]
            for place in places
        ]
        return Tensor(out, values)

    def explain(self, *inputs: Shape) -> list[Step]:
        """Output per axis, channels, neurons."""
        out = self.output_shape(*inputs)
        return [
            *axis_steps(out, [("size", f"{size}") for size in out.spatial]),
            _explain.channels("size", f"{out.channels}", out.channels),
            neurons(out, "D'"),
        ]
