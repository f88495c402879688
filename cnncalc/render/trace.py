"""The arithmetic of one neuron as text and as JSON: small windows in full, large ones abridged."""

from __future__ import annotations

from itertools import chain
from math import fsum
from typing import TYPE_CHECKING, Any

from cnncalc.errors import counted
from cnncalc.render.format import GATED, number, text_grid
from cnncalc.render.json import REAL_NUMBER, real_number
from cnncalc.render.schema import COUNT, GATED_FLAG, PAIR, SIZE, TEXT, described, listed, record
from cnncalc.shapes import AXES, AXIS_WORDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from cnncalc.inference.neuron_trace import Trace
    from cnncalc.layers._neuron import NeuronReading, NeuronTerm
    from cnncalc.render.schema import Schema

MAX_MAPS = 6  # of a window that are drawn
MAX_TAPS = 49  # of one map: 7x7
MAX_ADDED = 25  # numbers of a sum that is written out: a window of 5x5
LARGEST = 10  # terms that are listed where there are too many for all
MAX_TERMS_JSON = 4096  # a dense layer can have millions, and a document is read whole
WORDS = {
    "weighted": "sum of input × weight", "squares": "sum of (input - weight)^2", "max": "largest",
    "mean": "mean", "sum": "sum", "moved": "passed on", "changed": "input",
}  # fmt: skip


def lines(trace: Trace) -> Iterator[str]:
    """A neuron: its inputs, its sum, what is computed from that, and what it sees of the inputs."""
    yield f"{trace.name} ({trace.type}), neuron {where(trace.place)} = {number(trace.output)}"
    yield from arithmetic(trace)
    yield from (f"  {row.type:<9} {number(row.value)}   ({row.name})" for row in trace.after)
    yield from _field(trace)


def arithmetic(trace: Trace, *, weight: str = "weight") -> Iterator[str]:
    """The numbers that a neuron reads and how they become its value.

    `weight` is the title above the weights.
    """
    reading = trace.reading
    if reading.rule in ("moved", "changed"):
        yield from _passed_on(trace)
    elif reading.rule in ("weighted", "sum", "mean", "max") and _drawable(reading):
        yield from _maps(reading, weight)
    else:
        yield from _largest(reading)
    yield from _sum(trace)


def where(place: Sequence[int]) -> str:
    """A channel and a position with its axes named.

    >>> where((3,)), where((0, 4, 2))
    ('3', 'map 0, y 4, x 2')
    """
    if len(place) == 1:
        return str(place[0])
    names = {"h": "y", "w": "x", "l": "x", "d": "z"}
    axes = [names[letter] for letter in AXES[len(place) - 1]]
    pairs = zip(axes, place[1:], strict=True)
    return ", ".join([f"map {place[0]}", *(f"{axis} {at}" for axis, at in pairs)])


def _drawable(reading: NeuronReading) -> bool:
    return bool(reading.window) and len(maps_of(reading)[0]) <= MAX_TAPS


def maps_of(reading: NeuronReading) -> list[tuple[NeuronTerm, ...]]:
    """The terms map by map."""
    size = 1
    for length in reading.window:
        size *= length
    terms = reading.terms
    return [terms[at : at + size] for at in range(0, len(terms), max(size, 1))] or [()]


def _maps(reading: NeuronReading, weight: str) -> Iterator[str]:
    """For each input map side by side: the window and, if any, the weights and products.

    A point stands for padding. Of several maps that are added, each has its subtotal.
    """
    parts = maps_of(reading)
    drawn, rest = weightiest(parts)
    for part in drawn:
        yield from _map(reading, part, weight)
        if reading.rule != "max" and len(parts) > 1:
            yield f"    sum     {_added([term.product for term in part])}"
    if rest:
        yield f"  and {counted(len(rest), 'more map')}, together {number(total(rest))}"


def weightiest(
    parts: Sequence[tuple[NeuronTerm, ...]],
) -> tuple[list[tuple[NeuronTerm, ...]], list[tuple[NeuronTerm, ...]]]:
    """The maps that add most to a sum, as many as are shown, in order; and the others."""
    ranked = sorted(range(len(parts)), key=lambda index: -abs(total([parts[index]])))
    shown = set(ranked[:MAX_MAPS])
    return (
        [part for index, part in enumerate(parts) if index in shown],
        [part for index, part in enumerate(parts) if index not in shown],
    )


def total(parts: Iterable[Iterable[NeuronTerm]]) -> float:
    """What the terms of these maps add to the sum."""
    return fsum(term.product for term in chain.from_iterable(parts))


def _added(numbers: Sequence[float]) -> str:
    """A short sum written out, and its value; of a long one, or of one number, only the value."""
    value = number(fsum(numbers))
    if not 1 < len(numbers) <= MAX_ADDED:
        return value
    return f"{' + '.join(map(number, numbers)).replace('+ -', '- ')} = {value}"


def _map(reading: NeuronReading, part: Sequence[NeuronTerm], weight: str) -> Iterator[str]:
    if not part:
        return
    blocks = [("input", [number(term.value) if term.at is not None else "." for term in part])]
    if part[0].weight is not None:
        blocks.append((weight, [number(term.weight) for term in part]))
        blocks.append(("product", [number(term.product) for term in part]))
    drawn = [[title, *text_grid(texts, reading.window)] for title, texts in blocks]
    widths = [max(map(len, block)) for block in drawn]
    yield f"  map {part[0].channel}"
    for row in zip(*drawn, strict=True):
        texts = (text.ljust(width) for text, width in zip(row, widths, strict=True))
        yield f"    {'    '.join(texts)}".rstrip()


