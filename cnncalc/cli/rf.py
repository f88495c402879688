"""`cnncalc rf`: how the receptive field grows, and what one unit sees."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cnncalc.cli import output
from cnncalc.cli.options import (
    ROWS,
    File,
    LayoutOption,
    OutputFile,
    Spec,
    complete_layer,
    formats,
)
from cnncalc.cli.values import neuron
from cnncalc.errors import failure
from cnncalc.version import VERSION

if TYPE_CHECKING:
    from cnncalc.network import Network
    from cnncalc.questions.rf import CoverageReport, Neuron
    from cnncalc.render.page import Page


RfFormat = Literal["table", "json", "jsonl", "csv", "tsv", "md", "latex", "svg"]


def rf(
    file: File,
    *,
    spec: Spec,
    at: Annotated[
        str | None,
        typer.Option(metavar="NAME:Y,X", rich_help_panel=ROWS,
                     help="Show what one unit sees; without Y,X the middle one.",
                     autocompletion=complete_layer),
    ] = None,
    through: Annotated[
        bool, typer.Option("--through", help="With --at, also show what it sees of inner layers.",
                           rich_help_panel=ROWS)
    ] = False,
    expand: Annotated[
        bool, typer.Option("--expand", help="Also show layers that keep the receptive field.",
                           rich_help_panel=ROWS)
    ] = False,
    format_: Annotated[RfFormat, formats()] = "table",
    out: OutputFile = None,
    layout: LayoutOption = None,
) -> None:  # fmt: skip
    """How much of the input each layer sees, or what a single unit sees.

    Examples:
        cnncalc rf resnet50
        cnncalc rf lenet5 --at C3:4,4
        cnncalc rf lenet5 --at C3:4,4 --through --json
        cnncalc rf lenet5 --at C3:4,4 -o cone.svg

    Raises:
        CnncalcError: for a unit that does not exist, or a picture of no unit.
    """
    from cnncalc.questions.rf import coverage, seen_by

    if format_ == "svg":
        _refuse_in_picture(at, through=through)
    network = spec.load(file)
    order = layout or network.layout
    if at and format_ == "svg":
        text = _cone(seen_by(network, *_neuron(at, network)), order)
    elif at:
        unit = seen_by(network, *_neuron(at, network))
        text = _unit(unit, format_, order, output.page(out), through=through)
    else:
        text = _advice(coverage(network), format_, order, output.page(out), expand=expand)
    output.emit([text], out)
    output.tell(spec.remarks(file, network.diagnostics))


def _neuron(at: str, network: Network) -> tuple[str, tuple[int, ...] | None]:
    """Split C3:4,4 into name and position; a layer's name may contain a colon itself.

    >>> from cnncalc import load
    >>> _neuron("C3:4,4", load("lenet5"))
    ('C3', (4, 4))
    """
    return (at, None) if any(node.name == at for node in network.nodes) else neuron(at)


def _refuse_in_picture(at: str | None, *, through: bool) -> None:
    """Raise CnncalcError for what a picture cannot show, or always shows."""
    if at is None:
        message = "a picture shows what one unit sees, and none is named"
        raise failure("usage", message, help="add --at NAME:Y,X", exit_code=output.USAGE)
    if through:
        message = "--through has no effect in a picture, which always shows the layers between"
        raise failure("usage", message, help="leave --through out", exit_code=output.USAGE)


def _cone(unit: Neuron, layout: str) -> str:
    from cnncalc.pictures.cone import place
    from cnncalc.render import svg

    return svg.text(place(unit, layout), ascii_only=output.ascii_only())


def _advice(advice: CoverageReport, format_: str, layout: str, page: Page, *, expand: bool) -> str:
    from cnncalc.questions.rf import growth
    from cnncalc.render import rf as render
    from cnncalc.render.json import dumps, json_lines

    if format_ == "json":
        return f"{dumps(render.document(advice, version=VERSION))}\n"
    covers = advice.covers if expand else growth(advice)
    if format_ == "jsonl":
        shown = advice._replace(covers=tuple(covers))
        return json_lines(render.document(shown, version=VERSION)["layers"])
    if format_ in {"csv", "tsv", "latex"}:
        return render.written(covers, layout, format_)
    if format_ == "md":
        return render.markdown(advice, covers, layout)
    return render.text(advice, covers, layout, page)


def _unit(unit: Neuron, format_: str, layout: str, page: Page, *, through: bool) -> str:
    from cnncalc.render import rf as render
    from cnncalc.render.json import dumps

    if format_ == "json":
        return f"{dumps(render.unit_document(unit, version=VERSION))}\n"
    return render.unit_text(unit, layout, page, through=through)
