"""Networks side by side: totals with differences and percentages, then the layers that differ."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from cnncalc.figures import FIGURES
from cnncalc.render.choice import ChoiceError
from cnncalc.render.format import grouped, joined, printable, setting_text, si
from cnncalc.render.json import (
    NAMED_SHAPES,
    answer_schema,
    envelope,
    named_shapes,
    spec,
    totals,
    totals_schema,
)
from cnncalc.render.page import PIPE, Marked
from cnncalc.render.schema import MAYBE_TEXT, TEXT, WHOLE, described, listed, record
from cnncalc.render.table import Column, Table
from cnncalc.shapes import Shape

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from cnncalc.analysis.report import Port, Report
    from cnncalc.questions.change_parts import MainChange
    from cnncalc.questions.compare import ComparedFigure, Comparison, LayerGroup, LayerPair
    from cnncalc.render.page import Page, Style
    from cnncalc.render.schema import Schema
    from cnncalc.render.table import Cell

MAYBE_COUNT: Schema = {"type": ["integer", "null"], "minimum": 0}
MAYBE_WHOLE: Schema = {"type": ["integer", "null"]}
SIGNS = {"added": "+", "removed": "-", "changed": "~"}
COLORS: dict[str, Style] = {"added": "good", "removed": "bad", "changed": "notable"}
STATUS_WORDS = {
    "changed": "changed", "added": "only in {after}", "removed": "only in {before}",
    "resized": "differing only in size", None: "the same",
}  # fmt: skip
FEW = 3  # names in a sentence
ROUNDED = 10**6  # from here on, sentences round differences
# What is told of a change; the other figures follow from these, nearly always.
PORTS = ("input", "output")  # rows of shapes above the figures
TELLING = (*PORTS, *(FIGURES[key].word for key in (
    "params", "macs", "peak_activation_bytes", "rf"
)))  # fmt: skip
LISTED = 20  # changed layers that fit below a table
SHOWN_ANYWAY = ("type", "out", "params", "macs")  # what has columns of its own
MOST_NAMED = 6  # layers in a line
MAX_SETTING = 40  # characters of a setting that a terminal shows


class Picked(NamedTuple):
    """The figures and the types of layers that are shown; empty for all."""

    figures: tuple[str, ...] = ()
    types: tuple[str, ...] = ()


EVERYTHING = Picked()


def text(
    comparison: Comparison,
    page: Page = PIPE,
    *,
    layers: bool = False,
    picked: Picked = EVERYTHING,
) -> str:
    """The totals in aligned columns; with `layers`, also every layer that differs.

    A terminal that is too narrow for all networks shows them in blocks below each other.

    Raises:
        ChoiceError: for a figure that is not compared.
    """
    lines = totals_table(comparison, picked.figures).lines(page=page)
    for index in range(1, len(comparison.labels)):
        lines += ["", _counts(comparison, index), *_biases(comparison, index)]
        changes = _changes(comparison, index, MAX_SETTING if page.width else None, picked.types)
        lines += changes.lines(page=page, titles=False) if layers else []
        lines += _where(comparison, index)
    return joined(lines, ascii_only=page.ascii)


def pull_request(
    comparison: Comparison, *, layers: bool = False, picked: Picked = EVERYTHING
) -> str:
    """The same in Markdown; with `layers`, a table of the layers that differ.

    Raises:
        ChoiceError: for a figure that is not compared.
    """
    parts = [totals_table(comparison, picked.figures).markdown()]
    for index in range(1, len(comparison.labels)):
        parts.append(f"\n{_counts(comparison, index)}\n")
        parts += [f"\n{line}\n" for line in _biases(comparison, index)]
        changes = _changes(comparison, index, types=picked.types)
        parts += ["\n", changes.markdown()] if layers and changes.rows else []
        parts += [f"\n{line}\n" for line in _where(comparison, index)]
    return "".join(parts)


def since(comparison: Comparison, page: Page = PIPE) -> str:
    """What changed from one state of a network to the next, without what stayed the same."""
    figures = [*_ports(comparison), *map(_figure, comparison.figures)]
    rows = [[name, before, "→", now, *change] for name, before, now, *change in figures
            if before != now]  # fmt: skip
    telling = [row for row in rows if row[0] in TELLING] or rows
    columns = [Column("", "name"), *(Column("", joined=True) for _ in range(5))]
    changed = Table(columns, telling).lines(page=page, titles=False)
    layers = _changes(comparison, 1, MAX_SETTING if page.width else None)
    listed = layers.lines(page=page, titles=False) if len(layers.rows) <= LISTED else []
    if not rows and not layers.rows:
        return "since the last good state: no figure and no layer changed\n"
    lines = ["since the last good state:", *changed, _counts(comparison, 1), *listed]
    return joined([*lines, *_where(comparison, 1)], ascii_only=page.ascii)


def table(comparison: Comparison, *, layers: bool = False, picked: Picked = EVERYTHING) -> Table:
    """The figures of all networks, or with `layers` the layers that differ, for programs.

    Raises:
        ChoiceError: for a figure that is not compared.
    """
    if layers:
        columns = [Column(key, "text", key) for key in ("network", "status", "layer", "difference")]
        pairs = [
            (comparison.labels[index], row)
            for index in range(1, len(comparison.labels))
            for row in _changes(comparison, index, types=picked.types).rows
        ]
        words = {sign: status for status, sign in SIGNS.items()}
        return Table(columns, [[label, words[str(row[0])], *row[1:]] for label, row in pairs])
    first, *others = comparison.labels
    keys = [first, *(key for label in others for key in (label, f"{label}_change"))]
    columns = [Column("figure", "name", "figure"), *(Column(key, key=key) for key in keys)]
    rows: list[list[Cell]] = []
    for figure in comparison.figures:
        later = range(1, len(figure.values))
        pairs_ = ((figure.values[index], figure.delta(index)) for index in later)
        rows.append([figure.key, figure.values[0], *(cell for pair in pairs_ for cell in pair)])
    keys = [figure.key for figure in comparison.figures]
    return Table(columns, _picked(dict(zip(keys, rows, strict=True)), picked.figures))


def totals_table(comparison: Comparison, figures: Sequence[str] = ()) -> Table:
    """A row per figure: each network, and how it differs from the first.

    Raises:
        ChoiceError: for a figure that is not compared.
    """
    first, *others = comparison.labels
    columns = [Column("", "name"), Column(first)]
    for label in others:
        columns += [Column(label), Column("change", joined=True), Column("%", joined=True)]
    keys = [*PORTS, *(figure.key for figure in comparison.figures)]
    rows = [*_ports(comparison), *map(_figure, comparison.figures)]
    return Table(columns, _picked(dict(zip(keys, rows, strict=True)), figures))


def _picked(rows: Mapping[str, list[Cell]], keys: Sequence[str]) -> list[list[Cell]]:
    """The rows of these keys in their order; all where none is named. Raises ChoiceError."""
    for key in keys:
        if key not in rows:
            raise ChoiceError("figure", key, rows)
    return [rows[key] for key in keys or rows]


def _ports(comparison: Comparison) -> Iterator[list[Cell]]:
    """The shapes of the inputs and the outputs."""
    reports = comparison.reports
    of_networks = (
        [report.inputs for report in reports],
        [report.inference_outputs for report in reports],
    )
    for word, ports in zip(PORTS, of_networks, strict=True):
        shapes = [_shapes(some, of.layout) for some, of in zip(ports, reports, strict=True)]
        yield [word, shapes[0], *(cell for shape in shapes[1:] for cell in (shape, "", ""))]


def _shapes(ports: Sequence[Port], layout: str) -> str:
    return ", ".join(port.shape.text(layout) for port in ports)


def _figure(figure: ComparedFigure) -> list[Cell]:
    first, *others = figure.values
    cells: list[Cell] = [_word(figure.key), "-" if first is None else first]
    for index, value in enumerate(others, start=1):
        delta = figure.delta(index)
        change = ["", ""] if not delta else [f"{delta:+,}", percent(delta, first or 0)]
        grown = [Marked(text, "notable") for text in change] if delta and delta > 0 else change
        cells += ["-" if value is None else value, *grown]
    return cells


def _word(key: str) -> str:
    """What a figure is called in a sentence; settings are called by their names."""
    return FIGURES[key].word if key in FIGURES else key


def percent(delta: int, of: int) -> str:
    """A difference in percent with one decimal; empty where the first value is 0.

    >>> percent(557032, 25000000), percent(-1, 3), percent(5, 0)
    ('+2.2 %', '-33.3 %', '')
    """
    if not of:
        return ""
    tenths = (abs(delta) * 1000 + of // 2) // of
    return f"{'-' if delta < 0 else '+'}{tenths // 10:,}.{tenths % 10} %"


def _counts(comparison: Comparison, index: int) -> str:
    """One line: how many layers changed, were added, were removed."""
    before, after = printable(comparison.labels[0]), printable(comparison.labels[index])
    counts = Counter[str | None](pair.status for pair in comparison.layers[index - 1])
    counted = [
        f"{counts[status]} {word}" for status, word in STATUS_WORDS.items() if counts[status]
    ]
    listed = ", ".join(counted).format(before=before, after=after)
    return f"layers of {before} and {after}: {listed}"


def _where(comparison: Comparison, index: int) -> Iterator[str]:
    """One line: the parts that hold most of the change, unless the figures are the same."""
    told: dict[tuple[str, ...], list[str]] = {}
    for change in comparison.main_changes(index):
        names = tuple(printable(each.part) for each in change.parts)
        told.setdefault(names, []).append(_held(change))
    places = (f"{_few(names)}, {' and '.join(figures)}" for names, figures in told.items())
    if told:
        yield f"most of the change: {'; '.join(places)}"


def _held(change: MainChange) -> str:
    """How much of a change these parts hold, and what the others do if that is more than all."""
    rest = change.delta - change.held
    against = f" ({signed(rest)} elsewhere)" if rest * change.delta < 0 else ""
    return f"{signed(change.held)} of {signed(change.delta)} {_word(change.figure)}{against}"


def _few(names: Sequence[str]) -> str:
    """Names in a sentence, the first ones if they are many."""
    if len(names) > FEW:
        return f"{', '.join(names[:FEW])} and {len(names) - FEW} more"
    return " and ".join((", ".join(names[:-1]), names[-1])) if len(names) > 1 else names[0]


def signed(delta: int) -> str:
    """A difference with its sign, to three digits from a million on.

    >>> signed(1234567), signed(-99999), signed(0)
    ('+1.23 M', '-99,999', '0')
    """
    size = abs(delta)
    sign = "+" if delta > 0 else "-" if delta else ""
    return f"{sign}{grouped(size) if size < ROUNDED else si(size)}"


def _biases(comparison: Comparison, index: int) -> list[str]:
    """A line where the whole difference in parameters is biases: `26 more = biases of C1, C2`."""
    found = comparison.bias_difference(index)
    if found is None:
        return []
    difference, names = found
    word = "more" if difference > 0 else "fewer"
    shown = ", ".join(map(printable, names[:MOST_NAMED]))
    rest = len(names) - MOST_NAMED
    more = f" and {rest:,} more" if rest > 0 else ""
    return [f"params: {abs(difference):,} {word} = biases of {shown}{more}"]


def _changes(
    comparison: Comparison, index: int, longest: int | None = None, types: Sequence[str] = ()
) -> Table:
    """The layers that differ, without those that differ only in size; settings of this length.

    Where `types` are given, only those layers that are of one of them before or after.
    """
    first, other = comparison.reports[0], comparison.reports[index]
    columns = [Column("", "text"), Column("Layer", "name"), Column("What differs", "prose")]
    rows = [
        [_sign(pair.status), _name(pair), _difference(pair, (first.layout, other.layout), longest)]
        for pair in comparison.layers[index - 1]
        if pair.status in SIGNS and (not types or _is_of(pair, types))
    ]
    return Table(columns, rows)


def _is_of(pair: LayerPair, types: Sequence[str]) -> bool:
    units = [unit for unit in (pair.before, pair.after) if unit]
    return any(row.type in types for unit in units for row in unit.rows)


def _sign(status: str) -> str:
    return Marked(SIGNS[status], COLORS[status])


def _name(pair: LayerPair) -> str:
    names = [unit.name for unit in (pair.before, pair.after) if unit]
    return " → ".join(dict.fromkeys(names))


def _difference(pair: LayerPair, layouts: tuple[str, str], longest: int | None) -> str:
    before, after = layouts
    if pair.before is None or pair.after is None:
        unit, layout = (pair.after, after) if pair.after else (pair.before, before)
        return _alone(unit, layout) if unit else ""
    return ", ".join(
        f"{_word(key)} {_shown(old, before, longest)} → {_shown(new, after, longest)}"
        for key, (old, new) in pair.changes.items()
    )


def _alone(unit: LayerGroup, layout: str) -> str:
    facts = unit.facts
    figures = [f"{_word(key)} {facts[key]:,}" for key in ("params", "macs") if facts[key]]
    return ", ".join([str(facts["type"]), _shown(facts["out"], layout), *figures])


def _shown(value: Any, layout: str, longest: int | None = None) -> str:
    """A setting, a shape or a count, written as briefly as in a spec; settings of this length."""
    if isinstance(value, Shape):
        return value.text(layout)
    if isinstance(value, (bool, type(None))):
        return {True: "yes", False: "no", None: "none"}[value]
    if isinstance(value, int):
        return grouped(value)
    if isinstance(value, (list, tuple)) and all(isinstance(item, Shape) for item in value):
        return ", ".join(item.text(layout) for item in value)
    text = setting_text(value)
    return text if longest is None or len(text) <= longest else f"{text[:longest]}…"


class PairTexts(NamedTuple):
    """What a table says of two layers beside their shapes and counts."""

    name: str
    type: str
    settings: str  # those that differ, before → after


def summary(comparison: Comparison) -> list[str]:
    """A line for each network but the first: how many layers changed, were added, were removed."""
    return [_counts(comparison, index) for index in range(1, len(comparison.labels))]


def pair_texts(pair: LayerPair, layouts: tuple[str, str]) -> PairTexts:
    """The texts of two layers that are compared; the layouts are those of their networks."""
    types = dict.fromkeys(str(unit.facts["type"]) for unit in (pair.before, pair.after) if unit)
    others = {key: value for key, value in pair.changes.items() if key not in SHOWN_ANYWAY}
    settings = _difference(pair._replace(changes=others), layouts, MAX_SETTING) if others else ""
    return PairTexts(_name(pair), " → ".join(types), settings)


def document(comparison: Comparison, *, version: str) -> dict[str, Any]:
    """The document `cnncalc.compare/1`; deltas are against the first network."""
    return {
        **envelope("compare", version),
        "networks": [
            _network(label, report)
            for label, report in zip(comparison.labels, comparison.reports, strict=True)
        ],
        "totals": [_compared(figure) for figure in comparison.figures],
        "layers": [
            entry
            for index, pairs in enumerate(comparison.layers, start=1)
            for entry in _layers(comparison.labels[index], pairs)
        ],
        "main_changes": [
            {
                "network": label,
                "key": change.figure,
                "delta": change.delta,
                "parts": [part._asdict() for part in change.parts],
            }
            for index, label in enumerate(comparison.labels[1:], start=1)
            for change in comparison.main_changes(index)
        ],
    }


def _network(label: str, report: Report) -> dict[str, Any]:
    return {
        "label": label,
        **spec(report),
        "inputs": named_shapes((port.name, port.shape) for port in report.inputs),
        "outputs": named_shapes((port.name, port.shape) for port in report.outputs),
        "totals": totals(report.totals),
    }


def _compared(figure: ComparedFigure) -> dict[str, Any]:
    deltas = [figure.delta(index) for index in range(len(figure.values))]
    return {"key": figure.key, "values": list(figure.values), "deltas": deltas}


def _layers(label: str, pairs: Sequence[LayerPair]) -> Iterator[dict[str, Any]]:
    for pair in pairs:
        if pair.status is None:
            continue
        both = {
            key: unit.name for key, unit in (("before", pair.before), ("after", pair.after)) if unit
        }
        yield {"network": label, "status": pair.status, **both, "changes": _plain(pair.changes)}


def _plain(changes: Mapping[str, tuple[object, object]]) -> dict[str, Any]:
    """What differs as [before, after], in JSON's own types."""
    return {key: [_json(old), _json(new)] for key, (old, new) in changes.items()}


