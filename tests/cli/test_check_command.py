"""`cnncalc check` on the command line: formats, exit codes, and question 20."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import jsonschema
import pytest
import yaml

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
    hooks = Path(__file__).parents[2] / ".pre-commit-hooks.yaml"
    (hook,) = yaml.safe_load(hooks.read_text(encoding="utf-8"))
    assert (hook["id"], hook["language"]) == ("cnncalc-check", "python")
    assert hook["entry"].split() == ["cnncalc", "check", "--quiet", "--format", "concise"]


def test_the_schema_command_prints_these_schemas(cnncalc):
    for name in ("check", "compare", "sweep", "forward", "zoo"):
        assert cnncalc("schema", name).json["title"] == f"cnncalc.{name}/1"


# -- folders, suggestions, a base, other formats


def git(*arguments):
    identity = ("-c", "user.name=Someone", "-c", "user.email=someone@example.org")
    subprocess.run(["git", *identity, *arguments], check=True, capture_output=True)


@pytest.fixture
def committed(nets):
    """The networks of `nets` in a git repository, and changed since the only commit."""
    git("init", "-q", ".")
    git("add", "-A")
    git("commit", "-qm", "networks")
    (nets / "a.yaml").write_text(LAYERS.replace("6", "8"), encoding="utf-8")  # 8 · 26 = 208
    (nets / "new.yaml").write_text(LAYERS, encoding="utf-8")
    return nets


def test_a_folder_is_searched_with_all_below_it_but_what_is_hidden(cnncalc, nets):
    for place in ("deep/er/c.yml", ".git/d.yaml"):
        (nets / place).parent.mkdir(parents=True)
        (nets / place).write_text(LAYERS, encoding="utf-8")
    out = cnncalc("check", "nets").out
    assert [line.split()[1] for line in out.splitlines() if line[:4] in ("ok  ", "FAIL")] == [
        "nets/a.yaml", "nets/b.yaml", "nets/deep/er/c.yml",
    ]  # fmt: skip


@pytest.mark.parametrize("format_", ["concise", "github"])
def test_help_of_several_lines_stands_on_one(cnncalc, nets, format_):
    (nets / "empty.yaml").write_text("input: 8x8x1\n", encoding="utf-8")
    (line,) = [
        line
        for line in cnncalc("check", "nets/empty.yaml", "--format", format_).out.splitlines()
        if "missing-layers" in line
    ]
    assert line.endswith(
        "the spec has no layers; help: add a list of layers, such as layers: - conv 6 5x5 - fc 10"
    )


@pytest.mark.parametrize("format_", ["concise", "github"])
def test_one_line_formats_bring_notes_and_suggestions(cnncalc, nets, format_):
    (nets / "a.yaml").write_text(LAYERS.replace("5x5", "5x5 s2 "), encoding="utf-8")
    (nets / "b.yaml").write_text(LAYERS.replace("5x5", "5x5 relo"), encoding="utf-8")
    out = cnncalc("check", "nets", "resnet50", "--format", format_).out
    note, error = (line for line in out.splitlines() if line.startswith(("nets", "::")))
    assert "1 layer leaves part of its input unread" in note
    assert "resnet" not in note
    assert error.endswith("'conv' does not understand 'relo'; help: did you mean 'relu'?")
    assert note.startswith("::notice file=nets/a.yaml,line=3" if format_ == "github" else "nets/a")


def test_a_base_says_what_changed_since_a_revision(cnncalc, committed):
    out = cnncalc("check", "nets", "--base", "HEAD").out
    assert "params 208 (+52)   MACs 115 k (+28,800)" in out  # 24 · 24 · 25 · 2 = 28,800
    assert "new since HEAD" in out
    lines = cnncalc("check", "nets", "--base", "HEAD", "--format", "md").out.splitlines()
    assert lines[0] == "**3 networks in 3 files: 2 ok, 1 failed**, compared with HEAD"
    assert "| nets/a.yaml | ok | 208 | +52 | 115,200 | +28,800 |" in lines[4]
    document = cnncalc("check", "nets", "--base", "HEAD", "--json").json
    jsonschema.validate(document, check_schema())
    bases = [result["base"] for result in document["results"]]
    assert [base["new"] for base in bases] == [False, False, True]
    assert bases[0]["totals"]["params"] == 156


def test_what_has_no_earlier_text_is_not_compared(cnncalc, committed):
    lines = cnncalc("check", "nets/a.yaml", "lenet5", "--base", "HEAD").out.splitlines()
    assert lines[0].endswith("compared with HEAD")
    assert lines[1].endswith("4 figures as expected   not compared with HEAD")


def test_a_base_that_did_not_load_is_said(cnncalc, committed):
    (committed / "a.yaml").write_text("input: 3x3x1\nlayers: [nosuch]\n", encoding="utf-8")
    git("commit", "-qam", "broken")
    (committed / "a.yaml").write_text(LAYERS, encoding="utf-8")
    assert "did not load at HEAD" in cnncalc("check", "nets/a.yaml", "--base", "HEAD").out


@pytest.mark.parametrize("revision", ["nosuch", "--help", ""])
def test_a_revision_that_does_not_exist(cnncalc, committed, revision):
    answer = cnncalc("check", "nets/a.yaml", f"--base={revision}")
    assert answer.status == 2
    assert answer.err == (
        f"error[revision]: the repository of 'nets/a.yaml' has no revision '{revision}'\n"
        "  = help: 'git fetch' brings it; in a GitHub workflow: actions/checkout with "
        "fetch-depth: 0\n"
    )


def test_a_base_outside_a_repository_and_without_git(cnncalc, nets, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(nets.resolve().parents[1]))
    answer = cnncalc("check", "nets/a.yaml", "--base", "HEAD")
    assert (answer.status, answer.err) == (
        3, "error[revision]: 'nets/a.yaml' is in no git repository\n",
    )  # fmt: skip
    monkeypatch.setenv("PATH", "")
    answer = cnncalc("check", "nets/a.yaml", "--base", "HEAD")
    assert (answer.status, answer.err) == (
        3, "error[revision]: git does not run here\n  = help: install git\n",
    )  # fmt: skip


def test_a_job_on_github_gets_a_summary(cnncalc, committed, monkeypatch, tmp_path):
    summary = tmp_path / "summary.md"
    summary.write_text("before\n", encoding="utf-8")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    cnncalc("check", "nets", "--base", "HEAD")
    assert summary.read_text(encoding="utf-8") == "before\n"  # not asked for
    cnncalc("check", "nets", "--base", "HEAD", "--format", "github")
    text = summary.read_text(encoding="utf-8")
    assert text.startswith("before\n**3 networks in 3 files: 2 ok, 1 failed**, compared with HEAD")
    assert text.count("\n| nets/") == 3
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "no" / "where"))
    assert cnncalc("check", "nets", "--format", "github").status == 3


def test_junit_has_a_case_per_network(cnncalc, nets):
    (nets / "c.yaml").write_text("input: 3x3x1\nlayers: ['<&\">']\n", encoding="utf-8")
    root = ET.fromstring(cnncalc("check", "nets", "--format", "junit").out)
    counts = {key: root.get(key) for key in ("tests", "failures", "errors")}
    assert counts == {"tests": "3", "failures": "1", "errors": "1"}
    good, failed, broken = root.iter("testcase")
    assert (good.get("name"), len(good)) == ("nets/a.yaml", 0)
    assert failed.find("failure").get("message") == "params: expected 150, got 156 (+6)"
    assert "4 | expect: {params: 150}" in failed.find("failure").text
    assert '<&">' in broken.find("error").get("message")


def test_the_local_hook_of_the_readme_runs_what_is_installed(cnncalc, committed):
    root = Path(__file__).parents[2]
    blocks = re.findall(
        r"```yaml\n(repos:\n.*?)```", (root / "README.md").read_text("utf-8"), re.DOTALL
    )
    (repo,) = yaml.safe_load(blocks[1])["repos"]
    (hook,) = repo["hooks"]
    published = yaml.safe_load((root / ".pre-commit-hooks.yaml").read_text("utf-8"))[0]
    assert (repo["repo"], hook["language"]) == ("local", "system")
    assert {key: hook[key] for key in ("id", "name", "entry", "types")} == {
        key: published[key] for key in ("id", "name", "entry", "types")
    }
    files = [str(path) for path in Path("nets").iterdir() if re.search(hook["files"], str(path))]
    program, *words = hook["entry"].split()
    answer = cnncalc(*words, *sorted(files))
    assert (program, answer.status) == ("cnncalc", 1)
    assert "nets/b.yaml:4:18: error[expect]: " in answer.out


def test_the_block_of_the_readme_works_with_a_clone_of_this_repository(
    committed, tmp_path, monkeypatch
):
    root = Path(__file__).parents[2]
    if not (root / ".git").exists():
        pytest.skip("the hook is cloned from a git repository")
    block = re.search(
        r"```yaml\n(repos:\n.*?)```", (root / "README.md").read_text("utf-8"), re.DOTALL
    )
    (repo,) = yaml.safe_load(block[1])["repos"]
    (wanted,) = repo["hooks"]
    (tmp_path / "gitconfig").write_text("[safe]\n\tdirectory = *\n")  # whoever owns the checkout
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    git("clone", "-q", str(root), str(tmp_path / "clone"))  # as pre-commit does
    hooks = yaml.safe_load((tmp_path / "clone" / ".pre-commit-hooks.yaml").read_text("utf-8"))
    hook = next(hook for hook in hooks if hook["id"] == wanted["id"]) | wanted
    files = [
        str(path) for path in Path("nets").rglob("*.yaml") if re.search(hook["files"], str(path))
    ]
    done = subprocess.run(
        [sys.executable, "-m", *hook["entry"].split(), *sorted(files)],
        env={**os.environ, "PYTHONPATH": str(tmp_path / "clone")},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stdout.splitlines()[1].startswith("nets/b.yaml:4:18: error[expect]: ")


def test_a_narrow_terminal_cuts_the_middle_of_a_long_name(cnncalc, nets, monkeypatch):
    deep = nets / "a_folder_with_a_long_name" / "and_another_one"
    deep.mkdir(parents=True)
    (deep / "net.yaml").write_text(LAYERS, encoding="utf-8")
    whole = "nets/a_folder_with_a_long_name/and_another_one/net.yaml"
    assert whole in cnncalc("check", "nets").out
    monkeypatch.setattr("cnncalc.cli.output.terminal", lambda stream=None: stream is not sys.stderr)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "40")
    lines = cnncalc("check", "nets/a_folder_with_a_long_name").out.splitlines()
    assert lines[0] == "ok    nets/a_folder_wit…her_one/net.yaml"
    assert lines[1] == "      params 156   MACs 86.4 k"
