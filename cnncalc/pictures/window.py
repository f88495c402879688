"""The sliding window as placed shapes: what slides over what, maps, filter and output, the sum.

What never changes is drawn once; every stop adds its window, its output cell and its sum.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cnncalc.pictures import lettering
from cnncalc.render.format import number

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cnncalc.pictures.sliding import Cell, Plane, Sliding, Stop

LEFT, TOP, GAP, BELOW = 20, 34, 46, 34  # margins, and the space between maps
LINE = 20  # the height of a line of the heading and of the sum
TITLE, SUM = 13, 14  # sizes of text
CELLS = ((10, 40), (16, 32), (9999, 24))  # up to so many rows or columns: the side of a cell
MIN_WIDTH = 360
DIGITS = 4  # characters of a number that fit a cell in the usual size


class Grid(NamedTuple):
    """Cells in rows: its top left corner, how many rows and columns, the side of a cell."""

    x: float
    y: float
    rows: int
    columns: int
    side: float
    kind: str  # input, padding, filter, output


class Frame(NamedTuple):
    """A rectangle that marks cells."""

    x: float
    y: float
    width: float
    height: float
    kind: str  # input, filter, output


class Label(NamedTuple):
    """A line of text: centred at x in a cell, else beginning there."""

    x: float
    y: float
    text: str
    size: float
    kind: str  # number, title, sum


Mark = Grid | Frame | Label


class Scene(NamedTuple):
    """What always stands there, the numbers that appear stop by stop, what each stop marks."""

    width: float
    height: float
    title: str
    description: str
    still: tuple[Mark, ...]
    numbers: tuple[Label, ...]
    stops: tuple[tuple[Mark, ...], ...]


class _Laid(NamedTuple):
    """A map with its place."""

    plane: Plane
    x: float
    y: float
    side: float
    kind: str

    @property
    def right(self) -> float:
        return self.x + len(self.plane.rows[0]) * self.side

    @property
    def bottom(self) -> float:
        return self.y + len(self.plane.rows) * self.side

    def lowered(self, down: float) -> _Laid:
        """The map further down."""
        return self._replace(y=self.y + down)

    def corner(self, row: int, column: int) -> tuple[float, float]:
        """The top left corner of a cell."""
        top, left = self.plane.first
        return self.x + (column - left) * self.side, self.y + (row - top) * self.side

    def marks(self, title: str) -> Iterator[Mark]:
        """The grid, the padding around it, and the title above."""
        yield Label(self.x, self.y - 10, title, TITLE, "title")
        rows, columns = self.plane.size
        if (len(self.plane.rows), len(self.plane.rows[0])) != self.plane.size:
            everything = len(self.plane.rows), len(self.plane.rows[0])
            yield Grid(self.x, self.y, *everything, self.side, "padding")
        yield Grid(*self.corner(0, 0), rows, columns, self.side, self.kind)

    def number(self, row: int, column: int, value: float) -> Label:
        """A number in a cell."""
        x, y = self.corner(row, column)
        text = short(value)
        size = self.side * (0.38 if len(text) < DIGITS else 1.5 / len(text))
        return Label(x + self.side / 2, y + self.side / 2 + size * 0.35, text, size, "number")

    def numbers(self) -> Iterator[Label]:
        """The numbers in all cells that have one."""
        top, left = self.plane.first
        for row, values in enumerate(self.plane.rows, top):
            for column, value in enumerate(values, left):
                if value is not None:
                    yield self.number(row, column, value)

    def frames(self, cells: Sequence[Cell]) -> Iterator[Frame]:
        """One rectangle around these cells, or one for each where they do not fill one."""
        places = {(row, column) for channel, row, column in cells if channel == self.plane.map}
        if not places:
            return
        rows, columns = {row for row, _ in places}, {column for _, column in places}
        high, wide = max(rows) - min(rows) + 1, max(columns) - min(columns) + 1
        if len(places) == high * wide:
            x, y = self.corner(min(rows), min(columns))
            yield Frame(x, y, wide * self.side, high * self.side, self.kind)
            return
        for place in sorted(places):
            yield Frame(*self.corner(*place), self.side, self.side, self.kind)


def short(value: float) -> str:
    """A number in at most six characters, rounded where it has more digits.

    >>> [short(value) for value in (3.0, -0.123456, 41.06, 12345.6, 0.00001)]
    ['3', '-0.12', '41.1', '1e+04', '1e-05']
    """
    text = number(value)
    if len(text) <= DIGITS:
        return text
    for digits in (2, 1, 0):
        text = f"{value:.{digits}f}"
        if len(text.lstrip("-")) <= DIGITS and float(text):
            return text
    return f"{value:.0e}"


def scene(sliding: Sliding) -> Scene:
    """Place the maps of a sliding window."""
    inputs, filters, output = _lay(sliding)
    laid = (*inputs, *filters, output)
    width = max(MIN_WIDTH, max(each.right for each in laid) + LEFT)
    above = _wrapped([heading(sliding)], width - 2 * LEFT)
    down = LINE * len(above)
    inputs, filters = ([each.lowered(down) for each in some] for some in (inputs, filters))
    output = output.lowered(down)
    laid = (*inputs, *filters, output)
    still: list[Mark] = list(_lines(above, LINE, "title"))
    for each, title in zip(laid, titles(sliding), strict=True):
        still += each.marks(title)
    still += [label for each in (*inputs, *filters) for label in each.numbers()]
    bottom = max(each.bottom for each in laid)
    texts = [_wrapped(stop.sums, width - 2 * LEFT) for stop in sliding.stops]
    height = bottom + BELOW + LINE * max(map(len, texts))
    return Scene(
        width,
        height,
        heading(sliding),
        description(sliding),
        tuple(still),
        tuple(output.number(stop.row, stop.column, stop.output) for stop in sliding.stops),
        tuple(
            (*_shown(stop, inputs, filters, output), *_lines(text, bottom + BELOW, "sum"))
            for stop, text in zip(sliding.stops, texts, strict=True)
        ),
    )


def _lay(sliding: Sliding) -> tuple[list[_Laid], list[_Laid], _Laid]:
    """Inputs below each other, each with its part of the filter beside it, then the output.

    A column is as wide as its widest map and its longest title.
    """
    planes = (*sliding.inputs, sliding.output)
    most = max(max(len(plane.rows), len(plane.rows[0])) for plane in planes)
    side = next(side for limit, side in CELLS if most <= limit)
    names = dict(zip((*sliding.inputs, *sliding.filters), titles(sliding), strict=False))
    beside = {plane.map: plane for plane in sliding.filters}

    def behind(x: float, column: Sequence[Plane]) -> float:
        wide = [len(plane.rows[0]) * side for plane in column]
        return x + GAP + max([*wide, *(lettering.width(names[p], TITLE) for p in column)])

    across = behind(LEFT, sliding.inputs)
    inputs, filters, y = [], [], float(TOP)
    for plane in sliding.inputs:
        inputs.append(_Laid(plane, LEFT, y, side, "input"))
        bottom = inputs[-1].bottom
        if plane.map in beside:
            filters.append(_Laid(beside[plane.map], across, y, side, "filter"))
            bottom = max(bottom, filters[-1].bottom)
        y = bottom + TOP
    last = behind(across, sliding.filters) if filters else across
    return inputs, filters, _Laid(sliding.output, last, TOP, side, "output")


def titles(sliding: Sliding) -> Iterator[str]:
    """What stands above each map."""
    several = len(sliding.inputs) > 1
    for kind, planes in (("input", sliding.inputs), ("filter", sliding.filters)):
        for plane in planes:
            yield f"{kind} {_times(plane)}{f', map {plane.map}' if several else ''}"
    which = f", map {sliding.output.map} of {sliding.maps}" if sliding.maps > 1 else ""
    yield f"output {_times(sliding.output)}{which}"


def _times(plane: Plane) -> str:
    return "×".join(map(str, plane.size))


def heading(sliding: Sliding) -> str:
    """What slides over what, in one line."""
    window = f"{'×'.join(map(str, sliding.window))} {'filter' if sliding.filters else 'window'}"
    maps = f", {len(sliding.inputs)} maps" if len(sliding.inputs) > 1 else ""
    words = "".join(f", {name} {value}" for name, value in sliding.settings)
    over = _times(sliding.inputs[0])
    return f"{sliding.name}: a {window} over {over}{maps}{words}"


def description(sliding: Sliding) -> str:
    """The output in words, for readers who do not see the picture."""
    rows = ("; ".join(" ".join(map(_or_gap, row)) for row in sliding.output.rows),)
    return f"{len(sliding.stops)} steps. Output, row by row: {rows[0]}."


def _or_gap(value: float | None) -> str:
    """A number as in a cell, or a point where there is none."""
    return "." if value is None else short(value)


def _wrapped(texts: Sequence[str], limit: float) -> list[str]:
    """Lines of text, broken between words where they are too long."""
    lines: list[str] = []
    for text in texts:
        line, *words = text.split(" ")
        for word in words:
            longer = f"{line} {word}"
            if lettering.width(longer, SUM) > limit:
                lines.append(line)
                longer = word
            line = longer
        lines.append(line)
    return lines


def _lines(texts: Sequence[str], y: float, kind: str) -> Iterator[Label]:
    for index, text in enumerate(texts):
        yield Label(LEFT, y + LINE * index, text, SUM, kind)


def _shown(
    stop: Stop, inputs: Sequence[_Laid], filters: Sequence[_Laid], output: _Laid
) -> Iterator[Frame]:
    """What one stop marks."""
    for each in inputs:
        yield from each.frames(stop.cells)
    for each in filters:
        yield from each.frames(stop.taps)
    yield from output.frames([(output.plane.map, stop.row, stop.column)])
