"""A window that slides over maps, stop by stop: what it reads, what it computes there.

Every number is a term or the output of the forward pass; this module only says where it stands.
"""

from __future__ import annotations

import math
from itertools import groupby, product
from typing import TYPE_CHECKING, Any, NamedTuple

from cnncalc.errors import UnplacedError
from cnncalc.render.format import number

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from cnncalc.layers._neuron import NeuronReading, NeuronTerm
    from cnncalc.shapes import Shape
    from cnncalc.tensor import Tensor

MAX_MAPS = 16  # that one output map may read
MAX_CELLS = 4096  # of all maps that are drawn
MAX_STOPS = 1024
MAX_ADDED = 25  # numbers of a sum that is written out: a window of 5x5
PLANE = 2  # axes
RULES = ("weighted", "max", "mean", "sum")
TRANSPOSED = "conv_transpose"

Cell = tuple[int, int, int]  # map, row, column; rows and columns before the first are negative


class Plane(NamedTuple):
    """One map: its numbers row by row, None where there is none; `first` is the top left cell.

    `size` is that of the map itself; what lies around it is padding.
    """

    map: int
    first: tuple[int, int]
    size: tuple[int, int]
    rows: tuple[tuple[float | None, ...], ...]


class Stop(NamedTuple):
    """One place of the window: the cells it reads, the part of the filter that meets them.

    `row` and `column` are those of the output; `sums` are the lines of its arithmetic.
    """

    row: int
    column: int
    cells: tuple[Cell, ...]
    taps: tuple[Cell, ...]
    sums: tuple[str, ...]
    output: float


class Sliding(NamedTuple):
    """The maps that are read, the filter (empty in pooling), one output map, and every stop.

    `window` is its height and width, `maps` how many the output has in all.
    """

    name: str
    type: str
    settings: tuple[tuple[str, str], ...]
    inputs: tuple[Plane, ...]
    filters: tuple[Plane, ...]
    output: Plane
    stops: tuple[Stop, ...]
    window: tuple[int, int]
    maps: int = 1


class Neuron(NamedTuple):
    """A place of the output (channel, position), what is read there, and what comes of it."""

    place: tuple[int, ...]
    reading: NeuronReading
    output: float


def check(name: str, layer: Any, inputs: Sequence[Shape], leaving: Shape) -> None:
    """Raise UnplacedError where no window slides, or too much would have to be drawn."""
    rank = leaving.rank
    slides = len(inputs) == 1 and hasattr(layer, "windows") and inputs[0].rank == rank
    if not slides or not 1 <= rank <= PLANE:
        help_ = "convolutions and pools on one or two axes have one"
        raise UnplacedError("no-window", f"{name} ({layer.type}) has no sliding window", help=help_)
    (entering,) = inputs
    stops, cells = leaving.size // leaving.channels, _drawn(layer, entering)
    maps = len(layer.reads((0,) * (1 + rank), entering)[0][0])
    if maps > MAX_MAPS:
        raise _too_much(f"{name} reads {maps} maps at once", f"at most {MAX_MAPS}")
    if cells * maps > MAX_CELLS:
        raise _too_much(f"{name} reads {cells * maps:,} numbers", f"at most {MAX_CELLS:,}")
    if stops > MAX_STOPS:
        raise _too_much(f"the window of {name} stops {stops:,} times", f"at most {MAX_STOPS:,}")


def _drawn(layer: Any, shape: Shape) -> int:
    """How many cells a map has, with its padding if that is drawn."""
    if layer.type == TRANSPOSED:
        return math.prod(shape.spatial)
    axes = zip(layer.windows(shape), shape.spatial, strict=True)
    return math.prod(size + max(w.begin, 0) + max(w.end, 0) for w, size in axes)


def _too_much(what: str, limit: str) -> UnplacedError:
    help_ = "--input 16x16x3 makes a network's maps smaller; forward --trace shows one neuron"
    return UnplacedError("too-large", f"{what}, and a picture shows {limit}", help=help_)


