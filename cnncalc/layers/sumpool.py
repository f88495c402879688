"""Sum pooling: the sum of each window, map by map; padding adds nothing.

Output per axis floor((W - F + 2P)/S) + 1, or the ceiling with `ceil`; S = F unless given.
Source: LeCun et al. 1998, section II.B, whose subsampling layers add four inputs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, final

from cnncalc.layers._base import Family, Names, Part, Words
from cnncalc.layers._fields import CEIL, CEIL_NAMES, POOL_NAMES, Padding, PerAxis, Switch
from cnncalc.layers._math import pooled, total
from cnncalc.layers._windowed import Windowed
from cnncalc.tensor import Tensor

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cnncalc.layers._neuron import NeuronReading, NeuronView
    from cnncalc.shapes import Shape
    from cnncalc.tensor import Scalar


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class SumPool(Windowed):
    """Sum pooling over one, two or three axes. Input (D, *spatial), output (D, *spatial').

    >>> from cnncalc.shapes import Shape
    >>> SumPool(kernel=(2,)).forward([Tensor(Shape(1, (4,)), [1.0, 2.0, 3.0, 4.0])], {}).values
    [3.0, 7.0]
    """

    kernel: PerAxis
    stride: PerAxis | None = None
    padding: Padding = ((0, 0),)
    ceil: Switch = False

    positional: ClassVar[tuple[str, ...]] = ("kernel",)
    other_names: ClassVar[Names] = {**Windowed.other_names, **POOL_NAMES, **CEIL_NAMES}
    words: ClassVar[Words] = {**Windowed.words, **CEIL}
    pads_half_at_most: ClassVar[bool] = True
    family: ClassVar[Family] = "pool"

    def forward(
        self, inputs: Sequence[Tensor], parameters: Mapping[str, Sequence[Scalar]]
    ) -> Tensor:
        """At each position: the sum of the window."""
        (x,) = inputs
        return pooled(x, self.output_shape(x.shape), self.taps(x.shape), total)

    def expressed(self, *inputs: Shape) -> tuple[Part, ...]:
        """An average that is divided by 1."""
        names = ("kernel", "stride", "padding", "ceil")
        window = {name: getattr(self, name) for name in names}
        return (Part("avgpool", fields={**window, "divisor_override": 1}),)

    def trace(self, neuron: NeuronView) -> NeuronReading:
        """The sum of the window."""
        terms = neuron.unweighted(self.taps_at(neuron.position, neuron.shape))
        return neuron.reading("sum", terms, self.kernel_of(neuron.shape))
