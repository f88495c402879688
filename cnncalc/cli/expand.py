"""`cnncalc expand`: a spec with everything written out, one mapping per layer."""

from __future__ import annotations

from cnncalc.cli import output
from cnncalc.cli.groups import Spec
from cnncalc.cli.options import File, OutputFile

EPILOG = """Examples

cnncalc expand resnet50

cnncalc expand net.yaml --set width=0.5 -o half.yaml
"""


def expand(
    file: File,
    *,
    spec: Spec,
    out: OutputFile = None,
) -> None:
    """The spec with blocks, repeats, expressions and shorthand written out."""
    with output.guarded():
        from cnncalc.spec.write import text

        network = spec.load(file)
        output.emit([text(network)], out)
        output.tell(network.diagnostics)
