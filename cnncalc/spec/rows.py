"""The rows of the network while it is built: named, validated, with shapes.

They belong to the whole network, whichever block a row comes from. `Scope` is what the lines of
one block can see; `expand` walks the layers.
"""

from __future__ import annotations

from functools import lru_cache
from math import prod
from typing import TYPE_CHECKING, NamedTuple

from cnncalc.errors import CnncalcError, Diagnostic, UnplacedError, counted, failure
from cnncalc.layers._fields import WRONG_INPUT
from cnncalc.network import LARGEST_TENSOR, MAX_ROWS, Group, Input, Node, PartialNetwork
from cnncalc.spec.checks.limits import too_many
from cnncalc.spec.expressions import HERE
from cnncalc.spec.resolve import BuiltLayer
from cnncalc.spec.validation import layer as validated_layer
from cnncalc.spec.yaml_source import ListValue, Scalar

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from cnncalc.errors import Span
    from cnncalc.layers._base import Layer, Parameter
    from cnncalc.shapes import Shape
    from cnncalc.spec.resolve import AttachedLayer, KnownLayers, Resolved
    from cnncalc.spec.syntax import Chain, Name, Use
    from cnncalc.spec.yaml_source import Value


FILLS = {"zeros": 0.0, "ones": 1.0}
# What gives the numbers of a parameter: of the learned one, or of the fixed one in its place.
NUMBERS = {"weights": ("weight", "factor"), "bias_values": ("bias", "shift")}
# Settings of a convolution whose weight another layer can use transposed.
PLAIN: Mapping[str, object] = {"table": None, "standardize": "none"}
MOST_FILLED = 10**7  # numbers from one word: 80 MB


