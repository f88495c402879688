"""Which tensor of a weights file a parameter's numbers lie in, by names and sizes alone.

Names come first, also behind a prefix that wrappers put before them ("module.conv1.weight"). What
is left over is paired by order among parts of one role: norms with norms, and the others with
those whose weights have as many axes.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from cnncalc.inference.matching import RequiredTensor, bare, ignored, in_order

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


Dims = tuple[int, ...]
MOST_COMPARED = 1_000_000  # pairs of parts in one alignment, about a second
LEFT_OUT = 6  # what it costs to leave a part alone; a pair of unlike parts costs less than two


class TensorPairs(NamedTuple):
    """The name in the file by each parameter's name, and how they were found.

    `prefix` stands before the names in the file, `own_prefix` before those of the network.
    """

    by_name: Mapping[str, str]
    by_order: Mapping[str, str]
    prefix: str = ""
    own_prefix: str = ""

    @property
    def all(self) -> dict[str, str]:
        """The name in the file by each parameter's name, however it was found."""
        return {**self.by_name, **self.by_order}


def paired(needed: Sequence[RequiredTensor], found: Mapping[str, Dims]) -> TensorPairs:
    """Pairs of parameters and tensors, among which sizes may still differ.

    >>> from cnncalc.inference.matching import RequiredTensor
    >>> paired([RequiredTensor("fc.bias", (2,))], {"model.fc.bias": (3,)}).prefix
    'model.'
    """
    names = [name for name in found if not ignored(name)]
    ours = {need.name for need in needed}
    prefix, own_prefix = _prefixes(ours, set(names))
    by_name = {
        own_prefix + name.removeprefix(prefix): name
        for name in names
        if name.startswith(prefix) and own_prefix + name.removeprefix(prefix) in ours
    }
    # What is left of a layer that was found by name stays with it.
    ours_found, theirs_found = set(map(_owner, by_name)), set(map(_owner, by_name.values()))
    left = [need for need in needed if _owner(need.name) not in ours_found]
    theirs = {name: found[name] for name in in_order(names) if _owner(name) not in theirs_found}
    by_order = dict(_by_order(left, theirs))
    return TensorPairs(by_name, by_order, prefix, own_prefix)


def _owner(name: str) -> str:
    return name.rpartition(".")[0]


def _prefixes(ours: set[str], theirs: set[str]) -> tuple[str, str]:
    """The words before names of the file, or of the network, that make the most names equal.

    That has to be half of all, since a few names are equal behind the name of any part.
    """
    equal = len(ours & theirs)
    before_theirs = Counter(_beginnings(theirs, ours)).most_common(1)
    before_ours = Counter(_beginnings(ours, theirs)).most_common(1)
    if before_theirs and before_theirs[0][1] > max(equal, len(ours) / 2):
        return before_theirs[0][0], ""
    if before_ours and before_ours[0][1] > max(equal, len(theirs) / 2):
        return "", before_ours[0][0]
    return "", ""


def _beginnings(names: set[str], known: set[str]) -> Iterator[str]:
    """What stands before a known name, for each name that ends with one."""
    for name in names:
        parts = name.split(".")
        for count in range(1, min(len(parts) - 1, 8)):  # no wrapper is nested deeper
            if ".".join(parts[count:]) in known:
                yield ".".join(parts[:count]) + "."


class _Part(NamedTuple):
    """The tensors of one layer, by the last words of their names."""

    name: str
    dims: Mapping[str, Dims]
    optional: bool = False

    @property
    def kind(self) -> tuple[tuple[str, Dims], ...]:
        """Its words and sizes, in one order."""
        return tuple(sorted((word, bare(dims)) for word, dims in self.dims.items()))

    @property
    def role(self) -> tuple[bool, int]:
        """Whether it normalises, and the number of axes of its largest tensor."""
        ranks = [len(dims) for dims in self.dims.values()]
        return "running_mean" in self.dims or max(ranks) <= 1, max(ranks)


def _parts(tensors: Sequence[RequiredTensor]) -> list[_Part]:
    grouped: dict[str, dict[str, Dims]] = {}
    needed: set[str] = set()
    for tensor in tensors:
        owner, _, word = tensor.name.rpartition(".")
        grouped.setdefault(owner, {})[word] = tensor.dims
        needed |= set() if tensor.optional else {owner}
    return [_Part(owner, dims, owner not in needed) for owner, dims in grouped.items()]


def _by_order(
    left: Sequence[RequiredTensor], theirs: Mapping[str, Dims]
) -> Iterator[tuple[str, str]]:
    ours = _parts(left)
    others = _parts([RequiredTensor(name, dims) for name, dims in theirs.items()])
    for role in dict.fromkeys(part.role for part in ours):
        mine = [part for part in ours if part.role == role]
        offered = [part for part in others if part.role == role]
        for one, other in _partners(mine, offered):
            for word in one.dims:
                if word in other.dims:
                    yield _joined(one.name, word), _joined(other.name, word)


def _joined(owner: str, word: str) -> str:
    return f"{owner}.{word}" if owner else word


def _partners(ours: list[_Part], theirs: list[_Part]) -> list[tuple[_Part, _Part]]:
    """Parts of one kind in their order where each kind occurs as often, else the best alignment."""
    for mine in ([part for part in ours if not part.optional], ours):
        if Counter(part.kind for part in mine) == Counter(part.kind for part in theirs):
            offered: dict[object, list[_Part]] = {}
            for part in theirs[::-1]:
                offered.setdefault(part.kind, []).append(part)
            return [(part, offered[part.kind].pop()) for part in mine]
    return _aligned(ours, theirs)


def _aligned(ours: list[_Part], theirs: list[_Part]) -> list[tuple[_Part, _Part]]:
    """The pairs that keep both orders and differ least; none where there is too much to compare."""
    if len(ours) * len(theirs) > MOST_COMPARED:
        return []
    # cost[i][j]: the least for ours from i on against theirs from j on
    cost = [[LEFT_OUT * (len(theirs) - j) for j in range(len(theirs) + 1)]]
    for one in ours[::-1]:
        below, row = cost[-1], [cost[-1][-1] + LEFT_OUT]
        for j in range(len(theirs) - 1, -1, -1):
            pair = _unlikeness(one, theirs[j]) + below[j + 1]
            row.append(min(pair, below[j] + LEFT_OUT, row[-1] + LEFT_OUT))
        cost.append(row[::-1])
    cost.reverse()
    pairs, i, j = [], 0, 0
    while i < len(ours) and j < len(theirs):
        if cost[i][j] == _unlikeness(ours[i], theirs[j]) + cost[i + 1][j + 1]:
            pairs.append((ours[i], theirs[j]))
            i, j = i + 1, j + 1
        elif cost[i][j] == cost[i + 1][j] + LEFT_OUT:
            i += 1
        else:
            j += 1
    return pairs


def _unlikeness(one: _Part, other: _Part) -> int:
    """How many words and sizes differ, less than it costs to leave both alone."""
    words = one.dims.keys() ^ other.dims.keys()
    sizes = sum(
        a != b
        for word in one.dims.keys() & other.dims.keys()
        for a, b in zip(one.dims[word], other.dims[word], strict=False)
    )
    return min(2 * len(words) + sizes, 2 * LEFT_OUT - 1)
