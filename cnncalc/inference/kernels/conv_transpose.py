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

from cnncalc.inference.kernels.conv_methods import ChannelBlock, GroupOperands, floating, packed
from cnncalc.inference.kernels.convolution import grouped
from cnncalc.inference.kernels.cost_model import ConvSize, best
from cnncalc.inference.kernels.error_bounds import BoundedOutput, inexact
from cnncalc.inference.kernels.im2col import SlidingWindow, picker
from cnncalc.inference.kernels.kernel import Kernel
from cnncalc.tensor import Tensor
from cnncalc.window import Window

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from cnncalc.inference.kernels.convolution import FilterGroup
    from cnncalc.shapes import Shape

    Numbers = Sequence[float]


MULTIPLY_ADD = 12  # nanoseconds


class StridePhase(NamedTuple):
    """Some outputs of one axis: the window that makes them, and its taps in the input's order."""

    window: Window
    taps: tuple[int, ...]


class PhaseGroup(NamedTuple):
    """Phases of all axes that read the input alike: which they are, and the taps of each."""

    slide: SlidingWindow
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
        every = phase_groups(windows, x.shape.spatial, out.spatial)
        taps = prod(window.kernel for window in windows)
        parts = grouped(x.shape.channels, out.channels, self.layer.groups, taps)
        works = [
            _PhaseWork(phase_group, part, x, weight, bias)
            for part in parts
            for phase_group in every
        ]
        made = [self._made(work, taps) for work in works]
        for index in inexact(made) if made else ():
            made[index] = floating(self._group(works[index], taps))
        if made and inexact(made):
            return self.by_layer_type(inputs, parameters)
        pick = _in_order(every, out.spatial, [window.stride for window in windows])
        return Tensor(out, _joined(parts, made, bias, pick))

    def expected_nanoseconds(self, out: Shape) -> float:
        """By its multiply-adds."""
        return float(self.layer.macs(*self.shapes) * MULTIPLY_ADD)

    def _made(self, work: _PhaseWork, taps: int) -> BoundedOutput:
        """The outputs of some phases by the quickest phase_group, or by the next."""
        plan = best(work.size).plan
        if plan and (made := packed(plan, self._group(work, taps, plan.block))):
            return made
        return floating(self._group(work, taps))

    def _group(self, work: _PhaseWork, taps: int, block: int | None = None) -> GroupOperands:
        """The planes, weights and biases of some phases, `block` channels in a piece."""
        phase_group, part, x, weight, bias = work
        places, wide = prod(phase_group.slide.spatial), phase_group.slide.taps
        rows = list(_rows(phase_group, part, weight, taps, self.layer.filters // self.layer.groups))
        pieces = []
        for first in range(0, len(part.maps), block or len(part.maps)):
            seen = part.maps[first : first + (block or len(part.maps))]
            planes = [x.values[at * places : (at + 1) * places] for at in seen]
            stretch = slice(first * wide, (first + len(seen)) * wide)
            pieces.append(ChannelBlock(planes, [row[stretch] for row in rows]))
        biases = list(bias[part.first : part.first + part.filters]) * len(phase_group.phases)
        return GroupOperands(work.size, pieces, biases)


class _PhaseWork(NamedTuple):
    """Some phases of some filters, and the numbers that they work with."""

    phase_group: PhaseGroup
    part: FilterGroup
    x: Tensor
    weight: Numbers
    bias: Numbers

    @property
    def size(self) -> ConvSize:
        filters = self.part.filters * len(self.phase_group.phases)
        return ConvSize(len(self.part.maps), filters, self.phase_group.slide)


def _rows(
    phase_group: PhaseGroup, part: FilterGroup, weight: Numbers, taps: int, share: int
) -> Iterator[list[float]]:
    """StridePhase by phase and filter by filter: its weights for a channel, then for the next.

    They are stored channel by channel, each with the `share` filters of its group.
    """
    begin, end = part.maps[0] * share * taps, (part.maps[-1] + 1) * share * taps
    for own in phase_group.taps:
        for k in range(part.first, part.first + part.filters):
            row = [0.0] * (len(part.maps) * len(own))
            for index, tap in enumerate(own):
                row[index :: len(own)] = weight[begin + k % share * taps + tap : end : share * taps]
            yield row


def _apart(window: Window, size: int) -> Window:
    """The window; over a single input, with a stride that parts all of the outputs."""
    far = window.extent + window.stride + window.dilation
    return window._replace(stride=far) if size == 1 else window


def phases(window: Window, size: int, out: int) -> list[StridePhase | None]:
    """The phases of one axis in order; None for one that no tap reaches.

    >>> [phase.taps for phase in phases(Window(3, stride=2, begin=1, end=1), 4, 7)]
    [(1,), (2, 0)]
    """
    made: list[StridePhase | None] = []
    for first in range(min(window.stride, out)):
        at = first + window.begin
        reach = range((window.kernel - 1) * window.dilation, -1, -window.dilation)
        taps = [tap // window.dilation for tap in reach if (at - tap) % window.stride == 0]
        count = len(range(first, out, window.stride))
        made.append(_phase(window, taps, at, count, size) if taps else None)
    return made


def _phase(window: Window, taps: list[int], at: int, count: int, size: int) -> StridePhase:
    """The phase of these taps, whose first output is at a place of the uncut map.

    A negative padding of its window takes inputs away that none of its outputs reads.
    """
    begin = (taps[0] * window.dilation - at) // window.stride
    apart = window.dilation // gcd(window.dilation, window.stride) if len(taps) > 1 else 1
    own = Window(len(taps), begin=begin, dilation=apart)
    return StridePhase(own._replace(end=count - 1 - own.slack(size)), tuple(taps))


def phase_groups(
    windows: Sequence[Window], spatial: tuple[int, ...], out: tuple[int, ...]
) -> list[PhaseGroup]:
    """The phases of all axes, those together that read the input alike.

    >>> groups = phase_groups([Window(2, stride=2)] * 2, (28, 28), (56, 56))
    >>> [len(group.phases) for group in groups]
    [4]
    """
    made: dict[SlidingWindow, PhaseGroup] = {}
    sizes = [window.kernel for window in windows]
    axes = [enumerate(phases(*axis)) for axis in zip(windows, spatial, out, strict=True)]
    for place in product(*axes):
        own = [phase for _, phase in place if phase]
        if len(own) == len(place):
            slide = SlidingWindow(spatial, tuple(phase.window for phase in own))
            phase_group = made.setdefault(slide, PhaseGroup(slide, [], []))
            phase_group.phases.append(tuple(index for index, _ in place))
            phase_group.taps.append(
                [_flat(taps, sizes) for taps in product(*(p.taps for p in own))]
            )
    return list(made.values())


def _flat(place: Sequence[int], sizes: Sequence[int]) -> int:
    index = 0
    for at, size in zip(place, sizes, strict=True):
        index = index * size + at
    return index


def _in_order(
    every: Sequence[PhaseGroup], out: tuple[int, ...], strides: Sequence[int]
) -> Callable[[Sequence[Any]], Sequence[Any]]:
    """What takes a map from its phases, one after the other, and the bias behind them."""
    starts, beyond = {}, 0
    for phase_group in every:
        for phase in phase_group.phases:
            starts[phase] = (beyond, phase_group.slide.counts)
            beyond += prod(phase_group.slide.counts)
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
    parts: Sequence[FilterGroup],
    made: Sequence[BoundedOutput],
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
