"""The Python API: every public name is used as a user would, and has an example that runs."""

from __future__ import annotations

import csv
import io
import json
import pickle
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from inspect import isfunction
from multiprocessing import get_context
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from rich.console import Console
from rich.text import Text

import cnncalc
from cnncalc.shapes import Shape
from cnncalc.tensor import Tensor

ROOT = Path(__file__).parents[1]
FUNCTIONS = [name for name in cnncalc.__all__ if isfunction(getattr(cnncalc, name))]


def test_load_and_analyze():
    network = cnncalc.load("mobilenet_v2", set={"width": 0.5}, input="160x160x3")
    report = cnncalc.analyze(network, batch=8, dtype="fp16")
    assert isinstance(network, cnncalc.Network)
    assert isinstance(report, cnncalc.Report)
    # the 0.5 model of tensorflow/models: 1.97 million parameters; 50 million MACs at 160x160
    assert (report.totals.params, round(report.totals.macs / 1e6)) == (1968680, 50)


def test_explain():
    told = cnncalc.explain(cnncalc.load("lenet5"), "C1")
    steps = {step.field: step for step in told[0].steps}
    assert (steps["params"].numbers, steps["params"].value) == ("150 + 6", 156)


def test_solve():
    """AlexNet's 55: from 227, or from 224 with 1 and 2 zeros."""
    settings = cnncalc.solve(55, f=11, s=4).settings
    assert (227, 0, 0) in {(one.w, one.begin, one.end) for one in settings}


def test_solve_for_several_outputs():
    """28 becomes 24 with a filter of 5, and 12 with a stride of 2."""
    found = cnncalc.solve([24, 12], w=28, f=5, p=0)
    assert [[(one.s, one.unread) for one in each.settings] for each in found] == [
        [(1, 0)],
        [(2, 1)],
    ]
    assert cnncalc.solve(range(24, 25), w=28, f=5, p=0)[0] == found[0]


def test_solve_for_parameters():
    """C1 of LeNet-5 has 156 parameters, conv1 of ResNet 9,408 without biases."""
    assert cnncalc.solve(params=156, f=5, d=1).settings[0].k == 6
    found = cnncalc.solve(params=9408, d=3, k=[32, 64], bias=False)
    assert isinstance(found, cnncalc.FilterResult)
    assert [(one.f, one.k) for one in found.settings] == [(7, 64)]


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({}, "solve takes either an output or a number of parameters to reach"),
        (
            {"out": 5, "params": 9},
            "solve takes either an output or a number of parameters to reach",
        ),
        ({"out": 5, "k": 9}, "k has no effect without params"),
        ({"out": 5, "bias": False}, "bias has no effect without params"),
        ({"params": 9, "w": 9}, "w has no effect without out"),
        ({"params": 9, "transposed": True}, "transposed has no effect without out"),
        ({"params": -4}, "params must be a whole number from 1, got -4"),
        ({"out": [3, 0]}, "out must be a whole number from 1, got 0"),
        ({"out": 3, "s": 0}, "s must be a whole number from 1, got 0"),
        ({"out": 3, "f": [3, 2.5]}, "f must be a whole number from 1, got 2.5"),
        ({"out": 3, "p": "sme"}, "'sme' is not one of same, half, valid, full, causal"),
    ],
)
def test_what_solve_refuses(asked, message):
    with pytest.raises(cnncalc.CnncalcError) as told:
        cnncalc.solve(**asked)
    assert told.value.diagnostics[0].message == message


def test_transposed_convolutions_take_all_their_letters():
    """PyTorch: ConvTranspose2d(2, 4, 3, 2, 1, dilation=2, groups=2) makes 25 of 12, 40 numbers."""
    report = cnncalc.conv_transpose(w=12, f=3, s=2, p=1, d=2, k=4, groups=2, dilation=2)
    assert (report.rows[0].out.spatial, report.totals.params) == ((25, 25), 40)


