"""Network -> Keras 3: `keras.Sequential` of a chain, else the functional API, channels last.

Parts that are alike share a function, whose arguments are the numbers that differ. Layers are
called as the network's rows, with underscores for dots.
"""

from __future__ import annotations

import re
from math import prod
from textwrap import wrap
from typing import TYPE_CHECKING, NamedTuple

from cnncalc.errors import CnncalcError, Diagnostic
from cnncalc.exchange.targets import USUALLY, Exported, NoCounterpart, TargetOptions
from cnncalc.exchange.targets._arguments import generalized
from cnncalc.exchange.targets._code import (
    WIDTH,
    Call,
    Listed,
    definition,
    flat,
    shape_of,
    statement,
)
from cnncalc.exchange.targets._keras_helpers import HELPERS, LOAD_WEIGHTS
from cnncalc.exchange.targets._keras_layers import (
    KEEPS_SIGN,
    NON_NEGATIVE,
    Place,
    activation,
    is_elementwise,
    piece,
)
from cnncalc.exchange.targets._names import docstring, identifier, unused
from cnncalc.exchange.targets._parts import Parts, notes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnncalc.exchange.targets import Laid
    from cnncalc.exchange.targets._code import Code
    from cnncalc.exchange.targets._keras_layers import Piece, Step
    from cnncalc.exchange.targets._parts import Bound, Part, Unit
    from cnncalc.network import Network, Node
    from cnncalc.shapes import Shape

ARGUMENTS = ("filters", "units", "strides", "groups")
CALLED = frozenset({"function"})
TAKES_ACTIVATION = frozenset({"conv", "dwconv", "conv_transpose", "fc", "linear"})
MODULES = frozenset({"keras", "layers", "ops", "math", "np"})
# Names that Keras gives to operations by itself, which no layer may have beside them.
OPERATIONS = re.compile(
    r"(absolute|add|celu|clip|divide|gelu|get_item|glu|greater|input|input_layer|leaky_relu"
    r"|matmul|max|mean|min|multiply|ones_like|pad|reshape|softplus|std|subtract|sum|transpose"
    r"|true_divide|where)(_\d+)?"
)


def write(network: Network, options: TargetOptions = USUALLY) -> Exported:
    """The network as code for Keras; without `nested` in a single function.

    Sides that only training uses are left out.

    Raises:
        CnncalcError: "no-counterpart" where Keras has nothing that computes what a layer does.
    """
    return _Writer(network, options).export()


class _Body(NamedTuple):
    """What a function does: what it reads, its statements, and what it returns."""

    inputs: tuple[str, ...]
    statements: tuple[tuple[str, Code], ...]
    returned: tuple[str, ...]


