"""Turns functions into commands: option groups, --json, and the refusal of void options.

A command takes options that belong together as one value, a NamedTuple whose fields are options.
`command_line` gives Typer a function with one parameter per option instead.
"""

from __future__ import annotations

from inspect import Parameter, Signature, cleandoc, signature
from pathlib import PurePath
from typing import TYPE_CHECKING, Annotated, Any, get_args, get_type_hints

import typer

from cnncalc.cli import output
from cnncalc.cli.commands import FORMAT_VARIABLE
from cnncalc.cli.failures import guarded
from cnncalc.cli.options import OUT, Format, formats
from cnncalc.errors import failure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

JSON = Parameter(
    "json",
    Parameter.KEYWORD_ONLY,
    default=False,
    annotation=Annotated[
        bool, typer.Option("--json", help="Short for --format json.", rich_help_panel=OUT)
    ],
)
FOR_PEOPLE = frozenset({"table", "full", "concise"})  # formats whose long lines may be wrapped
CONTEXT = Parameter("context", Parameter.KEYWORD_ONLY, annotation=typer.Context)

# The ending of the file of -o -> the format it holds, of those that the command writes, unless
# one is named.
ENDINGS: dict[str, tuple[str, ...]] = {
    ".json": ("json",), ".jsonl": ("jsonl",), ".csv": ("csv",), ".tsv": ("tsv",),
    ".md": ("md", "mermaid"), ".tex": ("latex", "tikz"), ".xml": ("junit",), ".svg": ("svg",),
    ".dot": ("dot",), ".gv": ("dot",), ".mmd": ("mermaid",),
}  # fmt: skip

# Endings of files that hold something else than a table, and the commands that see to them.
NO_TEXT = frozenset({".html", ".htm", ".pdf", ".png", ".gif", ".jpg", ".xls", ".xlsx", ".yaml"})
OWN_ENDINGS = ("draw", "slide", "zoo")
# What the commands of one format write, and the ending of the files that hold it.
ONE_FORMAT = {
    "expand": ("YAML", ".yaml"), "import_": ("YAML", ".yaml"), "report": ("HTML", ".html"),
    "export": ("Python code", ".py"), "schema": ("JSON", ".json"),
}  # fmt: skip
ROWS = ("jsonl", "csv", "tsv", "md", "latex")
PICKING = frozenset({"depth", "expand", "only", "at", "sort", "top"})
# The options of a report, by what is written. JSON always holds the memory, and with `--memory`
# also that of every row while it runs; a table is folded unless --expand says otherwise, and
# `--fold` says so aloud; CSV holds every layer, or with `--fold` and the options that pick rows the
# lines of the table.
REPORT: dict[str, frozenset[str]] = {
    "table": PICKING
    | {"columns", "layout", "units", "memory", "formulas", "count_buffers", "bars", "fold"},
    "--totals": frozenset({"totals", "units", "memory", "count_buffers"}),
    **dict.fromkeys((f"{style} --totals" for style in ROWS), frozenset({"totals"})),
    "--training": PICKING | {"training", "layout", "units", "fold"},
    "--training --totals": frozenset({"training", "totals", "units"}),
    **{
        f"{style} --training": PICKING | {"training", "layout", "units", "fold"}
        for style in ("md", "latex")
    },
    **{
        f"{style} --training": (PICKING - {"expand"}) | {"training", "fold"}
        for style in ("csv", "tsv")
    },
    "jsonl --training": frozenset({"training"}),
    **{f"{style} --training --totals": frozenset({"training", "totals"}) for style in ROWS},
    "--as": frozenset({"as_"}),
    "md": PICKING | {"columns", "layout", "units", "bars", "fold"},
    "latex": PICKING | {"columns", "layout", "units", "fold"},
    "csv": (PICKING - {"expand"}) | {"columns", "fold"},
    "tsv": (PICKING - {"expand"}) | {"columns", "fold"},
    "json": frozenset({"formulas", "fold", "memory", "training"}),
    "json --totals": frozenset({"totals", "memory", "training"}),
    "jsonl": frozenset({"formulas", "fold"}),
}
VIEWS = frozenset({"totals", "training", "as_"})  # each writes something else
SHAPES = {"layout": frozenset({"table", "md", "latex"})}
FIGURES = {"columns": frozenset({"table", "md", "csv", "tsv", "latex"})}
# Options of other commands that have an effect in some formats only -> those formats.
FORMATS: dict[str, Mapping[str, frozenset[str]]] = {
    **dict.fromkeys(("conv", "conv_transpose", "pool", "explain"), SHAPES),
    "fc": {"layout": frozenset({"md"})},  # the output is a vector; only md shows the input's shape
    "compare": {
        name: frozenset({"table", "md", "csv", "tsv", "latex"}) for name in ("columns", "only")
    },
    "forward": {
        "layout": SHAPES["layout"] | {"csv", "tsv"},
        "as_": frozenset({"table"}),
    },
    "rf": {
        "layout": SHAPES["layout"] | {"svg"},
        "expand": frozenset({"table", "md", "csv", "tsv", "latex", "jsonl"}),
    },
    "solve": {"top": frozenset({"table"})},
    "sweep": {**FIGURES, "plot": frozenset({"table", "md"})},
    "zoo": FIGURES,
}
# Options that have no effect without another one -> the other one.
NEEDED: dict[str, Mapping[str, str]] = {
    "compare": {"only": "layers"},
    "forward": {"as_": "show", "picture": "save", "hide_zeros": "steps"},
    "rf": {"through": "at"},
    "solve": {"output_padding": "transposed", "d": "params", "k": "params", "no_bias": "params"},
}


