"""Network: validated layers in the order they run, each knowing its inputs, shapes and source.

What `spec` builds and `analysis`, `forward` and `design` read. Frozen; nothing is formatted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal, NamedTuple, final, get_args

from cnncalc.errors import counted
from cnncalc.layers._base import Layer
from cnncalc.shapes import Shape
from cnncalc.tensor import Tensor

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cnncalc.errors import Diagnostic, Span
    from cnncalc.tensor import Scalar

# How weights may begin that no file and no spec gives; `inference.initial` says what each means.
Scheme = Literal["default", "he", "xavier", "zeros"]
SCHEMES: tuple[Scheme, ...] = get_args(Scheme)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Input(Layer):
    """The tensor that enters the network; the one layer that takes no input."""

    shape: Shape

    arity: ClassVar[tuple[int, int | None]] = (0, 0)

    def output_shape(self, *inputs: Shape) -> Shape:
        """Its own shape."""
        return self.shape

    def forward(
        self, inputs: Sequence[Tensor], parameters: Mapping[str, Sequence[Scalar]]
    ) -> Tensor:
        """Hand the sample through."""
        return inputs[0]


Input.type = "input"


class Node(NamedTuple):
    """One primitive row: a layer, where its inputs come from, and what it makes of them.

    `index` is the node's place in `Network.nodes`; `inputs` are indices of earlier nodes.
    `name` is unique and dotted (`layer1.0.conv1`); an attached norm or activation is named
    after its layer (`C1.tanh`) and carries that layer's index in `attached_to`.
    """

    index: int  # type: ignore[assignment]  # hides tuple.index, which no node needs
    name: str
    layer: Layer
    inputs: tuple[int, ...]
    shape: Shape  # what comes out
    span: Span | None = None
    attached_to: int | None = None
    block: str | None = None  # the block whose body wrote this row
    shared_with: int | None = None  # the node whose weights this one uses
    frozen: bool = False
    train_only: bool = False
    note: str | None = None
    values: Mapping[str, Sequence[float]] | None = None  # explicit weights, flat, by name


class Expectation(NamedTuple):
    """One line of `expect:`: what a figure should be, as written and as an interval.

    `key` is a totals key (`params`), `output`, or `layers.NAME.KEY`. A figure written with a
    suffix ("714M") allows half a unit of its last digit either way; others are exact.
    """

    key: str
    written: str
    low: int | tuple[int, ...]
    high: int | tuple[int, ...]
    span: Span | None = None


class Init(NamedTuple):
    """What `init:` says: how weights begin, whose weights to load, what outputs stand for.

    `weights` is a file as seen from where the program runs, not from the spec's folder; `folder`
    is that folder, which a spec may not lead out of; `span` is where the spec names the file.
    """

    scheme: Scheme = "default"
    seed: int = 0
    weights: str | None = None
    labels: tuple[str, ...] | None = None
    folder: str | None = None
    span: Span | None = None


class Network(NamedTuple):
    """A network ready to be analysed: inputs first, then every layer in order.

    `layout` is the letter order in which the spec wrote its input; tables print shapes so.
    """

    name: str
    nodes: tuple[Node, ...]
    outputs: tuple[int, ...]
    file: str = "-"
    text: str | None = None  # of that file, so that what is said later can show its line
    variant: str | None = None
    vars: Mapping[str, object] | None = None
    overrides: Mapping[str, object] | None = None
    batch: int = 1
    layout: str = "HWC"
    description: str | None = None
    source: tuple[str, ...] = ()
    expect: tuple[Expectation, ...] = ()
    budget: Mapping[str, str] | None = None  # limits by figure, as written
    init: Init = Init()
    diagnostics: tuple[Diagnostic, ...] = ()  # warnings and notes met on the way
    groups: Mapping[str, Group] | None = None

    def __repr__(self) -> str:
        """In a line what it is: the whole of it would fill pages."""
        enters, leaves = (
            ", ".join(self.nodes[index].shape.text(self.layout) for index in nodes)
            for nodes in ([node.index for node in self.inputs], self.outputs)
        )
        layers = counted(len(self.nodes) - len(self.inputs), "layer")
        return f"<Network {self.name}: {enters} -> {layers} -> {leaves}>"

    @property
    def inputs(self) -> tuple[Node, ...]:
        """The nodes that stand for the network's inputs."""
        return tuple(node for node in self.nodes if node.layer.type == "input")

    def row(self, name: str) -> Node | None:
        """The row of a name, or the last row of the part with that name; None without either."""
        part = (self.groups or {}).get(name)
        found = next((node for node in self.nodes if node.name == name), None)
        return found or (self.nodes[part.last] if part else None)

    def shapes_into(self, node: Node) -> tuple[Shape, ...]:
        """The shapes that enter a node, in order."""
        return tuple(self.nodes[index].shape for index in node.inputs)


class Group(NamedTuple):
    """A named part of the network that folds into one row: `layer2`, made of `unit` x4."""

    name: str
    text: str  # "unit x4", or "4 layers"
    last: int  # the node whose output is the part's output


def chain(name: str, shape: Shape, layers: Sequence[tuple[str, Layer]]) -> Network:
    """A network without branches: each named layer reads the one before it.

    Raises the UnplacedError of the first layer that cannot work on what reaches it.

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


class Stopped(NamedTuple):
    """Where a network stopped working: the rows before, and the layer that does not fit."""

    network: str
    layout: str
    nodes: tuple[Node, ...]
    name: str
    type: str
    inputs: tuple[str, ...]
    shapes: tuple[Shape, ...]
    fields: Mapping[str, object]
