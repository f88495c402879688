"""What a tensor of the file is while the network is built: a constant, or what a row puts out."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from cnncalc.exchange.onnx.model import Dims, Number
    from cnncalc.network import Stored

Axis = Literal["n", "c"] | int | None


class Constant(NamedTuple):
    """A tensor that does not depend on the network's input.

    `numbers()` is None where there are too many to be read. `stored` says whose numbers they are;
    computed ones, and one number spread over a whole tensor, are nobody's.
    """

    dims: Dims
    numbers: Callable[[], tuple[Number, ...] | None]
    is_float: bool = False
    stored: Stored | None = None

    @property
    def size(self) -> int:
        """How many numbers it holds."""
        return prod(self.dims)

    @property
    def only(self) -> Number | None:
        """The number it holds, or holds everywhere without storing it; None for other tensors."""
        if self.size != 1 and self.stored is not None:
            return None
        numbers = set(self.numbers() or ())
        return numbers.pop() if len(numbers) == 1 else None


def known(dims: Dims, numbers: tuple[Number, ...] | None, *, is_float: bool = False) -> Constant:
    """A constant whose numbers were computed; None where there are too many.

    >>> known((2,), (3, 4)).numbers()
    (3, 4)
    """
    return Constant(dims, lambda: numbers, is_float)


class Activation(NamedTuple):
    """What a row puts out, as the file sees it.

    `axes` says for each of the file's axes which axis of the row's shape it is: "n" is the batch,
    "c" the channels, a number a spatial axis, None an axis of size 1 that the row does not have.
    So a transposition of axes costs no row: (n, h, w, c) is ("n", 0, 1, "c").
    """

    row: int
    axes: tuple[Axis, ...]
    dims: Dims

    def position(self, axis: int) -> int:
        """The place of an axis that may be counted from the end; -1 where there is none."""
        rank = len(self.dims)
        return axis + rank if -rank <= axis < 0 else axis if 0 <= axis < rank else -1


class ManyAxes(NamedTuple):
    """A row seen with more axes than a shape has: what exporters move blocks of pixels with.

    The row's numbers, channels first, are split into axes of these `sizes`, the batch in front, and
    axis k of the file is axis `order[k]` of them.
    """

    row: int
    sizes: Dims
    order: Dims

    @property
    def dims(self) -> Dims:
        """The sizes as the file sees them."""
        return tuple(self.sizes[axis] for axis in self.order)


Value = Constant | Activation
