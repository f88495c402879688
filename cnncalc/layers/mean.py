"""Mean: the average of tensors of one shape, number by number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, final

from cnncalc.layers._base import Part
from cnncalc.layers._kinds import Merge, elementwise

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cnncalc.shapes import Shape
    from cnncalc.tensor import Scalar, Tensor


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Mean(Merge):
    """Two or more inputs of one shape; the mean has it too.

    >>> from cnncalc.shapes import Shape
    >>> from cnncalc.tensor import Tensor
    >>> Mean().forward([Tensor(Shape(2), [1.0, 2.0]), Tensor(Shape(2), [5.0, 1.0])], {}).values
    [3.0, 1.5]
    """

    def forward(
        self, inputs: Sequence[Tensor], parameters: Mapping[str, Sequence[Scalar]]
    ) -> Tensor:
        """The sum at every place, over the number of inputs."""
        return elementwise(inputs, lambda numbers: sum(numbers) / len(numbers))

    def expressed(self, *inputs: Shape) -> tuple[Part, ...]:
        """The sum, over the number of inputs."""
        count = len(inputs)
        total = Part("add", tuple(range(count)))
        return total, Part("scale", (count,), {"factor": 1 / count})
