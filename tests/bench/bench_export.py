"""How long an ONNX file takes to write, and how much memory, beside the onnx package.

Run by hand: python tests/bench/bench_export.py. Each process writes ResNet-50 with 102 MB of ready
weights (zeros: initial ones are drawn in pure Python, which is not what is measured here); the
limit is 2 s. `onnx` needs the extra exchange-test.
"""

from __future__ import annotations

import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

from bench_import import cost

LIMIT = 2.0  # seconds
OURS = """
from array import array
from cnncalc import load
from cnncalc.exchange.targets import TargetOptions, write
from cnncalc.files import write as save
from cnncalc.inference.parameters import each
network = load("resnet50")
sizes = {name: parameter.size for _, parameter, name in each(network)}
numbers = lambda name: array("f", bytes(4 * sizes[name]))
save(FILE, write(network, "onnx", TargetOptions(numbers=numbers)).content, piecemeal=True)
"""
THEIRS = """
import numpy, onnx
from onnx import helper, numpy_helper
model = onnx.load(FILE)
stored = [
    numpy_helper.from_array(numpy.zeros(tuple(each.dims), "f"), each.name)
    for each in model.graph.initializer
]
graph = helper.make_graph(
    model.graph.node, "resnet50", model.graph.input, model.graph.output, stored
)
onnx.save(helper.make_model(graph), FILE + ".again")
"""


def main() -> None:
    """Print seconds and MB of both, and their ratio."""
    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder) / "resnet50.onnx")
        ours = cost("-c", OURS.replace("FILE", repr(file)))
        size = Path(file).stat().st_size / 1e6
        print(f"cnncalc  {ours.seconds:.2f} s  {ours.megabytes:.0f} MB at the peak, {size:.0f} MB")
        if find_spec("onnx") is not None:
            theirs = cost("-c", THEIRS.replace("FILE", repr(file)))
            ratio = theirs.seconds / ours.seconds
            print(f"onnx     {theirs.seconds:.2f} s  {theirs.megabytes:.0f} MB, {ratio:.1f} times")
    if ours.seconds > LIMIT:
        sys.exit(f"longer than {LIMIT} s")


if __name__ == "__main__":
    main()
