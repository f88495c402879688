"""Min: the smallest of tensors of one shape, number by number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, final

from cnncalc.layers._kinds import Merge, elementwise
from cnncalc.layers._math import minimum

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cnncalc.tensor import Scalar, Tensor


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Min(Merge):
    """Two or more inputs of one shape; the result has it too.

    >>> from cnncalc.shapes import Shape
    >>> from cnncalc.tensor import Tensor
    >>> Min().forward([Tensor(Shape(2), [1.0, 2.0]), Tensor(Shape(2), [5.0, 1.0])], {}).values
    [1.0, 1.0]
    """

    def forward(
        self, inputs: Sequence[Tensor], parameters: Mapping[str, Sequence[Scalar]]
    ) -> Tensor:
        """The smallest at every place; NaN wins."""
        return elementwise(inputs, minimum)
