"""Activations, as one loop over plain floats each.

The same operations on the same numbers as in the layer types, so that the results are the same to
the last bit, NaN and infinity included; only the detour by a method per number is saved.
"""

from __future__ import annotations

from abc import abstractmethod
from math import erf, exp, inf, log1p, pi, sqrt, tanh
from typing import TYPE_CHECKING, ClassVar

from cnncalc.inference.kernels.bigint.ops import at_most, positive
from cnncalc.inference.kernels.bigint.packed_map import kept, packed_as
from cnncalc.inference.kernels.kernel import Kernel, KernelRate
from cnncalc.layers._math import LARGEST_EXPONENT
from cnncalc.tensor import Tensor

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cnncalc.inference.kernels.bigint.ops import MapAndError
    from cnncalc.inference.kernels.bigint.packed_map import MapLayout, PackedMap, PackedTensor

    Numbers = Sequence[float]


class Pointwise(Kernel):
    """A function of each number; where one overflows, the layer type is asked."""

    def __call__(self, inputs: Sequence[Tensor], parameters: Mapping[str, Numbers]) -> Tensor:
        """The function of every number."""
        (x,) = inputs
        if (there := packed_as(x)) and (made := self.on_packed_maps(there, parameters)):
            return Tensor(x.shape, made)
        try:
            return Tensor(x.shape, self.apply(x.values))
        except OverflowError:
            return self.by_layer_type(inputs, parameters)

    def on_packed_maps(
        self, x: PackedTensor, parameters: Mapping[str, Numbers]
    ) -> PackedTensor | None:
        """The function of packed maps."""
        return kept(x.layout, (self.on_lanes(plane, x.layout) for plane in x.planes))

    @abstractmethod
    def apply(self, values: Numbers) -> list[float]:
        """The function itself."""

    def on_lanes(self, plane: PackedMap, layout: MapLayout) -> MapAndError | None:
        """The function of a packed map, where that can be done lane by lane."""
        return None


def held(values: Numbers, low: float, high: float) -> list[float]:
    """Every number held between two others; NaN, which is beyond neither, stays.

    >>> held([-1.0, 0.5, 9.0], 0.0, 6.0)
    [0.0, 0.5, 6.0]
    """
    # `min` would be slower, and lose NaN.
    return [low if x <= low else high if x >= high else x for x in values]  # noqa: FURB136


class Relu(Pointwise):
    """max(0, x)."""

    rate: ClassVar[KernelRate] = KernelRate(1400, 10)

    def apply(self, values: Numbers) -> list[float]:
        """Keep what is not below 0; NaN stays."""
        # `max` would be slower, and lose NaN.
        return [0.0 if x <= 0.0 else x for x in values]  # noqa: FURB136

    def on_lanes(self, plane: PackedMap, layout: MapLayout) -> MapAndError | None:
        """Clear the lanes below 0."""
        return positive(plane, layout), 0.0


class Relu6(Pointwise):
    """min(max(0, x), 6)."""

    rate: ClassVar[KernelRate] = KernelRate(1400, 10)

    def apply(self, values: Numbers) -> list[float]:
        """Hold between 0 and 6."""
        return held(values, 0.0, 6.0)

    def on_lanes(self, plane: PackedMap, layout: MapLayout) -> MapAndError | None:
        """Clear the lanes below 0, and hold the others."""
        return at_most(positive(plane, layout), 6.0, layout)


class Hardtanh(Pointwise):
    """x, held between low and high."""

    rate: ClassVar[KernelRate] = KernelRate(0, 75)

    def apply(self, values: Numbers) -> list[float]:
        """Hold between low and high."""
        return held(values, self.layer.low, self.layer.high)


class Clip(Pointwise):
    """x, held above low, below high, or between both."""

    rate: ClassVar[KernelRate] = KernelRate(0, 75)

    def apply(self, values: Numbers) -> list[float]:
        """Hold between the bounds, of which one may be infinitely far."""
        low, high = self.layer.low, self.layer.high
        return held(values, -inf if low is None else low, inf if high is None else high)


class Leaky(Pointwise):
    """x, or slope·x below 0."""

    rate: ClassVar[KernelRate] = KernelRate(0, 75)

    def apply(self, values: Numbers) -> list[float]:
        """Scale what is not above 0."""
        slope = self.layer.slope
        return [x if x > 0 else slope * x for x in values]


class Hsigmoid(Pointwise):
    """slope·x + 1/2, held between 0 and 1."""

    def apply(self, values: Numbers) -> list[float]:
        """Shift, hold, divide."""
        top = 1 / self.layer.slope
        return [y / top for y in held([x + top / 2 for x in values], 0.0, top)]


class Hswish(Pointwise):
    """x·relu6(x + 3)/6."""

    def apply(self, values: Numbers) -> list[float]:
        """x times its gate."""
        gates = held([x + 3 for x in values], 0.0, 6.0)
        return [x * gate / 6 for x, gate in zip(values, gates, strict=True)]


class Sigmoid(Pointwise):
    """1/(1 + e^-x)."""

    def apply(self, values: Numbers) -> list[float]:
        """One over one more than e^-x."""
        return [1 / (1 + exp(-x)) for x in values]


class Silu(Pointwise):
    """x/(1 + e^-x)."""

    def apply(self, values: Numbers) -> list[float]:
        """x over one more than e^-x."""
        return [x / (1 + exp(-x)) for x in values]


class Tanh(Pointwise):
    """tanh x."""

    def apply(self, values: Numbers) -> list[float]:
        """The hyperbolic tangent."""
        return list(map(tanh, values))


class Elu(Pointwise):
    """x, or alpha·(e^x - 1) below 0."""

    def apply(self, values: Numbers) -> list[float]:
        """Bend what is not above 0."""
        alpha = self.layer.alpha
        return [x if x > 0 else alpha * (exp(x) - 1) for x in values]


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
