"""Convolutions and linear layers, by the quickest method whose error is known to be small.

A method computes all outputs, and a bound on how far any of them may be from what the layer
type's own arithmetic gives. Where the bound exceeds TOLERANCE times the largest output, the next
method is tried: packed maps, packed vectors, floating point, and finally the layer type itself,
which is right by definition. The bounds hold for any numbers; nothing is assumed about them.
"""

from __future__ import annotations

from collections import Counter
from itertools import accumulate
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

from cnncalc.inference.kernels.bigint.map_conv import WindowSums, filtered
from cnncalc.inference.kernels.bigint.map_window import MapWindow, slides
from cnncalc.inference.kernels.bigint.packed_map import kept, pack, packed_as
from cnncalc.inference.kernels.conv_methods import (
    ChannelBlock,
    GroupOperands,
    floating,
    joined,
    packed,
)
from cnncalc.inference.kernels.cost_model import (
    ConvSize,
    across,
    best,
    filtering,
    mixing,
    packed_maps_cost,
)
from cnncalc.inference.kernels.error_bounds import BoundedOutput, inexact
from cnncalc.inference.kernels.im2col import sliding_window
from cnncalc.inference.kernels.kernel import Kernel, numbers
from cnncalc.shapes import Shape
from cnncalc.tensor import Tensor

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from cnncalc.inference.kernels.bigint.ops import MapAndError
    from cnncalc.inference.kernels.bigint.packed_map import PackedTensor
    from cnncalc.inference.kernels.im2col import SlidingWindow

    Numbers = Sequence[float]


TOGETHER = 3_000_000  # weights held as Python floats at once
# What the cost model leaves out, because it is the same for all ways to compute a convolution:
# factors for windows of several places and for groups, and nanoseconds a weight, which are only
# seen where a weight is used at few places.
WINDOW, GROUPED, FEW, HANDLED = 1.2, 1.5, 4, 130


class FilterGroup(NamedTuple):
    """Some filters that see the same maps, and where their weights begin."""

    maps: tuple[int, ...]
    first: int
    filters: int
    weights: int


