"""`cnncalc export`: a network as the code of a framework."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cnncalc.cli import output
from cnncalc.cli.options import OUT, File, OutputFile, Spec
from cnncalc.errors import failure

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cnncalc.network import Network

Target = Annotated[
    Literal["pytorch"],
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


def export(
    file: File,
    *,
    to: Target,
    spec: Spec,
    flat: Flat = False,
    weights: Weights = None,
    out: OutputFile = None,
) -> None:
    """The network as code: a module of PyTorch with the same parameters and the same names.

    Parts of a network that are alike become one class, sequences an nn.Sequential. A layer that
    PyTorch cannot compute is an error. The weights are those of the spec, or the initial ones.

    Examples:
        cnncalc export lenet5 --to pytorch
        cnncalc export resnet50 --to pytorch -o resnet50.py
        cnncalc export digits --to pytorch -o digits.py --weights digits.safetensors
    """
    from cnncalc.exchange.targets import TargetOptions, write

    network = spec.load(file)
    if weights is not None:
        _refuse_weights(network, weights, out)
    exported = write(network, to, TargetOptions(nested=not flat))
    if weights is not None:
        _write_weights(network, weights, exported.names)
    output.emit([exported.content], out)
    output.tell(spec.remarks(file, (*network.diagnostics, *exported.notes)))


def _refuse_weights(network: Network, path: str, out: str | None) -> None:
    """Raise CnncalcError where no weights can be written, or over the code."""
    from cnncalc.spec.load import is_model

    if is_model(network.file):
        message = f"the weights of the model file {network.file} cannot be written yet"
        raise failure("usage", message, exit_code=output.USAGE)
    if out is not None and Path(out).resolve() == Path(path).resolve():
        message = "-o and --weights name the same file"
        raise failure("usage", message, exit_code=output.USAGE)


def _write_weights(network: Network, path: str, names: Mapping[str, str]) -> None:
    """The network's own parameters under other names; those of rows left out are not there."""
    from cnncalc.inference import safetensors
    from cnncalc.inference.initial import InitialWeights
    from cnncalc.inference.parameters import WeightsFile, gather
    from cnncalc.inference.weights import own_file, read

    own = own_file(network.init)
    stored = None if own is None else WeightsFile(own, read(own), "name")
    start = InitialWeights(network.init.scheme, network.init.seed)
    parameters = gather(network, start, stored)
    tensors = (
        (names[name], tensor.dims, tensor.read())
        for name, tensor in parameters.stored.items()
        if name in names
    )
    safetensors.write(path, tensors)
