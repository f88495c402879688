"""Where output goes, in which signs and colours, and with which exit status."""

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

BROKEN = "input: 28x28x1\nlayers:\n  - conv 6 5x5\n  - conv 16 29x29\n"


@pytest.fixture
def broken(tmp_path):
    file = tmp_path / "broken.yaml"
    file.write_text(BROKEN, encoding="utf-8")
    return file


@pytest.fixture
def on_a_terminal(monkeypatch):
    monkeypatch.setattr("cnncalc.cli.output.terminal", lambda stream=None: True)


def test_a_pipe_gets_plain_text(cnncalc):
    out = cnncalc("analyze", "lenet5").out
    assert "\x1b" not in out
    assert "─" not in out


def test_a_terminal_gets_lines_and_colour(cnncalc, on_a_terminal):
    assert "\x1b[1m" in cnncalc("analyze", "lenet5").out


@pytest.mark.parametrize("how", ["NO_COLOR", "--color never"])
def test_colour_can_be_refused(cnncalc, on_a_terminal, monkeypatch, how):
    if how == "NO_COLOR":
        monkeypatch.setenv("NO_COLOR", "1")
        answer = cnncalc("analyze", "lenet5")
    else:
        answer = cnncalc("analyze", "lenet5", *how.split())
    assert "\x1b" not in answer.out
    assert "──" in answer.out


def test_colour_can_be_asked_for_in_a_pipe(cnncalc, monkeypatch):
    assert "\x1b" in cnncalc("analyze", "lenet5", "--color=always").out
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b" in cnncalc("analyze", "lenet5").out


@pytest.mark.parametrize(
    "arguments",
    ["analyze lenet5 --formulas", "conv -W 224 -F 11 -S 4 --vs depthwise", "layers conv", "zoo",
     "conv -W 9 -F 2,4 -S 2", "stack 9x9x1 relu", "layers", "layers --json", "schema report",
     "explain lenet5 C1 --format md", "compare lenet5 vgg16 --layers --format md",
     "sweep lenet5 --vary-input 32 --format md", "zoo --family lenet5 --format md"],
)  # fmt: skip
def test_ascii_only(cnncalc, arguments):
    answer = cnncalc(*arguments.split(), "--ascii")
    assert (answer.out + answer.err).isascii()
    assert answer.status == 0


def test_results_can_go_to_a_file(cnncalc, tmp_path):
    file = tmp_path / "out.json"
    answer = cnncalc("conv", "-W", 32, "-F", 5, "--json", "-o", file)
    assert (answer.status, answer.out) == (0, "")
    assert json.loads(file.read_text(encoding="utf-8"))["layers"][0]["out"]["w"] == 28
    refused = cnncalc("conv", "-W", 32, "-F", 5, "-o", tmp_path / "no" / "where")
    assert refused.status == 3
    assert refused.err.startswith("error[unwritable]: cannot write ")


def test_notes_go_to_stderr_and_can_be_silenced(cnncalc):
    question = ("conv", "-W", 224, "-F", 11, "-S", 4)
    assert "note[fit]" not in cnncalc(*question).out
    assert "note[fit]" in cnncalc(*question).err
    assert cnncalc(*question, "-q").err == ""
    assert "error[" in cnncalc("conv", "-W", 4, "-F", 5, "--quiet").err


def test_the_environment_chooses_a_format(cnncalc, monkeypatch):
    monkeypatch.setenv("CNNCALC_FORMAT", "json")
    assert cnncalc("conv", "-W", 32, "-F", 5).json["ok"] is True
    assert cnncalc("conv", "-W", 32).json["diagnostics"][0]["code"] == "usage"
    monkeypatch.setenv("CNNCALC_FORMAT", "table")
    monkeypatch.setenv("CNNCALC_LAYOUT", "CHW")
    assert "1 × 28 × 28   (C × H × W)" in cnncalc("conv", "-W", 32, "-F", 5).out


def test_a_format_that_a_command_lacks_is_passed_over(cnncalc, monkeypatch):
    monkeypatch.setenv("CNNCALC_FORMAT", "md")
    assert cnncalc("compare", "lenet5", "lenet5-1998").out.startswith("|")
    assert cnncalc("sizes", "lenet5", "--from", 32, "--to", 32).status == 0  # has no Markdown
    monkeypatch.setenv("CNNCALC_FORMAT", "json")
    questions = (
        "rf lenet5", "explain lenet5 C1", "check lenet5", "solve -W 32 -F 5 --out 32",
        "sizes lenet5 --from 32 --to 32", "compare lenet5 lenet5-1998", "layers conv",
        "sweep lenet5 --vary-input 32", "forward lenet5", "zoo --family lenet5",
    )  # fmt: skip
    for question in questions:
        assert cnncalc(*question.split()).json["ok"] is True
        assert "CNNCALC_FORMAT" in cnncalc(question.split()[0], "--help").out
    assert cnncalc("rf", "lenet5", "--format", "table").out.startswith("LeNet-5")
    assert cnncalc("zoo", "lenet5").out.startswith("name: LeNet-5")  # a spec is no list
    monkeypatch.setenv("CNNCALC_FORMAT", "xml")
    assert cnncalc("rf", "lenet5").status == 2


