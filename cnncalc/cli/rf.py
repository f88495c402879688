"""`cnncalc rf`: how the receptive field grows, and what one unit sees."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cnncalc.cli import output
from cnncalc.cli.groups import Spec
from cnncalc.cli.options import ROWS, File, Json, LayoutOption, OutputFile, complete_layer, formats
from cnncalc.cli.values import place

if TYPE_CHECKING:
    from cnncalc.network import Network
    from cnncalc.questions.rf import CoverageReport, Neuron

EPILOG = """Examples

cnncalc rf resnet50

cnncalc rf lenet5 --at C3:4,4

cnncalc rf lenet5 --at C3:4,4 --through --json
"""


def rf(
    file: File,
    *,
    spec: Spec,
    at: Annotated[
        str | None,
        typer.Option(metavar="NAME:Y,X", help="What this unit sees; without a place, the middle.",
                     autocompletion=complete_layer, rich_help_panel=ROWS),
    ] = None,
    through: Annotated[
        bool, typer.Option("--through", help="With --at: also what it sees of every layer between.",
                           rich_help_panel=ROWS)
    ] = False,
    expand: Annotated[
        bool, typer.Option("--expand", help="Also layers that hand the field on as it is.",
                           rich_help_panel=ROWS)
    ] = False,
    format_: Annotated[Literal["table", "md", "json"], formats()] = "table",
    json: Json = False,
    out: OutputFile = None,
    layout: LayoutOption = None,
) -> None:  # fmt: skip
    """How much of the input the layers see, or what one unit sees of it."""
    format_ = "json" if json else format_
    if through and not at:
        raise typer.BadParameter("needs --at", param_hint="--through")
    with output.guarded(json=format_ == "json"):
        from cnncalc.questions.rf import coverage, seen_by

        network = spec.load(file)
        order = layout or network.layout
        if at:
            pieces = _unit(seen_by(network, *_place(at, network)), format_, order, through=through)
        else:
            pieces = _advice(coverage(network), format_, order, expand=expand)
        output.emit(pieces, out)
        output.tell(network.diagnostics)


def _place(at: str, network: Network) -> tuple[str, tuple[int, ...] | None]:
    """C3:4,4 as a name and a place; a name alone has none, even one with a colon in it.

    >>> from cnncalc import load
    >>> _place("C3:4,4", load("lenet5"))
    ('C3', (4, 4))
    """
    named = any(node.name == at for node in network.nodes)
    return (at, None) if named else place(at)


def _advice(advice: CoverageReport, format_: str, layout: str, *, expand: bool) -> Iterator[str]:
    from cnncalc.questions.rf import growth
    from cnncalc.render import rf as render

    if format_ == "json":
        yield from _document(render.document(advice, version=output.version()))
        return
    covers = advice.covers if expand else growth(advice)
    if format_ == "md":
        yield render.markdown(advice, covers, layout)
    else:
        yield render.text(advice, covers, layout, ascii_only=output.ascii_only())


def _unit(unit: Neuron, format_: str, layout: str, *, through: bool) -> Iterator[str]:
    from cnncalc.render import rf as render

    if format_ == "json":
        yield from _document(render.unit_document(unit, version=output.version()))
        return
    yield render.unit_text(unit, layout, through=through, ascii_only=output.ascii_only())


def _document(document: dict[str, object]) -> Iterator[str]:
    from cnncalc.render.json import dumps

    yield from (dumps(document), "\n")
