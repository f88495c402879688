"""Merges of whole tensors, number by number."""

from __future__ import annotations

from operator import add, mul
from typing import TYPE_CHECKING, ClassVar

from cnncalc.inference.kernels.bigint.ops import added
from cnncalc.inference.kernels.bigint.packed_map import kept, packed_as
from cnncalc.inference.kernels.kernel import Kernel, KernelRate, larger
from cnncalc.tensor import Tensor

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cnncalc.inference.kernels.bigint.packed_map import PackedTensor
    from cnncalc.shapes import Shape

    Numbers = Sequence[float]


class Add(Kernel):
    """The sum at every place, from the first input to the last."""

    rate: ClassVar[KernelRate] = KernelRate(3000, 56)

    def __call__(self, inputs: Sequence[Tensor], parameters: Mapping[str, Numbers]) -> Tensor:
        """Add the tensors."""
        packed = list(filter(None, map(packed_as, inputs)))
        if len(packed) == len(inputs) and (made := _on_packed_maps(packed)):
            return Tensor(inputs[0].shape, made)
        values = list(inputs[0].values)
        for tensor in inputs[1:]:
            values = list(map(add, values, tensor.values))
        return Tensor(inputs[0].shape, values)


def _on_packed_maps(every: Sequence[PackedTensor]) -> PackedTensor | None:
    """The sum of packed tensors; None where they differ in shape."""
    layout = every[0].layout
    if any(x.layout != layout for x in every):
        return None
    maps = zip(*(x.planes for x in every), strict=True)
    return kept(layout, (added(planes, layout) for planes in maps))


class Max(Kernel):
    """The largest at every place; NaN wins."""

    rate: ClassVar[KernelRate] = KernelRate(3000, 56)

    def __call__(self, inputs: Sequence[Tensor], parameters: Mapping[str, Numbers]) -> Tensor:
        """Compare the tensors."""
        values = list(inputs[0].values)
        for tensor in inputs[1:]:
            values = larger(values, tensor.values)
        return Tensor(inputs[0].shape, values)


class Mul(Kernel):
    """The product at every place; a gate per channel scales its whole plane."""

    rate: ClassVar[KernelRate] = KernelRate(0, 75)

    def __call__(self, inputs: Sequence[Tensor], parameters: Mapping[str, Numbers]) -> Tensor:
        """Multiply the tensors."""
        full = self.layer.output_shape(*(tensor.shape for tensor in inputs))
        values = list(_spread(inputs[0], full))
        for tensor in inputs[1:]:
            values = list(map(mul, values, _spread(tensor, full)))
        return Tensor(full, values)


def _spread(x: Tensor, full: Shape) -> Numbers:
    """A gate's numbers, one for each number that it scales."""
    if x.shape.size == full.size:
        return x.values
    places = full.size // full.channels
    if x.shape.channels == full.channels:
        return [value for number in x.values for value in [number] * places]
    return list(x.values) * full.channels
