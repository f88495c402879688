"""Normalisations: (x - mean)·scale + shift, plane by plane.

The four numbers per channel of a batch norm become three. The mean is taken off first, as in
the layer types: folded into the shift it would cost digits where it is large.
"""

from __future__ import annotations

from math import sqrt
from operator import mul
from typing import TYPE_CHECKING, NamedTuple

from cnncalc.inference.kernels.floats import EPSILON, usual
from cnncalc.inference.kernels.kernel import Kernel, planes_of
from cnncalc.inference.kernels.lane_ops import affine
from cnncalc.inference.kernels.packed_map import kept, packed_as
from cnncalc.tensor import Tensor

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from cnncalc.inference.kernels.lane_ops import Outcome
    from cnncalc.inference.kernels.packed_map import Layout, Plane, Planes

    Numbers = Sequence[float]


class Line(NamedTuple):
    """(x - mean)/spread·weight + bias."""

    mean: float
    spread: float
    weight: float
    bias: float

    @property
    def usual(self) -> bool:
        """Whether weight/spread says the same, with nothing absurdly large or small."""
        return usual(self.spread) and (usual(abs(self.weight)) or not self.weight)

    @property
    def scale(self) -> float:
        """Both factors in one."""
        return self.weight / self.spread

    def of(self, numbers: Numbers) -> list[float]:
        """The numbers, normalised."""
        mean, spread, weight, bias = self
        if not self.usual:
            return [(v - mean) / spread * weight + bias for v in numbers]
        scale = self.scale
        return [(v - mean) * scale + bias for v in numbers]


class Bn(Kernel):
    """Each channel by the statistics of training."""

    def __call__(self, inputs: Sequence[Tensor], parameters: Mapping[str, Numbers]) -> Tensor:
        """Take off the mean, scale, shift."""
        (x,) = inputs
        if (there := packed_as(x)) and (made := self.resident(there, parameters)):
            return Tensor(x.shape, made)
        pairs = zip(planes_of(x), self._lines(parameters), strict=True)
        return Tensor(x.shape, [v for plane, line in pairs for v in line.of(plane)])

    def resident(self, x: Planes, parameters: Mapping[str, Numbers]) -> Planes | None:
        """Packed maps, normalised."""
        return _resident(x, self._lines(parameters))

    def _lines(self, parameters: Mapping[str, Numbers]) -> Iterator[Line]:
        """What is taken off, scaled by and added in each channel."""
        statistics = zip(parameters["running_mean"], parameters["running_var"], strict=True)
        for channel, (mean, variance) in enumerate(statistics):
            weight, bias = _learned(self.layer.affine, parameters, channel)
            yield Line(mean, sqrt(variance + self.layer.eps), weight, bias)


def _resident(x: Planes, lines: Iterable[Line]) -> Planes | None:
    """Packed maps, normalised; None where the numbers do not allow it."""
    pairs = zip(x.planes, lines, strict=True)
    return kept(x.layout, (_normal(plane, line, x.layout) for plane, line in pairs))


def _normal(plane: Plane, line: Line, layout: Layout) -> Outcome | None:
    away = line.mean * line.scale
    size = abs(away) + abs(line.bias)
    if not line.usual or not (usual(size) or not size):
        return None
    made, error = affine(plane, line.scale, line.bias - away, layout)
    return made, error + 2 * EPSILON * size


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
            values += Line(mean, spread, weight, bias).of(plane)
        return Tensor(x.shape, values)


def _learned(affine: bool, parameters: Mapping[str, Numbers], channel: int) -> tuple[float, float]:
    """The weight and the bias of a channel."""
    if not affine:
        return 1.0, 0.0
    return parameters["weight"][channel], parameters["bias"][channel]


def _statistics(values: Numbers, eps: float) -> tuple[float, float]:
    """The mean and the deviation, as the layer types take them."""
    mean = sum(values) / len(values)
    centred = [v - mean for v in values]
    return mean, sqrt(sum(map(mul, centred, centred)) / len(values) + eps)
