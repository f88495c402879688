"""Weights: initial values, files, matching by name and by order, complaints in one go."""

import json
import math
import struct

import pytest

from cnncalc.errors import CnncalcError
from cnncalc.inference import safetensors, weights
from cnncalc.inference.initial import InitialWeights, initial
from cnncalc.inference.parameters import WeightsFile, each, gather
from cnncalc.inference.stored import StoredTensor
from cnncalc.layers import layer_type
from cnncalc.network import Network, chain
from cnncalc.shapes import Shape

NET = chain(
    "net",
    Shape(3, (8, 8)),
    [
        ("conv1", layer_type("conv")(filters=4, kernel=(3,))),
        ("bn1", layer_type("bn")()),
        ("fc", layer_type("fc")(units=5)),
    ],
)


def given(**tensors):
    return WeightsFile("w.safetensors", {name.replace("__", "."): t for name, t in tensors.items()})


def zeros(*dims):
    return StoredTensor(dims, lambda: [0.0] * math.prod(dims))


def fitting():
    return {name: zeros(*parameter.dims) for _, parameter, name in each(NET)}


# --- initial values --------------------------------------------------------------------------


def test_initial_values_are_pinned():
    """Anyone who draws from random.Random("3:conv1.weight") gets these."""
    (weight, _), layer = NET.nodes[1].layer.parameters(Shape(3, (8, 8))), NET.nodes[1].layer
    values = initial("conv1.weight", weight, layer, [Shape(3, (8, 8))], InitialWeights(seed=3))
    expected = [0.11006380617618561, 0.13885821402072906, 0.06276087462902069]
    assert list(values[:3]) == expected
    assert [struct.unpack("<f", struct.pack("<f", x))[0] for x in values] == list(values)


@pytest.mark.parametrize(
    ("scheme", "bound", "bias"),
    [
        ("default", 1 / math.sqrt(27), 1 / math.sqrt(27)),  # PyTorch's Conv2d(3, 4, 3)
        ("he", math.sqrt(6 / 27), 0.0),  # Keras' he_uniform
        ("xavier", math.sqrt(6 / (27 + 36)), 0.0),  # Keras' glorot_uniform
        ("zeros", 0.0, 0.0),
    ],
)
def test_bounds_of_the_schemes(scheme, bound, bias):
    values = gather(NET, InitialWeights(scheme, 5)).of(NET, NET.nodes[1])
    assert max(map(abs, values["weight"])) <= bound * (1 + 1e-6)
    assert max(map(abs, values["weight"])) >= 0.9 * bound
    assert max(map(abs, values["bias"])) <= bias * (1 + 1e-6)


def test_norms_begin_as_the_identity():
    values = gather(NET).of(NET, NET.nodes[2])
    assert [set(values[name]) for name in ("weight", "bias", "running_mean", "running_var")] == [
        {1.0}, {0.0}, {0.0}, {1.0},
    ]  # fmt: skip


def test_special_layers_begin_as_their_layer_types_say():
    layers = [("scale", layer_type("gamma")(initial=0.5)), ("slope", layer_type("prelu")()),
              ("codes", layer_type("rbf")(units=4))]  # fmt: skip
    net = chain("net", Shape(6), layers)
    values = gather(net)
    assert set(values.of(net, net.nodes[1])["weight"]) == {0.5}
    assert set(values.of(net, net.nodes[2])["weight"]) == {0.25}
    assert set(values.of(net, net.nodes[3])["weight"]) == {-1.0, 1.0}


def test_a_tensor_keeps_its_numbers_when_the_network_changes():
    other = chain("net", Shape(3, (8, 8)), [("conv1", layer_type("conv")(filters=4, kernel=(3,)))])
    assert gather(NET).of(NET, NET.nodes[1]) == gather(other).of(other, other.nodes[1])
    assert gather(NET, InitialWeights(seed=1)).of(NET, NET.nodes[1]) != gather(NET).of(
        NET, NET.nodes[1]
    )


def test_fans_of_a_transposed_convolution_are_pytorch_s():
    """ConvTranspose2d(8, 16, 4): torch takes the second axis of (8, 16, 4, 4) for the fan-in."""
    layer = layer_type("conv_transpose")(filters=16, kernel=(4,))
    assert layer.fans(Shape(8, (5, 5))) == (16 * 16, 8 * 16)


