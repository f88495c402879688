"""How many settings a second a sweep computes on one core, and what it keeps in memory.

Run by hand: python tests/bench/bench_sweep.py [SETTINGS | million]

The ratio says what a setting costs in units of loading and analysing the network by itself,
file and all: what reading the document once saves. The target is 100 ResNet-50 settings a
second. With `million`, a million settings of a small network are computed instead: some ten
minutes, in which the memory of the process has to stay what it was after the first ten thousand.
"""

from __future__ import annotations

import resource
import sys
import time
import tracemalloc

from cnncalc import analyze, load, sweep
from cnncalc.questions.settings import parse_values
from cnncalc.spec.document import read_document

TARGET = 100
SWEEPS = {
    "resnet50, input size": ("resnet50", {}, "64:{last}"),
    "resnet50, width": ("resnet50", {"wpg": "16:{last}"}, None),
    "resnet50, depth x width": (
        "resnet50",
        {"n": "[3,4,6,3],[3,4,23,3]", "wpg": "16:{last}"},
        None,
    ),
    "lenet5, input size": ("lenet5", {}, "32:{last}"),
}
TINY = "lenet5"
SMALL = """
input: 32x32x1
vars: {a: 6, c: 120}
layers:
  - conv a 5x5 tanh
  - avgpool 2x2
  - conv 16 5x5 tanh
  - avgpool 2x2
  - fc c tanh
  - fc 10 softmax
"""
MILLION = 1_000_000
EARLY = 10_000


def settings_a_second(target: str, vary: dict[str, str], sizes: str | None, count: int) -> float:
    """Processor seconds, so that other work on the machine does not matter."""
    last = str(64 + count)
    values = {name: parse_values(text.format(last=last)) for name, text in vary.items()}
    inputs = None if sizes is None else parse_values(sizes.format(last=last))
    start = time.process_time()
    done = sum(1 for _ in sweep(target, vary=values, vary_input=inputs))
    return done / (time.process_time() - start)


def alone(target: str) -> float:
    """Seconds to load and analyse a network, the best of five."""
    best = float("inf")
    for _ in range(5):
        start = time.process_time()
        analyze(load(target))
        best = min(best, time.process_time() - start)
    return best


def kept(count: int) -> int:
    """Bytes that are alive after so many settings, beyond those after the first hundred."""
    tracemalloc.start()
    before = 0
    for outcome in sweep(TINY, vary_input=range(32, 32 + count)):
        if outcome.number == count // 2:
            before, _ = tracemalloc.get_traced_memory()
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return after - before


def million() -> None:
    """A million settings; the largest size that the process had until then, early and late.

    Each has layers that none before had, so that what is remembered of layers is full early.
    """
    vary = {"a": range(1, 11), "c": range(1, MILLION // 10 + 1)}
    start = time.process_time()
    for outcome in sweep(read_document(SMALL, "small.yaml"), vary=vary):
        if outcome.number in {EARLY, MILLION // 10, MILLION}:
            seconds = time.process_time() - start
            size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            rate = outcome.number / seconds
            print(f"{outcome.number:9,} settings {seconds:7.0f} s {rate:6.0f}/s {size:9,} KiB")


def main() -> None:
    """Print the figures."""
    if sys.argv[1:] == ["million"]:
        million()
        return
    count = int(sys.argv[1]) if sys.argv[1:] else 200
    for name, (target, vary, sizes) in SWEEPS.items():
        rate = settings_a_second(target, vary, sizes, count)
        ratio = alone(target) * rate
        target_text = f"   target {TARGET}" if target == "resnet50" else ""
        print(f"{name:26} {rate:7.0f} settings a second   {1 / ratio:5.2f} x alone{target_text}")
    print(f"memory kept by the second half of {20 * count} settings: {kept(20 * count):,} bytes")


if __name__ == "__main__":
    main()
