"""Scale: every number times a factor, plus a shift; both learned or fixed, or only one of them.

x·weight + bias, one of each per channel (D), for all (1), per position (H·W) or per number
(H·W·D). `scale 0.2` multiplies by 0.2, `scale` learns one factor a channel; `fixed` numbers come
with the weights, as the anchors of a detector do, and are not learned.
Sources: Touvron et al. 2021 (LayerScale, arXiv 2103.17239), ResMLP (arXiv 2105.03404);
Szegedy et al. 2016 for fixed residual scaling (arXiv 1602.07261); Dosovitskiy et al. 2021 for
learned positions (arXiv 2010.11929).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain, repeat
from math import prod
from typing import TYPE_CHECKING, ClassVar, Literal, final

from cnncalc.errors import UnplacedError
from cnncalc.layers._base import Family, Layer, Names, Parameter, Step, Words, Work, dotted, places
from cnncalc.layers._explain import norm_steps
from cnncalc.layers._fields import Real
from cnncalc.layers._math import times
from cnncalc.tensor import Tensor

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from cnncalc.layers._base import Role
    from cnncalc.shapes import Shape
    from cnncalc.tensor import Scalar

Stored = Literal["learned", "fixed", "none"]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Scale(Layer):
    """Shape in is shape out. `factor` and `shift` are a number, `learned`, `fixed` or `none`.

    `initial` is where a learned factor begins (ConvNeXt: 1e-6), and learned shifts begin at 0.
    `fixed` numbers that nobody gives are 1 as factors and 0 as shifts, which change nothing.

    >>> from cnncalc.shapes import Shape
    >>> Scale().parameters(Shape(96, (56, 56)))[0].dims, Scale(factor=0.2).parameters(Shape(96))
    ((96,), ())
    >>> positions = Scale(factor="none", shift="learned", per="element")
    >>> positions.parameters(Shape(768, (196,)))
    (Parameter(name='bias', dims=(768, 196), role='learned'),)
    """

    factor: Real | Stored = "learned"
    shift: Real | Stored = "none"
    per: Literal["channel", "layer", "position", "element"] = "channel"
    initial: Real = 1.0

    positional: ClassVar[tuple[str, ...]] = ("factor",)
    other_names: ClassVar[Names] = {"offset": "shift"}
    words: ClassVar[Words] = {
        "shift": ("shift", "learned"),
        "single": ("per", "layer"),
        "fixed": ("factor", "fixed"),
    }
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
        """weight and bias where they are learned, factor and shift where they are fixed.

        (D), (1), (*spatial) or (D, *spatial).
        """
        shape = inputs[0]
        dims = {
            "channel": (shape.channels,), "layer": (1,), "position": shape.spatial or (1,),
            "element": (shape.channels, *shape.spatial),
        }[self.per]  # fmt: skip
        return tuple(Parameter(name, dims, role) for name, role in self._stored())

    def _stored(self) -> Iterator[tuple[str, Role]]:
        """The names of what is stored, and whether it is learned."""
        for field, learned in (("factor", "weight"), ("shift", "bias")):
            value = getattr(self, field)
            if value == "learned":
                yield learned, "learned"
            elif value == "fixed":
                yield field, "fixed"

    def initial_value(self, parameter: Parameter) -> Sequence[float] | None:
        """Learned factors begin at `initial`; fixed ones and shifts change nothing."""
        start = {"weight": self.initial, "factor": 1.0, "bias": 0.0, "shift": 0.0}
        return [start[parameter.name]] * parameter.size

    def channels_read(self, channel: int, *inputs: Shape) -> tuple[Sequence[int], ...]:
        """Its own."""
        return ((channel,),)

    def forward(
        self, inputs: Sequence[Tensor], parameters: Mapping[str, Sequence[Scalar]]
    ) -> Tensor:
        """Each number times its factor, plus its shift."""
        shape, values = inputs[0]
        if (factors := self._each("factor", "weight", parameters, shape)) is not None:
            values = [times(v, factor) for v, factor in zip(values, factors, strict=True)]
        if (shifts := self._each("shift", "bias", parameters, shape)) is not None:
            values = [v + shift for v, shift in zip(values, shifts, strict=True)]
        return Tensor(shape, values)

    def _each(
        self, field: str, learned: str, parameters: Mapping[str, Sequence[Scalar]], shape: Shape
    ) -> Iterable[Scalar] | None:
        """The factor or the shift of every number, in their order; None where there is none."""
        value = getattr(self, field)
        if value == "none":
            return None
        if not isinstance(value, str):
            return repeat(value, shape.size)
        stored = parameters[learned if value == "learned" else field]
        if self.per == "channel":
            return chain.from_iterable(repeat(v, shape.size // shape.channels) for v in stored)
        return chain.from_iterable(repeat(stored, shape.size // len(stored)))

    def explain(self, *inputs: Shape) -> list[Step]:
        """Neurons, what is learned, and what is fixed."""
        (shape,) = inputs
        stored = self.parameters(shape)
        letters, sizes = self._counted(shape)
        learned = [p for p in stored if p.role == "learned"]
        steps = norm_steps(shape, learned, letters, dotted(*sizes))
        count = len(stored) - len(learned)
        if count:
            words, numbers = (
                "·".join(["2"] * (count - 1) + [each]) for each in (letters, dotted(*sizes))
            )
            steps.append(Step("fixed", "fixed numbers", words, numbers, count * prod(sizes)))
        return steps

    def _counted(self, shape: Shape) -> tuple[str, tuple[int, ...]]:
        """How many numbers each factor or shift is, in letters and as sizes."""
        positions = places(shape, "") or "1"
        by_position = positions, shape.spatial or (1,)
        return {
            "channel": ("D", (shape.channels,)),
            "layer": ("1", (1,)),
            "position": by_position,
            "element": (f"{positions}·D" if shape.rank else "D", (*shape.spatial, shape.channels)),
        }[self.per]
