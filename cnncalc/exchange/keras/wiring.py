"""Which tensors the layers of a functional model of Keras read, and in which order they run."""

from __future__ import annotations

from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING, Any, NamedTuple

from cnncalc.exchange.keras.call import Reference
from cnncalc.exchange.wire import broken
from cnncalc.shapes import Shape

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from cnncalc.exchange.sizes import OpenDims

MOST_NODES = 200_000
TENSOR = "__keras_tensor__"
MODELS = frozenset({"Functional", "Sequential", "Model"})
CALLED_TWICE = frozenset({"Functional", "Model"})  # by Keras 3
HISTORY = 3  # layer, call, output


class Node(NamedTuple):
    """One call of a layer."""

    name: str
    call: int  # which call of the layer, as references count them
    place: int  # of the layer in the file
    layer: Mapping[str, Any]
    arguments: Sequence[Any]
    named: Mapping[str, Any]
    reads: tuple[Reference, ...]
    written: object = None  # as it stands in the file: a list in Keras 2


class Wiring:
    """The calls of a functional model, and what it takes in and puts out."""

    def __init__(self, document: Mapping[str, Any], layers: Sequence[Mapping[str, Any]]) -> None:
        config = document["config"]
        self.declared: dict[Reference, OpenDims] = {}
        self.layers = {_name(layer): layer for layer in layers}
        self.inputs = tuple(self._references(config.get("input_layers")))
        self.outputs = tuple(self._references(config.get("output_layers")))
        self.nodes = [
            node for place, layer in enumerate(layers) for node in self._calls(place, layer)
        ]
        self._count_calls_from_0()
        if len(self.nodes) > MOST_NODES:
            raise broken(f"its layers are called more than {MOST_NODES:,} times")
        if not self.outputs:
            raise broken("it has no output")

    def input_dims(self, name: str) -> OpenDims:
        """The sizes of an input, those that are open as texts."""
        layer = self.layers.get(name, {})
        return input_layer_dims(layer)

    def ordered(self) -> Iterator[Node]:
        """The calls, each behind those that it reads, else in the order of the file.

        Raises:
            UnplacedError: one reads what nothing before it puts out.
        """
        at = {(node.name, node.call): number for number, node in enumerate(self.nodes)}
        waits = [0] * len(self.nodes)
        readers: dict[int, list[int]] = {}
        for number, node in enumerate(self.nodes):
            for each in {(read.layer, read.node) for read in node.reads}:
                if each not in at:
                    raise broken(f"'{node.name[:60]}' reads '{each[0][:60]}', which is not called")
                waits[number] += 1
                readers.setdefault(at[each], []).append(number)
        ready = [number for number, count in enumerate(waits) if count == 0]
        heapify(ready)
        done = 0
        while ready:
            number = heappop(ready)
            done += 1
            yield self.nodes[number]
            for reader in readers.get(number, ()):
                waits[reader] -= 1
                if waits[reader] == 0:
                    heappush(ready, reader)
        if done < len(self.nodes):
            stuck = next(number for number, count in enumerate(waits) if count > 0)
            raise broken(f"'{self.nodes[stuck].name[:60]}' reads what it leads to")

    def _calls(self, place: int, layer: Mapping[str, Any]) -> Iterator[Node]:
        name, nodes = _name(layer), layer.get("inbound_nodes") or []
        if not isinstance(nodes, list):
            raise broken(f"the inbound_nodes of '{name[:60]}' are no list")
        if not nodes:
            yield Node(name, 0, place, layer, (), {}, ())
        for index, node in enumerate(nodes):
            arguments, named = self._arguments(node)
            reads = tuple(_flat([arguments, named]))
            yield Node(name, index, place, layer, arguments, named, reads, node)

    def _arguments(self, node: object) -> tuple[list[Any], dict[str, Any]]:
        """What a call takes, with its tensors as references."""
        if isinstance(node, dict):  # Keras 3
            arguments, named = node.get("args") or [], node.get("kwargs") or {}
            if not isinstance(arguments, list) or not isinstance(named, dict):
                raise broken("a call has no args and kwargs")
            return (
                [self._seen(each) for each in arguments],
                {name: self._seen(value) for name, value in named.items()},
            )
        if not isinstance(node, list):
            raise broken("a call in inbound_nodes is neither a list nor a mapping")
        single = len(node) >= HISTORY and isinstance(node[0], str)
        named = {}
        references = []
        for entry in [node] if single else node:
            references.append(_reference(entry))
            if len(entry) > HISTORY and isinstance(entry[HISTORY], dict):
                named |= {name: _older(value) for name, value in entry[HISTORY].items()}
        return list(references), named

    def _seen(self, value: object) -> Any:
        """A value of Keras 3 with its tensors as references, whose shapes are noted."""
        if isinstance(value, list):
            return [self._seen(each) for each in value]
        if not isinstance(value, dict):
            return value
        if value.get("class_name") != TENSOR:
            return {name: self._seen(each) for name, each in value.items()}
        config = value.get("config")
        config = config if isinstance(config, dict) else {}
        reference = _reference(config.get("keras_history"))
        self.declared[reference] = dims_of(config.get("shape"))
        return reference

    def _references(self, written: object) -> Iterator[Reference]:
        """The tensors of input_layers or output_layers: one, several, or several by name."""
        if isinstance(written, dict):
            written = list(written.values())
        if not isinstance(written, list):
            raise broken("its input_layers or output_layers are no list")
        if written and isinstance(written[0], str):
            written = [written]
        for each in written:
            yield _reference(each)

    def _count_calls_from_0(self) -> None:
        """Count calls of models inside the model as those of layers are, the first as 0.

        Such a model has been called when it was made. Keras 2 counts that call in all references
        to it; Keras 3 in those of the outputs alone.
        """
        first = {name: 0 for name, layer in self.layers.items() if _is_model(layer)}
        if any(isinstance(node.written, list) for node in self.nodes):
            used = [*self.outputs, *(read for node in self.nodes for read in node.reads)]
            for name in first:
                first[name] = min((each.node for each in used if each.layer == name), default=0)
            self.nodes = [
                node._replace(reads=tuple(_earlier(read, first) for read in node.reads))
                for node in self.nodes
            ]
        else:
            functional = (name for name in first if self.layers[name]["class_name"] in CALLED_TWICE)
            first = dict.fromkeys(functional, 1)
        self.outputs = tuple(_earlier(each, first) for each in self.outputs)


