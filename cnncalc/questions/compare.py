"""Two or more networks side by side: their totals, and the layers in which they differ.

Every other network is compared with the first. Layers are matched by name, the rest by order
within the parts that both networks have: the second unmatched convolution of `layer1.0` is
compared with the second one there. A layer here is a row with the norms and activations attached
to it; those that stand alone in one network and are attached in the other are taken as attached.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

from cnncalc.analysis.engine import analyze
from cnncalc.analysis.training import TRAINING, training
from cnncalc.brief import brief
from cnncalc.errors import failure
from cnncalc.figures import used
from cnncalc.network import Network
from cnncalc.questions.change_parts import main_change
from cnncalc.questions.versions import network_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from cnncalc.analysis.report import Report, Row
    from cnncalc.questions.change_parts import MainChange
    from cnncalc.spec.load import Target

# Figures that are left out where they equal `params`, and where they are 0 in every network.
ECHOES = ("trainable", "inference_params")
RARE = ("fixed", "buffers")
SUMMED = ("params", "macs")  # the figures of a layer that the differences between layers tell

BIAS_ALONE = {"bias", "params"}  # what differs where one layer has a bias and the other none

Alike = Literal["inference"]
Status = Literal["added", "removed", "changed", "resized"]


class ComparedFigure(NamedTuple):
    """One figure of every network; None where a network does not have it."""

    key: str
    values: tuple[int | None, ...]

    def delta(self, index: int) -> int | None:
        """How much more the network `index` has than the first."""
        first, value = self.values[0], self.values[index]
        return None if first is None or value is None else value - first


class LayerGroup(NamedTuple):
    """A row and the rows attached to it, taken as one layer."""

    rows: tuple[Row, ...]

    def __repr__(self) -> str:
        """The fields, cut where they get long."""
        return brief(self)

    @property
    def name(self) -> str:
        """The row's own name."""
        return self.rows[0].name

    @property
    def facts(self) -> dict[str, object]:
        """What two layers are compared by, in the order in which differences are printed."""
        first, *attached = self.rows
        settings = dict(first.settings)
        for row in attached:
            settings |= {f"{row.type}.{key}": value for key, value in row.settings.items()}
        return {
            "type": " + ".join(row.type for row in self.rows),
            **{key: value for key, value in settings.items() if value is not None},
            "in": first.in_shapes,
            "out": self.rows[-1].out,
            **{key: self.figure(key) for key in SUMMED},
        }

    def figure(self, key: str) -> int:
        """The parameters or the MACs of the layer."""
        return sum(getattr(row, key) for row in self.rows)


Pairing: TypeAlias = "Callable[[list[LayerGroup], list[LayerGroup]], dict[int, int]]"


class LayerPair(NamedTuple):
    """A layer of the first network and its counterpart; one of them may be None.

    `changes` maps what differs to (before, after); None stands for a setting that a layer lacks.
    """

    before: LayerGroup | None
    after: LayerGroup | None
    changes: Mapping[str, tuple[object, object]]

    def __repr__(self) -> str:
        """The fields, cut where they get long."""
        return brief(self)

    @property
    def status(self) -> Status | None:
        """How the layer changed, None where it did not. `resized`: only shapes differ."""
        if self.before is None:
            return "added"
        if self.after is None:
            return "removed"
        if not self.changes:
            return None
        return "resized" if set(self.changes) <= {"in", "out"} else "changed"


class Comparison(NamedTuple):
    """The compared networks and their differences from the first.

    `layers` has the pairs of every network but the first, in the order of its layers.
    """

    labels: tuple[str, ...]
    reports: tuple[Report, ...]
    figures: tuple[ComparedFigure, ...]
    layers: tuple[tuple[LayerPair, ...], ...]

    def __repr__(self) -> str:
        """The fields, cut where they get long."""
        return brief(self)

    def main_changes(self, index: int) -> tuple[MainChange, ...]:
        """Where most of the change from the first network to the network `index` is."""
        found = (main_change(key, _deltas(self.layers[index - 1], key)) for key in SUMMED)
        return tuple(change for change in found if change)

    def bias_difference(self, index: int) -> tuple[int, list[str]] | None:
        """The difference in params and the layers whose biases it is; None where it is more.

        Only a difference that these biases explain to the last parameter is one.
        """
        pairs = [pair for pair in self.layers[index - 1] if set(pair.changes) == BIAS_ALONE]
        names = [pair.before.name for pair in pairs if pair.before]
        biases = 0
        for pair in pairs:
            before, after = pair.changes["params"]
            if isinstance(before, int) and isinstance(after, int):
                biases += after - before
        first, other = self.reports[0].totals.params, self.reports[index].totals.params
        return (biases, names) if biases and other - first == biases else None


