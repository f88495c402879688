"""The rows of a network while a model file is read layer by layer."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from cnncalc import files
from cnncalc.errors import CnncalcError, Diagnostic, UnplacedError, did_you_mean, failure
from cnncalc.exchange.names import plain_name, unique
from cnncalc.exchange.wire import broken
from cnncalc.layers import layer_type
from cnncalc.network import LARGEST_TENSOR, MAX_ROWS, Input, Network, Node, Opaque, PartialNetwork

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
    from typing import Protocol

    from cnncalc.errors import Span
    from cnncalc.exchange.sources import SourceOptions
    from cnncalc.layers._base import Layer
    from cnncalc.network import Stored
    from cnncalc.shapes import Shape

    class RowLike(Protocol):
        """What a row of any reader says of itself."""

        @property
        def layer(self) -> Layer:
            """What it computes."""

        @property
        def inputs(self) -> tuple[int, ...]:
            """The rows that it reads."""

        @property
        def shape(self) -> Shape:
            """The shape that it puts out."""

        @property
        def origin(self) -> str | None:
            """The part of the file that it came from; None for an input of the network."""

        @property
        def frozen(self) -> bool:
            """Whether its weights are not trained."""

        @property
        def stored(self) -> Mapping[str, Stored]:
            """Where the file has the numbers of its parameters, by their names."""


AnyRow = TypeVar("AnyRow", bound="RowLike")


class Part(NamedTuple):
    """One layer as the file writes it: what messages and rows call it, and where it stands."""

    name: str
    kind: str  # the file's own word for it
    origin: str  # as rows remember it: "layer 3 of 17 'conv1' (Conv2D)"
    span: Span | None = None  # in a file with lines
    frozen: bool = False


class Row(NamedTuple):
    """One row: a layer, the rows it reads, and the part of the file that it came from."""

    name: str
    layer: Layer
    inputs: tuple[int, ...]
    shape: Shape
    part: Part | None = None  # None for an input of the network
    shared: int | None = None  # the row whose weights it uses

    @property
    def origin(self) -> str | None:
        """The part of the file that it came from; None for an input of the network."""
        return self.part.origin if self.part else None

    @property
    def frozen(self) -> bool:
        """Whether its weights are not trained."""
        return bool(self.part and self.part.frozen)

    @property
    def stored(self) -> Mapping[str, Stored]:
        """Nothing: the numbers in such a file are not read."""
        return {}


class Builder:
    """The rows so far. Rows that nothing reads are dropped in the end, but for the outputs."""

    def __init__(self, path: str, options: SourceOptions, layout: str) -> None:
        self.path = path
        self.name = "model" if path == "-" else files.stem(path)
        self.options = options
        self.layout = layout
        self.batch = 1
        self.rows: list[Row] = []
        self.unread: list[Part] = []  # those that made no row
        self.frontier: list[int] = []  # rows that parts read which made no row
        self.notes: list[Diagnostic] = []

    def enter(self, name: str, shape: Shape) -> int:
        """Append an input of the network; the result is the row's index."""
        return self._append(Row(name, Input(shape=shape), (), shape))

    def add(
        self,
        part: Part,
        type_: str,
        *inputs: int,
        suffix: str = "",
        shares: int | None = None,
        **fields: object,
    ) -> int:
        """Append a layer; the result is the row's index.

        Raises:
            UnplacedError: the layer cannot work on its inputs, or there are too many rows.
        """
        layer = layer_type(type_)(**fields)
        shape = layer.output_shape(*(self.rows[index].shape for index in inputs))
        return self._append(Row(part.name + suffix, layer, inputs, shape, part, shares))

    def leave_open(
        self, part: Part, inputs: Iterable[int | None], shape: Shape | None
    ) -> int | None:
        """A row of unknown cost where its shape is known, else the end of what is known."""
        known = [index for index in inputs if index is not None]
        if shape is None or not known:
            self.unread.append(part)
            self.frontier += known
            return None
        layer = Opaque(operation=part.kind, out=shape)
        return self._append(Row(part.name, layer, tuple(known), shape, part))

    def unknown(
        self, part: Part, inputs: Sequence[int], shape: Shape, why: str, field: str | None = None
    ) -> int:
        """A row of unknown cost, where --partial allows it.

        Raises:
            UnplacedError: it does not.
        """
        if not self.options.partial:
            raise unsupported(why, field=field)
        layer = Opaque(operation=part.kind, out=shape)
        return self._append(Row(part.name, layer, tuple(inputs), shape, part))

    def _append(self, row: Row) -> int:
        if len(self.rows) >= MAX_ROWS:
            raise broken(f"the network would have more than {MAX_ROWS:,} layers")
        if row.shape.size > LARGEST_TENSOR:
            raise broken(f"a tensor would have {float(row.shape.size):.0e} numbers")
        self.rows.append(row)
        return len(self.rows) - 1

    def shape(self, index: int) -> Shape:
        """The shape that a row puts out."""
        return self.rows[index].shape

    # Where something is wrong.

    def located(
        self, problem: UnplacedError, part: Part, inputs: Iterable[int | None] = ()
    ) -> CnncalcError:
        """The complaint with the part of the file that it is about, and where to end instead."""
        notes, help_ = problem.notes, problem.help
        made = [row for row in self.rows if row.part is not None]
        if problem.code == "unknown-operator":
            notes, help_ = advice(problem, len(made), made[-1].name if made else None)
        every = range(len(self.rows))
        nodes = _nodes(self._named(every), {index: index for index in every}, ())
        read = [nodes[index] for index in inputs if index is not None]
        partial = PartialNetwork(
            self.name, self.layout, nodes, part.name, part.kind,
            tuple(node.name for node in read), tuple(node.shape for node in read), {},
        )  # fmt: skip
        origin = None if part.span else f"{self.path}: {part.origin}"
        return CnncalcError(
            Diagnostic("error", problem.code, problem.message, part.span, notes, help_,
                       origin=origin),
            partial=partial,
        )  # fmt: skip

    def no_such_end(self, names: Iterable[str]) -> CnncalcError:
        """The complaint about --until NAME where nothing has that name."""
        until = self.options.until or ""
        known = dict.fromkeys((*names, *(row.name for row in self.rows)))
        return failure(
            "unknown-layer",
            f"{self.path} has no layer or row named '{until}'",
            help=did_you_mean(until, known),
        )

    def ends_at(self, part: Part, before: int) -> int | None:
        """The row that --until names, if a part or one of its rows, made since, has that name."""
        until = self.options.until
        if until is None:
            return None
        for index in range(before, len(self.rows)):
            if plain_name(self.rows[index].name) == until or self.rows[index].name == until:
                return index
        if until == part.name and before < len(self.rows):
            return len(self.rows) - 1
        return None

    # The network.

    def network(self, outputs: Sequence[int]) -> Network:
        """The rows that lead to the outputs.

        Raises:
            UnplacedError: nothing does.
        """
        ends = list(dict.fromkeys((*outputs, *sorted(self.frontier))))
        if not ends:
            raise broken("no output depends on an input")
        alive = _alive(self.rows, ends)
        named = self._named(alive)
        places = {old: new for new, old in enumerate(alive)}
        asked = {"input": self.options.input, "until": self.options.until}
        return Network(
            name=self.name,
            nodes=_nodes(named, places, [places[end] for end in ends]),
            outputs=tuple(places[end] for end in ends),
            file=self.path,
            batch=self.batch,
            layout=self.layout,
            overrides={key: value for key, value in asked.items() if value is not None} or None,
            unread=tuple(part.origin for part in self.unread),
            diagnostics=tuple(self.notes),
        )

    def _named(self, indices: Iterable[int]) -> list[tuple[str, Row]]:
        """Rows with their names, which are different."""
        rows = [self.rows[index] for index in indices]
        return list(zip(unique(plain_name(row.name) for row in rows), rows, strict=True))


