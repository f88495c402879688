"""One tensor of a weights file: its sizes, and its numbers when they are asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class Stored(NamedTuple):
    """`read` decodes the numbers, flat and in C order, each time it is called.

    >>> Stored((2, 2), lambda: [1.0, 2.0, 3.0, 4.0]).sizes
    '2×2'
    """

    dims: tuple[int, ...]
    read: Callable[[], Sequence[float]]

    @property
    def sizes(self) -> str:
        """The sizes as people write them."""
        return sizes(self.dims)


def sizes(dims: tuple[int, ...]) -> str:
    """The sizes of a tensor as people write them.

    >>> sizes((6, 1, 5, 5)), sizes(())
    ('6×1×5×5', 'a single number')
    """
    return "×".join(map(str, dims)) or "a single number"
