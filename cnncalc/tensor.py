"""A tensor for the readable forward pass: a shape and a flat list, channels first.

The numbers may be of any type that adds and multiplies. So the same forward pass, run on special
scalars, counts multiplications or records which inputs reach an output.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cnncalc.shapes import Shape

Scalar = Any  # a float, or a stand-in that counts operations or records its origins


class Tensor(NamedTuple):
    """Values in C order: channel by channel, then the spatial axes, the last one fastest.

    >>> from cnncalc.shapes import Shape
    >>> picture = Tensor(Shape(2, (2, 3)), [float(i) for i in range(12)])
    >>> picture.plane(1)
    [6.0, 7.0, 8.0, 9.0, 10.0, 11.0]
    """

    shape: Shape
    values: Sequence[Scalar]

    def plane(self, channel: int) -> Sequence[Scalar]:
        """The values of one channel, all positions in order."""
        size = self.shape.size // self.shape.channels
        return self.values[channel * size : (channel + 1) * size]

    def nested(self) -> list[Any]:
        """The values as nested lists: [channel][row][column], or [unit] of a vector.

        >>> from cnncalc.shapes import Shape
        >>> Tensor(Shape(1, (2, 2)), [1.0, 2.0, 3.0, 4.0]).nested()
        [[[1.0, 2.0], [3.0, 4.0]]]
        """
        numbers = list(self.values)
        for size in self.shape.spatial[::-1]:
            numbers = [numbers[i : i + size] for i in range(0, len(numbers), size)]
        return numbers


def positions(spatial: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    """Every position of a map, in the order of the flat list.

    >>> list(positions((2, 2)))
    [(0, 0), (0, 1), (1, 0), (1, 1)]
    """
    return product(*map(range, spatial))


def offset(position: tuple[int, ...], spatial: tuple[int, ...]) -> int:
    """The index of a position in the flat list of one channel.

    >>> offset((1, 2), (4, 5))
    7
    """
    index = 0
    for coordinate, size in zip(position, spatial, strict=True):
        index = index * size + coordinate
    return index