def test_sizes():
    """Four times halved and doubled again: multiples of 16."""
    found = cnncalc.sizes("unet-padded", start=320, stop=340)
    assert found.working == (320, 336)


def test_compare():
    """ResNet-34 against ResNet-18, as published: 21,797,672 and 11,689,512 parameters."""
    found = cnncalc.compare("resnet18", "resnet34")
    params = next(figure for figure in found.figures if figure.key == "params")
    assert params.values == (11689512, 21797672)


def test_sweep():
    """MobileNetV2 at width 1 has torchvision's parameters; at 0.5, 1.97 million."""
    outcomes = cnncalc.sweep("mobilenet_v2", vary={"width": [0.5, 1.0]})
    params = [outcome.figures["params"] for outcome in outcomes]
    assert params == [1968680, 3504872]


def test_check():
    (result,) = cnncalc.check("resnet50", budget={"params": "30M", "macs": "4G"})
    assert not result.ok
    assert {kept.budget.key: kept.ok for kept in result.budget} == {"params": True, "macs": False}


def test_count_as():
    report = cnncalc.analyze(cnncalc.load("resnet50"))
    assert cnncalc.count_as(report, "torch").figures[0].value == 8178368512


def test_training():
    report = cnncalc.analyze(cnncalc.load("resnet50"))
    kept = cnncalc.training(report, "adam").total
    assert (kept.gradients, kept.optimiser) == (4 * 25557032, 8 * 25557032)


# The 5x5 picture and 3x3 filter of Stanford's UFLDL tutorial on convolution, and what they give.
PICTURE = [[1, 1, 1, 0, 0], [0, 1, 1, 1, 0], [0, 0, 1, 1, 1], [0, 0, 1, 1, 0], [0, 1, 1, 0, 0]]
FILTER = [[1, 0, 1], [0, 1, 0], [1, 0, 1]]
FEATURES = [[[4, 3, 4], [2, 4, 3], [2, 3, 4]]]
QUIZ = "input: 5x5x1\nlayers:\n- C1: conv 1 3x3 nobias\n"


@pytest.fixture
def quiz(tmp_path):
    path = tmp_path / "quiz.yaml"
    path.write_text(f"{QUIZ}  weights: {FILTER}\n")
    return path


def test_forward(quiz):
    done = cnncalc.forward(quiz, PICTURE)
    assert isinstance(done, cnncalc.Pass)
    assert done.tensor("C1").nested() == FEATURES
    assert [row.node.name for row in done.outputs] == ["C1"]


class Array:
    """What NumPy's arrays and PyTorch's tensors have in common."""

    def __init__(self, values):
        self.values = values

    def tolist(self):
        return self.values


@pytest.mark.parametrize(
    "sample",
    [
        PICTURE,
        tuple(map(tuple, PICTURE)),
        [PICTURE],  # channels first
        [[[number] for number in row] for row in PICTURE],  # channels last
        Array(PICTURE),
        [Array(row) for row in PICTURE],
        {"in": PICTURE},
        Tensor(Shape(1, (5, 5)), [float(number) for row in PICTURE for number in row]),
    ],
)
def test_a_sample_of_any_kind(quiz, sample):
    assert cnncalc.forward(cnncalc.load(quiz), sample).tensor("C1").nested() == FEATURES


def test_a_sample_in_a_file(quiz, tmp_path):
    rows = "\n".join(" ".join(map(str, row)) for row in PICTURE)
    (tmp_path / "picture.txt").write_text(rows)
    for path in (tmp_path / "picture.txt", str(tmp_path / "picture.txt")):
        assert cnncalc.forward(quiz, path).tensor("C1").nested() == FEATURES


@pytest.mark.parametrize(
    "weights",
    [
        {"C1.weight": FILTER},
        {"C1": {"weight": [[FILTER]]}},
        {"C1.weight": Array([[FILTER]])},
    ],
)
def test_weights_of_any_kind(tmp_path, weights):
    path = tmp_path / "quiz.yaml"
    path.write_text(QUIZ)
    assert cnncalc.forward(path, PICTURE, weights=weights).tensor("C1").nested() == FEATURES
    (tmp_path / "weights.json").write_text(f'{{"C1.weight": {FILTER}}}')
    done = cnncalc.forward(path, PICTURE, weights=tmp_path / "weights.json")
    assert done.tensor("C1").nested() == FEATURES


