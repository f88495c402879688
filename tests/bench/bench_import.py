"""How long a model file takes to read, and how much memory, beside the onnx package.

Run by hand: python tests/bench/bench_import.py [MODEL.onnx]. Without a file it writes ResNet-50
with 102 MB of weights. Whole processes are timed; `onnx` needs the extra exchange-test.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1] / "exchange"))

from onnx_files import model, node, tensor

from cnncalc import load

if TYPE_CHECKING:
    from cnncalc.network import Network, Node

ROUNDS = 7
PLAIN = {"relu": "Relu", "add": "Add", "gap": "GlobalAveragePool", "flatten": "Flatten",
         "softmax": "Softmax"}  # fmt: skip


class Cost(NamedTuple):
    """The least of several runs: seconds, and MB at the peak."""

    seconds: float
    megabytes: float


def written(network: Network) -> bytes:
    """A network of the layer types of ResNet-50 as an ONNX file, its weights zeros."""
    names = {row.index: f"t{row.index}" for row in network.nodes}
    nodes, stored = [], []
    for row in network.nodes:
        if not row.inputs:
            continue
        weights = [f"{row.name}.{p.name}" for p in row.layer.parameters(*network.shapes_into(row))]
        for parameter, name in zip(
            row.layer.parameters(*network.shapes_into(row)), weights, strict=True
        ):
            stored.append(tensor(name, parameter.dims))
        read = [names[index] for index in row.inputs]
        if row.layer.type == "fc":  # of which ONNX wants a vector
            nodes.append(node("Flatten", read, [f"flat{row.index}"]))
            read = [f"flat{row.index}"]
        nodes.append(_node(row, [*read, *weights], names[row.index]))
    (entry,) = network.inputs
    sizes = (1, *entry.shape.view("CHW"))
    outputs = [names[index] for index in network.outputs]
    return model(nodes, stored, inputs=[(names[entry.index], sizes)], outputs=outputs)


def _node(row: Node, read: list[str], out: str) -> bytes:
    layer = row.layer
    if layer.type in {"conv", "maxpool"}:
        before, after = zip(*(layer.padding * 2)[:2], strict=True)
        sizes = {
            "kernel_shape": (layer.kernel * 2)[:2],
            "strides": ((layer.stride or layer.kernel) * 2)[:2],
        }
        type_ = "Conv" if layer.type == "conv" else "MaxPool"
        return node(type_, read, [out], row.name, pads=(*before, *after), **sizes)
    if layer.type == "bn":
        return node("BatchNormalization", read, [out], row.name)
    if layer.type == "fc":
        return node("Gemm", read, [out], row.name, transB=1)
    return node(PLAIN[layer.type], read, [out], row.name)


def cost(*command: str) -> Cost:
    """The least time and memory of a command, as a process of its own."""
    found = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, *command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        _, status, usage = os.wait4(process.pid, 0)
        if status:
            raise SystemExit(f"{' '.join(command)} failed")
        found.append(Cost(time.perf_counter() - start, usage.ru_maxrss / 1024))
    return Cost(min(each.seconds for each in found), min(each.megabytes for each in found))


def main(path: str | None = None) -> None:
    """A line for each way to read the file."""
    with tempfile.TemporaryDirectory() as folder:
        if path is None:
            path = str(Path(folder, "resnet50.onnx"))
            # In a process of its own: a child's peak is at least what its parent holds.
            subprocess.run([sys.executable, __file__, "--write", path], check=True)
        print(f"{path}: {Path(path).stat().st_size / 1e6:.0f} MB")
        ways = {
            "python -c pass": ("-c", "pass"),
            "cnncalc analyze resnet50": ("-m", "cnncalc", "analyze", "resnet50", "--totals"),
            "cnncalc analyze MODEL": ("-m", "cnncalc", "analyze", path, "--totals"),
            "cnncalc.load(MODEL)": ("-c", f"from cnncalc.spec.load import load; load({path!r})"),
        }
        if find_spec("onnx"):
            ways["onnx.load(MODEL)"] = ("-c", f"import onnx; onnx.load({path!r})")
        for name, command in ways.items():
            seconds, megabytes = cost(*command)
            print(f"{name:26} {seconds:6.3f} s {megabytes:6.0f} MB")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--write"]:
        Path(sys.argv[2]).write_bytes(written(load("resnet50")))
    else:
        main(*sys.argv[1:2])
