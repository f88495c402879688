"""`cnncalc sweep`: one line of totals per setting."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cnncalc.cli import output
from cnncalc.cli.groups import Spec
from cnncalc.cli.options import (
    ROWS,
    Batch,
    Dtype,
    File,
    Json,
    OutputFile,
    Set,
    Variant,
    formats,
    words,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from cnncalc.questions.sweep import SweepResult

VARIED = "Settings"
EPILOG = """Examples

cnncalc sweep mobilenet_v2 --vary width=0.5:1.5:0.25 --pareto macs,max:rf --plot

cnncalc sweep resnet18 --vary-input 160,224,320

cnncalc sweep resnet50 --vary 'n=[2,2,2,2],[3,4,6,3]'

cnncalc sweep resnet50 --vary wpg=16:128:4 --jobs 2 --shard 3/10 --format jsonl
"""

Vary = Annotated[
    list[str] | None,
    typer.Option(
        "--vary",
        metavar="NAME=VALUES",
        help="Values of a variable: a,b,c or FIRST:LAST:STEP, lists in brackets; repeatable.",
        rich_help_panel=VARIED,
    ),
]
VaryInput = Annotated[
    str | None,
    typer.Option(
        metavar="SHAPES",
        help="Input shapes, or sizes of square inputs: 160,192 or 160:320:32 or 480x640x3.",
        rich_help_panel=VARIED,
    ),
]
Jobs = Annotated[
    int,
    typer.Option(min=1, metavar="N", help="Processes that share the work.", rich_help_panel=VARIED),
]
Shard = Annotated[
    str, typer.Option(metavar="I/N", help="Only the I-th of N shares.", rich_help_panel=VARIED)
]
Columns = Annotated[
    str | None,
    typer.Option(metavar="A,B,C", help="Figures to show; 'help' lists them.", rich_help_panel=ROWS),
]
Pareto = Annotated[
    str | None,
    typer.Option(
        metavar="A,B",
        help="Mark settings that no other beats in these figures; max:A where more is better.",
        rich_help_panel=ROWS,
    ),
]
Plot = Annotated[
    bool,
    typer.Option(
        "--plot",
        help="Draw the settings as points, by the figures of --pareto.",
        rich_help_panel=ROWS,
    ),
]
Format = Annotated[
    Literal["table", "md", "csv", "tsv", "jsonl", "json"],
    formats("How to write the result; csv, tsv and jsonl stream."),
]


def sweep(
    file: File,
    vary: Vary = None,
    vary_input: VaryInput = None,
    jobs: Jobs = 1,
    shard: Shard = "1/1",
    variant: Variant = None,
    set_: Set = None,
    batch: Batch = None,
    dtype: Dtype = "fp32",
    columns: Columns = None,
    pareto: Pareto = None,
    plot: Plot = False,
    format_: Format = "table",
    json: Json = False,
    out: OutputFile = None,
) -> None:
    """The totals of one network under many settings, one line for each."""
    style = "json" if json else format_
    with output.guarded(json=style == "json"):
        from cnncalc.figures import used
        from cnncalc.questions import settings
        from cnncalc.questions.sweep import sweep as start

        if columns == "help":
            output.emit([", ".join(used("sweep")), "\n"])
            return
        if not vary and vary_input is None:
            message = "there is nothing to vary: give --vary or --vary-input"
            raise typer.BadParameter(message, param_hint="--vary")
        run = start(
            file,
            vary=_varied(vary or []),
            vary_input=None if vary_input is None else settings.parse_inputs(vary_input),
            variant=variant,
            set=Spec(set=set_).settings,
            shard=settings.parse_shard(shard),
            jobs=jobs,
            batch=batch,
            dtype=dtype,
        )
        aims = [_aim(word) for word in words(pareto)]
        shown = [_figure(word) for word in words(columns)]
        tally = Tally()
        output.emit(_told(tally.counted(run), aims, shown, style, plot=plot), out)
        if tally.all and not tally.working:
            raise typer.Exit(output.INVALID)


def _figure(word: str) -> str:
    """The name of a figure. Raises ChoiceError for any other word."""
    from cnncalc.figures import used
    from cnncalc.render.choice import ChoiceError

    if word not in used("sweep"):
        raise ChoiceError("figure", word, used("sweep"))
    return word


def _aim(word: str) -> tuple[str, int]:
    """A figure, and 1 where less of it is better, -1 where more."""
    more, colon, key = word.rpartition(":")
    if colon and more not in {"max", "min"}:
        raise typer.BadParameter(f"'{word}' is no aim; write max:{key} or min:{key}")
    return _figure(key), -1 if more == "max" else 1


class Tally:
    """Counts what passes by."""

    def __init__(self) -> None:
        self.all = self.working = 0

    def counted(self, outcomes: Iterable[SweepResult]) -> Iterator[SweepResult]:
        """The same outcomes."""
        for outcome in outcomes:
            self.all += 1
            self.working += outcome.ok
            yield outcome


def _varied(texts: Sequence[str]) -> dict[str, Sequence[object]]:
    from cnncalc.questions.settings import parse_vary

    found: dict[str, Sequence[object]] = {}
    for text in texts:
        name, values = parse_vary(text)
        if name in found:
            raise typer.BadParameter(f"'{name}' is varied twice", param_hint="--vary")
        found[name] = values
    return found


def _told(
    run: Iterator[SweepResult],
    aims: Sequence[tuple[str, int]],
    columns: Sequence[str],
    style: str,
    *,
    plot: bool,
) -> Iterator[str]:
    """What is printed; only lines of their own kind can be printed while others are computed."""
    from cnncalc.render import sweep as render

    outcomes: Iterable[SweepResult] = run
    front = None
    if aims or plot or style in {"table", "md", "json"}:
        outcomes = list(run)
        front = _front(outcomes, aims)
    if style in {"csv", "tsv"}:
        from cnncalc.figures import used

        delimiter = "," if style == "csv" else "\t"
        yield from _flushed(render.separated(outcomes, columns or used("sweep"), front, delimiter))
    elif style == "jsonl":
        yield from _flushed(render.jsonl(outcomes, front))
    else:
        yield _whole(list(outcomes), columns, front, style)
    if plot and style in {"table", "md"}:
        yield from _plotted(list(outcomes), aims, front, fenced=style == "md")


def _flushed(lines: Iterator[str]) -> Iterator[str]:
    """Each line reaches the reader before the next is computed."""
    for line in lines:
        yield line
        sys.stdout.flush()


def _front(outcomes: Sequence[SweepResult], aims: Sequence[tuple[str, int]]) -> list[bool] | None:
    from cnncalc.questions.sweep import unbeaten

    return unbeaten(outcomes, aims) if aims else None


def _whole(
    outcomes: Sequence[SweepResult], columns: Sequence[str], front: list[bool] | None, style: str
) -> str:
    from cnncalc.render import sweep as render
    from cnncalc.render.json import dumps

    if style == "json":
        return f"{dumps(render.document(outcomes, front, version=output.version()))}\n"
    if style == "md":
        return render.table(outcomes, columns or render.COLUMNS, front)
    chosen = columns or render.COLUMNS
    return render.text(outcomes, chosen, front, ascii_only=output.ascii_only())


def _plotted(
    outcomes: Sequence[SweepResult],
    aims: Sequence[tuple[str, int]],
    front: list[bool] | None,
    *,
    fenced: bool,
) -> Iterator[str]:
    from cnncalc.render import scatter, sweep

    across, up = sweep.axes(outcomes, [key for key, _ in aims])
    fence = "```\n" if fenced else ""
    yield f"\n{fence}"
    yield scatter.text(sweep.points(outcomes, across, up, front), across, up)
    yield fence
