"""Check networks against the `expect` and `budget` sections of their files.

A file with variants is checked once for each variant, and also without a variant where the file
itself has `expect`. Every network gives a result, also after a failure.
"""

from __future__ import annotations

import os
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from cnncalc import zoo
from cnncalc.analysis.engine import analyze, outline
from cnncalc.analysis.expect import unmet
from cnncalc.analysis.notes import promoted
from cnncalc.brief import brief
from cnncalc.errors import (
    CnncalcError,
    Diagnostic,
    Span,
    UnplacedError,
    counted,
    failure,
    suggested,
)
from cnncalc.figures import used
from cnncalc.files import cannot_read, unreadable
from cnncalc.lines import with_line, with_lines
from cnncalc.processes import interrupts_held_back, pool, processes
from cnncalc.questions.budgets import exceeded, measured
from cnncalc.questions.compare import compare
from cnncalc.questions.versions import network_of
from cnncalc.revisions import at_revision
from cnncalc.shapes import Shape
from cnncalc.spec.document import read_document
from cnncalc.spec.load import build, is_model, load
from cnncalc.spec.sections.budgets import budgets, parse_limit
from cnncalc.spec.yaml_source import read

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from cnncalc.analysis.report import Report
    from cnncalc.inference.differences import WeightsComparison
    from cnncalc.network import Network
    from cnncalc.questions.budgets import BudgetResult
    from cnncalc.questions.compare import Alike, LayerPair
    from cnncalc.spec.document import Document
    from cnncalc.spec.sections.budgets import Budget

INVALID = 1
MOST_LISTED = 10  # layers that differ
SECONDS_PER_BYTE = 5e-5  # of a spec's text, roughly: to tell many files from few
SUFFIXES = (".yaml", ".yml")


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
    bundled: bool = False
    base: BaseReport | None = None
    weights: WeightsComparison | None = None

    def __repr__(self) -> str:
        """The fields, cut where they get long."""
        return brief(self)

    @property
    def ok(self) -> bool:
        """Whether nothing failed."""
        return self.exit_code == 0

    @property
    def label(self) -> str:
        """The file, followed by @ and the variant."""
        return f"{self.file}@{self.variant}" if self.variant else self.file


class BaseReport(NamedTuple):
    """A network as it was at an earlier revision; `report` is None where it did not load then.

    `new` is a network whose file or variant was not there. Bundled networks, model files and
    standard input are not `compared`.
    """

    revision: str
    report: Report | None = None
    new: bool = False
    compared: bool = True


class CheckTerms(NamedTuple):
    """Settings and limits for every network, besides those of its own file.

    `base` is an earlier revision of the files' git repositories, for comparison. Without `notes`
    a report may lack its rows and the notes on them, where nothing else needs these.
    """

    limits: tuple[Budget, ...] = ()
    strict: str | None = None  # "warnings": warnings fail; "fit": unread input fails too
    set: Mapping[str, object] = {}
    input: str | None = None
    batch: int | None = None
    dtype: str = "fp32"
    until: str | None = None  # where the network of a model file ends
    base: str | None = None
    against: str | None = None  # a network whose layers these must be
    alike: Alike | None = None  # what may differ between them, as in `compare`
    weights: str | None = None  # a file whose tensors must be those that the network needs
    notes: bool = True


NO_TERMS = CheckTerms()


def check(
    *targets: str | Path,
    budget: Mapping[str, str | int] | None = None,
    variant: str | None = None,
    terms: CheckTerms = NO_TERMS,
) -> Iterator[CheckResult]:
    """Check files, folders (every .yaml below them) and bundled networks, a result each.

    `budget` adds limits such as `{"params": "5M"}` to those of the files; `variant` (or
    `target@variant`) picks one variant.

    Raises:
        UnplacedError: for a limit that is not valid. A file that cannot be read or is not valid
            raises nothing; its result says so.
        CnncalcError: where the revision of `terms.base` cannot be read, and for what is no path.

    >>> [result.label for result in check("alexnet") if result.ok]
    ['alexnet.yaml']
    >>> (result,) = check("resnet50", budget={"params": "25M"})
    >>> result.ok, result.budget[0].delta
    (False, 557032)
    """
    for target in targets:
        _require_path(target)
    added = tuple(_limit(key, limit) for key, limit in (budget or {}).items())
    terms = terms._replace(limits=(*terms.limits, *added))
    return (
        result
        for file, listed in specs(targets)
        for result in _check_file(file, variant, terms, listed=listed)
    )