@pytest.mark.parametrize(
    ("question", "message"),
    [
        (
            "forward lenet5 --trace C1:a",
            "--trace takes NAME, NAME:K,Y,X or NAME:K of a vector, got 'C1:a'",
        ),
        (
            "forward lenet5 --steps",
            "--steps is written as text only; with --json, use --show and --trace",
        ),
        ("zoo --family nosuch", "there is no family 'nosuch'"),
        ("rf lenet5 --through", "Invalid value for --through: needs --at"),
        ("compare lenet5", "Invalid value for A B: name at least two networks"),
        ("analyze lenet5 --top 0", "Invalid value for '--top': 0 is not in the range x>=1."),
        (
            "conv -W 0 -F 5",
            "Invalid value for '--w' / '-W' / '-w': '0' is not a whole number from 1",
        ),
        ("nosuch", "No such command 'nosuch'."),
    ],
)  # fmt: skip
def test_a_wrong_command_line_gives_one_document(cnncalc, question, message):
    answer = cnncalc(*question.split(), "--json")
    assert answer.status == 2
    assert answer.json["ok"] is False
    assert [problem["message"] for problem in answer.json["diagnostics"]] == [message]


@pytest.mark.parametrize(
    ("format_", "option"),
    [("json", "--only conv"), ("json", "--columns rf"), ("jsonl", "--expand"),
     ("jsonl", "--top 5")],
)  # fmt: skip
def test_what_picks_from_a_table_is_refused_where_everything_is_printed(cnncalc, format_, option):
    answer = cnncalc("analyze", "lenet5", "--format", format_, *option.split())
    assert answer.status == 2
    assert answer.err.splitlines() == [
        f"error[usage]: {option.split()[0]} is for tables; {format_} always holds everything",
        "  = help: --format table or md shows it",
    ]
    assert cnncalc("analyze", "lenet5", "--format", "md", *option.split()).status == 0


def test_columns_of_csv_can_be_chosen(cnncalc):
    lines = cnncalc("analyze", "lenet5", "--format", "csv", "--columns", "name,rf").out.split()
    assert lines[:2] == ["name,rf", "C1,5"]


def test_a_network_that_fails_still_gives_one_document(cnncalc, broken):
    answer = cnncalc("analyze", broken, "--json")
    assert answer.status == 1
    document = answer.json
    assert document["ok"] is False
    assert [layer["name"] for layer in document["layers"]] == ["conv1"]
    (problem,) = document["diagnostics"]
    assert (problem["code"], problem["line"], problem["column"]) == ("filter-too-big", 4, 13)


def test_files_that_cannot_be_read_exit_3(cnncalc, tmp_path):
    answer = cnncalc("analyze", tmp_path / "none.yaml", "--json")
    assert answer.status == 3
    assert answer.json["diagnostics"][0]["code"] == "no-file"
    assert cnncalc("expand", tmp_path / "none.yaml").status == 3


def test_a_spec_from_standard_input(cnncalc, monkeypatch):
    text = b"input: 28x28x1\nlayers: [conv 6 5x5]\n"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text)))
    assert cnncalc("analyze", "-", "--json").json["totals"]["params"] == 156


def test_questions_about_whole_networks(cnncalc):
    # torchvision's figures for ResNet-50: 25,557,032 parameters, 4.09 GMACs
    totals = cnncalc("analyze", "resnet@resnet50", "--totals").out
    assert "params 25,557,032" in totals
    assert "MACs 4.09 G (8.18 GFLOPs)" in totals
    lines = cnncalc("analyze", "vgg16", "--only", "conv", "--sort", "macs", "--top", 2,
                    "--columns", "macs").out.splitlines()  # fmt: skip
    # Simonyan & Zisserman's conv1_2, conv2_2, conv3_2 ... are the dearest: 64·64·9·224·224 each
    assert [line.split()[-1] for line in lines[2:4]] == ["1,849,688,064"] * 2
    assert "params + buffers 25,610,152" in cnncalc("analyze", "resnet50", "--count-buffers").out


def test_words_that_name_nothing_are_usage_errors(cnncalc):
    answer = cnncalc("analyze", "lenet5", "--columns", "param")
    assert answer.status == 2
    assert answer.err.splitlines() == [
        "error[usage]: there is no column 'param'",
        "  = help: did you mean 'params'?",
    ]
    assert cnncalc("analyze", "lenet5", "--columns", "help").out.startswith("index")
    assert "--output-padding" in cnncalc("deconv", "-h").out


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("analyse", "No such command 'analyse'. Did you mean 'analyze'?"),
        ("decov", "No such command 'decov'. Did you mean 'deconv'?"),
        ("lenet5", "No such command 'lenet5'. Did you mean 'cnncalc analyze lenet5'?"),
        ("xyzzy", "No such command 'xyzzy'."),
    ],
)
def test_a_command_that_there_is_not(cnncalc, word, said):
    answer = cnncalc(word, "lenet5", "--json")
    assert answer.status == 2
    assert answer.json["diagnostics"][0]["message"] == said


