"""`cnncalc layers`: the reference of layer types."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import typer

from cnncalc.cli import output
from cnncalc.cli.options import FormatOption, OutputFile
from cnncalc.errors import did_you_mean, failure
from cnncalc.version import VERSION


def complete_type(incomplete: str) -> Iterator[str]:
    """Layer types, their aliases and the blocks that need no definition."""
    from cnncalc import layers as layer_types
    from cnncalc.spec.ready_blocks import NAMES

    known = sorted({*layer_types.names(), *NAMES})
    return (name for name in known if name.startswith(incomplete))


def layers(
    type_: Annotated[
        str | None,
        typer.Argument(metavar="[TYPE]", help="Layer type or ready block; without one, a list.",
                       autocompletion=complete_type, show_default=False),
    ] = None,
    format_: FormatOption = "table",
    out: OutputFile = None,
) -> None:  # fmt: skip
    """The layer types: their fields, letters, words, formulas and names in PyTorch, Keras and ONNX.

    Also the blocks that need no definition.

    Examples:
        cnncalc layers
        cnncalc layers conv
        cnncalc layers se

    Raises:
        CnncalcError: for an unknown layer type.
    """
    from cnncalc import layers as layer_types
    from cnncalc.exchange.targets.called import called
    from cnncalc.render import reference as render
    from cnncalc.render.json import dumps, envelope, json_lines
    from cnncalc.render.table import STYLES
    from cnncalc.spec.ready_blocks import NAMES, definition
    from cnncalc.spec.reference import all_described, described, example

    names = layer_types.names()
    if type_ is not None and type_ not in {*names, *NAMES}:
        help_ = did_you_mean(type_, sorted({*names, *NAMES})) or "'cnncalc layers' lists them"
        raise failure("unknown-type", f"there is no layer type '{type_}'", help=help_)
    shown = {name: definition(name) for name in NAMES if type_ in (None, name)}
    entries = list(all_described().values()) if type_ is None else []
    if type_ is not None and type_ in names:
        entries = [{**described(type_), "frameworks": called(example(type_))}]
    if format_ == "json":
        content = {"layers": entries, **({"blocks": shown} if shown else {})}
        text = f"{dumps({**envelope('layers', VERSION), **content})}\n"
    elif format_ == "jsonl":
        text = json_lines(entries)
    elif format_ in STYLES:
        text = render.table(entries).written(format_)
    elif type_ is None:
        text = render.overview(entries, shown, output.page(out))
    else:
        text = shown[type_] if type_ in shown else render.full(entries[0], output.page(out))
    output.emit(
        [text], out, whole=type_ in shown and format_ == "table"
    )  # a definition is for copying
