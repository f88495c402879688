"""Convolution: every filter sees a window of all channels of its group; weights are shared.

Output per axis floor((W - F + 2P)/S) + 1; weights F·F·(D/groups)·K, one bias per filter.
Frameworks do not flip the filter (cross-correlation), and neither does this layer.
Sources: LeCun et al. 1998, section II; the cs231n notes on convolutional networks;
Dumoulin & Visin, arXiv 1603.07285. Connection tables: LeCun et al. 1998, Table I.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, final

from cnncalc.errors import UnplacedError
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
    weight_fans,
)
from cnncalc.layers._explain import biases, same_macs, tally
from cnncalc.layers._fields import (
    BIAS,
    CHANNEL_NAMES,
    DILATION_NAMES,
    FILTER_NAMES,
    Count,
    Natural,
    Padding,
    PaddingMode,
    PerAxis,
    Positive,
    Real,
    Switch,
    prepared,
    require_channels,
    require_groups,
)
from cnncalc.layers._math import add_weighted, bias_or_zeros, mean, sqrt, times
from cnncalc.layers._windowed import Windowed, values_at
from cnncalc.shapes import Shape
from cnncalc.tensor import Tensor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic import GetCoreSchemaHandler
    from pydantic_core import CoreSchema

    from cnncalc.layers._neuron import NeuronReading, NeuronView
    from cnncalc.tensor import Scalar


class Picture:
    """A connection table drawn as text: a row per input map, a column per filter, X connects."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return prepared(self.read, handler(source))

    @staticmethod
    def read(value: Any) -> Any:
        """Turn a picture into the list of input maps of each filter; leave lists alone.

        Raises ValueError for a picture with uneven rows or other characters.
        """
        if not isinstance(value, str):
            return value
        rows = value.split()
        if len({len(row) for row in rows}) > 1 or set("".join(rows)) - set("Xx."):
            raise ValueError("a picture must have rows of equal length, made of X and .")
        return tuple(
            tuple(channel for channel, mark in enumerate(column) if mark in "Xx")
            for column in zip(*rows, strict=True)
        )


