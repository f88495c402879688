"""The contract of every target: what is written computes the same, or is refused with its reason.

A target's tests hand in `compute`, which writes a network, runs what was written in the framework,
and gives what it puts out, each as sizes and numbers with the channels first.
"""

import os
import re
import warnings
from array import array
from collections import Counter
from random import Random

import hypothesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from record import Outcome, keep, recorded
from strategies import examples

from cnncalc.errors import CnncalcError, UnplacedError
from cnncalc.exchange import targets
from cnncalc.inference.initial import InitialWeights
from cnncalc.inference.parameters import gather
from cnncalc.inference.run import forward
from cnncalc.inference.stored import StoredTensor
from cnncalc.layers import layer_type
from cnncalc.network import Input, Network, Node
from cnncalc.tensor import Tensor

OFTEN = 0.1  # refused settings to written ones: so many are seen in every sample
WRITTEN = 160  # random settings of each type that are written, or refused
COMPUTED = 40  # of those that are written, the first ones that the framework computes

# Blocks that repeat, weights that are shared, branches of every kind.
WHOLE = {
    "shared": """
inputs: {left: 8x8x2, right: 8x8x2}
blocks:
  tower(c): [conv c 3x3 bn relu, conv c 3x3 relu, gap]
layers: [a: tower 4, b: {tower: 4, from: right, share: a}, sub a abs, fc 1]
""",
    "branches": """
input: 9x9x4
layers:
  - stem: conv 4 3x3 p1 relu
  - inception: {concat: [conv 2 1x1, conv 2 1x1 -> conv 3 3x3 p1 gelu, identity]}
  - se: {mul: [identity, [gap, fc 3 relu, fc 9 sigmoid]]}
  - maxpool 2x2 p0+1
  - concat: [stem -> avgpool 2x2 s2 ceil, identity]
  - {side: [gap, fc 3]}
  - conv 3 1x1
""",
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
}


def of_one_layer(layer, shapes):
    """A network of this layer alone, which is called so."""
    nodes = [Node(i, f"in{i}", Input(shape=shape), (), shape) for i, shape in enumerate(shapes)]
    inputs = tuple(range(len(shapes)))
    nodes.append(Node(len(nodes), "layer", layer, inputs, layer.output_shape(*shapes)))
    return Network(name="one layer", nodes=tuple(nodes), outputs=(len(shapes),))


def numbers(random, count, layer=None):
    """32-bit floats that a layer can take, which all frameworks read alike.

    Of an embedding they are places in its table.
    """
    if layer is not None and layer.type == "embedding":
        return [float(random.randrange(layer.entries)) for _ in range(count)]
    return list(array("f", [random.uniform(-1, 1) for _ in range(count)]))


def _parameters(layer, shapes, random):
    """Random numbers for all parameters: variances above 0, fixed filters as they are."""
    found = {}
    for p in layer.parameters(*shapes):
        values = numbers(random, p.size)
        if layer.type == "blur":
            values = list(layer.initial_value(p))
        elif p.name == "running_var":
            values = [abs(value) + 0.1 for value in values]
        found[p.name] = StoredTensor(p.dims, lambda values=values: values)
    return found


def reason(error):
    """Why a network is refused; a failure if for another reason than that there is none."""
    (problem,) = error.diagnostics
    assert problem.code == "no-counterpart", problem
    _, _, said = problem.message.partition(" has no counterpart in ")
    return said.partition(": ")[2]


def assert_one_layer_computes_the_same(compute, layer, shapes, seed):
    """A layer on random numbers, against its own forward pass."""
    random = Random(seed)
    stored = _parameters(layer, shapes, random)
    inputs = [numbers(random, shape.size, layer) for shape in shapes]
    named = {f"layer.{name}": each for name, each in stored.items()}
    got = compute(of_one_layer(layer, shapes), named, inputs)
    tensors = [Tensor(shape, values) for shape, values in zip(shapes, inputs, strict=True)]
    wanted = layer.forward(tensors, {name: each.read() for name, each in stored.items()})
    assert_close(got, [wanted])


def assert_close(got, wanted):
    """Equal sizes, and numbers that are equal to 1e-5 of the largest."""
    for (dims, values), tensor in zip(got, wanted, strict=True):
        assert tuple(dims) == (1, tensor.shape.channels, *tensor.shape.spatial)
        largest = max(1.0, *map(abs, tensor.values))
        difference = max(abs(a - b) for a, b in zip(values, tensor.values, strict=True))
        assert difference <= 1e-5 * largest, difference


def outcome_of(target, compute, name):
    """What comes of random settings of a layer type; what is written computes the same."""
    written, refused = [], Counter()

    @given(examples(layer_type(name)), st.integers(0, 10**6))
    @settings(
        max_examples=WRITTEN, derandomize=True, database=None, deadline=None,
        suppress_health_check=list(HealthCheck), phases=[Phase.generate],
    )  # fmt: skip
    def attempt(example, seed):
        layer, shapes = example
        try:
            network = of_one_layer(layer, shapes)
            layer.parameters(*shapes)
        except UnplacedError:
            return
        try:
            targets.write(network, target)
        except CnncalcError as error:
            refused[reason(error)] += 1
            return
        written.append(layer)
        if len(written) <= COMPUTED:
            assert_one_layer_computes_the_same(compute, layer, shapes, seed)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        attempt()
    return Outcome(len(written), dict(sorted(refused.items())))


def assert_as_recorded(target, compute, name):
    """What is written of a layer type computes the same, and no other settings are refused.

    Hypothesis draws other settings in other versions, and where other constants stand in the
    code. So no new reason may come up, and what often has no counterpart still has none.
    """
    outcome = outcome_of(target, compute, name)
    assert outcome.written + sum(outcome.refused.values()) >= COMPUTED
    if "RECORD_CONTRACTS" in os.environ:
        keep(target, name, outcome, hypothesis.__version__)
        return
    before = recorded(target)[name]
    assert bool(outcome.written) == bool(before.written)
    assert set(map(_masked, outcome.refused)) <= set(map(_masked, before.refused))
    if sum(before.refused.values()) > OFTEN * before.written:
        assert outcome.refused


def _masked(why):
    """A reason without its numbers."""
    return re.sub(r"\d+(\.\d+)?", "N", why)


def assert_computes_the_same(compute, network):
    """A whole network, with weights drawn for it."""
    parameters = gather(network, InitialWeights(seed=3))
    random = Random(5)
    inputs = [Tensor(node.shape, numbers(random, node.shape.size)) for node in network.inputs]
    got = compute(network, parameters.stored, [tensor.values for tensor in inputs])
    samples = dict(zip([node.name for node in network.inputs], inputs, strict=True))
    done = forward(network, samples, parameters)
    outputs = [network.nodes[index] for index in network.outputs]
    assert_close(got, [done.tensor(node.name) for node in outputs])
