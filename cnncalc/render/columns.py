"""The columns of a report's table, listed once: how to read a cell off a line, what it means."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cnncalc.conventions import bytes_per_number
from cnncalc.errors import counted
from cnncalc.figures import FIGURES, used
from cnncalc.render.choice import ChoiceError
from cnncalc.render.fold import type_text
from cnncalc.render.format import decimal, per_axis, setting_text
from cnncalc.render.table import Column

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from cnncalc.analysis.report import ReceptiveField, Report, Totals
    from cnncalc.render.fold import TableRow
    from cnncalc.render.table import Cell, Kind
    from cnncalc.shapes import Shape


class CellStyle(NamedTuple):
    """How cells are written: the order of the axes, and the sign between sizes.

    `bare` cells are for programs: their figures carry no mark such as ≥. `detailed` types say what
    a layer needs: `fc 400→120`.
    """

    report: Report
    layout: str = "HWC"
    times: str = "×"
    bare: bool = False
    detailed: bool = False

    def shape(self, shape: Shape) -> str:
        """A shape in the chosen layout."""
        return shape.text(self.layout, self.times)


class ReportColumn(NamedTuple):
    """One column. `total` reads the figure below it off the totals; counts can be sorted by."""

    key: str
    heading: str
    meaning: str
    cell: Callable[[TableRow, CellStyle], Cell]
    kind: Kind = "number"
    total: Callable[[Totals], Cell] | None = None

    @property
    def head(self) -> Column:
        """The column as the writer of tables sees it."""
        worth = SPARE.index(self.key) if self.key in SPARE else None
        return Column(self.heading, self.kind, self.key, worth)


def _count(key: str) -> ReportColumn:
    """A figure of the rows, summed over the line."""
    figure = FIGURES[key]

    def cell(line: TableRow, style: CellStyle) -> Cell:
        if any(row.unknown for row in line.rows):
            return None if style.bare else "?"  # it is not known, and not 0
        return line.total(key) if line.rows else None

    return ReportColumn(key, figure.heading, figure.meaning, cell, total=figure.of)


def _percent(key: str, meaning: str) -> ReportColumn:
    """A figure of the line as a percentage of the network's."""
    figure = FIGURES[key]

    def cell(line: TableRow, style: CellStyle) -> Cell:
        whole = figure.of(style.report.totals)
        return 100 * line.total(key) / whole if line.rows and whole else None

    def total(totals: Totals) -> Cell:
        return 100.0 if figure.of(totals) else None

    return ReportColumn(f"{key}%", f"{figure.heading} %", meaning, cell, total=total)


def _setting(
    key: str, heading: str, meaning: str, write: Callable[[object, str], str]
) -> ReportColumn:
    """A field of the layer, with defaults filled in."""

    def cell(line: TableRow, style: CellStyle) -> Cell:
        value = line.owner.settings.get(key) if line.owner else None
        return None if value is None else write(value, style.times)

    return ReportColumn(key, heading, meaning, cell)


def _fact(
    key: str,
    heading: str,
    meaning: str,
    read: Callable[[TableRow], str | None],
    kind: Kind = "text",
) -> ReportColumn:
    """A name or a text of the line."""
    return ReportColumn(key, heading, meaning, lambda line, _: read(line), kind)


def _field(
    key: str, heading: str, meaning: str, write: Callable[[ReceptiveField, CellStyle], str]
) -> ReportColumn:
    """A property of the receptive field."""

    def cell(line: TableRow, style: CellStyle) -> Cell:
        field = line.last.receptive_field if line.last else None
        return write(field, style) if field and field.size else None

    return ReportColumn(key, heading, meaning, cell)


def _sizes(value: object, times: str) -> str:
    return times.join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)


def _switch(value: object, _: str) -> str:
    return "yes" if value else "no"


def _rf(field: ReceptiveField, style: CellStyle) -> str:
    mark = "≥" if field.gated and not style.bare else ""
    return mark + per_axis(field.size, style.times)


def _jump(field: ReceptiveField, style: CellStyle) -> str:
    return (
        per_axis([decimal(jump) for jump in field.jump], style.times) if field.aligned else "mixed"
    )


def _start(field: ReceptiveField, style: CellStyle) -> str:
    return per_axis([decimal(start) for start in field.start], style.times)


def _in(line: TableRow, style: CellStyle) -> Cell:
    return ", ".join(map(style.shape, line.rows[0].in_shapes)) if line.rows else None


def _type(line: TableRow, style: CellStyle) -> Cell:
    """The types; for people also what a layer needs and lacks, which its type does not say."""
    if line.owner is None or not style.detailed:
        return line.type
    return type_text(line.rows, detailed=True)


def _output(line: TableRow, style: CellStyle) -> Cell:
    return style.shape(line.out)


def _neurons(line: TableRow, _: CellStyle) -> Cell:
    return line.out.size


