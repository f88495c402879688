"""The forward pass with a model file's own weights, against ONNX Runtime."""

import json
from pathlib import Path

import pytest

from cnncalc import CnncalcError, Tensor, forward, load

DATA = Path(__file__).parents[1] / "data" / "onnx"


def close(found, expected, tolerance=1e-5):
    """Every number within a share of the largest expected one."""
    largest = max(map(abs, expected))
    return len(found) == len(expected) and all(
        abs(a - b) <= tolerance * largest for a, b in zip(found, expected, strict=True)
    )


@pytest.mark.parametrize(
    ("io", "model"),
    [
        ("c3d_small.io.json", "c3d_small.ts17.kept.full.onnx"),
        ("unet_small.io.json", "unet_small.dynamo.folded.full.onnx"),
    ],
)
def test_recorded_outputs_of_onnx_runtime(io, model):
    told = json.loads((DATA / io).read_text(encoding="utf-8"))
    network = load(DATA / model)
    sample = Tensor(network.nodes[0].shape, told["input"]["values"])
    done = forward(network, sample)
    for output, expected in zip(done.outputs, told["outputs"], strict=True):
        assert close(list(output.output.values), expected["values"])


def test_weights_in_another_file_are_not_looked_for():
    with pytest.raises(CnncalcError) as caught:
        forward(load(DATA / "resnet18.dynamo.folded.external.onnx"), "zeros")
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.code == "weights-elsewhere"
    assert "lie in another file, which is not opened" in diagnostic.message


@pytest.mark.onnx
@pytest.mark.parametrize(
    "name", ["c3d_small.ts17.kept.full.onnx", "unet_small.dynamo.folded.full.onnx"]
)
def test_random_samples_as_in_onnx_runtime(name):
    runtime = pytest.importorskip("onnxruntime", reason="compares with ONNX Runtime")
    numpy = pytest.importorskip("numpy", reason="ONNX Runtime takes its arrays")
    network = load(DATA / name)
    session = runtime.InferenceSession(DATA / name)
    (node,) = network.inputs
    values = numpy.random.default_rng(7).normal(size=(1, *node.shape.view("CHW")))
    values = values.astype("float32")
    expected = session.run(None, {session.get_inputs()[0].name: values})
    done = forward(network, Tensor(node.shape, values.ravel().tolist()))
    for output, array_ in zip(done.outputs, expected, strict=True):
        assert close(list(output.output.values), array_.ravel().tolist())


@pytest.mark.onnx
def test_operators_of_the_onnx_package():
    """Each operator test of PyTorch that is read gives the numbers recorded beside it."""
    onnx = pytest.importorskip("onnx", reason="the tests come with the onnx package")
    folder = Path(onnx.__file__).parent / "backend" / "test" / "data"
    read, shaped, equal = 0, 0, 0
    for path in sorted(folder.glob("pytorch-*/*/model.onnx")):
        try:
            network = load(path)
        except CnncalcError as error:
            codes = {each.code for each in error.diagnostics}
            assert codes <= {"unknown-operator", "input-shape", "padding-too-big"}, path
            continue
        read += 1
        data = path.parent / "test_data_set_0"
        outputs = [array(onnx, each) for each in sorted(data.glob("output_*.pb"))]
        found = [network.nodes[row].shape.view("CHW") for row in network.outputs]
        # What has one number a sample, or is one number, has a batch and one channel here.
        shapes = [(*each.shape, 1, 1)[: max(2, each.ndim)] for each in outputs]
        assert [(network.batch, *shape) for shape in found] == shapes, path
        shaped += 1
        inputs = [array(onnx, each)[0] for each in sorted(data.glob("input_*.pb"))]
        names = [node.name for node in network.inputs]
        shapes = [node.shape for node in network.inputs]
        samples = {
            name: Tensor(shape, each.ravel().tolist())
            for name, shape, each in zip(names, shapes, inputs, strict=True)
        }
        done = forward(network, samples)
        for output, expected in zip(done.outputs, outputs, strict=True):
            numbers = expected[0].ravel().tolist()
            assert close(list(output.output.values), numbers), (path, network.nodes)
            equal += 1
    assert read == shaped >= 90
    assert equal >= 90


def array(onnx, path):
    """The tensor in a protobuf file, as a NumPy array."""
    tensor = onnx.TensorProto()
    tensor.ParseFromString(path.read_bytes())
    return onnx.numpy_helper.to_array(tensor)
