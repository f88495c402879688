"""An ONNX file -> Network: operator by operator, each becoming a row, a view or a constant.

Rows that nothing reads are dropped: what several operators together mean was added in their place.
"""

from __future__ import annotations

import re
from collections import Counter
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from cnncalc import files
from cnncalc.errors import CnncalcError, Diagnostic, UnplacedError, did_you_mean, failure
from cnncalc.exchange.onnx import (
    ops_merges,
    ops_moves,
    ops_norms,
    ops_pointwise,
    ops_shapes,
    ops_windows,
)
from cnncalc.exchange.onnx.inputs import enter_inputs
from cnncalc.exchange.onnx.model import read as read_model
from cnncalc.exchange.onnx.notes import folded_norms
from cnncalc.exchange.onnx.rows import Call, Rows, stored_constant
from cnncalc.exchange.onnx.values import Activation
from cnncalc.exchange.wire import broken
from cnncalc.network import Network, Node
from cnncalc.shapes import AXES, Shape

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from cnncalc.exchange.onnx.model import Model, Operator
    from cnncalc.exchange.onnx.rows import Row
    from cnncalc.exchange.onnx.values import Value
    from cnncalc.exchange.wire import Data

OPERATORS: dict[str, Callable[[Call], Value | list[Value]]] = {
    **ops_windows.OPERATORS, **ops_pointwise.OPERATORS, **ops_norms.OPERATORS,
    **ops_merges.OPERATORS, **ops_moves.OPERATORS, **ops_shapes.OPERATORS,
}  # fmt: skip
# What an operator trips over in a file that breaks the rules of ONNX: a size that is a text, a
# missing output, a number beyond any float.
MALFORMED = (ArithmeticError, LookupError, TypeError, ValueError)
NAME = re.compile(r"\W+")


class Options(NamedTuple):
    """What the user asks of a model file: the input's shape, where to end, what to do at gaps."""

    input: str | None = None
    until: str | None = None
    partial: bool = False


AS_IT_IS = Options()


def read(path: str, options: Options = AS_IT_IS) -> Network:
    """The network in an ONNX file. Its weights are not read.

    Raises:
        CnncalcError: the file is broken, an operator is unknown, or a size is left open.
    """
    try:
        with files.opened(path) as stream:
            if not stream.read(1):
                raise broken("it is empty")
            with mmap(stream.fileno(), 0, access=ACCESS_READ) as data:
                return network_of(data, path, options)
    except UnplacedError as problem:
        message = f"'{path}' is no ONNX model: {problem.message}"
        raise failure(problem.code, message, help=problem.help) from None


def network_of(data: Data, path: str, options: Options = AS_IT_IS) -> Network:
    """The network in the bytes of an ONNX file.

    Raises:
        CnncalcError: an operator is unknown, or a size is left open.
        UnplacedError: the bytes are no model.
    """
    model = read_model(data)
    graph = Graph(model, path, options)
    graph.run()
    return graph.network()