def _fit(line: TableRow, style: CellStyle) -> Cell:
    """What the windows leave unread per axis; for a group, how many of its layers leave any."""
    windowed = [row for row in line.rows if row.unused]
    wasting = [row for row in windowed if any(row.unused)]
    if not wasting:
        return "exact" if windowed else None
    if line.grouped:
        return f"unused in {counted(len(wasting), 'layer')}"
    return f"{style.times.join(map(str, wasting[0].unused))} unused"


def _memory(line: TableRow, style: CellStyle) -> Cell:
    memory = style.report.totals.memory
    return line.out.size * memory.batch * bytes_per_number(memory.dtype)


def _source(line: TableRow, _: CellStyle) -> Cell:
    span = line.rows[0].span if line.rows else None
    return str(span.line) if span else None


COLUMNS: dict[str, ReportColumn] = {
    column.key: column
    for column in (
        ReportColumn("index", "#", "number of the line", lambda line, _: str(line.number)),
        _fact("name", "Layer", "name of the layer or group", lambda line: line.name, "name"),
        ReportColumn("type", "Type", "type, with what is attached", _type, kind="text"),
        ReportColumn("in", "Input", "shape of what goes in", _in),
        _setting("kernel", "F", "size of the filter or window", _sizes),
        _setting("stride", "S", "stride", setting_text),
        _setting("padding", "P", "zeros around the input; a+b if the sides differ", setting_text),
        _setting("dilation", "Dilation", "spacing of the filter taps", setting_text),
        _setting("groups", "Groups", "groups of channels convolved apart", setting_text),
        _setting("bias", "Bias", "whether there is a bias", _switch),
        ReportColumn("output", "Output", "shape of what comes out", _output),
        *map(_count, used("column")),
        _percent("params", "share of the network's parameters"),
        _percent("macs", "share of the network's MACs"),
        ReportColumn("neurons", FIGURES["neurons"].heading, FIGURES["neurons"].meaning, _neurons),
        ReportColumn(
            "memory", "Bytes out", "bytes of the output, for the batch and dtype", _memory
        ),
        _field("rf", "RF", "receptive field in input pixels; ≥ where a gate depends on more", _rf),
        _field("jump", "Jump", "input pixels between the fields of neighbouring neurons", _jump),
        _field("start", "Start", "centre of the first field; the first pixel is at 0.5", _start),
        ReportColumn("fit", "Fit", "rows and columns of the input left unread", _fit, kind="text"),
        _fact("inputs", "From", "where the input comes from",
              lambda line: ", ".join(line.rows[0].inputs) if line.rows else None),
        _fact("block", "Block", "the block call that the layer comes from",
              lambda line: line.owner.block if line.owner else None),
        _fact("shared", "Shares", "the layer whose weights are used",
              lambda line: line.owner.shared_with or line.owner.tied_to if line.owner else None),
        _fact("note", "Note", "the note in the spec",
              lambda line: line.owner.note if line.owner else None),
        ReportColumn("source", "Line", "line of the spec", _source),
    )
}  # fmt: skip

DEFAULT = (
    "index", "name", "type", "kernel", "stride", "padding", "output",
    "weights", "biases", "params", "connections", "macs",
)  # fmt: skip
# What CSV and TSV hold unless columns are chosen.
CSV = (
    "index", "name", "type", "output", "kernel", "stride", "padding", "weights", "biases",
    "params", "buffers", "connections", "macs", "rf",
)  # fmt: skip
# What a narrow terminal hides, in this order.
SPARE = (
    "connections",
    "biases",
    "weights",
    "padding",
    "stride",
    "kernel",
    "index",
    "type",
    "output",
)
SORTABLE = (
    *(key for key, column in COLUMNS.items() if column.total), "neurons", "memory",
)  # fmt: skip


def select(keys: Iterable[str]) -> tuple[ReportColumn, ...]:
    """The columns of these keys.

    Raises:
        ChoiceError: for a key that names no column.

    >>> [column.heading for column in select(["name", "macs"])]
    ['Layer', 'MACs']
    """
    return tuple(_column(key) for key in keys)


def _column(key: str) -> ReportColumn:
    try:
        return COLUMNS[key]
    except KeyError:
        raise ChoiceError("column", key, COLUMNS) from None


def sorting(key: str) -> ReportColumn:
    """The column to sort by.

    Raises:
        ChoiceError: for a column whose cells are not numbers.

    >>> sorting("macs").key
    'macs'
    """
    if key not in SORTABLE:
        raise ChoiceError("number to sort by called", key, SORTABLE)
    return COLUMNS[key]


def help_text() -> str:
    """Every column with its heading and meaning, one per line, each ending in a newline.

    >>> print(help_text().splitlines()[1])
    name                   Layer         name of the layer or group
    """
    return "".join(f"{c.key:<22} {c.heading:<13} {c.meaning}\n" for c in COLUMNS.values())
