"""A report -> the boxes and edges of a picture.

The lines of the table are the boxes (`render/fold.py` alone says what folds, and how deep). Then
norms, activations and dropout that stand alone behind a layer go into its box, and equal parts
that follow each other become one stacked box.
"""

from __future__ import annotations

from collections import Counter
from functools import cache, partial
from itertools import chain
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

from cnncalc.pictures.picture import BLOCK, Box, Edge, Picture
from cnncalc.render.fold import groups_around, lines, type_text
from cnncalc.render.format import grouped, per_axis, printable
from cnncalc.shapes import Shape

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from cnncalc.analysis.report import Report, Row
    from cnncalc.render.choice import Choice
    from cnncalc.render.fold import TableRow

    Around = Callable[[str], list[str]]  # the parts that a row or a box stands in, outermost first

JOINS = ("norm", "activation", "dropout")  # go into the box of the layer that they alone read


class PictureOptions(NamedTuple):
    """How a picture is made of a report; `show` is the third line of a box.

    `scale` is auto, or linear or sqrt for the styles that draw sizes as lengths.
    """

    show: str = "shape"
    stack: bool = True
    title: str | None = None
    legend: bool = True
    scale: str = "auto"


PLAIN = PictureOptions()
TRAIN_ONLY = " (train only)"  # as the table says it of single layers


class _Draft(NamedTuple):
    """A box in the making; `names` are those of the table's lines that it stands for."""

    names: tuple[str, ...]
    type: str
    out: Shape
    rows: tuple[Row, ...]
    grouped: bool

    @property
    def name(self) -> str:
        return self.names[0]

    @property
    def times(self) -> int:
        return len(self.names)


def picture(report: Report, choice: Choice, options: PictureOptions = PLAIN) -> Picture:
    """The boxes and edges of a report, folded as its table is with the same choice.

    With `choice.expand` every layer has its own box, and nothing is stacked.

    Raises:
        ChoiceError: if `choice.at` names no layer or part.

    >>> from cnncalc import analyze, load
    >>> from cnncalc.render.choice import Choice
    >>> lenet = picture(analyze(load("lenet5")), Choice())
    >>> [box.text for box in lenet.boxes][:2]
    [('in', 'input', '32×32×1'), ('C1', 'conv 5×5 + tanh', '28×28×6')]
    """
    drafts = [_draft(line) for line in lines(report, choice)]
    around = groups_around(report.groups)
    if not choice.expand:
        reading = _reading(report)
        drafts = _joined(drafts, reading, around)
        if options.stack:
            drafts = _stacked(drafts, reading, report)
    drafts = [*_outside(drafts, report), *drafts]
    home = {row.name: n for n, draft in enumerate(drafts) for row in draft.rows}
    home |= {draft.name: n for n, draft in enumerate(drafts) if not draft.rows}
    layout = choice.layout or report.layout
    texts = _Texts(report, layout, options.show, _parts(drafts, around))
    boxes = tuple(texts.box(draft, home) for draft in drafts)
    shown = {box.part for box in boxes if box.part}
    parts = {name: texts.part(name) for name in report.groups if name in shown}
    title = printable(options.title or report.name)
    heading = printable(options.title) if options.title else None
    return Picture(title, boxes, _edges(drafts, home), parts, heading, options.legend,
                   options.scale)  # fmt: skip


def _parts(drafts: Sequence[_Draft], around: Around) -> dict[str, str]:
    """The innermost opened part of more than one box that each box stands in, if there is one."""
    parts = {draft.name: around(draft.name) for draft in drafts if draft.rows}
    sizes = Counter(chain.from_iterable(parts.values()))
    inner = {box: [name for name in names if sizes[name] > 1] for box, names in parts.items()}
    return {box: names[-1] for box, names in inner.items() if names}


def _draft(line: TableRow) -> _Draft:
    return _Draft((line.name,), line.type, line.out, line.rows, line.grouped)


def _outside(drafts: Sequence[_Draft], report: Report) -> list[_Draft]:
    """What the shown rows read of those that are not shown, in the network's order."""
    shown = {row.name for draft in drafts for row in draft.rows}
    shown |= {draft.name for draft in drafts if not draft.rows}
    read = {name for draft in drafts for row in draft.rows for name in row.inputs} - shown
    if not read:
        return []
    known = [*((port.name, port.shape) for port in report.inputs),
             *((row.name, row.out) for row in report.rows)]  # fmt: skip
    return [_Draft((name,), "input", out, (), grouped=False) for name, out in known if name in read]


