"""`cnncalc export`: a network as the code or the model file of a framework."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cnncalc.cli import output
from cnncalc.cli.options import OUT, File, OutputFile, Spec
from cnncalc.errors import CnncalcError, failure
from cnncalc.lines import with_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from cnncalc.inference.parameters import Parameters
    from cnncalc.network import Network

Target = Annotated[
    Literal["pytorch", "onnx"],
    typer.Option("--to", help="The framework.", rich_help_panel=OUT),
]
Weights = Annotated[
    str | None,
    typer.Option(
        "--weights",
        metavar="FILE",
        help="Write the weights too, as safetensors under the names of the code's state dict.",
        rich_help_panel=OUT,
    ),
]
Flat = Annotated[
    bool,
    typer.Option("--flat", help="One class, without classes for its parts.", rich_help_panel=OUT),
]
Opset = Annotated[
    int | None,
    typer.Option(
        "--opset",
        metavar="N",
        help="The version of ONNX's operators: 17, or what a layer needs beyond it.",
        rich_help_panel=OUT,
    ),
]
NoWeights = Annotated[
    bool,
    typer.Option(
        "--no-weights",
        help="Leave the weights out of the ONNX file, where they are zeros that take no space.",
        rich_help_panel=OUT,
    ),
]
# Which target has which options.
OWN_OPTIONS = {"--flat": "pytorch", "--weights": "pytorch", "--opset": "onnx",
               "--no-weights": "onnx"}  # fmt: skip


def export(
    file: File,
    *,
    to: Target,
    spec: Spec,
    flat: Flat = False,
    weights: Weights = None,
    opset: Opset = None,
    no_weights: NoWeights = False,
    out: OutputFile = None,
) -> None:
    """The network for a framework: as a module of PyTorch, or as an ONNX file.

    Parameters, and names as far as the framework allows, are the same. Parts of a network that are
    alike become one class of PyTorch, sequences an nn.Sequential. A layer that the framework cannot
    compute is an error. The weights are those of the spec or of the model file, or the initial
    ones; an ONNX file holds them itself.

    Examples:
        cnncalc export lenet5 --to pytorch
        cnncalc export resnet50 --to pytorch -o resnet50.py
        cnncalc export digits --to pytorch -o digits.py --weights digits.safetensors
        cnncalc export digits --to onnx -o digits.onnx
    """
    from cnncalc.exchange.targets import TargetOptions, write

    given = {"--flat": flat, "--weights": weights is not None, "--opset": opset is not None,
             "--no-weights": no_weights}  # fmt: skip
    _refuse_options(to, [option for option, is_given in given.items() if is_given])
    if weights is not None:
        _refuse_weights(weights, out)
    if to == "onnx" and out in (None, "-"):
        output.refuse_terminal()
    network = spec.load(file)
    numbers = None if to != "onnx" or no_weights else _numbers(network)
    try:
        exported = write(network, to, TargetOptions(not flat, opset, numbers))
    except CnncalcError as error:
        raise with_lines(error, network.text or "", network.file) from None
    if weights is not None:
        _write_weights(network, weights, exported.names)
    if isinstance(exported.content, str):
        output.emit([exported.content], out)
    else:
        output.emit_bytes(exported.content, out)
    output.tell(spec.remarks(file, (*network.diagnostics, *exported.notes)))


def _refuse_options(target: str, options: Sequence[str]) -> None:
    """Raise CnncalcError for an option of another target."""
    for option in options:
        owner = OWN_OPTIONS[option]
        if owner != target:
            help_ = f"leave it out, or write --to {owner}"
            if option == "--weights":
                help_ = "leave it out: an ONNX file holds its weights itself"
            message = f"{option} does not go with --to {target}"
            raise failure("usage", message, help=help_, exit_code=output.USAGE)


def _refuse_weights(path: str, out: str | None) -> None:
    """Raise CnncalcError where the weights would be written over the code."""
    if out is not None and Path(out).resolve() == Path(path).resolve():
        message = "-o and --weights name the same file"
        raise failure("usage", message, exit_code=output.USAGE)


def _parameters(network: Network) -> Parameters:
    """The network's own parameters: its weights file's, its model file's, or the initial ones."""
    from cnncalc.inference import model_file
    from cnncalc.inference.initial import InitialWeights
    from cnncalc.inference.parameters import WeightsFile, gather
    from cnncalc.inference.weights import own_file, read

    start = InitialWeights(network.init.scheme, network.init.seed)
    if model_file.holds_weights(network):
        stored = WeightsFile(network.file, model_file.read(network), "name")
        return gather(network, start, stored)
    own = own_file(network.init)
    return gather(network, start, None if own is None else WeightsFile(own, read(own), "name"))


def _numbers(network: Network) -> Callable[[str], Sequence[float]]:
    """What gives the numbers of a parameter by its name, when they are asked for."""
    stored = _parameters(network).stored
    return lambda name: stored[name].read()


def _write_weights(network: Network, path: str, names: Mapping[str, str]) -> None:
    """The network's own parameters under other names; those of rows left out are not there."""
    from cnncalc.inference import safetensors

    tensors = (
        (names[name], tensor.dims, tensor.read())
        for name, tensor in _parameters(network).stored.items()
        if name in names
    )
    safetensors.write(path, tensors)