def test_fans_of_a_connection_table_are_means():
    layer = layer_type("conv")(filters=2, kernel=(5,), table=((0, 1), (1,)))
    assert layer.fans(Shape(2, (9, 9)))[0] == 1.5 * 25


# --- files -----------------------------------------------------------------------------------


def test_a_file_gives_all_and_says_so():
    parameters = gather(NET, file=WeightsFile("w", fitting()))
    assert parameters.tally == {"file": 8}
    assert set(parameters.of(NET, NET.nodes[3])["weight"]) == {0.0}


def test_axes_of_size_1_make_no_difference():
    """torchvision keeps ConvNeXt's layer scale as C×1×1, and a 1x1 convolution is a matrix."""
    tensors = fitting() | {"fc.weight": zeros(5, 144, 1, 1), "bn1.weight": zeros(1, 4)}
    assert gather(NET, file=WeightsFile("w", tensors)).tally == {"file": 8}


def test_batch_counters_are_ignored():
    extra = {"bn1.num_batches_tracked": zeros()}
    assert gather(NET, file=WeightsFile("w", fitting() | extra)).tally == {"file": 8}


def test_everything_wrong_is_listed_at_once():
    tensors = fitting()
    del tensors["conv1.bias"], tensors["bn1.running_var"]
    tensors |= {"fc.weight": zeros(144, 5), "head.weight": zeros(2)}
    with pytest.raises(CnncalcError) as caught:
        gather(NET, file=WeightsFile("w.safetensors", tensors))
    (problem,) = caught.value.diagnostics
    assert problem.message == (
        "'w.safetensors' does not fit the network: 2 missing, 1 left over, 1 of another shape"
    )
    assert problem.notes == (
        "missing: conv1.bias (4)",
        "missing: bn1.running_var (4)",
        "left over: head.weight (2)",
        "fc.weight is 144×5, not 5×144",
    )
    assert problem.help == "--match order pairs tensors by order and shape"


def test_explicit_values_need_no_file_but_a_file_comes_first():
    start, conv1, bn1, fc = NET.nodes
    values = {"bias": [1.0, 2.0, 3.0, 4.0]}
    net = Network(name="n", nodes=(start, conv1._replace(values=values), bn1, fc), outputs=(3,))
    tensors = fitting()
    assert set(gather(net, file=WeightsFile("w", tensors)).of(net, net.nodes[1])["bias"]) == {0.0}
    del tensors["conv1.bias"]
    parameters = gather(net, file=WeightsFile("w", tensors))
    assert list(parameters.of(net, net.nodes[1])["bias"]) == values["bias"]
    assert parameters.tally == {"file": 7, "spec": 1}


def test_explicit_weights_without_a_bias_mean_none():
    net = chain("n", Shape(2), [("fc", layer_type("fc")(units=1))])
    start, fc = net.nodes
    net = Network(name="n", nodes=(start, fc._replace(values={"weight": [1.0, 2.0]})), outputs=(1,))
    assert {k: list(v) for k, v in gather(net).of(net, net.nodes[1]).items()} == {
        "weight": [1.0, 2.0], "bias": [0.0],
    }  # fmt: skip


def test_rows_of_training_may_be_in_the_file_or_not():
    start, conv1, bn1, fc = NET.nodes
    net = Network(name="n", nodes=(start, conv1, bn1, fc._replace(train_only=True)), outputs=(2,))
    without = {name: tensor for name, tensor in fitting().items() if not name.startswith("fc")}
    assert gather(net, file=WeightsFile("w", fitting())).tally == {"file": 8}
    assert gather(net, file=WeightsFile("w", without)).tally == {"file": 6, "initial": 2}


def test_copies_of_shared_weights_are_welcome_when_they_are_copies():
    net = chain("n", Shape(2), [("a", layer_type("fc")(units=2)), ("b", layer_type("fc")(units=2))])
    start, a, b = net.nodes
    net = Network(name="n", nodes=(start, a, b._replace(shared_with=1)), outputs=(2,))
    ones = StoredTensor((2, 2), lambda: [1.0] * 4)
    tensors = {"a.weight": ones, "a.bias": zeros(2), "b.weight": ones, "b.bias": zeros(2)}
    assert gather(net, file=WeightsFile("w", tensors)).tally == {"file": 2}
    with pytest.raises(CnncalcError, match=r"^weights-mismatch: 'w' does not fit the network: 1 "
                       r"left over$"):  # fmt: skip
        gather(net, file=WeightsFile("w", tensors | {"b.weight": zeros(2, 2)}))


