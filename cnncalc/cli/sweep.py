"""`cnncalc sweep`: one line of totals per setting."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cnncalc.cli import output
from cnncalc.cli.options import (
    ROWS,
    Batch,
    Dtype,
    File,
    OutputFile,
    Set,
    Spec,
    Training,
    Variant,
    complete_varied,
    formats,
    words,
)
from cnncalc.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from concurrent.futures import Executor
    from contextlib import AbstractContextManager

    from cnncalc.questions.sweep import SweepResult
    from cnncalc.render.page import Page

    Goal = tuple[str, int]  # a figure, and 1 where less of it is better, -1 where more

VARIED = "Settings"
TRAINING = "training_bytes"  # a figure where --training names the optimiser

# fmt: off
Vary = Annotated[
    list[str] | None,
    typer.Option("--vary", metavar="NAME=VALUES", rich_help_panel=VARIED,
                 autocompletion=complete_varied,
                 help="Values of a variable: a,b,c or FIRST:LAST:STEP, lists in brackets; "
                 "repeatable."),
]
VaryInput = Annotated[
    str | None,
    typer.Option(metavar="SHAPES", rich_help_panel=VARIED,
                 help="Input shapes, or sizes of square inputs: 160,192 or 160:320:32 or "
                 "480x640x3."),
]
Jobs = Annotated[
    int,
    typer.Option(min=1, metavar="N", help="Number of processes.", rich_help_panel=VARIED),
]
Scheduler = Annotated[
    str | None,
    typer.Option(metavar="ADDRESS", rich_help_panel=VARIED,
                 help="Compute on a running Dask cluster, tcp://HOST:PORT (extra cnncalc[dask])."),
]
Shard = Annotated[
    str, typer.Option(metavar="I/N", help="Compute only the I-th of N shares.",
                      rich_help_panel=VARIED)
]
Columns = Annotated[
    str | None,
    typer.Option(metavar="A,B,C", help="Figures to show; 'help' lists all.", rich_help_panel=ROWS),
]
Pareto = Annotated[
    str | None,
    typer.Option(metavar="A,B", rich_help_panel=ROWS,
                 help="Mark settings that no other beats in these figures; max:A where more "
                 "is better."),
]
Plot = Annotated[
    bool,
    typer.Option("--plot", help="Plot the settings by the figures of --pareto.",
                 rich_help_panel=ROWS),
]
Format = Annotated[
    Literal["table", "md", "latex", "csv", "tsv", "jsonl", "json"],
    formats("Output format; csv, tsv and jsonl are printed line by line as settings are computed."),
]
# fmt: on


def sweep(
    file: File,
    vary: Vary = None,
    vary_input: VaryInput = None,
    jobs: Jobs = 1,
    scheduler: Scheduler = None,
    shard: Shard = "1/1",
    variant: Variant = None,
    set_: Set = None,
    batch: Batch = None,
    dtype: Dtype = "fp32",
    training: Training = None,
    columns: Columns = None,
    pareto: Pareto = None,
    plot: Plot = False,
    format_: Format = "table",
    out: OutputFile = None,
) -> None:
    """Totals of one network under many settings, one line per setting.

    Examples:
        cnncalc sweep mobilenet_v2 --vary width=0.5:1.5:0.25 --pareto macs,max:rf --plot
        cnncalc sweep resnet18 --vary-input 160,224,320 --training adam --batch 32
        cnncalc sweep resnet50 --vary 'n=[2,2,2,2],[3,4,6,3]'
        cnncalc sweep resnet50 --vary wpg=16:128:4 --jobs 2 --shard 3/10 --format jsonl

    Raises:
        typer.BadParameter: where nothing varies, and for two ways to share the work.
        typer.Exit: where no setting works.
    """
    from cnncalc.figures import used

    if columns == "help":
        output.emit([", ".join((*used("sweep"), TRAINING)), "\n"])
        return
    from cnncalc.questions import settings
    from cnncalc.questions.sweep import sweep as start
    from cnncalc.render import sweep as render

    if not vary and vary_input is None:
        message = "there is nothing to vary: give --vary or --vary-input"
        raise typer.BadParameter(message, param_hint="--vary")
    if scheduler is not None and jobs > 1:
        message = "the cluster shares the work: leave out --jobs"
        raise typer.BadParameter(message, param_hint="--scheduler")
    figures = (*used("sweep"), *([TRAINING] if training else []))
    goals = [_goal(word, figures) for word in words(pareto)]
    shown = [_figure(word, figures) for word in words(columns)]
    few = render.COLUMNS if format_ in {"table", "md", "latex", "json"} else used("sweep")
    usual = [*few, *([TRAINING] if training else [])]
    tally = Tally()
    varied = _varied(vary or [])
    inputs = None if vary_input is None else settings.parse_inputs(vary_input)
    share = settings.parse_shard(shard)
    total = len(settings.SettingGrid(varied, inputs, share).numbers)
    with _cluster(scheduler) as executor, output.bar("sweep", total) as advance:
        results = start(
            file,
            vary=varied,
            vary_input=inputs,
            variant=variant,
            set=Spec(set=set_).settings,
            shard=share,
            jobs=jobs,
            executor=executor,
            batch=batch,
            dtype=dtype,
            optimiser=training,
        )
        page = output.page(out)
        stream = tally.counted(results, advance)
        text = _written(stream, goals, shown or usual, format_, page, plot=plot)
        output.emit(text, out)
    if tally.all and not tally.working:
        raise typer.Exit(output.INVALID)


def _cluster(address: str | None) -> AbstractContextManager[Executor | None]:
    """The executor of a cluster; None without an address."""
    if address is None:
        return nullcontext()
    from cnncalc.questions.cluster import connected

    return connected(address)


def _varied(texts: Sequence[str]) -> dict[str, Sequence[object]]:
    from cnncalc.questions.settings import parse_vary

    varied: dict[str, Sequence[object]] = {}
    for text in texts:
        name, values = parse_vary(text)
        if name in varied:
            raise typer.BadParameter(f"'{name}' is varied twice", param_hint="--vary")
        varied[name] = values
    return varied


def _figure(word: str, figures: Sequence[str]) -> str:
    """The name of a figure. Raises ChoiceError for any other word."""
    from cnncalc.render.choice import ChoiceError

    if word == TRAINING and word not in figures:
        message = f"{TRAINING} depend on the optimiser: add --training adam, momentum or sgd"
        raise typer.BadParameter(message, param_hint="--training")
    if word not in figures:
        raise ChoiceError("figure", word, figures)
    return word


def _goal(word: str, figures: Sequence[str]) -> Goal:
    """A figure with the direction that is better."""
    more, colon, key = word.rpartition(":")
    if colon and more not in {"max", "min"}:
        raise typer.BadParameter(f"'{word}' is not a goal; write max:{key} or min:{key}")
    return _figure(key, figures), -1 if more == "max" else 1


class Tally:
    """Counts results as they stream by."""

    def __init__(self) -> None:
        self.all = self.working = 0

    def counted(
        self, results: Iterable[SweepResult], advance: Callable[[int], None]
    ) -> Iterator[SweepResult]:
        """The same results; `advance` moves the progress bar."""
        for result in results:
            advance(1)
            self.all += 1
            self.working += result.ok
            yield result


def _written(
    stream: Iterator[SweepResult],
    goals: Sequence[Goal],
    columns: Sequence[str],
    format_: str,
    page: Page,
    *,
    plot: bool,
) -> Iterator[str]:
    """The text. csv, tsv and jsonl are written while later settings are still computed."""
    from cnncalc.questions.sweep import unbeaten
    from cnncalc.render import sweep as render
    from cnncalc.render.page import PIPE

    results: Iterable[SweepResult] = stream
    front = None
    if goals or plot or format_ in {"table", "md", "latex", "json"}:
        results = whole = list(stream)
        front = unbeaten(whole, goals) if goals else None
    if format_ in {"csv", "tsv"}:
        delimiter = "," if format_ == "csv" else "\t"
        yield from _flushed(render.separated(results, columns, front, delimiter))
    elif format_ == "jsonl":
        yield from _flushed(render.jsonl(results, front))
    else:
        yield _whole(whole, columns, front, format_, page)
        if plot and format_ in {"table", "md"}:
            page = PIPE if format_ == "md" else page
            yield from _plotted(whole, goals, front, page, fenced=format_ == "md")


def _flushed(lines: Iterator[str]) -> Iterator[str]:
    """Flush each line before the next setting is computed."""
    for line in lines:
        yield line
        sys.stdout.flush()


def _whole(
    results: Sequence[SweepResult],
    columns: Sequence[str],
    front: list[bool] | None,
    format_: str,
    page: Page,
) -> str:
    from cnncalc.render import sweep as render
    from cnncalc.render.json import dumps

    if format_ == "json":
        return f"{dumps(render.document(results, front, version=VERSION))}\n"
    if format_ in {"md", "latex"}:
        return render.table(results, columns, front, format_)
    return render.text(results, columns, front, page)


def _plotted(
    results: Sequence[SweepResult],
    goals: Sequence[Goal],
    front: list[bool] | None,
    page: Page,
    *,
    fenced: bool,
) -> Iterator[str]:
    from cnncalc.render import sweep

    across, up = sweep.axes(results, [key for key, _ in goals])
    fence = "```\n" if fenced else ""
    yield f"\n{fence}"
    yield sweep.plot(sweep.points(results, across, up, front), across, up, page)
    yield fence
