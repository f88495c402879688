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


def test_the_weights_that_fully_connected_layers_would_need(cnncalc):
    # 28·28 numbers to 24·24·16, and the 10 classes from 12·12·16 as before
    answer = cnncalc("stack", "28x28x1", "conv 16 5x5", "pool 2x2", "fc 10", "--vs", "mlp")
    dense, last = 784 * 24 * 24 * 16, 12 * 12 * 16 * 10
    assert answer.out.splitlines()[-4:] == [
        "versus mlp   weights, against those of fully connected layers",
        f"conv1        400 against {dense:,}",
        f"fc1          {last:,} against {last:,}",
        (
            f"together     {400 + last:,} against {dense + last:,}   "
            f"{(dense + last) / (400 + last):,.2f} times more"
        ),
    ]
    refused = cnncalc("stack", "28x28x1", "fc 10", "--vs", "mlp", "--json")
    assert refused.status == 2


def test_a_stack_runs_on_a_sample(cnncalc):
    words = ("stack", "3x3x1", "maxpool 2x2 s1", "--sample", "1 2 3; 4 5 6; 7 8 9")
    assert cnncalc(*words).out.endswith("maxpool1: 2×2×1\n  map 0\n    5  6\n    8  9\n")
    assert cnncalc(*words, "--json").json["outputs"][0]["name"] == "maxpool1"
    refused = cnncalc(*words, "--columns", "rf")
    assert refused.status == 2
    assert refused.err == (
        "error[usage]: --sample runs the network: the options of the table have no effect\n"
        "  = help: leave them out\n"
    )
    rows = cnncalc(*words, "--format", "csv").out.splitlines()
    assert rows[2].startswith("1,maxpool1,maxpool,2x2x1,5.0,7.0,9.0,0,0,")


def test_layers_share_weights_by_the_names_that_are_printed(cnncalc):
    words = ("stack", "9x9x4", "conv 4 3x3 p1", "pool 3x3 s1", "conv 4 3x3 p1 share=conv1")
    assert cnncalc(*words, "--json").json["totals"]["params"] == 4 * 4 * 9 + 4
    named = ("stack", "9x9x4", "a: conv 4 3x3 p1", "conv 4 3x3 p1 share=a", "--json")
    assert cnncalc(*named).json["totals"]["params"] == 4 * 4 * 9 + 4
    wrong = cnncalc("stack", "9x9x4", "conv 4 3x3 p1", "conv 4 3x3 p1 share=conv3")
    assert wrong.err.splitlines()[:2] == [
        "error[unknown-reference]: no layer named 'conv3'", " --> stack:4:26",
    ]  # fmt: skip
