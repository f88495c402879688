"""The rows of a network while an ONNX file is read, and the arguments of the operator at hand."""

from __future__ import annotations

from collections import Counter
from functools import cache, cached_property
from itertools import pairwise
from math import isfinite, prod
from typing import TYPE_CHECKING, Any, NamedTuple

from cnncalc.errors import counted
from cnncalc.exchange.onnx.model import (
    FLOATS,
    MOST_COMPUTED,
    MOST_NUMBERS,
    StoredTensor,
    unsupported,
    with_inner,
)
from cnncalc.exchange.onnx.values import Activation, Constant, Later, ManyAxes
from cnncalc.exchange.sizes import text
from cnncalc.exchange.wire import broken
from cnncalc.layers import layer_type
from cnncalc.network import LARGEST_TENSOR, MAX_ROWS, Input, Opaque, Stored
from cnncalc.shapes import AXES, Shape

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from cnncalc.errors import UnplacedError
    from cnncalc.exchange.onnx.model import Dims, Model, Number, Operator, Subgraph
    from cnncalc.exchange.onnx.values import Axis, Value
    from cnncalc.layers._base import Layer

MOST_SPATIAL = max(AXES)
SMALLEST_RANK = 2  # the batch and the channels
ALIGNED_RIGHT = 7  # the first opset that spreads tensors as NumPy does
NEIGHBOURS = 2.0**-23  # the relative distance of 32-bit floats, at most
# Operators that read the shape or the type of an input (its place among the inputs), no numbers.
READ_NO_NUMBERS = {("Shape", 0), ("Size", 0), ("CastLike", 1)}


class Row(NamedTuple):
    """One row: a layer, the rows it reads, and which tensors of the file it learns."""

    layer: Layer
    inputs: tuple[int, ...]
    shape: Shape
    operator: Operator | None  # None for an input of the network
    stored: Mapping[str, Stored]  # by the parameter's name
    name: str = ""  # of an input; of a row beside the operator's main one, behind that one's name

    @property
    def origin(self) -> str | None:
        """The operator that it came from; None for an input of the network."""
        return self.operator.origin if self.operator else None

    @property
    def frozen(self) -> bool:
        """Never: such a file does not say what is trained."""
        return False


class Rows:
    """The rows so far, and what every tensor of the file is.

    A row is never changed: a pattern over several operators adds a row in place of those before,
    and rows that nothing reads are dropped in the end.
    """

    def __init__(self, model: Model) -> None:
        self.model = model
        self.is_own = model.producer.startswith("cnncalc")
        self.rows: list[Row] = []
        self.values: dict[str, Value | ManyAxes] = {}
        self.unmade: dict[str, Operator] = {}  # outputs that no row here puts out
        self.batch = 1
        self.reads: Counter[int] = Counter()  # how many operators read what a row puts out
        self.readers = Counter([*_reading(model.operators), *model.outputs])  # of each tensor

    @cached_property
    def makers(self) -> Mapping[str, Operator]:
        """The operator that puts out each tensor."""
        operators = with_inner(self.model.operators)
        return {name: each for each in operators for name in each.outputs if name}

    def enter(self, name: str, shape: Shape, axes: tuple[Axis, ...], dims: Dims) -> None:
        """Append an input of the network."""
        self.rows.append(Row(Input(shape=shape), (), shape, None, {}, name))
        self.bind(name, Activation(len(self.rows) - 1, axes, dims))

    def bind(self, name: str, value: Value | ManyAxes) -> None:
        """Note what a tensor is."""
        self.values[name] = value
        if not isinstance(value, Constant):
            self.reads[value.row] += self.readers[name]

    def leave_unread(self, branch: Subgraph) -> None:
        """Do not count what a branch reads that is never taken."""
        for name in (*_reading(branch.operators), *branch.outputs):
            self.readers[name] -= 1
            value = self.values.get(name)
            if value is not None and not isinstance(value, Constant):
                self.reads[value.row] -= 1

    def add(
        self,
        layer: Layer,
        inputs: tuple[int, ...],
        operator: Operator,
        stored: Mapping[str, Stored] | None = None,
    ) -> int:
        """Append a layer; the result is the row's index.

        Raises:
            UnplacedError: the layer cannot work on its inputs, or there are too many rows.
        """
        shape = layer.output_shape(*(self.rows[index].shape for index in inputs))
        if len(self.rows) >= MAX_ROWS:
            raise broken(f"the network would have more than {MAX_ROWS:,} layers")
        if shape.size > LARGEST_TENSOR:
            raise broken(f"a tensor would have {float(shape.size):.0e} numbers")
        self.rows.append(Row(layer, inputs, shape, operator, stored or {}))
        return len(self.rows) - 1

    def name_beside(self, start: int) -> None:
        """Give rows from `start` on the name of their layer type behind the operator's.

        They prepare what the main row of the operator reads.
        """
        self.rows[start:] = [row._replace(name=row.layer.type) for row in self.rows[start:]]


