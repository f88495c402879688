"""`cnncalc layers`: the reference of layer types."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import typer

from cnncalc.cli import output, plain
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
        cnncalc layers BatchNorm2d
        cnncalc layers se

    Raises:
        CnncalcError: for an unknown layer type.
    """
    if type_ is None and format_ == "table":
        plain.layers(out)
        return
    from cnncalc.render import reference as render
    from cnncalc.render.json import dumps, envelope, json_lines
    from cnncalc.render.table import STYLES
    from cnncalc.spec.recorded import reference

    entries, shown = reference()["layers"], reference()["blocks"]
    if type_ is not None:
        names = sorted({*shown, *(word for entry in entries for word in _words(entry))})
        type_ = type_ if type_ in names else _of_framework(type_, names)
        entries = [_with_frameworks(entry) for entry in entries if type_ in _words(entry)]
        shown = {name: text for name, text in shown.items() if name == type_}
    if format_ == "json":
        content = {"layers": entries, **({"blocks": shown} if shown else {})}
        text = f"{dumps({**envelope('layers', VERSION), **content})}\n"
    elif format_ == "jsonl":
        text = json_lines(entries)
    elif format_ in STYLES:
        text = render.table(entries).written(format_)
    else:
        text = "".join(shown.values()) or render.full(entries[0], output.page(out))
    output.emit([text], out, whole=not entries and format_ == "table")  # which is for copying


def _of_framework(name: str, names: list[str]) -> str:
    """The layer type that a framework calls so: `Conv2d`. Raises CnncalcError for other names."""
    from cnncalc.spec import frameworks

    if meaning := frameworks.meaning(name):
        return meaning.type
    if refused := frameworks.refusal(name, None):
        raise refused
    help_ = did_you_mean(name, names) or "'cnncalc layers' lists them"
    raise failure("unknown-type", f"there is no layer type '{name}'", help=help_)


def _with_frameworks(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    """An entry with what the layer is in each framework."""
    from cnncalc.exchange.targets.called import called
    from cnncalc.spec.reference import example

    return {**entry, "frameworks": called(example(entry["type"]))}


def _words(entry: Mapping[str, Any]) -> list[str]:
    """The name of a layer type, and its other names."""
    return [entry["type"], *entry["aliases"]]
