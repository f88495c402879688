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
        out = self.layer.output_shape(x.shape)
        size = Size(x.shape.channels, out.channels, slide_of(self.layer, x.shape))
        made = self._resident(x, size, parameters) if self._is_worth(x, size) else None
        if made is None:
            return Convolution.__call__(self, inputs, parameters)
        return Tensor(out, made)

    def _is_worth(self, x: Tensor, size: Size) -> bool:
        """Whether packed maps are quicker than the best other way, by that many processes."""
        there = packed_as(x)
        layout = there.layout if there else layout_of(x.shape)
        own = resident(size, layout.lanes, packed=there is not None)
        return own < expected(best(size).nanoseconds, self.jobs)

    def _resident(self, x: Tensor, size: Size, parameters: Mapping[str, Numbers]) -> Planes | None:
        packed = pack(x)
        if packed is None:
            return None
        mixer, weights = Mixer(packed), parameters["weight"]
        biases = parameters.get("bias", [0.0] * size.filters)
        wide = size.channels
        rows = (numbers(weights, at * wide, wide) for at in range(size.filters))
        made = (mixer.mix(row, bias) for row, bias in zip(rows, biases, strict=True))
        return kept(packed.layout, made)