def test_weights_in_another_order(tmp_path):
    path = tmp_path / "quiz.yaml"
    path.write_text(QUIZ)
    done = cnncalc.forward(path, PICTURE, weights={"x.weight": [[FILTER]]}, match="order")
    assert done.tensor("C1").nested() == FEATURES


def test_the_network_in_the_box_reads_its_picture():
    done = cnncalc.forward("digits", "digits_7.pgm", keep=["conv1"])
    scores = done.outputs[0].output.values
    assert max(range(10), key=scores.__getitem__) == 7
    assert done.network.init.labels[7] == "seven"
    assert done.tensor("conv1").shape == Shape(16, (8, 8))
    with pytest.raises(KeyError):
        done.tensor("conv2")  # it was not kept


def test_the_name_of_a_part_means_its_last_layer():
    """torchvision's layer1 of ResNet-18 at 32x32: 64 maps of 8x8."""
    done = cnncalc.forward(cnncalc.load("resnet18", input="32x32x3"), keep=["layer1"])
    assert done.tensor("layer1").shape == Shape(64, (8, 8))


def test_seeds_and_preparation(quiz):
    """Twice as large numbers in, twice as large ones out; seeds draw the same numbers again."""
    twice = cnncalc.forward(quiz, PICTURE, prepare=cnncalc.Preparation(scale=2))
    assert twice.tensor("C1").nested() == [[[2 * x for x in row] for row in FEATURES[0]]]
    one, same, other = (cnncalc.forward("lenet5", seed=seed, readable=True) for seed in (0, 0, 1))
    values = [list(done.outputs[0].output.values) for done in (one, same, other)]
    assert values[0] == values[1] != values[2]
    assert list(cnncalc.forward("lenet5", readable=True).outputs[0].output.values) == values[0]
    counted = cnncalc.forward(quiz, PICTURE, count=True)
    assert [row.multiplications for row in counted.rows] == [None, 81]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            {"sample": [[1, 2], [3, 4]]},
            "sample-size: the sample for 'in' is 2×2 numbers, but the input 'in' takes 5×5×1 (height × width × channels)",  # noqa: E501 - a message stands whole
        ),
        (
            {"sample": [[1, 2], [3]]},
            "sample-format: the sample for 'in'[1] has 1 entry, where its neighbours have 2",
        ),
        (
            {"sample": {"inn": PICTURE}},
            "unknown-input: the network has no input 'inn'",
        ),
        ({"sample": {}}, "no-sample: there is no sample for the input 'in'"),
        (
            {"sample": "seven.pgm"},
            "no-file: there is no file 'seven.pgm'",
        ),
        (
            {"sample": None},
            "sample-format: the sample for 'in' is null, not a number",
        ),
        (
            {"weights": {"C1.weight": [1, 2]}},
            "weights-mismatch: 'weights' does not fit the network: 1 of another shape",
        ),
        (
            {"weights": {"C1.weight": ["x"]}},
            "bad-weights: 'weights' is not a weights file: C1.weight[0] is a text, not a number",
        ),
        ({"keep": ["C2"]}, "unknown-layer: the network has no layer 'C2'"),
    ],
)
def test_what_does_not_fit(quiz, options, said):
    with pytest.raises(cnncalc.CnncalcError) as caught:
        cnncalc.forward(quiz, **options)
    assert str(caught.value) == said


