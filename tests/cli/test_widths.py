"""Every command on terminals of all widths: no line is longer, and a pipe gets everything whole."""

import io
import re
import shlex
import shutil
import sys
from pathlib import Path

import pytest

from cnncalc.cli.app import ALIASES, COMMANDS, _command, run
from cnncalc.render.page import visible_width

FILES = Path(__file__).parents[1] / "corpus" / "files"
WIDTHS = (40, 60, 80, 100, 120, 200)
FOR_COPYING = ("--json", "--format", "expand", "export", "schema", "init", "zoo lenet5",
               "zoo resnet", "layers se", "|", "-o ", "help conv",
               "--watch")  # fmt: skip
HARD = [
    "analyze long.yaml --memory",
    "analyze long.yaml --columns rf,jump,start,note,params,macs,in,output",
    "analyze resnet50 --training adam",
    "analyze googlenet --as keras",
    "analyze broken.yaml",
    "compare lenet5 alexnet vgg16 resnet18 --layers",
    "compare long.yaml lenet5 --layers",
    "sweep lenet5 --vary-input 8,16,32 --plot",
    "check long.yaml broken.yaml lenet5",
    "check broken.yaml --format concise",
    "rf long.yaml",
    "explain long.yaml",
    "sizes long.yaml",
    "forward long.yaml",
    "conv --w 32,64 --f 2,3,5 --s 1,2,3",
    "conv -W 224 -F 11 -S 4 --vs depthwise",
    "solve -F 3,5,7 -S 1,2,3 --out 55",
]
# Lines that need not be as hard, one or more for every other command.
OTHERS = [
    "stack 28x28x1 'conv 16 5x5' 'fc 10' --vs mlp",
    "forward digits --sample digits_7.pgm --shift 1,0",
    "forward digits --sample digits_7.pgm --trace conv1",
    "forward digits --sample digits_7.pgm --sample nosuch.pgm --top-k 3",
    "sweep mobilenet_v2 --vary width=0.5,1.0",
    "sizes long.yaml --out 5x5",
    "solve --params 10000",
    "compare resnet18 resnet34",
    "explain lenet5 C1",
    "pool -W 32 -F 2,3,4",
    "fc --in 784 --units 300",
    "conv-transpose --w 5 --f 3 --s 2",
    "slide --w 5 --f 3 --s 2 --p 1",
    "slide --w 32 --f 5 --s 9",
    "report long.yaml -o r.html",
    "draw long.yaml -o x.svg",
    "export long.yaml --to pytorch -o x.py",
    "import nosuch.onnx",
    "layers conv",
    "zoo --family resnet",
]
# Commands that print what is copied into files, or help, which Typer wraps.
WHOLE = {"expand", "schema", "init", "help"}
LONG = """\
name: A network whose name is longer than a narrow terminal is wide, and then goes on
input: 33x33x3
layers:
  - a_very_long_name_that_never_stops_and_still_goes_on: conv 16 5x5 p2 relu bn
  - second_name_without_any_end_in_sight_畳み込み畳み込み畳み込み: {conv: 16 3x3 s2, note: "a note
      that has much to say about its layer and takes many words for it"}
  - maxpool 2
  - fc 10
"""
BROKEN = """\
input: 28x28x1
layers:
  - a_very_long_name_that_never_stops_and_still_goes_on: conv 16 5x5 p2 relu bn with reluu
"""


class Stream(io.TextIOWrapper):
    """A stream that keeps its text, and may say that a person watches."""

    def __init__(self, watched):
        super().__init__(io.BytesIO(), encoding="utf-8", newline="\n", write_through=True)
        self.watched = watched

    def isatty(self):
        return self.watched

    @property
    def text(self):
        return self.buffer.getvalue().decode()


def examples(name):
    """The examples in the help of a command, as typed after `cnncalc`."""
    lines = _command(name, None)[1].split("\n\n")[1:]
    return [re.sub(r"\s+\(.*", "", line.removeprefix("cnncalc ")) for line in lines]


def for_people(line):
    return not any(word in line for word in FOR_COPYING)


@pytest.fixture
def rendered(tmp_path, monkeypatch):
    """What a command prints on a terminal of this width, and in a pipe where it is None."""
    for file in FILES.iterdir():
        shutil.copy(file, tmp_path)
    (tmp_path / "long.yaml").write_text(LONG, encoding="utf-8")
    (tmp_path / "broken.yaml").write_text(BROKEN, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    for name in ("CNNCALC_FORMAT", "CNNCALC_LAYOUT", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("TERMINAL_WIDTH", "200")  # Typer reads it once, for all tests

    def call(line, width=None, *more):
        monkeypatch.setenv("COLUMNS", str(width or 80))
        out, err = Stream(width is not None), Stream(width is not None)
        monkeypatch.setattr(sys, "stdout", out)
        monkeypatch.setattr(sys, "stderr", err)
        status = run([*shlex.split(line), *more])
        assert status in (0, 1, 3), err.text
        return out.text + err.text

    return call


def too_long(text, width):
    lines = re.split(r"\r\x1b\[K|\n", text)  # a progress bar begins its line again
    return [line for line in lines if visible_width(line) > width]


@pytest.mark.parametrize("name", [*COMMANDS, *ALIASES])
def test_no_line_of_an_example_is_longer_than_a_narrow_terminal(rendered, name):
    lines = examples(name)
    assert lines
    for line in filter(for_people, lines):
        assert too_long(rendered(line, 40), 40) == []


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("line", [*HARD, *OTHERS])
def test_no_line_is_longer_than_the_terminal(rendered, line, width):
    assert too_long(rendered(line, width), width) == []
    assert too_long(rendered(line, width, "--ascii"), width) == []


def test_maps_of_slide_are_cut_on_a_terminal_only(rendered):
    wide = "input 32×32, columns 0 to 23\n"
    narrow = rendered("slide --w 32 --f 5 --s 9", 80)
    assert wide in narrow
    assert "input 32×32, columns 8 to 31\n" in narrow  # the window has gone to the right
    assert "columns" not in rendered("slide --w 32 --f 5 --s 9")


def test_every_command_is_looked_at():
    assert {line.split()[0] for line in [*HARD, *OTHERS]} == set(COMMANDS) - WHOLE


@pytest.mark.parametrize("line", HARD)
def test_a_wide_terminal_and_a_pipe_say_the_same(rendered, line):
    if "--plot" in line:
        return  # a plot takes the width there is
    wide, pipe = rendered(line, 4000), rendered(line)
    beside = re.compile(r"\x1b\[[0-9;]*m|[─-]{4,}|[\d.]+ (?:ms|s|min)\b|\([\d.]+ .* MACs/s\)")
    assert beside.sub("", wide).split() == beside.sub("", pipe).split()


def test_a_setting_without_end_is_cut_on_a_terminal_only(rendered):
    line = "compare lenet5 lenet5-1998 --layers"
    assert "…" in rendered(line, 80)
    assert "…" not in rendered(line)
