"""Options that several commands share, described once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args

import typer

from cnncalc.conventions import DTYPES

if TYPE_CHECKING:
    from inspect import Parameter

SPEC, ROWS, OUT = "Network", "Rows", "Output"

FORMAT_VARIABLE = "CNNCALC_FORMAT"  # the environment's default of --format
Format = Literal["table", "json", "jsonl", "csv", "tsv", "md"]
Layout = Literal["HWC", "CHW", "WHD"]
Units = Literal["exact", "si"]


def complete_file(incomplete: str) -> Iterator[str]:
    """Bundled networks and variants; files are the shell's business."""
    from cnncalc import zoo

    return (name for name in zoo.names() if name.startswith(incomplete))


def complete_column(incomplete: str) -> Iterator[str]:
    """Column names, also after a comma."""
    from cnncalc.render.columns import COLUMNS

    before, comma, last = incomplete.rpartition(",")
    return (f"{before}{comma}{key}" for key in COLUMNS if key.startswith(last))


def complete_variant(ctx: typer.Context, incomplete: str) -> Iterator[str]:
    """Variants of the bundled network or file on the command line."""
    from pathlib import Path

    from cnncalc import zoo

    file = _file(ctx)
    path = zoo.files().get(file, Path(file))
    names = zoo.variants(path) if path.is_file() else ()
    return (name for name in names if name.startswith(incomplete))


def complete_layer(ctx: typer.Context, incomplete: str) -> Iterator[str]:
    """Row names of the network on the command line; none while it does not load."""
    from cnncalc import CnncalcError, load

    try:
        nodes = load(_file(ctx)).nodes
    except CnncalcError:
        nodes = ()
    return (node.name for node in nodes if node.name.startswith(incomplete))


def _file(ctx: typer.Context) -> str:
    """The FILE typed so far; while an option waits for its value it is among the rest."""
    return str(ctx.params.get("file") or next(iter(ctx.args), ""))


File = Annotated[
    str,
    typer.Argument(
        metavar="FILE",
        help="A spec file, - for standard input, or a bundled network or variant.",
        autocompletion=complete_file,
        show_default=False,
    ),
]
Variant = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="A variant of the file; also FILE@NAME.",
        rich_help_panel=SPEC,
        autocompletion=complete_variant,
    ),
]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUE",
        help="Change a declared variable; may be repeated.",
        rich_help_panel=SPEC,
    ),
]
Input = Annotated[
    str | None,
    typer.Option(
        "--input", metavar="SHAPE", help="Another input shape: 320x320x3.", rich_help_panel=SPEC
    ),
]
Strict = Annotated[
    Literal["warnings", "fit"] | None,
    typer.Option(
        help="Alone: warnings fail; with 'fit': layers that leave input unread fail too.",
        rich_help_panel=SPEC,
    ),
]
Batch = Annotated[
    int | None,
    typer.Option(min=1, metavar="N", help="Samples held in memory at once.", rich_help_panel=SPEC),
]


def check_dtype(value: str) -> str:
    """A word of DTYPES, or a number of bytes."""
    if value in DTYPES or (value.isdecimal() and int(value) > 0):
        return value
    raise typer.BadParameter(f"one of {', '.join(DTYPES)}, or a number of bytes")


