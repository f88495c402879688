"""Matrix product of two tensors, each read as a matrix of channels x positions.

(M, K) times (K, *spatial) is (M, *spatial): every output channel is a weighted sum of the second
tensor's channels. `transpose_a=true` and `transpose_b=true` transpose one of them
first; positions are counted row by row. M·K·N multiply-accumulates, of activations by activations.
With `by_channel=true` every channel's map is a matrix of its own, H x W, as each head of an
attention has one: (C, M, K) times (C, K, N) is (C, M, N), as `torch.matmul` has it.
Sources: Wang et al. 2018 (non-local blocks, arXiv 1711.07971); Lin et al. 2015 (bilinear pooling);
Vaswani et al. 2017 (heads, arXiv 1706.03762).
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

MAP = 2  # axes


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Matmul(Merge):
    """Two inputs, the first times the second.

    >>> queries, keys = Shape(64, (14, 14)), Shape(64, (14, 14))
    >>> Matmul(transpose_a=True).output_shape(queries, keys)  # how alike any two positions are
    Shape(channels=196, spatial=(14, 14))
    >>> Matmul(transpose_b=True).output_shape(queries, keys)  # how alike any two channels are
    Shape(channels=64, spatial=(64,))
    >>> heads = Shape(12, (197, 64))  # of 197 positions and 64 channels each
    >>> Matmul(by_channel=True, transpose_b=True).output_shape(heads, heads)
    Shape(channels=12, spatial=(197, 197))
    """

    transpose_a: Switch = False
    transpose_b: Switch = False
    by_channel: Switch = False

    arity: ClassVar[tuple[int, int | None]] = (2, 2)
    work: ClassVar[Work] = "counted"
    multiplies_inputs: ClassVar[bool] = True

    def output_shape(self, *inputs: Shape) -> Shape:
        """The rows of the first, the columns of the second.

        Raises UnplacedError where the columns of the first are not the rows of the second.
        """
        first, second = inputs
        if self.by_channel:
            self._require_maps(first, second)
        rows, inner = self._sizes(first, self.transpose_a)
        others, columns = self._sizes(second, self.transpose_b)
        if inner != others:
            what = "the map of a channel" if self.by_channel else "a tensor"
            axes = "height × width" if self.by_channel else "channels × positions"
            raise UnplacedError(
                "matmul-mismatch",
                f"a {rows}×{inner} matrix cannot be multiplied by a {others}×{columns} one",
                help=f"{what} is a matrix of {axes}; transpose_a=true or "
                "transpose_b=true transposes one first",
            )
        if self.by_channel:
            return Shape(first.channels, (rows, columns))
        return Shape(rows, (columns,) if self.transpose_b else second.spatial)

    def _require_maps(self, *inputs: Shape) -> None:
        if any(shape.rank != MAP for shape in inputs) or len({s.channels for s in inputs}) > 1:
            raise UnplacedError(
                "matmul-mismatch",
                "by_channel=true multiplies maps of height and width, channel by channel; "
                f"here {' and '.join(shape.text() for shape in inputs)} meet",
                field="by_channel",
                help="give both inputs as many channels, each with a map",
            )

    def _sizes(self, shape: Shape, transposed: bool) -> tuple[int, int]:
        """Rows and columns of a tensor as a matrix, or of the map of one channel."""
        sizes = shape.channels, shape.size // shape.channels
        if self.by_channel:
            sizes = shape.spatial[0], shape.spatial[1]
        return sizes[::-1] if transposed else sizes

    def macs(self, *inputs: Shape) -> int:
        """Rows x inner size x columns."""
        return self.output_shape(*inputs).size * self._sizes(inputs[0], self.transpose_a)[1]

    def connections(self, *inputs: Shape) -> int:
        """Each neuron reads a row of the first and a column of the second."""
        return 2 * self.macs(*inputs)

    def reach(self, *inputs: Shape) -> tuple[tuple[Reach, ...], ...]:
        """The whole of the first map; of the second the same position, or the whole if turned.

        By channel, the same row of the first and the same column of the second.
        """
        first, second = inputs
        if self.by_channel:
            row, column = (STILL, see_all(first)[1]), (see_all(second)[0], STILL)
            return (
                see_all(first) if self.transpose_a else row,
                see_all(second) if self.transpose_b else column,
            )
        own = see_all(second) if self.transpose_b else (STILL,) * second.rank
        return see_all(first), own

    def channels_read(self, channel: int, *inputs: Shape) -> tuple[Sequence[int], ...]:
        """All that any position of an output channel reads."""
        first, second = inputs
        if self.by_channel:
            return (channel,), (channel,)
        rows = range(first.channels) if self.transpose_a else (channel,)
        return rows, range(second.channels)

    def reads(
        self, neuron: tuple[int, ...], *inputs: Shape
    ) -> tuple[tuple[Sequence[int], ...], ...]:
        """A row of the first matrix and a column of the second."""
        (channel, *position), (first, second) = neuron, inputs
        if self.by_channel:
            lines = (position[0],), range(self._sizes(first, self.transpose_a)[1])
            across = range(self._sizes(second, self.transpose_b)[0]), (position[1],)
            return (
                ((channel,), *(lines[::-1] if self.transpose_a else lines)),
                ((channel,), *(across[::-1] if self.transpose_b else across)),
            )
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
        pairs = [(first, second)]
        if self.by_channel:
            channels = range(first.shape.channels)
            pairs = [(_map_of(first, channel), _map_of(second, channel)) for channel in channels]
        values: list[Scalar] = []
        for one, other in pairs:
            rows = _matrix(one, self.transpose_a)
            columns = _matrix(other, not self.transpose_b)
            values += [add_weighted(0.0, row, column) for row in rows for column in columns]
        return Tensor(self.output_shape(first.shape, second.shape), values)

    def explain(self, *inputs: Shape) -> list[Step]:
        """Output per axis, channels, neurons, connections, MACs."""
        out, (rows, inner) = self.output_shape(*inputs), self._sizes(inputs[0], self.transpose_a)
        macs = Step("macs", "MACs", "neurons·K", dotted(out.size, inner), self.macs(*inputs))
        links = Step(
            "connections", "connections", "2·neurons·K", dotted(2, out.size, inner), 2 * macs.value
        )
        words = ["columns"] * out.rank
        count = ("rows", f"{rows}", rows)
        if self.by_channel:
            words, count = ["rows", "columns"], ("channels", f"{out.channels}", out.channels)
        lines = [(word, f"{size}") for word, size in zip(words, out.spatial, strict=True)]
        return [
            *axis_steps(out, lines),
            _explain.channels(*count),
            neurons(out, count[0]),
            links,
            macs,
        ]


def _map_of(x: Tensor, channel: int) -> Tensor:
    """One channel as a tensor, its rows as channels."""
    rows, columns = x.shape.spatial
    return Tensor(Shape(rows, (columns,)), x.plane(channel))


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
