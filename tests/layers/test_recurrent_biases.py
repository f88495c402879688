"""Recurrent layers with the biases, and the order of reset and weights, that Keras has.

The figures of tests/data/keras/recurrent.json are those of Keras' LSTM, GRU and SimpleRNN.
"""

import json
from pathlib import Path
from random import Random

import pytest
from golden import flat

from cnncalc.layers import layer_type
from cnncalc.shapes import Shape
from cnncalc.spec.document import read_document
from cnncalc.spec.load import build
from cnncalc.tensor import Tensor

FILE = Path(__file__).parents[1] / "data" / "keras" / "recurrent.json"
BOTH_WAYS = FILE.parents[1] / "forward2" / "lstm_bidirectional.json"
KERAS = json.loads(FILE.read_text(encoding="utf-8"))
SHAPE = Shape(KERAS["channels"], (KERAS["length"],))


@pytest.mark.parametrize(
    "case", KERAS["cases"], ids=lambda case: f"{case['type']} {case['fields']}"
)
def test_it_has_the_parameters_of_keras_and_computes_the_same(case):
    layer = layer_type(case["type"])(**case["fields"])
    sizes = {p.name: p.size for p in layer.parameters(SHAPE)}
    assert sizes == {name: len(values) for name, values in case["parameters"].items()}
    assert sum(sizes.values()) == case["params"]
    out = layer.forward([Tensor(SHAPE, case["input"])], case["parameters"])
    assert list(out.values) == pytest.approx(case["output"], abs=2e-6)


def test_a_gated_unit_without_reset_after_may_have_two_biases():
    """They are added, as the one is."""
    case = next(case for case in KERAS["cases"] if case["fields"].get("reset_after") is False)
    given = dict(case["parameters"])
    bias = given.pop("bias_l0")
    given |= {"bias_ih_l0": [b - 0.25 for b in bias], "bias_hh_l0": [0.25] * len(bias)}
    layer = layer_type("gru")(**{**case["fields"], "biases": 2})
    out = layer.forward([Tensor(SHAPE, case["input"])], given)
    assert list(out.values) == pytest.approx(case["output"], abs=2e-6)


def test_one_way_alone_is_that_half_of_both_ways_in_pytorch():
    """After every step, and after the last one, which is at place 0."""
    case = json.loads(BOTH_WAYS.read_text(encoding="utf-8"))
    shape, units = Shape(case["input_shape"][1], (case["input_shape"][2],)), 4
    own = {
        name.removesuffix("_reverse"): flat(values)
        for name, values in case["weights"].items()
        if name.endswith("_reverse")
    }
    x = Tensor(shape, flat(case["input"]))
    every = layer_type("lstm")(units=units, reverse=True).forward([x], own)
    assert list(every.values) == pytest.approx(flat(case["output"])[units * shape.size // 3 :])
    last = layer_type("lstm")(units=units, reverse=True, last=True).forward([x], own)
    assert list(last.values) == pytest.approx(flat(case["outputs"]["h_n"])[units:])


@pytest.mark.parametrize(
    "words", ["lstm 3 reverse", "gru 2 reverse layers=2", "rnn 2 last reverse"]
)
def test_neurons_depend_on_the_steps_behind_them(words):
    """Of a middle step, on the numbers that change it when they are changed; connections too."""
    layer = build(read_document(f"input: 5x2 LC\nlayers: [{words}]\n", "n.yaml")).nodes[1].layer
    shape = Shape(2, (5,))
    random = Random(4)
    given = {
        p.name: [random.uniform(0.2, 1) for _ in range(p.size)] for p in layer.parameters(shape)
    }
    sample = [random.uniform(-1, 1) for _ in range(10)]
    before, links = list(layer.forward([Tensor(shape, sample)], given).values), 0
    out = layer.output_shape(shape)
    for index in range(10):
        moved = [value + 0.1 * (place == index) for place, value in enumerate(sample)]
        after = list(layer.forward([Tensor(shape, moved)], given).values)
        for place, (one, other) in enumerate(zip(before, after, strict=True)):
            unit, step = divmod(place, out.size // out.channels)
            neuron = (unit, step) if out.rank else (unit,)
            ((channels, steps),) = layer.reads(neuron, shape)
            assert (one != other) == (index // 5 in channels and index % 5 in steps)
            links += one != other
    assert links == layer.connections(shape)


FORMS = [
    ("lstm 5 biases=1", "lstm: {units: 5, biases: 1}"),
    ("rnn 5 bidirectional biases=1", "rnn: {units: 5, bidirectional: true, biases: 1}"),
    ("lstm 5 reverse last", "lstm: {units: 5, last: true, reverse: true}"),
    ("gru 5 biases=1 reset_before", "gru: {units: 5, reset_after: false, biases: 1}"),
]


@pytest.mark.parametrize(("line", "mapping"), FORMS)
def test_the_short_and_the_mapping_form_mean_the_same(line, mapping, cnncalc, tmp_path):
    def layer(text):
        return build(read_document(text, "net.yaml")).nodes[1].layer

    short = f"input: 7x3 LC\nlayers:\n  - {line}\n"
    wanted = layer(short)
    assert layer(f"input: 7x3 LC\nlayers:\n  - {mapping}\n") == wanted
    file = tmp_path / "net.yaml"
    file.write_text(short)
    assert layer(cnncalc("expand", file).out) == wanted
    back = cnncalc("expand", "--short", file).out
    assert (layer(back), line in back) == (wanted, True)


MISTAKES = [
    ("lstm 5 biases=0", "3:19", "biases must be at least 1, got 0", None),
    ("lstm 5 biases=3", "3:19", "biases must be below 3, got 3", None),
    (
        "rnn 5 nobias biases=1", "3:25",
        "biases=1 is one bias a unit, but this rnn has none", "leave out biases=1, or nobias",
    ),
    ("lstm 5 reset_after=false", "3:12", "'lstm' has no option 'reset_after'",
     "it has units, layers, bidirectional, reverse, bias, last, biases"),
    ("lstm 5 reverse bidirectional", "3:12",
     "a bidirectional lstm reads both ways, reverse one way alone",
     "leave out reverse, or bidirectional"),
    ("rnn 5 reverse=1", "3:19", "reverse must be true or false, got 1", None),
    ("gru 5 reset_after=0", "3:23", "reset_after must be true or false, got 0", None),
]  # fmt: skip


@pytest.mark.parametrize(("line", "place", "message", "advice"), MISTAKES)
def test_mistakes_are_told_at_their_place(line, place, message, advice, cnncalc, tmp_path):
    file = tmp_path / "net.yaml"
    file.write_text(f"input: 7x3 LC\nlayers:\n  - {line}\n")
    err = cnncalc("analyze", file).err
    err = err[err.index("error[") :]
    first, at, *_ = err.splitlines()
    assert first.partition("]: ")[2] == message
    assert at.endswith(f"net.yaml:{place}")
    assert ("= help: " in err) == (advice is not None)
    assert advice is None or f"= help: {advice}\n" in err
