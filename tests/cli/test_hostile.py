"""No text of a stranger steers a terminal, begins a line of its own, or commands a CI system."""

import json
import re
from pathlib import Path

import pytest

EVIL = "\x1b[31m\x9b2J\r\n::error::x\u202e\u2066\x7f\x00\u2028\x85::add-mask::y"
ESCAPED = r"\e[31m\x9b2J\r\n::error::x\u202e\u2066\x7f\0\u2028\N::add-mask::y"  # as YAML writes it
CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
SPEC = rf"""
name: "::error::{ESCAPED}"
description: "{ESCAPED}"
source: "{ESCAPED}"
input: 4x4x1
init: {{labels: ["{ESCAPED}", "=1+1"]}}
layers:
  - conv: {{filters: 2, kernel: 3, note: "{ESCAPED}"}}
  - fc: {{units: 2, note: "=cmd|' /C calc'!A0"}}
expect: {{params: 1}}
variants:
  "v{ESCAPED}": {{description: "{ESCAPED}", expect: {{params: 2}}}}
"""
BROKEN = rf"""
name: "{ESCAPED}"
input: 4x4x1
layers:
  - conv 2 3x3
  - conv: {{filters: 2, kernel: 9, note: "{ESCAPED}"}}
variants: {{"v{ESCAPED}": {{}}}}
"""
FILE = "net\x1b[31m\n::error::x\x9b.yaml"
TABLES = ["table", "json", "csv", "tsv", "md"]
COMMANDS = [
    *(f"analyze {{}} --format {f}" for f in [*TABLES, "jsonl"]),
    *(f"analyze {{}} --format {f} --columns note,name,source" for f in TABLES if f != "json"),
    "analyze {} --formulas", "analyze {} --totals", "analyze {} --memory", "analyze {} --strict",
    "analyze {} --training adam", "analyze {} --as torchinfo", "analyze {} --as keras --json",
    "analyze {} --color always", "analyze {} --at nosuch", "analyze {} --only pool",
    *(f"check {{}} --format {f}" for f in ("full", "concise", "json", "github")),
    "check . --format github", "check . --format full --color always",
    *(f"compare {{}} lenet5 --layers --format {f}" for f in ("table", "json", "md")),
    *(f"explain {{}} conv1 --format {f}" for f in ("table", "json", "md", "latex")),
    *(f"sweep {{}} --vary-input 4,5 --format {f}" for f in [*TABLES, "jsonl"]),
    *(f"sizes {{}} --from 4 --to 5 --format {f}" for f in ("table", "json")),
    "rf {}", "rf {} --json", "rf {} --at conv1", "expand {}",
    "forward {} --top-k 2", "forward {} --steps", "forward {} --json", "forward {} --show all",
    "forward {} --as maps --show conv1 --color always", "forward {} --trace conv1:0,0,0",
    "forward {} --save .", "forward {} --labels {}", "forward {} --weights {}",
    "forward {} --sample {}",
]  # fmt: skip


@pytest.fixture
def nets(tmp_path, monkeypatch):
    """A spec that is all hostile text, and one that does not work, under hostile names."""
    monkeypatch.chdir(tmp_path)
    try:
        Path(FILE).write_text(SPEC, encoding="utf-8")
        Path(f"broken {FILE}").write_text(BROKEN, encoding="utf-8")
    except OSError:
        pytest.skip("the file system does not take such names")


def words(command, file):
    return [file if word == "{}" else word for word in command.split()]


def harmless(text, command):
    """Only line ends of ours, colours where asked for, tabs in TSV; and no line is a command."""
    if "--color always" in command:
        text = re.sub(r"\x1b\[[0-9;]*m", "", text)
    if "csv" in command or "tsv" in command:
        text = text.replace("\r\n", "\n")
    if "tsv" in command:
        text = text.replace("\t", " ")
    assert not CONTROL.search(text), CONTROL.search(text)
    for line in text.split("\n"):
        if line.lstrip().startswith("::") or "##[" in line:
            assert "--format github" in command
            assert re.match(r"::(error|warning|notice) (file=[^,:]*,line=|title=)", line)
    return text


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("file", [FILE, f"broken {FILE}", f"{FILE}@v{EVIL}", f"none {FILE}"])
def test_no_output_does_what_a_name_says(cnncalc, nets, command, file):
    answer = cnncalc(*words(command, file))
    assert answer.status in (0, 1, 2, 3)
    out = harmless(answer.out, command)
    harmless(answer.err, "--color always" * ("--color always" in command))
    if "json" in command and "jsonl" not in command:
        json.loads(out)


@pytest.mark.parametrize(
    "command", ["analyze {} --format csv --columns name,note", "analyze {} -o out"]
)
def test_files_hold_no_controls_either(cnncalc, nets, command):
    cnncalc(*words(command, FILE), *([] if "-o" in command else ["-o", "out"]))
    with Path("out").open(encoding="utf-8", newline="") as stream:
        harmless(stream.read(), command)


def test_json_keeps_the_data(cnncalc, nets):
    answer = cnncalc("analyze", FILE, "--json")
    assert answer.out.isascii()
    assert answer.json["spec"]["name"] == f"::error::{EVIL}"
    assert answer.json["layers"][0]["note"] == EVIL


def test_a_replacement_sign_shows_that_something_was_there(cnncalc, nets):
    title = cnncalc("analyze", FILE).out.splitlines()[0]
    assert title.startswith(
        "\ufffd:error::\ufffd[31m\ufffd2J\ufffd\ufffd::error::x\ufffd\ufffd\ufffd"
    )


def test_a_spreadsheet_runs_no_note(cnncalc, nets):
    lines = cnncalc("analyze", FILE, "--format", "csv", "--columns", "name,note").out.splitlines()
    assert lines[-1] == "fc1,'=cmd|' /C calc'!A0"


@pytest.mark.parametrize("word", ["analyse\x1b[31m\n::error::x", "\x1b[2J"])
def test_a_command_that_is_none_is_shown_safely(cnncalc, word):
    assert "\x1b" not in cnncalc(word).err