Dtype = Annotated[
    str,
    typer.Option(
        metavar="TYPE",
        help=f"Bytes per number: {', '.join(DTYPES)}, or a number.",
        rich_help_panel=SPEC,
        callback=check_dtype,
    ),
]
Depth = Annotated[
    int | None,
    typer.Option(min=0, metavar="N", help="Fold named parts below N levels.", rich_help_panel=ROWS),
]
Expand = Annotated[
    bool,
    typer.Option("--expand", help="Every primitive row, attached ones too.", rich_help_panel=ROWS),
]
Only = Annotated[
    str | None,
    typer.Option(metavar="TYPES", help="Only these layer types: conv,fc.", rich_help_panel=ROWS),
]
At = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Only this layer or part.", autocompletion=complete_layer,
                 rich_help_panel=ROWS),
]  # fmt: skip
Sort = Annotated[
    str | None,
    typer.Option(metavar="COLUMN", help="Largest first by a column, such as macs.",
                 autocompletion=complete_column, rich_help_panel=ROWS),
]  # fmt: skip
Top = Annotated[
    int | None,
    typer.Option(min=1, metavar="N", help="Only the first N rows.", rich_help_panel=ROWS),
]
TotalsOnly = Annotated[
    bool, typer.Option("--totals", help="Only the totals.", rich_help_panel=ROWS)
]
Formulas = Annotated[
    bool,
    typer.Option("--formulas", help="The formulas of every row, with its numbers.",
                 rich_help_panel=OUT),
]  # fmt: skip
CountBuffers = Annotated[
    bool,
    typer.Option("--count-buffers", help="Say what params + buffers are, as Keras counts.",
                 rich_help_panel=OUT),
]  # fmt: skip
MemoryOption = Annotated[
    bool,
    typer.Option("--memory", help="Bytes of parameters and activations.", rich_help_panel=OUT),
]
Training = Annotated[
    Literal["sgd", "momentum", "adam"] | None,
    typer.Option(help="Bytes that training with this optimiser keeps.", rich_help_panel=OUT),
]
AsTool = Annotated[
    Literal["torchinfo", "fvcore", "ptflops", "thop", "torch", "keras"] | None,
    typer.Option("--as", help="The figures another tool would print, and why they differ.",
                 rich_help_panel=OUT),
]  # fmt: skip
Fold = Annotated[
    bool,
    typer.Option("--fold", help="JSON: attached rows merged into their layer's.",
                 rich_help_panel=OUT),
]  # fmt: skip


def formats(help_: str = "How to write the result.", variable: str | None = FORMAT_VARIABLE) -> Any:
    """--format, for the formats that its type names; and the variable that sets its default."""
    return typer.Option("--format", help=help_, envvar=variable, rich_help_panel=OUT)


def heed_variable(parameter: Parameter, format_: str | None) -> Parameter:
    """The parameter of --format, without its variable where only other commands write `format_`.

    >>> from inspect import Parameter
    >>> plain = Parameter("format_", Parameter.KEYWORD_ONLY, annotation=PlainFormat)
    >>> heed_variable(plain, "csv").annotation.__metadata__[0].envvar is None
    True
    >>> heed_variable(plain, "json") is plain, heed_variable(plain, "typo") is plain
    (True, True)
    """
    choices, option = get_args(parameter.annotation)
    if format_ in get_args(choices) or format_ not in get_args(Format):
        return parameter
    return parameter.replace(annotation=Annotated[choices, formats(option.help, None)])


FormatOption = Annotated[Format, formats()]
PlainFormat = Annotated[Literal["table", "json"], formats()]
Json = Annotated[bool, typer.Option("--json", help="Short for --format json.", rich_help_panel=OUT)]
Columns = Annotated[
    str | None,
    typer.Option(
        metavar="A,B,C",
        help="Columns to show: rf,jump,params; 'help' lists them.",
        autocompletion=complete_column,
        rich_help_panel=OUT,
    ),
]
OutputFile = Annotated[
    str | None,
    typer.Option("-o", "--output", metavar="FILE", help="Write to a file.", rich_help_panel=OUT),
]
LayoutOption = Annotated[
    Layout | None,
    typer.Option("--layout", help="Order of the sizes in shapes; else the spec's.",
                 envvar="CNNCALC_LAYOUT", rich_help_panel=OUT),
]  # fmt: skip
UnitsOption = Annotated[
    Units | None,
    typer.Option("--units", help="Whole numbers, or k, M and G; else both, where they help.",
                 rich_help_panel=OUT),
]  # fmt: skip


def words(text: str | None) -> tuple[str, ...]:
    """A comma list as typed.

    >>> words("conv, fc")
    ('conv', 'fc')
    """
    return tuple(word.strip() for word in (text or "").split(",") if word.strip())
