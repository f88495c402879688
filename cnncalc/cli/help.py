"""`cnncalc help`, and the overview that `cnncalc --help` prints."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any

import typer

from cnncalc.cli import output
from cnncalc.cli.commands import COMMANDS
from cnncalc.cli.options import OutputFile
from cnncalc.errors import did_you_mean, failure
from cnncalc.render.page import Page, folded, wrapped

WIDEST = 100  # columns of the overview, however wide the terminal is
LANGUAGE = "language"


def complete_topic(incomplete: str) -> Iterator[str]:
    """The language, and the commands."""
    return (name for name in (LANGUAGE, *COMMANDS) if name.startswith(incomplete))


def help(  # noqa: A001  # a command's function has the command's name
    topic: Annotated[
        str,
        typer.Argument(metavar="[COMMAND|language]", autocompletion=complete_topic,
                       show_default=False,
                       help="A command, or how specs are written; without one, all commands."),
    ],
    out: OutputFile = None,
) -> None:  # fmt: skip
    """The spec language on one page; the options and examples of a command.

    Examples:
        cnncalc help
        cnncalc help conv
        cnncalc help language

    Raises:
        CnncalcError: for an unknown topic.
    """
    if topic == LANGUAGE:
        from cnncalc.render import language

        output.emit([language.text(output.page(out))], out)
    else:  # a command is none: `help conv` is read as `conv --help` before it comes here
        message = f"there is no help about '{topic}'"
        help_ = _layer_type(topic) or did_you_mean(topic, [LANGUAGE, *COMMANDS])
        help_ = help_ or "'cnncalc help' lists the commands, 'cnncalc help language' is about specs"
        raise failure("usage", message, help=help_, exit_code=output.USAGE)


def _layer_type(word: str) -> str | None:
    from cnncalc import layers as layer_types
    from cnncalc.spec.ready_blocks import NAMES

    known = word in {*layer_types.names(), *NAMES}
    return f"'cnncalc layers {word}' describes the layer" if known else None


def overview(context: Any, groups: Mapping[str, Iterable[str]], epilog: str) -> str:
    """All commands in groups, then the options that they share, then how to begin.

    `context` is Typer's, of the group of all commands.
    """
    page = output.page()
    width = min(page.width or WIDEST, WIDEST)
    group = context.command
    column = max(map(len, group.commands)) + 2
    lines = [context.get_usage().rstrip(), "", *_wrapped(group.help, width)]
    for title, names in groups.items():
        texts = {name: _summary(group.commands[name], width - column - 2) for name in names}
        lines += _section(title, texts, page, column)
    records = [option.get_help_record(context) for option in group.get_params(context)]
    options = dict(filter(None, records))
    options.pop("--show-completion", None)  # for who installs completion by hand
    lines += _section("Options, anywhere on the line", options, page)
    title, *rest = epilog.strip().split("\n\n")
    examples = [text for text in rest if text.startswith("cnncalc ")]
    lines += _section(title, dict.fromkeys(examples, ""), page)
    for text in rest[len(examples) :]:
        lines += ["", *_wrapped(text, width)]
    return folded("\n".join(lines), width)


def _summary(command: Any, width: int) -> str:
    """The first sentence of a command's help, or of a long one what comes before the details."""
    text: str = command.get_short_help_str(WIDEST)
    return text if len(text) <= width else f"{re.split('[:;]', text)[0].rstrip('.')}."


def _wrapped(text: str, width: int) -> Iterator[str]:
    for paragraph in text.strip().split("\n\n"):
        yield from wrapped(" ".join(paragraph.split()), width, 0)


def _section(title: str, texts: Mapping[str, str], page: Page, column: int = 0) -> Iterator[str]:
    yield ""
    yield page.paint(title, "heading")
    column = column or max(map(len, texts)) + 2
    yield from (f"  {name:<{column}}{text}".rstrip() for name, text in texts.items())
