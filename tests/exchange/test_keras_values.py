"""Models of Keras, read from their JSON, give the numbers that Keras itself computes.

Skipped where Keras is not installed.
"""

import json
import os

import pytest

from cnncalc import analyze, export, load
from cnncalc.exchange.keras.read import network_of
from cnncalc.inference.api import forward
from cnncalc.tensor import Tensor

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
keras = pytest.importorskip("keras", reason="compares with Keras")
numpy = pytest.importorskip("numpy", reason="Keras takes its arrays")
pytestmark = [pytest.mark.keras, pytest.mark.filterwarnings("ignore")]
K = keras.layers
NORMS = {"gamma": "weight", "beta": "bias", "moving_mean": "running_mean",
         "moving_variance": "running_var", "mean": "running_mean",
         "variance": "running_var"}  # fmt: skip


def outer_last(kernel):
    """(*window, in, out) as (out, in, *window)."""
    rank = kernel.ndim - 2
    return kernel.transpose(rank + 1, rank, *range(rank))


def gates(array, order, axis):
    """The parts of a recurrent layer in another order."""
    parts = numpy.split(array, len(order), axis)
    return numpy.concatenate([parts[k] for k in order], axis)


def recurrent(cell, suffix, order):
    kernel, again, *bias = (gates(v.numpy(), order, -1) for v in cell.weights)
    found = {f"weight_ih_{suffix}": kernel.T, f"weight_hh_{suffix}": again.T}
    if bias and bias[0].ndim == 1:
        found[f"bias_{suffix}"] = bias[0]
    elif bias:
        found |= {f"bias_ih_{suffix}": bias[0][0], f"bias_hh_{suffix}": bias[0][1]}
    return found


def heads(layer):
    """Queries, keys and values in one matrix, as the rows of `attention` have them."""
    parts = [layer._query_dense, layer._key_dense, layer._value_dense]
    into = [part.kernel.numpy().reshape(part.kernel.shape[0], -1).T for part in parts]
    out = layer._output_dense.kernel.numpy()
    return {
        "in_proj_weight": numpy.concatenate(into),
        "in_proj_bias": numpy.concatenate([part.bias.numpy().ravel() for part in parts]),
        "out_proj.weight": out.reshape(-1, out.shape[-1]).T,
        "out_proj.bias": layer._output_dense.bias.numpy(),
    }


def filters(kind, kernel):
    """The weight of a convolution or of Dense."""
    if kind.startswith("Depthwise"):
        kernel = kernel.reshape(*kernel.shape[:-2], 1, -1)
    if not kind.endswith("Transpose"):
        return kernel.T if kernel.ndim == 2 else outer_last(kernel)
    rank = kernel.ndim - 2
    return kernel.swapaxes(-1, -2).transpose(rank, rank + 1, *range(rank))


def parameters(layer):
    """A layer's variables as the parameters of its rows, by the ends of their names."""
    kind = type(layer).__name__
    own = {v.path.rpartition("/")[2]: v.numpy() for v in layer.weights}
    if kind in {"GRU", "LSTM", "SimpleRNN"}:
        return recurrent(layer.cell, "l0", ORDERS[kind])
    if kind == "Bidirectional":
        order = ORDERS[type(layer.forward_layer).__name__]
        back = recurrent(layer.backward_layer.cell, "l0_reverse", order)
        return recurrent(layer.forward_layer.cell, "l0", order) | back
    if kind == "MultiHeadAttention":
        return heads(layer)
    if kind.startswith("Separable"):
        deep = own["depthwise_kernel"]
        found = {"depthwise.weight": deep.reshape(*deep.shape[:-2], 1, -1).transpose(
            deep.ndim - 1, deep.ndim - 2, *range(deep.ndim - 2)),
            "pointwise.weight": outer_last(own["pointwise_kernel"])}  # fmt: skip
        return found | ({"pointwise.bias": own["bias"]} if "bias" in own else {})
    found = {NORMS.get(name, name): value for name, value in own.items()}
    found.pop("count", None)
    if "kernel" in found:
        found["weight"] = filters(kind, found.pop("kernel"))
    for name in ("embeddings", "alpha"):
        if name in found:
            found["weight"] = found.pop(name).reshape(-1, *own[name].shape[-1:]).squeeze()
    return found


