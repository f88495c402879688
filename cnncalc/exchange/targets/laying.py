"""The numbers of a tensor in the order in which a framework stores them."""

from __future__ import annotations

from array import array
from itertools import product
from math import prod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cnncalc.exchange.targets import Laid


def laid_out(laid: Laid, numbers_of: Callable[[str], Sequence[float]]) -> array[float]:
    """The numbers of a tensor; `numbers_of` gives those of a parameter of the network.

    >>> from cnncalc.exchange.targets import Laid
    >>> matrix = Laid("fc/kernel", (("fc.weight", 0, 6),), (2, 3), (1, 0))
    >>> list(laid_out(matrix, lambda _: [1, 2, 3, 4, 5, 6]))
    [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]
    """
    joined = array("d")
    for source, begin, end in laid.pieces:
        joined.extend(array("d", numbers_of(source)[begin:end]))
    if laid.order == tuple(range(len(laid.view))):
        return joined
    return _transposed(joined, laid.view, laid.order)


def _transposed(
    numbers: array[float], sizes: tuple[int, ...], order: tuple[int, ...]
) -> array[float]:
    """Numbers in C order of `sizes`, in C order of the axes as `order` has them."""
    steps = [prod(sizes[axis + 1 :]) for axis in order]
    *outer, last = [
        range(0, sizes[axis] * step, step) for axis, step in zip(order, steps, strict=True)
    ]
    found = array("d")
    for place in product(*outer):
        start = sum(place)
        found.extend(numbers[start : start + last.stop : last.step])
    return found
