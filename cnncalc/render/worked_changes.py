"""How a layer that is no sum changed a number: activations, softmax, norms, moved numbers.

Each text is held to what the forward pass computed; one that gives another value is not shown.
"""

from __future__ import annotations

from math import exp, fsum, isclose, sqrt
from typing import TYPE_CHECKING, NamedTuple

from cnncalc.render.format import number
from cnncalc.render.trace import where

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from cnncalc.inference.neuron_trace import Trace

TOLERANCE = 1e-6  # of what a text gives from what was computed
MAX_TERMS = 16  # numbers of a set that are written out
# Layer types of one number -> how they are written, x being the number; others as `type(x)`.
WRITTEN = {
    "relu": "max(0, {x})",
    "relu6": "min(max(0, {x}), 6)",
    "sigmoid": "1/(1 + e^{minus})",
    "silu": "{x}/(1 + e^{minus})",
    "softplus": "ln(1 + e^{x})",
    "softsign": "{x}/(1 + |{x}|)",
}
BY_SET = ("gn", "instnorm", "ln")


class Written(NamedTuple):
    """A text, and the value that its numbers give."""

    text: str
    value: float


def changed(trace: Trace, layer: object, parameters: Mapping[str, Sequence[float]]) -> str | None:
    """What became of the number, as one writes it; None where it stayed what and where it was."""
    terms = trace.reading.terms
    same = len(terms) == 1 and (terms[0].channel, *(terms[0].at or ())) == trace.place
    if trace.type in WRITTEN and same:
        return f"{_simple(trace)} = {number(trace.output)}"
    if trace.reading.rule == "moved":
        (term,) = terms
        return None if same else f"{number(term.value)} ({_from(trace)})"
    rules: dict[str, Callable[..., Written | None]] = {
        "softmax": _softmax, "bn": _batch_norm, **dict.fromkeys(BY_SET, _set_norm),
    }  # fmt: skip
    worked = rules.get(trace.type)
    told = worked(trace, layer, parameters) if worked else None
    if told and isclose(told.value, trace.output, rel_tol=TOLERANCE, abs_tol=TOLERANCE):
        return f"{told.text} = {number(trace.output)}"
    return f"{_generic(trace)} = {number(trace.output)}"


def _simple(trace: Trace) -> str:
    value = trace.reading.terms[0].value
    return WRITTEN[trace.type].format(x=number(value), minus=number(-value))


def _from(trace: Trace) -> str:
    (term,) = trace.reading.terms
    return where((term.channel, *(term.at or ())))


def _generic(trace: Trace) -> str:
    """The layer type as a function of the numbers that it reads."""
    values = [number(term.value) for term in trace.reading.terms]
    more = len(values) - MAX_TERMS
    shown = values if more <= 0 else [*values[:MAX_TERMS], f"{more} more"]
    return f"{trace.type}({', '.join(shown)})" if values else "0"


def _softmax(trace: Trace, *_: object) -> Written | None:
    """e to the number over the sum of the same of all it competes with."""
    own = [t for t in trace.reading.terms if (t.channel, *(t.at or ())) == trace.place]
    if not own:
        return None
    values = [term.value for term in trace.reading.terms]
    powers = [f"e^{number(value)}" for value in values]
    more = len(powers) - MAX_TERMS
    shown = powers if more <= 0 else [*powers[:MAX_TERMS], f"({more} more)"]
    text = f"e^{number(own[0].value)}/({' + '.join(shown)})"
    largest = max(values)
    total = fsum(exp(value - largest) for value in values)
    return Written(text, exp(own[0].value - largest) / total)


def _batch_norm(
    trace: Trace, layer: object, parameters: Mapping[str, Sequence[float]]
) -> Written | None:
    channel = trace.place[0]
    mean, variance = (parameters[f"running_{name}"][channel] for name in ("mean", "var"))
    return _normed(trace.reading.terms[0].value, mean, variance, channel, layer, parameters)


def _set_norm(
    trace: Trace, layer: object, parameters: Mapping[str, Sequence[float]]
) -> Written | None:
    """By the mean and variance of the numbers that the neuron reads."""
    values = [term.value for term in trace.reading.terms]
    own = [t for t in trace.reading.terms if (t.channel, *(t.at or ())) == trace.place]
    if not own:
        return None
    mean = fsum(values) / len(values)
    variance = fsum((value - mean) ** 2 for value in values) / len(values)
    return _normed(own[0].value, mean, variance, trace.place[0], layer, parameters)


def _normed(
    x: float,
    mean: float,
    variance: float,
    channel: int,
    layer: object,
    parameters: Mapping[str, Sequence[float]],
) -> Written | None:
    """(x - mean)/sqrt(variance + eps)·weight + bias."""
    eps: float = getattr(layer, "eps", 0.0)
    minus = f"+ {number(-mean)}" if mean < 0 else f"- {number(mean)}"
    text = f"({number(x)} {minus})/sqrt({number(variance)} + {number(eps)})"
    value = (x - mean) / sqrt(variance + eps)
    for name, sign in (("weight", "·"), ("bias", " + ")):
        if name in parameters:
            if channel >= len(parameters[name]):
                return None
            number_ = parameters[name][channel]
            value = value * number_ if name == "weight" else value + number_
            text += f"{sign}{number(number_)}"
    return Written(text.replace("+ -", "- "), value)