def _require_path(target: object) -> None:
    if not isinstance(target, (str, os.PathLike)):
        kind = f"a value of type {type(target).__name__}"
        message = f"check reads files, folders and bundled networks, not {kind}"
        raise failure("bad-argument", message)


def _limit(key: str, limit: str | int) -> Budget:
    if key not in used("budget"):
        help_ = suggested(key, used("budget"), "figures are")
        raise UnplacedError("unknown-key", f"'{key}' is no figure to limit", help=help_)
    return parse_limit(key, str(limit))


def check_in_processes(
    targets: Sequence[str],
    *,
    variant: str | None = None,
    terms: CheckTerms = NO_TERMS,
    jobs: int | None = None,
) -> Iterator[CheckResult]:
    """The results of `check`, with the files shared among processes.

    `jobs` is the number of processes; without it there is one per processor where there are many
    files. Reports come without their rows, which take longer to send than to compute.
    """
    files = specs(targets)
    seconds = SECONDS_PER_BYTE * sum(_size(file) for file, _ in files)
    jobs = processes(jobs, len(files), seconds / max(1, len(files)))
    if jobs <= 1 or any(map(_only_here, targets)):
        for file, listed in files:
            yield from _check_file(file, variant, terms, listed=listed)
        return
    with pool(jobs) as workers:
        with interrupts_held_back():
            results = workers.map(partial(_light_results, variant, terms), files)
        for of_a_file in results:
            yield from of_a_file


def _light_results(
    variant: str | None, terms: CheckTerms, file: tuple[str, bool]
) -> list[CheckResult]:
    name, listed = file
    return [
        result._replace(report=_light(result.report), base=_light_base(result.base))
        for result in _check_file(name, variant, terms, listed=listed)
    ]


def _light(report: Report | None) -> Report | None:
    """A report with no other row than that whose receptive field is the network's."""
    if report is None:
        return None
    largest = report.receptive_field
    deciding = (
        row for row in report.rows if row.receptive_field and row.receptive_field.size == largest
    )
    return report._replace(rows=tuple(islice(deciding, 1)), groups={})


def _light_base(base: BaseReport | None) -> BaseReport | None:
    return base and base._replace(report=_light(base.report))


def _size(file: str) -> int:
    return os.path.getsize(file) if os.path.isfile(file) else 0  # noqa: PTH113, PTH202 - as in zoo


def _only_here(target: str) -> bool:
    """Whether a target is standard input or a pipe, which another process cannot read."""
    # os.path answers False for names that are invalid or too long, where Path raises.
    other = os.path.exists(target) and not os.path.isfile(target)  # noqa: PTH110, PTH113
    return target == "-" or (other and not os.path.isdir(target))  # noqa: PTH112


def specs(targets: Iterable[str | Path]) -> list[tuple[str, bool]]:
    """The files that these targets stand for, and whether each was found in a folder.

    Folders are searched with all that is below them, except for hidden folders.
    """
    return [(file, file != str(target)) for target in targets for file in _files(str(target))]