def compare(
    *targets: Target,
    set: Mapping[str, object] | None = None,
    input: str | None = None,
    batch: int | None = None,
    dtype: str = "fp32",
    alike: Alike | None = None,
    until: str | None = None,
    optimiser: str | None = None,
) -> Comparison:
    """Load and compare networks; `set`, `input` and `until` apply to all of them.

    Besides what `load` takes, a target may set variables (`net.yaml@se=false,w=32`), be a file at a
    revision of its git repository (`HEAD:net.yaml`), or be a model file up to a node, tensor or row
    (`model.onnx@until=NAME`).

    `alike="inference"` brings them into one form first, with folded batch norms and without what
    does nothing at inference, and takes layers for the same by what they compute, not by name.

    With an `optimiser`, the bytes of a step of training are a figure too.

    Raises:
        CnncalcError: where one does not load, and for an unknown optimiser.
        ValueError: for fewer than two networks.

    >>> comparison = compare("resnet18", "resnet34")
    >>> params = next(figure for figure in comparison.figures if figure.key == "params")
    >>> params.values, params.delta(1)
    ((11689512, 21797672), 10108160)
    """
    networks = networks_of(targets, set or {}, input, alike, until)
    reports = [analyze(network, batch=batch, dtype=dtype) for network in networks]
    labels = [_label(target) for target in targets]
    return compare_reports(reports, labels, alike=alike, optimiser=optimiser)


def networks_of(
    targets: Sequence[Target],
    set: Mapping[str, object],
    input: str | None,
    alike: Alike | None,
    until: str | None = None,
) -> list[Network]:
    """The networks that `compare` compares, each as far as `alike` says in the same form.

    Raises:
        CnncalcError: where one does not load.
    """
    networks = [network_of(target, set, input, until) for target in targets]
    if alike != "inference":
        return networks
    from cnncalc.questions.alike import at_inference  # most comparisons are of networks as is

    return [at_inference(network) for network in networks]


def _label(target: Target) -> str:
    """What a network is called: as it was typed, or by its name where it was not."""
    if isinstance(target, Network):
        return target.variant or target.name
    return str(target.get("name", "spec")) if isinstance(target, Mapping) else str(target)


def compare_reports(
    reports: Sequence[Report],
    labels: Sequence[str],
    *,
    alike: Alike | None = None,
    optimiser: str | None = None,
) -> Comparison:
    """Compare existing reports under these labels.

    Raises:
        CnncalcError: where figures of one are not known.
        ValueError: for fewer than two.
    """
    for report in reports:
        if report.incomplete:
            message = f"{report.file} has operators of unknown cost, so it cannot be compared"
            raise failure("incomplete", message, notes=report.incomplete[:10])
    if len(reports) < 2:  # noqa: PLR2004 - the fewest that can differ
        raise ValueError("a comparison needs two networks or more")
    partners = _partners_by_work if alike else _partners
    first, *others = reports
    return Comparison(
        tuple(labels),
        tuple(reports),
        (*_figures(reports), *_training(reports, optimiser)),
        tuple(tuple(_pairs(*_layers_of_both(first, other), partners)) for other in others),
    )


def _figures(reports: Sequence[Report]) -> Iterator[ComparedFigure]:
    params = tuple(report.totals.params for report in reports)
    for key in used("compare"):
        values = tuple(report.figure(key) for report in reports)
        echoes = key in ECHOES and values == params
        if not echoes and (any(values) or key not in RARE):
            yield ComparedFigure(key, values)


def _deltas(pairs: Sequence[LayerPair], key: str) -> Counter[str]:
    """How much each layer's figure changed, by the name that the layer has now, or had."""
    deltas: Counter[str] = Counter()
    for pair in pairs:
        for sign, layer in ((-1, pair.before), (1, pair.after)):
            if layer:
                deltas[(pair.after or layer).name] += sign * layer.figure(key)
    return deltas


def _training(reports: Sequence[Report], optimiser: str | None) -> Iterator[ComparedFigure]:
    if optimiser is not None:
        needed = tuple(training(report, optimiser).total.total for report in reports)
        yield ComparedFigure(TRAINING, needed)


def _layers(rows: Sequence[Row]) -> Iterator[LayerGroup]:
    """The layers of a network, each with the rows attached to it."""
    attached: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows:
        if row.attached_to is not None:
            attached[row.attached_to].append(row)
    for row in rows:
        if row.attached_to is None:
            yield LayerGroup((row, *attached[row.name]))


def _layers_of_both(first: Report, second: Report) -> tuple[list[LayerGroup], list[LayerGroup]]:
    """The layers of two networks: `relu` attached in one of them may stand alone in the other."""
    ours, theirs = list(_layers(first.rows)), list(_layers(second.rows))
    return _attached_as_in(theirs, first, ours), _attached_as_in(ours, second, theirs)


def _attached_as_in(
    others: list[LayerGroup], report: Report, layers: list[LayerGroup]
) -> list[LayerGroup]:
    """The layers, with those joined to the one they read that the others have attached to it."""
    wanted = {layer.name: [row.type for row in layer.rows] for layer in others}
    readers = Counter(name for row in report.rows for name in row.inputs)
    readers.update(port.row for port in report.outputs)
    found: list[LayerGroup] = []
    places: dict[str, int] = {}  # of the layers that end with the row of this name
    for layer in layers:
        read = layer.rows[0].inputs
        place = places.get(read[0]) if len(read) == 1 and readers[read[0]] == 1 else None
        if place is not None:
            whole = LayerGroup((*found[place].rows, *layer.rows))
            types = [row.type for row in whole.rows]
            if types == wanted.get(whole.name, [])[: len(types)]:
                found[place], places[layer.rows[-1].name] = whole, place
                continue
        places[layer.rows[-1].name] = len(found)
        found.append(layer)
    return found