class Rows:
    """The rows so far, their named groups, and which of them share weights."""

    def __init__(self, network: str, layout: str, known: KnownLayers) -> None:
        self.network = network
        self.layout = layout
        self.nodes: list[Node] = []
        self.taken: set[str] = set()
        self.groups: dict[str, Group] = {}
        self.ranges: dict[str, tuple[int, int]] = {}  # rows of a named part, for share=
        self._known = known

    def enter(self, name: str, shape: Shape, span: Span | None) -> None:
        """Append an input of the network."""
        self.nodes.append(Node(len(self.nodes), name, Input(shape=shape), (), shape, span))
        self.taken.add(name)

    def add(
        self, use: Use, resolved: Resolved, inputs: tuple[int, ...], scope: Scope, name: str
    ) -> Node:
        """Append a layer without its attached layers, for which `attach` is called next."""
        node = self._node(use.head, use.span, resolved, inputs, scope, name)
        values = None
        if use.values:
            shapes = (self.nodes[index].shape for index in inputs)
            values = explicit_values(use.values, node.layer.parameters(*shapes))
            if use.tied is not None and "weight" in values:
                message = f"the weights are those of '{use.tied.text}', transposed"
                help_ = "leave out the weights or tied="
                raise failure("weights", message, use.values["weights"].span, help=help_)
        if values or use.note:
            node = node._replace(values=values, note=use.note)
        self.nodes.append(node)
        return node

    def attach(
        self, follower: AttachedLayer, owner: Node, scope: Scope, label: str | None = None
    ) -> None:
        """Append a norm or activation to the last row; without a label it is named `C1.tanh`."""
        path = None if label is None else f"{scope.prefix}{label}"
        name = path or self._free(f"{owner.name}.{follower.type}")
        inputs = (len(self.nodes) - 1,)
        node = self._node(follower.type, follower.span, follower, inputs, scope, name, owner.index)
        self.nodes.append(node)

    def _node(
        self,
        head: str,
        span: Span,
        resolved: Resolved | AttachedLayer,
        inputs: tuple[int, ...],
        scope: Scope,
        name: str,
        owner: int | None = None,
    ) -> Node:
        """Validate a layer and infer its shape."""
        index = len(self.nodes)
        if index >= MAX_ROWS:
            raise too_many(span)
        built = self._known.get(id(resolved))
        if built is None:
            layer = validated_layer(head, resolved.fields, resolved.spans, span)
            built = self._known[id(resolved)] = BuiltLayer(resolved, layer, {})
        shapes = tuple([self.nodes[place].shape for place in inputs])
        shape = built.outputs.get(shapes)
        if shape is None:
            try:
                shape = built.outputs[shapes] = _output_shape(built.layer, shapes)
            except UnplacedError as problem:
                raise self._unplaced(problem, head, span, resolved, inputs, name) from None
        self.taken.add(name)
        layer, block, frozen, train_only = built.layer, scope.block, scope.frozen, scope.train_only
        return Node(index, name, layer, inputs, shape, span, owner, block, None, frozen, train_only)

    def _free(self, name: str) -> str:
        """The name, with a number added where it is taken (`bn relu bn`)."""
        number, label = 1, name
        while label in self.taken:
            number += 1
            label = f"{name}{number}"
        return label

    def part(self, path: str, text: str, start: int, last: int) -> None:
        """Record a named group of rows, which a table can fold into one row."""
        count = len(self.nodes) - start
        self.ranges[path] = (start, len(self.nodes))
        if count:
            # A group with only a side leaves the current tensor unchanged, so it ends at the side.
            end = last if last >= start else len(self.nodes) - 1
            self.groups[path] = Group(path, text or counted(count, "layer"), end)

    # -- weights

    def share(self, share: Name, first: int, end: int, start: int) -> None:
        """Let the rows from `start` on use the weights of the rows from `first` to `end`.

        Raises:
            CnncalcError: the rows do not store the same parameters.
        """
        count = len(self.nodes) - start
        if end - first != count:
            raise _unlike(share, f"it has {end - first} rows, this has {count}")
        for offset in range(count):
            original, copy = self.nodes[first + offset], self.nodes[start + offset]
            if self._stored(original) != self._stored(copy):
                raise _unlike(share, f"{original.name} and {copy.name} store different weights")
            if self._stored(copy):
                root = original.index if original.shared_with is None else original.shared_with
                self.nodes[start + offset] = copy._replace(shared_with=root)

    def tie(self, tied: Name, owners: Sequence[Node], node: Node) -> None:
        """Let a row use the weight of another one, transposed; `owners` are the rows of that name.

        Raises:
            CnncalcError: it is not one layer, or has no weight that fits.
        """
        if len(owners) != 1:
            message = f"'{tied.text}' is {counted(len(owners), 'layer')}, and tied= takes one"
            help_ = "give the layer whose weight is meant a name of its own"
            raise failure("tied", message, tied.span, help=help_)
        (owner,) = owners
        root = owner if owner.shared_with is None else self.nodes[owner.shared_with]
        self._check_tie(tied, root, node)
        self.nodes[node.index] = node._replace(tied_to=root.index, elsewhere=frozenset({"weight"}))

    def _check_tie(self, tied: Name, root: Node, node: Node) -> None:
        """Raise CnncalcError where a row cannot use the transposed weight of another one."""
        type_, tie, name = node.layer.type, node.layer.tie, tied.text
        if tie is None or root.layer.type not in tie.types:
            wanted = " or ".join(tie.types) if tie else "no layer"
            why = f"'{type_}' takes the transposed weight of {wanted}, and '{name}' is a "
            raise failure("tied", f"{why}'{root.layer.type}'", tied.span)
        if root.tied_to is not None:
            other = self.nodes[root.tied_to].name
            message = f"'{name}' has no weight of its own: it is tied to '{other}'"
            help_ = f"write share={other} for the weight of '{other}' as it is"
            raise failure("tied", message, tied.span, help=help_)
        if any(getattr(root.layer, field, usual) != usual for field, usual in PLAIN.items()):
            message = f"'{name}' has standardised filters or a table of maps, and '{type_}' has not"
            raise failure("tied", message, tied.span)
        theirs, ours = self._way(root), self._way(node)
        fitting = theirs._replace(entering=theirs.leaving, leaving=theirs.entering)
        if ours != fitting:
            message = f"'{name}' goes from {theirs}, so a layer tied to it goes from {fitting}"
            named = ours._replace(leaving=fitting.leaving)
            line = f"write {type_} {fitting.leaving} tied={name}" if named == fitting else None
            raise failure("tied", f"{message}; this one goes from {ours}", tied.span, help=line)

    def _way(self, node: Node) -> Way:
        """What the weight of a row leads from and to."""
        shape = self.nodes[node.inputs[0]].shape
        entering = shape.size if node.layer.type == "fc" else shape.channels
        kernel = self._stored(node)[0].dims[2:]
        return Way(entering, node.shape.channels, kernel, getattr(node.layer, "groups", 1))

    def _stored(self, node: Node) -> tuple[Parameter, ...]:
        """The parameters of a row."""
        shapes = (self.nodes[index].shape for index in node.inputs)
        return node.layer.parameters(*shapes)

    # -- failures

    def _unplaced(
        self,
        problem: UnplacedError,
        head: str,
        span: Span,
        resolved: Resolved | AttachedLayer,
        inputs: tuple[int, ...],
        name: str,
    ) -> CnncalcError:
        """An error of a layer, with its position and the sources of its inputs."""
        sources = [self.nodes[index] for index in inputs]
        diagnostic = Diagnostic(
            "error",
            problem.code,
            problem.message,
            resolved.spans.get(problem.field or "", span),
            notes=problem.notes + self._sources_note(name, sources, problem.code),
            help=problem.help,
        )
        names = tuple(node.name for node in sources)
        shapes = tuple(node.shape for node in sources)
        rows = tuple(self.nodes)
        stopped = PartialNetwork(
            self.network, self.layout, rows, name, head, names, shapes, resolved.fields
        )
        return CnncalcError(diagnostic, partial=stopped)

    def _sources_note(self, name: str, sources: list[Node], code: str) -> tuple[str, ...]:
        """Notes on the shapes that a failing layer received, and from which layers."""
        if len(sources) > 1:
            labels = [f"branch {n} from {node.name}:" for n, node in enumerate(sources, 1)]
            width = max(map(len, labels))
            shapes = [node.shape.text(self.layout) for node in sources]
            return tuple(f"{a:{width}} {b}" for a, b in zip(labels, shapes, strict=True))
        source, first = sources[0], self.nodes[0]
        note = f"{name} receives {source.shape.text(self.layout)} from {source.name}"
        if source is not first:
            note += f"; the network input was {first.shape.text(self.layout)}"
        return (note, *self._map_note(source)) if code == WRONG_INPUT else (note,)

    def _map_note(self, source: Node) -> tuple[str, ...]:
        """The map that a row of numbers was flattened from: `1568 = 32·7·7 (C·H·W) of maxpool2`."""
        node = source
        while node.layer.is_view and not node.shape.rank:
            node = self.nodes[node.inputs[0]]
        if node.shape.size != source.shape.size or not node.shape.rank:
            return ()
        sizes = "·".join(map(str, (node.shape.channels, *node.shape.spatial)))
        letters = "·".join(("C", *(axis.upper() for axis in node.shape.axes)))
        return (f"{node.shape.size} = {sizes} ({letters}) of {node.name}",)


