"""`cnncalc import`: a model file as a spec that a person could have written."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cnncalc.cli import output
from cnncalc.cli.options import OUT, OutputFile, Spec, complete_file
from cnncalc.errors import failure

# fmt: off
ModelFile = Annotated[
    str,
    typer.Argument(metavar="MODEL", autocompletion=complete_file, show_default=False,
                   help="Model file (ONNX, Keras, darknet), or - for standard input."),
]
Flat = Annotated[
    bool,
    typer.Option("--flat", rich_help_panel=OUT,
                 help="Write one mapping per layer, with the names in the file."),
]
Names = Annotated[
    bool,
    typer.Option("--names", rich_help_panel=OUT,
                 help="Let rows with weights keep their names in the file."),
]
Expect = Annotated[
    bool,
    typer.Option("--expect", rich_help_panel=OUT,
                 help="Also write what the spec then promises: params, macs and output."),
]
# fmt: on


def import_(
    file: ModelFile, *, spec: Spec, flat: Flat = False, names: Names = False,
    expect: Expect = False,
    out: OutputFile = None,
) -> None:  # fmt: skip
    """A spec of the network in a model file: blocks, repeats and branches, without weights.

    Examples:
        cnncalc import model.onnx
        cnncalc import model.keras
        cnncalc import yolov3-tiny.cfg
        cnncalc import model.onnx --names -o net.yaml
        cnncalc import model.onnx --flat --expect -o net.yaml

    Raises:
        typer.BadParameter: for --partial, since a spec has no operators that are not known.
    """
    from cnncalc.spec.load import is_model

    if spec.partial:
        raise typer.BadParameter("a spec cannot say what is not known; --until NAME ends before it",
                                 param_hint="--partial")  # fmt: skip
    network = spec.load(file)
    if not is_model(network.file):
        raise failure(
            "no-model",
            f"{file} is a spec already",
            help=f"'cnncalc expand {file}' writes it out, '--short' folds it into blocks",
        )
    from cnncalc.questions.imported import written

    found = written(
        network,
        Path(out).parent if out and out != "-" else Path(),
        flat=flat,
        named=names,
        expect=expect,
    )
    output.emit([found.text], out)
    output.tell((*spec.remarks(file, network.diagnostics), *found.notes))
