"""A spec, a variant and the user's changes -> Network; and the same network resized.

A sweep over input sizes does not read the layers again where the result is sure to be the same:
no expression asks for a height, width, depth or length, no weights are written out or shared, and
every tensor keeps its number of channels.

What reads specs is imported where a spec is read: model files need none of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import contextmanager
from functools import lru_cache
from os import PathLike
from types import MappingProxyType, NoneType
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from cnncalc import files
from cnncalc.errors import CnncalcError, Diagnostic, Span, UnplacedError, did_you_mean, failure
from cnncalc.network import LARGEST_TENSOR, Input, Network, Node

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from cnncalc.exchange.sniff import ModelKind
    from cnncalc.layers._base import Layer
    from cnncalc.shapes import Shape
    from cnncalc.spec.document import Document
    from cnncalc.spec.model import VariantModel
    from cnncalc.spec.sections.inputs import NetworkInput
    from cnncalc.spec.syntax import Block

# What a question may be asked about: a file or a bundled name, a spec as a dict, or a network.
Target: TypeAlias = "str | Path | Mapping[str, object] | Network"
SHORT = 50_000  # characters: longer texts are not cached, since they may hold much memory


class SpecChoice(NamedTuple):
    """A document that has been read, with the chosen variant, variables and input."""

    document: Document
    variant: str | None = None
    set: Mapping[str, object] = MappingProxyType({})
    input: str | None = None
    path: str | None = None  # of the file; weights that the spec names lie beside it

    def network(self, input_: str | None = None) -> Network:
        """The network on an input, by default the chosen one. Raises CnncalcError if it fails."""
        network = build(self.document, self.variant, self.set, input_ or self.input)
        if self.path is None:
            return network
        from cnncalc.spec.sections.init import with_weights_path

        return network._replace(init=with_weights_path(network.init, self.path))

    @property
    def text(self) -> str:
        """The spec's text, whose lines errors show."""
        return self.document.text

    @property
    def file(self) -> str:
        """The spec's file, as errors name it."""
        return self.document.file


class ModelChoice(NamedTuple):
    """A model file, with the chosen input and the node that its network ends with."""

    file: str
    kind: ModelKind
    input: str | None = None
    until: str | None = None
    partial: bool = False
    text: str = ""  # it has no lines

    def network(self, input_: str | None = None) -> Network:
        """The network on an input, by default the chosen one. Raises CnncalcError if it fails."""
        from cnncalc.exchange.sources import SourceOptions
        from cnncalc.exchange.sources import read as read_model

        options = SourceOptions(input_ or self.input, self.until, self.partial)
        return read_model(self.file, self.kind, options)


Choice: TypeAlias = SpecChoice | ModelChoice


def load(
    target: str | Path,
    *,
    variant: str | None = None,
    set: Mapping[str, object] | None = None,
    input: str | None = None,
    until: str | None = None,
    partial: bool = False,
) -> Network:
    """Read a network from a file, from standard input (`-`), or from the bundled ones by name.

    `variant` (or `target@variant`) chooses a variant, `set` changes declared variables,
    `input` replaces the input shape, of several inputs "left=64x64x3, right=32x32x3", or one of
    them. A file may be a model (ONNX, Keras, darknet): then `until` names the node, tensor, layer
    or row that it ends with, and `partial` allows operators that no layer expresses.

    Raises:
        CnncalcError: with every mistake found.

    >>> network = load("lenet5")
    >>> network.name, len(network.nodes) - len(network.inputs)
    ('LeNet-5', 12)
    """
    if isinstance(target, Mapping):
        raise failure(
            "bad-argument", "load reads files and bundled networks; a dict is read by cnncalc.parse"
        )
    choice = _read_choice(target, variant, set, input, until, partial=partial)
    if isinstance(choice, ModelChoice):
        return choice.network()
    with reading(choice.text, choice.file):
        return choice.network()


