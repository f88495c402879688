"""Answers of `solve`: the settings that fit exactly, those that round down, or the nearest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cnncalc.errors import counted
from cnncalc.render.format import joined
from cnncalc.render.json import answer_schema, envelope
from cnncalc.render.page import PIPE
from cnncalc.render.schema import COUNT, FLAG, PAIR, SIZE, described, listed, record
from cnncalc.render.table import Column, Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cnncalc.questions.solve import SolveRequest, SolveResult, WindowSetting
    from cnncalc.render.page import Page
    from cnncalc.render.schema import Schema
    from cnncalc.render.table import Cell

FORMULA = "⌊(W - F + 2P)/S⌋ + 1"
DILATED = "⌊(W - d(F - 1) - 1 + 2P)/S⌋ + 1"
TRANSPOSED = "(W - 1)S - 2P + d(F - 1) + a + 1"
REMARK = Column("Remark", "prose", "Remark")


def text(answer: SolveResult, top: int, page: Page = PIPE) -> Iterator[str]:
    """The settings in two tables of at most `top` lines each."""
    yield joined(_lines(answer, top, page), ascii_only=page.ascii)


def _lines(answer: SolveResult, top: int, page: Page) -> Iterator[str]:
    asked = answer.asked
    yield f"{_formula(asked)} = {asked.out:,}"
    if not answer.settings:
        yield ""
        yield from _none(answer, page)
    parts = (("fits exactly", answer.exact), ("rounds down", answer.floored))
    for title, settings in parts:
        if settings:
            count = len(settings)
            yield ""
            yield f"{title}: {counted(count, 'setting')}"
            yield from _table(asked, settings[:top]).lines(page=page)
            if count > top:
                yield f"and {count - top} more (--top {count})"


def _none(answer: SolveResult, page: Page) -> Iterator[str]:
    exactly = " exactly" if any(n.gives == answer.asked.out for n in answer.nearest) else ""
    yield f"no setting within the ranges gives {answer.asked.out:,}{exactly}"
    if answer.nearest:
        yield "nearest:"
        table = _table(answer.asked, answer.nearest)
        rows = [[*row, one.gives] for row, one in zip(table.rows, answer.nearest, strict=True)]
        yield from Table([*table.columns, Column("gives")], rows).lines(page=page)


def _formula(asked: SolveRequest) -> str:
    if asked.transposed:
        return TRANSPOSED
    return FORMULA if asked.dilation == (1,) else DILATED


def _table(asked: SolveRequest, settings: Sequence[WindowSetting]) -> Table:
    """The settings by the letters of the formula, with those columns that this question needs."""
    dilated = [] if asked.dilation == (1,) else ["d"]
    letters = ["W", "F", "S", "P", *dilated, *(["a"] if asked.transposed else [])]
    columns = [*(Column(letter, key=letter) for letter in letters), REMARK]
    return Table(columns, [_cells(asked, setting) for setting in settings])


def _cells(asked: SolveRequest, setting: WindowSetting) -> list[Cell]:
    zeros: Cell = setting.begin
    if setting.begin != setting.end:
        zeros = f"{setting.begin}+{setting.end}"
    dilated = [] if asked.dilation == (1,) else [setting.dilation]
    extra = [setting.output_padding] if asked.transposed else []
    remark = "" if asked.transposed else _remark(setting)
    return [setting.w, setting.f, setting.s, zeros, *dilated, *extra, remark]


def _remark(setting: WindowSetting) -> str:
    """How much of the input no window reads, at its edge or between windows."""
    skipped = f"{setting.skipped} skipped between windows" if setting.skipped else ""
    unread = f"{setting.unread} unread at the edge" if setting.unread else ""
    return ", ".join(filter(None, [unread, skipped]))


def table(answer: SolveResult, settings: Sequence[WindowSetting], format_: str) -> str:
    """All these settings as one table in another format."""
    return _table(answer.asked, settings).written(format_)


def document(answer: SolveResult, *, version: str) -> dict[str, Any]:
    """The document `cnncalc.solve/1`; `ok` is false where no setting was found."""
    return {
        **envelope("solve", version, ok=bool(answer.settings)),
        "out": answer.asked.out,
        "transposed": answer.asked.transposed,
        "settings": [_setting(answer.asked, setting) for setting in answer.settings],
        "nearest": [_setting(answer.asked, setting) for setting in answer.nearest],
    }


def _setting(asked: SolveRequest, setting: WindowSetting) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "w": setting.w, "f": setting.f, "s": setting.s, "p": [setting.begin, setting.end],
        "dilation": setting.dilation, "out": setting.gives, "exact": setting.exact,
    }  # fmt: skip
    if asked.transposed:
        return {**entry, "output_padding": setting.output_padding}
    return {**entry, "unread": setting.unread, "skipped": setting.skipped}


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
        "out": described(SIZE, "the output size asked for"),
        "transposed": FLAG,
        "settings": described(listed(setting), "the most common first"),
        "nearest": described(listed(setting), "the closest settings where none gives that size"),
    }
    return answer_schema("solve", "the settings that give an output size", fields)
