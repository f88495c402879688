"""Arithmetic of the layer types' definitions, on floats or on stand-ins that count or remember.

A stand-in answers a function by a method of the same name; plain numbers go to `math`.
"""

from __future__ import annotations

import math
from itertools import product
from typing import TYPE_CHECKING

from cnncalc.shapes import Shape
from cnncalc.tensor import Tensor, offset

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from cnncalc.tensor import Scalar


LARGEST_EXPONENT = 709  # e**710 does not fit in a float64


def _call(name: str, x: Scalar) -> Scalar:
    return getattr(math, name)(x) if isinstance(x, (int, float)) else getattr(x, name)()


def exp(x: Scalar) -> Scalar:
    """e to the x; infinite, rather than an error, where a float overflows.

    >>> exp(0.0), exp(1e9)
    (1.0, inf)
    """
    if isinstance(x, (int, float)) and x > LARGEST_EXPONENT:
        return math.inf
    return _call("exp", x)


def log1p(x: Scalar) -> Scalar:
    """The logarithm of 1 + x."""
    return _call("log1p", x)


def sqrt(x: Scalar) -> Scalar:
    """The square root."""
    return _call("sqrt", x)


def tanh(x: Scalar) -> Scalar:
    """The hyperbolic tangent."""
    return _call("tanh", x)


def erf(x: Scalar) -> Scalar:
    """The error function, for the exact GELU."""
    return _call("erf", x)


def total(values: Iterable[Scalar]) -> Scalar:
    """The sum; 0.0 for nothing.

    >>> total([1.0, 3.0, 2.0]), total([])
    (6.0, 0.0)
    """
    return sum(values, 0.0)


def mean(values: Sequence[Scalar]) -> Scalar:
    """The sum over the count.

    >>> mean([1.0, 3.0, 2.0])
    2.0
    """
    return total(values) / len(values)


def maximum(values: Iterable[Scalar]) -> Scalar:
    """The largest; NaN wins, as in the frameworks.

    >>> maximum([1.0, 3.0, 2.0])
    3.0
    """
    best, *rest = values
    for value in rest:
        if isinstance(value, (int, float)) and isinstance(best, (int, float)):
            best = value if value > best or value != value else best  # noqa: PLR0124 - NaN
        else:
            best = value.maximum(best) if hasattr(value, "maximum") else best.maximum(value)
    return best


def minimum(values: Iterable[Scalar]) -> Scalar:
    """The smallest; NaN wins, as in the frameworks.

    >>> minimum([1.0, 3.0, 2.0])
    1.0
    """
    return -maximum([-value for value in values])


def sigmoid(x: Scalar) -> Scalar:
    """1/(1 + e^-x).

    >>> sigmoid(0.0)
    0.5
    """
    return 1 / (1 + exp(-x))


def times(x: Scalar, y: Scalar) -> Scalar:
    """A product that is no multiply-accumulate, such as a gate's: stand-ins do not count it.

    >>> times(2.0, 3.0)
    6.0
    """
    if hasattr(x, "times"):
        return x.times(y)
    return y.times(x) if hasattr(y, "times") else x * y


def pick(values: Sequence[Scalar], index: Scalar) -> Scalar:
    """The value at an index, which is a whole number.

    >>> pick([5.0, 6.0], 1.0)
    6.0
    """
    return values[int(index)] if isinstance(index, (int, float)) else index.pick(values)


def clamp(x: Scalar, low: float, high: float) -> Scalar:
    """The number between low and high that is nearest to x; NaN stays NaN.

    >>> [clamp(x, 0.0, 6.0) for x in (-1.0, 2.5, 7.0)]
    [0.0, 2.5, 6.0]
    """
    return -maximum([-high, -maximum([low, x])])


def weigh(
    values: Sequence[Scalar], weights: Sequence[Scalar], biases: Sequence[Scalar]
) -> list[Scalar]:
    """Each unit's bias + the sum of value x weight over its row of the weights.

    >>> weigh([1.0, 2.0], [3.0, 4.0, 5.0, 6.0], [0.0, 100.0])
    [11.0, 117.0]
    """
    starts = range(0, len(weights), len(values))
    rows = (weights[start : start + len(values)] for start in starts)
    return [add_weighted(bias, values, row) for bias, row in zip(biases, rows, strict=True)]


def bias_or_zeros(
    parameters: Mapping[str, Sequence[Scalar]], count: int, has_bias: bool
) -> Sequence[Scalar]:
    """The biases; as many zeros where the layer has none.

    >>> bias_or_zeros({"weight": [2.0, 3.0]}, 2, has_bias=False)
    [0.0, 0.0]
    """
    return parameters["bias"] if has_bias else [0.0] * count


def add_weighted(total: Scalar, values: Iterable[Scalar], weights: Iterable[Scalar]) -> Scalar:
    """The total and, one after the other, every value x weight.

    >>> add_weighted(0.5, [1.0, 2.0], [3.0, 4.0])
    11.5
    """
    for value, weight in zip(values, weights, strict=True):
        total = total + value * weight
    return total


