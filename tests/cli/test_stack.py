"""`cnncalc stack`."""

import pytest

QUESTION = ("28x28x1", "conv 16 5x5 p2", "pool 2x2", "conv 32 5x5 p2", "pool 2x2", "fc 10")


def test_what_goes_into_the_first_fully_connected_layer(cnncalc):
    # "mat1 and mat2 shapes cannot be multiplied": the layer needs 7 x 7 x 32 = 1,568 inputs
    document = cnncalc("stack", *QUESTION, "--json").json
    last = document["layers"][-1]
    assert last["in"] == {"h": 7, "w": 7, "c": 32}
    assert last["weights"] == 1568 * 10
    assert document["spec"]["file"] == "stack"


def test_the_options_of_analyze_work(cnncalc):
    lines = cnncalc("stack", *QUESTION, "--only", "conv", "--columns", "params").out.splitlines()
    assert [line.split() for line in lines[2:4]] == [
        ["conv1", "conv", "416"], ["conv2", "conv", "12,832"],
    ]  # fmt: skip
    assert cnncalc("stack", "4", "fc 2", "--columns", "help").out.startswith("index")


@pytest.mark.parametrize(
    ("layers", "message", "where"),
    [
        (("conv 16 5x5 rleu",), "'conv' does not understand 'rleu'", "stack:3:18"),
        (("conv 16 5x5", "conv 16 29x29"), "the filter (29) is larger than its input (24)",
         "stack:4:14"),
    ],
)  # fmt: skip
def test_a_mistake_is_pointed_at_in_its_argument(cnncalc, layers, message, where):
    answer = cnncalc("stack", "28x28x1", *layers)
    assert answer.status == 1
    assert message in answer.err
    assert f"--> {where}\n" in answer.err
    assert f'  - "{layers[-1]}"\n' in answer.err


def test_a_bad_input_shape_is_pointed_at_too(cnncalc):
    answer = cnncalc("stack", "3x224x224", "relu")
    assert answer.status == 1
    assert "error[input-layout]: '3x224x224' could be channels-first or channels-last" in answer.err
    assert cnncalc("stack", "3x224x224 CHW", "relu").status == 0


def test_text_cannot_break_out_of_its_argument(cnncalc):
    answer = cnncalc("stack", "8x8x1", 'relu"\n  - "tanh')
    assert answer.status == 1
    assert "tanh" in answer.err


def test_without_layers_the_command_line_is_wrong(cnncalc):
    assert cnncalc("stack", "8x8x1").status == 2
