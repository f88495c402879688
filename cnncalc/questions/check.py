"""Do networks still hold what their files promise? `expect` and budgets, file by file.

A file with variants is checked once per variant, and as it stands where it has an `expect` of
its own. Nothing stops at the first failure: every network gives one CheckResult.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from cnncalc import zoo
from cnncalc.analysis.engine import analyze
from cnncalc.analysis.expect import unmet
from cnncalc.analysis.notes import promoted
from cnncalc.errors import CnncalcError, Diagnostic, Span
from cnncalc.files import cannot_read, unreadable
from cnncalc.lines import with_line, with_lines
from cnncalc.spec.document import read_document
from cnncalc.spec.load import build
from cnncalc.spec.sections.expectations import Budget, budgets, parse_limit
from cnncalc.spec.yaml_source import read

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from cnncalc.analysis.report import Report
    from cnncalc.spec.document import Document

INVALID = 1
SUFFIXES = (".yaml", ".yml")


class BudgetResult(NamedTuple):
    """A budget and the figure that came out; None where the network has no such figure."""

    budget: Budget
    actual: int | None

    @property
    def delta(self) -> int | None:
        """How far the figure lies beyond its limit; 0 where it holds."""
        return None if self.actual is None else self.budget.excess(self.actual)

    @property
    def ok(self) -> bool:
        """Whether the budget is held."""
        return self.delta == 0


class CheckResult(NamedTuple):
    """What became of one network. There is no report where it does not load.

    `diagnostics` holds the failures (severity `error`) beside warnings and notes.
    """

    file: str
    variant: str | None
    report: Report | None
    budget: tuple[BudgetResult, ...]
    diagnostics: tuple[Diagnostic, ...]
    exit_code: int

    @property
    def ok(self) -> bool:
        """Nothing is wrong."""
        return self.exit_code == 0

    @property
    def label(self) -> str:
        """The file, and the variant behind an @."""
        return f"{self.file}@{self.variant}" if self.variant else self.file


class CheckTerms(NamedTuple):
    """What is asked of every network, beside what its own file says."""

    limits: tuple[Budget, ...] = ()
    strict: str | None = None  # "warnings": they fail; "fit": so does unread input
    set: Mapping[str, object] = {}
    input: str | None = None
    batch: int | None = None
    dtype: str = "fp32"


NO_TERMS = CheckTerms()


def check(
    *targets: str | Path,
    budget: Mapping[str, str | int] | None = None,
    variant: str | None = None,
    terms: CheckTerms = NO_TERMS,
) -> Iterator[CheckResult]:
    """Check files, folders (every .yaml in them) and bundled networks, one result for each network.

    `budget` adds limits such as `{"params": "5M"}` to those of the files; `variant` (or
    `target@variant`) picks one variant. Raises UnplacedError for a limit that is none.

    >>> [result.label for result in check("alexnet") if result.ok]
    ['alexnet.yaml']
    >>> (result,) = check("resnet50", budget={"params": "25M"})
    >>> result.ok, result.budget[0].delta
    (False, 557032)
    """
    added = tuple(parse_limit(key, str(limit)) for key, limit in (budget or {}).items())
    terms = terms._replace(limits=(*terms.limits, *added))
    return (
        result
        for target in targets
        for file in _files(str(target))
        for result in _check_file(file, variant, terms, listed=file != str(target))
    )


def _files(target: str) -> list[str]:
    """The specs of a folder, or the target itself."""
    try:
        found = sorted(str(path) for path in Path(target).iterdir() if path.suffix in SUFFIXES)
    except (OSError, ValueError):
        return [target]  # no folder, or one that cannot be read: reading it says why
    return found or [target]


def _check_file(
    target: str, variant: str | None, terms: CheckTerms, *, listed: bool
) -> Iterator[CheckResult]:
    """The results of a file, which was named by the user or `listed` by its folder."""
    text, file = "", target
    try:
        path, named = zoo.resolve(target)
        file = zoo.display_name(path)
        text = _read(path, listed=listed)
        document = read_document(text, file)
    except CnncalcError as error:
        yield _failed(file, variant, with_lines(error, text, file))
        return
    for name in _networks(document, variant or named):
        yield _check_network(document, name, terms)


def _read(path: str, *, listed: bool) -> str:
    """The text of a spec. Raises CnncalcError for what cannot be read.

    A pipe that a user names is read; one that lies in a folder would keep `check` waiting.
    """
    place = Path(path)
    if place.is_dir() and not listed:
        try:
            next(place.iterdir(), None)
        except OSError as error:
            raise cannot_read(path, error) from None
        raise unreadable(f"there is no .yaml file in '{path}'", "no-file")
    if listed and not (place.is_file() or place.is_dir()):
        raise unreadable(f"'{path}' is a pipe or a device, not a file")
    return read(path)


def _networks(document: Document, variant: str | None) -> list[str | None]:
    """The variant asked for, or all of them; the file as it stands where it speaks for itself."""
    if variant is not None:
        return [variant]
    own = not document.variants or document.tree.at("expect") is not None
    return [*([None] if own else []), *document.variants]


def _check_network(document: Document, variant: str | None, terms: CheckTerms) -> CheckResult:
    try:
        network = build(document, variant, terms.set, terms.input)
        report = analyze(network, batch=terms.batch, dtype=terms.dtype)
    except CnncalcError as error:
        return _failed(document.file, variant, with_lines(error, document.text, document.file))
    limits = (*budgets(document.tree, variant), *terms.limits)
    held = tuple(BudgetResult(limit, report.figure(limit.key)) for limit in limits)
    prefix = f"{variant}: " if variant else ""
    said = [
        *(promoted(remark, terms.strict) for remark in report.diagnostics),
        *(unmet(check, "error", prefix) for check in report.expect if not check.ok),
        *(_exceeded(one, prefix, document.file) for one in held if not one.ok),
    ]
    failed = any(remark.severity == "error" for remark in said)
    diagnostics = tuple(_with_line(remark, document.text) for remark in said)
    code = INVALID if failed else 0
    return CheckResult(document.file, variant, report, held, diagnostics, code)


def _failed(file: str, variant: str | None, error: CnncalcError) -> CheckResult:
    return CheckResult(file, variant, None, (), error.diagnostics, error.exit_code)


def _exceeded(held: BudgetResult, prefix: str, file: str) -> Diagnostic:
    """A budget that is not held, at its place; at the file's start if the command line gave it."""
    limit, actual, delta = held.budget, held.actual, held.delta
    came = "there is none" if actual is None else f"got {actual:,} ({delta:+,})"
    message = f"{prefix}{limit.key}: {limit.relation} {limit.limit:,} allowed, {came}"
    if limit.least:
        message = message.replace("allowed", "wanted")
    return Diagnostic("error", "budget", message, limit.span or Span(file, 1, 1, 1))


def _with_line(remark: Diagnostic, text: str) -> Diagnostic:
    """With its line, unless it is about the file as a whole."""
    if remark.span and remark.span == Span(remark.span.file, 1, 1, 1):
        return remark
    return with_line(remark, text)


def exit_code(results: Iterable[CheckResult]) -> int:
    """The worst of them: 3 where a file cannot be read, 1 where anything else is wrong."""
    return max((result.exit_code for result in results), default=0)