def parse(
    spec: str | Mapping[str, object],
    *,
    variant: str | None = None,
    set: Mapping[str, object] | None = None,
    input: str | None = None,
    file: str = "spec",
) -> Network:
    """The network of a spec's YAML text, or of the same spec as dicts and lists.

    `variant`, `set` and `input` as in `load`. `file` is what error messages call the text.

    Raises:
        CnncalcError: with every mistake found; a dict's lines are those of the YAML it stands for.

    >>> parse({"input": "28x28x1", "layers": ["conv 16 5x5 p2", "pool 2x2"]}).nodes[-1].shape
    Shape(channels=16, spatial=(14, 14))
    """
    if not isinstance(spec, (str, Mapping)):
        raise failure("bad-argument", f"a spec is a text or a dict, not {_kind(spec)}")
    _refuse_nonsense(set, input)
    text = spec if isinstance(spec, str) else _text(spec)
    with reading(text, file):
        return build(_read(text, file), variant, set or {}, input)


def choose(
    target: Target,
    *,
    variant: str | None = None,
    set: Mapping[str, object] | None = None,
    input: str | None = None,
    until: str | None = None,
) -> Choice:
    """Read what is asked about without building it: a file, a bundled name, a dict or a network.

    A network is taken as it was loaded; `variant`, `set` and `input` change it further. `until`
    ends the network of a model file.

    Raises:
        CnncalcError: where it cannot be read, and for a network that was not read from a text.
    """
    _refuse_nonsense(set, input)
    if isinstance(target, Network):
        return _chosen_again(target, variant, set or {}, input)
    if isinstance(target, Mapping):
        text = _text(target)
        with reading(text, "spec"):
            return SpecChoice(_read(text, "spec"), variant, set or {}, input)
    return _read_choice(target, variant, set, input, until)


def _read_choice(
    target: str | Path,
    variant: str | None,
    set_: Mapping[str, object] | None,
    input_: str | None,
    until: str | None,
    *,
    partial: bool = False,
) -> Choice:
    """What a target is: a typed network, a model file, or the spec in a file."""
    if not isinstance(target, (str, PathLike)):
        raise failure(
            "bad-argument", f"a network is a path, a bundled name or a dict, not {_kind(target)}"
        )
    _refuse_nonsense(set_, input_)
    path = named = None
    if _is_typed(target):
        text, file = _text(_split(str(target))), "stack"
    else:
        path, named = _resolved(str(target))
        kind = model_kind(path)
        if kind is not None:
            _refuse_changes(path, variant or named, set_)
            return ModelChoice(path, kind, input_, until, partial)
        if until is not None or partial:
            raise failure(
                "no-model", f"--until and --partial are for model files; {named or path} is a spec"
            )
        from cnncalc import zoo
        from cnncalc.spec.yaml_source import read

        text, file = read(path), zoo.display_name(path)
    with reading(text, file):
        return SpecChoice(_read(text, file), variant or named, set_ or {}, input_, path)


def _chosen_again(
    network: Network, variant: str | None, set_: Mapping[str, object], input_: str | None
) -> Choice:
    if network.text is None and any(node.origin for node in network.nodes):
        own = {key: str(value) for key, value in (network.overrides or {}).items()}
        again = input_ or own.get("input"), own.get("until")
        return _read_choice(network.file, variant, set_, *again)
    if network.text is None:
        message = f"{network.name} was not read from a spec, so it cannot be built anew"
        raise failure("no-spec", message, help="load it from a spec, or use cnncalc.parse")
    with reading(network.text, network.file):
        document = _read(network.text, network.file)
    kept = dict(network.overrides or {})
    own_input = kept.pop("input", None)
    return SpecChoice(
        document,
        variant or network.variant,
        {**kept, **set_},
        input_ or (str(own_input) if own_input else None),
    )


def as_network(target: Target) -> Network:
    """The network itself, or the one that a file, a bundled name or a dict gives.

    Raises:
        CnncalcError: where it cannot be read.
    """
    if isinstance(target, Network):
        return target
    return parse(target) if isinstance(target, Mapping) else load(target)


def _refuse_nonsense(set_: object, input_: object) -> None:
    """Raise CnncalcError for changes of the wrong kind."""
    if not isinstance(set_, (Mapping, NoneType)):
        raise failure(
            "bad-argument", f"set is a dict from variables to their values, not {_kind(set_)}"
        )
    if not isinstance(input_, (str, NoneType)):
        raise failure("bad-argument", f"input is a text such as '64x64x3', not {_kind(input_)}")


def _kind(value: object) -> str:
    return f"a value of type {type(value).__name__}"