def command_line(function: Callable[..., None], format_: str | None = None) -> Callable[..., None]:
    """Return the function as Typer sees it, with one parameter for every option.

    A command with --format also gets --json, which it sees as format_="json". `format_` is the
    value of CNNCALC_FORMAT, which is ignored if only other commands know that format.
    Failures become diagnostics and an exit status.
    """
    hints = get_type_hints(function, include_extras=True)
    groups = {name: hint for name, hint in hints.items() if _is_group(hint)}

    def run(context: typer.Context, **options: Any) -> None:
        json, typed = options.pop("json", False), _typed(context)
        ending = None
        if not json and "format_" not in typed:
            ending = _ending(function.__name__, options, choices)
        with guarded(json=json or "json" in (ending, options.get("format_"))):
            _refuse_ending(function.__name__, typed, options, choices, json=json)
            if ending:
                options["format_"] = ending
            _refuse_ignored(function.__name__, typed, options, json=json)
            if json:
                options["format_"] = "json"
            people = options.get("format_") in FOR_PEOPLE
            output.settings = output.settings._replace(folded=people)
            for name, group in groups.items():
                options[name] = group(**{field: options.pop(field) for field in group._fields})
            function(**options)

    declared = [
        parameter.replace(annotation=hints[name])
        for name, parameter in signature(function).parameters.items()
    ]
    parameters = [each for parameter in declared for each in _spread(parameter, format_)]
    choices = [word for each in parameters if each.name == "format_" for word in _choices(each)]
    run.__doc__ = _flowing(_sections(function)[0])
    run.__signature__ = Signature([CONTEXT, *parameters])  # type: ignore[attr-defined]  # where inspect looks first
    return run


def epilog(function: Callable[..., None]) -> str:
    """The examples in a command's docstring, as shown at the end of its help.

    >>> from cnncalc.cli.expand import expand
    >>> print(epilog(expand).splitlines()[2])
    cnncalc expand resnet50
    """
    return "\n\n".join(("Examples", *map(str.strip, _sections(function)[1].splitlines())))


def _sections(function: Callable[..., None]) -> tuple[str, str]:
    """Split a docstring into description and examples; other sections are not for users."""
    description, _, rest = cleandoc(function.__doc__ or "").partition("\n\nExamples:\n")
    return description.partition("\n\nRaises:\n")[0], rest.partition("\n\n")[0]


