"""One network under many settings: the totals of each, or the reason why it does not work.

The file is read once, settings are generated one by one, and only a limited number is in flight,
so that memory does not grow with their count. The work can be done by any
`concurrent.futures.Executor`: processes on this machine, a Dask cluster, MPI.

Where only the size of the input differs from the setting before, the layers are not read again.
"""

from __future__ import annotations

import gc
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from types import NoneType
from typing import TYPE_CHECKING, Any, NamedTuple

from cnncalc.analysis.engine import analyze
from cnncalc.analysis.training import TRAINING, require_optimiser, training
from cnncalc.brief import brief
from cnncalc.errors import CnncalcError, Diagnostic, failure
from cnncalc.figures import used
from cnncalc.processes import pool
from cnncalc.questions.settings import SettingGrid, SquareInput, SweepPlan
from cnncalc.spec.document import Document, read_document
from cnncalc.spec.load import ModelChoice, SpecChoice, build, choose, reads_sizes, resized
from cnncalc.spec.sections.inputs import batch_of, read_inputs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Executor, Future

    from cnncalc.network import Network
    from cnncalc.questions.settings import SweepSetting
    from cnncalc.shapes import Shape
    from cnncalc.spec.load import Target

CHUNK = 8  # settings sent to a worker together
IN_FLIGHT = 64  # chunks submitted to an executor at once
# Allocations between two collections. A setting creates many objects but no cycles, and looking
# for cycles as often as by default would take a fifth of the time.
FEWER_COLLECTIONS = 50_000
# Errors that every setting would have, so that they are raised at once.
HOPELESS = frozenset({"unknown-variable", "unknown-variant"})


class SweepResult(NamedTuple):
    """One setting and its figures by their keys in `cnncalc.figures`, or its error."""

    number: int
    vars: Mapping[str, object]
    input: str | None
    layout: str
    output: Shape | None
    figures: Mapping[str, int | None]
    error: Diagnostic | None = None

    def __repr__(self) -> str:
        """The fields, cut where they get long."""
        return brief(self)

    @property
    def ok(self) -> bool:
        """Whether the network works under this setting."""
        return self.error is None


def sweep(  # noqa: PLR0913 - each is an option that callers name
    target: Target | Document,
    *,
    vary: Mapping[str, Sequence[object]] | None = None,
    vary_input: Sequence[str | int] | None = None,
    variant: str | None = None,
    set: Mapping[str, object] | None = None,
    shard: tuple[int, int] = (1, 1),
    jobs: int = 1,
    executor: Executor | None = None,
    in_flight: int = IN_FLIGHT,
    batch: int | None = None,
    dtype: str = "fp32",
    optimiser: str | None = None,
) -> Iterator[SweepResult]:
    """The results of every combination of the values, in order, as they are computed.

    `vary` gives the values of declared variables, `vary_input` input shapes, where a number
    stands for a square input. `shard=(3, 8)` computes the third of eight shares. The work is done
    in this process, in `jobs` processes, or by `executor`. With an `optimiser` there is a figure
    `training_bytes`. A setting that does not work gives a result with an error.

    Raises:
        CnncalcError: where the file, the variant or a variable does not exist, where a
            variable is both set and varied, and for an unknown optimiser.

    >>> results = sweep("mobilenet_v2", vary={"width": [0.5, 1.0]}, vary_input=[96])
    >>> [(result.vars["width"], result.figures["params"]) for result in results]
    [(0.5, 1968680), (1.0, 3504872)]
    """
    if optimiser is not None:
        require_optimiser(optimiser)
    varied = {name: _values(f"vary[{name!r}]", v) for name, v in _named(vary).items()}
    if vary_input is not None:
        vary_input = _values("vary_input", vary_input)
    if both := sorted({*(set or ())} & {*varied}):
        message = f"'{both[0]}' is both set and varied"
        raise failure("bad-setting", message, help="leave one of the two out", exit_code=2)
    chosen = (
        SpecChoice(target, variant, set or {})
        if isinstance(target, Document)
        else choose(target, variant=variant, set=set)
    )
    if isinstance(chosen, ModelChoice):
        raise failure(
            "no-spec",
            f"{chosen.file} is a model file, which has no variables to vary",
            help="'cnncalc sizes' tries input sizes of a model",
        )
    document, variant = chosen.document, chosen.variant
    if vary_input is None and chosen.input:
        vary_input = [chosen.input]  # a network that was loaded with an input of its own
    plan = SweepPlan(
        text=document.text,
        file=document.file,
        variant=variant,
        set=dict(chosen.set),
        batch=batch,
        dtype=dtype,
        grid=SettingGrid(varied, vary_input, shard),
        square=_square(document, variant),
        optimiser=optimiser,
    )
    builder = SettingBuilder(plan, document)
    _refuse_typos(builder)
    if executor is None and jobs == 1:
        return (_result(builder, number) for number in plan.grid.numbers)
    return _in_processes(plan, jobs) if executor is None else _spread(plan, executor, in_flight)