class Graph:
    """The walk over the operators of one file."""

    def __init__(self, model: Model, path: str, options: Options) -> None:
        self.model = model
        self.path = path
        self.options = options
        self.rows = Rows(model)
        self.unread: list[str] = []
        self.lost: set[str] = set()  # tensors behind an operator whose shape is not known
        self.end: Activation | None = None  # where --until ends the network
        self.names: list[str] = []  # of the rows, as far as they are known

    def run(self) -> None:
        """Read the inputs, then every operator up to the end that was asked for."""
        for name, tensor in self.model.stored.items():
            self.rows.bind(name, stored_constant(self.model, tensor, name))
        self.layout = enter_inputs(self.rows, self.path, self.options.input)
        for operator in self.model.operators:
            before = len(self.rows.rows)
            try:
                self._do(operator)
            except UnplacedError as problem:
                if not (self.options.partial and problem.code == "unknown-operator"):
                    raise self.located(problem, operator) from None
                self._leave_open(operator)
            except MALFORMED as error:
                malformed = broken(f"it is not what {operator.type} takes ({error})")
                raise self.located(malformed, operator) from error
            if self._ends_at(operator, before):
                return
        if self.options.until is not None:
            raise self._no_such_end(self.options.until)

    def _do(self, operator: Operator) -> None:
        """One operator: note what each of its outputs is."""
        if not self.lost.isdisjoint(operator.inputs):
            self.unread.append(operator.origin)
            self.lost.update(operator.outputs)
            return
        handle = OPERATORS.get(operator.type) if not operator.domain else None
        if handle is None:
            raise UnplacedError("unknown-operator", f"'{operator.type}' has no layer here")
        before = len(self.rows.rows)
        found = handle(Call(self.rows, operator))
        values = found if isinstance(found, list) else [found]
        for name, value in zip(operator.outputs, values, strict=False):
            if not name:
                continue
            self.rows.bind(name, value)
            if isinstance(value, Activation) and value.row < before:
                self.rows.reads[value.row] -= 1  # another name for the same row

    def _leave_open(self, operator: Operator) -> None:
        """A row of unknown cost where the file says the shape, else the end of what is known."""
        inputs = [self.rows.values.get(name) for name in operator.inputs if name]
        rows = tuple(value.row for value in inputs if isinstance(value, Activation))
        shapes = [self._declared(name) for name in operator.outputs]
        if not rows or None in shapes:
            self.unread.append(operator.origin)
            self.lost.update(operator.outputs)
            return
        call = Call(self.rows, operator)
        for name, shape in zip(operator.outputs, shapes, strict=True):
            if name and shape is not None:
                self.rows.bind(name, call.seen(call.opaque(shape, *rows)))

    def _declared(self, name: str) -> Shape | None:
        """The shape that the file says of a tensor, if it has no open size but the batch."""
        dims = self.model.shapes.get(name) or self.model.outputs.get(name)
        if not dims or not 2 <= len(dims) <= 2 + max(AXES):  # noqa: PLR2004 - batch and channels
            return None
        sizes = [size for size in dims[1:] if isinstance(size, int)]
        if len(sizes) < len(dims) - 1 or dims[0] not in {self.rows.batch, 1, -1}:
            return None
        return Shape(sizes[0], tuple(sizes[1:]))

    def _ends_at(self, operator: Operator, before: int) -> bool:
        """Whether the network ends here: at an operator, a tensor or a row of that name."""
        until = self.options.until
        if until is None:
            return False
        rows = {row_name(row) for row in self.rows.rows[before:]}
        if until not in {operator.name, *operator.outputs, *rows}:
            return False
        name = until if until in operator.outputs else operator.outputs[0]
        value = self.rows.values.get(name)
        if not isinstance(value, Activation):
            raise failure("unknown-layer", f"'{until}' puts out no map of the network")
        self.end = value
        return True

    def _no_such_end(self, until: str) -> CnncalcError:
        names = [name for op in self.model.operators for name in (op.label, *op.outputs)]
        return failure(
            "unknown-layer",
            f"{self.path} has no node, tensor or row named '{until}'",
            help=did_you_mean(until, dict.fromkeys(names)),
        )

    def located(self, problem: UnplacedError, operator: Operator) -> CnncalcError:
        """The complaint with the node it is about, and where the network could end instead."""
        total = len(self.model.operators)
        where = f"{self.path}: node {operator.number} of {total} '{operator.label}'"
        notes, help_ = problem.notes, problem.help
        made = [row for row in self.rows.rows if row.operator is not None]
        if problem.code == "unknown-operator":
            if made and (last := made[-1].operator) is not None:
                rows = "1 row stands" if len(made) == 1 else f"{len(made):,} rows stand"
                notes = (*notes, f"{rows} before it; cut there with --until {last.label}")
            help_ = help_ or "--partial goes on with rows of unknown cost"
        return CnncalcError(
            Diagnostic(
                "error", problem.code, problem.message, None, notes, help_,
                origin=f"{where} ({operator.type}, opset {self.model.opset})",
            )
        )  # fmt: skip

    # The network.

    def network(self) -> Network:
        """The rows that lead to the outputs."""
        outputs = self._outputs()
        alive = _alive(self.rows.rows, outputs)
        self._refuse_unknown(alive)
        places = {old: new for new, old in enumerate(alive)}
        nodes = tuple(_nodes(self.rows.rows, alive, places, outputs))
        network = Network(
            name=Path(self.path).stem,
            nodes=nodes,
            outputs=tuple(dict.fromkeys(places[row] for row in outputs)),
            file=self.path,
            batch=self.rows.batch,
            layout=self.layout,
            overrides={"input": self.options.input} if self.options.input else None,
            unread=tuple(self.unread),
        )
        return network._replace(diagnostics=tuple(folded_norms(network, self.model)))

    def _outputs(self) -> list[int]:
        """The rows that the network ends with."""
        if self.end is not None:
            return [self.end.row]
        values = [self.rows.values.get(name) for name in self.model.outputs]
        rows = [value.row for value in values if isinstance(value, Activation)]
        if self.lost:
            read = {index for row in self.rows.rows for index in row.inputs}
            rows += [index for index in range(len(self.rows.rows)) if index not in read]
        if not rows:
            raise broken("no output depends on an input")
        return list(dict.fromkeys(rows))

    def _refuse_unknown(self, alive: Sequence[int]) -> None:
        """Raise CnncalcError for a row of unknown arithmetic, unless that was asked for."""
        if self.options.partial:
            return
        for index in alive:
            row = self.rows.rows[index]
            if row.layer.type == "unknown" and row.operator is not None:
                del self.rows.rows[index:]
                problem = UnplacedError(
                    "unknown-operator", f"'{row.operator.type}' has no layer here"
                )
                raise self.located(problem, row.operator)


