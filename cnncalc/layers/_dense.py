"""What the fully connected layer types share: a matrix times a vector, and how it is explained."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.layers._base import Step, product
from cnncalc.layers._steps import biases, neurons, places, same_macs, tally
from cnncalc.layers._weights import add_weighted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnncalc.shapes import Shape
    from cnncalc.tensor import Scalar


def weigh(
    values: Sequence[Scalar], weights: Sequence[Scalar], biases: Sequence[Scalar]
) -> list[Scalar]:
    """Each unit's bias + the sum of value x weight over its row of the weights.

    >>> weigh([1.0, 2.0], [3.0, 4.0, 5.0, 6.0], [0.0, 100.0])
    [11.0, 117.0]
    """
    starts = range(0, len(weights), len(values))
    rows = (weights[start : start + len(values)] for start in starts)
    return [add_weighted(bias, values, row) for bias, row in zip(biases, rows, strict=True)]


def links_step(seen: Shape, units: int) -> Step:
    """The links of `units` units that each see all of a map or a vector.

    >>> from cnncalc.shapes import Shape
    >>> links_step(Shape(16, (5, 5)), 120).formula
    'H·W·D·K'
    """
    inputs = f"{places(seen, '')}·D" if seen.rank else "D"
    numbers = product(*seen.spatial, seen.channels, units)
    return Step("connections", "connections", f"{inputs}·K", numbers, seen.size * units)


def dense_steps(seen: Shape, units: int, bias: bool, out: Shape) -> list[Step]:
    """Neurons, weights, biases, params, connections both ways, MACs.

    `seen` is what one unit sees: the whole input, or the channels at one position.

    >>> from cnncalc.shapes import Shape
    >>> dense_steps(Shape(16, (5, 5)), 120, True, Shape(120))[1].numbers
    '5·5·16·120'
    """
    weights = links_step(seen, units)._replace(field="weights", label="weights")
    size = seen.size * units
    where = f"{places(out)}·weights" if out.rank else "weights"
    spots = out.size // units
    links = Step("connections", "connections", where, product(*out.spatial, size), spots * size)
    stored = tally(weights, biases("K", units if bias else 0), links, out)
    return [neurons(out, "K"), *stored, same_macs(links)]