ORDERS = {"GRU": (1, 0, 2), "LSTM": (0, 1, 2, 3), "SimpleRNN": (0,)}


def layers_of(model, prefix=""):
    for layer in model.layers:
        if hasattr(layer, "layers"):
            yield from layers_of(layer, f"{prefix}{layer.name}.")
        else:
            yield prefix + layer.name, layer


def moved(network, row, weight):
    """The weight of a Dense layer, its columns in this package's order where they differ."""
    source = network.nodes[row.inputs[0]]
    while source.layer.type in {"relu", "dropout", "bn"}:
        source = network.nodes[source.inputs[0]]
    if source.layer.type != "flatten":
        return weight
    before = network.nodes[source.inputs[0]]
    if before.layer.type == "permute":
        return weight
    shape = before.shape
    count = len(weight)
    return weight.reshape(count, *shape.spatial, shape.channels).transpose(
        0, shape.rank + 1, *range(1, shape.rank + 1)
    ).reshape(count, -1)  # fmt: skip


def weights_of(model, network):
    found = {}
    for name, layer in layers_of(model):
        for parameter, value in parameters(layer).items() if layer.weights else ():
            found[f"{name}.{parameter}"] = value
    rows = {node.name: node for node in network.nodes}
    for key, value in list(found.items()):
        row = rows.get(key.rpartition(".")[0])
        if row is None and key.rpartition(".")[0] + ".norm" in rows:
            continue
        if row is not None and row.layer.type == "fc" and key.endswith("weight"):
            found[key] = moved(network, row, value)
    for node in network.nodes:  # a norm that is called again has its own name for its weights
        for parameter in node.elsewhere:
            first = found[f"{node.name.rpartition('_')[0]}.{parameter}"]
            found[f"{node.name}.{parameter}"] = first
    return {key: value.tolist() for key, value in found.items()}


def check(model, samples=None):
    keras.utils.set_random_seed(3)
    random = numpy.random.default_rng(5)
    for variable in model.weights:
        values = random.normal(size=variable.shape) * 0.3
        if "variance" in variable.path:
            values = abs(values) + 0.5
        if "count" not in variable.path:
            variable.assign(values)
    for _, layer in layers_of(model):
        if isinstance(layer, K.Normalization):
            layer.finalize_state()
    network = network_of(json.loads(model.to_json()), "model.json")
    assert network.complete
    names = [node.name for node in network.inputs]
    samples = samples or [random.normal(size=node.shape.view("HWC")).astype("float32")
                          for node in network.inputs]  # fmt: skip
    expected = model([each[None] for each in samples] if len(names) > 1 else samples[0][None])
    expected = expected if isinstance(expected, (list, tuple)) else [expected]
    expected = [expected[k] for k in sorted(range(len(expected)), key=network.outputs.__getitem__)]
    entering = {}
    for name, node, values in zip(names, network.inputs, samples, strict=True):
        assert list(values.shape) == [*node.shape.spatial, node.shape.channels]
        entering[name] = Tensor(node.shape, numpy.moveaxis(values, -1, 0).ravel().tolist())
    done = forward(network, entering, weights=weights_of(model, network))
    assert len(done.outputs) == len(expected)
    for output, batch in zip(done.outputs, expected, strict=True):
        shape = output.output.shape
        theirs = keras.ops.convert_to_numpy(batch)[0]
        assert list(theirs.shape) == [*shape.spatial, shape.channels]
        ours = numpy.array(output.output.values).reshape(shape.channels, *shape.spatial)
        ours = numpy.moveaxis(ours, 0, -1)
        assert numpy.allclose(ours, theirs, rtol=1e-4, atol=1e-5), abs(ours - theirs).max()
    return network