def test_a_sample_for_each_input(tmp_path):
    path = tmp_path / "two.yaml"
    path.write_text("inputs: {a: 2, b: 2}\nlayers:\n- from a\n- add b\n")
    done = cnncalc.forward(path, {"a": [1, 2], "b": "ones"})
    assert done.outputs[0].output.nested() == [2, 3]
    assert cnncalc.forward(path, "ones").outputs[0].output.nested() == [2, 2]
    with pytest.raises(cnncalc.CnncalcError) as caught:
        cnncalc.forward(path, [1, 2])
    (problem,) = caught.value.diagnostics
    assert problem.message == "the network has 2 inputs, but there is one sample"
    assert problem.help == "give a mapping with a sample for each: a, b"


def test_a_mistake_is_an_error_with_its_place(tmp_path):
    spec = tmp_path / "wrong.yaml"
    spec.write_text("input: 8x8x1\nlayers: [conv 2 9x9]\n")
    with pytest.raises(cnncalc.CnncalcError) as caught:
        cnncalc.load(spec)
    (problem,) = caught.value.diagnostics
    assert isinstance(problem, cnncalc.Diagnostic)
    assert (problem.span.line, problem.message.splitlines()[0]) == (
        2, "the filter (9) is larger than its input (8)",
    )  # fmt: skip
    spec.write_text("input: 8x8x1\nlayers: [conv 2 8x8]\n")
    assert cnncalc.load(spec).nodes[-1].shape == Shape(2, (1, 1))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_shows_how(name):
    assert ">>> " in getattr(cnncalc, name).__doc__


def test_every_public_name_is_used_here():
    used = {name.removeprefix("test_") for name in globals() if name.startswith("test_")}
    assert set(FUNCTIONS) - {"load", "analyze"} <= used


def test_an_unknown_name():
    with pytest.raises(AttributeError) as caught:
        cnncalc.analyse  # noqa: B018 - the access is what is tested
    assert str(caught.value) == "module 'cnncalc' has no attribute 'analyse'"
    assert cnncalc.analyze is cnncalc.analyze
    assert cnncalc.__version__.count(".") == 2


def test_importing_the_package_imports_nothing_heavy():
    code = "import sys, cnncalc; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"pydantic", "yaml", "rich", "typer", "dataclasses", "inspect"}
    assert not heavy & set(done.stdout.split())


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"match": "nme"}, "match is 'name' or 'order'"),
        ({"seed": -1}, "seed is a whole number from 0"),
        ({"seed": True}, "seed is a whole number from 0"),
        ({"prepare": {"scale": 1}}, "prepare is a Preparation"),
        ({"keep": [1]}, "keep is 'all', a name, or a list of names"),
        ({"keep": None}, "keep is 'all', a name, or a list of names"),
    ],
)
def test_settings_of_a_pass_that_cannot_be(given, said):
    with pytest.raises(cnncalc.CnncalcError) as caught:
        cnncalc.forward("digits", **given)
    assert str(caught.value) == f"bad-argument: {said}"


def test_a_pass_can_be_asked_of_another_process_and_its_result_comes_back():
    network, forward = pickle.loads(pickle.dumps((cnncalc.load("digits"), cnncalc.forward)))
    done = pickle.loads(pickle.dumps(forward(network, "digits_7.pgm")))
    here = cnncalc.forward("digits", "digits_7.pgm")
    assert done.outputs[0].output == here.outputs[0].output


def test_one_name_may_be_kept_without_a_list():
    assert cnncalc.forward("digits", keep="conv1").tensor("conv1").shape == Shape(16, (8, 8))


def test_what_is_not_there_is_told_from_what_was_not_kept():
    done = cnncalc.forward("digits")
    with pytest.raises(KeyError, match="conv1 was not kept"):
        done.tensor("conv1")
    with pytest.raises(KeyError, match="there is no layer conv9"):
        done.tensor("conv9")


def test_a_lone_number_is_no_sample():
    with pytest.raises(cnncalc.CnncalcError, match="the sample for 'in' is a single number, but"):
        cnncalc.forward("digits", 5)


def test_public_names_are_found_before_they_are_used():
    code = "import cnncalc; print(*dir(cnncalc))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(cnncalc.__all__) <= set(done.stdout.split())