def _split(target: str) -> dict[str, object]:
    from cnncalc.spec.typed import split  # few networks are typed

    return split(target)


def _text(spec: Mapping[str, object]) -> str:
    from cnncalc.spec.write import document_text  # few specs are dicts

    return document_text(spec)


@contextmanager
def reading(text: str, file: str) -> Iterator[None]:
    """Give every error in the block its line of this text.

    Raises:
        CnncalcError: as the block does, and "too-deep" where it nests too deeply.
    """
    try:
        yield
    except RecursionError:
        raise failure("too-deep", f"the layers of {file} are nested too deeply") from None
    except CnncalcError as error:
        from cnncalc.lines import with_lines

        raise with_lines(error, text, file) from None


def _is_typed(target: str | PathLike[str]) -> bool:
    """Whether a target is a network itself, typed in one line."""
    if not isinstance(target, str) or files.is_file(target):
        return False
    from cnncalc import zoo  # which a file does without

    return zoo.is_typed(target)


def _resolved(target: str) -> tuple[str, str | None]:
    """The file of a path or a bundled name, and the variant named with it.

    Raises:
        CnncalcError: for a folder, and a name with an unknown variant.
    """
    if files.is_file(target):
        return target, None
    from pathlib import Path

    from cnncalc import zoo

    path, named = zoo.resolve(target)
    if path != "-" and Path(path).is_dir():
        help_ = f"'cnncalc check {path}' checks the specs in it"
        raise files.unreadable(f"{files.title(path)} is a directory, not a file", help=help_)
    return path, named


def is_model(path: str) -> bool:
    """Whether a path leads to a model file.

    Raises:
        CnncalcError: for a file that only running code from it could read.
    """
    return model_kind(path) is not None


def model_kind(path: str) -> ModelKind | None:
    """The kind of a model file, else None.

    Specs by their name are not looked into, and no pipe but the standard input.

    Raises:
        CnncalcError: for a file that only running code from it could read.
    """
    if path.endswith(files.SPEC_SUFFIXES) or not (path == "-" or files.is_file(path)):
        return None
    from cnncalc.exchange.sniff import kind_of

    return kind_of(path)


def _refuse_changes(path: str, variant: str | None, set: Mapping[str, object] | None) -> None:
    """Raise CnncalcError for what only a spec has: variants and variables."""
    file = files.title(path) if path == "-" else path
    if variant is not None:
        raise failure("unknown-variant", f"{file} is a model file, which has no variants")
    if set:
        raise failure("unknown-variable", f"{file} is a model file, which has no variables")


def _read(text: str, file: str) -> Document:
    """The document of a text; a short one is cached, since variants share their file."""
    return _remembered(text, file) if len(text) <= SHORT else _document(text, file)


@lru_cache(maxsize=16)
def _remembered(text: str, file: str) -> Document:
    return _document(text, file)


def _document(text: str, file: str) -> Document:
    from cnncalc.spec.document import read_document

    return read_document(text, file)


