"""Answers of `sweep`: a table or a plot of all results, or CSV and JSON lines one by one."""

from __future__ import annotations

import re
from json import dumps
from typing import TYPE_CHECKING, Any, NamedTuple

from cnncalc.figures import FIGURES
from cnncalc.render.format import grouped, joined, si
from cnncalc.render.json import answer_schema, diagnostic, envelope
from cnncalc.render.page import PIPE, Marked
from cnncalc.render.schema import COUNT, FLAG, OPEN, TEXT, described, listed, record, ref
from cnncalc.render.table import Column, Table, records

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from cnncalc.questions.sweep import SweepResult
    from cnncalc.render.page import Page
    from cnncalc.render.schema import Schema
    from cnncalc.render.table import Cell, Kind

COLUMNS = ("params", "macs", "peak_activation_bytes", "rf")
FRONT = "front"
PLOT_WIDTH, PLOT_HEIGHT = 60, 16  # characters
LEAST_WIDTH = 16  # of a plot on a narrow terminal
POINT, MARKED = "o", "*"
EXACT = 10**6  # larger numbers are labelled with three digits


def text(
    outcomes: Sequence[SweepResult],
    columns: Sequence[str] = COLUMNS,
    front: Sequence[bool] | None = None,
    page: Page = PIPE,
) -> str:
    """Aligned columns: what varies, output, figures, a star on the Pareto front, why it fails."""
    return joined(_table(outcomes, columns, front).lines(page=page))


def table(
    outcomes: Sequence[SweepResult],
    columns: Sequence[str] = COLUMNS,
    front: Sequence[bool] | None = None,
    style: str = "md",
) -> str:
    """The same as a GitHub table, or in another style."""
    return _table(outcomes, columns, front).written(style)


def _table(
    outcomes: Sequence[SweepResult], columns: Sequence[str], front: Sequence[bool] | None
) -> Table:
    varied = _varied(outcomes[0]) if outcomes else []
    words = [FRONT] if front else []
    if any(not outcome.ok for outcome in outcomes):
        words.append("remark")
    rows: list[list[Cell]] = []
    for index, outcome in enumerate(outcomes):
        output = "-" if outcome.output is None else outcome.output.text(outcome.layout)
        figures = [outcome.figures.get(key) for key in columns]
        mark = Marked("*", "good") if front and front[index] else ""
        tail = [mark if word == FRONT else _reason(outcome) for word in words]
        rows.append([*_words(outcome), output, *figures, *tail])
    heads = [Column(word, key=word) for word in (*varied, "output")]
    worths = range(len(columns), 0, -1)  # the last figures go first, and the output before them
    heads[-1] = heads[-1]._replace(worth=0)
    heads += [
        Column(FIGURES[key].heading, key=key, worth=worth)
        for key, worth in zip(columns, worths, strict=True)
    ]
    kinds: dict[str, Kind] = {FRONT: "text", "remark": "prose"}
    return Table([*heads, *(Column(word, kinds[word], word) for word in words)], rows)


def _varied(outcome: SweepResult) -> list[str]:
    return [*outcome.vars, *([] if outcome.input is None else ["input"])]


def _words(outcome: SweepResult) -> list[str]:
    """The values that vary, as they would be written in a spec."""
    words = [value if isinstance(value, str) else dumps(value) for value in outcome.vars.values()]
    return words if outcome.input is None else [*words, outcome.input.replace("x", "×")]


def _reason(outcome: SweepResult) -> str:
    error = outcome.error
    if error is None:
        return ""
    return f"{error.code}: {error.message}" + (f" ({error.span.where})" if error.span else "")


def separated(
    outcomes: Iterable[SweepResult],
    columns: Sequence[str],
    front: Sequence[bool] | None = None,
    delimiter: str = ",",
) -> Iterator[str]:
    """RFC 4180 lines, made one by one: plain numbers, and why a setting fails last."""
    for index, outcome in enumerate(outcomes):
        if index == 0:
            mark = [FRONT] if front else []
            keys = [*_varied(outcome), "output", *columns, *mark, "error"]
            yield records([keys], delimiter)
        words = [word.replace("×", "x") for word in _words(outcome)]
        output = "" if outcome.output is None else outcome.output.text(outcome.layout, times="x")
        figures = [outcome.figures.get(key) for key in columns]
        stars = [int(front[index])] if front else []
        cells = [*words, output, *figures, *stars, _reason(outcome)]
        yield records([cells], delimiter)


def jsonl(outcomes: Iterable[SweepResult], front: Sequence[bool] | None = None) -> Iterator[str]:
    """One JSON object per line, made one by one."""
    for index, outcome in enumerate(outcomes):
        mark = {FRONT: front[index]} if front else {}
        yield f"{dumps({**entry(outcome), **mark})}\n"


def entry(outcome: SweepResult) -> dict[str, Any]:
    """One setting: its number in the sweep, the values that vary, its figures or its error."""
    fields: dict[str, Any] = {
        "number": outcome.number,
        "ok": outcome.ok,
        "vars": dict(outcome.vars),
    }
    if outcome.input is not None:
        fields["input"] = outcome.input
    if outcome.output is not None:
        fields["output"] = outcome.output.by_letter
        known = {key: value for key, value in outcome.figures.items() if value is not None}
        fields["figures"] = known
    if outcome.error is not None:
        fields["error"] = diagnostic(outcome.error)
    return fields


