"""What a `cnncalc forward` begins with: network, initial weights, samples, labels."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from cnncalc import zoo
from cnncalc.cli.forward_request import wrong
from cnncalc.errors import counted, failure
from cnncalc.files import read_bytes
from cnncalc.inference import weights
from cnncalc.inference.initial import Start
from cnncalc.inference.parameters import Given
from cnncalc.inference.samples import GENERATED, sample

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cnncalc.cli.forward_request import Request
    from cnncalc.network import Network, Node
    from cnncalc.tensor import Tensor

MAX_LABELS = 2**20  # bytes


def load(request: Request) -> tuple[Request, Network, Start]:
    """The network, and how its weights begin.

    The spec's own weights and labels stand in the request where its options name none.
    """
    from cnncalc.spec.load import load as read
    from cnncalc.spec.load import parse_setting

    if [request.file, *_sources(request)].count("-") > 1:
        raise wrong("--sample", "-: the standard input is already read for something else")
    settings = dict(map(parse_setting, request.set))
    network = read(request.file, variant=request.variant, set=settings, input=request.input)
    init = network.init
    request = request._replace(
        weights=weights.own_file(init) if request.weights is None else request.weights,
        labels=init.labels if request.labels is None else request.labels,
    )
    seed = init.seed if request.seed is None else request.seed
    return request, network, Start(init.scheme, seed)


def weights_file(request: Request) -> Given | None:
    """The file of --weights or of the spec, where there is one."""
    if request.weights is not None:
        return Given(request.weights, weights.read(request.weights), request.match)
    if request.match == "order":
        raise wrong("--match", "order needs --weights")
    return None


def samples(request: Request, network: Network) -> dict[str, Tensor]:
    """A sample per input; one without a name serves the only input, or is a word for all."""
    inputs = {node.name: node for node in network.inputs}
    chosen: dict[str, str] = {}
    for_all: str | None = None
    for text in request.samples:
        name, equals, source = text.partition("=")
        if equals and name in inputs:
            _refuse_second(chosen.get(name), f"'{name}'")
            chosen[name] = source
        elif _serves_all(text, inputs):
            _refuse_second(for_all, "all inputs")
            for_all = text
        else:
            names = " ".join(f"--sample {name}=..." for name in inputs)
            raise wrong("--sample", f"'{text}' names none of the inputs", f"write {names}")
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
