"""Slice: the maps from `start` up to, not including, `stop`.

Source: Ma et al. 2018 (arXiv 1807.11164), whose units begin by splitting the channels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, final

from cnncalc.errors import UnplacedError
from cnncalc.layers import _explain
from cnncalc.layers._base import Layer, Step, neurons
from cnncalc.layers._fields import Count, Natural
from cnncalc.shapes import Shape
from cnncalc.tensor import Tensor

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cnncalc.tensor import Scalar


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Slice(Layer):
    """Some of the channels, counted from 0. Input (D, *spatial), output (stop - start, *spatial).

    >>> Slice(start=0, stop=58).output_shape(Shape(116, (28, 28)))
    Shape(channels=58, spatial=(28, 28))
    """

    start: Natural
    stop: Count

    positional: ClassVar[tuple[str, ...]] = ("start", "stop")

    def output_shape(self, *inputs: Shape) -> Shape:
        """The channels asked for. Raises UnplacedError where there are none, or too few."""
        (shape,) = inputs
        if self.start >= self.stop:
            raise UnplacedError(
                "slice",
                f"channels {self.start} to {self.stop} are none: stop must be above start",
                field="stop",
                help="slice 0 32 takes the first 32 channels",
            )
        if self.stop > shape.channels:
            raise UnplacedError(
                "slice",
                f"the slice ends at channel {self.stop}, but the input has {shape.channels}",
                field="stop",
                help=f"use a stop of at most {shape.channels}",
            )
        return Shape(self.stop - self.start, shape.spatial)

    def forward(
        self, inputs: Sequence[Tensor], parameters: Mapping[str, Sequence[Scalar]]
    ) -> Tensor:
        """The maps from start to stop."""
        (x,) = inputs
        out = self.output_shape(x.shape)
        maps = range(self.start, self.stop)
        return Tensor(out, [value for channel in maps for value in x.plane(channel)])

    def explain(self, *inputs: Shape) -> list[Step]:
        """Channels and neurons."""
        out = self.output_shape(*inputs)
        numbers = f"{self.stop} - {self.start}"
        return [
            _explain.channels("stop - start", numbers, out.channels),
            neurons(out, "D'"),
        ]
