"""`cnncalc slide`: the window of a convolution or a pool slides, step by step."""

from __future__ import annotations

import sys
from pathlib import Path
from time import sleep
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple

import typer

from cnncalc import files
from cnncalc.cli import output
from cnncalc.cli.options import OUT, Spec, formats
from cnncalc.cli.slide_layer import GivenNumbers, Operation, Settings, layer_of_network, own_layer
from cnncalc.errors import counted, failure
from cnncalc.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnncalc.pictures.sliding import Sliding

Format = Literal["text", "json", "svg", "gif"]
MAX_STEPS = 128  # beyond these nobody reads on unasked
SUFFIXES: dict[str, Format] = {".svg": "svg", ".gif": "gif", ".json": "json", ".txt": "text"}
BACK = "\x1b[{}F\x1b[J"  # to the beginning of a line above, and clear what is below


class Showing(NamedTuple):
    """How the steps are shown, and where."""

    # fmt: off
    speed: Annotated[
        float | None,
        typer.Option(min=0.01, max=100, metavar="N", rich_help_panel=OUT, show_default="1",
                     help="Steps a second of files; on a terminal, play instead of waiting for "
                          "Enter."),
    ] = None
    format_: Annotated[
        Format | None, formats("Output format; else as the name of the file ends, else text.", None)
    ] = None
    out: Annotated[
        str | None,
        typer.Option("-o", "--output", metavar="FILE|DIR/", rich_help_panel=OUT,
                     help="An animated .svg or .gif, or a folder for one .svg a step."),
    ] = None
    # fmt: on


def slide(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[FILE NAME[:K]]",
            show_default=False,
            help="A layer of a network, and which of its maps, counted from 0.",
        ),
    ] = None,
    *,
    op: Annotated[
        Operation, typer.Option("--op", help="What slides.", rich_help_panel="Layer")
    ] = "conv",
    settings: Settings,
    numbers: GivenNumbers,
    spec: Spec,
    showing: Showing,
) -> None:
    """The window of a convolution or a pool slides over its input, step by step.

    In a terminal Enter shows the next step. Files are animated SVGs, which browsers play, GIFs,
    which need Pillow, or a folder of stills.

    Examples:
        cnncalc slide --w 5 --f 3
        cnncalc slide --w 5 --f 3 --s 2 --p 1 -o s.svg
        cnncalc slide --op maxpool --x "1 3 2 1; 4 6 5 0; 7 2 9 8; 1 0 3 4" --f 2
        cnncalc slide --op conv-transpose --x "0 1; 2 3" --filter "0 1; 2 3" --s 2
        cnncalc slide digits conv1:2 --values digits_7.pgm -o stills/

    Raises:
        CnncalcError: where the layer or the options do not work.
    """
    form = _format(showing)
    if words and len(words) != 2:  # noqa: PLR2004 - FILE NAME
        raise _usage(
            f"'{words[0]}' lacks the layer's name"
            if len(words) == 1
            else f"'{words[2]}' is one word too many",
            "write FILE NAME, as in lenet5 C1",
        )
    if words and op != "conv":
        raise _usage("--op is for a layer without a network", "leave out --op")
    if not words and (spec.variant or spec.set or spec.input):
        raise _usage("--input, --set and --variant are for a network", "write FILE NAME first")
    found = (
        layer_of_network(words, spec, settings, numbers) if words
        else own_layer(op, settings, numbers)
    )  # fmt: skip
    if form is None:
        _stills(found, showing.out or "")
    elif form == "gif":
        from cnncalc.pictures.window import scene
        from cnncalc.render import slide_gif

        files.write(showing.out or "", slide_gif.animated(scene(found), showing.speed or 1.0))
    elif form == "text" and showing.out is None and output.terminal():
        _play(found, showing.speed)
    else:
        output.emit(_written(found, form, showing), showing.out)


def _format(showing: Showing) -> Format | None:
    """The format asked for, or that of the file's name; None for a folder of stills.

    Raises:
        CnncalcError: for a name that ends as that of no format, and for void options.
    """
    out = showing.out or "-"
    form = showing.format_ or SUFFIXES.get(Path(out).suffix.lower())
    if out in ("-", *output.STDOUT):
        form = showing.format_ or "text"
        if form == "gif":
            raise _usage("a GIF is written to a file", "-o slide.gif")
    elif form is None and not out.endswith(("/", "\\")) and not Path(out).is_dir():
        message = f"the name '{out}' tells no format that 'slide' writes"
        raise _usage(message, f"end it with one of {', '.join(SUFFIXES)}, or with / for stills")
    playing = form in ("svg", "gif") or (
        form == "text" and showing.out is None and output.terminal()
    )
    if showing.speed and not playing:
        raise _usage("--speed is for animated files and terminals", "-o slide.svg is animated")
    return form


def _written(sliding: Sliding, form: Format, showing: Showing) -> Iterator[str]:
    """The text of a format, in pieces."""
    from cnncalc.render import slide as render

    if form == "json":
        from cnncalc.render.json import dumps

        yield f"{dumps(render.document(sliding, version=VERSION))}\n"
    elif form == "svg":
        from cnncalc.pictures.window import scene
        from cnncalc.render import slide_svg

        yield slide_svg.animated(scene(sliding), showing.speed or 1.0)
    else:
        asked = showing.out or showing.format_
        shown = len(sliding.stops) if asked else min(len(sliding.stops), MAX_STEPS)
        for step in range(shown):
            yield "".join(f"{line}\n" for line in (*render.frame(sliding, step), ""))
        if more := len(sliding.stops) - shown:
            yield f"and {counted(more, 'more step')} (--format text shows them all)\n"


def _stills(sliding: Sliding, out: str) -> None:
    """Write one SVG file a step into a folder, which is made."""
    from cnncalc.pictures.window import scene
    from cnncalc.render import slide_svg

    folder = Path(out)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        raise files.unwritable(f"to '{out}'", files.reason(error)) from None
    placed = scene(sliding)
    digits = len(str(len(placed.stops)))
    for step in range(len(placed.stops)):
        files.write(folder / f"step_{step + 1:0{digits}}.svg", slide_svg.still(placed, step))
    if not output.settings.quiet:
        output.say(f"wrote {len(placed.stops)} stills to {out}")


def _play(sliding: Sliding, speed: float | None) -> None:
    """Show the steps on a terminal: by themselves with a speed, else at every Enter."""
    from cnncalc.render import slide as render

    page = output.page(None)
    waits = speed is None and output.terminal(sys.stdin)
    height = 0
    for step in range(len(sliding.stops)):
        lines = list(render.frame(sliding, step, width=page.width, color=page.color))
        if speed and height:
            sleep(1 / speed)
            sys.stdout.write(BACK.format(height))
        elif step and waits and not _entered():
            return
        height = len(lines) + 1
        output.emit(["".join(f"{line}\n" for line in (*lines, ""))])


def _entered() -> bool:
    """Wait for Enter; False where the input ends, or begins with q."""
    output.say("Enter: next step, q: end")
    line = sys.stdin.readline()
    return bool(line) and not line.startswith("q")


def _usage(message: str, help: str) -> Exception:
    return failure("usage", message, help=help, exit_code=output.USAGE)
