"""The style `volume`: every output as a solid, for networks that are a chain.

Its height and depth are the map's, its thickness the number of channels, neither to scale unless
that is asked for: a solid of 7×7×512 beside one of 224×224×64 would hardly be seen. Solids of one
size stand together.
"""

from __future__ import annotations

from itertools import groupby
from math import log2
from typing import TYPE_CHECKING, NamedTuple

from cnncalc.pictures.cards import MARGIN, SMALL, headings, legend
from cnncalc.pictures.chains import POWERS, maps_of, require_chain
from cnncalc.pictures.lettering import width
from cnncalc.pictures.marks import Group, Line, Placed, Polygon, Rect, Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cnncalc.pictures.marks import Mark, Point
    from cnncalc.pictures.picture import Box, Picture

TALLEST, DEEPEST = 200, 120  # pixels of the largest map
THICKEST = 60  # pixels of most channels, where a scale is asked for
POWER = 0.55  # heights and depths grow with this power of the sizes
SLANT = (0.72, -0.64)  # the direction of the depth
TOGETHER, APART, ARROW = 5, 16, 26  # between solids of one size, of vectors, and to the next size
NOTE = "height and depth: the map, thickness: channels; {}"
EDGE, BAR = "a dark edge: activation", "a bar: a vector, longer with more numbers"
SCALES = {"auto": "not to scale", "linear": "each to scale", "sqrt": "as the square roots of each"}


_Measures = tuple[float, float, float]  # thickness, height and depth of a solid


class _Solid(NamedTuple):
    """The front of a solid, and how far it goes back."""

    x: float
    high: float
    deep: float
    thick: float

    @property
    def back(self) -> Point:
        """How far its back lies from its front."""
        return (self.deep * SLANT[0], self.deep * SLANT[1])


def place(picture: Picture) -> Placed:
    """The solids of a network from left to right.

    Raises:
        CnncalcError: if the network is no chain at this depth.
    """
    require_chain(picture, "volume")
    solids = _solids(picture)
    top = MARGIN + (24 if picture.heading else 0) + 14
    middle = top + max(solid.high / 2 - solid.back[1] for solid in solids)
    below = middle + max(solid.high for solid in solids) / 2 + 16
    marks: list[Mark | Group] = [*headings(picture)]
    marks += [_drawn(box, s, middle) for box, s in zip(picture.boxes, solids, strict=True)]
    marks += _arrows(picture.boxes, solids, middle)
    marks += _sizes(picture.boxes, solids, middle)
    brackets, bottom = _brackets(picture.boxes, solids, below + 4)
    marks += brackets
    right = max(solid.x + solid.thick + solid.back[0] for solid in solids)
    right = max([right, *(_end(mark) for mark in marks if isinstance(mark, Text))]) + MARGIN
    if picture.legend:
        words = _note(picture)
        right = max(right, width(words, SMALL) + 2 * MARGIN)
        entries, bottom = legend((box.kind for box in picture.boxes), right, bottom + 12)
        note = Text(MARGIN, bottom + 2, words, SMALL, soft=True, anchor="start")
        marks += [*entries, note]
        bottom += MARGIN
    frames = tuple(
        Rect(s.x, middle - s.high / 2, s.thick, s.high, box.kind)
        for box, s in zip(picture.boxes, solids, strict=True)
    )
    return Placed(right, bottom, picture.title, picture.description, tuple(marks), frames)


def _note(picture: Picture) -> str:
    """What lengths mean, and the signs that there are."""
    signs = {EDGE: any(_is_activated(box) for box in picture.boxes),
             BAR: any(maps_of(box.out) == (1, 1) for box in picture.boxes)}  # fmt: skip
    note = NOTE.format(SCALES[picture.scale])
    return "; ".join([note, *(sign for sign, drawn in signs.items() if drawn)])


def _is_activated(box: Box) -> bool:
    return box.kind != "block" and any(row.kind == "activation" for row in box.rows)


def _end(text: Text) -> float:
    wide = width(text.text, text.size, bold=text.bold)
    return text.x + wide * {"start": 1, "middle": 0.5, "end": 0}[text.anchor]


def _solids(picture: Picture) -> list[_Solid]:
    """The solid of each box, from left to right."""
    boxes = picture.boxes
    measures = _usual(boxes) if picture.scale == "auto" else _scaled(boxes, POWERS[picture.scale])
    solids: list[_Solid] = []
    x = float(MARGIN) + 6
    for n, box in enumerate(boxes):
        thick, high, deep = measures[n]
        across = max(thick, width(str(box.out.channels), SMALL, bold=True))
        if n:
            before = boxes[n - 1]
            x += _gap(before, box) + (0 if _together(before, box) else solids[-1].back[0])
        solids.append(_Solid(x + (across - thick) / 2, high, deep, thick))
        x += across
    return solids


