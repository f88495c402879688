"""The outcome of `check`: a line per network, what is wrong with it, a line for all."""

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
    from cnncalc.render.schema import Schema

WIDTH = 34  # of the names; a longer one pushes its line to the right


def lines(result: CheckResult, style: str, *, color: bool = False, ascii_only: bool = False) -> str:
    """One network: its line, then what is wrong in full, concisely, or as annotations."""
    shown = [remark for remark in result.diagnostics if remark.severity != "note"]
    if style == "full":
        texts = [diagnostics.one(d, color=color, ascii_only=ascii_only) for d in shown]
        texts = [f"{text}\n" for text in texts]
    else:
        write = diagnostics.github if style == "github" else diagnostics.concise
        texts = [write(remark) for remark in shown]
    return "".join(f"{line}\n" for line in (line(result), *texts))


def line(result: CheckResult) -> str:
    """Whether a network holds, and what was looked at."""
    name = pad(result.label, max(WIDTH, len(result.label)), right=False)
    return "  ".join([f"{'ok' if result.ok else 'FAIL':4}", name, "   ".join(_facts(result))])


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
        yield _share([held.ok for held in result.budget], "budget", "held")
    if not report.expect and not result.budget:
        yield "nothing to compare"


def _share(holds: Sequence[bool], word: str, verb: str) -> str:
    """How many of them hold."""
    count = counted(len(holds), word)
    return f"{count} {verb}" if all(holds) else f"{sum(holds)} of {count} {verb}"


def summary(outcomes: Iterable[tuple[str, bool]]) -> str:
    """The count of networks (file, ok), their files, and failures.

    >>> summary([("a.yaml", True), ("a.yaml", False), ("b.yaml", True)])
    '3 networks in 2 files: 2 ok, 1 failed'
    """
    known = list(outcomes)
    failed = sum(not ok for _, ok in known)
    files = len({file for file, _ in known})
    verdict = f"{len(known) - failed} ok" + (f", {failed} failed" if failed else "")
    return f"{counted(len(known), 'network')} in {counted(files, 'file')}: {verdict}"


def entry(result: CheckResult) -> dict[str, Any]:
    """One network of the JSON document; `totals` and `expect` only where it loads."""
    spec = {"file": result.file, "variant": result.variant}
    fields: dict[str, Any] = {"ok": result.ok, "spec": spec}
    if result.report is not None:
        fields["spec"] = {"name": result.report.name, **spec}
        fields["totals"] = totals(result.report.totals)
        fields["expect"] = [expectation(check) for check in result.report.expect]
        fields["budget"] = [_held(held) for held in result.budget]
    return {**fields, "diagnostics": [diagnostic(d) for d in result.diagnostics]}


def _held(held: BudgetResult) -> dict[str, Any]:
    budget = held.budget
    limit = {"key": budget.key, "relation": ">=" if budget.least else "<=", "limit": budget.limit}
    actual = {} if held.actual is None else {"actual": held.actual, "delta": held.delta}
    return {**limit, **actual, "ok": held.ok}


def document(entries: Sequence[dict[str, Any]], *, version: str) -> dict[str, Any]:
    """The whole document; ok where every network is."""
    ok = all(entry["ok"] for entry in entries)
    return {**envelope("check", version, ok=ok), "results": list(entries)}


def schema() -> Schema:
    """The schema of `cnncalc.check/1`."""
    spec = record({"file": TEXT, "variant": MAYBE_TEXT}, {"name": TEXT})
    budget = record(
        {"key": TEXT, "relation": {"enum": ["<=", ">="]}, "limit": COUNT, "ok": FLAG},
        {"actual": COUNT, "delta": described(WHOLE, "how far beyond the limit; 0 where it holds")},
    )
    result = record(
        {"ok": FLAG, "spec": spec, "diagnostics": listed(ref("diagnostic"))},
        {
            "totals": totals_schema(),
            "expect": listed(expectation_schema()),
            "budget": listed(budget),
        },
    )
    return answer_schema("check", "what became of each network", {"results": listed(result)})
