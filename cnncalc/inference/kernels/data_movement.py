"""Layers that move numbers and compute nothing.

Whole maps and rows are handed on and joined as slices. Where the numbers of a map change
places otherwise, the new order is worked out once: a place is a sum of steps, one along each
axis. `itemgetter` then takes every map's numbers in that order, in C.
"""

from __future__ import annotations

from abc import abstractmethod
from math import prod
from typing import TYPE_CHECKING, ClassVar

from cnncalc.inference.kernels.im2col import SlidingWindow, picker, taps
from cnncalc.inference.kernels.kernel import MOVED, Kernel, KernelRate, planes_of
from cnncalc.layers._math import some_maps
from cnncalc.tensor import Tensor
from cnncalc.window import Window

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from cnncalc.inference.kernels.bigint.packed_map import PackedTensor
    from cnncalc.shapes import Shape

    Numbers = Sequence[float]
    AxisSteps = Sequence[Iterable[int]]


def order(axes: AxisSteps) -> list[int]:
    """Every sum of one step along each axis, the last axis fastest.

    >>> order([(0, 10), (1, 2)])
    [1, 2, 11, 12]
    """
    places = [0]
    for steps in axes:
        own = list(steps)
        places = [place + step for place in places for step in own]
    return places


def strides(spatial: Sequence[int]) -> list[int]:
    """How far apart neighbours on each axis are.

    >>> strides((2, 3, 4))
    [12, 4, 1]
    """
    return [prod(spatial[axis + 1 :]) for axis in range(len(spatial))]


class Same(Kernel):
    """The numbers as they came, perhaps under another shape; none is copied."""

    __slots__ = ()

    rate: ClassVar[KernelRate] = KernelRate(0, 3)

    def __call__(self, inputs: Sequence[Tensor], parameters: Mapping[str, Numbers]) -> Tensor:
        """The input, unchanged."""
        (x,) = inputs
        return x._replace(shape=self.layer.output_shape(x.shape))

    def on_packed_maps(
        self, x: PackedTensor, parameters: Mapping[str, Numbers]
    ) -> PackedTensor | None:
        """The input, unchanged."""
        return x


class Slice(Kernel):
    """Some of the maps."""

    __slots__ = ()

    rate: ClassVar[KernelRate] = MOVED

    def __call__(self, inputs: Sequence[Tensor], parameters: Mapping[str, Numbers]) -> Tensor:
        """One stretch of what came in."""
        (x,) = inputs
        return some_maps(x, self.layer.taken(x.shape))


class Shuffle(Kernel):
    """The maps in another order."""

    __slots__ = ()

    rate: ClassVar[KernelRate] = MOVED

    def __call__(self, inputs: Sequence[Tensor], parameters: Mapping[str, Numbers]) -> Tensor:
        """Map by map: the first of every group, then the second, and so on."""
        (x,) = inputs
        planes, share = planes_of(x), x.shape.channels // self.layer.groups
        values: list[float] = []
        for first in range(share):
            for plane in planes[first::share]:
                values += plane
        return Tensor(x.shape, values)


class Crop(Kernel):
    """The middle of every map."""

    __slots__ = ()

    rate: ClassVar[KernelRate] = MOVED

    def __call__(self, inputs: Sequence[Tensor], parameters: Mapping[str, Numbers]) -> Tensor:
        """Row by row."""
        (x,) = inputs
        out = self.layer.output_shape(x.shape)
        corner = [begin for begin, _ in self.layer.sides(x.shape)]
        return Tensor(out, cropped(x, corner, out.spatial))


def cropped(x: Tensor, corner: Sequence[int], sizes: Sequence[int]) -> list[float]:
    """Of every map, the block of these sizes that begins at the corner.

    >>> from cnncalc.shapes import Shape
    >>> cropped(Tensor(Shape(1, (2, 3)), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]), (0, 1), (2, 2))
    [2.0, 3.0, 5.0, 6.0]
    """
    maps = range(0, x.shape.size, prod(x.shape.spatial))
    axes = zip(corner, sizes, strides(x.shape.spatial), strict=True)
    *outer, last = [range(at * step, (at + size) * step, step) for at, size, step in axes]
    values: list[float] = []
    for row in order([maps, *outer]):
        values += x.values[row + last.start : row + last.stop]
    return values


