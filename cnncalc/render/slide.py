"""A sliding window as text, a block a step, and as a JSON document."""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from cnncalc.pictures.window import heading, short, titles
from cnncalc.render.json import REAL_NUMBER, answer_schema, envelope, real_number
from cnncalc.render.page import wrapped
from cnncalc.render.schema import COUNT, SIZE, TEXT, WHOLE, described, listed, record

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cnncalc.pictures.sliding import Cell, Plane, Sliding, Stop
    from cnncalc.render.schema import Schema

ROOM_OF_MARKS = 8  # columns for an ellipsis on both sides, in ASCII too
APART = "    "  # between maps that stand side by side
REVERSED, PLAIN = "\x1b[7m", "\x1b[0m"


def frame(
    sliding: Sliding, step: int, *, width: int | None = None, color: bool = False
) -> Iterator[str]:
    """One step: the maps, the filter and the output so far side by side, and the sum below.

    Where a terminal of this `width` is too narrow, they stand one below another. The cells in
    brackets are those that are read, and the number that comes of them; `color` shows them in
    reverse.
    """
    stop = sliding.stops[step]
    if not step:
        yield from _lines(heading(sliding), width)
        yield ""
    yield f"step {step + 1} of {len(sliding.stops)}: {_where(sliding, stop)}"
    names = list(titles(sliding))
    known = {(s.row, s.column) for s in sliding.stops[: step + 1]}
    planes = [
        *((plane, stop.cells) for plane in sliding.inputs),
        *((plane, stop.taps) for plane in sliding.filters),
    ]
    drawn = [
        _block(name, plane, cells, width, color=color)
        for name, (plane, cells) in zip(names, planes, strict=False)
    ]
    here = ((sliding.output.map, stop.row, stop.column),)
    output = _block(names[-1], _so_far(sliding.output, known), here, width, color=color)
    inputs, filters = drawn[: len(sliding.inputs)], drawn[len(sliding.inputs) :]
    for index, left in enumerate(inputs):
        middle = filters[index] if index < len(filters) else []
        yield from _beside([left, middle, [] if index else output], width)
    for line in stop.sums:
        yield from _lines(line, width)


def _lines(text: str, width: int | None) -> Iterator[str]:
    return iter([text]) if width is None else wrapped(text, width)


def _where(sliding: Sliding, stop: Stop) -> str:
    if sliding.output.size[0] == sliding.inputs[0].size[0] == 1:
        return f"output x {stop.column}"
    return f"output y {stop.row}, x {stop.column}"


def _so_far(plane: Plane, known: set[tuple[int, int]]) -> Plane:
    """The output with the numbers that have been computed."""
    rows = tuple(
        tuple(value if (y, x) in known else None for x, value in enumerate(row))
        for y, row in enumerate(plane.rows)
    )
    return plane._replace(rows=rows)


def _block(
    name: str, plane: Plane, cells: Sequence[Cell], width: int | None, *, color: bool
) -> list[str]:
    """A map under its name; of one that is wider than the page, the columns around the cells."""
    marked = {(row, column) for channel, row, column in cells if channel == plane.map}
    texts = [["." if value is None else short(value) for value in row] for row in plane.rows]
    cell = max(len(text) for row in texts for text in row) + len("[]")
    top, left = plane.first
    across = len(texts[0])
    start, end = _columns([column - left for _, column in marked], across, cell, width)
    if (start, end) != (0, across):
        name += f", columns {left + start} to {left + end - 1}"
    before, after = ("… " if start else "", " …" if end < across else "")
    rows = [
        "".join(
            _cell(text, cell, marked=(y, x) in marked, color=color)
            for x, text in enumerate(row[start:end], left + start)
        )
        for y, row in enumerate(texts, top)
    ]
    return [name, *(f"{before}{row}{after}" for row in rows)]


def _columns(marked: Sequence[int], across: int, cell: int, width: int | None) -> tuple[int, int]:
    """The first column that is shown, and the one behind the last.

    >>> _columns([0, 1, 2], 9, 6, None), _columns([4, 5], 9, 6, 40), _columns([8], 9, 6, 40)
    ((0, 9), (3, 8), (4, 9))
    """
    if width is None or across * cell <= width:
        return 0, across
    shown = max(1, (width - ROOM_OF_MARKS) // cell)
    middle = (min(marked) + max(marked) + 1) // 2 if marked else 0
    start = min(max(0, middle - shown // 2), across - shown)
    return start, start + shown


def _cell(text: str, width: int, *, marked: bool, color: bool) -> str:
    if not marked:
        return f" {text:>{width - 2}} "
    cell = f"[{text:>{width - 2}}]"
    return f"{REVERSED}{cell}{PLAIN}" if color else cell


def _beside(blocks: Sequence[Sequence[str]], width: int | None) -> Iterator[str]:
    """Blocks of lines side by side, or one below another where they are wider than `width`."""
    shown = [block for block in blocks if block]
    widths = [max(len(_plain(line)) for line in block) for block in shown]
    if width is not None and sum(widths) + len(APART) * (len(shown) - 1) > width:
        for block in shown:
            yield from block
        return
    for lines in zip_longest(*shown, fillvalue=""):
        padded = (
            line + " " * (width - len(_plain(line)))
            for line, width in zip(lines, widths, strict=True)
        )
        yield APART.join(padded).rstrip()


def _plain(text: str) -> str:
    return text.replace(REVERSED, "").replace(PLAIN, "")


def document(sliding: Sliding, *, version: str) -> dict[str, Any]:
    """The JSON document: every map once, and every step by the cells that it reads."""
    return {
        **envelope("slide", version),
        "name": sliding.name,
        "type": sliding.type,
        "settings": dict(sliding.settings),
        "inputs": list(map(_plane, sliding.inputs)),
        "filters": list(map(_plane, sliding.filters)),
        "output": _plane(sliding.output),
        "steps": [
            {
                "place": [stop.row, stop.column],
                "reads": [list(cell) for cell in stop.cells],
                "taps": [list(tap) for tap in stop.taps],
                "sums": list(stop.sums),
                "output": real_number(stop.output),
            }
            for stop in sliding.stops
        ],
    }


def _plane(plane: Plane) -> dict[str, Any]:
    rows = [[None if value is None else real_number(value) for value in row] for row in plane.rows]
    return {
        "map": plane.map,
        "first": list(plane.first),
        "size": list(plane.size),
        "values": rows,
    }


def schema() -> Schema:
    """The schema of the document."""
    value: Schema = {"anyOf": [REAL_NUMBER, {"type": "null"}]}
    first = described(listed(WHOLE), "row and column of the first number; negative in padding")
    plane = record({"map": COUNT, "first": first, "size": listed(SIZE),
                    "values": listed(listed(value))})  # fmt: skip
    cells = described(listed(listed(WHOLE)), "map, row and column of each number")
    taps = described(listed(listed(WHOLE)), "the part of the filter; empty: all of it")
    step = record({"place": listed(COUNT), "reads": cells, "taps": taps, "sums": listed(TEXT),
                   "output": REAL_NUMBER})  # fmt: skip
    fields = {
        "name": TEXT,
        "type": TEXT,
        "settings": {"type": "object", "additionalProperties": TEXT},
        "inputs": listed(plane),
        "filters": listed(plane),
        "output": plane,
        "steps": listed(step),
    }
    return answer_schema("slide", "the steps of a sliding window", fields)
