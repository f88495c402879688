"""An ONNX file -> Network: operator by operator, each becoming a row, a view or a constant.

Rows that nothing reads are dropped: what several operators together mean was added in their place.
"""

from __future__ import annotations

import mmap
import re
from functools import cache, cached_property
from importlib import import_module
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from cnncalc import files
from cnncalc.errors import (
    CnncalcError,
    Diagnostic,
    UnplacedError,
    counted,
    did_you_mean,
    failure,
)
from cnncalc.exchange.building import advice, needed_rows, nodes_of
from cnncalc.exchange.names import plain_name, spec_name, unique
from cnncalc.exchange.onnx.inputs import enter_inputs
from cnncalc.exchange.onnx.model import Subgraph, unsupported, with_inner
from cnncalc.exchange.onnx.model import read as read_model
from cnncalc.exchange.onnx.notes import (
    AS_ONE,
    STEP_BY_STEP,
    folded_norms,
    is_step_by_step,
    outputs_left_out,
    unnamed_constants,
)
from cnncalc.exchange.onnx.rows import SMALLEST_RANK, Call, Rows, stored_constant
from cnncalc.exchange.onnx.values import Activation, Constant, ManyAxes
from cnncalc.exchange.sources import AS_IT_IS
from cnncalc.exchange.wire import broken
from cnncalc.network import Network, PartialNetwork
from cnncalc.shapes import AXES, Shape

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from cnncalc.exchange.onnx.model import Model, Operator
    from cnncalc.exchange.onnx.rows import Row
    from cnncalc.exchange.onnx.told import ToldRows
    from cnncalc.exchange.onnx.values import Value
    from cnncalc.exchange.sources import SourceOptions
    from cnncalc.exchange.wire import Data
    from cnncalc.network import Node

    Outputs = Value | ManyAxes | Sequence[Value | ManyAxes | None]
    Handler = Callable[[Call], Outputs]

# The modules of this folder that hold OPERATORS, those first whose operators most files have: a
# module is imported for an operator that none before it has.
MODULES = (
    "ops_windows",
    "ops_pointwise",
    "ops_norms",
    "ops_merges",
    "ops_moves",
    "ops_shapes",
    "ops_recurrent",
)
# What an operator trips over in a file that breaks the rules of ONNX: a size that is a text, a
# missing output, a number beyond any float.
MALFORMED = (ArithmeticError, LookupError, TypeError, ValueError)
MOST_PIPED = 2**30  # bytes of a model on the standard input, which is read whole


def read(path: str, options: SourceOptions = AS_IT_IS) -> Network:
    """The network in an ONNX file. Its weights are not read.

    Raises:
        CnncalcError: the file is broken, an operator is unknown, or a size is left open.
    """
    try:
        data = files.mapped(path, MOST_PIPED)
        if not data:
            raise broken("it is empty")
        if isinstance(data, mmap.mmap) and hasattr(mmap, "MADV_RANDOM"):
            data.madvise(mmap.MADV_RANDOM)  # the pages between, which hold weights, stay unread
        return network_of(data, path, options)
    except UnplacedError as problem:
        message = f"{files.title(path)} is no ONNX model: {problem.message}"
        raise failure(problem.code, message, help=problem.help) from None


