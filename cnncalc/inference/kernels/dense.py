"""Fully connected layers: each weight works once, so that nothing is gained by packing it."""

from __future__ import annotations

from math import dist, isfinite
from operator import mul
from typing import TYPE_CHECKING

from cnncalc.inference.kernels.error_bounds import (
    EPSILON,
    SAME_AS_DEFINITION,
    BoundedOutput,
    inexact,
    largest,
)
from cnncalc.inference.kernels.kernel import Kernel, numbers
from cnncalc.tensor import Tensor

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cnncalc.shapes import Shape

    Numbers = Sequence[float]


MULTIPLY_ADD = 42  # nanoseconds


class Dense(Kernel):
    """A matrix times a vector."""

    __slots__ = ()

    def expected_nanoseconds(self, out: Shape) -> float:
        """By its multiply-adds."""
        return float(self.layer.macs(*self.shapes) * MULTIPLY_ADD)

    def __call__(self, inputs: Sequence[Tensor], parameters: Mapping[str, Numbers]) -> Tensor:
        """Each unit's bias and its products, added up in the layer type's order."""
        (x,) = inputs
        out, seen = self.layer.output_shape(x.shape), list(x.values)
        biases = list(parameters.get("bias", [0.0] * out.size))
        origin, norm, terms = (0.0,) * len(seen), 0.0, len(seen)
        values = []
        for unit, bias in enumerate(biases):
            row = numbers(parameters["weight"], unit * terms, terms)
            values.append(sum(map(mul, seen, row), bias))
            if not SAME_AS_DEFINITION:
                norm = max(norm, dist(row, origin))
        error = (terms + 4) * EPSILON * (norm * dist(seen, origin) + largest(biases))
        made = BoundedOutput([values], 0.0 if SAME_AS_DEFINITION or not isfinite(error) else error)
        if inexact([made]):
            return self.by_layer_type(inputs, parameters)
        return Tensor(out, values)
