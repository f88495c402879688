"""How long the commands take, as ratios to `python -c pass` measured in the same run.

Run by hand: python tests/bench/bench_startup.py [ROUNDS]
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

# The console script beside this interpreter where cnncalc is installed, else the module.
SCRIPT = Path(sys.executable).with_name("cnncalc")
CNNCALC = [str(SCRIPT)] if SCRIPT.exists() else ["-m", "cnncalc"]
LIMITS = {
    "cnncalc conv": 10.0,
    "cnncalc analyze lenet5 --json": 14.0,
    "cnncalc sizes resnet50": 25.0,
    "cnncalc --version": 4.0,
    "cnncalc layers": 6.0,
    "cnncalc schema": 6.0,
}
COMMANDS = {
    "python -c pass": ["-c", "pass"],
    "cnncalc --version": [*CNNCALC, "--version"],
    "cnncalc conv": [*CNNCALC, "conv", "--w", "32", "--f", "5", "--s", "1", "--p", "2"],
    "cnncalc analyze lenet5 --json": [*CNNCALC, "analyze", "lenet5", "--json"],
    "cnncalc analyze resnet50 --json": [*CNNCALC, "analyze", "resnet50", "--json"],
    "cnncalc zoo": [*CNNCALC, "zoo"],
    "cnncalc --help": [*CNNCALC, "--help"],
    "cnncalc analyze resnet50": [*CNNCALC, "analyze", "resnet50"],
    "cnncalc layers": [*CNNCALC, "layers"],
    "cnncalc schema": [*CNNCALC, "schema"],
    "cnncalc sizes resnet50": [*CNNCALC, "sizes", "resnet50"],
}


def seconds(arguments: list[str], environment: dict[str, str]) -> float:
    """Wall time of one run of the interpreter."""
    start = time.perf_counter()
    subprocess.run(
        [sys.executable, *arguments], env=environment, stdout=subprocess.DEVNULL, check=True
    )
    return time.perf_counter() - start


def main() -> None:
    """Interleave the commands, keep the best of each, print ratios."""
    rounds = int(sys.argv[1]) if sys.argv[1:] else 20
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    best = dict.fromkeys(COMMANDS, float("inf"))
    for _ in range(rounds):
        for name, arguments in COMMANDS.items():
            best[name] = min(best[name], seconds(arguments, environment))
    unit = best["python -c pass"]
    for name, time_taken in best.items():
        limit = f"   limit {LIMITS[name]:.0f}x" if name in LIMITS else ""
        print(f"{name:34} {time_taken / unit:6.1f}x{limit}")


if __name__ == "__main__":
    main()
