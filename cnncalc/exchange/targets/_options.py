"""Steps that some calls of a block have and others do not: projections and shortcuts.

A residual block projects its shortcut where the shapes differ, or has a shortcut only where they
agree. Both are one block, with an argument that says which it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cnncalc.exchange.targets._parts import Part, Parts, Unit


class Option(NamedTuple):
    """Steps that a block can do without: what reads `result` then reads `instead`.

    Of a projection, `reader` is what the step computes that reads the result, at `place` among
    the tensors that it reads. The addition of a shortcut has none.
    """

    steps: tuple[Unit, ...]
    result: int
    instead: int
    reader: int | None = None
    place: int = 0

    @property
    def is_projection(self) -> bool:
        """Whether the steps change what the shortcut carries; else they add it."""
        return self.reader is not None

    def left(self, units: Sequence[Unit]) -> list[Unit]:
        """The steps of a block without these."""
        return [
            unit._replace(reads=tuple([self.read(index) for index in unit.reads]))
            for unit in units
            if unit not in self.steps
        ]

    def read(self, index: int) -> int:
        """What is read in place of a tensor."""
        return self.instead if index == self.result else index


def options(parts: Parts, part: Part, units: Sequence[Unit]) -> Iterator[Option]:
    """What a block that reads one tensor may do without."""
    entries, results = parts.ends(part)
    if len(entries) != 1:
        return
    (entry,) = entries
    for unit in units:
        if len(unit.reads) <= 1:
            continue
        for place, index in enumerate(unit.reads):
            steps = _way(units, entry, index, results)
            if steps:
                yield Option(steps, index, entry, unit.writes, place)
        if unit.part is None and parts.network.nodes[unit.row].layer.type == "add":
            others = [index for index in unit.reads if index != entry]
            if entry in unit.reads and len(others) == 1:
                yield Option((unit,), unit.writes, others[0])


def _way(units: Sequence[Unit], entry: int, index: int, results: Sequence[int]) -> tuple[Unit, ...]:
    """The steps from the entry to a tensor, if nothing else reads what they compute."""
    made = {unit.writes: unit for unit in units}
    reads = [each for unit in units for each in unit.reads]
    steps: list[Unit] = []
    while index != entry:
        unit = made.get(index)
        if unit is None or reads.count(index) != 1 or index in results or len(unit.reads) != 1:
            return ()
        steps.insert(0, unit)
        (index,) = unit.reads
    return tuple(steps)