def _named(vary: object) -> Mapping[str, object]:
    if not isinstance(vary, (Mapping, NoneType)):
        raise failure("bad-argument", "vary is a dict from variables to lists of values")
    return vary or {}


def _values(name: str, values: Any) -> Sequence[Any]:
    """The values, in order; a text has letters and is no list of values."""
    if isinstance(values, (str, bytes, Mapping)) or not isinstance(values, Iterable):
        raise failure("bad-argument", f"{name} is a list of values, such as [{values!r}]")
    return values if isinstance(values, Sequence) else list(values)


def _square(document: Document, variant: str | None) -> SquareInput | None:
    """How to read a single number as an input; None where the file has no input of its own."""
    try:
        port = next(iter(read_inputs(document.tree, variant, None).values())).parsed
    except CnncalcError:
        return None
    return SquareInput(port.shape, port.layout)


def _refuse_typos(builder: SettingBuilder) -> None:
    """Raise CnncalcError for a mistake that every setting would have."""
    if not builder.plan.grid.size:
        return
    try:
        builder.network(builder.plan.setting(1))
    except CnncalcError as error:
        if any(diagnostic.code in HOPELESS for diagnostic in error.diagnostics):
            raise


def _in_processes(plan: SweepPlan, jobs: int) -> Iterator[SweepResult]:
    with pool(jobs) as executor:
        yield from _spread(plan, executor, 4 * jobs)


def _spread(plan: SweepPlan, executor: Executor, in_flight: int) -> Iterator[SweepResult]:
    """The results in order, with at most `in_flight` chunks submitted at once."""
    submitted: deque[Future[list[SweepResult]]] = deque()
    try:
        for numbers in _chunks(plan.grid.numbers):
            submitted.append(executor.submit(results, plan, numbers))
            if len(submitted) >= max(1, in_flight):
                yield from submitted.popleft().result()
        while submitted:
            yield from submitted.popleft().result()
    finally:
        for future in submitted:
            future.cancel()


def _chunks(numbers: range) -> Iterator[range]:
    return (numbers[start : start + CHUNK] for start in range(0, len(numbers), CHUNK))


def results(plan: SweepPlan, numbers: Iterable[int]) -> list[SweepResult]:
    """The results of these settings: the work of one worker."""
    builder = SettingBuilder(plan, _document(plan.text, plan.file))
    return [_result(builder, number) for number in numbers]


@lru_cache(maxsize=4)
def _document(text: str, file: str) -> Document:
    """The parsed file, cached so that each worker reads it once."""
    return read_document(text, file)


