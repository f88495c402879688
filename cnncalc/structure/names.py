"""The names that rows keep, and what a block makes of them: `layer1.0.conv1` is `conv1` in one.

The rows of a block call are called after the call: of `basic 64 x2 as layer1` they begin with
`layer1.0.` and `layer1.1.`. So a sequence of rows is a call only if their names begin alike.
"""

from __future__ import annotations

from collections import Counter
from itertools import accumulate, takewhile
from typing import TYPE_CHECKING, NamedTuple

from cnncalc.structure.tree import Call, Step, rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from cnncalc.structure.holes import Signatures
    from cnncalc.structure.tree import Chain, Item

Path = tuple[str, ...]  # the parts of a dotted name


def anything(_name: str) -> bool:
    """Whether a name may stand in a spec, where nothing is known of specs."""
    return True


class Names:
    """The rows that keep their names, by index; `may_be` says what a row may be called."""

    def __init__(self, kept: Mapping[int, str], may_be: Callable[[str], bool] = anything) -> None:
        self.kept = kept
        self.may_be = may_be
        self._under: Counter[str] = Counter()  # how many names begin with a prefix
        for name in kept.values():
            self._under.update(accumulate(name.split(".")[:-1], "{}.{}".format))

    def parts(self) -> frozenset[str]:
        """Every part of every name that is kept."""
        return frozenset(part for name in self.kept.values() for part in name.split("."))

    def prefix(self, chain: Chain) -> str | None:
        """What a call that writes these rows has to be called; None where no name is kept.

        >>> from cnncalc.layers.conv import Conv
        >>> from cnncalc.network import chain
        >>> from cnncalc.shapes import Shape
        >>> from cnncalc.structure.series import reduce, steps
        >>> net = chain("one", Shape(1, (8, 8)), [("a.0.conv", Conv(filters=6, kernel=(5,)))])
        >>> names = Names({1: "a.0.conv"})
        >>> names.prefix(reduce(net, steps(net)))
        'a.0'
        """
        paths = [path for path, _ in self._paths(chain)]
        if not paths:
            return None
        same = takewhile(lambda parts: len(set(parts)) == 1, zip(*(p[:-1] for p in paths)))  # noqa: B905 - the shortest ends it
        return ".".join(parts[0] for parts in same)

    def spelled(self, signatures: Signatures) -> Spelled:
        """The names in sequences of items, as blocks compare them."""
        return Spelled(self, signatures)

    def kept_under(self, prefix: str) -> int:
        """How many names begin with a prefix."""
        return self._under[prefix]

    def under(self, prefix: str | None, name: str) -> str:
        """A name without the prefix."""
        return name.removeprefix(f"{prefix}.") if prefix else name

    def of_step(self, step: Step, prefix: str | None) -> str | None:
        """The name that a layer keeps, without the prefix."""
        name = self.kept.get(step.owner.index)
        return None if name is None else self.under(prefix, name)

    def of_call(self, passes: Sequence[Chain], prefix: str | None) -> str | None:
        """The name of the first pass of a call, without the prefix."""
        name = self.prefix(passes[0])
        return None if name is None else self.under(prefix, name)

    def repeats(self, step: Step) -> bool:
        """Whether a layer may be written once for several in sequence."""
        return step.owner.index not in self.kept

    def follows(self, passes: Sequence[Chain], body: Chain) -> bool:
        """Whether the names of a body are those of one more pass of a repeated call."""
        return _counts(self.prefix(passes[0]), len(passes), self.prefix(body))

    def are_passes(self, passes: Sequence[Chain]) -> bool:
        """Whether several passes can be one call, whose name their names are numbered under."""
        prefixes = [self.prefix(one) for one in passes]
        return all(_counts(prefixes[0], at, name) for at, name in enumerate(prefixes) if at)

    def _paths(
        self, chain: Chain, signatures: Signatures | None = None
    ) -> Iterator[tuple[Path, str]]:
        """The names in a chain, and of each which block it is the name of."""
        for item in chain:
            yield from self.paths_of(item, signatures)

    def paths_of(self, item: Item, signatures: Signatures | None) -> Iterator[tuple[Path, str]]:
        """The names in an item; with `signatures`, without those of branches that may be empty."""
        if isinstance(item, Step):
            name = self.kept.get(item.owner.index)
            if name is not None:
                yield tuple(name.split(".")), ""
        elif isinstance(item, Call):
            name = self.prefix(item.passes[0])
            if name is not None:
                base, _, number = name.rpartition(".")
                yield tuple((base if base and number == "0" else name).split(".")), item.block
        else:
            left_out = None if signatures is None else signatures.optional(item)
            for at, branch in enumerate(item.branches):
                if at != left_out:
                    yield from self._paths(branch, signatures)


class _OfItem(NamedTuple):
    """The names in an item, those that all calls of its block have, and its rows with names."""

    item: Item  # kept alive, since it is known by its identity
    every: tuple[tuple[Path, str], ...]
    common: tuple[tuple[Path, str], ...]
    rows: int


class Spelled:
    """The names in sequences of items without what they have in common, each as a number."""

    def __init__(self, names: Names, signatures: Signatures) -> None:
        self.names = names
        self.signatures = signatures
        self._known: dict[int, _OfItem] = {}
        self._numbers: dict[object, int] = {}

    def growing(self, items: Iterable[Item]) -> Iterator[int | None]:
        """For the first item, the first two, and so on: equal numbers where they are called alike.

        None where no call can write them; it ends where none can write more of them either.
        """
        if not self.names.kept:
            yield from (0 for _ in items)
            return
        span: list[_OfItem] = []
        prefix: Path | None = None
        key, count = 0, 0
        for item in items:
            added = self._of(item)
            span.append(added)
            count += added.rows
            before = prefix
            for path, _ in added.every:
                prefix = path[:-1] if prefix is None else _common(prefix, path[:-1])
            if prefix == ():
                return
            if prefix is None:
                yield 0
                continue
            key = self._spelled(key, prefix, span[-1:] if prefix == before else span)
            yield key if self._can_be(prefix, span, count) else None

    def _of(self, item: Item) -> _OfItem:
        known = self._known.get(id(item))
        if known is None:
            every = tuple(self.names.paths_of(item, None))
            common = tuple(self.names.paths_of(item, self.signatures))
            count = sum(row.index in self.names.kept for row in rows((item,)))
            known = self._known[id(item)] = _OfItem(item, every, common, count)
        return known

    def _spelled(self, key: int, prefix: Path, added: Sequence[_OfItem]) -> int:
        """The number of names that are `key` and those of these items, or all if it is new."""
        if len(added) > 1:
            key = 0
        for one in added:
            local = tuple([(path[len(prefix) :], what) for path, what in one.common])
            key = self._numbers.setdefault((key, local), len(self._numbers) + 1)
        return key

    def _can_be(self, prefix: Path, span: Sequence[_OfItem], count: int) -> bool:
        """Whether nothing else is called so, and all names may stand in a spec."""
        if self.names.kept_under(".".join(prefix)) != count:
            return False
        paths = (path for one in span for path, _ in one.every)
        return all(self.names.may_be(".".join(path[len(prefix) :])) for path in paths)


def _common(one: Path, other: Path) -> Path:
    """The parts that two paths begin with."""
    same = takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False))
    return tuple([part for part, _ in same])


def _counts(first: str | None, at: int, name: str | None) -> bool:
    """Whether a call of this name is the pass number `at` of one whose first is called `first`."""
    if first is None or name is None:
        return first is name
    base, _, number = first.rpartition(".")
    return bool(base) and number == "0" and name == f"{base}.{at}"
