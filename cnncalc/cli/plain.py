"""Answers without options, which need no Typer: to import it would take most of their time."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from cnncalc.cli import output
from cnncalc.cli.commands import COMMANDS, COMPLETION_VARIABLE, FORMAT_VARIABLE
from cnncalc.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Callable

# The program, the first word as far as it is typed, and more words, apart by spaces or, as bash
# hands them over, by ends of lines; without marks of quotation.
LINE = re.compile(r"[\w./~-]+[ \n]([a-z][a-z-]*|)(?:[ \n][\w./ \n-]*)?")


def run(arguments: list[str]) -> int | None:
    """Answer the command line and return the exit status; None where Typer has to read it."""
    answer = _answer(arguments)
    if answer is None:
        return None
    output.settings = output.Settings(folded=answer is layers)
    with output.streams():
        try:
            return output.status_of(answer)
        except KeyboardInterrupt:
            return output.INTERRUPTED


def _answer(arguments: list[str]) -> Callable[[], None] | None:
    if COMPLETION_VARIABLE in os.environ:
        return commands if _completed() else None
    return None if FORMAT_VARIABLE in os.environ else ANSWERS.get(" ".join(arguments))


def _completed() -> list[str]:
    """The commands that bash may complete a first word to; other shells show their help as well."""
    asked = os.environ[COMPLETION_VARIABLE], os.environ.get("COMP_CWORD")
    line = LINE.fullmatch(os.environ.get("COMP_WORDS", ""))
    if asked != ("complete_bash", "1") or line is None:
        return []
    return [name for name in COMMANDS if name.startswith(line[1])]


def commands() -> None:
    """Print the names of commands that bash may complete a first word to."""
    output.emit([f"{name}\n" for name in _completed()])


def version() -> None:
    """Print the version."""
    output.emit([f"cnncalc {VERSION}\n"])


def schema(out: str | None = None) -> None:
    """Write the JSON Schema of a spec file."""
    from json import dumps, loads

    from cnncalc.spec import recorded

    text = recorded.schema()
    output.emit([dumps(loads(text), indent=2) if output.ascii_only() else text, "\n"], out)


def layers(out: str | None = None) -> None:
    """Write the list of layer types, one line for each."""
    from cnncalc.render.reference import overview
    from cnncalc.spec.recorded import reference

    known = reference()
    output.emit([overview(known["layers"], known["blocks"], output.page(out))], out)


# What is typed -> what answers it. The commands of these names call the same functions.
ANSWERS: dict[str, Callable[[], None]] = {
    **dict.fromkeys(("--version", "-V", "version"), version), "schema": schema, "layers": layers,
}  # fmt: skip