def _edges(drafts: Sequence[_Draft], home: Mapping[str, int]) -> tuple[Edge, ...]:
    """Every pair of boxes of which one reads the other, once."""
    edges: dict[Edge, None] = {}
    for target, draft in enumerate(drafts):
        for row in draft.rows:
            for name in row.inputs:
                if (source := home[name]) != target:
                    edges[Edge(source, target)] = None
    return tuple(edges)


class _Reading(NamedTuple):
    """Who reads each row, and which rows are outputs of the network."""

    readers: Mapping[str, set[str]]
    outputs: frozenset[int]

    def only(self, row: Row, readers: Iterable[str]) -> bool:
        """Whether nobody but some of these reads a row."""
        return row.index not in self.outputs and self.readers.get(row.name, set()) <= set(readers)


def _reading(report: Report) -> _Reading:
    readers: dict[str, set[str]] = {}
    for row in report.rows:
        for name in row.inputs:
            readers.setdefault(name, set()).add(row.name)
    ends = {port.name for port in report.outputs}
    last = {row.attached_to or row.name: row.index for row in report.rows}
    parts = {group.last for name, group in report.groups.items() if name in ends}
    return _Reading(readers, frozenset(parts | {last[name] for name in ends if name in last}))


def _joined(drafts: Sequence[_Draft], reading: _Reading, around: Around) -> list[_Draft]:
    """Norms, activations and dropout within the box of what they alone read."""
    result: list[_Draft] = []
    ends: dict[str, int] = {}  # the last row of a box of layers -> the place of the box
    for draft in drafts:
        at = _before(draft, ends)
        before = None if at is None else result[at]
        if at is not None and before and _may_join(draft, before, reading, around):
            rows = before.rows + draft.rows
            result[at] = before._replace(rows=rows, out=draft.out, type=type_text(rows))
        else:
            at = len(result)
            result.append(draft)
        if draft.rows and not draft.grouped:
            ends[draft.rows[-1].name] = at
    return result


def _before(draft: _Draft, ends: Mapping[str, int]) -> int | None:
    """The place of the box that a norm, an activation or dropout reads, else None."""
    if draft.grouped or not draft.rows or draft.rows[0].kind not in JOINS:
        return None
    joins = all(
        row.kind in JOINS and len(row.inputs) == 1 and not row.train_only for row in draft.rows
    )
    return ends.get(draft.rows[0].inputs[0]) if joins else None


def _may_join(draft: _Draft, before: _Draft, reading: _Reading, around: Around) -> bool:
    """Whether nobody else reads the box before, and both stand in the same part."""
    alone = reading.only(before.rows[-1], [draft.rows[0].name])
    return alone and around(before.name)[-1:] == around(draft.name)[-1:]


def _stacked(drafts: Sequence[_Draft], reading: _Reading, report: Report) -> list[_Draft]:
    """Equal closed parts in a chain as one box."""
    place = {row.name: row.index for row in report.rows}
    result: list[_Draft] = []
    unit: tuple[Row, ...] = ()  # the rows of the last part in the box before
    for draft in drafts:
        before = result[-1] if result else None
        if (
            before
            and before.grouped
            and draft.grouped
            and before.type == draft.type
            and _alike(unit, draft.rows, place)
            and _follows(unit, draft.rows, reading)
        ):
            names, rows = before.names + draft.names, before.rows + draft.rows
            result[-1] = before._replace(names=names, rows=rows, out=draft.out)
        else:
            result.append(draft)
        unit = draft.rows
    return result


def _follows(first: Sequence[Row], second: Sequence[Row], reading: _Reading) -> bool:
    """Whether one part reads nothing but another, which nobody else reads."""
    before, here = {row.name for row in first}, {row.name for row in second}
    return all(before.union(here).issuperset(row.inputs) for row in second) and all(
        reading.only(row, before | here) for row in first
    )


def _alike(first: Sequence[Row], second: Sequence[Row], place: Mapping[str, int]) -> bool:
    """Whether two parts are the same layers, joined in the same way, on inputs of one shape."""
    return len(first) == len(second) and all(
        one.type == other.type
        and one.in_shapes == other.in_shapes
        and one.settings == other.settings
        and (one.params, one.buffers, one.macs) == (other.params, other.buffers, other.macs)
        and one.train_only == other.train_only
        and [place.get(name, 0) - one.index for name in one.inputs]
        == [place.get(name, 0) - other.index for name in other.inputs]
        for one, other in zip(first, second, strict=True)
    )


