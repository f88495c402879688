"""What every kernel is: made for a layer and its input shapes, called like `Layer.forward`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from array import array
from typing import TYPE_CHECKING, Any

from cnncalc.tensor import Tensor

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cnncalc.inference.kernels.bigint.packed_map import Planes
    from cnncalc.shapes import Shape

    Numbers = Sequence[float]


class Kernel(ABC):
    """A layer's arithmetic, done quickly."""

    __slots__ = ("layer", "shapes")

    def __init__(self, layer: Any, shapes: Sequence[Shape]) -> None:
        self.layer, self.shapes = layer, shapes

    @abstractmethod
    def __call__(self, inputs: Sequence[Tensor], parameters: Mapping[str, Numbers]) -> Tensor:
        """The layer's output."""

    def resident(self, x: Planes, parameters: Mapping[str, Numbers]) -> Planes | None:
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
