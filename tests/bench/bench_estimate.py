"""How near the estimate ahead of a pass is to the pass: one line per bundled network.

Run by hand: python tests/bench/bench_estimate.py [NAME ...]
Without names: the first network of every bundled file that is estimated to run within a minute,
the shortest first. Both are seconds of the processor, for initial weights and a random sample:
the pass by its clock, the estimate scaled by the machine's speed measured before and after the
pass by the same clock, so that other work on the machine matters little. The last lines are the
worst ratios and where the time went, by type of layer, against the estimate of that type.
"""

from __future__ import annotations

import sys
import time
from collections import Counter

import cnncalc
from cnncalc import zoo
from cnncalc.inference import estimate, run
from cnncalc.inference.initial import InitialWeights
from cnncalc.inference.kernels import nature
from cnncalc.inference.parameters import gather
from cnncalc.inference.samples import sample

MINUTE = 60


def estimated(network):
    """Seconds on the machine of the rates."""
    factor, estimate.slowness = estimate.slowness, lambda: 1.0
    try:
        return estimate.ahead(network).seconds
    finally:
        estimate.slowness = factor


def compared(network):
    """The estimate and the pass, and the seconds of each type of layer."""
    parameters = gather(network, InitialWeights())
    entering = {node.name: sample("random", node) for node in network.inputs}
    before = estimate.slowness()
    start = time.process_time()
    rows = run.forward(network, entering, parameters).rows
    passed = time.process_time() - start
    factor = (before + estimate.slowness()) / 2
    types = Counter()
    for row in rows:
        if row.node.inputs:
            kind = nature(row.node.layer, *network.shapes_into(row.node))
            types[kind] += row.seconds
    return estimated(network) * factor, passed, types


def chosen(names):
    """The networks to run, the shortest first."""
    networks = {name: cnncalc.load(name) for name in names or zoo.files()}
    seconds = {name: estimated(network) for name, network in networks.items()}
    return [networks[n] for n in sorted(seconds, key=seconds.get) if names or seconds[n] < MINUTE]


def main() -> None:
    """Print the table."""
    run.perf_counter = estimate.perf_counter = time.process_time
    ratios, every = [], Counter()
    print(f"{'network':32} {'estimate':>10} {'pass':>10} {'ratio':>6}")
    for network in chosen(sys.argv[1:]):
        expected, passed, types = compared(network)
        ratios.append(expected / passed)
        every += types
        line = f"{network.name:32} {expected:8.2f} s {passed:8.2f} s {ratios[-1]:6.2f}"
        print(line, flush=True)
    print(f"ratios from {min(ratios):.2f} to {max(ratios):.2f}")
    for kind, seconds in every.most_common(12):
        print(f"  {kind:16} {seconds:8.2f} s")


if __name__ == "__main__":
    main()
