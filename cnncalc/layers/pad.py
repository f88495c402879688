"""Padding on its own: numbers are put before and after each axis.

Output per axis begin + W + end. What is put there: a value (mode zeros), or the input
mirrored, continued by its edge number, or repeated. Source: PyTorch's functional pad.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, final, get_args

from cnncalc.errors import UnplacedError
from cnncalc.layers._base import Layer, Names, Step, Words, neurons
from cnncalc.layers._explain import axis_steps, each_axis
from cnncalc.layers._fields import (
    NaturalPerAxis,
    PaddingMode,
    Real,
    check_edges,
    require_axes,
    spread,
)
from cnncalc.layers._windowed import grid, source
from cnncalc.shapes import Shape
from cnncalc.tensor import Tensor
from cnncalc.window import Reach

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cnncalc.tensor import Scalar


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Pad(Layer):
    """Padding of the spatial axes: `pad 1`, `pad 0x2`, `pad 0+1`, `pad begin=1 end=2`.

    `end` is as `begin` unless given. Input (D, *spatial), output (D, *spatial').

    >>> Pad(begin=(0,), end=(1,)).output_shape(Shape(64, (112, 112)))
    Shape(channels=64, spatial=(113, 113))
    """

    begin: NaturalPerAxis
    end: NaturalPerAxis | None = None
    mode: PaddingMode = "zeros"
    value: Real = 0.0

    positional: ClassVar[tuple[str, ...]] = ("begin",)
    sized: ClassVar[str | None] = "begin"
    paddings: ClassVar[Names] = {"begin": "end"}
    letters: ClassVar[Names] = {"p": "begin"}
    if_negative: ClassVar[str | None] = "to take away {size} at both ends write crop begin={size}"
    words: ClassVar[Words] = {mode: ("mode", mode) for mode in get_args(PaddingMode)}

    def sides(self, shape: Shape) -> list[tuple[int, int]]:
        """Per axis, how much is put before and after. Raises UnplacedError where that cannot be."""
        require_axes(shape)
        begin = spread(self.begin, shape.rank, "begin")
        end = begin if self.end is None else spread(self.end, shape.rank, "end")
        if self.value != 0 and self.mode != "zeros":
            raise UnplacedError(
                "pad-value",
                f"the mode {self.mode} takes its numbers from the input, not from value",
                field="value",
                help="leave value out, or use the mode zeros",
            )
        for size, before, after in zip(shape.spatial, begin, end, strict=True):
            at_fault = "begin" if before >= after or self.end is None else "end"
            check_edges(self.mode, size, before, after, at_fault)
        return list(zip(begin, end, strict=True))

    def output_shape(self, *inputs: Shape) -> Shape:
        """Every axis and what is put at its two ends."""
        (shape,) = inputs
        axes = zip(shape.spatial, self.sides(shape), strict=True)
        return Shape(shape.channels, tuple(size + sum(sides) for size, sides in axes))

    def reach(self, *inputs: Shape) -> tuple[tuple[Reach, ...], ...]:
        """The input's own position; numbers that a mode repeats beyond the edge are left out."""
        return (tuple(Reach(1, -begin, -begin) for begin, _ in self.sides(inputs[0])),)

    @property
    def edge_mode(self) -> str:
        """What is put beyond the edge."""
        return self.mode

    def settings(self, *inputs: Shape) -> dict[str, object]:
        """The fields, with one number per axis."""
        begin, end = zip(*self.sides(inputs[0]), strict=True)
        return {**Layer.settings(self, *inputs), "begin": list(begin), "end": list(end)}

    def forward(
        self, inputs: Sequence[Tensor], parameters: Mapping[str, Sequence[Scalar]]
    ) -> Tensor:
        """At each position: the input, or what the mode puts beyond its edge."""
        (x,) = inputs
        axes = zip(x.shape.spatial, self.sides(x.shape), strict=True)
        taps = [
            [[source(at, size, self.mode)] for at in range(-begin, size + end)]
            for size, (begin, end) in axes
        ]
        places = grid(taps, x.shape.spatial)
        planes = [x.plane(channel) for channel in range(x.shape.channels)]
        values = [
            self.value if place is None else plane[place] for plane in planes for (place,) in places
        ]
        return Tensor(self.output_shape(x.shape), values)

    def explain(self, *inputs: Shape) -> list[Step]:
        """Output per axis and neurons."""
        (shape,) = inputs
        out = self.output_shape(shape)
        axes = zip(each_axis(shape), self.sides(shape), strict=True)
        lines = [
            (f"{letter} + begin + end", f"{size} + {begin} + {end}")
            for (letter, size), (begin, end) in axes
        ]
        return [*axis_steps(out, lines), neurons(out)]
