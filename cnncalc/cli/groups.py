"""Options that belong together: a command takes them as one value.

A group is a NamedTuple whose fields are options; `flat` gives typer a command with all of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, get_type_hints

import typer

from cnncalc.cli import output
from cnncalc.cli.honoured_options import refuse_unheeded
from cnncalc.cli.options import (
    AsTool,
    At,
    Batch,
    Columns,
    CountBuffers,
    Depth,
    Dtype,
    Expand,
    Fold,
    FormatOption,
    Formulas,
    Input,
    Json,
    LayoutOption,
    MemoryOption,
    Only,
    OutputFile,
    Set,
    Sort,
    Strict,
    Top,
    TotalsOnly,
    Training,
    UnitsOption,
    Variant,
    words,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from inspect import Parameter

    from cnncalc.network import Network
    from cnncalc.render.choice import Choice


class Spec(NamedTuple):
    """What is changed in a spec before it is read as a network."""

    variant: Variant = None
    set: Set = None
    input: Input = None

    @property
    def settings(self) -> dict[str, object]:
        """The variables of --set. Raises CnncalcError for what is no NAME=VALUE."""
        from cnncalc.spec.sections.variables import parse_setting

        return dict(map(parse_setting, self.set or ()))

    def load(self, file: str) -> Network:
        """The network of a file. Raises CnncalcError."""
        from cnncalc.spec.load import load

        return load(file, variant=self.variant, set=self.settings, input=self.input)


class Cost(NamedTuple):
    """What shall count as a failure, and what bytes are counted for."""

    strict: Strict = None
    batch: Batch = None
    dtype: Dtype = "fp32"


class Table(NamedTuple):
    """Which lines and figures of a report are shown, how, and where."""

    depth: Depth = None
    expand: Expand = False
    only: Only = None
    at: At = None
    sort: Sort = None
    top: Top = None
    totals: TotalsOnly = False
    formulas: Formulas = False
    count_buffers: CountBuffers = False
    memory: MemoryOption = False
    training: Training = None
    as_: AsTool = None
    fold: Fold = False
    columns: Columns = None
    format_: FormatOption = "table"
    json: Json = False
    out: OutputFile = None
    layout: LayoutOption = None
    units: UnitsOption = None

    @property
    def format(self) -> str:
        """The format, which --json may name as well."""
        return "json" if self.json else self.format_

    @property
    def types(self) -> tuple[str, ...]:
        """The layer types of --only, by their own names. Raises ChoiceError for other words."""
        from cnncalc import layers
        from cnncalc.render.choice import ChoiceError

        asked = words(self.only)
        for word in asked:
            if word not in layers.names():
                raise ChoiceError("layer type", word, layers.names())
        return tuple(layers.layer_type(word).type for word in asked)

    def choice(self, *, ascii_only: bool) -> Choice:
        """What a table shows."""
        from cnncalc.render.choice import Choice

        return Choice(
            words(self.columns) or None, self.depth, self.expand, self.types, self.at,
            self.sort, self.top, self.layout, self.units, ascii_only,
        )  # fmt: skip


def flat(command: Callable[..., None]) -> Callable[..., None]:
    """The command with an option for every field of its groups, in their place."""
    from inspect import Parameter, Signature, signature

    hints = get_type_hints(command, include_extras=True)
    groups = {name: hint for name, hint in hints.items() if _is_group(hint)}

    def run(called: typer.Context, **given: Any) -> None:
        with output.guarded(json=bool(given.get("json"))):
            refuse_unheeded(command.__name__, _typed(called), given)
        if own_context:
            given[own_context[0]] = called
        for name, group in groups.items():
            given[name] = group(**{field: given.pop(field) for field in group._fields})
        command(**given)

    own_context = [name for name, hint in hints.items() if hint is typer.Context]
    own = [p.replace(annotation=hints[name]) for name, p in signature(command).parameters.items()
           if name not in own_context]  # fmt: skip
    every = [one for parameter in own for one in _spread(parameter)]
    context = Parameter("called", Parameter.KEYWORD_ONLY, annotation=typer.Context)
    run.__doc__ = command.__doc__
    run.__signature__ = Signature([context, *every])  # type: ignore[attr-defined]  # where inspect looks first
    return run


def _typed(called: typer.Context) -> frozenset[str]:
    """The options that stand on the command line; others have defaults, or the environment's."""
    sources = {name: called.get_parameter_source(name) for name in called.params}
    return frozenset(name for name, source in sources.items()
                     if source is not None and source.name == "COMMANDLINE")  # fmt: skip


def _is_group(hint: object) -> bool:
    return isinstance(hint, type) and hasattr(hint, "_fields")


def _spread(parameter: Parameter) -> Iterator[Parameter]:
    """A parameter by its keyword; in place of a group, one for each of its fields."""
    parameter = parameter.replace(kind=parameter.KEYWORD_ONLY)
    group = parameter.annotation
    if not _is_group(group):
        yield parameter
        return
    hints = get_type_hints(group, include_extras=True)
    for name in group._fields:
        default = group._field_defaults.get(name, parameter.empty)
        yield parameter.replace(name=name, annotation=hints[name], default=default)
