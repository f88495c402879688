"""Transposed convolution: every input number stamps its filter, scaled, onto a larger map.

Output per axis (W - 1)·S - 2P + d(F - 1) + a + 1, where a is the output padding; weights
F·F·D·(K/groups), one bias per filter. It runs a convolution's data flow backward; it does
not invert one. Sources: Zeiler et al. 2010; Dumoulin & Visin, arXiv 1603.07285, chapter 4;
`same` and `valid` as in Keras' Conv2DTranspose.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from math import prod
from typing import TYPE_CHECKING, ClassVar, final

from cnncalc.errors import UnplacedError
from cnncalc.layers import _explain
from cnncalc.layers._base import (
    Family,
    Names,
    Parameter,
    Step,
    Tie,
    Words,
    Work,
    dotted,
    neurons,
    places,
    weight_and_bias,
    weight_fans,
)
from cnncalc.layers._explain import axis_steps, each_axis
from cnncalc.layers._fields import (
    BIAS,
    CHANNEL_NAMES,
    DILATION_NAMES,
    FILTER_NAMES,
    Count,
    NaturalPerAxis,
    Padding,
    PerAxis,
    Switch,
    require_channels,
    require_groups,
    spread,
)
from cnncalc.layers._math import bias_or_zeros
from cnncalc.layers._windowed import Windowed, grid
from cnncalc.shapes import Shape
from cnncalc.tensor import Tensor, offset
from cnncalc.window import Reach, Window, ratio, transposed_count, transposed_padding

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cnncalc.layers._neuron import NeuronReading, NeuronView
    from cnncalc.tensor import Scalar


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ConvTranspose(Windowed):
    """A transposed convolution over one, two or three axes.

    Input (D, *spatial), output (filters, *spatial'). Padding takes cells away from the output.
    `same` gives W·S outputs and `valid` at least as many, as in Keras; both set a. `in` states how
    many channels come in.

    >>> up = ConvTranspose(filters=64, kernel=(2,), stride=(2,))
    >>> up.output_shape(Shape(128, (28, 28))), up.macs(Shape(128, (28, 28)))
    (Shape(channels=64, spatial=(56, 56)), 25690112)
    """

    filters: Count
    kernel: PerAxis
    stride: PerAxis = (1,)
    padding: Padding = ((0, 0),)
    output_padding: NaturalPerAxis = (0,)
    dilation: PerAxis = (1,)
    groups: Count = 1
    bias: Switch = True
    inputs: Count | None = None

    positional: ClassVar[tuple[str, ...]] = ("filters",)
    letters: ClassVar[Names] = {
        **Windowed.letters,
        "k": "filters", "d": "dilation", "g": "groups", "a": "output_padding",
    }  # fmt: skip
    other_names: ClassVar[Names] = {
        **Windowed.other_names,
        **FILTER_NAMES, **CHANNEL_NAMES, **DILATION_NAMES, "op": "output_padding",
    }  # fmt: skip
    words: ClassVar[Words] = {**Windowed.words, **BIAS}
    expectation: ClassVar[str | None] = "inputs"
    bias_free_before_norm: ClassVar[bool] = True
    tie: ClassVar[Tie | None] = Tie(("conv",))
    work: ClassVar[Work] = "counted"
    family: ClassVar[Family] = "up"

    def padding_by_rule(
        self, rule: str, size: int, kernel: int, stride: int, dilation: int
    ) -> tuple[int, int]:
        """Cells cut off before and after one axis, whatever its size.

        Raises UnplacedError for `full`.
        """
        begin, end, _ = transposed_padding(rule, kernel, stride, dilation)
        return begin, end

    def channels_out(self, shape: Shape) -> int:
        """One channel per filter, once the groups are seen to divide both sides."""
        require_channels(self.inputs, shape)
        require_groups(self.groups, shape.channels, self.filters)
        return self.filters

    def output_shape(self, *inputs: Shape) -> Shape:
        """Each axis by the transposed count."""
        (shape,) = inputs
        windows = self.windows(shape)
        channels = self.channels_out(shape)
        axes = zip(shape.spatial, windows, self._extra(shape), strict=True)
        return Shape(channels, tuple(transposed_count(*axis) for axis in axes))

    def _extra(self, shape: Shape) -> tuple[int, ...]:
        """The output padding per axis; `same` and `valid` set it."""
        if self.padding not in {"same", "valid"}:
            return spread(self.output_padding, shape.rank, "output_padding")
        if any(self.output_padding):
            raise UnplacedError(
                "output-padding",
                f"'{self.padding}' sets the output padding itself",
                field="output_padding",
                help="leave it out, or write the padding as a number, such as p1",
            )
        windows = self.windows(shape)
        axes = ((w.kernel, w.stride, w.dilation) for w in windows)
        padding = (transposed_padding(self.padding, *axis) for axis in axes)
        return tuple(axis.output_padding for axis in padding)

    def parameters(self, *inputs: Shape) -> tuple[Parameter, ...]:
        """weight (D, K/groups, *F); bias (K)."""
        (shape,) = inputs
        kernel = (window.kernel for window in self.windows(shape))
        dims = (shape.channels, self.filters // self.groups, *kernel)
        return weight_and_bias(dims, (self.filters,), self.bias)

    def macs(self, *inputs: Shape) -> int:
        """Every weight works once at every input position; what the padding cuts counts."""
        (shape,) = inputs
        self.output_shape(shape)
        return self.parameters(shape)[0].size * prod(shape.spatial)

    def connections(self, *inputs: Shape) -> int:
        """The links of every input number to the cells it stamps: the same sum as the MACs."""
        return self.macs(*inputs)

    def reach(self, *inputs: Shape) -> tuple[tuple[Reach, ...], ...]:
        """Output o is fed by the inputs i with o + P - i·S in 0, d, ..., d(F - 1)."""
        return (tuple(_fed_by(window) for window in self.windows(inputs[0])),)

    def fit(self, *inputs: Shape) -> tuple[int, ...]:
        """The filter is set on every input: none is behind the last."""
        return (0,) * inputs[0].rank

    def settings(self, *inputs: Shape) -> dict[str, object]:
        """The fields, with one number per axis."""
        extra = list(self._extra(inputs[0]))
        return {**Windowed.settings(self, *inputs), "output_padding": extra}

    def channels_read(self, channel: int, *inputs: Shape) -> tuple[Sequence[int], ...]:
        """Those of its group."""
        return (self._group_of(channel, inputs[0]),)

    def forward(
        self, inputs: Sequence[Tensor], parameters: Mapping[str, Sequence[Scalar]]
    ) -> Tensor:
        """Start from the biases; add input x weight to every cell the filter covers."""
        (x,) = inputs
        out = self.output_shape(x.shape)
        stamps = self._stamps(x.shape, out)
        weights = iter(parameters["weight"])
        biases = bias_or_zeros(parameters, out.channels, self.bias)
        planes = [[bias] * prod(out.spatial) for bias in biases]
        for channel in range(x.shape.channels):
            for k in self._filters_of(channel, x.shape):
                weight = [next(weights) for _ in stamps[0]]
                for value, cells in zip(x.plane(channel), stamps, strict=True):
                    for cell, w in zip(cells, weight, strict=True):
                        term = value * w
                        if cell is not None:
                            planes[k][cell] = planes[k][cell] + term
        return Tensor(out, [value for plane in planes for value in plane])

    def _group_of(self, filter_: int, shape: Shape) -> range:
        each = shape.channels // self.groups
        first = filter_ // (self.filters // self.groups) * each
        return range(first, first + each)

    def _filters_of(self, channel: int, shape: Shape) -> range:
        per_group = self.filters // self.groups
        first = channel // (shape.channels // self.groups) * per_group
        return range(first, first + per_group)

    def _stamps(self, shape: Shape, out: Shape) -> list[list[int | None]]:
        """For each input position, the output cells its filter covers; None is cut away."""
        windows = zip(self.windows(shape), shape.spatial, out.spatial, strict=True)
        return grid([_covered(*axis) for axis in windows], out.spatial)

    def fans(self, *inputs: Shape) -> tuple[float, float]:
        """Those of the weight."""
        return weight_fans(self.parameters(*inputs)[0])

    def trace(self, neuron: NeuronView) -> NeuronReading:
        """Bias + the inputs whose stamp covers this cell, each x the weight that lands on it."""
        k, shape = neuron.channel, neuron.shape
        windows = zip(self.windows(shape), neuron.position, shape.spatial, strict=True)
        axes = [_stamping(*axis) for axis in windows]
        share, each = self.filters // self.groups, shape.channels // self.groups
        group, k_in_group = divmod(k, share)
        dims, weights = self.parameters(shape)[0].dims, neuron.parameters["weight"]
        terms = []
        for channel in range(group * each, (group + 1) * each):
            for stamps in product(*axes):
                at, tap = zip(*stamps, strict=True) if stamps else ((), ())
                weight = weights[offset((channel, k_in_group, *tap), dims)]
                terms.append(neuron.term(channel, offset(at, shape.spatial), weight))
        return neuron.reading("weighted", tuple(terms), tuple(map(len, axes)), neuron.bias(k))

    def explain(self, *inputs: Shape) -> list[Step]:
        """Output per axis, neurons, weights, biases, connections without and with biases, MACs."""
        (shape,) = inputs
        out = self.output_shape(shape)
        kernel = [window.kernel for window in self.windows(shape)]
        lines = zip(self.windows(shape), self._extra(shape), each_axis(shape), strict=True)
        size = self.parameters(shape)[0].size
        grouped = self.groups > 1
        filters = "(K/groups)" if grouped else "K"
        filters_n = f"({self.filters}/{self.groups})" if grouped else f"{self.filters}"
        formula = "·".join([*("F" for _ in kernel), "D", filters])
        numbers = f"{dotted(*kernel, shape.channels)}·{filters_n}"
        where = f"{places(shape, prime='')}·weights"
        macs = Step("macs", "MACs", where, dotted(*shape.spatial, size), self.macs(shape))
        return [
            *axis_steps(out, [_formula(w, extra, *axis) for w, extra, axis in lines]),
            neurons(out, "K"),
            *_explain.tally(
                Step("weights", "weights", formula, numbers, size),
                _explain.biases("K", self.filters if self.bias else 0),
                macs._replace(field="connections", label="connections"),
                out,
            ),
            macs,
        ]


def _fed_by(window: Window) -> Reach:
    begin, stride, dilation = window.begin, window.stride, window.dilation
    low, high = ratio(begin - window.extent + 1, stride), ratio(begin, stride)
    spacing = ratio(dilation, stride) if dilation > 1 < window.kernel else 0
    return Reach(ratio(1, stride), low, high, spacing)


def _covered(window: Window, size: int, out: int) -> list[list[int | None]]:
    first = range(-window.begin, size * window.stride - window.begin, window.stride)
    taps = range(0, window.extent, window.dilation)
    return [[at + tap if 0 <= at + tap < out else None for tap in taps] for at in first]


def _formula(window: Window, extra: int, letter: str, size: int) -> tuple[str, str]:
    f, s, begin, end, d, _ = window
    pad, pad_n = ("2P", f"2·{begin}") if begin == end else ("P₁ - P₂", f"{begin} - {end}")
    numbers = f"({size} - 1)·{s} - {pad_n} + {d}·({f} - 1) + {extra} + 1"
    return f"({letter} - 1)S - {pad} + d(F - 1) + a + 1", numbers


def _stamping(window: Window, cell: int, size: int) -> list[tuple[int, int]]:
    """On one axis, the input places whose stamp covers an output cell, and by which tap."""
    taps = range(window.kernel)
    steps = [divmod(cell + window.begin - tap * window.dilation, window.stride) for tap in taps]
    return [
        (at, tap)
        for tap, (at, rest) in zip(taps, steps, strict=True)
        if not rest and 0 <= at < size
    ]
