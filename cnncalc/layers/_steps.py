"""Lines that many explanations share: neurons, weights, biases, connections, MACs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.layers._base import Step, product

if TYPE_CHECKING:
    from cnncalc.shapes import Shape


def places(shape: Shape, prime: str = "'") -> str:
    """The positions of a map in letters, primed where it is an output.

    >>> from cnncalc.shapes import Shape
    >>> places(Shape(6, (28, 28)))
    "H'·W'"
    """
    return "·".join(letter.upper() + prime for letter in shape.axes)


def neurons(out: Shape, channels: str = "D") -> Step:
    """How many numbers come out; `channels` is the letter or formula of their count.

    >>> from cnncalc.shapes import Shape
    >>> neurons(Shape(6, (28, 28)), "K").numbers
    '28·28·6'
    """
    formula = f"{places(out)}·{channels}" if out.rank else channels
    return Step("neurons", "neurons", formula, product(*out.spatial, out.channels), out.size)


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