Table = Annotated[tuple[tuple[Natural, ...], ...], Picture()]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Conv(Windowed):
    """A convolution over one, two or three axes.

    Input (D, *spatial), output (filters, *spatial'). `table` lists, for each filter, the
    input maps it sees (LeNet-5's C3); without it every filter sees its whole group. `in` states
    how many channels come in, as frameworks' `in_channels` does.

    `std` takes each filter's weights minus their mean over their deviation (BiT); `scaled_std`
    multiplies them by gamma/sqrt(weights of a filter) and a learned `gain` too (NF-ResNets).

    >>> lenet = Conv(filters=6, kernel=(5,))
    >>> lenet.output_shape(Shape(1, (32, 32))), lenet.macs(Shape(1, (32, 32)))
    (Shape(channels=6, spatial=(28, 28)), 117600)
    """

    filters: Count
    kernel: PerAxis
    stride: PerAxis = (1,)
    padding: Padding = ((0, 0),)
    dilation: PerAxis = (1,)
    groups: Count = 1
    bias: Switch = True
    padding_mode: PaddingMode = "zeros"
    table: Table | None = None
    standardize: Literal["none", "filters", "scaled"] = "none"
    gamma: Real = 1.0
    weight_eps: Positive = 1e-6
    inputs: Count | None = None

    positional: ClassVar[tuple[str, ...]] = ("filters",)
    letters: ClassVar[Names] = {
        **Windowed.letters, "k": "filters", "d": "dilation", "g": "groups",
    }  # fmt: skip
    other_names: ClassVar[Names] = {
        **Windowed.other_names,
        **FILTER_NAMES,
        **CHANNEL_NAMES,
        **DILATION_NAMES,
    }
    words: ClassVar[Words] = {
        **Windowed.words,
        **BIAS,
        "std": ("standardize", "filters"),
        "scaled_std": ("standardize", "scaled"),
    }
    rarely_set: ClassVar[tuple[str, ...]] = ("standardize", "gamma", "weight_eps")
    expectation: ClassVar[str | None] = "inputs"
    bias_free_before_norm: ClassVar[bool] = True
    work: ClassVar[Work] = "counted"
    family: ClassVar[Family] = "conv"

    def channels_out(self, shape: Shape) -> int:
        """One channel per filter, once the groups and the table are seen to work."""
        maps = shape.channels
        require_channels(self.inputs, shape)
        if self.table is not None:
            self._check_table(self.table, maps)
        require_groups(self.groups, maps, self.filters)
        return self.filters

    def links(self, shape: Shape) -> int:
        """Pairs of input map and filter that are connected: D/groups · K, or the table's X."""
        if self.table is not None:
            return sum(map(len, self.table))
        return shape.channels // self.groups * self.filters

    def parameters(self, *inputs: Shape) -> tuple[Parameter, ...]:
        """weight (K, D/groups, *F), or (links, *F) with a table; bias (K); gain (K) if scaled."""
        (shape,) = inputs
        kernel = tuple(window.kernel for window in self.windows(shape))
        per_group = (self.filters, shape.channels // self.groups)
        seen = per_group if self.table is None else (self.links(shape),)
        stored = weight_and_bias((*seen, *kernel), (self.filters,), self.bias)
        return (*stored, Parameter("gain", (self.filters,))) if self._has_gain else stored

    @property
    def _has_gain(self) -> bool:
        return self.standardize == "scaled"

    def initial_value(self, parameter: Parameter) -> float | None:
        """Gains begin at 1."""
        return 1.0 if parameter.name == "gain" else None

    def macs(self, *inputs: Shape) -> int:
        """Every weight works once at every output position; zeros of the padding count."""
        out = self.output_shape(*inputs)
        return self.parameters(*inputs)[0].size * (out.size // out.channels)

    def connections(self, *inputs: Shape) -> int:
        """Neurons times the weights one neuron sees: the same sum as the MACs."""
        return self.macs(*inputs)

    def channels_read(self, channel: int, *inputs: Shape) -> tuple[Sequence[int], ...]:
        """Those of its group, or of the table."""
        return (self.maps_of(channel, inputs[0]),)

    def forward(
        self, inputs: Sequence[Tensor], parameters: Mapping[str, Sequence[Scalar]]
    ) -> Tensor:
        """At each position: bias + the sum of input x weight over the filter's window."""
        (x,) = inputs
        windows = self.taps(x.shape, self.padding_mode)
        weights = iter(self.weights_used(parameters, x.shape))
        values: list[Scalar] = []
        for k, bias in enumerate(bias_or_zeros(parameters, self.filters, self.bias)):
            planes = [x.plane(channel) for channel in self.maps_of(k, x.shape)]
            weight = [next(weights) for _ in planes for _ in windows[0]]
            values += [add_weighted(bias, values_at(taps, *planes), weight) for taps in windows]
        return Tensor(self.output_shape(x.shape), values)

    def weights_used(
        self, parameters: Mapping[str, Sequence[Scalar]], shape: Shape
    ) -> Sequence[Scalar]:
        """The stored weights, standardised filter by filter where that is wanted."""
        stored = parameters["weight"]
        if self.standardize == "none":
            return stored
        used: list[Scalar] = []
        area, first = prod(self.kernel_of(shape)), 0
        for k in range(self.filters):
            count = area * len(self.maps_of(k, shape))
            weights = self._standardized(stored[first : first + count])
            if self._has_gain:
                gain = times(parameters["gain"][k], self.gamma / count**0.5)
                weights = [times(weight, gain) for weight in weights]
            used += weights
            first += count
        return used

    def _standardized(self, weights: Sequence[Scalar]) -> list[Scalar]:
        """Minus their mean, over their deviation; squares are no multiply-accumulates here."""
        middle = mean(weights)
        centred = [weight - middle for weight in weights]
        deviation = sqrt(mean([weight**2 for weight in centred]) + self.weight_eps)
        return [weight / deviation for weight in centred]

    def maps_of(self, filter_index: int, shape: Shape) -> Sequence[int]:
        """The input maps that a filter sees."""
        if self.table is not None:
            return self.table[filter_index]
        per_group = shape.channels // self.groups
        first = filter_index // (self.filters // self.groups) * per_group
        return range(first, first + per_group)

    def fans(self, *inputs: Shape) -> tuple[float, float]:
        """Those of the weight; the means where a table says who sees what."""
        if self.table is not None:
            return Windowed.fans(self, *inputs)
        return weight_fans(self.parameters(*inputs)[0])

    def trace(self, neuron: NeuronView) -> NeuronReading:
        """Bias + the sum of input x weight over the filter's window."""
        k, shape = neuron.channel, neuron.shape
        used = self.weights_used(neuron.parameters, shape)
        neuron = neuron._replace(parameters={**neuron.parameters, "weight": used})
        maps, taps = self.maps_of(k, shape), self.taps_at(neuron.position, shape)
        before = k * len(maps) if self.table is None else sum(map(len, self.table[:k]))
        terms = neuron.weighted(maps, taps, before * len(taps))
        return neuron.reading("weighted", terms, self.kernel_of(shape), neuron.bias(k))

    def explain(self, *inputs: Shape) -> list[Step]:
        """Output per axis, neurons, weights, biases, connections without and with biases, MACs."""
        (shape,) = inputs
        out = self.output_shape(shape)
        weights = self._weights_step(shape)
        shared = self.parameters(shape)[0].size  # of the weights, those that meet the input
        numbers = f"{dotted(*out.spatial)}·{shared}"
        formula = f"{places(out)}·{'(weights - K)' if self._has_gain else 'weights'}"
        links = Step("connections", "connections", formula, numbers, self.connections(shape))
        return [
            *self.window_steps(shape),
            neurons(out, "K"),
            *tally(weights, biases("K", self.filters if self.bias else 0), links, out),
            same_macs(links),
        ]

    def _weights_step(self, shape: Shape) -> Step:
        kernel = [window.kernel for window in self.windows(shape)]
        area = "·".join("F" for _ in kernel)
        if self.table is not None:
            formula, numbers = f"{area}·links", dotted(*kernel, self.links(shape))
        elif self.groups > 1:
            formula = f"{area}·(D/groups)·K"
            numbers = f"{dotted(*kernel)}·({shape.channels}/{self.groups})·{self.filters}"
        else:
            formula, numbers = f"{area}·D·K", dotted(*kernel, shape.channels, self.filters)
        size = self.parameters(shape)[0].size
        if self._has_gain:  # one gain a filter
            formula, numbers, size = (
                f"{formula} + K",
                f"{numbers} + {self.filters}",
                size + self.filters,
            )
        return Step("weights", "weights", formula, numbers, size)

    def _check_table(self, table: tuple[tuple[int, ...], ...], maps: int) -> None:
        if self.groups > 1:
            raise _bad_table("a connection table cannot be combined with groups")
        if len(table) != self.filters:
            raise _bad_table(
                f"the table has {len(table)} columns, but there are {self.filters} filters",
                help="one column of the picture, or one list of input maps, per filter",
            )
        highest = max((channel for column in table for channel in column), default=-1)
        if highest >= maps:
            raise _bad_table(
                f"the table names input map {highest}, but the input has maps 0 to {maps - 1}"
            )
        for k, column in enumerate(table):
            if not column:
                raise _bad_table(
                    f"filter {k} sees no input map: its column of the table is empty",
                    help="connect it to a map, or leave the filter out",
                )
            if len(set(column)) < len(column):
                twice = next(channel for channel in column if column.count(channel) > 1)
                raise _bad_table(
                    f"the table names input map {twice} twice for filter {k}",
                    help="name each input map once per filter",
                )


def _bad_table(message: str, help: str | None = None) -> UnplacedError:
    return UnplacedError("table", message, field="table", help=help)