def _pairs(
    first: list[LayerGroup], second: list[LayerGroup], paired: Pairing
) -> Iterator[LayerPair]:
    """Every layer of both once, in the order of the second; removed ones where they stood."""
    partners = paired(first, second)
    waiting = deque(range(len(first)))
    taken = set(partners.values())
    for index, after in enumerate(second):
        match = partners.get(index)
        # Before a matched layer, list the removed ones that preceded it in the first network.
        while match is not None and waiting and waiting[0] <= match:
            removed = waiting.popleft()
            if removed not in taken:
                yield _pair(first[removed], None)
        yield _pair(None if match is None else first[match], after)
    yield from (_pair(first[index], None) for index in waiting if index not in taken)


def _partners(first: list[LayerGroup], second: list[LayerGroup]) -> dict[int, int]:
    """Indices of layers of the second network -> those of their counterparts in the first."""
    names = {layer.name: index for index, layer in enumerate(first)}
    partners = {i: names[layer.name] for i, layer in enumerate(second) if layer.name in names}
    free: defaultdict[MatchKey, deque[int]] = defaultdict(deque)
    for key, index in _unmatched(first, second):
        free[key].append(index)
    for key, index in _unmatched(second, first):
        if free[key]:
            partners[index] = free[key].popleft()
    return partners


COMMUTATIVE = frozenset({"add", "mul", "max", "min", "mean"})


def _partners_by_work(first: list[LayerGroup], second: list[LayerGroup]) -> dict[int, int]:
    """Layers that compute the same of the same; of the others, those alike in the same order."""
    free: defaultdict[int, deque[int]] = defaultdict(deque)
    numbers: dict[object, int] = {}
    for index, work in enumerate(_works(first, numbers)):
        free[work].append(index)
    works = enumerate(_works(second, numbers))
    partners = {index: free[work].popleft() for index, work in works if free[work]}
    taken = set(partners.values())
    rest = [index for index in range(len(first)) if index not in taken]
    others = [index for index in range(len(second)) if index not in partners]
    for facts in (("params", "out"), ("out",), ()):
        partners |= _in_order(first, second, rest, others, partial(_local, *facts))
        taken = set(partners.values())
        rest = [index for index in rest if index not in taken]
        others = [index for index in others if index not in partners]
    return partners


def _in_order(
    first: list[LayerGroup],
    second: list[LayerGroup],
    rest: list[int],
    others: list[int],
    kind: Callable[[LayerGroup], object],
) -> dict[int, int]:
    """Pairs among the layers that are left, by the longest common sequence of their kinds."""
    from difflib import SequenceMatcher

    ours, theirs = [kind(first[k]) for k in rest], [kind(second[k]) for k in others]
    blocks = SequenceMatcher(None, ours, theirs, autojunk=False).get_matching_blocks()
    return {others[block.b + k]: rest[block.a + k] for block in blocks for k in range(block.size)}


def _local(*keys_and_layer: Any) -> tuple[object, ...]:
    """What a layer is by itself: its type and, where asked for, other facts."""
    *keys, layer = keys_and_layer
    facts = layer.facts
    return (facts["type"], *(facts[key] for key in keys))


def _works(layers: list[LayerGroup], numbers: dict[object, int]) -> Iterator[int]:
    """For each layer, the number of what it computes, and of what; `numbers` has those so far."""
    known: dict[str, int] = {}
    for layer in layers:
        read = [known.get(name, 0) for name in layer.rows[0].inputs]
        if layer.rows[0].type in COMMUTATIVE:
            read.sort()
        facts = {key: repr(value) for key, value in layer.facts.items() if key != "in"}
        work = numbers.setdefault((*facts.items(), *read), len(numbers) + 1)
        known |= dict.fromkeys((row.name for row in layer.rows), work)
        yield work


class MatchKey(NamedTuple):
    """Where a layer stands whose name the other network lacks; equal keys are counterparts."""

    behind: str  # the matched layer before it
    within: str  # the innermost part that both networks have, such as layer1.0
    type: str


def _unmatched(
    layers: list[LayerGroup], others: list[LayerGroup]
) -> Iterator[tuple[MatchKey, int]]:
    """The layers whose name the other network lacks, as keys and indices."""
    names = {layer.name for layer in others}
    parts = {part for name in names for part in _parts(name)}
    behind = ""
    for index, layer in enumerate(layers):
        if layer.name in names:
            behind = layer.name
            continue
        within = next((part for part in _parts(layer.name) if part in parts), "")
        yield MatchKey(behind, within, layer.rows[0].type), index


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
    values = {key: (old.get(key), new.get(key)) for key in keys}
    changes = {key: pair for key, pair in values.items() if pair[0] != pair[1]}
    return LayerPair(before, after, changes)
