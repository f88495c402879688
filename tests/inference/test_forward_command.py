"""`cnncalc forward`, from the command line to its output."""

import json
import os
import re
import struct
from typing import NamedTuple

import jsonschema
import pytest
import yaml
from nets import golden

from cnncalc.cli import forward_inputs, output
from cnncalc.cli.app import run
from cnncalc.cli.forward_options import RunOptions, SampleOptions, traced_neuron
from cnncalc.errors import CnncalcError
from cnncalc.inference.estimate import WorkEstimate
from cnncalc.inference.safetensors import read, write
from cnncalc.network import chain
from cnncalc.render.forward import schema as forward_schema
from cnncalc.render.samples import schema as forward_samples_schema
from cnncalc.shapes import Shape

QUIZ = """\
input: 5x5x1
layers:
  - conv1: conv 2 3x3 p1 nobias relu
    weights:
      - [[0.5, 0, 0], [0, 0, 0], [0, 0, 0.5]]
      - [[1, 0, -1], [0, 0, 0], [1, 0, 0]]
  - maxpool 3x3 s2
  - fc1: fc 2 nobias
    weights: [[1, 0, 0, 0, 0, 0, 0, 0], [1, 1, 1, 1, -1, -1, -1, -1]]
"""
IMAGE = "1 0 2 0 1\n0 3 0 1 0\n2 0 1 0 2\n0 1 0 3 0\n1 0 2 0 1\n"
TWO_INPUTS = """\
inputs: {left: 2, right: 2}
layers:
  - add: [from left, from right]
"""


class Answer(NamedTuple):
    status: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)


@pytest.fixture
def forward(capsys, monkeypatch, tmp_path):
    for name in ("CNNCALC_FORMAT", "CNNCALC_LAYOUT", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "quiz.yaml").write_text(QUIZ)
    (tmp_path / "image.txt").write_text(IMAGE)
    (tmp_path / "two.yaml").write_text(TWO_INPUTS)

    def call(*arguments):
        status = run(["forward", *map(str, arguments)])
        return Answer(status, *capsys.readouterr())

    return call


def test_the_hand_exercise_step_by_step(forward):
    """Filter 0 takes half of the upper left and lower right neighbour, filter 1 the upper left
    less the upper right plus the lower left one: every number below is worked out by hand."""
    answer = forward("quiz.yaml", "--sample", "image.txt", "--steps")
    assert answer.status == 0, answer.err
    assert answer.out.startswith("quiz   sample image.txt, weights the spec\n")
    lines = [line.strip() for line in answer.out.splitlines()]
    for line in (
        "conv1 (conv): in 5×5×1 -> 5×5×2",
        # only the lower right neighbour, 3, is on the map
        "map 0, y 0, x 0: 0.5·0 + 0·0 + 0·0 + 0·0 + 0·1 + 0·0 + 0·0 + 0·0 + 0.5·3 = 1.5",
        "map 0, y 2, x 2: 0.5·3 + 0·0 + 0·1 + 0·0 + 0·1 + 0·0 + 0·1 + 0·0 + 0.5·3 = 3",
        "map 1, y 1, x 1: 1·1 + 0·0 - 1·2 + 0·0 + 0·3 + 0·0 + 1·2 + 0·0 + 0·1 = 1",
        "map 0, y 0, x 0: max(0, 1.5) = 1.5",
        "map 1, y 2, x 0: max(0, -3) = 0",
        "map 0, y 0, x 0: max(1.5, 0, 0.5, 0, 1, 0, 0.5, 0, 3) = 3",
        "map 1, y 0, x 1: max(3, 0, 1, 0, 2, 0, 3, 0, 4) = 4",
        "0: 1·3 + 0·3 + 0·3 + 0·3 + 0·3 + 0·4 + 0·3 + 0·4 = 3",
        "1: 1·3 + 1·3 + 1·3 + 1·3 - 1·3 - 1·4 - 1·3 - 1·4 = -2",
    ):
        assert line in lines
    assert "1.5  0  0.5  0    0" in lines  # the first row of map 0
    assert "-3  0   3  0  4" in lines  # the third of map 1, before the relu
    assert "0  0  3  0  4" in lines  # and after it
    assert answer.out.endswith("fc1: 2\n   3  -2\n")
    assert answer.out.count("fc1: 2\n") == 1  # nothing is printed twice
    again = forward("quiz.yaml", "--sample", "image.txt", "--steps", "--show", "fc1").out
    assert again == answer.out


