"""Windowed: layers that slide a window over each channel's map (convolution, pooling).

All ranks are one implementation: every rule is `window.Window`'s on one axis, zipped. The
functions below the class say where places lie on the axes of a map, beyond its edges too.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import product
from math import prod
from typing import TYPE_CHECKING, ClassVar

from cnncalc.errors import UnplacedError
from cnncalc.layers._base import Layer, Names, Step, Words, dotted, neurons
from cnncalc.layers._explain import axis_steps, each_axis, window_formula
from cnncalc.layers._fields import check_edges, spread, wrong_rank
from cnncalc.shapes import Shape
from cnncalc.tensor import offset
from cnncalc.window import PADDING_RULES, Window, padding_by_rule

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnncalc.tensor import Scalar
    from cnncalc.window import Reach


class Windowed(Layer):
    """A layer with kernel, stride, padding and, where the layer type has them, dilation and ceil.

    As it stands each map has its window to itself and nothing is weighted, as in pooling;
    layer types with filters say otherwise.
    """

    __slots__ = ()

    kernel: tuple[int, ...]
    stride: tuple[int, ...] | None  # None: as far as the window is wide
    padding: str | tuple[tuple[int, int], ...]

    sized: ClassVar[str | None] = "kernel"
    paddings: ClassVar[Names] = {"padding": "padding"}
    letters: ClassVar[Names] = {"f": "kernel", "s": "stride", "p": "padding"}
    other_names: ClassVar[Names] = {"kernel_size": "kernel", "strides": "stride"}
    words: ClassVar[Words] = {rule: ("padding", rule) for rule in PADDING_RULES}
    pads_half_at_most: ClassVar[bool] = False  # PyTorch's limit for pooling

    def channels_out(self, shape: Shape) -> int:
        """How many channels come out. Raises UnplacedError where the channels do not work."""
        return shape.channels

    def windows(self, shape: Shape) -> tuple[Window, ...]:
        """One Window per spatial axis, with every default and padding rule resolved."""
        return _resolved(self, shape)

    def resolve(self, shape: Shape) -> tuple[Window, ...]:
        """Compute `windows`, which caches them, since every figure of a layer asks for them.

        Raises UnplacedError for a vector, and for a field with the wrong number of values.
        """
        rank = shape.rank
        if rank == 0:
            raise UnplacedError(
                "no-axes",
                f"a window needs an axis to slide along; the input is a vector of {shape.channels}",
                help="reshape it first, or use fc",
            )
        kernel = spread(self.kernel, rank, "kernel")
        stride = spread(self.stride or self.kernel, rank, "stride")
        dilation = spread(getattr(self, "dilation", (1,)), rank, "dilation")
        padding = self._padding(shape, kernel, stride, dilation)
        ceil = getattr(self, "ceil", False)
        axes = zip(kernel, stride, padding, dilation, strict=True)
        windows = tuple(Window(f, s, *sides, d, ceil) for f, s, sides, d in axes)
        self._check_padding(shape, windows)
        return windows

    def _check_padding(self, shape: Shape, windows: tuple[Window, ...]) -> None:
        mode = self.edge_mode
        for window, size in zip(windows, shape.spatial, strict=True):
            check_edges(mode, size, window.begin, window.end, "padding")
            if self.pads_half_at_most and max(window.begin, window.end) > window.kernel // 2:
                raise _padding_too_big(window)

    def _padding(
        self,
        shape: Shape,
        kernel: tuple[int, ...],
        stride: tuple[int, ...],
        dilation: tuple[int, ...],
    ) -> tuple[tuple[int, int], ...]:
        rule = self.padding
        if isinstance(rule, str):
            if rule == "causal" and shape.rank > 1:
                raise UnplacedError(
                    "padding-rule",
                    f"'causal' padding is for one axis, time; the input has {shape.rank}",
                    field="padding",
                    help="write the padding before and after each axis, such as p2+0x1+1",
                )
            axes = zip(shape.spatial, kernel, stride, dilation, strict=True)
            return tuple(self.padding_by_rule(rule, *axis) for axis in axes)
        if len(rule) == 1:
            return rule * shape.rank
        if len(rule) != shape.rank:
            raise wrong_rank("padding", len(rule), shape.rank)
        return rule

    def padding_by_rule(
        self, rule: str, size: int, kernel: int, stride: int, dilation: int
    ) -> tuple[int, int]:
        """Zeros before and after one axis for a named rule."""
        return padding_by_rule(rule, size, kernel, stride, dilation)

    def output_shape(self, *inputs: Shape) -> Shape:
        """Each axis by the window's count; the channels as the layer type says."""
        (shape,) = inputs
        return _output_shape(self, shape)

    def reach(self, *inputs: Shape) -> tuple[tuple[Reach, ...], ...]:
        """The window's reach on every axis."""
        return (tuple(window.reach for window in self.windows(inputs[0])),)

    @property
    def edge_mode(self) -> str:
        """The padding mode, of layers that have one."""
        return getattr(self, "padding_mode", "zeros")

    def channels_read(self, channel: int, *inputs: Shape) -> tuple[Sequence[int], ...]:
        """The same channel only."""
        return ((channel,),)

    def fit(self, *inputs: Shape) -> tuple[int, ...]:
        """Rows and columns of the input behind the last window."""
        (shape,) = inputs
        mode = getattr(self, "padding_mode", "zeros")
        axes = zip(self.windows(shape), shape.spatial, strict=True)
        return tuple(unread(window, size, mode) for window, size in axes)

    def settings(self, *inputs: Shape) -> dict[str, object]:
        """The fields, with one number per axis and padding rules turned into zeros counted."""
        windows = self.windows(inputs[0])
        resolved: dict[str, object] = {
            "kernel": [w.kernel for w in windows],
            "stride": [w.stride for w in windows],
            "padding": [[w.begin, w.end] for w in windows],
            "dilation": [w.dilation for w in windows],
        }
        given = Layer.settings(self, *inputs)
        return {name: resolved.get(name, value) for name, value in given.items()}

    def connections(self, *inputs: Shape) -> int:
        """Every neuron reads its whole window, in one map."""
        (shape,) = inputs
        return self.output_shape(shape).size * prod(w.kernel for w in self.windows(shape))

    def explain(self, *inputs: Shape) -> list[Step]:
        """Output per axis, neurons, connections."""
        (shape,) = inputs
        steps = self.window_steps(shape)
        return [*steps, neurons(self.output_shape(shape)), self.links_step(shape)]

    def links_step(self, shape: Shape) -> Step:
        """The connections, where every neuron has a window in one map."""
        out = self.output_shape(shape)
        kernel = [window.kernel for window in self.windows(shape)]
        formula = "·".join(["neurons", *("F" for _ in kernel)])
        numbers = dotted(out.size, *kernel)
        return Step("connections", "connections", formula, numbers, self.connections(shape))

    def taps(self, shape: Shape, mode: str = "zeros") -> list[list[int | None]]:
        """For each output position, where its window's taps lie in a plane; None is padding."""
        axes = []
        for window, size in zip(self.windows(shape), shape.spatial, strict=True):
            starts = range(0, window.count(size) * window.stride, window.stride)
            axes.append([_axis_taps(window, start, size, mode) for start in starts])
        return grid(axes, shape.spatial)

    def taps_at(self, position: tuple[int, ...], shape: Shape) -> list[int | None]:
        """Where the taps of the window at one output position lie in a plane."""
        axes = zip(self.windows(shape), position, shape.spatial, strict=True)
        return grid(
            [[_axis_taps(w, at * w.stride, size, self.edge_mode)] for w, at, size in axes],
            shape.spatial,
        )[0]

    def kernel_of(self, shape: Shape) -> tuple[int, ...]:
        """The sizes of the window, one per axis."""
        return tuple(window.kernel for window in self.windows(shape))

    def window_steps(self, shape: Shape) -> list[Step]:
        """The output size of every axis, explained."""
        axes = zip(self.windows(shape), each_axis(shape), strict=True)
        lines = [window_formula(window, letter, size) for window, (letter, size) in axes]
        return axis_steps(self.output_shape(shape), lines)


