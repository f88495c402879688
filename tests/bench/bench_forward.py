"""How fast the forward pass is, against the best ordinary pure Python and against NumPy.

Run by hand: python tests/bench/bench_forward.py [layers|nets|zoo|samples] [NAME ...]
`zoo` prints the speed of every bundled network that runs within a minute; `samples` runs many
samples by one process and by more, in turn, in seconds on the wall: other work does matter.

Ordinary is what one would write: the windows laid out once and shared by all filters, then
`sum(map(operator.mul, window, weights))`. It is timed on a few filters of every layer and
scaled up, in turn with the kernels; processor seconds, so that other work on the machine does
not matter, and the best of several. Whole networks are timed likewise, layer by layer. NumPy's
time, where NumPy is installed, is a matrix product of the same windows in float32, on as many
cores as it likes.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from array import array
from operator import mul
from random import Random

import cnncalc
from cnncalc import zoo
from cnncalc.inference import run
from cnncalc.inference.estimate import ahead
from cnncalc.inference.initial import InitialWeights
from cnncalc.inference.kernels import choose
from cnncalc.inference.kernels.im2col import sliding_window, windows
from cnncalc.inference.kernels.kernel import planes_of
from cnncalc.inference.parameters import Parameters, each
from cnncalc.inference.samples import AS_IS
from cnncalc.inference.stored import StoredTensor
from cnncalc.inference.worker_pool import WorkerSetup, run_samples
from cnncalc.layers.conv import Conv
from cnncalc.layers.dwconv import DwConv
from cnncalc.processes import processes
from cnncalc.shapes import Shape
from cnncalc.tensor import Tensor

MINUTE = 60
PASSES = 5  # of a whole network
SAMPLED = 4  # filters that the ordinary way is timed on
HALF = ((1, 1),)
LAYERS = {
    # name: layer, input, the ratio to reach
    "3x3 64->64 at 56": (Conv(filters=64, kernel=(3,), padding=HALF), Shape(64, (56, 56)), 6),
    "3x3 128->128 at 28": (Conv(filters=128, kernel=(3,), padding=HALF), Shape(128, (28, 28)), 6),
    "3x3 256->256 at 14": (Conv(filters=256, kernel=(3,), padding=HALF), Shape(256, (14, 14)), 4),
    "3x3 512->512 at 7": (Conv(filters=512, kernel=(3,), padding=HALF), Shape(512, (7, 7)), 4),
    "1x1 256->64 at 56": (Conv(filters=64, kernel=(1,)), Shape(256, (56, 56)), 4),
    "1x1 64->256 at 56": (Conv(filters=256, kernel=(1,)), Shape(64, (56, 56)), 4),
    "7x7/2 3->64 at 224": (
        Conv(filters=64, kernel=(7,), stride=(2,), padding=((3, 3),)), Shape(3, (224, 224)), 4,
    ),
    "3x3/2 64->128 at 56": (
        Conv(filters=128, kernel=(3,), stride=(2,), padding=HALF), Shape(64, (56, 56)), 3,
    ),
    "5x5 64->192 at 27": (
        Conv(filters=192, kernel=(5,), padding=((2, 2),)), Shape(64, (27, 27)), 6,
    ),
    "depthwise 3x3 96 at 56": (DwConv(kernel=(3,), padding=HALF), Shape(96, (56, 56)), 2),
}  # fmt: skip
SAMPLES = {"digits": 360, "squeezenet1_1": 8}
NETS = ("lenet5", "squeezenet1_1", "alexnet", "resnet18", "mobilenet_v2")


def numbers(layer, *shapes, seed=1):
    """Inputs as a ReLU leaves them, weights spread evenly."""
    random = Random(seed)
    inputs = [
        Tensor(shape, [max(0.0, random.gauss(0, 1)) for _ in range(shape.size)]) for shape in shapes
    ]
    weights = {
        p.name: [random.uniform(-1, 1) for _ in range(p.size)] for p in layer.parameters(*shapes)
    }
    return inputs, weights


def seconds(action):
    """Processor seconds of one call."""
    start = time.process_time()
    action()
    return time.process_time() - start


def ordinary_seconds(layer, inputs, weights):
    """What all filters would take: the windows once, and the quickest of a few filters each."""
    (x,) = inputs
    slide, planes = sliding_window(layer, x.shape), planes_of(x)
    filters, seen = layer.parameters(x.shape)[0].dims[:2]
    groups, wide = len(planes) // seen, seen * slide.taps
    list(windows(slide, planes[:1]))  # where the taps lie is found out once for a network
    start = time.process_time()
    laid_out = list(windows(slide, planes[:seen]))
    once = time.process_time() - start
    rows = [list(weights["weight"][k * wide : (k + 1) * wide]) for k in range(SAMPLED)]
    each = min(
        seconds(lambda row=row: [sum(map(mul, window, row), 0.0) for window in laid_out])
        for row in rows
    )
    return groups * once + filters * each


def numpy_seconds(layer, inputs, weights):
    """The same windows as one matrix product; None without NumPy."""
    try:
        import numpy as np
    except ImportError:
        return None
    (x,) = inputs
    slide = sliding_window(layer, x.shape)
    if layer.type != "conv" or layer.groups > 1:
        return None
    filters = layer.filters
    sides = [(window.begin, window.end) for window in slide.windows]
    data = np.array(x.values, np.float32).reshape(x.shape.view("CHW"))
    matrix = np.array(weights["weight"], np.float32).reshape(filters, -1)
    steps = tuple(slice(None, None, window.stride) for window in slide.windows)
    kernel = tuple(window.kernel for window in slide.windows)

    def run():
        padded = np.pad(data, [(0, 0), *sides])
        axes = tuple(range(1, 1 + len(kernel)))
        seen = np.lib.stride_tricks.sliding_window_view(padded, kernel, axes)[(slice(None), *steps)]
        order = (0, *range(1 + len(kernel), 1 + 2 * len(kernel)), *axes)
        return matrix @ seen.transpose(order).reshape(matrix.shape[1], -1)

    run()
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def compare(layer, shape, rounds=3):
    """Ordinary and fast seconds, the best of some rounds, taken in turn."""
    inputs, weights = numbers(layer, shape)
    kernel = choose(layer, shape)
    slow = fast = float("inf")
    for _ in range(rounds):
        slow = min(slow, ordinary_seconds(layer, inputs, weights))
        fast = min(fast, seconds(lambda: kernel(inputs, weights)))
    return slow, fast, numpy_seconds(layer, inputs, weights)


def layers(wanted):
    """A line per layer."""
    title = f"{'layer':24} {'ordinary':>10} {'fast':>9} {'ratio':>6} {'ns/MAC':>7} {'NumPy':>9}"
    print(title)
    for name, (layer, shape, least) in LAYERS.items():
        if wanted and name not in wanted:
            continue
        slow, fast, other = compare(layer, shape)
        verdict = "" if slow / fast >= least else f"  below {least}"
        beside = "-" if other is None else f"{other * 1e3:.1f} ms"
        each = fast / layer.macs(shape) * 1e9
        print(
            f"{name:24} {slow * 1e3:7.0f} ms {fast * 1e3:6.0f} ms {slow / fast:6.1f} "
            f"{each:7.2f} {beside:>9}{verdict}"
        )


def weighed(network):
    """Parameters ready in memory, so that drawing them is not timed."""
    random = Random(1)
    drawn = array("f", [random.uniform(-1, 1) for _ in range(9973)])
    stored = {}
    for _, parameter, name in each(network):
        if parameter.role == "statistic" or len(parameter.dims) == 1:
            value = float(parameter.name in {"weight", "running_var"})
            values = array("f", [value]) * parameter.size
        else:
            bound = (3 * parameter.dims[0] / parameter.size) ** 0.5
            scaled = array("f", [bound * value for value in drawn])
            values = (scaled * (1 + parameter.size // len(scaled)))[: parameter.size]
        stored[name] = StoredTensor(parameter.dims, lambda values=values: values)
    return Parameters(stored)


def plain_seconds(layer, shapes, weights):
    """A layer of few products on plain lists of numbers, a loop over each."""
    inputs, _ = numbers(layer, *shapes)
    kernel = choose(layer, *shapes) or layer.forward
    return min(seconds(lambda: kernel(inputs, weights)) for _ in range(2))


def passes(network, weights):
    """Rows of a pass of a random sample, and the seconds of all layers, each in its best pass."""
    random = Random(1)
    samples = {
        node.name: Tensor(node.shape, [random.random() for _ in range(node.shape.size)])
        for node in network.inputs
    }
    run.perf_counter = time.process_time
    every = [run.forward(network, samples, weights).rows for _ in range(PASSES)]
    layers = zip(*every, strict=True)
    return every[0], sum(min(row.seconds for row in rows) for rows in layers)


def speed(name, network, rows, fast):
    """What a pass computes, and how quickly."""
    macs = sum(
        row.node.layer.macs(*network.shapes_into(row.node)) for row in rows if row.node.inputs
    )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return (
        f"{name:20} {macs / 1e6:9.1f} M {fast:8.2f} s {macs / fast / 1e6:8.0f} M/s {peak:8.0f} MB"
    )


def net(name):
    """A line for a network: its layers' time, and what they would take the ordinary way."""
    network = cnncalc.load(name)
    weights = weighed(network)
    rows, fast = passes(network, weights)
    line = speed(name, network, rows, fast)
    slow, measured = 0.0, {}
    for row in rows:
        layer, shapes = row.node.layer, network.shapes_into(row.node)
        if not shapes:
            continue
        if (layer, shapes) not in measured:
            measured[layer, shapes] = (
                ordinary_seconds(layer, *numbers(layer, *shapes))
                if layer.type in {"conv", "dwconv", "linear"}
                else plain_seconds(layer, shapes, weights.of(network, row.node))
            )
        slow += measured[layer, shapes]
    print(f"{line} {slow:9.1f} s {slow / fast:6.1f}")


