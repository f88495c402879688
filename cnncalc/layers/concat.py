"""Concatenate: tensors laid one behind the other, by default along the channels.

All other sizes must be equal; `fit=crop` first cuts every map to the smallest, as U-Net does,
taking floor((n - m)/2) away before the middle and the rest behind it.
Sources: Szegedy et al. 2014 (arXiv 1409.4842), Ronneberger et al. 2015 (arXiv 1505.04597).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate
from math import prod
from typing import TYPE_CHECKING, ClassVar, Literal, final

from cnncalc.errors import UnplacedError
from cnncalc.layers._base import Names, Step, neurons
from cnncalc.layers._kinds import Merge, remedy
from cnncalc.layers._math import cut
from cnncalc.shapes import AXIS_WORDS, Shape
from cnncalc.tensor import Tensor
from cnncalc.window import Reach

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cnncalc.tensor import Scalar


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Concat(Merge):
    """Two or more inputs; their sizes along `axis` (c, l, d, h or w) add up.

    >>> Concat().output_shape(Shape(64, (28, 28)), Shape(128, (28, 28)))
    Shape(channels=192, spatial=(28, 28))
    >>> Concat(fitting="crop").output_shape(Shape(64, (392, 392)), Shape(64, (568, 568)))
    Shape(channels=128, spatial=(392, 392))
    """

    axis: Literal["c", "l", "d", "h", "w"] = "c"
    fitting: Literal["exact", "crop"] = "exact"

    # Written `fit=crop`; the field has another name because every layer has a method `fit`.
    other_names: ClassVar[Names] = {"fit": "fitting"}

    def output_shape(self, *inputs: Shape) -> Shape:
        """Sizes along the axis added up. Raises UnplacedError where another size differs."""
        along = self._along(inputs[0])
        first, *rest = parts = self._parts(inputs)
        for branch, part in enumerate(rest, start=2):
            wanted = _resized(first, along, part) if part.rank == first.rank else first
            if part != wanted:
                raise self.mismatch(*inputs, help=self._remedy(wanted, part, branch))
        return _resized(first, along, *parts)

    def reach(self, *inputs: Shape) -> tuple[tuple[Reach, ...], ...]:
        """Its own position, moved by what lies in front of the input and by what is cut away."""
        parts = self._parts(inputs)
        along = self._along(inputs[0])
        front = 0
        answer = []
        for shape, part in zip(inputs, parts, strict=True):
            shifts = [0, *_margins(shape, part)]
            shifts[along] = -front
            front += part.view("CHW")[along]
            answer.append(tuple(Reach(1, shift, shift) for shift in shifts[1:]))
        return tuple(answer)

    def channels_read(self, channel: int, *inputs: Shape) -> tuple[Sequence[int], ...]:
        """Along the channels, those of one input; along another axis, its own of each."""
        if self.axis != "c":
            return ((channel,),) * len(inputs)
        fronts = accumulate((shape.channels for shape in inputs[:-1]), initial=0)
        places = ((channel - front, shape) for front, shape in zip(fronts, inputs, strict=True))
        return tuple((at,) if 0 <= at < shape.channels else () for at, shape in places)

    def forward(
        self, inputs: Sequence[Tensor], parameters: Mapping[str, Sequence[Scalar]]
    ) -> Tensor:
        """Row by row of the axes before the chosen one: every input's stretch in turn."""
        shapes = [tensor.shape for tensor in inputs]
        along = self._along(shapes[0])
        out = self.output_shape(*shapes)
        pairs = zip(inputs, self._parts(shapes), strict=True)
        parts = [cut(x, _margins(x.shape, part), part.spatial) for x, part in pairs]
        values: list[Scalar] = []
        for row in range(prod(out.view("CHW")[:along])):
            for shape, numbers in parts:
                stretch = prod(shape.view("CHW")[along:])
                values += numbers[row * stretch : (row + 1) * stretch]
        return Tensor(out, values)

    def explain(self, *inputs: Shape) -> list[Step]:
        """The size along the axis, and the neurons."""
        out = self.output_shape(*inputs)
        parts = [part.by_letter[self.axis] for part in self._parts(inputs)]
        formula = " + ".join(f"{self.axis.upper()}{branch}" for branch in range(1, len(parts) + 1))
        label = f"output {AXIS_WORDS[self.axis]}"
        numbers = " + ".join(map(str, parts))
        total = out.by_letter[self.axis]
        return [Step(f"out.{self.axis}", label, formula, numbers, total), neurons(out)]

    def _along(self, shape: Shape) -> int:
        """Which size, channels first, the axis is.

        Raises UnplacedError where the input lacks it.
        """
        letters = ("c", *shape.axes)
        if self.axis in letters:
            return letters.index(self.axis)
        raise UnplacedError(
            "no-such-axis",
            f"there is no axis {self.axis} in {shape}",
            field="axis",
            help=f"its axes are {', '.join(letters)}",
        )

    def _parts(self, shapes: Sequence[Shape]) -> Sequence[Shape]:
        """The shapes after cropping; as they are when nothing is to be cropped."""
        if self.fitting == "exact" or len({shape.rank for shape in shapes}) > 1:
            return shapes
        smallest = map(min, zip(*(shape.spatial for shape in shapes), strict=True))
        least = dict(zip(shapes[0].axes, smallest, strict=True))
        least.pop(self.axis, None)
        return [
            Shape(shape.channels, tuple(least.get(a, shape.by_letter[a]) for a in shape.axes))
            for shape in shapes
        ]

    def _remedy(self, wanted: Shape, given: Shape, branch: int) -> str:
        help_ = remedy(wanted, given, branch)
        may_crop = wanted.rank == given.rank and wanted.spatial != given.spatial
        return f"{help_}, or fit=crop" if may_crop else help_


def _resized(shape: Shape, along: int, *like: Shape) -> Shape:
    """The shape with one size replaced by the sum of that size of others."""
    sizes = list(shape.view("CHW"))
    sizes[along] = sum(other.view("CHW")[along] for other in like)
    return Shape(sizes[0], tuple(sizes[1:]))


def _margins(shape: Shape, part: Shape) -> list[int]:
    """Rows and columns cut away before the middle of each axis."""
    return [(n - m) // 2 for n, m in zip(shape.spatial, part.spatial, strict=True)]
