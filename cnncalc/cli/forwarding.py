"""Carries a `cnncalc forward` out: what is checked before the run, the run, what is kept of it."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from cnncalc.cli import forward_inputs as inputs
from cnncalc.cli import output
from cnncalc.cli.forward_request import place, wrong
from cnncalc.errors import Diagnostic, counted, failure
from cnncalc.inference import safetensors
from cnncalc.inference.parameters import each, gather
from cnncalc.inference.run import Pass, forward, inference
from cnncalc.inference.trace import check_place, find, needed
from cnncalc.inference.work import Work, ahead

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cnncalc.cli.forward_request import Request
    from cnncalc.inference.initial import Start
    from cnncalc.inference.parameters import Parameters
    from cnncalc.network import Network, Node

PATIENCE = 300  # seconds of work that are begun without asking
MEMORY = 8 * 2**30  # bytes of memory where the system does not say how many it has
WORTH_SAYING = 5  # seconds of work that are announced
WORTH_WATCHING = 1  # seconds of work that get a progress bar


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


def run(request: Request) -> None:
    """From the options to the text on stdout."""
    from cnncalc.analysis.engine import analyze
    from cnncalc.cli import forward_output
    from cnncalc.cli.present import conclude, strictly

    if request.steps and request.json:
        raise wrong("--steps", "is text; with --json, ask for --show and --trace")
    request, network, start = inputs.load(request)
    wish = _wish(request, network)
    work = ahead(network, readable=request.readable or request.counting, keep=wish.kept)
    _ponder(request, work)
    labels = inputs.labels(request, network)
    parameters = gather(network, start, inputs.weights_file(request))
    _tell_pairs(parameters)
    samples = inputs.samples(request, network)
    if request.save_weights:
        _save_weights(request.save_weights, network, parameters)
    with _watching(network, work) as watch:
        done = forward(
            network, samples, parameters, readable=request.readable,
            keep=wish.kept, count=request.counting, watch=watch,
        )  # fmt: skip
    result = Result(request, done, parameters, start, work, wish, labels)
    output.emit(list(forward_output.present(result)), request.out)
    output.tell([*_wild(done), *([] if request.strict else network.diagnostics)])
    if request.strict:
        conclude(strictly(analyze(network), request.strict))


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


def _ponder(request: Request, work: Work) -> None:
    """Refuse a run that is longer, or needs more memory, than was agreed to.

    It comes before anything is drawn, read or written. A run that takes a while is announced.
    """
    from cnncalc.render.activations import duration
    from cnncalc.render.format import bytes_text, with_unit

    advice = "--yes runs it all the same; a smaller --input makes it less"
    memory = memory_limit()
    if work.memory > memory and not request.yes:
        message = f"the pass needs about {bytes_text(work.memory)} of memory"
        raise failure("too-large", f"{message}: the limit is {bytes_text(memory)}", help=advice)
    told = f"{with_unit(work.macs, 'MACs')}, about {duration(work.seconds)}"
    too_many = request.max_macs is not None and work.macs > request.max_macs
    too_long = request.max_macs is None and work.seconds > PATIENCE
    if (too_many or too_long) and not request.yes:
        limit = f"--max-macs allows {request.max_macs:,}" if too_many else "that is long"
        raise failure("long-run", f"the pass is {told}: {limit}", help=advice)
    if work.seconds > WORTH_SAYING:
        output.tell([Diagnostic("note", "work", f"the pass is {told}")])


def memory_limit() -> int:
    """The bytes of memory that this machine has."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):  # Windows; a system that does not say
        return MEMORY


@contextmanager
def _watching(network: Network, work: Work) -> Iterator[Callable[[Node], None] | None]:
    """A progress bar on stderr, where a person sees it and there is time to."""
    quiet = output.settings.quiet or not output.terminal(sys.stderr)
    if quiet or work.seconds < WORTH_WATCHING:
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress

    color = output.colored(sys.stderr)
    console = Console(stderr=True, force_terminal=True, no_color=not color)
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("forward", total=work.macs)

        def watch(node: Node) -> None:
            macs = node.layer.macs(*network.shapes_into(node)) if node.inputs else 0
            progress.update(task, advance=macs)

        yield watch


def _wild(done: Pass) -> list[Diagnostic]:
    """A warning at the first row with numbers that are not finite."""
    for row in done.rows:
        if row.statistics.wild:
            numbers = counted(row.statistics.wild, "infinite or NaN number")
            message = f"{row.node.name} holds {numbers}"
            return [Diagnostic("warning", "not-finite", message, row.node.span)]
    return []