def test_steps_without_the_products_with_0(forward):
    answer = forward("quiz.yaml", "--sample", "image.txt", "--steps", "--hide-zeros")
    lines = [line.strip() for line in answer.out.splitlines()]
    assert lines[1:3] == ["products with 0 are left out", ""]
    for line in (
        "map 0, y 0, x 0: 0.5·3 = 1.5",
        "map 0, y 1, x 1: 0.5·1 + 0.5·1 = 1",
        "map 1, y 0, x 0: 0",
        "map 1, y 1, x 1: 1·1 - 1·2 + 1·2 = 1",
        "map 1, y 2, x 0: -1·3 = -3",
        "map 1, y 4, x 2: 1·1 - 1·3 = -2",
        "0: 1·3 = 3",
    ):
        assert line in lines
    assert forward("quiz.yaml", "--hide-zeros").status == 2


def test_each_map_of_the_input_has_its_subtotal(forward, tmp_path):
    (tmp_path / "maps.yaml").write_text(
        "input: 1x2x2\nlayers:\n  - c: conv 1 1x2\n"
        "    weights: [[[[1, 2]], [[3, -4]]]]\n    bias_values: [5]\n"
    )
    answer = forward("maps.yaml", "--sample", "1 0 | 2 1", "--steps")
    assert answer.out.splitlines()[-7:-2] == [
        "  map 0, y 0, x 0",
        "    map 0: 1·1 + 2·0 = 1",
        "    map 1: 3·2 - 4·1 = 2",
        "    1 + 2 + 5 = 8",
        "c: 1×1×1",
    ]


CHANGES = """\
input: 2x1x2
layers:
  - a: bn
  - b: sigmoid
  - c: leaky
  - d: ln
  - e: softmax
  - f: flatten
"""


def test_activations_norms_and_moved_numbers_show_their_arithmetic(forward, tmp_path):
    (tmp_path / "changes.yaml").write_text(CHANGES)
    lines = forward("changes.yaml", "--sample", "1; -1 | 0; 2", "--steps").out.splitlines()
    first = {
        name: next(line for line in lines[start:] if ": " in line and line.startswith("  map 0, y"))
        for start, name in enumerate(line[:1] for line in lines)
        if lines[start][1:3] == " (" and name != "f"
    }
    # mean 0, variance 1, weight 1 and bias 0: 1/sqrt(1.00001)
    assert first["a"] == "  map 0, y 0, x 0: (1 - 0)/sqrt(1 + 1e-05)·1 + 0 = 0.999995"
    assert first["b"] == "  map 0, y 0, x 0: 1/(1 + e^-0.999995) = 0.731058"
    assert first["c"] == "  map 0, y 0, x 0: leaky(0.731058) = 0.731058"
    # two maps at one place, 0.731058 and 0.5: mean 0.615529, variance 0.115529^2 = 0.013347
    assert first["d"] == (
        "  map 0, y 0, x 0: (0.731058 - 0.615529)/sqrt(0.0133469 + 1e-05)·1 + 0 = 0.999626"
    )
    assert first["e"] == ("  map 0, y 0, x 0: e^0.999626/(e^0.999626 + e^-0.999626) = 0.880718")
    at = next(index for index, line in enumerate(lines) if line.startswith("f ("))
    assert [line.partition("(")[2] for line in lines[at + 1 : at + 5]] == [
        "map 0, y 0, x 0)", "map 0, y 1, x 0)", "map 1, y 0, x 0)", "map 1, y 1, x 0)",
    ]  # fmt: skip


def test_a_trace_of_the_middle(forward):
    middle = forward("quiz.yaml", "--sample", "image.txt", "--trace", "conv1").out
    assert "\nconv1 (conv), neuron map 1, y 2, x 2 = " in middle
    assert middle.endswith(
        forward("quiz.yaml", "--sample", "image.txt", "--trace", "conv1:1,2,2").out[-200:]
    )
    vector = forward("quiz.yaml", "--sample", "image.txt", "--trace", "fc1").out
    assert "\nfc1 (fc), neuron 1 = -2\n" in vector


def test_typed_samples_and_counting(forward):
    typed = "1 0 2 0 1; 0 3 0 1 0; 2 0 1 0 2; 0 1 0 3 0; 1 0 2 0 1"
    told = forward("quiz.yaml", "--sample", typed, "--json").json
    file = forward("quiz.yaml", "--sample", "image.txt", "--json").json
    assert told["outputs"] == file["outputs"]
    counted = forward("quiz.yaml", "--sample", "count", "--json", "--show", "in").json
    assert counted["activations"]["in"]["values"][0][1] == [5, 6, 7, 8, 9]
    two = forward("two.yaml", "--sample", "left=1 2", "--sample", "right=3 4", "--json").json
    assert two["outputs"][0]["values"] == [4, 6]