def test_a_file_beside_the_one_that_was_named(cnncalc, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.yaml").write_text("input: 5\nlayers: [fc 2]\n")
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "other.yml").write_text("input: 5\nlayers: [fc 2]\n")
    for wrong, right in [
        ("net.yml", "net.yaml"),
        ("nett.yaml", "net.yaml"),
        ("deep/other.yaml", "other.yml"),
        ("lenet5.yaml", "lenet5"),
    ]:
        for command in ("analyze", "check", "sizes"):
            answer = cnncalc(command, wrong)
            assert answer.status == 3
            told = answer.out + answer.err  # `check` prints what is wrong with each file
            assert f"error[no-file]: there is no file '{wrong}'\n" in told
            assert f"= help: did you mean '{right}'?\n" in told
    bare = cnncalc("analyze", "net")
    assert bare.status == 3
    assert bare.err.endswith("named 'net'\n  = help: did you mean 'net.yaml'?\n")
    far = cnncalc("analyze", "nowhere/net.yaml")
    assert (far.status, far.err) == (3, "error[no-file]: there is no file 'nowhere/net.yaml'\n")


def test_help_of_every_command(cnncalc):
    from cnncalc.cli.app import COMMANDS

    overview = cnncalc("--help").out
    for command in COMMANDS:
        answer = cnncalc(command, "-h")
        assert answer.status == 0
        assert f"Usage: cnncalc {command}" in answer.out
        assert command in overview


@pytest.mark.parametrize("words", [["--strict"], ["--strict", "warnings"], ["--strict=warnings"]])
def test_strict_fails_on_warnings(cnncalc, words, tmp_path):
    spec = tmp_path / "net.yaml"
    spec.write_text("input: 8x8x1\nlayers: [conv 2 3x3]\nexpect: {params: 21}\n")
    lax, strict = cnncalc("analyze", spec, "--json"), cnncalc("analyze", spec, *words, "--json")
    assert (lax.status, lax.json["ok"], lax.json["expect"][0]["ok"]) == (0, True, False)
    assert (strict.status, strict.json["ok"]) == (1, False)
    assert strict.err.startswith("error[expect]: params: expected 21, got 20 (-1)\n")


def test_strict_fit_fails_on_rounding(cnncalc):
    exact, rounding = (cnncalc("analyze", name, "--strict", "fit", "--json") for name in
                       ("lenet5", "resnet18"))  # fmt: skip
    assert (exact.status, exact.json["ok"]) == (0, True)
    assert (rounding.status, rounding.json["ok"]) == (1, False)
    assert [said["severity"] for said in rounding.json["diagnostics"]] == ["error"]


def test_strict_leaves_its_neighbours_alone(cnncalc):
    assert cnncalc("analyze", "lenet5", "--strict", "--ascii").status == 0
    assert cnncalc("analyze", "--strict", "lenet5").status == 0


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs /dev/full")
def test_output_that_cannot_be_written_is_told():
    command = [sys.executable, "-m", "cnncalc", "analyze", "lenet5"]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 3
    assert (
        done.stderr == "error[unwritable]: cannot write standard output: no space left on device\n"
    )


def test_a_closed_output_is_told(capsys, monkeypatch):
    from cnncalc.cli.app import run

    monkeypatch.setattr(sys, "stdout", None)
    assert run(["conv", "-W", "8", "-F", "3"]) == 3
    assert "cannot write standard output: it is closed" in capsys.readouterr().err


def test_many_mistakes_are_told_in_part(cnncalc, tmp_path):
    spec = tmp_path / "net.yaml"
    spec.write_text("input: 8x8x1\nlayers:\n" + "  - conv 2 3x3 rleu\n" * 5000)
    told = cnncalc("analyze", spec).err
    assert told.count("error[unknown-word]") == 20
    assert told.endswith("20 errors\n... and 80 more (--max-errors 100 shows them)\n")
    assert cnncalc("analyze", spec, "--max-errors", 3).err.count("error[") == 3
    assert cnncalc("analyze", spec, "--max-errors", 100).err.endswith("\n100 errors\n")


def test_a_second_mistake_does_not_hide_the_first(cnncalc, tmp_path):
    """What is in front of the layer that fails is refused as well, and is then not shown."""
    spec = tmp_path / "net.yaml"
    spec.write_text(
        "input: 8x8x3\nlayers:\n  - relu: {}\n    train_only: true\n  - tanh\n  - reshape 2\n"
    )
    answer = cnncalc("analyze", spec)
    assert (answer.status, answer.out) == (1, "")
    assert "error[reshape]" in answer.err