def test_matching_by_order_pairs_kinds_in_order():
    names = {"features.0": "conv1", "features.1": "bn1", "classifier.10": "fc"}
    tensors = {}
    for theirs, ours in sorted(names.items()):  # as a program sorts them
        for name, tensor in sorted(fitting().items()):
            if name.startswith(f"{ours}."):
                tensors[f"{theirs}.{name.rpartition('.')[2]}"] = tensor
    parameters = gather(NET, file=WeightsFile("w", dict(sorted(tensors.items())), "order"))
    assert parameters.pairs == [
        ("conv1.weight", "features.0.weight"),
        ("conv1.bias", "features.0.bias"),
        ("bn1.weight", "features.1.weight"),
        ("bn1.bias", "features.1.bias"),
        ("bn1.running_mean", "features.1.running_mean"),
        ("bn1.running_var", "features.1.running_var"),
        ("fc.weight", "classifier.10.weight"),
        ("fc.bias", "classifier.10.bias"),
    ]


def test_matching_by_order_refuses_unequal_counts():
    tensors = fitting()
    del tensors["fc.bias"]
    with pytest.raises(CnncalcError) as caught:
        gather(NET, file=WeightsFile("w", tensors, "order"))
    (problem,) = caught.value.diagnostics
    assert problem.message == "'w' cannot be paired with the network by order and shape"
    assert problem.notes == ("bias 5: the network has 1, the file 0",)


# --- JSON ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "document",
    [
        {"fc.weight": [[1, 2], [3, 4]], "fc.bias": [0.5, 1]},
        {"fc": {"weight": [[1, 2], [3, 4]], "bias": [0.5, 1]}},
    ],
)
def test_json_weights_by_full_names_or_by_levels(tmp_path, document):
    path = tmp_path / "w.json"
    path.write_text("\ufeff" + json.dumps(document), encoding="utf-8")
    tensors = weights.read(str(path))
    assert {name: (t.dims, list(t.read())) for name, t in tensors.items()} == {
        "fc.weight": ((2, 2), [1.0, 2.0, 3.0, 4.0]),
        "fc.bias": ((2,), [0.5, 1.0]),
    }


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"a": [[1, 2], [3]]}', r"a\[1\] has 1 entry, where its neighbours have 2"),
        ('{"a": [1, "x"]}', r"a\[1\] is a text, not a number"),
        ('{"a": [1, true]}', r"a\[1\] is True, not a number"),
        ('{"a": [1, NaN]}', r"a\[1\] is nan, not a finite number"),
        ('{"a": [1, 1e999]}', r"a\[1\] is inf, not a finite number"),
        ('{"a": [1, [2]]}', r"a\[1\] is a list, not a number"),
        ('{"a": []}', r"a is an empty list, not a number"),
        ('{"a": [1], "a": [2]}', r"a name appears twice"),
        ('{"a": [1', r"Expecting ',' delimiter: line 1 column 9 \(char 8\)"),
    ],
)
def test_json_weights_that_are_none(tmp_path, text, why):
    path = tmp_path / "w.json"
    path.write_text(text)
    with pytest.raises(
        CnncalcError, match=rf"^bad-weights: '.*w.json' is not a weights file: {why}$"
    ):
        weights.read(str(path))


def test_nesting_is_limited(tmp_path):
    path = tmp_path / "w.json"
    path.write_text('{"a":' * 100_000)
    with pytest.raises(CnncalcError, match=r"^bad-weights: "):
        weights.read(str(path))
    path.write_text('{"a": ' + "[" * 50 + "1" + "]" * 50 + "}")
    with pytest.raises(CnncalcError, match=r"a list, not a number$"):
        weights.read(str(path))


def test_weights_saved_are_the_weights_read(tmp_path):
    path = str(tmp_path / "w.safetensors")
    parameters = gather(NET, InitialWeights(seed=9))
    safetensors.write(
        path,
        ((name, p.dims, parameters.stored[name].read()) for _, p, name in each(NET)),
    )
    again = gather(NET, file=WeightsFile(path, weights.read(path)))
    for node in NET.nodes[1:]:
        ours, theirs = parameters.of(NET, node), again.of(NET, node)
        assert {k: list(v) for k, v in ours.items()} == {k: list(v) for k, v in theirs.items()}
