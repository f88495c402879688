"""Network -> PyTorch: nested modules that follow the dotted names of its rows.

Parts that are alike share a class, whose arguments are the numbers that differ, and whether
there is a projection or a shortcut; numbered parts in sequence are an `nn.Sequential`; layers
without weights are function calls.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from cnncalc.errors import CnncalcError, Diagnostic
from cnncalc.exchange.targets import USUALLY, Exported, NoCounterpart, TargetOptions
from cnncalc.exchange.targets._arguments import HIDDEN, Ends, generalized
from cnncalc.exchange.targets._code import (
    REPEATED,
    Call,
    Choice,
    Listed,
    Number,
    definition,
    flat,
    folded,
    leaves,
    rebuilt,
    shape_of,
    statement,
    stepped,
)
from cnncalc.exchange.targets._names import class_name, docstring, identifier, unused
from cnncalc.exchange.targets._options import options
from cnncalc.exchange.targets._parts import Bound, Parts, notes
from cnncalc.exchange.targets._pytorch_helpers import HELPERS
from cnncalc.exchange.targets._pytorch_layers import Piece, piece, tied_piece

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from cnncalc.exchange.targets._arguments import Argument, Generalized
    from cnncalc.exchange.targets._code import Code
    from cnncalc.exchange.targets._options import Option
    from cnncalc.exchange.targets._parts import Part, Unit
    from cnncalc.network import Network, Node

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
NO_WORDS: Mapping[int, Code] = MappingProxyType({})
LONGEST_PLACE = 60  # characters by which a module is reached on the line of its call
LONGEST_CONTAINER = 40  # characters by which it is reached where its modules are made
CONTAINER = "nn.ModuleDict()"
MADE = frozenset({"sequential", "class"})
CALLED = MADE | {"again"}  # another call of a part, with the same weights


def write(network: Network, options: TargetOptions = USUALLY) -> Exported:
    """The network as a module of PyTorch; without `nested` in a single class.

    Sides that only training uses are left out.

    Raises:
        CnncalcError: "no-counterpart" where PyTorch has nothing that computes what a layer does.
    """
    return _Writer(network, nested=options.nested).export()


class Line(NamedTuple):
    """A line of code: `start` + `code`, behind so many blanks."""

    start: str
    code: Code
    indent: int = 8


class _Body(NamedTuple):
    """What a class consists of: targets and the modules put there, and its `forward`."""

    inputs: tuple[str, ...]
    modules: tuple[tuple[str, Code], ...]
    forward: tuple[Line, ...]
    base: str = "nn.Module"  # "nn.Sequential" has a forward of its own


class _Group(NamedTuple):
    """Parts that share a class: those of which it writes everything, and the others.

    The others do without the option.
    """

    members: list[tuple[Part, _Body]]
    option: Option | None = None  # of the first member
    without: tuple[tuple[Part, _Body], ...] = ()


class _Switch(NamedTuple):
    """An option as an argument of a class, and the attribute by which `forward` asks for it."""

    option: Option
    name: str
    attribute: str
    test: str  # of whether the option is there
    targets: tuple[str, ...]  # the starts of the statements that make its modules


class _Writer:
    def __init__(self, network: Network, *, nested: bool) -> None:
        self.names = {node.name for node in network.nodes}
        self.network = network
        self.nested = nested
        self.parts = Parts(network, _attribute)
        self.pieces = {node.index: self._piece(node) for node in self.parts.kept}
        self.originals: dict[tuple[str, ...], Part] = {}  # by the path of another call
        self._decide(self.parts.root)
        self.parts.root.kind = "class"
        self.parts.root.height += 1
        self.taken: set[str] = {*HELPERS, "F", "nn", "torch", "model", "math", "itertools"}
        self.title = unused(class_name(network.name), self.taken)
        self.code: dict[tuple[str, ...], Code] = {}  # what makes a part
        self.classes: list[str] = []

    def _piece(self, node: Node) -> Piece:
        try:
            made = piece if self.parts.tied_to(node) is None else tied_piece
            return made(node.layer, self.network.shapes_into(node), node.shape)
        except NoCounterpart as problem:
            message = f"'{node.name}' ({node.layer.type}) has no counterpart in PyTorch: {problem}"
            raise CnncalcError(Diagnostic("error", "no-counterpart", message, node.span)) from None

    def _decide(self, part: Part) -> None:
        """What becomes of a part: a class, a sequence, or rows of the class around it."""
        for child in part.children.values():
            self._decide(child)
        if not part.children:  # a row, or a network without layers
            return
        part.height = max(child.height for child in part.children.values())
        if not self.nested or len(part.rows) == 1:
            return
        if not self._is_closed(part):
            self._call_again(part)
            return
        if self._is_sequence(part):
            part.kind = "sequential"
        elif not any(name.isdigit() for name in part.children):
            part.kind = "class"
            part.height += 1

    def _call_again(self, part: Part) -> None:
        """Make a part whose weights are those of an earlier one another call of that."""
        original = self.parts.original(part)
        has_own = any(self._has_module(row) for row in part.rows)
        if original is not None and original.kind in MADE and not has_own:
            part.kind = "again"
            self.originals[part.path] = original

    def _is_closed(self, part: Part) -> bool:
        """Whether a part can be a call, and has weights."""
        has_weights = any(self.pieces[row].module is not None for row in part.rows)
        return has_weights and self.parts.is_closed(part)

    def _is_sequence(self, part: Part) -> bool:
        """Whether the children, called 0, 1, 2 and so on, are modules that feed each other."""
        names = [str(number) for number in range(len(part.children))]
        return list(part.children) == names and self._is_chain(part)

    def _is_chain(self, part: Part) -> bool:
        """Whether the children are modules that feed each other."""
        entering = self.parts.entries(part)
        if len(entering) != 1:
            return False
        for child in part.children.values():
            if self.parts.entries(child) != entering or not self._is_module(child):
                return False
            entering = self.parts.results(child)
        return True

    def _is_module(self, part: Part) -> bool:
        """Whether a part is one module that takes one tensor."""
        if part.is_row:
            node, made = self.network.nodes[part.rows[0]], self.pieces[part.rows[0]]
            alone = node.shared_with is node.tied_to is None and len(node.inputs) == 1
            return alone and (made.is_plain or made.as_module is not None)
        return part.kind in ("sequential", "class") and len(self.parts.results(part)) == 1

    # -- classes

    def export(self) -> Exported:
        """The whole file."""
        root = self.parts.root
        parts = [part for part in self.parts.below(root) if part.kind == "class"]
        for height in sorted({part.height for part in parts}):
            self._write_classes([part for part in parts if part.height == height])
        text = "\n\n\n".join([self._head(), *self._helpers(), *self.classes, self._tail()])
        return Exported(f"{text}\n", self._names(), notes(self.network, self.parts.left_out))

    def _write_classes(self, parts: list[Part]) -> None:
        """One class for all parts that differ in numbers and words, or in an option, alone.

        Those that are modules in sequence, without an option, may also differ in their number.
        """
        chains: list[tuple[Part, _Body]] = []
        for group in self._with_options(_alike(parts, self._body, self._key)):
            if group.option is None and self._is_made_in_sequence(group.members[0][0]):
                chains += group.members
            else:
                self._write_class(group)
        for members in _alike([part for part, _ in chains], self._chain, self._key).values():
            self._write_class(_Group(members))

    def _is_made_in_sequence(self, part: Part) -> bool:
        """Whether a part is nothing but the modules that it makes."""
        made = (self._made(child) for child in part.children.values())
        return part is not self.parts.root and self._is_chain(part) and None not in made

    def _key(self, part: Part, body: _Body) -> object:
        """What parts that share a class have in common."""
        shapes = tuple((target, shape_of(code)) for target, code in body.modules)
        forward = tuple(line._replace(code=shape_of(line.code)) for line in body.forward)
        return body.inputs, shapes, forward, body.base, part is self.parts.root

    def _with_options(self, alike: dict[object, list[tuple[Part, _Body]]]) -> list[_Group]:
        """The groups of parts that are alike; of two that differ in an option, one."""
        groups = {key: _Group(members) for key, members in alike.items()}
        for key, members in alike.items():
            part, body = members[0]
            for option in options(self.parts, part, self.parts.units(part, CALLED)):
                other = self._key(part, self._body_without(part, body, option))
                is_new = key in groups and other in groups and other != key
                if is_new and groups[key].option is groups[other].option is None:
                    groups[key] = _Group(members, option, tuple(groups.pop(other).members))
        return list(groups.values())

    def _body_without(self, part: Part, body: _Body, option: Option) -> _Body:
        left = self._targets_of(part, option)
        modules = tuple([each for each in body.modules if each[0] not in left])
        return _Body(body.inputs, modules, tuple(self._forward(part, without=option)[1]))

    def _targets_of(self, part: Part, option: Option) -> list[str]:
        """The starts of the statements that make an option's modules right below the part."""
        paths = [
            self.parts.paths[unit.row] if unit.part is None else unit.part.path
            for unit in option.steps
            if (unit.part.kind in MADE if unit.part else self._has_module(unit.row))
        ]
        return [f"self.{path[-1]} = " for path in paths if len(path) == len(part.path) + 1]

    def _write_class(self, group: _Group) -> None:
        part, body = group.members[0]
        general = self._generalized(group)
        targets = [target for target, _ in body.modules]
        code = general.code[: len(targets)]
        words = dict(zip(self._words(part), general.code[len(targets) :], strict=True))
        modules = [(f"self.{each.name} = ", _as_attribute(each)) for each in general.held]
        body = body._replace(modules=(*modules, *zip(targets, code, strict=True)))
        head, switch = general.head, None
        if group.option is not None:
            switch = self._switch(part, group.option, {each.name for each in general.arguments})
            head = [*head, f"{switch.name}=False"]
        if body.forward:
            _, forward = self._forward(part, switch=switch, words=words)
            body = body._replace(forward=tuple(forward))
        is_root = part is self.parts.root
        name = self.title if is_root else unused(self.parts.name_of_call(part), self.taken)
        everyone = [member for member, _ in (*group.members, *group.without)]
        path = min(everyone, key=lambda member: member.rows[:1]).path
        said = self.network.name if is_root else f"As in {'.'.join(path)}."
        self.classes.append(_class(name, said, head, body, switch))
        for place, member in enumerate(everyone):
            given, named = general.given(place, f"{name.rstrip('0123456789_').lower()}_channels")
            if switch is not None:
                word = str(place < len(group.members))
                named = (*named, (switch.name, Choice(switch.name, word, word, "False")))
            self.code[member.path] = Call(name, given, named)

    def _generalized(self, group: _Group) -> Generalized:
        """The modules and the words of `forward` of all parts of a group, in the first one's order.

        Those of an option are None in parts without it.
        """
        part, body = group.members[0]
        left: list[str] = []
        rows = [unit.row for unit in self.parts.units(part, CALLED)]
        kept = rows
        if group.option is not None:
            left = self._targets_of(part, group.option)
            kept = [unit.row for unit in group.option.left(self.parts.units(part, CALLED))]
        targets = [target for target, _ in body.modules]
        versions: list[list[Code | None]] = [
            [*(code for _, code in each.modules), *self._words(member).values()]
            for member, each in group.members
        ]
        for member, each in group.without:
            codes = iter([code for _, code in each.modules])
            words = iter(self._words(member).values())
            versions.append([
                *(None if target in left else next(codes) for target in targets),
                *(next(words) if row in kept else None for row in self._words(part)),
            ])  # fmt: skip
        everyone = [member for member, _ in (*group.members, *group.without)]
        ends = Ends(*zip(*map(self._widths, everyone), strict=True))
        taken = {*part.children, *MODULE_ATTRIBUTES}
        general = generalized(versions, ends.name, taken)
        if sum(argument.name.startswith(HIDDEN) for argument in general.arguments) > 1:
            owners = [target.removeprefix("self.").removesuffix(" = ") for target in targets]
            owners += [""] * len(self._words(part))
            renamed = [
                [_after(code, owner) for code, owner in zip(version, owners, strict=True)]
                for version in versions
            ]
            general = generalized(renamed, ends.name, taken)
        return general

    def _words(self, part: Part) -> dict[int, Listed]:
        """What may become arguments in `forward`, by the rows that it stands in."""
        found: dict[int, Listed] = {}
        for unit in self.parts.units(part, CALLED):
            if unit.part is None:
                reads = ["x"] * (len(unit.reads) + len(self._tied_weight(part, unit)))
                words = tuple(leaves(self.pieces[unit.row].apply("", reads)))
                if words:
                    found[unit.row] = Listed(words)
        return found

    def _widths(self, part: Part) -> tuple[int, int]:
        """The channels that go into a part and come out of it."""
        entries, results = self.parts.ends(part)
        first, last = (self.network.nodes[each[0]].shape for each in (entries, results))
        return first.channels, last.channels

    def _switch(self, part: Part, option: Option, taken: set[str]) -> _Switch:
        """The argument for an option, and the attribute that holds it or its first module."""
        targets = self._targets_of(part, option)
        attributes = {*part.children, *MODULE_ATTRIBUTES}
        if not targets:
            word = "project" if option.is_projection else "residual"
            attribute = unused(word, attributes)
            return _Switch(option, unused(word, taken), attribute, f"self.{attribute}", ())
        attribute = targets[0].removeprefix("self.").removesuffix(" = ")
        word = attribute.rstrip("0123456789_")
        is_said = option.steps[0].part is not None and word.isidentifier()
        argument = unused(word if is_said else "project", taken)
        test = f"self.{attribute} is not None"
        return _Switch(option, argument, attribute, test, tuple(targets))

    def _body(self, part: Part) -> _Body:
        modules = tuple(self._modules(part))
        inputs, forward = self._forward(part)
        return _Body(tuple(inputs), modules, tuple(forward))

    def _chain(self, part: Part) -> _Body:
        return _Body(("x",), tuple(self._chained(part)), (), "nn.Sequential")

    def _chained(self, part: Part) -> Iterator[tuple[str, Code]]:
        """The statements that make modules in sequence, numbered ones of one class in a loop."""
        waiting = list(part.children.values())
        while waiting:
            count, loop = next(
                (n, made)
                for n in range(len(waiting), 0, -1)
                if (made := self._looped(waiting[:n])) is not None or n == 1
            )
            first = waiting[0]
            if loop is not None:
                word, start = _numbered(first.name)
                number = "i" if start == 0 else f"i + {start}"
                yield "for i in ", Call("range", (Number("num_layers", count),))
                name = f'f"{word}{{{number}}}"'
                yield "    ", Call("self.add_module", (name, loop))
            else:
                yield f"self.{first.name} = ", self._made(first) or ""
            waiting = waiting[count:]

    def _looped(self, parts: Sequence[Part]) -> Code | None:
        """What makes modules in a loop, if they are numbered calls that differ evenly."""
        if len(parts) < REPEATED or any(part.kind != "class" for part in parts):
            return None
        word, start = _numbered(parts[0].name)
        names = [f"{word}{number}" for number in range(start, start + len(parts))]
        if [part.name for part in parts] != names:
            return None
        return stepped([self.code[part.path] for part in parts])

    def _modules(self, part: Part, below: tuple[str, ...] = ()) -> Iterator[tuple[str, Code]]:
        """The statements that make the modules of a part, as what stands before their code.

        `below` is the way from the class to the part, if its rows are among those of the class.
        """
        at = self._way(part, below)
        is_long = not at or len(at) > LONGEST_CONTAINER
        renewed = True  # whether the name `part` has to be set before the next statement
        holding = part
        for name in below:
            holding = holding.children[name]
        for name, child in holding.children.items():
            code = self._made(child)
            if code is None and (child.is_row or not self._has_modules(child)):
                continue
            if is_long and renewed:
                yield "part = ", Call("self.get_submodule", (f'"{".".join(below)}"',))
            holder, renewed = "part" if is_long else at, code is None
            if below:
                yield f'{holder}["{name}"] = ', code if code is not None else CONTAINER
            elif name.isdigit():
                made = code if code is not None else CONTAINER
                yield "", Call(f"{holder}.add_module", (f'"{name}"', made))
            else:
                yield f"{holder}.{name} = ", code if code is not None else CONTAINER
            if code is None:
                yield from self._modules(part, (*below, name))

    def _has_modules(self, part: Part) -> bool:
        return any(self._has_module(row) for row in part.rows)

    def _has_module(self, row: int) -> bool:
        """Whether a row is a module of its own."""
        is_first = self.network.nodes[row].shared_with is None
        return is_first and self.pieces[row].module is not None

    def _made(self, part: Part, *, always: bool = False) -> Code | None:
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

    def _forward(
        self,
        part: Part,
        *,
        without: Option | None = None,
        switch: _Switch | None = None,
        words: Mapping[int, Code] = NO_WORDS,
    ) -> tuple[list[str], list[Line]]:
        """The names of the inputs, and the lines: without an option, or as `switch` has it.

        `words` are written in the rows in place of their own.
        """
        units = self.parts.units(part, CALLED)
        entries, results = self.parts.ends(part)
        taken = {"self", "x", "out", "layer", "F", "nn", "torch", "math", "itertools", *HELPERS}
        names = self._entering(part, entries, taken)
        called = {unit.writes: unit.part for unit in units if unit.part is not None}
        shortcut = unused("shortcut", taken) if switch is not None else ""
        left = without
        if switch is not None and switch.option.is_projection:
            left = switch.option
        kept = units if left is None else left.left(units)
        results = results if left is None else [left.read(index) for index in results]
        lines: list[Line] = []
        flow = self.parts.flow(
            (entries, results),
            kept,
            names,
            lambda index: unused(self._local_name(index, called.get(index)), taken),
        )
        for bound in flow:
            if switch is None:
                lines += self._step(part, bound, words)
            elif switch.option.is_projection:
                lines += self._projecting(part, bound, switch, shortcut, words)
            else:
                lines += self._perhaps(part, bound, switch, names, words)
        returned = ", ".join(names[index] for index in results)
        return [names[index] for index in entries], [*lines, Line("return ", returned)]

    def _entering(self, part: Part, entries: Sequence[int], taken: set[str]) -> dict[int, str]:
        """The names of what goes into a part."""
        if len(entries) == 1:
            return {entries[0]: "x"}
        if part is self.parts.root:
            return {index: unused(self._local_name(index, None), taken) for index in entries}
        return {index: unused(f"x{place}", taken) for place, index in enumerate(entries, 1)}

    def _step(
        self, part: Part, bound: Bound, words: Mapping[int, Code], indent: int = 8
    ) -> Iterator[Line]:
        """The lines of one step."""
        unit, inputs, written, is_read = bound
        reads = (*inputs, *self._tied_weight(part, unit))
        at = self._module_of(part, unit)
        if len(at) > LONGEST_PLACE:
            name = at.partition("(")[2].rstrip(")")
            yield Line("layer = ", Call("self.get_submodule", (name,)), indent)
            at = "layer"
        is_row = unit.part is None
        code = self.pieces[unit.row].apply(at, reads) if is_row else Call(at, reads)
        if is_row and unit.row in words:
            held = leaves(words[unit.row])
            code = rebuilt(code, lambda _: next(held))
        if not is_read:
            yield Line("", code, indent)
        elif flat(code) != written:
            yield Line(f"{written} = ", code, indent)

    def _projecting(
        self, part: Part, bound: Bound, switch: _Switch, shortcut: str, words: Mapping[int, Code]
    ) -> Iterator[Line]:
        """The lines of a step: what reads a projection reads that or the entry, as `shortcut`."""
        option = switch.option
        if option.reader != bound.unit.writes:
            yield from self._step(part, bound, words)
            return
        reads = list(bound.reads)
        entry = reads[option.place]
        yield Line(f"{shortcut} = ", entry)
        yield Line("if ", f"{switch.test}:")
        for unit in option.steps:
            yield from self._step(part, Bound(unit, (entry,), shortcut, is_read=True), words, 12)
            entry = shortcut
        reads[option.place] = shortcut
        yield from self._step(part, bound._replace(reads=tuple(reads)), words)

    def _perhaps(
        self,
        part: Part,
        bound: Bound,
        switch: _Switch,
        names: Mapping[int, str],
        words: Mapping[int, Code],
    ) -> Iterator[Line]:
        """The lines of a step, under a condition if it is the addition of an optional shortcut."""
        if bound.unit not in switch.option.steps:
            yield from self._step(part, bound, words)
            return
        instead = names[switch.option.instead]
        if bound.written != instead:
            yield Line(f"{bound.written} = ", instead)
        yield Line("if ", f"{switch.test}:")
        yield from self._step(part, bound, words, 12)

    def _local_name(self, index: int, called: Part | None) -> str:
        """The name of a tensor: that of the part or row that puts it out.

        What a row applies to the output of the row in front of its name is called after that one.
        """
        if called is not None:
            at = next((n for n, word in enumerate(called.path[::-1]) if not word.isdigit()), 0)
            name = "_".join(called.path[-1 - at :])
        else:
            words = self.network.nodes[index].name.split(".")
            rows = {".".join(words[:n]) for n in range(1, len(words))} & self.names
            owner = min(rows, key=len, default=".".join(words))
            name = owner.rpartition(".")[2]
        return identifier(name, otherwise="part")[:24]

    def _module_of(self, part: Part, unit: Unit) -> str:
        """How the module of a step is reached; empty where it has none."""
        if unit.part is not None:
            return self._place(part, self.originals.get(unit.part.path, unit.part).path)
        if self.pieces[unit.row].module is None:
            return ""
        root = self.network.nodes[unit.row].shared_with
        return self._place(part, self.parts.paths[unit.row if root is None else root])

    def _tied_weight(self, part: Part, unit: Unit) -> list[str]:
        """How the weight is reached that a row uses transposed, if it does."""
        tied = self.parts.tied_to(self.network.nodes[unit.row])
        if unit.part is not None or tied is None:
            return []
        return [f"{self._place(part, self.parts.paths[tied])}.weight"]

    def _place(self, part: Part, path: tuple[str, ...]) -> str:
        """How a module is reached from the class of a part."""
        below = path[len(part.path) :]
        plain = self._way(part, below)
        if plain and len(plain) <= LONGEST_PLACE:
            return plain
        return f'self.get_submodule("{".".join(below)}")'

    def _way(self, part: Part, below: Sequence[str]) -> str:
        """How a module below a part is reached from its class; empty if only by its whole name."""
        way, holder = "self", part
        for name in below:
            if holder.kind == "inline" and holder is not part:
                way += f'["{name}"]'
            elif name.isdigit():
                if holder.kind != "sequential":
                    return ""
                way += f"[{name}]"
            else:
                way += f".{name}"
            holder = holder.children[name]
        return way

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
        if len(self.parts.outputs) == 1:
            shape = [f"    print({flat(call)}.shape)"]
        else:
            shape = [f"    for y in {flat(call)}:", "        print(y.shape)"]
        return "\n".join([*lines, *shape])

    def _names(self) -> dict[str, str]:
        found = {}
        for node in self.parts.kept:
            if node.shared_with is None:
                at = ".".join(self.parts.paths[node.index])
                parameters = node.layer.parameters(*self.network.shapes_into(node))
                for parameter in parameters[node.tied_to is not None :]:  # the weight comes first
                    found[f"{node.name}.{parameter.name}"] = f"{at}.{parameter.name}"
        return found


