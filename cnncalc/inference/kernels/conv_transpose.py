"""Transposed convolutions, worked as ordinary ones.

With stride S, outputs a multiple of S apart are reached by the same taps of the filter: those
t for which output + P - d·t is a multiple of S. So per axis the outputs fall into S phases,
and each phase is a convolution of stride 1 of the input with its own share of the taps,
turned round. Phases that read the input alike are filters of one convolution, which packed
vectors or floating point work with their own bounds; last, the outputs are put in order.
"""

from __future__ import annotations

from itertools import chain, product
from math import gcd, isfinite, prod
from typing import TYPE_CHECKING, Any, NamedTuple

from cnncalc.inference.kernels.conv_methods import Group, Piece, floating, packed
from cnncalc.inference.kernels.convolution import grouped
from cnncalc.inference.kernels.cost_model import Size, best
from cnncalc.inference.kernels.error_bounds import Made, astray
from cnncalc.inference.kernels.im2col import Slide, picker
from cnncalc.inference.kernels.kernel import Kernel
from cnncalc.tensor import Tensor
from cnncalc.window import Window

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from cnncalc.inference.kernels.convolution import Part
    from cnncalc.shapes import Shape

    Numbers = Sequence[float]


MULTIPLY_ADD = 12  # nanoseconds


class Phase(NamedTuple):
    """Some outputs of one axis: the window that makes them, and its taps in the input's order."""

    window: Window
    taps: tuple[int, ...]


class Way(NamedTuple):
    """Phases of all axes that read the input alike: which they are, and the taps of each."""

    slide: Slide
    phases: list[tuple[int, ...]]
    taps: list[list[int]]


