"""What a reader of a placed picture would stumble over: overlaps, lines through boxes, long texts.

Nothing here knows how a style places its boxes: only frames, routes and marks are looked at.
"""

from __future__ import annotations

from itertools import pairwise

SLACK = 1  # pixels that do not count


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
    along = {}
    for edge, route in zip(edges, routes, strict=True):
        for one, other in pairwise(route):
            vertical = abs(one[0] - other[0]) < SLACK / 10
            axis = 0 if vertical else 1
            low, high = sorted((one[1 - axis], other[1 - axis]))
            along.setdefault((vertical, round(one[axis], 1)), []).append((low, high, edge))
    found = set()
    for pieces in along.values():
        pieces.sort()
        for at, (_, high, edge) in enumerate(pieces):
            for low, top, other in pieces[at + 1 :]:
                if low >= high - SLACK:
                    break
                if min(top, high) - low > SLACK and not set(edge) & set(other):
                    found.add((edge, other))
    return found
