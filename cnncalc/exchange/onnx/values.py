"""What a tensor of the file is while the network is built: a constant, or what a row puts out."""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate
from math import prod
from typing import TYPE_CHECKING, Literal, NamedTuple

from cnncalc.network import Stored

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from cnncalc.exchange.onnx.model import Dims, Number

Axis = Literal["n", "c"] | int | None
MOST_PIECES = 1024  # of stored tensors that one constant is put together of


class Piece(NamedTuple):
    """Neighbouring numbers of a stored tensor, by their places in it."""

    stored: Stored
    start: int
    stop: int


class Constant(NamedTuple):
    """A tensor that does not depend on the network's input.

    `numbers()` is None where there are too many to be read. `stored` says whose numbers they are;
    computed ones, and one number spread over a whole tensor, are nobody's. What was put together of
    parts of stored tensors has `pieces` instead; `fill` is the number that is everywhere in it.
    """

    dims: Dims
    numbers: Callable[[], tuple[Number, ...] | None]
    is_float: bool = False
    stored: Stored | None = None
    pieces: tuple[Piece, ...] | None = None
    fill: Number | None = None

    @property
    def size(self) -> int:
        """How many numbers it holds."""
        return prod(self.dims)

    @property
    def only(self) -> Number | None:
        """The number it holds, or holds everywhere without storing it; None for other tensors."""
        if self.size != 1 and self.stored is not None:
            return None
        if self.fill is not None:
            return self.fill
        numbers = set(self.numbers() or ())
        return numbers.pop() if len(numbers) == 1 else None


ZEROS = Stored("", ())


def known(
    dims: Dims,
    numbers: tuple[Number, ...] | None,
    *,
    is_float: bool = False,
    pieces: tuple[Piece, ...] | None = None,
) -> Constant:
    """A constant whose numbers were computed or taken from others; None where there are too many.

    >>> known((2,), (3, 4)).numbers()
    (3, 4)
    """
    return Constant(dims, lambda: numbers, is_float, pieces=pieces)


def pieces_of(constant: Constant) -> tuple[Piece, ...] | None:
    """The stored numbers that a constant is made of, in its order; None for any other constant.

    Zeros that nobody stores, as exporters put them beside stored numbers, are pieces of `ZEROS`.
    """
    stored = constant.stored
    if not constant.is_float:
        return None
    if stored is None and constant.pieces is None and constant.only == 0:
        return (Piece(ZEROS, 0, constant.size),)
    if stored is None or stored.order is not None or stored.change is not None:
        return constant.pieces if stored is None else None
    return (Piece(stored, 0, stored.size),)


def picked(constant: Constant, runs: Iterable[tuple[int, int]]) -> tuple[Piece, ...] | None:
    """The stored numbers of some places of a constant, (start, stop) by (start, stop)."""
    pieces = pieces_of(constant)
    if pieces is None:
        return None
    ends = list(accumulate(piece.stop - piece.start for piece in pieces))
    found: list[Piece] = []
    for first, stop in runs:
        start, at = first, bisect_right(ends, first)
        while start < stop:
            piece = pieces[at]
            place = piece.stop - (ends[at] - start)
            length = min(stop - start, piece.stop - place)
            found.append(Piece(piece.stored, place, place + length))
            start, at = start + length, at + 1
        if len(found) > MOST_PIECES:
            return None
    return together(found)


def together(pieces: Iterable[Piece]) -> tuple[Piece, ...] | None:
    """Pieces one behind the other, neighbours as one; None where there are too many."""
    merged: list[Piece] = []
    for piece in pieces:
        if merged and merged[-1].stored is piece.stored and merged[-1].stop == piece.start:
            merged[-1] = merged[-1]._replace(stop=piece.stop)
        else:
            merged.append(piece)
    return tuple(merged) if len(merged) <= MOST_PIECES else None


class Filters(NamedTuple):
    """The filters of a convolution: their sizes, where their numbers lie, what is done to them."""

    dims: Dims  # filters x channels of a group x the sizes of the kernel
    stored: Mapping[str, Stored]
    fields: Mapping[str, object]
    type: str = "conv"


class Activation(NamedTuple):
    """What a row puts out, as the file sees it.

    `axes` says for each of the file's axes which axis of the row's shape it is: "n" is the batch,
    "c" the channels, a number a spatial axis, None an axis of size 1 that the row does not have.
    So a transposition of axes costs no row: (n, h, w, c) is ("n", 0, 1, "c").
    """

    row: int
    axes: tuple[Axis, ...]
    dims: Dims

    @property
    def batch_first(self) -> Activation:
        """The same with the batch in front, if it is one of its axes."""
        if "n" not in self.axes[1:]:
            return self
        order = sorted(range(len(self.axes)), key=lambda k: self.axes[k] != "n")
        return Activation(
            self.row, tuple(self.axes[k] for k in order), tuple(self.dims[k] for k in order)
        )

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
