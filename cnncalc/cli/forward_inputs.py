"""What a `cnncalc forward` begins with: network, initial weights, samples, labels."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnncalc import zoo
from cnncalc.cli.forward_request import wrong
from cnncalc.errors import CnncalcError, counted, failure
from cnncalc.files import read_bytes, unreadable
from cnncalc.inference import weights
from cnncalc.inference.initial import Start
from cnncalc.inference.parameters import Given
from cnncalc.inference.samples import GENERATED, sample
from cnncalc.lines import with_lines

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cnncalc.cli.forward_request import Request
    from cnncalc.inference.parameters import Parameters
    from cnncalc.network import Network, Node
    from cnncalc.tensor import Tensor

MAX_LABELS = 2**20  # bytes
PICTURES = (".pgm", ".ppm", ".png", ".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff", ".webp")


def load(request: Request) -> tuple[Request, Network, Start]:
    """The network, and how its weights begin.

    The spec's own weights and labels stand in the request where its options name none.
    """
    from cnncalc.spec.load import load as read
    from cnncalc.spec.sections.variables import parse_setting

    if [request.file, *_sources(request)].count("-") > 1:
        raise wrong("--sample", "-: the standard input is already read for something else")
    settings = dict(map(parse_setting, request.set))
    network = read(request.file, variant=request.variant, set=settings, input=request.input)
    init = network.init
    request = request._replace(
        weights=_own_weights(network) if request.weights is None else request.weights,
        labels=init.labels if request.labels is None else request.labels,
    )
    seed = init.seed if request.seed is None else request.seed
    return request, network, Start(init.scheme, seed)


def _own_weights(network: Network) -> str | None:
    """The file that the spec names. Raises CnncalcError, with the line, where it lies outside."""
    try:
        return weights.own_file(network.init)
    except CnncalcError as error:
        raise with_lines(error, network.text or "", network.file) from None


def weights_file(request: Request) -> Given | None:
    """The file of --weights or of the spec, where there is one."""
    if request.weights is not None:
        return Given(request.weights, weights.read(request.weights), request.match)
    if request.match == "order":
        raise wrong("--match", "order needs --weights")
    return None


def several(request: Request, network: Network) -> list[str] | None:
    """The samples of a network with one input, where they are several or a folder; else None.

    A folder stands for its pictures in order of name. A network with several inputs takes one
    sample, which has a part for each. Raises CnncalcError for a folder without pictures.
    """
    inputs = {node.name: node for node in network.inputs}
    sources = [_addressed(text, inputs)[1] for text in request.samples]
    folder = next(filter(_is_folder, sources), None)
    if len(inputs) > 1:
        if folder is not None:
            advice = "a network with several inputs runs on one sample at a time"
            raise wrong("--sample", f"'{folder}' is a folder", advice)
        return None
    if folder is None and len(sources) == 1:
        return None
    if "-" in sources:
        raise wrong("--sample", "- is for a single sample")
    return [path for source in sources for path in _each(source)]


def _is_folder(source: str) -> bool:
    isdir = os.path.isdir  # unlike Path.is_dir it raises nothing, whatever the text
    return source not in GENERATED and isdir(source)


def _each(source: str) -> list[str]:
    """A sample, or the pictures of a folder; hidden files are none."""
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
        raise unreadable(f"'{source}' holds no picture", "no-sample", f"pictures end in {kinds}")
    return [str(Path(source, name)) for name in pictures]


def _addressed(text: str, inputs: Mapping[str, Node]) -> tuple[str | None, str]:
    """The input that a --sample is for, None where it serves all; and the sample itself."""
    name, equals, source = text.partition("=")
    if equals and name in inputs:
        return name, source
    if _serves_all(text, inputs):
        return None, text
    names = " ".join(f"--sample {name}=..." for name in inputs)
    raise wrong("--sample", f"'{text}' names none of the inputs", f"write {names}")


def samples(request: Request, network: Network) -> dict[str, Tensor]:
    """A sample per input; one without a name serves the only input, or is a word for all."""
    inputs = {node.name: node for node in network.inputs}
    chosen: dict[str, str] = {}
    for_all: str | None = None
    for text in request.samples:
        name, source = _addressed(text, inputs)
        if name is not None:
            _refuse_second(chosen.get(name), f"'{name}'")
            chosen[name] = source
        else:
            _refuse_second(for_all, "all inputs")
            for_all = source
    missing = next((name for name in inputs if name not in chosen), None)
    if missing and for_all is None:
        raise wrong("--sample", f"is missing for the input '{missing}'")
    found = {name: zoo.beside(chosen.get(name) or for_all or "") for name in inputs}
    return {name: sample(found[name], node, request.preparation) for name, node in inputs.items()}


def _serves_all(text: str, inputs: Mapping[str, Node]) -> bool:
    """Whether a sample without an input's name is one: a word, or what the only input gets."""
    named = "=" in text and not Path(text).exists()
    return text in GENERATED or (len(inputs) == 1 and not named)


def _refuse_second(first: str | None, of: str) -> None:
    if first is not None:
        raise wrong("--sample", f"there are two for {of}")


def _sources(request: Request) -> list[str]:
    return [text.rpartition("=")[2] for text in request.samples]


def weights_document(request: Request, parameters: Parameters, start: Start) -> dict[str, Any]:
    """Which weights a pass runs with, for JSON."""
    tally = parameters.tally
    weights: dict[str, Any] = {"tensors": tally}
    if request.weights:
        weights["file"] = zoo.display_name(request.weights)
    if "initial" in tally:
        weights |= {"scheme": start.scheme, "seed": start.seed}
    return weights


def weights_text(request: Request, parameters: Parameters, start: Start) -> str:
    """Which weights a pass runs with, in words; empty where the network has none."""
    sources = {
        "file": zoo.display_name(str(request.weights)),
        "spec": "the spec",
        "initial": f"initial ({start.scheme}, seed {start.seed})",
    }
    return " and ".join(text for origin, text in sources.items() if origin in parameters.tally)


def labels(request: Request, network: Network) -> list[str] | None:
    """What the numbers of the output stand for: the spec's labels, or those of --labels.

    Raises CnncalcError where no output has as many numbers.
    """
    if request.labels is None:
        return None
    written = isinstance(request.labels, tuple)
    words = list(request.labels) if written else _read_labels(str(request.labels))
    outputs = [network.nodes[index] for index in network.outputs]
    if all(node.shape.size != len(words) for node in outputs):
        node = outputs[0]
        source = "'init'" if written else f"'{request.labels}'"
        labels, numbers = counted(len(words), "label"), counted(node.shape.size, "number")
        message = f"{source} has {labels}, but {node.name} has {numbers}"
        raise failure("labels", message)
    return words


def _read_labels(path: str) -> list[str]:
    """A line each, or a JSON list of texts."""
    text = read_bytes(path, MAX_LABELS).decode("utf-8-sig", "replace").strip()
    return _listed(path, text) if text.startswith("[") else list(map(str.strip, text.splitlines()))


def _listed(path: str, text: str) -> list[str]:
    try:
        return list(map(str, json.loads(text)))
    except (ValueError, RecursionError):
        raise failure("labels", f"'{path}' begins as a JSON list and is none") from None