def network_of(data: Data, path: str, options: SourceOptions = AS_IT_IS) -> Network:
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

    def __init__(self, model: Model, path: str, options: SourceOptions) -> None:
        self.model = model
        self.path = path
        self.name = "model" if path == "-" else files.stem(path)
        self.options = options
        self.rows = Rows(model)
        self.unread: list[Operator] = []  # those that made no row
        self.lost: set[str] = set()  # tensors behind an operator whose shape is not known
        self.end: Activation | None = None  # where --until ends the network
        operators = with_inner(model.operators)
        self.containers = containers_of(operator.name for operator in operators)

    def run(self) -> None:
        """Read the inputs, then every operator up to the end that was asked for."""
        for name, tensor in self.model.stored.items():
            self.rows.bind(name, stored_constant(self.model, tensor, name))
        self.layout = enter_inputs(self.rows, self.path, self.options.input)
        done = 0
        for operator in self.model.operators:
            if operator.number <= done:
                continue
            before, last = len(self.rows.rows), operator
            try:
                if (told := self._as_told(operator)) is None:
                    self._do(operator)
                else:
                    last, done = told, told.number
            except UnplacedError as problem:
                if not (self.options.partial and problem.code == "unknown-operator"):
                    self._refuse_unknown_before(operator)
                    raise self.located(problem, operator) from None
                self._leave_open(operator)
            except MALFORMED as error:
                self._refuse_unknown_before(operator)
                malformed = broken(f"it is not what {operator.type} takes ({error})")
                raise self.located(malformed, operator) from error
            if self._ends_at(last, before):
                return
        if self.options.until is not None:
            raise self._no_such_end(self.options.until)

    @cached_property
    def _told(self) -> ToldRows:
        from cnncalc.exchange.onnx.told import ToldRows

        return ToldRows(self.rows)

    def _as_told(self, operator: Operator) -> Operator | None:
        """The last operator of the row that begins with this one in a file of our own, if any."""
        return self._told.enter(operator, self.options.until) if self.rows.is_own else None

    def _do(self, operator: Operator) -> None:
        """One operator: note what each of its outputs is."""
        if not self.lost.isdisjoint(operator.inputs):
            self.unread.append(operator)
            self.lost.update(operator.outputs)
            return
        before = len(self.rows.rows)
        if operator.type == "If" and not operator.domain:
            values = self._branch(operator)
            before = len(self.rows.rows)  # its outputs are other names for rows that are there
        else:
            values = self._handled(operator)
        for name, value in zip_longest(operator.outputs, values[: len(operator.outputs)]):
            if not name:
                continue
            if value is None:
                self.rows.unmade[name] = operator
                continue
            self.rows.bind(name, value)
            if not isinstance(value, Constant) and value.row < before:
                self.rows.reads[value.row] -= 1  # another name for the same row

    def _handled(self, operator: Operator) -> Sequence[Value | ManyAxes | None]:
        """What an operator puts out, by what its type means."""
        handle = handler(operator.type) if not operator.domain else None
        if handle is None:
            of = f" of '{operator.domain}'" if operator.domain else ""
            raise UnplacedError("unknown-operator", f"'{operator.type}'{of} has no layer here")
        found: Any = handle(Call(self.rows, operator))
        return found if isinstance(found, list) else [found]

    def _branch(self, operator: Operator) -> Sequence[Value | ManyAxes | None]:
        """What If puts out: the outputs of the branch that its condition chooses.

        Exporters write it for what depends on a size, as whether an axis of size 1 goes away.
        """
        condition = Call(self.rows, operator).value(0)
        if isinstance(condition, Activation) or condition.only is None:
            raise unsupported("'If' whose condition the network computes has no layer here")
        names = ("then_branch", "else_branch") if condition.only else ("else_branch", "then_branch")
        taken, other = map(operator.attributes.get, names)
        if not isinstance(taken, Subgraph) or not isinstance(other, Subgraph):
            raise broken("it has no branches")
        if len(taken.outputs) != len(operator.outputs):
            expected = counted(len(operator.outputs), "tensor")
            raise broken(f"its branch puts out {len(taken.outputs)} of {expected}")
        self.rows.leave_unread(other)
        for name, tensor in taken.stored.items():
            self.rows.bind(name, stored_constant(self.model, tensor, name))
        for inner in taken.operators:
            self._do(inner)
        missing = [n for n in taken.outputs if n not in {*self.rows.values, *self.rows.unmade}]
        if missing:
            raise broken(f"its branch puts out '{missing[0]}', which nothing there makes")
        return [self.rows.values.get(name) for name in taken.outputs]

    def _leave_open(self, operator: Operator) -> None:
        """A row of unknown cost where the file says the shape, else the end of what is known."""
        inputs = [self.rows.values.get(name) for name in operator.inputs if name]
        rows = tuple(value.row for value in inputs if isinstance(value, Activation))
        shapes = [self._declared(name) for name in operator.outputs]
        if not rows or None in shapes:
            self.unread.append(operator)
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
        rows = set(self._names(self.rows.rows[before:]))
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

    def located(
        self, problem: UnplacedError, operator: Operator, end: int | None = None
    ) -> CnncalcError:
        """The complaint with the node it is about, and where the network could end instead.

        `end` is the row at fault, if it was made.
        """
        total = len(self.model.operators)
        where = f"{self.path}: node {operator.number} of {total} '{operator.label}'"
        notes, help_ = problem.notes, problem.help
        standing = self._standing(operator, len(self.rows.rows) if end is None else end)
        makers = [self.rows.rows[index].operator for index in standing]
        made = [maker for maker in makers if maker is not None]
        if problem.code == "unknown-operator":
            notes, help_ = advice(problem, len(made), made[-1].label if made else None)
            if is_step_by_step(self.model):
                notes, help_ = (STEP_BY_STEP, *notes), AS_ONE
        return CnncalcError(
            Diagnostic(
                "error", problem.code, problem.message, None, notes, help_,
                origin=f"{where} ({operator.type}, opset {self.model.opset})",
            ),
            partial=self._before(operator, standing),
        )  # fmt: skip

    def _standing(self, operator: Operator, end: int) -> list[int]:
        """The rows up to `end` that this operator or a later one needs, and the inputs."""
        later = self.model.operators[operator.number - 1 :]
        inputs = {name for each in with_inner(later) for name in each.inputs}
        names = inputs.union(self.model.outputs)
        values = [self.rows.values.get(name) for name in names]
        needed = {value.row for value in values if isinstance(value, Activation)}
        return _alive(self.rows.rows[:end], (row for row in needed if row < end))

    def _before(self, operator: Operator, standing: Sequence[int]) -> PartialNetwork:
        """The rows before an operator that does not work."""
        places = {old: new for new, old in enumerate(standing)}
        inputs = [self.rows.values.get(name) for name in operator.inputs]
        rows = [value.row for value in inputs if isinstance(value, Activation)]
        nodes = _nodes(self._named(standing), places, ())
        read = [nodes[places[row]] for row in rows if row in places]
        return PartialNetwork(
            self.name, self.layout, nodes, operator.label, operator.type,
            tuple(node.name for node in read), tuple(node.shape for node in read), {},
        )  # fmt: skip

    # The network.

    def network(self) -> Network:
        """The rows that lead to the outputs."""
        outputs = self._outputs()
        alive = _alive(self.rows.rows, outputs)
        self._refuse_unknown(alive)
        places = {old: new for new, old in enumerate(alive)}
        nodes = _nodes(self._named(alive), places, outputs)
        asked = {"input": self.options.input, "until": self.options.until}
        network = Network(
            name=self.name,
            nodes=nodes,
            outputs=tuple(dict.fromkeys(places[row] for row in outputs)),
            file=self.path,
            batch=self.rows.batch,
            layout=self.layout,
            overrides={key: value for key, value in asked.items() if value is not None} or None,
            unread=tuple(operator.origin for operator in self.unread),
        )
        told = [*folded_norms(network, self.model), *unnamed_constants(network, self.model)]
        if self.end is None:
            told += outputs_left_out(self.rows)
        return network._replace(diagnostics=tuple(told))

    def _named(self, indices: Iterable[int]) -> list[tuple[str, Row]]:
        """Rows with their names, which are different."""
        rows = [self.rows.rows[index] for index in indices]
        return list(zip(unique(self._names(rows)), rows, strict=True))

    def _names(self, rows: Iterable[Row]) -> Iterator[str]:
        """A row that shares its weights is named after its node, since another has their name.

        Our own exports name all operators of a row after it.
        """
        taken: set[str] = set()
        for row in rows:
            name = None if self.rows.is_own else name_by_weights(row)
            if self.rows.is_own:
                own = row.operator.name.partition("/")[0] if row.operator else row.name
                name = spec_name(own)
            elif name is None or name in taken:
                name = name_by_node(row, self.containers)
            if row.name and row.operator is not None:
                name = f"{name}.{row.name}"
            taken.add(name)
            yield name

    def _outputs(self) -> list[int]:
        """The rows that the network ends with."""
        if self.end is not None:
            return [self.end.row]
        makers = {name: operator for operator in self.model.operators for name in operator.outputs}
        rows = []
        for name in self.model.outputs:
            value = self.rows.values.get(name)
            if isinstance(value, ManyAxes):
                raise self._too_many_axes(value, makers[name])
            if isinstance(value, Activation):
                rows.append(self._as_seen(value, makers.get(name)))
        lost = {name for operator in self.unread for name in operator.inputs}
        values = [self.rows.values.get(name) for name in sorted(lost)]
        rows += sorted(value.row for value in values if isinstance(value, Activation))
        if not rows:
            raise broken("no output depends on an input")
        return list(dict.fromkeys(rows))

    def _too_many_axes(self, value: ManyAxes, operator: Operator) -> CnncalcError:
        return self.located(Call(self.rows, operator).too_many_axes(value.dims), operator)

    def _as_seen(self, value: Activation, operator: Operator | None) -> int:
        """The row of an output in the shape that the file gives it."""
        if operator is None:
            return value.row
        try:
            call = Call(self.rows, operator)
            # Of a single sample, any axis of one place may be the batch.
            single = self.rows.batch == 1 and value.dims[:1] == (1,)
            first = call.lifted(value) if single else value.batch_first
            if len(first.dims) < SMALLEST_RANK:  # one number, or one a sample
                missing = SMALLEST_RANK - len(first.dims)
                first = Activation(first.row, (*first.axes, *(None,) * missing),
                                   (*first.dims, *(1,) * missing))  # fmt: skip
            has_batch = first.dims[:1] == (self.rows.batch,)
            return call.plain(first if has_batch else call.lifted(first))
        except UnplacedError as problem:
            raise self.located(problem, operator) from None

    def _refuse_unknown_before(self, operator: Operator) -> None:
        """Raise CnncalcError for a row of unknown arithmetic that an operator reads.

        Where it complains, that row is the first thing that is not known, and perhaps the cause.
        """
        values = [self.rows.values.get(name) for name in operator.inputs]
        read = [value.row for value in values if isinstance(value, Activation)]
        self._refuse_unknown(_alive(self.rows.rows, read))

    def _refuse_unknown(self, alive: Sequence[int]) -> None:
        """Raise CnncalcError for a row of unknown arithmetic, unless that was asked for."""
        if self.options.partial:
            return
        for index in alive:
            row = self.rows.rows[index]
            if row.layer.type == "unknown" and row.operator is not None:
                problem = UnplacedError(
                    "unknown-operator", f"'{row.operator.type}' has no layer here"
                )
                raise self.located(problem, row.operator, index)