def _output_shape(built: Layer, shapes: tuple[Shape, ...]) -> Shape:
    """The output shape of a layer on these inputs.

    Raises:
        UnplacedError: the number of inputs is wrong, their shapes do not fit, or the output is
            too large.
    """
    least, most = built.arity
    if len(shapes) < least or (most is not None and len(shapes) > most):
        raise _wrong_arity(built, len(shapes))
    shape = built.output_shape(*shapes)
    if shape.size > LARGEST_TENSOR:
        raise UnplacedError("too-large", "the output holds more than 10^60 numbers")
    return shape


def _wrong_arity(built: Layer, given: int) -> UnplacedError:
    least, most = built.arity
    wanted = f"{least}" if least == most else f"at least {least}"
    return UnplacedError(
        "arity",
        f"{built.type} joins {wanted} tensors, got {given}",
        help=f"such as '{built.type} enc1', or a list of branches",
    )


def _unlike(share: Name, why: str) -> CnncalcError:
    message = f"cannot share the weights of '{share.text}': {why}"
    return failure("share-mismatch", message, share.span)


class Way(NamedTuple):
    """What a weight leads from and to: "3 to 16 with 3×3"."""

    entering: int
    leaving: int
    kernel: tuple[int, ...]
    groups: int

    def __str__(self) -> str:
        kernel = f" with {_shown(self.kernel)}" if self.kernel else ""
        groups = f" in {self.groups} groups" if self.groups > 1 else ""
        return f"{self.entering} to {self.leaving}{kernel}{groups}"


