"""Matrix product of two tensors, each read as a matrix of channels x positions.

(M, K) times (K, *spatial) is (M, *spatial): every output channel is a weighted sum of the second
tensor's channels. `transpose_a=true` and `transpose_b=true` transpose one of them
first; positions are counted row by row. M·K·N multiply-accumulates, of activations by activations.
Sources: Wang et al. 2018 (non-local blocks, arXiv 1711.07971); Lin et al. 2015 (bilinear pooling).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, final

from cnncalc.errors import UnplacedError
from cnncalc.layers import _explain
from cnncalc.layers._base import Step, Work, dotted, neurons, see_all
from cnncalc.layers._explain import axis_steps
from cnncalc.layers._fields import Switch
from cnncalc.layers._kinds import Merge
from cnncalc.layers._math import add_weighted
from cnncalc.shapes import Shape
from cnncalc.tensor import Tensor
from cnncalc.window import STILL

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cnncalc.tensor import Scalar
    from cnncalc.window import Reach

    Matrix = list[list[Scalar]]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Matmul(Merge):
    """Two inputs, the first times the second.

    >>> queries, keys = Shape(64, (14, 14)), Shape(64, (14, 14))
    >>> Matmul(transpose_a=True).output_shape(queries, keys)  # how alike any two positions are
    Shape(channels=196, spatial=(14, 14))
    >>> Matmul(transpose_b=True).output_shape(queries, keys)  # how alike any two channels are
    Shape(channels=64, spatial=(64,))
    """

    transpose_a: Switch = False
    transpose_b: Switch = False

    arity: ClassVar[tuple[int, int | None]] = (2, 2)
    work: ClassVar[Work] = "counted"
    multiplies_inputs: ClassVar[bool] = True

    def output_shape(self, *inputs: Shape) -> Shape:
        """The rows of the first, the columns of the second.

        Raises UnplacedError where the columns of the first are not the rows of the second.
        """
        first, second = inputs
        rows, inner = _sizes(first, self.transpose_a)
        others, columns = _sizes(second, self.transpose_b)
        if inner != others:
            raise UnplacedError(
                "matmul-mismatch",
                f"a {rows}×{inner} matrix cannot be multiplied by a {others}×{columns} one",
                help="a tensor is a matrix of channels × positions; transpose_a=true or "
                "transpose_b=true transposes one first",
            )
        return Shape(rows, (columns,) if self.transpose_b else second.spatial)

    def macs(self, *inputs: Shape) -> int:
        """Rows x inner size x columns."""
        return self.output_shape(*inputs).size * _sizes(inputs[0], self.transpose_a)[1]

    def connections(self, *inputs: Shape) -> int:
        """Each neuron reads a row of the first and a column of the second."""
        return 2 * self.macs(*inputs)

    def reach(self, *inputs: Shape) -> tuple[tuple[Reach, ...], ...]:
        """The whole of the first map; of the second the same position, or the whole if turned."""
        first, second = inputs
        own = see_all(second) if self.transpose_b else (STILL,) * second.rank
        return see_all(first), own

    def channels_read(self, channel: int, *inputs: Shape) -> tuple[Sequence[int], ...]:
        """All that any position of an output channel reads."""
        first, second = inputs
        rows = range(first.channels) if self.transpose_a else (channel,)
        return rows, range(second.channels)

    def reads(
        self, neuron: tuple[int, ...], *inputs: Shape
    ) -> tuple[tuple[Sequence[int], ...], ...]:
        """A row of the first matrix and a column of the second."""
        (channel, *position), (first, second) = neuron, inputs
        row: tuple[Sequence[int], ...] = ((channel,), *map(range, first.spatial))
        if self.transpose_a:
            row = (range(first.channels), *((at,) for at in _place(channel, first.spatial)))
        if self.transpose_b:
            return row, ((position[0],), *map(range, second.spatial))
        return row, (range(second.channels), *((at,) for at in position))

    def forward(
        self, inputs: Sequence[Tensor], parameters: Mapping[str, Sequence[Scalar]]
    ) -> Tensor:
        """Every row of the first times every column of the second."""
        first, second = inputs
        rows = _matrix(first, self.transpose_a)
        columns = _matrix(second, not self.transpose_b)
        values = [add_weighted(0.0, row, column) for row in rows for column in columns]
        return Tensor(self.output_shape(first.shape, second.shape), values)

    def explain(self, *inputs: Shape) -> list[Step]:
        """Output per axis, channels, neurons, connections, MACs."""
        out, (rows, inner) = self.output_shape(*inputs), _sizes(inputs[0], self.transpose_a)
        macs = Step("macs", "MACs", "neurons·K", dotted(out.size, inner), self.macs(*inputs))
        links = Step(
            "connections", "connections", "2·neurons·K", dotted(2, out.size, inner), 2 * macs.value
        )
        return [
            *axis_steps(out, [("columns", f"{size}") for size in out.spatial]),
            _explain.channels("rows", f"{rows}", rows),
            neurons(out, "rows"),
            links,
            macs,
        ]


def _sizes(shape: Shape, transposed: bool) -> tuple[int, int]:
    """Rows and columns of a tensor as a matrix."""
    sizes = shape.channels, shape.size // shape.channels
    return sizes[::-1] if transposed else sizes


def _matrix(x: Tensor, transposed: bool) -> Matrix:
    """The channels as rows, or the positions."""
    places = x.shape.size // x.shape.channels
    if transposed:
        return [list(x.values[place::places]) for place in range(places)]
    return [list(x.plane(channel)) for channel in range(x.shape.channels)]


def _place(index: int, spatial: tuple[int, ...]) -> list[int]:
    """The position that lies at an index, counted row by row.

    >>> _place(7, (4, 5))
    [1, 2]
    """
    place = []
    for size in spatial[::-1]:
        index, at = divmod(index, size)
        place.append(at)
    return place[::-1]
