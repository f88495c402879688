"""Rows of a report -> lines of a table.

Attached norms and activations fold into their layer, layers into groups. A
line keeps its rows; `TableRow.total` sums a figure over them.
"""

from __future__ import annotations

import sys
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from cnncalc.figures import used
from cnncalc.render.choice import Choice, ChoiceError

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Sequence

    from cnncalc.analysis.report import Report, Row
    from cnncalc.shapes import Shape

READABLE = 40  # lines; the usual depth of groups is the deepest with no more than these
USUAL = Choice()


class TableRow(NamedTuple):
    """One line of a table: an input, a layer with what is attached to it, or a group.

    The line shows sums over `rows` and the output of `last`. Inputs have neither.
    """

    number: int
    name: str
    type: str
    out: Shape
    rows: tuple[Row, ...] = ()
    last: Row | None = None
    grouped: bool = False

    @property
    def owner(self) -> Row | None:
        """The layer whose settings the line shows; groups and inputs have none."""
        return self.rows[0] if self.rows and not self.grouped else None

    def total(self, figure: str) -> int:
        """The sum of one figure over the rows."""
        return sum(getattr(row, figure) for row in self.rows)


def lines(report: Report, choice: Choice = USUAL) -> list[TableRow]:
    """The lines of a table in the network's order, neither sorted nor cut to the top.

    Inputs come first, unless only some lines are shown.

    Raises:
        ChoiceError: if `choice.at` names no layer or group.
    """
    units = _units(report, choice)
    around = groups_around(report.groups)
    names = [around(unit[0].name) for unit in units]
    level = _level(names, choice)
    parts: dict[str, list[Row]] = {}
    for unit, groups in zip(units, names, strict=True):
        name = groups[level] if len(groups) > level else unit[0].name
        parts.setdefault(name, []).extend(unit)
    shown = _inputs(report, choice)
    by_index = {row.index: row for row in report.rows} if report.groups else {}
    for name, rows in parts.items():
        number = rows[0].index if choice.only or choice.at else len(shown)
        group = report.groups.get(name)
        if group and name != rows[0].name:
            last = by_index[group.last]
            shown.append(
                TableRow(number, name, group.text, last.out, tuple(rows), last, grouped=True)
            )
        else:
            shown.append(_layer_line(number, rows))
    return shown


class ShownPart(NamedTuple):
    """How many of a network's lines a table shows, and one line that sums these up."""

    number: int
    of: int
    line: TableRow

    @property
    def text(self) -> str:
        """`shown 3 of 24`."""
        return f"shown {self.number:,} of {self.of:,}"


def shown_part(report: Report, choice: Choice, shown: Sequence[TableRow]) -> ShownPart | None:
    """How much of the network is shown; None where that is all of it.

    Lines are counted; with `choice.only`, which separates layers from what is attached to them,
    rows are counted.
    """
    rows = tuple(row for line in shown for row in line.rows)
    if len(rows) == len(report.rows):
        return None
    last = report.rows[-1]
    sums = TableRow(0, "", "", last.out, rows, last, grouped=True)
    if choice.only:
        return ShownPart(len(rows), len(report.rows), sums)
    depth = sys.maxsize if choice.depth is None else choice.depth
    whole = lines(report, choice._replace(at=None, sort=None, top=None, depth=depth))
    number, of = (sum(bool(line.rows) for line in some) for some in (shown, whole))
    return ShownPart(number, of, sums)


def attach(rows: Iterable[Row]) -> list[list[Row]]:
    """Each layer followed by the norms and activations attached to it.

    A row whose layer is not among the rows stands alone.
    """
    units: dict[str, list[Row]] = {}
    for row in rows:
        owner = row.attached_to if row.attached_to in units else row.name
        units.setdefault(owner or row.name, []).append(row)
    return list(units.values())