def test_what_is_large_is_shown_in_a_line():
    network = cnncalc.load("lenet5")
    assert repr(network) == f"<Network LeNet-5: 32×32×1 -> {len(network.nodes) - 1} layers -> 10>"
    assert repr(cnncalc.analyze(network)).endswith(": 61,706 params, 416,520 MACs>")
    assert repr(cnncalc.forward("digits", keep="conv1")).endswith("tensors of conv1, softmax1>")


# A spec in every form that a function takes; LeNet-5 has 61,706 parameters.
LAYERS = ["conv 6 5x5 tanh", "avgpool 2x2", "conv 16 5x5 tanh", "avgpool 2x2",
          "conv 120 5x5 tanh", "fc 84 tanh", "fc 10"]  # fmt: skip
AS_DICT = {"name": "mine", "input": "32x32x1", "layers": LAYERS}


@pytest.mark.parametrize(
    "target", ["lenet5", cnncalc.load("lenet5"), AS_DICT, cnncalc.stack("32x32x1", *LAYERS)]
)
def test_every_form_of_a_network_is_taken(target):
    assert cnncalc.analyze(target).totals.params == 61706
    assert cnncalc.explain(target)[0].row.params == 156
    assert cnncalc.training(target, "adam").total.optimiser == 8 * 61706
    assert cnncalc.count_as(target, "torch").figures
    assert cnncalc.sizes(target, start=30, stop=33).working == (32, 33)  # C5 needs 5x5
    (swept,) = cnncalc.sweep(target, vary_input=["32x32x3"])
    assert swept.figures["params"] == 61706 + 2 * 6 * 25  # two more maps under six filters
    assert cnncalc.compare(target, "lenet5").figures[0].values[0] is not None
    assert len(cnncalc.forward(target).outputs[0].output.values) == 10


def test_a_network_is_asked_as_it_was_loaded():
    changed = cnncalc.load("mobilenet_v2", set={"width": 0.5}, input="96x96x3")
    (swept,) = cnncalc.sweep(changed)
    assert swept.figures["params"] == 1968680
    assert swept.figures["macs"] == cnncalc.analyze(changed).totals.macs
    assert cnncalc.sizes(changed, start=96, stop=96).outcomes[0].works
    found = cnncalc.compare(changed, changed, input="128x128x3")
    params = next(figure for figure in found.figures if figure.key == "params")
    assert params.values == (1968680, 1968680)


def test_parse():
    text = "input: 28x28x1\nlayers:\n- conv 16 5x5 p2\n- fc 10\n"
    # 16 filters of 25 weights and a bias; 10 units that see 28 x 28 x 16
    assert cnncalc.analyze(cnncalc.parse(text)).totals.params == 16 * 26 + 10 * (12544 + 1)
    with pytest.raises(cnncalc.CnncalcError) as caught:
        cnncalc.parse(text.replace("p2", "p2 rleu"), file="mine")
    span = caught.value.diagnostics[0].span
    assert (span.file, span.line, span.column) == ("mine", 3, 18)
    with pytest.raises(cnncalc.CnncalcError) as caught:
        cnncalc.parse({"input": "28x28x1", "layers": ["conv 16 5x5", {"conv": {"filtres": 3}}]})
    assert caught.value.diagnostics[0].help == "did you mean 'filters'?"
    with pytest.raises(cnncalc.CnncalcError, match=r"layers\[0\] is a bytes"):
        cnncalc.parse({"input": "28x28x1", "layers": [b"conv 16 5x5"]})


def test_a_network_without_a_text_cannot_be_built_anew():
    network = cnncalc.load("lenet5")._replace(text=None)
    assert cnncalc.analyze(network).totals.params == 61706
    with pytest.raises(cnncalc.CnncalcError, match="was not read from a spec"):
        cnncalc.sizes(network)


def test_stack():
    with pytest.raises(cnncalc.CnncalcError) as caught:
        cnncalc.stack("28x28x1", "conv 16 5x5", "pol 2x2")
    assert caught.value.diagnostics[0].span.line == 4


