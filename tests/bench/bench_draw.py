"""How long a picture takes: from the report to the text of an SVG file, for every bundled network.

Run by hand: python tests/bench/bench_draw.py [NAME...]

A picture is to take less than a tenth of a second, folded as `draw` does by default or open; each
that takes longer is listed. The ratio is to the time in which the network is loaded and analysed.
"""

from __future__ import annotations

import gc
import sys
import time
from typing import TYPE_CHECKING, NamedTuple

from cnncalc import analyze, load, zoo
from cnncalc.pictures.boxes import picture
from cnncalc.pictures.styles import placed
from cnncalc.render import svg
from cnncalc.render.choice import Choice

if TYPE_CHECKING:
    from collections.abc import Callable

    from cnncalc.analysis.report import Report

LIMIT = 100  # milliseconds
OPEN = 99  # deeper than any network is nested
SHOWN = 10  # at least; all over the limit are


class Timed(NamedTuple):
    """One picture: milliseconds, their ratio to those of the analysis, and what was drawn."""

    milliseconds: float
    ratio: float
    name: str
    boxes: int


def best(call: Callable[[], object], rounds: int = 3) -> float:
    """The least processor time of several runs, in milliseconds."""
    times = []
    for _ in range(rounds):
        start = time.process_time()
        call()
        times.append(time.process_time() - start)
    return 1000 * min(times)


def draw(report: Report, depth: int | None) -> int:
    """Draw a picture; return how many boxes it has."""
    shown = picture(report, Choice(depth=depth))
    svg.text(placed(shown))
    return len(shown.boxes)


def measure(name: str, depth: int | None) -> Timed:
    """One network at one depth."""
    analysed = best(lambda: analyze(load(name)), 1)
    report = analyze(load(name))
    drawn = best(lambda: draw(report, depth))
    return Timed(drawn, drawn / analysed, name, draw(report, depth))


def main() -> None:
    """Print the slowest pictures, folded and open, and how many break the limit."""
    names = sys.argv[1:] or sorted(zoo.names())
    gc.disable()
    for title, depth in (("folded", None), ("open", OPEN)):
        timed = sorted((measure(name, depth) for name in names), reverse=True)
        over = sum(each.milliseconds > LIMIT for each in timed)
        print(f"{title}: {len(timed)} pictures, {over} of more than {LIMIT} ms")
        print("      ms  of the analysis  boxes  network")
        for each in timed[: max(SHOWN, over)]:
            print(f"{each.milliseconds:8.1f} {each.ratio:16.2f} {each.boxes:6}  {each.name}")


if __name__ == "__main__":
    main()
