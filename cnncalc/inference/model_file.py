"""The weights of a model file, each read at its place when the layer that needs it runs."""

from __future__ import annotations

from array import array
from functools import partial
from itertools import product
from math import copysign, inf, prod
from typing import TYPE_CHECKING, NamedTuple

from cnncalc import files
from cnncalc.errors import failure
from cnncalc.exchange.onnx.model import StoredTensor as FileTensor
from cnncalc.exchange.onnx.model import read as read_model
from cnncalc.exchange.onnx.model import with_inner
from cnncalc.exchange.onnx.read import MOST_PIPED
from cnncalc.exchange.onnx.values import Later
from cnncalc.exchange.wire import Place
from cnncalc.inference.stored import StoredTensor, decode

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from cnncalc.exchange.onnx.model import Model
    from cnncalc.network import Network, Stored

DTYPES = {1: "F32", 10: "F16", 11: "F64", 16: "BF16", 2: "U8", 3: "I8", 6: "I32", 7: "I64"}


def holds_weights(network: Network) -> bool:
    """Whether a network was read from a model file that holds its weights."""
    return any(node.stored for node in network.nodes)


def read(network: Network) -> dict[str, StoredTensor]:
    """The tensors of a network's own model file, by the names of its parameters.

    Raises:
        CnncalcError: a tensor lies in another file, which is not opened, or was left out.
    """
    file: _File | None = None
    found = {}
    for node in network.nodes:
        if not node.stored or node.shared_with is not None:
            continue
        dims = {p.name: p.dims for p in node.layer.parameters(*network.shapes_into(node))}
        for parameter, stored in node.stored.items():
            name = f"{node.name}.{parameter}"
            if stored.numbers is not None:
                found[name] = StoredTensor(dims[parameter], partial(_held, stored))
                continue
            file = file or _File.of(network.file)
            found[name] = _tensor(file, stored, dims[parameter])
    return found


def _held(stored: Stored) -> Sequence[float]:
    """Numbers that no file stores as they are."""
    numbers = stored.numbers or ()
    return _changed(array("d", numbers) if isinstance(numbers, Later) else numbers, stored)


def _changed(numbers: Sequence[float], stored: Stored) -> Sequence[float]:
    if stored.change == "negative":
        return array("d", [-number for number in numbers])
    if stored.change == "inverse":
        return array("d", [1 / number if number else copysign(inf, number) for number in numbers])
    return numbers


class _File(NamedTuple):
    """A model file, and the constants that are written out in its graph."""

    path: str
    model: Model
    inline: Mapping[str, object]

    @classmethod
    def of(cls, path: str) -> _File:
        """The file at a path."""
        model = read_model(files.mapped(path, MOST_PIPED))
        inline: dict[str, object] = {}
        for name, tensor in _inner_tensors(model):
            if name in inline or name in model.stored:
                raise failure("bad-weights", f"{path} holds two tensors named '{name}'")
            inline[name] = tensor
        return cls(path, model, inline)


def _inner_tensors(model: Model) -> Iterator[tuple[str, object]]:
    """The tensors that operators hold, and the graphs within them."""
    for operator in with_inner(model.operators):
        for subgraph in operator.subgraphs:
            yield from subgraph.stored.items()
        if operator.type in {"Constant", "ConstantOfShape"}:
            yield from ((name, operator.attributes.get("value")) for name in operator.outputs)


def _tensor(file: _File, stored: Stored, dims: tuple[int, ...]) -> StoredTensor:
    path, model = file.path, file.model
    tensor = model.stored.get(stored.name) or file.inline.get(stored.name)
    if not isinstance(tensor, FileTensor):
        tensor = FileTensor(stored.name, (1,), 1)  # ConstantOfShape's own default, a zero
    if tensor.external:
        raise failure(
            "weights-elsewhere",
            f"the weights of {path} lie in another file, which is not opened: '{stored.name}'",
            help="save the model with its weights inside: onnx.save(onnx.load(FILE), 'whole.onnx')",
        )
    if tensor.kind not in DTYPES:
        raise failure("bad-weights", f"tensor '{stored.name}' of {path} holds no plain numbers")
    if stored.size != prod(dims):
        raise failure("bad-weights", f"tensor '{stored.name}' of {path} has another size")
    return StoredTensor(dims, partial(_numbers, model, stored, tensor))


def _numbers(model: Model, stored: Stored, tensor: FileTensor) -> Sequence[float]:
    """The numbers of a tensor in the order of its parameter."""
    numbers = _as_stored(model, tensor)
    size = prod(stored.dims)
    if len(numbers) != size:
        if tensor.size != 1 or len(numbers) > 1:
            message = f"tensor '{stored.name}' holds {len(numbers)} of {size} numbers"
            raise failure("bad-weights", message)
        numbers = array("d", [numbers[0] if numbers else 0.0]) * size  # of ConstantOfShape
    if stored.runs is not None:
        numbers = [number for start, stop in stored.runs for number in numbers[start:stop]]
    if stored.order is not None and stored.order != tuple(range(len(stored.dims))):
        numbers = _transposed(numbers, stored.dims, stored.order)
    return _changed(numbers, stored)


def _as_stored(model: Model, tensor: FileTensor) -> Sequence[float]:
    view = memoryview(model.data)
    if tensor.raw is not None:
        return decode(DTYPES[tensor.kind], view[tensor.raw.start : tensor.raw.stop])
    floats = [(field, place) for field, place in tensor.typed if isinstance(place, Place)]
    if len(floats) == 1 and floats[0][0] in {"float_data", "double_data"}:
        (field, place) = floats[0]
        return decode("F32" if field == "float_data" else "F64", view[place.start : place.stop])
    if not tensor.typed:
        return array("d")
    small = model.numbers(tensor)
    if small is None:
        raise failure("bad-weights", f"tensor '{tensor.name}' is written in a way that is not read")
    return array("d", small)


def _transposed(
    numbers: Sequence[float], dims: tuple[int, ...], order: tuple[int, ...]
) -> Sequence[float]:
    """The numbers with the axes in another order."""
    if order == (1, 0):
        columns = dims[1]
        return array("d", [v for column in range(columns) for v in numbers[column::columns]])
    steps = [prod(dims[axis + 1 :]) for axis in order]
    places = product(*(range(dims[axis]) for axis in order))
    return array(
        "d", [numbers[sum(p * s for p, s in zip(at, steps, strict=True))] for at in places]
    )
