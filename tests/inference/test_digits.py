"""The trained network in the box reads the held-out digits as PyTorch did.

`data/digits/heldout.json.gz` and the pictures beside the spec are written by
specs/digits_train.py --record.
"""

import gzip
import json
from pathlib import Path

import pytest

from cnncalc import load
from cnncalc.cli.app import run as cnncalc
from cnncalc.inference import weights
from cnncalc.inference.parameters import WeightsFile, gather
from cnncalc.inference.run import forward
from cnncalc.shapes import Shape
from cnncalc.tensor import Tensor
from cnncalc.zoo import files

FOLDER = Path(__file__).parents[1] / "data" / "digits"
TRUTH = json.loads(gzip.decompress((FOLDER / "heldout.json.gz").read_bytes()))
WEIGHTS = files()["digits"].with_name("digits.safetensors")
WORDS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
INK = 16


@pytest.fixture(scope="module")
def logits():
    """What the network says of each held-out digit."""
    network = load("digits")
    parameters = gather(network, file=WeightsFile("digits.safetensors", weights.read(str(WEIGHTS))))
    said = []
    for pixels in TRUTH["images"]:
        sample = Tensor(Shape(1, (8, 8)), [pixel / INK for pixel in pixels])
        done = forward(network, {"in": sample}, parameters, keep={"logits"})
        said.append(list(done.tensor("logits").values))
    return said


def classes(logits):
    return [max(range(10), key=scores.__getitem__) for scores in logits]


def test_the_same_class_for_each_image(logits):
    assert classes(logits) == TRUTH["classes"]


def test_the_same_accuracy(logits):
    right = sum(map(int.__eq__, classes(logits), TRUTH["digits"]))
    assert len(TRUTH["images"]) == 360
    assert right / 360 == TRUTH["accuracy"] >= 0.97


def test_the_same_logits(logits):
    for ours, theirs in zip(logits, TRUTH["logits"], strict=True):
        assert ours == pytest.approx(theirs, rel=0, abs=1e-4 * max(map(abs, theirs)))


@pytest.mark.parametrize("digit", range(10))
def test_the_command_says_which_digit_a_picture_shows(capsys, digit, tmp_path, monkeypatch):
    """The pictures are in the box too, and found by their names from everywhere."""
    monkeypatch.chdir(tmp_path)
    assert cnncalc(["forward", "digits", "--sample", f"digits_{digit}.pgm", "--json"]) == 0
    (first, *_) = json.loads(capsys.readouterr().out)["outputs"][0]["top"]
    assert (first["index"], first["label"]) == (digit, WORDS[digit])


def test_a_picture_of_ones_own_comes_first(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    own = files()["digits"].with_name("digits_3.pgm").read_bytes()
    (tmp_path / "digits_7.pgm").write_bytes(own)
    assert cnncalc(["forward", "digits", "--sample", "digits_7.pgm", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["outputs"][0]["top"][0]["index"] == 3


def test_the_weights_are_small():
    assert WEIGHTS.stat().st_size < 300_000