def sliding(
    name: str, layer: Any, entering: Tensor, leaving: Shape, neurons: Sequence[Neuron]
) -> Sliding:
    """The stops of one output map, whose neurons are given in order.

    Raises:
        UnplacedError: where the layer's arithmetic is not that of one window and one filter.
    """
    shape = entering.shape
    if any(one.reading.rule not in RULES for one in neurons):
        message = f"what {name} ({layer.type}) computes is not the work of a window"
        raise UnplacedError("no-window", message)
    cells = [_cells(layer, shape, one) for one in neurons]
    taps = [_taps(layer, shape, one) for one in neurons]
    values, weights = _values(layer, entering, neurons, cells), _weights(name, neurons, taps)
    kernel = tuple(window.kernel for window in layer.windows(shape))
    places = [_at(place) for place in product(*map(range, kernel))]
    maps = dict.fromkeys(channel for channel, *_ in weights)
    whole = tuple((channel, *place) for channel in maps for place in places)
    stops = tuple(
        Stop(
            *_at(one.place[1:]),
            read,
            () if met == whole else met,
            tuple(sums(one.reading, one.output)),
            one.output,
        )
        for one, read, met in zip(neurons, cells, taps, strict=True)
    )
    channel = neurons[0].place[0]
    outputs = {(channel, stop.row, stop.column): stop.output for stop in stops}
    return Sliding(
        name,
        layer.type,
        tuple(_settings(layer, shape)),
        _planes(values, _two(shape.spatial)),
        _planes(weights, _two(kernel)),
        _planes(outputs, _two(leaving.spatial))[0],
        stops,
        _two(kernel),
        leaving.channels,
    )


def _two(sizes: tuple[int, ...]) -> tuple[int, int]:
    """The sizes of a map; a sequence is a map of one row."""
    return (1, sizes[0]) if len(sizes) < PLANE else (sizes[0], sizes[1])


def _at(position: tuple[int, ...]) -> tuple[int, int]:
    """A row and a column; a sequence is row 0."""
    return (0, position[0]) if len(position) < PLANE else (position[0], position[1])


def _cells(layer: Any, shape: Shape, neuron: Neuron) -> tuple[Cell, ...]:
    """Where each term of a neuron is read, in the padding too."""
    terms = neuron.reading.terms
    if layer.type == TRANSPOSED:  # which reads no padding
        return tuple((term.channel, *_at(term.at or ())) for term in terms)
    (reach,) = layer.reach(shape)
    axes = [axis.reads(at) for axis, at in zip(reach, neuron.place[1:], strict=True)]
    places = [_at(place) for place in product(*axes)]
    return tuple(
        (channel, *place)
        for channel, _ in groupby(terms, lambda term: term.channel)
        for place in places
    )


