"""Adaptive pooling: as many windows as outputs are wanted, spread over the input.

Window i of W' on an axis of W runs from floor(i·W/W') up to, not including, ceil((i + 1)·W/W');
windows differ in size and may overlap. Together they read W + W' - gcd(W, W') numbers: each of
the W once, and one twice at every edge i·W/W' that is not whole. Source: PyTorch's
AdaptiveAvgPool2d, AdaptiveMaxPool2d.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd, prod
from typing import TYPE_CHECKING, ClassVar, Literal, final

from cnncalc.layers._base import Family, Layer, Names, Step, Words, neurons
from cnncalc.layers._explain import axis_steps, each_axis
from cnncalc.layers._fields import PerAxis, require_axes, spread
from cnncalc.layers._math import maximum, mean, pooled
from cnncalc.layers._windowed import grid
from cnncalc.shapes import Shape
from cnncalc.tensor import Tensor
from cnncalc.window import Reach, ratio, whole

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cnncalc.layers._neuron import NeuronReading, NeuronView
    from cnncalc.tensor import Scalar


def axis_bins(size: int, out: int) -> list[range]:
    """The windows on one axis.

    >>> axis_bins(7, 3)
    [range(0, 3), range(2, 5), range(4, 7)]
    """
    return [range(i * size // out, -(-(i + 1) * size // out)) for i in range(out)]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class AdaptivePool(Layer):
    """Adaptive average or max pooling to a given size, larger or smaller than the input.

    Input (D, *spatial), output (D, *size).

    >>> pool = AdaptivePool(size=(6,))
    >>> pool.output_shape(Shape(256, (13, 13))), pool.connections(Shape(1, (13, 13)))
    (Shape(channels=256, spatial=(6, 6)), 324)
    """

    size: PerAxis
    kind: Literal["avg", "max"] = "avg"

    example: ClassVar[str | None] = "adaptivepool 7x7 avg"
    positional: ClassVar[tuple[str, ...]] = ("size",)
    sized: ClassVar[str | None] = "size"
    other_names: ClassVar[Names] = {"output_size": "size"}
    words: ClassVar[Words] = {
        "avg": ("kind", "avg"), "max": ("kind", "max"),
    }  # fmt: skip
    divides_map: ClassVar[bool] = True
    family: ClassVar[Family] = "pool"

    def output_shape(self, *inputs: Shape) -> Shape:
        """The size asked for; the channels stay."""
        (shape,) = inputs
        require_axes(shape)
        return Shape(shape.channels, spread(self.size, shape.rank, "size"))

    def bins(self, shape: Shape) -> list[list[range]]:
        """The windows, axis by axis."""
        sizes = zip(shape.spatial, self.output_shape(shape).spatial, strict=True)
        return [axis_bins(*sizes_of_axis) for sizes_of_axis in sizes]

    def connections(self, *inputs: Shape) -> int:
        """The sizes of all windows, summed over the neurons."""
        (shape,) = inputs
        sizes = zip(shape.spatial, self.output_shape(shape).spatial, strict=True)
        return shape.channels * prod(size + out - gcd(size, out) for size, out in sizes)

    def reach(self, *inputs: Shape) -> tuple[tuple[Reach, ...], ...]:
        """Windows W/o apart, wide enough for the one that the rounding favours most."""
        (shape,) = inputs
        sizes = zip(shape.spatial, self.output_shape(shape).spatial, strict=True)
        return (tuple(_reach(*sizes_of_axis) for sizes_of_axis in sizes),)

    def settings(self, *inputs: Shape) -> dict[str, object]:
        """The fields, with one size per axis."""
        return {"size": list(self.output_shape(*inputs).spatial), "kind": self.kind}

    def channels_read(self, channel: int, *inputs: Shape) -> tuple[Sequence[int], ...]:
        """The same channel only."""
        return ((channel,),)

    def forward(
        self, inputs: Sequence[Tensor], parameters: Mapping[str, Sequence[Scalar]]
    ) -> Tensor:
        """At each position: the mean, or the largest, of the window."""
        (x,) = inputs
        windows = grid(self.bins(x.shape), x.shape.spatial)
        join = maximum if self.kind == "max" else mean
        return pooled(x, self.output_shape(x.shape), windows, join)

    def trace(self, neuron: NeuronView) -> NeuronReading:
        """The mean, or the largest, of the window."""
        pairs = zip(self.bins(neuron.shape), neuron.position, strict=True)
        window = [bins[at] for bins, at in pairs]
        terms = neuron.unweighted(neuron.block(window))
        sizes = tuple(map(len, window))
        if self.kind == "max":
            return neuron.reading("max", terms, sizes)
        return neuron.reading("mean", terms, sizes, divisor=len(terms))

    def explain(self, *inputs: Shape) -> list[Step]:
        """Output per axis, neurons, connections."""
        (shape,) = inputs
        out = self.output_shape(shape)
        letters = [letter for letter, _ in each_axis(shape)]
        sizes = zip(shape.spatial, out.spatial, strict=True)
        sums = [f"({size} + {windows} - {gcd(size, windows)})" for size, windows in sizes]
        numbers = "·".join([*sums, f"{shape.channels}"])
        formula = "·".join([*(f"({a} + {a}' - gcd({a}, {a}'))" for a in letters), "D"])
        return [
            *axis_steps(out, [("size", f"{size}") for size in out.spatial]),
            neurons(out),
            Step("connections", "connections", formula, numbers, self.connections(shape)),
        ]


def _reach(size: int, out: int) -> Reach:
    if out == 1:
        return whole(size)
    rounding = out - gcd(size, out)  # most that a floor takes away or a ceiling adds, times 1/out
    return Reach(ratio(size, out), ratio(-rounding, out), ratio(size - out + rounding, out))