class Transposed(Kernel):
    """A transposed convolution."""

    __slots__ = ()

    def __call__(self, inputs: Sequence[Tensor], parameters: Mapping[str, Numbers]) -> Tensor:
        """The layer's output, as near to the layer type's as a convolution's."""
        (x,) = inputs
        out = self.layer.output_shape(x.shape)
        weight, bias = parameters["weight"], parameters.get("bias", [0.0] * out.channels)
        if not isfinite(sum(weight)):  # it would spread from the padding's zeros
            return self.by_layer_type(inputs, parameters)
        axes = zip(self.layer.windows(x.shape), x.shape.spatial, strict=True)
        windows = [_apart(*axis) for axis in axes]
        every = ways(windows, x.shape.spatial, out.spatial)
        taps = prod(window.kernel for window in windows)
        parts = grouped(x.shape.channels, out.channels, self.layer.groups, taps)
        works = [_Work(way, part, x, weight, bias) for part in parts for way in every]
        made = [self._made(work, taps) for work in works]
        for index in astray(made) if made else ():
            made[index] = floating(self._group(works[index], taps))
        if made and astray(made):
            return self.by_layer_type(inputs, parameters)
        pick = _in_order(every, out.spatial, [window.stride for window in windows])
        return Tensor(out, _joined(parts, made, bias, pick))

    def expected_nanoseconds(self, out: Shape) -> float:
        """By its multiply-adds."""
        return float(self.layer.macs(*self.shapes) * MULTIPLY_ADD)

    def _made(self, work: _Work, taps: int) -> Made:
        """The outputs of some phases by the quickest way, or by the next."""
        plan = best(work.size).plan
        if plan and (made := packed(plan, self._group(work, taps, plan.block))):
            return made
        return floating(self._group(work, taps))

    def _group(self, work: _Work, taps: int, block: int | None = None) -> Group:
        """The planes, weights and biases of some phases, `block` channels in a piece."""
        way, part, x, weight, bias = work
        places, wide = prod(way.slide.spatial), way.slide.taps
        rows = list(_rows(way, part, weight, taps, self.layer.filters // self.layer.groups))
        pieces = []
        for first in range(0, len(part.maps), block or len(part.maps)):
            seen = part.maps[first : first + (block or len(part.maps))]
            planes = [x.values[at * places : (at + 1) * places] for at in seen]
            stretch = slice(first * wide, (first + len(seen)) * wide)
            pieces.append(Piece(planes, [row[stretch] for row in rows]))
        biases = list(bias[part.first : part.first + part.filters]) * len(way.phases)
        return Group(work.size, pieces, biases)


class _Work(NamedTuple):
    """Some phases of some filters, and the numbers that they work with."""

    way: Way
    part: Part
    x: Tensor
    weight: Numbers
    bias: Numbers

    @property
    def size(self) -> Size:
        filters = self.part.filters * len(self.way.phases)
        return Size(len(self.part.maps), filters, self.way.slide)


def _rows(way: Way, part: Part, weight: Numbers, taps: int, share: int) -> Iterator[list[float]]:
    """Phase by phase and filter by filter: its weights for a channel, then for the next.

    They are stored channel by channel, each with the `share` filters of its group.
    """
    begin, end = part.maps[0] * share * taps, (part.maps[-1] + 1) * share * taps
    for own in way.taps:
        for k in range(part.first, part.first + part.filters):
            row = [0.0] * (len(part.maps) * len(own))
            for index, tap in enumerate(own):
                row[index :: len(own)] = weight[begin + k % share * taps + tap : end : share * taps]
            yield row


def _apart(window: Window, size: int) -> Window:
    """The window; over a single input, with a stride that parts all of the outputs."""
    far = window.extent + window.stride + window.dilation
    return window._replace(stride=far) if size == 1 else window


def phases(window: Window, size: int, out: int) -> list[Phase | None]:
    """The phases of one axis in order; None for one that no tap reaches.

    >>> phases(Window(3, stride=2, begin=1, end=1), 4, 7)  # one tap, and two
    [Phase(window=Window(kernel=1, stride=1, begin=0, end=0, dilation=1, ceil=False), taps=(1,)), \
Phase(window=Window(kernel=2, stride=1, begin=0, end=0, dilation=1, ceil=False), taps=(2, 0))]
    """
    made: list[Phase | None] = []
    for first in range(min(window.stride, out)):
        at = first + window.begin
        reach = range((window.kernel - 1) * window.dilation, -1, -window.dilation)
        taps = [tap // window.dilation for tap in reach if (at - tap) % window.stride == 0]
        count = len(range(first, out, window.stride))
        made.append(_phase(window, taps, at, count, size) if taps else None)
    return made


def _phase(window: Window, taps: list[int], at: int, count: int, size: int) -> Phase:
    """The phase of these taps, whose first output is at a place of the uncut map.

    A negative padding of its window takes inputs away that none of its outputs reads.
    """
    begin = (taps[0] * window.dilation - at) // window.stride
    apart = window.dilation // gcd(window.dilation, window.stride) if len(taps) > 1 else 1
    own = Window(len(taps), begin=begin, dilation=apart)
    return Phase(own._replace(end=count - 1 - own.slack(size)), tuple(taps))


def ways(windows: Sequence[Window], spatial: tuple[int, ...], out: tuple[int, ...]) -> list[Way]:
    """The phases of all axes, those together that read the input alike.

    >>> [len(way.phases) for way in ways([Window(2, stride=2)] * 2, (28, 28), (56, 56))]
    [4]
    """
    made: dict[Slide, Way] = {}
    sizes = [window.kernel for window in windows]
    axes = [enumerate(phases(*axis)) for axis in zip(windows, spatial, out, strict=True)]
    for place in product(*axes):
        own = [phase for _, phase in place if phase]
        if len(own) == len(place):
            slide = Slide(spatial, tuple(phase.window for phase in own))
            way = made.setdefault(slide, Way(slide, [], []))
            way.phases.append(tuple(index for index, _ in place))
            way.taps.append([_flat(taps, sizes) for taps in product(*(p.taps for p in own))])
    return list(made.values())


def _flat(place: Sequence[int], sizes: Sequence[int]) -> int:
    index = 0
    for at, size in zip(place, sizes, strict=True):
        index = index * size + at
    return index


def _in_order(
    every: Sequence[Way], out: tuple[int, ...], strides: Sequence[int]
) -> Callable[[Sequence[Any]], Sequence[Any]]:
    """What takes a map from its phases, one after the other, and the bias behind them."""
    starts, beyond = {}, 0
    for way in every:
        for phase in way.phases:
            starts[phase] = (beyond, way.slide.counts)
            beyond += prod(way.slide.counts)
    *above, stride = strides
    order: list[int] = []
    for place in product(*map(range, out[:-1])):
        line = [beyond] * out[-1]
        split = [divmod(at, step) for at, step in zip(place, above, strict=True)]
        for last in range(min(stride, out[-1])):
            start, counts = starts.get((*(phase for _, phase in split), last), (0, ()))
            if counts:
                start += _flat([at for at, _ in split], counts[:-1]) * counts[-1]
                line[last::stride] = range(start, start + counts[-1])
        order += line
    return picker(order)


def _joined(
    parts: Sequence[Part],
    made: Sequence[Made],
    bias: Numbers,
    pick: Callable[[Sequence[Any]], Sequence[Any]],
) -> list[float]:
    """All maps, one after the other."""
    values: list[float] = []
    several = len(made) // len(parts)
    for index, part in enumerate(parts):
        own = made[index * several : (index + 1) * several]
        for k in range(part.filters):
            phases = [plane for each in own for plane in each.planes[k :: part.filters]]
            values += pick(list(chain(*phases, bias[part.first + k : part.first + k + 1])))
    return values
