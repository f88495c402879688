"""Weights that count how often they are multiplied, and otherwise behave as floats.

The readable forward pass run on them computes the same numbers to the last bit, and tells how
many multiplications it really performed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.tensor import Tensor

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cnncalc.layers._base import Layer


class Counter:
    """How many multiplications there have been."""

    __slots__ = ("multiplications",)

    def __init__(self) -> None:
        self.multiplications = 0


class Counted(float):
    """A weight with a counter. What it is multiplied to is a plain float.

    A difference is again a weight that counts, as radial basis units square theirs, and so is
    what standardising makes of it.

    >>> counter = Counter()
    >>> w = Counted(0.5)
    >>> w.counter = counter
    >>> 1.0 + 3.0 * w, counter.multiplications
    (2.5, 1)
    """

    __slots__ = ("counter",)
    counter: Counter

    def __mul__(self, other: float) -> float:
        self.counter.multiplications += 1
        return float.__mul__(self, other)

    def __rmul__(self, other: float) -> float:
        self.counter.multiplications += 1
        return float.__rmul__(self, other)

    def __sub__(self, other: float) -> Counted:
        return counted(float.__sub__(self, other), self.counter)

    def __truediv__(self, other: float) -> Counted:
        return counted(float.__truediv__(self, other), self.counter)

    def times(self, other: float) -> Counted:
        """The product with what is no input: not counted."""
        return counted(float.__mul__(self, float(other)), self.counter)

    def __rsub__(self, other: float) -> Counted:
        return counted(float.__rsub__(self, other), self.counter)


class Spreading(Counted):
    """A number whose sums and products count on, for layers that multiply activations."""

    __slots__ = ()

    def __mul__(self, other: float) -> Spreading:
        return spreading(super().__mul__(other), self.counter)

    def __rmul__(self, other: float) -> Spreading:
        return spreading(super().__rmul__(other), self.counter)

    def __add__(self, other: float) -> Spreading:
        return spreading(float.__add__(self, other), self.counter)

    def __radd__(self, other: float) -> Spreading:
        return spreading(float.__radd__(self, other), self.counter)


def spreading(value: float, counter: Counter) -> Spreading:
    """A number that reports its multiplications, and those of what is computed from it.

    >>> counter = Counter()
    >>> x = spreading(0.5, counter)
    >>> (x * 2.0 + 1.0) * x, counter.multiplications
    (1.0, 2)
    """
    number = Spreading(value)
    number.counter = counter
    return number


def counted(value: float, counter: Counter) -> Counted:
    """A number that reports its multiplications to a counter.

    >>> counted(0.5, Counter()) + 1.0
    1.5
    """
    number = Counted(value)
    number.counter = counter
    return number


def run_counted(
    layer: Layer, inputs: Sequence[Tensor], parameters: Mapping[str, Sequence[float]]
) -> tuple[Tensor, int]:
    """A layer's readable forward pass, and the multiplications by weights that it performed.

    Of a layer that multiplies activations by each other, those as well.

    >>> from cnncalc.layers.fc import Fc
    >>> from cnncalc.shapes import Shape
    >>> from cnncalc.tensor import Tensor
    >>> weights = {"weight": [1.0, 2.0, 3.0, 4.0], "bias": [0.0, 0.5]}
    >>> tensor, done = run_counted(Fc(units=2), [Tensor(Shape(2), [1.0, 10.0])], weights)
    >>> tensor.values, done
    ([21.0, 43.5], 4)
    """
    counter = Counter()
    watch = spreading if layer.multiplies_inputs else counted
    watched = {
        name: values if name == "bias" else [watch(value, counter) for value in values]
        for name, values in parameters.items()
    }
    if not layer.multiplies_inputs:
        return layer.forward(inputs, watched), counter.multiplications
    entering = [Tensor(x.shape, [watch(value, counter) for value in x.values]) for x in inputs]
    shape, values = layer.forward(entering, watched)
    return Tensor(shape, list(map(float, values))), counter.multiplications
