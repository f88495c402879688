"""Network -> chains with merges: the series-parallel part of its graph.

A merge takes up its branches where each begins at the same tensor and nobody else reads what
lies on them. What does not reduce so stays a row of its own, which names the tensors it reads.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from cnncalc.structure.tree import Merge, Step, rows, sources

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator

    from cnncalc.network import Network, Node
    from cnncalc.structure.tree import Chain, Item

# Layers that norms and activations are attached to where they follow.
OWNERS = frozenset({"conv", "dwconv", "conv_transpose", "localconv", "fc", "linear"})
LONGEST_NESTED = 14  # rows of a branch beside an empty one that may hold such a merge itself
LONGEST_REGION = 100  # rows of a branch that holds a merge which names what it joins


def steps(network: Network, *, named: bool = False, kept: Container[int] = ()) -> list[Step]:
    """The rows of a network as steps: norms and activations belong to the layer before them.

    With `named` a row is attached only if its name is the usual one (`conv1.bn` of `conv1`),
    and so are the rows of `kept` without it.
    """
    readers = _readers(network)
    pinned = {node.shared_with for node in network.nodes}
    taken: set[int] = set()
    found: list[Step] = []
    for node in network.nodes:
        if node.index in taken or node.layer.type == "input":
            continue
        group = [node]
        if node.layer.type in OWNERS and node.index not in pinned:
            usual = range(len(network.nodes)) if named else kept
            group += _followers(node, readers, pinned, usual)
        taken.update(row.index for row in group)
        found.append(Step(tuple(group)))
    return found


def _readers(network: Network) -> dict[int, list[Node]]:
    """Who reads each row; an output of the network has two readers more."""
    readers: dict[int, list[Node]] = {node.index: [] for node in network.nodes}
    for node in network.nodes:
        for index in node.inputs:
            readers[index].append(node)
    for index in network.outputs:
        readers[index] += [network.nodes[index]] * 2
    return readers


def _followers(
    owner: Node, readers: dict[int, list[Node]], pinned: set[int | None], usual: Container[int]
) -> Iterator[Node]:
    """The norm and the activation behind a layer, in that order, if nothing else reads it.

    Rows of `usual` follow only with their usual names.
    """
    current, allowed = owner, ["norm", "activation"]
    while allowed and len(readers[current.index]) == 1:
        (follower,) = readers[current.index]
        kind = follower.layer.attaches
        if kind not in allowed or len(follower.inputs) > 1 or not _alike(follower, owner):
            return
        if follower.index in pinned or (
            follower.index in usual and follower.name != f"{owner.name}.{follower.layer.type}"
        ):
            return
        del allowed[: allowed.index(kind) + 1]
        yield follower
        current = follower


def _alike(follower: Node, owner: Node) -> bool:
    """Whether a row says of itself what the layer does that it would be attached to."""
    same = (follower.frozen, follower.train_only) == (owner.frozen, owner.train_only)
    plain = follower.values is None and follower.note is None
    return same and plain and owner.shared_with is None and follower.shared_with is None


class _Region(NamedTuple):
    """Items between a tensor and the merge that ends them, some of which read others by name."""

    items: Chain
    source: int
    last: int


class _Reduction:
    """The items that are left while merges take up their branches."""

    def __init__(self, found: list[Step], outputs: Iterable[int]) -> None:
        self.items: dict[int, Item | _Region] = {}
        self.readers: Counter[int] = Counter(outputs)
        self.dominator: dict[int, int | None] = {}
        self.depth: dict[int | None, int] = {None: 0}
        for step in found:
            self.readers.update(step.owner.inputs)
        for step in found:
            self._place(step)

    def _place(self, step: Step) -> None:
        """Find the tensor through which everything goes that enters a step."""
        for index in step.owner.inputs:
            if index not in self.depth:  # an input
                self.dominator[index], self.depth[index] = None, 1
        above: int | None = step.owner.inputs[0]
        for other in step.owner.inputs[1:]:
            above = self._common(above, other)
        self.dominator[step.last] = above
        self.depth[step.last] = self.depth[above] + 1

    def _common(self, one: int | None, other: int | None) -> int | None:
        """The nearest tensor through which both go; None where there is none."""
        while one != other:
            if self.depth[one] < self.depth[other]:
                one, other = other, one
            one = self.dominator[one] if one is not None else None
        return one

    def add(self, step: Step) -> None:
        """Take up a step, as a merge with branches if it can be one."""
        item: Item | _Region | None = None
        if len(step.owner.inputs) > 1:
            item = self._merge(step) or self._region(step)
        if isinstance(item, Merge):
            self._drop([inner for branch in item.branches for inner in branch], step)
            self.readers[item.source] += 1
        elif isinstance(item, _Region):
            self._drop(list(item.items[:-1]), step)
            self.readers[item.source] += 1
        self.items[step.last] = item or step

    def _drop(self, inner: list[Item], step: Step) -> None:
        self.readers.subtract(step.owner.inputs)
        for item in inner:
            self.readers.subtract(_sources(item))
            self.items.pop(item.last, None)

    def _merge(self, step: Step) -> Merge | None:
        """The merge with its branches, or None where it has to name what it joins."""
        plain = step.owner.note is None and step.owner.values is None
        if len(step.rows) > 1 or not plain or step.owner.shared_with is not None:
            return None
        found = [self._branch(tensor) for tensor in step.owner.inputs]
        if len({start for _, start in found}) > 1:
            return None
        merge = Merge(step.owner, found[0][1], tuple(_spliced(chain) for chain, _ in found))
        regions = any(isinstance(item, _Region) for chain, _ in found for item in chain)
        return None if _is_deep(merge, regions=regions) else merge

    def _branch(self, tensor: int) -> tuple[list[Item | _Region], int]:
        """The items that nobody else reads up to a tensor, and the tensor where they begin."""
        chain: list[Item | _Region] = []
        while self.readers[tensor] == 1 and tensor in self.items:
            item = self.items[tensor]
            if len(_sources(item)) != 1:
                break
            chain.append(item)
            tensor = _sources(item)[0]
        return chain[::-1], tensor

    def _region(self, step: Step) -> _Region | None:
        """All between a merge and the tensor that everything in it comes from, if none leaves."""
        start = self.dominator[step.last]
        if start is None:
            return None
        inside: dict[int, Item | _Region] = {}
        to_do = list(step.owner.inputs)
        reads = Counter(step.owner.inputs)
        while to_do:
            tensor = to_do.pop()
            if tensor != start and tensor not in inside:
                inside[tensor] = self.items[tensor]
                to_do += _sources(inside[tensor])
                reads.update(_sources(inside[tensor]))
        if any(self.readers[tensor] != reads[tensor] for tensor in inside):
            return None
        order = [inside[tensor] for tensor in self.items if tensor in inside]
        return _Region((*_spliced(order), step), start, step.last)


def _sources(item: Item | _Region) -> tuple[int, ...]:
    return (item.source,) if isinstance(item, _Region) else sources(item)


def _spliced(items: Iterable[Item | _Region]) -> Chain:
    """The items as one chain."""
    chain: list[Item] = []
    for item in items:
        chain += item.items if isinstance(item, _Region) else (item,)
    return tuple(chain)


def _is_deep(merge: Merge, *, regions: bool) -> bool:
    """Whether a long branch beside an empty one holds such a merge too, as in a U-Net.

    Written with names, the outer one reads more easily.
    """
    length = sum(1 for branch in merge.branches for _ in rows(branch))
    if regions and length > LONGEST_REGION:
        return True
    inner = [item for branch in merge.branches for item in branch]
    nested = any(isinstance(item, Merge) and () in item.branches for item in inner)
    return () in merge.branches and nested and length > LONGEST_NESTED


def reduce(network: Network, found: list[Step]) -> Chain:
    """The steps of a network in the order in which they run, merges with their branches.

    >>> from cnncalc.layers.relu import Relu
    >>> from cnncalc.network import chain
    >>> from cnncalc.shapes import Shape
    >>> net = chain("two", Shape(1, (8, 8)), [("a", Relu()), ("b", Relu())])
    >>> [item.last for item in reduce(net, steps(net))]
    [1, 2]
    """
    reduction = _Reduction(found, network.outputs)
    for step in found:
        reduction.add(step)
    return _spliced(reduction.items.values())
