"""Max pooling: the largest number of each window, map by map; padding never wins.

Output per axis floor((W - F + 2P)/S) + 1, or the ceiling with `ceil`; S = F unless given.
Sources: the cs231n notes on convolutional networks; PyTorch's MaxPool2d for padding, which
may not exceed half the window, and for the ceiling rule.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, ClassVar, final

from cnncalc.layers._base import Family, Names, Words
from cnncalc.layers._fields import CEIL, CEIL_NAMES, POOL_NAMES, Padding, PerAxis, Switch
from cnncalc.layers._math import maximum, pooled
from cnncalc.layers._windowed import Windowed
from cnncalc.tensor import Tensor

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cnncalc.layers._neuron import NeuronReading, NeuronView
    from cnncalc.tensor import Scalar


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class MaxPool(Windowed):
    """Max pooling over one, two or three axes. Input (D, *spatial), output (D, *spatial').

    >>> from cnncalc.shapes import Shape
    >>> MaxPool(kernel=(3,), stride=(2,)).output_shape(Shape(96, (55, 55)))
    Shape(channels=96, spatial=(27, 27))
    """

    kernel: PerAxis
    stride: PerAxis | None = None
    padding: Padding = ((0, 0),)
    dilation: PerAxis = (1,)
    ceil: Switch = False

    positional: ClassVar[tuple[str, ...]] = ("kernel",)
    letters: ClassVar[Names] = {**Windowed.letters, "d": "dilation"}
    other_names: ClassVar[Names] = {**Windowed.other_names, **POOL_NAMES, **CEIL_NAMES}
    words: ClassVar[Words] = {**Windowed.words, **CEIL}
    pads_half_at_most: ClassVar[bool] = True
    family: ClassVar[Family] = "pool"

    def forward(
        self, inputs: Sequence[Tensor], parameters: Mapping[str, Sequence[Scalar]]
    ) -> Tensor:
        """At each position: the largest number in the window; minus infinity in none."""
        (x,) = inputs
        out, windows = self.output_shape(x.shape), self.taps(x.shape)
        return pooled(x, out, windows, lambda seen: maximum(seen or [-inf]))

    def trace(self, neuron: NeuronView) -> NeuronReading:
        """The largest number in the window."""
        terms = neuron.unweighted(self.taps_at(neuron.position, neuron.shape))
        return neuron.reading("max", terms, self.kernel_of(neuron.shape))
