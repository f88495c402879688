"""Convolutions and linear layers: the quickest way whose error is known to be small.

A way computes all outputs together with a bound on how far any may be from the layer type's own
arithmetic. The bound is held against the largest output; where it is more than TOLERANCE of
that, the next way is tried: packed maps, packed vectors, floating point, and the layer type itself,
which is right by definition. Nothing is assumed of the numbers, and the bounds hold for any.
"""

from __future__ import annotations

from collections import Counter
from itertools import accumulate
from math import prod
from typing import TYPE_CHECKING, NamedTuple

from cnncalc.inference.kernels.bigint.map_conv import Mixer, filtered
from cnncalc.inference.kernels.bigint.map_window import Slider, slides
from cnncalc.inference.kernels.bigint.packed_map import kept, pack, packed_as
from cnncalc.inference.kernels.conv_methods import Group, Piece, floating, joined, packed
from cnncalc.inference.kernels.cost_model import Size, across, best, filtering, mixing, resident
from cnncalc.inference.kernels.error_bounds import Made, astray
from cnncalc.inference.kernels.im2col import slide_of
from cnncalc.inference.kernels.kernel import Kernel, numbers
from cnncalc.shapes import Shape
from cnncalc.tensor import Tensor

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from cnncalc.inference.kernels.bigint.ops import Outcome
    from cnncalc.inference.kernels.bigint.packed_map import Planes
    from cnncalc.inference.kernels.im2col import Slide

    Numbers = Sequence[float]


TOGETHER = 3_000_000  # weights held as Python floats at once
# What the cost model leaves out, because it is the same for all ways to compute a convolution:
# factors for windows of several places and for groups, and nanoseconds a weight, which are only
# seen where a weight is used at few places.
WINDOW, GROUPED, FEW, HANDLED = 1.2, 1.5, 4, 130


class Part(NamedTuple):
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
        made = None if packed is None else self.resident(packed, parameters)
        if made is None:
            return self._of_numbers(x, parameters)
        return Tensor(self.layer.output_shape(x.shape), made)

    def entering(self, x: Tensor) -> Planes | None:
        """The input, packed; None where that cannot be, or where another way is quicker."""
        if not self.mixes:
            return None
        own = resident(self.size, packed=packed_as(x) is not None)
        return pack(x) if own < best(self.size).nanoseconds else None

    @property
    def mixes(self) -> bool:
        """Whether all filters see all maps, by a window that slides over packed ones."""
        layer, (shape,) = self.layer, self.shapes
        everywhere = layer.type == "conv" and layer.groups == 1 and layer.table is None
        return everywhere and slides(slide_of(layer, shape))

    @property
    def size(self) -> Size:
        """The channels in, the filters, and the slide."""
        (shape,) = self.shapes
        return Size(shape.channels, self.layer.filters, slide_of(self.layer, shape))

    @property
    def nanoseconds(self) -> float:
        """What the cost model expects the layer to take."""
        (shape,) = self.shapes
        if self.mixes:
            return min(best(self.size).nanoseconds, mixing(self.size))
        slide = slide_of(self.layer, shape)
        parts = self.parts(shape.channels, slide.taps)
        sizes = Counter(Size(len(part.maps), part.filters, slide) for part in parts)
        return sum(count * best(size).nanoseconds for size, count in sizes.items())

    def expected_nanoseconds(self, out: Shape) -> float:
        """What the cost model expects, and what it leaves out as the same for all its ways."""
        places = prod(out.spatial)
        weights = self.layer.macs(*self.shapes) / places
        handled = weights * HANDLED if places <= FEW else 0.0
        if not self.mixes:
            return self.nanoseconds * GROUPED + handled
        return self.nanoseconds * (1.0 if self.size.slide.single else WINDOW) + handled

    def resident(self, x: Planes, parameters: Mapping[str, Numbers]) -> Planes | None:
        """Every filter on all maps."""
        size, weights = self.size, parameters["weight"]
        slider, wide = Slider(size.slide, x.layout), size.terms
        mixer = Mixer(x, slider, size.slide.taps)
        biases = parameters.get("bias", [0.0] * size.filters)
        rows = (numbers(weights, at * wide, wide) for at in range(size.filters))
        # How many numbers are 0 is found out where it matters.
        turned = across(size) or (across(size, 0.0) and across(size, mixer.dense))
        return kept(slider.layout, mixer.mix(rows, biases, across=turned))

    def _of_numbers(self, x: Tensor, parameters: Mapping[str, Numbers]) -> Tensor:
        """The output by the ways that take numbers and make numbers, or by the layer type."""
        slide = slide_of(self.layer, x.shape)
        parts = self.parts(x.shape.channels, slide.taps)
        made = [self._made(slide, x, parameters, part) for part in parts]
        for index in astray(made):
            made[index] = floating(_group(slide, x, parameters, parts[index]))
        if astray(made):
            return self.by_layer_type([x], parameters)
        return Tensor(self.layer.output_shape(x.shape), joined(made))

    def parts(self, channels: int, taps: int) -> tuple[Part, ...]:
        """The layer's filters by the maps that they see."""
        if self.layer.type == "linear":
            return grouped(channels, self.layer.units, 1, taps)
        if self.layer.table is not None:
            return tabled(self.layer.table, taps)
        return grouped(channels, self.layer.filters, self.layer.groups, taps)

    def _made(self, slide: Slide, x: Tensor, parameters: Mapping[str, Numbers], part: Part) -> Made:
        """A part's outputs by the quickest way, or by the next where that one is not open."""
        plan = best(Size(len(part.maps), part.filters, slide)).plan
        if plan:
            group = _group(slide, x, parameters, part, plan.block)
            if made := packed(plan, group):
                return made
        return floating(_group(slide, x, parameters, part))


