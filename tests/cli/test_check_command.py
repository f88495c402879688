"""`cnncalc check` on the command line: formats, exit codes, and question 20."""

import json
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from cnncalc.render.check import schema as check_schema

LAYERS = "input: 28x28x1\nlayers:\n  - conv 6 5x5\n"  # 6 · (25 + 1) = 156 parameters


@pytest.fixture
def nets(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("nets").mkdir()
    Path("nets/a.yaml").write_text(f"{LAYERS}expect: {{params: 156}}\n", encoding="utf-8")
    Path("nets/b.yaml").write_text(f"{LAYERS}expect: {{params: 150}}\n", encoding="utf-8")
    return Path("nets")


def test_question_20_does_my_edit_still_match_the_paper(cnncalc, nets):
    answer = cnncalc("check", "nets/")
    assert answer.status == 1
    assert answer.out.splitlines()[-1] == "2 networks in 2 files: 1 ok, 1 failed"
    assert "b.yaml:4:18" in answer.out
    (nets / "b.yaml").unlink()
    answer = cnncalc("check", "nets/")
    assert (answer.status, answer.out.splitlines()[-1]) == (0, "1 network in 1 file: 1 ok")


@pytest.mark.parametrize("format_", ["full", "concise", "json", "github"])
def test_the_number_of_processes_changes_nothing(cnncalc, nets, format_):
    asked = ("check", "nets/", "lenet5", "gone.yaml", "--format", format_)
    alone = cnncalc(*asked, "--jobs", "1")
    assert cnncalc(*asked, "--jobs", "2") == alone
    assert alone.status == 3


def test_a_pipe_is_read_by_the_process_that_was_given_it(nets):
    command = f"{sys.executable} -m cnncalc check - nets/a.yaml --jobs 2 < nets/a.yaml"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "2 networks in 2 files: 2 ok"


def test_full_shows_the_line(cnncalc, nets):
    assert cnncalc("check", "nets/b.yaml").out == (
        "FAIL  nets/b.yaml                         params 156   MACs 86.4 k   "
        "0 of 1 figure as expected\n"
        "error[expect]: params: expected 150, got 156 (+6)\n"
        " --> nets/b.yaml:4:18\n"
        "  |\n"
        "4 | expect: {params: 150}\n"
        "  |                  ^^^\n"
        "\n"
        "1 network in 1 file: 0 ok, 1 failed\n"
    )


def test_concise_is_a_line_for_editors(cnncalc, nets):
    lines = cnncalc("check", "nets", "--format", "concise").out.splitlines()
    assert lines[2] == "nets/b.yaml:4:18: error[expect]: params: expected 150, got 156 (+6)"


def test_github_is_an_annotation(cnncalc, nets):
    lines = cnncalc("check", "nets", "--format", "github").out.splitlines()
    assert lines[2] == (
        "::error file=nets/b.yaml,line=4,col=18,endColumn=21,title=expect"
        "::params: expected 150, got 156 (+6)"
    )


def test_json_fits_its_schema_and_answers_jq(cnncalc, nets):
    answer = cnncalc("check", "nets", "missing.yaml", "resnet50", "--min-rf", "428", "--json")
    document = answer.json
    jsonschema.validate(document, check_schema())
    assert [result["ok"] for result in document["results"]] == [False] * 4
    assert document["results"][0]["expect"] == [
        {"key": "params", "expected": 156, "actual": 156, "ok": True, "delta": 0}
    ]
    assert document["results"][3]["budget"] == [
        {"key": "rf", "relation": ">=", "limit": 428, "actual": 427, "delta": -1, "ok": False}
    ]
    assert answer.status == 3
    assert cnncalc("check", "nets/a.yaml", "--json").json["ok"] is True


@pytest.mark.parametrize(
    ("option", "holds", "breaks"),
    [
        ("--max-params", "156", "155"),
        ("--max-macs", "86.4k", "86399"),  # 24 · 24 · 6 · 25
        ("--max-peak-bytes", "16960B", "16959"),  # 4 · (784 + 24 · 24 · 6)
        ("--min-rf", "5", "6"),
    ],
)
def test_budgets_of_the_command_line(cnncalc, nets, option, holds, breaks):
    assert cnncalc("check", "nets/a.yaml", option, holds).status == 0
    answer = cnncalc("check", "nets/a.yaml", option, breaks, "--format", "concise")
    assert answer.status == 1
    assert "nets/a.yaml:1:1: error[budget]: " in answer.out


def test_a_limit_that_is_none_is_a_wrong_command_line(cnncalc, nets):
    answer = cnncalc("check", "nets/a.yaml", "--max-params", "5X", "--json")
    assert answer.status == 2
    assert answer.json["ok"] is False
    assert "'5X' is not a valid limit" in answer.err


def test_quiet_success_says_nothing(cnncalc, nets):
    assert cnncalc("check", "nets/a.yaml", "-q").out == ""
    assert "a.yaml" not in cnncalc("check", "nets", "-q").out


def test_exit_codes_are_the_worst_of_all(cnncalc, nets):
    assert cnncalc("check", "nets/a.yaml").status == 0
    assert cnncalc("check", "nets").status == 1
    assert cnncalc("check", "nets", "missing.yaml").status == 3
    assert cnncalc("check").status == 2


def test_a_change_skips_expect_and_keeps_budgets(cnncalc, nets):
    answer = cnncalc("check", "nets/b.yaml", "--input", "32x32x1", "--max-params", "156")
    assert answer.status == 0
    assert "1 budget met" in answer.out


def test_the_result_goes_to_a_file(cnncalc, nets, tmp_path):
    answer = cnncalc("check", "nets", "--json", "-o", "out.json")
    assert (answer.status, answer.out) == (1, "")
    assert json.loads(Path("out.json").read_text(encoding="utf-8"))["ok"] is False


def test_the_hook_runs_this_command():
    import yaml

    hooks = Path(__file__).parents[2] / ".pre-commit-hooks.yaml"
    (hook,) = yaml.safe_load(hooks.read_text(encoding="utf-8"))
    assert (hook["id"], hook["language"]) == ("cnncalc-check", "python")
    assert hook["entry"].split() == ["cnncalc", "check", "--quiet", "--format", "concise"]


def test_the_schema_command_prints_these_schemas(cnncalc):
    for name in ("check", "compare", "sweep", "forward", "zoo"):
        assert cnncalc("schema", name).json["title"] == f"cnncalc.{name}/1"