def build(
    document: Document,
    variant: str | None = None,
    overrides: Mapping[str, object] | None = None,
    input_text: str | None = None,
) -> Network:
    """The network of a document.

    Raises:
        CnncalcError: the variables, the inputs or the shapes of layers do not fit.
    """
    from cnncalc.lines import with_line
    from cnncalc.spec.checks.limits import refuse_endless
    from cnncalc.spec.expand import NetworkBuilder
    from cnncalc.spec.sections.budgets import budget_as_written
    from cnncalc.spec.sections.expectations import read_expect
    from cnncalc.spec.sections.init import read_init
    from cnncalc.spec.sections.inputs import batch_of, read_inputs
    from cnncalc.spec.sections.variables import resolve_variables
    from cnncalc.spec.yaml_source import MappingValue

    overrides = overrides or {}
    chosen = _variant(document, variant)
    changed = document.tree.at("variants", variant, "vars") if variant else None
    declared = document.model.vars or {}
    variables = resolve_variables(
        declared, changed if isinstance(changed, MappingValue) else None, overrides
    )
    # Before anything is built: a trillion layers would fill the memory first.
    refuse_endless(document.body, document.blocks, variables)
    inputs = read_inputs(document.tree, variant, input_text)
    first = next(iter(inputs.values())).parsed
    model = document.model
    name = variant or str(model.name or files.stem(document.file))
    builder = NetworkBuilder(document, name, variables, first.layout)
    spans = {name: item.span for name, item in inputs.items() if item.span is not None}
    shapes = {name: item.shape for name, item in inputs.items()}
    scope = builder.enter(shapes, spans, document.body)
    last = builder.items(document.body, 0, scope)
    outputs = tuple(builder.find(name, scope) for name in document.outputs)
    skipped = bool(overrides) or (input_text is not None and not _is_own(inputs, document, variant))
    place = ("variants", variant) if variant else ()
    expect = document.tree.at(*place, "expect") if variant else document.tree.at("expect")
    return Network(
        name=name,
        nodes=tuple(builder.nodes),
        outputs=outputs or tuple(dict.fromkeys((last, *builder.sides))),
        file=document.file,
        text=document.text,
        variant=variant,
        vars=variables,
        overrides={**overrides, **({"input": input_text} if input_text else {})},
        batch=batch_of(inputs),
        layout=first.layout,
        description=(chosen.description if chosen else None) or model.description,
        source=_citations(chosen.source if chosen and chosen.source else model.source),
        expect=() if skipped else tuple(read_expect(expect, first.layout)),
        budget=budget_as_written(document.tree, variant) or None,
        init=read_init(document.tree.at("init")),
        diagnostics=tuple(
            with_line(remark, document.text, document.file)
            for remark in (
                *_remarks(inputs, skipped=skipped and expect is not None),
                *document.notes[:1],  # all are of one kind, so the first is enough
            )
        ),
        groups=builder.rows.groups,
    )


def _variant(document: Document, name: str | None) -> VariantModel | None:
    if name is None:
        return None
    if name in document.variants:
        return document.variants[name]
    known = document.variants
    raise failure(
        "unknown-variant",
        f"{document.file} has no variant '{name}'",
        help=did_you_mean(name, known)
        or (f"it has {', '.join(known)}" if known else "it has no variants"),
    )


def _is_own(inputs: Mapping[str, NetworkInput], document: Document, variant: str | None) -> bool:
    """Whether the inputs are the same as those of the file."""
    from cnncalc.spec.sections.inputs import batch_of, read_inputs

    try:
        declared = read_inputs(document.tree, variant, None)
    except CnncalcError:  # it has none
        return False
    pairs = ({name: item.shape for name, item in each.items()} for each in (declared, inputs))
    return batch_of(declared) == batch_of(dict(inputs)) and next(pairs) == next(pairs)


def _remarks(inputs: Mapping[str, NetworkInput], *, skipped: bool) -> Iterator[Diagnostic]:
    for item in inputs.values():
        if item.parsed.warning:
            yield Diagnostic("warning", "input-layout", item.parsed.warning, item.span)
    if skipped:
        yield Diagnostic("note", "expect-skipped", "'expect' is skipped: the network was changed")


def _citations(source: str | list[str] | None) -> tuple[str, ...]:
    return (source,) if isinstance(source, str) else tuple(source or ())


SIZES = frozenset({"hin", "win", "din", "lin", "here.h", "here.w", "here.d", "here.l"})


def reads_sizes(document: Document) -> bool:
    """Whether an expression, or `like=NAME`, reads a size of a tensor other than its channels."""
    if "like" in document.text:  # a spec with that word in a comment is only slower
        return True
    items = (document.body, *document.blocks.values(), *document.resolver.defaults.values())
    return not SIZES.isdisjoint(variables_read(items, document.blocks))


def resized(network: Network, inputs: Mapping[str, Shape]) -> Network | None:
    """The network on these inputs; None where its layers have to be read again.

    That is also so where a layer does not fit, since reading it gives the error message.
    `overrides`, which records how the network was loaded, is not changed.

    >>> from cnncalc.layers.conv import Conv
    >>> from cnncalc.network import chain
    >>> from cnncalc.shapes import Shape
    >>> net = chain("one", Shape(1, (32, 32)), [("C1", Conv(filters=6, kernel=(5,)))])
    >>> resized(net, {"in": Shape(1, (16, 20))}).nodes[-1].shape
    Shape(channels=6, spatial=(12, 16))
    >>> resized(net, {"in": Shape(1, (4, 4))}) is None
    True
    """
    shapes = Resizer(network).shapes(inputs)
    if shapes is None:
        return None
    pairs = zip(network.nodes, shapes, strict=True)
    return network._replace(nodes=tuple(_on(node, shape) for node, shape in pairs))