@pytest.mark.parametrize(
    ("sample", "said"),
    [
        ("1 2; 3 4", "the sample is 2×2 numbers, but the input 'in' takes 5×5×1"),
        ("1 2 | 3 4", "the sample is 2 maps of 1×2, but the input 'in' takes 5×5×1"),
        ("1 2; 3", "the sample: row 1 has 1 number, but the first row has 2"),
    ],
)
def test_typed_samples_that_do_not_fit(forward, sample, said):
    answer = forward("quiz.yaml", "--sample", sample)
    assert (answer.status, answer.out) == (1, "")
    assert said in answer.err


def test_the_table_and_the_json_document(forward):
    answer = forward("quiz.yaml", "--sample", "image.txt")
    assert re.search(r"^1 +conv1 +conv +5×5×2 +-3 +0.56 +4 +54.0% ", answer.out, re.MULTILINE)
    assert "4 layers, 466 MACs in " in answer.out
    document = forward(
        "quiz.yaml", "--sample", "image.txt", "--json", "--show", "maxpool1", "--count",
        "--trace", "conv1:1,2,4",
    ).json  # fmt: skip
    jsonschema.validate(document, forward_schema())
    assert document["schema"] == "cnncalc.forward/1"
    assert document["ok"] is True
    assert document["activations"] == {
        "maxpool1": {
            "shape": {"h": 2, "w": 2, "c": 2},
            "values": [[[3.0, 3.0], [3.0, 3.0]], [[3.0, 4.0], [3.0, 4.0]]],
        }
    }
    layer = document["layers"][1]
    assert layer.pop("seconds") > 0
    assert layer == {
        "index": 1, "name": "conv1", "type": "conv", "out": {"h": 5, "w": 5, "c": 2},
        "min": -3.0, "mean": 0.56, "max": 4.0, "zeros": 27, "not_finite": 0,
        "path": "readable", "multiplications": 450,
    }  # fmt: skip
    (output,) = document["outputs"]
    assert output["values"] == [3.0, -2.0]
    assert output["top"] == [{"index": 0, "value": 3.0}, {"index": 1, "value": -2.0}]
    (trace,) = document["traces"]
    assert (trace["rule"], trace["sum"], trace["output"]) == ("weighted", 4.0, 4.0)
    assert trace["after"] == [{"name": "conv1.relu", "type": "relu", "value": 4.0}]
    assert trace["field"] == {"in": [[1, 3], [3, 4]]}


@pytest.mark.parametrize(
    "arguments",
    [
        ("lenet5",),
        ("lenet5", "--seed", "3", "--top-k", "2", "--trace", "out.fc1:0", "--show", "C1"),
        ("quiz.yaml", "--sample", "huge.txt", "--trace", "maxpool1:0,0,0", "--show", "fc1"),
        ("quiz.yaml", "--sample", "image.txt", "--save", "maps"),
        ("two.yaml", "--sample", "left=ones", "--sample", "right=random"),
        ("missing.yaml",),
    ],
)
def test_every_document_keeps_the_schema(forward, tmp_path, arguments):
    """Infinite numbers and failures included."""
    (tmp_path / "huge.txt").write_text(IMAGE.replace("3", "1e308"))
    document = forward(*arguments, "--json").json
    schema = jsonschema.Draft202012Validator(forward_schema())
    schema.validate(document)
    assert document["ok"] is (arguments != ("missing.yaml",))
    document["surprise"] = 1
    assert not schema.is_valid(document)


