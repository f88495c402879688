"""Options that several commands share, alone and in groups, and their completions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

import typer

from cnncalc.cli.commands import FORMAT_VARIABLE
from cnncalc.conventions import DTYPES

if TYPE_CHECKING:
    from cnncalc.errors import Diagnostic
    from cnncalc.network import Network, Node
    from cnncalc.render.choice import Choice

SPEC, ROWS, OUT, LIMITS = "Network", "Rows", "Output", "Budgets"

Format = Literal["table", "json", "jsonl", "csv", "tsv", "md", "latex"]
Layout = Literal["HWC", "CHW", "WHD"]
Units = Literal["exact", "si"]


def complete_file(incomplete: str) -> Iterator[str]:
    """Complete bundled networks and variants, behind FILE@ its own; the shell completes files."""
    from cnncalc import zoo

    file, at, variant = incomplete.partition("@")
    if at:
        return (f"{file}@{name}" for name in _variants(file) if name.startswith(variant))
    return (name for name in zoo.names() if name.startswith(incomplete))


def complete_column(incomplete: str) -> Iterator[str]:
    """Column names of a report, also after a comma."""
    from cnncalc.render.columns import COLUMNS

    return after_comma(COLUMNS, incomplete)


def complete_types(incomplete: str) -> Iterator[str]:
    """Layer types, also after a comma."""
    from cnncalc import layers

    return after_comma(sorted(layers.names()), incomplete)


def after_comma(names: Iterable[str], incomplete: str) -> Iterator[str]:
    """Completions of the last word of a comma list.

    >>> list(after_comma(["params", "macs"], "rf,pa"))
    ['rf,params']
    """
    before, comma, last = incomplete.rpartition(",")
    return (f"{before}{comma}{name}" for name in names if name.startswith(last))


def complete_variant(ctx: typer.Context, incomplete: str) -> Iterator[str]:
    """Variants of the bundled network or file on the command line."""
    return (name for name in _variants(_file(ctx)) if name.startswith(incomplete))


def _variants(file: str) -> tuple[str, ...]:
    from pathlib import Path

    from cnncalc import zoo

    path = zoo.files().get(file, Path(file))
    return zoo.variants(path) if path.is_file() else ()


def complete_layer(ctx: typer.Context, incomplete: str) -> Iterator[str]:
    """Row names of the network on the command line; none while it does not load."""
    return (node.name for node in nodes(ctx) if node.name.startswith(incomplete))


def nodes(ctx: typer.Context) -> tuple[Node, ...]:
    """The rows of the network on the command line; none while it does not load."""
    from cnncalc import CnncalcError, load

    try:
        return load(_file(ctx)).nodes
    except CnncalcError:
        return ()


def complete_dtype(incomplete: str) -> Iterator[str]:
    """The names of number types."""
    return (name for name in DTYPES if name.startswith(incomplete))


def complete_variable(ctx: typer.Context, incomplete: str) -> Iterator[str]:
    """The variables that the spec on the command line declares; behind = what it sets them to."""
    from cnncalc.cli.completion import variable_values

    known = variable_values(_file(ctx))
    name, equals, _ = incomplete.partition("=")
    if equals:
        pairs = [f"{name}={value}" for value in known.get(name, ())]
    else:
        pairs = [f"{name}={next(iter(values))}" for name, values in known.items()]
    return (pair for pair in pairs if pair.startswith(incomplete))


def complete_varied(ctx: typer.Context, incomplete: str) -> Iterator[str]:
    """As `complete_variable`, also after the comma between two values."""
    before, comma, last = incomplete.rpartition(",")
    name, equals, _ = before.partition("=")
    if not (comma and equals):
        return complete_variable(ctx, incomplete)
    from cnncalc.cli.completion import variable_values

    values = variable_values(_file(ctx)).get(name, ())
    return (f"{before},{value}" for value in values if value.startswith(last))


def _file(ctx: typer.Context) -> str:
    """The FILE typed so far; while an option still lacks its value, it is in ctx.args."""
    return str(ctx.params.get("file") or next(iter(ctx.params.get("files") or ctx.args), ""))


def check_dtype(value: str) -> str:
    """Return a name of DTYPES or a number of bytes unchanged.

    Raises:
        typer.BadParameter: for anything else.
    """
    if value in DTYPES or (value.isdecimal() and int(value) > 0):
        return value
    raise typer.BadParameter(f"must be one of {', '.join(DTYPES)}, or a number of bytes")


def formats(help_: str = "Output format.", variable: str | None = FORMAT_VARIABLE) -> Any:
    """The --format option; its choices come from the annotated type."""
    return typer.Option("--format", help=help_, envvar=variable, rich_help_panel=OUT)


def limit(name: str, metavar: str, help_: str, figure: str, relation: str) -> Any:
    """An option that limits a figure, such as --max-params. Raises BadParameter as it parses."""

    def parse(text: str) -> object:
        from cnncalc.errors import UnplacedError
        from cnncalc.spec.sections.budgets import parse_limit

        try:
            return parse_limit(figure, f"{relation} {text}")
        except UnplacedError as problem:
            raise typer.BadParameter(
                f"'{text}' is not a valid limit; write {problem.help}"
            ) from None

    return typer.Option(name, metavar=metavar, help=help_, parser=parse, rich_help_panel=LIMITS)


def words(text: str | None) -> tuple[str, ...]:
    """A comma list as typed.

    >>> words("conv, fc")
    ('conv', 'fc')
    """
    return tuple(word.strip() for word in (text or "").split(",") if word.strip())


def layer_types(text: str | None) -> tuple[str, ...]:
    """The layer types of a comma list, also by other names. Raises ChoiceError for unknown ones.

    >>> layer_types("pool,Conv2d")
    ('maxpool', 'conv')
    """
    if not text:
        return ()
    from cnncalc import layers
    from cnncalc.render.choice import ChoiceError

    types = []
    for word in words(text):
        type_ = layers.layer_type(word).type if word in layers.names() else _as_in_frameworks(word)
        if type_ is None:
            raise ChoiceError("layer type", word, layers.names())
        types.append(type_)
    return tuple(types)


def _as_in_frameworks(word: str) -> str | None:
    """The layer type that PyTorch or Keras calls so, if specs may call it so too."""
    from cnncalc.spec.frameworks import meaning

    found = meaning(word)
    return found.type if found else None


# fmt: off
File = Annotated[
    str,
    typer.Argument(metavar="FILE", autocompletion=complete_file, show_default=False,
                   help="Spec, model file (ONNX, Keras, darknet), - for standard input, a bundled "
                   'network or variant, or layers as in "28x28x1; conv 16 5x5; fc 10".'),
]
Variant = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Variant of the network; also FILE@NAME.",
                 autocompletion=complete_variant, rich_help_panel=SPEC),
]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", rich_help_panel=SPEC,
                 autocompletion=complete_variable,
                 help="Set a variable that the spec declares; repeatable."),
]
Input = Annotated[
    list[str] | None,
    typer.Option("--input", metavar="SHAPE", rich_help_panel=SPEC,
                 help="Input shape in place of the spec's: 320x320x3; 320 and 320x240 keep its "
                 "channels and layout. Of several inputs, NAME=SHAPE; repeatable."),
]
Until = Annotated[
    str | None,
    typer.Option(metavar="NAME", rich_help_panel=SPEC,
                 help="End a model file's network at this node, tensor or row."),
]
Partial = Annotated[
    bool,
    typer.Option("--partial", rich_help_panel=SPEC,
                 help="Go on at operators that no layer expresses; figures are then 'at least'."),
]
AlikeOption = Annotated[
    Literal["inference"] | None,
    typer.Option("--alike", help="Compare what runs at inference: batch norms folded, dropout and "
                                 "flatten gone, layers paired by what they compute."),
]
Strict = Annotated[
    Literal["warnings", "fit"] | None,
    typer.Option(rich_help_panel=SPEC,
                 help="Fail on warnings; with 'fit', on layers that leave input unread too."),
]
Batch = Annotated[
    int | None,
    typer.Option(min=1, metavar="N", help="Batch size that memory is counted for.",
                 rich_help_panel=SPEC),
]
Dtype = Annotated[
    str,
    typer.Option(metavar="TYPE", callback=check_dtype, rich_help_panel=SPEC,
                 autocompletion=complete_dtype,
                 help=f"Type of all numbers: {', '.join(DTYPES)}, or bytes per number."),
]
MaxParams = Annotated[
    Any, limit("--max-params", "N", "At most N parameters, such as 5M.", "params", "<=")
]
MaxMacs = Annotated[
    Any, limit("--max-macs", "N", "At most N MACs, such as 600M.", "macs", "<=")
]
Optimiser = Literal["sgd", "momentum", "adam"]
Training = Annotated[
    Optimiser | None,
    typer.Option(help="Also show the bytes that training with this optimiser needs.",
                 rich_help_panel=ROWS),
]
AsTool = Annotated[
    Literal["torchinfo", "fvcore", "ptflops", "thop", "torch", "keras"] | None,
    typer.Option("--as", help="Show the figures of another tool, and why they differ.",
                 rich_help_panel=OUT),
]
FormatOption = Annotated[Format, formats()]
PlainFormat = Annotated[Literal["table", "json"], formats()]
OutputFile = Annotated[
    str | None,
    typer.Option("-o", "--output", metavar="FILE", rich_help_panel=OUT,
                 help="Write the result to a file, in the format of its ending."),
]
LayoutOption = Annotated[
    Layout | None,
    typer.Option("--layout", help="Axis order of shapes, in place of the spec's.",
                 envvar="CNNCALC_LAYOUT", rich_help_panel=OUT),
]
# fmt: on


class Spec(NamedTuple):
    """Changes to a spec, or to a model file, before it becomes a network."""

    variant: Variant = None
    set: Set = None
    inputs: Input = None
    until: Until = None
    partial: Partial = False

    @property
    def settings(self) -> dict[str, object]:
        """The variables of --set. Raises CnncalcError for anything but NAME=VALUE."""
        if not self.set:
            return {}  # a model file has none, and needs nothing of what reads specs
        from cnncalc.spec.sections.variables import parse_setting

        return dict(map(parse_setting, self.set))

    @property
    def input(self) -> str | None:
        """The shapes of --input as one text; None where there are none."""
        return ", ".join(self.inputs) if self.inputs else None

    def load(self, file: str) -> Network:
        """Load the network of a file. Raises CnncalcError if it is invalid."""
        from cnncalc.spec.load import load

        return load(
            file, variant=self.variant, set=self.settings, input=self.input, until=self.until,
            partial=self.partial,
        )  # fmt: skip

    def remarks(self, file: str, diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
        """What is worth telling: no notes on a bundled network as it stands."""
        from cnncalc import zoo

        if self.set or self.input or not zoo.is_bundled(file):
            return list(diagnostics)
        return [remark for remark in diagnostics if remark.severity != "note"]


class Cost(NamedTuple):
    """What counts as a failure, and the batch and number type that bytes are counted for."""

    strict: Strict = None
    batch: Batch = None
    dtype: Dtype = "fp32"


class TableOptions(NamedTuple):
    """Which rows and figures of a report are shown, how, and where."""

    # fmt: off
    depth: Annotated[
        int | None,
        typer.Option(min=0, metavar="N", help="Fold parts of the network below N levels.",
                     rich_help_panel=ROWS),
    ] = None
    expand: Annotated[
        bool,
        typer.Option("--expand", help="Show every layer in its own row, attached ones too.",
                     rich_help_panel=ROWS),
    ] = False
    only: Annotated[
        str | None,
        typer.Option(metavar="TYPES", help="Show only these layer types: conv,fc.",
                     autocompletion=complete_types, rich_help_panel=ROWS),
    ] = None
    at: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Show only this layer or part.",
                     autocompletion=complete_layer, rich_help_panel=ROWS),
    ] = None
    sort: Annotated[
        str | None,
        typer.Option(metavar="COLUMN", help="Sort by a column such as macs, largest first.",
                     autocompletion=complete_column, rich_help_panel=ROWS),
    ] = None
    top: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Show only the first N rows.", rich_help_panel=ROWS),
    ] = None
    bars: Annotated[
        Literal["params", "macs", "memory"] | None,
        typer.Option(help="Draw a bar per row for its share of a figure.", rich_help_panel=ROWS),
    ] = None
    totals: Annotated[
        bool, typer.Option("--totals", help="Show only the totals.", rich_help_panel=ROWS)
    ] = False
    formulas: Annotated[
        bool,
        typer.Option("--formulas", help="Show the formulas of every row with its numbers.",
                     rich_help_panel=OUT),
    ] = False
    count_buffers: Annotated[
        bool,
        typer.Option("--count-buffers", help="Also sum parameters and buffers, as Keras does.",
                     rich_help_panel=OUT),
    ] = False
    memory: Annotated[
        bool,
        typer.Option("--memory", help="Also show the bytes of parameters and activations; in JSON "
                          "those alive while each row runs.",
                     rich_help_panel=OUT),
    ] = False
    training: Annotated[
        Optimiser | None,
        typer.Option(help="Show the bytes that training with this optimiser needs.",
                     rich_help_panel=OUT),
    ] = None
    as_: AsTool = None
    fold: Annotated[
        bool,
        typer.Option("--fold", rich_help_panel=OUT,
                     help="Merge attached layers as the table does, in csv, tsv and JSON too."),
    ] = False
    columns: Annotated[
        str | None,
        typer.Option(metavar="A,B,C", help="Columns to show: rf,jump,params; 'help' lists all.",
                     autocompletion=complete_column, rich_help_panel=OUT),
    ] = None
    format_: FormatOption = "table"
    out: OutputFile = None
    layout: LayoutOption = None
    units: Annotated[
        Units | None,
        typer.Option("--units", help="Whole numbers only, or prefixes such as k, M and G.",
                     rich_help_panel=OUT),
    ] = None

    # fmt: on
    @property
    def types(self) -> tuple[str, ...]:
        """The layer types of --only, aliases resolved. Raises ChoiceError for unknown ones."""
        return layer_types(self.only)

    def choice(self, *, ascii_only: bool) -> Choice:
        """The rows, columns and units of the table, as the renderers take them."""
        from cnncalc.render.choice import Choice

        return Choice(
            words(self.columns) or None, self.depth, self.expand, self.types, self.at,
            self.sort, self.top, self.layout, self.units, ascii_only, self.bars,
        )  # fmt: skip
