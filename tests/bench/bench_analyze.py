"""How long analysis takes in-process, and how it grows with the number of layers.

Run by hand: python tests/bench/bench_analyze.py
"""

from __future__ import annotations

import time
import tracemalloc
from typing import TYPE_CHECKING

from cnncalc import analyze, load
from cnncalc.spec.document import read_document
from cnncalc.spec.load import build

if TYPE_CHECKING:
    from collections.abc import Callable

ROWS = (1_000, 10_000, 49_000)  # a network may have 50,000
HEAD = "input: 32x32x8\n"
BLOCK = "blocks:\n  unit:\n    - conv 8 3x3 p1 bn relu\n"
DEEP = {
    "a repeat": lambda count: f"{HEAD}layers:\n  - conv 8 3x3 p1 bn relu x{count // 3}\n",
    "a block": lambda count: f"{HEAD}{BLOCK}layers:\n  - unit x{count // 3}\n",
    "equal lines": lambda count: f"{HEAD}layers:\n" + "  - conv 8 3x3 p1\n" * count,
    "named lines": lambda count: (
        f"{HEAD}layers:\n" + "".join(f"  - c{n}: conv 8 3x3 p1\n" for n in range(count))
    ),
}


def best(call: Callable[[], object], rounds: int) -> float:
    """The least processor time of several runs, in milliseconds."""
    times = []
    for _ in range(rounds):
        start = time.process_time()
        call()
        times.append(time.process_time() - start)
    return 1000 * min(times)


def analysed(text: str) -> object:
    """Load and analyse a text."""
    return analyze(build(read_document(text, "deep")))


def memory(text: str) -> tuple[int, int]:
    """Bytes that the report keeps, and the most that there were on the way."""
    tracemalloc.start()
    report = analysed(text)
    found = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    del report
    return found


def deep(kind: str, text: Callable[[int], str]) -> None:
    """A line for each number of rows, with the ratio to the first."""
    base = 0.0
    for count in ROWS:
        each = 1000 * best(lambda count=count: analysed(text(count)), 3) / count
        kept, most = (size / count for size in memory(text(count)))
        base = base or each
        print(
            f"{kind:12} {count:7} rows   {each:6.1f} microseconds a row ({each / base:4.2f}x the "
            f"first)   {kept:5.0f} bytes a row, {most:5.0f} at the most"
        )


def main() -> None:
    """Print the figures."""
    for name in ("lenet5", "resnet50", "resnet152", "efficientnet_b7"):
        network = load(name)
        rows = len(network.nodes) - 1
        loading = best(lambda name=name: load(name), 10)
        whole = best(lambda name=name: analyze(load(name)), 10)
        print(f"{name:18} {rows:5} rows   load {loading:6.2f} ms   load + analyze {whole:6.2f} ms")
    for kind, text in DEEP.items():
        deep(kind, text)


if __name__ == "__main__":
    main()
