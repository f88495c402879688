"""Colours mean something that the words say too, and are there where they are asked for."""

import re

import pytest

ANSI = re.compile(r"\x1b\[([0-9;]*)m")
GREEN, RED, YELLOW = "32", "1;31", "33"
COMMANDS = [
    "analyze lenet5", "analyze lenet5 --totals", "analyze lenet5 --as thop",
    "analyze lenet5 --training adam", "stack 28x28x1 relu", "conv -W 32 -F 5", "pool -W 32 -F 2",
    "conv-transpose -W 12 -F 3 -S 2", "fc --in 9 --units 3", "conv -W 32,64 -F 5",
    "explain lenet5 C1", "sizes lenet5 --from 32 --to 33", "rf lenet5", "rf lenet5 --at C3",
    "layers", "layers conv", "forward digits", "check lenet5", "solve -W 32 -F 5 --out 32",
    "zoo --family lenet5", "sweep lenet5 --vary-input 32", "compare lenet5 alexnet --layers",
]  # fmt: skip


def painted(text, code):
    """What stands in this colour."""
    return re.findall(rf"\x1b\[{re.escape(code)}m(.*?)\x1b\[0m", text)


@pytest.mark.parametrize("line", COMMANDS)
def test_colours_can_be_had_and_refused_everywhere(cnncalc, monkeypatch, line):
    command = line.split()
    assert ANSI.search(cnncalc(*command, "--color", "always").out)
    assert not ANSI.search(cnncalc(*command).out)
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert ANSI.search(cnncalc(*command).out)
    assert not ANSI.search(cnncalc(*command, "--color", "never").out)
    monkeypatch.setenv("NO_COLOR", "1")
    assert not ANSI.search(cnncalc(*command).out)


@pytest.mark.parametrize("line", COMMANDS)
@pytest.mark.parametrize("style", ["json", "md", "csv"])
def test_what_programs_read_has_no_colours(cnncalc, line, style):
    answer = cnncalc(*line.split(), "--format", style, "--color", "always")
    assert not ANSI.search(answer.out)


def test_verdicts(cnncalc, tmp_path):
    file = tmp_path / "net.yaml"
    file.write_text("input: 5x5x1\nlayers: [fc 2]\nexpect: {params: 3}\n", encoding="utf-8")
    out = cnncalc("check", "lenet5", file, "--color", "always").out
    assert "ok" in painted(out, GREEN)
    assert "FAIL" in painted(out, RED)
    assert painted(cnncalc("analyze", "lenet5", "--color", "always").out, GREEN) == ["4 of 4 ok"]
    failed = painted(cnncalc("analyze", file, "--color", "always").out, RED)
    assert failed[0] == "0 of 1 ok"
    assert failed[1].endswith("FAILED")


def test_what_grows_and_what_differs(cnncalc):
    out = cnncalc("compare", "lenet5", "lenet5-1998", "--layers", "--color", "always").out
    assert "+840" in painted(out, YELLOW)  # the fixed weights of the output layer
    assert "-1,706" in ANSI.sub("", out)
    assert "-1,706" not in painted(out, YELLOW)
    signs = [painted(out, code) for code in (GREEN, RED, YELLOW)]
    assert [sign in found for sign, found in zip("+-~", signs, strict=True)] == [True] * 3


def test_the_front_and_the_layer_of_the_peak(cnncalc):
    words = ("sweep", "mobilenet_v2", "--vary", "width=0.5,1.0", "--pareto", "macs,max:rf")
    out = cnncalc(*words, "--plot", "--color", "always").out
    assert painted(out, GREEN) == ["*", "*"]  # in the table and in the plot
    out = cnncalc("analyze", "lenet5", "--memory", "--color", "always").out
    assert painted(out, YELLOW) == ["S2"]  # its input 28·28·6 and its output 14·14·6, 4 bytes each
    assert "peak 23,520 bytes at S2" in ANSI.sub("", out)
    assert not painted(cnncalc("analyze", "lenet5", "--color", "always").out, YELLOW)
