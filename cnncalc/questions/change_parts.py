"""Where in a network most of a difference to another one lies.

The answer is the fewest parts that hold more than half of it. Parts are what the names of the
layers say: `layer4.1.conv2` lies in `layer4.1`, and that in `layer4`.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

FEW = 3  # parts that still tell where


class PartChange(NamedTuple):
    """How much more of a figure a part of the network, or one layer, has than before."""

    part: str
    delta: int


class MainChange(NamedTuple):
    """The fewest parts that hold more than half of the change of a figure, the largest first."""

    figure: str
    delta: int  # of the whole network
    parts: tuple[PartChange, ...]

    @property
    def held(self) -> int:
        """The change of these parts together."""
        return sum(part.delta for part in self.parts)


def main_change(figure: str, deltas: Mapping[str, int]) -> MainChange | None:
    """Where most of the change of a figure is; None if it did not change in sum.

    `deltas` are the changes of single layers, by the layers' names.

    >>> main_change("params", {"stem": 8, "layer1.conv1": 30, "layer1.conv2": 30, "fc": -4}).parts
    (PartChange(part='layer1', delta=60),)
    """
    total = sum(deltas.values())
    return MainChange(figure, total, _fewest(deltas, total)) if total else None


def _fewest(deltas: Mapping[str, int], total: int, within: str = "") -> tuple[PartChange, ...]:
    """The fewest parts right below this one that hold over half of `total`, if there are any.

    Where one alone does, it is told more closely by those within it, if these are few and not
    just all that it has.
    """
    parts: Counter[str] = Counter()
    for name, delta in deltas.items():
        if name.startswith(within):
            parts[within + name.removeprefix(within).partition(".")[0]] += delta
    up = 1 if total > 0 else -1
    found: list[PartChange] = []
    for part in sorted(parts, key=lambda name: up * parts[name], reverse=True):
        found.append(PartChange(part, parts[part]))
        if 2 * up * sum(each.delta for each in found) > up * total:
            break
    else:
        return ()
    if len(found) == 1:
        inner = _fewest(deltas, total, f"{found[0].part}.")
        every = sum(part.delta for part in inner) == found[0].delta
        if len(inner) == 1 or (1 < len(inner) <= FEW and not every):
            return inner
    return tuple(found)
