"""`cnncalc export --to onnx` against onnx's checker and ONNX Runtime: every layer type, networks.

Skipped where they are not installed.
"""

import pytest
from contracts import WHOLE, assert_as_recorded, assert_computes_the_same

from cnncalc import layers, zoo
from cnncalc.exchange.targets import TargetOptions
from cnncalc.exchange.targets.onnx import write
from cnncalc.spec.document import read_document
from cnncalc.spec.load import build, load

onnx = pytest.importorskip("onnx")
runtime = pytest.importorskip("onnxruntime")
numpy = pytest.importorskip("numpy")
pytestmark = pytest.mark.onnx


def exported(network, parameters=None, **options):
    """The file's bytes, which pass the full checker."""
    numbers = None if parameters is None else parameters.__getitem__
    content = b"".join(write(network, TargetOptions(numbers=numbers, **options)).content)
    onnx.checker.check_model(content, full_check=True)
    return content


def run(content, network, inputs):
    quiet = runtime.SessionOptions()
    quiet.log_severity_level, quiet.intra_op_num_threads = 4, 1
    session = runtime.InferenceSession(content, quiet)
    given = {
        node.name: numpy.array(values, "f").reshape(1, node.shape.channels, *node.shape.spatial)
        for node, values in zip(network.inputs, inputs, strict=True)
    }
    return session.run(None, given)


def compute(network, parameters, inputs):
    """What ONNX Runtime puts out, as sizes and numbers."""
    content = exported(network, {name: each.read() for name, each in parameters.items()})
    return [(got.shape, got.flatten().tolist()) for got in run(content, network, inputs)]


@pytest.mark.parametrize("name", layers.layer_types())
def test_every_layer_type_comes_out_as_recorded(name):
    assert_as_recorded("onnx", compute, name)


@pytest.mark.parametrize("name", zoo.files())
def test_every_bundled_network_is_written(name):
    """It passes the checker, and has the same parameters and the same shapes of outputs."""
    network = load(name)
    if any(node.layer.type == "custom" for node in network.nodes):
        pytest.skip("it has a layer that nobody knows")
    left_out = {node.index for node in network.nodes if node.train_only}
    content = exported(network)
    model = onnx.load_from_string(content)
    sizes = {
        each.name.removesuffix(".shape"): onnx.numpy_helper.to_array(each)
        for each in model.graph.initializer
    }
    wanted = {
        f"{node.name}.{p.name}": p.size
        for node in network.nodes
        if node.inputs and node.index not in left_out and node.shared_with is None
        for p in node.layer.parameters(*network.shapes_into(node))
    }
    assert {name: int(numpy.prod(dims)) for name, dims in sizes.items()} == wanted
    outputs = [network.nodes[i].shape for i in network.outputs if i not in left_out]
    inferred = onnx.shape_inference.infer_shapes(model, strict_mode=True, data_prop=True)
    for each, shape in zip(inferred.graph.output, outputs, strict=True):
        dims = [dim.dim_value for dim in each.type.tensor_type.shape.dim]
        assert dims[1:] == [shape.channels, *shape.spatial]


NETWORKS = {
    **WHOLE,
    "sequence": """
input: 7x4
layers: [lstm 5 bidirectional, gru 3 layers=2, attention 3, rnn 2 last]
""",
}  # fmt: skip


@pytest.mark.parametrize("case", NETWORKS)
def test_whole_networks_compute_the_same(case):
    assert_computes_the_same(compute, build(read_document(NETWORKS[case], "net.yaml")))


@pytest.mark.parametrize("name", ["digits", "lenet5"])
def test_bundled_networks_compute_the_same(name):
    assert_computes_the_same(compute, load(name))
