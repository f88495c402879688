"""Steps that many explanations share: sizes, neurons, weights, biases, connections, MACs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.layers._base import Parameter, Step, dotted, neurons, places
from cnncalc.shapes import AXIS_WORDS, Shape
from cnncalc.window import Window

if TYPE_CHECKING:
    from collections.abc import Sequence


def channels(formula: str, numbers: str, value: int) -> Step:
    """How many channels come out."""
    return Step("out.c", "output channels", formula, numbers, value)


def biases(formula: str, count: int) -> Step:
    """How many biases; `formula` is used when there are any."""
    return Step("biases", "biases", formula if count else "none", f"{count}", count)


def tally(weights: Step, biases: Step, links: Step, out: Shape) -> list[Step]:
    """Weights, biases, params, connections and connections with biases, in that order."""
    total = weights.value + biases.value
    params = f"{weights.value} + {biases.value}"
    if biases.value:
        formula, numbers = "connections + neurons", f"{links.value} + {out.size}"
    else:
        formula, numbers = "connections", f"{links.value}"
    with_bias = links.value + (out.size if biases.value else 0)
    return [
        weights,
        biases,
        Step("params", "params", "weights + biases", params, total),
        links,
        Step("connections_with_bias", "with biases", formula, numbers, with_bias),
    ]


def same_macs(links: Step) -> Step:
    """The MACs of a layer in which every connection is one multiply-add."""
    return links._replace(field="macs", label="MACs")


# The notes' letter for the size of an axis.
AXIS_LETTERS = {"l": "L", "d": "D", "h": "H", "w": "W"}


def axis_steps(out: Shape, lines: Sequence[tuple[str, str]]) -> list[Step]:
    """The output size of every axis: its formula and numbers, the last axis first.

    >>> from cnncalc.shapes import Shape
    >>> axis_steps(Shape(6, (14,)), [("L/b", "28/2")])[0].label
    'output length'
    """
    steps = [
        Step(f"out.{letter}", f"output {AXIS_WORDS[letter]}", formula, numbers, size)
        for letter, (formula, numbers), size in zip(out.axes, lines, out.spatial, strict=True)
    ]
    return steps[::-1]


def each_axis(shape: Shape) -> list[tuple[str, int]]:
    """The notes' letter and the size of every axis, outermost first.

    >>> from cnncalc.shapes import Shape
    >>> each_axis(Shape(3, (480, 640)))
    [('H', 480), ('W', 640)]
    """
    return [(AXIS_LETTERS[a], size) for a, size in zip(shape.axes, shape.spatial, strict=True)]


def window_formula(window: Window, letter: str, size: int) -> tuple[str, str]:
    """⌊(W - F + 2P)/S⌋ + 1 as this window needs it, in letters and in numbers.

    >>> window_formula(Window(11, stride=4), "W", 224)
    ('⌊(W - F + 2P)/S⌋ + 1', '⌊(224 - 11 + 2·0)/4⌋ + 1')
    """
    f, s, begin, end, d, ceil = window
    extent, extent_n = ("F", f"{f}") if d == 1 else ("d(F - 1) - 1", f"{d}·({f} - 1) - 1")
    pad, pad_n = ("2P", f"2·{begin}") if begin == end else ("P₁ + P₂", f"{begin} + {end}")
    open_, close = ("⌈", "⌉") if ceil else ("⌊", "⌋")
    drop = ""
    if ceil and window.count(size) != -(-window.slack(size) // s) + 1:
        drop = " - 1"
    formula = f"{open_}({letter} - {extent} + {pad})/S{close} + 1{drop}"
    return formula, f"{open_}({size} - {extent_n} + {pad_n})/{s}{close} + 1{drop}"


def links_step(seen: Shape, units: int) -> Step:
    """The links of `units` units that each see all of a map or a vector.

    >>> from cnncalc.shapes import Shape
    >>> links_step(Shape(16, (5, 5)), 120).formula
    'H·W·D·K'
    """
    inputs = f"{places(seen, '')}·D" if seen.rank else "D"
    numbers = dotted(*seen.spatial, seen.channels, units)
    return Step("connections", "connections", f"{inputs}·K", numbers, seen.size * units)


def dense_steps(seen: Shape, units: int, bias: bool, out: Shape) -> list[Step]:
    """Neurons, weights, biases, params, connections without and with biases, MACs.

    `seen` is what one unit sees: the whole input, or the channels at one position.

    >>> from cnncalc.shapes import Shape
    >>> dense_steps(Shape(16, (5, 5)), 120, True, Shape(120))[1].numbers
    '5·5·16·120'
    """
    weights = links_step(seen, units)._replace(field="weights", label="weights")
    size = seen.size * units
    where = f"{places(out)}·weights" if out.rank else "weights"
    spots = out.size // units
    links = Step("connections", "connections", where, dotted(*out.spatial, size), spots * size)
    stored = tally(weights, biases("K", units if bias else 0), links, out)
    return [neurons(out, "K"), *stored, same_macs(links)]


def norm_steps(
    out: Shape, learned: Sequence[Parameter], letters: str = "D", sizes: str | None = None
) -> list[Step]:
    """Neurons, and the weights and biases that are learned.

    `letters` are the sizes of each, `sizes` the same in numbers where their order is another one.

    >>> from cnncalc.layers._base import scale_and_shift
    >>> from cnncalc.shapes import Shape
    >>> norm_steps(Shape(64, (56, 56)), scale_and_shift(64))[-1].numbers
    '64 + 64'
    >>> [step.field for step in norm_steps(Shape(64), [Parameter("bias", (64,))])]
    ['neurons', 'biases', 'params']
    """
    steps = []
    for parameter in learned:
        field = "biases" if parameter.is_bias else "weights"
        steps.append(Step(field, field, letters, sizes or dotted(*parameter.dims), parameter.size))
    if not steps:
        return [neurons(out)]
    formula = " + ".join(step.field for step in steps)
    numbers = " + ".join(f"{step.value}" for step in steps)
    params = Step("params", "params", formula, numbers, sum(p.size for p in learned))
    return [neurons(out), *steps, params]


def weight_alone_steps(letters: str, count: int) -> list[Step]:
    """Weights and params of a layer that has no bias; `layer_options` name their count.

    >>> [step.field for step in weight_alone_steps("D", 96)]
    ['weights', 'params']
    """
    weights = Step("weights", "weights", letters, f"{count}", count)
    return [weights, weights._replace(field="params", label="params")]
