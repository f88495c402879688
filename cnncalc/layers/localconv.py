"""Locally connected layer: the windows of a convolution, but every position has its own filters.

Output per axis floor((W - F + 2P)/S) + 1; weights H'·W'·F·F·D·K, one bias per neuron.
Sources: LeCun 1989, "Generalization and network design strategies"; Taigman et al. 2014
(DeepFace); one bias per position and filter as in Keras' LocallyConnected2D.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, final

from cnncalc.layers import _explain
from cnncalc.layers._base import (
    Family,
    Names,
    Parameter,
    Step,
    Words,
    Work,
    dotted,
    neurons,
    places,
    weight_and_bias,
)
from cnncalc.layers._fields import (
    BIAS,
    DILATION_NAMES,
    FILTER_NAMES,
    Count,
    Padding,
    PaddingMode,
    PerAxis,
    Switch,
)
from cnncalc.layers._math import add_weighted, bias_or_zeros
from cnncalc.layers._windowed import Windowed, values_at
from cnncalc.shapes import Shape
from cnncalc.tensor import Tensor

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cnncalc.layers._neuron import NeuronReading, NeuronView
    from cnncalc.tensor import Scalar


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class LocalConv(Windowed):
    """A convolution without weight sharing, over one, two or three axes.

    Input (D, *spatial), output (filters, *spatial'). The weights are stored neuron by neuron,
    in the order of the output.

    >>> layer = LocalConv(filters=16, kernel=(9,))
    >>> [p.size for p in layer.parameters(Shape(16, (63, 63)))]  # DeepFace's L4
    [62726400, 48400]
    """

    filters: Count
    kernel: PerAxis
    stride: PerAxis = (1,)
    padding: Padding = ((0, 0),)
    dilation: PerAxis = (1,)
    bias: Switch = True
    padding_mode: PaddingMode = "zeros"

    positional: ClassVar[tuple[str, ...]] = ("filters",)
    letters: ClassVar[Names] = {**Windowed.letters, "k": "filters", "d": "dilation"}
    other_names: ClassVar[Names] = {**Windowed.other_names, **FILTER_NAMES, **DILATION_NAMES}
    words: ClassVar[Words] = {**Windowed.words, **BIAS}
    bias_free_before_norm: ClassVar[bool] = True
    work: ClassVar[Work] = "counted"
    family: ClassVar[Family] = "conv"

    def channels_out(self, shape: Shape) -> int:
        """One channel per filter, whatever the input's."""
        del shape
        return self.filters

    def parameters(self, *inputs: Shape) -> tuple[Parameter, ...]:
        """weight (K, *spatial', D, *F); bias (K, *spatial')."""
        (shape,) = inputs
        out = self.output_shape(shape).view("CHW")
        kernel = (window.kernel for window in self.windows(shape))
        return weight_and_bias((*out, shape.channels, *kernel), out, self.bias)

    def macs(self, *inputs: Shape) -> int:
        """Every weight works exactly once."""
        return self.parameters(*inputs)[0].size

    def connections(self, *inputs: Shape) -> int:
        """Every connection has a weight to itself."""
        return self.macs(*inputs)

    def channels_read(self, channel: int, *inputs: Shape) -> tuple[Sequence[int], ...]:
        """Every channel of the input."""
        return (range(inputs[0].channels),)

    def forward(
        self, inputs: Sequence[Tensor], parameters: Mapping[str, Sequence[Scalar]]
    ) -> Tensor:
        """Neuron by neuron: its bias + the sum of input x its own weights."""
        (x,) = inputs
        out = self.output_shape(x.shape)
        windows = self.taps(x.shape, self.padding_mode)
        planes = [x.plane(channel) for channel in range(x.shape.channels)]
        weights = iter(parameters["weight"])
        values: list[Scalar] = []
        for neuron, bias in enumerate(bias_or_zeros(parameters, out.size, self.bias)):
            seen = values_at(windows[neuron % len(windows)], *planes)
            values.append(add_weighted(bias, seen, [next(weights) for _ in seen]))
        return Tensor(out, values)

    def trace(self, neuron: NeuronView) -> NeuronReading:
        """Bias + the sum of input x its own weights."""
        taps, maps = self.taps_at(neuron.position, neuron.shape), range(neuron.shape.channels)
        terms = neuron.weighted(maps, taps, neuron.place * len(maps) * len(taps))
        return neuron.reading(
            "weighted", terms, self.kernel_of(neuron.shape), neuron.bias(neuron.place)
        )

    def explain(self, *inputs: Shape) -> list[Step]:
        """Output per axis, neurons, weights, biases, connections without and with biases, MACs."""
        (shape,) = inputs
        out = self.output_shape(shape)
        kernel = [window.kernel for window in self.windows(shape)]
        size = self.macs(shape)
        formula = "·".join([places(out), *("F" for _ in kernel), "D", "K"])
        numbers = dotted(*out.spatial, *kernel, shape.channels, self.filters)
        links = Step("connections", "connections", "weights", f"{size}", size)
        return [
            *self.window_steps(shape),
            neurons(out, "K"),
            *_explain.tally(
                Step("weights", "weights", formula, numbers, size),
                _explain.biases("neurons", out.size if self.bias else 0),
                links,
                out,
            ),
            _explain.same_macs(links),
        ]
