"""Recurrent layers with the biases, and the order of reset and weights, that Keras has.

The figures of tests/data/keras/recurrent.json are those of Keras' LSTM, GRU and SimpleRNN.
"""

import json
from pathlib import Path

import pytest

from cnncalc.layers import layer_type
from cnncalc.shapes import Shape
from cnncalc.spec.document import read_document
from cnncalc.spec.load import build
from cnncalc.tensor import Tensor

FILE = Path(__file__).parents[1] / "data" / "keras" / "recurrent.json"
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


FORMS = [
    ("lstm 5 biases=1", "lstm: {units: 5, biases: 1}"),
    ("rnn 5 bidirectional biases=1", "rnn: {units: 5, bidirectional: true, biases: 1}"),
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
     "it has units, layers, bidirectional, bias, last, biases"),
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