def _reading(operators: Iterable[Operator]) -> Iterator[str]:
    """The tensors whose numbers operators read, and the graphs within them put out."""
    for operator in operators:
        for place, name in enumerate(operator.inputs):
            if (operator.type, place) not in READ_NO_NUMBERS:
                yield name
        for subgraph in operator.subgraphs:
            yield from _reading(subgraph.operators)
            yield from subgraph.outputs


class Call:
    """One operator at work: its inputs and attributes, checked, and the rows it adds."""

    def __init__(self, rows: Rows, operator: Operator) -> None:
        self.rows = rows
        self.operator = operator
        self.opset = rows.model.opset

    # What goes in.

    def given(self, place: int) -> bool:
        """Whether the input at a place is there."""
        return place < len(self.operator.inputs) and self.operator.inputs[place] != ""

    def value(self, place: int = 0) -> Value:
        """The input at a place. Raises UnplacedError where there is none, or none of its rank."""
        found = self.any_value(place)
        return self.settled(found) if isinstance(found, ManyAxes) else found

    def settled(self, view: ManyAxes) -> Activation:
        """A row with the axes of a view. Raises UnplacedError where they are too many."""
        batch, channels, *spatial = view.sizes
        if len(spatial) > MOST_SPATIAL or batch != self.rows.batch:
            raise self.too_many_axes(view.dims)
        row = self.reshaped(view.row, Shape(channels, tuple(spatial)))
        axes: tuple[Axis, ...] = ("n", "c", *range(len(spatial)))
        return Activation(row, tuple(axes[k] for k in view.order), view.dims)

    def any_value(self, place: int = 0) -> Value | ManyAxes:
        """The input at a place, whatever its rank. Raises UnplacedError where there is none."""
        name = self.operator.inputs[place] if self.given(place) else ""
        if name in self.rows.unmade:
            raise unsupported(f"{left_out(name, self.rows.unmade[name])} has no layer here")
        if name not in self.rows.values:
            missing = f"'{name}', which nothing before it puts out" if name else "is left out"
            raise broken(
                f"input {place + 1} is {missing}" if name else f"input {place + 1} {missing}"
            )
        return self.rows.values[name]

    def values(self) -> list[Value]:
        """All inputs."""
        return [self.value(place) for place in range(len(self.operator.inputs))]

    def map(self, place: int = 0) -> Activation:
        """The input at a place, which a row must put out. Raises UnplacedError for a constant."""
        value = self.value(place)
        if isinstance(value, Constant):
            raise unsupported(f"'{self.operator.type}' of a constant has no layer here")
        return value

    def constant(self, place: int) -> Constant | None:
        """The constant at a place, None where nothing is given. Raises UnplacedError for a map."""
        if not self.given(place):
            return None
        value = self.value(place)
        if isinstance(value, Activation):
            raise unsupported(
                f"'{self.operator.type}' whose input {place + 1} the network computes "
                "has no layer here"
            )
        return value

    def learned(self, place: int) -> tuple[Constant, Stored]:
        """A constant whose numbers the file stores. Raises UnplacedError for any other input."""
        constant = self.constant(place)
        if constant is None:
            raise broken(f"input {place + 1} is left out")
        if constant.stored is None:
            raise self.computed_weights()
        return constant, constant.stored

    def computed_weights(self) -> UnplacedError:
        """The complaint about weights that are no stored numbers."""
        return unsupported(
            f"'{self.operator.type}' whose weights are computed from others has no layer here",
            help="export the model with constant folding",
        )

    def bias(self, place: int, size: int) -> Stored | None:
        """The stored bias at a place; None where there is none, or one zero was spread out.

        Raises:
            UnplacedError: it has another size, or numbers that nobody stores.
        """
        constant = self.constant(place)
        if constant is None or (constant.stored is None and constant.only == 0):
            return None
        if constant.size != size:
            raise broken(f"its bias has {counted(constant.size, 'number')}, not {size}")
        return self.learned(place)[1]

    def spread(self, constant: Constant, rank: int) -> Dims:
        """The sizes of a constant, aligned with the last axes of a tensor of this rank.

        Up to opset 6 they were aligned with the axis of an attribute; a slope of PRelu, with the
        channels.
        """
        dims = constant.dims
        if self.opset >= ALIGNED_RIGHT or len(dims) >= rank:
            return dims
        first = 1 if self.operator.type == "PRelu" else self.whole("axis", rank - len(dims))
        return (*dims, *(1,) * (rank - len(dims) - first)) if first >= 0 else dims

    def is_read(self, place: int) -> bool:
        """Whether an operator reads the output at a place, or the network puts it out."""
        names = self.operator.outputs[place : place + 1]
        return any(name and self.rows.readers[name] for name in names)

    # Attributes.

    def number(self, name: str, default: float) -> float:
        """A number among the attributes, without the noise of 32-bit floats."""
        value = self.operator.attributes.get(name)
        if value is None:
            return default
        if not isinstance(value, (int, float)) or not isfinite(value):
            raise broken(f"'{name}' is {value}, not a number")
        return tidy(value)

    def whole(self, name: str, default: int) -> int:
        """A whole number among the attributes."""
        value = self.operator.attributes.get(name, default)
        if not isinstance(value, int):
            raise broken(f"'{name}' is {value}, not a whole number")
        return value

    def word(self, name: str, default: str) -> str:
        """A text among the attributes."""
        return str(self.operator.attributes.get(name, default))

    def sizes(self, name: str, count: int, default: int, least: int = 1) -> tuple[int, ...]:
        """One whole number of at least `least` for each of `count` axes."""
        written = self.operator.attributes.get(name)
        values = (default,) * count if written is None or written == () else written
        if not isinstance(values, tuple) or len(values) != count:
            raise broken(f"'{name}' is {values}; {count} numbers are needed")
        if not all(isinstance(v, int) and least <= v < 2**31 for v in values):
            raise unsupported(
                f"'{self.operator.type}' with {name}={list(values)} has no layer here"
            )
        return values

    def whole_numbers(self, attribute: str, place: int) -> tuple[int, ...] | None:
        """Whole numbers that older opsets write as an attribute, newer ones as an input."""
        written: Any = self.operator.attributes.get(attribute)
        if written is None:
            constant = self.constant(place)
            if constant is None:
                return None
            written = self.read(constant)
        if not isinstance(written, tuple) or not all(isinstance(v, int) for v in written):
            raise broken(f"'{attribute}' is {written}; whole numbers are needed")
        return written

    def read(self, constant: Constant) -> tuple[Number, ...]:
        """The numbers of a constant. Raises UnplacedError where they are not at hand."""
        numbers = constant.numbers()
        if numbers is None:
            raise unsupported(
                f"'{self.operator.type}' needs {counted(constant.size, 'number')} that "
                "cannot be read from this file"
            )
        return numbers

    # What comes out.

    def add(
        self,
        type_: str,
        *inputs: int,
        stored: Mapping[str, Stored | None] | None = None,
        **fields: object,
    ) -> int:
        """Append a row of a layer type."""
        layer = layer_type(type_)(**fields)
        kept = {name: value for name, value in (stored or {}).items() if value is not None}
        return self.rows.add(layer, inputs, self.operator, kept)

    def plainly(self, type_: str, *inputs: int, **more: Any) -> Activation:
        """Append a row, whose output has the axes of its shape in their order."""
        return self.seen(self.add(type_, *inputs, **more))

    def like(self, x: Activation, type_: str, **more: Any) -> Activation:
        """Append a row that keeps the shape of its input, and so the order of its axes."""
        return Activation(self.add(type_, x.row, **more), x.axes, x.dims)

    def opaque(self, shape: Shape, *inputs: int) -> int:
        """Append a row of which only the shape is known."""
        layer = Opaque(operation=self.operator.type, out=shape)
        return self.rows.add(layer, inputs, self.operator)

    def seen(self, row: int) -> Activation:
        """What a row puts out, its axes in their order behind the batch."""
        shape = self.rows.rows[row].shape
        return Activation(
            row, ("n", "c", *range(shape.rank)), (self.rows.batch, shape.channels, *shape.spatial)
        )

    def shape(self, x: Activation) -> Shape:
        """The shape of the row behind an activation."""
        return self.rows.rows[x.row].shape

    def layer(self, x: Activation) -> Layer:
        """The layer behind an activation."""
        return self.rows.rows[x.row].layer

    def row(self, x: Activation) -> Row:
        """The row behind an activation."""
        return self.rows.rows[x.row]

    def alone(self, x: Activation) -> bool:
        """Whether this operator is the only one that reads the row."""
        return self.rows.reads[x.row] == 1

    def plain(self, x: Activation) -> int:
        """A row whose shape is what the file sees; rows are added where axes were moved.

        Raises:
            UnplacedError: the batch is not in front, or there are more axes than a shape has.
        """
        wanted = self.sample(x.dims, x.axes)
        order = [axis for axis in x.axes if axis not in {"n", None}]
        real = [0 if axis == "c" else int(axis) + 1 for axis in order if axis is not None]
        row = x.row
        sizes = (self.shape(x).channels, *self.shape(x).spatial)
        moving = [axis for axis in real if sizes[axis] > 1]
        if any(a > b for a, b in pairwise(moving)):
            rest = [axis for axis in range(len(sizes)) if axis not in real]
            row = self.add("permute", row, order=(*real, *rest))
        return self.reshaped(row, wanted)

    def reshaped(self, row: int, wanted: Shape) -> int:
        """The row, or one that gives its numbers another shape."""
        if self.rows.rows[row].shape == wanted:
            return row
        if not wanted.rank:
            return self.add("flatten", row)
        return self.add("reshape", row, size=(*wanted.spatial, wanted.channels))

    def sample(self, dims: Sequence[int], axes: Sequence[Axis] | None = None) -> Shape:
        """The shape of one sample of a tensor with these sizes.

        Raises:
            UnplacedError: the batch is not in front, or there are more axes than a shape has.
        """
        batch = self.rows.batch
        if len(dims) < SMALLEST_RANK or dims[0] != batch or (axes and axes[0] not in {"n", None}):
            raise unsupported(
                f"'{self.operator.type}' to {text(dims)} mixes the batch with other axes, "
                "which no layer here does"
            )
        if batch > 1 and axes and axes[0] != "n":
            raise unsupported(f"'{self.operator.type}' moves the batch, which no layer here does")
        if len(dims) - SMALLEST_RANK > MOST_SPATIAL:
            raise self.too_many_axes(dims)
        return Shape(dims[1], tuple(dims[2:]))

    def too_many_axes(self, dims: Sequence[int]) -> UnplacedError:
        """The complaint about a tensor that no shape has."""
        return unsupported(
            f"'{self.operator.type}' of {text(dims)}: a shape here has at most "
            f"{MOST_SPATIAL} axes behind the channels"
        )

    def lifted(self, x: Activation) -> Activation:
        """The whole tensor as the one sample of a batch, where its first axis is not the batch.

        Where there is one sample only, a tensor need not have a batch: (heads, length, size).
        Axes of size 1 lose their meaning.
        """
        if self.rows.batch != 1:
            return x
        axes = tuple(None if size == 1 else axis for axis, size in zip(x.axes, x.dims, strict=True))
        if x.dims[:1] == (1,):
            return Activation(x.row, ("n", *axes[1:]), x.dims)
        return Activation(x.row, ("n", *axes), (1, *x.dims))

    def lowered(self, x: Activation, like: Sequence[int]) -> Activation:
        """What was `lifted` without its batch again, where the sizes `like` have none."""
        if self.rows.batch != 1 or like[:1] == (1,):
            return x
        return Activation(x.row, x.axes[1:], x.dims[1:])


