"""`cnncalc export --to pytorch` against PyTorch itself: every layer type, and whole networks.

Skipped where PyTorch is not installed.
"""

from functools import partial

import pytest
from contracts import WHOLE, assert_as_recorded, assert_computes_the_same

from cnncalc import layers, zoo
from cnncalc.exchange.targets import TargetOptions
from cnncalc.exchange.targets.pytorch import write
from cnncalc.spec.document import read_document
from cnncalc.spec.load import build, load

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch


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


def compute(network, parameters, inputs, **options):
    """What the exported module puts out, as sizes and numbers."""
    made, names = module_of(network, **options)
    module = made().double().eval()
    state = {
        names[name]: torch.tensor(list(tensor.read()), dtype=torch.float64).reshape(tensor.dims)
        for name, tensor in parameters.items()
        if name in names
    }
    assert {k: v.shape for k, v in stored(module).items()} == {k: v.shape for k, v in state.items()}
    module.load_state_dict(state, strict=False)
    shapes = [node.shape for node in network.inputs]
    with torch.no_grad():
        out = module(*map(as_torch, inputs, shapes))
    tensors = out if isinstance(out, tuple) else (out,)
    return [(tensor.shape, tensor.flatten().tolist()) for tensor in tensors]


@pytest.mark.parametrize("name", layers.layer_types())
def test_every_layer_type_comes_out_as_recorded(name):
    assert_as_recorded("pytorch", compute, name)


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


NETWORKS = {
    **WHOLE,
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
    "towers": """
inputs: {left: 9x9x2, right: 9x9x2, small: 7x7x2}
blocks:
  res(c, s=1): [add: [identity, conv c 3x3 p1 bn relu -> gelu], relu]
  tower(c): [conv c 3x3 bn relu, res c, {mix: [conv c 1x1 -> gelu -> conv c 1x1]}, gap]
layers:
  - a: tower 4
  - b: {tower: 4, from: right, share: a}
  - c: {tower: 4, from: small, share: a}
  - d: {tower: 4, from: left}
  - add: [a, b, c, d]
  - fc 2
""",
    "steps that share": """
input: 6x6x3
blocks: {step(c): [conv c 3x3 p1 -> relu -> conv c 1x1 bn]}
layers: [a: step 3, b: step 3 share=a, tanh, c: step 3 share=a, gap -> fc 2]
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
@pytest.mark.parametrize("case", NETWORKS)
def test_whole_networks_compute_the_same(case, nested):
    assert_computes_the_same(
        partial(compute, nested=nested), build(read_document(NETWORKS[case], "net.yaml"))
    )
