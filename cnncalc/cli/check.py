"""`cnncalc check`: specs against their own `expect` and `budget`, and against given limits."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from cnncalc.cli import output
from cnncalc.cli.options import (
    SPEC,
    AlikeOption,
    Cost,
    MaxMacs,
    MaxParams,
    OutputFile,
    Spec,
    complete_file,
    formats,
    limit,
)
from cnncalc.errors import failure
from cnncalc.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cnncalc.questions.check import CheckResult, CheckTerms
    from cnncalc.render.page import Page

SUMMARY = "GITHUB_STEP_SUMMARY"  # names the file that a GitHub job shows as its summary

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
Against = Annotated[
    str | None,
    typer.Option(metavar="FILE", autocompletion=complete_file,
                 help="Fail where a layer differs from those of this spec or model file."),
]
Weights = Annotated[
    str | None,
    typer.Option(metavar="FILE", autocompletion=complete_file,
                 help="Fail where the tensors of this file (safetensors, JSON, ONNX) are not "
                      "those that the layers need. Only names and sizes are compared."),
]
Jobs = Annotated[
    int | None,
    typer.Option(min=1, metavar="N", show_default="the processors, for many files",
                 help="Number of processes."),
]
Base = Annotated[
    str | None,
    typer.Option(metavar="REV", rich_help_panel=SPEC,
                 help="Also show what changed since this git revision, such as main."),
]
Style = Annotated[
    Literal["full", "concise", "json", "github", "junit", "jsonl", "csv", "tsv", "md", "latex"],
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
    against: Against = None,
    alike: AlikeOption = None,
    weights: Weights = None,
    jobs: Jobs = None,
    base: Base = None,
    format_: Style = "full",
    out: OutputFile = None,
) -> None:
    """Validate specs, and check every variant against its 'expect' and 'budget'.

    Examples:
        cnncalc check nets/
        cnncalc check mobilenet_v2@mobilenet_v2 --max-params 5M --max-macs 600M
        cnncalc check lenet5 alexnet --format github
        cnncalc check nets/ --base main --format md
        cnncalc check nets/*.yaml --json | jq -e 'all(.results[]; .ok)'
        cnncalc check net.yaml --against model.onnx --alike inference
        cnncalc check net.yaml --weights model.safetensors

    Raises:
        typer.Exit: if a network fails, with the highest exit code of any.
    """
    from cnncalc.questions.check import CheckTerms

    if spec.partial:
        raise failure(
            "usage",
            "--partial leaves figures open, which cannot be checked",
            help="--until NAME ends the network before the operator that is not known",
            exit_code=output.USAGE,
        )
    if alike and not against:
        raise typer.BadParameter("needs --against", param_hint="--alike")
    limits = (max_params, max_macs, max_peak_bytes, min_rf)
    given = tuple(limit for limit in limits if limit is not None)
    terms = CheckTerms(
        given, cost.strict, spec.settings, spec.input, cost.batch, cost.dtype, spec.until, base,
        against, alike, weights, notes=format_ != "full",
    )  # fmt: skip
    done: list[CheckResult] = []
    text = _written(_results(files, spec.variant, terms, jobs, done), format_, output.page(out))
    output.emit(text, out, commands=format_ == "github")
    if format_ == "github":
        _summarise(done)
    if status := max((result.exit_code for result in done), default=0):
        raise typer.Exit(status)


def _results(
    files: list[str],
    variant: str | None,
    terms: CheckTerms,
    jobs: int | None,
    done: list[CheckResult],
) -> Iterator[CheckResult]:
    """The results, network by network, with a progress bar; they are also appended to `done`."""
    from cnncalc.questions.check import check_in_processes, specs

    with output.bar("check", len(specs(files))) as advance:
        for result in check_in_processes(files, variant=variant, terms=terms, jobs=jobs):
            if done and done[-1].file != result.file:
                advance(1)
            done.append(result)
            yield result


def _written(results: Iterator[CheckResult], format_: str, page: Page) -> Iterator[str]:
    from cnncalc.render import check as render
    from cnncalc.render.json import dumps, json_lines

    if format_ == "json":
        yield f"{dumps(render.document(list(map(render.entry, results)), version=VERSION))}\n"
    elif format_ == "junit":
        yield render.junit(list(results))
    elif format_ == "jsonl":
        yield from (json_lines([render.entry(result)]) for result in results)
    elif format_ in {"csv", "tsv", "latex"}:
        yield render.table(list(results)).written(format_)
    elif format_ == "md":
        yield render.markdown(list(results))
    else:
        yield from _lines(results, format_, page)


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


def _summarise(results: Sequence[CheckResult]) -> None:
    """Append the table to the summary of the GitHub job, where there is one."""
    from cnncalc.files import reason, unwritable
    from cnncalc.render import check as render

    path = os.environ.get(SUMMARY)
    if not path:
        return
    try:
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(f"{output.contained(render.markdown(results))}\n")
    except (OSError, ValueError) as error:
        raise unwritable(f"'{path}' of ${SUMMARY}", reason(error)) from None