@lru_cache(maxsize=4096)
def _resolved(layer: Windowed, shape: Shape) -> tuple[Window, ...]:
    return layer.resolve(shape)


# Cached, since most figures of a layer ask for it, and many networks hold equal layers.
@lru_cache(maxsize=4096)
def _output_shape(layer: Windowed, shape: Shape) -> Shape:
    windows = layer.windows(shape)
    channels = layer.channels_out(shape)
    axes = zip(windows, shape.spatial, strict=True)
    return Shape(channels, tuple([window.count(size) for window, size in axes]))


def values_at(taps: Sequence[int | None], *planes: Sequence[Scalar]) -> list[Scalar]:
    """What a window sees, plane by plane; zeros where its taps lie in the padding.

    >>> values_at([None, 1], [5.0, 6.0], [7.0, 8.0])
    [0.0, 6.0, 0.0, 8.0]
    """
    return [0.0 if tap is None else plane[tap] for plane in planes for tap in taps]


def _axis_taps(window: Window, start: int, size: int, mode: str) -> list[int | None]:
    first = start - window.begin
    taps = range(first, first + window.extent, window.dilation)
    return [source(tap, size, mode) for tap in taps]


def _padding_too_big(window: Window) -> UnplacedError:
    padding = max(window.begin, window.end)
    return UnplacedError(
        "padding-too-big",
        f"padding {padding} is more than half of the pooling window ({window.kernel})",
        field="padding",
        help=f"use at most {window.kernel // 2}",
    )


