"""Upsampling: a map is enlarged (or reduced) by copying the nearest number or by blending.

Output per axis floor(W·scale), or `size`. Output o lies at input place o·r (nearest), or at
(o + 1/2)·r - 1/2 (bilinear; o·(W - 1)/(W' - 1) with align_corners), where r is 1/scale when a
scale was given and W/W' otherwise. Source: PyTorch's interpolate.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from math import prod
from typing import TYPE_CHECKING, ClassVar, Literal, NamedTuple, final

from cnncalc.errors import Misfit
from cnncalc.layers import _steps
from cnncalc.layers._base import Layer, Names, Step, Words, Work, spread, wrong_rank
from cnncalc.layers._fields import FactorPerAxis, PerAxis, Switch
from cnncalc.layers._spatial import axis_steps, each_axis, ratio, require_axes
from cnncalc.shapes import Shape
from cnncalc.tensor import Tensor, offset
from cnncalc.window import Reach

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from fractions import Fraction

    from cnncalc.tensor import Scalar

Blend = list[tuple[int, float]]  # the places an output reads on one axis, and their shares


class Axis(NamedTuple):
    """One axis on which output o lies at input place o·step + start."""

    size: int
    step: int | Fraction
    start: int | Fraction

    def nearest(self, o: int) -> Blend:
        """The place before, whole."""
        return [(min(int(o * self.step), self.size - 1), 1.0)]

    def between(self, o: int) -> Blend:
        """The two places around, each the more the nearer it is; one where it is hit."""
        place = max(o * self.step + self.start, 0)
        low = int(place)
        share = float(place - low)
        if share == 0 or low >= self.size - 1:
            return [(min(low, self.size - 1), 1.0)]
        return [(low, 1 - share), (low + 1, share)]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Upsample(Layer):
    """Resizing by a factor (`upsample 2`, `upsample 1x2`) or to a size (`size=14x14`).

    Input (D, *spatial), output (D, *spatial'). A factor is taken as the fraction it stands
    for (1.5 as 3/2), so that sizes and places are exact. `bilinear` is linear over one axis
    and trilinear over three.

    >>> Upsample(scale=(2,)).output_shape(Shape(512, (20, 20)))
    Shape(channels=512, spatial=(40, 40))
    """

    scale: FactorPerAxis | None = None
    size: PerAxis | None = None
    mode: Literal["nearest", "bilinear"] = "nearest"
    align_corners: Switch = False

    positional: ClassVar[tuple[str, ...]] = ("scale",)
    sized: ClassVar[str | None] = "scale"
    other_names: ClassVar[Names] = {"scale_factor": "scale", "factor": "scale"}
    words: ClassVar[Words] = {
        "nearest": ("mode", "nearest"),
        "linear": ("mode", "bilinear"),
        "bilinear": ("mode", "bilinear"),
        "trilinear": ("mode", "bilinear"),
    }
    work: ClassVar[Work] = "uncounted"

    def output_shape(self, *inputs: Shape) -> Shape:
        """The size asked for, or every axis times its factor, rounded down."""
        (shape,) = inputs
        self._check(shape)
        if self.size is not None:
            return Shape(shape.channels, spread(self.size, shape.rank, "size"))
        axes = zip(self._factors(shape.rank), shape.spatial, strict=True)
        spatial = tuple(int(factor * size) for factor, size in axes)
        if 0 in spatial:
            raise Misfit(
                "empty-output",
                f"nothing is left: {min(shape.spatial)} cells are too few for this factor",
                field="scale",
                help="use a larger factor, or give the size",
            )
        return Shape(shape.channels, spatial)

    def _check(self, shape: Shape) -> None:
        require_axes(shape)
        if (self.scale is None) == (self.size is None):
            given = "neither" if self.scale is None else "both"
            raise Misfit(
                "upsample",
                f"upsample needs a factor or a size, and got {given}",
                field=None if self.scale is None else "size",
                help="write upsample 2, or upsample size=14x14",
            )
        if self.align_corners and self.mode == "nearest":
            raise Misfit(
                "align-corners",
                "align_corners has no meaning for the mode nearest",
                field="align_corners",
                help="use the mode bilinear, or leave align_corners out",
            )

    def _factors(self, rank: int) -> tuple[Fraction, ...]:
        from fractions import Fraction

        given = self.scale or ()
        factors = given * rank if len(given) == 1 else given
        if len(factors) != rank:
            raise wrong_rank("scale", len(factors), rank)
        return tuple(Fraction(factor).limit_denominator() for factor in factors)

    def _axes(self, shape: Shape) -> list[Axis]:
        """How the output's places lie on each axis of the input."""
        out = self.output_shape(shape)
        if self.align_corners:
            sizes = zip(shape.spatial, out.spatial, strict=True)
            return [Axis(size, ratio(size - 1, max(o - 1, 1)), 0) for size, o in sizes]
        steps = (
            [ratio(f.denominator, f.numerator) for f in self._factors(shape.rank)]
            if self.scale is not None
            else [ratio(size, o) for size, o in zip(shape.spatial, out.spatial, strict=True)]
        )
        return [
            Axis(n, r, (r - 1) * ratio(1, 2)) for n, r in zip(shape.spatial, steps, strict=True)
        ]

    def _blends(self, shape: Shape) -> list[list[Blend]]:
        axes = zip(self._axes(shape), self.output_shape(shape).spatial, strict=True)
        nearest = self.mode == "nearest"
        return [
            [axis.nearest(o) if nearest else axis.between(o) for o in range(out)]
            for axis, out in axes
        ]

    def reach(self, *inputs: Shape) -> tuple[tuple[Reach, ...], ...]:
        """As far to both sides of an output's place as any output reads."""
        (shape,) = inputs
        axes = zip(self._axes(shape), self._blends(shape), strict=True)
        return (tuple(_reach(axis.step, blends) for axis, blends in axes),)

    def settings(self, *inputs: Shape) -> dict[str, object]:
        """The fields, with one factor and one size per axis."""
        (shape,) = inputs
        factors = [float(factor) for factor in self._factors(shape.rank)] if self.scale else None
        size = list(self.output_shape(shape).spatial)
        return {**Layer.settings(self, shape), "scale": factors, "size": size}

    def forward(
        self, inputs: Sequence[Tensor], parameters: Mapping[str, Sequence[Scalar]]
    ) -> Tensor:
        """At each position: the number nearest, or the sum of the numbers around x their shares."""
        (x,) = inputs
        blends = [_joined(places, x.shape) for places in product(*self._blends(x.shape))]
        planes = [x.plane(channel) for channel in range(x.shape.channels)]
        values = [_mix(plane, blend) for plane in planes for blend in blends]
        return Tensor(self.output_shape(x.shape), values)

    def explain(self, *inputs: Shape) -> list[Step]:
        """Output per axis and neurons."""
        (shape,) = inputs
        out = self.output_shape(shape)
        lines = [("size", f"{size}") for size in out.spatial]
        if self.scale is not None:
            axes = zip(each_axis(shape), self._factors(shape.rank), strict=True)
            lines = [(f"⌊{letter}·scale⌋", f"⌊{size}·{f}⌋") for (letter, size), f in axes]
        return [*axis_steps(out, lines), _steps.neurons(out)]


def _reach(step: int | Fraction, blends: list[Blend]) -> Reach:
    offsets = [place - o * step for o, blend in enumerate(blends) for place, _ in blend]
    low, high = min(offsets), max(offsets)
    return Reach(
        step, ratio(low.numerator, low.denominator), ratio(high.numerator, high.denominator)
    )


def _joined(places: tuple[Blend, ...], shape: Shape) -> Blend:
    """The shares of every axis multiplied, and the places as indices of a plane."""
    corners = product(*places)
    return [
        (offset(tuple(place for place, _ in corner), shape.spatial), prod(s for _, s in corner))
        for corner in corners
    ]


def _mix(plane: Sequence[Scalar], blend: Blend) -> Scalar:
    if len(blend) == 1:
        return plane[blend[0][0]]
    return sum(plane[place] * share for place, share in blend)