def test_golden_network_through_files(forward, tmp_path):
    """Spec, safetensors weights and a JSON sample; torch's probabilities come out."""
    _, _, parameters, outputs, case = golden("net_lenet_small")
    layers = [
        {"c1": "conv 4 5x5"}, {"t1": "tanh"}, {"s2": "avgpool 2x2"},
        {"c3": "conv 6 3x3"}, {"t3": "tanh"}, {"s4": "avgpool 2x2"},
        {"c5": "conv 12 2x2"}, {"t5": "tanh"}, {"flat": "flatten"},
        {"f6": "fc 8"}, {"t6": "tanh"}, {"out": "fc 10"}, {"prob": "softmax"},
    ]  # fmt: skip
    (tmp_path / "net.yaml").write_text(yaml.safe_dump({"input": "16x16x1", "layers": layers}))
    (tmp_path / "sample.json").write_text(json.dumps(case["input"][0]))
    stored = parameters.stored.items()
    write("w.safetensors", ((name, t.dims, t.read()) for name, t in stored))
    answer = forward("net.yaml", "--sample", "sample.json", "--weights", "w.safetensors",
                     "--readable", "--json", "--show", "all")  # fmt: skip
    assert answer.status == 0, answer.err
    document = answer.json
    assert document["weights"] == {"tensors": {"file": 10}, "file": "w.safetensors"}
    (output,) = document["outputs"]
    assert output["values"] == pytest.approx(outputs["prob"], rel=1e-9, abs=1e-11)
    assert set(document["activations"]) == {"in", *outputs}


def test_labels_and_the_largest_outputs(forward, tmp_path):
    (tmp_path / "labels.txt").write_text("cat\ndog\n")
    answer = forward("quiz.yaml", "--sample", "image.txt", "--labels", "labels.txt", "--top-k", 1)
    assert answer.out.endswith("fc1: 2\n  0  3             cat\n")
    (tmp_path / "labels.json").write_text('["cat", "dog", "owl"]')
    answer = forward("quiz.yaml", "--sample", "image.txt", "--labels", "labels.json")
    assert answer.status == 1
    assert "error[labels]: 'labels.json' has 3 labels, but fc1 has 2 numbers" in answer.err


def test_weights_are_saved_and_come_back(forward):
    first = forward("lenet5", "--seed", 7, "--save-weights", "w.safetensors", "--json")
    again = forward("lenet5", "--seed", 7, "--weights", "w.safetensors", "--json")
    other = forward("lenet5", "--seed", 8, "--json")
    values = [a.json["outputs"][0]["values"] for a in (first, again, other)]
    assert values[0] == values[1] != values[2]
    assert len(read("w.safetensors")) == 10
    assert first.json["weights"] == {"tensors": {"initial": 10}, "scheme": "default", "seed": 7}
    assert again.json["weights"] == {"tensors": {"file": 10}, "file": "w.safetensors"}


def test_weights_that_do_not_fit(forward):
    write("w.safetensors", [("conv1.weight", (2, 2, 3, 3), [0.0] * 36), ("x", (1,), [0.0])])
    answer = forward("quiz.yaml", "--weights", "w.safetensors")
    assert answer.status == 1
    assert "'w.safetensors' does not fit the network: 1 left over, 1 of another shape" in answer.err
    assert "note: conv1.weight is 2×2×3×3, not 2×1×3×3" in answer.err


def test_weights_matched_by_order(forward):
    write(
        "w.safetensors",
        [("a.0.weight", (2, 1, 3, 3), [1.0] * 18), ("b.weight", (2, 8), [1.0] * 16)],
    )
    spec = "input: 5x5x1\nlayers: [conv 2 3x3 p1 nobias, maxpool 3x3 s2, fc 2 nobias]\n"
    with open("net.yaml", "w") as file:  # noqa: PTH123
        file.write(spec)
    assert forward("net.yaml", "--weights", "w.safetensors").status == 1
    answer = forward("net.yaml", "--weights", "w.safetensors", "--match", "order")
    assert answer.status == 0
    assert "conv1.weight  <-  a.0.weight\nfc1.weight    <-  b.weight\n" in answer.err
    refused = forward("net.yaml", "--match", "order")
    assert (refused.status, "--match order needs --weights" in refused.err) == (2, True)


def test_init_of_the_spec(forward, tmp_path):
    def answer(init, *options):
        (tmp_path / "net.yaml").write_text(f"input: 4\nlayers: [fc 2]\ninit: {init}\n")
        return forward("net.yaml", "--json", *options)

    assert answer("{scheme: zeros}").json["outputs"][0]["values"] == [0.0, 0.0]
    assert answer("{scheme: he, seed: 3}").json["weights"]["seed"] == 3
    assert answer("{scheme: he, seed: 3}", "--seed", 4).json["weights"]["seed"] == 4
    for init, column, said in (
        ("{scheme: hee}", 16, "'scheme' must be one of default, he, xavier, zeros"),
        ("{seed: -1}", 14, "'seed' must be a whole number from 0"),
        ("{seeds: 1}", 8, "'init' has no key 'seeds'"),
    ):
        (problem,) = answer(init).json["diagnostics"]
        assert (problem["message"], problem["line"], problem["column"]) == (said, 3, column)


