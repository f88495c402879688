"""Fuzz cnncalc by hand: `python tests/fuzz/run.py --examples 1000000 --jobs 2`.

Every example follows from the seed and its number alone, so that `--first N --examples 1` gives
it again. Prints what became of the examples and how many there were per second of processor
time. Faults are made as small as they get, and printed with the number of their example; the
exit status is then 1.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from random import Random
from typing import TYPE_CHECKING, NamedTuple

import commands
from contract import Example, Fault, Judge
from grammar import Writer
from minimise import minimised
from mutations import corpus, mutated, spoiled

if TYPE_CHECKING:
    from collections.abc import Iterable

SEED = 1998
THOROUGH = 50  # one example in so many has the slow checks too
MOST_FAULTS = 20  # of different kinds; then a run ends
BATCH = 500


class Outcome(NamedTuple):
    """What a number of examples came to."""

    outcomes: Counter[str]
    faults: dict[str, tuple[int, Example, Fault]]  # by label, the first of each
    seconds: float


def example(seed: int, number: int) -> Example:
    """The example of a number: a spec, one that was changed, or a command line."""
    random = Random(f"{seed}:{number}")
    kind = random.random()
    if kind < 0.01:
        return Example(b"", commands.one_layer(random))
    if kind < 0.13:
        return Example(mutated(random, random.choice(corpus())))
    text = Writer(random).spec()
    if kind < 0.14:
        return Example(text.encode(), commands.about_a_spec(random))
    if kind < 0.40:
        return Example(mutated(random, text))
    data = text.encode("utf-8", "surrogatepass")
    return Example(spoiled(random, data) if kind < 0.45 else data)


def fuzz(seed: int, numbers: Iterable[int]) -> Outcome:
    """Hold the examples of these numbers to the contract."""
    faults: dict[str, tuple[int, Example, Fault]] = {}
    judge = Judge()
    begun = time.process_time()
    for number in numbers:
        found = example(seed, number)
        fault = judge.fault(found)
        if fault is None and number % THOROUGH == 0 and not found.command:
            fault = judge.fault(found, thorough=True)
        if fault is not None and fault.label not in faults:
            faults[fault.label] = (number, found, fault)
            if len(faults) == MOST_FAULTS:
                break
    seconds = time.process_time() - begun
    return Outcome(judge.outcomes, faults, seconds)


def report(number: int, found: Example, fault: Fault, seed: int) -> str:
    """A fault as a person reads it: the smallest input that has it, and how to see it again."""
    small = minimised(found, fault, Judge())
    lines = [
        f"== example {number}, seed {seed}: {fault.label}",
        *([f"command: {list(small.command)}"] if small.command else []),
        small.data.decode("utf-8", "backslashreplace"),
        fault.detail,
        f"again: python tests/fuzz/run.py --seed {seed} --first {number} --examples 1",
    ]
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    """Run from the command line; the exit status."""
    options = _options().parse_args(arguments)
    last = options.first + options.examples
    batches = [range(at, min(at + BATCH, last)) for at in range(options.first, last, BATCH)]
    outcomes: Counter[str] = Counter()
    faults: dict[str, tuple[int, Example, Fault]] = {}
    seconds, done = 0.0, 0
    begun = time.monotonic()
    with ProcessPoolExecutor(options.jobs, initializer=_limit_memory) as pool:
        results = pool.map(fuzz, [options.seed] * len(batches), batches)
        for batch, outcome in zip(batches, results, strict=True):
            outcomes += outcome.outcomes
            seconds += outcome.seconds
            done += len(batch)
            for label, fault in outcome.faults.items():
                if label not in faults:
                    faults[label] = fault
                    print(report(*fault, options.seed), flush=True)
            if done % (BATCH * 20) == 0:
                print(f"{done:,} examples, {len(faults)} faults", file=sys.stderr, flush=True)
            if len(faults) >= MOST_FAULTS:
                pool.shutdown(cancel_futures=True)
                break
    shares = ", ".join(f"{count:,} {name}" for name, count in sorted(outcomes.items()))
    took = time.monotonic() - begun
    print(f"{done:,} examples in {took:.0f} s: {shares}; {len(faults)} kinds of fault")
    print(f"{done / max(seconds, 1e-9):,.0f} examples per second of processor time")
    return 1 if faults else 0


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--examples", type=int, default=10_000, help="how many (default 10000)")
    parser.add_argument("--jobs", type=int, default=1, help="processes (default 1)")
    parser.add_argument("--seed", type=int, default=SEED, help=f"default {SEED}")
    parser.add_argument("--first", type=int, default=0, help="number of the first example")
    return parser


def _limit_memory() -> None:
    """Let what takes memory without end fail here, and not the machine."""
    import resource

    most = 2 * 2**30
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    os.environ.setdefault("COLUMNS", "100")


if __name__ == "__main__":
    sys.exit(main())