def _alive(rows: Sequence[Row], outputs: Iterable[int]) -> list[int]:
    """The rows that outputs depend on, and all inputs, in order."""
    needed = [row.operator is None for row in rows]
    for index in outputs:
        needed[index] = True
    for index in range(len(rows) - 1, -1, -1):
        if needed[index]:
            for source in rows[index].inputs:
                needed[source] = True
    return [index for index, alive in enumerate(needed) if alive]


def _nodes(
    rows: Sequence[Row], alive: Sequence[int], places: Mapping[int, int], outputs: Sequence[int]
) -> Iterable[Node]:
    names = unique([row_name(rows[index]) for index in alive])
    owners: dict[str, tuple[int, str]] = {}
    readers = Counter([*outputs, *(source for index in alive for source in rows[index].inputs)])
    made: list[Node] = []
    for place, (index, name) in enumerate(zip(alive, names, strict=True)):
        row = rows[index]
        shared, elsewhere = _sharing(row, place, owners, made)
        node = Node(
            place, name, row.layer, tuple(places[source] for source in row.inputs), row.shape,
            shared_with=shared, elsewhere=elsewhere,
            origin=row.operator.origin if row.operator else None,
        )  # fmt: skip
        made.append(
            node._replace(
                attached_to=_owner(node, made, readers[row.inputs[0]] if row.inputs else 0)
            )
        )
    return made


def _sharing(
    row: Row, place: int, owners: dict[str, tuple[int, str]], made: Sequence[Node]
) -> tuple[int | None, frozenset[str]]:
    """The row whose weights these are, or the parameters that earlier rows hold."""
    earlier = {}
    for name, stored in row.stored.items():
        if stored.name in owners:
            earlier[name] = owners[stored.name]
        owners.setdefault(stored.name, (place, name))
    sources = {index for index, _ in earlier.values()}
    if len(earlier) == len(row.stored) > 0 and len(sources) == 1 and place not in sources:
        (source,) = sources
        if made[source].layer == row.layer and all(
            own == name for name, (_, own) in earlier.items()
        ):
            return source, frozenset()
    return None, frozenset(earlier)


def _owner(node: Node, made: Sequence[Node], readers: int) -> int | None:
    """The layer that a norm or activation is attached to: the row before, if it alone reads it."""
    if node.layer.attaches is None or node.inputs != (node.index - 1,) or readers != 1:
        return None
    before = made[node.index - 1]
    if before.layer.type in {"input", "unknown"}:
        return None
    return before.index if before.attached_to is None else before.attached_to


def row_name(row: Row) -> str:
    """A name for a row: of its weights, else of its node, as far as a spec can have it.

    PyTorch names a weight after its module (`layer1.0.conv1.weight`) and a node after its path
    (`/layer1/layer1.0/relu/Relu`).
    """
    operator = row.operator
    if operator is None:
        return plain_name(row.name) or "in"
    for stored in row.stored.values():
        module, _, parameter = stored.name.rpartition(".")
        if module and "::" not in stored.name and parameter in {"weight", "bias", "running_mean"}:
            return plain_name(module)
    parts = [part for part in operator.name.split("/") if part]
    if len(parts) > 1 and re.fullmatch(rf"{re.escape(operator.type)}(_\d+)?", parts[-1]):
        number = parts[-1][len(operator.type) :]
        inside = len(parts) > 2 or row.layer.type in parts[-2].lower()  # noqa: PLR2004 - a path
        own = parts[-2] if inside or row.stored else f"{parts[-2]}.{row.layer.type}"
        return plain_name(f"{own}{number}")
    name = operator.name.removeprefix("node_") or next(filter(None, operator.outputs), "row")
    return plain_name(name)


def plain_name(name: str) -> str:
    """Letters, digits, underscores and single dots.

    >>> plain_name("/conv1/Conv_output_0"), plain_name("features.0.weight")
    ('conv1_Conv_output_0', 'features.0.weight')
    """
    parts = (NAME.sub("_", part).strip("_") for part in name.split("."))
    return ".".join(part for part in parts if part)[:200] or "row"


def unique(names: Iterable[str]) -> list[str]:
    """The names, with a number added where one is taken.

    >>> unique(["a", "a", "a_2"])
    ['a', 'a_2', 'a_2_2']
    """
    taken: set[str] = set()
    found = []
    for name in names:
        number, label = 1, name
        while label in taken:
            number += 1
            label = f"{name}_{number}"
        taken.add(label)
        found.append(label)
    return found
