"""`cnncalc check`: do networks still hold what their files promise?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from cnncalc.cli import output
from cnncalc.cli.groups import Cost, Spec
from cnncalc.cli.options import Json, OutputFile, complete_file, formats

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cnncalc.questions.check import CheckResult, CheckTerms

EPILOG = """Examples

cnncalc check nets/

cnncalc check mobilenet_v2@mobilenet_v2 --max-params 5M --max-macs 600M

cnncalc check lenet5 alexnet --format github

cnncalc check nets/*.yaml --json | jq -e 'all(.results[]; .ok)'
"""
LIMITS = "Budgets"


def _limit(key: str, relation: str) -> Callable[[str], object]:
    """A reader of one limit on the command line."""

    def parse(text: str) -> object:
        from cnncalc.errors import UnplacedError
        from cnncalc.spec.sections.expectations import parse_limit

        try:
            return parse_limit(key, f"{relation} {text}")
        except UnplacedError as problem:
            raise typer.BadParameter(f"'{text}' is no limit; write {problem.help}") from None

    return parse


def _option(name: str, metavar: str, help_: str, key: str, relation: str) -> Any:
    return typer.Option(
        name, metavar=metavar, help=help_, parser=_limit(key, relation), rich_help_panel=LIMITS
    )


Files = Annotated[
    list[str],
    typer.Argument(
        metavar="FILE...",
        help="Spec files, folders of them, - for standard input, or bundled networks.",
        autocompletion=complete_file,
        show_default=False,
    ),
]
MaxParams = Annotated[
    Any, _option("--max-params", "N", "At most so many parameters, such as 5M.", "params", "<=")
]
MaxMacs = Annotated[
    Any, _option("--max-macs", "N", "At most so many MACs, such as 600M.", "macs", "<=")
]
MaxPeak = Annotated[
    Any,
    _option("--max-peak-bytes", "BYTES", "At most so many bytes of activations at once: 256KiB.",
            "peak_activation_bytes", "<="),
]  # fmt: skip
MinRf = Annotated[
    Any, _option("--min-rf", "N", "A receptive field of at least N pixels.", "rf", ">=")
]
Style = Annotated[
    Literal["full", "concise", "json", "github"],
    formats("Failures with their lines, one line each, as JSON, or as GitHub annotations."),
]


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
    json: Json = False,
    out: OutputFile = None,
) -> None:
    """Validate specs; hold every variant to its 'expect' and its budget."""
    style = "json" if json else format_
    with output.guarded(json=style == "json"):
        from cnncalc.questions.check import CheckTerms

        limits = (max_params, max_macs, max_peak_bytes, min_rf)
        given = tuple(limit for limit in limits if limit is not None)
        terms = CheckTerms(given, cost.strict, spec.settings, spec.input, cost.batch, cost.dtype)
        codes: list[int] = []
        told = _told(files, spec.variant, terms, style, codes)
        output.emit(told, out, commands=style == "github")
        if any(codes):
            raise typer.Exit(max(codes))


def _told(
    files: list[str], variant: str | None, terms: CheckTerms, style: str, codes: list[int]
) -> Iterator[str]:
    """What is printed, network by network; `codes` collects their exit codes."""
    from cnncalc.questions.check import check as run

    def results() -> Iterator[CheckResult]:
        for result in run(*files, variant=variant, terms=terms):
            codes.append(result.exit_code)
            yield result

    yield from _document(results()) if style == "json" else _lines(results(), style)


def _document(results: Iterator[CheckResult]) -> Iterator[str]:
    from cnncalc.render import check as render
    from cnncalc.render.json import dumps

    yield dumps(render.document(list(map(render.entry, results)), version=output.version()))
    yield "\n"


def _lines(results: Iterator[CheckResult], style: str) -> Iterator[str]:
    """A line per network, then the count; --quiet shows only what fails."""
    from cnncalc.render import check as render

    color, ascii_only, quiet = output.colored(), output.ascii_only(), output.settings.quiet
    known: list[tuple[str, bool]] = []
    for result in results:
        known.append((result.file, result.ok))
        if not (quiet and result.ok):
            yield render.lines(result, style, color=color, ascii_only=ascii_only)
    if not (quiet and all(ok for _, ok in known)):
        yield f"{render.summary(known)}\n"
