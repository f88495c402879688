"""`--training OPTIMISER` of sweep and compare: the bytes that `analyze --training` prints."""

import pytest

# LeNet-5 keeps 15,636 outputs and trains 61,706 parameters (4 bytes each); Adam stores two more
# numbers for each parameter beside its gradient.
LENET_ADAM = 4 * (15636 + 4 * 61706)


def test_compare_has_a_line_for_training(cnncalc):
    lines = cnncalc("compare", "lenet5", "alexnet", "--training", "adam").out.splitlines()
    (line,) = [line for line in lines if line.startswith("training bytes")]
    assert f"{LENET_ADAM:,}" in line
    assert "training" not in cnncalc("compare", "lenet5", "alexnet").out


def test_compare_in_json_agrees_with_analyze(cnncalc):
    document = cnncalc("compare", "lenet5", "alexnet", "--training", "momentum", "--json").json
    (figure,) = [each for each in document["totals"] if each["key"] == "training_bytes"]
    for name, value in zip(("lenet5", "alexnet"), figure["values"], strict=True):
        report = cnncalc("analyze", name, "--training", "momentum", "--json").json
        assert value == report["training"]["totals"]["total_bytes"]


@pytest.mark.parametrize("format_", ["table", "csv", "md", "jsonl"])
def test_sweep_has_a_column_for_training(cnncalc, format_):
    words = ("sweep", "lenet5", "--vary-input", "32", "--format", format_)
    with_training = cnncalc(*words, "--training", "adam").out
    shown = f"{LENET_ADAM:,}" if format_ in {"table", "md"} else str(LENET_ADAM)
    assert shown in with_training
    assert shown not in cnncalc(*words).out


def test_sweep_counts_the_batch_and_the_type_of_numbers(cnncalc):
    words = ("sweep", "lenet5", "--vary-input", "32", "--columns", "training_bytes", "--training")
    out = cnncalc(*words, "sgd", "--batch", "8", "--dtype", "fp16", "--format", "csv").out
    assert out.splitlines()[1].split(",")[2] == str(2 * (8 * 15636 + 2 * 61706))


def test_sweep_in_processes_gives_the_same(cnncalc):
    words = ("sweep", "lenet5", "--vary-input", "32,40", "--training", "adam", "--format", "csv")
    assert cnncalc(*words, "--jobs", "2").out == cnncalc(*words).out


def test_training_may_be_a_goal(cnncalc):
    words = ("sweep", "lenet5", "--vary-input", "32,40", "--training", "adam", "--format", "csv")
    lines = cnncalc(*words, "--pareto", "training_bytes").out.splitlines()
    front = lines[0].split(",").index("front")
    assert [line.split(",")[front] for line in lines[1:]] == ["1", "0"]


@pytest.mark.parametrize("option", ["--columns", "--pareto"])
def test_without_an_optimiser_there_is_no_such_figure(cnncalc, option):
    answer = cnncalc("sweep", "lenet5", "--vary-input", "32", option, "training_bytes")
    assert answer.status == 2
    words = " ".join(answer.err.split())
    assert "training_bytes depend on the optimiser: add --training adam, momentum or sgd" in words
