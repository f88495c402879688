"""Models of keras.applications against the figures that Keras 3.15 gave for them.

`tests/data/keras_models/README.md` says where they come from.
"""

import gzip
import json
import sys
import zipfile
from pathlib import Path

import pytest

from cnncalc import CnncalcError, analyze, load
from cnncalc.exchange.keras.read import network_of
from cnncalc.exchange.sources import SourceOptions
from cnncalc.questions.imported import written
from cnncalc.render.diagnostics import full
from cnncalc.spec.load import parse

DATA = Path(__file__).parents[1] / "data" / "keras_models"
TRUTH = json.loads(gzip.decompress((DATA / "truth.json.gz").read_bytes()))
NOT_IN_A_NORM = {"Normalization"}  # Keras also counts the samples there, or stores nothing


def document(name):
    return json.loads(gzip.decompress((DATA / f"{name}.json.gz").read_bytes()))


def network(name):
    open_size = "224x224x3 HWC" if name.startswith("MobileNetV3") else None
    return network_of(document(name), f"{name}.json", SourceOptions(input=open_size))


def rows_of(network):
    """The name of each row, what it stores, and its shape with the channels last."""
    for node in network.nodes:
        stored = node.layer.parameters(*network.shapes_into(node)) if node.inputs else ()
        yield node.name, stored, [*node.shape.spatial, node.shape.channels]


@pytest.mark.parametrize("name", TRUTH)
def test_every_layer(name):
    truth, net = TRUTH[name], network(name)
    mine = list(rows_of(net))
    for layer, kind, learned, statistics, shape in truth["rows"]:
        own = [row for row in mine if row[0] == layer or row[0].startswith(f"{layer}.")]
        assert own, layer
        sizes = [(p.role, p.size) for _, stored, _ in own for p in stored]
        assert sum(size for role, size in sizes if role == "learned") == learned, layer
        if kind not in NOT_IN_A_NORM:
            assert sum(size for role, size in sizes if role == "statistic") == statistics, layer
        if None not in shape:
            assert own[-1][2] == shape, layer
    assert analyze(net).totals.params == truth["trainable"]


@pytest.mark.parametrize("name", TRUTH)
def test_the_imported_spec_is_the_same_network(name):
    net = network(name)
    back = analyze(parse(written(net, Path()).text)).totals
    assert (back.params, back.macs) == (analyze(net).totals.params, analyze(net).totals.macs)


def test_a_long_model_becomes_a_short_spec():
    text = written(network("DenseNet121"), Path()).text
    assert text.count("\n") <= 30


def test_a_zip_is_read_by_its_configuration_alone(tmp_path):
    path = tmp_path / "net.keras"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", json.dumps(document("VGG16")))
        archive.writestr("model.weights.h5", b"no weights at all")
        archive.writestr("metadata.json", '{"keras_version": "3.15.1"}')
    assert analyze(load(path)).totals.params == TRUTH["VGG16"]["trainable"]
    assert all(node.origin for node in load(path).nodes[1:])