def document(
    outcomes: Sequence[SweepResult], front: Sequence[bool] | None = None, *, version: str
) -> dict[str, Any]:
    """The document `cnncalc.sweep/1`; `ok` where at least one setting works."""
    results = [entry(outcome) for outcome in outcomes]
    for result, mark in zip(results, front or (), strict=False):
        result[FRONT] = mark
    ok = any(outcome.ok for outcome in outcomes)
    return {**envelope("sweep", version, ok=ok), "results": results}


class Point(NamedTuple):
    """A result in the plane; the marked ones are those of the Pareto front."""

    x: float
    y: float
    marked: bool = False


def axes(outcomes: Sequence[SweepResult], keys: Sequence[str] = ()) -> tuple[str, str]:
    """The names of the horizontal and the vertical axis of a plot.

    They are the first two `keys`, if there are two. Otherwise the MACs are drawn over what
    varies, if that is one number, else over the parameters.
    """
    if len(keys) > 1:
        return keys[0], keys[1]
    varied = _varied(outcomes[0]) if outcomes else []
    numeric = all(_value(outcome, name) is not None for outcome in outcomes for name in varied)
    return (varied[0] if len(varied) == 1 and numeric else "params"), "macs"


def points(
    outcomes: Sequence[SweepResult], across: str, up: str, front: Sequence[bool] | None = None
) -> list[Point]:
    """The results that have a value on both axes."""
    marks = front or [False] * len(outcomes)
    values = [(_value(outcome, across), _value(outcome, up)) for outcome in outcomes]
    pairs = zip(values, marks, strict=True)
    return [Point(x, y, mark) for (x, y), mark in pairs if x is not None and y is not None]


def _value(outcome: SweepResult, key: str) -> int | float | None:
    """A figure, the value of a numeric variable, or the longest side of the input."""
    value = outcome.vars.get(key, outcome.figures.get(key))
    if key == "input" and outcome.input is not None:
        return max(map(int, re.findall(r"\d+", outcome.input)), default=None)
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def plot(points: Sequence[Point], across: str, up: str, page: Page = PIPE) -> str:
    """The points on linear axes drawn in characters; marked ones cover the others.

    A terminal's plot takes the width there is.

    >>> print(plot([Point(1, 10), Point(2, 40, marked=True)], "width", "MACs"), end="")
    MACs
    40 |                                                           *
       |
       |
       |
       |
       |
       |
       |
       |
       |
       |
       |
       |
       |
       |
    10 |o
       +------------------------------------------------------------
        1                                                          2  width
    """
    if not points:
        return "no result to plot\n"
    xs, ys = [point.x for point in points], [point.y for point in points]
    labels = [""] * PLOT_HEIGHT
    for value in (min(ys), max(ys)):
        labels[PLOT_HEIGHT - 1 - _cell(value, min(ys), max(ys), PLOT_HEIGHT)] = _label(value)
    margin = max(map(len, labels))
    beside = f"  {across}"
    width = PLOT_WIDTH
    if page.width is not None:
        width = max(page.width - margin - len(" +") - len(beside), LEAST_WIDTH)
    canvas = [[" "] * width for _ in range(PLOT_HEIGHT)]
    for point in sorted(points, key=lambda point: point.marked):
        column = _cell(point.x, min(xs), max(xs), width)
        row = PLOT_HEIGHT - 1 - _cell(point.y, min(ys), max(ys), PLOT_HEIGHT)
        canvas[row][column] = page.paint(MARKED, "good") if point.marked else POINT
    left, right = _label(min(xs)), _label(max(xs))
    space = " " * max(1, width - len(left) - len(right))
    lines = [
        up,
        *(f"{label:>{margin}} |{''.join(row)}" for label, row in zip(labels, canvas, strict=True)),
        f"{'':{margin}} +{'-' * width}",
        f"{'':{margin}}  {left}{space}{right}{beside}",
    ]
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _cell(value: float, low: float, high: float, size: int) -> int:
    """The row or column of a value between low and high; the middle where these are equal."""
    if low == high:
        return size // 2
    return round((value - low) / (high - low) * (size - 1))


def _label(value: float) -> str:
    if isinstance(value, float) and not value.is_integer():
        return f"{value:g}"
    whole = int(value)
    return grouped(whole) if abs(whole) < EXACT else si(whole)


def schema() -> Schema:
    """The schema of `cnncalc.sweep/1`; a line of `--format jsonl` is one of its results."""
    figures: Schema = {"type": "object", "additionalProperties": COUNT}
    result = record(
        {"number": described(COUNT, "counted from 1 over all shares"), "ok": FLAG, "vars": OPEN},
        {
            "input": TEXT,
            "output": ref("shape"),
            "figures": figures,
            "front": described(FLAG, "whether no other setting is better in the figures asked for"),
            "error": ref("diagnostic"),
        },
    )
    return answer_schema("sweep", "one network under many settings", {"results": listed(result)})
