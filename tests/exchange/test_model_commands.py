"""The commands about one network take models of Keras and darknet as they take specs."""

import gzip
import json
from pathlib import Path

import pytest

from cnncalc import analyze, load

DATA = Path(__file__).parents[1] / "data"
KERAS = [
    "VGG16", "MobileNetV2", "EfficientNetB0", "ConvNeXtTiny", "InceptionResNetV2", "ResNet50V2",
    "Xception",
]  # fmt: skip
DARKNET = ["tiny", "yolov2", "yolov3", "yolov3-tiny", "darknet53", "yolov1-tiny", "extraction"]


@pytest.fixture
def model(tmp_path, monkeypatch):
    """Write the model of a name; the result is its file."""
    monkeypatch.chdir(tmp_path)

    def at(name):
        if name in KERAS:
            packed = (DATA / "keras_models" / f"{name}.json.gz").read_bytes()
            Path(f"{name}.json").write_bytes(gzip.decompress(packed))
            return f"{name}.json"
        Path(f"{name}.cfg").write_bytes((DATA / "darknet" / f"{name}.cfg").read_bytes())
        return f"{name}.cfg"

    return at


COMMANDS = {
    "analyze FILE --totals": "params",
    "analyze FILE --input 256x256x3 --json": '"h": 256',
    "rf FILE": "RF",
    "check FILE": "1 ok",
    "compare FILE FILE --layers": "params",
    "check FILE --against FILE": "1 ok",
    "draw FILE": "<svg",
    "report FILE": "<html",
    "expand FILE --short": "layers:",
    "import FILE --expect": "params:",
    "export FILE --to pytorch": "nn.Module",
    "export FILE --to keras": "keras",
    "sizes FILE --from 224 --to 226": "works",
    "explain FILE NAME": "weights",
    "analyze FILE --until NAME": "conv",
}
FIRST = {"tiny": "conv0", "MobileNetV2": "Conv1"}


@pytest.mark.parametrize("name", FIRST)
@pytest.mark.parametrize("command", COMMANDS)
def test_every_command(cnncalc, model, name, command):
    file = model(name)
    words = [{"FILE": file, "NAME": FIRST[name]}.get(word, word) for word in command.split()]
    answer = cnncalc(*words)
    assert answer.status == 0, answer.err
    assert COMMANDS[command] in answer.out


@pytest.mark.parametrize("flat", [(), ("--flat",)], ids=["short", "flat"])
@pytest.mark.parametrize("name", [*KERAS, *DARKNET])
def test_the_spec_is_the_same_network(cnncalc, model, name, flat):
    file = model(name)
    answer = cnncalc("import", file, *flat, "-o", "net.yaml")
    assert answer.status == 0, answer.err
    read, network = load("net.yaml"), load(file)
    mine, theirs = analyze(read), analyze(network)
    assert (mine.totals.params, mine.totals.macs) == (theirs.totals.params, theirs.totals.macs)
    rows, own = ([(row.type, str(row.out)) for row in each.rows] for each in (mine, theirs))
    assert sorted(rows) == sorted(own)  # the short form may write branches in another order
    if flat:
        pairs = [(a.name, b.name) for a, b in zip(read.nodes, network.nodes, strict=True)]
        assert [(a, b) for a, b in pairs if a not in {b, f"{b}_0"}] == []


def test_rows_say_where_they_come_from(model):
    assert load(model("tiny")).nodes[1].origin == "section 0 [convolutional] in line 26"
    origin = load(model("MobileNetV2")).nodes[1].origin
    assert origin == "layer 2 of 156 'Conv1' (Conv2D)"


def test_weights_are_drawn_since_none_are_read(cnncalc, model):
    answer = cnncalc("forward", model("tiny"), "--input", "32x32x3", "--sample", "random")
    assert answer.status == 0, answer.err
    assert "weights initial (default, seed 0)" in answer.out


def test_an_error_in_json_has_its_place(cnncalc, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("n.cfg").write_text("[net]\nheight=8\nwidth=8\nchannels=1\n[rnn]\n")
    answer = cnncalc("analyze", "n.cfg", "--json")
    (error,) = json.loads(answer.out)["diagnostics"]
    assert (error["code"], error["line"], error["column"]) == ("unknown-operator", 5, 1)