@cache
def handler(operator: str) -> Handler | None:
    """What makes rows of an operator of ONNX itself; None where none of `MODULES` does.

    >>> handler("Conv").__name__
    'conv'
    """
    for name in MODULES:
        operators: dict[str, Handler] = import_module(f"cnncalc.exchange.onnx.{name}").OPERATORS
        if operator in operators:
            return operators[operator]
    return None


def _alive(rows: Sequence[Row], outputs: Iterable[int]) -> list[int]:
    """The rows that outputs depend on, and all inputs, in order."""
    entries = [index for index, row in enumerate(rows) if row.operator is None]
    return needed_rows([row.inputs for row in rows], [*entries, *outputs])


def _nodes(
    named: Sequence[tuple[str, Row]], places: Mapping[int, int], outputs: Sequence[int]
) -> tuple[Node, ...]:
    """The network's nodes; `places` are those of the rows among them."""
    owners: dict[tuple[object, ...], tuple[int, str]] = {}

    def sharing(row: Row, place: int, made: Sequence[Node]) -> tuple[int | None, frozenset[str]]:
        return _sharing(row, place, owners, made)

    return tuple(nodes_of(named, places, outputs, sharing))


def _sharing(
    row: Row,
    place: int,
    owners: dict[tuple[object, ...], tuple[int, str]],
    made: Sequence[Node],
) -> tuple[int | None, frozenset[str]]:
    """The row whose weights these are, or the parameters that earlier rows hold."""
    earlier = {}
    for name, stored in row.stored.items():
        numbers = (stored.name, stored.runs)
        if numbers in owners:
            earlier[name] = owners[numbers]
        owners.setdefault(numbers, (place, name))
    sources = {index for index, _ in earlier.values()}
    whole = len(earlier) == len(row.stored) > 0 and not row.layer.attaches
    if whole and len(sources) == 1 and place not in sources:
        (source,) = sources
        if made[source].layer == row.layer and all(
            own == name for name, (_, own) in earlier.items()
        ):
            return source, frozenset()
    return None, frozenset(earlier)