class _Texts:
    """What stands in the boxes of one picture."""

    def __init__(self, report: Report, layout: str, show: str, parts: Mapping[str, str]) -> None:
        self.report = report
        self.parts = parts
        self.show = show
        self.shape = cache(partial(Shape.text, layout=layout))  # few shapes, many boxes

    def part(self, name: str) -> str:
        """What stands at the outline of a part: its name, and the block that it is."""
        return printable(f"{name}: {self.report.groups[name].text}")

    def box(self, draft: _Draft, home: Mapping[str, int]) -> Box:
        """The box of a draft; `home` is where each row is shown."""
        first_name, times = draft.names[0], len(draft.names)
        name = printable(_range(draft.names))
        part = self.parts.get(first_name)
        short = name.removeprefix(printable(f"{part}.")) if part else name
        short = name if short[:1].isdigit() else short  # `layer1.0` says more than `0`
        trained = bool(draft.rows) and all(row.train_only for row in draft.rows)
        type_ = printable(_type(draft)) + (f" × {times}" if times > 1 else "")
        type_ += TRAIN_ONLY if trained and TRAIN_ONLY not in type_ else ""
        first = draft.rows[0] if draft.rows else None
        owners = {home.get(row.shared_with) for row in draft.rows if row.shared_with}
        owner = owners.pop() if len(owners) == 1 and times == 1 else None
        return Box(
            first_name,
            BLOCK if draft.grouped else first.kind if first else "input",
            (name, type_, self._third(draft)),
            short,
            self._tip(name, draft),
            draft.out,
            draft.rows,
            times,
            part,
            _skip(draft) if draft.grouped else None,
            trained,
            owner,
        )

    def _third(self, draft: _Draft) -> str:
        """The third line: the shape of the output, or one figure."""
        if self.show == "shape" or not draft.rows:
            return self.shape(draft.out)
        if self.show in ("params", "macs"):
            name = "MACs" if self.show == "macs" else self.show
            return f"{_sums(draft.rows, self.show)[0]} {name}"
        field = draft.rows[-1].receptive_field
        return f"field {per_axis(field.size)}" if field and field.size else "no field"

    def _tip(self, name: str, draft: _Draft) -> str:
        """All numbers of a box, in one line."""
        text = f"{name}: {printable(draft.type)}, output {self.shape(draft.out)}"
        if not draft.rows:
            return text
        params, macs = _sums(draft.rows, "params", "macs")
        field = draft.rows[-1].receptive_field
        seen = f", receptive field {per_axis(field.size)}" if field and field.size else ""
        return f"{text}, {params} parameters, {macs} MACs{seen}"


def _sums(rows: Sequence[Row], *figures: str) -> list[str]:
    """The sums of some figures, which unknown operators of a model file may add to."""
    least = "at least " if any(map(attrgetter("unknown"), rows)) else ""
    return [f"{least}{grouped(sum(map(attrgetter(figure), rows)))}" for figure in figures]


def _range(names: Sequence[str]) -> str:
    """`layer3.1 … 5`: the first and the last name of a stack, what they share said once."""
    if len(names) == 1:
        return names[0]
    first, last = names[0], names[-1]
    prefix, dot, _ = first.rpartition(".")
    return f"{first} … {last.removeprefix(prefix + dot)}"


def _type(draft: _Draft) -> str:
    """The type as the table says it, with the window and the stride of a layer that has them."""
    owner = draft.rows[0] if draft.rows and not draft.grouped else None
    if not owner or not draft.type.startswith(owner.type):
        return draft.type
    return f"{owner.type}{_window(owner)}{draft.type[len(owner.type) :]}"


def _window(row: Row) -> str:
    """` 3×3 s2`: the kernel, and the stride where it is not 1."""
    kernel, stride = row.settings.get("kernel"), row.settings.get("stride")
    if not isinstance(kernel, (list, tuple)):
        return ""
    text = f" {'×'.join(map(str, kernel))}"
    if isinstance(stride, (list, tuple)) and set(stride) != {1}:
        text += f" s{per_axis(stride)}"
    return text


def _skip(draft: _Draft) -> str | None:
    """The type of the last merge in a closed part that reads one tensor only, else None.

    What the part reads from outside is then what goes around in it.
    """
    unit = draft.rows[: len(draft.rows) // draft.times]
    inside = {row.name for row in unit}
    outside = {name for row in unit for name in row.inputs} - inside
    merges = [row.type for row in unit if row.kind == "merge"]
    return merges[-1] if merges and len(outside) == 1 else None
