"""The root command: global options, and commands that are imported only when they run."""

from __future__ import annotations

import os
from contextlib import contextmanager, nullcontext, suppress
from functools import cache
from importlib import import_module
from itertools import pairwise
from keyword import iskeyword
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from typer.core import TyperGroup

from cnncalc.cli import failures, output, plain
from cnncalc.cli.command import command_line, epilog
from cnncalc.cli.commands import (
    ALIASES,
    COMMANDS,
    COMPLETION_VARIABLE,
    FORMAT_VARIABLE,
    GROUPS,
    OTHER_WORDS,
    PROGRAM,
)
from cnncalc.files import protecting_inputs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from contextlib import AbstractContextManager

CONVOLUTIONS = ("conv", "conv-transpose", "deconv")
ONE_LAYER = (*CONVOLUTIONS, "pool", "fc")
STRICT = ("warnings", "fit")
VERSION = ("-V", "--version")
GLOBAL_FLAGS = ("-q", "--quiet", "--ascii", "--debug")

EPILOG = """Examples

cnncalc conv -W 227 -D 3 -K 96 -F 11 -S 4

cnncalc stack 28x28x1 "conv 16 5x5 p2" "pool 2x2" "fc 10"

cnncalc analyze resnet50 --totals

'cnncalc help COMMAND' describes a command, 'cnncalc help language' how specs are written.
CNNCALC_FORMAT and CNNCALC_LAYOUT set defaults; NO_COLOR and FORCE_COLOR are respected.
Exit status: 0 success; 1 invalid or a failed check; 2 wrong command line; 3 file error;
130 interrupted.
"""


class Commands(TyperGroup):
    """The group of all commands; suggests similar names, and reports usage errors in JSON too.

    Typer takes a subclass of its TyperGroup as `cls`; no other internals of it are used.
    """

    def make_context(
        self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any
    ) -> Any:
        """Read the global options."""
        self.wants_json = failures.wants_json(args)
        with self._usage_errors():
            return super().make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: Any) -> Any:
        """Read the options of the command, and run it."""
        with self._usage_errors():
            return super().invoke(ctx)

    @contextmanager
    def _usage_errors(self) -> Iterator[None]:
        """Print a JSON document for a usage error under --json; Typer explains it on stderr."""
        try:
            yield
        except typer.TyperException as error:
            error.message += _advice(error)
            if self.wants_json:
                failures.usage_document(error.format_message())
            raise

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the main help: the commands in groups, then the options."""
        from cnncalc.cli.help import overview

        output.emit([overview(ctx, GROUPS, EPILOG)])

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the command; the error for an unknown one suggests a similar name."""
        word = args[0]
        if not word.startswith("-") and word not in (*COMMANDS, *ALIASES):
            from cnncalc.render.format import printable

            ctx.fail(f"No such command '{printable(word)}'.{printable(_meant(word))}")
        if word in ONE_LAYER and (height := _height(args)):
            ctx.fail(f"-h is short for --help; the height is --h {height} or -H {height}")
        return super().resolve_command(ctx, args)


def _height(args: list[str]) -> str | None:
    """The number behind -h, which is meant as the height of an input."""
    return next((b for a, b in pairwise(args) if a == "-h" and b[:1].isdecimal()), None)


def _meant(word: str) -> str:
    """A suggestion: the command that does this, or `analyze` for a file or a network."""
    from difflib import get_close_matches
    from pathlib import Path

    from cnncalc import zoo

    file = False
    with suppress(OSError):  # a name that is too long, a folder that may not be searched
        file = Path(word).is_file()
    if file or word in zoo.names():
        return f" Did you mean 'cnncalc analyze {word}'?"
    close = get_close_matches(word, [*COMMANDS, *ALIASES], n=1)
    meant = OTHER_WORDS.get(word) or next(iter(close), None)
    return f" Did you mean '{meant}'?" if meant else ""


def _advice(error: Any) -> str:
    """What to write instead of a command line with no file, or with too many."""
    command = error.ctx.info_name if error.ctx else None
    text = error.format_message()
    if text.startswith("Missing argument 'FILE'"):
        return f"'cnncalc {command} -' reads the standard input"
    if command == "analyze" and text.startswith("Got unexpected extra argument"):
        return ". 'cnncalc compare FILE FILE' puts networks side by side"
    return ""


def _application(arguments: list[str]) -> typer.Typer:
    """The Typer application, with only the commands that these arguments need.

    Importing all of them would double the start-up time.
    """
    app = typer.Typer(
        cls=Commands,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
        no_args_is_help=True,
        epilog=EPILOG,
    )
    app.callback()(cnncalc)
    for name in _needed(arguments):
        function, examples = _command(name, os.environ.get(FORMAT_VARIABLE))
        settings = _synonyms() if name in ONE_LAYER else None
        app.command(name=name, epilog=examples, hidden=name in ALIASES, context_settings=settings)(
            function
        )
    return app


def _synonyms() -> dict[str, Any]:
    """The setting by which the options of a one-layer command have other names too."""
    from cnncalc.cli.synonyms import own_name

    return {"token_normalize_func": own_name}


