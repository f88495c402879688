"""An exercise worked out: every window, the filter, the products, the sum; and the output.

As text, as Markdown whose formulas GitHub and notebooks typeset, and as LaTeX for amsmath.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from cnncalc.errors import counted
from cnncalc.render import trace as render_trace
from cnncalc.render.format import number
from cnncalc.render.forward import value_lines
from cnncalc.render.trace import maps_of, total, where

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from cnncalc.inference.exercise import Exercise
    from cnncalc.inference.neuron_trace import Trace
    from cnncalc.layers._neuron import NeuronTerm
    from cnncalc.tensor import Tensor

MAX_WINDOWS = 128  # beyond these nobody reads on
MORE = "--json holds them all"


def text(exercise: Exercise, *, layout: str = "HWC") -> Iterator[str]:
    """A block of lines per neuron, then the output map by map."""
    if any(term.at is None for trace in exercise.traces for term in trace.reading.terms):
        yield "a point stands for a number of the padding"
        yield ""
    for trace in islice(exercise.traces, MAX_WINDOWS):
        yield f"{where(trace.place)} = {number(trace.output)}"
        yield from render_trace.arithmetic(trace, weight="filter")
        yield ""
    yield from _left_out(exercise)
    yield from value_lines("output", exercise.output, layout=layout)


def _left_out(exercise: Exercise) -> Iterator[str]:
    """How many windows are not shown, if any."""
    if (more := len(exercise.traces) - MAX_WINDOWS) > 0:
        yield f"and {counted(more, 'more window')} ({MORE})"
        yield ""


def markdown(exercise: Exercise) -> Iterator[str]:
    """A heading and a formula per neuron, and the output."""
    for trace in islice(exercise.traces, MAX_WINDOWS):
        yield from (f"**{where(trace.place)}**", "", "$$", _equation(trace), "$$", "")
    yield from _left_out(exercise)
    yield from ("**output**", "", "$$", _output(exercise.output), "$$")


def latex(exercise: Exercise) -> Iterator[str]:
    """A displayed formula per neuron, and the output, for documents that load amsmath."""
    for trace in islice(exercise.traces, MAX_WINDOWS):
        yield from (rf"\paragraph{{{where(trace.place)}}}", r"\[", f"  {_equation(trace)}", r"\]")
    yield from (f"% {line}" for line in _left_out(exercise) if line)
    yield from (r"\paragraph{output}", r"\[", f"  {_output(exercise.output)}", r"\]")


def _equation(trace: Trace) -> str:
    """One neuron as a formula: windows, filters, sums."""
    reading = trace.reading
    if reading.rule == "max":
        return rf"\max {_matrix(_values(reading.terms), reading.window)} = {number(trace.output)}"
    parts = maps_of(reading)
    left = " + ".join(_window(part, reading.window) for part in parts)
    sums = [number(total([part])) for part in parts]
    if reading.bias:
        left += f" {_signed(reading.bias)}"
        sums.append(number(reading.bias))
    if reading.divisor is not None:
        left = rf"\frac{{1}}{{{reading.divisor}}} \sum {left}"
        sums = [rf"\frac{{{number(reading.sum)}}}{{{reading.divisor}}}"]
    added = " + ".join(sums).replace("+ -", "- ")
    return " = ".join(dict.fromkeys([left, added, number(trace.output)]))


def _window(part: Sequence[NeuronTerm], window: tuple[int, ...]) -> str:
    """The window of one map and, if any, the filter that is laid on it."""
    numbers = _matrix(_values(part), window)
    if not part or part[0].weight is None:
        return numbers
    return rf"{numbers} \odot {_matrix([number(term.weight) for term in part], window)}"


def _values(part: Iterable[NeuronTerm]) -> list[str]:
    """The numbers of a window; a point stands for padding."""
    return [r"\cdot" if term.at is None else number(term.value) for term in part]


def _signed(value: float) -> str:
    return f"- {number(-value)}" if value < 0 else f"+ {number(value)}"


def _matrix(texts: Sequence[str], sizes: tuple[int, ...]) -> str:
    across = sizes[-1] if sizes else len(texts)
    rows = [" & ".join(texts[at : at + across]) for at in range(0, len(texts), across)]
    inside = r" \\ ".join(rows)
    return rf"\begin{{bmatrix}} {inside} \end{{bmatrix}}"


def _output(tensor: Tensor) -> str:
    """Every map of the output as a matrix."""
    shape = tensor.shape
    planes = [list(map(number, tensor.plane(channel))) for channel in range(shape.channels)]
    return r",\quad ".join(_matrix(plane, shape.spatial) for plane in planes)
