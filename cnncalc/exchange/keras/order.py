"""Where the order of a vector's numbers does not matter, since learned weights take any order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.exchange.keras.moves import note_of_order
from cnncalc.layers.reshape import Reshape

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnncalc.exchange.building import Builder, Row

TRANSPARENT = frozenset({"bn", "dropout", "identity", "scale"})  # and activations


def settle_orders(builder: Builder, outputs: Sequence[int]) -> None:
    """Drop each permutation whose numbers only learned weights of Dense layers ever see.

    A `flatten` behind it, or a `reshape` before it, then stands for both.
    """
    rows = builder.rows
    readers: dict[int, list[int]] = {}
    for index, row in enumerate(rows):
        for source in row.inputs:
            readers.setdefault(source, []).append(index)
    shared = {row.shared for row in rows if row.shared is not None}
    shared |= {index for index, row in enumerate(rows) if row.shared is not None}
    fixed = shared.union(outputs, builder.frontier)
    for index, row in enumerate(rows):
        if row.layer.type == "flatten" and rows[row.inputs[0]].layer.type == "permute":
            found = _dense_behind(rows, readers, (fixed, shared), index)
            if found and row.inputs[0] not in fixed and readers[row.inputs[0]] == [index]:
                rows[index] = row._replace(inputs=rows[row.inputs[0]].inputs)
                builder.notes.append(note_of_order(row.name, [rows[at].name for at in found]))
        elif row.layer.type == "permute" and rows[row.inputs[0]].layer.type == "reshape":
            _settle_reshape(builder, readers, fixed, index)


def _settle_reshape(
    builder: Builder, readers: dict[int, list[int]], fixed: set[int], index: int
) -> None:
    """Reshape a vector at once where a Dense layer makes it for this alone."""
    rows = builder.rows
    row = rows[index]
    reshape = row.inputs[0]
    source = rows[reshape].inputs[0]
    if rows[reshape].part is not row.part or rows[source].shape.rank:
        return
    at, reader, learning = source, reshape, []
    while readers[at] == [reader] and at not in fixed:
        if _learns(rows, at):
            learning.append(rows[at].name)
        if rows[at].layer.type == "fc":
            size = (*row.shape.spatial, row.shape.channels)
            rows[index] = row._replace(layer=Reshape(size=size), inputs=(source,))
            builder.notes.append(note_of_order(row.name, learning[::-1]))
            return
        if not _is_transparent(rows[at]):
            return
        at, reader = rows[at].inputs[0], at


def _dense_behind(
    rows: Sequence[Row],
    readers: dict[int, list[int]],
    kept: tuple[set[int], set[int]],
    index: int,
) -> list[int]:
    """The Dense layers that alone read a vector in the end, and what learns on the way to them.

    None where anything else reads it. `kept` are rows whose numbers stay in their
    order, and those whose weights others use.
    """
    fixed, shared = kept
    found, todo = [], [index]
    while todo:
        at = todo.pop()
        if at in fixed or not readers.get(at):
            return []
        for reader in readers[at]:
            if rows[reader].layer.type == "fc" and reader not in shared:
                found.append(reader)
            elif _is_transparent(rows[reader]):
                todo.append(reader)
                if _learns(rows, reader):
                    found.append(reader)
            else:
                return []
    return sorted(set(found))


def _is_transparent(row: Row) -> bool:
    """Whether each number of a vector goes its own way, with weights of its own or with none."""
    return row.layer.type in TRANSPARENT or row.layer.attaches == "activation"


def _learns(rows: Sequence[Row], index: int) -> bool:
    """Whether a row stores a number for each of its input's."""
    row = rows[index]
    return bool(row.layer.parameters(*(rows[source].shape for source in row.inputs)))