def test_several_inputs(forward, tmp_path):
    (tmp_path / "l.txt").write_text("1 2")
    answer = forward("two.yaml", "--sample", "left=l.txt", "--sample", "right=ones", "--json")
    assert answer.json["outputs"][0]["values"] == [2.0, 3.0]
    both = forward("two.yaml", "--sample", "ones", "--sample", "left=l.txt", "--json")
    assert both.json["outputs"][0]["values"] == [2.0, 3.0]
    for samples, said in (
        (["left=ones"], "--sample is missing for the input 'right'"),
        (["l.txt"], "--sample 'l.txt' does not name an input"),
        (["left=ones", "left=l.txt"], "--sample is given twice for 'left'"),
        (["ones", "zeros"], "--sample is given twice for all inputs"),
        (
            ["left=-", "right=-"],
            "--sample -: standard input can be read only once",
        ),
    ):
        options = [word for text in samples for word in ("--sample", text)]
        refused = forward("two.yaml", *options)
        assert (refused.status, said in refused.err) == (2, True), refused.err


def test_a_name_that_the_only_input_does_not_have(forward):
    refused = forward("quiz.yaml", "--sample", "picture=image.txt")
    assert refused.status == 2
    assert "'picture=image.txt' does not name an input" in refused.err
    assert "write --sample in=..." in refused.err
    assert forward("quiz.yaml", "--sample", "in=image.txt").status == 0


FEW_SAMPLES = ("quiz.yaml", "--sample", "image.txt", "--sample", "ones", "--sample", "in=zeros")


def test_several_samples_have_a_line_each(forward):
    """Of the image as above. Of ones, map 0 is 1 in the middle and less at the edges, and map 1
    is 1 in the middle and 2 at the right edge: after pooling 1 1 1 1 and 1 2 1 2, so that the
    first unit is 1 and the second 4 - 6."""
    answer = forward(*FEW_SAMPLES, "--jobs", 2)
    assert answer.status == 0, answer.err
    lines = answer.out.splitlines()
    assert lines[:2] == ["quiz   3 samples, weights the spec", ""]
    assert lines[2:7] == [
        "fc1: 2",
        "Sample     0   1",
        "image.txt  3  -2",
        "ones       1  -2",
        "zeros      0   0",
    ]
    assert re.fullmatch(r"3 samples of 466 MACs in .* with 2 processes \(.* samples/s\)", lines[8])


def test_several_samples_in_one_document(forward):
    answer = forward(*FEW_SAMPLES, "--sample", "gone.pgm", "--top-k", 1, "--json", "--jobs", 1)
    jsonschema.Draft202012Validator(forward_samples_schema()).validate(answer.json)
    assert answer.status == 3
    assert (answer.json["schema"], answer.json["ok"]) == ("cnncalc.forward-samples/1", False)
    totals = answer.json["totals"]
    assert totals.pop("seconds") > 0
    assert totals == {"samples": 4, "failed": 1, "macs": 3 * 466, "jobs": 1}
    first, *_, last = answer.json["results"]
    assert first.pop("seconds") > 0
    assert first == {
        "source": "image.txt",
        "ok": True,
        "outputs": [
            {
                "name": "fc1",
                "shape": {"c": 2},
                "values": [3.0, -2.0],
                "top": [{"index": 0, "value": 3.0}],
            }
        ],
    }
    message = "there is no file 'gone.pgm'"
    problem = {"severity": "error", "code": "no-file", "message": message}
    assert last == {"source": "gone.pgm", "ok": False, "diagnostics": [problem]}


def test_a_folder_stands_for_its_pictures_in_order_of_name(forward, tmp_path):
    """One grey value per picture; the mean of the first unit's window is half of it twice over."""
    for name, level in {"b10.pgm": 1, "b9.pgm": 2, "A.PGM": 3, ".c.pgm": 4}.items():
        path = tmp_path / "shots" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("P2 5 5 4 " + f"{level} " * 25)
    (tmp_path / "shots" / "notes.txt").write_text("no picture")
    (tmp_path / "shots" / "inner.png").mkdir()
    results = forward("quiz.yaml", "--sample", "shots", "--json").json["results"]
    names = ["A.PGM", "b10.pgm", "b9.pgm", "inner.png"]
    assert [result["source"] for result in results] == [f"shots{os.sep}{name}" for name in names]
    assert [result["outputs"][0]["values"][0] for result in results[:3]] == [0.75, 0.25, 0.5]
    assert [result["ok"] for result in results] == [True, True, True, False]
    (tmp_path / "none").mkdir()
    refused = forward("quiz.yaml", "--sample", "in=none")
    assert refused.status == 3
    assert "error[no-sample]: 'none' contains no picture" in refused.err


