"""Network -> a short spec: blocks, repeats and branches, as a person would have written it.

What comes out is read again and compared, row for row; where it is not the same network, the
flat form of `write` is given instead, with a note.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from cnncalc import layers
from cnncalc.errors import CnncalcError, Diagnostic
from cnncalc.spec import frameworks
from cnncalc.spec.document import read_document
from cnncalc.spec.load import build
from cnncalc.spec.ready_blocks import NAMES as READY
from cnncalc.spec.vocabulary import RESERVED, SCOPE_NAMES, STRUCTURE, is_plain_word
from cnncalc.spec.words import Words, meaning
from cnncalc.spec.write import explicit_values, flow, foot, head, quoted, simple, text
from cnncalc.structure.find import structure
from cnncalc.structure.names import Names
from cnncalc.structure.series import OWNERS
from cnncalc.structure.tree import Call, Merge, Side, Step, rows, sources

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from cnncalc.layers._base import Layer
    from cnncalc.network import Network, Node
    from cnncalc.structure.tree import Block, Chain, Item, Structure

WIDTH = 96  # columns of a line with several layers
HEADS = frozenset({"gap", "gmp", "flatten"})  # the first layers of a network's head
WORD = re.compile(r"\w+", re.ASCII)
UNQUOTED = re.compile(r"[A-Za-z_][^:#\n]*")


class Shortened(NamedTuple):
    """A network as a short spec, or as a flat one with a note that says why."""

    text: str
    notes: tuple[Diagnostic, ...] = ()


def short(network: Network, folder: Path = Path(), *, named: bool = False) -> Shortened:
    """The network as a short spec file in `folder`; with `named`, rows with weights keep names.

    >>> from cnncalc.layers.conv import Conv
    >>> from cnncalc.network import chain
    >>> from cnncalc.shapes import Shape
    >>> net = chain("one", Shape(1, (32, 32)), [("C1", Conv(filters=6, kernel=(5,)))])
    >>> print(short(net).text, end="")
    name: one
    input: 32x32x1 HWC
    layers:
      - conv 6 5x5
    """
    network = _with_input_names(network)
    kept = _rows_with_weights(network) if named else {}
    found = structure(network, names=Names(kept, _may_be_called))
    written = _Writer(network, found)
    body = list(written.lines())
    order = [*(node.index for node in network.inputs), *_order(found)]
    names = _names_again(network, order, [*head(network), *body])
    if names is not None:
        lines = [*head(network), *body, *foot(network, names, folder)]
        loads = _names_again(network, order, lines) is not None
        if loads and all(names[name] == name for name in kept.values()):
            return Shortened("".join(f"{line}\n" for line in lines))
    same = "with the names of its rows" if named else "that is the same network"
    note = Diagnostic("note", "written-flat", f"'{network.name}' has no short form {same}")
    return Shortened(text(network, folder), (note,))


def _rows_with_weights(network: Network) -> dict[int, str]:
    """The names of the rows that store numbers of their own, by index."""
    return {
        node.index: node.name
        for node in network.nodes
        if node.inputs
        and node.shared_with is None
        and node.layer.parameters(*network.shapes_into(node))
    }


def _may_be_called(name: str) -> bool:
    """Whether a row may be called so: by no word of the language."""
    return name not in RESERVED | SCOPE_NAMES and name not in READY and not is_plain_word(name)


def _with_input_names(network: Network) -> Network:
    """The network with names of its inputs that a spec can use; a lone input needs none."""
    inputs = network.inputs
    taken: set[str] = set(READY)
    nodes = list(network.nodes)
    for node in inputs:
        name = "in" if len(inputs) == 1 else _label_like(node.name, taken)
        taken.add(name)
        nodes[node.index] = node._replace(name=name)
    return network._replace(nodes=tuple(nodes))


def _order(found: Structure) -> Iterator[int]:
    """The rows of a network in the order in which the short form writes them."""
    for item in found.body:
        chain = item.chain if isinstance(item, Side) else (item,)
        yield from (row.index for row in rows(chain))


def _names_again(
    network: Network, order: Sequence[int], lines: Sequence[str]
) -> dict[str, str] | None:
    """The names of the rows in a spec by those in the network; None if it is not the same one."""
    try:
        again = build(read_document("".join(f"{line}\n" for line in lines), "short"))
    except CnncalcError:
        return None
    return _pairs_of(network, again, order) if _same(network, again, order) else None


def _pairs_of(network: Network, again: Network, order: Sequence[int]) -> dict[str, str]:
    pairs = zip(order, again.nodes, strict=True)
    return {network.nodes[old].name: node.name for old, node in pairs}


def _same(network: Network, again: Network, order: Sequence[int]) -> bool:
    """Whether two networks are the same one, whose rows may come in another order."""
    if sorted(order) != list(range(len(network.nodes))) or len(again.nodes) != len(order):
        return False
    place = {old: new for new, old in enumerate(order)}
    for index, node in zip(order, again.nodes, strict=True):
        old = network.nodes[index]
        root = old.shared_with
        moved = old._replace(
            inputs=tuple(place[each] for each in old.inputs),
            shared_with=None if root is None else place[root],
            tied_to=None if old.tied_to is None else place[old.tied_to],
        )
        if _meaning(moved) != _meaning(node):
            return False
    outputs = tuple(place[index] for index in network.outputs)
    has_axes = any(node.shape.rank for node in network.inputs)  # a vector has no order of letters
    ways = [(each.batch, has_axes and each.layout) for each in (network, again)]
    return outputs == again.outputs and ways[0] == ways[1]


def _meaning(node: Node) -> tuple[object, ...]:
    """What a row is, apart from its name and its place."""
    marks = (node.shared_with, node.tied_to, node.frozen, node.train_only, node.note, node.values)
    return (meaning(node.layer), node.inputs, node.shape, *marks)


class _Entry(NamedTuple):
    """An item of a list in YAML: its lines, without the dash; `is_text` if it is layer text."""

    lines: tuple[str, ...]
    is_text: bool = False
    is_heavy: bool = False  # has weights, so that it is the main layer of its line
    is_head: bool = False  # begins the head of a network
    alone: bool = False  # has a line of its own, except on a branch
    links: bool = True  # may stand behind an arrow


class _Writer:
    """Writes the lines between the inputs and the expectations of one network."""

    def __init__(self, network: Network, found: Structure) -> None:
        self.network = network
        self.found = found
        self.usual = _usual(network)
        self.words = Words(self.usual)
        self.blocks = {block.name: block for block in found.blocks}
        self.taken: set[str] = {*self.blocks, *READY}
        self.ends = {row.index: step.last for step in _steps(found) for row in step.rows}
        self.labels: dict[int, str] = {}
        self.parts: dict[int, str] = {}
        for name, part in (network.groups or {}).items():
            if len(name) < len(self.parts.get(part.last, name + ".")):
                self.parts[part.last] = name

    def lines(self) -> Iterator[str]:
        """The sections `defaults`, `blocks`, `layers` and `outputs`."""
        if self.usual:
            named = (f"{name}: {self.words.settings(each)}" for name, each in self.usual.items())
            yield f"defaults: {{{', '.join(named)}}}"
        if self.found.blocks:
            yield "blocks:"
        for block in self.found.blocks:
            yield f"  {self._signature(block)}:"
            yield from _listed(self._block(block), 4)
        yield "layers:"
        yield from self._top()

    def _signature(self, block: Block) -> str:
        """`basic(c, s=1)`."""
        given = ", ".join(
            each.name if each.default is None else f"{each.name}={each.default}"
            for each in block.parameters
        )
        return f"{block.name}({given})"

    def _block(self, block: Block) -> list[_Entry]:
        (entry,) = set(sources(block.body[0]))
        self.labels = {entry: "in", **self._kept(block.body)}
        self._label(self._needed(block.body, entry), inside=True)
        return self._entries(block.body, entry)

    def _top(self) -> Iterator[str]:
        inputs = self.network.inputs
        self.labels = {node.index: node.name for node in inputs}
        for item in self.found.body:
            self.labels |= self._kept(item.chain if isinstance(item, Side) else (item,))
        self.taken |= set(self.labels.values())
        needed: dict[int, None] = {}
        current = inputs[0].index
        implied: list[int] = []
        for item in self.found.body:
            chain = item.chain if isinstance(item, Side) else (item,)
            needed |= dict.fromkeys(self._needed(chain, current))
            if isinstance(item, Side):
                implied.append(chain[-1].last)
            else:
                current = item.last
        outputs = self.network.outputs
        is_implied = tuple(dict.fromkeys((current, *implied))) == outputs
        needed |= dict.fromkeys(() if is_implied else outputs)
        self._label(needed, inside=False)
        entries: list[_Entry] = []
        current = inputs[0].index
        main: list[Item] = []
        for item in self.found.body:
            if isinstance(item, Side):
                entries += self._entries(tuple(main), current)
                current = main[-1].last if main else current
                main = []
                entries.append(self._side(item, current))
            else:
                main.append(item)
        entries += self._entries(tuple(main), current)
        yield from _listed(entries or [_Entry(("identity",))], 2)
        if not is_implied:
            yield f"outputs: {flow([self.labels[index] for index in outputs])}"

    # -- names

    def _needed(self, chain: Chain, current: int) -> dict[int, None]:
        """The tensors that a chain has to name."""
        found: dict[int, None] = {}
        for item in chain:
            read = sources(item)
            others = [tensor for tensor in read if tensor != current]
            found |= dict.fromkeys(others)
            for step in self._parts(item):
                for root in (step.owner.shared_with, step.owner.tied_to):
                    if root is not None:
                        found[self.ends[root]] = None
            if isinstance(item, Merge):
                for branch in item.branches:
                    found |= self._needed(branch, item.source)
            current = item.last
        return found

    def _parts(self, item: Item) -> tuple[Step, ...]:
        return (item,) if isinstance(item, Step) else ()

    def _kept(self, chain: Chain) -> dict[int, str]:
        """The names that the layers and calls in a chain keep, by the tensors they put out."""
        found: dict[int, str] = {}
        for item in chain:
            if isinstance(item, Merge):
                for branch in item.branches:
                    found |= self._kept(branch)
            elif isinstance(item, Step) and item.label is not None:
                found[item.last] = item.label
            elif isinstance(item, Call) and item.label is not None:
                found[item.last] = _name_of_call(item, item.label)
        return found

    def _label(self, tensors: Mapping[int, None], *, inside: bool) -> None:
        """Give names to tensors, like those of their rows; in a block, without their prefix."""
        own = set(self.labels.values()) | self.taken
        for tensor in tensors:
            if tensor in self.labels:
                continue
            name = _label_like(self._name_of(tensor, inside=inside), own)
            own.add(name)
            self.labels[tensor] = name

    def _name_of(self, tensor: int, *, inside: bool) -> str:
        """The name of the part that puts out a tensor, else of its layer."""
        if not inside and tensor in self.parts:
            return self.parts[tensor]
        node = self.network.nodes[tensor]
        if node.attached_to is not None:
            node = self.network.nodes[node.attached_to]
        return node.name.rpartition(".")[2] if inside else node.name

    # -- lines

    def _entries(self, chain: Chain, current: int, *, train_only: bool = False) -> list[_Entry]:
        """The items of a chain; those that belong on one line are joined."""
        entries: list[_Entry] = []
        for item in chain:
            if isinstance(item, Step):
                entries += self._step(item, current, train_only=train_only)
            else:
                if sources(item) != (current,):
                    entries.append(
                        _Entry((f"from {self.labels[sources(item)[0]]}",), True, links=False)
                    )
                if isinstance(item, Merge):
                    entries.append(self._merge(item, train_only=train_only))
                else:
                    entries.append(self._call(item))
            current = item.last
        return _packed(entries)

    def _step(self, step: Step, current: int, *, train_only: bool) -> Iterator[_Entry]:
        owner = step.owner
        group: tuple[Layer, ...] = tuple(row.layer for row in step.rows)
        terms = {field: str(term) for field, term in step.terms.items()}
        rank = self.network.nodes[owner.inputs[0]].shape.rank
        line = self.words.line(group, rank, tuple(terms.items()))
        plain = owner.note is None and owner.values is None
        marked = owner.train_only and not train_only
        several = len(owner.inputs) > 1
        others = owner.inputs[1:] if owner.inputs[0] == current else ()
        joined = several and others and current not in others
        plain = plain and self._is_word(step.last)
        if line is not None and plain and not marked and (not several or joined):
            head_word, blank, rest = line.partition(" ")
            refs = "".join(f" {self.labels[index]}" for index in others)
            words = f"{head_word}{refs}{blank}{rest}{self._more_words(step)}"
            if several or owner.inputs == (current,):
                yield _Entry(
                    (words,),
                    is_text=True,
                    is_heavy=owner.layer.type in OWNERS,
                    is_head=owner.layer.type in HEADS,
                )
            else:
                yield _Entry((f"{self._start(owner.inputs[0])} -> {words}",), True, links=False)
            return
        if several:
            yield self._joined(step, current, terms)
            return
        if owner.inputs != (current,):
            yield _Entry((f"from {self.labels[owner.inputs[0]]}",), True, links=False)
        options = {**self.words.options(group, terms), **self._more_options(step, marked=marked)}
        yield _Entry((f"{owner.layer.type}: {flow(options)}",))

    def _start(self, tensor: int) -> str:
        """A tensor at the head of a line, where a layer type or a dot would mean something else."""
        label = self.labels[tensor]
        plain = label.isidentifier() and not _means_a_layer(label)
        return label if plain else f"from {label}"

    def _is_word(self, tensor: int) -> bool:
        """Whether the name of a tensor, if it has any, can stand behind `as`."""
        return WORD.fullmatch(self.labels.get(tensor, "a")) is not None

    def _more_words(self, step: Step) -> str:
        words = ""
        if step.more:
            words += f" x{len(step.more) + 1}"
        if step.owner.frozen:
            words += " frozen"
        if step.owner.shared_with is not None:
            words += f" share={self.labels[self.ends[step.owner.shared_with]]}"
        if step.owner.tied_to is not None:
            words += f" tied={self.labels[self.ends[step.owner.tied_to]]}"
        if step.last in self.labels:
            words += f" as {self.labels[step.last]}"
        return words

    def _more_options(self, step: Step, *, marked: bool) -> dict[str, object]:
        owner = step.owner
        options: dict[str, object] = {}
        if step.last in self.labels:
            options["name"] = self.labels[step.last]
        if step.more:
            options["repeat"] = len(step.more) + 1
        if owner.shared_with is not None:
            options["share"] = self.labels[self.ends[owner.shared_with]]
        if owner.tied_to is not None:
            options["tied"] = self.labels[self.ends[owner.tied_to]]
        switches = {"frozen": owner.frozen, "train_only": marked}
        options |= {name: True for name, on in switches.items() if on}
        if owner.note is not None:
            options["note"] = owner.note
        return options | explicit_values(self.network, owner)

    def _joined(self, step: Step, current: int, terms: Mapping[str, str]) -> _Entry:
        """A merge that names what it joins, each a branch of its own."""
        group = tuple(row.layer for row in step.rows)
        branches = [
            "identity" if index == current else self._start(index) for index in step.owner.inputs
        ]
        options = self.words.options(group, terms) | self._more_options(
            step, marked=step.owner.train_only
        )
        more = (f"{field}: {flow(value)}" for field, value in options.items())
        return _Entry((f"{step.layer.type}: [{', '.join(branches)}]", *more))

    def _merge(self, merge: Merge, *, train_only: bool) -> _Entry:
        options: dict[str, object] = dict(self.words.options((merge.layer,), {}))
        if merge.last in self.labels:
            options["name"] = self.labels[merge.last]
        if merge.owner.frozen:
            options["frozen"] = True
        if merge.owner.train_only and not train_only:
            options["train_only"] = True
        more = tuple(f"{field}: {flow(simple(value))}" for field, value in options.items())
        branches = [
            self._branch(merge, at, train_only=train_only) for at in range(len(merge.branches))
        ]
        is_residual = merge.layer.type == "add" and len(branches) == 2 and not merge.branches[1]  # noqa: PLR2004
        if is_residual and merge.shortcut is None and branches[0]:
            one = _one_line(branches[0])
            if one is not None:
                return _Entry((f"residual: {one}", *more))
            return _Entry(("residual:", *_listed(branches[0], 2), *more))
        lines: list[str] = []
        for branch in branches:
            lines += _listed([_nested(branch)], 2)
        return _Entry((f"{merge.layer.type}:", *lines, *more))

    def _branch(self, merge: Merge, at: int, *, train_only: bool) -> list[_Entry]:
        entries = self._entries(merge.branches[at], merge.source, train_only=train_only)
        if at != merge.shortcut:
            return entries
        alone = [
            entry
            for item in merge.branches[at]
            for entry in self._entries((item,), sources(item)[0], train_only=train_only)
        ]
        return [
            entry._replace(lines=(f"{entry.lines[0]} if {merge.condition}",))
            if entry.is_text
            else entry._replace(lines=(*entry.lines, f"if: {merge.condition}"))
            for entry in alone
        ]

    def _call(self, call: Call) -> _Entry:
        block = self.blocks[call.block]
        if not self._is_word(call.last):
            return _Entry((f"{call.block}: {flow(self._call_options(call))}",))
        words = [call.block]
        for at, (parameter, value) in enumerate(zip(block.parameters, call.arguments, strict=True)):
            if at in call.first:
                words.append(f"{parameter.name}=first({value})")
            elif parameter.default is None:
                words.append(str(value))
            elif value != parameter.default:
                words.append(f"{parameter.name}={value}")
        if _is_counted(call):
            words.append(f"x{call.times}" if isinstance(call.times, int) else f"x={call.times}")
        if call.last in self.labels:
            words.append(f"as {self.labels[call.last]}")
        return _Entry((" ".join(words),), is_text=True, alone=True)

    def _call_options(self, call: Call) -> dict[str, object]:
        """The same as `_call`, as options of a mapping."""
        options: dict[str, object] = {}
        parameters = self.blocks[call.block].parameters
        for at, (parameter, value) in enumerate(zip(parameters, call.arguments, strict=True)):
            if at in call.first:
                options[parameter.name] = f"first({value})"
            elif value != parameter.default:
                options[parameter.name] = value
        options["name"] = self.labels[call.last]
        if _is_counted(call):
            options["repeat"] = call.times
        return options

    def _side(self, side: Side, current: int) -> _Entry:
        (start,) = set(sources(side.chain[0]))
        entries = self._entries(side.chain, start, train_only=side.train_only)
        more: list[str] = []
        if start != current:
            more.append(f"from: {self.labels[start]}")
        if side.train_only:
            more.append("train_only: true")
        one = _one_line(entries)
        if one is not None:
            return _Entry((f"side: {one}", *more))
        return _Entry(("side:", *_listed(entries, 2), *more))


def _usual(network: Network) -> dict[str, Layer]:
    """The layers whose most frequent settings are not the defaults, so that a line sets them."""
    found = Counter(node.layer for node in network.nodes if node.layer.type == "bn")
    if not found:
        return {}
    layer, count = found.most_common(1)[0]
    return {} if layer == type(layer)() or count == 1 else {"bn": layer}


def _steps(found: Structure) -> Iterator[Step]:
    """All steps of a structure as they stand in the network."""

    def inside(chain: Chain) -> Iterator[Step]:
        for item in chain:
            if isinstance(item, Step):
                yield item
            elif isinstance(item, Merge):
                for branch in item.branches:
                    yield from inside(branch)
            elif isinstance(item, Call):
                for one in item.passes:
                    yield from inside(one)

    for item in found.body:
        yield from inside(item.chain if isinstance(item, Side) else (item,))


def _is_counted(call: Call) -> bool:
    """Whether a call says how often it is repeated."""
    return call.times != 1


def _name_of_call(call: Call, first: str) -> str:
    """The name of a call whose first pass is called `first`: `layer1` for `layer1.0`."""
    return first.removesuffix(".0") if _is_counted(call) else first


def _label_like(name: str, taken: set[str]) -> str:
    """A name for a tensor like that of its row."""
    label = re.sub(r"\W", "_", name, flags=re.ASCII)
    if not label[:1].isalpha():
        label = f"t_{label.lstrip('_')}"
    words = RESERVED | SCOPE_NAMES | set(STRUCTURE)
    number, found = 1, label
    while found in taken or found in words or _means_a_layer(found):
        number += 1
        found = f"{label}_{number}"
    return found


def _means_a_layer(word: str) -> bool:
    """Whether a word is a layer type, here or in a framework."""
    return word in layers.names() or frameworks.knows(word)


def _packed(entries: list[_Entry]) -> list[_Entry]:
    """The entries with light layers on the line of those around them.

    They stand behind the layer with weights, but before it where the chain begins with one.
    """
    before_heavy = bool(entries) and not entries[0].is_heavy
    out: list[_Entry] = []
    for entry in entries:
        last = out[-1] if out else None
        behind = not before_heavy and not entry.is_heavy and not entry.is_head
        joins = last is not None and (not last.is_heavy or behind)
        if last and joins and last.is_text and entry.is_text and entry.links and not entry.alone:
            joined = f"{last.lines[0]} -> {entry.lines[0]}"
            if len(joined) <= WIDTH - 8 and not last.alone:
                heavy = last.is_heavy or entry.is_heavy
                out[-1] = last._replace(lines=(joined,), is_heavy=heavy)
                continue
        out.append(entry)
    return out


def _one_line(entries: list[_Entry]) -> str | None:
    """The entries as one chain of text, if they fit."""
    texts = [entry.lines[0] for entry in entries]
    joined = " -> ".join(texts)
    fits = len(joined) <= WIDTH - 12 and all(entry.is_text for entry in entries)
    conditional = any(" if " in each for each in texts[:-1])
    opens = all(entry.links for entry in entries[1:])
    return _yaml_text(joined) if texts and fits and opens and not conditional else None


def _nested(entries: list[_Entry]) -> _Entry:
    """The entries as one entry: a line, or a list in the list."""
    if not entries:
        return _Entry(("identity",), is_text=True)
    if len(entries) == 1:
        return entries[0]
    one = _one_line(entries)
    if one is not None:
        return _Entry((one,), is_text=True)
    return _Entry(tuple(_listed(entries, 0)))


def _listed(entries: list[_Entry], indent: int) -> Iterator[str]:
    """The entries as a list in YAML."""
    pad = " " * indent
    for entry in entries:
        first, *others = entry.lines
        yield f"{pad}- {_yaml_text(first) if entry.is_text else first}"
        yield from (f"{pad}  {line}" for line in others)


def _yaml_text(line: str) -> str:
    """Layer text, in quotes where YAML would read something else."""
    if UNQUOTED.fullmatch(line) or line.startswith('"'):
        return line
    return quoted(line)