class Concat(Kernel):
    """Tensors one behind the other along an axis, the surplus of larger maps cut off first."""

    __slots__ = ()

    rate: ClassVar[KernelRate] = MOVED

    def __call__(self, inputs: Sequence[Tensor], parameters: Mapping[str, Numbers]) -> Tensor:
        """Row by row of the axes before the chosen one: every input's stretch in turn."""
        out = self.layer.output_shape(*(x.shape for x in inputs))
        along = ("c", *out.axes).index(self.layer.axis)
        rows = prod(out.view("CHW")[:along])
        parts = [_fitted(x, out.spatial, along - 1) for x in inputs]
        stretches = [(numbers, len(numbers) // rows) for numbers in parts]
        values: list[float] = []
        for row in range(rows):
            for numbers, stretch in stretches:
                values += numbers[row * stretch : (row + 1) * stretch]
        return Tensor(out, values)


def _fitted(x: Tensor, spatial: Sequence[int], along: int) -> Numbers:
    """The middle of every map, of these sizes but for the axis along which is joined."""
    pairs = enumerate(zip(x.shape.spatial, spatial, strict=True))
    sizes = [own if axis == along else wanted for axis, (own, wanted) in pairs]
    margins = [(n - m) // 2 for n, m in zip(x.shape.spatial, sizes, strict=True)]
    return x.values if sizes == list(x.shape.spatial) else cropped(x, margins, sizes)


class Pad(Kernel):
    """Numbers put around every map: one and the same, or the map's own."""

    __slots__ = ()

    rate: ClassVar[KernelRate] = MOVED

    def __call__(self, inputs: Sequence[Tensor], parameters: Mapping[str, Numbers]) -> Tensor:
        """What a window of one tap sees as it slides over the padded map."""
        (x,) = inputs
        windows = tuple(Window(1, begin=begin, end=end) for begin, end in self.layer.sides(x.shape))
        (pick,) = taps(SlidingWindow(x.shape.spatial, windows, self.layer.mode))
        values: list[float] = []
        for plane in planes_of(x):
            values += pick([*plane, self.layer.value])
        return Tensor(self.layer.output_shape(x.shape), values)


class Moves(Kernel):
    """Numbers that change places: the same permutation for every map, or every few maps."""

    __slots__ = ()

    rate: ClassVar[KernelRate] = MOVED

    def __call__(self, inputs: Sequence[Tensor], parameters: Mapping[str, Numbers]) -> Tensor:
        """Every map's numbers in the new order."""
        (x,) = inputs
        pick, size = picker(order(self.steps(x.shape))), self.maps(x.shape) * prod(x.shape.spatial)
        values: list[float] = []
        for first in range(0, x.shape.size, size):
            values += pick(x.values[first : first + size])
        return Tensor(self.layer.output_shape(x.shape), values)

    @abstractmethod
    def steps(self, shape: Shape) -> AxisSteps:
        """The steps whose sums are the places to be read."""

    def maps(self, shape: Shape) -> int:
        """How many maps exchange numbers."""
        del shape
        return 1


class Space2Depth(Moves):
    """The blocks of a map become several maps."""

    __slots__ = ()

    def steps(self, shape: Shape) -> AxisSteps:
        """The places in a block, then the blocks."""
        block, axes = (
            self.layer.block,
            list(zip(shape.spatial, strides(shape.spatial), strict=True)),
        )
        inner = [range(0, block * step, step) for _, step in axes]
        blocks = [range(0, size * step, block * step) for size, step in axes]
        if self.layer.order == "dcr":
            places = prod(shape.spatial)
            return [*inner, range(0, shape.channels * places, places), *blocks]
        return inner + blocks

    def maps(self, shape: Shape) -> int:
        """A map is rearranged by itself; in the order `dcr` all of them lie side by side."""
        return shape.channels if self.layer.order == "dcr" else 1


class Depth2Space(Moves):
    """Several maps become the blocks of one."""

    __slots__ = ()

    def steps(self, shape: Shape) -> AxisSteps:
        """Along each axis, a step from map to map within a block, and one from block to block."""
        block, places = self.layer.block, prod(shape.spatial)
        maps: Sequence[int] = strides((block,) * shape.rank)
        outer: list[range] = []
        if self.layer.order == "dcr":
            out = shape.channels // block**shape.rank
            maps = [step * out for step in maps]
            outer = [range(0, out * places, places)]
        axes = zip(shape.spatial, strides(shape.spatial), maps, strict=True)
        return outer + [
            [at * step + inner * map_ * places for at in range(size) for inner in range(block)]
            for size, step, map_ in axes
        ]

    def maps(self, shape: Shape) -> int:
        """As many maps as a block has places; in the order `dcr`, all."""
        if self.layer.order == "dcr":
            return shape.channels
        return prod((self.layer.block,) * shape.rank)
