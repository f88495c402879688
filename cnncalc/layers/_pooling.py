"""What the pools share: each window of each map becomes one number."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
