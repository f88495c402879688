"""A forward pass worked out as by hand: weights, the sum of every neuron, and feature maps."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from cnncalc.errors import counted
from cnncalc.render.format import number, text_grid
from cnncalc.render.forward import value_lines
from cnncalc.render.trace import maps_of, total, weightiest, where
from cnncalc.render.worked_changes import changed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from cnncalc.inference.neuron_trace import Trace
    from cnncalc.layers._base import Layer
    from cnncalc.layers._neuron import NeuronReading, NeuronTerm
    from cnncalc.shapes import Shape
    from cnncalc.tensor import Tensor

# Beyond these nobody reads on: neurons of a layer, terms of a sum, numbers of a tensor.
MAX_NEURONS = 128
MAX_TERMS = 25
MAX_NUMBERS = 512


class Weights(NamedTuple):
    """One parameter of a layer: its name, its sizes and its numbers."""

    name: str
    dims: tuple[int, ...]
    numbers: Sequence[float]


class Step(NamedTuple):
    """A layer that is worked out: itself, its parameters, whether products with 0 are left out."""

    layer: Layer
    parameters: Mapping[str, Sequence[float]]
    hide_zeros: bool = False


def heading(
    name: str, type_: str, entering: Iterable[tuple[str, Shape]], out: Shape, *, layout: str
) -> str:
    """A layer, what enters and the shape that comes out.

    >>> from cnncalc.shapes import Shape
    >>> heading("F6", "fc", [("C5", Shape(120))], Shape(84), layout="HWC")
    'F6 (fc): C5 120 -> 84'
    """
    sources = ", ".join(f"{source} {shape.text(layout)}" for source, shape in entering)
    return f"{name} ({type_}): {sources} -> {out.text(layout)}"


def weights(stored: Iterable[Weights]) -> Iterator[str]:
    """The parameters of a layer, filter by filter; of long ones only the number."""
    for parameter in stored:
        name, dims, numbers = parameter
        if len(numbers) > MAX_NUMBERS:
            yield f"  {name}: {counted(len(numbers), 'number')}"
        elif len(dims) == 1:
            yield f"  {name}: {'  '.join(map(number, numbers))}"
        else:
            yield from _filters(parameter)


def _filters(parameter: Weights) -> Iterator[str]:
    count, *inner = parameter.dims
    size = len(parameter.numbers) // count
    for index in range(count):
        numbers = parameter.numbers[index * size : (index + 1) * size]
        yield f"  {parameter.name} {index}"
        yield from _by_map(list(map(number, numbers)), tuple(inner))


def _by_map(texts: list[str], sizes: tuple[int, ...]) -> Iterator[str]:
    """The numbers of one filter; those for several maps each below the map's number."""
    maps = sizes[0] if sizes[2:] else 1
    if maps == 1:
        yield from (f"    {line}".rstrip() for line in text_grid(texts, sizes))
        return
    each = len(texts) // maps
    for channel in range(maps):
        yield f"    map {channel}"
        numbers = texts[channel * each : (channel + 1) * each]
        yield from (f"      {line}".rstrip() for line in text_grid(numbers, sizes[1:]))


def neurons(traces: Iterable[Trace], count: int, step: Step) -> Iterator[str]:
    """The arithmetic of every neuron, its place first: a line each, or one for each map added."""
    for trace in islice(traces, MAX_NEURONS):
        yield from _neuron(trace, step)
    if count > MAX_NEURONS:
        more = counted(count - MAX_NEURONS, "more neuron")
        yield f"  and {more} (--trace NAME:{{K,Y,X}} shows any one)"


def _neuron(trace: Trace, step: Step) -> Iterator[str]:
    place, reading = where(trace.place), trace.reading
    if not has_sum(trace):
        told = changed(trace, step.layer, step.parameters)
        if told is not None:
            yield f"  {place}: {told}"
        return
    parts = maps_of(reading) if reading.window and trace.type != "fc" else [reading.terms]
    if reading.rule == "max" or len(parts) == 1:
        yield f"  {place}: {written(reading, trace.output, hide_zeros=step.hide_zeros)}"
        return
    yield f"  {place}"
    drawn, rest = weightiest(parts)
    for part in drawn:
        inside = _terms(part, hide_zeros=step.hide_zeros)
        subtotal = number(total([part]))
        told = subtotal if inside in {subtotal, "0"} else f"{inside} = {subtotal}"
        yield f"    map {part[0].channel}: {told}"
    if rest:
        yield f"    and {counted(len(rest), 'more map')}, together {number(total(rest))}"
    subtotals = [number(total([part])) for part in drawn]
    subtotals += [number(total(rest))] if rest else []
    yield f"    {_finished(_joined(subtotals), reading, trace.output)}"


def has_sum(trace: Trace) -> bool:
    """Whether a neuron is a sum of terms that can be written out."""
    return trace.reading.rule not in ("moved", "changed")


def written(reading: NeuronReading, output: float, *, hide_zeros: bool = False) -> str:
    """The terms as written by hand, and the result.

    >>> from cnncalc.layers._neuron import NeuronReading, NeuronTerm
    >>> terms = (NeuronTerm(0, 0, (0, 0), 4.0, 0.5), NeuronTerm(0, 0, (0, 1), 9.0, 0.0))
    >>> written(NeuronReading("weighted", terms, bias=1.0), 3.0)
    '0.5·4 + 0·9 + 1 = 3'
    >>> written(NeuronReading("weighted", terms, bias=1.0), 3.0, hide_zeros=True)
    '0.5·4 + 1 = 3'
    """
    if reading.rule == "max":
        inside = [number(term.value) for term in reading.terms if term.at is not None]
        return f"max({_cut(inside, ', ')}) = {number(output)}"
    return _finished(_terms(reading.terms, hide_zeros=hide_zeros), reading, output)


def _terms(terms: Iterable[NeuronTerm], *, hide_zeros: bool) -> str:
    return _joined([_term(term) for term in terms if term.product or not hide_zeros])


def _finished(text: str, reading: NeuronReading, output: float) -> str:
    """A sum with what is done to it afterwards, and the result."""
    if reading.divisor is not None:
        text = f"({text})/{reading.divisor}"
    if reading.factor is not None:
        text = f"{_factor(reading.factor)}·({text})"
    if reading.bias:
        text = _joined([text, number(reading.bias)])
    result = number(output)
    return result if text == result else f"{text} = {result}"


def _term(term: NeuronTerm) -> str:
    if term.weight is None:
        return number(term.value)
    if term.squared:
        return f"({number(term.value)} - {_factor(term.weight)})^2"
    return f"{number(term.weight)}·{_factor(term.value)}"


def _factor(value: float) -> str:
    """A factor: a negative one in brackets."""
    return f"({number(value)})" if value < 0 else number(value)


def _joined(terms: Sequence[str]) -> str:
    """A sum, in which `+ -` becomes `-`."""
    text = _cut(list(terms), " + ") if terms else "0"
    return text.replace(" + -", " - ")


def _cut(texts: list[str], between: str) -> str:
    more = len(texts) - MAX_TERMS
    shown = texts if more <= 0 else [*texts[:MAX_TERMS], f"({more} more)"]
    return between.join(shown)


def maps(name: str, tensor: Tensor, *, layout: str) -> Iterator[str]:
    """A small tensor in full, of a large one only the shape."""
    if tensor.shape.size > MAX_NUMBERS:
        yield f"{name}: {tensor.shape.text(layout)}"
        return
    yield from value_lines(name, tensor, layout=layout)
