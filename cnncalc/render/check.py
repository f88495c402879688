"""Answers of `check`: one line per network with its mistakes, and a summary of all networks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cnncalc.errors import counted
from cnncalc.render import diagnostics
from cnncalc.render.format import pad, si
from cnncalc.render.json import (
    answer_schema,
    diagnostic,
    envelope,
    expectation,
    expectation_schema,
    totals,
    totals_schema,
)
from cnncalc.render.page import PIPE
from cnncalc.render.schema import (
    COUNT,
    FLAG,
    MAYBE_TEXT,
    TEXT,
    WHOLE,
    described,
    listed,
    record,
    ref,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from cnncalc.questions.check import BudgetResult, CheckResult
    from cnncalc.render.page import Page
    from cnncalc.render.schema import Schema

NAME_WIDTH = 34  # a longer name shifts the rest of its line: lines are printed one by one


def lines(result: CheckResult, style: str, page: Page = PIPE) -> str:
    """One network: its line, then its errors and warnings as `full`, `concise` or `github` text."""
    # Notes are part of the JSON document only: a run over all files would drown in them.
    shown = [remark for remark in result.diagnostics if remark.severity != "note"]
    if style == "full":
        texts = [
            f"{diagnostics.full(d, color=page.color, ascii_only=page.ascii, width=page.width)}\n"
            for d in shown
        ]
    else:
        write = diagnostics.github if style == "github" else diagnostics.concise
        texts = [write(remark) for remark in shown]
    return "".join(f"{line}\n" for line in (line(result, page), *texts))


def line(result: CheckResult, page: Page = PIPE) -> str:
    """Whether a network is as its file promises, and the figures that were looked at."""
    name = pad(result.label, max(NAME_WIDTH, len(result.label)), right=False)
    word = "ok" if result.ok else "FAIL"
    verdict = page.paint(word, "good" if result.ok else "bad") + " " * (len("FAIL") - len(word))
    return "  ".join([verdict, name, "   ".join(_facts(result))])


def _facts(result: CheckResult) -> Iterator[str]:
    report = result.report
    if report is None:
        yield counted(len(result.diagnostics), "error")
        return
    yield f"params {report.totals.params:,}"
    yield f"MACs {si(report.totals.macs)}"
    if report.expect:
        yield _share([check.ok for check in report.expect], "figure", "as expected")
    if result.budget:
        yield _share([budget.ok for budget in result.budget], "budget", "met")
    if not report.expect and not result.budget:
        yield "nothing to compare"


def _share(passed: Sequence[bool], word: str, verb: str) -> str:
    """How many of them pass: `2 budgets met`, `1 of 2 budgets met`."""
    count = counted(len(passed), word)
    return f"{count} {verb}" if all(passed) else f"{sum(passed)} of {count} {verb}"


def summary(outcomes: Iterable[tuple[str, bool]]) -> str:
    """How many networks and files were checked, and how many failed; outcomes are (file, ok).

    >>> summary([("a.yaml", True), ("a.yaml", False), ("b.yaml", True)])
    '3 networks in 2 files: 2 ok, 1 failed'
    """
    outcomes = list(outcomes)
    failed = sum(not ok for _, ok in outcomes)
    files = len({file for file, _ in outcomes})
    verdict = f"{len(outcomes) - failed} ok" + (f", {failed} failed" if failed else "")
    return f"{counted(len(outcomes), 'network')} in {counted(files, 'file')}: {verdict}"


def entry(result: CheckResult) -> dict[str, Any]:
    """One network of the JSON document; one that does not load has no totals and expectations."""
    spec = {"file": result.file, "variant": result.variant}
    fields: dict[str, Any] = {"ok": result.ok, "spec": spec}
    if result.report is not None:
        fields["spec"] = {"name": result.report.name, **spec}
        fields["totals"] = totals(result.report.totals)
        fields["expect"] = [expectation(check) for check in result.report.expect]
        fields["budget"] = [_budget(budget) for budget in result.budget]
    return {**fields, "diagnostics": [diagnostic(d) for d in result.diagnostics]}


def _budget(result: BudgetResult) -> dict[str, Any]:
    budget = result.budget
    limit = {"key": budget.key, "relation": ">=" if budget.least else "<=", "limit": budget.limit}
    actual = {} if result.actual is None else {"actual": result.actual, "delta": result.delta}
    return {**limit, **actual, "ok": result.ok}


def document(entries: Sequence[dict[str, Any]], *, version: str) -> dict[str, Any]:
    """The document `cnncalc.check/1`; `ok` where every network is."""
    ok = all(entry["ok"] for entry in entries)
    return {**envelope("check", version, ok=ok), "results": list(entries)}


def schema() -> Schema:
    """The schema of `cnncalc.check/1`."""
    spec = record({"file": TEXT, "variant": MAYBE_TEXT}, {"name": TEXT})
    budget = record(
        {"key": TEXT, "relation": {"enum": ["<=", ">="]}, "limit": COUNT, "ok": FLAG},
        {"actual": COUNT, "delta": described(WHOLE, "how far beyond the limit; 0 where it is met")},
    )
    result = record(
        {"ok": FLAG, "spec": spec, "diagnostics": listed(ref("diagnostic"))},
        {
            "totals": totals_schema(),
            "expect": listed(expectation_schema()),
            "budget": listed(budget),
        },
    )
    return answer_schema(
        "check", "whether each network is as its file promises", {"results": listed(result)}
    )
