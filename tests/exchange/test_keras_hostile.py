"""Model files of Keras that were damaged or made to harm end in a diagnostic, soon."""

import copy
import gzip
import json
import time
import zipfile
from pathlib import Path

import hostile
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnncalc import CnncalcError, load
from cnncalc.exchange.keras.document import LARGEST_CONFIG
from cnncalc.exchange.keras.read import network_of
from cnncalc.exchange.sources import SourceOptions

DATA = Path(__file__).parents[1] / "data" / "keras_models"
WHOLE = [
    json.loads(gzip.decompress((DATA / f"{name}.json.gz").read_bytes()))
    for name in ("VGG16", "MobileNetV2", "ConvNeXtTiny")
]
SECONDS = 20


def outcome(document, **options):
    """ "ok", or the code of the refusal; any other exception fails the test."""
    return hostile.outcome(
        lambda: network_of(document, "m.json", SourceOptions(**options)), SECONDS
    )


JUNK = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 9), st.integers(-(2**70), 2**70), st.text(max_size=4),
    st.floats(allow_nan=True), st.lists(st.integers(-2, 5), max_size=4), st.just({}),
    st.just([["x", 0, 0]]), st.just({"class_name": "__keras_tensor__"}),
)  # fmt: skip


def places(value):
    """Every place of a JSON document, as a list of keys."""
    found, todo = [], [(value, ())]
    while todo:
        each, path = todo.pop()
        items = each.items() if isinstance(each, dict) else (
            enumerate(each) if isinstance(each, list) else ())  # fmt: skip
        for key, below in items:
            found.append((*path, key))
            todo.append((below, (*path, key)))
    return found


PLACES = [places(each) for each in WHOLE]


@given(st.data(), st.integers(0, len(WHOLE) - 1), st.booleans())
@settings(deadline=None, max_examples=100)
def test_changed_values(data, number, partial):
    document = copy.deepcopy(WHOLE[number])
    for _ in range(data.draw(st.integers(1, 3))):
        *path, last = data.draw(st.sampled_from(PLACES[number]))
        at = document
        try:
            for key in path:
                at = at[key]
            at[last] = data.draw(JUNK)
        except (LookupError, TypeError):
            continue  # an earlier change took this place away
    assert outcome(document, partial=partial)


CLASSES = [
    "Conv2D", "Conv1D", "DepthwiseConv2D", "SeparableConv2D", "Conv2DTranspose", "MaxPooling2D",
    "AveragePooling2D", "Dense", "Flatten", "Reshape", "Permute", "ZeroPadding2D", "Cropping2D",
    "UpSampling2D", "Resizing", "BatchNormalization", "LayerNormalization", "GroupNormalization",
    "Normalization", "Rescaling", "Dropout", "Activation", "ReLU", "LeakyReLU", "PReLU", "Softmax",
    "Add", "Multiply", "Concatenate", "Embedding", "GRU", "Bidirectional", "TimeDistributed",
    "MultiHeadAttention", "RepeatVector", "CenterCrop", "Sequential", "Functional", "InputLayer",
]  # fmt: skip
OPTIONS = [
    "filters", "kernel_size", "strides", "padding", "dilation_rate", "groups", "activation", "axis",
    "use_bias", "pool_size", "units", "target_shape", "dims", "size", "height", "width", "cropping",
    "epsilon", "scale", "center", "mean", "variance", "offset", "rate", "shared_axes", "max_value",
    "input_dim", "output_dim", "layer", "layers", "n", "num_heads", "key_dim", "trainable", "name",
    "data_format", "depth_multiplier", "interpolation", "batch_shape",
]  # fmt: skip


@given(
    st.sampled_from(CLASSES),
    st.dictionaries(st.sampled_from(OPTIONS), JUNK, max_size=8),
    st.lists(st.integers(1, 6), min_size=1, max_size=4),
)
@settings(deadline=None, max_examples=400)
def test_any_options(kind, config, dims):
    layers = [
        {"class_name": "InputLayer", "config": {"batch_shape": [None, *dims]}},
        {"class_name": kind, "config": config},
    ]
    assert outcome({"class_name": "Sequential", "config": {"layers": layers}})


@given(st.floats(0, 1))
@settings(deadline=None, max_examples=30)
def test_cut_off(tmp_path_factory, place):
    text = json.dumps(WHOLE[0])
    path = tmp_path_factory.mktemp("cut") / "m.json"
    path.write_text(text[: 100 + int(place * (len(text) - 101))])
    with pytest.raises(CnncalcError, match="broken-model"):
        load(path)


def refused(path):
    start = time.perf_counter()
    with pytest.raises(CnncalcError) as caught:
        load(path)
    assert time.perf_counter() - start < SECONDS
    return caught.value.diagnostics[0].message


def test_a_zip_that_unpacks_to_too_much(tmp_path):
    path = tmp_path / "bomb.keras"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", b" " * (LARGEST_CONFIG + 2))
    assert path.stat().st_size < 2**18
    assert "its config.json has more than 64 MiB" in refused(path)


def test_a_zip_without_a_configuration(tmp_path):
    path = tmp_path / "m.keras"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("../config.json", "{}")
    assert "the zip holds no config.json" in refused(path)


def test_a_damaged_zip(tmp_path):
    path = tmp_path / "m.keras"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", json.dumps(WHOLE[0]))
    data = bytearray(path.read_bytes())
    data[60:90] = bytes(30)
    path.write_bytes(data)
    assert "the zip cannot be unpacked" in refused(path)


def test_deep_nesting(tmp_path):
    path = tmp_path / "m.json"
    path.write_text('{"class_name": "Sequential", "config": ' + "[" * 200_000)
    assert "nested too deeply" in refused(path)


def test_models_nested_too_deeply():
    model = {"class_name": "Dense", "config": {"units": 1}}
    for _ in range(60):
        model = {"class_name": "Sequential", "config": {"layers": [model]}}
    assert outcome(model, input="8x8x3 HWC") == "broken-model"


def test_a_number_of_many_digits(tmp_path):
    path = tmp_path / "m.json"
    path.write_text('{"class_name": "Sequential", "config": {"layers": ' + "9" * 10_000 + "}}")
    assert "its JSON cannot be read" in refused(path)


def test_layers_that_read_each_other():
    tensors = {
        name: {"class_name": "__keras_tensor__", "config": {"keras_history": [name, 0, 0]}}
        for name in "xab"
    }
    layers = [{"class_name": "InputLayer", "name": "x", "config": {"batch_shape": [None, 4]},
               "inbound_nodes": []}]  # fmt: skip
    for name, read in (("a", "b"), ("b", "a")):
        layers.append({"class_name": "ReLU", "name": name, "config": {},
                       "inbound_nodes": [{"args": [tensors[read]], "kwargs": {}}]})  # fmt: skip
    config = {"layers": layers, "input_layers": ["x", 0, 0], "output_layers": ["b", 0, 0]}
    assert outcome({"class_name": "Functional", "config": config}) == "broken-model"


@pytest.mark.parametrize("name", hostile.NAMES)
def test_names_are_only_names(name):
    layers = [{"class_name": "ReLU", "config": {"name": name, "batch_input_shape": [None, 4]}}]
    net = network_of({"class_name": "Sequential", "config": {"layers": layers}}, "m.json")
    assert hostile.is_only_a_name(net.nodes[1].name)
