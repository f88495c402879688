"""LSTM, GRU and RNN: cells that are carried along a sequence.

The file keeps the weights of all directions in one tensor (directions, gates x units, inputs), the
gates in an order of its own. Sequences are (steps, batch, channels), outputs (steps, directions,
batch, units); of the last state (directions, batch, units).
Source: https://onnx.ai/onnx/operators/onnx__LSTM.html
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from cnncalc.exchange.onnx.model import unsupported
from cnncalc.exchange.onnx.parts import as_axes
from cnncalc.exchange.onnx.values import ZEROS, Activation, Constant, ManyAxes, picked
from cnncalc.exchange.sizes import text
from cnncalc.exchange.wire import broken
from cnncalc.layers._recurrent import Recurrent

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cnncalc.exchange.onnx.rows import Call, Row
    from cnncalc.network import Stored

SEQUENCE = 3  # axes: steps, batch, channels


class Kind(NamedTuple):
    """One operator: its layer type, its gates in the order of PyTorch, what squeezes them."""

    type: str
    gates: tuple[int, ...]  # of PyTorch's gates, the place of each among the file's
    activations: tuple[str, ...]


KINDS = {
    "LSTM": Kind("lstm", (0, 2, 3, 1), ("Sigmoid", "Tanh", "Tanh")),
    "GRU": Kind("gru", (1, 0, 2), ("Sigmoid", "Tanh")),
    "RNN": Kind("rnn", (0,), ("Tanh",)),
}
DIRECTIONS = {"forward": 1, "reverse": 1, "bidirectional": 2}


def recurrent(call: Call) -> list[Activation | ManyAxes | None]:
    """The states after every step, or the last one alone where nothing reads the others.

    Raises:
        UnplacedError: a setting has no counterpart, or the state of an LSTM's memory is read.
    """
    kind = KINDS[call.operator.type]
    word = _direction(call)
    directions = DIRECTIONS[word]
    _refuse_settings(call, kind, directions)
    x = call.map()
    if len(x.dims) != SEQUENCE:
        raise broken(f"it reads {text(x.dims)}, which is no sequence")
    steps, batch, channels = x.dims
    weights = _Weights(call, kind, directions, channels)
    _refuse_states(call, (directions, batch, weights.units), steps)
    every, last, *_ = [*map(call.is_read, range(2)), False, False]
    before = len(call.rows.rows)
    source = call.plain(
        Activation(x.row, (x.axes[1], x.axes[2], x.axes[0]), (batch, channels, steps))
    )
    call.rows.name_beside(before)
    fields = {"units": weights.units, "bidirectional": directions > 1, "bias": weights.biases > 0}
    fields["reverse"] = word == "reverse"
    if weights.biases == 1:
        fields["biases"] = 1
    if kind.type == "gru":
        fields["reset_after"] = call.whole("linear_before_reset", 0) != 0
    only_last = last and not every
    row = _on_top(call, kind, x, source, weights, fields | {"last": only_last})
    if row is None:
        row = call.add(kind.type, source, stored=weights.named(0), last=only_last, **fields)
    states = (batch, directions, weights.units)
    if only_last:
        return [None, as_axes(call, ManyAxes(row, states, (1, 0, 2)))]
    out = as_axes(call, ManyAxes(row, (*states, steps), (3, 1, 0, 2)))
    if not last:
        return [out]
    return [out, as_axes(call, ManyAxes(_last_states(call, row, steps), states, (1, 0, 2)))]


def _direction(call: Call) -> str:
    word = call.word("direction", "forward")
    if word not in DIRECTIONS:
        raise unsupported(f"'{call.operator.type}' with direction={word} has no layer here")
    return word


def _refuse_settings(call: Call, kind: Kind, directions: int) -> None:
    """Raise UnplacedError for attributes that no layer has."""
    attributes = call.operator.attributes
    usual: dict[str, tuple[object, ...]] = {
        "layout": (0,), "input_forget": (0,), "activation_alpha": ((),), "activation_beta": ((),),
        "activations": ((), kind.activations * directions),
    }  # fmt: skip
    for name in ("clip", *usual):
        if name in attributes and attributes[name] not in usual.get(name, ()):
            raise unsupported(
                f"'{call.operator.type}' with {name}={_written(attributes[name])} has no layer here"
            )


def _written(value: object) -> str:
    """An attribute as messages write it."""
    return f"[{', '.join(map(str, value))}]" if isinstance(value, tuple) else str(value)


def _refuse_states(call: Call, dims: tuple[int, ...], steps: int) -> None:
    """Raise UnplacedError for sequences that end early, first states, and peepholes."""
    type_ = call.operator.type
    lengths = call.constant(4)
    if lengths is not None and set(call.read(lengths)) != {steps}:
        raise unsupported(f"'{type_}' with sequence_lens has no layer here")
    for place, name in ((5, "initial_h"), (6, "initial_c")):
        if not call.given(place):
            continue
        value = call.value(place)
        if not (isinstance(value, Constant) and _is_zero(value)):
            raise unsupported(f"'{type_}' with {name} other than zeros has no layer here")
        if value.dims != dims:
            raise broken(f"{name} is {text(value.dims)}, not {text(dims)}")
    if call.given(7):
        raise unsupported(f"'{type_}' with peepholes (P) has no layer here")


def _is_zero(constant: Constant) -> bool:
    """Whether every number is 0; of a tensor too large to be read, nobody knows."""
    if constant.only is not None:
        return constant.only == 0
    numbers = constant.numbers()
    return numbers is not None and not any(numbers)


class _Weights:
    """The weights of an operator, checked, and which of the file's numbers each parameter is."""

    def __init__(self, call: Call, kind: Kind, directions: int, channels: int) -> None:
        self.call = call
        self.kind = kind
        self.directions = directions
        inner, outer, bias = (call.constant(place) for place in (1, 2, 3))
        if inner is None or outer is None:
            raise broken("its weights are left out")
        self.units = outer.dims[-1] if outer.dims else 0
        rows = len(kind.gates) * self.units
        if call.whole("hidden_size", self.units) != self.units or self.units < 1:
            raise broken(f"hidden_size is not the {self.units} units of its weights")
        for constant, size in ((inner, channels), (outer, self.units)):
            if constant.dims != (directions, rows, size):
                raise broken(
                    f"its weights are {text(constant.dims)}, not {directions}x{rows}x{size}"
                )
        if bias is not None and bias.dims != (directions, 2 * rows):
            raise broken(f"its biases are {text(bias.dims)}, not {directions}x{2 * rows}")
        if bias is not None and bias.stored is None and bias.pieces is None and bias.only == 0:
            bias = None  # one zero, spread
        self.channels = channels
        self.constants = (inner, outer, bias)
        self.biases = self._biases()

    def _biases(self) -> int:
        """How many biases a unit has: those of the state may be zeros that nobody stores."""
        bias = self.constants[2]
        if bias is None:
            return 0
        of_states = [list(self._runs(1, 2 * way + 1)) for way in range(self.directions)]
        pieces = picked(bias, (run for runs in of_states for run in runs))
        return 1 if pieces and all(piece.stored is ZEROS for piece in pieces) else 2

    def named(self, layer: int) -> dict[str, Stored | None]:
        """The parameters of a layer with their numbers in the file."""
        inner, outer, bias = self.constants
        found: dict[str, Stored | None] = {}
        for way, end in enumerate(("", "_reverse")[: self.directions]):
            suffix = f"l{layer}{end}"
            parts = [
                ("weight_ih", inner, self.channels, 0, 1),
                ("weight_hh", outer, self.units, 0, 1),
            ]
            if bias is not None and self.biases == 1:
                parts += [("bias", bias, 1, 0, 2)]
            elif bias is not None:
                parts += [("bias_ih", bias, 1, 0, 2), ("bias_hh", bias, 1, 1, 2)]
            for name, constant, size, half, halves in parts:
                if constant is not None:
                    found[f"{name}_{suffix}"] = self._part(constant, size, way * halves + half)
        return found

    def _part(self, constant: Constant, size: int, block: int) -> Stored:
        """The numbers of one parameter; a block has all gates, each with `size` numbers a unit."""
        runs = list(self._runs(size, block))
        pieces = picked(constant, runs)
        owners = {piece.stored.name for piece in pieces or ()}
        if not pieces or len(owners) != 1 or pieces[0].stored is ZEROS:
            raise self.call.computed_weights()
        stored = pieces[0].stored
        places = tuple((piece.start, piece.stop) for piece in pieces)
        whole = places == ((0, stored.size),) and stored.runs is None
        return stored if whole else stored._replace(runs=places)

    def _runs(self, size: int, block: int) -> Iterator[tuple[int, int]]:
        length = self.units * size
        for gate in self.kind.gates:
            start = (block * len(self.kind.gates) + gate) * length
            yield start, start + length