def chain(shape, *layers):
    return keras.Sequential([keras.Input(shape), *layers])


IMAGE, LINE, CUBE = (7, 6, 4), (9, 4), (5, 4, 6, 2)
CHAINS = {
    "conv same s2": (IMAGE, K.Conv2D(5, 3, strides=2, padding="same", activation="relu")),
    "conv same s2 of even": ((8, 5, 4), K.Conv2D(5, (3, 2), strides=(2, 1), padding="same")),
    "conv dilation groups": (IMAGE, K.Conv2D(6, 3, dilation_rate=2, groups=2, use_bias=False)),
    "conv1d causal": (LINE, K.Conv1D(3, 3, padding="causal", dilation_rate=2)),
    "conv1d same": (LINE, K.Conv1D(3, 4, strides=2, padding="same", activation="tanh")),
    "conv3d": (CUBE, K.Conv3D(3, 2, strides=2, padding="same")),
    "depthwise": (IMAGE, K.DepthwiseConv2D(3, strides=2, padding="same", depth_multiplier=2)),
    "depthwise 1d": (LINE, K.DepthwiseConv1D(3, depth_multiplier=2)),
    "separable": (IMAGE, K.SeparableConv2D(5, 3, padding="same", depth_multiplier=2)),
    "separable 1d": (LINE, K.SeparableConv1D(5, 3)),
    "transposed same": (IMAGE, K.Conv2DTranspose(3, 3, strides=2, padding="same")),
    "transposed same 4": (IMAGE, K.Conv2DTranspose(3, 4, strides=2, padding="same")),
    "transposed valid": (IMAGE, K.Conv2DTranspose(3, 2, strides=3, activation="relu")),
    "transposed 1d": (LINE, K.Conv1DTranspose(3, 5, strides=2, padding="same")),
    "max same": (IMAGE, K.MaxPooling2D(3, strides=2, padding="same")),
    "max 1d": (LINE, K.MaxPooling1D(2)),
    "mean same": (IMAGE, K.AveragePooling2D(3, strides=2, padding="same")),
    "mean 3d": (CUBE, K.AveragePooling3D(2)),
    "global": (IMAGE, K.GlobalAveragePooling2D()),
    "global kept": (IMAGE, K.GlobalMaxPooling2D(keepdims=True)),
    "flatten alone": (IMAGE, K.Flatten()),
    "flatten dense": (IMAGE, K.Conv2D(3, 3), K.Flatten(), K.Dropout(0.5), K.Dense(4)),
    "flatten norm dense": (
        IMAGE, K.Conv2D(3, 3), K.ReLU(), K.Flatten(), K.Dense(4, activation="softmax"), K.Dense(3)),
    "dense of a map": (IMAGE, K.Dense(5, activation="gelu")),
    "reshape": (IMAGE, K.Reshape((4, 42))),
    "reshape to a map": (IMAGE, K.Reshape((2, 3, 28))),
    "reshape keeps channels": (IMAGE, K.Reshape((-1, 4))),
    "reshape a vector": ((24,), K.Reshape((2, 3, 4))),
    "reshape to a vector": (IMAGE, K.Reshape((168,))),
    "permute": (IMAGE, K.Permute((3, 1, 2))),
    "permute 2": (IMAGE, K.Permute((2, 1, 3))),
    "repeat": ((5,), K.RepeatVector(3)),
    "pad": (IMAGE, K.ZeroPadding2D(((1, 2), (0, 3))), K.Cropping2D(((0, 1), (2, 0)))),
    "pad 1d": (LINE, K.ZeroPadding1D((1, 2)), K.Cropping1D((2, 0))),
    "up": (IMAGE, K.UpSampling2D((2, 3))),
    "up bilinear": (IMAGE, K.UpSampling2D(2, interpolation="bilinear")),
    "up 1d": (LINE, K.UpSampling1D(2)),
    "resize": (IMAGE, K.Resizing(9, 4)),
    "center crop": (IMAGE, K.CenterCrop(4, 3)),
    "rescale": (IMAGE, K.Rescaling(0.5, offset=-1.0)),
    "norm": (IMAGE, K.BatchNormalization()),
    "norm without scale": (IMAGE, K.BatchNormalization(scale=False, epsilon=0.1)),
    "norm without center": (IMAGE, K.BatchNormalization(center=False)),
    "norm of neither": (IMAGE, K.BatchNormalization(center=False, scale=False)),
    "layer norm": (IMAGE, K.LayerNormalization()),
    "group norm": (IMAGE, K.GroupNormalization(2)),
    "instance norm": (IMAGE, K.GroupNormalization(-1)),
    "normalization": (IMAGE, K.Normalization()),
    "softmax of an axis": (IMAGE, K.Softmax(axis=1)),
    "softmax": (IMAGE, K.Softmax()),
    "gru": (LINE, K.GRU(3, return_sequences=True), K.GRU(2)),
    "gru both ways": (LINE, K.Bidirectional(K.GRU(3)), K.Dense(2)),
    "gru that resets before": (LINE, K.GRU(3, reset_after=False, return_sequences=True)),
    "gru both ways that resets before": (LINE, K.Bidirectional(K.GRU(3, reset_after=False))),
    "gru without bias": (LINE, K.GRU(3, reset_after=False, use_bias=False)),
    "lstm": (LINE, K.LSTM(3, return_sequences=True), K.LSTM(2)),
    "lstm both ways": (LINE, K.Bidirectional(K.LSTM(3, return_sequences=True))),
    "lstm backward": (LINE, K.LSTM(2, go_backwards=True)),
    "gru backward": (LINE, K.GRU(3, return_sequences=True), K.GRU(2, go_backwards=True)),
    "rnn": (LINE, K.SimpleRNN(3, return_sequences=True), K.Bidirectional(K.SimpleRNN(2))),
    "lstm without bias": (LINE, K.LSTM(3, use_bias=False)),
    "rnn without bias": (LINE, K.SimpleRNN(3, use_bias=False, return_sequences=True)),
    "time distributed": (LINE, K.TimeDistributed(K.Dense(3))),
    "prelu": (IMAGE, K.PReLU(shared_axes=[1, 2])),
    "leaky": (IMAGE, K.LeakyReLU(), K.ELU(0.5), K.ReLU(max_value=1.5)),
    "relus": (IMAGE, K.ReLU(6.0), K.ReLU(negative_slope=0.2)),
}  # fmt: skip


