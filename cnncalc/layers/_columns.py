"""A tensor read position by position: at each place, the column of its channels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.shapes import Shape
from cnncalc.tensor import Tensor

if TYPE_CHECKING:
    from collections.abc import Callable

    from cnncalc.tensor import Scalar


def columns(x: Tensor) -> list[list[Scalar]]:
    """The channels' values at every position, in the order of the positions.

    >>> columns(Tensor(Shape(2, (3,)), [1.0, 2.0, 3.0, 10.0, 20.0, 30.0]))
    [[1.0, 10.0], [2.0, 20.0], [3.0, 30.0]]
    """
    places = x.shape.size // x.shape.channels
    return [list(x.values[place::places]) for place in range(places)]


def by_column(x: Tensor, change: Callable[[list[Scalar]], list[Scalar]]) -> Tensor:
    """The tensor in which every column is changed on its own; it may grow or shrink.

    >>> by_column(Tensor(Shape(2, (2,)), [1.0, 2.0, 30.0, 40.0]), lambda c: [sum(c)]).values
    [31.0, 42.0]
    """
    return from_columns([change(column) for column in columns(x)], x.shape.spatial)


def from_columns(columns: list[list[Scalar]], spatial: tuple[int, ...]) -> Tensor:
    """The tensor whose columns these are.

    >>> from_columns([[1.0, 10.0], [2.0, 20.0], [3.0, 30.0]], (3,)).values
    [1.0, 2.0, 3.0, 10.0, 20.0, 30.0]
    """
    planes = zip(*columns, strict=True)
    return Tensor(Shape(len(columns[0]), spatial), [x for plane in planes for x in plane])
