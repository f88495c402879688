"""Depthwise convolution on packed maps, and what becomes of it where they do not serve."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.inference.kernels.convolution import Convolution, Part, grouped
from cnncalc.inference.kernels.grids import slide_of
from cnncalc.inference.kernels.groups import numbers
from cnncalc.inference.kernels.planes import kept, pack
from cnncalc.inference.kernels.resident import Slider, slides
from cnncalc.shapes import Shape
from cnncalc.tensor import Tensor

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from cnncalc.inference.kernels.lanewise import Outcome
    from cnncalc.inference.kernels.planes import Planes

    Numbers = Sequence[float]


class Depthwise(Convolution):
    """A depthwise convolution, or a convolution with as many groups as maps."""

    __slots__ = ()

    def __call__(self, inputs: Sequence[Tensor], parameters: Mapping[str, Numbers]) -> Tensor:
        """The layer's output, as near to the room's as a convolution's."""
        (x,) = inputs
        made = self._resident(x, parameters)
        if made is None:
            return Convolution.__call__(self, inputs, parameters)
        return Tensor(self.layer.output_shape(x.shape), made)

    def parts(self, channels: int, taps: int) -> tuple[Part, ...]:
        """Every map with its own filters."""
        return grouped(channels, self._filters(channels), channels, taps)

    def _filters(self, channels: int) -> int:
        out: int = self.layer.channels_out(Shape(channels))
        return out

    def _resident(self, x: Tensor, parameters: Mapping[str, Numbers]) -> Planes | None:
        """The output from packed maps; None where windows or numbers do not allow it."""
        slide = slide_of(self.layer, x.shape)
        packed = pack(x) if slides(slide) else None
        if packed is None:
            return None
        slider = Slider(slide, packed.layout)
        return kept(slider.layout, self._outcomes(slider, packed, parameters))

    def _outcomes(
        self, slider: Slider, x: Planes, parameters: Mapping[str, Numbers]
    ) -> Iterator[Outcome | None]:
        filters = self._filters(len(x.planes))
        taps = len(parameters["weight"]) // filters
        biases = parameters.get("bias", [0.0] * filters)
        for index in range(filters):
            row = numbers(parameters["weight"], index * taps, taps)
            plane = x.planes[index * len(x.planes) // filters]
            yield slider.slide(plane, row, biases[index], x.off)