class Convolution(Kernel):
    """A convolution; or a linear layer, which is one by 1x1."""

    __slots__ = ()

    def __call__(self, inputs: Sequence[Tensor], parameters: Mapping[str, Numbers]) -> Tensor:
        """The layer's output, as near to the layer type's as TOLERANCE says."""
        (x,) = inputs
        packed = self.entering(x)
        made = None if packed is None else self.on_packed_maps(packed, parameters)
        if made is None:
            return self._of_numbers(x, parameters)
        return Tensor(self.layer.output_shape(x.shape), made)

    def entering(self, x: Tensor) -> PackedTensor | None:
        """The input as packed maps; None where that is impossible, or another method is quicker."""
        if not self.mixes:
            return None
        own = packed_maps_cost(self.size, packed=packed_as(x) is not None)
        return pack(x) if own < best(self.size).nanoseconds else None

    @property
    def mixes(self) -> bool:
        """Whether all filters see all maps, by a window that slides over packed ones."""
        layer, (shape,) = self.layer, self.shapes
        everywhere = layer.type == "conv" and layer.groups == 1 and layer.table is None
        return everywhere and slides(sliding_window(layer, shape))

    @property
    def size(self) -> ConvSize:
        """The channels in, the filters, and the slide."""
        (shape,) = self.shapes
        return ConvSize(shape.channels, self.layer.filters, sliding_window(self.layer, shape))

    @property
    def nanoseconds(self) -> float:
        """What the cost model expects the layer to take."""
        (shape,) = self.shapes
        if self.mixes:
            return min(best(self.size).nanoseconds, mixing(self.size))
        slide = sliding_window(self.layer, shape)
        parts = self.parts(shape.channels, slide.taps)
        sizes = Counter(ConvSize(len(part.maps), part.filters, slide) for part in parts)
        return sum(count * best(size).nanoseconds for size, count in sizes.items())

    def expected_nanoseconds(self, out: Shape) -> float:
        """The cost model's estimate, with what it leaves out because all methods have it."""
        places = prod(out.spatial)
        weights = self.layer.macs(*self.shapes) / places
        handled = weights * HANDLED if places <= FEW else 0.0
        if not self.mixes:
            return self.nanoseconds * GROUPED + handled
        return self.nanoseconds * (1.0 if self.size.slide.single else WINDOW) + handled

    def on_packed_maps(
        self, x: PackedTensor, parameters: Mapping[str, Numbers]
    ) -> PackedTensor | None:
        """Every filter on all maps."""
        size, weights = self.size, parameters["weight"]
        map_window, wide = MapWindow(size.slide, x.layout), size.terms
        sums_of_maps = WindowSums(x, map_window, size.slide.taps)
        biases = parameters.get("bias", [0.0] * size.filters)
        rows = (numbers(weights, at * wide, wide) for at in range(size.filters))
        # How many numbers are 0 is found out where it matters.
        turned = across(size) or (across(size, 0.0) and across(size, sums_of_maps.dense))
        return kept(map_window.layout, sums_of_maps.mix(rows, biases, across=turned))

    def _of_numbers(self, x: Tensor, parameters: Mapping[str, Numbers]) -> Tensor:
        """The output by the methods that take and give floats, or by the layer type."""
        slide = sliding_window(self.layer, x.shape)
        parts = self.parts(x.shape.channels, slide.taps)
        made = [self._made(slide, x, parameters, part) for part in parts]
        for index in inexact(made):
            made[index] = floating(_group(slide, x, parameters, parts[index]))
        if inexact(made):
            return self.by_layer_type([x], parameters)
        return Tensor(self.layer.output_shape(x.shape), joined(made))

    def parts(self, channels: int, taps: int) -> tuple[FilterGroup, ...]:
        """The layer's filters by the maps that they see."""
        if self.layer.type == "linear":
            return grouped(channels, self.layer.units, 1, taps)
        if self.layer.table is not None:
            return tabled(self.layer.table, taps)
        return grouped(channels, self.layer.filters, self.layer.groups, taps)

    def _made(
        self, slide: SlidingWindow, x: Tensor, parameters: Mapping[str, Numbers], part: FilterGroup
    ) -> BoundedOutput:
        """The outputs of some filters by the quickest method that their numbers allow."""
        plan = best(ConvSize(len(part.maps), part.filters, slide)).plan
        if plan:
            group = _group(slide, x, parameters, part, plan.block)
            if made := packed(plan, group):
                return made
        return floating(_group(slide, x, parameters, part))


def _group(
    slide: SlidingWindow,
    x: Tensor,
    parameters: Mapping[str, Numbers],
    part: FilterGroup,
    block: int | None = None,
) -> GroupOperands:
    """The planes, weights and biases of a part, `block` channels in a piece."""
    maps, taps, places = part.maps, slide.taps, prod(slide.spatial)
    wide, block = len(maps) * taps, block or max(1, len(maps))
    starts = range(part.weights, part.weights + part.filters * wide, wide or 1)
    biases = [0.0] * part.filters
    if "bias" in parameters:
        biases = list(parameters["bias"][part.first : part.first + part.filters])
    pieces = []
    for first in range(0, len(maps), block):
        seen = maps[first : first + block]
        planes = [x.values[at * places : (at + 1) * places] for at in seen]
        begin, count = first * taps, len(seen) * taps
        rows = [numbers(parameters["weight"], at + begin, count) for at in starts]
        pieces.append(ChannelBlock(planes, rows))
    return GroupOperands(ConvSize(len(maps), part.filters, slide), pieces, biases)


