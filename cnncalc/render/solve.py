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
    from cnncalc.questions.solve_params import FilterResult, FilterSetting
    from cnncalc.render.page import Page
    from cnncalc.render.schema import Schema
    from cnncalc.render.table import Cell

FORMULA = "⌊(W - F + 2P)/S⌋ + 1"
DILATED = "⌊(W - d(F - 1) - 1 + 2P)/S⌋ + 1"
WITH_BIASES, WITHOUT_BIASES = "K·(F²·D + 1)", "K·F²·D"
TRANSPOSED = "(W - 1)S - 2P + d(F - 1) + a + 1"
REMARK = Column("Remark", "prose", "Remark")


def text(answer: SolveResult, top: int, page: Page = PIPE) -> str:
    """The settings in two tables of at most `top` lines each."""
    return joined(_lines(answer, top, page), ascii_only=page.ascii)


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


def filters_text(answer: FilterResult, top: int, page: Page = PIPE) -> str:
    """The filters with that many parameters, in a table of at most `top` lines."""
    return joined(_filter_lines(answer, top, page), ascii_only=page.ascii)


def _filter_lines(answer: FilterResult, top: int, page: Page) -> Iterator[str]:
    wanted, settings = answer.asked.params, answer.settings
    yield f"{WITH_BIASES if answer.asked.bias else WITHOUT_BIASES} = {wanted:,}"
    yield ""
    if settings:
        yield f"{counted(len(settings), 'setting')}"
        yield from _filter_table(settings[:top]).lines(page=page)
        if len(settings) > top:
            yield f"and {len(settings) - top:,} more (--top {len(settings)})"
        return
    yield f"no filters within the ranges have {counted(wanted, 'parameter')}"
    if answer.nearest:
        yield "nearest:"
        yield from _filter_table(answer.nearest).lines(page=page)


def filters_table(answer: FilterResult, format_: str) -> str:
    """All filters with that many parameters as one table, in Markdown, CSV or LaTeX."""
    return _filter_table(answer.settings).written(format_)


def _filter_table(settings: Sequence[FilterSetting]) -> Table:
    columns = [*(Column(letter, key=letter) for letter in "FDK"), Column("Params", key="params")]
    return Table(columns, [list(setting) for setting in settings])


def table(found: Sequence[SolveResult], format_: str) -> str:
    """All settings as one table, in Markdown or CSV; with their output where several are asked."""
    several = [Column("out", key="out")] if len(found) > 1 else []
    columns = [*_table(found[0].asked, ()).columns, *several]
    cells = [
        [*_cells(one.asked, setting), *([setting.gives] if several else [])]
        for one in found
        for setting in one.settings
    ]
    return Table(columns, cells).written(format_)


def document(
    found: Sequence[SolveResult], filters: FilterResult | None, *, version: str
) -> dict[str, Any]:
    """The document `cnncalc.solve/1`; `ok` is false where something asked for has no setting."""
    outs = [one.asked.out for one in found]
    ok = all(one.settings for one in found) and bool(filters is None or filters.settings)
    return {
        **envelope("solve", version, ok=ok),
        **({"out": outs[0]} if found else {}),
        **({"outs": outs} if len(outs) > 1 else {}),
        "transposed": any(one.asked.transposed for one in found),
        "settings": [_setting(one.asked, each) for one in found for each in one.settings],
        "nearest": [_setting(one.asked, each) for one in found for each in one.nearest],
        **(_filters(filters) if filters else {}),
    }


def _filters(answer: FilterResult) -> dict[str, Any]:
    return {
        "params": answer.asked.params,
        "bias": answer.asked.bias,
        "filters": [setting._asdict() for setting in answer.settings],
        "nearest_filters": [setting._asdict() for setting in answer.nearest],
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
    filter_ = record(dict.fromkeys(("f", "d", "k", "params"), SIZE))
    fields = {
        "transposed": FLAG,
        "settings": described(listed(setting), "the most common first"),
        "nearest": described(listed(setting), "the closest settings where none gives that size"),
    }
    more = {
        "out": described(SIZE, "the output size asked for, if one was"),
        "outs": described(listed(SIZE), "all output sizes, where several were asked for"),
        "params": described(SIZE, "the number of parameters asked for, if one was"),
        "bias": described(FLAG, "whether one bias per filter is among them"),
        "filters": described(listed(filter_), "f x f x d weights, k times; the most common first"),
        "nearest_filters": described(listed(filter_), "the closest where none has that many"),
    }
    return answer_schema("solve", "the settings that give an output size", fields, more)
