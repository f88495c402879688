"""`cnncalc expand`: a spec with everything written out, one mapping per layer, or a short one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cnncalc.cli import output
from cnncalc.cli.options import OUT, File, OutputFile, Spec

Short = Annotated[
    bool,
    typer.Option(
        "--short",
        help="Write blocks, repeats and branches, found in the layers, not one mapping per layer.",
        rich_help_panel=OUT,
    ),
]


def expand(file: File, *, spec: Spec, short: Short = False, out: OutputFile = None) -> None:
    """The spec with blocks, repeats, expressions and shorthand written out.

    With --short the layers are folded again into blocks, as short as they can be said. What is
    written loads as the same network, its rows perhaps under other names and in another order.

    Examples:
        cnncalc expand resnet50
        cnncalc expand resnet50 --short
        cnncalc expand mobilenet_v2 --set width=0.5 -o half.yaml
    """
    network = spec.load(file)
    folder = Path() if out is None or out == "-" else Path(out).parent
    notes = (*spec.remarks(file, network.diagnostics),)
    if short:
        from cnncalc.spec import shorten

        found = shorten.short(network, folder)
        written, notes = found.text, (*notes, *found.notes)
    else:
        from cnncalc.spec.write import text

        written = text(network, folder)
    output.emit([written], out)
    output.tell(notes)