def _on(node: Node, shape: Shape) -> Node:
    """The node with another shape."""
    layer = node.layer if node.inputs else Input(shape=shape)
    return Node(node.index, node.name, layer, node.inputs, shape, *node[5:])


class _Step(NamedTuple):
    """A node as `Resizer` works it out; shapes are numbers here.

    `known` is shared by all nodes of the same layer with outputs of the same channels and rank.
    """

    node: Node
    reads: int | None  # the only node that it reads
    known: dict[int | tuple[int, ...], int | None]  # the output by what enters


class Resizer:
    """The shapes of a network on other inputs; no layer computes the same twice.

    >>> from cnncalc.layers.conv import Conv
    >>> from cnncalc.network import chain
    >>> from cnncalc.shapes import Shape
    >>> net = chain("one", Shape(1, (32, 32)), [("C1", Conv(filters=6, kernel=(5,)))])
    >>> [shape.spatial for shape in Resizer(net).shapes({"in": Shape(1, (16, 20))})]
    [(16, 20), (12, 16)]
    """

    def __init__(self, network: Network) -> None:
        self.network = network
        self._fixed = any(node.values or node.shared_with is not None for node in network.nodes)
        # A shape's number is a much cheaper key than the shape.
        self._shapes: list[Shape] = []
        self._numbers: dict[Shape, int] = {}
        known: dict[tuple[int, int, int], dict[int | tuple[int, ...], int | None]] = {}
        self._steps = [
            _Step(
                node,
                node.inputs[0] if len(node.inputs) == 1 else None,
                known.setdefault((id(node.layer), node.shape.channels, node.shape.rank), {}),
            )
            for node in network.nodes
        ]

    def shapes(self, inputs: Mapping[str, Shape]) -> list[Shape] | None:
        """The shape of every node on these inputs; None where its layers have to be read again."""
        if self._fixed:
            return None
        found: list[int] = []
        for node, reads, known in self._steps:
            entering: int | tuple[int, ...]
            if reads is not None:
                entering = found[reads]
            elif node.inputs:
                entering = tuple([found[index] for index in node.inputs])
            else:
                entering = self._number(inputs[node.name])
            if entering in known:
                number = known[entering]
            else:
                number = known[entering] = self._asked(node, entering)
            if number is None:
                return None
            found.append(number)
        return [self._shapes[number] for number in found]

    def _number(self, shape: Shape) -> int:
        number = self._numbers.setdefault(shape, len(self._shapes))
        if number == len(self._shapes):
            self._shapes.append(shape)
        return number

    def _asked(self, node: Node, entering: int | tuple[int, ...]) -> int | None:
        """The output of a node; None where it does not fit, or has other channels or axes."""
        numbers = (entering,) if isinstance(entering, int) else entering
        shapes = tuple([self._shapes[number] for number in numbers])
        shape = _shape_or_none(node.layer, shapes) if node.inputs else shapes[0]
        alike = shape and (shape.channels, shape.rank) == (node.shape.channels, node.shape.rank)
        return self._number(shape) if shape and alike else None


def _shape_or_none(layer: Layer, entering: tuple[Shape, ...]) -> Shape | None:
    """The output of a layer; None where it does not fit or is too large."""
    try:
        shape = layer.output_shape(*entering)
    except UnplacedError:
        return None
    return shape if shape.size <= LARGEST_TENSOR else None


def variables_read(items: Iterable[object], blocks: Mapping[str, Block]) -> frozenset[str]:
    """The variables in all expressions of these items, and of every block that they call."""
    from cnncalc.spec.line_values import names_in
    from cnncalc.spec.syntax import Dynamic, Use

    names: set[str] = set()
    called: set[str] = set()
    to_do = list(items)
    while to_do:
        item = to_do.pop()
        if isinstance(item, Dynamic):
            names.update(name for name, _ in names_in(item))
        elif isinstance(item, tuple) and not isinstance(item, Span):
            to_do.extend(item)
            if isinstance(item, Use) and item.is_block and item.head not in called:
                called.add(item.head)
                to_do.append(blocks[item.head])
    return frozenset(names)
