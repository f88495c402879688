"""Answers of `check`: one line per network with its mistakes, and a summary of all networks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cnncalc.errors import counted
from cnncalc.figures import FIGURES
from cnncalc.render import diagnostics
from cnncalc.render.format import display_width, pad, printable, si, without_controls
from cnncalc.render.json import (
    answer_schema,
    diagnostic,
    envelope,
    expectation,
    expectation_schema,
    totals,
    totals_schema,
)
from cnncalc.render.page import PIPE, Marked, cut_middle
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
from cnncalc.render.table import Column, Table, escaped

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from cnncalc.errors import Diagnostic
    from cnncalc.inference.differences import WeightsComparison
    from cnncalc.questions.budgets import BudgetResult
    from cnncalc.questions.check import BaseReport, CheckResult
    from cnncalc.render.page import Page
    from cnncalc.render.schema import Schema
    from cnncalc.render.table import Cell

NAME_WIDTH = 34  # a longer name shifts the rest of its line: lines are printed one by one


COMPARED = ("params", "macs", "peak_activation_bytes")  # figures that are compared with a base


def lines(result: CheckResult, style: str, page: Page = PIPE) -> str:
    """One network: its line, then its remarks as `full`, `concise` or `github` text.

    Notes are left out of `full`, as a run over all files would drown in them, and so are those on
    bundled networks, as nobody here can mend them.
    """
    notes = style != "full" and not result.bundled
    shown = [remark for remark in result.diagnostics if notes or remark.severity != "note"]
    if style == "full":
        texts = [
            f"{diagnostics.full(d, color=page.color, ascii_only=page.ascii, width=page.width)}\n"
            for d in shown
        ]
    else:
        write = diagnostics.github if style == "github" else diagnostics.concise
        texts = [write(_suggesting(remark)) for remark in shown]
    return "".join(f"{line}\n" for line in (line(result, page), *texts))


def _suggesting(remark: Diagnostic) -> Diagnostic:
    """The remark with its help in the message, for formats of one line."""
    if remark.help is None:
        return remark
    help_ = " ".join(part.strip() for part in remark.help.split("\n"))
    return remark._replace(message=f"{remark.message}; help: {help_}")


def line(result: CheckResult, page: Page = PIPE) -> str:
    """Whether a network is as its file promises, and the figures that were looked at."""
    name, width = result.label, NAME_WIDTH
    if page.width is not None:
        name = cut_middle(name, max(page.width - len("FAIL  "), NAME_WIDTH // 2), page.mark)
        width = min(width, page.width // 2)  # leaves room for a figure beside the name
    name = pad(name, max(width, display_width(name)), right=False)
    word = "ok" if result.ok else "FAIL"
    verdict = page.paint(word, "good" if result.ok else "bad") + " " * (len("FAIL") - len(word))
    return "  ".join([verdict, name, "   ".join(_facts(result))])


def _facts(result: CheckResult) -> Iterator[str]:
    report = result.report
    if report is None:
        yield counted(len(result.diagnostics), "error")
        return
    yield f"params {report.totals.params:,}{_since(result, 'params')}"
    yield f"MACs {si(report.totals.macs)}{_since(result, 'macs')}"
    if report.expect:
        yield _share([check.ok for check in report.expect], "figure", "as expected")
    if result.budget:
        yield _share([budget.ok for budget in result.budget], "budget", "met")
    if result.weights:
        yield _weights(result.weights)
    if not (report.expect or result.budget or result.weights):
        yield "nothing to compare"
    if base := result.base:
        yield _standing(base)


def _weights(found: WeightsComparison) -> str:
    """How the tensors of a file were found, and how far they fit."""
    here, there = found.numbers
    told = f"{found.how} in {printable(found.path)}"
    if found.ok:
        return f"weights fit: {told}"
    counts = f"{here:,} numbers here, {there:,} there"
    return f"weights differ: {told}, {counts}"


def _standing(base: BaseReport) -> str:
    """What the network was at the revision that it is compared with."""
    if not base.compared:
        return f"not compared with {printable(base.revision)}"
    if base.new:
        return f"new since {printable(base.revision)}"
    word = "compared with" if base.report else "did not load at"
    return f"{word} {printable(base.revision)}"


def _since(result: CheckResult, key: str) -> str:
    """How much a figure has changed since the base: ` (+6)`; empty where it has not."""
    change = _change(result, key)
    return f" ({change:+,})" if change else ""


def _change(result: CheckResult, key: str) -> int | None:
    """The difference of a figure to that of the base; None where one of them lacks it."""
    if result.report is None or result.base is None or result.base.report is None:
        return None
    now, before = result.report.figure(key), result.base.report.figure(key)
    return None if now is None or before is None else now - before


def _share(passed: Sequence[bool], word: str, verb: str) -> str:
    """How many of them pass: `2 budgets met`, `1 of 2 budgets met`."""
    count = counted(len(passed), word)
    return f"{count} {verb}" if all(passed) else f"{sum(passed)} of {count} {verb}"


def table(results: Sequence[CheckResult]) -> Table:
    """A row per network: the verdict, the figures, how they changed since the base, mistakes."""
    compared = any(result.base for result in results)
    columns = [Column("Network", "name", "network"), Column("Result", "text", "result")]
    for key in COMPARED:
        columns.append(Column(FIGURES[key].heading, key=key))
        columns += [Column("Change", key=f"{key}_change", joined=True)] if compared else []
    columns.append(Column("Mistakes", "prose", "mistakes"))
    return Table(columns, [_row(result, compared=compared) for result in results])


def _row(result: CheckResult, *, compared: bool) -> list[Cell]:
    row: list[Cell] = [result.label]
    row.append(Marked("ok", "good") if result.ok else Marked("FAIL", "bad"))
    for key in COMPARED:
        row.append(result.report.figure(key) if result.report else None)
        row += [_change_text(result, key)] if compared else []
    errors = (remark for remark in result.diagnostics if remark.severity == "error")
    return [*row, "; ".join(f"{error.code}: {error.message}" for error in errors)]


def _change_text(result: CheckResult, key: str) -> str:
    change = _change(result, key)
    if change is not None:
        return f"{change:+,}" if change else "0"
    if result.base and not result.base.compared:
        return "not compared"
    return "new" if result.base and result.base.new else ""


def markdown(results: Sequence[CheckResult]) -> str:
    """The count, and the table: for the summary of a workflow or a comment."""
    verdict = summary((result.file, result.ok) for result in results)
    bases = {result.base.revision for result in results if result.base}
    since = f", compared with {', '.join(sorted(map(escaped, bases)))}" if bases else ""
    return f"**{verdict}**{since}\n\n{table(results).markdown()}"


def junit(results: Sequence[CheckResult]) -> str:
    """The results as JUnit XML, a test case per network, as CI servers show it."""
    cases = "".join(map(_case, results))
    failures = sum(not result.ok and result.report is not None for result in results)
    errors = sum(result.report is None for result in results)
    numbers = f'tests="{len(results)}" failures="{failures}" errors="{errors}"'
    suite = f'<testsuite name="cnncalc check" {numbers}>\n{cases}</testsuite>'
    return (
        f'<?xml version="1.0" encoding="utf-8"?>\n<testsuites {numbers}>\n{suite}\n</testsuites>\n'
    )


def _case(result: CheckResult) -> str:
    head = f"<testcase classname={_quoted(result.file)} name={_quoted(result.label)}"
    errors = [remark for remark in result.diagnostics if remark.severity == "error"]
    if not errors:
        return f"  {head}/>\n"
    element = "error" if result.report is None else "failure"
    message = f"message={_quoted(errors[0].message)} type={_quoted(errors[0].code)}"
    told = _text("\n\n".join(map(diagnostics.full, errors)))
    return f"  {head}>\n    <{element} {message}>{told}</{element}>\n  </testcase>\n"


def _quoted(text: str) -> str:
    return f'"{_text(printable(text))}"'


def _text(text: str) -> str:
    """A text for XML, without what XML does not allow."""
    safe = without_controls(text)
    for sign, name in (("&", "amp"), ("<", "lt"), (">", "gt"), ('"', "quot")):
        safe = safe.replace(sign, f"&{name};")
    return safe


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
    if result.base is not None:
        fields["base"] = _base(result.base)
    if result.weights is not None:
        fields["weights"] = _weights_entry(result.weights)
    return {**fields, "diagnostics": [diagnostic(d) for d in result.diagnostics]}


def _weights_entry(found: WeightsComparison) -> dict[str, Any]:
    """The comparison with a weights file, all layers that differ among it."""
    pairs = found.pairs
    return {
        "file": found.path,
        "ok": found.ok,
        "tensors": dict(zip(("here", "file"), found.tensors, strict=True)),
        "numbers": dict(zip(("here", "file"), found.numbers, strict=True)),
        "by_name": len(pairs.by_name),
        "by_order": len(pairs.by_order),
        "pairs": {ours: theirs for ours, theirs in pairs.all.items() if ours != theirs},
        "layers": [
            {
                "name": layer.row.name,
                "kind": layer.kind,
                "here": {name: list(dims) for name, dims in layer.here.items()},
                "file": {name: list(dims) for name, dims in layer.there.items()},
                **({"reason": layer.reason} if layer.reason else {}),
            }
            for layer in found.layers
        ],
        "extra": {name: list(dims) for name, dims in found.extra.items()},
    }


def _base(base: BaseReport) -> dict[str, Any]:
    """The earlier network; one that was not there or did not load has no totals."""
    known = {} if base.report is None else {"totals": totals(base.report.totals)}
    return {"revision": base.revision, "new": base.new, "compared": base.compared, **known}


def _budget(result: BudgetResult) -> dict[str, Any]:
    budget = result.budget
    limit = {"key": budget.key, "relation": ">=" if budget.least else "<=", "limit": budget.limit}
    actual = {} if result.actual is None else {"actual": result.actual, "delta": result.delta}
    how = {"dtype": result.dtype, "batch": result.batch, "optimiser": budget.optimiser}
    known = {key: value for key, value in how.items() if value is not None}
    return {**limit, **actual, "ok": result.ok, **known}


def document(entries: Sequence[dict[str, Any]], *, version: str) -> dict[str, Any]:
    """The document `cnncalc.check/1`; `ok` where every network is."""
    ok = all(entry["ok"] for entry in entries)
    return {**envelope("check", version, ok=ok), "results": list(entries)}


def _weights_schema() -> Schema:
    shapes: Schema = {"type": "object", "additionalProperties": listed(COUNT)}
    layer = record(
        {"name": TEXT, "kind": {"enum": ["missing", "shape"]}, "here": shapes, "file": shapes},
        {"reason": described(TEXT, "what about the layer would have to be different")},
    )
    names: Schema = {"type": "object", "additionalProperties": TEXT}
    both = record({"here": COUNT, "file": COUNT})
    return record(
        {
            "file": TEXT, "ok": FLAG, "tensors": both, "numbers": both,
            "by_name": COUNT, "by_order": COUNT,
            "pairs": described(names, "the name in the file, where it is another"),
            "layers": listed(layer),
            "extra": described(shapes, "tensors of the file that no layer takes"),
        }
    )  # fmt: skip


def schema() -> Schema:
    """The schema of `cnncalc.check/1`."""
    spec = record({"file": TEXT, "variant": MAYBE_TEXT}, {"name": TEXT})
    budget = record(
        {"key": TEXT, "relation": {"enum": ["<=", ">="]}, "limit": COUNT, "ok": FLAG},
        {
            "actual": COUNT,
            "delta": described(WHOLE, "how far beyond the limit; 0 where it is met"),
            "dtype": described(TEXT, "the type of the numbers whose bytes are counted"),
            "batch": COUNT,
            "optimiser": TEXT,
        },
    )
    base = record({"revision": TEXT, "new": FLAG, "compared": FLAG}, {"totals": totals_schema()})
    result = record(
        {"ok": FLAG, "spec": spec, "diagnostics": listed(ref("diagnostic"))},
        {
            "totals": totals_schema(),
            "expect": listed(expectation_schema()),
            "budget": listed(budget),
            "base": described(base, "the network at the revision of --base"),
            "weights": described(_weights_schema(), "the tensors of the file of --weights"),
        },
    )
    return answer_schema(
        "check", "whether each network is as its file promises", {"results": listed(result)}
    )
