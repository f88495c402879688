"""Add: the sum of tensors of one shape, number by number.

Source: He et al. 2015 (residual nets, arXiv 1512.03385).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, final

from cnncalc.layers._kinds import Merge, elementwise

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cnncalc.tensor import Scalar, Tensor


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Add(Merge):
    """Two or more inputs of one shape; the sum has it too.

    >>> from cnncalc.shapes import Shape
    >>> from cnncalc.tensor import Tensor
    >>> Add().forward([Tensor(Shape(2), [1.0, 2.0]), Tensor(Shape(2), [5.0, 1.0])], {}).values
    [6.0, 3.0]
    """

    def forward(
        self, inputs: Sequence[Tensor], parameters: Mapping[str, Sequence[Scalar]]
    ) -> Tensor:
        """The sum at every place."""
        return elementwise(inputs, sum)
