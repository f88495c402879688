"""A layer that this program does not know, with the figures that its writer states.

`custom "RoIAlign" out=7x7x256 params=0 macs=1.2M`: parameters and multiply-accumulates are taken
on trust and marked as stated. What its outputs read is not known, so neither its receptive field
nor its connections are, and it cannot be run.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, final

from cnncalc.errors import UnplacedError
from cnncalc.layers._base import Family, Layer, Names, Parameter, Step, Work, neurons, see_all
from cnncalc.layers._explain import axis_steps
from cnncalc.layers._fields import Amount, PerAxis, Text
from cnncalc.shapes import AXES, Shape

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cnncalc.tensor import Scalar, Tensor
    from cnncalc.window import Reach


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Custom(Layer):
    """Any input, output as stated, channels last as in `reshape`. All figures must be given.

    `buffers` are stored numbers that are not learned.

    >>> roi = Custom(operation="RoIAlign", out=(7, 7, 256), stated_params=0, stated_macs=1200000)
    >>> roi.output_shape(Shape(256, (50, 50))), roi.macs(Shape(256, (50, 50)))
    (Shape(channels=256, spatial=(7, 7)), 1200000)
    """

    operation: Text
    out: PerAxis
    stated_params: Amount
    stated_macs: Amount
    buffers: Amount = 0

    example: ClassVar[str | None] = 'custom "RoIAlign" out=7x7x256 params=0 macs=1.2M'
    quoted: ClassVar[str | None] = "operation"
    amounts: ClassVar[tuple[str, ...]] = ("stated_params", "stated_macs", "buffers")
    other_names: ClassVar[Names] = {
        "output": "out", "params": "stated_params", "macs": "stated_macs",
    }  # fmt: skip
    arity: ClassVar[tuple[int, int | None]] = (1, None)
    work: ClassVar[Work] = "counted"
    stated: ClassVar[bool] = True
    family: ClassVar[Family] = "other"

    def output_shape(self, *inputs: Shape) -> Shape:
        """The shape stated. Raises UnplacedError where it has too many axes."""
        *spatial, channels = self.out
        if len(spatial) not in AXES:
            raise UnplacedError(
                "reshape",
                f"a shape has at most three axes and the channels, not {len(self.out)} sizes",
                field="out",
                help="write length x channels, height x width x channels, or one axis more",
            )
        return Shape(channels, tuple(spatial))

    def parameters(self, *inputs: Shape) -> tuple[Parameter, ...]:
        """As many learned numbers and buffers as stated, in one tensor each."""
        stored = []
        if self.stated_params:
            stored.append(Parameter("stated", (self.stated_params,)))
        if self.buffers:
            stored.append(Parameter("stated_buffers", (self.buffers,), "statistic"))
        return tuple(stored)

    def macs(self, *inputs: Shape) -> int:
        """As many as stated."""
        return self.stated_macs

    def reach(self, *inputs: Shape) -> tuple[tuple[Reach, ...], ...]:
        """At most everything; what it really reads is not known."""
        return tuple(map(see_all, inputs))

    def forward(
        self, inputs: Sequence[Tensor], parameters: Mapping[str, Sequence[Scalar]]
    ) -> Tensor:
        """Not known. Raises UnplacedError."""
        raise UnplacedError(
            "stated-layer",
            f"what '{self.operation}' computes is not known: only its figures were stated",
            help="a network with such a layer is counted, but cannot be run",
        )

    def explain(self, *inputs: Shape) -> list[Step]:
        """What was stated."""
        out = self.output_shape(*inputs)
        sizes = ("out.c", "output channels", out.channels)
        figures = [
            sizes,
            ("weights", "weights", self.stated_params),
            ("params", "params", self.stated_params),
            ("buffers", "buffers", self.buffers),
            ("macs", "MACs", self.stated_macs),
        ]
        channels, *rest = [
            Step(field, label, "stated", f"{value}", value) for field, label, value in figures
        ]
        lines = [("stated", f"{size}") for size in out.spatial]
        return [*axis_steps(out, lines), channels, neurons(out, "D'"), *rest]
