"""`cnncalc solve`: which settings of a window give the wanted output."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cnncalc.cli import output
from cnncalc.cli.options import OUT, FormatOption, OutputFile
from cnncalc.cli.values import OptionValues, comma_list, count, natural, sides
from cnncalc.errors import failure
from cnncalc.version import VERSION
from cnncalc.window import PADDING_RULES

if TYPE_CHECKING:
    from cnncalc.questions.solve import SolveRequest, SolveResult
    from cnncalc.questions.solve_params import FilterResult
    from cnncalc.render.page import Page

GIVEN = "Known values (comma lists; what is left out is searched for)"


def zeros(text: str) -> object:
    """Zeros on each side: 2, 0+1, or a rule's word.

    >>> zeros("0+1"), zeros("same")
    ((0, 1), 'same')
    """
    return text if text in PADDING_RULES else sides(text)


def parameters(text: str) -> int:
    """A number of parameters. Raises BadParameter for anything else.

    >>> parameters("10k"), parameters("34944")
    (10000, 34944)
    """
    from cnncalc.spec.amounts import parse_amount

    amount = parse_amount(text, "count")
    if amount is None or not amount.whole:
        raise typer.BadParameter(f"'{text}' is not a whole number such as 10000, 10k or 2.5M")
    return amount.whole


def _given(names: str, metavar: str, help_: str, read: Any, default: Any) -> Any:
    return typer.Option(
        *names.split(), metavar=metavar, help=help_, parser=comma_list(read),
        rich_help_panel=GIVEN, show_default=default,
    )  # fmt: skip


def solve(
    *,
    wanted: Annotated[
        OptionValues | None,
        typer.Option("--out", "-O", metavar="INT", parser=comma_list(count), show_default=False,
                     help="Output size to reach; several are answered one after the other."),
    ] = None,
    params: Annotated[
        int | None,
        typer.Option(metavar="N", parser=parameters, show_default=False,
                     help="Number of parameters to reach, such as 10000 or 10k: finds F, D, K."),
    ] = None,
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
    d: Annotated[
        OptionValues | None,
        _given("--d -D", "INT", "Depth of the input, for --params.", count, "any"),
    ] = None,
    k: Annotated[
        OptionValues | None,
        _given("--k -K", "INT", "Number of filters, for --params.", count, "any"),
    ] = None,
    no_bias: Annotated[
        bool, typer.Option("--no-bias", help="Parameters of filters without biases.",
                           rich_help_panel=GIVEN)
    ] = False,
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
    """Filters, strides, paddings and inputs that give an output size or a number of parameters.

    Examples:
        cnncalc solve -W 32 -F 5 --out 32 (which padding keeps the size)
        cnncalc solve -W 32 --out 16 (what halves it)
        cnncalc solve -F 11 -S 4 --out 55 (which inputs fit)
        cnncalc solve -W 28 -F 5 --out 12,14
        cnncalc solve -W 12 --out 24 --transposed
        cnncalc solve --params 456 -F 5 -D 3 (how many filters that is)
        cnncalc solve --params 10k

    Raises:
        CnncalcError: for values that no window can have.
        typer.BadParameter: where nothing is to be reached.
        typer.Exit: where no setting gives the output, or the parameters.
    """
    from cnncalc.questions.solve import SolveRequest

    windows = {"w": w, "s": s, "p": p, "dilation": dilation}
    _require_goal(wanted, params, windows, window=transposed or exact)
    filters = _filters(params, f, d, k, bias=not no_bias)
    sizes = _values(f)
    if filters and filters.settings:  # both are about the same filters
        sizes = tuple(sorted({setting.f for setting in filters.settings}))
    asked = SolveRequest(
        0, _values(w), sizes, _values(s), _values(p),
        _values(dilation) or (1,), transposed, _values(output_padding),
    )  # fmt: skip
    found = [_answered(asked._replace(out=size), exact) for size in _values(wanted) or ()]
    output.emit(_written(found, filters, format_, top, output.page(out)), out)
    if not all(one.settings for one in found) or (filters and not filters.settings):
        raise typer.Exit(output.INVALID)


def _require_goal(
    wanted: OptionValues | None,
    params: int | None,
    windows: dict[str, OptionValues | None],
    *,
    window: bool,
) -> None:
    """Refuse a command line without --out and --params, and a window's options without --out.

    Raises:
        CnncalcError: where neither is given.
        typer.BadParameter: for an option of a window.
    """
    if wanted is None and params is None:
        message = "solve needs an output size or a number of parameters to reach"
        help_ = "such as --out 55, or --params 10000"
        raise failure("usage", message, help=help_, exit_code=output.USAGE)
    if wanted is None:
        for name, values in windows.items():
            if values is not None:
                raise typer.BadParameter("needs --out", param_hint=f"--{name}")
        if window:
            raise typer.BadParameter("needs --out", param_hint="--transposed, --exact")


def _filters(
    params: int | None,
    f: OptionValues | None,
    d: OptionValues | None,
    k: OptionValues | None,
    *,
    bias: bool,
) -> FilterResult | None:
    """The filters with that many parameters, if these are asked for."""
    if params is None:
        return None
    from cnncalc.questions.solve_params import FilterRequest, filters_with

    return filters_with(FilterRequest(params, _values(f), _values(d), _values(k), bias))


def _answered(asked: SolveRequest, exact: bool) -> SolveResult:
    """The windows of one output. Raises CnncalcError for values that no window can have."""
    from cnncalc.errors import UnplacedError
    from cnncalc.questions.solve import answer

    try:
        found = answer(asked)
    except UnplacedError as problem:
        raise failure(problem.code, problem.message, help=problem.help) from None
    if exact and found.settings:
        return found._replace(settings=found.exact, nearest=found.floored[:1])
    return found


def _values(given: OptionValues | None) -> Any:
    return given.values if given else None


def _written(
    found: list[SolveResult],
    filters: FilterResult | None,
    format_: str,
    top: int,
    page: Page,
) -> Iterator[str]:
    from cnncalc.render import solve as render
    from cnncalc.render.json import dumps, json_lines

    if format_ in {"json", "jsonl"}:
        document = render.document(found, filters, version=VERSION)
        if format_ == "json":
            yield f"{dumps(document)}\n"
        else:
            yield json_lines([*document["settings"], *document.get("filters", [])])
    elif format_ == "table":
        parts = [render.text(one, top, page) for one in found]
        parts += [render.filters_text(filters, top, page)] if filters else []
        yield "\n".join(parts)
    elif filters and found:
        message = f"windows and filters are two tables, and {format_} holds one"
        help_ = "leave --out or --params out"
        raise failure("usage", message, help=help_, exit_code=output.USAGE)
    elif filters:
        yield render.filters_table(filters, format_)
    else:
        yield render.table(found, format_)