def test_a_bad_sample_among_good_ones(forward, tmp_path):
    """The others are printed, the exit code is the highest of any, and each error is said once."""
    (tmp_path / "short.txt").write_text("1 2 3")
    answer = forward("quiz.yaml", *FEW_SAMPLES[1:], "--sample", "short.txt", "--jobs", 1)
    assert answer.status == 1
    assert "image.txt  3  -2\n" in answer.out
    assert "short.txt         sample-size\n" in answer.out
    assert "; 1 failed\n" in answer.out
    assert answer.err.count("error[sample-size]: 'short.txt' is 1×3 numbers") == 1
    wrong = forward("quiz.yaml", "--sample", "ones", "--sample", "zeros", "--mean", "1,2")
    assert (wrong.status, wrong.err.count("error[")) == (1, 1)
    both = forward("quiz.yaml", "--sample", "short.txt", "--sample", "gone.txt", "--jobs", 1)
    assert both.status == 3


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--trace", "conv1:0,0,0"], "--trace is for a single sample, not for 2"),
        (["--steps"], "--steps is for a single sample"),
        (["--show", "conv1"], "--show is for a single sample"),
        (["--save", "maps"], "--save is for a single sample"),
        (["--sample", "-"], "--sample - is for a single sample"),
    ],
)
def test_what_is_for_a_single_sample(forward, tmp_path, options, said):
    refused = forward("quiz.yaml", "--sample", "ones", "--sample", "ones", *options)
    assert (refused.status, refused.out) == (2, "")
    assert said in refused.err
    assert not (tmp_path / "maps").exists()


def test_a_folder_for_one_of_several_inputs(forward, tmp_path):
    refused = forward("two.yaml", "--sample", f"left={tmp_path}", "--sample", "right=ones")
    assert refused.status == 2
    assert f"--sample '{tmp_path}' is a folder" in refused.err


def test_maps_of_several_samples_are_summed_up(forward, tmp_path):
    """A map of 25 numbers is shown by its smallest, its mean (21/25) and its largest."""
    (tmp_path / "net.yaml").write_text("input: 5x5x1\nlayers: [relu]\n")
    lines = forward("net.yaml", *FEW_SAMPLES[1:5]).out.splitlines()
    assert lines[3:6] == [
        "Sample     Min  Mean  Max",
        "image.txt    0  0.84    3",
        "ones         1     1    1",
    ]


def test_the_time_of_several_samples_is_estimated_together(forward, monkeypatch):
    work = WorkEstimate(macs=466, seconds=100.0, memory=1)
    monkeypatch.setattr(forward_inputs, "ahead", lambda *_, **__: work)
    samples = ["--sample", "ones"] * 7
    refused = forward("quiz.yaml", *samples, "--jobs", 2)
    assert refused.status == 1
    assert (
        "7 passes take an estimated 6.7 min (466 MACs each): a run of more than 5.0 min"
        in refused.err
    )
    assert forward("quiz.yaml", *samples, "--jobs", 3).status == 0  # three after each other


def test_values_and_maps(forward):
    shown = forward("quiz.yaml", "--sample", "image.txt", "--show", "maxpool1").out
    assert shown.endswith(
        "maxpool1: 2×2×2\n  map 0\n    3  3\n    3  3\n  map 1\n    3  4\n    3  4\n"
    )
    drawn = forward("quiz.yaml", "--sample", "image.txt", "--show", "conv1", "--as", "maps").out
    assert drawn.endswith("-3 [ ░▒▓█] 4\n")
    plain = forward("--ascii", "quiz.yaml", "--show", "conv1", "--as", "maps").out
    assert plain.isascii()


def test_pictures_are_written(forward, tmp_path):
    answer = forward("quiz.yaml", "--sample", "image.txt", "--show", "in", "--save", "out")
    assert answer.out.endswith("wrote out/in.pgm\n")
    content = (tmp_path / "out" / "in.pgm").read_bytes()
    header = b"P5\n# in: 1 pictures of 5x5, 1 in a row; black 0, white 3\n5 5\n255\n"
    assert content == header + bytes(85 * int(word) for word in IMAGE.split())
    every = forward("quiz.yaml", "--save", "all").out
    assert [line for line in every.splitlines() if line.startswith("wrote")] == [
        f"wrote all/{name}.pgm" for name in ("in", "conv1", "conv1.relu", "maxpool1", "fc1")
    ]
    (tmp_path / "file").write_text("")
    assert forward("quiz.yaml", "--save", "file").status == 3


