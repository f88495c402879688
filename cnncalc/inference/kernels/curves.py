"""More activations, as one loop over plain floats each; see `pointwise`."""

from __future__ import annotations

from math import erf, exp, log1p, pi, sqrt, tanh
from typing import TYPE_CHECKING

from cnncalc.inference.kernels.pointwise import Pointwise
from cnncalc.layers._math import LARGEST_EXPONENT

if TYPE_CHECKING:
    from collections.abc import Sequence

    Numbers = Sequence[float]

GATED_FULLY = 20  # from here on, tanh(ln(1 + e^x)) is 1 to the last bit


class Gelu(Pointwise):
    """x·Φ(x), exactly or by tanh."""

    __slots__ = ()

    def apply(self, values: Numbers) -> list[float]:
        """x times the normal distribution's share below x."""
        if self.layer.approximate == "tanh":
            root = sqrt(2 / pi)
            return [0.5 * x * (1 + tanh(root * (x + 0.044715 * x * x * x))) for x in values]
        root = sqrt(2)
        return [0.5 * x * (1 + erf(x / root)) for x in values]


class Mish(Pointwise):
    """x·tanh(ln(1 + e^x))."""

    __slots__ = ()

    def apply(self, values: Numbers) -> list[float]:
        """x times its gate."""
        return [x if x > GATED_FULLY else x * tanh(log1p(exp(x))) for x in values]


class Selu(Pointwise):
    """The ELU with its two constants."""

    __slots__ = ()

    def apply(self, values: Numbers) -> list[float]:
        """Bend what is not above 0, scale everything."""
        alpha, scale = self.layer.alpha, self.layer.scale
        return [scale * (x if x > 0 else alpha * (exp(x) - 1)) for x in values]


class Celu(Pointwise):
    """x, or alpha·(e^(x/alpha) - 1) below 0."""

    __slots__ = ()

    def apply(self, values: Numbers) -> list[float]:
        """Bend what is not above 0."""
        alpha = self.layer.alpha
        return [x if x > 0 else alpha * (exp(x / alpha) - 1) for x in values]


class Logsigmoid(Pointwise):
    """-ln(1 + e^-x)."""

    __slots__ = ()

    def apply(self, values: Numbers) -> list[float]:
        """Of -|x|, so that e never overflows."""
        return [-log1p(exp(-x)) if x > 0 else x - log1p(exp(x)) for x in values]


class Softplus(Pointwise):
    """ln(1 + e^(beta·x))/beta, or x beyond a threshold."""

    __slots__ = ()

    def apply(self, values: Numbers) -> list[float]:
        """Straight beyond the threshold, bent below."""
        beta, threshold = self.layer.beta, self.layer.threshold
        if threshold > LARGEST_EXPONENT:  # where e overflows, the layer type has its own rule
            return [self.layer.apply(x) for x in values]
        return [
            x if y > threshold else log1p(exp(y)) / beta
            for x, y in zip(values, [x * beta for x in values], strict=True)
        ]