class SettingBuilder:
    """Builds the networks of a plan, one after the other, from a document that has been read."""

    def __init__(self, plan: SweepPlan, document: Document) -> None:
        self.plan = plan
        self.document = document
        self.resizable = plan.grid.inputs is not None and not reads_sizes(document)
        self.latest: tuple[str, Network] | None = None

    def network(self, setting: SweepSetting) -> Network:
        """The network under a setting. Raises CnncalcError where it does not work."""
        text = None if setting.input is None else str(setting.input)
        network = self._resized(setting.vars, text) if text and self.resizable else None
        if network is None:
            settings = {**self.plan.set, **setting.vars}
            network = build(self.document, self.plan.variant, settings, text)
            self.latest = (repr(setting.vars), network) if self.resizable else None
        return network

    def _resized(self, variables: Mapping[str, object], text: str) -> Network | None:
        """The latest network on another input, where only the size of that input differs."""
        if self.latest is None or self.latest[0] != repr(variables):  # 1, 1.0 and true differ
            return None
        network = self.latest[1]
        ports = read_inputs(self.document.tree, self.plan.variant, text)
        kinds = {(port.parsed.layout, port.parsed.warning) for port in ports.values()}
        if kinds != {(network.layout, None)} or batch_of(ports) != network.batch:
            return None
        return resized(network, {name: port.shape for name, port in ports.items()})


def _result(builder: SettingBuilder, number: int) -> SweepResult:
    with fewer_collections():  # until the objects of this setting are freed
        return _computed(builder, builder.plan.setting(number))


def _computed(builder: SettingBuilder, setting: SweepSetting) -> SweepResult:
    plan = builder.plan
    try:
        network = builder.network(setting)
        report = analyze(network, batch=plan.batch, dtype=plan.dtype, out_of_place=False)
    except CnncalcError as error:
        return _failed(setting, error.diagnostics[0])
    except RecursionError:
        return _failed(setting, Diagnostic("error", "too-deep", "the network is nested too deep"))
    figures: dict[str, int | None] = {key: report.figure(key) for key in used("sweep")}
    if plan.optimiser is not None:
        figures[TRAINING] = training(report, plan.optimiser).total.total
    output = report.inference_outputs[0].shape
    return SweepResult(*_written(setting), report.layout, output, figures)


@contextmanager
def fewer_collections() -> Iterator[None]:
    """Within this context the garbage collector runs less often.

    >>> import gc
    >>> before = gc.get_threshold()
    >>> with fewer_collections():
    ...     gc.get_threshold()[0] >= before[0]
    True
    >>> gc.get_threshold() == before
    True
    """
    before = gc.get_threshold()
    if 0 < before[0] < FEWER_COLLECTIONS:
        gc.set_threshold(FEWER_COLLECTIONS, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _failed(setting: SweepSetting, error: Diagnostic) -> SweepResult:
    return SweepResult(*_written(setting), "HWC", None, {}, error)


def _written(setting: SweepSetting) -> tuple[int, Mapping[str, object], str | None]:
    text = None if setting.input is None else str(setting.input)
    return setting.number, setting.vars, text


def unbeaten(results: Sequence[SweepResult], aims: Sequence[tuple[str, int]]) -> list[bool]:
    """For each result, whether it is on the Pareto front of these figures.

    An aim is a figure and a sign: 1 if less is better, -1 if more is. Settings that do not work
    are not on the front.
    """
    points = []
    for result in results:
        values = [(result.figures.get(key), sign) for key, sign in aims]
        known = tuple(sign * value for value, sign in values if value is not None)
        points.append(known if len(known) == len(aims) else None)
    return front(points)


def front(points: Sequence[tuple[int, ...] | None]) -> list[bool]:
    """For each point, whether it is on the Pareto front; None never is.

    A point is on the front if no other is better in one coordinate and at least as good in the
    rest. Less is better; negate a coordinate of which more is better. Equal points are on the
    front together.

    >>> front([(1, 9), (2, 5), (3, 5), None, (4, 1), (2, 5)])
    [True, True, False, False, True, True]
    """
    best: list[tuple[int, ...]] = []
    for point in sorted({point for point in points if point is not None}):
        # Points are sorted, so that only earlier ones can be better.
        if not any(_covers(other, point) for other in reversed(best)):
            best.append(point)
    unbeaten = set(best)
    return [point in unbeaten for point in points]


def _covers(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    return all(a <= b for a, b in zip(one, other, strict=True))