def test_a_trace(forward):
    answer = forward("quiz.yaml", "--sample", "image.txt", "--trace", "conv1:1,2,4")
    assert answer.out.endswith(
        """\
conv1 (conv), neuron map 1, y 2, x 4 = 4
  map 0
    input      weight      product
    1  0  .    1  0  -1    1  0  0
    0  2  .    0  0   0    0  0  0
    3  0  .    1  0   0    3  0  0
  sum       1 + 0 + 0 + 0 + 0 + 0 + 3 + 0 + 0 = 4
  relu      4   (conv1.relu)
  sees      in: height 1 to 3, width 3 to 4
"""
    )


@pytest.mark.parametrize(
    ("options", "status", "said"),
    [
        (
            ["--trace", "conv1:a"],
            2,
            "--trace takes NAME, NAME:K,Y,X or NAME:K of a vector, got 'conv1:a'",
        ),
        (["--trace", "conv1:9,0,0"], 1, "conv1 has no neuron 9,0,0: K,Y,X run from 0 to 1,4,4"),
        (["--show", "conv2"], 1, "the network has no layer 'conv2'"),
        (["--scale", "1/0"], 2, "--scale divides by 0"),
        (["--std", "0"], 2, "--std divides by 0"),
        (["--mean", "a"], 2, "--mean takes numbers, got 'a'"),
        (["--mean", "nan"], 2, "--mean takes numbers, got 'nan'"),
        (["--resize", "0"], 2, "--resize takes a number of pixels or 'cover', got '0'"),
        (["--max-macs", "many"], 2, "--max-macs takes a number such as 500M, got 'many'"),
        (["--max-macs", "465"], 1, ": --max-macs allows 465"),
        (["--sample", "gone.pgm"], 3, "there is no file 'gone.pgm'"),
        (["--weights", "gone.safetensors"], 3, "there is no file 'gone.safetensors'"),
        (
            ["--steps", "--json"],
            2,
            "--steps is written as text only; with --json, use --show and --trace",
        ),
    ],
)
def test_what_is_refused(forward, options, status, said):
    answer = forward("quiz.yaml", *options)
    assert answer.status == status
    assert said in answer.err
    assert "Traceback" not in answer.err


def test_long_runs_are_refused_unless_agreed_to(forward, monkeypatch):
    assert forward("quiz.yaml", "--max-macs", "466").status == 0
    assert forward("quiz.yaml", "--max-macs", "1", "--yes").status == 0
    monkeypatch.setattr(forward_inputs, "PATIENCE", 0.0)
    refused = forward("quiz.yaml")
    assert refused.status == 1
    assert "error[long-run]: the pass takes an estimated " in refused.err
    assert "use --yes to run it anyway" in refused.err
    assert forward("quiz.yaml", "--yes").status == 0


@pytest.mark.parametrize("limit", ["PATIENCE", "MEMORY"])
def test_a_run_is_refused_before_anything_is_read_drawn_or_written(
    forward, monkeypatch, tmp_path, limit
):
    monkeypatch.setattr(forward_inputs, limit, 0)
    monkeypatch.delattr(os, "sysconf", raising=False)
    options = ("--sample", "gone.pgm", "--weights", "gone.st", "--save", "maps")
    refused = forward("quiz.yaml", *options, "--save-weights", "w.st")
    assert refused.status == 1
    assert "error[long-run]" in refused.err or "error[too-large]" in refused.err
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "image.txt", "quiz.yaml", "two.yaml"
    ]  # fmt: skip


@pytest.mark.parametrize("line", ["pad 1000000000", "upsample 1000000000", "conv 9 1x1 p=10**9"])
def test_a_pass_that_cannot_fit_is_refused_by_its_size(forward, tmp_path, line):
    """5 + 2·10^9 or 5·10^9 places along both axes: 4·10^18 numbers at least, of 32 bytes each."""
    (tmp_path / "net.yaml").write_text(f"input: 5x5x1\nlayers: [{line}]\n")
    refused = forward("net.yaml")
    assert (refused.status, refused.out) == (1, "")
    assert re.search(r"error\[too-large\]: the pass needs about \S+ [EZ]B ", refused.err)
    assert "the limit is" in refused.err


