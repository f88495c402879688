"""Whole golden networks of data/forward as networks of this project, and small helpers."""

from golden import dims, flat, load
from golden import tensor as golden_tensor

from cnncalc.inference.initial import InitialWeights
from cnncalc.inference.parameters import Parameters, gather
from cnncalc.inference.run import forward
from cnncalc.inference.stored import StoredTensor
from cnncalc.layers import layer_type
from cnncalc.network import Input, Network, Node
from cnncalc.tensor import Tensor

GOLDEN = ("net_lenet_small", "net_residual_small", "net_inception_small")


def window(given):
    """The settings of a window, as torch names them."""
    sides = tuple((side, side) for side in given["padding"])
    settings = {
        "kernel": tuple(given["kernel_size"]),
        "stride": tuple(given["stride"]),
        "padding": sides,
    }
    return settings | ({"ceil": True} if given.get("ceil_mode") else {})


def conv(given):
    return {
        **window(given),
        "filters": given["out_channels"],
        "dilation": tuple(given["dilation"]),
        "groups": given["groups"],
        "bias": given["bias"],
    }


# What torch calls a layer: the layer type, and its settings from torch's.
LAYER_TYPES = {
    "conv2d": ("conv", conv),
    "max_pool2d": ("maxpool", window),
    "avg_pool2d": ("avgpool", window),
    "linear": ("fc", lambda given: {"units": given["out_features"], "bias": given["bias"]}),
    "batch_norm": ("bn", lambda given: {"eps": given["eps"]}),
    "local_response_norm": ("lrn", dict),
    "relu": ("relu", dict),
    "tanh": ("tanh", dict),
    "softmax": ("softmax", lambda given: {}),
    "concat": ("concat", lambda given: {}),
    "add": ("add", lambda given: {}),
    "flatten": ("flatten", lambda given: {}),
    "mean": ("gap", lambda given: {}),
    "global_avg_pool2d": ("gap", lambda given: {}),
}


def golden(name):
    """A golden network: itself, its sample, its parameters, every output by its row's name."""
    case = load(name)
    (sample,) = map(golden_tensor, case["input"])
    nodes = [Node(0, "input", Input(shape=sample.shape), (), sample.shape)]
    index, stored, outputs = {"input": 0}, {}, {}
    for told in case["layers"]:
        type_, settings = LAYER_TYPES[told["type"]]
        layer = layer_type(type_)(**settings(told["params"]))
        before = tuple(index[source] for source in told["inputs"])
        shape = layer.output_shape(*(nodes[i].shape for i in before))
        index[told["name"]] = len(nodes)
        nodes.append(Node(len(nodes), told["name"], layer, before, shape))
        outputs[told["name"]] = flat(told["output"])
        for parameter, values in told.get("weights", {}).items():
            if values is not None:
                numbers = flat(values)
                full = f"{told['name']}.{parameter}"
                stored[full] = StoredTensor(dims(values), lambda numbers=numbers: numbers)
    network = Network(name=name, nodes=tuple(nodes), outputs=(len(nodes) - 1,))
    return network, sample, Parameters(stored), outputs, case


def network_of(*layers, shapes, inputs=None):
    """A network of one layer on inputs `a`, `b`, ... of these shapes."""
    names = "abcdefgh"[: len(shapes)]
    nodes = [
        Node(i, name, Input(shape=shape), (), shape)
        for i, (name, shape) in enumerate(zip(names, shapes, strict=True))
    ]
    (layer,) = layers
    out = layer.output_shape(*shapes)
    nodes.append(Node(len(nodes), "row", layer, tuple(range(len(shapes))), out))
    return Network(name="one", nodes=tuple(nodes), outputs=(len(nodes) - 1,))


def run_values(network, samples, *, start=None, **options):
    """The pass of a network with initial weights, everything kept."""
    parameters = gather(network, start or InitialWeights(seed=1))
    return forward(network, samples, parameters, keep="all", **options), parameters


def ramp(shape, scale=0.1):
    """A sample with positive and negative numbers."""
    return Tensor(shape, [((7 * i) % 11 - 5) * scale for i in range(shape.size)])


def sample_for(layer, shape):
    """Numbers of both signs, or those that the layer type takes."""
    if layer.type != "embedding":
        return ramp(shape)
    return Tensor(shape, [float(i % layer.entries) for i in range(shape.size)])
