"""Network: validated layers in the order they run, each with its inputs, shape and source.

`spec` builds it; `analysis`, `inference` and `questions` read it. It is frozen, and nothing in it
is formatted.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, ClassVar, Literal, NamedTuple, final, get_args

from cnncalc.brief import brief
from cnncalc.errors import UnplacedError, counted
from cnncalc.layers._base import Family, Layer, see_all
from cnncalc.shapes import Shape
from cnncalc.tensor import Tensor

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cnncalc.errors import Diagnostic, Span
    from cnncalc.tensor import Scalar
    from cnncalc.window import Reach

# How to draw weights that neither a file nor the spec gives; see `inference.initial`.
InitScheme = Literal["default", "he", "xavier", "zeros"]
SCHEMES: tuple[InitScheme, ...] = get_args(InitScheme)
# More than any network of the literature (Xiao et al. 2018, arXiv 1806.05393, train 10,000
# convolutions), and few enough for a report in seconds and 150 MB.
MAX_ROWS = 50_000
# As many numbers as the largest input can hold. Every figure then has fewer digits than a float
# or a printed number may have.
LARGEST_TENSOR = 10**60


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Input(Layer):
    """An input of the network: the only layer that reads no other."""

    shape: Shape

    arity: ClassVar[tuple[int, int | None]] = (0, 0)
    family: ClassVar[Family] = "input"

    def output_shape(self, *inputs: Shape) -> Shape:
        """The shape of the input itself."""
        return self.shape

    def forward(
        self, inputs: Sequence[Tensor], parameters: Mapping[str, Sequence[Scalar]]
    ) -> Tensor:
        """Return the sample as it is."""
        return inputs[0]


Input.type = "input"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Opaque(Layer):
    """An operator of a model file that no layer type expresses: only its shape is known.

    It is no word of the language. A network with such a row is not `complete`, and its totals are
    the least that it costs.
    """

    operation: str
    out: Shape

    arity: ClassVar[tuple[int, int | None]] = (0, None)
    family: ClassVar[Family] = "other"

    def output_shape(self, *inputs: Shape) -> Shape:
        """The shape that the file says."""
        return self.out

    def reach(self, *inputs: Shape) -> tuple[tuple[Reach, ...], ...]:
        """The whole of every input, since nothing is known of it."""
        return tuple(map(see_all, inputs))

    def forward(
        self, inputs: Sequence[Tensor], parameters: Mapping[str, Sequence[Scalar]]
    ) -> Tensor:
        """Not known. Raises UnplacedError."""
        raise UnplacedError(
            "unknown-operator",
            f"'{self.operation}' has no layer here, so what it computes is not known",
            help="--until NAME ends the network before it",
        )


Opaque.type = "unknown"


class Stored(NamedTuple):
    """Numbers of a model file that a layer learns: their tensor, and what was done to them.

    `order` is how the tensor's own axes were transposed; `change` what happens to each number.
    `inline` ones are written out in the graph, not among the initializers. Of a part of a tensor,
    `runs` are the places of its numbers, (start, stop) by (start, stop) in their order. `numbers`
    are there where the file is gone, flat and in the order of the parameter.
    """

    name: str
    dims: tuple[int, ...]  # of the tensor as it is stored
    order: tuple[int, ...] | None = None
    change: Literal["negative", "inverse"] | None = None
    inline: bool = False
    runs: tuple[tuple[int, int], ...] | None = None
    numbers: Sequence[float] | None = None

    @property
    def size(self) -> int:
        """How many numbers they are."""
        if self.runs is None:
            return prod(self.dims)
        return sum(stop - start for start, stop in self.runs)


class Node(NamedTuple):
    """One primitive row: a layer, the nodes it reads, and the shape it puts out.

    `index` is the node's place in `Network.nodes`; `inputs` are indices of earlier nodes.
    `name` is unique and dotted (`layer1.0.conv1`); an attached norm or activation is named
    after its layer (`C1.tanh`) and carries that layer's index in `attached_to`.
    """

    index: int  # type: ignore[assignment]  # hides tuple.index, which no node needs
    name: str
    layer: Layer
    inputs: tuple[int, ...]
    shape: Shape  # of the output
    span: Span | None = None
    attached_to: int | None = None
    block: str | None = None  # the block whose body wrote this row
    shared_with: int | None = None  # the node whose weights and biases this one uses
    frozen: bool = False
    train_only: bool = False
    note: str | None = None
    values: Mapping[str, Sequence[float]] | None = None  # explicit weights, flat, by name
    origin: str | None = None  # of a row of a model file: "node 17 '/layer1/0/Conv' (Conv)"
    stored: Mapping[str, Stored] | None = None  # where a model file holds its parameters, by name
    # Parameters whose stored numbers an earlier row learns as well, which are counted there.
    elsewhere: frozenset[str] = frozenset()
    tied_to: int | None = None  # the node whose weight this one uses transposed, with an own bias

    def __repr__(self) -> str:
        """The fields, cut where they get long."""
        return brief(self)


class Expectation(NamedTuple):
    """One entry of `expect:`: the figure as written, and as an interval.

    `key` is a totals key (`params`), `output`, or `layers.NAME.KEY`. A figure written with a
    suffix ("714M") allows half a unit of its last digit either way; others are exact.
    """

    key: str
    written: str
    low: int | tuple[int, ...]
    high: int | tuple[int, ...]
    span: Span | None = None


class Init(NamedTuple):
    """The section `init:`: the initial scheme, a file of weights, and the classes' labels.

    `weights` is a path from the current directory, not from the spec's folder; `folder` is the
    spec's folder, which weights must lie in; `span` is where the spec names the file.
    """

    scheme: InitScheme = "default"
    seed: int = 0
    weights: str | None = None
    labels: tuple[str, ...] | None = None
    folder: str | None = None
    span: Span | None = None


class Network(NamedTuple):
    """A validated network: its inputs first, then every layer in order.

    `layout` is the letter order in which the spec wrote its input; tables print shapes so.
    """

    name: str
    nodes: tuple[Node, ...]
    outputs: tuple[int, ...]
    file: str = "-"
    text: str | None = None  # of that file, so that later diagnostics can show its lines
    variant: str | None = None
    vars: Mapping[str, object] | None = None
    overrides: Mapping[str, object] | None = None
    batch: int = 1
    layout: str = "HWC"
    description: str | None = None
    source: tuple[str, ...] = ()
    expect: tuple[Expectation, ...] = ()
    budget: Mapping[str, object] | None = None  # limits by figure, as written
    init: Init = Init()
    diagnostics: tuple[Diagnostic, ...] = ()  # warnings and notes from reading the spec
    groups: Mapping[str, Group] | None = None
    unread: tuple[str, ...] = ()  # origins of operators of a model file that made no row

    @property
    def complete(self) -> bool:
        """Whether every layer is known. Otherwise figures are the least that it costs."""
        return not self.unread and all(node.layer.type != "unknown" for node in self.nodes)

    def __repr__(self) -> str:
        """A one-line summary, since all fields would fill pages."""
        inputs, outputs = (
            ", ".join(self.nodes[index].shape.text(self.layout) for index in nodes)
            for nodes in ([node.index for node in self.inputs], self.outputs)
        )
        layers = counted(len(self.nodes) - len(self.inputs), "layer")
        return f"<Network {self.name}: {inputs} -> {layers} -> {outputs}>"

    @property
    def inputs(self) -> tuple[Node, ...]:
        """The nodes of the network's inputs."""
        return tuple(node for node in self.nodes if node.layer.type == "input")

    def row(self, name: str) -> Node | None:
        """The node of this name, else the last node of the part of this name, else None."""
        part = (self.groups or {}).get(name)
        named = next((node for node in self.nodes if node.name == name), None)
        return named or (self.nodes[part.last] if part else None)

    def shapes_into(self, node: Node) -> tuple[Shape, ...]:
        """The shapes of a node's inputs, in order."""
        return tuple(self.nodes[index].shape for index in node.inputs)


