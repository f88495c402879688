"""What a tensor of the file is while the network is built: a constant, or what a row puts out."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from math import prod
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from cnncalc.errors import UnplacedError, failure
from cnncalc.network import Stored

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from cnncalc.exchange.onnx.model import Dims, Number

Axis = Literal["n", "c"] | int | None
Numbers = tuple["Number", ...]
MOST_PIECES = 1024  # of stored tensors that one constant is put together of


class Piece(NamedTuple):
    """Neighbouring numbers of a stored tensor, by their places in it."""

    stored: Stored
    start: int
    stop: int


class Later(Sequence[float]):
    """Numbers of a constant that are computed from others, when they are read for the first time.

    Of a file that was read for its figures they never are.
    """

    __slots__ = ("_make", "_numbers", "_size", "_sources", "depth")

    depth: int

    def __init__(
        self, size: int, make: Callable[[list[Numbers]], Numbers], sources: Sequence[Constant]
    ) -> None:
        self._size, self._make, self._sources = size, make, sources
        self._numbers: Numbers | None = None
        self.depth = 1 + max((c.later.depth for c in sources if c.later), default=0)

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, place: Any) -> Any:
        return self.all()[place]

    def __reduce__(self) -> tuple[Any, ...]:
        """As plain numbers."""
        return tuple, (self.all(),)

    def all(self) -> Numbers:
        """The numbers. Raises CnncalcError where the arithmetic is not possible."""
        if self._numbers is None:
            try:
                self._numbers = self._make([every_number(source) or () for source in self._sources])
            except (ArithmeticError, LookupError, UnplacedError, ValueError) as error:
                raise failure("bad-weights", f"constants cannot be computed: {error}") from None
        return self._numbers


def every_number(constant: Constant) -> Numbers | None:
    """All numbers of a constant, computed now if need be; None where they are not at hand."""
    if constant.later is not None:
        return constant.later.all()
    if constant.fill is not None:
        return (constant.fill,) * constant.size
    return constant.numbers()


def is_computable(constant: Constant) -> bool:
    """Whether the numbers are at hand, or can be computed from others that are."""
    at_hand = constant.later is not None or constant.fill is not None
    return at_hand or constant.numbers() is not None


class Constant(NamedTuple):
    """A tensor that does not depend on the network's input.

    `numbers()` is None where there are too many to be read. `stored` says whose numbers they are;
    computed ones, and one number spread over a whole tensor, are nobody's. What was put together of
    parts of stored tensors has `pieces` instead; `fill` is the number that is everywhere in it.
    Computed numbers that are too many for `numbers` are worked out by `later` when a pass needs
    them. `learned` ones are made of tensors that a module learns, which nobody stores as they are.
    """

    dims: Dims
    numbers: Callable[[], tuple[Number, ...] | None]
    is_float: bool = False
    stored: Stored | None = None
    pieces: tuple[Piece, ...] | None = None
    fill: Number | None = None
    later: Later | None = None
    learned: bool = False

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
NAME = re.compile(r"[A-Za-z_]\w*(\.\w+)*")
# What exporters call results that they computed beforehand: `onnx::Add_12`, `/head/Constant_3`,
# `val_7`, `unsqueeze_2`, `const_fold_opt__15`.
MADE_UP = re.compile(
    r"(.*[._])?(const(ant)?|val|tmp|lifted_tensor|folded)(_fold_opt)?[._\d]*"
    r"|(_?to_copy|abs|add|arange|cat|clone|concat|copy|cos|cumsum|div|exp|expand|flatten|full"
    r"|full_like|gather|index|linspace|log|mul|neg|ones|permute|pow|repeat|reshape|rsqrt|select"
    r"|sin|slice|slice_scatter|sqrt|squeeze|stack|sub|transpose|tril|triu|unsqueeze|view|where"
    r"|zeros)(_\d+)?",
    re.IGNORECASE,
)


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


def is_parameter(name: str) -> bool:
    """Whether a stored tensor has a name that a module gives to what it learns.

    >>> is_parameter("blocks.0.pos_embed"), is_parameter("onnx::Add_12"), is_parameter("val_7")
    (True, False, False)
    """
    return bool(NAME.fullmatch(name)) and not MADE_UP.fullmatch(name)


def made_of_learned(sources: Iterable[Constant]) -> bool:
    """Whether any of these constants has numbers that a module learns, and not only one."""
    return any(
        each.learned
        or (each.is_float and each.size > 1 and each.stored and is_parameter(each.stored.name))
        for each in sources
    )


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
