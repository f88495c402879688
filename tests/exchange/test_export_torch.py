"""`cnncalc export --to pytorch` against PyTorch itself: every layer type, and whole networks.

Skipped where PyTorch is not installed.
"""

import warnings
from collections import Counter
from random import Random

import contracts
import pytest
from contracts import numbers, of_one_layer
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from strategies import examples

from cnncalc import layers, zoo
from cnncalc.errors import CnncalcError, UnplacedError
from cnncalc.exchange.targets import TargetOptions
from cnncalc.exchange.targets.pytorch import write
from cnncalc.inference.initial import InitialWeights
from cnncalc.inference.parameters import gather
from cnncalc.inference.run import forward
from cnncalc.spec.document import read_document
from cnncalc.spec.load import build, load
from cnncalc.tensor import Tensor

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

SETTINGS = 40  # random layers of each type
ALWAYS_REFUSED = {"custom"}
OUTCOMES = {}  # of the layer types tried, for the table in the README


def module_of(network, **options):
    """The exported module, in double precision and evaluation mode."""
    exported = write(network, TargetOptions(**options))
    space = {"__name__": "exported"}
    exec(compile(exported.content, network.name, "exec"), space)
    *_, last = (
        each for each in space.values() if isinstance(each, type) and each.__module__ == "exported"
    )
    return last, exported.names


def stored(module):
    """The state dict without the counters that PyTorch adds to batch norms."""
    return {k: v for k, v in module.state_dict().items() if not k.endswith("num_batches_tracked")}


def as_torch(values, shape):
    return torch.tensor(values, dtype=torch.float64).reshape(1, shape.channels, *shape.spatial)


def compared(layer, shapes, seed):
    """'equal' or 'refused', or a failure."""
    network = of_one_layer(layer, shapes)
    try:
        made, names = module_of(network)
    except CnncalcError as error:
        codes = [diagnostic.code for diagnostic in error.diagnostics]
        return "refused" if codes == ["no-counterpart"] else codes
    random = Random(seed)
    module = made().double().eval()
    inputs = [numbers(random, shape.size, layer) for shape in shapes]
    parameters = {}
    for p in layer.parameters(*shapes):
        positive = p.name == "running_var"
        values = [abs(v) + 0.1 if positive else v for v in numbers(random, p.size)]
        if layer.type == "blur":
            values = list(layer.initial_value(p))
        parameters[p.name] = values
    state = {
        names[f"layer.{p.name}"]: torch.tensor(parameters[p.name], dtype=torch.float64).reshape(
            p.dims
        )
        for p in layer.parameters(*shapes)
    }
    assert {k: tuple(v.shape) for k, v in stored(module).items()} == {
        k: tuple(v.shape) for k, v in state.items()
    }
    module.load_state_dict(state, strict=False)
    with torch.no_grad():
        got = module(*map(as_torch, inputs, shapes))
    tensors = [Tensor(shape, values) for shape, values in zip(shapes, inputs, strict=True)]
    wanted = layer.forward(tensors, parameters)
    assert tuple(got.shape) == (1, wanted.shape.channels, *wanted.shape.spatial)
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
        suppress_health_check=list(HealthCheck), phases=[Phase.generate],
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
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            outcomes[compared(layer, shapes, seed)] += 1

    attempt()
    OUTCOMES[name] = outcomes
    assert outcomes.total() >= 10, outcomes
    if name in ALWAYS_REFUSED:
        assert not outcomes["equal"]
    else:
        assert outcomes["equal"] >= 5, outcomes