def _flowing(text: str) -> str:
    """Paragraphs of one line each, so that a terminal of any width breaks them by itself."""
    return "\n\n".join(" ".join(part.splitlines()) for part in text.split("\n\n"))


def _typed(context: typer.Context) -> list[str]:
    """The options that stand on the command line; others have defaults, or the environment's."""
    sources = {name: context.get_parameter_source(name) for name in context.params}
    return [name for name, source in sources.items() if source and source.name == "COMMANDLINE"]


def _is_group(hint: object) -> bool:
    return isinstance(hint, type) and hasattr(hint, "_fields")


def _choices(parameter: Parameter) -> tuple[str, ...]:
    """The formats that a --format parameter takes: those of a Literal, or of `Literal | None`."""
    hint = get_args(parameter.annotation)[0]
    return tuple(word for part in (hint, *get_args(hint)) for word in get_args(part))


def _ending(command: str, options: Mapping[str, Any], choices: Sequence[str]) -> str | None:
    """The format that the ending of the file of -o stands for, if any."""
    if "format_" not in options or not options.get("out"):
        return None
    if command == "zoo" and (options["name"] or options["copy"]):
        return None  # a spec has one form
    styles = ENDINGS.get(PurePath(options["out"]).suffix.lower())
    if styles is None:
        return None
    return next((style for style in styles if style in choices), styles[0])


def _refuse_ending(
    command: str,
    typed: list[str],
    options: Mapping[str, Any],
    choices: Sequence[str],
    *,
    json: bool,
) -> None:
    """Raise CnncalcError where the file of -o ends in what contradicts the format."""
    if command in ONE_FORMAT:
        _refuse_foreign(command, options["out"])
    meant = _ending(command, options, choices)
    ending = PurePath(options.get("out") or "").suffix
    if meant is None and not (choices and ending.lower() in NO_TEXT and command not in OWN_ENDINGS):
        return
    if meant not in choices:
        message = f"{command.replace('_', '-')} cannot write {ending} files"
        known = [end for end, styles in ENDINGS.items() if not set(styles).isdisjoint(choices)]
        help_ = f"it writes {', '.join(known)}; files with other endings hold text"
        raise failure("usage", message, help=help_, exit_code=output.USAGE)
    style = "json" if json else options["format_"]
    if (json or "format_" in typed) and style != meant and (style, meant) != ("jsonl", "json"):
        message = (
            f"the ending {ending} of -o contradicts {'--json' if json else f'--format {style}'}"
        )
        raise failure("usage", message, help="change one of the two", exit_code=output.USAGE)


def _refuse_foreign(command: str, path: str | None) -> None:
    """Raise CnncalcError where a file of -o ends as those of another format do."""
    held, own = ONE_FORMAT[command]
    ending = PurePath(path or "").suffix
    if ending.lower() in ENDINGS and ending.lower() != own:
        message = f"{command.strip('_')} writes {held}, which {ending} files do not hold"
        help_ = f"end the name in {own}"
        raise failure("usage", message, help=help_, exit_code=output.USAGE)


def _spread(parameter: Parameter, format_: str | None) -> Iterator[Parameter]:
    """The parameter as keyword-only; in place of a group, one parameter for each of its fields."""
    parameter = parameter.replace(kind=Parameter.KEYWORD_ONLY)
    group = parameter.annotation
    if _is_group(group):
        hints = get_type_hints(group, include_extras=True)
        for name in group._fields:
            default = group._field_defaults.get(name, Parameter.empty)
            field = parameter.replace(name=name, annotation=hints[name], default=default)
            yield from _spread(field, format_)
    elif parameter.name == "format_":
        yield heed_variable(parameter, format_)
        yield JSON
    else:
        yield parameter


