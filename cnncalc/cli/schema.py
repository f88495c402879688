"""`cnncalc schema`: the JSON Schema of a spec file, or of a JSON document."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from cnncalc.cli import output, plain
from cnncalc.cli.options import OutputFile

Document = Literal[
    "spec", "report", "check", "compare", "sweep", "as", "explain", "solve", "sizes", "rf", "draw",
    "slide", "forward", "forward-samples", "zoo", "layers",
]  # fmt: skip


def schema(
    of: Annotated[
        Document,
        typer.Argument(help="Document to describe.", metavar="[spec|report|COMMAND|as]"),
    ] = "spec",
    out: OutputFile = None,
) -> None:
    """JSON Schema of a spec file, for editors, or of a JSON document, for programs.

    Examples:
        cnncalc schema > cnncalc.schema.json
    """
    if of == "spec":
        plain.schema(out)
        return
    from json import dumps

    from cnncalc.render.schema import schema_of

    text = dumps(schema_of(of), indent=2, ensure_ascii=output.ascii_only())
    output.emit([text, "\n"], out)
