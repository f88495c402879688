"""Normalisations: (x - mean)·scale + shift, plane by plane; and those across the channels.

The four numbers per channel of a batch norm become three. The mean is taken off first, as in
the layer types: folded into the shift it would cost digits where it is large.

Across the channels of every position, whole maps are added, subtracted and divided, so that the
loop over positions runs in C. The operations and their order are those of the layer types, and
so are the results, to the last bit.
"""

from __future__ import annotations

from math import exp, log1p, sqrt
from operator import add, mul, sub, truediv
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from cnncalc.inference.kernels.bigint.ops import affine
from cnncalc.inference.kernels.bigint.packed_map import kept, packed_as
from cnncalc.inference.kernels.error_bounds import EPSILON, usual
from cnncalc.inference.kernels.kernel import Kernel, KernelRate, larger, planes_of
from cnncalc.tensor import Tensor

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from cnncalc.inference.kernels.bigint.ops import MapAndError
    from cnncalc.inference.kernels.bigint.packed_map import MapLayout, PackedMap, PackedTensor

    Numbers = Sequence[float]


class Normalisation(NamedTuple):
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

    rate: ClassVar[KernelRate] = KernelRate(7000, 16)

    def __call__(self, inputs: Sequence[Tensor], parameters: Mapping[str, Numbers]) -> Tensor:
        """Take off the mean, scale, shift."""
        (x,) = inputs
        if (there := packed_as(x)) and (made := self.on_packed_maps(there, parameters)):
            return Tensor(x.shape, made)
        pairs = zip(planes_of(x), self._lines(parameters), strict=True)
        return Tensor(x.shape, [v for plane, line in pairs for v in line.of(plane)])

    def on_packed_maps(
        self, x: PackedTensor, parameters: Mapping[str, Numbers]
    ) -> PackedTensor | None:
        """Packed maps, normalised."""
        return _on_packed_maps(x, self._lines(parameters))

    def _lines(self, parameters: Mapping[str, Numbers]) -> Iterator[Normalisation]:
        """What is taken off, scaled by and added in each channel."""
        statistics = zip(parameters["running_mean"], parameters["running_var"], strict=True)
        for channel, (mean, variance) in enumerate(statistics):
            weight, bias = _learned(parameters, channel)
            yield Normalisation(mean, sqrt(variance + self.layer.eps), weight, bias)


def _on_packed_maps(x: PackedTensor, lines: Iterable[Normalisation]) -> PackedTensor | None:
    """Packed maps, normalised; None where the numbers do not allow it."""
    pairs = zip(x.planes, lines, strict=True)
    return kept(x.layout, (_normal(plane, line, x.layout) for plane, line in pairs))


def _normal(plane: PackedMap, line: Normalisation, layout: MapLayout) -> MapAndError | None:
    away = line.mean * line.scale
    size = abs(away) + abs(line.bias)
    if not line.usual or not (usual(size) or not size):
        return None
    made, error = affine(plane, line.scale, line.bias - away, layout)
    return made, error + 2 * EPSILON * size


class Gn(Kernel):
    """Each group of channels (in instance norm each channel) by its own statistics."""

    rate: ClassVar[KernelRate] = KernelRate(7000, 16)

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
            weight, bias = _learned(parameters, channel)
            values += Normalisation(mean, spread, weight, bias).of(plane)
        return Tensor(x.shape, values)


def _learned(parameters: Mapping[str, Numbers], channel: int) -> tuple[float, float]:
    """The weight and the bias of a channel; 1 and 0 where they are not learned."""
    weight = parameters["weight"][channel] if "weight" in parameters else 1.0
    return weight, parameters["bias"][channel] if "bias" in parameters else 0.0


def _statistics(values: Numbers, eps: float) -> tuple[float, float]:
    """The mean and the deviation, as the layer types take them."""
    mean = sum(values) / len(values)
    centred = [v - mean for v in values]
    return mean, sqrt(sum(map(mul, centred, centred)) / len(values) + eps)


