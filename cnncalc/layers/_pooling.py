"""What the pools share: each window of each map becomes one number."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.layers import _steps
from cnncalc.layers._base import Step, product
from cnncalc.layers._spatial import axis_steps, require_axes
from cnncalc.shapes import Shape
from cnncalc.tensor import Tensor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from cnncalc.tensor import Scalar


def pooled(
    x: Tensor,
    out: Shape,
    windows: Sequence[Iterable[int | None]],
    join: Callable[[list[Scalar]], Scalar],
) -> Tensor:
    """Map by map, the numbers that each window sees, joined into one.

    A window lists places in a plane; None is padding, which is not seen.

    >>> pooled(Tensor(Shape(1, (3,)), [1.0, 2.0, 3.0]), Shape(1, (2,)), [[None, 0], [1, 2]], sum)
    Tensor(shape=Shape(channels=1, spatial=(2,)), values=[1.0, 5.0])
    """
    inside = [[place for place in window if place is not None] for window in windows]
    planes = map(x.plane, range(x.shape.channels))
    return Tensor(
        out, [join([plane[place] for place in seen]) for plane in planes for seen in inside]
    )


def pooled_whole(x: Tensor, join: Callable[[list[Scalar]], Scalar]) -> Tensor:
    """Each map as a whole, joined into one number.

    >>> pooled_whole(Tensor(Shape(2, (2,)), [1.0, 2.0, 3.0, 4.0]), sum).values
    [3.0, 7.0]
    """
    whole = range(x.shape.size // x.shape.channels)
    return pooled(x, one_per_map(x.shape), [whole], join)


def one_per_map(shape: Shape) -> Shape:
    """One number per map; the rank is kept, with ones. Raises Misfit for a vector.

    >>> one_per_map(Shape(2048, (7, 7)))
    Shape(channels=2048, spatial=(1, 1))
    """
    require_axes(shape)
    return Shape(shape.channels, (1,) * shape.rank)


def one_per_map_steps(shape: Shape) -> list[Step]:
    """Output per axis, neurons, connections.

    >>> one_per_map_steps(Shape(2048, (7, 7)))[-1].numbers
    '7·7·2048'
    """
    out = one_per_map(shape)
    formula = f"{_steps.places(shape, prime='')}·D"
    numbers = product(*shape.spatial, shape.channels)
    return [
        *axis_steps(out, [("1", "1")] * shape.rank),
        _steps.neurons(out),
        Step("connections", "connections", formula, numbers, shape.size),
    ]
