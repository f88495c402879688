"""Convolution by 1x1 on packed maps, where that is quicker than the ways of any convolution."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.inference.kernels.convolution import Convolution
from cnncalc.inference.kernels.grids import slide_of
from cnncalc.inference.kernels.groups import numbers
from cnncalc.inference.kernels.planes import kept, layout_of, pack, packed_as
from cnncalc.inference.kernels.plans import Size, best, resident
from cnncalc.inference.kernels.resident import Mixer
from cnncalc.inference.kernels.workers import expected
from cnncalc.tensor import Tensor

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cnncalc.inference.kernels.planes import Planes

    Numbers = Sequence[float]


class Pixelwise(Convolution):
    """A convolution by 1x1 with a stride of 1 and neither groups nor padding."""

    __slots__ = ()

    def __call__(self, inputs: Sequence[Tensor], parameters: Mapping[str, Numbers]) -> Tensor:
        """The layer's output, as near to the room's as a convolution's."""
        (x,) = inputs
        packed = self.entering(x)
        made = None if packed is None else self._mixed(packed, parameters)
        if made is None:
            return Convolution.__call__(self, inputs, parameters)
        return Tensor(self.layer.output_shape(x.shape), made)

    @property
    def size(self) -> Size:
        """The channels in, the filters, and the slide of a window of one place."""
        (shape,) = self.shapes
        return Size(shape.channels, self.layer.filters, slide_of(self.layer, shape))

    def entering(self, x: Tensor) -> Planes | None:
        """The input, packed; None where that cannot be, or where another way is quicker."""
        there = packed_as(x)
        lanes = (there.layout if there else layout_of(x.shape)).lanes
        own = resident(self.size, lanes, packed=there is not None)
        return pack(x) if own < expected(best(self.size).nanoseconds, self.jobs) else None

    def _mixed(self, x: Planes, parameters: Mapping[str, Numbers]) -> Planes | None:
        mixer, weights, size = Mixer(x), parameters["weight"], self.size
        biases = parameters.get("bias", [0.0] * size.filters)
        wide = size.channels
        rows = (numbers(weights, at * wide, wide) for at in range(size.filters))
        made = (mixer.mix(row, bias) for row, bias in zip(rows, biases, strict=True))
        return kept(x.layout, made)
