"""Reduce: the channels at each position joined into one number; the map keeps its size.

Their mean, largest, smallest, sum or standard deviation. Output (1, *spatial).
Source: Woo et al. 2018 (CBAM, arXiv 1807.06521), whose spatial gate reads the mean and the max.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal, final, get_args

from cnncalc.errors import UnplacedError
from cnncalc.layers import _explain
from cnncalc.layers._base import Family, Layer, Step, Words, Work, dotted, neurons, places
from cnncalc.layers._fields import Switch
from cnncalc.layers._math import by_column, maximum, mean, minimum, sqrt
from cnncalc.shapes import Shape

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from cnncalc.tensor import Scalar, Tensor

Kind = Literal["mean", "max", "min", "sum", "std"]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Reduce(Layer):
    """Input (D, *spatial), output (1, *spatial); `reduce mean`, `reduce max`, ...

    `std` divides by D - 1, as PyTorch does; `biased` divides by D, as Keras and NumPy do.

    >>> Reduce(kind="mean").output_shape(Shape(256, (56, 56)))
    Shape(channels=1, spatial=(56, 56))
    """

    kind: Kind
    unbiased: Switch = True

    example: ClassVar[str | None] = "reduce max"
    words: ClassVar[Words] = {
        **{kind: ("kind", kind) for kind in get_args(Kind)},
        "biased": ("unbiased", False),
    }
    work: ClassVar[Work] = "uncounted"
    family: ClassVar[Family] = "pool"

    def output_shape(self, *inputs: Shape) -> Shape:
        """One channel. Raises UnplacedError for the deviation of a single one."""
        (shape,) = inputs
        if self.kind == "std" and self.unbiased and shape.channels == 1:
            raise UnplacedError(
                "one-value",
                "the standard deviation of 1 channel, divided by 1 - 1, is not a number",
                field="kind",
                help="write 'reduce std biased' to divide by the number of channels",
            )
        return Shape(1, shape.spatial)

    def connections(self, *inputs: Shape) -> int:
        """Every input number feeds one neuron."""
        return inputs[0].size

    def forward(
        self, inputs: Sequence[Tensor], parameters: Mapping[str, Sequence[Scalar]]
    ) -> Tensor:
        """At each position, the channels joined."""
        joins: Mapping[str, Callable[[Sequence[Scalar]], Scalar]] = {
            "mean": mean,
            "max": maximum,
            "min": minimum,
            "sum": sum,
            "std": self._deviation,
        }
        join = joins[self.kind]
        return by_column(inputs[0], lambda column: [join(column)])

    def _deviation(self, column: Sequence[Scalar]) -> Scalar:
        middle = mean(column)
        squares = sum((value - middle) * (value - middle) for value in column)
        return sqrt(squares / (len(column) - 1 if self.unbiased else len(column)))

    def explain(self, *inputs: Shape) -> list[Step]:
        """Channels, neurons, connections."""
        (shape,) = inputs
        formula = f"{places(shape, '')}·D" if shape.rank else "D"
        numbers = dotted(*shape.spatial, shape.channels)
        return [
            _explain.channels("1", "1", 1),
            neurons(self.output_shape(shape), "1"),
            Step("connections", "connections", formula, numbers, shape.size),
        ]
