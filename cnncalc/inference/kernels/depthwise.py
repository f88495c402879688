"""Depthwise convolution on packed maps, and what becomes of it where they do not serve."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.inference.kernels.convolution import Convolution, Part, grouped
from cnncalc.inference.kernels.cost_model import Size, best, filtering
from cnncalc.inference.kernels.groups import numbers
from cnncalc.inference.kernels.packed_conv import filtered
from cnncalc.inference.kernels.packed_map import kept, pack
from cnncalc.inference.kernels.packed_window import Slider, slides
from cnncalc.inference.kernels.tiling import slide_of
from cnncalc.shapes import Shape

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from cnncalc.inference.kernels.lane_ops import Outcome
    from cnncalc.inference.kernels.packed_map import Planes
    from cnncalc.tensor import Tensor

    Numbers = Sequence[float]


class Depthwise(Convolution):
    """A depthwise convolution, or a convolution with as many groups as maps."""

    __slots__ = ()

    def parts(self, channels: int, taps: int) -> tuple[Part, ...]:
        """Every map with its own filters."""
        return grouped(channels, self._filters(channels), channels, taps)

    def _filters(self, channels: int) -> int:
        out: int = self.layer.channels_out(Shape(channels))
        return out

    def entering(self, x: Tensor) -> Planes | None:
        """The input, packed; None where windows or numbers do not allow it."""
        return pack(x) if slides(slide_of(self.layer, x.shape)) else None

    @property
    def nanoseconds(self) -> float:
        """What the cost model expects the layer to take."""
        (shape,) = self.shapes
        slide = slide_of(self.layer, shape)
        size = Size(1, self._filters(shape.channels), slide)
        if slides(slide):
            return filtering(size)
        return size.filters * best(size._replace(filters=1)).nanoseconds

    def resident(self, x: Planes, parameters: Mapping[str, Numbers]) -> Planes | None:
        """Each map by its own filters."""
        slider = Slider(slide_of(self.layer, self.shapes[0]), x.layout)
        return kept(slider.layout, self._outcomes(slider, x, parameters))

    def _outcomes(
        self, slider: Slider, x: Planes, parameters: Mapping[str, Numbers]
    ) -> Iterator[Outcome | None]:
        filters = self._filters(len(x.planes))
        taps = len(parameters["weight"]) // filters
        biases = parameters.get("bias", [0.0] * filters)
        for index in range(filters):
            row = numbers(parameters["weight"], index * taps, taps)
            plane = x.planes[index * len(x.planes) // filters]
            yield filtered(slider, plane, row, biases[index], x.off)
