"""Answers of `sizes`: what works, what is exact, which layers leave input unread or fail."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from cnncalc.errors import counted
from cnncalc.render import table as writer
from cnncalc.render.format import printable, to_ascii
from cnncalc.render.json import answer_schema, envelope
from cnncalc.render.schema import FLAG, SIZE, TEXT, described, listed, record, ref
from cnncalc.render.table import Column, Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cnncalc.questions.sizes import LayerSizes, SizeResult, Sizes
    from cnncalc.render.schema import Schema
    from cnncalc.render.table import Cell

FEW = 6  # sizes, or runs of sizes, that are named one by one
MOST_LAYERS = 8


def text(found: Sizes, *, exact: bool = False, ascii_only: bool = False) -> str:
    """What works and what does not; with `exact` only where every layer reads all."""
    said = "".join(f"{line}\n" for line in _lines(found, exact))
    return to_ascii(said) if ascii_only else said


def _lines(found: Sizes, exact: bool) -> Iterator[str]:
    tried = len(found.outcomes)
    yield f"{printable(found.name)}: input {found.written.replace('x', '×')}, S = {_range(found)}"
    if not exact:
        yield f"works   {len(found.working):,} of {tried:,}: {in_words(found.working, found)}"
    same = " (the same)" if found.exact == found.working and found.exact and not exact else ""
    listed = "" if same else f": {in_words(found.exact, found)}"
    yield f"exact   {len(found.exact):,} of {tried:,}{same}{listed}"
    if found.rounded:
        yield from ["", "leaving part of their input unread:"]
        yield from _reasons(found.rounded, found)
    if found.failed:
        yield from ["", "failing:"]
        for reason in found.failed:
            yield from _failure(reason, found)


def _range(found: Sizes) -> str:
    steps = f" in steps of {found.step}" if found.step > 1 else ""
    return f"{found.start} to {found.stop}{steps}"


def _reasons(reasons: Sequence[LayerSizes], found: Sizes) -> Iterator[str]:
    shown = reasons[:MOST_LAYERS]
    columns = [Column("layer", "name"), Column("sizes"), Column("", "text")]
    rows: list[list[Cell]] = [
        [why.layer, len(why.sizes), in_words(why.sizes, found)] for why in shown
    ]
    yield from (f"  {line}" for line in writer.lines(Table(columns, rows)))
    if len(reasons) > MOST_LAYERS:
        more = counted(len(reasons) - MOST_LAYERS, "more layer")
        yield f"  and {more} (--format csv)"


def _failure(reason: LayerSizes, found: Sizes) -> Iterator[str]:
    problem = reason.first.problem
    sizes = counted(len(reason.sizes), "size")
    yield f"  {reason.layer}   {sizes}: {in_words(reason.sizes, found)}"
    if problem:
        yield f"    at {reason.first.size}: {problem.message}"
        yield from (f"      {note}" for note in problem.notes)


def in_words(sizes: Sequence[int], found: Sizes) -> str:
    """Sizes in words: one by one, as a range, or by what they have in common."""
    if not sizes:
        return "none"
    apart = distance(sizes)
    if len(sizes) > 2 and apart is not None and apart > found.step:  # noqa: PLR2004 - a rule shows
        return f"{_some(list(map(str, sizes)))}{_rule(sizes, apart, found)}"
    return _some(_runs(sizes, found.step))


def distance(values: Sequence[int]) -> int | None:
    """The one distance between neighbours; None where there are several, or fewer than two.

    >>> distance([320, 336, 352]), distance([1, 2, 4])
    (16, None)
    """
    apart = {later - earlier for earlier, later in pairwise(values)}
    return apart.pop() if len(apart) == 1 else None


def _rule(sizes: Sequence[int], apart: int, found: Sizes) -> str:
    """`every multiple of 16` or `16k + 12`, where that holds in the whole range."""
    everywhere = sizes[0] - apart < found.start and sizes[-1] + apart > found.stop
    if not everywhere:
        return f" ({apart} apart)"
    rest = sizes[0] % apart
    return f" ({apart}k + {rest})" if rest else f" (every multiple of {apart})"


def _runs(sizes: Sequence[int], step: int) -> list[str]:
    """Neighbouring sizes joined: 321 to 335."""
    runs: list[list[int]] = []
    for size in sizes:
        if runs and size - runs[-1][-1] == step:
            runs[-1].append(size)
        else:
            runs.append([size])
    return [f"{run[0]}" if len(run) == 1 else f"{run[0]} to {run[-1]}" for run in runs]


def _some(words: Sequence[str]) -> str:
    if len(words) <= FEW:
        return ", ".join(words)
    return f"{', '.join(words[: FEW - 1])}, … {words[-1]}"


def csv(found: Sizes) -> str:
    """One line per size: whether it works, what goes unread, what fails."""
    keys = ("size", "works", "exact", "rounding", "layer", "code", "message")
    return writer.records([keys, *map(_cells, found.outcomes)])


def _cells(one: SizeResult) -> list[int | str]:
    said = (one.layer or "", one.problem.code, one.problem.message) if one.problem else ("", "", "")
    yes = {True: "yes", False: "no"}
    return [one.size, yes[one.works], yes[one.exact], " ".join(one.rounding), *said]


def document(found: Sizes, *, version: str, ok: bool) -> dict[str, Any]:
    """The document `cnncalc.sizes/1`, with one entry per size."""
    return {
        **envelope("sizes", version, ok=ok),
        "name": found.name,
        "input": found.written,
        "from": found.start,
        "to": found.stop,
        "step": found.step,
        "working": list(found.working),
        "exact": list(found.exact),
        "sizes": [_entry(one) for one in found.outcomes],
    }


def _entry(one: SizeResult) -> dict[str, Any]:
    said: dict[str, Any] = {"size": one.size, "works": one.works, "exact": one.exact}
    if one.problem:
        problem = {"code": one.problem.code, "message": one.problem.message}
        return {**said, "layer": one.layer, **problem, "notes": list(one.problem.notes)}
    rounding = {"rounding": list(one.rounding)} if one.rounding else {}
    return {**said, "out": [shape.by_letter for shape in one.out], **rounding}


def schema() -> Schema:
    """The schema of `cnncalc.sizes/1`."""
    works: dict[str, Schema] = {"out": listed(ref("shape")), "rounding": listed(TEXT)}
    fails: dict[str, Schema] = {"layer": TEXT, "code": TEXT, "message": TEXT, "notes": listed(TEXT)}
    entry = record({"size": SIZE, "works": FLAG, "exact": FLAG}, {**works, **fails})
    fields = {
        "name": TEXT,
        "input": described(TEXT, "S stands for the size"),
        "from": SIZE,
        "to": SIZE,
        "step": SIZE,
        "working": listed(SIZE),
        "exact": listed(SIZE),
        "sizes": listed(entry),
    }
    return answer_schema("sizes", "which input sizes a network works on", fields)
