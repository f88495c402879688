"""Group normalisation: each group of channels by its own mean and variance.

(x - mean)/sqrt(variance + eps)·weight + bias, the mean over a group and all positions;
2·D parameters. Source: Wu & He 2018 (arXiv 1803.08494).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, final

from cnncalc.layers._base import (
    Attachment,
    Layer,
    Names,
    Parameter,
    Step,
    Work,
    scale_and_shift,
    see_all,
)
from cnncalc.layers._explain import norm_steps
from cnncalc.layers._fields import Count, Positive, Switch, require_groups, require_several
from cnncalc.layers._math import scaled_channels, standardize_groups

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cnncalc.shapes import Shape
    from cnncalc.tensor import Scalar, Tensor
    from cnncalc.window import Reach


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Gn(Layer):
    """Shape in is shape out; `groups` must divide the channels.

    >>> from cnncalc.shapes import Shape
    >>> [parameter.dims for parameter in Gn(groups=32).parameters(Shape(64, (56, 56)))]
    [(64,), (64,)]
    """

    groups: Count
    eps: Positive = 1e-5
    affine: Switch = True

    positional: ClassVar[tuple[str, ...]] = ("groups",)
    letters: ClassVar[Names] = {"g": "groups"}
    other_names: ClassVar[Names] = {"num_groups": "groups"}
    attaches: ClassVar[Attachment | None] = "norm"
    work: ClassVar[Work] = "uncounted"

    def output_shape(self, *inputs: Shape) -> Shape:
        """The shape that came in.

        Raises UnplacedError where groups does not divide the channels.
        """
        (shape,) = inputs
        require_groups(self.groups, shape.channels)
        require_several(shape.size // self.groups)
        return shape

    def parameters(self, *inputs: Shape) -> tuple[Parameter, ...]:
        """weight and bias, each (D)."""
        return scale_and_shift(inputs[0].channels) if self.affine else ()

    def reach(self, *inputs: Shape) -> tuple[tuple[Reach, ...], ...]:
        """The whole input, through the mean."""
        return (see_all(inputs[0]),)

    def channels_read(self, channel: int, *inputs: Shape) -> tuple[Sequence[int], ...]:
        """Those of its group, whose mean and variance are taken."""
        size = inputs[0].channels // self.groups
        first = channel // size * size
        return (range(first, first + size),)

    def forward(
        self, inputs: Sequence[Tensor], parameters: Mapping[str, Sequence[Scalar]]
    ) -> Tensor:
        """Standardise each group of channels; then scale and shift each channel."""
        normal = standardize_groups(inputs[0], self.groups, self.eps)
        return scaled_channels(normal, parameters) if self.affine else normal

    def explain(self, *inputs: Shape) -> list[Step]:
        """Neurons, weights, biases, params."""
        return norm_steps(inputs[0], self.parameters(*inputs))