def heed_variable(parameter: Parameter, format_: str | None) -> Parameter:
    """The --format parameter, ignoring CNNCALC_FORMAT if only other commands know its value.

    >>> from cnncalc.cli.options import PlainFormat
    >>> plain = Parameter("format_", Parameter.KEYWORD_ONLY, annotation=PlainFormat)
    >>> heed_variable(plain, "csv").annotation.__metadata__[0].envvar is None
    True
    >>> heed_variable(plain, "json") is plain, heed_variable(plain, "typo") is plain
    (True, True)
    """
    choices, option = get_args(parameter.annotation)
    if option.envvar != FORMAT_VARIABLE:
        return parameter
    if format_ in get_args(choices) or format_ not in get_args(Format):
        return parameter
    return parameter.replace(annotation=Annotated[choices, formats(option.help, None)])


def _refuse_ignored(
    command: str, typed: list[str], options: Mapping[str, Any], *, json: bool
) -> None:
    """Raise CnncalcError for a typed option that would have no effect on the output.

    `typed` are the names of the options that were typed, `options` the values of all.
    """
    style = options.get("format_", "table")
    if json and "format_" in typed and style != "json":
        message = f"--json contradicts --format {style}"
        raise failure("usage", message, help="leave one of the two out", exit_code=output.USAGE)
    style = "json" if json else style
    if "count_buffers" in options:  # the options of a report
        _refuse_in_report(style, typed, options)
        return
    _refuse_combination(command, typed, options, style)
    for option, styles in FORMATS.get(command, {}).items():
        if option in typed and style not in styles:
            raise _ignored(option, style, sorted(styles & {"table", "md", "csv"}, reverse=True))


def _refuse_combination(
    command: str, typed: list[str], options: Mapping[str, Any], style: str
) -> None:
    """Raise BadParameter for an option that has no effect because of another, or without one."""
    if command == "zoo" and (options["name"] or options["copy"]):
        for option in filter(lambda option: option not in {"name", "copy", "out"}, typed):
            raise typer.BadParameter("is for the list of all networks", param_hint=_flag(option))
    if command == "rf" and options["at"] and "expand" in typed:
        raise typer.BadParameter("is for all layers: leave out --at", param_hint="--expand")
    if (
        command == "rf"
        and options["at"]
        and "format_" in typed
        and style not in {"table", "json", "svg"}
    ):
        message = f"what one unit sees is written as text, JSON or SVG, not as {style}"
        raise typer.BadParameter(message, param_hint="--format")
    for option, needed in NEEDED.get(command, {}).items():
        if option in typed and not options[needed]:
            raise typer.BadParameter(f"needs {_flag(needed)}", param_hint=_flag(option))


def _refuse_in_report(style: str, typed: list[str], options: Mapping[str, Any]) -> None:
    if options["columns"] == "help":
        return
    written = _written(style, options)
    heeded = REPORT[written]
    reports = frozenset.union(*REPORT.values())
    for option in sorted(reports.intersection(typed) - heeded):
        raise _ignored(option, written, [name for name in REPORT if option in REPORT[name]])
    folding = "--depth" if options["depth"] is not None else "--fold" if options["fold"] else None
    if options["expand"] and folding:
        message = f"--expand shows every row, {folding} folds them"
        raise failure("usage", message, help="leave one of the two out", exit_code=output.USAGE)


def _written(style: str, options: Mapping[str, Any]) -> str:
    """What is written of a report: a key of REPORT."""
    if options["as_"]:
        return "--as"
    words = [] if style == "table" else [style]
    words += ["--training"] if options["training"] and style != "json" else []
    words += ["--totals"] if options["totals"] else []
    return " ".join(words) or "table"


def _ignored(option: str, written: str, heeding: list[str]) -> Exception:
    if option in PICKING | {"columns"} and "--" not in written:
        message = f"{_flag(option)} is for tables; {written} always holds everything"
        help_ = "--format table or md shows it"
    else:
        view = written if written.startswith("-") else f"--format {written}"
        message = f"{_flag(option)} has no effect with {view}"
        help_ = f"it is for {', '.join(name for name in heeding if ' ' not in name)}"
        if option in VIEWS:
            help_ = "leave one of the two out"
    return failure("usage", message, help=help_, exit_code=output.USAGE)


def _flag(option: str) -> str:
    """The option that a parameter stands for."""
    return f"--{option.strip('_').replace('_', '-')}"