@pytest.mark.parametrize("name", CHAINS)
def test_layers(name):
    if name == "mean same" and keras.backend.backend() == "torch":
        pytest.skip("Keras counts the padding here on PyTorch; on JAX and TensorFlow it does not")
    shape, *layers = CHAINS[name]
    check(chain(shape, *layers))


WORDS = [
    "relu", "relu6", "leaky_relu", "sigmoid", "softmax", "log_softmax", "log_sigmoid", "tanh",
    "hard_tanh", "softplus", "softsign", "silu", "gelu", "elu", "selu", "celu", "mish", "glu",
    "hard_sigmoid", "hard_silu",
]  # fmt: skip


@pytest.mark.parametrize("word", WORDS)
def test_activations(word):
    check(chain((3, 2, 4), K.Activation(word)))


def test_vectors_of_numbers():
    model = chain((5,), K.Embedding(7, 3), K.GlobalAveragePooling1D(), K.Dense(2))
    check(model, [numpy.array([1, 6, 0, 2, 2], dtype="float32")])


def test_attention():
    x = keras.Input((6, 8))
    check(keras.Model(x, K.MultiHeadAttention(2, 4)(x, x)))


def test_a_generator_reshapes_what_dense_makes():
    model = chain(
        (5,), K.Dense(24, use_bias=False), K.Reshape((2, 3, 4)), K.Conv2DTranspose(2, 3, strides=2)
    )
    network = network_of(json.loads(model.to_json()), "model.json")
    assert [node.layer.type for node in network.nodes] == [
        "input", "fc", "reshape", "conv_transpose",
    ]  # fmt: skip


