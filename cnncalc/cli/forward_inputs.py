"""What `cnncalc forward` reads and checks before a pass: network, weights, samples, labels."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from cnncalc import zoo
from cnncalc.cli import output
from cnncalc.cli.forward_options import traced_neuron, wrong_option
from cnncalc.errors import CnncalcError, Diagnostic, counted, failure
from cnncalc.files import read_bytes, unreadable
from cnncalc.inference import model_file, safetensors, weights
from cnncalc.inference.estimate import WorkEstimate, ahead
from cnncalc.inference.initial import InitialWeights
from cnncalc.inference.neuron_trace import check_place, find, needed
from cnncalc.inference.parameters import WeightsFile, each, gather
from cnncalc.inference.run import inference
from cnncalc.inference.samples import GENERATED, sample
from cnncalc.lines import with_lines
from cnncalc.processes import processes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cnncalc.cli.forward_options import Request
    from cnncalc.inference.parameters import Parameters
    from cnncalc.inference.samples import Preparation
    from cnncalc.network import Network, Node
    from cnncalc.tensor import Tensor

PATIENCE = 300  # seconds; longer runs need --yes or --max-macs
MEMORY = 8 * 2**30  # bytes of memory assumed if the system does not report its own
ABSURD = 10**24  # bytes; larger sizes are not printed as numbers
WORTH_SAYING = 5  # seconds; longer runs are announced
MAX_LABELS = 2**20  # bytes
PICTURES = (".pgm", ".ppm", ".png", ".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff", ".webp")


class SelectedRows(NamedTuple):
    """The rows that the options name: to be shown, to be written as pictures, to be kept."""

    shown: tuple[str, ...]
    saved: tuple[str, ...]
    kept: frozenset[str]


class PreparedPass(NamedTuple):
    """Everything that is known before the first pass."""

    request: Request
    preparation: Preparation
    network: Network
    start: InitialWeights
    weights: str | None  # the file of --weights, or of the spec
    sources: list[str] | None  # the samples, where they are several
    rows: SelectedRows
    work: WorkEstimate  # of one pass
    labels: list[str] | None
    parameters: Parameters
    entering: Mapping[str, Tensor]  # the only sample, by input


def prepare(request: Request) -> PreparedPass:
    """Read and check all that a pass needs; cheap checks come first.

    Raises:
        CnncalcError: for a wrong option, a file that cannot be read or does not fit, or a pass
            that takes too much time or memory.
    """
    seed = request.weights.seed
    preparation = request.sample.preparation(seed or 0)
    mac_limit = request.run.mac_limit
    request.view.require_one_table()
    network = _network(request)
    weights_path = request.weights.weights
    if weights_path is None:
        weights_path = _own_weights(network)
    start = InitialWeights(network.init.scheme, network.init.seed if seed is None else seed)
    if request.view.moved_by and len(network.inputs) > 1:
        raise wrong_option("--shift", "is for networks with one input")
    sources = _several(request, network)
    if sources is not None:
        _refuse_single(request, len(sources))
    rows = _selected_rows(request, network)
    work = ahead(
        network,
        readable=request.readable(network),
        count=request.run.counting,
        drawn=weights_path is None,
        keep=rows.kept,
    )
    _check_size(request, work, 1 if sources is None else len(sources), mac_limit)
    labels = _labels(request.view.labels, network)
    parameters = gather(network, start, _given(request, network, weights_path))
    _tell_pairs(parameters)
    entering = _samples(request, preparation, network) if sources is None else {}
    if request.weights.save_weights:
        _save_weights(request.weights.save_weights, network, parameters)
    return PreparedPass(request, preparation, network, start, weights_path, sources, rows, work,
                        labels, parameters, entering)  # fmt: skip


def _network(request: Request) -> Network:
    used = [request.file, *(text.rpartition("=")[2] for text in request.sample.sources)]
    if used.count("-") > 1:
        raise wrong_option("--sample", "-: standard input can be read only once")
    return request.spec.load(request.file)


# -- weights


def _own_weights(network: Network) -> str | None:
    """The weights file that the spec names, or the model file itself.

    Raises:
        CnncalcError: the spec's is outside its folder.
    """
    if model_file.holds_weights(network):
        return network.file
    try:
        return weights.own_file(network.init)
    except CnncalcError as error:
        raise with_lines(error, network.text or "", network.file) from None


def _given(request: Request, network: Network, path: str | None) -> WeightsFile | None:
    match = request.weights.match
    if path is not None and path == network.file and model_file.holds_weights(network):
        return WeightsFile(path, model_file.read(network))
    if path is not None:
        return WeightsFile(path, weights.read(path), match)
    if match == "order":
        raise wrong_option("--match", "order needs --weights")
    return None


def _tell_pairs(parameters: Parameters) -> None:
    """Print which tensor became which parameter, if they were matched by order."""
    from cnncalc.render.format import printable

    width = max((len(ours) for ours, _ in parameters.pairs), default=0)
    for ours, theirs in parameters.pairs:
        output.say(f"{ours:<{width}}  <-  {printable(theirs)}")


def _save_weights(path: str, network: Network, parameters: Parameters) -> None:
    tensors = ((name, parameters.stored[name]) for _, _, name in each(network))
    safetensors.write(path, ((name, tensor.dims, tensor.read()) for name, tensor in tensors))


# -- samples


def _several(request: Request, network: Network) -> list[str] | None:
    """Several samples, or those of a folder, for a network with one input; None for one sample.

    A folder stands for its pictures, sorted by name. A network with several inputs takes a
    single sample, made of one --sample per input.
    """
    inputs = {node.name: node for node in network.inputs}
    sources = [_addressed(text, inputs)[1] for text in request.sample.sources]
    folder = next(filter(_is_folder, sources), None)
    if len(inputs) > 1:
        if folder is not None:
            advice = "a network with several inputs runs on one sample at a time"
            raise wrong_option("--sample", f"'{folder}' is a folder", advice)
        return None
    if folder is None and len(sources) == 1:
        return None
    if "-" in sources:
        raise wrong_option("--sample", "- is for a single sample")
    return [path for source in sources for path in _pictures(source)]


def _refuse_single(request: Request, count: int) -> None:
    """Refuse options that show details of a single pass."""
    view = request.view
    single = {
        "--count": request.run.counting,
        "--show": view.show,
        "--save": view.save,
        "--trace": view.trace,
        "--steps": view.steps,
        "--shift": view.shift,
    }
    for option, value in single.items():
        if value:
            raise wrong_option(option, f"is for a single sample, not for {count}")


def _is_folder(source: str) -> bool:
    isdir = os.path.isdir  # unlike Path.is_dir it raises nothing, whatever the text
    return source not in GENERATED and isdir(source)


def _pictures(source: str) -> list[str]:
    """The sample itself, or the pictures of a folder without hidden files."""
    if not _is_folder(source):
        return [source]
    try:
        names = sorted(path.name for path in Path(source).iterdir())
    except OSError as error:
        reason = (error.strerror or "it failed").lower()
        raise unreadable(f"cannot read '{source}': {reason}") from None
    pictures = [name for name in names if name.lower().endswith(PICTURES) and name[0] != "."]
    if not pictures:
        kinds = " ".join(PICTURES)
        raise unreadable(f"'{source}' contains no picture", "no-sample", f"pictures end in {kinds}")
    return [str(Path(source, name)) for name in pictures]


def _samples(request: Request, preparation: Preparation, network: Network) -> dict[str, Tensor]:
    """One sample per input; a --sample without NAME= is for all inputs that have no own."""
    inputs = {node.name: node for node in network.inputs}
    chosen: dict[str, str] = {}
    for_all: str | None = None
    for text in request.sample.sources:
        name, source = _addressed(text, inputs)
        if name is not None:
            _refuse_second(chosen.get(name), f"'{name}'")
            chosen[name] = source
        else:
            _refuse_second(for_all, "all inputs")
            for_all = source
    missing = next((name for name in inputs if name not in chosen), None)
    if missing and for_all is None:
        raise wrong_option("--sample", f"is missing for the input '{missing}'")
    paths = {name: zoo.beside(chosen.get(name) or for_all or "") for name in inputs}
    return {name: sample(paths[name], node, preparation) for name, node in inputs.items()}


def _addressed(text: str, inputs: Mapping[str, Node]) -> tuple[str | None, str]:
    """Split NAME=SAMPLE; the name is None if the sample is for all inputs."""
    name, equals, source = text.partition("=")
    if equals and name in inputs:
        return name, source
    # Without a name, only a generated sample may serve several inputs; a path may contain "=".
    named = equals and not Path(text).exists()
    if text in GENERATED or (len(inputs) == 1 and not named):
        return None, text
    names = " ".join(f"--sample {name}=..." for name in inputs)
    raise wrong_option("--sample", f"'{text}' does not name an input", f"write {names}")


def _refuse_second(first: str | None, of: str) -> None:
    if first is not None:
        raise wrong_option("--sample", f"is given twice for {of}")


# -- what is asked of the pass


def _selected_rows(request: Request, network: Network) -> SelectedRows:
    """The rows that the options name. Raises CnncalcError for unknown layers and neurons."""
    view, names = request.view, request.view.show or ()
    every = tuple(node.name for node in inference(network))
    shown = tuple(dict.fromkeys(find(network, name).name for name in names if name != "all"))
    if "all" in names:
        shown = every
    saved = (shown or every) if view.save else ()
    kept = {*shown, *saved, *(every if view.steps or view.shift else ())}
    for text in view.trace or ():
        name, position = traced_neuron(text, network)
        check_place(find(network, name), position)
        kept |= needed(network, name)
    return SelectedRows(shown, saved, frozenset(kept))


def _check_size(request: Request, work: WorkEstimate, passes: int, mac_limit: int | None) -> None:
    """Refuse a run that takes too long or too much memory; announce one that takes a while.

    Called before weights or samples are drawn, read or written.
    """
    from cnncalc.render.format import bytes_text, duration, with_unit

    jobs = processes(request.run.jobs, passes, work.seconds)
    memory, seconds = work.memory * jobs, work.seconds * -(-passes // jobs)
    advice = "use --yes to run it anyway, or a smaller --input"
    limit = memory_limit()
    if memory > limit and not request.run.yes:
        what = "the pass needs" if jobs == 1 else f"{jobs} passes at once need"
        size = f"about {bytes_text(memory)}" if memory < ABSURD else "more than 10^24 bytes"
        message = f"{what} {size} of memory"
        raise failure("too-large", f"{message}: the limit is {bytes_text(limit)}", help=advice)
    what, each = ("the pass takes", "") if passes == 1 else (f"{passes:,} passes take", " each")
    message = f"{what} an estimated {duration(seconds)} ({with_unit(work.macs, 'MACs')}{each})"
    too_many = mac_limit is not None and work.macs > mac_limit
    too_long = mac_limit is None and seconds > PATIENCE
    if (too_many or too_long) and not request.run.yes:
        why = (
            f"--max-macs allows {mac_limit:,}"
            if too_many
            else f"a run of more than {duration(PATIENCE)} needs --yes"
        )
        raise failure("long-run", f"{message}: {why}", help=advice)
    if seconds > WORTH_SAYING:
        output.tell([Diagnostic("note", "work", message)])


def memory_limit() -> int:
    """The memory of this machine in bytes."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):  # Windows; a system that does not say
        return MEMORY


# -- labels


def _labels(path: str | None, network: Network) -> list[str] | None:
    """The labels of the outputs: those of a file, else the spec's own."""
    own = network.init.labels
    if path is None and own is None:
        return None
    labels = _read_labels(path) if path is not None else list(own or ())
    outputs = [network.nodes[index] for index in network.outputs]
    if all(node.shape.size != len(labels) for node in outputs):
        node = outputs[0]
        source = "'init'" if path is None else f"'{path}'"
        has, numbers = counted(len(labels), "label"), counted(node.shape.size, "number")
        raise failure("labels", f"{source} has {has}, but {node.name} has {numbers}")
    return labels


def _read_labels(path: str) -> list[str]:
    """Read labels from a file: one per line, or a JSON list."""
    text = read_bytes(path, MAX_LABELS).decode("utf-8-sig", "replace").strip()
    if not text.startswith("["):
        return list(map(str.strip, text.splitlines()))
    try:
        return list(map(str, json.loads(text)))
    except (ValueError, RecursionError):
        raise failure("labels", f"'{path}' is not a valid JSON list") from None
