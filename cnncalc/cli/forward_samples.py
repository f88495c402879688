"""Carries a `cnncalc forward` of several samples out: a pass each, shared among processes."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING

import typer

from cnncalc import zoo
from cnncalc.cli import output
from cnncalc.cli.forward_inputs import weights_document, weights_text
from cnncalc.cli.forward_request import wrong
from cnncalc.cli.progress import bar
from cnncalc.inference.worker_pool import Plan, processes, run_samples
from cnncalc.render import samples as render
from cnncalc.render.format import to_ascii

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cnncalc.cli.forward_request import Request
    from cnncalc.cli.forwarding import Setup
    from cnncalc.inference.initial import Start
    from cnncalc.inference.parameters import Parameters
    from cnncalc.render.samples import Answers


def refuse_options(request: Request, count: int) -> None:
    """Raises CnncalcError for options that show the inside of one pass."""
    single = {
        "--show": request.show,
        "--save": request.save,
        "--trace": request.traces,
        "--steps": request.steps,
    }
    for option, given in single.items():
        if given:
            raise wrong(option, f"is for a single sample, and there are {count}")


def run(setup: Setup, sources: Sequence[str]) -> None:
    """Run the network on every sample and print the results.

    Raises SystemExit, with the highest exit code of any sample, where some failed.
    """
    request, network, start, parameters, labels, _, work = setup
    jobs = processes(request.jobs, len(sources), work.seconds)
    plan = Plan(network, start, request.preparation, request.weights, request.match,
                request.readable, request.counting)  # fmt: skip
    paths = list(map(zoo.beside, sources))
    begun = perf_counter()
    with bar(len(sources), work.seconds * len(sources) / jobs) as advance:
        results = []
        for result in run_samples(plan, paths, jobs):
            results.append(result._replace(source=zoo.display_name(result.source)))
            advance(1)
    answers = render.Answers(
        network=network,
        results=results,
        labels=labels,
        macs=work.macs,
        seconds=perf_counter() - begun,
        jobs=jobs,
        top=request.top_k,
    )
    output.emit(_present(request, answers, parameters, start), request.out)
    output.tell(dict.fromkeys(remark for result in results for remark in result.diagnostics))
    if status := max(result.exit_code for result in results):
        raise typer.Exit(status)


def _present(
    request: Request, answers: Answers, parameters: Parameters, start: Start
) -> Iterator[str]:
    """The text of all results, in pieces."""
    if request.json:
        from cnncalc.render.json import dumps

        weights = weights_document(request, parameters, start)
        yield f"{dumps(render.document(answers, weights, version=output.version()))}\n"
        return
    ascii_only = output.ascii_only()
    told = weights_text(request, parameters, start)
    for line in render.lines(answers, told, layout=request.layout or answers.network.layout):
        yield f"{to_ascii(line) if ascii_only else line}\n"
