"""`cnncalc check`: specs against their own `expect` and `budget`, and against given limits."""

from __future__ import annotations

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
    from collections.abc import Iterator

    from cnncalc.questions.check import CheckResult, CheckTerms
    from cnncalc.render.page import Page

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
    from cnncalc.questions.check import CheckTerms

    limits = (max_params, max_macs, max_peak_bytes, min_rf)
    given = tuple(limit for limit in limits if limit is not None)
    terms = CheckTerms(given, cost.strict, spec.settings, spec.input, cost.batch, cost.dtype)
    exit_codes: list[int] = []
    text = _written(files, spec.variant, terms, format_, output.page(out), exit_codes)
    output.emit(text, out, commands=format_ == "github")
    if any(exit_codes):
        raise typer.Exit(max(exit_codes))


def _written(
    files: list[str],
    variant: str | None,
    terms: CheckTerms,
    format_: str,
    page: Page,
    exit_codes: list[int],
) -> Iterator[str]:
    """The text, network by network; appends each network's exit code to `exit_codes`."""
    from cnncalc.questions.check import check as run

    def results() -> Iterator[CheckResult]:
        for result in run(*files, variant=variant, terms=terms):
            exit_codes.append(result.exit_code)
            yield result

    yield from _document(results()) if format_ == "json" else _lines(results(), format_, page)


def _document(results: Iterator[CheckResult]) -> Iterator[str]:
    from cnncalc.render import check as render
    from cnncalc.render.json import dumps

    yield dumps(render.document(list(map(render.entry, results)), version=VERSION))
    yield "\n"


def _lines(results: Iterator[CheckResult], format_: str, page: Page) -> Iterator[str]:
    """A line per network, then the count; --quiet shows only what fails."""
    from cnncalc.render import check as render

    quiet = output.settings.quiet
    checked: list[tuple[str, bool]] = []
    for result in results:
        checked.append((result.file, result.ok))
        if not (quiet and result.ok):
            yield render.lines(result, format_, page)
    if not (quiet and all(ok for _, ok in checked)):
        yield f"{render.summary(checked)}\n"
