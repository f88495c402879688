"""`cnncalc.export` and `cnncalc.from_torch`: networks as code, modules of PyTorch as networks."""

from __future__ import annotations

import warnings
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from cnncalc.errors import failure
from cnncalc.exchange.targets import WRITERS, TargetOptions, write
from cnncalc.spec.load import as_network, load

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnncalc.exchange.targets import Exported
    from cnncalc.exchange.targets import Target as Framework
    from cnncalc.network import Network
    from cnncalc.spec.load import Target

INPUT = "input"  # what the exported model calls its input
NEEDS_ONNX = "PyTorch writes ONNX with the package onnx: pip install onnx"
ONE_TENSOR = "see that the module takes one tensor of this shape: channels, then spatial sizes"


def export(
    target: Target,
    to: Framework,
    *,
    flat: bool = False,
    opset: int | None = None,
    weights: bool = True,
) -> Exported:
    """A network as code of "pytorch" or "keras", or as an "onnx" file.

    `target` is a network, a spec as a dict, or what `load` takes. `content` of the result is the
    text, or the bytes of the file in pieces; `save(path)` writes either. `names` has the name of
    each parameter in the framework's own weights, and `layout` how these are laid out where that
    differs. `flat` asks for one class or function, without others for its parts; `opset` is the
    version of ONNX's operators, and without `weights` an ONNX file holds zeros.

    Raises:
        CnncalcError: "no-counterpart" where the framework has nothing that computes what a layer
            does; "unknown-framework"; and what `load` raises.

    >>> print(export("lenet5", "keras").content.splitlines()[0])
    \"\"\"LeNet-5
    >>> export("lenet5", "pytorch").names["C1.weight"]
    'C1.weight'
    >>> export("lenet5", "onnx").save("lenet5.onnx")  # doctest: +SKIP
    """
    if to not in WRITERS:
        known = ", ".join(map(repr, WRITERS))
        raise failure("unknown-framework", f"networks are written for {known}, not for {to!r}")
    network = as_network(target)
    numbers = None
    if to == "onnx" and weights:
        from cnncalc.inference.own_weights import own_parameters

        stored = own_parameters(network).stored
        numbers = lambda name: stored[name].read()  # noqa: E731 - as the writer asks for them
    return write(network, to, TargetOptions(not flat, opset=opset, numbers=numbers))


def from_torch(module: Any, shape: Sequence[int]) -> Network:
    """The network that a module of PyTorch is, on an input of shape (channels, *spatial).

    The module's own export to ONNX runs in this process, with its PyTorch, on zeros and in
    evaluation mode. What it wrote is read, and the weights stay in memory with the network, so that
    `forward` and `export` have them. Batch norms are not folded into convolutions.

    Raises:
        CnncalcError: "no-torch" where PyTorch is not installed; "torch-export" where its export
            fails; and what `load` raises of a model file.

    >>> from_torch(torchvision.models.resnet50(), (3, 224, 224))  # doctest: +SKIP
    <Network ResNet: 224×224×3 -> 175 layers -> 1000>
    """
    try:
        torch: Any = import_module("torch")
    except ImportError as error:
        raise failure(
            "no-torch",
            f"a module of PyTorch needs PyTorch to be read: {error}",
            help="run it where torch is installed, or give cnncalc.load a model.onnx",
        ) from None
    if not isinstance(module, torch.nn.Module):
        raise failure("no-module", f"a torch.nn.Module is wanted, not {type(module).__name__}")
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"{type(module).__name__}.onnx"
        _export_module(torch, module, tuple(shape), path)
        from cnncalc.inference.own_weights import held

        return held(load(path))._replace(file="-")  # it is gone as soon as it is read


def _export_module(torch: Any, module: Any, shape: tuple[int, ...], path: Path) -> None:
    """Write a module as ONNX by the exporter that needs no package besides PyTorch."""
    was_training = module.training
    module.eval()
    first = next(iter(module.parameters()), None)
    sample = torch.zeros(1, *shape)
    sample = sample if first is None else sample.to(first.device, first.dtype)
    names = {"input_names": [INPUT], "dynamo": False, "do_constant_folding": False}
    try:
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")
            training = torch.onnx.TrainingMode.PRESERVE  # so that norms stay beside convolutions
            torch.onnx.export(module, (sample,), str(path), training=training, **names)
    except Exception as error:
        why = f"{type(error).__name__}: {error}".splitlines()[0]
        needs_onnx = "onnx is not installed" in why or isinstance(error, ModuleNotFoundError)
        raise failure(
            "torch-export",
            f"PyTorch could not export {type(module).__name__} on 1x{'x'.join(map(str, shape))}: "
            f"{why}",
            help=NEEDS_ONNX if needs_onnx else ONE_TENSOR,
        ) from error
    finally:
        module.train(was_training)
