"""Space to depth: every b x b block of a map becomes b·b maps of one number each.

Output (D·b·b, H/b, W/b). Block position (y, x) of map c becomes map c·b·b + y·b + x (`crd`), or
map (y·b + x)·D + c (`dcr`).
Sources: PyTorch's PixelUnshuffle (crd), the inverse of Shi et al. 2016 (arXiv 1609.05158);
TensorFlow's and ONNX's SpaceToDepth (dcr).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, final

from cnncalc.errors import UnplacedError
from cnncalc.layers import _explain
from cnncalc.layers._base import Layer, Names, Step, Words, dotted, neurons
from cnncalc.layers._explain import axis_steps, each_axis
from cnncalc.layers._fields import BLOCK_ORDERS, BlockOrder, Count, require_axes
from cnncalc.shapes import AXIS_WORDS, Shape
from cnncalc.tensor import Tensor, offset, positions
from cnncalc.window import Reach

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cnncalc.tensor import Scalar


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class SpaceToDepth(Layer):
    """Rearrangement of blocks into channels, over one, two or three axes.

    `crd` (PyTorch) keeps the numbers of a map together, `dcr` (TensorFlow) those of a place.

    >>> SpaceToDepth(block=2).output_shape(Shape(64, (26, 26)))
    Shape(channels=256, spatial=(13, 13))
    """

    block: Count
    order: BlockOrder = "crd"

    example: ClassVar[str | None] = "space2depth 2"
    positional: ClassVar[tuple[str, ...]] = ("block",)
    letters: ClassVar[Names] = {"b": "block"}
    other_names: ClassVar[Names] = {"downscale_factor": "block", "block_size": "block"}
    words: ClassVar[Words] = BLOCK_ORDERS
    rarely_set: ClassVar[tuple[str, ...]] = ("order",)

    def output_shape(self, *inputs: Shape) -> Shape:
        """Every axis divided by b, channels multiplied.

        Raises UnplacedError where b does not divide.
        """
        (shape,) = inputs
        require_axes(shape)
        for letter, size in zip(shape.axes, shape.spatial, strict=True):
            if size % self.block:
                raise UnplacedError(
                    "block",
                    f"block={self.block} does not divide the {AXIS_WORDS[letter]} {size}",
                    field="block",
                    help="pad or crop the input to a multiple of the block",
                )
        spatial = tuple(size // self.block for size in shape.spatial)
        return Shape(shape.channels * self.block**shape.rank, spatial)

    def reach(self, *inputs: Shape) -> tuple[tuple[Reach, ...], ...]:
        """One block."""
        return ((Reach(self.block, 0, self.block - 1),) * inputs[0].rank,)

    def forward(
        self, inputs: Sequence[Tensor], parameters: Mapping[str, Sequence[Scalar]]
    ) -> Tensor:
        """For each map and each position in a block: that position of all blocks."""
        (x,) = inputs
        out = self.output_shape(x.shape)
        planes = [x.plane(channel) for channel in range(x.shape.channels)]
        inners = list(positions((self.block,) * x.shape.rank))
        maps = [(plane, inner) for plane in planes for inner in inners]
        if self.order == "dcr":
            maps = [(plane, inner) for inner in inners for plane in planes]
        values = [
            plane[offset(self._place(at, inner), x.shape.spatial)]
            for plane, inner in maps
            for at in positions(out.spatial)
        ]
        return Tensor(out, values)

    def _place(self, block: tuple[int, ...], inner: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(self.block * b + i for b, i in zip(block, inner, strict=True))

    def explain(self, *inputs: Shape) -> list[Step]:
        """Output per axis, channels, neurons."""
        (shape,) = inputs
        out = self.output_shape(shape)
        lines = [(f"{letter}/b", f"{size}/{self.block}") for letter, size in each_axis(shape)]
        blocks = [self.block] * shape.rank
        formula = "·".join(["D", *("b" for _ in blocks)])
        return [
            *axis_steps(out, lines),
            _explain.channels(formula, dotted(shape.channels, *blocks), out.channels),
            neurons(out, "D'"),
        ]
