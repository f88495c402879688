"""Boxes as cards of three lines, with edges, outlines of parts and the legend."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from itertools import chain, pairwise
from math import ceil
from typing import TYPE_CHECKING

from cnncalc.pictures.lettering import cut, shortened, width
from cnncalc.pictures.marks import Arc, Group, Line, Placed, Rect, Text
from cnncalc.pictures.trunks import lines_once

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

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


def card_width(picture: Picture, most: float = 210, *, parts: bool = True) -> float:
    """How wide the cards of a picture are: one width for all, so that most texts fit.

    Names are without those of opened parts where the style draws `parts`.
    """
    names = {box.short if parts else box.text[0] for box in picture.boxes}
    others = {text for box in picture.boxes for text in box.text[1:]}
    widths = [width(text, NAME, bold=True) for text in names]
    needed = max([*widths, *(width(text, SMALL) for text in others)], default=0)
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
    ends = [*chain.from_iterable(routes), *corners]
    xs, ys = [x for x, _ in ends], [y for _, y in ends]
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
    ways = tuple([tuple([(x + dx, y + dy) for x, y in way]) for way in routes])
    page_width = max(right + dx + MARGIN + BEHIND[0], _heading_width(picture))
    marks: list[Mark | Group] = [_moved(mark, dx, dy) for mark in extra]
    marks += headings(picture)
    for part, crossed in zip(parts, _crossed_titles(parts, routes), strict=True):
        marks += _outline(part, crossed, dx, dy)
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
    if box.times == 1:
        return way
    before, (x, y) = way[-2:]
    return (*way[:-1], (x, y - BEHIND[0])) if before[0] == x else way


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


def _crossed_titles(
    parts: Sequence[PartFrame], ways: Iterable[Sequence[Point]]
) -> list[set[float]]:
    """For each part, where lines from top to bottom cross the line of text that is its title."""
    downward = sorted(range(len(parts)), key=lambda n: parts[n].y)
    tops = [parts[n].y for n in downward]
    ends = [top + LINE for top in tops]
    crossed: list[set[float]] = [set() for _ in parts]
    for way in ways:
        for (x, start), (other, end) in pairwise(way):
            if x != other:
                continue
            top, bottom = (start, end) if start < end else (end, start)
            for n in downward[bisect_right(ends, top) : bisect_left(tops, bottom)]:
                if parts[n].x < x < parts[n].x + parts[n].width:
                    crossed[n].add(x)
    return crossed


def _outline(part: PartFrame, crossed: set[float], dx: float, dy: float) -> list[Mark]:
    """The frame of an opened part, moved, and its name where no line crosses it."""
    x, y = part.x + dx, part.y + dy
    gaps = list(pairwise(sorted({x, x + part.width, *(line + dx for line in crossed)})))
    frame = Rect(x, y, part.width, part.height, "part", 6)
    return [frame, *_titles(part.title, gaps, y + 11)]


def _titles(title: str, gaps: Sequence[tuple[float, float]], y: float) -> list[Text]:
    """What a part is called, in one of the gaps between lines.

    Where none is wide enough, the name stands on both sides of a line, divided at a dot, and what
    is still too much in its middle becomes an ellipsis.
    """
    name = title.partition(": ")[0]
    spaces = [end - start - TITLE_ENDS for start, end in gaps]
    for text in (title, name):
        needed = width(text, SMALL)
        for (start, _), space in zip(gaps, spaces, strict=True):
            if needed <= space:
                return [Text(start + 5, y, text, SMALL, soft=True, anchor="start")]
    dots = [at for at, char in enumerate(name, start=1) if char == "."]
    texts, found, at = min(
        (
            (texts, spaces[at : at + len(texts)], at)
            for texts in ((name,), *[(name[:at], name[at:]) for at in dots])
            for at in range(len(spaces) - len(texts) + 1)
        ),
        key=_too_much,
    )
    shown = [shortened(text, SMALL, space) for text, space in zip(texts, found, strict=True)]
    start = gaps[at + len(texts) - 1][0]
    last = Text(start + 5, y, shown[-1], SMALL, soft=True, anchor="start", tip=title)
    if len(shown) == 1:
        return [last]
    return [Text(gaps[at][1] - 6, y, shown[0], SMALL, soft=True, anchor="end", tip=title), last]


def _too_much(place: tuple[tuple[str, ...], list[float], int]) -> float:
    """By how much some texts are wider than the spaces they would stand in."""
    texts, spaces, _ = place
    wider = [width(text, SMALL) - space for text, space in zip(texts, spaces, strict=True)]
    return sum([excess for excess in wider if excess > 0])


def card(box: Box, frame: Rect, name: str) -> Group:
    """The box itself: the cards behind it, its three lines, and the bow of what it hides."""
    x, y, wide, high = frame[:4]
    behind = [frame._replace(x=x + by, y=y - by) for by in BEHIND] if box.times > 1 else []
    inner, middle = wide - 2 * INSET, x + wide / 2
    first = cut(name, NAME, inner, bold=True, front=True)
    second, third = cut(box.text[1], SMALL, inner), cut(box.text[2], SMALL, inner)
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
    shared = picture.shared
    for frame in frames if shared else ():
        rows.setdefault(frame.y, []).append(frame)
    lines: list[Mark] = []
    for owner, n in shared:
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
