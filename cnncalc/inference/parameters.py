"""The numbers a network computes with: from a file, from the spec, or initial ones.

What the spec writes out (`weights:`, `bias_values:`) comes before initial values, and a file
before both. Nothing is decoded before the layer that needs it runs.
"""

from __future__ import annotations

from array import array
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Literal, NamedTuple

from cnncalc.errors import failure
from cnncalc.inference.initial import InitialWeights, initial
from cnncalc.inference.matching import RequiredTensor, by_name, by_order
from cnncalc.inference.stored import StoredTensor

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from cnncalc.inference.matching import Match
    from cnncalc.layers._base import Parameter
    from cnncalc.network import Network, Node

Origin = Literal["file", "spec", "initial"]


class WeightsFile(NamedTuple):
    """A weights file: its path, its tensors by name, and how they are matched."""

    path: str
    tensors: Mapping[str, StoredTensor]
    match: Match = "name"


class Parameters(NamedTuple):
    """Every parameter of a network by its full name, with where it comes from.

    `pairs` tells (parameter, name in the file) where they were matched by order.
    """

    stored: Mapping[str, StoredTensor] = {}
    origins: Mapping[str, Origin] = {}
    pairs: Sequence[tuple[str, str]] = ()

    def of(self, network: Network, node: Node) -> dict[str, Sequence[float]]:
        """The numbers of one row by parameter name, flat, in C order; empty where it has none.

        Raises CnncalcError where one is not there.
        """
        root = owner(network, node)
        values = {}
        for parameter in stored_by(network, root):
            values[parameter.name] = self._tensor(f"{root.name}.{parameter.name}").read()
        if root.tied_to is not None:
            tensor = self._tensor(f"{network.nodes[root.tied_to].name}.weight")
            values["weight"] = _tied(root, tensor).read()
        return values

    def _tensor(self, name: str) -> StoredTensor:
        if name not in self.stored:
            raise failure("weights-mismatch", f"there are no values for {name}")
        return self.stored[name]

    @property
    def tally(self) -> dict[str, int]:
        """How many tensors come from where."""
        return dict(Counter(self.origins.values()))


def owner(network: Network, node: Node) -> Node:
    """The row whose weights a row uses: itself, unless it shares."""
    return node if node.shared_with is None else network.nodes[node.shared_with]


def stored_by(network: Network, node: Node) -> tuple[Parameter, ...]:
    """The parameters that are stored for a row: of one that is tied not the weight."""
    parameters = used_by(network, node)
    return parameters if node.tied_to is None else parameters[1:]


def used_by(network: Network, node: Node) -> tuple[Parameter, ...]:
    """The parameters that a row computes with, whoever stores them."""
    return node.layer.parameters(*network.shapes_into(node)) if node.inputs else ()


def each(network: Network) -> Iterator[tuple[Node, Parameter, str]]:
    """Every parameter that is stored, in order: its row, itself, its full name.

    >>> from cnncalc.layers.fc import Fc
    >>> from cnncalc.network import chain
    >>> from cnncalc.shapes import Shape
    >>> [name for _, _, name in each(chain("net", Shape(4), [("fc1", Fc(units=2))]))]
    ['fc1.weight', 'fc1.bias']
    """
    for node in network.nodes:
        if node.shared_with is None:
            for parameter in stored_by(network, node):
                yield node, parameter, f"{node.name}.{parameter.name}"


def gather(
    network: Network, start: InitialWeights | None = None, file: WeightsFile | None = None
) -> Parameters:
    """The parameters of a network, every one of them; `start` says how those begin that are drawn.

    Raises CnncalcError where the tensors of the file are not the network's.

    >>> from cnncalc.layers.fc import Fc
    >>> from cnncalc.network import chain
    >>> from cnncalc.shapes import Shape
    >>> net = chain("net", Shape(4), [("fc1", Fc(units=2))])
    >>> gather(net, InitialWeights("zeros")).of(net, net.nodes[1])["bias"]
    array('f', [0.0, 0.0])
    """
    own = dict(_own(network, start or InitialWeights()))
    stored = {name: tensor for name, (tensor, _) in own.items()}
    origins = {name: origin for name, (_, origin) in own.items()}
    if file is None:
        return Parameters(stored, origins)
    matched, pairs = _matched(network, needed(network), file)
    from_file: dict[str, Origin] = dict.fromkeys(matched, "file")
    return Parameters({**stored, **matched}, {**origins, **from_file}, pairs)