class Ln(Kernel):
    """Layer norm: each position by the statistics of its channels, or all numbers by theirs."""

    __slots__ = ()

    def __call__(self, inputs: Sequence[Tensor], parameters: Mapping[str, Numbers]) -> Tensor:
        """Take off the mean, divide by the deviation, scale, shift."""
        (x,) = inputs
        if self.layer.over == "all":
            return Tensor(x.shape, self._whole(x.values, parameters))
        values: list[float] = []
        centred, deviations = _standard(planes_of(x), self.layer.eps)
        if not self.layer.affine:
            normal = [v for own in centred for v in map(truediv, own, deviations)]
            return Tensor(x.shape, normal)
        for own, weight, bias in zip(
            centred, parameters["weight"], parameters["bias"], strict=True
        ):
            values += [v / d * weight + bias for v, d in zip(own, deviations, strict=True)]
        return Tensor(x.shape, values)

    def _whole(self, values: Numbers, parameters: Mapping[str, Numbers]) -> list[float]:
        """All numbers as one column."""
        mean = sum(values) / len(values)
        centred = [v - mean for v in values]
        deviation = sqrt(sum(map(mul, centred, centred)) / len(values) + self.layer.eps)
        if not self.layer.affine:
            return [v / deviation for v in centred]
        triples = zip(centred, parameters["weight"], parameters["bias"], strict=True)
        return [v / deviation * weight + bias for v, weight, bias in triples]


def _standard(planes: Sequence[Numbers], eps: float) -> tuple[list[list[float]], list[float]]:
    """The planes with every position's mean taken off, and the deviations.

    >>> _standard([[1.0, 5.0], [3.0, 5.0]], 0.25)
    ([[-1.0, 0.0], [1.0, 0.0]], [1.118033988749895, 0.5])
    """
    count = len(planes)
    means = [total / count for total in map(sum, zip(*planes, strict=True))]
    centred = [list(map(sub, plane, means)) for plane in planes]
    columns = zip(*centred, strict=True)
    return centred, [sqrt(sum(map(mul, own, own)) / count + eps) for own in columns]


class Lrn(Kernel):
    """Local response norm: each number by the squares in the channels around it."""

    __slots__ = ()

    def __call__(self, inputs: Sequence[Tensor], parameters: Mapping[str, Numbers]) -> Tensor:
        """Divide every plane by its neighbours' response."""
        (x,) = inputs
        layer, planes = self.layer, planes_of(x)
        alpha = layer.alpha / layer.size if layer.divide else layer.alpha
        k, beta, values = layer.k, layer.beta, list[float]()
        for plane, totals in zip(planes, self._totals(planes), strict=True):
            pairs = zip(plane, totals, strict=True)
            values += [v / (k + alpha * total) ** beta for v, total in pairs]
        return Tensor(x.shape, values)

    def _totals(self, planes: Sequence[Numbers]) -> Iterator[Iterator[float]]:
        """Per channel, the sums of the squares around it."""
        squares = [list(map(mul, plane, plane)) for plane in planes]
        back, ahead = self.layer.size // 2, (self.layer.size - 1) // 2
        for channel in range(len(planes)):
            near = squares[max(0, channel - back) : channel + ahead + 1]
            yield map(sum, zip(*near, strict=True))


class Softmax(Kernel):
    """e^(x - the largest) over the sum of those, across the channels."""

    __slots__ = ()

    def __call__(self, inputs: Sequence[Tensor], parameters: Mapping[str, Numbers]) -> Tensor:
        """All positions of a channel at once; other sets by the layer type's definition."""
        (x,) = inputs
        if (self.layer.over, self.layer.groups) != ("channels", 1):
            return self.by_layer_type(inputs, parameters)
        powers = [list(map(exp, own)) for own in _below_the_largest(x)]
        totals = powers[0]
        for power in powers[1:]:
            totals = list(map(add, totals, power))
        return Tensor(x.shape, [y for power in powers for y in map(truediv, power, totals)])


class Logsoftmax(Kernel):
    """x - the largest - ln(sum of e^(x - the largest)), across the channels."""

    __slots__ = ()

    def __call__(self, inputs: Sequence[Tensor], parameters: Mapping[str, Numbers]) -> Tensor:
        """All positions of a channel at once."""
        (x,) = inputs
        below = _below_the_largest(x)
        powers = zip(*(map(exp, own) for own in below), strict=True)
        logs = [log1p(total - 1) for total in map(sum, powers)]
        return Tensor(x.shape, [v for own in below for v in map(sub, own, logs)])


def _below_the_largest(x: Tensor) -> list[list[float]]:
    """The planes, with the largest number of every position taken off."""
    planes = planes_of(x)
    top = planes[0]
    for plane in planes[1:]:
        top = larger(top, plane)
    return [list(map(sub, plane, top)) for plane in planes]
