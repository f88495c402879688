"""Layer normalisation: each sample by its own mean and variance.

(x - mean)/sqrt(variance + eps)·weight + bias, over the channels at each position (ConvNeXt's
LayerNorm2d; 2·D parameters) or over all numbers at once (2·H·W·D parameters).
Sources: Ba, Kiros, Hinton 2016 (arXiv 1607.06450); Liu et al. 2022 (arXiv 2201.03545).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal, final

from cnncalc.layers._base import (
    Attachment,
    Layer,
    Parameter,
    Step,
    Work,
    places,
    scale_and_shift,
    see_all,
)
from cnncalc.layers._explain import norm_steps
from cnncalc.layers._fields import Positive, Switch
from cnncalc.layers._math import by_column, scaled_channels, standardize
from cnncalc.tensor import Tensor
from cnncalc.window import STILL

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cnncalc.shapes import Shape
    from cnncalc.tensor import Scalar
    from cnncalc.window import Reach


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Ln(Layer):
    """Shape in is shape out; `over` says which numbers share a mean.

    >>> from cnncalc.shapes import Shape
    >>> [Ln(over=over).parameters(Shape(96, (7, 7)))[0].dims for over in ("channels", "all")]
    [(96,), (96, 7, 7)]
    """

    over: Literal["channels", "all"] = "channels"
    eps: Positive = 1e-5
    affine: Switch = True

    attaches: ClassVar[Attachment | None] = "norm"
    work: ClassVar[Work] = "uncounted"

    def output_shape(self, *inputs: Shape) -> Shape:
        """The shape that came in."""
        return inputs[0]

    def parameters(self, *inputs: Shape) -> tuple[Parameter, ...]:
        """weight and bias, each (D) or, over all, (D, *spatial)."""
        return scale_and_shift(*self._dims(inputs[0])) if self.affine else ()

    def reach(self, *inputs: Shape) -> tuple[tuple[Reach, ...], ...]:
        """Its own position; over all, the whole input, through the mean."""
        (shape,) = inputs
        return ((STILL,) * shape.rank if self.over == "channels" else see_all(shape),)

    def forward(
        self, inputs: Sequence[Tensor], parameters: Mapping[str, Sequence[Scalar]]
    ) -> Tensor:
        """Standardise each column of channels, or everything; then scale and shift."""
        (x,) = inputs
        if self.over == "channels":
            normal = by_column(x, lambda column: standardize(column, self.eps))
            return scaled_channels(normal, parameters) if self.affine else normal
        values = standardize(x.values, self.eps)
        if self.affine:
            triples = zip(values, parameters["weight"], parameters["bias"], strict=True)
            values = [v * w + b for v, w, b in triples]
        return Tensor(x.shape, values)

    def explain(self, *inputs: Shape) -> list[Step]:
        """Neurons, weights, biases, params."""
        (shape,) = inputs
        all_ = self.over == "all" and shape.rank > 0
        letters = f"D·{places(shape, '')}" if all_ else "D"
        return norm_steps(shape, self.parameters(shape), letters)

    def _dims(self, shape: Shape) -> tuple[int, ...]:
        return (shape.channels,) if self.over == "channels" else shape.view("CHW")