class Group(NamedTuple):
    """A named part of the network that folds into one row: `layer2`, made of `unit` x4."""

    name: str
    text: str  # "unit x4", or "4 layers"
    last: int  # the node whose output is the part's output


def chain(name: str, shape: Shape, layers: Sequence[tuple[str, Layer]]) -> Network:
    """A network without branches: each named layer reads the one before it.

    Raises:
        UnplacedError: from the first layer that cannot work on its input.

    >>> from cnncalc.layers.conv import Conv
    >>> net = chain("one", Shape(1, (32, 32)), [("C1", Conv(filters=6, kernel=(5,)))])
    >>> net.nodes[-1].name, net.nodes[-1].shape
    ('C1', Shape(channels=6, spatial=(28, 28)))
    """
    nodes = [Node(0, "in", Input(shape=shape), (), shape)]
    for index, (row, layer) in enumerate(layers, start=1):
        out = layer.output_shape(nodes[-1].shape)
        nodes.append(Node(index, row, layer, (index - 1,), out))
    return Network(name=name, nodes=tuple(nodes), outputs=(len(layers),))


class PartialNetwork(NamedTuple):
    """A network that ends before the layer `name`, which cannot work on its inputs."""

    network: str
    layout: str
    nodes: tuple[Node, ...]
    name: str
    type: str
    inputs: tuple[str, ...]
    shapes: tuple[Shape, ...]
    fields: Mapping[str, object]
