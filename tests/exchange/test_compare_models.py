"""`compare` of model files: each up to a node of its own, or all of them up to the same one."""

import json
from pathlib import Path

import pytest

DATA = Path(__file__).parents[1] / "data" / "onnx"
FOLDED, KEPT = "resnet18.ts17.folded.onnx", "resnet18.ts17.kept.onnx"
# The convolutions of ResNet-18 before layer1.1 (torchvision): 7·7·3·64, then 3·3·64·64 twice.
STEM, UNIT = 7 * 7 * 3 * 64, 3 * 3 * 64 * 64


@pytest.fixture
def weights(cnncalc, monkeypatch):
    """The weights of each network that is compared."""
    monkeypatch.chdir(DATA)

    def ask(*words):
        answer = cnncalc("compare", *words, "--json")
        assert answer.status == 0, answer.err
        return [network["totals"]["weights"] for network in json.loads(answer.out)["networks"]]

    return ask


def test_all_up_to_one_node(weights):
    one, other = weights(FOLDED, KEPT, "--until", "layer1.0.conv2")
    assert (one, other) == (STEM + 2 * UNIT, STEM + 2 * UNIT + 2 * 64)  # two norms before it


def test_each_up_to_its_own(weights):
    found = weights(f"{FOLDED}@until=conv1", f"{FOLDED}@until=layer1.0.conv1", FOLDED)
    assert found == [STEM, STEM + UNIT, 11_678_912]


def test_its_own_end_comes_before_that_of_all(weights):
    found = weights(f"{FOLDED}@until=conv1", FOLDED, "--until", "layer1.0.conv1")
    assert found == [STEM, STEM + UNIT]


def test_its_own_input(cnncalc, monkeypatch):
    monkeypatch.chdir(DATA)
    file = "resnet18.ts17.dynamic.onnx"
    words = (f"{file}@input=1x3x64x96 NCHW", f"{file}@until=conv1,input=3x32x32 CHW")
    networks = cnncalc("compare", *words, "--json").json["networks"]
    assert [network["label"] for network in networks] == list(words)
    inputs = [network["inputs"][0]["shape"] for network in networks]
    assert inputs == [{"c": 3, "h": 64, "w": 96}, {"c": 3, "h": 32, "w": 32}]


def test_beside_a_spec(weights):
    assert weights("resnet18", f"{FOLDED}@until=conv1")[1] == STEM


def test_against_a_part(cnncalc, monkeypatch):
    monkeypatch.chdir(DATA)
    part = f"{FOLDED}@until=layer1.0.conv1"
    held = cnncalc("check", FOLDED, "--until", "layer1.0.conv1", "--against", part)
    assert held.status == 0
    assert cnncalc("check", FOLDED, "--against", part).status == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["resnet18", FOLDED, "--until", "conv1"],
         ("error[no-model]: --until is for model files; resnet18 is a spec\n"
         "  = help: of several networks, write MODEL@until=NAME for those that it is meant for\n")),
        (["1x8x8; conv 4 3x3", FOLDED, "--until", "conv1"], (
         "error[no-model]: --until is for model files; 1x8x8; conv 4 3x3 is a spec\n")),
        ([FOLDED, f"{FOLDED}@width=2"],
         (f"error[unknown-variable]: {FOLDED} is a model file, which has no variables; "
         "got 'width=2'\n"
         "  = help: after @ it takes until=NAME, to end there, and input=SHAPE\n")),
        ([FOLDED, f"{FOLDED}@until="],
         f"error[unknown-variable]: {FOLDED} is a model file, which has no variables; got "),
        ([FOLDED, f"{FOLDED}@until=conv9"],
         f"error[unknown-layer]: {FOLDED} has no node, tensor or row named 'conv9'\n"),
        ([FOLDED, "resnet18@until=conv1"],
         "error[unknown-variable]: the spec has no variable 'until'\n"),
    ],
)  # fmt: skip
def test_what_means_nothing(cnncalc, monkeypatch, words, said):
    monkeypatch.chdir(DATA)
    answer = cnncalc("compare", *words)
    assert (answer.status, answer.out) == (1, "")
    assert answer.err.startswith(said)