def left_out(name: str, operator: Operator) -> str:
    """An output that no row puts out, as messages call it."""
    return f"output {operator.outputs.index(name) + 1} of '{operator.type}' ('{name}')"


def one(values: tuple[int, ...]) -> tuple[int, ...]:
    """One number for all axes where they are equal.

    >>> one((3, 3)), one((1, 7))
    ((3,), (1, 7))
    """
    return values[:1] if len(set(values)) == 1 else values


def one_pair(pairs: tuple[tuple[int, int], ...]) -> tuple[tuple[int, int], ...]:
    """One pair for all axes where they are equal."""
    return pairs[:1] if len(set(pairs)) == 1 else pairs


@cache
def tidy(value: float) -> float:
    """The shortest decimal that is the same 32-bit float, or one of its neighbours.

    >>> tidy(9.999999747378752e-06), tidy(1.0000000656873453e-05)
    (1e-05, 1e-05)
    """
    if isinstance(value, int) or not isfinite(value):
        return value
    for digits in range(1, 10):
        short = float(f"{value:.{digits}g}")
        if abs(short - value) <= NEIGHBOURS * abs(value):
            return short
    return value


def stored_constant(model: Model, tensor: StoredTensor, name: str) -> Constant:
    """The constant that a stored tensor is."""
    stored = Stored(name, tensor.dims)
    later = None
    if MOST_NUMBERS < tensor.size <= MOST_COMPUTED and not tensor.external:
        later = Later(tensor.size, lambda _: model.numbers(tensor, MOST_COMPUTED) or (), [])
    return Constant(
        tensor.dims, lambda: model.numbers(tensor), tensor.kind in FLOATS, stored, later=later
    )


def volume(dims: Sequence[int]) -> int:
    """How many numbers a tensor of these sizes holds."""
    return prod(dims)
