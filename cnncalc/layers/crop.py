"""Cropping: each axis loses numbers before and after, or is cut to a size around its centre.

Output per axis W - begin - end. To a size, floor((W - size)/2) go before and the rest after, or
`begin` before where it is given. Sources: Ronneberger et al. 2015 (arXiv 1505.04597), whose
encoder maps are cropped to fit; Long et al. 2015 (arXiv 1411.4038), whose crop begins at 19.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, final

from cnncalc.errors import UnplacedError
from cnncalc.layers._base import Layer, Names, Step, neurons
from cnncalc.layers._explain import axis_steps, each_axis
from cnncalc.layers._fields import NaturalPerAxis, PerAxis, require_axes, spread
from cnncalc.layers._math import cut
from cnncalc.shapes import AXIS_WORDS, Shape
from cnncalc.tensor import Tensor
from cnncalc.window import Reach

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cnncalc.tensor import Scalar


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Crop(Layer):
    """Cropping of the spatial axes: `crop 56x56` (to a size), `crop begin=1 end=2` (by numbers).

    `crop like=pool3` cuts to the size of another tensor, `crop 56x56 from=19` from a fixed place.
    Without a size, `end` is as `begin` unless given.
    Input (D, *spatial), output (D, *spatial').

    >>> Crop(size=(56,)).output_shape(Shape(512, (64, 64)))
    Shape(channels=512, spatial=(56, 56))
    """

    size: PerAxis | None = None
    begin: NaturalPerAxis | None = None
    end: NaturalPerAxis | None = None

    example: ClassVar[str | None] = "crop 56x56"
    positional: ClassVar[tuple[str, ...]] = ("size",)
    sized: ClassVar[str | None] = "size"
    like: ClassVar[str | None] = "size"
    other_names: ClassVar[Names] = {"from": "begin"}

    def sides(self, shape: Shape) -> list[tuple[int, int]]:
        """Per axis, how much goes before and after. Raises UnplacedError where that cannot be."""
        require_axes(shape)
        if self.size is None and self.begin is None and self.end is None:
            raise _unclear("neither", None)
        if self.size is not None and self.end is not None:
            raise _unclear("both", "size")
        if self.size is None:
            begin = spread(self.begin or (0,), shape.rank, "begin")
            end = begin if self.end is None else spread(self.end, shape.rank, "end")
            return list(zip(begin, end, strict=True))
        sizes = spread(self.size, shape.rank, "size")
        centred = _centred(shape, sizes)
        if self.begin is None:
            return centred
        return _from_place(shape, sizes, spread(self.begin, shape.rank, "begin"))

    def output_shape(self, *inputs: Shape) -> Shape:
        """What is left of every axis. Raises UnplacedError where nothing is."""
        (shape,) = inputs
        sides = self.sides(shape)
        for letter, size, (begin, end) in zip(shape.axes, shape.spatial, sides, strict=True):
            if begin + end >= size:
                raise UnplacedError(
                    "crop",
                    f"cropping {begin} + {end} leaves nothing of the {AXIS_WORDS[letter]} {size}",
                    field="end" if self.begin is None else "begin",
                    help=f"crop at most {size - 1} in all",
                )
        axes = zip(shape.spatial, sides, strict=True)
        return Shape(shape.channels, tuple(size - begin - end for size, (begin, end) in axes))

    def reach(self, *inputs: Shape) -> tuple[tuple[Reach, ...], ...]:
        """The same position, counted from the input's own edge."""
        return (tuple(Reach(1, begin, begin) for begin, _ in self.sides(inputs[0])),)

    def settings(self, *inputs: Shape) -> dict[str, object]:
        """The fields, with one number per axis."""
        begin, end = zip(*self.sides(inputs[0]), strict=True)
        size = list(self.output_shape(*inputs).spatial)
        return {"size": size, "begin": list(begin), "end": list(end)}

    def forward(
        self, inputs: Sequence[Tensor], parameters: Mapping[str, Sequence[Scalar]]
    ) -> Tensor:
        """At each position: the input, counted from where the crop begins."""
        (x,) = inputs
        corner = [begin for begin, _ in self.sides(x.shape)]
        return cut(x, corner, self.output_shape(x.shape).spatial)

    def explain(self, *inputs: Shape) -> list[Step]:
        """Output per axis and neurons."""
        (shape,) = inputs
        out = self.output_shape(shape)
        axes = zip(each_axis(shape), self.sides(shape), strict=True)
        lines = [
            (f"{letter} - begin - end", f"{size} - {begin} - {end}")
            for (letter, size), (begin, end) in axes
        ]
        return [*axis_steps(out, lines), neurons(out)]


def _unclear(given: str, field: str | None) -> UnplacedError:
    return UnplacedError(
        "crop",
        f"crop needs a size, or begin and end, and got {given}",
        field=field,
        help="write crop 56x56, or crop begin=4",
    )


def _from_place(
    shape: Shape, sizes: tuple[int, ...], begin: tuple[int, ...]
) -> list[tuple[int, int]]:
    """What goes before and after each axis where the place of the cut is given."""
    sides = []
    for letter, have, wanted, before in zip(shape.axes, shape.spatial, sizes, begin, strict=True):
        if before + wanted > have:
            raise UnplacedError(
                "crop",
                f"a crop of {wanted} from {before} on ends beyond {AXIS_WORDS[letter]} {have}",
                field="begin",
                help=f"begin at {have - wanted} at most",
            )
        sides.append((before, have - wanted - before))
    return sides


def _centred(shape: Shape, sizes: tuple[int, ...]) -> list[tuple[int, int]]:
    for letter, have, wanted in zip(shape.axes, shape.spatial, sizes, strict=True):
        if wanted > have:
            raise UnplacedError(
                "crop",
                f"the {AXIS_WORDS[letter]} {have} cannot be cropped to {wanted}",
                field="size",
                help="crop only removes cells; to enlarge the map, use pad or upsample",
            )
    left_over = (have - wanted for have, wanted in zip(shape.spatial, sizes, strict=True))
    return [(extra // 2, extra - extra // 2) for extra in left_over]