class Scope(NamedTuple):
    """The variables, names and row prefix that the lines of one block, or the top level, see."""

    env: Mapping[str, object]  # variables
    names: dict[str, int]  # tensors by name
    later: frozenset[str]  # every name that this scope declares, earlier or later
    entry: int  # the tensor called `in`
    block: str | None
    prefix: str  # of row names: "layer1.0."
    counters: dict[str, int]  # for rows without a name
    passes: int = 1  # product of the enclosing repeats
    frozen: bool = False
    train_only: bool = False
    numbered: bool = False  # rows without a name are called 0, 1, 2, ...
    absent: frozenset[str] = frozenset()  # tensors of the block that are none in this call
    callers: tuple[str, ...] = ()  # the blocks whose calls enclose these lines
    here: frozenset[str] = frozenset()  # names of the current tensor: see `names_after`; last

    def called(self, here: frozenset[str]) -> Scope:
        """The same scope where the current tensor has these names."""
        return self if here == self.here else Scope._make((*self[:-1], here))

    def under(self, name: str) -> Scope:
        """The same scope with rows one level deeper, such as `stem.`."""
        return self._replace(prefix=f"{self.prefix}{name}.", counters={}, numbered=False)

    def next_label(self, head: str) -> str:
        """A name for the next row or block without one: `conv1`, or its number."""
        kind = "" if self.numbered else head
        count = self.counters[kind] = self.counters.get(kind, 0) + 1
        return str(count - 1) if self.numbered else f"{head}{count}"

    def at(self, shape: Shape) -> Scope:
        """The same scope with `here.c here.h ...`: the sizes of the tensor that enters a layer."""
        sizes_here, absent = _here(shape)
        env = {**self.env, **sizes_here}
        for name in absent:
            env.pop(name, None)
        return self._replace(env=env)

    def marked(self, item: Use | Chain) -> Scope:
        """The same scope with the `frozen` and `train_only` of an item added."""
        return self._replace(
            frozen=self.frozen or item.frozen, train_only=self.train_only or item.train_only
        )

    def turn(self, index: int, count: int, more: Mapping[str, object]) -> Scope:
        """The same scope in one pass of a repeat."""
        return self._replace(env={**self.env, "i": index, "reps": count, **more})


@lru_cache(maxsize=4096)
def sizes(shape: Shape) -> Mapping[str, object]:
    """The variables `cin hin win din lin`: the sizes of the tensor that enters.

    >>> from cnncalc.shapes import Shape
    >>> sizes(Shape(3, (224, 224)))
    {'hin': 224, 'win': 224, 'cin': 3}
    """
    return {f"{letter}in": size for letter, size in shape.by_letter.items()}


