"""Check networks against the `expect` and `budget` sections of their files.

A file with variants is checked once for each variant, and also without a variant where the file
itself has `expect`. Every network gives a result, also after a failure.
"""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from cnncalc import zoo
from cnncalc.analysis.engine import analyze
from cnncalc.analysis.expect import unmet
from cnncalc.analysis.notes import promoted
from cnncalc.errors import CnncalcError, Diagnostic, Span
from cnncalc.files import cannot_read, unreadable
from cnncalc.lines import with_line, with_lines
from cnncalc.processes import interrupts_held_back, pool, processes
from cnncalc.spec.document import read_document
from cnncalc.spec.load import build
from cnncalc.spec.sections.expectations import Budget, budgets, parse_limit
from cnncalc.spec.yaml_source import read

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from cnncalc.analysis.report import Report
    from cnncalc.spec.document import Document

INVALID = 1
SECONDS_PER_BYTE = 5e-5  # of a spec's text, roughly: to tell many files from few
SUFFIXES = (".yaml", ".yml")


class BudgetResult(NamedTuple):
    """A budget and the actual figure; None where the network has no such figure."""

    budget: Budget
    actual: int | None

    @property
    def delta(self) -> int | None:
        """How far the figure lies beyond its limit; 0 where it keeps it."""
        return None if self.actual is None else self.budget.excess(self.actual)

    @property
    def ok(self) -> bool:
        """Whether the budget is kept."""
        return self.delta == 0


class CheckResult(NamedTuple):
    """The result for one network; `report` is None where it does not load.

    `diagnostics` holds the failures, with severity `error`, and the warnings and notes.
    """

    file: str
    variant: str | None
    report: Report | None
    budget: tuple[BudgetResult, ...]
    diagnostics: tuple[Diagnostic, ...]
    exit_code: int

    @property
    def ok(self) -> bool:
        """Whether nothing failed."""
        return self.exit_code == 0

    @property
    def label(self) -> str:
        """The file, followed by @ and the variant."""
        return f"{self.file}@{self.variant}" if self.variant else self.file


class WrittenResult(NamedTuple):
    """What was written of the result for one network, and how it went."""

    file: str
    exit_code: int
    written: Any


class CheckTerms(NamedTuple):
    """Settings and limits for every network, besides those of its own file."""

    limits: tuple[Budget, ...] = ()
    strict: str | None = None  # "warnings": warnings fail; "fit": unread input fails too
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
    `target@variant`) picks one variant.

    Raises:
        UnplacedError: for a limit that is not valid. A file that cannot be read or is not valid
            raises nothing; its result says so.

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


def check_in_processes(
    targets: Iterable[str],
    write: Callable[[CheckResult], Any],
    *,
    variant: str | None = None,
    terms: CheckTerms = NO_TERMS,
    jobs: int | None = None,
) -> Iterator[WrittenResult]:
    """What `write` makes of each result of `check`, with the files shared among processes.

    `jobs` is the number of processes; without it there is one per processor where there are many
    files. `write` is called where the network was checked, since a report with all its rows takes
    longer to send than to compute.
    """
    files = [(file, file != target) for target in targets for file in _files(target)]
    work = partial(_written, write, variant, terms)
    seconds = SECONDS_PER_BYTE * sum(_size(file) for file, _ in files)
    jobs = processes(jobs, len(files), seconds / max(1, len(files)))
    if jobs <= 1 or any(map(_only_here, targets)):
        yield from (result for file in files for result in work(file))
        return
    with pool(jobs) as workers:
        with interrupts_held_back():
            written = workers.map(partial(_listed, work), files)
        for results in written:
            yield from results


def _written(
    write: Callable[[CheckResult], Any],
    variant: str | None,
    terms: CheckTerms,
    file: tuple[str, bool],
) -> Iterator[WrittenResult]:
    name, listed = file
    for result in _check_file(name, variant, terms, listed=listed):
        yield WrittenResult(result.file, result.exit_code, write(result))


def _listed(work: Callable[[Any], Iterator[WrittenResult]], piece: Any) -> list[WrittenResult]:
    """All that a worker has to send of a piece of work."""
    return list(work(piece))


