"""`cnncalc export --to keras` against Keras itself: every layer type, and whole networks.

Skipped where Keras is not installed; KERAS_BACKEND says what it computes with.
"""

import runpy
import subprocess
import sys
from functools import partial
from math import prod
from random import Random

import pytest
from contracts import WHOLE, assert_as_recorded, assert_computes_the_same, numbers

from cnncalc import layers, zoo
from cnncalc.exchange.targets import TargetOptions
from cnncalc.exchange.targets.keras import write
from cnncalc.exchange.targets.laying import laid_out
from cnncalc.inference.parameters import WeightsFile, gather
from cnncalc.inference.run import forward
from cnncalc.inference.weights import read
from cnncalc.spec.document import read_document
from cnncalc.spec.load import build, load
from cnncalc.tensor import Tensor

keras = pytest.importorskip("keras")
np = pytest.importorskip("numpy")
pytestmark = [pytest.mark.keras, pytest.mark.filterwarnings("ignore")]  # Keras has its own

# Bundled networks with a layer that Keras does not compute.
REFUSED = {"crnn", "edgenext", "lraspp", "sknet", "ssd300"}


def model_of(network, **options):
    """The exported model, and how its weights are laid out."""
    exported = write(network, TargetOptions(**options))
    space = {"__name__": "exported"}
    exec(compile(exported.content, network.name, "exec"), space)
    functions = [name for name, value in space.items() if hasattr(value, "__code__")]
    builder = [name for name in functions if name != "load_weights"][-1]
    return space[builder](), exported.layout, space


def place(model, layout, parameters):
    """Put the network's numbers into the model; every variable is given, and no other."""
    arrays = {
        laid.name: np.array(laid_out(laid, lambda name: parameters[name].read())).reshape(
            laid.sizes
        )
        for laid in layout
    }
    variables = {v.path.removeprefix(f"{model.name}/"): v for v in model.weights}
    assert {k: tuple(v.shape) for k, v in variables.items()} == {
        k: v.shape for k, v in arrays.items()
    }
    for name, variable in variables.items():
        variable.assign(arrays[name])


def as_array(values, shape):
    """One sample, the channels last."""
    array = np.array(values, dtype="float32").reshape(1, shape.channels, *shape.spatial)
    return np.moveaxis(array, 1, -1)


def computed(model, inputs, shapes):
    """What the model puts out, each flat with the channels first."""
    arrays = [as_array(values, shape) for values, shape in zip(inputs, shapes, strict=True)]
    got = model(arrays[0] if len(arrays) == 1 else arrays, training=False)
    tensors = got if isinstance(got, (list, tuple)) else [got]
    return [np.moveaxis(keras.ops.convert_to_numpy(tensor), -1, 1) for tensor in tensors]


def compute(network, parameters, inputs, **options):
    """What the exported model puts out, as sizes and numbers, the channels first."""
    model, layout, _ = model_of(network, **options)
    place(model, layout, parameters)
    got = computed(model, inputs, [node.shape for node in network.inputs])
    return [(tensor.shape, tensor.flatten().tolist()) for tensor in got]


@pytest.mark.parametrize("name", layers.layer_types())
def test_every_layer_type_comes_out_as_recorded(name):
    assert_as_recorded("keras", compute, name)


@pytest.mark.parametrize("name", sorted({*zoo.files()} - REFUSED))
def test_every_bundled_network_has_the_same_parameters(name):
    """All of them, those that are trained, and the shapes of inputs and outputs."""
    network = load(name)
    model, layout, _ = model_of(network)
    stored = [
        (node, p)
        for node in network.nodes
        if node.inputs and not node.train_only and node.shared_with is None
        for p in node.layer.parameters(*network.shapes_into(node))
    ]
    trained = sum(p.size for node, p in stored if p.role == "learned" and not node.frozen)
    assert sum(prod(v.shape) for v in model.trainable_weights) == trained
    assert sum(prod(v.shape) for v in model.weights) == sum(p.size for _, p in stored)
    variables = {v.path.removeprefix(f"{model.name}/"): tuple(v.shape) for v in model.weights}
    assert variables == {laid.name: laid.sizes for laid in layout}
    outputs = [network.nodes[i] for i in network.outputs if not network.nodes[i].train_only]
    assert [tuple(y.shape[1:]) for y in model.outputs] == [
        (*node.shape.spatial, node.shape.channels) for node in outputs
    ]


NETWORKS = {
    **WHOLE,
    "chain": """
input: 12x11x3
layers:
  - conv 4 3x3 half bn relu
  - maxpool 3x3 s2 p1
  - conv 6 3x3 s2 p1 silu
  - dropout 0.5
  - fc 7 relu
  - fc 5 softmax
""",
    "flattened": """
input: 4x5x3
layers:
  - conv 2 3x3 p1
  - flatten -> relu -> dropout 0.1 -> fc 6
  - reshape 1x2x3
  - flatten -> bn -> fc 4
""",
    "an output in the order of the map": """
input: 4x5x3
layers: [conv 2 3x3 p1, flatten, relu]
""",
    "names of Keras' own": """
input: 8x8x3
layers:
  - pad_1: conv 4 3x3 p1
  - get_item: {concat: [slice 0..2, maxpool 3x3 s1 p1]}
  - add: [identity, conv 6 1x1]
  - input_layer: conv 2 1x1
""",
}  # fmt: skip


@pytest.mark.parametrize("nested", [True, False])
@pytest.mark.parametrize("case", NETWORKS)
def test_whole_networks_compute_the_same(case, nested):
    assert_computes_the_same(
        partial(compute, nested=nested), build(read_document(NETWORKS[case], "net.yaml"))
    )


def test_a_file_of_weights_is_loaded_by_the_code(tmp_path):
    """What the README says, with the bundled weights of the digits."""
    code, weights = tmp_path / "digits.py", tmp_path / "digits.npz"
    command = [sys.executable, "-m", "cnncalc", "export", "digits", "--to", "keras"]
    subprocess.run([*command, "-o", code, "--weights", weights], check=True)
    space = runpy.run_path(str(code))
    model = space["digits"]()
    space["load_weights"](model, weights)
    network = load("digits")
    shape = network.inputs[0].shape
    sample = Tensor(shape, numbers(Random(2), shape.size))
    (got,) = computed(model, [sample.values], [shape])
    own = WeightsFile(network.init.weights, read(network.init.weights), "name")
    done = forward(network, {network.inputs[0].name: sample}, gather(network, None, own))
    wanted = done.tensor(network.nodes[network.outputs[0]].name).values
    assert got.flatten().tolist() == pytest.approx(list(wanted), abs=1e-5)
