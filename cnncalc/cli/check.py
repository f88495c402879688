"""`cnncalc check`: specs against their own `expect` and `budget`, and against given limits."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from cnncalc.cli import output
from cnncalc.cli.options import (
    Cost,
    MaxMacs,
    MaxParams,
    OutputFile,
    Spec,
    complete_file,
    formats,
    limit,
)
from cnncalc.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cnncalc.questions.check import CheckResult, WrittenResult

# fmt: off
Files = Annotated[
    list[str],
    typer.Argument(metavar="FILE...", autocompletion=complete_file, show_default=False,
                   help="Spec files, folders of them, - for standard input, or bundled networks."),
]
MaxPeak = Annotated[
    Any,
    limit("--max-peak-bytes", "BYTES", "At most so many bytes of activations at once: 256KiB.",
          "peak_activation_bytes", "<="),
]
MinRf = Annotated[
    Any, limit("--min-rf", "N", "Receptive field of at least N pixels.", "rf", ">=")
]
Jobs = Annotated[
    int | None,
    typer.Option(min=1, metavar="N", show_default="the processors, for many files",
                 help="Number of processes."),
]
Style = Annotated[
    Literal["full", "concise", "json", "github"],
    formats("Output format: full shows source lines, concise one line per failure."),
]
# fmt: on


def check(
    files: Files,
    *,
    spec: Spec,
    cost: Cost,
    max_params: MaxParams = None,
    max_macs: MaxMacs = None,
    max_peak_bytes: MaxPeak = None,
    min_rf: MinRf = None,
    jobs: Jobs = None,
    format_: Style = "full",
    out: OutputFile = None,
) -> None:
    """Validate specs, and check every variant against its 'expect' and 'budget'.

    Examples:
        cnncalc check nets/
        cnncalc check mobilenet_v2@mobilenet_v2 --max-params 5M --max-macs 600M
        cnncalc check lenet5 alexnet --format github
        cnncalc check nets/*.yaml --json | jq -e 'all(.results[]; .ok)'

    Raises:
        typer.Exit: if a network fails, with the highest exit code of any.
    """
    from cnncalc.questions.check import CheckTerms, check_in_processes
    from cnncalc.render import check as render

    limits = (max_params, max_macs, max_peak_bytes, min_rf)
    given = tuple(limit for limit in limits if limit is not None)
    terms = CheckTerms(given, cost.strict, spec.settings, spec.input, cost.batch, cost.dtype)
    write: Callable[[CheckResult], Any] = render.entry
    if format_ != "json":
        write = partial(
            render.lines, style=format_, color=output.colored(), ascii_only=output.ascii_only()
        )
    results = check_in_processes(files, write, variant=spec.variant, terms=terms, jobs=jobs)
    exit_codes: list[int] = []
    text = (_document if format_ == "json" else _lines)(results, exit_codes)
    output.emit(text, out, commands=format_ == "github")
    if any(exit_codes):
        raise typer.Exit(max(exit_codes))


def _document(results: Iterator[WrittenResult], exit_codes: list[int]) -> Iterator[str]:
    """The JSON document; appends each network's exit code to `exit_codes`."""
    from cnncalc.render import check as render
    from cnncalc.render.json import dumps

    entries = []
    for result in results:
        exit_codes.append(result.exit_code)
        entries.append(result.written)
    yield dumps(render.document(entries, version=VERSION))
    yield "\n"


def _lines(results: Iterator[WrittenResult], exit_codes: list[int]) -> Iterator[str]:
    """A line per network, then the count; --quiet shows only what fails."""
    from cnncalc.render import check as render

    quiet = output.settings.quiet
    checked: list[tuple[str, bool]] = []
    for result in results:
        exit_codes.append(result.exit_code)
        ok = result.exit_code == 0
        checked.append((result.file, ok))
        if not (quiet and ok):
            yield result.written
    if not (quiet and all(ok for _, ok in checked)):
        yield f"{render.summary(checked)}\n"