def test_a_pass_of_an_absurd_size_is_refused_too(forward, tmp_path):
    """8·10^27 places along both axes: 64·10^54 numbers of 32 bytes, twice."""
    layers = ", ".join(["upsample 1000000000"] * 3)
    (tmp_path / "net.yaml").write_text(f"input: 8x8x1\nlayers: [{layers}, conv 2 3x3]\n")
    refused = forward("net.yaml", "--max-macs", "1T")
    assert (refused.status, refused.out) == (1, "")
    assert refused.err.startswith("error[too-large]: the pass needs more than 10^24 bytes of")


def test_a_pass_that_runs_out_of_memory_all_the_same(forward, monkeypatch):
    def fails(*_, **__):
        raise MemoryError

    monkeypatch.setattr("cnncalc.inference.run.forward", fails)
    answer = forward("quiz.yaml", "--yes")
    assert (answer.status, answer.out) == (1, "")
    assert answer.err.startswith("error[out-of-memory]: there is not enough memory\n")


def test_a_sample_that_cannot_fit_is_not_drawn(forward, tmp_path):
    (tmp_path / "net.yaml").write_text("input: 1000000x1000000x1\nlayers: [gap]\n")
    refused = forward("net.yaml", "--max-macs", "1T")
    assert "error[too-large]: the pass needs about 32.0 TB (29.1 TiB) of memory" in refused.err


def test_a_picture_is_not_resized_beyond_all_sizes(forward, tmp_path):
    (tmp_path / "dot.pgm").write_text("P2 1 1 9 5")
    for size in ("4097", "1000000", "1000000000000"):
        refused = forward("quiz.yaml", "--sample", "dot.pgm", "--resize", size)
        assert refused.status == 1
        said = f"error[sample-size]: a picture of 1×1 pixels would be too large at {size}×{size}"
        assert said in refused.err
        assert "resize it to at most 16,777,216 pixels" in refused.err


def test_long_runs_are_announced(forward, monkeypatch):
    assert forward("quiz.yaml").err == ""
    monkeypatch.setattr(forward_inputs, "WORTH_SAYING", 0.0)
    assert "note[work]: the pass takes an estimated " in forward("quiz.yaml").err


def test_a_progress_bar_only_for_people(forward, monkeypatch):
    monkeypatch.setattr(output, "WORTH_WATCHING", 0.0)
    assert forward("quiz.yaml").err == ""
    monkeypatch.setattr(output, "terminal", lambda stream=None: stream is not None)
    assert "forward" in forward("quiz.yaml").err
    assert forward("--quiet", "quiz.yaml").err == ""


def test_numbers_beyond_all_bounds_are_told(forward, tmp_path):
    weights = [struct.unpack("<f", b"\x00\x00\x80\x7f")[0]] + [0.0] * 15
    write(
        "w.safetensors",
        [("conv1.weight", (2, 1, 3, 3), [0.0] * 18), ("fc1.weight", (2, 8), weights)],
    )
    answer = forward("quiz.yaml", "--weights", "w.safetensors", "--sample", "ones", "--json")
    assert answer.json["outputs"][0]["values"] == ["NaN", 0.0]
    assert "warning[not-finite]: fc1 holds 1 infinite or NaN number" in answer.err


def test_every_bundled_spec_without_a_question(forward):
    """One network of each kind of trouble: a table, radial basis units, trainable subsampling."""
    answer = forward("lenet5-1998", "--json")
    assert answer.status == 0, answer.err
    macs = {layer["name"]: layer.get("multiplications") for layer in answer.json["layers"]}
    assert macs["F6"] in (None, 10080)
    assert answer.json["totals"]["macs"] > 280_000


def test_output_to_a_file(forward, tmp_path):
    answer = forward("quiz.yaml", "-o", "report.txt")
    assert (answer.status, answer.out) == (0, "")
    assert (tmp_path / "report.txt").read_text(encoding="utf-8").startswith("quiz   sample random")


def test_words_of_options():
    assert RunOptions().mac_limit is None
    limits = [RunOptions(max_macs=text).mac_limit for text in ("12", "1.5k", "2G")]
    assert limits == [12, 1500, 2 * 10**9]
    assert traced_neuron("layer1.0:3", chain("net", Shape(4), [])) == ("layer1.0", (3,))
    assert SampleOptions(scale="2", std="1,2", resize="64").preparation(1).std == (1.0, 2.0)
    with pytest.raises(CnncalcError, match=r"^usage: --scale takes numbers, got ''$"):
        SampleOptions(scale="").preparation(0)