def _json(value: Any) -> Any:
    if isinstance(value, Shape):
        return value.by_letter
    if isinstance(value, (list, tuple)):
        return [_json(item) for item in value]
    return value


def schema() -> Schema:
    """The schema of `cnncalc.compare/1`."""
    names: dict[str, Schema] = {"label": TEXT, "name": TEXT, "file": TEXT, "variant": MAYBE_TEXT}
    ports = {"inputs": NAMED_SHAPES, "outputs": NAMED_SHAPES}
    network = record({**names, **ports, "totals": totals_schema()})
    figure = record(
        {
            "key": TEXT,
            "values": described(listed(MAYBE_COUNT), "one per network; null where it has none"),
            "deltas": described(listed(MAYBE_WHOLE), "against the first network"),
        }
    )
    pair: Schema = {"type": "array", "minItems": 2, "maxItems": 2}
    changes: Schema = {"type": "object", "additionalProperties": pair}
    layer = record(
        {
            "network": described(TEXT, "the label of the network that is compared with the first"),
            "status": {"enum": ["added", "removed", "changed", "resized"]},
            "changes": described(changes, "what differs, as [before, after]"),
        },
        {"before": TEXT, "after": TEXT},
    )
    part = record({"part": described(TEXT, "a layer or a part of the network"), "delta": WHOLE})
    main = record(
        {
            "network": described(TEXT, "the label of the network that is compared with the first"),
            "key": {"enum": ["params", "macs"]},
            "delta": WHOLE,
            "parts": described(
                listed(part), "the fewest that hold over half of the delta, largest first"
            ),
        }
    )
    fields = {
        "networks": listed(network),
        "totals": listed(figure),
        "layers": listed(layer),
        "main_changes": listed(main),
    }
    return answer_schema("compare", "networks side by side", fields)
