"""Depth to space (pixel shuffle): b·b maps of one number each become every b x b block of a map.

Output (D', H·b, W·b) with D' = D/(b·b). Map c·b·b + y·b + x (`crd`), or map (y·b + x)·D' + c
(`dcr`), gives block position (y, x) of map c.
Sources: Shi et al. 2016 (arXiv 1609.05158), PyTorch's PixelShuffle (crd); TensorFlow's
depth_to_space and ONNX's default (dcr).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, final

from cnncalc.errors import UnplacedError
from cnncalc.layers import _explain
from cnncalc.layers._base import Family, Layer, Names, Step, Words, neurons
from cnncalc.layers._explain import axis_steps, each_axis
from cnncalc.layers._fields import BLOCK_ORDERS, BlockOrder, Count, require_axes
from cnncalc.shapes import Shape
from cnncalc.tensor import Tensor, offset, positions
from cnncalc.window import Reach, ratio

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cnncalc.tensor import Scalar


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class DepthToSpace(Layer):
    """Rearrangement of channels into blocks, over one, two or three axes.

    `crd` (PyTorch) makes a map of neighbouring channels, `dcr` (TensorFlow) of distant ones.

    >>> DepthToSpace(block=3).output_shape(Shape(27, (17, 17)))
    Shape(channels=3, spatial=(51, 51))
    """

    block: Count
    order: BlockOrder = "crd"

    example: ClassVar[str | None] = "depth2space 2"
    positional: ClassVar[tuple[str, ...]] = ("block",)
    letters: ClassVar[Names] = {"b": "block"}
    other_names: ClassVar[Names] = {"upscale_factor": "block", "block_size": "block"}
    words: ClassVar[Words] = BLOCK_ORDERS
    rarely_set: ClassVar[tuple[str, ...]] = ("order",)
    family: ClassVar[Family] = "up"

    def output_shape(self, *inputs: Shape) -> Shape:
        """Every axis times b, the channels divided.

        Raises UnplacedError where b·b does not divide.
        """
        (shape,) = inputs
        require_axes(shape)
        share = self.block**shape.rank
        if shape.channels % share:
            blocks = "x".join([f"{self.block}"] * shape.rank)
            raise UnplacedError(
                "block",
                f"a block of {blocks} needs a multiple of {share} channels, not {shape.channels}",
                field="block",
                help=f"put a convolution with a multiple of {share} filters in front",
            )
        spatial = tuple(size * self.block for size in shape.spatial)
        return Shape(shape.channels // share, spatial)

    def reach(self, *inputs: Shape) -> tuple[tuple[Reach, ...], ...]:
        """The one position whose block it is in."""
        b = self.block
        return ((Reach(ratio(1, b), ratio(1 - b, b), 0),) * inputs[0].rank,)

    def forward(
        self, inputs: Sequence[Tensor], parameters: Mapping[str, Sequence[Scalar]]
    ) -> Tensor:
        """For each output position: its block says where, its place in the block which map."""
        (x,) = inputs
        out, b = self.output_shape(x.shape), self.block
        blocks = (b,) * x.shape.rank
        share = b**x.shape.rank
        step, inner = (share, 1) if self.order == "crd" else (1, out.channels)
        planes = [x.plane(channel) for channel in range(x.shape.channels)]
        values = [
            planes[c * step + offset(tuple(o % b for o in at), blocks) * inner][
                offset(tuple(o // b for o in at), x.shape.spatial)
            ]
            for c in range(out.channels)
            for at in positions(out.spatial)
        ]
        return Tensor(out, values)

    def explain(self, *inputs: Shape) -> list[Step]:
        """Output per axis, channels, neurons."""
        (shape,) = inputs
        out = self.output_shape(shape)
        lines = [(f"{letter}·b", f"{size}·{self.block}") for letter, size in each_axis(shape)]
        formula = "·".join(["b"] * shape.rank)
        numbers = "·".join([f"{self.block}"] * shape.rank)
        return [
            *axis_steps(out, lines),
            _explain.channels(f"D/({formula})", f"{shape.channels}/({numbers})", out.channels),
            neurons(out, "D'"),
        ]