def test_no_framework_and_no_pickle_is_imported(tmp_path, monkeypatch):
    path = tmp_path / "model.json"
    path.write_text(json.dumps(document("MobileNetV2")))

    class Spy:
        def find_spec(self, name, path=None, target=None):
            assert name.partition(".")[0] not in {"keras", "tensorflow", "torch", "pickle", "h5py"}

    for name in ("pickle", "keras"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setattr(sys, "meta_path", [Spy(), *sys.meta_path])
    assert analyze(load(path)).totals.params == TRUTH["MobileNetV2"]["trainable"]


# Small models, as both versions write them.

CONV = {"filters": 4, "kernel_size": [3, 3], "name": "c"}


def two(kind, **config):
    return {"class_name": kind, "config": config}


def keras2(*layers, **more):
    return {"class_name": "Sequential", "config": {"name": "m", "layers": list(layers)},
            "keras_version": "2.4.0", **more}  # fmt: skip


def first(**more):
    return two("Conv2D", **CONV, batch_input_shape=[None, 8, 8, 3], **more)


def test_keras_2_names_its_input_in_the_first_layer():
    net = network_of(keras2(first(activation="hard_sigmoid")), "m.json")
    assert [str(node.shape) for node in net.nodes[:2]] == [str(net.nodes[0].shape), str(
        net.nodes[1].shape)]  # fmt: skip
    assert net.nodes[1].shape.spatial == (6, 6)
    assert net.nodes[2].layer.slope == 0.2


def test_keras_2_writes_calls_as_lists():
    layers = [
        {"class_name": "InputLayer", "name": "x", "inbound_nodes": [],
         "config": {"batch_input_shape": [None, 8, 8, 3], "name": "x"}},
        {"name": "m1", "inbound_nodes": [[["x", 0, 0, {}]], [["m1", 1, 0, {}]]],
         "class_name": "Sequential", "config": {"name": "m1", "layers": [
             two("Conv2D", filters=3, kernel_size=[3, 3], padding="same", name="c")]}},
        {"class_name": "Add", "name": "a", "config": {"name": "a"},
         "inbound_nodes": [[["m1", 2, 0, {}], ["x", 0, 0, {}]]]},
    ]  # fmt: skip
    model = {"class_name": "Functional", "config": {
        "name": "m", "layers": layers, "input_layers": [["x", 0, 0]],
        "output_layers": [["a", 0, 0]]}}  # fmt: skip
    net = network_of(model, "m.json")
    assert [node.name for node in net.nodes] == ["x", "m1.c", "m1.c_2", "a"]
    assert net.nodes[2].shared_with == 1
    assert analyze(net).totals.params == 3 * 27 + 3


def test_frozen_layers_are_not_trained():
    net = network_of(keras2(first(trainable=False)), "m.json")
    assert net.nodes[1].frozen


def test_the_batch_is_that_of_the_file():
    layer = two("Conv2D", **CONV, batch_input_shape=[16, 8, 8, 3])
    assert network_of(keras2(layer), "m.json").batch == 16


# What is refused, and what the user reads.


@pytest.fixture
def write(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def at(data, name="m.json"):
        text = data if isinstance(data, (str, bytes)) else json.dumps(data)
        Path(name).write_bytes(text if isinstance(text, bytes) else text.encode())
        return name

    return at


def message(path, **options):
    with pytest.raises(CnncalcError) as caught:
        load(path, **options)
    (diagnostic,) = caught.value.diagnostics
    return full(diagnostic)


def test_lambda_is_unknown(write):
    path = write(keras2(first(), two("Lambda", name="l", function=["4wEAAA=="])))
    assert message(path) == (
        "error[unknown-operator]: 'Lambda' has no layer here\n"
        " --> m.json: layer 2 of 2 'l' (Lambda)\n"
        "  = note: 1 row stands before it; cut there with --until c\n"
        "  = help: --partial goes on with rows of unknown cost"
    )
    assert load(path, until="c").complete
    assert not load(path, partial=True).complete


def test_a_class_of_another_module_is_unknown_though_its_name_is_known(write):
    layer = two("Dense", name="d", units=3) | {"module": "my.layers", "registered_name": "x>Dense"}
    head = first() | {"module": "keras.layers"}
    path = write(keras2(head, layer, module="keras"))
    assert "'Dense' of 'my.layers' has no layer here" in message(path)


def test_partial_with_the_shape_that_the_next_layer_says(write):
    layers = [
        first(), two("Lambda", name="l"),
        two("Dense", name="d", units=3) | {"build_config": {"input_shape": [None, 6, 6, 4]}},
    ]  # fmt: skip
    net = load(write(keras2(*layers)), partial=True)
    assert [node.layer.type for node in net.nodes] == ["input", "conv", "unknown", "linear"]
    assert analyze(net).incomplete == ("l",)


def test_channels_first(write):
    path = write(keras2(first(data_format="channels_first")))
    assert message(path) == (
        "error[unknown-operator]: 'Conv2D' with data_format=channels_first has no layer here\n"
        " --> m.json: layer 1 of 1 'c' (Conv2D)\n"
        "  = help: build the model with channels last, as Keras does where it is not told"
    )


def test_no_input_shape(write):
    path = write(keras2(two("Conv2D", **CONV)))
    assert message(path) == (
        "error[open-size]: m.json does not say the shape of its input\n"
        "  = help: give it, such as --input '224x224x3 HWC'"
    )
    assert load(path, input="8x8x3 HWC").nodes[1].shape.channels == 4


def test_open_sizes(write):
    path = write(keras2(two("Conv2D", **CONV, batch_input_shape=[None, None, None, 3])))
    assert message(path) == (
        "error[open-size]: m.json leaves sizes of its input 'in' open: Nx?x?x3\n"
        "  = help: give them, such as --input '224x224x3 HWC'"
    )


def test_a_subclassed_model(write):
    path = write({"module": "my", "class_name": "MyNet", "config": {"units": 3}})
    assert message(path) == (
        "error[broken-model]: 'm.json' is no model of Keras: 'MyNet' is a class of its own, whose "
        "layers stand in its code and not in the file"
    )


def test_an_option_that_is_no_number(write):
    path = write(keras2(first(), two("Conv2D", name="d", filters="many", kernel_size=[3, 3])))
    assert message(path) == (
        "error[broken-model]: 'filters' is many, a whole number from 1 is needed\n"
        " --> m.json: layer 2 of 2 'd' (Conv2D)"
    )


BACKWARD = {"units": 2, "go_backwards": True, "name": "r"}


def sequence(kind, **config):
    return keras2(two(kind, **config, batch_input_shape=[None, 7, 3]))


def test_a_layer_that_goes_backwards_to_its_last_state():
    net = network_of(sequence("LSTM", **BACKWARD), "m.json")
    layer = net.nodes[1].layer
    assert (layer.reverse, layer.last, net.nodes[1].shape.size) == (True, True, 2)


@pytest.mark.parametrize(
    ("document", "why", "where"),
    [
        (
            sequence("GRU", **BACKWARD, return_sequences=True),
            (
                "'GRU' with go_backwards and return_sequences has no layer here: its states come "
                "from the last step to the first"
            ),
            "'r' (GRU)",
        ),
        (
            sequence("Bidirectional", name="b", layer=two("LSTM", **BACKWARD)),
            "'LSTM' with go_backwards=True has no layer here",
            "'b' (Bidirectional)",
        ),
    ],
)
def test_what_comes_in_the_order_of_reading(write, document, why, where):
    assert message(write(document)) == (
        f"error[unknown-operator]: {why}\n"
        f" --> m.json: layer 1 of 1 {where}\n"
        "  = help: --partial goes on with rows of unknown cost"
    )


def test_a_shape_other_than_the_file_says(write):
    tensor = {"class_name": "__keras_tensor__",
              "config": {"shape": [None, 9, 9, 4], "keras_history": ["c", 0, 0]}}  # fmt: skip
    before = {"class_name": "__keras_tensor__",
              "config": {"shape": [None, 8, 8, 3], "keras_history": ["x", 0, 0]}}  # fmt: skip
    layers = [
        {"class_name": "InputLayer", "name": "x", "inbound_nodes": [], "module": "keras.layers",
         "config": {"batch_shape": [None, 8, 8, 3]}},
        two("Conv2D", **CONV) | {"name": "c", "module": "keras.layers",
                                 "inbound_nodes": [{"args": [before], "kwargs": {}}]},
        two("ReLU") | {"name": "r", "module": "keras.layers",
                       "inbound_nodes": [{"args": [tensor], "kwargs": {}}]},
    ]  # fmt: skip
    model = {"module": "keras", "class_name": "Functional", "config": {
        "layers": layers, "input_layers": ["x", 0, 0], "output_layers": ["r", 0, 0]}}  # fmt: skip
    assert message(write(model)) == (
        "error[broken-model]: it gives Nx6x6x4 here, and Nx9x9x4 in the file\n"
        " --> m.json: layer 2 of 3 'c' (Conv2D)"
    )


def test_hdf5(write):
    assert message(write(b"\x89HDF\r\n\x1a\n" + bytes(40), "model.h5")) == (
        "error[hdf5]: 'model.h5' is an HDF5 file, which is not read here\n"
        "  = help: in the program that made the model: model.save('model.keras') or "
        "open('model.json', 'w').write(model.to_json())"
    )


def test_other_json_stays_a_spec(write):
    path = write({"input": "8x8x3", "layers": ["conv 4 3x3"]}, "net.json")
    assert load(path).nodes[1].layer.type == "conv"


def test_flatten_says_what_it_means_for_weights(write):
    net = load(write(keras2(first(), two("Flatten", name="f"), two("Dense", name="d", units=2))))
    (note,) = net.diagnostics
    assert full(note) == (
        "note[flatten-order]: 'f' has the channels first here and last in Keras\n"
        "  = note: weights of d that come from Keras must be put into this order"
    )


def test_a_norm_on_the_way_to_dense_has_its_weights_in_that_order_too(write):
    layers = [two("Flatten", name="f"), two("BatchNormalization", name="n"), two("Dense", name="d",
              units=2)]  # fmt: skip
    net = load(write(keras2(first(), *layers)))
    assert net.diagnostics[0].notes[0].startswith("weights of n, d that come")
    assert [node.layer.type for node in net.nodes] == ["input", "conv", "flatten", "bn", "fc"]


def test_a_vector_that_anything_else_reads_keeps_the_order_of_keras(write):
    for last in (
        two("LayerNormalization", name="n"),
        two("Reshape", name="r", target_shape=[12, 12]),
    ):
        net = load(write(keras2(first(), two("Flatten", name="f"), last)))
        assert "permute" in [node.layer.type for node in net.nodes]


# As Keras 3.15 writes a Python lambda, a function, a registered one.
OWN = [
    {"value": ["4wEAAAAAAAAA", None, None]},
    {"module": "builtins", "class_name": "function", "config": "my", "registered_name": "function"},
    {"module": "builtins", "class_name": "function", "config": "relu",
     "registered_name": "function"},
    {"class_name": "__lambda__", "config": {"value": "4wEA"}},
]  # fmt: skip


@pytest.mark.parametrize("own", OWN)
def test_activations_of_ones_own_are_unknown(write, own):
    path = write(keras2(first(activation=own)))
    assert message(path).startswith("error[unknown-operator]: an activation ")
    net = load(path, partial=True)
    assert [node.layer.type for node in net.nodes] == ["input", "conv", "unknown"]


def test_an_option_that_no_version_has_yet_is_not_passed_over(write):
    path = write(keras2(first(twisted=True)))
    assert "'Conv2D' with the option 'twisted' has no layer here" in message(path)
    assert load(write(keras2(first(data_format="channels_last", kernel_initializer={})))).complete