def _files(target: str) -> list[str]:
    """The specs of a folder, or the target itself."""
    try:
        next(Path(target).iterdir(), None)
    except (OSError, ValueError):
        return [target]  # not a folder, or one that cannot be read, which `_read` will report
    found: list[str] = []
    closed: list[str] = []  # folders that cannot be listed, which `_read` will report too
    for folder, below, names in os.walk(target, onerror=lambda e: closed.append(str(e.filename))):
        below[:] = sorted(name for name in below if not name.startswith("."))
        found += (str(Path(folder, n)) for n in sorted(names) if n.endswith(SUFFIXES))
    return [*found, *closed] or [target]


def _check_file(
    target: str, variant: str | None, terms: CheckTerms, *, listed: bool
) -> Iterator[CheckResult]:
    """The results of a file that the user named, or that was `listed` from a folder."""
    text, file, bundled = "", target, False
    try:
        path, named = zoo.resolve(target)
        file, bundled = zoo.display_name(path), zoo.is_bundled(target)
        if is_model(path):
            yield _check_model(path, terms)._replace(base=_not_compared(terms))
            return
        text = _read(path, listed=listed)
        document = read_document(text, file)
    except CnncalcError as error:
        yield _failed(file, variant, with_lines(error, text, file))._replace(bundled=bundled)
        return
    base = _not_compared(terms)
    comparable = terms.base is not None and path != "-" and not bundled
    earlier = at_revision(terms.base, path) if terms.base is not None and comparable else None
    for name in _networks(document, variant or named):
        base = _before(earlier, file, name, terms) if comparable else base
        yield _check_network(document, name, terms)._replace(bundled=bundled, base=base)


def _not_compared(terms: CheckTerms) -> BaseReport | None:
    return None if terms.base is None else BaseReport(terms.base, compared=False)


def _before(text: str | None, file: str, variant: str | None, terms: CheckTerms) -> BaseReport:
    """The network as the earlier text of its file describes it."""
    base = BaseReport(terms.base or "")
    if text is None:
        return base._replace(new=True)
    try:
        document = read_document(text, file)
        if variant is not None and variant not in document.variants:
            return base._replace(new=True)
        network = build(document, variant, terms.set, terms.input)
        return base._replace(report=analyze(network, batch=terms.batch, dtype=terms.dtype))
    except CnncalcError:
        return base


def _read(path: str, *, listed: bool) -> str:
    """The text of a spec. Raises CnncalcError where it cannot be read.

    A pipe that the user names is read. One that lies in a folder is refused, since reading it
    could block for ever.
    """
    location = Path(path)
    if location.is_dir():
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
        limits = (*budgets(document.tree, variant), *terms.limits)
        report = _compared(network, _analyzed(network, limits, terms), terms)
        weights = _weights(network, terms)
    except CnncalcError as error:
        return _failed(document.file, variant, with_lines(error, document.text, document.file))
    return _checked(network, report, limits, terms, weights)


def _analyzed(network: Network, limits: Sequence[Budget], terms: CheckTerms) -> Report:
    """The report; in outline where the rows answer nothing that was asked."""
    if not (terms.notes or limits or terms.weights or terms.strict == "fit"):
        report = outline(network, batch=terms.batch, dtype=terms.dtype)
        if all(check.ok for check in report.expect):
            return report
    return analyze(network, batch=terms.batch, dtype=terms.dtype)


def _check_model(path: str, terms: CheckTerms) -> CheckResult:
    """A model file promises nothing itself: it is held to the limits of the command line."""
    try:
        network = load(path, set=terms.set, input=terms.input, until=terms.until)
        report = _compared(network, analyze(network, batch=terms.batch, dtype=terms.dtype), terms)
        weights = _weights(network, terms)
    except CnncalcError as error:
        return _failed(path, None, error)
    return _checked(network, report, terms.limits, terms, weights)


