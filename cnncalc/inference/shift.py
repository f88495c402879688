"""A sample and its shifted copy through one network: how far the maps move along.

A convolution of stride 1 is equivariant to translation: its maps move as its input does. A map
behind strides moves by whole steps only where the shift is a multiple of its jump. At the edges
other numbers enter, so that maps are compared where both hold the same part of the sample.
"""

from __future__ import annotations

from itertools import product
from math import sqrt
from typing import TYPE_CHECKING, NamedTuple

from cnncalc.errors import failure
from cnncalc.tensor import Tensor, offset

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from fractions import Fraction

    from cnncalc.inference.run import Pass

CLOSE = 1e-6  # of the largest magnitude of a layer: numbers that count as equal


class LayerShift(NamedTuple):
    """How a layer's numbers for a shifted sample differ from those for the sample.

    `stands` compares place by place, `moved` after moving the maps back by `steps`; both are the
    root of the mean square of the differences over that of the numbers. `equal` is the share of
    numbers that are the same after moving back. None where maps cannot be moved back by whole
    steps, or there are none.
    """

    name: str
    type: str
    stands: float
    steps: tuple[int, ...] | None = None
    moved: float | None = None
    equal: float | None = None


def shifted(sample: Tensor, by: Sequence[int]) -> Tensor:
    """The sample moved by whole places along its axes; zeros enter behind it.

    Raises CnncalcError where the shift does not fit the sample.

    >>> from cnncalc.shapes import Shape
    >>> shifted(Tensor(Shape(1, (1, 3)), [1.0, 2.0, 3.0]), (0, 1)).values
    [0.0, 1.0, 2.0]
    """
    shape = sample.shape
    if len(by) != shape.rank or not shape.rank:
        what = f"the input {shape} has {shape.rank} axes to move along"
        raise failure("bad-shift", f"{what}, but the shift is {','.join(map(str, by))}")
    values = [0.0] * shape.size
    size = shape.size // shape.channels
    for to, source in _pairs(shape.spatial, by):
        for first in range(0, shape.size, size):
            values[first + to] = sample.values[first + source]
    return Tensor(shape, values)


def compare(
    done: Pass,
    moved: Pass,
    by: Sequence[int],
    jumps: Mapping[str, Sequence[int | Fraction] | None],
) -> list[LayerShift]:
    """Both passes layer by layer; `jumps` are the distances of neighbouring units, by layer."""
    found = []
    for row, other in zip(done.rows, moved.rows, strict=True):
        if row.output is None or other.output is None:
            continue
        steps = _steps(by, jumps.get(row.node.name) if row.node.inputs else (1,) * len(by))
        fits = steps is not None and len(steps) == row.node.shape.rank
        stands = _difference(list(zip(row.output.values, other.output.values, strict=True)))
        entry = LayerShift(row.node.name, row.node.layer.type, stands)
        found.append(_moved_back(entry, row.output, other.output, steps) if fits else entry)
    return found


def _moved_back(
    entry: LayerShift, before: Tensor, after: Tensor, steps: tuple[int, ...] | None
) -> LayerShift:
    shape = before.shape
    size = shape.size // shape.channels
    places = list(_pairs(shape.spatial, steps or ()))
    pairs = [
        (before.values[first + source], after.values[first + to])
        for first in range(0, shape.size, size)
        for to, source in places
    ]
    if not pairs:
        return entry
    close = CLOSE * max(max(abs(a), abs(b)) for a, b in pairs)
    equal = sum(abs(a - b) <= close for a, b in pairs) / len(pairs)
    return entry._replace(steps=steps, moved=_difference(pairs), equal=equal)


def _steps(by: Sequence[int], jump: Sequence[int | Fraction] | None) -> tuple[int, ...] | None:
    """The shift in places of a map; None where it is not a whole number of them."""
    if jump is None or len(jump) != len(by) or not all(jump):
        return None
    steps = [amount / step for amount, step in zip(by, jump, strict=True)]
    return tuple(map(int, steps)) if all(step == int(step) for step in steps) else None


def _pairs(spatial: tuple[int, ...], by: Sequence[int]) -> list[tuple[int, int]]:
    """For each place that stays inside: where it moves to, and where it comes from."""
    ranges = [
        range(max(amount, 0), size + min(amount, 0))
        for size, amount in zip(spatial, by, strict=True)
    ]
    if any(not len(each) for each in ranges):
        return []
    return [
        (offset(to, spatial), offset(tuple(a - b for a, b in zip(to, by, strict=True)), spatial))
        for to in product(*ranges)
    ]


def _difference(pairs: Sequence[tuple[float, float]]) -> float:
    """The root of the mean square of the differences over that of the first numbers."""
    differing = sum((a - b) ** 2 for a, b in pairs)
    whole = sum(a * a for a, _ in pairs)
    return sqrt(differing / whole) if whole else (0.0 if not differing else float("inf"))
