"""`cnncalc solve`: which settings of a window give the wanted output."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cnncalc.cli import output
from cnncalc.cli.options import OUT, FormatOption, OutputFile
from cnncalc.cli.values import OptionValues, comma_list, count, natural, sides
from cnncalc.version import VERSION
from cnncalc.window import PADDING_RULES

if TYPE_CHECKING:
    from cnncalc.questions.solve import SolveResult
    from cnncalc.render.page import Page

GIVEN = "Known values (comma lists; what is left out is searched for)"


def zeros(text: str) -> object:
    """Zeros on each side: 2, 0+1, or a rule's word.

    >>> zeros("0+1"), zeros("same")
    ((0, 1), 'same')
    """
    return text if text in PADDING_RULES else sides(text)


def _given(names: str, metavar: str, help_: str, read: Any, default: Any) -> Any:
    return typer.Option(
        *names.split(), metavar=metavar, help=help_, parser=comma_list(read),
        rich_help_panel=GIVEN, show_default=default,
    )  # fmt: skip


def solve(
    *,
    wanted: Annotated[
        int, typer.Option("--out", "-O", min=1, metavar="INT", help="Output size to reach.",
                          show_default=False)
    ],
    w: Annotated[
        OptionValues | None, _given("--w -W", "INT", "Size of the input.", count, "any")
    ] = None,
    f: Annotated[
        OptionValues | None, _given("--f -F", "INT", "Size of the filter.", count, "1 to 11, or S")
    ] = None,
    s: Annotated[
        OptionValues | None, _given("--s -S", "INT", "Stride.", count, "1 to 32; 1 to 4 without W")
    ] = None,
    p: Annotated[
        OptionValues | None,
        _given("--p -P", "INT|RULE",
               "Zeros on each side: 2, 0+1, or same, half, valid, full, causal.",
               zeros, "0 to F/2"),
    ] = None,
    dilation: Annotated[
        OptionValues | None,
        _given("--dilation", "INT", "Distance between neighbouring filter taps.", count, "1"),
    ] = None,
    transposed: Annotated[
        bool, typer.Option("--transposed", help="Solve for a transposed convolution.",
                           rich_help_panel=GIVEN)
    ] = False,
    output_padding: Annotated[
        OptionValues | None,
        _given("--output-padding -A", "INT", "Size added at the end of the output.", natural,
               "any below S"),
    ] = None,
    exact: Annotated[
        bool, typer.Option("--exact", help="Only settings that read the whole input.",
                           rich_help_panel=OUT)
    ] = False,
    top: Annotated[
        int, typer.Option(min=1, metavar="N", help="Rows per table.", rich_help_panel=OUT)
    ] = 10,
    format_: FormatOption = "table",
    out: OutputFile = None,
) -> None:  # fmt: skip
    """Filters, strides, paddings and inputs that give an output size, the most usual first.

    Examples:
        cnncalc solve -W 32 -F 5 --out 32 (which padding keeps the size)
        cnncalc solve -W 32 --out 16 (what halves it)
        cnncalc solve -F 11 -S 4 --out 55 (which inputs fit)
        cnncalc solve -W 12 --out 24 --transposed

    Raises:
        CnncalcError: for values that no window can have.
        typer.Exit: where no setting gives the output.
    """
    from cnncalc.errors import UnplacedError, failure
    from cnncalc.questions.solve import SolveRequest, answer

    asked = SolveRequest(
        wanted, _values(w), _values(f), _values(s), _values(p), _values(dilation) or (1,),
        transposed, _values(output_padding),
    )  # fmt: skip
    try:
        solutions = answer(asked)
    except UnplacedError as problem:
        raise failure(problem.code, problem.message, help=problem.help) from None
    if exact and solutions.settings:
        solutions = solutions._replace(settings=solutions.exact, nearest=solutions.floored[:1])
    output.emit(_written(solutions, format_, top, output.page(out)), out)
    if not solutions.settings:
        raise typer.Exit(output.INVALID)


def _values(given: OptionValues | None) -> Any:
    return given.values if given else None


def _written(solutions: SolveResult, format_: str, top: int, page: Page) -> Iterator[str]:
    from cnncalc.render import solve as render
    from cnncalc.render.json import dumps, json_lines

    if format_ == "jsonl":
        return iter([json_lines(render.document(solutions, version=VERSION)["settings"])])
    if format_ == "json":
        return iter([dumps(render.document(solutions, version=VERSION)), "\n"])
    if format_ == "table":
        return render.text(solutions, top, page)
    return iter([render.table(solutions, solutions.settings, format_)])
