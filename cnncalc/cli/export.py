"""`cnncalc export`: a network as the code or the model file of a framework."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cnncalc.cli import output
from cnncalc.cli.options import OUT, File, OutputFile, Spec
from cnncalc.errors import CnncalcError, failure
from cnncalc.lines import with_lines

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cnncalc.exchange.targets import Exported
    from cnncalc.inference.stored import StoredTensor

Target = Annotated[
    Literal["pytorch", "keras", "onnx"],
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
CODE = ("pytorch", "keras")
# Which targets have which options.
OWN_OPTIONS = {"--flat": CODE, "--weights": CODE, "--opset": ("onnx",), "--no-weights": ("onnx",)}


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
    """The network for a framework: as code of PyTorch or Keras 3, or as an ONNX file.

    Parameters, and names as far as the framework allows, are the same. Parts of a network that are
    alike become one class of PyTorch, or one function of Keras. A layer that the framework cannot
    compute is an error. The weights are those of the spec or of the model file, or the initial
    ones; an ONNX file holds them itself.

    Examples:
        cnncalc export lenet5 --to pytorch
        cnncalc export resnet50 --to pytorch -o resnet50.py
        cnncalc export digits --to pytorch -o digits.py --weights digits.safetensors
        cnncalc export digits --to keras -o digits.py --weights digits.npz
        cnncalc export digits --to onnx -o digits.onnx
    """
    from cnncalc.exchange.targets import TargetOptions, write
    from cnncalc.inference.own_weights import own_parameters

    given = {"--flat": flat, "--weights": weights is not None, "--opset": opset is not None,
             "--no-weights": no_weights}  # fmt: skip
    _refuse_options(to, [option for option, is_given in given.items() if is_given])
    if weights is not None:
        _refuse_weights(weights, out, to)
    if to == "onnx" and out in (None, "-"):
        output.refuse_terminal()
    network = spec.load(file)
    needed = weights is not None or (to == "onnx" and not no_weights)
    stored = own_parameters(network).stored if needed else {}
    numbers = partial(_numbers, stored) if needed else None
    options = TargetOptions(not flat, weights is not None, opset, numbers)
    try:
        exported = write(network, to, options)
    except CnncalcError as error:
        raise with_lines(error, network.text or "", network.file) from None
    if weights is not None:
        _write_weights(weights, stored, exported)
    if isinstance(exported.content, str):
        output.emit([exported.content], out)
    else:
        output.emit_bytes(exported.content, out)
    output.tell(spec.remarks(file, (*network.diagnostics, *exported.notes)))


def _numbers(stored: Mapping[str, StoredTensor], name: str) -> Sequence[float]:
    """The numbers of a parameter, read when they are asked for."""
    return stored[name].read()


def _refuse_options(target: Target, options: Sequence[str]) -> None:
    """Raise CnncalcError for an option of another target."""
    for option in options:
        owners = OWN_OPTIONS[option]
        if target not in owners:
            help_ = f"leave it out, or write --to {' or '.join(owners)}"
            if option == "--weights":
                help_ = "leave it out: an ONNX file holds its weights itself"
            message = f"{option} does not go with --to {target}"
            raise failure("usage", message, help=help_, exit_code=output.USAGE)


def _refuse_weights(path: str, out: str | None, to: Target) -> None:
    """Raise CnncalcError where the weights would be written over the code, or for another tool."""
    if out is not None and Path(out).resolve() == Path(path).resolve():
        message = "-o and --weights name the same file"
        raise failure("usage", message, exit_code=output.USAGE)
    wanted, other = (".npz", ".safetensors") if to == "keras" else (".safetensors", ".npz")
    if Path(path).suffix == other:
        message = f"the weights for {to} are written as {wanted[1:]}, and '{path}' ends in {other}"
        remedy = f"write --weights {Path(path).with_suffix(wanted)}"
        raise failure("usage", message, exit_code=output.USAGE, help=remedy)


def _write_weights(path: str, stored: Mapping[str, StoredTensor], exported: Exported) -> None:
    """The parameters as the code reads them; those of rows left out are not there."""
    from cnncalc.exchange.targets.laying import laid_out
    from cnncalc.inference import npz, safetensors

    if exported.layout:
        numbers = partial(_numbers, stored)
        laid = ((each.name, each.sizes, laid_out(each, numbers)) for each in exported.layout)
        npz.write(path, laid)
        return
    names = exported.names
    tensors = stored.items()
    safetensors.write(
        path, ((names[name], own.dims, own.read()) for name, own in tensors if name in names)
    )
