"""The names that rows keep, and what a block makes of them: `layer1.0.conv1` is `conv1` in one.

The rows of a block call are called after the call: of `basic 64 x2 as layer1` they begin with
`layer1.0.` and `layer1.1.`. So a sequence of rows is a call only if their names begin alike.
"""

from __future__ import annotations

from collections import Counter
from itertools import accumulate, takewhile
from typing import TYPE_CHECKING

from cnncalc.structure.tree import Call, Step, rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

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

    def local(
        self, chain: Chain, signatures: Signatures | None = None
    ) -> tuple[object, ...] | None:
        """The names in these rows without their prefix; None if no call can write them.

        With `signatures`, those of branches are left out that may be empty in other calls.
        """
        prefix = self.prefix(chain) if self.kept else None
        if prefix is None:
            return ()
        found = [(self.under(prefix, ".".join(path)), what) for path, what in self._paths(chain)]
        if not prefix or not all(self.may_be(name) for name, _ in found):
            return None
        if self._under[prefix] != sum(row.index in self.kept for row in rows(chain)):
            return None  # two calls of one name
        if signatures is None:
            return tuple(found)
        own = self._paths(chain, signatures)
        return tuple((self.under(prefix, ".".join(path)), what) for path, what in own)

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
        first, name = self.prefix(passes[0]), self.prefix(body)
        if first is None or name is None:
            return first is name
        base, _, number = first.rpartition(".")
        return bool(base) and number == "0" and name == f"{base}.{len(passes)}"

    def are_passes(self, passes: Sequence[Chain]) -> bool:
        """Whether several passes can be one call, whose name their names are numbered under."""
        return all(self.follows(passes[:at], passes[at]) for at in range(1, len(passes)))

    def _paths(
        self, chain: Chain, signatures: Signatures | None = None
    ) -> Iterator[tuple[Path, str]]:
        """The names in a chain, and of each which block it is the name of."""
        for item in chain:
            yield from self._paths_of(item, signatures)

    def _paths_of(self, item: Item, signatures: Signatures | None) -> Iterator[tuple[Path, str]]:
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
