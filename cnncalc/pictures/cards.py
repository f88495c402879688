"""Boxes as cards of three lines, with edges, outlines of parts and the legend."""

from __future__ import annotations

from itertools import pairwise
from math import ceil
from typing import TYPE_CHECKING, NamedTuple

from cnncalc.pictures.lettering import cut, shortened, width
from cnncalc.pictures.marks import Arc, Group, Line, Placed, Rect, Text
from cnncalc.pictures.trunks import lines_once

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from cnncalc.pictures.marks import Mark, Point
    from cnncalc.pictures.outlines import PartFrame
    from cnncalc.pictures.picture import Box, Picture

CARD = 46  # the height of a card
NAME, SMALL = 11, 10  # sizes of its text
INSET = 6  # from its sides to the text
MARGIN = 16  # around the picture
BEHIND = (6, 3)  # how far the cards of a stack stand out
# What the legend calls the kinds, in its order; the last ones have one colour, and one entry.
KINDS = {
    "input": "input", "conv": "convolution", "pool": "pooling", "dense": "fully connected",
    "up": "enlarging", "merge": "merge", "block": "closed part",
}  # fmt: skip
GREY = {"norm": "norm", "activation": "activation", "dropout": "dropout",
        "shape": "rearranging", "other": "other"}  # fmt: skip
LEGEND = 26  # its height
LINE = 12  # the height of a line of small text
TITLE_ENDS = 8  # from the two ends of a part's title to the lines beside it
BAND = 200  # pixels in which lines are looked for together


def card_width(picture: Picture, most: float = 210, *, parts: bool = True) -> float:
    """How wide the cards of a picture are: one width for all, so that most texts fit.

    Names are without those of opened parts where the style draws `parts`.
    """
    needed = max(
        (
            width(text, NAME if bold else SMALL, bold=bold)
            for box in picture.boxes
            for text, bold in zip(
                (box.short if parts else box.text[0], *box.text[1:]),
                (True, False, False),
                strict=True,
            )
        ),
        default=0,
    )
    return 2 * ceil(min(max(needed + 2 * INSET, 92), most) / 2)


def drawn(
    picture: Picture,
    corners: Sequence[Point],
    wide: float,
    routes: Sequence[Sequence[Point]],
    parts: Sequence[PartFrame] = (),
    extra: Sequence[Mark] = (),
) -> Placed:
    """A picture of cards; `corners` are their upper left ones, `routes` the edges' corners.

    `extra` lies below all else, and belongs to the style.
    """
    xs = [x for way in routes for x, _ in way] + [x for x, _ in corners]
    ys = [y for way in routes for _, y in way] + [y for _, y in corners]
    written = [mark for mark in extra if isinstance(mark, Text)]
    left = min([*xs, *(part.x for part in parts), *(text.x for text in written)])
    top = min([*ys, *(part.y for part in parts), *(text.y for text in written)]) - BEHIND[0]
    right = max([*xs, *(x + wide for x, _ in corners), *(part.x + part.width for part in parts)])
    bottom = max([*ys, *(y + CARD for _, y in corners), *(part.y + part.height for part in parts)])
    heading = 24 if picture.heading else 0
    dx, dy = MARGIN - left, MARGIN - top + heading
    shown = {part.name for part in parts}
    frames = [
        Rect(x + dx, y + dy, wide, CARD, box.kind, dashed=box.train_only)
        for (x, y), box in zip(corners, picture.boxes, strict=True)
    ]
    ways = tuple(tuple((x + dx, y + dy) for x, y in way) for way in routes)
    page_width = max(right + dx + MARGIN + BEHIND[0], _heading_width(picture))
    marks: list[Mark | Group] = [_moved(mark, dx, dy) for mark in extra]
    marks += headings(picture)
    falling = _falling(ways)
    for part in parts:
        marks += _outline(part, dx, dy, falling)
    seen = [
        _to_the_last_card(way, picture.boxes[edge.target])
        for way, edge in zip(ways, picture.edges, strict=True)
    ]
    marks += lines_once(seen, picture.edges)
    marks += shared_lines(picture, frames)
    marks += [
        card(box, frame, box.short if box.part in shown else box.text[0])
        for box, frame in zip(picture.boxes, frames, strict=True)
    ]
    page_height = bottom + dy + MARGIN
    if picture.legend:
        entries, page_height = legend((box.kind for box in picture.boxes), page_width, page_height)
        marks += entries
    return Placed(page_width, page_height, picture.title, picture.description, tuple(marks),
                  tuple(frames), ways)  # fmt: skip


def _to_the_last_card(way: tuple[Point, ...], box: Box) -> tuple[Point, ...]:
    """A line that comes from above to a stack ends at its last card, else that hid the arrow."""
    before, (x, y) = way[-2:]
    if box.times == 1 or before[0] != x:
        return way
    return (*way[:-1], (x, y - BEHIND[0]))


def _moved(mark: Mark, dx: float, dy: float) -> Mark:
    """A line or a text, moved."""
    if isinstance(mark, Line):
        return mark._replace(points=tuple((x + dx, y + dy) for x, y in mark.points))
    if isinstance(mark, Text):
        return mark._replace(x=mark.x + dx, y=mark.y + dy)
    return mark


def _heading_width(picture: Picture) -> float:
    return width(picture.heading or "", 14, bold=True) + 2 * MARGIN


def headings(picture: Picture) -> list[Mark]:
    """The heading above a picture, where one was asked for."""
    text = picture.heading
    return [Text(MARGIN, MARGIN + 8, text, 14, bold=True, anchor="start")] if text else []