@pytest.mark.parametrize("name", zoo.files())
def test_every_bundled_network_has_the_same_parameters(name):
    """On PyTorch's device without memory: the names and shapes of all tensors, and the output's."""
    network = load(name)
    if any(node.layer.type == "custom" for node in network.nodes):
        pytest.skip("it has a layer that nobody knows")
    made, names = module_of(network)
    with torch.device("meta"):
        module = made().eval()
    wanted = {
        names[f"{node.name}.{p.name}"]: p.dims
        for node in network.nodes
        if node.inputs and not node.train_only and node.shared_with is None
        for p in node.layer.parameters(*network.shapes_into(node))
    }
    assert {k: tuple(v.shape) for k, v in stored(module).items()} == wanted
    shapes = [node.shape for node in network.inputs]
    with torch.no_grad():
        out = module(*[torch.zeros(1, s.channels, *s.spatial, device="meta") for s in shapes])
    outputs = [network.nodes[i] for i in network.outputs if not network.nodes[i].train_only]
    got = out if isinstance(out, tuple) else (out,)
    assert [tuple(y.shape[1:]) for y in got] == [
        (node.shape.channels, *node.shape.spatial) for node in outputs
    ]


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
    "inverted": """
input: 8x8x4
blocks:
  inverted(c, s=1):
    - numbered: [conv 2*cin 1x1 nobias bn relu6, dwconv 3x3 s=s p1 bn relu6, conv c 1x1 bn]
      name: conv
    - add in if s == 1 and cin == c
layers: [a: inverted 4, b: inverted 6 s=2, c: inverted 6, d: inverted 6, gap -> fc 3]
""",
    "projections of rows": """
input: 8x8x4
blocks:
  unit(c, s=1):
    - conv c 3x3 s=s p1 -> relu
    - conv c 3x3 p1
    - sub: [identity, from in -> conv c 1x1 s=s bn -> relu if s != 1]
layers: [a: unit 4, b: unit 8 s=2, c: unit 8, gap -> fc 3]
""",
    "pooled shortcuts": """
input: 8x8x4
blocks:
  unit(s=1):
    - conv cin 3x3 s=s p1 -> relu
    - max: [from in -> avgpool 2x2 s=s if s != 1, identity]
    - relu
layers: [a: unit, b: unit s=2, c: unit, gap -> fc 3]
""",
    "windows": """
input: 8x8x4
blocks:
  unit(c, k, soft=false, d=1):
    - conv: {filters: c, kernel: k, padding: same, dilation: d, groups: 2}
    - relu if not soft
    - silu if soft
    - conv c 3x3 p1 -> relu
layers: [a: unit 4 3, b: unit 8 5, c: unit 8 3 soft=true, d: unit 8 3 d=2, gap -> fc 3]
""",
    "numbered layers": """
input: 4x4x4
blocks:
  layer: [concat: [identity, bn -> relu -> conv 2 3x3 p1]]
  dense(n): [layer x=n]
layers: [a: dense 3, conv 4 1x1, b: dense 4, gap -> fc 3]
""",
    "ranges of channels": """
input: 4x4x12 HWC
blocks:
  unit(a): [concat: [slice 0..a, from in -> slice a.. -> conv 4 1x1, from in -> slice 0..cin]]
layers: [a: unit 2, b: unit 8, gap -> fc 2]
""",
    "sequences of two inputs": """
input: 4x4x2
blocks:
  join(; other): [add other, conv 2 1x1]
  after: [conv 2 1x1 -> relu]
  node(; other): [join other=other, after, after]
layers: [first: conv 2 3x3 p1, second: conv 2 1x1, a: node other=first, b: node other=second]
""",
    "cropped": """
input: 13x12x2
blocks:
  up(; skip): [upconv cin 2x2 s2, concat skip fit=crop]
layers:
  - wide: conv 4 3x3
  - maxpool 2x2
  - mid: conv 4 2x2
  - maxpool 2x2
  - a: up skip=mid
  - b: up skip=wide
""",
    "tied": """
input: 5x5x2
layers:
  - linear 3 as wide
  - linear 2 tied=wide nobias
  - down: conv 4 3x2 s2x1 p1x0 g2 bn relu
  - conv_transpose 2 3x2 s2x1 p1x0 g2 tied=down
  - code: [bottom: fc 7 relu]
  - back: fc 50 tied=code relu
  - fc 7 -> fc 50 share=back relu
""",
}  # fmt: skip


@pytest.mark.parametrize("nested", [True, False])
@pytest.mark.parametrize("case", WHOLE)
def test_whole_networks_compute_the_same(case, nested):
    network = build(read_document(WHOLE[case], "net.yaml"))
    made, names = module_of(network, nested=nested)
    module = made().double().eval()
    parameters = gather(network, InitialWeights(seed=3))
    state = {
        names[name]: torch.tensor(list(tensor.read()), dtype=torch.float64).reshape(tensor.dims)
        for name, tensor in parameters.stored.items()
        if name in names
    }
    assert {k: v.shape for k, v in stored(module).items()} == {k: v.shape for k, v in state.items()}
    module.load_state_dict(state, strict=False)
    random = Random(5)
    inputs = [Tensor(node.shape, numbers(random, node.shape.size)) for node in network.inputs]
    with torch.no_grad():
        got = module(*[as_torch(tensor.values, tensor.shape) for tensor in inputs])
    samples = dict(zip([node.name for node in network.inputs], inputs, strict=True))
    done = forward(network, samples, parameters)
    results = got if isinstance(got, tuple) else (got,)
    for index, tensor in zip(network.outputs, results, strict=True):
        wanted = done.tensor(network.nodes[index].name).values
        assert tensor.flatten().tolist() == pytest.approx(list(wanted), abs=1e-5)
