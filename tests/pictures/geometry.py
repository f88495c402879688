"""What a reader of a placed picture would stumble over: overlaps, lines through boxes, long texts.

Nothing here knows how a style places its boxes: only frames, routes and marks are looked at.
"""

from __future__ import annotations

import json
from functools import cache
from itertools import pairwise
from pathlib import Path

from cnncalc.pictures.marks import Group, Line, Text

FONTS = Path(__file__).parents[1] / "data" / "font_widths.json"
SLACK = 1  # pixels that do not count
ABOVE_A_STACK, AT_FORKS = 6, 20  # pixels that lines end above; that they share between two forks


def overlaps(frames):
    """Pairs of frames that share more than a line."""
    found = []
    in_order = sorted(enumerate(frames), key=lambda pair: pair[1].y)
    for at, (n, one) in enumerate(in_order):
        for m, other in in_order[at + 1 :]:
            if other.y >= one.y + one.height - SLACK:
                break
            if one.x < other.x + other.width - SLACK and other.x < one.x + one.width - SLACK:
                found.append((n, m))
    return found


def crossings(frames, routes):
    """Routes with a piece inside a frame: the number of the route and of the frame."""
    found = []
    in_order = sorted(enumerate(frames), key=lambda pair: pair[1].y)
    tall = max((frame.height for frame in frames), default=0)
    tops = [frame.y for _, frame in in_order]
    from bisect import bisect_left

    for number, route in enumerate(routes):
        for one, other in pairwise(route):
            low, high = min(one[1], other[1]), max(one[1], other[1])
            left, right = min(one[0], other[0]), max(one[0], other[0])
            for at in range(bisect_left(tops, low - tall), bisect_left(tops, high)):
                n, frame = in_order[at]
                if (
                    left < frame.x + frame.width - SLACK
                    and right > frame.x + SLACK
                    and low < frame.y + frame.height - SLACK
                    and high > frame.y + SLACK
                ):
                    found.append((number, n))
    return found


def touches(frame, point):
    """Whether a point lies on the border of a frame."""
    x, y = point
    inside = (
        frame.x - SLACK <= x <= frame.x + frame.width + SLACK
        and frame.y - SLACK <= y <= frame.y + frame.height + SLACK
    )
    borders = (frame.x, frame.x + frame.width, frame.y, frame.y + frame.height)
    distances = (abs(value - border) for value, border in zip((x, x, y, y), borders, strict=True))
    return inside and min(distances) <= SLACK


def loose_ends(frames, edges, routes):
    """Edges whose route does not go from the border of one box to that of the other."""
    return [
        edge
        for edge, route in zip(edges, routes, strict=True)
        if not (touches(frames[edge.source], route[0]) and touches(frames[edge.target], route[-1]))
    ]


def slanted(routes):
    """Routes that do not run along the axes."""
    return [
        route
        for route in routes
        for one, other in pairwise(route)
        if abs(one[0] - other[0]) > SLACK / 10 and abs(one[1] - other[1]) > SLACK / 10
    ]


def shared_pieces(edges, routes):
    """Pairs of edges between four different boxes whose lines run on top of each other."""
    found = set()
    for pieces in pieces_of(routes).values():
        pieces.sort()
        for at, (_, high, number) in enumerate(pieces):
            for low, top, other in pieces[at + 1 :]:
                if low >= high - SLACK:
                    break
                pair = edges[number], edges[other]
                if min(top, high) - low > SLACK and not set(pair[0]) & set(pair[1]):
                    found.add(pair)
    return found


def pieces_of(ways):
    """The straight pieces of ways by the axis they run along and where; from, to, and the way."""
    along = {}
    for number, way in enumerate(ways):
        for one, other in pairwise(way):
            vertical = abs(one[0] - other[0]) < SLACK / 10
            axis = 0 if vertical else 1
            low, high = sorted((one[1 - axis], other[1 - axis]))
            along.setdefault((vertical, round(one[axis], 1)), []).append((low, high, number))
    return along


def strokes(result):
    """What is wrong with how the routes are drawn: pieces that no line draws, pieces that two
    lines draw, ends without an arrow, and ends with two.

    A line may begin a little before the fork at which it leaves another, and ends a few pixels
    above a stack of boxes.
    """
    drawn = [mark for mark in result.marks
             if isinstance(mark, Line) and mark.stroke in ("edge", "branch")]  # fmt: skip
    along = pieces_of(line.points for line in drawn)
    found = []
    for here, pieces in pieces_of(result.routes).items():
        lines = sorted(along.get(here, ()))
        for low, high, route in pieces:
            place, missing = low, 0
            for start, end, _ in lines:
                missing += max(0, min(start, high) - place)
                place = max(place, min(end, high))
            if missing + high - place > ABOVE_A_STACK + SLACK:
                found.append(("missing", route))
    for pieces in along.values():
        pieces.sort()
        for at, (_, high, line) in enumerate(pieces):
            for low, top, other in pieces[at + 1 :]:
                if low >= high:
                    break
                if min(top, high) - low > AT_FORKS + SLACK:
                    found.append(("twice", line, other))
    ends = {(x, y) for *_, (x, y) in result.routes}
    arrows = sorted(line.points[-1] for line in drawn if line.stroke == "edge")
    found += [("two arrows", one) for one, other in pairwise(arrows) if one == other]
    found += [
        ("no arrow", (x, y)) for x, y in ends
        if not any(u == x and 0 <= y - v <= ABOVE_A_STACK for u, v in arrows)
    ]  # fmt: skip
    return found


@cache
def advances(font):
    """Thousandths of the size that each character of a font takes."""
    table = json.loads(FONTS.read_text(encoding="utf-8"))[font]
    return {char: int(width) for width, chars in table.items() for char in chars}


@cache
def measured(text, size, bold):
    """How wide a text is in the wider of two fonts; their own kerning only narrows it."""
    fonts = (f"{family}{' Bold' if bold else ''}" for family in ("DejaVu Sans", "Liberation Sans"))
    return max(sum(advances(font)[char] for char in text) * size / 1000 for font in fonts)


def ends_of(text):
    """Where a text begins and ends on its line."""
    wide = measured(text.text, text.size, text.bold)
    begin = text.x - wide * {"start": 0, "middle": 0.5, "end": 1}[text.anchor]
    return begin, begin + wide


def sticking_out(result):
    """Texts that leave their box, or the picture."""
    found = []
    groups = {mark.name: mark for mark in result.marks if isinstance(mark, Group)}
    for frame, group in zip(result.frames, groups.values(), strict=True):
        for text in group.marks:
            if isinstance(text, Text):
                begin, end = ends_of(text)
                inside = frame.x < begin and end < frame.x + frame.width
                above = text.y - text.size >= frame.y - SLACK
                if not (inside and above and text.y + text.size / 4 < frame.y + frame.height):
                    found.append(text.text)
    return found + [
        mark.text
        for mark in result.marks
        if isinstance(mark, Text)
        and not (ends_of(mark)[0] >= 0 and ends_of(mark)[1] <= result.width)
    ]


def luminance(colour):
    """Relative luminance by WCAG 2."""
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one, other):
    """The ratio of two colours by WCAG 2, from 1 to 21."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)
