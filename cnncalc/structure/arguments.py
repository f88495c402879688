"""What the blocks of a network take as arguments: the simplest terms true of every call.

A number of a block is a constant, an earlier argument, `cin`, a multiple or a fraction of one of
these, their sum or difference, or else a new argument.
"""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from itertools import product
from typing import TYPE_CHECKING, NamedTuple

from cnncalc.structure.holes import Hole, varying
from cnncalc.structure.tree import Block, Call, Merge, Parameter, Step, rows, sources

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from cnncalc.network import Network
    from cnncalc.structure.holes import Signatures
    from cnncalc.structure.names import Names
    from cnncalc.structure.tree import Chain, Item, Term

# The letter of an argument by the field that it fills first.
LETTERS = {"filters": "c", "units": "u", "stride": "s", "groups": "g", "times": "n", "start": "a",
           "stop": "b", "multiplier": "m", "heads": "h"}  # fmt: skip
# Not computed from other arguments.
PLAIN = frozenset((
    "stride", "strides", "times", "kernel_size", "padding", "output_padding", "dilation",
    "num_layers", "growth",
))  # fmt: skip


def letter_of(kind: str, values: Sequence[int | None]) -> str:  # noqa: ARG001 - as others name
    """The letter of a new argument."""
    return LETTERS.get(kind, "c")


class _NoCommonForm(Exception):  # noqa: N818 - not an error: the calls are written out instead
    """Calls of a block differ in more than numbers."""


class _Run(NamedTuple):
    """Calls of one block in sequence: arguments, which hold in the first pass only, how many."""

    arguments: tuple[int, ...]
    first: frozenset[int]
    passes: tuple[Chain, ...]


class Column(NamedTuple):
    """A term and its values in every call."""

    term: Term
    kind: str
    values: list[int]


class _Shortcut(NamedTuple):
    """A branch that may be empty, as the body of a block has it."""

    chain: Chain
    condition: str | None


class _Supply(NamedTuple):
    """What a body is filled with: each taken in the order in which the body asks for it."""

    terms: Iterator[Term]
    shortcuts: Iterator[_Shortcut]
    first: Iterator[frozenset[int]]