def merge(rows: Sequence[Row]) -> Row:
    """The row of a layer with the sums and the last output of what is attached to it."""
    owner, *others = rows
    if not others:
        return owner
    summed = set(used("column")) & set(owner._fields)  # the others are properties
    sums = {figure: sum(getattr(row, figure) for row in rows) for figure in summed}
    last = rows[-1]
    steps = tuple(step for row in rows for step in row.steps)
    return owner._replace(out=last.out, receptive_field=last.receptive_field, steps=steps, **sums)


def type_text(rows: Sequence[Row], *, detailed: bool = False) -> str:
    """`conv + bn + relu`, and in brackets whose weights it shares or that it only trains.

    If `detailed`, `fc 400→120` says what a fully connected layer takes and gives, and
    `conv nobias + bn` that the norm took the bias away.
    """
    owner = rows[0]
    words = [_type(row) for row in rows]
    if detailed:
        words[0] += _detail(owner, normed=len(rows) > 1 and rows[1].kind == "norm")
    text = " + ".join(words)
    shared = f" (= {owner.shared_with})" if owner.shared_with else ""
    shared += f" (tied to {owner.tied_to})" if owner.tied_to else ""
    return f"{text}{shared}{' (train only)' if owner.train_only else ''}"


def _detail(row: Row, *, normed: bool) -> str:
    """What a layer takes and gives where it is fully connected; `nobias` before a norm."""
    if row.type == "fc":
        return f" {row.in_shapes[0].size}→{row.out.channels}"
    return " nobias" if normed and row.settings.get("bias") is False else ""


def _type(row: Row) -> str:
    """The layer type; of a layer that is not known, what its writer calls it."""
    if row.unknown:
        return f"{row.settings['operation']} (unknown)"
    return f"{row.settings['operation']} (stated)" if row.stated else row.type


def _units(report: Report, choice: Choice) -> list[list[Row]]:
    selected = [row for row in _at(report, choice.at) if not choice.only or row.type in choice.only]
    return [[row] for row in selected] if choice.expand else attach(selected)


def _at(report: Report, name: str | None) -> Iterable[Row]:
    if name is None:
        return report.rows
    rows = [row for row in report.rows if row.name == name or row.name.startswith(f"{name}.")]
    if not rows:
        raise ChoiceError("layer", name, [*report.groups, *(row.name for row in report.rows)])
    return rows


def groups_around(groups: Container[str]) -> Callable[[str], list[str]]:
    """What tells, by the name of a row, the groups that contain it, outermost first.

    >>> groups_around({"layer1", "layer1.0"})("layer1.0.conv1")
    ['layer1', 'layer1.0']
    """

    @cache  # the rows of one part have one answer
    def within(part: str) -> list[str]:
        words = part.split(".")
        prefixes = (".".join(words[:end]) for end in range(1, len(words) + 1))
        return [prefix for prefix in prefixes if prefix in groups]

    return lambda name: within(name.rpartition(".")[0])


def _level(names: list[list[str]], choice: Choice) -> int:
    """How many levels of groups to open."""
    deepest = max(map(len, names), default=0)
    if choice.expand or (choice.depth is None and choice.picks):
        return deepest
    if choice.depth is not None:
        return choice.depth
    fitting = (level for level in range(deepest, 0, -1) if _count(names, level) <= READABLE)
    return next(fitting, 0)


def _count(names: list[list[str]], level: int) -> int:
    folded = {groups[level] for groups in names if len(groups) > level}
    return len(folded) + sum(len(groups) <= level for groups in names)


def _inputs(report: Report, choice: Choice) -> list[TableRow]:
    if choice.picks and "input" not in choice.only:
        return []
    return [TableRow(n, port.name, "input", port.shape) for n, port in enumerate(report.inputs)]


def _layer_line(number: int, rows: list[Row]) -> TableRow:
    last = rows[-1]
    return TableRow(number, rows[0].name, type_text(rows), last.out, tuple(rows), last)
