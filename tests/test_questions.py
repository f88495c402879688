"""The twenty questions that people ask, each answered by one command.

Every case is a command as a user types it and what must stand in its answer, blanks made
single. `net.yaml`, `quiz.yaml`, `unet.yaml`, `yolov5.yaml` and `nets/` are the user's own files.
"""

from __future__ import annotations

import json
import shlex
from contextlib import chdir

import pytest

from cnncalc import zoo
from cnncalc.cli.app import run

FILES = {
    "net.yaml": """\
input: 64x64x3
layers:
- C1: conv 16 3x3 s2 p1 bn relu
- C2: conv 32 3x3 s2 p1 bn relu
- C3: conv 64 3x3 s2 p1 bn relu
- gap
- out: fc 10
""",
    # The 5x5 picture and 3x3 filter of Stanford's UFLDL tutorial on convolution.
    "quiz.yaml": """\
input: 5x5x1
layers:
- C1: conv 1 3x3 nobias
  weights: [[1, 0, 1], [0, 1, 0], [1, 0, 1]]
""",
    "image.txt": "1 1 1 0 0\n0 1 1 1 0\n0 0 1 1 1\n0 0 1 1 0\n0 1 1 0 0\n",
    "nets/mine.yaml": """\
input: 32x32x1
layers: [conv 6 5x5]
expect: {params: 156}
""",
}

STACK = '28x28x1 "conv 16 5x5 p2" "pool 2x2" "conv 32 5x5 p2" "pool 2x2" "fc 10"'

QUESTIONS = {
    "1 the output volume": (
        "conv -W 121 -D 16 -K 32 -F 4 -S 3",
        ["output 40 × 40 × 32"],
    ),
    "2 parameters with and without bias": (
        "conv -W 100 -D 128 -K 256 -F 3 -P 1",
        ["= 294,912 + 256 = 295,168"],
    ),
    "3 one bias per filter or per neuron": (
        "explain lenet5.yaml C1",
        ["biases K = 6", "neurons H'·W'·K = 28·28·6 = 4,704"],
    ),
    "4 where 1,516 and 340,908 come from": (
        "analyze lenet5-1998 --formulas",
        ["340,908 with biases", "= 1,500 + 16 = 1,516"],
    ),
    "5 what goes into the first linear layer": (
        f"stack {STACK} --columns in,weights",
        ["fc1 fc 7×7×32 15,680"],  # 7·7·32 = 1568 numbers to each of ten units
    ),
    "6 is AlexNet's input 224 or 227": (
        "solve -F 11 -S 4 --out 55",
        ["227 11 4 0", "224 11 4 2"],
    ),
    "7 which padding keeps the size": (
        "solve -W 32 -F 5 --out 32",
        ["32 5 1 2"],
    ),
    "8 the receptive field of layer n": (
        "analyze net.yaml --columns rf,jump",
        ["C1 conv + bn + relu 3 2", "C2 conv + bn + relu 7 4", "C3 conv + bn + relu 15 8"],
    ),
    "9 this forward pass by hand": (
        "forward quiz.yaml --sample image.txt --steps",
        [
            "map 0, y 0, x 0: 1·1 + 0·1 + 1·1 + 0·0 + 1·1 + 0·1 + 1·0 + 0·0 + 1·1 = 4",
            "4 3 4 2 4 3 2 3 4",
        ],
    ),
    "10 parameters and bytes of VGG": (
        "analyze vgg16 --memory --batch 64",
        ["params 553 MB (528 MiB)", "138,357,544", "peak 1,644,167,168 bytes at"],
    ),
    "11 4.1 or 8.2 GFLOPs": (
        "analyze resnet@resnet50 --totals",
        ["MACs 4.09 G (8.18 GFLOPs)"],
    ),
    "12 Keras and PyTorch disagree": (
        "analyze resnet50 --totals --count-buffers",
        ["params 25,557,032", "params + buffers 25,610,152"],
    ),
    "13 which input sizes work": (
        "sizes unet.yaml --from 320 --to 360",
        ["works 3 of 41: 320, 336, 352"],
    ),
    "14 what depth and width multiples do": (
        "compare yolov5.yaml@s yolov5.yaml@m",
        ["params 7,235,389 21,190,557"],
    ),
    "14 what a width multiple does": (
        "sweep yolov5.yaml --vary width=0.25,0.5,0.75",
        ["0.25 80×80×255 1,872,157", "0.5 80×80×255 7,235,389"],
    ),
    "15 a transposed convolution to 24": (
        "deconv -W 12 -F 3 -S 2 -P 1 --out 24",
        ["output padding a = 1", "output 24 × 24 × 1"],
    ),
    "16 is it 56 or 57": (
        "pool -W 112 -F 3 -S 2 -P 1 --round both",
        ["floor 56×56×1", "ceil 57×57×1"],
    ),
    "17 what depthwise separable saves": (
        "conv -D 16 -K 32 -F 3 -W 32 -P 1 --no-bias --vs depthwise",
        ["weights 4,608 against 656"],
    ),
    "18 which layer is the expensive one": (
        "analyze net.yaml --only conv --sort macs --top 1 --columns macs",
        # 3·3·16·32 weights at 16x16 places; C3 has the same, and comes later
        ["C2 conv 1,179,648"],
    ),
    "19 work at other image sizes": (
        "sweep net.yaml --vary-input 512,640,1280",
        ["512×512×3", "280,167,040", "1280×1280×3"],
    ),
    "20 does my edit still match": ("check nets/", ["1 ok"]),
}


@pytest.fixture
def desk(tmp_path, monkeypatch):
    """A folder with the user's files, and a calm environment."""
    for name in ("CNNCALC_FORMAT", "CNNCALC_LAYOUT", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "nets").mkdir()
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    bundled = zoo.files()
    (tmp_path / "lenet5.yaml").write_text(bundled["lenet5"].read_text())
    (tmp_path / "unet.yaml").write_text(bundled["unet-padded"].read_text())
    yolo = bundled["yolov5"].read_text().replace("yolov5s:", "s:").replace("yolov5m:", "m:")
    (tmp_path / "yolov5.yaml").write_text(yolo)
    with chdir(tmp_path):
        yield tmp_path


def ask(command, capsys):
    """The exit status, and the answer with single blanks."""
    status = run(shlex.split(command))
    return status, " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_answer(question, desk, capsys):
    command, expected = QUESTIONS[question]
    status, answer = ask(command, capsys)
    assert status == 0
    for words in expected:
        assert words in answer


def test_all_twenty_are_here():
    assert {int(question.split()[0]) for question in QUESTIONS} == set(range(1, 21))


def test_question_13_the_sizes_between_fail(desk, capsys):
    """Four poolings by 2: of 320 to 360, only multiples of 16 come back to their size."""
    _, answer = ask("sizes unet.yaml --from 320 --to 360 --json", capsys)
    assert json.loads(answer)["working"] == [320, 336, 352]


def test_question_19_the_work_grows_with_the_area(desk, capsys):
    """C1 320·320·27·16, C2 160·160·144·32, C3 80·80·288·64; 64·10 whatever the size."""
    _, answer = ask("sweep net.yaml --vary-input 640,1280", capsys)
    assert "280,167,040" in answer
    assert "1,120,666,240" in answer


def test_question_20_an_edit_that_no_longer_matches(desk, capsys):
    """5·5·8 + 8 parameters, where 156 are promised."""
    (desk / "nets" / "mine.yaml").write_text(FILES["nets/mine.yaml"].replace("conv 6", "conv 8"))
    status, answer = ask("check nets/", capsys)
    assert status == 1
    assert "expected 156" in answer
    assert "208" in answer