class Blocks:
    """The blocks of a folded chain, with the arguments of each pass of each call.

    `names` are the blocks' provisional names, each after those that its body calls.
    """

    def __init__(
        self,
        network: Network,
        chains: Sequence[Chain],
        names: Iterable[str],
        known: Signatures,
        kept: Names,
    ) -> None:
        self.network = network
        self.named = kept
        self._parts = kept.parts()
        self._kept = read_twice(network)
        self._lent = {each for node in network.nodes for each in (node.shared_with, node.tied_to)}
        self.signatures = known
        self.blocks: dict[str, Block] = {}  # those that are called, by their provisional names
        self._arguments: dict[tuple[str, int], tuple[int, ...]] = {}
        for name in names:
            found = [one for chain in chains for one in self._passes(name, chain)]
            if len(found) > 1:
                with suppress(_NoCommonForm):
                    self.blocks[name] = self._block(name, found)

    def written(self, chain: Chain) -> Chain:
        """A chain with the arguments of its calls, which are split where these change."""
        items: list[Item] = []
        for item in self._expanded(chain):
            if isinstance(item, Merge):
                branches = tuple(map(self.written, item.branches))
                items.append(item._replace(branches=branches))
            elif isinstance(item, Call):
                name = self.blocks[item.block].name
                for run in self._runs(item):
                    label = self.named.of_call(run.passes, None)
                    times = len(run.passes)
                    items.append(Call(name, run.arguments, run.passes, run.first, times, label))
            else:
                items.append(item._replace(label=self.named.of_step(item, None)))
        return self._again(items)

    def _again(self, items: Iterable[Item]) -> Chain:
        """The items of a chain, equal steps in sequence as one that is repeated."""
        out: list[Item] = []
        for item in items:
            before = out[-1] if out else None
            if (
                isinstance(item, Step)
                and isinstance(before, Step)
                and before.last not in self._kept
                and self._lent.isdisjoint({row.index for row in (*before.rows, *item.rows)})
                and self.named.repeats(item)
                and _repeats(before, item)
            ):
                out[-1] = before._replace(more=(*before.more, item.rows))
            else:
                out.append(item)
        return tuple(out)

    # -- the calls of a block

    def _passes(self, name: str, chain: Chain) -> Iterator[Chain]:
        """Every pass of every call of a block in a chain, in inner ones too."""
        for item in chain:
            inner: tuple[Chain, ...] = ()
            if isinstance(item, Merge):
                inner = item.branches
            elif isinstance(item, Call):
                inner = item.passes
                if item.block == name:
                    yield from inner
            for one in inner:
                yield from self._passes(name, one)

    def _expanded(self, chain: Chain) -> Iterator[Item]:
        """The items of a chain, with the bodies of the blocks that came to nothing."""
        for item in chain:
            if isinstance(item, Call) and item.block not in self.blocks:
                for one in item.passes:
                    yield from self._expanded(one)
            else:
                yield item

    def _runs(self, call: Call) -> Iterator[_Run]:
        """The passes of a call in groups that can be written as one call each."""
        parameters = self.blocks[call.block].parameters
        strides = [at for at, each in enumerate(parameters) if each.kind == "stride"]
        given = [self._arguments[call.block, one[-1].last] for one in call.passes]
        at = 0
        while at < len(given):
            end = at + 1
            first: frozenset[int] = frozenset()
            if end < len(given):
                rest = given[end]
                first = frozenset(k for k in strides if given[at][k] != rest[k] == 1)
                same = all(
                    one == other or k in first
                    for k, (one, other) in enumerate(zip(given[at], rest, strict=True))
                )
                while same and end < len(given) and given[end] == rest:
                    end += 1
                first = first if same else frozenset()
            run = _Run(given[at], first, call.passes[at:end])
            if self.named.are_passes(run.passes):
                yield run
            else:  # each is a call of its own name
                yield from (
                    _Run(one, frozenset(), (call.passes[k],))
                    for k, one in enumerate(given[at:end], at)
                )
            at = end

    # -- one block

    def _block(self, name: str, passes: list[Chain]) -> Block:
        """The block of these passes."""
        bodies = [tuple(self._expanded(one)) for one in passes]
        entering = [self.network.nodes[sources(body[0])[0]].shape.channels for body in bodies]
        first = self._common_first(bodies)
        columns = Columns(entering)
        numbers = [list(self._numbers(body)) for body in bodies]
        if len({len(each) for each in numbers}) > 1:
            raise _NoCommonForm
        terms = [
            columns.term(column[0].kind, [hole.value for hole in column])
            for column in zip(*numbers, strict=True)
        ]
        # Behind the others, whose arguments decide.
        branches = zip(*[list(self._shortcuts(body)) for body in bodies], strict=True)
        prefixes = [self.named.prefix(one) for one in passes]
        shortcuts = [self._shortcut(found, columns, prefixes) for found in branches]
        parameters = columns.parameters()
        for index, one in enumerate(passes):
            values = tuple(columns.value(each.name, index) for each in parameters)
            self._arguments[name, one[-1].last] = values
        supply = _Supply(iter(terms), iter(shortcuts), iter(first))
        body = self._again(self._filled(bodies[0], supply, prefixes[0]))
        return Block(self._title(name, passes), parameters, body)

    def _title(self, name: str, passes: list[Chain]) -> str:
        """The name of a block: the network's own, if most rows and the last ones have it."""
        owners = Counter(row.block for one in passes for row in rows(one))
        (title, count), *_ = owners.most_common(1)
        ends = {tuple(rows(one))[-1].block for one in passes}
        taken = {block.name for block in self.blocks.values()}
        fits = title is not None and ends == {title} and 2 * count > owners.total()
        is_free = title not in taken and title not in self._parts
        return title if title is not None and fits and is_free else name

    def _common_first(self, bodies: list[Chain]) -> list[frozenset[int]]:
        """For each call in the bodies, the arguments that may differ in its first pass."""
        common: list[frozenset[int]] | None = None
        for body in bodies:
            runs = [list(self._runs(call)) for call in self._calls(body)]
            if any(len(each) > 1 for each in runs):
                raise _NoCommonForm
            found = [each[0].first for each in runs]
            common = (
                found if common is None else [a | b for a, b in zip(common, found, strict=True)]
            )
        for body in bodies:
            for call, first in zip(self._calls(body), common or [], strict=True):
                (run,) = self._runs(call)
                alone = len(run.passes) == 1
                if not all(k in run.first or alone or run.arguments[k] == 1 for k in first):
                    raise _NoCommonForm
        return common or []

    def _calls(self, chain: Chain) -> Iterator[Call]:
        """The calls in a chain, in order; shortcuts hold none."""
        for item in self._expanded(chain):
            if isinstance(item, Call):
                yield item
            elif isinstance(item, Merge):
                for branch in item.branches:
                    yield from self._calls(branch)

    def _numbers(self, chain: Chain) -> Iterator[Hole]:
        """The numbers of a chain that may differ from call to call."""
        for item in self._expanded(chain):
            if isinstance(item, Step):
                yield from varying(item.layer)
            elif isinstance(item, Call):
                (run,) = self._runs(item)
                parameters = self.blocks[item.block].parameters
                for parameter, value in zip(parameters, run.arguments, strict=True):
                    yield Hole(parameter.kind, value)
                yield Hole("times", len(run.passes))
            else:
                yield from varying(item.layer)
                place = self.signatures.optional(item)
                for at, branch in enumerate(item.branches):
                    if at != place:
                        yield from self._numbers(branch)

    def _shortcuts(self, chain: Chain) -> Iterator[Chain]:
        """The branches of a chain that may be empty in some calls."""
        for item in self._expanded(chain):
            if isinstance(item, Merge):
                place = self.signatures.optional(item)
                for at, branch in enumerate(item.branches):
                    if at != place:
                        yield from self._shortcuts(branch)
                if place is not None:
                    yield item.branches[place]

    def _filled(self, chain: Chain, supply: _Supply, prefix: str | None) -> Chain:
        """The chain with terms in place of its numbers, and names without their prefix."""
        items: list[Item] = []
        for item in self._expanded(chain):
            if isinstance(item, Step):
                label = self.named.of_step(item, prefix)
                items.append(item._replace(terms=_terms_of(item, supply.terms), label=label))
            elif isinstance(item, Call):
                block = self.blocks[item.block]
                arguments = tuple(next(supply.terms) for _ in block.parameters)
                times, first = next(supply.terms), next(supply.first)
                label = self.named.of_call(item.passes, prefix)
                items.append(Call(block.name, arguments, item.passes, first, times, label))
            else:
                items.append(self._filled_merge(item, supply, prefix))
        return tuple(items)

    def _filled_merge(self, merge: Merge, supply: _Supply, prefix: str | None) -> Merge:
        for hole in varying(merge.layer):
            if next(supply.terms) != hole.value:
                raise _NoCommonForm
        place = self.signatures.optional(merge)
        branches = [
            branch if at == place else self._filled(branch, supply, prefix)
            for at, branch in enumerate(merge.branches)
        ]
        if place is None:
            return merge._replace(branches=tuple(branches))
        shortcut = next(supply.shortcuts)
        branches[place] = shortcut.chain
        return merge._replace(
            branches=tuple(branches),
            shortcut=None if shortcut.condition is None else place,
            condition=shortcut.condition,
        )

    def _shortcut(
        self, found: Sequence[Chain], columns: Columns, prefixes: Sequence[str | None]
    ) -> _Shortcut:
        """The branch that some calls have, and the simplest condition true of just these."""
        there = [bool(chain) for chain in found]
        if not any(there):
            return _Shortcut((), None)
        if len({self._labels(*each) for each in zip(found, prefixes, strict=True) if each[0]}) > 1:
            raise _NoCommonForm
        numbers = [list(self._numbers(chain)) for chain in found]
        kinds = [hole.kind for hole in max(numbers, key=len)]
        terms = [
            columns.term(kind, [each[place].value if each else None for each in numbers])
            for place, kind in enumerate(kinds)
        ]
        widths = [term for kind, term in zip(kinds, terms, strict=True) if kind == "filters"]
        place = there.index(True)
        supply = _Supply(iter(terms), iter(()), iter(()))
        filled = self._filled(found[place], supply, prefixes[place])
        if all(there):
            return _Shortcut(filled, None)
        return _Shortcut(filled, columns.condition(there, widths[-1] if widths else None))

    def _labels(self, chain: Chain, prefix: str | None) -> tuple[str | None, ...]:
        """The names in a shortcut, all of whose items are layers."""
        return tuple(self.named.of_step(one, prefix) for one in chain if isinstance(one, Step))


