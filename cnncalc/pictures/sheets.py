"""The style `sheets`: outputs as sheets behind each other, as in the figure of LeNet-5.

The window of a layer is drawn where the unit in the middle of its output reads, at the scale of
the map. Source of the style: LeCun et al. 1998, figure 2.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cnncalc.errors import failure
from cnncalc.pictures.cards import MARGIN, NAME, SMALL, headings, legend
from cnncalc.pictures.chains import POWERS, USAGE, maps_of, require_chain
from cnncalc.pictures.lettering import cut, width
from cnncalc.pictures.marks import Group, Line, Placed, Polygon, Rect, Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cnncalc.analysis.report import Row
    from cnncalc.pictures.marks import Mark, Point
    from cnncalc.pictures.picture import Box, Picture

MOST = 12  # boxes
SHEETS = 16  # shown of an output
LARGEST, SMALLEST = 150, 15  # pixels of the largest map, and of the smallest
POWER = 0.7  # sides grow with this power of the sizes
STEP = 6  # from one sheet to the next
GAP = 56  # between two outputs
NOTE = "sides of sheets: the map, {}; no more than 16 sheets are shown"
SCALES = {"auto": "not to scale", "linear": "to scale", "sqrt": "as square roots"}


class _Stack(NamedTuple):
    """The sheets of one output: the upper left corner of the front one, its sides, how many."""

    x: float
    y: float
    wide: float
    high: float
    number: int

    @property
    def behind(self) -> float:
        """How far the last sheet stands out, to the left and above."""
        return STEP * (self.number - 1)

    @property
    def back(self) -> Point:
        """The upper left corner of the last sheet."""
        return (self.x - self.behind, self.y - self.behind)

    def point(self, row: float, column: float, maps: tuple[int, int]) -> Point:
        """Where a place of the map lies on the front sheet."""
        return (self.x + self.wide * column / maps[1], self.y + self.high * row / maps[0])


def place(picture: Picture) -> Placed:
    """The outputs of a network from left to right.

    Raises:
        CnncalcError: if the network is no chain at this depth, or has too many boxes.
    """
    require_chain(picture, "sheets")
    number = len(picture.boxes)
    if number > MOST:
        message = f"sheets is for networks of at most {MOST} boxes, and this picture has {number}"
        help_ = "--depth 0 closes parts, --at NAME draws one; --style volume shows long chains"
        raise failure("usage", message, help=help_, exit_code=USAGE)
    stacks = _stacks(picture)
    boxes = picture.boxes
    bottom = max(stack.y + stack.high for stack in stacks)
    marks: list[Mark | Group] = [*headings(picture)]
    marks += [_drawn(box, stack) for box, stack in zip(boxes, stacks, strict=True)]
    for n in range(1, number):
        marks += _link(boxes[n - 1], boxes[n], stacks[n - 1], stacks[n])
        marks += _operation(boxes[n], stacks[n - 1], stacks[n], bottom + 24)
    right = stacks[-1].x + max(stacks[-1].wide, 50) + MARGIN
    bottom += 44
    if picture.legend:
        words = NOTE.format(SCALES[picture.scale])
        right = max(right, width(words, SMALL) + 2 * MARGIN)
        entries, bottom = legend((box.kind for box in boxes), right, bottom + 10)
        marks += [*entries, Text(MARGIN, bottom + 2, words, SMALL, soft=True, anchor="start")]
        bottom += MARGIN
    frames = tuple(
        Rect(*stack.back, stack.wide + stack.behind, stack.high + stack.behind, box.kind)
        for box, stack in zip(boxes, stacks, strict=True)
    )
    return Placed(right, bottom, picture.title, picture.description, tuple(marks), frames)


def _stacks(picture: Picture) -> list[_Stack]:
    """Where the sheets of each output lie, their middles at one height."""
    boxes = picture.boxes
    largest = max(max(maps_of(box.out)) for box in boxes)
    tops = MARGIN + (24 if picture.heading else 0) + 34
    power = POWERS.get(picture.scale)
    sizes = [_size(box, largest, power) for box in boxes]
    heights = [high + STEP * (number - 1) for _, high, number in sizes]
    middle = tops + max(heights) / 2
    stacks: list[_Stack] = []
    x = float(MARGIN)
    for n, (wide, high, number) in enumerate(sizes):
        behind = STEP * (number - 1)
        whole = wide + behind
        label = max(width(text, NAME, bold=bold) for text, bold in _labels(boxes[n]))
        space = max(whole, label)
        x += (space - whole) / 2
        stacks.append(_Stack(x + behind, middle - heights[n] / 2 + behind, wide, high, number))
        after = width(_made_by(boxes[n + 1])[0], SMALL) if n + 1 < len(boxes) else 0
        x += whole + (space - whole) / 2 + max(GAP, after - space / 2)
    return stacks


def _size(box: Box, largest: int, power: float | None) -> tuple[float, float, int]:
    """Width, height and number of the sheets; a vector is one bar.

    Without a power that is asked for, small maps are as large as can be seen.
    """
    if not box.out.spatial:
        return 10, min(40 + 1.2 * box.out.channels**0.75, 170), 1
    rows, columns = (
        LARGEST * (size / largest) ** power
        if power
        else max(LARGEST * (size / largest) ** POWER, SMALLEST)
        for size in maps_of(box.out)
    )
    return columns, rows, min(box.out.channels, SHEETS)


def _labels(box: Box) -> list[tuple[str, bool]]:
    """The name of an output and its size as LeNet's figure writes it: 6@28×28."""
    size = "×".join(map(str, box.out.spatial))
    return [(box.text[0], False), (f"{box.out.channels}@{size}" if size else box.text[2], True)]


