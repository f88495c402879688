"""The recipes of README's "Contributing", followed in a copy of the project."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
NET = """\
input: 12x12x3
layers:
  - conv 4 3x3 relu
  - norm: l2pool 2x2
  - fc 3
"""


def recipe(title):
    """What lies between a heading and the next one."""
    return README.split(f"### {title}\n")[1].split("\n## ")[0].split("\n### ")[0]


def follow(text, root):
    """Write the files of a recipe, and make its changes."""
    files = re.findall(r"```python\n# (\S+)\n(.*?)```", text, flags=re.DOTALL)
    for path, content in files:
        (root / path).write_text(content, encoding="utf-8")
    changes = re.findall(r"```diff\n--- (\S+)\n(.*?)```", text, flags=re.DOTALL)
    for path, change in changes:
        lines = change.splitlines()
        before, after = (
            "\n".join(line[1:] for line in lines if line[:1] in signs) for signs in (" -", " +")
        )
        source = (root / path).read_text(encoding="utf-8")
        assert source.count(before) == 1, (path, before)
        (root / path).write_text(source.replace(before, after), encoding="utf-8")
    return len(files), len(changes)


@pytest.fixture
def project(tmp_path):
    for folder in ("cnncalc", "specs"):
        shutil.copytree(
            ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__")
        )
    (tmp_path / "net.yaml").write_text(NET, encoding="utf-8")
    return tmp_path


def run(project, *command):
    environment = {**os.environ, "PYTHONPATH": str(project), "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=project, env=environment, capture_output=True, text=True, encoding="utf-8",
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_layer_type_is_one_file(project):
    """Found, analysed, run, explained, traced, counted as others do, and in the schema."""
    assert follow(recipe("Add a layer type"), project) == (1, 0)
    assert "L2 pooling" in run(project, "cnncalc", "layers", "l2pool")
    report = json.loads(run(project, "cnncalc", "analyze", "net.yaml", "--json"))
    row = next(layer for layer in report["layers"] if layer["name"] == "norm")
    assert row["out"] == {"h": 5, "w": 5, "c": 4}
    assert (row["connections"], row["macs"], row["params"]) == (5 * 5 * 4 * 2 * 2, 0, 0)
    assert row["receptive_field"]["size"] == [4, 4]
    assert "⌊(10 - 2 + 2·0)/2⌋ + 1 = 5" in run(project, "cnncalc", "explain", "net.yaml", "norm")
    traced = run(project, "cnncalc", "forward", "net.yaml", "--trace", "norm:0,0,0")
    assert traced.count("  input     ") == 4
    run(project, "cnncalc", "analyze", "net.yaml", "--training", "adam")
    run(project, "cnncalc", "analyze", "net.yaml", "--as", "torchinfo")
    written = run(project, "cnncalc", "expand", "net.yaml")
    assert "l2pool: {name: norm, kernel: [2, 2]}" in written
    schema = json.loads(run(project, "cnncalc", "schema"))
    assert "l2pool" in json.dumps(schema)


def test_a_layer_type_is_held_to_its_own_forward_pass(project):
    """And a file that does not say what its work is does not pass."""
    follow(recipe("Add a layer type"), project)
    for name in ("tests", "pyproject.toml"):
        source = ROOT / name
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, project / name)
    command = ("pytest", "-q", "-k", "l2pool", "tests/layers/test_every_layer_type.py")
    assert "......" in run(project, *command)  # at least as many tests
    file = project / "cnncalc/layers/l2pool.py"
    text = file.read_text(encoding="utf-8")
    silent = "".join(line for line in text.splitlines(True) if " work: " not in line)
    assert silent != text
    file.write_text(silent, encoding="utf-8")
    with pytest.raises(AssertionError):
        run(project, *command)


def test_a_question_is_three_files_and_a_name(project):
    """ResNets and VGGs are called by their depth; Szegedy et al. 2014: GoogLeNet has 22 layers."""
    assert follow(recipe("Add a question"), project) == (3, 1)
    for name, depth in (("resnet50", 50), ("resnet152", 152), ("vgg16", 16), ("googlenet", 22)):
        assert f" is {depth} layers deep\n" in run(project, "cnncalc", "depth", name)
    assert "cnncalc depth resnet50" in run(project, "cnncalc", "depth", "--help")


def test_an_output_format_is_a_method_and_its_name(project):
    assert follow(recipe("Add an output format"), project) == (0, 4)
    command = ("cnncalc", "analyze", "lenet5", "--format", "org", "--columns", "name,params")
    first, rule, *rows = run(project, *command).splitlines()
    assert (first, rule) == ("| Layer | Params |", "|-+-|")
    assert "| C1 | 156 |" in rows
    assert rows[-1] == "| total | 61,706 |"
