"""Blur: each map under a fixed binomial filter, usually with stride 2, against aliasing.

The filter is the outer product of rows of Pascal's triangle over their sum: 3x3 is
(1 2 1)·(1 2 1)/16. Output per axis ⌊(W - F + 2P)/S⌋ + 1. Nothing is learned; the F·F numbers of
the filter are a buffer, and its multiplications are counted.
Source: Zhang 2019 (arXiv 1904.11486).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from math import comb, prod
from typing import TYPE_CHECKING, ClassVar, final

from cnncalc.layers._base import Family, Names, Parameter, Step, Work, dotted
from cnncalc.layers._explain import same_macs
from cnncalc.layers._fields import Padding, PaddingMode, PerAxis
from cnncalc.layers._math import add_weighted
from cnncalc.layers._windowed import Windowed, values_at
from cnncalc.tensor import Tensor

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cnncalc.shapes import Shape
    from cnncalc.tensor import Scalar


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Blur(Windowed):
    """A binomial filter, 3x3 with stride 2 on a reflected border unless told otherwise.

    >>> from cnncalc.shapes import Shape
    >>> Blur().output_shape(Shape(64, (112, 112))), Blur().macs(Shape(64, (112, 112)))
    (Shape(channels=64, spatial=(56, 56)), 1806336)
    """

    kernel: PerAxis = (3,)
    stride: PerAxis = (2,)
    padding: Padding = "half"
    padding_mode: PaddingMode = "reflect"

    other_names: ClassVar[Names] = {**Windowed.other_names, "filt_size": "kernel"}
    work: ClassVar[Work] = "counted"
    family: ClassVar[Family] = "conv"

    def parameters(self, *inputs: Shape) -> tuple[Parameter, ...]:
        """filter (*F), the same for every map; a buffer."""
        kernel = tuple(window.kernel for window in self.windows(inputs[0]))
        return (Parameter("filter", kernel, "statistic"),)

    def initial_value(self, parameter: Parameter) -> Sequence[float] | None:
        """The binomial numbers over their sum."""
        rows = [[comb(size - 1, place) for place in range(size)] for size in parameter.dims]
        whole = prod(map(sum, rows))
        return [prod(numbers) / whole for numbers in product(*rows)]

    def macs(self, *inputs: Shape) -> int:
        """Every number of the filter works once at every output position of every map."""
        return self.connections(*inputs)

    def forward(
        self, inputs: Sequence[Tensor], parameters: Mapping[str, Sequence[Scalar]]
    ) -> Tensor:
        """Map by map, the weighted sum of what the filter covers."""
        (x,) = inputs
        taps = self.taps(x.shape, self.padding_mode)
        planes = [x.plane(channel) for channel in range(x.shape.channels)]
        values = [
            add_weighted(0.0, values_at(places, plane), parameters["filter"])
            for plane in planes
            for places in taps
        ]
        return Tensor(self.output_shape(x.shape), values)

    def explain(self, *inputs: Shape) -> list[Step]:
        """Output per axis, neurons, connections, the filter as a buffer, MACs."""
        (shape,) = inputs
        kernel = [window.kernel for window in self.windows(shape)]
        formula = "·".join("F" for _ in kernel)
        filter_ = Step("buffers", "fixed filter", formula, dotted(*kernel), prod(kernel))
        return [*Windowed.explain(self, shape), filter_, same_macs(self.links_step(shape))]