def _class(name: str, said: str, given: Sequence[str], body: _Body, switch: _Switch | None) -> str:
    lines = [f"class {name}({body.base}):", f'    """{docstring(said).strip()}"""', ""]
    if body.modules:
        lines += [*definition("__init__", ["self", *given], 4), "        super().__init__()"]
        lines += [*_made_modules(body.modules, switch), ""]
    if not body.forward:
        return "\n".join(lines[:-1])
    lines += definition("forward", ["self", *body.inputs], 4)
    for start, code, indent in body.forward:
        lines += statement(start, code, indent)
    return "\n".join(lines)


def _made_modules(modules: Sequence[tuple[str, Code]], switch: _Switch | None) -> Iterator[str]:
    """The statements that make modules, those of an option under a condition."""
    optional = () if switch is None else switch.targets
    if switch is not None and not optional:
        yield f"        self.{switch.attribute} = {switch.name}"
    is_open = False  # whether the lines before are under the condition
    for target, code in modules:
        is_optional = target in optional
        if switch is not None and is_optional and not is_open:
            if target == optional[0]:
                yield f"        {target}None"
            yield f"        if {switch.name}:"
        is_open = is_optional
        end = ":" if target.startswith("for ") else ""
        indent = 8 + len(target) - len(target.lstrip())
        yield from statement(target.lstrip(), folded(code), indent + 4 * is_optional, end)