def pace(name):
    """A line for a network that runs within a minute, without the ordinary way."""
    network = cnncalc.load(name)
    if ahead(network).seconds <= MINUTE:
        print(speed(name, network, *passes(network, weighed(network))))


def throughput(name, count):
    """A line per number of processes: samples a second, the start of the processes included."""
    network = cnncalc.load(name)
    plan = WorkerSetup(network, InitialWeights(), AS_IS, network.init.weights)
    best = {}
    for _ in range(2):
        for jobs in sorted({1, 2, processes(None, count, MINUTE)}):
            start = time.perf_counter()
            assert all(result.ok for result in run_samples(plan, ["random"] * count, jobs))
            best[jobs] = min(best.get(jobs, float("inf")), time.perf_counter() - start)
    for jobs, passed in best.items():
        line = f"{name:20} {count:4} samples {jobs:3} processes {passed:8.2f} s"
        print(f"{line} {count / passed:8.2f}/s {best[1] / passed:6.2f}")


HEADING = f"{'network':20} {'MACs':>11} {'pass':>10} {'MACs/s':>12} {'peak':>11}"


def each_alone(what, names):
    """A line per network, each in a process of its own, for its peak of memory."""
    for name in names:
        sys.stdout.flush()
        subprocess.run([sys.executable, __file__, what, name], check=True)


def main() -> None:
    """Print the tables asked for, or those of layers and nets."""
    what, wanted = (sys.argv[1:2] or [""])[0], sys.argv[2:]
    if what == "net":
        net(*wanted)
    if what == "pace":
        pace(*wanted)
    if what in {"", "layers"}:
        layers(wanted)
    if what in {"", "nets"}:
        print(f"{HEADING} {'ordinary':>11} {'ratio':>6}")
        each_alone("net", wanted or NETS)
    if what == "samples":
        for name, count in SAMPLES.items():
            if not wanted or name in wanted:
                throughput(name, count)
    if what == "zoo":
        print(HEADING)
        each_alone("pace", wanted or zoo.files())


if __name__ == "__main__":
    main()
