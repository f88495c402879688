"""Upsampling: by the nearest number, or blended along one axis after the other."""

from __future__ import annotations

from dataclasses import replace
from math import isfinite
from typing import TYPE_CHECKING, Any

from cnncalc.inference.kernels.conv_methods import joined
from cnncalc.inference.kernels.data_movement import Moves, strides
from cnncalc.inference.kernels.error_bounds import EPSILON, BoundedOutput, inexact, largest
from cnncalc.inference.kernels.kernel import planes_of
from cnncalc.shapes import Shape
from cnncalc.tensor import Tensor

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cnncalc.inference.kernels.data_movement import AxisSteps

    Numbers = Sequence[float]

# How far the layer type's sum of up to eight shares and a blend axis by axis may be apart at most,
# relative to the largest input: 10 and 6 roundings of half this.
EXACT = 16 * EPSILON


class Upsample(Moves):
    """Maps enlarged or reduced."""

    __slots__ = ()

    def __call__(self, inputs: Sequence[Tensor], parameters: Mapping[str, Numbers]) -> Tensor:
        """Numbers moved, or blended: one multiplication per number, axis and neighbour."""
        (x,) = inputs
        if self.layer.mode == "nearest":
            return Moves.__call__(self, inputs, parameters)
        top = largest(x.values)
        if not (isfinite(top) and isfinite(sum(x.values))):
            return self.by_layer_type(inputs, parameters)
        axes = [shares(self.layer, x.shape, axis) for axis in range(x.shape.rank)]
        # The maps of a line are worked as the rows of one map.
        planes = [x.values] if x.shape.rank == 1 else planes_of(x)
        made = BoundedOutput(
            [_blended(plane, x.shape.spatial, axes) for plane in planes], EXACT * top
        )
        if inexact([made]):
            return self.by_layer_type(inputs, parameters)
        return Tensor(self.layer.output_shape(x.shape), joined([made]))

    def steps(self, shape: Shape) -> AxisSteps:
        """Along each axis, the nearest places."""
        axes = enumerate(strides(shape.spatial))
        return [
            [place * step for own in shares(self.layer, shape, axis) for place in own]
            for axis, step in axes
        ]


class Shares(dict[int, float]):
    """In place of a number of the output: the places it is made of, and their shares."""

    __slots__ = ()

    def __mul__(self, share: float) -> Shares:
        return Shares({place: own * share for place, own in self.items()})

    def __add__(self, other: Shares) -> Shares:
        return Shares({**self, **other})

    def __radd__(self, nothing: int) -> Shares:
        return self


def shares(layer: Any, shape: Shape, axis: int) -> list[Shares]:
    """What the outputs along one axis are made of: the layer type tells, given places for numbers.

    >>> from cnncalc.layers.upsample import Upsample
    >>> layer = Upsample(scale=(2.0,), mode="bilinear", align_corners=False)
    >>> shares(layer, Shape(1, (2, 9)), 0)
    [{0: 1.0}, {0: 0.75, 1: 0.25}, {0: 0.25, 1: 0.75}, {1: 1.0}]
    """
    alone = replace(layer, scale=_of_axis(layer.scale, axis), size=_of_axis(layer.size, axis))
    places = [Shares({place: 1.0}) for place in range(shape.spatial[axis])]
    told: list[Shares] = alone.forward([Tensor(Shape(1, (len(places),)), places)], {}).values
    return told


def _of_axis(given: tuple[Any, ...] | None, axis: int) -> tuple[Any, ...] | None:
    return given[axis : axis + 1] if given and len(given) > 1 else given


def _blended(
    values: Numbers, spatial: Sequence[int], axes: Sequence[Sequence[Shares]]
) -> list[float]:
    """Maps, one after the other, blended within the rows and then along the outer axes.

    Whole columns are blended first, when there are few of them, then rows, which lie together.
    """
    *outer, last = axes
    columns = [values[at :: spatial[-1]] for at in range(spatial[-1])]
    made = [0.0] * (len(columns[0]) * len(last))
    for at, own in enumerate(last):
        made[at :: len(last)] = _mixed(columns, own)
    inner = len(last)
    for told, size in zip(reversed(outer), reversed(spatial[: len(outer)]), strict=True):
        slabs = [made[at : at + inner] for at in range(0, len(made), inner)]
        made, inner = [], inner * len(told)
        for first in range(0, len(slabs), size):
            for own in told:
                made += _mixed(slabs[first : first + size], own)
    return made


def _mixed(lines: Sequence[Numbers], made_of: Shares) -> Numbers:
    """One line, or two blended, number by number."""
    (low, share), *rest = made_of.items()
    if not rest:
        return lines[low]
    ((high, other),) = rest
    return [v * share + w * other for v, w in zip(lines[low], lines[high], strict=True)]
