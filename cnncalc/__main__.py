"""`python -m cnncalc`, and the console script `cnncalc`."""

from __future__ import annotations

import gc
import sys

# Allocations between two collections. Imports make no garbage; looking for some would take a
# tenth of the time that a command needs to start.
FEWER_COLLECTIONS = 50_000
INTERRUPTED = 130  # the exit status


def _status(arguments: list[str]) -> int:
    """The exit status of the command line; plain texts are answered without loading Typer."""
    from cnncalc.cli import plain

    status = plain.run(arguments)
    if status is None:
        from cnncalc.cli.app import run

        status = run(arguments)
    return status


def main() -> None:
    """Run the command line and exit with its status."""
    gc.set_threshold(FEWER_COLLECTIONS)
    try:
        status = _status(sys.argv[1:])
    except KeyboardInterrupt:  # while modules were imported; a running command answers by itself
        status = INTERRUPTED
    gc.freeze()  # or the interpreter would look for garbage once more, only to end then
    sys.exit(status)


if __name__ == "__main__":
    main()
