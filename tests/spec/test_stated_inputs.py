"""`in=` states what comes into a layer; where it does not hold, the message says so in full.

The sentences of PyTorch are those that torch 2.13 prints for the same layers and inputs.
"""

import json

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnncalc import analyze, compare, load, parse, sizes
from cnncalc.errors import CnncalcError
from cnncalc.spec.schema import spec_schema
from cnncalc.spec.write import text

NET = """\
input: 28x28x1
layers:
  - conv 32 3x3 same relu
  - maxpool 2x2 s2
  - conv 32 3x3 same relu
  - maxpool 2x2 s2
  - {layer}
"""


def complaint(layer, net=NET):
    with pytest.raises(CnncalcError) as caught:
        parse(net.replace("{layer}", layer))
    (said,) = caught.value.diagnostics
    return said


@pytest.mark.parametrize("word", ["in=1568", "in_features=1568", "inputs=1568"])
def test_what_is_right_changes_nothing(word):
    with_, without = (parse(NET.replace("{layer}", f"fc 10{more}")) for more in (f" {word}", ""))
    one, other = analyze(with_), analyze(without)
    assert one.totals == other.totals
    assert one.rows[-1].settings == other.rows[-1].settings == {"units": 10, "bias": True}
    assert all(pair.status is None for pair in compare(with_, without).layers[0])


def test_the_message_of_fc_names_both_sizes_and_where_the_numbers_come_from():
    said = complaint("fc 10 in=1050")
    assert (said.code, said.span.line, said.span.column) == ("wrong-input", 7, 14)
    assert said.message == "the layer is written for 1050 inputs, but 1568 come in"
    assert said.notes == (
        "in PyTorch: mat1 and mat2 shapes cannot be multiplied (1x1568 and 1050x10)",
        "fc1 receives 7×7×32 from maxpool2; the network input was 28×28×1",
        "1568 = 32·7·7 (C·H·W) of maxpool2",
    )
    assert said.help == "write in=1568, leave 'in' out, or change the layers before"


def test_views_between_are_looked_through():
    said = complaint("[flatten, dropout 0.5, fc 10 in=1050]")
    assert said.notes[1:] == (
        "fc1 receives 1568 from dropout1; the network input was 28×28×1",
        "1568 = 32·7·7 (C·H·W) of maxpool2",
    )


def test_numbers_that_were_no_map_are_not_explained_as_one():
    said = complaint("[fc 20, fc 10 in=30]")
    assert said.notes[1:] == ("fc2 receives 20 from fc1; the network input was 28×28×1",)


@pytest.mark.parametrize("word", ["in=16", "in_channels=16", "inputs=16"])
@pytest.mark.parametrize("head", ["conv 8 3x3", "conv_transpose 8 3x3"])
def test_the_message_of_a_convolution_names_the_channels(head, word):
    said = complaint(f"{head} {word}")
    assert said.code == "wrong-input"
    assert said.message == "the layer is written for 16 input channels, but 32 come in"
    assert said.notes[0] == (
        "in PyTorch: expected input[1, 32, 7, 7] to have 16 channels, but got 32 channels instead"
    )
    assert said.help == "write in=32, leave 'in' out, or change the layers before"


def test_linear_counts_the_channels_at_each_position():
    said = complaint("linear 10 in=5", "input: {c: 4, l: 7}\nlayers:\n  - {layer}\n")
    assert said.message == "the layer is written for 5 inputs, but 4 come in"
    # torch.nn.Linear(5, 10) on 7 rows of 4 numbers
    assert said.notes[0] == ("in PyTorch: mat1 and mat2 shapes cannot be multiplied (7x4 and 5x10)")


@pytest.mark.parametrize(
    ("layer", "column", "code", "message", "help_"),
    [
        ("fc 10 in=0", 14, "not-positive", "inputs must be at least 1, got 0", None),
        ("fc 10 inn=1568", 11, "unknown-key", "'fc' has no option 'inn'", "did you mean 'in'?"),
        ("fc: {units: 10, in: 3}", 25, "wrong-input",
         "the layer is written for 3 inputs, but 1568 come in",
         "write in=1568, leave 'in' out, or change the layers before"),
        ("maxpool 2x2 in=32", 17, "unknown-key", "'maxpool' has no option 'in'", None),
    ],
)  # fmt: skip
def test_its_neighbours(layer, column, code, message, help_):
    said = complaint(layer)
    assert (said.code, said.span.column, said.message) == (code, column, message)
    assert help_ is None or said.help == help_


def test_it_may_be_an_expression_over_the_sizes_that_come_in():
    net = NET.replace("{layer}", "fc 10 in=here.c*here.h*here.w")
    assert analyze(parse(net)).totals == analyze(parse(NET.replace("{layer}", "fc 10"))).totals


def test_other_inputs_of_the_network_no_longer_fit():
    """As with frameworks, whose weights fix the size."""
    network = parse(NET.replace("{layer}", "fc 10 in=1568"))
    tried = sizes(network, start=24, stop=36)
    assert tried.working == (28, 29, 30, 31)


def test_it_is_kept_where_a_network_is_written(tmp_path):
    written = text(parse(NET.replace("{layer}", "fc 10 in=1568")))
    assert "fc: {name: fc1, units: 10, inputs: 1568}" in written
    path = tmp_path / "net.yaml"
    path.write_text(written.replace("28x28", "32x32"))
    with pytest.raises(CnncalcError, match="written for 1568 inputs, but 2048 come in"):
        load(str(path))


def test_the_schema_of_specs_knows_it():
    schema = json.loads(json.dumps(spec_schema()))
    for layer in ({"fc": {"units": 10, "in": 3}}, {"conv": {"filters": 1, "in_channels": 3}}):
        jsonschema.validate({"layers": [layer]}, schema)


@given(stated=st.integers(1, 40), channels=st.integers(1, 8), height=st.integers(1, 3))
def test_it_holds_for_the_real_size_alone(stated, channels, height):
    spec = f"input: {height}x2x{channels} HWC\nlayers: [fc 3 in={stated}]\n"
    if stated == 2 * channels * height:
        assert analyze(parse(spec)).totals.weights == 3 * stated
    else:
        with pytest.raises(CnncalcError, match=f"written for {stated} inputs"):
            parse(spec)