def _group(
    slide: Slide, x: Tensor, parameters: Mapping[str, Numbers], part: Part, block: int | None = None
) -> Group:
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
        pieces.append(Piece(planes, rows))
    return Group(Size(len(maps), part.filters, slide), pieces, biases)


def grouped(channels: int, filters: int, groups: int, taps: int) -> tuple[Part, ...]:
    """The parts of a convolution: its groups, cut where they have very many weights.

    >>> for part in grouped(4, 2, 2, 9):
    ...     part
    Part(maps=(0, 1), first=0, filters=1, weights=0)
    Part(maps=(2, 3), first=1, filters=1, weights=18)
    """
    seen, share = channels // groups, filters // groups
    most = max(1, TOGETHER // (seen * taps))
    made = []
    for group in range(groups):
        maps = tuple(range(group * seen, (group + 1) * seen))
        for first in range(group * share, (group + 1) * share, most):
            count = min(most, (group + 1) * share - first)
            made.append(Part(maps, first, count, first * seen * taps))
    return tuple(made)


def tabled(table: Sequence[tuple[int, ...]], taps: int) -> tuple[Part, ...]:
    """The parts of a connection table: one per filter.

    >>> tabled([(0,), (0, 2)], 25)[1]
    Part(maps=(0, 2), first=1, filters=1, weights=25)
    """
    starts = accumulate((len(maps) * taps for maps in table), initial=0)
    filters = enumerate(zip(table, starts, strict=False))  # the last start is the end
    return tuple(Part(tuple(maps), first, 1, at) for first, (maps, at) in filters)


class Depthwise(Convolution):
    """A depthwise convolution, or a convolution with as many groups as maps."""

    __slots__ = ()

    def parts(self, channels: int, taps: int) -> tuple[Part, ...]:
        """Every map with its own filters."""
        return grouped(channels, self._filters(channels), channels, taps)

    def _filters(self, channels: int) -> int:
        out: int = self.layer.channels_out(Shape(channels))
        return out

    def entering(self, x: Tensor) -> Planes | None:
        """The input, packed; None where windows or numbers do not allow it."""
        return pack(x) if slides(slide_of(self.layer, x.shape)) else None

    @property
    def nanoseconds(self) -> float:
        """What the cost model expects the layer to take."""
        (shape,) = self.shapes
        slide = slide_of(self.layer, shape)
        size = Size(1, self._filters(shape.channels), slide)
        if slides(slide):
            return filtering(size)
        return size.filters * best(size._replace(filters=1)).nanoseconds

    def resident(self, x: Planes, parameters: Mapping[str, Numbers]) -> Planes | None:
        """Each map by its own filters."""
        slider = Slider(slide_of(self.layer, self.shapes[0]), x.layout)
        return kept(slider.layout, self._outcomes(slider, x, parameters))

    def _outcomes(
        self, slider: Slider, x: Planes, parameters: Mapping[str, Numbers]
    ) -> Iterator[Outcome | None]:
        filters = self._filters(len(x.planes))
        taps = len(parameters["weight"]) // filters
        biases = parameters.get("bias", [0.0] * filters)
        for index in range(filters):
            row = numbers(parameters["weight"], index * taps, taps)
            plane = x.planes[index * len(x.planes) // filters]
            yield filtered(slider, plane, row, biases[index], x.off)
