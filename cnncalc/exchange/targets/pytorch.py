"""Network -> PyTorch: nested modules that follow the dotted names of its rows.

Parts that are alike share a class, whose arguments are the numbers that differ; numbered parts
in sequence are an `nn.Sequential`; layers without weights are function calls.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cnncalc.errors import CnncalcError, Diagnostic
from cnncalc.exchange.targets import USUALLY, Exported, NoCounterpart, TargetOptions
from cnncalc.exchange.targets._code import (
    Call,
    Number,
    definition,
    flat,
    numbers,
    replaced,
    shape_of,
    statement,
)
from cnncalc.exchange.targets._names import class_name, docstring, identifier, unused
from cnncalc.exchange.targets._pytorch_helpers import HELPERS
from cnncalc.exchange.targets._pytorch_layers import Piece, piece, tied_piece
from cnncalc.structure.arguments import Columns

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cnncalc.exchange.targets._code import Code
    from cnncalc.network import Network, Node
    from cnncalc.structure.tree import Term

# What every module has already, so that no part may be called so.
MODULE_ATTRIBUTES = frozenset((
    "T_destination", "add_module", "apply", "bfloat16", "buffers", "call_super_init", "children",
    "compile", "cpu", "cuda", "double", "dump_patches", "eval", "extra_repr", "float", "forward",
    "get_buffer", "get_extra_state", "get_parameter", "get_submodule", "half", "ipu",
    "load_state_dict", "modules", "mtia", "named_buffers", "named_children", "named_modules",
    "named_parameters", "parameters", "register_buffer", "register_module", "register_parameter",
    "requires_grad_", "self", "set_extra_state", "set_submodule", "share_memory", "state_dict",
    "to", "to_empty", "train", "training", "type", "xpu", "zero_grad",
))  # fmt: skip
# The names of arguments, by the kind of number that they stand for.
ARGUMENTS = {kind: kind for kind in (
    "in_channels", "out_channels", "in_features", "out_features", "channels", "stride", "groups",
)}  # fmt: skip
LONGEST_PLACE = 60  # characters by which a module is reached on the line of its call
LONGEST_CONTAINER = 40  # characters by which it is reached where its modules are made
WITH_DEFAULT = frozenset({"stride", "groups"})


def write(network: Network, options: TargetOptions = USUALLY) -> Exported:
    """The network as a module of PyTorch; without `nested` in a single class.

    Sides that only training uses are left out.

    Raises:
        CnncalcError: "no-counterpart" where PyTorch has nothing that computes what a layer does.
    """
    return _Writer(network, nested=options.nested).export()


class _Part:
    """A node of the tree of names: a row, or the rows whose names begin alike."""

    def __init__(self, path: tuple[str, ...]) -> None:
        self.path = path
        self.children: dict[str, _Part] = {}
        self.rows: list[int] = []  # of the network, in order
        self.is_row = False
        self.kind = "inline"  # or "row", "sequential", "class"
        self.height = 0

    @property
    def name(self) -> str:
        return self.path[-1] if self.path else ""


class _Body(NamedTuple):
    """What a class consists of: targets and the modules put there, and its `forward`."""

    inputs: tuple[str, ...]
    modules: tuple[tuple[str, Code], ...]
    forward: tuple[str, ...]


class _Unit(NamedTuple):
    """One step of a `forward`: a row, or a part that is called."""

    part: _Part | None
    row: int
    reads: tuple[int, ...]
    writes: int


class _Writer:
    def __init__(self, network: Network, *, nested: bool) -> None:
        self.network = network
        self.nested = nested
        self.left_out = _left_out(network)
        self.kept = [n for n in network.nodes if n.inputs and n.index not in self.left_out]
        self.order = {node.index: place for place, node in enumerate(self.kept)}
        self.outputs = [index for index in network.outputs if index not in self.left_out]
        self.readers: dict[int, list[int]] = {node.index: [] for node in network.nodes}
        for node in self.kept:
            for index in node.inputs:
                self.readers[index].append(node.index)
        self.pieces = {node.index: self._piece(node) for node in self.kept}
        self.paths = self._paths()
        self.root = self._tree()
        self.taken: set[str] = {*HELPERS, "F", "nn", "torch", "model", "math", "itertools"}
        self.title = unused(class_name(network.name), self.taken)
        self.code: dict[tuple[str, ...], Code] = {}  # what makes a part
        self.classes: list[str] = []

    def _piece(self, node: Node) -> Piece:
        try:
            made = piece if self._tied_to(node) is None else tied_piece
            return made(node.layer, self.network.shapes_into(node), node.shape)
        except NoCounterpart as problem:
            message = f"'{node.name}' ({node.layer.type}) has no counterpart in PyTorch: {problem}"
            raise CnncalcError(Diagnostic("error", "no-counterpart", message, node.span)) from None

    # -- names

    def _paths(self) -> dict[int, tuple[str, ...]]:
        """Where each row stands in the tree. A row below another row stands beside it."""
        rows = {node.name for node in self.kept}
        found: dict[int, tuple[str, ...]] = {}
        given: dict[tuple[str, ...], str] = {}  # path as written -> its name in Python
        siblings: dict[tuple[str, ...], set[str]] = {}
        for node in self.kept:
            words = node.name.split(".")
            cut = next((n for n in range(1, len(words)) if ".".join(words[:n]) in rows), None)
            if cut is not None:
                words = [*words[: cut - 1], "_".join(words[cut - 1 :])]
            path: tuple[str, ...] = ()
            for depth in range(1, len(words) + 1):
                key = tuple(words[:depth])
                if key not in given:
                    given[key] = _attribute(key[-1], siblings.setdefault(path, set()))
                path = (*path, given[key])
            found[node.index] = path
        return found

    def _tree(self) -> _Part:
        root = _Part(())
        for node in self.kept:
            part = root
            part.rows.append(node.index)
            for name in self.paths[node.index]:
                part = part.children.setdefault(name, _Part((*part.path, name)))
                part.rows.append(node.index)
            part.is_row, part.kind = True, "row"
        self._decide(root)
        root.kind = "class"
        return root

    def _decide(self, part: _Part) -> None:
        """What becomes of a part: a class, a sequence, or rows of the class around it."""
        for child in part.children.values():
            self._decide(child)
        if not part.children:  # a row, or a network without layers
            return
        part.height = 1 + max(child.height for child in part.children.values())
        if not self.nested or len(part.rows) == 1 or not self._is_closed(part):
            return
        if self._is_sequence(part):
            part.kind = "sequential"
        elif not any(name.isdigit() for name in part.children):
            part.kind = "class"

    def _is_closed(self, part: _Part) -> bool:
        """Whether a part can be a call: rows in sequence, with weights, and with one result."""
        places = [self.order[row] for row in part.rows]
        nodes = [self.network.nodes[row] for row in part.rows]
        roots = [root for node in nodes for root in (node.shared_with, self._tied_to(node))]
        return (
            places == list(range(places[0], places[0] + len(places)))
            and len(self._results(part)) == 1
            and all(root is None or root in part.rows for root in roots)
            and any(self.pieces[row].module is not None for row in part.rows)
        )

    def _results(self, part: _Part) -> list[int]:
        inside = set(part.rows)
        return [
            row
            for row in part.rows
            if row in self.outputs or any(reader not in inside for reader in self.readers[row])
        ]

    def _entries(self, part: _Part) -> list[int]:
        """The tensors that a part reads from outside, in order."""
        inside = set(part.rows)
        read = (index for row in part.rows for index in self.network.nodes[row].inputs)
        return list(dict.fromkeys(index for index in read if index not in inside))

    def _is_sequence(self, part: _Part) -> bool:
        """Whether the children, called 0, 1, 2 and so on, are modules that feed each other."""
        children = list(part.children.values())
        if list(part.children) != [str(number) for number in range(len(children))]:
            return False
        entering = self._entries(part)
        for child in children:
            if self._entries(child) != entering or not self._is_module(child):
                return False
            entering = self._results(child)
        return len(entering) == 1

    def _is_module(self, part: _Part) -> bool:
        """Whether a part is one module that takes one tensor."""
        if part.is_row:
            node, made = self.network.nodes[part.rows[0]], self.pieces[part.rows[0]]
            alone = node.shared_with is node.tied_to is None and len(node.inputs) == 1
            return alone and (made.is_plain or made.as_module is not None)
        return part.kind in ("sequential", "class") and len(self._results(part)) == 1

    # -- classes

    def export(self) -> Exported:
        """The whole file."""
        parts = [part for part in self._parts(self.root) if part.kind == "class"]
        for height in sorted({part.height for part in parts}):
            self._write_classes([part for part in parts if part.height == height])
        text = "\n\n\n".join([self._head(), *self._helpers(), *self.classes, self._tail()])
        return Exported(f"{text}\n", self._names(), tuple(self._notes()))

    def _parts(self, part: _Part) -> Iterator[_Part]:
        for child in part.children.values():
            yield from self._parts(child)
        yield part

    def _write_classes(self, parts: list[_Part]) -> None:
        """One class for all parts that differ in numbers alone."""
        alike: dict[object, list[tuple[_Part, _Body]]] = {}
        for part in parts:
            body = self._body(part)
            shapes = tuple((target, shape_of(code)) for target, code in body.modules)
            key = (body.inputs, shapes, body.forward, part is self.root)
            alike.setdefault(key, []).append((part, body))
        for group in alike.values():
            self._write_class(group)

    def _write_class(self, group: list[tuple[_Part, _Body]]) -> None:
        part, body = group[0]
        columns = Columns(None, ARGUMENTS)
        held = [[n for _, code in each.modules for n in numbers(code)] for _, each in group]
        terms: list[Term] = [
            columns.term(column[0].kind, [int(number.value) for number in column])
            for column in zip(*held, strict=True)
        ]
        arguments = sorted(columns.arguments, key=lambda each: each.kind in WITH_DEFAULT)
        supply = iter(terms)
        modules = [(target, replaced(code, supply)) for target, code in body.modules]
        name = self.title if part is self.root else unused(self._class_name(part), self.taken)
        given = [f"{a.term}=1" if a.kind in WITH_DEFAULT else str(a.term) for a in arguments]
        self.classes.append(self._class(name, part, given, body._replace(modules=tuple(modules))))
        for place, (each, _) in enumerate(group):
            values = [(str(a.term), Number(a.kind, a.values[place])) for a in arguments]
            positional = tuple(value for _, value in values if value.kind not in WITH_DEFAULT)
            named = tuple(pair for pair in values if pair[1].kind in WITH_DEFAULT)
            self.code[each.path] = Call(name, positional, named)

    def _class_name(self, part: _Part) -> str:
        """The name of the block that the part is a call of, else its own."""
        written = ".".join(self.network.nodes[part.rows[0]].name.split(".")[: len(part.path)])
        group = (self.network.groups or {}).get(written)
        is_call = group is not None and group.text.isidentifier()
        name = group.text if group is not None and is_call else part.name
        return class_name(name if not name.isdigit() else f"part{name}")

    def _class(self, name: str, part: _Part, given: Sequence[str], body: _Body) -> str:
        where = ".".join(part.path)
        said = self.network.name if part is self.root else f"As in {where}."
        lines = [f"class {name}(nn.Module):", f'    """{docstring(said).strip()}"""', ""]
        if body.modules:
            lines += [*definition("__init__", ["self", *given], 4), "        super().__init__()"]
            for target, code in body.modules:
                lines += statement(target, code, 8)
            lines.append("")
        lines += definition("forward", ["self", *body.inputs], 4)
        lines += body.forward
        return "\n".join(lines)

    def _body(self, part: _Part) -> _Body:
        modules = tuple(self._modules(part))
        inputs, forward = self._forward(part)
        return _Body(tuple(inputs), modules, tuple(forward))

    def _modules(self, part: _Part, below: tuple[str, ...] = ()) -> Iterator[tuple[str, Code]]:
        """The statements that make the modules of a part, as what stands before their code.

        `below` is the way from the class to the part, if its rows are among those of the class.
        """
        at = ".".join(["self", *below])
        is_long = len(at) > LONGEST_CONTAINER or any(name.isdigit() for name in below)
        renewed = True  # whether the name `part` has to be set before the next statement
        for name, child in part.children.items():
            code = self._made(child)
            if code is None and (child.is_row or not self._has_modules(child)):
                continue
            if is_long and renewed:
                yield "part = ", Call("self.get_submodule", (f'"{".".join(below)}"',))
            holder, renewed = "part" if is_long else at, code is None
            made = code if code is not None else "nn.Module()"
            if name.isdigit():
                yield "", Call(f"{holder}.add_module", (f'"{name}"', made))
            else:
                yield f"{holder}.{name} = ", made
            if code is None:
                yield from self._modules(child, (*below, name))

    def _has_modules(self, part: _Part) -> bool:
        return any(
            self.pieces[row].module is not None and self.network.nodes[row].shared_with is None
            for row in part.rows
        )

    def _made(self, part: _Part, *, always: bool = False) -> Code | None:
        """The code that makes a part; None where it needs none, or its rows are made one by one."""
        if part.is_row:
            node, made = self.network.nodes[part.rows[0]], self.pieces[part.rows[0]]
            if node.shared_with is not None:
                return None
            return made.module or (made.as_module if always else None)
        if part.kind == "sequential":
            children = [self._made(child, always=True) for child in part.children.values()]
            return Call("nn.Sequential", tuple(child or "nn.Identity()" for child in children))
        return self.code[part.path] if part.kind == "class" else None

    # -- forward

    def _units(self, part: _Part) -> list[_Unit]:
        units: list[_Unit] = []
        covered: set[int] = set()
        for row in part.rows:
            if row in covered:
                continue
            callee = self._callee(part, row)
            if callee is None:
                node = self.network.nodes[row]
                units.append(_Unit(None, row, node.inputs, row))
            else:
                covered.update(callee.rows)
                (result,) = self._results(callee)
                units.append(_Unit(callee, row, tuple(self._entries(callee)), result))
        return units

    def _callee(self, part: _Part, row: int) -> _Part | None:
        """The outermost part below this one that is called and holds a row."""
        for name in self.paths[row][len(part.path) :]:
            part = part.children[name]
            if part.kind in ("sequential", "class"):
                return part
        return None

    def _forward(self, part: _Part) -> tuple[list[str], list[str]]:
        """The names of the inputs, and the lines."""
        units = self._units(part)
        is_root = part is self.root
        entries = [n.index for n in self.network.inputs] if is_root else self._entries(part)
        results = self.outputs if is_root else self._results(part)
        last = {index: len(units) for index in results}
        for place, unit in enumerate(units):
            for index in unit.reads:
                last[index] = max(last.get(index, 0), place)
        taken = {"self", "x", "out", "layer", "F", "nn", "torch", "math", "itertools", *HELPERS}
        names: dict[int, str] = {}
        if len(entries) == 1:
            names[entries[0]] = "x"
        for index in entries if len(entries) > 1 else ():
            names[index] = unused(self._local_name(index), taken)
        flow = "x" if len(entries) == 1 and last.get(entries[0], 0) <= 0 else "out"
        lines: list[str] = []
        for place, unit in enumerate(units):
            reads = [names[index] for index in unit.reads] + self._tied_weight(part, unit)
            flows = last.get(unit.writes, 0) <= place + 1
            written = flow if flows else unused(self._local_name(unit.writes), taken)
            names[unit.writes] = written
            at = self._module_of(part, unit)
            if len(at) > LONGEST_PLACE:
                name = at.partition("(")[2].rstrip(")")
                lines += statement("layer = ", Call("self.get_submodule", (name,)), 8)
                at = "layer"
            if unit.part is None:
                code = self.pieces[unit.row].apply(at, reads)
            else:
                code = Call(at, tuple(reads))
            if unit.writes not in last:  # nobody reads it
                lines += statement("", code, 8)
            elif flat(code) != written:
                lines += statement(f"{written} = ", code, 8)
        returned = ", ".join(names[index] for index in results)
        return [names[index] for index in entries], [*lines, f"        return {returned}"]

    def _local_name(self, index: int) -> str:
        node = self.network.nodes[index]
        name = self.paths[index][-1] if index in self.paths else node.name
        return identifier(name, otherwise="part")[:24]

    def _module_of(self, part: _Part, unit: _Unit) -> str:
        """How the module of a step is reached; empty where it has none."""
        if unit.part is not None:
            return self._place(part, unit.part.path)
        if self.pieces[unit.row].module is None:
            return ""
        root = self.network.nodes[unit.row].shared_with
        return self._place(part, self.paths[unit.row if root is None else root])

    def _tied_weight(self, part: _Part, unit: _Unit) -> list[str]:
        """How the weight is reached that a row uses transposed, if it does."""
        tied = self._tied_to(self.network.nodes[unit.row])
        if unit.part is not None or tied is None:
            return []
        return [f"{self._place(part, self.paths[tied])}.weight"]

    def _tied_to(self, node: Node) -> int | None:
        """The row whose weight a row uses transposed, itself or by what it shares."""
        root = node if node.shared_with is None else self.network.nodes[node.shared_with]
        return root.tied_to

    def _place(self, part: _Part, path: tuple[str, ...]) -> str:
        """How a module is reached from the class of a part."""
        below = path[len(part.path) :]
        plain = ".".join(["self", *below])
        if len(plain) <= LONGEST_PLACE and not any(name.isdigit() for name in below):
            return plain
        return f'self.get_submodule("{".".join(below)}")'

    # -- the file around the classes

    def _helpers(self) -> list[str]:
        used = dict.fromkeys(name for made in self.pieces.values() for name in made.helpers)
        return [HELPERS[name].rstrip("\n") for name in HELPERS if name in used]

    def _head(self) -> str:
        network = self.network
        sizes = " and ".join(node.shape.text("CHW", " x ") for node in network.inputs)
        said = docstring(network.name).strip()
        lines = [f'"""{said}', "", f"Written by cnncalc. Input: {sizes}, behind the batch.", '"""']
        code = "\n".join([*self._helpers(), *self.classes, self._tail()])
        imports = [name for name in ("itertools", "math") if f"{name}." in code]
        lines += ["", *(f"import {name}" for name in imports), *([""] if imports else [])]
        lines += ["import torch"]
        if "F." in code:
            lines += ["import torch.nn.functional as F"]
        return "\n".join([*lines, "from torch import nn"])

    def _tail(self) -> str:
        samples = [
            f"torch.zeros(1, {', '.join(map(str, (node.shape.channels, *node.shape.spatial)))})"
            for node in self.network.inputs
        ]
        call = Call("model", tuple(samples))
        lines = [
            'if __name__ == "__main__":',
            f"    model = {self.title}().eval()",
            '    print(sum(p.numel() for p in model.parameters()), "parameters")',
        ]
        if len(self.outputs) == 1:
            shape = [f"    print({flat(call)}.shape)"]
        else:
            shape = [f"    for y in {flat(call)}:", "        print(y.shape)"]
        return "\n".join([*lines, *shape])

    def _names(self) -> dict[str, str]:
        found = {}
        for node in self.kept:
            if node.shared_with is None:
                at = ".".join(self.paths[node.index])
                parameters = node.layer.parameters(*self.network.shapes_into(node))
                for parameter in parameters[node.tied_to is not None :]:  # the weight comes first
                    found[f"{node.name}.{parameter.name}"] = f"{at}.{parameter.name}"
        return found

    def _notes(self) -> Iterator[Diagnostic]:
        left_out = [self.network.nodes[index].name for index in sorted(self.left_out)]
        if left_out:
            message = f"left out, since only training uses it: {', '.join(left_out)}"
            yield Diagnostic("note", "side-left-out", message)


def _left_out(network: Network) -> set[int]:
    """The rows that only training uses, unless others read them or nothing else is put out."""
    outputs = [index for index in network.outputs if not network.nodes[index].train_only]
    if not outputs:
        return set()
    needed = {index for node in network.nodes if not node.train_only for index in node.inputs}
    left_out = set()
    for node in reversed(network.nodes):
        if node.train_only and node.index not in needed:
            left_out.add(node.index)
        else:
            needed.update(node.inputs)
    return left_out


def _attribute(word: str, taken: set[str]) -> str:
    """The name of a module: a number, or a Python name that modules do not use."""
    if word.isdecimal() and word.isascii() and word not in taken:
        taken.add(word)
        return word
    name = identifier(word, otherwise="part")
    if name in MODULE_ATTRIBUTES or name.startswith("_"):
        name = f"{name.lstrip('_') or 'part'}_"
    return unused(name, taken)
