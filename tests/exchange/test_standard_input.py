"""A model on the standard input: `cat model.onnx | cnncalc analyze -`."""

import io
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cnncalc import load
from cnncalc.errors import CnncalcError
from cnncalc.exchange.onnx import read as onnx_read

DATA = Path(__file__).parents[1] / "data" / "onnx"
LENET = DATA / "lenet.ts17.folded.onnx"
FULL = DATA / "unet_small.dynamo.folded.full.onnx"  # with its weights


@pytest.fixture
def piped(cnncalc, monkeypatch):
    """The command line with these bytes on its standard input."""

    def call(data, *words):
        data = data if isinstance(data, bytes) else data.read_bytes()
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
        return cnncalc(*words)

    return call


@pytest.mark.parametrize(
    "words",
    [
        "analyze {}", "analyze {} --json", "rf {}", "sizes {}", "explain {} --all", "draw {}",
        "expand {}", "export {} --to pytorch", "sweep {} --input 28:32:4",
    ],
)  # fmt: skip
def test_every_command_says_what_it_says_of_the_file(piped, monkeypatch, words):
    monkeypatch.chdir(LENET.parent)
    named = piped(b"", *words.format(LENET.name).split())
    answer = piped(LENET, *words.format("-").split())
    assert answer.status == named.status
    assert len(answer.out.splitlines()) == len(named.out.splitlines())
    assert "61" in answer.out or named.status or "analyze" not in words


def test_figures(piped):
    """LeNet-5 with C3 fully connected: 61,706 parameters (LeCun et al. 1998, section II.B)."""
    assert piped(LENET, "analyze", "-", "--json").json["totals"]["params"] == 61706


def test_import(piped):
    lines = piped(LENET, "import", "-").out.splitlines()
    assert lines[:2] == ["# read from the standard input", "name: model"]
    assert lines[3:] == piped(b"", "import", LENET).out.splitlines()[3:]


def test_forward_reads_the_weights_there(piped):
    asked = ("--sample", "ramp", "--json")
    there = piped(FULL, "forward", "-", *asked).json
    assert there["outputs"] == piped(b"", "forward", FULL, *asked).json["outputs"]
    assert there["weights"]["tensors"]["file"]


@pytest.mark.parametrize("words", ["check -", "check lenet5 --against -", "compare - lenet5"])
def test_commands_about_several(piped, words):
    assert "61,706" in piped(LENET, *words.split()).out


def test_weights(piped):
    assert "weights fit" in piped(FULL, "check", FULL, "--weights", "-").out


def test_a_spec_is_still_a_spec(piped):
    assert "8" in piped(b"input: 3\nlayers: [fc 2]\n", "analyze", "-").out
    assert piped(b"\xef\xbb\xbfinput: 3\nlayers: [fc 2]\n", "analyze", "-").status == 0


def test_bytes_that_come_one_by_one():
    """What has been looked at is part of what is read."""
    for data in (b"input: 3\nlayers: [fc 2]\n", LENET.read_bytes()):
        run = subprocess.Popen(
            [sys.executable, "-m", "cnncalc", "analyze", "-", "--totals"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        for byte in data[:20]:
            run.stdin.write(bytes([byte]))
            run.stdin.flush()
            time.sleep(0.005)
        out, _ = run.communicate(data[20:], timeout=60)
        assert (run.returncode, b"params" in out) == (0, True)


def test_an_endless_model_is_not_read_to_its_end(piped, monkeypatch):
    class Endless(io.RawIOBase):
        def __init__(self):
            self.start = LENET.read_bytes()[:100]

        def readable(self):
            return True

        def readinto(self, buffer):
            part = (self.start or bytes(len(buffer)))[: len(buffer)]
            self.start = b""
            buffer[: len(part)] = part
            return len(part)

    piped(b"", "analyze", "lenet5")
    monkeypatch.setattr(onnx_read, "MOST_PIPED", 2**20)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(Endless())))
    with pytest.raises(CnncalcError, match="too-big: the standard input is larger than 1 MiB"):
        load("-")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (LENET.read_bytes()[:200], "error[broken-model]: the standard input is no ONNX model: "),
        (b"PK\3\4" + bytes(26) + b"archive/data.pkl", ("error[pickle]: the standard input is a "
         "pickle: reading it would run whatever code it holds\n")),
        (b"\x80\x02}q\0", "error[pickle]: the standard input is a pickle"),
        (b"\x40" + bytes(7) + b'{"a": {}', ("error[weights-only]: the standard input holds weights "
         "by name, and nothing says how they are connected\n  = help: write the layers in a spec; "
         "'cnncalc check net.yaml --weights FILE' then says which layer differs from the file\n")),
        (b"", "error[empty]: the file is empty"),
    ],
)  # fmt: skip
def test_what_is_no_model(piped, data, said):
    answer = piped(data, "analyze", "-")
    assert (answer.status, answer.out) == (1, "")
    assert answer.err.startswith(said)


def test_what_only_a_spec_has(piped):
    answer = piped(LENET, "analyze", "-", "--set", "width=2")
    assert "the standard input is a model file, which has no variables" in answer.err
