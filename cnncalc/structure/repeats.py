"""Parts that occur again, found in the chains of a network and made blocks.

First every chain is searched, inner ones before outer ones, for sequences of items that differ
in numbers alone; the one that saves most becomes a block, until none saves anything. What the
blocks take as arguments is decided afterwards, when all their calls are known (`arguments`).
"""

from __future__ import annotations

from collections import Counter
from itertools import count, pairwise
from typing import TYPE_CHECKING, NamedTuple

from cnncalc.structure.series import OWNERS
from cnncalc.structure.tree import Call, Merge, Step, sources

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cnncalc.structure.holes import Signatures
    from cnncalc.structure.names import Names
    from cnncalc.structure.tree import Chain, Item

LONGEST = 16  # items of a block
LEAST_SAVING = 2.5  # lines


class _Found(NamedTuple):
    """A sequence of items that occurs several times in a chain."""

    saving: float
    key: int
    length: int
    places: tuple[int, ...]


class Folder:
    """Folds chains; `keys` gives a block's name by the number of its body."""

    def __init__(self, signatures: Signatures, outside: Iterable[int], names: Names) -> None:
        self.signatures = signatures
        self.names = names
        self.spelled = names.spelled(signatures)
        self.taken = names.parts()
        self.outside = frozenset(outside)  # rows that are read from outside of their chain
        self.keys: dict[int, str] = {}
        self._numbers: dict[tuple[int, object], int] = {}

    def fold(self, chain: Chain) -> Chain:
        """The chain with calls of blocks, those in its branches included."""
        items: Chain = tuple(self._inside(item) for item in chain)
        while (found := self._best(items)) is not None:
            items = self._replaced(items, found)
        return items

    def _inside(self, item: Item) -> Item:
        if isinstance(item, Merge):
            kept = self.signatures.optional(item)  # that is compared as it stands
            branches = enumerate(item.branches)
            return item._replace(
                branches=tuple(b if at == kept else self.fold(b) for at, b in branches)
            )
        return item

    def _best(self, items: Chain) -> _Found | None:
        """The repeated sequence that saves most lines, if any saves enough."""
        seen: dict[tuple[int, int], list[int]] = {}
        for start, length, key in self._sequences(items):
            places = seen.setdefault((length, key), [])
            if not places or places[-1] + length <= start:
                places.append(start)
        best: _Found | None = None
        for (length, key), places in seen.items():
            if len(places) == 1 and key not in self.keys:
                continue
            found = self._weighed(items, key, length, places)
            if found is not None and (best is None or found.saving > best.saving):
                best = found
        return best

    def _sequences(self, items: Chain) -> Iterator[tuple[int, int, int]]:
        """Every sequence that can be a block: its place, its length, and what it is.

        It reads nothing but what enters its first item, only its last item is read elsewhere, and
        its weights are shared within it alone.
        """
        reads = self._reads(items)
        marks = [
            (self.signatures.of(item), tuple(place - source for source in before))
            for place, (item, (before, _)) in enumerate(zip(items, reads, strict=True))
        ]
        shared = [self.signatures.partial(item) for item in items]
        for start, item in enumerate(items):
            entry, *others = set(sources(item))
            if others or (start and entry != items[start - 1].last):
                continue
            key, reach, sharing = 0, start, Counter[int]()
            ends = range(start, min(start + LONGEST, len(items)))
            names = self.spelled.growing(items[place] for place in ends)
            for place, local in zip(ends, names, strict=False):  # they may end before
                before, after = reads[place]
                inside = all(
                    source >= start or tensor == entry
                    for source, tensor in zip(before, sources(items[place]), strict=True)
                )
                if not inside:
                    break
                key = self._numbers.setdefault((key, marks[place]), len(self._numbers) + 1)
                sharing += shared[place]
                whole_families = self.signatures.completes(sharing)
                if reach <= place and local is not None and whole_families:
                    whole = self._numbers.setdefault((key, local), len(self._numbers) + 1)
                    yield start, place - start + 1, whole
                reach = max(reach, after)

    def _weighed(self, items: Chain, key: int, length: int, places: list[int]) -> _Found | None:
        body = items[places[0] : places[0] + length]
        if length == 1 and not isinstance(body[0], Merge):
            return None
        lines = size(body)
        known = key in self.keys
        calls = 1 + sum(1 for one, other in pairwise(places) if one + length != other)
        saving = len(places) * lines - calls - 0.01 * length - (0 if known else lines + 1)
        if saving < (0.5 if known else LEAST_SAVING) or lines < 2:  # noqa: PLR2004 - a call is one
            return None
        return _Found(saving, key, length, tuple(places))

    def _name(self, key: int) -> str:
        """The name of a block, which no row is called."""
        if key not in self.keys:
            free = (f"block{number}" for number in count(len(self.keys) + 1))
            used = {*self.taken, *self.keys.values()}
            self.keys[key] = next(name for name in free if name not in used)
        return self.keys[key]

    def _reads(self, items: Chain) -> list[tuple[tuple[int, ...], int]]:
        """Per item: the places it reads (-1 is what enters), and the last that reads it."""
        places = {item.last: place for place, item in enumerate(items)}
        read = [tuple(places.get(tensor, -1) for tensor in sources(item)) for item in items]
        last = [place + 1 for place in range(len(items))]
        for place, before in enumerate(read):
            for source in before:
                if source >= 0:
                    last[source] = max(last[source], place)
        beyond = len(items) + 1
        ends = [beyond if item.last in self.outside else last[at] for at, item in enumerate(items)]
        return list(zip(read, ends, strict=True))

    def _replaced(self, items: Chain, found: _Found) -> Chain:
        """The chain with calls in place of the sequence; calls in sequence are one."""
        name = self._name(found.key)
        out: list[Item] = []
        at = 0
        starts = set(found.places)
        reads = self._reads(items)
        while at < len(items):
            if at not in starts:
                out.append(items[at])
                at += 1
                continue
            body = items[at : at + found.length]
            before = out[-1] if out else None
            # Only the next pass may read what a pass puts out.
            handed_on = at > 0 and reads[at - 1][1] < at + found.length
            if (
                isinstance(before, Call)
                and before.block == name
                and handed_on
                and (self.names.follows(before.passes, body))
            ):
                out[-1] = before._replace(passes=(*before.passes, body))
            else:
                out.append(Call(name, (), (body,)))
            at += found.length
        return tuple(out)


def size(chain: Chain) -> float:
    """About how many lines a chain takes."""
    return sum(map(_lines, chain))


def _lines(item: Item) -> float:
    if isinstance(item, Step):
        return 1 if item.layer.type in OWNERS else 0.5
    if isinstance(item, Merge):
        return 1 + sum(max(1, size(branch)) for branch in item.branches if branch)
    return 1