def _is_model(layer: Mapping[str, Any]) -> bool:
    return layer.get("class_name") in MODELS


def _earlier(reference: Reference, first: Mapping[str, int]) -> Reference:
    """The reference with calls counted from 0."""
    return reference._replace(node=max(reference.node - first.get(reference.layer, 0), 0))


def model_layers(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The layers of a model. Raises UnplacedError where it has none, as one that is a class."""
    config, kind = document.get("config"), str(document.get("class_name"))[:60]
    layers = config.get("layers") if isinstance(config, dict) else config
    if kind not in MODELS or not isinstance(layers, list):
        raise broken(
            f"'{kind}' is a class of its own, whose layers stand in its code and not in the file"
        )
    if not layers or not all(isinstance(layer, dict) for layer in layers):
        raise broken(f"'{kind}' has no layers")
    if not all(isinstance(layer.get("class_name"), str) for layer in layers):
        raise broken(f"a layer of '{kind}' has no 'class_name'")
    if not isinstance(config, dict) and kind != "Sequential":
        raise broken(f"'{kind}' has no input_layers")
    return layers


def first_dims(
    document: Mapping[str, Any], layers: Sequence[Mapping[str, Any]]
) -> tuple[OpenDims, str]:
    """The sizes of a sequential model's input, and its name; no sizes where none are written."""
    config = document.get("config")
    config = config if isinstance(config, dict) else {}
    first = layers[0]
    name = _name(first) if first.get("class_name") == "InputLayer" else "in"
    inner = first
    for _ in range(len(MODELS)):  # a model may begin with a model
        dims = input_layer_dims(inner)
        nested = inner.get("config")
        within = nested.get("layers") if isinstance(nested, dict) else None
        if dims or not isinstance(within, list) or not within or not isinstance(within[0], dict):
            break
        inner = within[0]
    built = [config.get("build_input_shape"), _built(document), _built(first)]
    return dims or next(filter(None, map(dims_of, built)), ()), name


def input_layer_dims(layer: Mapping[str, Any]) -> OpenDims:
    """The sizes that an input layer, or the first layer of a Keras 2 model, says."""
    config = layer.get("config")
    config = config if isinstance(config, dict) else {}
    return dims_of(config.get("batch_shape") or config.get("batch_input_shape"))


def _built(layer: Mapping[str, Any]) -> object:
    built = layer.get("build_config")
    return built.get("input_shape") if isinstance(built, dict) else None


def dims_of(written: object) -> OpenDims:
    """Sizes as a tuple, those that are open as texts; empty where they are no sizes.

    >>> dims_of([None, 224, None, 3])
    ('N', 224, '?', 3)
    """
    if not isinstance(written, list) or not written:
        return ()
    if not all(each is None or (type(each) is int and 0 < each < 2**40) for each in written):
        return ()
    batch, *rest = written
    return (batch or "N", *(each or "?" for each in rest))


def shape_of(dims: OpenDims) -> Shape | None:
    """The shape of one sample where all its sizes are known and there are not too many."""
    sizes = [size for size in dims[1:] if isinstance(size, int)]
    if len(sizes) < len(dims) - 1 or not 1 <= len(sizes) <= 4:  # noqa: PLR2004 - with 3 axes
        return None
    return Shape(sizes[-1], tuple(sizes[:-1]))


def _name(layer: Mapping[str, Any]) -> str:
    config = layer.get("config")
    own = config.get("name") if isinstance(config, dict) else None
    return str(layer.get("name") or own or layer.get("class_name"))


def _reference(written: object) -> Reference:
    if not isinstance(written, list) or len(written) < HISTORY:
        raise broken(f"a tensor is {str(written)[:60]}, not a layer, its call and its output")
    layer, node, tensor = written[:HISTORY]
    if not isinstance(layer, str) or type(node) is not int or type(tensor) is not int:
        raise broken(f"a tensor is {str(written)[:60]}, not a layer, its call and its output")
    return Reference(layer, node, tensor)


def _older(value: object) -> Any:
    """A named argument of Keras 2, in which a tensor is a list of its history."""
    if isinstance(value, list) and len(value) == HISTORY and isinstance(value[0], str):
        return _reference(value)
    return value


def _flat(value: object) -> Iterator[Reference]:
    """The references in arguments, in order."""
    if isinstance(value, Reference):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _flat(each)
    elif isinstance(value, list):
        for each in value:
            yield from _flat(each)
