"""Two or more networks side by side: their totals, and the layers in which they differ.

The first network is the one that the others are held against. Layers are matched by name, the
rest by order within the parts that both networks have: the second unmatched convolution of
`layer1.0` meets the second one there. A layer here is a row with the norms and activations
attached to it.
"""

from __future__ import annotations

from collections import defaultdict, deque
from typing import TYPE_CHECKING, Literal, NamedTuple

from cnncalc.analysis.engine import analyze
from cnncalc.figures import used
from cnncalc.spec.load import load

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from cnncalc.analysis.report import Report, Row

# Left out where they only repeat `params`, or are 0 everywhere.
ECHOES = ("trainable", "inference_params")
RARE = ("fixed", "buffers")

Status = Literal["added", "removed", "changed", "resized"]


class ComparedFigure(NamedTuple):
    """One figure of every network; None where a network has none."""

    key: str
    values: tuple[int | None, ...]

    def delta(self, index: int) -> int | None:
        """How much more the network `index` has than the first."""
        first, value = self.values[0], self.values[index]
        return None if first is None or value is None else value - first


class LayerGroup(NamedTuple):
    """A row and what is attached to it, as one layer."""

    rows: tuple[Row, ...]

    @property
    def name(self) -> str:
        """The row's own name."""
        return self.rows[0].name

    @property
    def facts(self) -> dict[str, object]:
        """What two layers are compared by, in the order in which differences are told."""
        first, *attached = self.rows
        settings = dict(first.settings)
        for row in attached:
            settings |= {f"{row.type}.{key}": value for key, value in row.settings.items()}
        return {
            "type": " + ".join(row.type for row in self.rows),
            **{key: value for key, value in settings.items() if value is not None},
            "in": first.in_shapes,
            "out": self.rows[-1].out,
            "params": sum(row.params for row in self.rows),
            "macs": sum(row.macs for row in self.rows),
        }


class LayerPair(NamedTuple):
    """A layer of the first network and its counterpart; one is None where there is none.

    `changes` holds what differs, as (before, after); None stands for a setting not there.
    """

    before: LayerGroup | None
    after: LayerGroup | None
    changes: Mapping[str, tuple[object, object]]

    @property
    def status(self) -> Status | None:
        """What happened to the layer; None where nothing did. `resized`: only sizes differ."""
        if self.before is None:
            return "added"
        if self.after is None:
            return "removed"
        if not self.changes:
            return None
        return "resized" if set(self.changes) <= {"in", "out"} else "changed"


class Comparison(NamedTuple):
    """The networks, the first of which is the measure, and what differs.

    `layers` has one list of pairs per further network, in the order of its layers.
    """

    labels: tuple[str, ...]
    reports: tuple[Report, ...]
    figures: tuple[ComparedFigure, ...]
    layers: tuple[tuple[LayerPair, ...], ...]


def compare(
    *targets: str | Path,
    set: Mapping[str, object] | None = None,
    input: str | None = None,
    batch: int | None = None,
    dtype: str = "fp32",
) -> Comparison:
    """Load and compare networks; `set` and `input` change all of them alike.

    Raises CnncalcError where one does not load, ValueError for fewer than two.

    >>> found = compare("resnet18", "resnet34")
    >>> params = next(figure for figure in found.figures if figure.key == "params")
    >>> params.values, params.delta(1)
    ((11689512, 21797672), 10108160)
    """
    networks = [load(target, set=set, input=input) for target in targets]
    reports = [analyze(network, batch=batch, dtype=dtype) for network in networks]
    return compare_reports(reports, [str(target) for target in targets])


def compare_reports(reports: Sequence[Report], labels: Sequence[str]) -> Comparison:
    """Compare reports that exist already. Raises ValueError for fewer than two."""
    if len(reports) < 2:  # noqa: PLR2004 - the fewest that can differ
        raise ValueError("a comparison needs two networks or more")
    first = list(_units(reports[0].rows))
    return Comparison(
        tuple(labels),
        tuple(reports),
        tuple(_figures(reports)),
        tuple(tuple(_pairs(first, list(_units(other.rows)))) for other in reports[1:]),
    )


def _figures(reports: Sequence[Report]) -> Iterator[ComparedFigure]:
    params = tuple(report.totals.params for report in reports)
    for key in used("compare"):
        values = tuple(report.figure(key) for report in reports)
        echoes = key in ECHOES and values == params
        if not echoes and (any(values) or key not in RARE):
            yield ComparedFigure(key, values)


def _units(rows: Sequence[Row]) -> Iterator[LayerGroup]:
    """The layers, each with what is attached to it."""
    attached: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows:
        if row.attached_to is not None:
            attached[row.attached_to].append(row)
    for row in rows:
        if row.attached_to is None:
            yield LayerGroup((row, *attached[row.name]))


def _pairs(first: list[LayerGroup], second: list[LayerGroup]) -> Iterator[LayerPair]:
    """Every layer of both once: in the order of the second, removed ones where they stood."""
    partners = _partners(first, second)
    waiting = deque(range(len(first)))
    taken = set(partners.values())
    for index, after in enumerate(second):
        match = partners.get(index)
        while match is not None and waiting and waiting[0] <= match:
            gone = waiting.popleft()
            if gone not in taken:
                yield _pair(first[gone], None)
        yield _pair(None if match is None else first[match], after)
    yield from (_pair(first[index], None) for index in waiting if index not in taken)


def _partners(first: list[LayerGroup], second: list[LayerGroup]) -> dict[int, int]:
    """For layers of the second network, by index, their counterparts in the first."""
    names = {unit.name: index for index, unit in enumerate(first)}
    found = {i: names[unit.name] for i, unit in enumerate(second) if unit.name in names}
    free: defaultdict[MatchKey, deque[int]] = defaultdict(deque)
    for place, index in _unmatched(first, second):
        free[place].append(index)
    for place, index in _unmatched(second, first):
        if free[place]:
            found[index] = free[place].popleft()
    return found


class MatchKey(NamedTuple):
    """Where a layer without a namesake stands; others of its place and type may be meant."""

    behind: str  # the matched layer before it
    within: str  # the innermost part that both networks have, such as layer1.0
    type: str


def _unmatched(units: list[LayerGroup], others: list[LayerGroup]) -> Iterator[tuple[MatchKey, int]]:
    """The layers whose name the other network lacks, and where they stand."""
    names = {unit.name for unit in others}
    parts = {part for name in names for part in _parts(name)}
    behind = ""
    for index, unit in enumerate(units):
        if unit.name in names:
            behind = unit.name
            continue
        within = next((part for part in _parts(unit.name) if part in parts), "")
        yield MatchKey(behind, within, unit.rows[0].type), index


def _parts(name: str) -> Iterator[str]:
    """The parts that a row lies in, innermost first.

    >>> list(_parts("layer1.0.conv1"))
    ['layer1.0', 'layer1']
    """
    while "." in name:
        name = name.rpartition(".")[0]
        yield name


def _pair(before: LayerGroup | None, after: LayerGroup | None) -> LayerPair:
    if before is None or after is None:
        return LayerPair(before, after, {})
    old, new = before.facts, after.facts
    keys = dict.fromkeys((*old, *new))
    both = {key: (old.get(key), new.get(key)) for key in keys}
    return LayerPair(before, after, {key: pair for key, pair in both.items() if pair[0] != pair[1]})