def test_conv():
    """The Stanford course's AlexNet: 227x227x3, 96 filters 11x11, stride 4 give 55x55x96."""
    report = cnncalc.conv(w=227, d=3, k=96, f=11, s=4)
    assert report.rows[0].out == Shape(96, (55, 55))
    assert report.totals.params == 34944  # (11*11*3 + 1)*96, as that course says
    assert cnncalc.conv(w=10, h=7, f=[3, 5], p="same").rows[0].out == Shape(1, (7, 10))


def test_pool():
    """Caffe's pooling rounds up, PyTorch's down: 57 and 56 in SqueezeNet and ResNet."""
    assert cnncalc.pool(w=112, f=3, s=2, p=1).rows[0].out == Shape(1, (56, 56))
    assert cnncalc.pool(w=112, f=3, s=2, p=1, ceil=True).rows[0].out == Shape(1, (57, 57))


def test_conv_transpose():
    """PyTorch's documentation: 12 downsampled by 3x3, stride 2, padding 1 is 6; and back to 12."""
    assert cnncalc.conv_transpose(w=6, f=3, s=2, p=1).rows[0].out.spatial == (11, 11)
    back = cnncalc.conv_transpose(w=6, f=3, s=2, p=1, output_padding=1)
    assert back.rows[0].out.spatial == (12, 12)


def test_fc():
    """VGG's first: 7*7*512*4096 = 102,760,448 weights (the Stanford course's table)."""
    assert cnncalc.fc("7x7x512", 4096).totals.weights == 102760448
    assert cnncalc.fc(784, 10, bias=False).totals.params == 7840


def test_one_layer_that_does_not_fit():
    with pytest.raises(cnncalc.CnncalcError, match=r"the filter \(7\) is larger than its input"):
        cnncalc.conv(w=5, f=7)


def test_a_report_shows_itself():
    report = cnncalc.analyze("resnet18")
    page = ET.fromstring(f"<div>{report._repr_html_()}</div>")
    cells = [[cell.text for cell in row] for row in page.iter("tr")]
    assert "11,689,512" in cells[-1]
    # the last layer has 513,000 of 11,689,512 parameters and 512,000 of 1,814,073,344 MACs
    (last,) = [row for row in page.iter("tr") if "fc" in [cell.text for cell in row]]
    bars = [cell.get("style").partition("bottom/")[2] for cell in last if cell.get("style")]
    assert [bar for bar in bars if bar] == ["4.4% 3px no-repeat"]
    assert len(report._repr_html_()) < 20_000
    assert {e.tag for e in page.iter()}.isdisjoint({"script", "style"})
    assert "11,689,512" in report.table()
    assert report.table(format="md").startswith("| ")
    records = report.records()
    assert sum(record["params"] for record in records) == 11689512
    assert {type(record["out_h"]) for record in records} <= {int, type(None)}
    rows = csv.DictReader(report.table(format="csv").splitlines())
    assert next(rows)["name"] == "conv1"
    assert report.to_dict()["totals"]["macs"] == report.totals.macs
    assert json.loads(json.dumps(report.to_dict()))["schema"] == "cnncalc.report/1"
    with pytest.raises(ValueError, match="there is no column 'param'"):
        report.records(columns=["param"])


def test_rich_prints_a_report_within_the_width_of_the_terminal():
    console = Console(width=60, file=io.StringIO(), force_terminal=True)
    console.print(cnncalc.analyze("resnet18"))
    lines = Text.from_ansi(console.file.getvalue()).plain.splitlines()
    assert any("11,689,512" in line for line in lines)
    assert max(map(len, lines)) <= 60


