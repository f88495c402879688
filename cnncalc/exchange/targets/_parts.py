"""The parts of a network, by the dotted names of its rows, as targets make functions of them.

What is asked here is the same for every framework: what a part reads and hands on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cnncalc.errors import Diagnostic
from cnncalc.exchange.targets._names import class_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from cnncalc.network import Network, Node


class Part:
    """A node of the tree of names: a row, or the rows whose names begin alike."""

    def __init__(self, path: tuple[str, ...]) -> None:
        self.path = path
        self.children: dict[str, Part] = {}
        self.rows: list[int] = []  # of the network, in order
        self.is_row = False
        self.kind = "inline"  # or "row", and what the target makes of parts that it calls
        self.height = 0

    @property
    def name(self) -> str:
        """The last word of the path; empty for the whole network."""
        return self.path[-1] if self.path else ""


class Unit(NamedTuple):
    """One step of what a part does: a row, or a part that is called."""

    part: Part | None
    row: int
    reads: tuple[int, ...]
    writes: int


class Bound(NamedTuple):
    """A unit with the names of the tensors that it reads and of the one that it writes."""

    unit: Unit
    reads: tuple[str, ...]
    written: str
    is_read: bool


class Parts:
    """The rows of a network that are written, as a tree of parts.

    `attribute` makes a name of Python of a word, beside those that are taken.
    """

    def __init__(self, network: Network, attribute: Callable[[str, set[str]], str]) -> None:
        self.network = network
        self.left_out = rows_left_out(network)
        self.kept = [n for n in network.nodes if n.inputs and n.index not in self.left_out]
        self.order = {node.index: place for place, node in enumerate(self.kept)}
        self.outputs = [index for index in network.outputs if index not in self.left_out]
        self.readers: dict[int, list[int]] = {node.index: [] for node in network.nodes}
        for node in self.kept:
            for index in node.inputs:
                self.readers[index].append(node.index)
        self.paths = self._paths(attribute)
        self.root = self._tree()

    def _paths(self, attribute: Callable[[str, set[str]], str]) -> dict[int, tuple[str, ...]]:
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
                    given[key] = attribute(key[-1], siblings.setdefault(path, set()))
                path = (*path, given[key])
            found[node.index] = path
        return found

    def _tree(self) -> Part:
        root = Part(())
        for node in self.kept:
            part = root
            part.rows.append(node.index)
            for name in self.paths[node.index]:
                part = part.children.setdefault(name, Part((*part.path, name)))
                part.rows.append(node.index)
            part.is_row, part.kind = True, "row"
        return root

    def below(self, part: Part) -> Iterator[Part]:
        """The parts of a part, each after its own, and itself at last."""
        for child in part.children.values():
            yield from self.below(child)
        yield part

    def is_closed(self, part: Part) -> bool:
        """Whether a part can be a call: rows in sequence, with one result."""
        nodes = [self.network.nodes[row] for row in part.rows]
        roots = [root for node in nodes for root in (node.shared_with, self.tied_to(node))]
        return self._is_in_sequence(part) and all(
            root is None or root in part.rows for root in roots
        )

    def _is_in_sequence(self, part: Part) -> bool:
        places = [self.order[row] for row in part.rows]
        in_order = places == list(range(places[0], places[0] + len(places)))
        return in_order and len(self.results(part)) == 1

    def original(self, part: Part) -> Part | None:
        """The part of which this one is another call: the same rows, with that one's weights."""
        nodes = [self.network.nodes[row] for row in part.rows]
        shared = next((node for node in nodes if node.shared_with is not None), None)
        if shared is None or shared.shared_with is None or not self._is_in_sequence(part):
            return None
        depth = len(self.paths[shared.index]) - len(part.path)
        other = self._at(self.paths[shared.shared_with][:-depth])
        starts = other.rows[0], part.rows[0]
        if len(other.rows) != len(part.rows) or not self._is_in_sequence(other):
            return None
        if len(self.entries(other)) != 1 or len(self.entries(part)) != 1:
            return None
        pairs = zip(other.rows, part.rows, strict=True)
        alike = all(self._is_repeated(one, again, starts) for one, again in pairs)
        ends = [self.results(each)[-1] - each.rows[0] for each in (other, part)]
        return other if alike and ends[0] == ends[1] else None

    def _at(self, path: tuple[str, ...]) -> Part:
        """The part of this path."""
        part = self.root
        for name in path:
            part = part.children[name]
        return part

    def _is_repeated(self, one: int, again: int, starts: tuple[int, int]) -> bool:
        """Whether a row does what another one does with its weights, at the same place of a part.

        `starts` are the first rows of the parts.
        """
        network, (first, second) = self.network, starts
        node, other = network.nodes[again], network.nodes[one]
        root = one if other.shared_with is None else other.shared_with
        moved = [index - second if index >= second else None for index in node.inputs]
        theirs = [index - first if index >= first else None for index in other.inputs]
        return (
            again - second == one - first
            and node.layer == other.layer
            and node.shared_with in {None, root}
            and network.shapes_into(node) == network.shapes_into(other)
            and self.tied_to(node) is None
            and moved == theirs
        )

    def tied_to(self, node: Node) -> int | None:
        """The row whose weight a row uses transposed, itself or by what it shares."""
        root = node if node.shared_with is None else self.network.nodes[node.shared_with]
        return root.tied_to

    def results(self, part: Part) -> list[int]:
        """The rows of a part that others read, or that are outputs."""
        inside = set(part.rows)
        return [
            row
            for row in part.rows
            if row in self.outputs or any(reader not in inside for reader in self.readers[row])
        ]

    def entries(self, part: Part) -> list[int]:
        """The tensors that a part reads from outside, in order."""
        inside = set(part.rows)
        read = (index for row in part.rows for index in self.network.nodes[row].inputs)
        return list(dict.fromkeys(index for index in read if index not in inside))

    def units(self, part: Part, called: frozenset[str]) -> list[Unit]:
        """The steps of a part, where parts of the kinds `called` are one step each."""
        units: list[Unit] = []
        covered: set[int] = set()
        for row in part.rows:
            if row in covered:
                continue
            callee = self._callee(part, row, called)
            if callee is None:
                units.append(Unit(None, row, self.network.nodes[row].inputs, row))
            else:
                covered.update(callee.rows)
                (result,) = self.results(callee)
                units.append(Unit(callee, row, tuple(self.entries(callee)), result))
        return units

    def _callee(self, part: Part, row: int, called: frozenset[str]) -> Part | None:
        """The outermost part below this one that is called and holds a row."""
        for name in self.paths[row][len(part.path) :]:
            part = part.children[name]
            if part.kind in called:
                return part
        return None

    def ends(self, part: Part) -> tuple[list[int], list[int]]:
        """The tensors that go into a part and come out of it; of the root, the network's."""
        if part is self.root:
            return [node.index for node in self.network.inputs], self.outputs
        return self.entries(part), self.results(part)

    def flow(
        self,
        ends: tuple[Sequence[int], Sequence[int]],
        units: Sequence[Unit],
        names: dict[int, str],
        local: Callable[[int], str],
    ) -> Iterator[Bound]:
        """The units with names for their tensors: what is read at once is called `x` or `out`.

        `ends` are the entries and results; `names` has those of the entries and gets the others;
        `local` gives the name of a tensor that is read later too.
        """
        entries, results = ends
        last = {index: len(units) for index in results}
        for place, unit in enumerate(units):
            for index in unit.reads:
                last[index] = max(last.get(index, 0), place)
        is_free = len(entries) == 1 and (last.get(entries[0], 0) <= 0 or names[entries[0]] != "x")
        flow = "x" if is_free else "out"
        for place, unit in enumerate(units):
            reads = tuple([names[index] for index in unit.reads])
            flows = last.get(unit.writes, 0) <= place + 1
            names[unit.writes] = flow if flows else local(unit.writes)
            yield Bound(unit, reads, names[unit.writes], unit.writes in last)

    def name_of_call(self, part: Part) -> str:
        """The name of the block that a part is a call of, else its own."""
        written = ".".join(self.network.nodes[part.rows[0]].name.split(".")[: len(part.path)])
        group = (self.network.groups or {}).get(written)
        is_call = group is not None and group.text.isidentifier()
        name = group.text if group is not None and is_call else part.name
        return class_name(name if not name.isdigit() else f"part{name}")


def rows_left_out(network: Network) -> set[int]:
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


def notes(network: Network, left_out: set[int]) -> tuple[Diagnostic, ...]:
    """That these rows are left out, where there are any."""
    if not left_out:
        return ()
    names = ", ".join(network.nodes[index].name for index in sorted(left_out))
    message = f"left out, since only training uses it: {names}"
    return (Diagnostic("note", "side-left-out", message),)
