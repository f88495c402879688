"""`python -m cnncalc`, and the console script `cnncalc`."""

from __future__ import annotations

import gc
import sys

# Allocations between two collections. Imports make no garbage; looking for some would take a
# tenth of the time that a command needs to start.
FEWER_COLLECTIONS = 50_000


def main() -> None:
    """Run the command line and exit with its status."""
    gc.set_threshold(FEWER_COLLECTIONS)
    from cnncalc.cli import plain

    status = plain.run(sys.argv[1:])
    if status is None:
        from cnncalc.cli.app import run

        status = run(sys.argv[1:])
    gc.freeze()  # or the interpreter would look for garbage once more, only to end then
    sys.exit(status)


if __name__ == "__main__":
    main()