def test_every_result_is_shown_briefly():
    network = cnncalc.load("resnet50")
    report = cnncalc.analyze(network)
    results = [
        network, report, report.rows[0], network.nodes[1], *cnncalc.explain(network),
        cnncalc.compare("resnet18", "resnet34"), cnncalc.sizes("unet-padded", start=320, stop=340),
        next(cnncalc.check("resnet50")), cnncalc.solve(55, f=11), cnncalc.training(report),
        next(cnncalc.sweep(network)), cnncalc.count_as(report, "torch"), cnncalc.forward("digits"),
        cnncalc.solve(params=10000), cnncalc.export("lenet5", "pytorch"),
    ]  # fmt: skip
    assert [repr(result) for result in results if len(repr(result)) > 200] == []
    assert repr(report.rows[0]).startswith("Row(index=1, name='conv1', type='conv', ")


USED = """
import cnncalc

report = cnncalc.analyze("resnet50", dtype="fp16")
strides: list[int] = [one.s for one in cnncalc.solve(55, f=11).settings]
filters: list[int] = [one.k for one in cnncalc.solve(params=456, f=[3, 5]).settings]
total: int = report.totals.params
rows: list[dict[str, object]] = report.records()
result: cnncalc.Sizes = cnncalc.sizes("unet-padded", start=320, stop=360)
version: str = cnncalc.__version__
for swept in cnncalc.sweep(report.name, vary={"width": [0.5]}):
    print(swept.figures, total, rows, result)
"""
WRONG = """
import cnncalc

cnncalc.anlyze("resnet50")
cnncalc.analyze("resnet50", dtype="fp17")
cnncalc.training("resnet50", "adma")
"""


def test_type_checkers_know_every_public_name(tmp_path):
    """A user's script under `mypy --strict`: mistakes are found, and nothing else."""
    mypy = pytest.importorskip("mypy.api")
    (tmp_path / "used.py").write_text(USED)
    (tmp_path / "wrong.py").write_text(WRONG)
    options = ["--strict", "--no-incremental", "--follow-imports=silent"]
    options += ["--config-file", str(tmp_path / "mypy.ini")]
    (tmp_path / "mypy.ini").write_text(f"[mypy]\nmypy_path = {ROOT}\n")
    found, _, status = mypy.run([*options, str(tmp_path / "used.py"), str(tmp_path / "wrong.py")])
    codes = [(line.split(":")[1], line.rsplit("[", 1)[1]) for line in found.splitlines()[:-1]]
    assert status == 1
    assert codes == [("4", "attr-defined]"), ("5", "arg-type]"), ("6", "arg-type]")], found


def test_export():
    """LeNet-5's first layer: 6 filters of 5x5."""
    exported = cnncalc.export("lenet5", "keras")
    assert isinstance(exported, cnncalc.Exported)
    assert 'layers.Conv2D(6, 5, activation="tanh", name="C1")' in exported.content
    assert exported.names["C1.weight"] == "C1/kernel"


def test_from_torch(monkeypatch):
    """Without PyTorch, which it asks for; with it, see tests/exchange/test_export_api.py."""
    monkeypatch.setitem(sys.modules, "torch", None)  # as if it were not installed
    with pytest.raises(cnncalc.CnncalcError, match="needs PyTorch to be read"):
        cnncalc.from_torch(object(), (3, 8, 8))


@pytest.mark.parametrize(
    "call",
    [
        lambda: cnncalc.load("lenet6"),
        lambda: cnncalc.parse("input: 8x8x3\nlayers: [conv 4 9x9]"),
        lambda: list(cnncalc.check("alexnet", budget={"parms": "5M"})),
    ],
    ids=["no file", "with a place and layers before it", "unplaced"],
)
def test_an_error_comes_back_whole_from_another_process(call):
    """Else `ProcessPoolExecutor` says of a mistake in a spec that its pool is broken."""
    with pytest.raises(Exception) as caught:
        call()
    error = caught.value
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again)) == (type(error), str(error))
    assert vars(again).keys() == vars(error).keys()
    assert repr(vars(again)) == repr(vars(error))


def test_an_error_in_a_worker_process_is_raised_here():
    with (
        ProcessPoolExecutor(1, get_context("spawn")) as pool,
        pytest.raises(cnncalc.CnncalcError) as caught,
    ):
        pool.submit(cnncalc.analyze, "lenet6").result(timeout=60)
    assert caught.value.diagnostics[0].help == "did you mean 'lenet5'?"
    assert caught.value.exit_code == 3


