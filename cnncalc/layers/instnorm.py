"""Instance normalisation: each channel of each sample by its own mean and variance.

(x - mean)/sqrt(variance + eps), the mean over the positions of one channel; with `affine`
also a scale and a shift, 2·D parameters.
Source: Ulyanov, Vedaldi, Lempitsky 2016 (arXiv 1607.08022).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, final

from cnncalc.layers._base import Attachment, Layer, Parameter, Step, Work, scale_and_shift, see_all
from cnncalc.layers._explain import norm_steps
from cnncalc.layers._fields import Positive, Switch, require_several
from cnncalc.layers._math import scaled_channels, standardize_groups

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cnncalc.shapes import Shape
    from cnncalc.tensor import Scalar, Tensor
    from cnncalc.window import Reach


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Instnorm(Layer):
    """Shape in is shape out; PyTorch's default, kept here, learns nothing.

    >>> from cnncalc.shapes import Shape
    >>> Instnorm().parameters(Shape(64, (56, 56)))
    ()
    """

    eps: Positive = 1e-5
    affine: Switch = False

    attaches: ClassVar[Attachment | None] = "norm"
    work: ClassVar[Work] = "uncounted"

    def output_shape(self, *inputs: Shape) -> Shape:
        """The shape that came in. Raises UnplacedError where a channel is a single number."""
        (shape,) = inputs
        require_several(shape.size // shape.channels)
        return shape

    def parameters(self, *inputs: Shape) -> tuple[Parameter, ...]:
        """With `affine`, weight and bias, each (D)."""
        return scale_and_shift(inputs[0].channels) if self.affine else ()

    def reach(self, *inputs: Shape) -> tuple[tuple[Reach, ...], ...]:
        """The whole input, through the mean."""
        return (see_all(inputs[0]),)

    def channels_read(self, channel: int, *inputs: Shape) -> tuple[Sequence[int], ...]:
        """The same channel only."""
        return ((channel,),)

    def forward(
        self, inputs: Sequence[Tensor], parameters: Mapping[str, Sequence[Scalar]]
    ) -> Tensor:
        """Standardise each channel; then, with `affine`, scale and shift it."""
        (x,) = inputs
        normal = standardize_groups(x, x.shape.channels, self.eps)
        return scaled_channels(normal, parameters) if self.affine else normal

    def explain(self, *inputs: Shape) -> list[Step]:
        """Neurons; with `affine`, weights, biases, params."""
        return norm_steps(inputs[0], self.parameters(*inputs))