def _on_top(
    call: Call,
    kind: Kind,
    x: Activation,
    source: int,
    weights: _Weights,
    fields: Mapping[str, int],
) -> int | None:
    """The row below with one layer more, where a file wrote the layers of one module; else None.

    They are operators of the same path, of which the upper one alone reads the lower one.
    """
    below = call.row(x)
    layer = below.layer
    if source != x.row or not isinstance(layer, Recurrent) or not call.alone(x):
        return None
    if layer.type != kind.type or layer.last or not _same_module(call, below):
        return None
    if any(getattr(layer, name) != value for name, value in fields.items() if name != "last"):
        return None
    taller = replace(layer, layers=layer.layers + 1, last=fields["last"])  # type: ignore[type-var]
    added = {name: each for name, each in weights.named(layer.layers).items() if each is not None}
    operator = below.operator or call.operator
    return call.rows.add(taller, below.inputs, operator, {**below.stored, **added})


def _same_module(call: Call, below: Row) -> bool:
    """Whether the paths of two nodes say that they are parts of one module."""
    paths = [each.name.rpartition("/")[0] for each in (call.operator, below.operator) if each]
    return len(paths) == 2 and paths[0] == paths[1] and paths[0] != ""  # noqa: PLR2004 - both


def _last_states(call: Call, row: int, steps: int) -> int:
    """A row of each direction's last state, where the states before are read as well.

    A backward direction ends at the first step.
    """
    layer: Any = call.rows.rows[row].layer
    call.rows.reads[row] += 1
    ends = []
    for way, (_, backward) in enumerate(layer.ways):
        begin, end = 0 if backward else steps - 1, row
        if steps > 1:
            end = call.add("crop", row, begin=(begin,), end=(steps - 1 - begin,))
        if layer.directions > 1:
            end = call.add("slice", end, start=way * layer.units, stop=(way + 1) * layer.units)
        ends.append(end)
    joined = call.add("concat", *ends) if len(ends) > 1 else ends[0]
    return call.add("flatten", joined)


OPERATORS = dict.fromkeys(KINDS, recurrent)
