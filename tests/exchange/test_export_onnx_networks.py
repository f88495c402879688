"""Whole networks as ONNX files: read back and computed, and run by ONNX Runtime.

The networks of data/forward2 have weights and outputs told by PyTorch and Keras. The bundled ones,
at inputs that are small enough for the forward pass, are compared with that.
"""

import json
from pathlib import Path
from random import Random

import pytest
from golden import compare, flat, tensor
from golden_networks import SPECS, batches, built, stored

import cnncalc
from cnncalc.exchange.targets import TargetOptions
from cnncalc.exchange.targets.onnx import write
from cnncalc.inference.initial import InitialWeights
from cnncalc.inference.parameters import WeightsFile, gather
from cnncalc.inference.run import forward
from cnncalc.spec.load import load
from cnncalc.tensor import Tensor

FOLDER = Path(__file__).parents[1] / "data" / "forward2"
TOLERANCE = {"rtol": 1e-5, "atol": 1e-6}


def case_of(name):
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))


def exported(network, parameters):
    values = {name: each.read() for name, each in parameters.stored.items()}
    return b"".join(write(network, TargetOptions(numbers=values.__getitem__)).content)


def run(content, network, samples):
    """What ONNX Runtime puts out for one sample of every input."""
    runtime = pytest.importorskip("onnxruntime", reason="compares with ONNX Runtime")
    numpy = pytest.importorskip("numpy", reason="ONNX Runtime takes its arrays")
    quiet = runtime.SessionOptions()
    quiet.log_severity_level, quiet.intra_op_num_threads = 4, 1
    given = {
        node.name: numpy.array(list(x.values), "f").reshape(1, x.shape.channels, *x.shape.spatial)
        for node, x in zip(network.inputs, samples, strict=True)
    }
    return runtime.InferenceSession(content, quiet).run(None, given)


@pytest.mark.parametrize("name", sorted(SPECS))
def test_a_file_read_back_gives_what_the_framework_gives(tmp_path, name):
    case, network = case_of(name), built(SPECS[name])
    path = tmp_path / "net.onnx"
    path.write_bytes(exported(network, gather(network, None, WeightsFile(name, stored(case)))))
    back = load(str(path))
    assert back.diagnostics == ()
    for sample, expected in zip(batches(case["input"]), case["output"], strict=True):
        ports = zip(network.inputs, sample, strict=True)
        (output,) = cnncalc.forward(back, {node.name: tensor(x) for node, x in ports}).outputs
        compare(output.output.values, flat(expected), TOLERANCE)


@pytest.mark.onnx
@pytest.mark.parametrize("name", sorted(SPECS))
def test_onnx_runtime_gives_what_the_framework_gives(name):
    case, network = case_of(name), built(SPECS[name])
    content = exported(network, gather(network, None, WeightsFile(name, stored(case))))
    for sample, expected in zip(batches(case["input"]), case["output"], strict=True):
        (output,) = run(content, network, [tensor(x) for x in sample])
        compare(output.flatten().tolist(), flat(expected), TOLERANCE)


# Bundled networks, and inputs at which the forward pass takes about a second.
BUNDLED = {
    "lenet5-1998": None, "lenet5": None, "digits": None, "espcn": "8x8x1", "srcnn": "16x16x1",
    "resnet-cifar": "8x8x3", "shufflenet_v1": "8x8x3", "shufflenet_v2": "8x8x3",
    "starnet": "8x8x3", "lcnet": "8x8x3", "mobilenet_v2": "8x8x3", "wavenet": "8x256",
    "squeezenet": "24x24x3",
}  # fmt: skip


@pytest.mark.onnx
@pytest.mark.parametrize("name", sorted(BUNDLED))
def test_bundled_networks_compute_the_same(tmp_path, name):
    """ONNX Runtime on the file, the forward pass on the spec, and on the file read back."""
    network = load(name, input=BUNDLED[name])
    parameters = gather(network, InitialWeights(seed=3))
    content, random = exported(network, parameters), Random(5)
    samples = [
        Tensor(node.shape, [round(random.uniform(-1, 1), 3) for _ in range(node.shape.size)])
        for node in network.inputs
    ]
    given = {node.name: x for node, x in zip(network.inputs, samples, strict=True)}
    wanted = forward(network, given, parameters).outputs
    path = tmp_path / "net.onnx"
    path.write_bytes(content)
    found = cnncalc.forward(load(str(path)), given).outputs
    each = zip(wanted, found, run(content, network, samples), strict=True)
    for output, own, theirs in each:
        numbers = list(output.output.values)
        largest = max(map(abs, numbers))
        assert list(own.output.values) == pytest.approx(numbers, abs=1e-5 * largest)
        assert theirs.flatten().tolist() == pytest.approx(numbers, abs=1e-5 * largest)