class _Falling(NamedTuple):
    """A piece of a line that runs from top to bottom."""

    x: float
    top: float
    bottom: float


def _bands(top: float, bottom: float) -> range:
    """The bands of the page that something between these heights lies in."""
    return range(int(top // BAND), int(bottom // BAND) + 1)


def _falling(ways: Iterable[Sequence[Point]]) -> dict[int, list[_Falling]]:
    """The pieces of all lines that run from top to bottom, by band."""
    bands: dict[int, list[_Falling]] = {}
    for way in ways:
        for (x, start), (other, end) in pairwise(way):
            if x == other:
                piece = _Falling(x, min(start, end), max(start, end))
                for band in _bands(piece.top, piece.bottom):
                    bands.setdefault(band, []).append(piece)
    return bands


def _outline(
    part: PartFrame, dx: float, dy: float, falling: Mapping[int, Sequence[_Falling]]
) -> list[Mark]:
    """The frame of an opened part, and its name where no line crosses it."""
    x, y = part.x + dx, part.y + dy
    near = (line for band in _bands(y, y + LINE) for line in falling.get(band, ()))
    crossed = {
        line.x for line in near
        if x < line.x < x + part.width and line.top < y + LINE and line.bottom > y
    }  # fmt: skip
    gaps = list(pairwise(sorted({x, x + part.width, *crossed})))
    frame = Rect(x, y, part.width, part.height, "part", 6)
    return [frame, *_titles(part.title, gaps, y + 11)]


def _titles(title: str, gaps: Sequence[tuple[float, float]], y: float) -> list[Text]:
    """What a part is called, in one of the gaps between lines.

    Where none is wide enough, the name stands on both sides of a line, divided at a dot, and what
    is still too much in its middle becomes an ellipsis.
    """
    name = title.partition(": ")[0]
    for text in (title, name):
        for start, end in gaps:
            if width(text, SMALL) <= end - start - TITLE_ENDS:
                return [Text(start + 5, y, text, SMALL, soft=True, anchor="start")]
    dots = (at for at, char in enumerate(name, start=1) if char == ".")
    divided = [(name[:at], name[at:]) for at in dots]
    places = [
        (texts, gaps[at : at + len(texts)])
        for texts in ((name,), *divided)
        for at in range(len(gaps) - len(texts) + 1)
    ]
    texts, found = min(places, key=lambda place: sum(_too_much(*place)))
    shown = [
        shortened(text, SMALL, end - start - TITLE_ENDS)
        for text, (start, end) in zip(texts, found, strict=True)
    ]
    last = Text(found[-1][0] + 5, y, shown[-1], SMALL, soft=True, anchor="start", tip=title)
    if len(shown) == 1:
        return [last]
    return [Text(found[0][1] - 6, y, shown[0], SMALL, soft=True, anchor="end", tip=title), last]


def _too_much(texts: Sequence[str], gaps: Sequence[tuple[float, float]]) -> Iterator[float]:
    """By how much each text is wider than its gap."""
    for text, (start, end) in zip(texts, gaps, strict=True):
        yield max(0, width(text, SMALL) - (end - start - TITLE_ENDS))


def card(box: Box, frame: Rect, name: str) -> Group:
    """The box itself: the cards behind it, its three lines, and the bow of what it hides."""
    x, y, wide, high = frame[:4]
    behind = [frame._replace(x=x + by, y=y - by) for by in BEHIND] if box.times > 1 else []
    inner, middle = wide - 2 * INSET, x + wide / 2
    first = cut(name, NAME, inner, bold=True, front=True)
    second, third = (cut(text, SMALL, inner) for text in box.text[1:])
    texts = [
        Text(middle, y + 15, first, NAME, bold=True),
        Text(middle, y + 28, second, SMALL, soft=True),
        Text(middle, y + 41, third, SMALL),
    ]
    bow = [Arc(x + wide, y + 5, high - 10, box.kind, box.skip == "add")] if box.skip else []
    return Group(box.name, box.tip, (*behind, frame, *texts, *bow))


def shared_lines(picture: Picture, frames: Sequence[Rect]) -> list[Mark]:
    """Dotted lines between boxes of the same weights that stand beside each other."""
    rows: dict[float, list[Rect]] = {}
    for frame in frames:
        rows.setdefault(frame.y, []).append(frame)
    lines: list[Mark] = []
    for owner, n in picture.shared:
        first, second = sorted((frames[owner], frames[n]))
        if first.y != second.y:
            continue
        if not any(first.x < other.x < second.x for other in rows[first.y]):
            y = frames[n].y + frames[n].height - 8
            lines.append(Line(((first.x + first.width, y), (second.x, y)), "shared"))
    return lines


def legend(kinds: Iterable[str], wide: float, y: float) -> tuple[list[Mark], float]:
    """The colours in words, below the picture from y on, and the height that the picture then has.

    Entries that do not fit one line go on in the next.
    """
    present = set(kinds)
    marks: list[Mark] = []
    x = float(MARGIN)
    words = {kind: word for kind, word in KINDS.items() if kind in present}
    if grey := [word for kind, word in GREY.items() if kind in present]:
        words["grey"] = ", ".join(grey)
    for kind, word in words.items():
        needed = 16 + width(word, SMALL) + 12
        if x > MARGIN and x + needed > wide:
            x, y = float(MARGIN), y + 18
        marks.append(Rect(x, y, 11, 11, kind, 2))
        marks.append(Text(x + 16, y + 9.5, word, SMALL, soft=True, anchor="start"))
        x += needed
    return marks, y + LEGEND