def source(place: int, size: int, mode: str) -> int | None:
    """Where a place beyond the edge is read from; None where it is filled.

    >>> [source(-2, 5, mode) for mode in ("zeros", "reflect", "replicate", "circular")]
    [None, 2, 0, 3]
    """
    if 0 <= place < size:
        return place
    if mode == "reflect":
        return -place if place < 0 else 2 * (size - 1) - place
    if mode == "replicate":
        return 0 if place < 0 else size - 1
    if mode == "circular":
        return place % size
    return None


def unread(window: Window, size: int, mode: str) -> int:
    """Columns of the input outside the span of the windows, where padding may repeat columns.

    Circular padding in front holds the last columns, reflected padding the first ones.

    >>> from cnncalc.window import Window
    >>> [unread(Window(3, stride=3, begin=1), 9, mode) for mode in ("zeros", "circular")]
    [1, 0]
    """
    span, before = window.span(size), window.begin
    read = size - window.unused(size)
    if mode == "circular":
        read = min(span, size)
    elif mode == "reflect":
        read = max(read, before + 1) if read else span
    elif mode == "replicate":
        read = max(read, 1)
    return size - read


def grid(
    axes: Sequence[Sequence[Sequence[int | None]]], spatial: tuple[int, ...]
) -> list[list[int | None]]:
    """Places per axis, joined into indices of a plane.

    `axes` holds, per axis and per position along it, places on that axis. The answer holds,
    for every position in order, the index of every combination of its places; None where
    any of the places is None.

    >>> grid([[[0, 1]], [[0], [None]]], (2, 3))
    [[0, 3], [None, None]]
    """
    return [[_flat(place, spatial) for place in product(*places)] for places in product(*axes)]


def _flat(place: tuple[int | None, ...], spatial: tuple[int, ...]) -> int | None:
    known = [axis for axis in place if axis is not None]
    return offset(tuple(known), spatial) if len(known) == len(place) else None