def _compared(network: Network, report: Report, terms: CheckTerms) -> Report:
    """The report with an error where layers are not those of the network it is held against."""
    if terms.against is None:
        return report
    other = network_of(terms.against, {}, terms.input)
    odd = _odd(network, other, terms.alike)
    if not odd:
        return report
    help_ = f"'cnncalc compare {report.file} {terms.against} --layers' shows all of them"
    if terms.alike is None and not _odd(network, other, "inference"):
        help_ = "what runs at inference is the same: --alike inference compares that"
    lines = tuple(_difference(pair, terms.against) for pair in odd[:MOST_LISTED])
    more = (f"and {len(odd) - MOST_LISTED:,} more",) if len(odd) > MOST_LISTED else ()
    differ = "differs" if len(odd) == 1 else "differ"
    problem = Diagnostic(
        "error",
        "differs",
        f"{counted(len(odd), 'layer')} {differ} from {terms.against}",
        notes=(*lines, *more),
        help=help_,
    )
    return report._replace(diagnostics=(*report.diagnostics, problem))


def _odd(network: Network, other: Network, alike: Alike | None) -> list[LayerPair]:
    """The layers that differ, or that only one of the networks has."""
    return [p for p in compare(network, other, alike=alike).layers[0] if p.status is not None]


def _difference(pair: LayerPair, other: str) -> str:
    """One layer that only one network has, or what differs in both."""
    if pair.before is None or pair.after is None:
        layer = pair.before or pair.after
        where = "only here" if pair.after is None else f"only in {other}"
        return f"{layer.name if layer else ''} is {where}"
    changes = ", ".join(f"{key} {old} -> {new}" for key, (old, new) in _told(pair).items())
    return f"{pair.before.name} and {pair.after.name}: {changes}"


def _told(pair: LayerPair) -> dict[str, tuple[str, str]]:
    """What differs, in words; shapes as people write them."""
    return {key: (_word(old), _word(new)) for key, (old, new) in pair.changes.items()}


def _word(value: object) -> str:
    if isinstance(value, Shape):
        return value.text()
    if isinstance(value, tuple) and value and all(isinstance(each, Shape) for each in value):
        return " and ".join(map(_word, value))
    return "none" if value is None else str(value)


def _weights(network: Network, terms: CheckTerms) -> WeightsComparison | None:
    if terms.weights is None:
        return None
    from cnncalc.questions.weights import weights_against  # few checks are of weights

    return weights_against(network, terms.weights, terms.input)


def _unlike(found: WeightsComparison, report: Report, prefix: str) -> Iterator[Diagnostic]:
    from cnncalc.questions.weights import unlike

    return unlike(found, report, prefix)


def _checked(
    network: Network,
    report: Report,
    limits: tuple[Budget, ...],
    terms: CheckTerms,
    weights: WeightsComparison | None = None,
) -> CheckResult:
    """The result for a network that works."""
    variant = report.variant
    budget = tuple(measured(network, report, limits))
    prefix = f"{variant}: " if variant else ""
    diagnostics = [
        *(promoted(remark, terms.strict) for remark in report.diagnostics),
        *(unmet(check, "error", prefix) for check in report.expect if not check.ok),
        *(exceeded(result, prefix, report.file) for result in budget if not result.ok),
        *(_unlike(weights, report, prefix) if weights else ()),
    ]
    failed = any(remark.severity == "error" for remark in diagnostics)
    shown = tuple(_with_line(remark, network.text or "") for remark in diagnostics)
    status = INVALID if failed else 0
    return CheckResult(report.file, variant, report, budget, shown, status, weights=weights)


def _failed(file: str, variant: str | None, error: CnncalcError) -> CheckResult:
    return CheckResult(file, variant, None, (), error.diagnostics, error.exit_code)


def _with_line(remark: Diagnostic, text: str) -> Diagnostic:
    """The diagnostic with its line, unless it is about the whole file."""
    # Budgets of the command line stand at 1:1, where the first line would say nothing.
    if remark.span and remark.span == Span(remark.span.file, 1, 1, 1):
        return remark
    return with_line(remark, text)


def exit_code(results: Iterable[CheckResult]) -> int:
    """The highest exit code: 3 where a file cannot be read, 1 where anything else failed."""
    return max((result.exit_code for result in results), default=0)
