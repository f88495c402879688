"""Points in a plane, drawn with letters: for a terminal, a log file, a mail."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cnncalc.render.format import grouped, si

if TYPE_CHECKING:
    from collections.abc import Sequence

WIDTH, HEIGHT = 60, 16
POINT, MARKED = "o", "*"
EXACT = 10**6  # larger figures are labelled with three digits


class Point(NamedTuple):
    """Where it is, and whether it is marked."""

    x: float
    y: float
    marked: bool = False


def text(points: Sequence[Point], across: str, up: str) -> str:
    """The points on linear axes, each labelled at its ends; marked ones lie on top.

    >>> print(text([Point(1, 10), Point(2, 40, marked=True)], "width", "MACs"), end="")
    MACs
    40 |                                                           *
       |
       |
       |
       |
       |
       |
       |
       |
       |
       |
       |
       |
       |
       |
    10 |o
       +------------------------------------------------------------
        1                                                          2  width
    """
    if not points:
        return "no point to draw\n"
    xs, ys = [point.x for point in points], [point.y for point in points]
    canvas = [[" "] * WIDTH for _ in range(HEIGHT)]
    for point in sorted(points, key=lambda point: point.marked):
        column = _place(point.x, min(xs), max(xs), WIDTH)
        row = HEIGHT - 1 - _place(point.y, min(ys), max(ys), HEIGHT)
        canvas[row][column] = MARKED if point.marked else POINT
    labels = [""] * HEIGHT
    for value in (min(ys), max(ys)):
        labels[HEIGHT - 1 - _place(value, min(ys), max(ys), HEIGHT)] = _label(value)
    margin = max(map(len, labels))
    left, right = _label(min(xs)), _label(max(xs))
    space = " " * max(1, WIDTH - len(left) - len(right))
    lines = [
        up,
        *(f"{label:>{margin}} |{''.join(row)}" for label, row in zip(labels, canvas, strict=True)),
        f"{'':{margin}} +{'-' * WIDTH}",
        f"{'':{margin}}  {left}{space}{right}  {across}",
    ]
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _place(value: float, low: float, high: float, size: int) -> int:
    """The cell of a value between low and high; the middle where they are the same."""
    if low == high:
        return size // 2
    return round((value - low) / (high - low) * (size - 1))


def _label(value: float) -> str:
    if isinstance(value, float) and not value.is_integer():
        return f"{value:g}"
    whole = int(value)
    return grouped(whole) if abs(whole) < EXACT else si(whole)
