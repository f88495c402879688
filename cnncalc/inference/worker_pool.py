"""Several samples through one network: a pass each, shared among worker processes.

A pass is computed by one process; how many there are changes no number. Workers are started
afresh on every system (never forked, which the threads of a progress bar would forbid), read
the weights once, and are then sent nothing but the names of samples.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from cnncalc.errors import CnncalcError, Diagnostic
from cnncalc.inference import weights
from cnncalc.inference.parameters import Parameters, WeightsFile, gather
from cnncalc.inference.run import forward, not_finite
from cnncalc.inference.samples import sample
from cnncalc.processes import interrupts_held_back, pool

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cnncalc.inference.initial import InitialWeights
    from cnncalc.inference.matching import Match
    from cnncalc.inference.run import LayerRun
    from cnncalc.inference.samples import Preparation
    from cnncalc.network import Network

INVALID = 1  # the exit code where a pass was not made for another reason than an unreadable file


class WorkerSetup(NamedTuple):
    """What all passes share; it is sent to each worker once, when it starts."""

    network: Network
    start: InitialWeights
    preparation: Preparation
    weights: str | None = None  # a file
    match: Match = "name"
    readable: bool = False
    counting: bool = False


class SampleResult(NamedTuple):
    """The result of one sample: the network's outputs, or the errors and their exit code."""

    source: str
    outputs: tuple[LayerRun, ...] = ()
    seconds: float = 0.0
    diagnostics: tuple[Diagnostic, ...] = ()
    exit_code: int = 0

    @property
    def ok(self) -> bool:
        """Whether the network ran on the sample."""
        return not self.exit_code


def run_samples(setup: WorkerSetup, sources: Sequence[str], jobs: int) -> Iterator[SampleResult]:
    """The result of each sample (a file, or a generated one) in order, by up to `jobs` processes.

    A sample that cannot be used has a result that says so; the others run all the same. Where
    the results are no longer wanted, by an interrupt too, the workers are ended at once.
    Raises CnncalcError where the weights do not fit the network.

    >>> from cnncalc.inference.initial import InitialWeights
    >>> from cnncalc.inference.samples import Preparation
    >>> from cnncalc.layers.gap import Gap
    >>> from cnncalc.network import chain
    >>> from cnncalc.shapes import Shape
    >>> network = chain("mean", Shape(1, (2, 2)), [("gap", Gap())])
    >>> setup = WorkerSetup(network, InitialWeights(), Preparation())
    >>> for result in run_samples(setup, ["ones", "ramp"], jobs=1):
    ...     print(result.source, result.outputs[0].output.values)
    ones [1.0]
    ramp [0.5]
    """
    if min(jobs, len(sources)) > 1:
        yield from _in_processes(setup, sources, min(jobs, len(sources)))
    else:
        yield from map(Worker(setup), sources)


class Worker:
    """The network and its weights in one process, ready for samples."""

    def __init__(self, setup: WorkerSetup) -> None:
        """Read the weights; those that are drawn are drawn once, and held."""
        given = setup.weights and WeightsFile(
            setup.weights, weights.read(setup.weights), setup.match
        )
        parameters = gather(setup.network, setup.start, given or None)
        stored = {
            name: tensor._replace(read=cache(tensor.read))
            for name, tensor in parameters.stored.items()
        }
        self.setup, self.parameters = setup, Parameters(stored, parameters.origins)

    def __call__(self, source: str) -> SampleResult:
        """Run the network on a sample for its only input."""
        setup = self.setup
        (node,) = setup.network.inputs
        try:
            entering = {node.name: sample(source, node, setup.preparation)}
            done = forward(
                setup.network,
                entering,
                self.parameters,
                readable=setup.readable,
                count=setup.counting,
            )
        except CnncalcError as error:
            return SampleResult(source, diagnostics=error.diagnostics, exit_code=error.exit_code)
        seconds = sum(row.seconds for row in done.rows)
        remarks = tuple(remark._replace(message=f"{source}: {remark.message}", span=None)
                        for remark in not_finite(done))  # fmt: skip
        return SampleResult(source, done.outputs, seconds, remarks)


_worker: list[Worker] = []  # of a worker process, its own


def _begin(setup: WorkerSetup) -> None:
    """Make the worker of this process."""
    _worker.append(Worker(setup))


def _pass(source: str) -> SampleResult:
    return _worker[0](source)


def _in_processes(setup: WorkerSetup, sources: Sequence[str], jobs: int) -> Iterator[SampleResult]:
    from concurrent.futures.process import BrokenProcessPool

    finished = 0
    with pool(jobs, _begin, (setup,), method="spawn") as workers:
        try:
            with interrupts_held_back():
                results = workers.map(_pass, sources)
            for result in results:
                finished += 1
                yield result
        except BrokenProcessPool:
            yield from map(_lost, sources[finished:])


def _lost(source: str) -> SampleResult:
    """The result of a sample whose pass did not end."""
    message = f"{source}: the worker process ended before the pass was finished"
    help_ = "it may have run out of memory; --jobs 1 needs the least"
    return SampleResult(
        source, diagnostics=(Diagnostic("error", "worker", message, help=help_),), exit_code=INVALID
    )
