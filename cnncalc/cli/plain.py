"""Answers without options, which need no Typer: to import it would take most of their time."""

from __future__ import annotations

import os
from json import dumps, loads
from typing import TYPE_CHECKING

from cnncalc.cli import output
from cnncalc.cli.commands import COMPLETION_VARIABLE, FORMAT_VARIABLE
from cnncalc.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Callable


def run(arguments: list[str]) -> int | None:
    """Answer the command line and return the exit status; None where Typer has to read it."""
    answer = ANSWERS.get(" ".join(arguments))
    if answer is None or not os.environ.keys().isdisjoint({COMPLETION_VARIABLE, FORMAT_VARIABLE}):
        return None
    output.settings = output.Settings(folded=answer is layers)
    with output.streams():
        try:
            return output.status_of(answer)
        except KeyboardInterrupt:
            return output.INTERRUPTED


def version() -> None:
    """Print the version."""
    output.emit([f"cnncalc {VERSION}\n"])


def schema(out: str | None = None) -> None:
    """Write the JSON Schema of a spec file."""
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