def advice(
    problem: UnplacedError, rows: int, last: str | None
) -> tuple[tuple[str, ...], str | None]:
    """The notes and the help for what no layer expresses: where to end, or how to go on."""
    notes = problem.notes
    if last is not None:
        before = "1 row stands" if rows == 1 else f"{rows:,} rows stand"
        notes = (*notes, f"{before} before it; cut there with --until {last}")
    return notes, problem.help or "--partial goes on with rows of unknown cost"


def unsupported(why: str, *, field: str | None = None, help: str | None = None) -> UnplacedError:
    """The complaint about a layer, or about a use of it, that no layer here expresses."""
    return UnplacedError("unknown-operator", why, field=field, help=help)


def attached_to(node: Node, made: Sequence[Node], readers: int) -> int | None:
    """The layer that a norm or activation is attached to: the row before, if it alone reads it."""
    if node.layer.attaches is None or node.inputs != (node.index - 1,) or readers != 1:
        return None
    before = made[node.index - 1]
    if before.layer.type in {"input", "unknown"}:
        return None
    return before.index if before.attached_to is None else before.attached_to


def needed_rows(reads: Sequence[Collection[int]], wanted: Iterable[int]) -> list[int]:
    """The rows that those wanted depend on, in order; `reads` are the earlier rows of each.

    >>> needed_rows([(), (0,), (0,), (2,)], wanted=[3])
    [0, 2, 3]
    """
    needed = [False] * len(reads)
    for index in wanted:
        needed[index] = True
    for index in range(len(reads) - 1, -1, -1):
        if needed[index]:
            for source in reads[index]:
                needed[source] = True
    return [index for index, is_needed in enumerate(needed) if is_needed]


