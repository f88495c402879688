"""`cnncalc forward`: samples through a network, in pure Python."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING

import typer

from cnncalc.cli import output
from cnncalc.cli.forward_options import (
    Request,
    RunOptions,
    SampleOptions,
    ViewOptions,
    WeightOptions,
)
from cnncalc.cli.options import File, Spec, Strict

if TYPE_CHECKING:
    from collections.abc import Sequence
    from fractions import Fraction

    from cnncalc.cli.forward_inputs import PreparedPass
    from cnncalc.network import Network, Node


def forward(
    file: File,
    *,
    sample: SampleOptions,
    weights: WeightOptions,
    run: RunOptions,
    view: ViewOptions,
    spec: Spec,
    strict: Strict = None,
) -> None:
    """Forward pass of samples in pure Python, with given or random weights.

    A spec gives the numbers of an exercise beside a layer: weights: [[1, 0], [0, 1]] and
    bias_values: [1].

    Examples:
        cnncalc forward digits --sample digits_7.pgm --top-k 3
        cnncalc forward digits --sample digits_3.pgm --sample digits_8.pgm --jobs 2
        cnncalc forward lenet5 --sample ramp --show C1 --as maps --trace C1:0,10,10
        cnncalc forward digits --sample digits_7.pgm --shift 1,0
        cnncalc forward quiz.yaml --sample image.txt --steps
        cnncalc forward quiz.yaml --sample "1 2 3; 4 5 6; 7 8 9" --trace conv1
        cnncalc forward net.yaml --sample photo.png --resize cover --weights net.safetensors
    """
    from cnncalc.cli.forward_inputs import prepare

    prepared = prepare(Request(file, spec, sample, weights, run, view))
    if prepared.sources is None:
        _run_one(prepared)
    else:
        _run_several(prepared, prepared.sources)
    network = prepared.network
    if strict:
        from cnncalc.analysis.engine import analyze
        from cnncalc.cli.report import conclude, strictly

        report = strictly(analyze(network), strict)
        conclude(report, spec.remarks(file, report.diagnostics))
    else:
        output.tell(spec.remarks(file, network.diagnostics))


def _run_one(prepared: PreparedPass) -> None:
    """Run the network on one sample and print what came of it."""
    from cnncalc.cli import forward_output
    from cnncalc.cli.forward_output import MovedPass
    from cnncalc.inference.run import forward, not_finite
    from cnncalc.inference.shift import compare as compared
    from cnncalc.inference.shift import shifted

    request, network, work = prepared.request, prepared.network, prepared.work
    by = request.view.moved_by
    samples = [prepared.entering]
    if by is not None:
        samples.append({name: shifted(one, by) for name, one in prepared.entering.items()})
    count = len(samples)
    with output.bar("forward", work.macs * count, work.seconds * count) as advance:
        passes = [
            forward(
                network,
                sample,
                prepared.parameters,
                readable=request.readable(network),
                keep=prepared.rows.kept,
                count=request.run.counting,
                watch=lambda node: advance(_macs(network, node)),
            )
            for sample in samples
        ]
    moved = None
    if by is not None:
        layers = compared(passes[0], passes[1], by, _jumps(network))
        moved = MovedPass(passes[1], layers, by)
    # Rendering can still fail, so render everything before writing anything.
    output.emit(list(forward_output.one(prepared, passes[0], moved)), request.view.out)
    output.tell(not_finite(passes[0]))


def _jumps(network: Network) -> dict[str, Sequence[int | Fraction] | None]:
    """The distance of neighbouring units on the input, by layer."""
    from cnncalc.analysis.engine import analyze

    return {
        row.name: row.receptive_field.jump if row.receptive_field else None
        for row in analyze(network).rows
    }


def _macs(network: Network, node: Node) -> int:
    return node.layer.macs(*network.shapes_into(node)) if node.inputs else 0


def _run_several(prepared: PreparedPass, sources: Sequence[str]) -> None:
    """Run the network on every sample, a pass each, shared among processes; print the results."""
    from cnncalc import zoo
    from cnncalc.cli import forward_output
    from cnncalc.inference.worker_pool import WorkerSetup, run_samples
    from cnncalc.processes import processes
    from cnncalc.render.samples import Answers

    request, network, work = prepared.request, prepared.network, prepared.work
    jobs = processes(request.run.jobs, len(sources), work.seconds)
    plan = WorkerSetup(network, prepared.start, prepared.preparation, prepared.weights,
                request.weights.match, request.readable(network), request.run.counting)  # fmt: skip
    begun = perf_counter()
    seconds = work.seconds * len(sources) / jobs
    with output.bar("forward", len(sources), seconds) as advance:
        results = []
        for result in run_samples(plan, list(map(zoo.beside, sources)), jobs):
            results.append(result._replace(source=zoo.display_name(result.source)))
            advance(1)
    answers = Answers(
        network=network,
        results=results,
        labels=prepared.labels,
        macs=work.macs,
        seconds=perf_counter() - begun,
        jobs=jobs,
        top=request.view.top_k,
    )
    output.emit(forward_output.several(prepared, answers), request.view.out)
    output.tell(dict.fromkeys(remark for result in results for remark in result.diagnostics))
    if status := max(result.exit_code for result in results):
        raise typer.Exit(status)
