"""Carries a `cnncalc forward` out: what is checked before the run, the run, what is kept of it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from cnncalc.cli import forward_inputs as inputs
from cnncalc.cli import output
from cnncalc.cli.forward_request import place, wrong
from cnncalc.cli.progress import bar
from cnncalc.errors import Diagnostic, failure
from cnncalc.inference import safetensors
from cnncalc.inference.estimate import Work, ahead
from cnncalc.inference.neuron_trace import check_place, find, needed
from cnncalc.inference.parameters import each, gather
from cnncalc.inference.run import Pass, forward, inference, not_finite
from cnncalc.inference.worker_pool import processes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cnncalc.cli.forward_request import Request
    from cnncalc.inference.initial import Start
    from cnncalc.inference.parameters import Parameters
    from cnncalc.network import Network, Node
    from cnncalc.tensor import Tensor

PATIENCE = 300  # seconds of work that are begun without asking
MEMORY = 8 * 2**30  # bytes of memory where the system does not say how many it has
ABSURD = 10**24  # bytes that no prefix helps to read
WORTH_SAYING = 5  # seconds of work that are announced


class Wish(NamedTuple):
    """The rows that the options name: to be shown, to be written as pictures, to be kept."""

    shown: tuple[str, ...]
    saved: tuple[str, ...]
    kept: frozenset[str]


class Result(NamedTuple):
    """A pass with all that is said about it."""

    request: Request
    done: Pass
    parameters: Parameters
    start: Start
    work: Work
    wish: Wish
    labels: list[str] | None


class Setup(NamedTuple):
    """All that is settled before the first pass."""

    request: Request
    network: Network
    start: Start
    parameters: Parameters
    labels: list[str] | None
    wish: Wish
    work: Work  # of one pass


def run(request: Request) -> None:
    """From the options to the text on stdout."""
    from cnncalc.cli import forward_samples
    from cnncalc.cli.present import conclude, strictly

    if request.steps and request.json:
        raise wrong("--steps", "is text; with --json, ask for --show and --trace")
    request, network, start = inputs.load(request)
    sources = inputs.several(request, network)
    if sources is not None:
        forward_samples.refuse_options(request, len(sources))
    wish = _wish(request, network)
    work = ahead(
        network,
        readable=request.readable,
        count=request.counting,
        drawn=request.weights is None,
        keep=wish.kept,
    )
    _ponder(request, work, 1 if sources is None else len(sources))
    labels = inputs.labels(request, network)
    parameters = gather(network, start, inputs.weights_file(request))
    _tell_pairs(parameters)
    entering = inputs.samples(request, network) if sources is None else {}
    if request.save_weights:
        _save_weights(request.save_weights, network, parameters)
    setup = Setup(request, network, start, parameters, labels, wish, work)
    if sources is None:
        _run_one(setup, entering)
    else:
        forward_samples.run(setup, sources)
    if request.strict:
        from cnncalc.analysis.engine import analyze

        conclude(strictly(analyze(network), request.strict))
    else:
        output.tell(network.diagnostics)


def _run_one(setup: Setup, entering: Mapping[str, Tensor]) -> None:
    """Run the network on one sample and print what came of it."""
    from cnncalc.cli import forward_output

    request, network, start, parameters, labels, wish, work = setup
    with bar(work.macs, work.seconds) as advance:
        done = forward(
            network, entering, parameters, readable=request.readable, keep=wish.kept,
            count=request.counting, watch=lambda node: advance(_macs(network, node)),
        )  # fmt: skip
    result = Result(request, done, parameters, start, work, wish, labels)
    output.emit(list(forward_output.present(result)), request.out)
    output.tell(not_finite(done))


def _macs(network: Network, node: Node) -> int:
    return node.layer.macs(*network.shapes_into(node)) if node.inputs else 0


def _wish(request: Request, network: Network) -> Wish:
    """What the options name. Raises CnncalcError for layers and neurons that there are not."""
    every = tuple(node.name for node in inference(network))
    shown = tuple(dict.fromkeys(find(network, name).name for name in request.show if name != "all"))
    if "all" in request.show:
        shown = every
    saved = (shown or every) if request.save else ()
    kept = {*shown, *saved, *(every if request.steps else ())}
    for text in request.traces:
        name, position = place(text)
        check_place(find(network, name), position)
        kept |= needed(network, name)
    return Wish(shown, saved, frozenset(kept))


def _tell_pairs(parameters: Parameters) -> None:
    """Print which tensor was taken for which parameter, where that was found out by order."""
    from cnncalc.render.format import printable

    width = max((len(ours) for ours, _ in parameters.pairs), default=0)
    for ours, theirs in parameters.pairs:
        output.say(f"{ours:<{width}}  <-  {printable(theirs)}")


def _save_weights(path: str, network: Network, parameters: Parameters) -> None:
    tensors = ((name, parameters.stored[name]) for _, _, name in each(network))
    safetensors.write(path, ((name, tensor.dims, tensor.read()) for name, tensor in tensors))


def _ponder(request: Request, work: Work, passes: int) -> None:
    """Refuse a run that is longer, or needs more memory, than was agreed to.

    It comes before anything is drawn, read or written. A run that takes a while is announced.
    """
    from cnncalc.render.format import bytes_text, duration, with_unit

    jobs = processes(request.jobs, passes, work.seconds)
    memory, seconds = work.memory * jobs, work.seconds * -(-passes // jobs)
    advice = "--yes runs it all the same; a smaller --input makes it less"
    limit = memory_limit()
    if memory > limit and not request.yes:
        what = "the pass needs" if jobs == 1 else f"{jobs} passes at once need"
        size = f"about {bytes_text(memory)}" if memory < ABSURD else "more than 10^24 bytes"
        message = f"{what} {size} of memory"
        raise failure("too-large", f"{message}: the limit is {bytes_text(limit)}", help=advice)
    what = "the pass is" if passes == 1 else f"each of the {passes:,} passes is"
    told = f"{what} {with_unit(work.macs, 'MACs')}, about {duration(seconds)}"
    told += "" if passes == 1 else " in all"
    too_many = request.max_macs is not None and work.macs > request.max_macs
    too_long = request.max_macs is None and seconds > PATIENCE
    if (too_many or too_long) and not request.yes:
        why = f"--max-macs allows {request.max_macs:,}" if too_many else "that is long"
        raise failure("long-run", f"{told}: {why}", help=advice)
    if seconds > WORTH_SAYING:
        output.tell([Diagnostic("note", "work", told)])


def memory_limit() -> int:
    """The bytes of memory that this machine has."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):  # Windows; a system that does not say
        return MEMORY
