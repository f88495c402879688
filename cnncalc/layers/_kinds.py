"""More kinds of layer; a layer type of one is a short file.

Pointwise, Merge, ChannelRange and WholeMap.
"""

from __future__ import annotations

from abc import abstractmethod
from math import prod
from typing import TYPE_CHECKING, ClassVar, Literal

from cnncalc.errors import UnplacedError
from cnncalc.layers._base import (
    Attachment,
    Family,
    Layer,
    Step,
    Work,
    dotted,
    neurons,
    places,
    see_all,
)
from cnncalc.layers._explain import axis_steps
from cnncalc.layers._fields import require_axes
from cnncalc.layers._math import pooled, some_maps
from cnncalc.shapes import Shape
from cnncalc.tensor import Tensor

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from cnncalc.layers._neuron import NeuronReading, NeuronView
    from cnncalc.tensor import Scalar
    from cnncalc.window import Reach


class Pointwise(Layer):
    """One function of one number. No parameters, no connections of its own, no MACs."""

    __slots__ = ()

    attaches: ClassVar[Attachment | None] = "activation"
    work: ClassVar[Work] = "uncounted"

    @abstractmethod
    def apply(self, x: Scalar) -> Scalar:
        """The function itself."""

    def output_shape(self, *inputs: Shape) -> Shape:
        """The shape that came in."""
        return inputs[0]

    def channels_read(self, channel: int, *inputs: Shape) -> tuple[Sequence[int], ...]:
        """The same channel only."""
        return ((channel,),)

    def forward(
        self, inputs: Sequence[Tensor], parameters: Mapping[str, Sequence[Scalar]]
    ) -> Tensor:
        """Apply the function to every number."""
        shape, values = inputs[0]
        return Tensor(shape, [self.apply(x) for x in values])


class Merge(Layer):
    """Joins its inputs, which are given by reference (`add in`) or as branches (`add: [...]`).

    As it stands all have one shape, and so has the result; layer types that fit otherwise say so.
    """

    __slots__ = ()

    arity: ClassVar[tuple[int, int | None]] = (2, None)
    family: ClassVar[Family] = "merge"

    def mismatch(self, *inputs: Shape, help: str) -> UnplacedError:
        """The complaint of a merge whose inputs do not go together.

        The caller knows where each input comes from and adds one note per input.
        """
        verbs = {"add": "add", "sub": "subtract", "mul": "multiply", "concat": "concatenate"}
        verb = verbs.get(self.type, f"take the {self.type} of")
        return UnplacedError(
            f"{self.type}-mismatch", f"cannot {verb} tensors of different shape", help=help
        )

    def output_shape(self, *inputs: Shape) -> Shape:
        """The one shape that all inputs have. Raises UnplacedError where they differ."""
        first, *rest = inputs
        for branch, shape in enumerate(rest, start=2):
            if shape != first:
                raise self.mismatch(*inputs, help=remedy(first, shape, branch))
        return first

    def channels_read(self, channel: int, *inputs: Shape) -> tuple[Sequence[int], ...]:
        """Its own; of an input with one map for all channels, that one."""
        return tuple((channel if shape.channels > 1 else 0,) for shape in inputs)


def remedy(wanted: Shape, given: Shape, branch: int) -> str:
    """What would give a branch the shape that is wanted of it.

    >>> from cnncalc.shapes import Shape
    >>> remedy(Shape(128, (56, 56)), Shape(64, (56, 56)), 2)
    'make the channels equal, e.g. "conv 128 1x1" on branch 2'
    """
    if wanted.rank != given.rank:
        return (
            f"give branch {branch} the axes of branch 1, e.g. with reshape {wanted.text(times='x')}"
        )
    if wanted.spatial != given.spatial:
        target = "×".join(map(str, wanted.spatial))
        return f"bring branch {branch} to {target}, e.g. by its strides and padding"
    if not wanted.rank:
        return f'make the sizes equal, e.g. "fc {wanted.channels}" on branch {branch}'
    ones = "f1" if wanted.rank == 1 else "x".join("1" * wanted.rank)
    return f'make the channels equal, e.g. "conv {wanted.channels} {ones}" on branch {branch}'


def elementwise(inputs: Sequence[Tensor], combine: Callable[[Sequence[Scalar]], Scalar]) -> Tensor:
    """Combine the numbers found at the same place of every input.

    >>> from cnncalc.shapes import Shape
    >>> elementwise([Tensor(Shape(2), [1.0, 2.0]), Tensor(Shape(2), [5.0, 1.0])], sum).values
    [6.0, 3.0]
    """
    values = zip(*(tensor.values for tensor in inputs), strict=True)
    return Tensor(inputs[0].shape, [combine(numbers) for numbers in values])


class ChannelRange(Layer):
    """Some neighbouring channels of the input, as they are."""

    __slots__ = ()

    @abstractmethod
    def taken(self, shape: Shape) -> range:
        """The channels that are taken. Raises UnplacedError where the input does not have them."""

    def output_shape(self, *inputs: Shape) -> Shape:
        """As many channels as are taken."""
        (shape,) = inputs
        return Shape(len(self.taken(shape)), shape.spatial)

    def forward(
        self, inputs: Sequence[Tensor], parameters: Mapping[str, Sequence[Scalar]]
    ) -> Tensor:
        """The maps that are taken."""
        (x,) = inputs
        return some_maps(x, self.taken(x.shape))


class WholeMap(Layer):
    """One window as large as the map. Input (D, *spatial), output (D, 1, ..., 1)."""

    __slots__ = ()

    family: ClassVar[Family] = "pool"
    rule: ClassVar[Literal["mean", "max"]]  # how a trace names `join`

    @abstractmethod
    def join(self, numbers: list[Scalar]) -> Scalar:
        """What becomes of the numbers of a map."""

    def output_shape(self, *inputs: Shape) -> Shape:
        """One number per map; the rank is kept. Raises UnplacedError for a vector."""
        (shape,) = inputs
        require_axes(shape)
        return Shape(shape.channels, (1,) * shape.rank)

    def connections(self, *inputs: Shape) -> int:
        """Every input number feeds one neuron."""
        return inputs[0].size

    def reach(self, *inputs: Shape) -> tuple[tuple[Reach, ...], ...]:
        """The whole map."""
        return (see_all(inputs[0]),)

    def channels_read(self, channel: int, *inputs: Shape) -> tuple[Sequence[int], ...]:
        """The same channel only."""
        return ((channel,),)

    def forward(
        self, inputs: Sequence[Tensor], parameters: Mapping[str, Sequence[Scalar]]
    ) -> Tensor:
        """Each map as a whole, joined into one number."""
        (x,) = inputs
        whole = range(x.shape.size // x.shape.channels)
        return pooled(x, self.output_shape(x.shape), [whole], self.join)

    def trace(self, neuron: NeuronView) -> NeuronReading:
        """The whole map, by the rule of the layer type."""
        spatial = neuron.shape.spatial
        terms = neuron.unweighted(range(prod(spatial)))
        return neuron.reading(
            self.rule, terms, spatial, divisor=len(terms) if self.rule == "mean" else None
        )

    def explain(self, *inputs: Shape) -> list[Step]:
        """Output per axis, neurons, connections."""
        (shape,) = inputs
        out = self.output_shape(shape)
        formula = f"{places(shape, prime='')}·D"
        numbers = dotted(*shape.spatial, shape.channels)
        return [
            *axis_steps(out, [("1", "1")] * shape.rank),
            neurons(out),
            Step("connections", "connections", formula, numbers, shape.size),
        ]
