"""Scale: every number times a factor, plus a shift; both learned or fixed, or only one of them.

x·weight + bias, one of each per channel (D) or one for all (1). A fixed factor or shift is no
parameter: `scale 0.2` multiplies by 0.2, `scale` learns one factor a channel.
Sources: Touvron et al. 2021 (LayerScale, arXiv 2103.17239), ResMLP (arXiv 2105.03404);
Szegedy et al. 2016 for fixed residual scaling (arXiv 1602.07261).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal, final

from cnncalc.errors import UnplacedError
from cnncalc.layers._base import Family, Layer, Names, Parameter, Step, Words, Work
from cnncalc.layers._explain import norm_steps
from cnncalc.layers._fields import Real
from cnncalc.layers._math import times
from cnncalc.tensor import Tensor

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cnncalc.shapes import Shape
    from cnncalc.tensor import Scalar

Learned = Literal["learned", "none"]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Scale(Layer):
    """Shape in is shape out. `factor` and `shift` are a number, `learned` or `none`.

    `initial` is where a learned factor begins (ConvNeXt: 1e-6); learned shifts begin at 0.

    >>> from cnncalc.shapes import Shape
    >>> Scale().parameters(Shape(96, (56, 56)))[0].dims, Scale(factor=0.2).parameters(Shape(96))
    ((96,), ())
    """

    factor: Real | Learned = "learned"
    shift: Real | Learned = "none"
    per: Literal["channel", "layer"] = "channel"
    initial: Real = 1.0

    positional: ClassVar[tuple[str, ...]] = ("factor",)
    other_names: ClassVar[Names] = {"offset": "shift"}
    words: ClassVar[Words] = {"shift": ("shift", "learned"), "single": ("per", "layer")}
    work: ClassVar[Work] = "uncounted"
    family: ClassVar[Family] = "other"

    def output_shape(self, *inputs: Shape) -> Shape:
        """The shape that came in. Raises UnplacedError where there is nothing to do."""
        if self.factor == self.shift == "none":
            raise UnplacedError(
                "no-scale",
                "scale has neither a factor nor a shift",
                field="factor",
                help="write scale 0.5, scale shift=1, or scale for a learned factor a channel",
            )
        return inputs[0]

    def parameters(self, *inputs: Shape) -> tuple[Parameter, ...]:
        """weight and bias, those of them that are learned: (D), or (1) for the whole layer."""
        dims = (inputs[0].channels if self.per == "channel" else 1,)
        pairs = (("weight", self.factor), ("bias", self.shift))
        return tuple(Parameter(name, dims) for name, value in pairs if value == "learned")

    def initial_value(self, parameter: Parameter) -> Sequence[float] | None:
        """Factors begin at `initial`, shifts at 0."""
        return [0.0 if parameter.is_bias else self.initial] * parameter.size

    def channels_read(self, channel: int, *inputs: Shape) -> tuple[Sequence[int], ...]:
        """Its own."""
        return ((channel,),)

    def forward(
        self, inputs: Sequence[Tensor], parameters: Mapping[str, Sequence[Scalar]]
    ) -> Tensor:
        """Each channel times its factor, plus its shift."""
        (x,) = inputs
        planes = [list(x.plane(channel)) for channel in range(x.shape.channels)]
        if (factors := self._each(self.factor, parameters.get("weight"), len(planes))) is not None:
            pairs = zip(planes, factors, strict=True)
            planes = [[times(v, factor) for v in plane] for plane, factor in pairs]
        if (shifts := self._each(self.shift, parameters.get("bias"), len(planes))) is not None:
            planes = [[v + shift for v in p] for p, shift in zip(planes, shifts, strict=True)]
        return Tensor(x.shape, [value for plane in planes for value in plane])

    def _each(
        self, value: float | str, learned: Sequence[Scalar] | None, channels: int
    ) -> Sequence[Scalar] | None:
        """The factor or the shift of every channel; None where there is none."""
        if learned is None:
            return None if isinstance(value, str) else [value] * channels
        return learned if self.per == "channel" else list(learned) * channels

    def explain(self, *inputs: Shape) -> list[Step]:
        """Neurons, and what is learned."""
        letters = "D" if self.per == "channel" else "1"
        return norm_steps(inputs[0], self.parameters(*inputs), letters)
