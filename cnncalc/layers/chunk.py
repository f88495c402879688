"""Chunk: one of several equal parts of the channels, as `torch.chunk` gives them.

Source: Ma et al. 2018 (arXiv 1807.11164), whose units begin by splitting the channels in two.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, final

from cnncalc.errors import UnplacedError
from cnncalc.layers import _explain
from cnncalc.layers._base import Between, Step, neurons
from cnncalc.layers._fields import Count, Natural
from cnncalc.layers._kinds import ChannelRange

if TYPE_CHECKING:
    from cnncalc.shapes import Shape


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk(ChannelRange):
    """`chunk 0/4`: the first of four equal parts. Input (D, *spatial), output (D/parts, *spatial).

    >>> from cnncalc.shapes import Shape
    >>> Chunk(index=1, parts=4).taken(Shape(116, (28, 28)))
    range(29, 58)
    """

    index: Natural
    parts: Count

    example: ClassVar[str | None] = "chunk 0/2"
    between: ClassVar[Between | None] = Between("/", ("index", "parts"))

    def taken(self, shape: Shape) -> range:
        """The channels of the part. Raises UnplacedError where the parts are not equal."""
        if self.index >= self.parts:
            raise UnplacedError(
                "chunk",
                f"there is no part {self.index} of {self.parts}",
                field="index",
                help=f"parts are counted from 0: chunk {self.parts - 1}/{self.parts} is the last",
            )
        if shape.channels % self.parts:
            raise UnplacedError(
                "chunk",
                f"{shape.channels} channels cannot be cut into {self.parts} equal parts",
                field="parts",
                help="for parts of other sizes write slice, such as slice 0..32",
            )
        size = shape.channels // self.parts
        return range(self.index * size, (self.index + 1) * size)

    def explain(self, *inputs: Shape) -> list[Step]:
        """Channels and neurons."""
        out = self.output_shape(*inputs)
        numbers = f"{inputs[0].channels} / {self.parts}"
        return [_explain.channels("D / parts", numbers, out.channels), neurons(out, "D'")]
