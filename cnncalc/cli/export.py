"""`cnncalc export`: a network as the code of a framework."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cnncalc.cli import output
from cnncalc.cli.options import OUT, File, OutputFile, Spec
from cnncalc.errors import failure

if TYPE_CHECKING:
    from cnncalc.exchange.targets import Exported
    from cnncalc.network import Network

Target = Annotated[
    Literal["pytorch", "keras"],
    typer.Option("--to", help="The framework.", rich_help_panel=OUT),
]
Weights = Annotated[
    str | None,
    typer.Option(
        "--weights",
        metavar="FILE",
        help="Write the weights too: of PyTorch as safetensors under the names of the state dict, "
        "of Keras as .npz under layer/variable.",
        rich_help_panel=OUT,
    ),
]
Flat = Annotated[
    bool,
    typer.Option("--flat", help="Without classes or functions for its parts.", rich_help_panel=OUT),
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
    """The network as code of PyTorch or Keras 3, with the same parameters and the same names.

    Parts of a network that are alike become one class, or one function of Keras. A layer that the
    framework cannot compute is an error. The weights are those of the spec, or the initial ones.

    Examples:
        cnncalc export lenet5 --to pytorch
        cnncalc export resnet50 --to pytorch -o resnet50.py
        cnncalc export digits --to pytorch -o digits.py --weights digits.safetensors
        cnncalc export digits --to keras -o digits.py --weights digits.npz
    """
    from cnncalc.exchange.targets import TargetOptions, write

    network = spec.load(file)
    if weights is not None:
        _refuse_weights(network, weights, out, to)
    exported = write(network, to, TargetOptions(nested=not flat, loading=weights is not None))
    if weights is not None:
        _write_weights(network, weights, exported)
    output.emit([exported.content], out)
    output.tell(spec.remarks(file, (*network.diagnostics, *exported.notes)))


def _refuse_weights(network: Network, path: str, out: str | None, to: str) -> None:
    """Raise CnncalcError where no weights can be written, or over the code, or for another tool."""
    from cnncalc.spec.load import is_model

    if is_model(network.file):
        message = f"the weights of the model file {network.file} cannot be written yet"
        raise failure("usage", message, exit_code=output.USAGE)
    if out is not None and Path(out).resolve() == Path(path).resolve():
        message = "-o and --weights name the same file"
        raise failure("usage", message, exit_code=output.USAGE)
    other = {"pytorch": ".npz", "keras": ".safetensors"}[to]
    if Path(path).suffix == other:
        wanted = {"pytorch": "safetensors", "keras": "npz"}[to]
        message = f"the weights for {to} are written as {wanted}, and '{path}' ends in {other}"
        remedy = f"write --weights {Path(path).with_suffix(f'.{wanted}')}"
        raise failure("usage", message, exit_code=output.USAGE, help=remedy)


def _write_weights(network: Network, path: str, exported: Exported) -> None:
    """The network's own parameters as the code reads them; those of rows left out are not there."""
    from cnncalc.exchange.targets.laying import laid_out
    from cnncalc.inference import npz, safetensors
    from cnncalc.inference.initial import InitialWeights
    from cnncalc.inference.parameters import WeightsFile, gather
    from cnncalc.inference.weights import own_file, read

    own = own_file(network.init)
    stored = None if own is None else WeightsFile(own, read(own), "name")
    start = InitialWeights(network.init.scheme, network.init.seed)
    tensors = gather(network, start, stored).stored
    if exported.layout:
        npz.write(
            path,
            (
                (each.name, each.sizes, laid_out(each, lambda name: tensors[name].read()))
                for each in exported.layout
            ),
        )
        return
    names = exported.names
    safetensors.write(
        path,
        ((names[n], tensor.dims, tensor.read()) for n, tensor in tensors.items() if n in names),
    )