def _after(code: Code | None, owner: str) -> Code | None:
    """The code of a module, its channels called after it."""
    if code is None or not owner.isidentifier():
        return code
    kind = f"{owner}_channels"
    return rebuilt(
        code, lambda leaf: leaf._replace(kind=kind) if leaf.kind == "out_channels" else leaf
    )


def _alike(
    parts: Sequence[Part], body_of: Callable[[Part], _Body], key: Callable[[Part, _Body], object]
) -> dict[object, list[tuple[Part, _Body]]]:
    """Parts and what their classes consist of, in groups that can share one."""
    found: dict[object, list[tuple[Part, _Body]]] = {}
    for part in parts:
        body = body_of(part)
        found.setdefault(key(part, body), []).append((part, body))
    return found


def _numbered(name: str) -> tuple[str, int]:
    """A name without the number at its end, and that number; -1 if it has none.

    >>> _numbered("block12"), _numbered("stem"), _numbered("a01")
    (('block', 12), ('stem', -1), ('a0', 1))
    """
    word = name.rstrip("0123456789")
    digits = name[len(word) :]
    zeros = len(digits) - len(digits.lstrip("0")) if digits.strip("0") else max(len(digits) - 1, 0)
    return word + digits[:zeros], int(digits[zeros:] or -1)


def _as_attribute(argument: Argument) -> str:
    """What an argument becomes as an attribute: activations are given as classes."""
    return argument.name if isinstance(argument.values[0], int) else f"{argument.name}()"


def _attribute(word: str, taken: set[str]) -> str:
    """The name of a module: a number, or a Python name that modules do not use."""
    if word.isdecimal() and word.isascii() and word not in taken:
        taken.add(word)
        return word
    name = identifier(word, otherwise="part")
    if name in MODULE_ATTRIBUTES or name.startswith("_"):
        name = f"{name.lstrip('_') or 'part'}_"
    return unused(name, taken)