def grouped(channels: int, filters: int, groups: int, taps: int) -> tuple[FilterGroup, ...]:
    """The parts of a convolution: its groups, cut where they have very many weights.

    >>> for part in grouped(4, 2, 2, 9):
    ...     part
    FilterGroup(maps=(0, 1), first=0, filters=1, weights=0)
    FilterGroup(maps=(2, 3), first=1, filters=1, weights=18)
    """
    seen, share = channels // groups, filters // groups
    most = max(1, TOGETHER // (seen * taps))
    made = []
    for group in range(groups):
        maps = tuple(range(group * seen, (group + 1) * seen))
        for first in range(group * share, (group + 1) * share, most):
            count = min(most, (group + 1) * share - first)
            made.append(FilterGroup(maps, first, count, first * seen * taps))
    return tuple(made)


def tabled(table: Sequence[tuple[int, ...]], taps: int) -> tuple[FilterGroup, ...]:
    """The parts of a connection table: one per filter.

    >>> tabled([(0,), (0, 2)], 25)[1]
    FilterGroup(maps=(0, 2), first=1, filters=1, weights=25)
    """
    starts = accumulate((len(maps) * taps for maps in table), initial=0)
    filters = enumerate(zip(table, starts, strict=False))  # the last start is the end
    return tuple(FilterGroup(tuple(maps), first, 1, at) for first, (maps, at) in filters)


class Depthwise(Convolution):
    """A depthwise convolution, or a convolution with as many groups as maps."""

    __slots__ = ()

    def parts(self, channels: int, taps: int) -> tuple[FilterGroup, ...]:
        """Every map with its own filters."""
        return grouped(channels, self._filters(channels), channels, taps)

    def _filters(self, channels: int) -> int:
        out: int = self.layer.channels_out(Shape(channels))
        return out

    def entering(self, x: Tensor) -> PackedTensor | None:
        """The input, packed; None where windows or numbers do not allow it."""
        return pack(x) if slides(sliding_window(self.layer, x.shape)) else None

    @property
    def nanoseconds(self) -> float:
        """What the cost model expects the layer to take."""
        (shape,) = self.shapes
        slide = sliding_window(self.layer, shape)
        size = ConvSize(1, self._filters(shape.channels), slide)
        if slides(slide):
            return filtering(size)
        return size.filters * best(size._replace(filters=1)).nanoseconds

    def on_packed_maps(
        self, x: PackedTensor, parameters: Mapping[str, Numbers]
    ) -> PackedTensor | None:
        """Each map by its own filters."""
        map_window = MapWindow(sliding_window(self.layer, self.shapes[0]), x.layout)
        return kept(map_window.layout, self._outcomes(map_window, x, parameters))

    def _outcomes(
        self, map_window: MapWindow, x: PackedTensor, parameters: Mapping[str, Numbers]
    ) -> Iterator[MapAndError | None]:
        filters = self._filters(len(x.planes))
        taps = len(parameters["weight"]) // filters
        biases = parameters.get("bias", [0.0] * filters)
        for index in range(filters):
            row = numbers(parameters["weight"], index * taps, taps)
            plane = x.planes[index * len(x.planes) // filters]
            yield filtered(map_window, plane, row, biases[index], x.off)


class Standardized(Kernel):
    """A convolution whose weights are standardised first; then `plain` is its kernel."""

    __slots__ = ("plain",)

    def __init__(self, layer: Any, shapes: Sequence[Shape], plain: Kernel) -> None:
        super().__init__(layer, shapes)
        self.plain = plain

    def __call__(self, inputs: Sequence[Tensor], parameters: Mapping[str, Numbers]) -> Tensor:
        """The output of the plain convolution with the weights that are used."""
        return self.plain(inputs, self._used(parameters))

    def on_packed_maps(
        self, x: PackedTensor, parameters: Mapping[str, Numbers]
    ) -> PackedTensor | None:
        """The same for packed maps."""
        return self.plain.on_packed_maps(x, self._used(parameters))

    def expected_nanoseconds(self, out: Shape) -> float:
        """Those of the plain convolution."""
        return self.plain.expected_nanoseconds(out)

    def _used(self, parameters: Mapping[str, Numbers]) -> dict[str, Numbers]:
        used = {"weight": self.layer.weights_used(parameters, self.shapes[0])}
        return used | {name: values for name, values in parameters.items() if name == "bias"}