@lru_cache(maxsize=4096)
def _here(shape: Shape) -> tuple[Mapping[str, object], Sequence[str]]:
    """The variables `here.c here.h ...` for a tensor, and those that one of its rank lacks."""
    known = {f"here.{letter}": size for letter, size in shape.by_letter.items()}
    return known, [name for name in HERE if name not in known]


def explicit_values(
    written: Mapping[str, Value], parameters: tuple[Parameter, ...]
) -> dict[str, list[float]]:
    """The numbers of `weights:` and `bias_values:`, flat, by parameter name.

    Axes of size 1 may be left out: filters on a single map need no level for it. One word fills all
    of them: `ones`, `zeros`, a number, or `eye`, by which unit k takes input k alone.

    Raises:
        CnncalcError: the layer has no such parameter, or its shape differs.
    """
    by_name = {parameter.name: parameter for parameter in parameters}
    values = {}
    for key, names in NUMBERS.items():
        if key not in written:
            continue
        name = next((name for name in names if name in by_name), None)
        if name is None:
            message = f"this layer has no {names[0]}, so '{key}' has nothing to set"
            raise failure("weights", message, written[key].span)
        values[name] = _flat(key, written[key], by_name[name])
    return values


def _flat(key: str, value: Value, parameter: Parameter) -> list[float]:
    if isinstance(value, Scalar) and parameter.size > 1:
        return _filled(key, value, parameter)
    dims = tuple(_dims(value))
    if _squeezed(dims) != _squeezed(parameter.dims):
        raise failure(
            "weights-shape",
            f"'{key}' is {_shown(dims)}, but the layer needs {_shown(parameter.dims)}",
            value.span,
            help="axes of size 1 may be left out",
        )
    return list(_numbers(value, dims))


def _filled(key: str, value: Scalar, parameter: Parameter) -> list[float]:
    """All the numbers of a parameter from one word: `ones`, `zeros`, `0.5` or `eye`."""
    size = parameter.size
    if size > MOST_FILLED:
        message = f"'{key}' would hold {size:,} numbers; {MOST_FILLED:,} are allowed"
        raise failure("weights", message, value.span)
    if value.value == "eye":
        return _eye(key, value, parameter)
    number = FILLS.get(value.text, value.value) if isinstance(value.value, str) else value.value
    if isinstance(number, bool) or not isinstance(number, (int, float)):
        message = f"'{value.text}' is not a way to fill '{key}'"
        raise failure("weights", message, value.span, help="write zeros, ones, eye or a number")
    return [float(number)] * size


def _eye(key: str, value: Scalar, parameter: Parameter) -> list[float]:
    """The identity: unit k takes input k, and no other."""
    units, *inputs = parameter.dims
    if len([size for size in inputs if size > 1]) > 1 or not inputs:
        message = f"'eye' needs a matrix, but '{key}' is {_shown(parameter.dims)}"
        raise failure("weights", message, value.span)
    each = prod(inputs)
    return [float(unit == place) for unit in range(units) for place in range(each)]


def _dims(value: Value) -> Iterator[int]:
    while isinstance(value, ListValue):
        yield len(value.items)
        if not value.items:
            return
        value = value.items[0]


def _numbers(value: Value, dims: tuple[int, ...]) -> Iterator[float]:
    if isinstance(value, ListValue) and dims:
        if len(value.items) != dims[0]:
            given = counted(len(value.items), "value")
            message = f"this list has {given}, but the first one has {dims[0]}"
            raise failure("weights-shape", message, value.span)
        for item in value.items:
            yield from _numbers(item, dims[1:])
    elif isinstance(value, Scalar) and not dims and type(value.value) in (int, float):
        yield float(value.value)  # type: ignore[arg-type]
    else:
        message = "expected a number"
        raise failure("wrong-type", message, value.span)


def _squeezed(dims: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(size for size in dims if size != 1)


def _shown(dims: tuple[int, ...]) -> str:
    return "×".join(map(str, dims)) or "a single number"
