"""`cnncalc export --to onnx` against onnx's checker and ONNX Runtime: every layer type, networks.

Skipped where they are not installed.
"""

from collections import Counter
from random import Random

import contracts
import pytest
from contracts import of_one_layer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strategies import examples

from cnncalc import layers, zoo
from cnncalc.errors import CnncalcError, UnplacedError
from cnncalc.exchange.targets import TargetOptions
from cnncalc.exchange.targets.onnx import write
from cnncalc.inference.initial import InitialWeights
from cnncalc.inference.parameters import gather
from cnncalc.inference.run import forward
from cnncalc.spec.document import read_document
from cnncalc.spec.load import build, load
from cnncalc.tensor import Tensor

onnx = pytest.importorskip("onnx")
runtime = pytest.importorskip("onnxruntime")
numpy = pytest.importorskip("numpy")
pytestmark = pytest.mark.onnx

SETTINGS = 40  # random layers of each type
ALWAYS_REFUSED = {"custom", "localconv"}
OUTCOMES = {}  # of the layer types tried, for the table in the README


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


def numbers(random, count, layer=None):
    """Numbers that are 32-bit floats, so that both sides read the same."""
    if layer is not None and layer.type == "embedding":
        return [float(random.randrange(layer.entries)) for _ in range(count)]
    return [float(numpy.float32(random.uniform(-1, 1))) for _ in range(count)]


def compared(layer, shapes, seed):
    """'equal' or 'refused', or a failure."""
    network = of_one_layer(layer, shapes)
    random = Random(seed)
    parameters = {}
    for p in layer.parameters(*shapes):
        positive = p.name == "running_var"
        values = [abs(v) + 0.1 if positive else v for v in numbers(random, p.size)]
        if layer.type == "blur":
            values = list(layer.initial_value(p))
        parameters[p.name] = values
    full = {f"layer.{name}": values for name, values in parameters.items()}
    try:
        content = exported(network, full)
    except CnncalcError as error:
        codes = [diagnostic.code for diagnostic in error.diagnostics]
        return "refused" if codes == ["no-counterpart"] else codes
    inputs = [numbers(random, shape.size, layer) for shape in shapes]
    (got,) = run(content, network, inputs)
    tensors = [Tensor(shape, values) for shape, values in zip(shapes, inputs, strict=True)]
    wanted = layer.forward(tensors, parameters)
    assert got.shape == (1, wanted.shape.channels, *wanted.shape.spatial)
    largest = max(1.0, *map(abs, wanted.values))
    difference = max(abs(a - b) for a, b in zip(got.flatten().tolist(), wanted.values, strict=True))
    assert difference <= 1e-5 * largest, (layer, shapes, difference)
    return "equal"


@pytest.mark.parametrize("name", layers.layer_types())
def test_every_layer_type_is_equal_or_refused(name):
    layer_type = layers.layer_type(name)
    outcomes = Counter()

    @given(examples(layer_type), st.integers(0, 10**6))
    @settings(
        max_examples=4 * SETTINGS, derandomize=True, database=None, deadline=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    def attempt(example, seed):
        layer, shapes = example
        if outcomes.total() >= SETTINGS:
            return
        try:
            layer.output_shape(*shapes)
            layer.parameters(*shapes)
        except UnplacedError:
            return
        outcomes[compared(layer, shapes, seed)] += 1

    attempt()
    OUTCOMES[name] = outcomes
    assert outcomes.total() >= 10, outcomes
    assert set(outcomes) <= {"equal", "refused"}
    if name in ALWAYS_REFUSED:
        assert not outcomes["equal"]
    else:
        assert outcomes["equal"] >= 5, outcomes


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


WHOLE = {
    **contracts.WHOLE,
    "resnet": """
input: 12x12x3
blocks:
  basic(c, s=1):
    - conv c 3x3 s=s p1 -> bn -> relu
    - conv c 3x3 p1 -> bn
    - add: [identity, from in -> conv c 1x1 s=s bn as downsample if s != 1]
    - relu
layers:
  - conv 4 3x3 p1 bn relu
  - layer1: {numbered: [basic 4 x2]}
  - layer2: {numbered: [basic 8 s=first(2) x2]}
  - gap -> fc 10
""",
    "sequence": """
input: 7x4
layers: [lstm 5 bidirectional, gru 3 layers=2, attention 3, rnn 2 last]
""",
}  # fmt: skip


@pytest.mark.parametrize("case", [*WHOLE, "digits", "lenet5"])
def test_whole_networks_compute_the_same(case):
    network = build(read_document(WHOLE[case], "net.yaml")) if case in WHOLE else load(case)
    parameters = gather(network, InitialWeights(seed=3))
    values = {name: each.read() for name, each in parameters.stored.items()}
    random = Random(5)
    inputs = [numbers(random, node.shape.size) for node in network.inputs]
    got = run(exported(network, values), network, inputs)
    samples = {
        node.name: Tensor(node.shape, given)
        for node, given in zip(network.inputs, inputs, strict=True)
    }
    done = forward(network, samples, parameters)
    for index, tensor in zip(network.outputs, got, strict=True):
        wanted = list(done.tensor(network.nodes[index].name).values)
        largest = max(1.0, *map(abs, wanted))
        assert tensor.flatten().tolist() == pytest.approx(wanted, abs=1e-5 * largest)
