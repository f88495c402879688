"""Comma lists of the one-layer commands: a line for every combination of their values."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any, NamedTuple

import typer

from cnncalc.cli import output
from cnncalc.errors import CnncalcError, Diagnostic

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from cnncalc.analysis.report import Report
    from cnncalc.cli.single import Show
    from cnncalc.cli.values import Choices

    Ask = Callable[[Mapping[str, Any]], Report]  # the report on one setting of the options


class LayerResult(NamedTuple):
    """What came of one setting; `words` are the values that vary, as written."""

    words: tuple[str, ...]
    report: Report | None
    problem: Diagnostic | None


def several_in(options: Mapping[str, Choices]) -> list[str]:
    """The options that were given several values."""
    return [option for option, choices in options.items() if len(choices.values) > 1]


def tabulate(options: Mapping[str, Choices], ask: Ask, show: Show) -> None:
    """Print what comes of every combination; a failure where one does not work."""
    varying = several_in(options)
    outcomes = [_try(options, varying, ask, places) for places in _settings(options)]
    output.emit(_table(outcomes, varying, show), show.out)
    failed = sum(outcome.problem is not None for outcome in outcomes)
    rounding = sum(bool(o.report and o.report.diagnostics) for o in outcomes)
    if failed:
        message = f"{failed} of {len(outcomes)} settings do not work"
        output.tell([Diagnostic("error", "settings", message)])
    if failed or (show.strict == "fit" and rounding):
        raise typer.Exit(output.INVALID)


def _settings(options: Mapping[str, Choices]) -> Iterator[tuple[int, ...]]:
    """Every combination, as the place of each option's value in its list."""
    return product(*(range(len(choices.values)) for choices in options.values()))


def _try(
    options: Mapping[str, Choices], varying: list[str], ask: Ask, places: tuple[int, ...]
) -> LayerResult:
    at = dict(zip(options, places, strict=True))
    words = tuple(options[option].words[at[option]] for option in varying)
    one = {option: choices.values[at[option]] for option, choices in options.items()}
    try:
        return LayerResult(words, ask(one), None)
    except CnncalcError as error:
        return LayerResult(words, None, error.diagnostics[0])


def _table(outcomes: list[LayerResult], varying: list[str], show: Show) -> Iterator[str]:
    from cnncalc.render import one_layer

    if show.format in ("json", "jsonl"):
        yield from _documents(outcomes, show.format)
        return
    lines = [
        one_layer.SettingRow(
            outcome.words, outcome.report, outcome.problem.message if outcome.problem else ""
        )
        for outcome in outcomes
    ]
    ascii_only = output.ascii_only()
    yield one_layer.settings(varying, lines, show.format, show.layout, ascii_only=ascii_only)


def _documents(outcomes: list[LayerResult], format_: str) -> Iterator[str]:
    """A report or a failure per setting, in order: in one document, or one per line."""
    from json import dumps as line

    from cnncalc.render import report_json
    from cnncalc.render.json import dumps, envelope

    version = output.version()
    results = [
        report_json.document(outcome.report, version=version)
        if outcome.report
        else report_json.failure([outcome.problem] if outcome.problem else [], version=version)
        for outcome in outcomes
    ]
    if format_ == "jsonl":
        yield from (f"{line(result, ensure_ascii=False)}\n" for result in results)
        return
    ok = all(result["ok"] for result in results)
    yield dumps({**envelope("reports", version, ok=ok), "results": results})
    yield "\n"