def _taps(layer: Any, shape: Shape, neuron: Neuron) -> tuple[Cell, ...]:
    """Which place of the filter each term is multiplied with; empty in pooling."""
    reading = neuron.reading
    if reading.rule != "weighted":
        return ()
    windows = layer.windows(shape)
    if layer.type == TRANSPOSED:
        taps = []
        for term in reading.terms:
            axes = zip(windows, neuron.place[1:], term.at or (), strict=True)
            tap = tuple((out + w.begin - at * w.stride) // w.dilation for w, out, at in axes)
            taps.append((term.channel, *_at(tap)))
        return tuple(taps)
    places = [_at(tap) for tap in product(*(range(window.kernel) for window in windows))]
    channels = groupby(reading.terms, lambda term: term.channel)
    return tuple((channel, *place) for channel, _ in channels for place in places)


def _values(
    layer: Any, entering: Tensor, neurons: Sequence[Neuron], cells: Sequence[tuple[Cell, ...]]
) -> dict[Cell, float | None]:
    """What stands in the maps that are read; padding that counts as no number is None."""
    fills = neurons[0].reading.rule != "max"
    values = _padding(layer, entering.shape, {cell[0] for read in cells for cell in read}, fills)
    for one, read in zip(neurons, cells, strict=True):
        for cell, term in zip(read, one.reading.terms, strict=True):
            values[cell] = None if term.at is None and not fills else term.value
    rows, columns = _two(entering.shape.spatial)
    for channel in {channel for channel, _, _ in values}:
        plane = entering.plane(channel)
        for row, column in product(range(rows), range(columns)):
            values[channel, row, column] = float(plane[row * columns + column])
    return values


def _padding(layer: Any, shape: Shape, channels: set[int], fills: bool) -> dict[Cell, float | None]:
    """The cells around the maps, read or not: zeros where the padding is zeros and they count."""
    if layer.type == TRANSPOSED:
        return {}
    axes = zip(layer.windows(shape), shape.spatial, strict=True)
    spans = [range(-window.begin, size + window.end) for window, size in axes]
    zero = 0.0 if fills and layer.edge_mode == "zeros" else None
    places = [_at(place) for place in product(*spans)]
    return {(channel, *place): zero for channel in channels for place in places}


def _weights(
    name: str, neurons: Sequence[Neuron], taps: Sequence[tuple[Cell, ...]]
) -> dict[Cell, float | None]:
    """The numbers of the filter. Raises UnplacedError where they differ from stop to stop."""
    weights: dict[Cell, float | None] = {}
    for one, met in zip(neurons, taps, strict=True):
        for tap, term in zip(met, one.reading.terms, strict=bool(met)):
            if weights.setdefault(tap, term.weight) != term.weight:
                raise UnplacedError("no-window", f"{name} has another filter at every place")
    return weights


def _planes(values: Mapping[Cell, float | None], size: tuple[int, int]) -> tuple[Plane, ...]:
    """The maps that hold these cells, each as large as the cells need."""
    top = min(row for _, row, _ in values) if values else 0
    left = min(column for _, _, column in values) if values else 0
    bottom = max((row for _, row, _ in values), default=0)
    right = max((column for _, _, column in values), default=0)
    rows, columns = (
        range(min(top, 0), max(bottom + 1, size[0])),
        range(min(left, 0), max(right + 1, size[1])),
    )
    return tuple(
        Plane(
            channel,
            (rows[0], columns[0]),
            size,
            tuple(tuple(values.get((channel, y, x)) for x in columns) for y in rows),
        )
        for channel in sorted({channel for channel, _, _ in values})
    )


def _settings(layer: Any, shape: Shape) -> Iterator[tuple[str, str]]:
    """Stride, padding and dilation as they are after every rule and default."""
    windows = layer.windows(shape)
    yield "stride", _joined([f"{w.stride}" for w in windows])
    padding = [f"{w.begin}" if w.begin == w.end else f"{w.begin}+{w.end}" for w in windows]
    if set(padding) != {"0"}:
        yield "padding", _joined(padding)
    if any(w.dilation > 1 for w in windows):
        yield "dilation", _joined([f"{w.dilation}" for w in windows])


def _joined(texts: Sequence[str]) -> str:
    return texts[0] if len(set(texts)) == 1 else "×".join(texts)


def sums(reading: NeuronReading, output: float) -> Iterator[str]:
    """The arithmetic of one neuron as lines that end in its number.

    >>> from cnncalc.layers._neuron import NeuronReading, NeuronTerm
    >>> terms = (NeuronTerm(0, 0, (0,), 2.0, -1.0), NeuronTerm(0, 0, (1,), 3.0, 1.0))
    >>> list(sums(NeuronReading("weighted", terms, (2,), bias=5.0), 6.0))
    ['2·(-1) + 3·1 + 5 (bias) = 6']
    """
    parts = [list(part) for _, part in groupby(reading.terms, lambda term: term.channel)]
    inside = [term for term in reading.terms if term.at is not None]
    if reading.rule == "max":
        read = ", ".join(number(term.value) for term in inside)
        yield f"{f'max({read})' if len(inside) <= MAX_ADDED else 'the largest'} = {number(output)}"
        return
    if len(parts) == 1 and len(parts[0]) <= MAX_ADDED:
        added = [_product(term) for term in parts[0]]
    else:
        totals = [number(math.fsum(term.product for term in part)) for part in parts]
        if len(reading.terms) <= MAX_ADDED * PLANE:
            for part, total in zip(parts, totals, strict=True):
                yield f"map {part[0].channel}: {' + '.join(map(_product, part))} = {total}"
        added = [_signed(total) for total in totals]
    text = " + ".join(added) or "0"
    if reading.divisor is not None:
        text = f"({text}) / {reading.divisor}"
    if reading.factor is not None:
        text = f"({text}) · {number(reading.factor)}"
    if reading.bias is not None:
        text += f" + {_signed(number(reading.bias))} (bias)"
    yield f"{text} = {number(output)}"


def _product(term: NeuronTerm) -> str:
    if term.weight is None:
        return _signed(number(term.value))
    return f"{_signed(number(term.value))}·{_signed(number(term.weight))}"


def _signed(text: str) -> str:
    return f"({text})" if text.startswith("-") else text