def _largest(reading: NeuronReading) -> Iterator[str]:
    """The terms of largest magnitude, and the sum of the others."""
    ranked = sorted(reading.terms, key=lambda term: -abs(term.product))
    shown = ranked[:LARGEST]
    if len(ranked) > LARGEST:
        yield f"  the {LARGEST} largest of {len(ranked):,} contributions"
    for term in shown:
        yield f"  {_place(term):<22} {_product(term)}"
    rest = ranked[LARGEST:]
    if rest:
        yield f"  {'all others':<22} {number(sum(term.product for term in rest))}"


def _product(term: NeuronTerm) -> str:
    if term.weight is None:
        return number(term.value)
    if term.squared:
        return f"({number(term.value)} - {number(term.weight)})^2 = {number(term.product)}"
    return f"{number(term.value)} · {number(term.weight)} = {number(term.product)}"


def _place(term: NeuronTerm) -> str:
    if term.at is None:
        return f"map {term.channel}, padding"
    return where((term.channel, *term.at)) if term.at else f"input {term.channel}"


def _passed_on(trace: Trace) -> Iterator[str]:
    terms = trace.reading.terms
    several = len({term.source for term in terms}) > 1
    terms_shown = (
        terms if len(terms) <= LARGEST else sorted(terms, key=lambda term: -abs(term.value))
    )
    for term in terms_shown[:LARGEST]:
        which = f"input {term.source + 1}, " if several else ""
        yield f"  {WORDS[trace.reading.rule]:<9} {number(term.value)}   ({which}{_place(term)})"
    if len(terms) > LARGEST:
        yield f"  and {len(terms) - LARGEST:,} more, none of them larger in magnitude"


def _sum(trace: Trace) -> Iterator[str]:
    """The sum of the terms, scaled and with the bias added; or the largest of them."""
    reading = trace.reading
    if reading.rule == "max":
        winner = reading.winner
        place = f"   ({_place(winner)})" if winner else "   (nothing but padding)"
        yield f"  largest   {number(trace.output)}{place}"
    elif reading.rule not in ("moved", "changed"):
        parts = maps_of(reading)
        added = parts[0] if len(parts) == 1 else ()
        subtotals = [total([part]) for part in parts]
        written = _added([term.product for term in added] or subtotals)
        yield f"  sum       {written}"
        steps = []
        if reading.divisor is not None:
            steps.append(f" / {reading.divisor}")
        if reading.factor is not None:
            steps.append(f" · {number(reading.factor)}")
        if reading.bias is not None:
            sign = "-" if reading.bias < 0 else "+"
            steps.append(f" {sign} {number(abs(reading.bias))} (bias)")
        if steps:
            yield f"  result    {number(reading.sum)}{''.join(steps)} = {number(reading.result)}"


def _field(trace: Trace) -> Iterator[str]:
    """The part of the network's inputs that the neuron sees."""
    for name, box in trace.field.items():
        axes = [AXIS_WORDS[letter] for letter in AXES[len(box)]]
        spans = (f"{axis} {a} to {b}" for axis, (a, b) in zip(axes, box, strict=True))
        yield f"  sees      {name}: {', '.join(spans) or 'all of it'}"
    if trace.gated:
        yield f"  ({GATED})"


def document(trace: Trace) -> dict[str, Any]:
    """A trace of the JSON document; it lists at most the 4,096 largest terms, but sums all."""
    reading = trace.reading
    largest = sorted(reading.terms, key=lambda term: -abs(term.product))[:MAX_TERMS_JSON]
    left_out = len(reading.terms) - len(largest)
    terms = largest if left_out else reading.terms
    return {
        "name": trace.name,
        "type": trace.type,
        "place": list(trace.place),
        "rule": reading.rule,
        "window": list(reading.window),
        "terms": list(map(_term, terms)),
        **({"terms_left_out": left_out} if left_out else {}),
        "sum": real_number(reading.sum),
        **{
            key: value if isinstance(value, int) else real_number(value)
            for key in ("bias", "factor", "divisor")
            if (value := getattr(reading, key)) is not None
        },
        "output": real_number(trace.output),
        "after": [
            {"name": row.name, "type": row.type, "value": real_number(row.value)}
            for row in trace.after
        ],
        "field": {name: [list(span) for span in box] for name, box in trace.field.items()},
        **({"gated": True} if trace.gated else {}),
    }


def _term(term: NeuronTerm) -> dict[str, Any]:
    weight = {} if term.weight is None else {"weight": real_number(term.weight)}
    return {
        "input": term.source,
        "channel": term.channel,
        "at": None if term.at is None else list(term.at),
        "value": real_number(term.value),
        **weight,
        "product": real_number(term.product),
    }


def schema() -> Schema:
    """The schema of one trace."""
    place = listed(COUNT)
    at: Schema = {"type": ["array", "null"], "items": COUNT, "description": "null in the padding"}
    term = record(
        {"input": COUNT, "channel": COUNT, "at": at, "value": REAL_NUMBER, "product": REAL_NUMBER},
        {"weight": REAL_NUMBER},
    )
    return record(
        {
            "name": TEXT,
            "type": TEXT,
            "place": described(place, "the channel, then the position"),
            "rule": described(TEXT, "how the terms are combined"),
            "window": listed(SIZE),
            "terms": listed(term),
            "sum": REAL_NUMBER,
            "output": REAL_NUMBER,
            "after": listed(record({"name": TEXT, "type": TEXT, "value": REAL_NUMBER})),
            "field": {"type": "object", "additionalProperties": listed(PAIR)},
        },
        {
            "terms_left_out": SIZE,
            "bias": REAL_NUMBER,
            "factor": REAL_NUMBER,
            "divisor": REAL_NUMBER,
            "gated": GATED_FLAG,
        },
    )
