"""Which tensor of a weights file belongs to which parameter of a network."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, NamedTuple

from cnncalc.errors import failure
from cnncalc.inference.stored import sizes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from cnncalc.errors import CnncalcError
    from cnncalc.inference.stored import StoredTensor

Match = Literal["name", "order"]
IGNORED = "num_batches_tracked"  # how long training went on; it has no part in inference


class RequiredTensor(NamedTuple):
    """One parameter that a network needs: "conv1.weight", its sizes, whether it may be missing.

    Those that may be missing have values of their own, or belong to rows that run only in
    training.
    """

    name: str
    dims: tuple[int, ...]
    optional: bool = False

    @property
    def kind(self) -> tuple[str, tuple[int, ...]]:
        """What is paired with what: weights with weights of the same sizes."""
        return self.name.rpartition(".")[2], bare(self.dims)


def by_name(
    path: str, needed: Sequence[RequiredTensor], found: Mapping[str, StoredTensor]
) -> dict[str, StoredTensor]:
    """The tensors by the names of the parameters, which are their own.

    Axes of size 1 may be left out or be there. Raises CnncalcError that lists every tensor
    missing, left over or of another shape.

    >>> from cnncalc.inference.stored import StoredTensor
    >>> by_name("w.json", [RequiredTensor("fc.bias", (2,))], {"fc.bias": StoredTensor((3,), list)})
    Traceback (most recent call last):
        ...
    cnncalc.errors.CnncalcError: weights-mismatch: 'w.json' does not fit the network: 1 of another \
shape
    """
    wanted = {need.name: need for need in needed}
    given = {name: tensor for name, tensor in found.items() if not ignored(name)}
    missing = [need for need in needed if need.name not in given and not need.optional]
    extra = [name for name in given if name not in wanted]
    pairs = [(wanted[name], tensor) for name, tensor in given.items() if name in wanted]
    odd = [(need, tensor) for need, tensor in pairs if bare(need.dims) != bare(tensor.dims)]
    if missing or extra or odd:
        raise _mismatch(path, missing, [(name, given[name]) for name in extra], odd)
    return {need.name: tensor for need, tensor in pairs}


def bare(dims: tuple[int, ...]) -> tuple[int, ...]:
    """The sizes without axes of size 1, which change nothing in the order of the numbers.

    >>> bare((96, 1, 1)) == bare((96,))
    True
    """
    return tuple(size for size in dims if size != 1)


def ignored(name: str) -> bool:
    """Whether a tensor of a file has no part in the forward pass.

    >>> ignored("bn1.num_batches_tracked")
    True
    """
    return name.rpartition(".")[2] == IGNORED


def _mismatch(
    path: str,
    missing: Sequence[RequiredTensor],
    extra: Sequence[tuple[str, StoredTensor]],
    odd: Sequence[tuple[RequiredTensor, StoredTensor]],
) -> CnncalcError:
    counts = {"missing": len(missing), "left over": len(extra), "of another shape": len(odd)}
    told = ", ".join(f"{count} {word}" for word, count in counts.items() if count)
    notes = (
        *(f"missing: {need.name} ({sizes(need.dims)})" for need in missing),
        *(f"left over: {name} ({tensor.sizes})" for name, tensor in extra),
        *(f"{need.name} is {tensor.sizes}, not {sizes(need.dims)}" for need, tensor in odd),
    )
    advice = "--match order pairs tensors by order and shape" if missing and extra else None
    message = f"'{path}' does not fit the network: {told}"
    return failure("weights-mismatch", message, notes=notes, help=advice)


def by_order(
    path: str, needed: Sequence[RequiredTensor], found: Mapping[str, StoredTensor]
) -> tuple[dict[str, StoredTensor], list[tuple[str, str]]]:
    """The tensors by the names of the parameters, and the pairs (parameter, name in the file).

    Among the parameters of one kind (their last word and their sizes), the first takes the first
    tensor of that kind in the file, and so on. A file sorted by name, as safetensors are
    written, is read in natural order, features.2 before features.10.
    Raises CnncalcError where the counts of a kind differ.

    >>> from cnncalc.inference.stored import StoredTensor
    >>> file = {"f.10.weight": StoredTensor((2,), list), "f.2.weight": StoredTensor((2,), list)}
    >>> by_order("w", [RequiredTensor("a.weight", (2,)), RequiredTensor("b.weight", (2,))], file)[1]
    [('a.weight', 'f.2.weight'), ('b.weight', 'f.10.weight')]
    """
    names = list(in_order(name for name in found if not ignored(name)))
    offered = _grouped(RequiredTensor(name, found[name].dims) for name in names)
    wanted = _grouped(needed)
    if {kind: len(group) for kind, group in offered.items()} != {
        kind: len(group) for kind, group in wanted.items()
    }:
        raise _unpaired(path, wanted, offered)
    partner = {
        ours.name: theirs.name
        for kind, group in wanted.items()
        for ours, theirs in zip(group, offered[kind], strict=True)
    }
    pairs = [(need.name, partner[need.name]) for need in needed]
    return {ours: found[theirs] for ours, theirs in pairs}, pairs


Kinds = dict[tuple[str, tuple[int, ...]], list[RequiredTensor]]


def _grouped(needed: Iterable[RequiredTensor]) -> Kinds:
    kinds: Kinds = {}
    for need in needed:
        kinds.setdefault(need.kind, []).append(need)
    return kinds


def _unpaired(path: str, wanted: Kinds, offered: Kinds) -> CnncalcError:
    notes = tuple(_uneven(wanted, offered))
    message = f"'{path}' cannot be paired with the network by order and shape"
    return failure("weights-mismatch", message, notes=notes)


def _uneven(wanted: Kinds, offered: Kinds) -> Iterator[str]:
    for kind in wanted | offered:
        ours, theirs = len(wanted.get(kind, ())), len(offered.get(kind, ()))
        if ours != theirs:
            word, dims = kind
            yield f"{word} {sizes(dims)}: the network has {ours}, the file {theirs}"


def in_order(names: Iterable[str]) -> list[str]:
    """Names as they stand, or naturally sorted where a program has sorted them letter by letter.

    >>> in_order(["f.0", "f.10", "f.2"]), in_order(["stem", "layer1"])
    (['f.0', 'f.2', 'f.10'], ['stem', 'layer1'])
    """
    listed = list(names)
    return sorted(listed, key=_natural) if listed == sorted(listed) else listed


def _natural(name: str) -> list[tuple[int, str]]:
    parts = re.split(r"(\d+)", name)
    return [(int(part), "") if part.isdecimal() else (0, part) for part in parts]
