"""How long `check` takes per 100 networks, and `sizes` on one, in times of `python -c pass`.

Processor time counts, of all processes, which other work on the machine disturbs least; the time
that passes is printed beside it. Other checkouts can be measured in the same rounds.

Run by hand: python tests/bench/bench_check.py [ROUNDS] [CHECKOUT...]
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parents[2]
PASS = "python -c pass"
LIMITS = {"check, per 100 networks": 35.0, "sizes resnet50": 12.0}


class Took(NamedTuple):
    """Seconds of all processors together, and seconds that passed."""

    busy: float
    passed: float


def took(arguments: list[str], checkout: Path) -> Took:
    """What one run of the interpreter takes."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPATH"] = str(checkout)
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(
        [sys.executable, *arguments],
        cwd=checkout, env=environment, stdout=subprocess.DEVNULL, check=True,
    )  # fmt: skip
    passed, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return Took(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, passed)


def networks() -> int:
    """How many networks the bundled files hold."""
    from cnncalc import zoo

    return sum(max(1, len(zoo.variants(path))) for path in zoo.files().values())


def main() -> None:
    """Interleave the commands, keep the best of each, print ratios."""
    rounds = int(sys.argv[1]) if sys.argv[1:] else 5
    checkouts = [Path(name).resolve() for name in sys.argv[2:]] or [HERE]
    commands = {
        "check, per 100 networks": ["-m", "cnncalc", "check", "specs/"],
        "the same in one process": ["-m", "cnncalc", "check", "specs/", "--jobs", "1"],
        "sizes resnet50": ["-m", "cnncalc", "sizes", "resnet50"],
    }
    runs = {(name, checkout): line for checkout in checkouts for name, line in commands.items()}
    runs[PASS, checkouts[0]] = ["-c", "pass"]
    best = dict.fromkeys(runs, Took(float("inf"), float("inf")))
    for _ in range(rounds):
        for run, line in runs.items():
            times = 10 if line == ["-c", "pass"] else 1  # it is short, so that noise shows most
            for _ in range(times):
                best[run] = Took(*map(min, best[run], took(line, run[1])))
    unit = best.pop((PASS, checkouts[0]))
    hundreds = networks() / 100
    for (name, checkout), time_taken in best.items():
        share = 1 if name.startswith("sizes") else hundreds
        busy, passed = (each / share / one for each, one in zip(time_taken, unit, strict=True))
        limit = f"   limit {LIMITS[name]:.0f}x" if name in LIMITS else ""
        print(f"{name:26} {busy:6.1f}x busy {passed:6.1f}x passed{limit}   {checkout}")


if __name__ == "__main__":
    main()