class Columns:
    """The terms of a block while its arguments are found; `entering` are the values of `cin`."""

    def __init__(
        self,
        entering: list[int] | None,
        named: Callable[[str, Sequence[int | None]], str] = letter_of,
    ) -> None:
        self.known = [] if entering is None else [Column("cin", "filters", entering)]
        self.named = named  # a new argument, by its kind and its values
        self.arguments: list[Column] = []

    def term(self, kind: str, values: Sequence[int | None]) -> Term:
        """The simplest term with these values; None is any value."""
        present = {value for value in values if value is not None}
        if len(present) == 1:
            return present.pop()
        found = next(self._computed(kind, values), None)
        return self._new(kind, values) if found is None else found

    def _computed(self, kind: str, values: Sequence[int | None]) -> Iterator[str]:
        """The terms over arguments and `cin` that have these values, simplest first."""
        alike = [each for each in self.arguments if (each.kind in PLAIN) == (kind in PLAIN)]
        if kind in PLAIN:
            alike = [each for each in alike if each.kind == kind]
        yield from (str(each.term) for each in alike if agree(values, each.values))
        if kind in PLAIN:
            return
        yield from (str(each.term) for each in self.known if agree(values, each.values))
        place, value = next((at, one) for at, one in enumerate(values) if one is not None)
        for base in (*alike, *self.known):
            yield from _scaled(base, values, value, base.values[place])
        for entering, base in product(self.known, alike):
            pairs = list(zip(entering.values, base.values, strict=True))
            if agree(values, [one + other for one, other in pairs]):
                yield f"{entering.term}+{base.term}"
            if agree(values, [other - one for one, other in pairs]):
                yield f"{base.term}-{entering.term}"

    def _new(self, kind: str, values: Sequence[int | None]) -> str:
        """A new argument; calls without a value get that of another, which they do not use."""
        some = next(value for value in values if value is not None)
        word = self.named(kind, values)
        name, number = word, 2
        while self._is_taken(name):
            name, number = f"{word}_{number}", number + 1
        filled = [some if value is None else value for value in values]
        self.arguments.append(Column(name, kind, filled))
        return name

    def _is_taken(self, name: str) -> bool:
        return any(each.term == name for each in self.arguments)

    def condition(self, there: list[bool], width: Term | None) -> str:
        """When a shortcut is there: `s != 1`, `cin != 4*c`, either, or an argument of its own."""
        tests: list[tuple[str, list[bool]]] = []
        stride = next((each for each in self.arguments if each.kind == "stride"), None)
        if stride is not None:
            tests.append((f"{stride.term} != 1", [value != 1 for value in stride.values]))
        widths = None if width is None else self._values(width)
        for entering in self.known if widths is not None else ():
            pairs = zip(entering.values, widths or (), strict=True)
            tests.append((f"{entering.term} != {width}", [one != other for one, other in pairs]))
        if len(tests) > 1:
            (one, first), (other, second) = tests
            tests.append(
                (f"{one} or {other}", [a or b for a, b in zip(first, second, strict=True)])
            )
        for text, holds in tests:
            if holds == there:
                return text
        self.arguments.append(Column("project", "switch", [int(each) for each in there]))
        return "project"

    def _values(self, term: Term) -> list[int] | None:
        """The values of a term in every call; None of one that is not a multiple or so."""
        if isinstance(term, int):
            return [term] * len(self.known[0].values)
        for base in (*self.arguments, *self.known):
            if term == base.term:
                return base.values
            factor, star, name = term.partition("*")
            if star and name == base.term:
                return [int(factor) * value for value in base.values]
            name, slash, divisor = term.partition("//")
            if slash and name == base.term:
                return [value // int(divisor) for value in base.values]
        return None

    def parameters(self) -> tuple[Parameter, ...]:
        """The arguments of the block, those without a default first."""
        found = [Parameter(str(a.term), a.kind, _default(a)) for a in self.arguments]
        return tuple(sorted(found, key=lambda parameter: parameter.default is not None))

    def value(self, name: str, call: int) -> int:
        """The value of an argument in one call."""
        return next(each.values[call] for each in self.arguments if each.term == name)


def _default(argument: Column) -> int | None:
    """1 of a stride, 0 of a switch; of other numbers that are mostly the same, that one."""
    if argument.kind in ("stride", "switch"):
        usual = int(argument.kind == "stride")
        return usual if usual in argument.values else None
    if argument.kind in ("filters", "units"):
        return None
    value, count = Counter(argument.values).most_common(1)[0]
    return value if 2 * count > len(argument.values) else None


def agree(values: Sequence[int | None], others: Sequence[int]) -> bool:
    """Whether values, of which None is any, are these."""
    return all(value is None or value == other for value, other in zip(values, others, strict=True))


def _scaled(base: Column, values: Sequence[int | None], value: int, other: int) -> Iterator[str]:
    """A multiple or a whole fraction of a term."""
    if other and value and value % other == 0:
        factor = value // other
        if agree(values, [factor * each for each in base.values]):
            yield f"{factor}*{base.term}"
    if value and other % value == 0:
        divisor = other // value
        exact = all(
            each % divisor == 0 or wanted is None
            for each, wanted in zip(base.values, values, strict=True)
        )
        if exact and agree(values, [each // divisor for each in base.values]):
            yield f"{base.term}//{divisor}"


def _terms_of(step: Step, terms: Iterator[Term]) -> dict[str, Term]:
    """The fields of a step that are computed, from the next terms."""
    found = {hole.kind: next(terms) for hole in varying(step.layer)}
    return {field: term for field, term in found.items() if isinstance(term, str)}


def _repeats(before: Step, step: Step) -> bool:
    """Whether a step does the same as the one before it, to the output of that one."""
    layers = [[row.layer for row in one.rows] for one in (before, step)]
    plain = all(
        row.note is None and row.values is None and row.shared_with is None
        for one in (before, step)
        for row in one.rows
    )
    marks = [(one.owner.frozen, one.owner.train_only) for one in (before, step)]
    return (
        step.owner.inputs == (before.last,)
        and plain
        and layers[0] == layers[1]
        and marks[0] == marks[1]
        and before.terms == step.terms
    )


def read_twice(network: Network) -> frozenset[int]:
    """The rows that several rows read, and the outputs of the network."""
    readers = Counter(index for node in network.nodes for index in node.inputs)
    return frozenset({*network.outputs, *(index for index, count in readers.items() if count > 1)})