class _Writer:
    def __init__(self, network: Network, options: TargetOptions) -> None:
        self.network = network
        self.options = options
        self.parts = Parts(network, _attribute)
        self.squeezed: set[int] = set()  # tensors without their axes of size 1
        self.flattened: dict[int, Shape] = {}  # those in the order of Keras, and of what map
        self.non_negative: set[int] = set()
        self.pieces = {node.index: self._piece(node) for node in self.parts.kept}
        roots = {node.shared_with for node in self.parts.kept}
        self.shared = {n.index for n in self.parts.kept if n.index in roots or n.shared_with}
        self.fused = dict(self._fused())  # activations, and the layers that apply them
        self.acting = {row: act for act, row in self.fused.items()}
        self.taken = {*MODULES, *HELPERS, "model", "name", "load_weights"}
        self.title = unused(identifier(network.name, otherwise="model").lower(), self.taken)
        self.layer_names = self._layer_names()
        self.model_name = unused(self.title, {*self._every_name()})
        self._decide(self.parts.root)
        self.calls: dict[tuple[str, ...], Call] = {}  # the function of a part, and its numbers
        self.functions: list[str] = []
        self.layers_of: dict[int, str] = {}  # variables of layers that several rows use

    # -- rows

    def _piece(self, node: Node) -> Piece:
        source = node.inputs[0]
        place = Place(
            self.flattened.get(source),
            source in self.squeezed,
            self._is_dense(node.index),
            all(index in self.non_negative for index in node.inputs),
        )
        try:
            self._refuse_tied(node)
            made = piece(node.layer, self.network.shapes_into(node), node.shape, place)
        except NoCounterpart as problem:
            message = f"'{node.name}' ({node.layer.type}) has no counterpart in Keras: {problem}"
            raise CnncalcError(Diagnostic("error", "no-counterpart", message, node.span)) from None
        self._follow(node, place)
        return made

    def _refuse_tied(self, node: Node) -> None:
        """Raise NoCounterpart for a layer without a weight of its own."""
        if self.parts.tied_to(node) is not None:
            raise NoCounterpart("its weight is another layer's, transposed")

    def _follow(self, node: Node, place: Place) -> None:
        """Note how the numbers of a row's output lie in Keras."""
        kind, source = node.layer.type, node.inputs[0]
        if kind in NON_NEGATIVE or (kind in KEEPS_SIGN and place.non_negative):
            self.non_negative.add(node.index)
        is_global = kind in ("gap", "gmp") or (kind == "adaptivepool" and node.shape.size == 1)
        is_global |= kind == "adaptivepool" and set(node.shape.spatial) == {1}
        if is_elementwise(node.layer):
            if source in self.squeezed:
                self.squeezed.add(node.index)
            if source in self.flattened:
                self.flattened[node.index] = self.flattened[source]
        elif is_global and node.shape.rank and place.dense:
            self.squeezed.add(node.index)
        elif kind == "flatten" and place.dense and not place.squeezed:
            self.flattened[node.index] = self.network.nodes[source].shape

    def _is_dense(self, index: int) -> bool:
        """Whether only fully connected layers read a tensor, if through others number by number."""
        if index in self.parts.outputs:
            return False
        readers = [self.network.nodes[reader] for reader in self.parts.readers[index]]
        return all(
            node.layer.type == "fc"
            or (node.layer.type == "flatten" and self._is_dense(node.index))
            or (is_elementwise(node.layer) and self._is_dense(node.index))
            for node in readers
        )

    def _fused(self) -> Iterator[tuple[int, int]]:
        """The activations that the layer before them takes as an argument, and this layer."""
        for node in self.parts.kept:
            if activation(node.layer) is None:
                continue
            (source,) = node.inputs
            before = self.network.nodes[source]
            if (
                before.layer.type in TAKES_ACTIVATION
                and self.parts.readers[source] == [node.index]
                and source not in self.parts.outputs
                and source not in self.shared
                and self.parts.paths[source][:-1] == self.parts.paths[node.index][:-1]
                and self.pieces[source].steps[-1].suffix == ""
                and not self.pieces[source].helpers
            ):
                yield node.index, source

    def _layer_names(self) -> dict[tuple[int, str], str]:
        """What the layers of Keras are called, by row and suffix."""
        taken: set[str] = {self.title}
        inputs = {(n.index, ""): _keras_name(n.name, taken) for n in self.network.inputs}
        rows = {(n.index, ""): _keras_name("_".join(self.parts.paths[n.index]), taken)
                for n in self.parts.kept}  # fmt: skip
        more = {
            (node.index, step.suffix): unused(f"{rows[node.index, '']}{step.suffix}", taken)
            for node in self.parts.kept
            for step in self.pieces[node.index].steps
            if step.suffix and node.shared_with is None
        }
        return inputs | rows | more

    def _every_name(self) -> Iterator[str]:
        yield from self.layer_names.values()

    # -- parts

    def _decide(self, part: Part) -> None:
        """What becomes of a part: a function, if it is used again, or statements around it."""
        for child in part.children.values():
            self._decide(child)
        if not part.children:
            return
        part.height = 1 + max(child.height for child in part.children.values())
        inside = set(part.rows)
        lends = any(n.shared_with in inside and n.index not in inside for n in self.parts.kept)
        has_weights = any(self.pieces[row].weights for row in part.rows)
        several = len(inside - set(self.fused)) > 1
        if (
            self.options.nested and part is not self.parts.root and several and not lends
            and has_weights and self.parts.is_closed(part) and self._has_prefix(part)
        ):  # fmt: skip
            part.kind = "function"

    def _has_prefix(self, part: Part) -> bool:
        start = f"{'_'.join(part.path)}_"
        names = (name for (row, _), name in self.layer_names.items() if row in set(part.rows))
        return all(name.startswith(start) for name in names)

    def _write_functions(self, parts: list[Part]) -> None:
        """One function for all parts that differ in numbers alone; none for what is there once."""
        alike: dict[object, list[tuple[Part, _Body]]] = {}
        for part in parts:
            body = self._body(part)
            shapes = tuple((target, shape_of(code)) for target, code in body.statements)
            alike.setdefault((body.inputs, shapes, body.returned), []).append((part, body))
        for group in alike.values():
            if len(group) == 1:
                group[0][0].kind = "inline"
            else:
                self._write_function(group)

    def _write_function(self, group: list[tuple[Part, _Body]]) -> None:
        part, body = group[0]
        general = generalized([[c for _, c in each.statements] for _, each in group])
        word = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", self.parts.name_of_call(part)).lower()
        name = unused(identifier(word), self.taken)
        targets = [target for target, _ in body.statements]
        head = [*body.inputs, *general.head, "*", "name"]
        lines = [*definition(name, head, 0), f'    """{docstring(f"As {_dotted(part)}.")}"""']
        for target, code in zip(targets, general.code, strict=True):
            lines += statement(target, code, 4)
        lines.append(f"    return {', '.join(body.returned)}")
        self.functions.append("\n".join(lines))
        for place, (each, _) in enumerate(group):
            self.calls[each.path] = Call(name, *general.given(place))

    # -- statements

    def _body(self, part: Part) -> _Body:
        self.layers_of = {}
        units = self._units(part)
        entries, results = self.parts.ends(part)
        taken = {"x", "out", "inputs", *ARGUMENTS, *self.taken}
        names: dict[int, str] = {}
        for index in entries:
            if len(entries) > 1:
                names[index] = unused(self._local_name(index), taken)
            else:
                names[index] = "inputs" if part is self.parts.root else "x"
        inputs = tuple(names[index] for index in entries)
        found: list[tuple[str, Code]] = []
        flow = self.parts.flow(
            (entries, results), units, names, lambda index: unused(self._local_name(index), taken)
        )
        for bound in flow:
            found += self._statements(part, bound, taken)
        return _Body(inputs, tuple(found), tuple(names[index] for index in results))

    def _units(self, part: Part) -> list[Unit]:
        """The steps of a part, activations with the layers that apply them."""
        units = self.parts.units(part, CALLED)
        return [
            unit._replace(writes=self.acting.get(unit.row, unit.writes)) if unit.part is None
            else unit
            for unit in units
            if unit.part is not None or unit.row not in self.fused
        ]  # fmt: skip

    def _statements(self, part: Part, bound: Bound, taken: set[str]) -> Iterator[tuple[str, Code]]:
        """What a unit does to the tensors that it reads, as targets and code."""
        unit, reads = bound.unit, bound.reads
        target = f"{bound.written} = "
        if unit.part is not None:
            call = self.calls[unit.part.path]
            name = ("name", self._name_code(part, "_".join(unit.part.path)))
            yield target, Call(call.function, (*reads, *call.arguments), (*call.named, name))
            return
        steps = self.pieces[unit.row].steps
        if not steps and reads[0] != bound.written:
            yield target, reads[0]
        for step in steps:
            made: Code = ""
            if step.layer is not None:
                made = self._made(part, unit.row, step)
                if unit.row in self.shared:
                    yield from self._kept_layer(unit.row, step, made, taken)
                    made = self.layers_of[self._owner(unit.row)] if step.suffix == "" else made
            code = step.apply(made, reads)
            if flat(code) != bound.written:
                yield target, code
            reads = (bound.written,)

    def _made(self, part: Part, row: int, step: Step) -> Code:
        """The layer of a step, with the arguments that it has from its row."""
        layer = step.layer
        assert layer is not None  # noqa: S101 - asked before
        more: list[tuple[str, Code]] = []
        act = self.acting.get(row)
        if step.suffix == "" and act is not None:
            more.append(("activation", activation(self.network.nodes[act].layer) or ""))
        if self.network.nodes[row].frozen and self.pieces[row].weights and step.suffix == "":
            more.append(("trainable", "False"))
        name = self.layer_names.get((row, step.suffix))
        if name is None:  # a step without weights of a row that shares those of another
            name = unused(f"{self.layer_names[row, '']}{step.suffix}", set())
        more.append(("name", self._name_code(part, name)))
        return layer._replace(named=(*layer.named, *more))

    def _owner(self, row: int) -> int:
        root = self.network.nodes[row].shared_with
        return row if root is None else root

    def _kept_layer(
        self, row: int, step: Step, made: Code, taken: set[str]
    ) -> Iterator[tuple[str, Code]]:
        """The statement that keeps a layer which other rows use too."""
        owner = self._owner(row)
        if step.suffix == "" and owner not in self.layers_of:
            name = unused(f"{self._local_name(owner)}_layer", taken)
            self.layers_of[owner] = name
            yield f"{name} = ", made

    def _name_code(self, part: Part, name: str) -> str:
        if part is self.parts.root:
            return f'"{name}"'
        return f'f"{{name}}{name[len("_".join(part.path)) :]}"'

    def _local_name(self, index: int) -> str:
        node = self.network.nodes[index]
        name = self.parts.paths[index][-1] if index in self.parts.paths else node.name
        return identifier(name, otherwise="part")[:24]

    # -- the file

    def export(self) -> Exported:
        """The whole file."""
        parts = [part for part in self.parts.below(self.parts.root) if part.kind == "function"]
        for height in sorted({part.height for part in parts}):
            self._write_functions([part for part in parts if part.height == height])
        model = "\n".join(self._sequential() if self._is_chain() else self._functional())
        loading = [LOAD_WEIGHTS.rstrip("\n")] if self.options.loading else []
        pieces = [*self._helpers(), *self.functions, model, *loading, self._tail()]
        text = "\n\n\n".join([self._head("\n".join(pieces)), *pieces])
        layout = tuple(self._layout())
        names: dict[str, str] = {}
        for laid in layout:
            for source, _, _ in laid.pieces:
                names.setdefault(source, laid.name)
        return Exported(f"{text}\n", names, notes(self.network, self.parts.left_out), layout)

    def _is_chain(self) -> bool:
        """Whether the network is a list of layers, each of which reads the one before it."""
        before = [node.index for node in self.network.inputs]
        for node in self.parts.kept:
            plain = all(step.is_plain for step in self.pieces[node.index].steps)
            skipped = not self.pieces[node.index].steps
            if list(node.inputs) != before or not (plain or skipped) or node.index in self.shared:
                return False
            before = [node.index]
        has_layers = any(made.steps for made in self.pieces.values())
        return not self.functions and self.parts.outputs == before and has_layers

    def _sequential(self) -> Iterator[str]:
        root = self.parts.root
        items: list[Code] = [self._input(self.network.inputs[0])]
        for unit in self._units(root):
            items += [self._made(root, unit.row, step) for step in self.pieces[unit.row].steps]
        yield from self._model_head()
        named = (("name", f'"{self.model_name}"'),)
        yield from statement("return ", Call("keras.Sequential", (Listed(tuple(items)),), named), 4)

    def _functional(self) -> Iterator[str]:
        root = self.parts.root
        body = self._body(root)
        yield from self._model_head()
        for name, node in zip(body.inputs, self.network.inputs, strict=True):
            yield from statement(f"{name} = ", self._input(node), 4)
        for target, code in body.statements:
            yield from statement(target, code, 4)
        ends = [
            each[0] if len(each) == 1 else Listed(each) for each in (body.inputs, body.returned)
        ]
        named = (("name", f'"{self.model_name}"'),)
        yield from statement("return ", Call("keras.Model", tuple(ends), named), 4)

    def _model_head(self) -> Iterator[str]:
        yield f"def {self.title}():"
        yield f'    """{docstring(self.network.name).strip()}"""'
        turned = [self.layer_names[node.index, ""] for node in self.parts.kept if self._turns(node)]
        if turned:
            told = (
                "A flattened map has its channels last here, and first in PyTorch. The rows of a "
                f"kernel that reads one are in that order: {', '.join(turned)}."
            )
            pad = "    # "
            yield from wrap(
                told, WIDTH, initial_indent=pad, subsequent_indent=pad, break_long_words=False
            )

    def _turns(self, node: Node) -> bool:
        """Whether the kernel of a row depends on the order in which a map is flattened."""
        if node.layer.type != "fc" or node.shared_with is not None:
            return False
        shape = self.flattened.get(node.inputs[0]) or self.network.shapes_into(node)[0]
        return 1 not in (shape.channels, prod(shape.spatial))

    def _input(self, node: Node) -> Call:
        sizes = [*node.shape.spatial, node.shape.channels]
        shape = f"({sizes[0]},)" if len(sizes) == 1 else f"({', '.join(map(str, sizes))})"
        return Call("keras.Input", (shape,), (("name", f'"{self.layer_names[node.index, ""]}"'),))

    def _helpers(self) -> list[str]:
        used = {name for made in self.pieces.values() for name in made.helpers}
        return [HELPERS[name].rstrip("\n") for name in HELPERS if name in used]

    def _head(self, code: str) -> str:
        network = self.network
        sizes = " and ".join(node.shape.text("HWC", " x ") for node in network.inputs)
        lines = [f'"""{docstring(network.name).strip()}', ""]
        lines += [f"Written by cnncalc. Input: {sizes}, behind the batch.", '"""', ""]
        lines += ["import math", ""] if "math." in code else []
        lines += ["import keras"] + (["import numpy as np"] if "np." in code else [])
        used = [name for name in ("layers", "ops") if re.search(rf"\b{name}\.", code)]
        lines += [f"from keras import {', '.join(used)}"] if used else []
        return "\n".join(lines)

    def _tail(self) -> str:
        return f'if __name__ == "__main__":\n    {self.title}().summary()'

    def _layout(self) -> Iterator[Laid]:
        for node in self.parts.kept:
            if node.shared_with is None:
                at = self.layer_names[node.index, ""]
                for laid in self.pieces[node.index].weights:
                    pieces = tuple((f"{node.name}.{p}", a, b) for p, a, b in laid.pieces)
                    joint = "" if laid.name.startswith("_") else "/"
                    yield laid._replace(name=f"{at}{joint}{laid.name}", pieces=pieces)


def _dotted(part: Part) -> str:
    return ".".join(part.path)


def _attribute(word: str, taken: set[str]) -> str:
    """The word as part of a layer's name."""
    return unused(_harmless(word) or "part", taken)


def _harmless(word: str) -> str:
    """Letters, digits and underscores of a text."""
    return re.sub(r"\W+", "_", word, flags=re.ASCII).strip("_")


def _keras_name(name: str, taken: set[str]) -> str:
    """A name for a layer, which Keras gives to nothing by itself."""
    name = _harmless(name) or "layer"
    name = f"layer_{name}" if name[0].isdigit() else name
    return unused(f"{name}_layer" if OPERATIONS.fullmatch(name) else name, taken)
