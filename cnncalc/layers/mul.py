"""Multiply: tensors number by number, or a map by a gate.

A gate has one number per channel (1x1xC or a vector of C, as in squeeze-and-excitation) or one
per position (HxWx1, as in spatial attention); nothing else is broadcast.
Sources: Hu et al. 2017 (arXiv 1709.01507), Woo et al. 2018 (arXiv 1807.06521).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from operator import mul
from typing import TYPE_CHECKING, ClassVar, final

from cnncalc.layers._base import Work
from cnncalc.layers._kinds import Merge, elementwise, remedy
from cnncalc.shapes import Shape
from cnncalc.tensor import Tensor
from cnncalc.window import STILL

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cnncalc.tensor import Scalar
    from cnncalc.window import Reach


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Mul(Merge):
    """Two or more inputs; the largest gives the shape, the others have it or are gates.

    >>> Mul().output_shape(Shape(64, (56, 56)), Shape(64, (1, 1)))
    Shape(channels=64, spatial=(56, 56))
    >>> Mul().output_shape(Shape(64, (56, 56)), Shape(64))
    Shape(channels=64, spatial=(56, 56))
    """

    work: ClassVar[Work] = "uncounted"

    def output_shape(self, *inputs: Shape) -> Shape:
        """The largest shape.

        Raises UnplacedError where another neither has it nor is a gate for it.
        """
        full = max(inputs, key=lambda shape: (shape.size, shape.rank))
        for branch, shape in enumerate(inputs, start=1):
            if shape not in (full, *_gates(full)):
                raise self.mismatch(*inputs, help=_gate_remedy(full, shape, branch))
        return full

    def reach(self, *inputs: Shape) -> tuple[tuple[Reach, ...] | None, ...]:
        """Its own position; None for a gate that scales whole channels."""
        full = self.output_shape(*inputs)
        one_place = full.size == full.channels
        return tuple(
            (STILL,) * shape.rank if one_place or shape.spatial == full.spatial else None
            for shape in inputs
        )

    def forward(
        self, inputs: Sequence[Tensor], parameters: Mapping[str, Sequence[Scalar]]
    ) -> Tensor:
        """The product at every place, gates held against every number they scale."""
        full = self.output_shape(*(tensor.shape for tensor in inputs))
        return elementwise(
            [_spread(tensor, full) for tensor in inputs], lambda numbers: reduce(mul, numbers)
        )


def _gates(full: Shape) -> tuple[Shape, ...]:
    """The shapes that may scale a map: one number per position, or per channel."""
    channels = full.channels
    return Shape(channels, (1,) * full.rank), Shape(1, full.spatial), Shape(channels)


def _spread(x: Tensor, full: Shape) -> Tensor:
    if x.shape == full:
        return x
    if x.shape.channels == full.channels:
        places = full.size // full.channels
        return Tensor(full, [value for value in x.values for _ in range(places)])
    return Tensor(full, list(x.values) * full.channels)


def _gate_remedy(full: Shape, given: Shape, branch: int) -> str:
    if not full.rank or given.spatial == full.spatial:
        return remedy(full, given, branch)
    shapes = " or ".join(gate.text() for gate in _gates(full)[:2])
    return f"branch {branch} may be {full}, or a gate of {shapes}"
