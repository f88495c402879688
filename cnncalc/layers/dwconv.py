"""Depthwise convolution: every map is filtered on its own, by `multiplier` filters.

Output per axis floor((W - F + 2P)/S) + 1, channels D·m; weights F·F·D·m, one bias per output
map. It is a convolution with as many groups as input maps.
Sources: Chollet 2016 (arXiv 1610.02357); Howard et al. 2017, section 3.1 (arXiv 1704.04861).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, final

from cnncalc.layers import _explain
from cnncalc.layers._base import (
    Family,
    Names,
    NoBareNumber,
    Parameter,
    Step,
    Words,
    Work,
    dotted,
    neurons,
    weight_and_bias,
    weight_fans,
)
from cnncalc.layers._fields import (
    BIAS,
    DILATION_NAMES,
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
class DwConv(Windowed):
    """A depthwise convolution over one, two or three axes.

    Input (D, *spatial), output (D·multiplier, *spatial'); output map k reads input map
    k // multiplier.

    >>> layer = DwConv(kernel=(3,), padding=((1, 1),))
    >>> layer.output_shape(Shape(32, (112, 112))), layer.macs(Shape(32, (112, 112)))
    (Shape(channels=32, spatial=(112, 112)), 3612672)
    """

    kernel: PerAxis
    stride: PerAxis = (1,)
    padding: Padding = ((0, 0),)
    dilation: PerAxis = (1,)
    multiplier: Count = 1
    bias: Switch = True
    padding_mode: PaddingMode = "zeros"

    # After `conv` a bare number is the number of filters; here it would be one per input map.
    no_bare_number: ClassVar[NoBareNumber | None] = NoBareNumber(
        "m",
        "its filters are counted per input map",
        "one filter per map: '{without}'; {number} filters per map: '{named}'",
    )
    letters: ClassVar[Names] = {**Windowed.letters, "d": "dilation", "m": "multiplier"}
    other_names: ClassVar[Names] = {
        **Windowed.other_names, **DILATION_NAMES, "depth_multiplier": "multiplier",
    }  # fmt: skip
    words: ClassVar[Words] = {**Windowed.words, **BIAS}
    bias_free_before_norm: ClassVar[bool] = True
    work: ClassVar[Work] = "counted"
    family: ClassVar[Family] = "conv"

    def channels_out(self, shape: Shape) -> int:
        """Each map gives `multiplier` maps."""
        return shape.channels * self.multiplier

    def parameters(self, *inputs: Shape) -> tuple[Parameter, ...]:
        """weight (D·m, 1, *F); bias (D·m)."""
        (shape,) = inputs
        maps = self.channels_out(shape)
        kernel = (window.kernel for window in self.windows(shape))
        return weight_and_bias((maps, 1, *kernel), (maps,), self.bias)

    def macs(self, *inputs: Shape) -> int:
        """One per tap of every neuron's window; zeros of the padding count."""
        return self.connections(*inputs)

    def channels_read(self, channel: int, *inputs: Shape) -> tuple[Sequence[int], ...]:
        """The one whose filters it is among."""
        return ((channel // self.multiplier,),)

    def forward(
        self, inputs: Sequence[Tensor], parameters: Mapping[str, Sequence[Scalar]]
    ) -> Tensor:
        """At each position: bias + the sum of input x weight over one map's window."""
        (x,) = inputs
        windows = self.taps(x.shape, self.padding_mode)
        weights = iter(parameters["weight"])
        values: list[Scalar] = []
        biases = bias_or_zeros(parameters, self.channels_out(x.shape), self.bias)
        for k, bias in enumerate(biases):
            plane = x.plane(k // self.multiplier)
            weight = [next(weights) for _ in windows[0]]
            values += [add_weighted(bias, values_at(taps, plane), weight) for taps in windows]
        return Tensor(self.output_shape(x.shape), values)

    def fans(self, *inputs: Shape) -> tuple[float, float]:
        """Those of the weight."""
        return weight_fans(self.parameters(*inputs)[0])

    def trace(self, neuron: NeuronView) -> NeuronReading:
        """Bias + the sum of input x weight over one map's window."""
        k, taps = neuron.channel, self.taps_at(neuron.position, neuron.shape)
        terms = neuron.weighted([k // self.multiplier], taps, k * len(taps))
        return neuron.reading("weighted", terms, self.kernel_of(neuron.shape), neuron.bias(k))

    def explain(self, *inputs: Shape) -> list[Step]:
        """Output per axis, neurons, weights, biases, connections without and with biases, MACs."""
        (shape,) = inputs
        out = self.output_shape(shape)
        kernel = [window.kernel for window in self.windows(shape)]
        weights = Step(
            "weights",
            "weights",
            "·".join([*("F" for _ in kernel), "D", "m"]),
            dotted(*kernel, shape.channels, self.multiplier),
            self.parameters(shape)[0].size,
        )
        maps, maps_n = "D·m", f"{shape.channels}·{self.multiplier}"
        biases = _explain.biases(maps, out.channels if self.bias else 0)
        links = self.links_step(shape)
        return [
            *self.window_steps(shape),
            _explain.channels(maps, maps_n, out.channels),
            neurons(out, maps),
            *_explain.tally(weights, biases, links, out),
            _explain.same_macs(links),
        ]
