"""Windows laid out (im2col), and sums of products over them in floating point.

The windows are laid out once, a tuple per position, and shared by all filters. The ordinary
way multiplies and adds in the order of the layer types. The other is the polarisation identity
2·t·(x·w) = |t·x|² + |w|² - |t·x - w|², with t so chosen that the norms are alike: `math.dist`
sums squares in C with compensation, so that next to nothing is lost.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import islice, product, repeat
from math import dist, frexp, inf, ldexp, prod
from operator import itemgetter, mul
from typing import TYPE_CHECKING, Any, NamedTuple

from cnncalc.inference.kernels.error_bounds import EPSILON, LEAST
from cnncalc.window import Window

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from cnncalc.shapes import Shape

    Numbers = Sequence[float]


class SlidingWindow(NamedTuple):
    """What slides over what: the spatial sizes, one window per axis, and the edge's mode."""

    spatial: tuple[int, ...]
    windows: tuple[Window, ...]
    mode: str = "zeros"

    @property
    def counts(self) -> tuple[int, ...]:
        """The output's spatial sizes."""
        axes = zip(self.windows, self.spatial, strict=True)
        return tuple(window.count(size) for window, size in axes)

    @property
    def single(self) -> bool:
        """Whether the window is a single place, and stops at each."""
        return all(window == Window(1) for window in self.windows)

    @property
    def taps(self) -> int:
        """The taps of the window in all."""
        return prod(window.kernel for window in self.windows)


def sliding_window(layer: Any, shape: Shape) -> SlidingWindow:
    """The slide of a windowed layer; a linear layer slides a window of 1.

    >>> from cnncalc.layers.conv import Conv
    >>> from cnncalc.shapes import Shape
    >>> sliding_window(Conv(filters=6, kernel=(5,)), Shape(1, (32, 32))).counts
    (28, 28)
    """
    if not hasattr(layer, "windows"):
        return SlidingWindow(shape.spatial, (Window(1),) * shape.rank)
    return SlidingWindow(
        shape.spatial, layer.windows(shape), getattr(layer, "padding_mode", "zeros")
    )


def picker(places: Sequence[int]) -> Callable[[Sequence[Any]], Sequence[Any]]:
    """A function that takes the items at these places out of a sequence, in C.

    >>> picker([2, 0])("abc"), picker([1, 2])("abc")
    (('c', 'a'), 'bc')
    """
    first, last = places[0], places[-1]
    if list(places) == list(range(first, last + 1)):
        return itemgetter(slice(first, last + 1))
    return itemgetter(*places)


def source(place: int, size: int, window: Window, mode: str) -> int | None:
    """Where a place of the padded axis is read from; None where it is 0.

    >>> from cnncalc.window import Window
    >>> [source(p, 4, Window(3, begin=2, end=2), "reflect") for p in (0, 2, 7, 8)]
    [2, 0, 1, None]
    """
    at = place - window.begin
    if 0 <= at < size:
        return at
    if mode == "zeros" or at >= size + window.end:
        return None
    if mode == "circular":
        return at % size
    if mode == "replicate":
        return 0 if at < 0 else size - 1
    return -at if at < 0 else 2 * (size - 1) - at


TOGETHER = 50_000  # numbers of windows at once: few enough to stay in a processor's cache


@lru_cache(maxsize=8)
def taps(slide: SlidingWindow) -> list[Callable[[Sequence[Any]], Sequence[Any]]]:
    """Per tap, what takes its input at every position from a plane followed by a 0."""
    axes: list[list[list[int | None]]] = []
    for window, size, count in zip(slide.windows, slide.spatial, slide.counts, strict=True):
        starts = range(0, count * window.stride, window.stride)
        ahead = range(0, window.extent, window.dilation)
        axes.append([[source(s + t, size, window, slide.mode) for s in starts] for t in ahead])
    return [picker(_flat(places, slide.spatial)) for places in product(*axes)]


def _flat(axes: Sequence[Sequence[int | None]], spatial: Sequence[int]) -> list[int]:
    flat: list[int | None] = [0]
    padding = 1
    for places, size in zip(axes, spatial, strict=True):
        padding *= size
        flat = [
            None if above is None or place is None else above * size + place
            for above in flat
            for place in places
        ]
    return [padding if place is None else place for place in flat]


def windows(slide: SlidingWindow, planes: Sequence[Numbers]) -> Iterator[tuple[float, ...]]:
    """What the window sees at each position, channel by channel.

    >>> from cnncalc.inference.kernels.im2col import SlidingWindow
    >>> from cnncalc.window import Window
    >>> list(windows(SlidingWindow((3,), (Window(2),)), [[1.0, 2.0, 3.0]]))
    [(1.0, 2.0), (2.0, 3.0)]
    """
    padded = [[*plane, 0.0] for plane in planes]
    return zip(*(pick(plane) for plane in padded for pick in taps(slide)), strict=True)


def ordinary(
    slide: SlidingWindow, planes: Sequence[Numbers], rows: Sequence[Numbers], biases: Numbers
) -> list[list[float]]:
    """Per filter, its output plane: bias + the sum of the products, in order.

    >>> from cnncalc.inference.kernels.im2col import SlidingWindow
    >>> from cnncalc.window import Window
    >>> ordinary(SlidingWindow((3,), (Window(2),)), [[1.0, 2.0, 3.0]], [[1.0, 10.0]], [0.5])
    [[21.5, 32.5]]
    """
    outputs: list[list[float]] = [[] for _ in rows]
    rows = [list(row) for row in rows]
    for seen in _some(windows(slide, planes), len(rows[0])):
        for output, row, bias in zip(outputs, rows, biases, strict=True):
            output += [sum(map(mul, window, row), bias) for window in seen]
    return outputs


def distances(
    slide: SlidingWindow,
    planes: Sequence[Numbers],
    rows: Sequence[Numbers],
    biases: Numbers,
    norm: float,
) -> tuple[list[list[float]], float]:
    """Per filter, its output plane; and the most by which any number is off, biases aside.

    `norm` is the largest 2-norm of a filter. The error is infinite, and the numbers mean
    nothing, where a window sees numbers too large to be squared, or none.
    """
    origin = (0.0,) * len(rows[0])
    rows = [tuple(row) for row in rows]
    squares = [dist(row, origin) ** 2 for row in rows]
    outputs: list[list[float]] = [[] for _ in rows]
    error = 0.0
    for seen in _some(windows(slide, planes), len(origin)):
        lengths = list(map(dist, seen, repeat(origin)))
        if not sum(lengths) < 1 / LEAST:
            return outputs, inf
        t = ldexp(1.0, frexp(norm)[1] - frexp(max(*lengths, LEAST))[1])
        half = 0.5 / t
        scaled = [tuple([t * x for x in window]) for window in seen]
        own = [(t * length) ** 2 for length in lengths]
        for output, row, square, bias in zip(outputs, rows, squares, biases, strict=True):
            pairs = zip(own, map(dist, scaled, repeat(row)), strict=True)
            output += [(length + square - d * d) * half + bias for length, d in pairs]
        # The three squares are at most 4, 1 and 9 times norm², each right to 4 roundings.
        error = max(error, 64 * EPSILON * norm * norm * half)
    return outputs, error


def _some(every: Iterator[tuple[float, ...]], terms: int) -> Iterator[list[tuple[float, ...]]]:
    """The windows, as many at a time as memory should hold."""
    while seen := list(islice(every, max(1, TOGETHER // terms))):
        yield seen
