"""Upsampling: a map is enlarged (or reduced) by copying the nearest number or by blending.

Output per axis floor(W·scale), or `size`. Output o lies at input place o·r + t, where r is 1/scale
when a scale was given and W/W' otherwise, and t 0 (asymmetric) or (r - 1)/2 (half_pixel); with
align_corners at o·(W - 1)/(W' - 1). Sources: PyTorch's interpolate; ONNX's Resize.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from math import ceil, floor, lcm, prod
from typing import TYPE_CHECKING, ClassVar, Literal, NamedTuple, final

from cnncalc.errors import UnplacedError
from cnncalc.layers._base import Family, Layer, Names, Step, Words, Work, neurons
from cnncalc.layers._explain import axis_steps, each_axis
from cnncalc.layers._fields import FactorPerAxis, PerAxis, Switch, require_axes, spread, wrong_rank
from cnncalc.shapes import Shape
from cnncalc.tensor import Tensor, offset
from cnncalc.window import Reach, ratio

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from fractions import Fraction

    from cnncalc.tensor import Scalar

Blend = list[tuple[int, float]]  # the places an output reads on one axis, and their shares
Rule = Literal["half_pixel", "asymmetric", "align_corners"]
Rounding = Literal["floor", "ceil", "round_prefer_floor", "round_prefer_ceil"]
# What is added to a place that is then rounded down or up.
HALVES: Mapping[Rounding, int] = {
    "floor": 0, "ceil": 0, "round_prefer_floor": -1, "round_prefer_ceil": 1,
}  # fmt: skip
ROUNDED_UP = frozenset({"ceil", "round_prefer_floor"})


class ResizeAxis(NamedTuple):
    """One axis on which output o lies at input place o·step + start."""

    size: int
    out: int
    step: int | Fraction
    start: int | Fraction

    rounding: Rounding = "floor"

    @property
    def shift(self) -> int | Fraction:
        """What is added to o·step before it is rounded down or up."""
        return self.start + HALVES[self.rounding] * ratio(1, 2)

    def nearest(self, o: int) -> Blend:
        """The place that is nearest by the rounding, whole."""
        rounded = ceil if self.rounding in ROUNDED_UP else floor
        return [(clipped(rounded(o * self.step + self.shift), 0, self.size - 1), 1.0)]

    def between(self, o: int) -> Blend:
        """The two places around, each the more the nearer it is; one where it is hit."""
        place = max(o * self.step + self.start, 0)
        low = int(place)
        share = float(place - low)
        if share == 0 or low >= self.size - 1:
            return [(min(low, self.size - 1), 1.0)]
        return [(low, 1 - share), (low + 1, share)]

    def reach_nearest(self) -> Reach:
        """The reach of `nearest`: furthest where the fraction that is rounded away is largest."""
        step, shift = self.step, self.shift
        if step == 0:
            return Reach(0, 0, 0)
        low = clipped(ceil(-shift / step), 0, self.out)  # those before read place 0
        offsets, high = self._at_the_ends(low, shift)
        if low < high:
            unit = lcm(step.denominator, shift.denominator)
            slope, first = int(step * unit), int((low * step + shift) * unit)
            sign = -1 if self.rounding in ROUNDED_UP else 1
            residues = (sign * slope, sign * first, unit, high - low)
            for residue in (least_residue(*residues), largest_residue(*residues)):
                offsets.append(shift - sign * ratio(residue, unit))
        return Reach(step, _whole(min(offsets)), _whole(max(offsets)))

    def reach_between(self) -> Reach:
        """The reach of `between`: those that hit no place read the one before and the one behind.

        Each place before is away by the fraction of the output's own place.
        """
        step, start = self.step, self.start
        if step == 0:
            return Reach(0, 0, 0)
        low = clipped(floor(-start / step) + 1, 0, self.out)  # so many lie at 0 or before
        offsets, high = self._at_the_ends(low, start)
        if low < high:
            unit = lcm(step.denominator, start.denominator)
            slope, first = int(step * unit), int((low * step + start) * unit)
            most = largest_residue(slope, first, unit, high - low)
            # A fraction of 0 reads one place only, which is a fraction of 1 before the next.
            least = least_residue(slope, first - 1, unit, high - low) + 1
            offsets += [start - ratio(most, unit), start + 1 - ratio(least, unit)]
        return Reach(step, _whole(min(offsets)), _whole(max(offsets)))

    def _at_the_ends(self, low: int, shift: int | Fraction) -> tuple[list[int | Fraction], int]:
        """The reach of the outputs that read only place 0 or the last, and the first of the latter.

        The first `low` outputs read place 0, and the last ones the last place, which gets nearer,
        relative to the output, with every step.
        """
        step, last = self.step, self.size - 1
        high = clipped(ceil((last - shift) / step), low, self.out)
        offsets: list[int | Fraction] = []
        if low > 0:
            offsets += [0, -(low - 1) * step]
        if high < self.out:
            offsets += [last - high * step, last - (self.out - 1) * step]
        return offsets, high


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Upsample(Layer):
    """Resizing by a factor (`upsample 2`, `upsample 1x2`) or to a size (`size=14x14`).

    Input (D, *spatial), output (D, *spatial'). A factor is taken as the fraction it stands
    for (1.5 as 3/2), so that sizes and places are exact. `bilinear` is linear over one axis
    and trilinear over three. `rule` is where outputs lie, and `nearest_mode` how such a place is
    rounded: `half_pixel round_prefer_floor` as ONNX's Resize does unless told otherwise,
    `half_pixel round_prefer_ceil` as PyTorch's nearest-exact. Without them `nearest` is
    `asymmetric floor` and `bilinear` is `half_pixel`, as in PyTorch.

    >>> Upsample(scale=(2,)).output_shape(Shape(512, (20, 20)))
    Shape(channels=512, spatial=(40, 40))
    """

    scale: FactorPerAxis | None = None
    size: PerAxis | None = None
    mode: Literal["nearest", "bilinear"] = "nearest"
    align_corners: Switch = False
    rule: Rule | None = None
    nearest_mode: Rounding | None = None

    example: ClassVar[str | None] = "upsample 2"
    positional: ClassVar[tuple[str, ...]] = ("scale",)
    sized: ClassVar[str | None] = "scale"
    other_names: ClassVar[Names] = {"scale_factor": "scale", "factor": "scale"}
    words: ClassVar[Words] = {
        "nearest": ("mode", "nearest"),
        "linear": ("mode", "bilinear"),
        "bilinear": ("mode", "bilinear"),
        "trilinear": ("mode", "bilinear"),
        "half_pixel": ("rule", "half_pixel"),
        "asymmetric": ("rule", "asymmetric"),
        "round_prefer_floor": ("nearest_mode", "round_prefer_floor"),
        "round_prefer_ceil": ("nearest_mode", "round_prefer_ceil"),
    }
    rarely_set: ClassVar[tuple[str, ...]] = ("rule", "nearest_mode")
    work: ClassVar[Work] = "uncounted"
    family: ClassVar[Family] = "up"

    def output_shape(self, *inputs: Shape) -> Shape:
        """The size asked for, or every axis times its factor, rounded down.

        Raises UnplacedError where nothing is left, or the fields contradict each other.
        """
        (shape,) = inputs
        self._check(shape)
        if self.size is not None:
            return Shape(shape.channels, spread(self.size, shape.rank, "size"))
        axes = zip(self._factors(shape.rank), shape.spatial, strict=True)
        spatial = tuple(int(factor * size) for factor, size in axes)
        if 0 in spatial:
            raise UnplacedError(
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
            raise UnplacedError(
                "upsample",
                f"upsample needs a factor or a size, and got {given}",
                field=None if self.scale is None else "size",
                help="write upsample 2, or upsample size=14x14",
            )
        if self.align_corners and (self.mode == "nearest" or self.rule is not None):
            raise UnplacedError(
                "align-corners",
                "align_corners has no meaning for the mode nearest"
                if self.mode == "nearest"
                else f"align_corners and the rule {self.rule} contradict each other",
                field="align_corners",
                help="use the mode bilinear, or leave align_corners out"
                if self.mode == "nearest"
                else "leave one of them out",
            )
        self._check_rounding()

    def _check_rounding(self) -> None:
        if self.mode == "bilinear" and self.nearest_mode is not None:
            raise UnplacedError(
                "upsample",
                f"{self.nearest_mode} rounds places, and the mode bilinear blends between them",
                field="nearest_mode",
                help="use the mode nearest, or leave it out",
            )
        if self.mode == "nearest" and self.rule is not None and self.nearest_mode is None:
            raise UnplacedError(
                "upsample",
                f"by the rule {self.rule} it is open how places are rounded",
                field="rule",
                help="add round_prefer_floor (ONNX's default), round_prefer_ceil (with half_pixel "
                "PyTorch's nearest-exact), nearest_mode=floor or nearest_mode=ceil",
            )

    def _factors(self, rank: int) -> tuple[Fraction, ...]:
        from fractions import Fraction

        given = self.scale or ()
        factors = given * rank if len(given) == 1 else given
        if len(factors) != rank:
            raise wrong_rank("scale", len(factors), rank)
        return tuple(Fraction(factor).limit_denominator() for factor in factors)

    def _axes(self, shape: Shape) -> list[ResizeAxis]:
        """How the output's places lie on each axis of the input."""
        out = self.output_shape(shape)
        rule = self.rule or ("asymmetric" if self.mode == "nearest" else "half_pixel")
        rounding = self.nearest_mode or "floor"
        sizes = zip(shape.spatial, out.spatial, strict=True)
        if self.align_corners or rule == "align_corners":
            return [
                ResizeAxis(size, o, ratio(size - 1, max(o - 1, 1)), 0, rounding)
                for size, o in sizes
            ]
        steps = (
            [ratio(f.denominator, f.numerator) for f in self._factors(shape.rank)]
            if self.scale is not None
            else [ratio(size, o) for size, o in zip(shape.spatial, out.spatial, strict=True)]
        )
        half = ratio(1, 2) if rule == "half_pixel" else 0
        return [
            ResizeAxis(size, o, step, (step - 1) * half, rounding)
            for (size, o), step in zip(sizes, steps, strict=True)
        ]

    def _blends(self, shape: Shape) -> list[list[Blend]]:
        return [[self._blend(axis, o) for o in range(axis.out)] for axis in self._axes(shape)]

    def _blend(self, axis: ResizeAxis, o: int) -> Blend:
        return axis.nearest(o) if self.mode == "nearest" else axis.between(o)

    def reads(
        self, neuron: tuple[int, ...], *inputs: Shape
    ) -> tuple[tuple[Sequence[int], ...], ...]:
        """The same channel, and the places that the neuron is made of.

        Near an edge they are fewer than the reach has, which holds for all neurons.
        """
        channel, *position = neuron
        axes = zip(self._axes(inputs[0]), position, strict=True)
        places = ([place for place, _ in self._blend(axis, o)] for axis, o in axes)
        return (((channel,), *places),)

    def reach(self, *inputs: Shape) -> tuple[tuple[Reach, ...], ...]:
        """As far to both sides of an output's place as any output reads."""
        (shape,) = inputs
        nearest = self.mode == "nearest"
        axes = self._axes(shape)
        return (tuple(a.reach_nearest() if nearest else a.reach_between() for a in axes),)

    def settings(self, *inputs: Shape) -> dict[str, object]:
        """The fields, with one factor and one size per axis."""
        (shape,) = inputs
        factors = [float(factor) for factor in self._factors(shape.rank)] if self.scale else None
        size = list(self.output_shape(shape).spatial)
        return {**Layer.settings(self, shape), "scale": factors, "size": size}

    def channels_read(self, channel: int, *inputs: Shape) -> tuple[Sequence[int], ...]:
        """The same channel only."""
        return ((channel,),)

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
        return [*axis_steps(out, lines), neurons(out)]


def floor_sum(count: int, unit: int, slope: int, first: int) -> int:
    """The sum of floor((slope·x + first)/unit) over x from 0 up to, not including, `count`.

    As Euclid's algorithm, in steps that grow with the digits of the numbers and not with the
    count: the points below a line are counted along one axis and then along the other. Source:
    Graham, Knuth, Patashnik, "Concrete Mathematics", section 3.5.

    >>> floor_sum(4, 10, 6, 3), sum((6 * x + 3) // 10 for x in range(4))
    (3, 3)
    """
    total = 0
    while count > 0:
        total += count * (count - 1) // 2 * (slope // unit) + count * (first // unit)
        slope, first = slope % unit, first % unit
        top = slope * count + first
        # What is left is the same sum seen from the other axis.
        count, first, unit, slope = top // unit, top % unit, slope, unit
    return total


def least_residue(slope: int, first: int, unit: int, count: int) -> int:
    """The least of (slope·x + first) mod unit over x from 0 up to, not including, `count`.

    Found by halving: `floor_sum` counts how many of them are no larger than a number.

    >>> least_residue(7, 3, 10, 3), min((7 * x + 3) % 10 for x in range(3))
    (0, 0)
    """
    wholes = floor_sum(count, unit, slope, first)
    low, high = 0, unit - 1
    while low < high:
        middle = (low + high) // 2
        if wholes > floor_sum(count, unit, slope, first - middle - 1):
            high = middle
        else:
            low = middle + 1
    return low


def largest_residue(slope: int, first: int, unit: int, count: int) -> int:
    """The largest of (slope·x + first) mod unit, likewise.

    >>> largest_residue(7, 3, 10, 3)
    7
    """
    return unit - 1 - least_residue(-slope, -first - 1, unit, count)


def clipped(number: int, least: int, most: int) -> int:
    """The number, or the limit that it lies beyond.

    >>> clipped(-1, 0, 5), clipped(7, 0, 5)
    (0, 5)
    """
    return max(least, min(number, most))


def _whole(number: int | Fraction) -> int | Fraction:
    return ratio(number.numerator, number.denominator)


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
