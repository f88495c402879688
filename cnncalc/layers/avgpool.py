"""Average pooling: the mean of each window, map by map.

Output per axis floor((W - F + 2P)/S) + 1, or the ceiling with `ceil`; S = F unless given.
The padding's zeros count among the numbers averaged unless `count_include_pad` is false
(PyTorch counts them, TensorFlow does not); what a window has beyond the padding never does.
Sources: the cs231n notes on convolutional networks; PyTorch's AvgPool2d for the border.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from math import prod
from typing import TYPE_CHECKING, ClassVar, final

from cnncalc.layers._base import Family, Names, Words
from cnncalc.layers._fields import CEIL, CEIL_NAMES, POOL_NAMES, Count, Padding, PerAxis, Switch
from cnncalc.layers._math import pooled, total
from cnncalc.layers._windowed import Windowed
from cnncalc.shapes import Shape
from cnncalc.tensor import Tensor

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cnncalc.layers._neuron import NeuronReading, NeuronView
    from cnncalc.tensor import Scalar
    from cnncalc.window import Window


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class AvgPool(Windowed):
    """Average pooling over one, two or three axes. Input (D, *spatial), output (D, *spatial').

    `divisor_override` divides every sum by that number instead of the window's size.

    >>> AvgPool(kernel=(2,)).output_shape(Shape(6, (28, 28)))
    Shape(channels=6, spatial=(14, 14))
    """

    kernel: PerAxis
    stride: PerAxis | None = None
    padding: Padding = ((0, 0),)
    ceil: Switch = False
    count_include_pad: Switch = True
    divisor_override: Count | None = None

    positional: ClassVar[tuple[str, ...]] = ("kernel",)
    other_names: ClassVar[Names] = {**Windowed.other_names, **POOL_NAMES, **CEIL_NAMES}
    words: ClassVar[Words] = {**Windowed.words, **CEIL}
    pads_half_at_most: ClassVar[bool] = True
    family: ClassVar[Family] = "pool"

    def forward(
        self, inputs: Sequence[Tensor], parameters: Mapping[str, Sequence[Scalar]]
    ) -> Tensor:
        """At each position: the sum of the window over how many numbers it counts."""
        (x,) = inputs
        windows = self.taps(x.shape)
        sums = pooled(x, self.output_shape(x.shape), windows, total)
        inside = [sum(tap is not None for tap in taps) for taps in windows]
        divisors = self.divisors(x.shape, inside) * x.shape.channels
        return Tensor(sums.shape, [s / d for s, d in zip(sums.values, divisors, strict=True)])

    def divisors(self, shape: Shape, inside: list[int]) -> list[int]:
        """Per position, what its sum is divided by; `inside` counts the taps on the input."""
        if self.divisor_override is not None:
            return [self.divisor_override] * len(inside)
        if not self.count_include_pad:
            return inside
        axes = zip(self.windows(shape), shape.spatial, strict=True)
        return [prod(taps) for taps in product(*(_padded_taps(*axis) for axis in axes))]

    def trace(self, neuron: NeuronView) -> NeuronReading:
        """The sum of the window over how many numbers it counts."""
        shape = neuron.shape
        taps = self.taps_at(neuron.position, shape)
        divisor = self.divisor_override or sum(tap is not None for tap in taps)
        if self.divisor_override is None and self.count_include_pad:
            axes = zip(self.windows(shape), shape.spatial, neuron.position, strict=True)
            divisor = prod(_padded_taps(window, size)[at] for window, size, at in axes)
        terms = neuron.unweighted(taps)
        return neuron.reading("mean", terms, self.kernel_of(shape), divisor=divisor)


def _padded_taps(window: Window, size: int) -> list[int]:
    """Per position on one axis, how many taps lie on the input or its padding."""
    edge = size + window.begin + window.end
    starts = range(0, window.count(size) * window.stride, window.stride)
    return [min(window.kernel, edge - start) for start in starts]
