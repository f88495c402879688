"""Channel shuffle: the channels of g groups are dealt out in turn, like cards.

Channel i of group j (of D/g channels each) becomes channel i·g + j.
Source: Zhang et al. 2017, section 3.1 (arXiv 1707.01083).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, final

from cnncalc.layers._base import Layer, Names, NoBareNumber
from cnncalc.layers._fields import Count, require_groups
from cnncalc.shapes import Shape
from cnncalc.tensor import Tensor

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cnncalc.tensor import Scalar


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Shuffle(Layer):
    """A permutation of the channels; the shape stays.

    >>> x = Tensor(Shape(6), [0, 1, 2, 3, 4, 5])
    >>> Shuffle(groups=2).forward([x], {}).values
    [0, 3, 1, 4, 2, 5]
    """

    groups: Count

    example: ClassVar[str | None] = "shuffle g=4"
    no_bare_number: ClassVar[NoBareNumber | None] = NoBareNumber(
        "g",
        "it shuffles the channels of groups and is no pixel shuffle",
        "channel shuffle: '{named}'; PixelShuffle: 'depth2space {number}'",
    )
    letters: ClassVar[Names] = {"g": "groups"}

    def output_shape(self, *inputs: Shape) -> Shape:
        """The shape that came in.

        Raises UnplacedError where the groups do not divide the channels.
        """
        (shape,) = inputs
        require_groups(self.groups, shape.channels)
        return shape

    def forward(
        self, inputs: Sequence[Tensor], parameters: Mapping[str, Sequence[Scalar]]
    ) -> Tensor:
        """The first map of every group, then the second of every group, and so on."""
        (x,) = inputs
        shape = self.output_shape(x.shape)
        per_group = shape.channels // self.groups
        maps = (j * per_group + i for i in range(per_group) for j in range(self.groups))
        return Tensor(shape, [value for channel in maps for value in x.plane(channel)])
