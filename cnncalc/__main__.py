"""`python -m cnncalc`, and the console script `cnncalc`."""

from __future__ import annotations

import gc
import sys

FEWER_COLLECTIONS = 50_000  # imports make no garbage; looking for it is a tenth of start-up


def main() -> None:
    """Run the command line and exit with its status."""
    gc.set_threshold(FEWER_COLLECTIONS)
    from cnncalc.cli.app import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
