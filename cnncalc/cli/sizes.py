"""`cnncalc sizes`: which input sizes work, and why others fail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cnncalc.cli import output
from cnncalc.cli.options import File, FormatOption, OutputFile, Spec
from cnncalc.cli.values import OptionValues, comma_list, count, per_axis
from cnncalc.version import VERSION

if TYPE_CHECKING:
    from cnncalc.questions.sizes import Sizes
    from cnncalc.render.page import Page

SIZES = "Sizes"


def sizes(
    file: File,
    *,
    spec: Spec,
    start: Annotated[
        int | None,
        typer.Option("--from", min=1, metavar="INT", help="First size to try.",
                     show_default="half the spec's", rich_help_panel=SIZES),
    ] = None,
    stop: Annotated[
        int | None,
        typer.Option("--to", min=1, metavar="INT", help="Last size to try.",
                     show_default="one and a half times the spec's", rich_help_panel=SIZES),
    ] = None,
    step: Annotated[
        int, typer.Option(min=1, metavar="INT", help="Step from one size to the next.",
                          rich_help_panel=SIZES)
    ] = 1,
    axes: Annotated[
        str | None,
        typer.Option(metavar="LETTERS", help="Axes that vary; w alone keeps the height.",
                     show_default="hw", rich_help_panel=SIZES),
    ] = None,
    exact: Annotated[
        bool, typer.Option("--exact", help="Only sizes that every layer reads completely.",
                           rich_help_panel=SIZES)
    ] = False,
    wanted: Annotated[
        OptionValues | None,
        typer.Option("--out", "-O", metavar="INT|NxN", parser=comma_list(per_axis(count)),
                     help="Only sizes that give this output: 28, or 28x28; without --from and --to "
                     "they are looked for far and wide.", show_default=False,
                     rich_help_panel=SIZES),
    ] = None,
    format_: FormatOption = "table",
    out: OutputFile = None,
) -> None:  # fmt: skip
    """Input sizes that a network works on, and why the others fail.

    Examples:
        cnncalc sizes unet-padded --from 320 --to 360
        cnncalc sizes resnet50 --exact
        cnncalc sizes "28x28x1; conv 16 5x5; maxpool 2" --out 28x28
        cnncalc sizes unet-padded --axes w --format csv

    Raises:
        typer.BadParameter: where --to lies below --from.
        typer.Exit: where no size works.
    """
    if spec.partial:
        raise typer.BadParameter("an unknown operator has no size of its own",
                                 param_hint="--partial")  # fmt: skip
    if start is not None and stop is not None and start > stop:
        raise typer.BadParameter("lies below --from", param_hint="--to")
    if wanted and len(wanted.values) > 1:
        raise typer.BadParameter("takes one output, such as 28 or 28x28", param_hint="--out")
    asked: tuple[int, ...] | None = wanted.values[0] if wanted else None
    from cnncalc.questions.sizes import sizes as ask

    with output.bar("sizes", 1) as advance:
        answer = ask(file, start=start, stop=stop, step=step, axes=axes, variant=spec.variant,
                     set=spec.settings, input=spec.input, until=spec.until, giving=asked,
                     watch=advance)  # fmt: skip
    found = answer.exact if exact else answer.working
    if asked:
        found = tuple(size for size in found if size in answer.giving(asked))
    ok = bool(found)
    page = output.page(out)
    output.emit([_written(answer, format_, page, exact=exact, ok=ok, wanted=asked)], out)
    if not ok:
        raise typer.Exit(output.INVALID)


def _written(
    answer: Sizes,
    format_: str,
    page: Page,
    *,
    exact: bool,
    ok: bool,
    wanted: tuple[int, ...] | None,
) -> str:
    from cnncalc.render import sizes as render
    from cnncalc.render.json import dumps, json_lines
    from cnncalc.render.table import STYLES

    if format_ == "json":
        return f"{dumps(render.document(answer, version=VERSION, ok=ok, wanted=wanted))}\n"
    if format_ == "jsonl":
        return json_lines(render.document(answer, version=VERSION, ok=ok, wanted=wanted)["sizes"])
    if format_ in STYLES:
        return render.table(answer).written(format_)
    return render.text(answer, page, exact=exact, wanted=wanted)
