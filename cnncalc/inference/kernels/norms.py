"""Normalisations: (x - mean)·scale + shift, plane by plane; and softmax.

The four numbers per channel of a batch norm become three. The mean is taken off first, as in
the rooms: folded into the shift it would cost digits where it is large.
"""

from __future__ import annotations

from math import exp, sqrt
from operator import add, mul, sub, truediv
from typing import TYPE_CHECKING

from cnncalc.inference.kernels.kernel import Kernel, planes_of
from cnncalc.inference.kernels.merges import larger
from cnncalc.tensor import Tensor

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Numbers = Sequence[float]


class Bn(Kernel):
    """Each channel by the statistics of training."""

    def __call__(self, inputs: Sequence[Tensor], parameters: Mapping[str, Numbers]) -> Tensor:
        """Take off the mean, scale, shift."""
        (x,) = inputs
        statistics = zip(parameters["running_mean"], parameters["running_var"], strict=True)
        values: list[float] = []
        for channel, (plane, (mean, variance)) in enumerate(
            zip(planes_of(x), statistics, strict=True)
        ):
            weight, bias = _learned(self.layer.affine, parameters, channel)
            scale = weight / sqrt(variance + self.layer.eps)
            values += [(v - mean) * scale + bias for v in plane]
        return Tensor(x.shape, values)


class Gn(Kernel):
    """Each group of channels (in instance norm each channel) by its own statistics."""

    def __call__(self, inputs: Sequence[Tensor], parameters: Mapping[str, Numbers]) -> Tensor:
        """Take off the mean of the group, scale, shift."""
        (x,) = inputs
        channels, planes = x.shape.channels, planes_of(x)
        share = channels // getattr(self.layer, "groups", channels)
        values: list[float] = []
        for channel, plane in enumerate(planes):
            if channel % share == 0:
                group = [v for own in planes[channel : channel + share] for v in own]
                mean, spread = _statistics(group, self.layer.eps)
            weight, bias = _learned(self.layer.affine, parameters, channel)
            scale = weight / spread
            values += [(v - mean) * scale + bias for v in plane]
        return Tensor(x.shape, values)


class Softmax(Kernel):
    """e^(x - the largest) over the sum of those, across the channels."""

    def __call__(self, inputs: Sequence[Tensor], parameters: Mapping[str, Numbers]) -> Tensor:
        """All positions of a channel at once."""
        (x,) = inputs
        planes = planes_of(x)
        top = planes[0]
        for plane in planes[1:]:
            top = larger(top, plane)
        powers = [list(map(exp, map(sub, plane, top))) for plane in planes]
        totals = powers[0]
        for power in powers[1:]:
            totals = list(map(add, totals, power))
        return Tensor(x.shape, [y for power in powers for y in map(truediv, power, totals)])


def _learned(affine: bool, parameters: Mapping[str, Numbers], channel: int) -> tuple[float, float]:
    """The weight and the bias of a channel."""
    if not affine:
        return 1.0, 0.0
    return parameters["weight"][channel], parameters["bias"][channel]


def _statistics(values: Numbers, eps: float) -> tuple[float, float]:
    """The mean and the deviation, as the rooms take them."""
    mean = sum(values) / len(values)
    centred = [v - mean for v in values]
    return mean, sqrt(sum(map(mul, centred, centred)) / len(values) + eps)
