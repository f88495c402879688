"""`cnncalc expand`: a spec with everything written out, one mapping per layer."""

from __future__ import annotations

from pathlib import Path

from cnncalc.cli import output
from cnncalc.cli.options import File, OutputFile, Spec


def expand(file: File, *, spec: Spec, out: OutputFile = None) -> None:
    """The spec with blocks, repeats, expressions and shorthand written out.

    Examples:
        cnncalc expand resnet50
        cnncalc expand mobilenet_v2 --set width=0.5 -o half.yaml
    """
    from cnncalc.spec.write import text

    network = spec.load(file)
    folder = Path() if out is None or out == "-" else Path(out).parent
    output.emit([text(network, folder)], out)
    output.tell(spec.remarks(file, network.diagnostics))
