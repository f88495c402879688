"""Answers of `solve`: the settings that fit exactly, those that round down, or what is nearest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cnncalc.errors import counted
from cnncalc.render import listing
from cnncalc.render.format import to_ascii
from cnncalc.render.json import answer_schema, envelope
from cnncalc.render.schema import COUNT, FLAG, PAIR, SIZE, described, listed, record

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cnncalc.questions.solve import SolveRequest, SolveResult, WindowSetting
    from cnncalc.render.listing import Cell
    from cnncalc.render.schema import Schema

FORMULA = "⌊(W - F + 2P)/S⌋ + 1"
DILATED = "⌊(W - d(F - 1) - 1 + 2P)/S⌋ + 1"
TRANSPOSED = "(W - 1)S - 2P + d(F - 1) + a + 1"


def text(answer: SolveResult, top: int, *, ascii_only: bool = False) -> Iterator[str]:
    """The settings in two tables of at most `top` lines each."""
    said = "".join(f"{line}\n" for line in _lines(answer, top))
    yield to_ascii(said) if ascii_only else said


def _lines(answer: SolveResult, top: int) -> Iterator[str]:
    asked = answer.asked
    yield f"{_formula(asked)} = {asked.out:,}"
    if not answer.settings:
        yield ""
        yield from _none(answer)
    parts = (("fits exactly", answer.exact), ("rounds down", answer.floored))
    for title, settings in parts:
        if settings:
            count = len(settings)
            yield ""
            yield f"{title}: {counted(count, 'setting')}"
            yield from listing.aligned(headings(asked), [_cells(asked, s) for s in settings[:top]])
            if count > top:
                yield f"and {count - top} more (--top {count})"


def _none(answer: SolveResult) -> Iterator[str]:
    exactly = " exactly" if any(n.gives == answer.asked.out for n in answer.nearest) else ""
    yield f"no setting within the ranges gives {answer.asked.out:,}{exactly}"
    if answer.nearest:
        yield "nearest:"
        rows = [[*_cells(answer.asked, one), one.gives] for one in answer.nearest]
        yield from listing.aligned([*headings(answer.asked), "gives"], rows)


def _formula(asked: SolveRequest) -> str:
    if asked.transposed:
        return TRANSPOSED
    return FORMULA if asked.dilation == (1,) else DILATED


def headings(asked: SolveRequest) -> list[str]:
    """The letters, with those columns that this question needs."""
    dilated = [] if asked.dilation == (1,) else ["d"]
    return ["W", "F", "S", "P", *dilated, *(["a"] if asked.transposed else []), "Remark"]


def _cells(asked: SolveRequest, one: WindowSetting) -> list[Cell]:
    zeros: Cell = one.begin if one.begin == one.end else f"{one.begin}+{one.end}"
    dilated = [] if asked.dilation == (1,) else [one.dilation]
    extra = [one.output_padding] if asked.transposed else []
    return [one.w, one.f, one.s, zeros, *dilated, *extra, "" if asked.transposed else _remark(one)]


def _remark(one: WindowSetting) -> str:
    """What no window reads, at the edge or between windows."""
    skipped = f"{one.skipped} skipped between windows" if one.skipped else ""
    unread = f"{one.unread} unread at the edge" if one.unread else ""
    return ", ".join(filter(None, [unread, skipped]))


def table(answer: SolveResult, settings: Sequence[WindowSetting], format_: str) -> str:
    """All these settings as one table, in Markdown or CSV."""
    rows = [_cells(answer.asked, one) for one in settings]
    write = listing.markdown if format_ == "md" else listing.csv
    return write(headings(answer.asked), rows)


def document(answer: SolveResult, *, version: str) -> dict[str, Any]:
    """The document `cnncalc.solve/1`; `ok` is false where no setting was found."""
    return {
        **envelope("solve", version, ok=bool(answer.settings)),
        "out": answer.asked.out,
        "transposed": answer.asked.transposed,
        "settings": [_setting(answer.asked, one) for one in answer.settings],
        "nearest": [_setting(answer.asked, one) for one in answer.nearest],
    }


def _setting(asked: SolveRequest, one: WindowSetting) -> dict[str, Any]:
    said: dict[str, Any] = {
        "w": one.w, "f": one.f, "s": one.s, "p": [one.begin, one.end],
        "dilation": one.dilation, "out": one.gives, "exact": one.exact,
    }  # fmt: skip
    if asked.transposed:
        return {**said, "output_padding": one.output_padding}
    return {**said, "unread": one.unread, "skipped": one.skipped}


def schema() -> Schema:
    """The schema of `cnncalc.solve/1`."""
    sizes = dict.fromkeys(("w", "f", "s", "dilation", "out"), SIZE)
    setting = record(
        {**sizes, "p": described(PAIR, "zeros before and after"), "exact": FLAG},
        {
            "unread": described(COUNT, "at the edge of the padded input"),
            "skipped": described(COUNT, "between two windows"),
            "output_padding": COUNT,
        },
    )
    fields = {
        "out": described(SIZE, "what was wanted"),
        "transposed": FLAG,
        "settings": described(listed(setting), "the most usual first"),
        "nearest": described(listed(setting), "where there is no setting"),
    }
    return answer_schema("solve", "the settings that give an output size", fields)
