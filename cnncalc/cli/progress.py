"""A progress bar with the time left on stderr, where a person sees it and there is time to."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from cnncalc.cli import output

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

WORTH_WATCHING = 1  # seconds of work that get a progress bar


@contextmanager
def bar(total: int, seconds: float) -> Iterator[Callable[[int], None]]:
    """A bar over so many units of work, which may take so long; yields what moves it on.

    It is not drawn for little work, with --quiet, or where stderr is not a terminal.
    """
    if output.settings.quiet or not output.terminal(sys.stderr) or seconds < WORTH_WATCHING:
        yield _ignore
        return
    from rich.console import Console
    from rich.progress import Progress

    color = output.colored(sys.stderr)
    console = Console(stderr=True, force_terminal=True, no_color=not color)
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("forward", total=total)
        yield lambda units: progress.update(task, advance=units)


def _ignore(units: int) -> None:
    """Where there is no bar, nothing moves."""
