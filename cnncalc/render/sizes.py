"""Answers of `sizes`: which input sizes work, which are read in full, which layers fail."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from cnncalc.errors import counted
from cnncalc.render.format import joined, printable
from cnncalc.render.json import answer_schema, envelope
from cnncalc.render.page import PIPE
from cnncalc.render.schema import FLAG, SIZE, TEXT, described, listed, record, ref
from cnncalc.render.table import Column, Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cnncalc.questions.sizes import LayerSizes, SizeResult, Sizes
    from cnncalc.render.page import Page
    from cnncalc.render.schema import Schema
    from cnncalc.render.table import Cell

MAX_LISTED = 6  # sizes, or runs of sizes, of one line
MAX_LAYERS = 8  # that leave input unread


def text(answer: Sizes, page: Page = PIPE, *, exact: bool = False) -> str:
    """The sizes that work, those where every layer reads all its input, and why others fail.

    With `exact` the first of these is left out.
    """
    return joined(_lines(answer, exact, page), ascii_only=page.ascii)


def _lines(answer: Sizes, exact: bool, page: Page) -> Iterator[str]:
    tried = len(answer.outcomes)
    input_ = answer.written.replace("x", "×")
    yield f"{printable(answer.name)}: input {input_}, S = {_range(answer)}"
    if not exact:
        yield f"works   {len(answer.working):,} of {tried:,}: {in_words(answer.working, answer)}"
    same = " (the same)" if answer.exact == answer.working and answer.exact and not exact else ""
    listed = "" if same else f": {in_words(answer.exact, answer)}"
    yield f"exact   {len(answer.exact):,} of {tried:,}{same}{listed}"
    if answer.rounded:
        yield from ["", "leaving part of their input unread:"]
        yield from _reasons(answer.rounded, answer, page)
    if answer.failed:
        yield from ["", "failing:"]
        for reason in answer.failed:
            yield from _failure(reason, answer)


def _range(answer: Sizes) -> str:
    steps = f" in steps of {answer.step}" if answer.step > 1 else ""
    return f"{answer.start} to {answer.stop}{steps}"


def _reasons(reasons: Sequence[LayerSizes], answer: Sizes, page: Page) -> Iterator[str]:
    shown = reasons[:MAX_LAYERS]
    columns = [Column("layer", "name"), Column("sizes"), Column("", "prose")]
    rows: list[list[Cell]] = [
        [why.layer, len(why.sizes), in_words(why.sizes, answer)] for why in shown
    ]
    yield from Table(columns, rows).lines(page=page, indent=2)
    if len(reasons) > MAX_LAYERS:
        more = counted(len(reasons) - MAX_LAYERS, "more layer")
        yield f"  and {more} (--format csv)"


def _failure(reason: LayerSizes, answer: Sizes) -> Iterator[str]:
    problem = reason.first.problem
    sizes = counted(len(reason.sizes), "size")
    yield f"  {reason.layer}   {sizes}: {in_words(reason.sizes, answer)}"
    if problem:
        yield f"    at {reason.first.size}: {problem.message}"
        yield from (f"      {note}" for note in problem.notes)


def in_words(sizes: Sequence[int], answer: Sizes) -> str:
    """Sizes in words: one by one, as ranges, or by their common distance."""
    if not sizes:
        return "none"
    apart = distance(sizes)
    if len(sizes) > 2 and apart is not None and apart > answer.step:  # noqa: PLR2004 - a rule shows
        return f"{_some(list(map(str, sizes)))}{_rule(sizes, apart, answer)}"
    return _some(_runs(sizes, answer.step))


def distance(values: Sequence[int]) -> int | None:
    """The distance between neighbours; None where it varies or there are fewer than two.

    >>> distance([320, 336, 352]), distance([1, 2, 4])
    (16, None)
    """
    apart = {later - earlier for earlier, later in pairwise(values)}
    return apart.pop() if len(apart) == 1 else None


def _rule(sizes: Sequence[int], apart: int, answer: Sizes) -> str:
    """`every multiple of 16` or `16k + 12` where that is true of the whole range."""
    everywhere = sizes[0] - apart < answer.start and sizes[-1] + apart > answer.stop
    if not everywhere:
        return f" ({apart} apart)"
    rest = sizes[0] % apart
    return f" ({apart}k + {rest})" if rest else f" (every multiple of {apart})"


def _runs(sizes: Sequence[int], step: int) -> list[str]:
    """Neighbouring sizes joined, such as `321 to 335`."""
    runs: list[list[int]] = []
    for size in sizes:
        if runs and size - runs[-1][-1] == step:
            runs[-1].append(size)
        else:
            runs.append([size])
    return [f"{run[0]}" if len(run) == 1 else f"{run[0]} to {run[-1]}" for run in runs]


def _some(words: Sequence[str]) -> str:
    if len(words) <= MAX_LISTED:
        return ", ".join(words)
    return f"{', '.join(words[: MAX_LISTED - 1])}, … {words[-1]}"


def table(answer: Sizes) -> Table:
    """One row per size: whether it works, which layers leave input unread, what fails."""
    keys = ("size", "works", "exact", "rounding", "layer", "code", "message")
    columns = [Column(key, "number" if key == "size" else "text", key) for key in keys]
    return Table(columns, [_cells(outcome) for outcome in answer.outcomes])


def _cells(outcome: SizeResult) -> list[Cell]:
    problem, yes = outcome.problem, {True: "yes", False: "no"}
    failure = (outcome.layer or "", problem.code, problem.message) if problem else ("", "", "")
    verdicts = (yes[outcome.works], yes[outcome.exact])
    return [outcome.size, *verdicts, " ".join(outcome.rounding), *failure]


def document(answer: Sizes, *, version: str, ok: bool) -> dict[str, Any]:
    """The document `cnncalc.sizes/1`, with one entry per size."""
    return {
        **envelope("sizes", version, ok=ok),
        "name": answer.name,
        "input": answer.written,
        "from": answer.start,
        "to": answer.stop,
        "step": answer.step,
        "working": list(answer.working),
        "exact": list(answer.exact),
        "sizes": [_entry(outcome) for outcome in answer.outcomes],
    }


def _entry(outcome: SizeResult) -> dict[str, Any]:
    entry: dict[str, Any] = {"size": outcome.size, "works": outcome.works, "exact": outcome.exact}
    if outcome.problem:
        problem = {"code": outcome.problem.code, "message": outcome.problem.message}
        return {**entry, "layer": outcome.layer, **problem, "notes": list(outcome.problem.notes)}
    rounding = {"rounding": list(outcome.rounding)} if outcome.rounding else {}
    return {**entry, "out": [shape.by_letter for shape in outcome.out], **rounding}


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