def _size(file: str) -> int:
    return os.path.getsize(file) if os.path.isfile(file) else 0  # noqa: PTH113, PTH202 - as in zoo


def _only_here(target: str) -> bool:
    """Whether a target is standard input or a pipe, which another process cannot read."""
    # os.path answers False for names that are invalid or too long, where Path raises.
    other = os.path.exists(target) and not os.path.isfile(target)  # noqa: PTH110, PTH113
    return target == "-" or (other and not os.path.isdir(target))  # noqa: PTH112


def _files(target: str) -> list[str]:
    """The specs of a folder, or the target itself."""
    try:
        specs = sorted(str(path) for path in Path(target).iterdir() if path.suffix in SUFFIXES)
    except (OSError, ValueError):
        return [target]  # not a folder, or one that cannot be read, which `_read` will report
    return specs or [target]


def _check_file(
    target: str, variant: str | None, terms: CheckTerms, *, listed: bool
) -> Iterator[CheckResult]:
    """The results of a file that the user named, or that was `listed` from a folder."""
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
    """The text of a spec. Raises CnncalcError where it cannot be read.

    A pipe that the user names is read. One that lies in a folder is refused, since reading it
    could block for ever.
    """
    location = Path(path)
    if location.is_dir() and not listed:
        try:
            next(location.iterdir(), None)
        except OSError as error:
            raise cannot_read(path, error) from None
        raise unreadable(f"there is no .yaml file in '{path}'", "no-file")
    if listed and not (location.is_file() or location.is_dir()):
        raise unreadable(f"'{path}' is a pipe or a device, not a file")
    return read(path)


def _networks(document: Document, variant: str | None) -> list[str | None]:
    """The given variant, or all; None stands for the file itself, if it has `expect`."""
    if variant is not None:
        return [variant]
    with_file = not document.variants or document.tree.at("expect") is not None
    return [*([None] if with_file else []), *document.variants]


def _check_network(document: Document, variant: str | None, terms: CheckTerms) -> CheckResult:
    # `build` rather than `load`: the file has been read once for all its variants.
    try:
        network = build(document, variant, terms.set, terms.input)
        report = analyze(network, batch=terms.batch, dtype=terms.dtype)
    except CnncalcError as error:
        return _failed(document.file, variant, with_lines(error, document.text, document.file))
    limits = (*budgets(document.tree, variant), *terms.limits)
    budget = tuple(BudgetResult(limit, report.figure(limit.key)) for limit in limits)
    prefix = f"{variant}: " if variant else ""
    diagnostics = [
        *(promoted(remark, terms.strict) for remark in report.diagnostics),
        *(unmet(check, "error", prefix) for check in report.expect if not check.ok),
        *(_exceeded(result, prefix, document.file) for result in budget if not result.ok),
    ]
    failed = any(remark.severity == "error" for remark in diagnostics)
    shown = tuple(_with_line(remark, document.text) for remark in diagnostics)
    return CheckResult(document.file, variant, report, budget, shown, INVALID if failed else 0)


def _failed(file: str, variant: str | None, error: CnncalcError) -> CheckResult:
    return CheckResult(file, variant, None, (), error.diagnostics, error.exit_code)


def _exceeded(result: BudgetResult, prefix: str, file: str) -> Diagnostic:
    """A budget that is not kept, at its place; at the file's start if the command line gave it."""
    limit, actual, delta = result.budget, result.actual, result.delta
    got = "there is none" if actual is None else f"got {actual:,} ({delta:+,})"
    verb = "required" if limit.least else "allowed"
    message = f"{prefix}{limit.key}: {limit.relation} {limit.limit:,} {verb}, {got}"
    return Diagnostic("error", "budget", message, limit.span or Span(file, 1, 1, 1))


def _with_line(remark: Diagnostic, text: str) -> Diagnostic:
    """The diagnostic with its line, unless it is about the whole file."""
    # Budgets of the command line stand at 1:1, where the first line would say nothing.
    if remark.span and remark.span == Span(remark.span.file, 1, 1, 1):
        return remark
    return with_line(remark, text)


def exit_code(results: Iterable[CheckResult]) -> int:
    """The highest exit code: 3 where a file cannot be read, 1 where anything else failed."""
    return max((result.exit_code for result in results), default=0)