def needed(network: Network) -> list[RequiredTensor]:
    """What a weights file has to hold, in order; what it may leave out is marked so.

    >>> from cnncalc.layers.fc import Fc
    >>> from cnncalc.network import chain
    >>> from cnncalc.shapes import Shape
    >>> needed(chain("net", Shape(4), [("fc1", Fc(units=2))]))[0]
    RequiredTensor(name='fc1.weight', dims=(2, 4), optional=False)
    """
    used = _used(network)
    return [
        RequiredTensor(
            name,
            parameter.dims,
            node.index not in used
            or _is_written_out(node, parameter)
            or _is_constant(node, parameter),
        )
        for node, parameter, name in each(network)
    ]


def _own(
    network: Network, start: InitialWeights
) -> Iterator[tuple[str, tuple[StoredTensor, Origin]]]:
    """What there is without a file."""
    for node, parameter, name in each(network):
        explicit = node.values or {}
        shapes = network.shapes_into(node)
        if parameter.name in explicit:
            values = array("d", explicit[parameter.name])
            yield name, (StoredTensor(parameter.dims, partial(_same, values)), "spec")
        elif explicit and parameter.name == "bias":  # an exercise that gives none means none
            zeros = array("d", [0.0]) * parameter.size
            yield name, (StoredTensor(parameter.dims, partial(_same, zeros)), "spec")
        else:
            draw = partial(initial, name, parameter, node.layer, shapes, start)
            yield name, (StoredTensor(parameter.dims, draw), "initial")


def _same(values: array[float]) -> array[float]:
    return values


def _is_written_out(node: Node, parameter: Parameter) -> bool:
    """Whether the spec gives a parameter's numbers; an exercise that gives no bias means none."""
    explicit = node.values or {}
    return bool(explicit) and (parameter.name in explicit or parameter.name == "bias")


def _used(network: Network) -> set[int]:
    """The rows whose numbers a forward pass needs."""
    owners = [owner(network, node) for node in network.nodes if not node.train_only]
    return {node.index for node in owners} | {node.tied_to or 0 for node in owners}


def _is_constant(node: Node, parameter: Parameter) -> bool:
    """Whether a buffer's numbers are fixed one by one, as a blur's filter: few files hold them."""
    value = node.layer.initial_value(parameter)
    return (
        parameter.role == "statistic" and value is not None and not isinstance(value, int | float)
    )


def _matched(
    network: Network, wanted: list[RequiredTensor], file: WeightsFile
) -> tuple[dict[str, StoredTensor], list[tuple[str, str]]]:
    if file.match == "order":
        required = [need for need in wanted if not need.optional]
        return by_order(file.path, required, file.tensors)
    return by_name(file.path, wanted, _without_copies(network, file)), []


def _without_copies(network: Network, file: WeightsFile) -> dict[str, StoredTensor]:
    """The tensors without those that a row using another's weights repeats number for number."""
    kept = dict(file.tensors)
    for copy, original, tied in _repeated(network):
        if copy in kept and original in kept:
            numbers = kept[original] if tied is None else _tied(tied, kept[original])
            if _equal(kept[copy], numbers):
                del kept[copy]
    return kept


def _repeated(network: Network) -> Iterator[tuple[str, str, Node | None]]:
    """What a file may hold twice: the copy, the original, and the row that has it transposed."""
    for node in network.nodes:
        root = owner(network, node)
        for parameter in stored_by(network, root) if root is not node else ():
            yield f"{node.name}.{parameter.name}", f"{root.name}.{parameter.name}", None
        if node.tied_to is not None:
            yield f"{node.name}.weight", f"{network.nodes[node.tied_to].name}.weight", node


def _tied(node: Node, stored: StoredTensor) -> StoredTensor:
    """The weight of a layer that uses the transposed one of another, which is stored there."""
    if node.layer.tie is None or not node.layer.tie.is_transposed:
        return stored
    units, columns = stored.dims

    def read() -> Sequence[float]:
        numbers = stored.read()
        return [number for column in range(columns) for number in numbers[column::columns]]

    return StoredTensor((columns, units), read)


def _equal(one: StoredTensor, other: StoredTensor) -> bool:
    return one.dims == other.dims and array("d", one.read()) == array("d", other.read())
