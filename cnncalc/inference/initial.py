"""Initial weights: reproducible, the same on every platform, named as frameworks name them.

The numbers of one tensor come from Python's Mersenne Twister seeded with the text
"SEED:ROW.PARAMETER", drawn by `random()` (whose sequence Python promises to keep), spread
evenly over [-bound, bound) and rounded to float32. So a tensor keeps its numbers when other
layers come or go. Bounds for a weight with n inputs per unit and m outputs:

- default: 1/sqrt(n), the bias likewise: PyTorch's Kaiming-uniform with a = sqrt(5)
- he: sqrt(6/n), bias 0 (He et al. 2015, arXiv 1502.01852)
- xavier: sqrt(6/(n + m)), bias 0 (Glorot & Bengio 2010)
- zeros: 0, bias 0

Norms begin as the identity (scale 1, shift 0, mean 0, variance 1), the slope of a prelu at 0.25,
a layer scale at its `initial`; fixed codes are -1 and +1 at random.
"""

from __future__ import annotations

from array import array
from itertools import repeat
from math import sqrt
from random import Random
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cnncalc.layers._base import Layer, Parameter
    from cnncalc.network import InitScheme
    from cnncalc.shapes import Shape

TOGETHER = 50_000  # numbers drawn at once


class InitialWeights(NamedTuple):
    """How weights are drawn that neither a file nor the spec gives."""

    scheme: InitScheme = "default"
    seed: int = 0


def initial(
    name: str, parameter: Parameter, layer: Layer, shapes: Sequence[Shape], start: InitialWeights
) -> array[float]:
    """The first values of one parameter of a layer; `name` is its full name, "conv1.weight".

    >>> from cnncalc.layers.fc import Fc
    >>> from cnncalc.shapes import Shape
    >>> layer, shapes = Fc(units=2), (Shape(4),)
    >>> weight, bias = layer.parameters(*shapes)
    >>> [round(x, 6) for x in initial("fc.bias", bias, layer, shapes, InitialWeights(seed=7))]
    [0.133259, 0.134647]
    >>> list(initial("fc.bias", bias, layer, shapes, InitialWeights("he")))
    [0.0, 0.0]
    """
    constant = layer.initial_value(parameter)
    if isinstance(constant, (int, float)):
        return array("f", [constant]) * parameter.size
    if constant is not None:
        return array("f", constant)
    draw = Random(f"{start.seed}:{name}").random  # noqa: S311 - reproducible on purpose
    values = array("f", [0.0]) * parameter.size
    if parameter.role == "fixed":
        return _fill(values, lambda count: [1.0 if draw() >= 0.5 else -1.0 for _ in range(count)])  # noqa: PLR2004
    bound = _bound(parameter, layer, shapes, start.scheme)
    width = 2 * bound
    if bound == 0:
        return values
    return _fill(values, lambda count: [draw() * width - bound for _ in repeat(None, count)])


def _fill(values: array[float], some: Callable[[int], list[float]]) -> array[float]:
    """Overwrite the numbers, some at a time: Python's floats take six times their memory."""
    for first in range(0, len(values), TOGETHER):
        count = min(TOGETHER, len(values) - first)
        values[first : first + count] = array("f", some(count))
    return values


def _bound(
    parameter: Parameter, layer: Layer, shapes: Sequence[Shape], scheme: InitScheme
) -> float:
    """How far from zero the numbers may lie."""
    own = layer.initial_bound(parameter)
    if scheme == "default" and own is not None:
        return own
    if scheme != "default" and (scheme == "zeros" or parameter.is_bias):
        return 0.0
    # A layer with bounds of its own holds several matrices (outputs, inputs), each with its fans.
    fan_in, fan_out = layer.fans(*shapes) if own is None else parameter.dims[1::-1]
    if scheme == "default":
        return 1 / sqrt(fan_in)
    return sqrt(6 / fan_in) if scheme == "he" else sqrt(6 / (fan_in + fan_out))
