"""Network -> its structure: the main path, what stands beside it, and the blocks of both."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from cnncalc.structure.arguments import Blocks
from cnncalc.structure.holes import Signatures
from cnncalc.structure.names import Names
from cnncalc.structure.repeats import Folder
from cnncalc.structure.series import reduce, steps
from cnncalc.structure.tree import Side, Structure, rows, sources

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnncalc.network import Network
    from cnncalc.structure.tree import Chain, Item


def structure(network: Network, *, named: bool = False, names: Names | None = None) -> Structure:
    """The chains, branches, sides and blocks of a network.

    With `named` a norm or activation is attached only where its row has the usual name. What is
    folded leaves the rows of `names` theirs.
    """
    names = Names({}) if names is None else names
    chain = reduce(network, steps(network, named=named, kept=names.kept))
    sides = _sides(network, chain)
    beside = {item.last for _, side in sides for item in side}
    main = tuple(item for item in chain if item.last not in beside)
    tied = [node.tied_to for node in network.nodes if node.tied_to is not None]
    signatures = Signatures(chain, tied, _families(network))
    outside = {*network.outputs, *tied, *(source for source, _ in sides)}
    chains = (main, *(side for _, side in sides))
    folder = Folder(signatures, outside, names)
    for one in chains:  # once to find the blocks, and again so that all of them are used everywhere
        folder.fold(one)
    folded = [folder.fold(one) for one in chains]
    blocks = Blocks(network, folded, folder.keys.values(), signatures, names)
    written = [blocks.written(one) for one in folded]
    starts = [source for source, _ in sides]
    return Structure(tuple(blocks.blocks.values()), tuple(_joined(written, starts)))


def _families(network: Network) -> dict[int, tuple[int, ...]]:
    """The rows that have the same weights, by each of them."""
    found: dict[int, list[int]] = {}
    for node in network.nodes:
        if node.shared_with is not None:
            found.setdefault(node.shared_with, [node.shared_with]).append(node.index)
    return {row: tuple(family) for family in found.values() for row in family}


def _sides(network: Network, chain: Chain) -> list[tuple[int, Chain]]:
    """The chains that end in an output which nothing reads, except the first: where each begins."""
    items = {item.last: item for item in chain}
    readers = Counter(index for node in network.nodes for index in node.inputs)
    single = Counter(tensor for item in chain for tensor in sources(item))
    found = []
    for output in network.outputs[1:]:
        if readers[output] or output not in items:
            continue
        side: list[Item] = []
        tensor = output
        while tensor in items and (not side or _passes(tensor, network, single)):
            before = sources(items[tensor])
            if len(before) != 1:
                break
            side.append(items[tensor])
            (tensor,) = before
        if side:
            found.append((tensor, tuple(reversed(side))))
    return found


def _passes(tensor: int, network: Network, readers: Counter[int]) -> bool:
    """Whether a tensor only hands on, so that it may lie within a side."""
    return readers[tensor] == 1 and tensor not in network.outputs


def _joined(chains: list[Chain], starts: list[int]) -> Iterator[Item | Side]:
    """The main path with each side behind the tensor that it reads."""
    main, *sides = chains
    waiting = list(zip(starts, sides, strict=True))
    for item in main:
        yield item
        for start, side in waiting:
            if start == item.last:
                yield Side(side, all(row.train_only for row in rows(side)))
    inside = {item.last for item in main}
    for start, side in waiting:
        if start not in inside:  # it reads an input, or a tensor within another side
            yield Side(side, all(row.train_only for row in rows(side)))
