"""Subtract: the first tensor minus the second, number by number, or how far apart they are.

Source of the distance: Koch, Zemel, Salakhutdinov 2015 (Siamese networks).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, final

from cnncalc.layers._base import Words
from cnncalc.layers._fields import Switch
from cnncalc.layers._kinds import Merge, elementwise

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cnncalc.tensor import Scalar, Tensor


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Sub(Merge):
    """Two inputs of one shape; `absolute` drops the sign of the difference.

    >>> from cnncalc.shapes import Shape
    >>> from cnncalc.tensor import Tensor
    >>> pair = [Tensor(Shape(2), [1.0, 2.0]), Tensor(Shape(2), [5.0, 1.0])]
    >>> Sub().forward(pair, {}).values, Sub(absolute=True).forward(pair, {}).values
    ([-4.0, 1.0], [4.0, 1.0])
    """

    absolute: Switch = False

    words: ClassVar[Words] = {"abs": ("absolute", True)}
    arity: ClassVar[tuple[int, int | None]] = (2, 2)

    def forward(
        self, inputs: Sequence[Tensor], parameters: Mapping[str, Sequence[Scalar]]
    ) -> Tensor:
        """The difference at every place."""
        if self.absolute:
            return elementwise(inputs, lambda pair: abs(pair[0] - pair[1]))
        return elementwise(inputs, lambda pair: pair[0] - pair[1])