def test_joins():
    x = keras.Input((6, 5, 3))
    a, b = K.Conv2D(4, 3, padding="same")(x), K.Conv2D(4, 1)(x)
    gate = K.Reshape((1, 1, 4))(K.GlobalAveragePooling2D()(a))
    maps = [K.Add()([a, b]), K.Multiply()([a, gate]), K.Subtract()([a, b]), K.Average()([a, b]),
            K.Maximum()([a, b]), K.Minimum()([a, b]), a * 2.0 + 1.0, 3.0 - b, a - b]  # fmt: skip
    joined = K.Concatenate(axis=1)(maps[:5])
    check(keras.Model(x, [joined, K.Concatenate()(maps[5:])]))


def test_parts_and_functions():
    x = keras.Input((8, 6, 4))
    ops = keras.ops
    outputs = [x[:, 1:-1, :, 2:], x[..., :2], x[:, ::2, 1::3], ops.mean(x, axis=(1, 2)),
               ops.concatenate([x, ops.relu(x)], axis=2), ops.silu(x), ops.softmax(x)]  # fmt: skip
    check(keras.Model(x, [K.Rescaling(1.0)(each) for each in outputs]))


BUNDLED = ["lenet5", "alexnet", "resnet18", "mobilenet_v2", "densenet121", "googlenet", "unet",
           "shufflenet_v2_x1_0", "efficientnet_b0", "mobilenet_v3_small", "dcgan"]  # fmt: skip


@pytest.mark.parametrize("name", BUNDLED)
def test_what_export_writes_comes_back(name):
    """A spec as code of Keras, built by Keras, and its configuration read: the same figures."""
    network = load(name)
    space = {"__name__": "exported"}
    exec(compile(export(network, "keras").content, name, "exec"), space)
    own = [each for each in space.values() if getattr(each, "__module__", None) == "exported"]
    back = network_of(json.loads(own[-1]().to_json()), "model.json")
    mine, theirs = analyze(network).totals, analyze(back).totals
    assert (mine.params, mine.buffers, mine.macs) == (theirs.params, theirs.buffers, theirs.macs)


def test_several_inputs_and_a_shared_layer():
    a, b = keras.Input((6, 5, 3), name="left"), keras.Input((6, 5, 3), name="right")
    conv = K.Conv2D(4, 3, padding="same", activation="relu", name="eye")
    check(keras.Model([a, b], [K.Add()([conv(a), conv(b)]), K.Flatten()(conv(a))]))


def test_models_inside_models_called_twice():
    block = keras.Sequential([K.Conv2D(3, 3, padding="same"), K.BatchNormalization(), K.ReLU()],
                             name="block")  # fmt: skip
    y = keras.Input((6, 5, 3))
    inner = keras.Model(y, [K.MaxPooling2D()(y), K.Conv2D(2, 1, name="side")(y)], name="two")
    x = keras.Input((6, 5, 3))
    pooled, side = inner(block(block(x)))
    check(keras.Model(x, [K.Flatten()(pooled), side]))


def test_parameters_of_shared_layers_count_once():
    conv = K.Conv2D(3, 3, padding="same")
    norm = K.BatchNormalization()
    x = keras.Input((6, 5, 3))
    model = keras.Model(x, norm(conv(norm(conv(x)))))
    totals = analyze(network_of(json.loads(model.to_json()), "m.json")).totals
    assert totals.params + totals.buffers == model.count_params()