def _drawn(box: Box, stack: _Stack) -> Group:
    """The sheets from the last to the front one, and the labels above them."""
    sheets: list[Mark] = [
        Rect(stack.x - STEP * n, stack.y - STEP * n, stack.wide, stack.high, box.kind, 0)
        for n in range(stack.number - 1, -1, -1)
    ]
    left, top = stack.back
    middle = (left + stack.x + stack.wide) / 2
    texts = [
        Text(middle, top - 20 + 13 * n, text, NAME, bold=bold, soft=not bold)
        for n, (text, bold) in enumerate(_labels(box))
    ]
    return Group(box.name, box.tip, (*sheets, *texts))


def _link(one: Box, other: Box, source: _Stack, target: _Stack) -> Iterator[Mark]:
    """The window on the front sheet and the unit it becomes; else lines that widen."""
    maps, after = maps_of(one.out), maps_of(other.out)
    window = _window(other, maps)
    if window is None or not one.out.spatial or not other.out.spatial:
        corners = (
            (source.x + source.wide, source.y),
            (source.x + source.wide, source.y + source.high),
        )
        ends = (target.back[0], target.back[1]), (target.back[0], target.y + target.high)
        yield from (Line(pair, "rule") for pair in zip(corners, ends, strict=True))
        return
    (top, bottom), (left, right) = window
    unit = target.point(after[0] // 2 + 0.5, after[1] // 2 + 0.5, after)
    first, last = source.point(top, left, maps), source.point(bottom, right, maps)
    frame = (first, (last[0], first[1]), last, (first[0], last[1]))
    yield Polygon(frame, "input", clear=True)
    yield Line(((last[0], first[1]), unit), "sight")
    yield Line((last, unit), "sight")
    yield Polygon(tuple((unit[0] + dx, unit[1] + dy) for dx, dy in
                        ((-2.5, -2.5), (2.5, -2.5), (2.5, 2.5), (-2.5, 2.5))),
                  "input", shade=True)  # fmt: skip


def _window(box: Box, maps: tuple[int, int]) -> tuple[tuple[int, int], tuple[int, int]] | None:
    """The rows and columns that the unit in the middle reads, within the map; None without any."""
    row = box.rows[0] if len(box.rows) > 0 and box.kind != "block" else None
    if row is None or row.kind not in ("conv", "pool") or "kernel" not in row.settings:
        return None
    axes = len(row.out.spatial)
    reads = [_reads(row, axis) for axis in range(axes)][-2:]
    while len(reads) < len(maps):
        reads.append((0, 1))
    rows, columns = (
        (max(low, 0), min(high, size)) for (low, high), size in zip(reads, maps, strict=True)
    )
    return rows, columns


def _reads(row: Row, axis: int) -> tuple[int, int]:
    """Where the window of the middle unit begins and ends on one axis, padding included."""
    settings: Mapping[str, object] = row.settings
    kernel, stride, dilation = (
        _per_axis(settings.get(key, 1), axis) for key in ("kernel", "stride", "dilation")
    )
    padding = settings.get("padding")
    before = padding[axis][0] if isinstance(padding, (list, tuple)) else 0
    begin = row.out.spatial[axis] // 2 * stride - int(before)
    return begin, begin + dilation * (kernel - 1) + 1


def _per_axis(value: object, axis: int) -> int:
    return int(value[axis]) if isinstance(value, (list, tuple)) else int(str(value))


def _made_by(box: Box) -> tuple[str, str]:
    """The layer, and what is attached to it."""
    head, _, tail = box.text[1].partition(" + ")
    return head, tail


def _operation(box: Box, source: _Stack, target: _Stack, y: float) -> Iterator[Mark]:
    """What stands between two outputs, below both."""
    middle = (source.x + source.wide + target.back[0]) / 2
    head, tail = _made_by(box)
    yield Text(middle, y, head, SMALL)
    if tail:
        yield Text(middle, y + 13, cut(tail, SMALL, 2 * GAP), SMALL, soft=True)
