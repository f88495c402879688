"""What of a chain stays the same wherever it is repeated, and the numbers that may differ."""

from __future__ import annotations

from collections import Counter
from dataclasses import fields
from typing import TYPE_CHECKING, NamedTuple

from cnncalc.structure.tree import Call, Merge, Step, sources
from cnncalc.structure.tree import rows as rows_of

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator, Mapping

    from cnncalc.layers._base import Layer
    from cnncalc.network import Node
    from cnncalc.structure.tree import Chain, Item

LONGEST_SHORTCUT = 3  # steps of a branch that may be empty in other calls of its block


class Hole(NamedTuple):
    """A number that may differ: the field that holds it, and its value."""

    kind: str
    value: int


def varying(layer: Layer) -> Iterator[Hole]:
    """The whole numbers among the settings of a layer, and a stride that all axes have.

    >>> from cnncalc.layers.conv import Conv
    >>> list(varying(Conv(filters=64, kernel=(3,), stride=(2,))))[:2]
    [Hole(kind='filters', value=64), Hole(kind='stride', value=2)]
    """
    for field in fields(layer):  # type: ignore[arg-type]
        value = getattr(layer, field.name)
        if field.name == "stride" and isinstance(value, tuple) and len(value) == 1:
            value = value[0]
        if isinstance(value, int) and not isinstance(value, bool):
            yield Hole(field.name, value)


def _constant(layer: Layer) -> Hashable:
    """The settings of a layer that stay the same."""
    holes = {hole.kind for hole in varying(layer)}
    rest = [
        (field.name, getattr(layer, field.name))
        for field in fields(layer)  # type: ignore[arg-type]
        if field.name not in holes and field.name != "kernel"
    ]
    kernel = getattr(layer, "kernel", ())
    rest.append(("kernel", kernel[:1] if len(set(kernel)) == 1 else kernel))  # 3x3 is 3
    return (layer.type, tuple(rest), tuple(sorted(holes)))


class Signatures:
    """Signatures of items: what two parts of a network have in common if a block can be both.

    `single` are rows that stand for themselves alone, since others name them; `families` are the
    rows that have the same weights, by each of them.
    """

    def __init__(
        self, chain: Chain, single: Iterable[int], families: Mapping[int, tuple[int, ...]]
    ) -> None:
        self.single = frozenset(single)
        self.families = families
        self._numbers: dict[Hashable, int] = {}
        self._known: dict[int, tuple[Item, int]] = {}  # by identity; the item is kept alive
        self._optional: dict[int, int] = {}
        seen: dict[int, Counter[int]] = {}
        merges = list(_merges(chain))
        framed = []
        for merge in merges:
            place = shortcut_of(merge)
            if place is None:
                continue
            frame, shape = self._frame(merge, place), self.chain(merge.branches[place])
            framed.append((merge, place, frame, shape))
            if merge.branches[place]:
                seen.setdefault(frame, Counter())[shape] += 1
        empty = self.chain(())
        for merge, place, frame, shape in framed:
            if frame in seen and shape in (empty, seen[frame].most_common(1)[0][0]):
                self._optional[merge.last] = place
        self._known.clear()  # those of merges were found before it was known what is optional

    def _number(self, signature: Hashable) -> int:
        """A number in place of the signature, which takes long to compare."""
        return self._numbers.setdefault(signature, len(self._numbers))

    def of(self, item: Item) -> int:
        """The signature of an item."""
        known = self._known.get(id(item))
        if known is None:
            known = self._known[id(item)] = item, self._number(self._of(item))
        return known[1]

    def _of(self, item: Item) -> Hashable:
        if isinstance(item, Call):
            return ("call", item.block)
        if isinstance(item, Step):
            return ("step", self._rows(item.rows))
        place = self.optional(item)
        if place is None:
            return ("merge", self._rows((item.owner,)), tuple(map(self.chain, item.branches)))
        return ("optional", self._frame(item, place))

    def partial(self, item: Item) -> Counter[int]:
        """How many rows of each family an item has that has others elsewhere, by the first row."""
        found: Counter[int] = Counter()
        if self.families:
            members = (row.index for row in rows_of((item,)) if row.index in self.families)
            found.update(self.families[row][0] for row in members)
        return Counter({first: n for first, n in found.items() if n < len(self.families[first])})

    def completes(self, found: Counter[int]) -> bool:
        """Whether families have all of their rows, of each of which so many were found."""
        return all(count == len(self.families[first]) for first, count in found.items())

    def chain(self, chain: Chain) -> int:
        """The signature of a chain."""
        places = {item.last: place for place, item in enumerate(chain)}
        pairs = [(self.of(item), _offsets(item, places, at)) for at, item in enumerate(chain)]
        return self._number(tuple(pairs))

    def optional(self, merge: Merge) -> int | None:
        """The branch of a merge that may be empty in other calls of a block."""
        return self._optional.get(merge.last)

    def _frame(self, merge: Merge, place: int) -> int:
        others = (*merge.branches[:place], *merge.branches[place + 1 :])
        inner = tuple(map(self.chain, others))
        return self._number((place, self._rows((merge.owner,)), inner))

    def _rows(self, rows: tuple[Node, ...]) -> Hashable:
        owner, *attached = rows
        alone = any(
            row.index in self.single
            or row.tied_to is not None
            or row.note is not None
            or row.values is not None
            for row in rows
        )
        layers = tuple(row.layer for row in attached)
        shares = tuple(
            tuple(other - row.index for other in self.families.get(row.index, ())) for row in rows
        )
        marks = (owner.frozen, owner.train_only, owner.index if alone else None, shares)
        return (_constant(owner.layer), layers, marks)


def _offsets(item: Item, places: Mapping[int, int], at: int) -> tuple[int, ...] | None:
    """How many items before this one stand those that it reads; None if that is the usual one."""
    found = tuple(at - places.get(tensor, -1) for tensor in sources(item))
    return None if found == (1,) else found


def shortcut_of(merge: Merge) -> int | None:
    """The branch of a sum of two that is empty, or short beside the other."""
    if merge.layer.type != "add" or len(merge.branches) != 2:  # noqa: PLR2004 - as it says
        return None
    place = min((1, 0), key=lambda at: len(merge.branches[at]))
    branch, other = merge.branches[place], merge.branches[1 - place]
    plain = all(isinstance(item, Step) and len(item.owner.inputs) == 1 for item in branch)
    shorter = len(branch) < len(other) or not all(isinstance(item, Step) for item in other)
    return place if plain and shorter and len(branch) <= LONGEST_SHORTCUT else None


def _merges(chain: Chain) -> Iterator[Merge]:
    """All merges of a chain, inner ones first."""
    for item in chain:
        if isinstance(item, Merge):
            for branch in item.branches:
                yield from _merges(branch)
            yield item
