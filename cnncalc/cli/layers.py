"""`cnncalc layers`: the reference of layer types, read off their classes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import typer

from cnncalc.cli import output
from cnncalc.cli.options import Json, OutputFile, PlainFormat

EPILOG = """Examples

cnncalc layers

cnncalc layers conv
"""


def complete_type(incomplete: str) -> Iterator[str]:
    """Layer types and their aliases."""
    from cnncalc import layers as layer_types

    return (name for name in sorted(layer_types.names()) if name.startswith(incomplete))


def layers(
    type_: Annotated[
        str | None,
        typer.Argument(metavar="[TYPE]", help="A layer type; without one, all in short.",
                       autocompletion=complete_type, show_default=False),
    ] = None,
    format_: PlainFormat = "table",
    json: Json = False,
    out: OutputFile = None,
) -> None:  # fmt: skip
    """The layer types: their fields, letters, words and formulas."""
    json = json or format_ == "json"
    with output.guarded(json=json):
        from cnncalc.render import reference as render
        from cnncalc.render.json import dumps
        from cnncalc.spec.reference import all_described, described

        _known(type_)
        entries = list(all_described().values()) if type_ is None else [described(type_)]
        if json:
            document = render.document(entries, version=output.version())
            output.emit([dumps(document), "\n"], out)
            return
        text = render.overview(entries) if type_ is None else render.full(entries[0])
        output.emit([text], out)


def _known(type_: str | None) -> None:
    from cnncalc import layers as layer_types
    from cnncalc.errors import CnncalcError, Diagnostic, did_you_mean

    if type_ is not None and type_ not in layer_types.names():
        help_ = did_you_mean(type_, layer_types.names()) or "'cnncalc layers' lists them"
        message = f"there is no layer type '{type_}'"
        raise CnncalcError(Diagnostic("error", "unknown-type", message, help=help_))
