"""Reading a neuron: which numbers it takes and by what it multiplies them, layer type by type."""

from __future__ import annotations

from functools import cached_property
from itertools import product
from typing import TYPE_CHECKING, Any

from cnncalc.inference.reading import Reading, Term
from cnncalc.tensor import Tensor, offset

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from cnncalc.layers._base import Layer


class Reader:
    """A layer with its inputs and parameters; reads any of its neurons."""

    def __init__(
        self,
        layer: Layer,
        inputs: Sequence[Tensor],
        parameters: Mapping[str, Sequence[float]],
        output: Tensor,
    ) -> None:
        # The settings of a layer are its type's own; each method below is for types that have
        # those which it asks for.
        self.layer: Any = layer
        self.inputs = inputs
        self.parameters = parameters
        self.output = output

    def read(self, place: tuple[int, ...]) -> Reading:
        """What the neuron at a channel and a position reads."""
        by_type = {
            "conv": self._conv, "dwconv": self._conv, "localconv": self._localconv,
            "conv_transpose": self._transposed, "fc": self._dense, "rbf": self._dense,
            "linear": self._column, "subsample": self._subsample, "maxpool": self._pool,
            "avgpool": self._pool, "sumpool": self._pool, "adaptivepool": self._adaptive,
            "gap": self._whole, "gmp": self._whole,
        }  # fmt: skip
        read = by_type.get(self.layer.type, self._other)
        return read(place[0], place[1:])

    @cached_property
    def windows(self) -> list[list[int | None]]:
        """Per output position, the places of a plane that its window reads."""
        mode = getattr(self.layer, "padding_mode", "zeros")
        taps: list[list[int | None]] = self.layer.taps(self.inputs[0].shape, mode)
        return taps

    @property
    def kernel(self) -> tuple[int, ...]:
        """The sizes of the window."""
        return tuple(window.kernel for window in self.layer.windows(self.inputs[0].shape))

    def _taps(self, position: tuple[int, ...]) -> list[int | None]:
        return self.windows[offset(position, self.output.shape.spatial)]

    def _term(self, channel: int, tap: int | None, weight: float | None = None) -> Term:
        """The number at a place of a plane of the only input."""
        shape, values = self.inputs[0]
        if tap is None:
            return Term(0, channel, None, 0.0, weight)
        size = shape.size // shape.channels
        return Term(0, channel, _unflat(tap, shape.spatial), values[channel * size + tap], weight)

    def _bias(self, index: int) -> float | None:
        return self.parameters["bias"][index] if "bias" in self.parameters else None

    def _conv(self, k: int, position: tuple[int, ...]) -> Reading:
        taps, weights = self._taps(position), self.parameters["weight"]
        maps, first = self._maps(k)
        terms = tuple(
            self._term(channel, tap, weights[(first + nth) * len(taps) + index])
            for nth, channel in enumerate(maps)
            for index, tap in enumerate(taps)
        )
        return Reading("weighted", terms, self.kernel, self._bias(k))

    def _maps(self, k: int) -> tuple[Sequence[int], int]:
        """The input maps of a filter, and how many filter slices are stored before its own."""
        if self.layer.type == "dwconv":
            return [k // self.layer.multiplier], k
        shape = self.inputs[0].shape
        maps: Sequence[int] = self.layer.maps_of(k, shape)
        if self.layer.table is None:
            return maps, k * len(maps)
        return maps, sum(len(self.layer.maps_of(before, shape)) for before in range(k))

    def _localconv(self, k: int, position: tuple[int, ...]) -> Reading:
        taps, weights = self._taps(position), self.parameters["weight"]
        neuron = offset((k, *position), self.output.shape.view("CHW"))
        channels = self.inputs[0].shape.channels
        first = neuron * channels * len(taps)
        terms = tuple(
            self._term(channel, tap, weights[first + channel * len(taps) + index])
            for channel in range(channels)
            for index, tap in enumerate(taps)
        )
        return Reading("weighted", terms, self.kernel, self._bias(neuron))

    def _transposed(self, k: int, position: tuple[int, ...]) -> Reading:
        """The inputs whose stamp covers this cell, each with the weight that lands on it."""
        shape = self.inputs[0].shape
        windows = self.layer.windows(shape)
        axes = [
            list(_stamping(*axis)) for axis in zip(windows, position, shape.spatial, strict=True)
        ]
        groups = self.layer.groups
        per_group, each = self.output.shape.channels // groups, shape.channels // groups
        group, k_in_group = divmod(k, per_group)
        dims = (shape.channels, per_group, *self.kernel)
        weights = self.parameters["weight"]
        terms = []
        for channel in range(group * each, (group + 1) * each):
            for pairs in product(*axes):
                at, tap = tuple(pair[0] for pair in pairs), tuple(pair[1] for pair in pairs)
                weight = weights[offset((channel, k_in_group, *tap), dims)]
                terms.append(self._term(channel, offset(at, shape.spatial), weight))
        return Reading("weighted", tuple(terms), tuple(map(len, axes)), self._bias(k))

    def _dense(self, k: int, position: tuple[int, ...]) -> Reading:
        shape = self.inputs[0].shape
        weights = self.parameters["weight"][k * shape.size : (k + 1) * shape.size]
        size = shape.size // shape.channels
        terms = [
            self._term(index // size, index % size, weight) for index, weight in enumerate(weights)
        ]
        if self.layer.type == "rbf":
            return Reading("squares", tuple(term._replace(squared=True) for term in terms))
        return Reading("weighted", tuple(terms), shape.spatial, self._bias(k))

    def _column(self, k: int, position: tuple[int, ...]) -> Reading:
        shape = self.inputs[0].shape
        weights = self.parameters["weight"][k * shape.channels : (k + 1) * shape.channels]
        tap = offset(position, shape.spatial)
        terms = tuple(self._term(channel, tap, weight) for channel, weight in enumerate(weights))
        return Reading("weighted", terms, (), self._bias(k))

    def _subsample(self, k: int, position: tuple[int, ...]) -> Reading:
        terms = tuple(self._term(k, tap) for tap in self._taps(position))
        return Reading("sum", terms, self.kernel, self._bias(k), self.parameters["weight"][k])

    def _pool(self, k: int, position: tuple[int, ...]) -> Reading:
        terms = tuple(self._term(k, tap) for tap in self._taps(position))
        if self.layer.type == "maxpool":
            return Reading("max", terms, self.kernel)
        if self.layer.type == "sumpool":
            return Reading("sum", terms, self.kernel)
        return Reading("mean", terms, self.kernel, divisor=self._divisor(position, terms))

    def _divisor(self, position: tuple[int, ...], terms: Sequence[Term]) -> int:
        """By what an average pool divides: its taps on the input, or on it and its padding."""
        if self.layer.divisor_override is not None:
            return int(self.layer.divisor_override)
        if not self.layer.count_include_pad:
            return sum(term.at is not None for term in terms)
        shape = self.inputs[0].shape
        count = 1
        for window, at, size in zip(
            self.layer.windows(shape), position, shape.spatial, strict=True
        ):
            count *= min(window.kernel, size + window.begin + window.end - at * window.stride)
        return count

    def _adaptive(self, k: int, position: tuple[int, ...]) -> Reading:
        shape, out = self.inputs[0].shape, self.output.shape
        axes = [
            range(at * size // count, -(-(at + 1) * size // count))
            for at, size, count in zip(position, shape.spatial, out.spatial, strict=True)
        ]
        return self._window(k, axes, mean=self.layer.kind == "avg")

    def _whole(self, k: int, position: tuple[int, ...]) -> Reading:
        axes = [range(size) for size in self.inputs[0].shape.spatial]
        return self._window(k, axes, mean=self.layer.type == "gap")

    def _window(self, k: int, axes: Sequence[range], *, mean: bool) -> Reading:
        spatial = self.inputs[0].shape.spatial
        terms = tuple(self._term(k, offset(at, spatial)) for at in product(*axes))
        window = tuple(map(len, axes))
        if mean:
            return Reading("mean", terms, window, divisor=len(terms))
        return Reading("max", terms, window)

    def _other(self, k: int, position: tuple[int, ...]) -> Reading:
        """Numbers that are only moved are followed home; of others, all that are read are shown."""
        place = (k, *position)
        if self.layer.work == "none" and not self.parameters:
            home = self._home(place)
            if home is not None:
                return Reading("moved", (home,))
        return Reading("changed", tuple(self._read_by(place)))

    def _home(self, place: tuple[int, ...]) -> Term | None:
        """Where a number came from, if it arrived unchanged.

        The layer is run on numbers that name their own places; one that comes out whole and
        carries the value that is found at its place has been moved and nothing else.
        """
        wanted = self.output.values[offset(place, self.output.shape.view("CHW"))]
        named, start = [], 0
        for shape, values in self.inputs:
            named.append(Tensor(shape, [float(i) for i in range(start, start + len(values))]))
            start += len(values)
        moved = self.layer.forward(named, {}).values
        index = moved[offset(place, self.output.shape.view("CHW"))]
        if index != int(index) or not 0 <= index < start:
            return None
        term = self._at(int(index))
        return term if term.value == wanted else None

    def _at(self, index: int) -> Term:
        """The number at a place of the inputs laid one behind the other."""
        source = 0
        while index >= len(self.inputs[source].values):
            index -= len(self.inputs[source].values)
            source += 1
        shape, values = self.inputs[source]
        channel, *at = _unflat(index, shape.view("CHW"))
        return Term(source, channel, tuple(at), values[index])

    def _read_by(self, neuron: tuple[int, ...]) -> Iterator[Term]:
        """Every number that the layer says a neuron reads, input by input."""
        shapes = [tensor.shape for tensor in self.inputs]
        for source, axes in enumerate(self.layer.reads(neuron, *shapes)):
            shape, values = self.inputs[source]
            for channel, *at in product(*axes):
                value = values[offset((channel, *at), shape.view("CHW"))]
                yield Term(source, channel, tuple(at), value)


def _stamping(window: Any, cell: int, size: int) -> Iterator[tuple[int, int]]:
    """On one axis, the input places whose stamp covers an output cell, and by which tap."""
    for tap in range(window.kernel):
        at, rest = divmod(cell + window.begin - tap * window.dilation, window.stride)
        if not rest and 0 <= at < size:
            yield at, tap


def _unflat(index: int, sizes: tuple[int, ...]) -> tuple[int, ...]:
    """The place that lies at an index: the inverse of `offset`.

    >>> _unflat(7, (4, 5))
    (1, 2)
    """
    place = []
    for size in reversed(sizes):
        index, at = divmod(index, size)
        place.append(at)
    return tuple(reversed(place))