def _usual(boxes: Sequence[Box]) -> list[_Measures]:
    """Solids that can all be seen; a vector is a bar, longer with more numbers."""
    largest = max(max(maps_of(box.out)) for box in boxes)
    measures: list[_Measures] = []
    for box in boxes:
        rows, columns = maps_of(box.out)
        if rows == columns == 1:
            measures.append((9, min(30 + 14 * log2(box.out.channels), TALLEST), 9))
            continue
        high, deep = ((size / largest) ** POWER for size in (rows, columns))
        thick = 3 + 3.2 * log2(box.out.channels + 1)
        measures.append((thick, high * TALLEST, deep * DEEPEST))
    return measures


def _scaled(boxes: Sequence[Box], power: float) -> list[_Measures]:
    """Solids as large as powers of their sizes, in shares of the largest map, thickness, vector."""
    vectors = [box for box in boxes if maps_of(box.out) == (1, 1)]
    longest = max((box.out.channels for box in vectors), default=1)
    most = max((box.out.channels for box in boxes if box not in vectors), default=1)
    largest = max(max(maps_of(box.out)) for box in boxes)
    measures: list[_Measures] = []
    for box in boxes:
        rows, columns = maps_of(box.out)
        if rows == columns == 1:
            measures.append((9, TALLEST * (box.out.channels / longest) ** power, 9))
            continue
        high, deep = ((size / largest) ** power for size in (rows, columns))
        thick = THICKEST * (box.out.channels / most) ** power
        measures.append((thick, high * TALLEST, deep * DEEPEST))
    return measures


def _together(one: Box, other: Box) -> bool:
    """Whether two boxes put out maps of one size, which then stand together."""
    return maps_of(one.out) == maps_of(other.out) != (1, 1)


def _gap(one: Box, other: Box) -> float:
    vectors = maps_of(one.out) == maps_of(other.out) == (1, 1)
    return TOGETHER if _together(one, other) else APART if vectors else ARROW


def _drawn(box: Box, solid: _Solid, middle: float) -> Group:
    """The three faces of a solid, its dark edge, and the number of channels below it."""
    x, y = solid.x, middle - solid.high / 2
    (back, up), right, bottom = solid.back, solid.x + solid.thick, y + solid.high
    front = ((x, y), (right, y), (right, bottom), (x, bottom))
    top = ((x, y), (x + back, y + up), (right + back, y + up), (right, y))
    side = ((right, y), (right + back, y + up), (right + back, bottom + up), (right, bottom))
    faces = [Polygon(face, box.kind) for face in (side, top, front)]
    if _is_activated(box):
        edge = min(3.5, solid.thick / 3)
        corners = ((right - edge, y), (right, y), (right, bottom), (right - edge, bottom))
        faces.append(Polygon(corners, box.kind, shade=True))
    label = Text(x + solid.thick / 2, bottom + 13, str(box.out.channels), SMALL, bold=True)
    return Group(box.name, box.tip, (*faces, label))


def _arrows(boxes: Sequence[Box], solids: Sequence[_Solid], middle: float) -> Iterator[Mark]:
    """Arrows between solids that do not stand together."""
    for n in range(1, len(boxes)):
        if not _together(boxes[n - 1], boxes[n]):
            before, solid = solids[n - 1], solids[n]
            start = before.x + before.thick + before.back[0]
            yield Line(((start + 3, middle), (solid.x - 2, middle)))


def _sizes(boxes: Sequence[Box], solids: Sequence[_Solid], middle: float) -> Iterator[Mark]:
    """The size of the maps, once above those that stand together."""
    for n, (box, solid) in enumerate(zip(boxes, solids, strict=True)):
        last = n + 1 == len(boxes) or not _together(box, boxes[n + 1])
        if last and box.out.spatial:
            size = "×".join(map(str, box.out.spatial))
            x = solid.x + solid.thick + solid.back[0]
            yield Text(x, middle - solid.high / 2 + solid.back[1] - 5, size, SMALL)


def _brackets(boxes: Sequence[Box], solids: Sequence[_Solid], y: float) -> tuple[list[Mark], float]:
    """What the solids are made by, equal ones in a row counted, and where that ends below."""
    marks: list[Mark] = []
    ends: list[float] = []  # of the texts in each line
    for words, run in groupby(range(len(boxes)), key=lambda n: _words(boxes[n])):
        members = list(run)
        first, last = solids[members[0]], solids[members[-1]]
        left, right = first.x, last.x + last.thick
        text = words if len(members) == 1 else f"{len(members)} × {words}"
        half = width(text, SMALL) / 2
        middle = max((left + right) / 2, MARGIN + half)
        line = next((n for n, end in enumerate(ends) if end < middle - half), len(ends))
        ends[line : line + 1] = [middle + half + 8]
        at = y + 16 + 13 * line
        marks.append(Line(((left, y - 4), (left, y), (right, y), (right, y - 4)), "rule"))
        if all(end < middle for end in ends[:line]):  # no text of a line above is in the way
            marks.append(Line(((middle, y), (middle, at - 9)), "rule"))
        marks.append(Text(middle, at, text, SMALL))
    return marks, y + 16 + 13 * len(ends)


def _words(box: Box) -> str:
    """What makes the output, without what is attached to it; of an input its name."""
    return box.text[1].partition(" + ")[0].partition(" (")[0] if box.rows else box.text[0]