def _alive(rows: Sequence[Row], outputs: Iterable[int]) -> list[int]:
    """The rows that outputs depend on, and all inputs, in order."""
    entries = [index for index, row in enumerate(rows) if row.part is None]
    reads = [row.inputs if row.shared is None else (*row.inputs, row.shared) for row in rows]
    return needed_rows(reads, [*entries, *outputs])


def nodes_of(
    named: Sequence[tuple[str, AnyRow]],
    places: Mapping[int, int],
    outputs: Sequence[int],
    sharing: Callable[[AnyRow, int, Sequence[Node]], tuple[int | None, frozenset[str]]],
) -> list[Node]:
    """The network's nodes; `places` are those of the rows among them.

    `sharing` says of a row, by its place and the nodes before it, whose weights it uses: the node
    that holds all of them, or which parameters earlier nodes hold.
    """
    readers = Counter([*outputs, *(places[source] for _, row in named for source in row.inputs)])
    made: list[Node] = []
    for place, (name, row) in enumerate(named):
        inputs = tuple(places[source] for source in row.inputs)
        shared, elsewhere = sharing(row, place, made)
        node = Node(
            place, name, row.layer, inputs, row.shape, frozen=row.frozen,
            shared_with=shared, elsewhere=elsewhere, stored=row.stored or None, origin=row.origin,
        )  # fmt: skip
        attached = attached_to(node, made, readers[inputs[0]] if inputs else 0)
        made.append(node._replace(attached_to=attached))
    return made


def _nodes(
    named: Sequence[tuple[str, Row]], places: Mapping[int, int], outputs: Sequence[int]
) -> tuple[Node, ...]:
    """The network's nodes; `places` are those of the rows among them."""

    def sharing(row: Row, _: int, made: Sequence[Node]) -> tuple[int | None, frozenset[str]]:
        return _sharing(row, places, made)

    return tuple(nodes_of(named, places, outputs, sharing))


def _sharing(
    row: Row, at: Mapping[int, int], made: Sequence[Node]
) -> tuple[int | None, frozenset[str]]:
    """The row whose weights these are; of a norm or activation, the parameters held there."""
    if row.shared is None:
        return None, frozenset()
    source = made[at[row.shared]]
    if not row.layer.attaches and source.layer == row.layer:
        return source.index, frozenset()
    shapes = [made[at[index]].shape for index in row.inputs]
    return None, frozenset(each.name for each in row.layer.parameters(*shapes))