def _needed(arguments: list[str]) -> Iterable[str]:
    """The names of the commands to import: the one to run, or all for help and completion."""
    every = (*COMMANDS, *ALIASES)
    if COMPLETION_VARIABLE in os.environ:
        word = next((word for word in _typed_words() if word in every), "")
        return (word,) if word else every
    word = next(iter(arguments), "")
    if word in VERSION:
        return ()
    if not word or word.startswith("-"):
        return every
    return (word,) if word in every else ()


def _typed_words() -> list[str]:
    """The words before the one that a shell completes, as its completion script passes them."""
    bash = os.environ.get("COMP_WORDS")
    words = (os.environ.get("_TYPER_COMPLETE_ARGS", "") if bash is None else bash).split(" ")
    current = os.environ.get("COMP_CWORD", "")
    return words[: int(current) if current.isdecimal() else -1]


@cache
def _command(name: str, format_: str | None) -> tuple[Callable[..., None], str]:
    """The function that Typer runs, for this CNNCALC_FORMAT, and the examples."""
    name = ALIASES.get(name, name)
    module = import_module(f"cnncalc.cli.{COMMANDS[name]}")
    word = name.replace("-", "_")
    function = getattr(module, f"{word}_" if iskeyword(word) else word)
    return command_line(function, format_), epilog(function)


def _print_version(wanted: bool) -> None:
    if wanted:
        plain.version()
        raise typer.Exit


def cnncalc(
    version: Annotated[
        bool,
        typer.Option(*VERSION, help="Print the version.", callback=_print_version, is_eager=True),
    ] = False,
    quiet: Annotated[
        bool, typer.Option("-q", "--quiet", help="Print only errors to stderr.")
    ] = False,
    color: Annotated[
        Literal["auto", "always", "never"], typer.Option(help="When to colour the output.")
    ] = "auto",
    ascii_only: Annotated[
        bool, typer.Option("--ascii", help="Print only ASCII characters.")
    ] = False,
    max_errors: Annotated[
        int, typer.Option(min=1, metavar="N", help="Print at most N errors and warnings.")
    ] = 20,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show tracebacks, for bug reports.")
    ] = False,
) -> None:
    """Calculate convolutional neural networks: exact figures, and the formula of every number."""
    output.settings = output.Settings(
        quiet=quiet, color=color, ascii=ascii_only, debug=debug, max_errors=max_errors
    )


def split(arguments: list[str]) -> tuple[list[str], list[str]]:
    """Separate the global options, which may stand anywhere, from the command and its arguments.

    >>> split(["analyze", "lenet5", "--ascii", "--color", "never"])
    (['--ascii', '--color', 'never'], ['analyze', 'lenet5'])
    """
    options: list[str] = []
    rest: list[str] = []
    waiting = iter(_with_strict(_with_bias(arguments)))
    for argument in waiting:
        if argument == "--":
            return options, [*rest, argument, *waiting]
        if argument in GLOBAL_FLAGS or argument.startswith(("--color=", "--max-errors=")):
            options.append(argument)
        elif argument in ("--color", "--max-errors"):
            options += [argument, *_next(waiting)]
        else:
            rest.append(argument)
    return options, rest


def spoken(words: list[str]) -> list[str]:
    """The command line that `help`, `help COMMAND` and `version` stand for.

    >>> spoken(["help", "conv"]), spoken(["help"]), spoken(["help", "language"])
    (['conv', '--help'], ['--help'], ['help', 'language'])
    """
    match words:
        case ["version"]:
            return ["--version"]
        case ["help"]:
            return ["--help"]
        case ["help", name] if name in (*COMMANDS, *ALIASES):
            return [name, "--help"]
        case _:
            return words


def _with_bias(arguments: list[str]) -> list[str]:
    """Join `--bias` with its numbers, which it has only beside `--x`; else it takes no value."""
    if "--bias" not in arguments or arguments[0] not in CONVOLUTIONS:
        return arguments
    at = arguments.index("--bias")
    numbers = arguments[at + 1 : at + 2] if "--x" in arguments else []
    numbers = [text for text in numbers if text.lstrip("+-.")[:1].isdecimal()]
    joined = f"--bias={''.join(numbers)}"
    return [*arguments[:at], joined, *arguments[at + 1 + len(numbers) :]]


def _with_strict(arguments: list[str]) -> Iterator[str]:
    """Join `--strict` with its value, which is `warnings` where none follows."""
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
    """Run the command line and return its exit status."""
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # none is used; saves start-up
    options, rest = split(arguments)
    rest = spoken(rest)
    with protecting_inputs(), output.streams(ascii_only="--ascii" in options):
        return output.status_of(lambda: _status(options, rest))


def _completing() -> AbstractContextManager[None]:
    """What has to hold while a shell is told how to complete a line, if that is asked for."""
    if COMPLETION_VARIABLE not in os.environ:
        return nullcontext()
    from cnncalc.cli.completion import whole_words

    return whole_words()


def _status(options: list[str], rest: list[str]) -> int:
    """Run the command line and return its exit status. Raises CnncalcError if stdout fails."""
    try:
        with output.blaming_stdout(), _completing():
            try:
                _application(rest)([*options, *rest], prog_name=PROGRAM)
            except OSError as error:
                if isinstance(error.__context__, typer.TyperException):
                    return output.USAGE  # stderr takes no complaint: the exit status still tells
                raise
    except SystemExit as stop:
        if isinstance(stop.__context__, BrokenPipeError):
            raise
        return stop.code if isinstance(stop.code, int) else int(bool(stop.code))
    return 0
