"""`cnncalc layers`: the reference of layer types."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import typer

from cnncalc.cli import output
from cnncalc.cli.options import OutputFile, PlainFormat
from cnncalc.errors import did_you_mean, failure
from cnncalc.version import VERSION


def complete_type(incomplete: str) -> Iterator[str]:
    """Layer types and their aliases."""
    from cnncalc import layers as layer_types

    return (name for name in sorted(layer_types.names()) if name.startswith(incomplete))


def layers(
    type_: Annotated[
        str | None,
        typer.Argument(metavar="[TYPE]", help="Layer type; without one, a list of all.",
                       autocompletion=complete_type, show_default=False),
    ] = None,
    format_: PlainFormat = "table",
    out: OutputFile = None,
) -> None:  # fmt: skip
    """The layer types: their fields, letters, words and formulas.

    Examples:
        cnncalc layers
        cnncalc layers conv

    Raises:
        CnncalcError: for an unknown layer type.
    """
    from cnncalc import layers as layer_types
    from cnncalc.render import reference as render
    from cnncalc.render.json import dumps, envelope
    from cnncalc.spec.reference import all_described, described

    names = layer_types.names()
    if type_ is not None and type_ not in names:
        help_ = did_you_mean(type_, names) or "'cnncalc layers' lists them"
        raise failure("unknown-type", f"there is no layer type '{type_}'", help=help_)
    entries = list(all_described().values()) if type_ is None else [described(type_)]
    if format_ == "json":
        text = f"{dumps({**envelope('layers', VERSION), 'layers': entries})}\n"
    else:
        text = render.overview(entries) if type_ is None else render.full(entries[0])
    output.emit([text], out)
