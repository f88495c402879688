"""`cnncalc draw`: a picture of a network, as SVG or as text for other programs that draw."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple, get_args

import typer

from cnncalc import files
from cnncalc.cli import output
from cnncalc.cli.command import ENDINGS
from cnncalc.cli.options import (
    ROWS,
    File,
    LayoutOption,
    OutputFile,
    Spec,
    complete_layer,
    formats,
)
from cnncalc.errors import failure
from cnncalc.version import VERSION

if TYPE_CHECKING:
    from cnncalc.pictures.picture import Picture

LOOK = "Look"
Style = Literal["auto", "column", "lanes", "volume", "sheets"]
Show = Literal["shape", "params", "macs", "rf"]
Scale = Literal["auto", "linear", "sqrt"]
Theme = Literal["auto", "light", "dark"]
Format = Literal["svg", "dot", "mermaid", "tikz", "json"]
SCALED = ("volume", "sheets")  # styles that draw sizes as lengths
PLACED = ("svg", "tikz")  # formats in which boxes have places; other programs find their own


class DrawOptions(NamedTuple):
    """What is drawn, and how it looks."""

    # fmt: off
    style: Annotated[
        Style,
        typer.Option(help="Top to bottom, left to right by resolution, as solids, or as the sheets "
                          "of LeNet's figure.", rich_help_panel=LOOK),
    ] = "auto"
    show: Annotated[
        Show, typer.Option(help="The third line of each box.", rich_help_panel=LOOK)
    ] = "shape"
    scale: Annotated[
        Scale,
        typer.Option(help="Sizes as lengths, for volume and sheets: so that all are seen, true to "
                          "scale, or as square roots.", rich_help_panel=LOOK),
    ] = "auto"
    theme: Annotated[
        Theme, typer.Option(help="Colours: as the reader prefers, light or dark.",
                            rich_help_panel=LOOK)
    ] = "auto"
    title: Annotated[
        str | None, typer.Option(metavar="TEXT", help="A heading above the picture.",
                                 rich_help_panel=LOOK)
    ] = None
    no_legend: Annotated[
        bool, typer.Option("--no-legend", help="Leave out what the colours mean.",
                           rich_help_panel=LOOK)
    ] = False
    depth: Annotated[
        int | None,
        typer.Option(min=0, metavar="N", help="Fold parts of the network below N levels.",
                     rich_help_panel=ROWS),
    ] = None
    expand: Annotated[
        bool, typer.Option("--expand", help="Draw every layer as its own box, attached ones too.",
                           rich_help_panel=ROWS)
    ] = False
    at: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Draw only this layer or part.",
                     autocompletion=complete_layer, rich_help_panel=ROWS),
    ] = None
    no_stack: Annotated[
        bool, typer.Option("--no-stack", help="Draw equal parts in a row one by one.",
                           rich_help_panel=ROWS)
    ] = False
    format_: Annotated[
        Format | None,
        formats("Output format; else as the name of the file ends, else svg.", None),
    ] = None
    out: OutputFile = None
    layout: LayoutOption = None
    # fmt: on


def draw(file: File, *, spec: Spec, options: DrawOptions) -> None:
    """A picture of a network: its layers as boxes, what they read as lines.

    SVG files need nothing but a browser, and follow its light or dark theme. rsvg-convert and
    Inkscape turn them into PDF and PNG. dot, mermaid and tikz are text for Graphviz, Markdown and
    LaTeX.

    Examples:
        cnncalc draw resnet50 -o resnet50.svg
        cnncalc draw unet --depth 0 -o unet.svg
        cnncalc draw vgg16 --style volume -o vgg16.svg
        cnncalc draw googlenet --at inception3a -o inception.svg
        cnncalc draw resnet18 --format dot

    Raises:
        CnncalcError: if the network is invalid, or the style cannot show it.
    """
    from cnncalc.analysis.engine import analyze
    from cnncalc.pictures.boxes import PictureOptions, picture
    from cnncalc.render.choice import Choice

    form = _format(options)
    _refuse_void(options, form)
    network = spec.load(file)
    report = analyze(network)
    choice = Choice(depth=options.depth, expand=options.expand, at=options.at,
                    layout=options.layout)  # fmt: skip
    look = PictureOptions(options.show, not options.no_stack, options.title, not options.no_legend,
                          options.scale)  # fmt: skip
    text = _written(picture(report, choice, look), form, options)
    _emit(text, options.out, report.name, form)
    output.tell(network.diagnostics)


def _format(options: DrawOptions) -> Format:
    """The format asked for, or that of the file's name, which is found before.

    Raises:
        CnncalcError: for a name that ends as that of no format.
    """
    if options.format_:
        return options.format_
    if options.out in (None, "-", *output.STDOUT):
        return "svg"
    suffix = Path(options.out or "").suffix.lower()
    known = ", ".join(end for end, styles in ENDINGS.items() if set(styles) & set(get_args(Format)))
    help_ = f"end it with one of {known}, or name the format with --format"
    if suffix in (".png", ".pdf"):
        svg = Path(options.out or "").with_suffix(".svg")
        help_ = f"write {svg}, then rsvg-convert -f {suffix[1:]} -o {options.out} {svg}"
    message = f"the name '{options.out}' tells no format that 'draw' writes"
    raise failure("usage", message, help=help_, exit_code=output.USAGE)


def _refuse_void(options: DrawOptions, form: Format) -> None:
    """Raise CnncalcError for options that would have no effect."""
    if options.expand and options.depth is not None:
        message = "--expand shows every row, --depth folds them"
        raise failure("usage", message, help="leave one of the two out", exit_code=output.USAGE)
    void = {
        "--style": options.style != "auto" and form not in PLACED,
        "--no-legend": options.no_legend and form not in PLACED,
        "--theme": options.theme != "auto" and form != "svg",
    }
    for option, meant in void.items():
        if meant:
            message = f"{option} has no effect with --format {form}"
            help_ = "it is for svg" + (" and tikz" if option != "--theme" else "")
            raise failure("usage", message, help=help_, exit_code=output.USAGE)
    if options.scale != "auto" and (options.style not in SCALED or form not in PLACED):
        of = f"--style {options.style}" if form in PLACED else f"--format {form}"
        message = f"--scale has no effect with {of}"
        help_ = "it is for --style volume and --style sheets"
        raise failure("usage", message, help=help_, exit_code=output.USAGE)


def _written(picture: Picture, form: Format, options: DrawOptions) -> str:
    """The picture as text in a format."""
    if form == "json":
        from cnncalc.render import picture_json
        from cnncalc.render.json import dumps

        return f"{dumps(picture_json.document(picture, version=VERSION))}\n"
    if form == "dot":
        from cnncalc.render import dot

        return dot.text(picture)
    if form == "mermaid":
        from cnncalc.render import mermaid

        return mermaid.text(picture)
    from cnncalc.pictures.styles import placed

    shapes = placed(picture, options.style)
    if form == "tikz":
        from cnncalc.render import tikz

        return tikz.text(shapes)
    from cnncalc.render import svg

    return svg.text(shapes, options.theme, ascii_only=output.ascii_only())


def _emit(text: str, out: str | None, name: str, form: Format) -> None:
    """Write the text to the file of -o; else to stdout, or to a new file if that is a terminal."""
    if out is not None or form in ("json", "dot", "mermaid") or not output.terminal():
        output.emit([text], out)
        return
    path = re.sub(r"[^\w.@-]+", "_", name).strip(".") or "network"
    path += ".tex" if form == "tikz" else f".{form}"
    files.write(path, text, replace=False, remedy=f"-o {path} replaces it")
    if not output.settings.quiet:
        output.say(f"wrote {path}")
