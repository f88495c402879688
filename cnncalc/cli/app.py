"""The root command: global options, and commands imported when they are used."""

from __future__ import annotations

import os
from functools import cache
from importlib import import_module
from itertools import takewhile
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from cnncalc.cli import output
from cnncalc.cli.groups import flat
from cnncalc.cli.options import FORMAT_VARIABLE, Format
from cnncalc.errors import CnncalcError
from cnncalc.files import protecting_inputs

if TYPE_CHECKING:
    from collections.abc import Iterator

# Command -> the module in this folder that holds a function of the same name.
COMMANDS = {
    "analyze": "analyze",
    "conv": "conv",
    "pool": "pool",
    "conv-transpose": "conv_transpose",
    "fc": "fc",
    "stack": "stack",
    "check": "check",
    "compare": "compare",
    "sweep": "sweep",
    "explain": "explain",
    "solve": "solve",
    "sizes": "sizes",
    "rf": "rf",
    "forward": "forward",
    "expand": "expand",
    "layers": "layers",
    "schema": "schema",
    "init": "init",
    "zoo": "zoo",
}
ALIASES = {"deconv": "conv-transpose"}
FORMATS = get_args(Format)
STRICT = ("warnings", "fit")
GLOBAL_FLAGS = ("-q", "--quiet", "--ascii", "--debug")


EPILOG = """Examples

cnncalc conv -W 227 -D 3 -K 96 -F 11 -S 4

cnncalc stack 28x28x1 "conv 16 5x5 p2" "pool 2x2" "fc 10"

cnncalc analyze resnet50 --totals

The options above may stand anywhere; each command's own are in 'cnncalc COMMAND --help'.
CNNCALC_FORMAT and CNNCALC_LAYOUT set the defaults of --format and --layout; NO_COLOR and
FORCE_COLOR are heeded.

Exit status: 0 all is well; 1 a network does not work or a check fails; 2 wrong command line;
3 a file cannot be read or written; 130 interrupted.
"""


class Commands(TyperGroup):
    """Imports a command's module only when the command is run, or listed by --help."""

    def list_commands(self, ctx: Any) -> list[str]:
        """The commands in the order of the manual."""
        return list(COMMANDS)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that was asked for; a word that is none is told with what was meant."""
        word = args[0]
        if not word.startswith("-") and self.get_command(ctx, word) is None:
            from cnncalc.render.format import printable

            ctx.fail(f"No such command '{printable(word)}'.{printable(_meant(word))}")
        return super().resolve_command(ctx, args)

    def get_command(self, ctx: Any, cmd_name: str) -> TyperCommand | None:
        """The command, or None for an unknown word."""
        name = ALIASES.get(cmd_name, cmd_name)
        return _command(name, os.environ.get(FORMAT_VARIABLE)) if name in COMMANDS else None


def _meant(word: str) -> str:
    """A command of a similar name, or what the file would be asked with."""
    from difflib import get_close_matches
    from pathlib import Path

    from cnncalc import zoo

    if word in zoo.names() or Path(word).is_file():
        return f" Did you mean 'cnncalc analyze {word}'?"
    close = get_close_matches(word, [*COMMANDS, *ALIASES], n=1)
    return f" Did you mean '{close[0]}'?" if close else ""


@cache
def _command(name: str, format_: str | None) -> Any:
    """A command; the environment's format is passed over where only other commands write it."""
    module = import_module(f"cnncalc.cli.{COMMANDS[name]}")
    app = typer.Typer(add_completion=False)
    app.command(name=name, epilog=module.EPILOG)(flat(getattr(module, COMMANDS[name])))
    command: Any = get_command(app)
    for option in command.params:
        if option.envvar == FORMAT_VARIABLE and format_ in {*FORMATS} - {*option.type.choices}:
            option.envvar = None
    return command


app = typer.Typer(
    cls=Commands,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    no_args_is_help=True,
    epilog=EPILOG,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from cnncalc import __version__

        print(f"cnncalc {__version__}")
        raise typer.Exit


@app.callback()
def cnncalc(
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version.", callback=_print_version, is_eager=True
        ),
    ] = False,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Only errors on stderr.")] = False,
    color: Annotated[
        Literal["auto", "always", "never"], typer.Option(help="Colour on terminals, or not.")
    ] = "auto",
    ascii_only: Annotated[bool, typer.Option("--ascii", help="No signs beyond ASCII.")] = False,
    max_errors: Annotated[
        int, typer.Option(min=1, metavar="N", help="Print at most this many diagnostics.")
    ] = 20,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show tracebacks, for bug reports.")
    ] = False,
) -> None:
    """The calculator for convolutional neural networks.

    Shapes, weights, connections, MACs, receptive field and memory of every layer, with the
    formula behind every number; no framework needed.
    """
    output.settings = output.Settings(
        quiet=quiet, color=color, ascii=ascii_only, debug=debug, max_errors=max_errors
    )


def hoist(arguments: list[str]) -> list[str]:
    """Global options may stand anywhere: move them in front of the command.

    >>> hoist(["analyze", "lenet5", "--ascii", "--color", "never"])
    ['--ascii', '--color', 'never', 'analyze', 'lenet5']
    """
    first: list[str] = []
    rest: list[str] = []
    waiting = iter(_with_strict(arguments))
    for argument in waiting:
        if argument == "--":
            return [*first, *rest, argument, *waiting]
        if argument in GLOBAL_FLAGS or argument.startswith(("--color=", "--max-errors=")):
            first.append(argument)
        elif argument in ("--color", "--max-errors"):
            first += [argument, *_next(waiting)]
        else:
            rest.append(argument)
    return first + rest


def _with_strict(arguments: list[str]) -> Iterator[str]:
    """`--strict` alone means `--strict=warnings`; the words it takes may stand apart."""
    for before, argument, after in zip(
        ["", *arguments], arguments, [*arguments[1:], ""], strict=False
    ):
        if argument == "--strict":
            yield f"--strict={after if after in STRICT else STRICT[0]}"
        elif before != "--strict" or argument not in STRICT:
            yield argument


def _next(waiting: Iterator[str]) -> list[str]:
    value = next(waiting, None)
    return [] if value is None else [value]


def run(arguments: list[str]) -> int:
    """Run the command line; the exit status."""
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # none is used; saves start-up
    arguments = hoist(arguments)
    ascii_only = "--ascii" in takewhile(lambda word: word != "--", arguments)
    with protecting_inputs(), output.streams(ascii_only=ascii_only):
        try:
            status = _status(arguments)
            output.flush()
        except SystemExit:  # the reader of stdout has left
            return 0
        except CnncalcError as error:  # stdout failed while something was printed to it
            output.tell(error.diagnostics)
            return error.exit_code
        return status


def _status(arguments: list[str]) -> int:
    """Run the command line; the exit status. Raises CnncalcError where stdout cannot be written."""
    try:
        with output.blaming_stdout():
            app(arguments, prog_name="cnncalc")
    except SystemExit as stop:
        if isinstance(stop.__context__, BrokenPipeError):
            raise
        status = stop.code if isinstance(stop.code, int) else int(bool(stop.code))
        # typer raises SystemExit while it handles its own complaint; ours have told theirs.
        complaint = getattr(stop.__context__, "format_message", None)
        if complaint and output.wants_json(arguments):
            output.usage_document(complaint())
        return status
    return 0
