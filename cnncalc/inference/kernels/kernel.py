"""What every kernel is: made for a layer and its input shapes, called like `Layer.forward`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from array import array
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from cnncalc.tensor import Tensor

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cnncalc.inference.kernels.bigint.packed_map import PackedTensor
    from cnncalc.shapes import Shape

    Numbers = Sequence[float]


class KernelRate(NamedTuple):
    """Nanoseconds for each map, and for each number of the output or of the inputs."""

    map: float
    number: float
    inputs: bool = False

    def nanoseconds(self, inputs: Sequence[Shape], out: Shape) -> float:
        """The time for shapes."""
        shapes = inputs if self.inputs else (out,)
        return sum(shape.channels * self.map + shape.size * self.number for shape in shapes)


OTHER = KernelRate(0, 300)  # curves such as gelu and softmax, and what has no kernel
MOVED = KernelRate(300, 18)  # numbers that only change places


class Kernel(ABC):
    """A layer's arithmetic, done quickly.

    The rates were measured as processor time over bundled networks by
    tests/bench/bench_estimate.py, and brought to a processor on which the loop of
    `estimate.slowness` takes its reference time.
    """

    __slots__ = ("layer", "shapes")

    rate: ClassVar[KernelRate] = OTHER

    def __init__(self, layer: Any, shapes: Sequence[Shape]) -> None:
        self.layer, self.shapes = layer, shapes

    @abstractmethod
    def __call__(self, inputs: Sequence[Tensor], parameters: Mapping[str, Numbers]) -> Tensor:
        """The layer's output."""

    def expected_nanoseconds(self, out: Shape) -> float:
        """About how long the layer takes, for an estimate ahead of a pass."""
        return self.rate.nanoseconds(self.shapes, out)

    def on_packed_maps(
        self, x: PackedTensor, parameters: Mapping[str, Numbers]
    ) -> PackedTensor | None:
        """The output for packed maps, packed; None where the kernel or the numbers forbid it."""
        return None

    def by_layer_type(self, inputs: Sequence[Tensor], parameters: Mapping[str, Numbers]) -> Tensor:
        """What the layer type's own definition makes of the inputs."""
        values = {name: list(numbers) for name, numbers in parameters.items()}
        listed = [Tensor(shape, list(numbers)) for shape, numbers in inputs]
        out: Tensor = self.layer.forward(listed, values)
        return out


def planes_of(x: Tensor) -> list[Numbers]:
    """The planes of a tensor, as slices of what holds it.

    >>> from cnncalc.shapes import Shape
    >>> planes_of(Tensor(Shape(2, (2,)), [1.0, 2.0, 3.0, 4.0]))
    [[1.0, 2.0], [3.0, 4.0]]
    """
    places = x.shape.size // x.shape.channels
    return [x.values[at : at + places] for at in range(0, x.shape.size, places)]


def numbers(values: Sequence[float], first: int, count: int) -> Numbers:
    """A stretch of a parameter: a list, or an array where it comes as one.

    >>> numbers((1.0, 2.0, 3.0), 1, 2)
    [2.0, 3.0]
    """
    part = values[first : first + count]
    if isinstance(part, array):
        return part
    return part.tolist() if isinstance(part, memoryview) else list(part)


def larger(first: Numbers, second: Numbers) -> list[float]:
    """The larger of each pair; a NaN if there is one.

    >>> larger([1.0, 5.0], [3.0, 2.0])
    [3.0, 5.0]
    """
    pairs = zip(first, second, strict=True)
    return [b if b > a or b != b else a for a, b in pairs]  # noqa: PLR0124 - finds NaN
