"""A model file of Keras -> Network, by its configuration alone.

Sequential and Functional models of Keras 2 and 3, models inside models, layers that are called
several times. No class is looked up and nothing is run: a layer is known by its name and module.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from cnncalc import files
from cnncalc.errors import CnncalcError, UnplacedError, failure
from cnncalc.exchange.building import Builder, Part, unsupported
from cnncalc.exchange.keras import activations, moves, operations, windows
from cnncalc.exchange.keras.call import Call, Options, Reference
from cnncalc.exchange.keras.document import load
from cnncalc.exchange.keras.order import settle_orders
from cnncalc.exchange.keras.wiring import Wiring, dims_of, first_dims, model_layers, shape_of
from cnncalc.exchange.names import plain_name
from cnncalc.exchange.sizes import Declared, inputs_of, text
from cnncalc.exchange.sources import AS_IT_IS
from cnncalc.exchange.wire import broken

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from cnncalc.exchange.sizes import OpenDims
    from cnncalc.exchange.sources import SourceOptions
    from cnncalc.network import Network
    from cnncalc.shapes import Shape

MOST_NESTED = 32  # models inside models
MODELS = frozenset({"Sequential", "Functional", "Model"})
LAYERS: dict[str, Callable[[Call], int]] = {
    **windows.LAYERS, **moves.LAYERS, **activations.LAYERS,
}  # fmt: skip
OPERATIONS_IN = "keras.src.ops."
# What a layer trips over that a number of the file led to: a kernel beyond any float.
MALFORMED = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
HARMLESS = frozenset({None, False})  # values of arguments that change nothing: no mask


def read(path: str, options: SourceOptions = AS_IT_IS) -> Network:
    """The network in a model file of Keras. Its weights are not read.

    Raises:
        CnncalcError: the file is broken, a layer is unknown, or a size is left open.
    """
    try:
        return network_of(load(path), path, options)
    except UnplacedError as problem:
        message = f"{files.title(path)} is no model of Keras: {problem.message}"
        raise failure(problem.code, message, help=problem.help) from None


def network_of(
    document: Mapping[str, Any], path: str, options: SourceOptions = AS_IT_IS
) -> Network:
    """The network of a configuration.

    Raises:
        CnncalcError: a layer is unknown, or a size is left open.
        UnplacedError: it is no model.
    """
    walk = Walk(path, options, keras2=_is_keras_2(document))
    try:
        outputs = walk.model(document, None, Scope())
    except EndedError as ended:
        outputs = [ended.row]
    except RecursionError:
        raise broken("it is nested too deeply") from None
    except MALFORMED as error:
        raise broken(f"its parts are not what they should be ({error})") from error
    else:
        if options.until is not None:
            raise walk.builder.no_such_end(walk.names)
    known = [row for row in outputs if row is not None]
    settle_orders(walk.builder, known)
    return walk.builder.network(known)


def _is_keras_2(document: Mapping[str, Any]) -> bool:
    """Keras 3 writes the module of every class; the version stands only in older files."""
    version = document.get("keras_version")
    return version[:1] < "3" if isinstance(version, str) else "module" not in document


class EndedError(Exception):
    """The network ends at a row, as --until asks."""

    def __init__(self, row: int) -> None:
        super().__init__()
        self.row = row


class Scope(NamedTuple):
    """Where a model stands among models: the prefix of its names, and what its owners say."""

    prefix: str = ""
    depth: int = 0
    frozen: bool = False
    shape: Shape | None = None  # of its output, where the file says it


class Walk:
    """The walk over the layers of one file."""

    def __init__(self, path: str, options: SourceOptions, *, keras2: bool) -> None:
        self.path = path
        self.builder = Builder(path, options, "HWC")
        self.keras2 = keras2
        self.made: dict[str, int] = {}
        self.names: list[str] = []

    def model(
        self, document: Mapping[str, Any], inputs: Sequence[int | None] | None, scope: Scope
    ) -> list[int | None]:
        """The rows that a model puts out; None where that is not known.

        Without `inputs` it is the whole network, whose inputs become rows.
        """
        layers = model_layers(document)
        if scope.depth > MOST_NESTED:
            raise broken(f"models are nested more than {MOST_NESTED} deep")
        if document.get("class_name") == "Sequential":
            return [self._sequential(document, layers, inputs, scope)]
        return self._functional(document, layers, inputs, scope)

    def _sequential(
        self,
        document: Mapping[str, Any],
        layers: Sequence[Mapping[str, Any]],
        inputs: Sequence[int | None] | None,
        scope: Scope,
    ) -> int | None:
        row = self._only(inputs) if inputs is not None else self._first(document, layers)
        for place, layer in enumerate(layers):
            if layer.get("class_name") == "InputLayer":
                continue
            part = self._part(layer, place, len(layers), scope)
            behind = layers[place + 1].get("build_config") if place + 1 < len(layers) else None
            shape = shape_of(dims_of(behind.get("input_shape")) if isinstance(behind, dict) else ())
            found = self._called(layer, part, [row], (), {}, scope._replace(shape=shape))
            row = self._only(found)
        return row

    def _first(self, document: Mapping[str, Any], layers: Sequence[Mapping[str, Any]]) -> int:
        """The row of the input of a sequential model, whose shape may stand in several places."""
        dims, name = first_dims(document, layers)
        written = self.builder.options.input
        if dims:
            return self._entered({name: dims})[0]
        if written is None:
            raise failure(
                "open-size",
                f"{self.path} does not say the shape of its input",
                help="give it, such as --input '224x224x3 HWC'",
            )
        from cnncalc.spec.sections.inputs import parse_input  # few files leave it out

        try:
            given = parse_input(written)
        except UnplacedError as problem:
            raise failure(problem.code, problem.message, help=problem.help) from None
        self.builder.batch = given.batch
        return self.builder.enter(name, given.shape)

    def _entered(self, inputs: Mapping[str, OpenDims]) -> list[int]:
        declared = {name: Declared(dims) for name, dims in inputs.items()}
        found = inputs_of(self.path, declared, self.builder.options.input)
        self.builder.batch = max(self.builder.batch, *(batch for _, batch in found.values()))
        return [self.builder.enter(name, shape) for name, (shape, _) in found.items()]

    def _functional(
        self,
        document: Mapping[str, Any],
        layers: Sequence[Mapping[str, Any]],
        inputs: Sequence[int | None] | None,
        scope: Scope,
    ) -> list[int | None]:
        wiring = Wiring(document, layers)
        if inputs is not None and len(inputs) != len(wiring.inputs):
            raise broken(f"a model of {len(wiring.inputs)} inputs reads {len(inputs)} tensors")
        if inputs is None:
            inputs = self._inputs(wiring)
        values: dict[Reference, int | None] = dict(zip(wiring.inputs, inputs, strict=True))
        for node in wiring.ordered():
            if Reference(node.name, node.call, 0) in values:
                continue  # an input
            part = self._part(node.layer, node.place, len(layers), scope)
            absent = next((each for each in node.reads if each not in values), None)
            if absent is not None:
                raise broken(f"'{absent.layer[:60]}' has no output {absent.tensor}")
            rows = [values[each] for each in node.reads]
            shape = shape_of(wiring.declared.get(Reference(node.name, node.call, 0), ()))
            found = self._called(
                node.layer, part, rows, node.arguments, node.named, scope._replace(shape=shape)
            )
            for tensor, row in enumerate(found):
                key = Reference(node.name, node.call, tensor)
                values[key] = row
                self._agrees(row, wiring.declared.get(key, ()), part)
        missing = [each.layer for each in wiring.outputs if each not in values]
        if missing:
            raise broken(f"nothing puts out '{missing[0][:60]}', an output of the model")
        return [values[each] for each in wiring.outputs]

    def _inputs(self, wiring: Wiring) -> list[int]:
        names = [reference.layer for reference in wiring.inputs]
        if not names:
            raise broken("it has no input")
        return self._entered({name: wiring.input_dims(name) for name in names})

    def _agrees(self, row: int | None, declared: OpenDims, part: Part) -> None:
        """Raise CnncalcError where a row has another shape than the file says."""
        shape = shape_of(declared)
        if row is None or shape is None or self.builder.options.input is not None:
            return
        found = self.builder.shape(row)
        if found != shape:
            ours = text(("N", *found.spatial, found.channels))
            problem = broken(f"it gives {ours} here, and {text(declared)} in the file")
            raise self.builder.located(problem, part, [row])

    # One layer.

    def _part(self, layer: Mapping[str, Any], place: int, count: int, scope: Scope) -> Part:
        kind, config = str(layer.get("class_name"))[:60], layer.get("config")
        config = config if isinstance(config, dict) else {}
        name = str(layer.get("name") or config.get("name") or kind.lower())
        frozen = scope.frozen or config.get("trainable") is False
        own = plain_name(name.replace(".", "_"))
        self.names.append(scope.prefix + own)
        origin = f"layer {place + 1} of {count} '{name[:80]}' ({kind})"
        return Part(scope.prefix + own, kind, origin, frozen=frozen)

    def _called(
        self,
        layer: Mapping[str, Any],
        part: Part,
        rows: Sequence[int | None],
        arguments: Sequence[Any],
        named: Mapping[str, Any],
        scope: Scope,
    ) -> list[int | None]:
        """The rows that one call of a layer puts out."""
        before = len(self.builder.rows)
        known = [row for row in rows if row is not None]
        try:
            found = self._rows(layer, part, rows, arguments, named, scope)
        except UnplacedError as problem:
            if not (self.builder.options.partial and problem.code == "unknown-operator"):
                raise self.builder.located(problem, part, known) from None
            found = [self.builder.leave_open(part, rows, scope.shape)]
        except CnncalcError:
            raise
        except MALFORMED as error:
            malformed = broken(f"it is not what {part.kind} takes ({error})")
            raise self.builder.located(malformed, part, known) from error
        end = self.builder.ends_at(part, before)
        if end is None and self.builder.options.until == part.name:
            end = found[0]
        if end is not None:
            raise EndedError(end)
        return found

    def _rows(
        self,
        layer: Mapping[str, Any],
        part: Part,
        rows: Sequence[int | None],
        arguments: Sequence[Any],
        named: Mapping[str, Any],
        scope: Scope,
    ) -> list[int | None]:
        if _is_model(layer):
            inner = Scope(f"{part.name}.", scope.depth + 1, part.frozen, scope.shape)
            return self.model(layer, rows, inner)
        known = tuple(row for row in rows if row is not None)
        if len(known) < len(rows):
            return [self.builder.leave_open(part, known, None)]
        config = layer.get("config")
        if not isinstance(config, dict):
            raise broken("it has no 'config'")
        handle = _handler(layer, part)
        options = Options(config)
        call = Call(self.builder, part, options, known, self.keras2, self.made, arguments, named)
        for name, value in named.items():
            plain = isinstance(value, (type(None), bool)) and value in HARMLESS
            if not plain and name in {"mask", "training", "initial_state", "attention_mask"}:
                raise unsupported(f"'{part.kind}' called with {name} has no layer here")
        found = handle(call)
        left = options.unread() if handle is not moves.nothing else ()
        if left:
            raise unsupported(f"'{part.kind}' with the option '{left[0][:60]}' has no layer here")
        return [found]

    def _only(self, rows: Sequence[int | None]) -> int | None:
        if len(rows) != 1:
            raise broken(f"a sequential model has one input, not {len(rows)}")
        return rows[0]


def _is_model(layer: Mapping[str, Any]) -> bool:
    config = layer.get("config")
    layers = config.get("layers") if isinstance(config, dict) else config
    return layer.get("class_name") in MODELS and isinstance(layers, list)


def _handler(layer: Mapping[str, Any], part: Part) -> Callable[[Call], int]:
    """What reads a layer: by its class, and by the module that the class is from.

    Raises:
        UnplacedError: no layer here expresses it.
    """
    kind, module = str(layer.get("class_name")), layer.get("module")
    found = LAYERS.get(kind)
    if module is not None:
        found = found if module == "keras.layers" else moves.APPLICATIONS.get((str(module), kind))
        if str(module).startswith(OPERATIONS_IN):
            found = operations.OPERATIONS.get(kind)
    if found is None:
        of = "" if module in {None, "keras.layers"} else f" of '{str(module)[:60]}'"
        raise unsupported(f"'{part.kind}'{of} has no layer here")
    return found