def scaled_channels(
    x: Tensor, parameters: Mapping[str, Sequence[Scalar]], *, scale: bool = True, shift: bool = True
) -> Tensor:
    """Every channel times its weight plus its bias, or only one of the two.

    >>> from cnncalc.shapes import Shape
    >>> pair = Tensor(Shape(2), [1.0, 2.0])
    >>> scaled_channels(pair, {"weight": [3.0, 4.0], "bias": [0.5, 0.5]}).values
    [3.5, 8.5]
    """
    planes = [x.plane(channel) for channel in range(x.shape.channels)]
    if scale:
        planes = [[v * w for v in p] for p, w in zip(planes, parameters["weight"], strict=True)]
    if shift:
        planes = [[v + b for v in p] for p, b in zip(planes, parameters["bias"], strict=True)]
    return Tensor(x.shape, [value for plane in planes for value in plane])


def softmax(values: Sequence[Scalar]) -> list[Scalar]:
    """e^x over the sum of e^x; the largest is subtracted first, so that e^x stays finite.

    >>> softmax([1000.0, 1000.0])
    [0.5, 0.5]
    """
    top = maximum(values)
    powers = [exp(x - top) for x in values]
    whole = sum(powers)
    return [power / whole for power in powers]


def standardize(values: Sequence[Scalar], eps: float) -> list[Scalar]:
    """(x - mean)/sqrt(variance + eps); the variance divides by the count, as in training.

    >>> standardize([1.0, 3.0], 0.0)
    [-1.0, 1.0]
    """
    mean = sum(values) / len(values)
    centred = [x - mean for x in values]
    spread = sqrt(sum(x * x for x in centred) / len(values) + eps)
    return [x / spread for x in centred]


def standardize_groups(x: Tensor, groups: int, eps: float) -> Tensor:
    """The channels parted into groups of equal size, each standardised as a whole.

    >>> from cnncalc.shapes import Shape
    >>> standardize_groups(Tensor(Shape(2, (2,)), [1.0, 3.0, 5.0, 9.0]), 2, 0.0).values
    [-1.0, 1.0, -1.0, 1.0]
    """
    size = x.shape.size // groups
    parts = (x.values[start : start + size] for start in range(0, x.shape.size, size))
    return Tensor(x.shape, [value for part in parts for value in standardize(part, eps)])


def pooled(
    x: Tensor,
    out: Shape,
    windows: Sequence[Iterable[int | None]],
    join: Callable[[list[Scalar]], Scalar],
) -> Tensor:
    """Map by map, the numbers that each window sees, joined into one.

    A window lists places in a plane; None is padding, which is not seen.

    >>> pooled(Tensor(Shape(1, (3,)), [1.0, 2.0, 3.0]), Shape(1, (2,)), [[None, 0], [1, 2]], sum)
    Tensor(shape=Shape(channels=1, spatial=(2,)), values=[1.0, 5.0])
    """
    inside = [[place for place in window if place is not None] for window in windows]
    planes = map(x.plane, range(x.shape.channels))
    return Tensor(
        out, [join([plane[place] for place in seen]) for plane in planes for seen in inside]
    )


def columns(x: Tensor) -> list[list[Scalar]]:
    """The channels' values at every position, in the order of the positions.

    >>> columns(Tensor(Shape(2, (3,)), [1.0, 2.0, 3.0, 10.0, 20.0, 30.0]))
    [[1.0, 10.0], [2.0, 20.0], [3.0, 30.0]]
    """
    places = x.shape.size // x.shape.channels
    return [list(x.values[place::places]) for place in range(places)]


def by_column(x: Tensor, change: Callable[[list[Scalar]], list[Scalar]]) -> Tensor:
    """The tensor in which every column is changed on its own; it may grow or shrink.

    >>> by_column(Tensor(Shape(2, (2,)), [1.0, 2.0, 30.0, 40.0]), lambda c: [sum(c)]).values
    [31.0, 42.0]
    """
    return from_columns([change(column) for column in columns(x)], x.shape.spatial)


def from_columns(columns: list[list[Scalar]], spatial: tuple[int, ...]) -> Tensor:
    """The tensor whose columns these are.

    >>> from_columns([[1.0, 10.0], [2.0, 20.0], [3.0, 30.0]], (3,)).values
    [1.0, 2.0, 3.0, 10.0, 20.0, 30.0]
    """
    planes = zip(*columns, strict=True)
    return Tensor(Shape(len(columns[0]), spatial), [x for plane in planes for x in plane])


def some_maps(x: Tensor, channels: range) -> Tensor:
    """The maps of these channels, which lie next to each other.

    >>> from cnncalc.shapes import Shape
    >>> some_maps(Tensor(Shape(3, (2,)), [0, 1, 10, 11, 20, 21]), range(1, 3)).values
    [10, 11, 20, 21]
    """
    places = x.shape.size // x.shape.channels
    out = Shape(len(channels), x.shape.spatial)
    return Tensor(out, x.values[channels.start * places : channels.stop * places])


def cut(x: Tensor, corner: Sequence[int], sizes: Sequence[int]) -> Tensor:
    """Of every map, the block of these sizes that begins at the corner.

    >>> from cnncalc.shapes import Shape
    >>> cut(Tensor(Shape(1, (4,)), [1.0, 2.0, 3.0, 4.0]), (1,), (2,)).values
    [2.0, 3.0]
    """
    stretches = [range(at, at + size) for at, size in zip(corner, sizes, strict=True)]
    kept = [offset(place, x.shape.spatial) for place in product(*stretches)]
    planes = map(x.plane, range(x.shape.channels))
    out = Shape(x.shape.channels, tuple(sizes))
    return Tensor(out, [plane[place] for plane in planes for place in kept])