def name_by_weights(row: Row) -> str | None:
    """The module that holds a row's weights, as PyTorch names them: `layer1.0.conv1.weight`."""
    for stored in row.stored.values():
        module, _, parameter = stored.name.rpartition(".")
        if module and "::" not in stored.name and parameter in {"weight", "bias", "running_mean"}:
            return plain_name(module)
    return None


def name_by_node(row: Row, containers: Collection[str]) -> str:
    """A name for a row by its node, as far as a spec can have it.

    PyTorch names a node after its path (`/layer1/layer1.0/relu/Relu`); `containers` are the
    modules that hold others.
    """
    operator = row.operator
    if operator is None:
        return plain_name(row.name) or "in"
    path, _, last = operator.name.rpartition("/")
    if operator.name.startswith("/") and re.fullmatch(rf"{re.escape(operator.type)}(_\d+)?", last):
        module = module_of(path)
        own = f"{module}.{last.lower()}" if path in containers else module
        return plain_name(own.removeprefix("."))
    name = operator.name.removeprefix("node_") or next(filter(None, operator.outputs), "row")
    return plain_name(name)


def module_of(path: str) -> str:
    """The dotted name of a module by its path, in which parts of a sequence repeat its name.

    >>> module_of("/layer1/layer1.0/conv1"), module_of("/features/features.1/conv/conv.0/conv.0.0")
    ('layer1.0.conv1', 'features.1.conv.0.0')
    """
    parts: list[str] = []
    for part in filter(None, path.split("/")):
        if parts and part.startswith(f"{parts[-1]}."):
            parts[-1] = part
        else:
            parts.append(part)
    return ".".join(parts)


def containers_of(names: Iterable[str]) -> frozenset[str]:
    """The paths that hold others, of nodes named by their paths; the model's own is empty.

    >>> sorted(containers_of(["/layer1/layer1.0/conv1/Conv", "/layer1/layer1.0/Add"]))
    ['', '/layer1', '/layer1/layer1.0']
    """
    paths = {name.rpartition("/")[0] for name in names if name.startswith("/")}
    found = {""}
    for path in paths:
        parts = path.split("/")
        found.update("/".join(parts[:end]) for end in range(1, len(parts)))
    return frozenset(found)