RECURSIVE = {"input": "8x8x3", "layers": []}
RECURSIVE["layers"].append(RECURSIVE)
OWN = {"input": "8x8x3", "layers": ["relu"]}


@pytest.mark.parametrize(
    ("call", "code", "message"),
    [
        (lambda: cnncalc.analyze(3), "bad-argument",
         "a network is a path, a bundled name or a dict, not a value of type int"),
        (lambda: cnncalc.explain(None), "bad-argument",
         "a network is a path, a bundled name or a dict, not a value of type NoneType"),
        (lambda: cnncalc.analyze(b"resnet18"), "bad-argument",
         "a network is a path, a bundled name or a dict, not a value of type bytes"),
        (lambda: cnncalc.load(OWN), "bad-argument",
         "load reads files and bundled networks; a dict is read by cnncalc.parse"),
        (lambda: cnncalc.parse(None), "bad-argument",
         "a spec is a text or a dict, not a value of type NoneType"),
        (lambda: cnncalc.load("resnet18", input=(64, 64, 3)), "bad-argument",
         "input is a text such as '64x64x3', not a value of type tuple"),
        (lambda: cnncalc.parse(OWN, input=64), "bad-argument",
         "input is a text such as '64x64x3', not a value of type int"),
        (lambda: cnncalc.load("mobilenet_v2", set="width=0.5"), "bad-argument",
         "set is a dict from variables to their values, not a value of type str"),
        (lambda: cnncalc.sweep("mobilenet_v2", set=["width=0.5"]), "bad-argument",
         "set is a dict from variables to their values, not a value of type list"),
        (lambda: cnncalc.sweep("mobilenet_v2", vary="width=0.5,1"), "bad-argument",
         "vary is a dict from variables to lists of values"),
        (lambda: cnncalc.sweep("mobilenet_v2", vary={"width": 0.5}), "bad-argument",
         "vary['width'] is a list of values, such as [0.5]"),
        (lambda: cnncalc.sweep("mobilenet_v2", vary_input="96"), "bad-argument",
         "vary_input is a list of values, such as ['96']"),
        (lambda: cnncalc.check(OWN), "bad-argument",
         "check reads files, folders and bundled networks, not a value of type dict"),
        (lambda: cnncalc.solve("55", f=11), "bad-argument",
         "out must be a whole number from 1, got '55'"),
        (lambda: cnncalc.solve(55, f=[11, 3.5]), "bad-argument",
         "f must be a whole number from 1, got 3.5"),
        (lambda: cnncalc.analyze(RECURSIVE), "too-deep", "layers is nested too deeply"),
        (lambda: cnncalc.analyze({"input": "8x8x3", "layers": [{"conv": {"filters": 1j}}]}),
         "bad-argument",
         "layers[0].conv.filters is a complex: a spec holds texts, numbers, dicts, lists"),
    ],
)  # fmt: skip
def test_arguments_of_the_wrong_kind(call, code, message):
    with pytest.raises(cnncalc.CnncalcError) as caught:
        call()
    (diagnostic,) = caught.value.diagnostics
    assert (diagnostic.code, diagnostic.message) == (code, message)


def test_a_generator_of_values_is_swept():
    found = cnncalc.sweep("mobilenet_v2", vary={"width": (n / 4 for n in (2, 4))})
    assert [one.figures["params"] for one in found] == [1968680, 3504872]


def test_a_format_or_columns_that_do_not_exist():
    report = cnncalc.analyze("lenet5")
    with pytest.raises(ValueError, match=r"^there is no format 'json'$"):
        report.table(format="json")
    with pytest.raises(ValueError, match=r"^columns are a list of names, such as \['params'\]$"):
        report.table(columns="params")
    with pytest.raises(ValueError, match=r"^columns are a list of names"):
        report.records("params")
