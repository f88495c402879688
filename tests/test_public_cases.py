"""Questions that people asked in public, answered by commands with the figures that are right.

`data/public/cases.yaml` holds each case: commands, and the figures that must stand in their JSON.
What the language has no words for yet must be refused aloud, never be read as something else.
"""

from __future__ import annotations

from contextlib import chdir
from pathlib import Path
from shlex import split

import pytest
import yaml

FOLDER = Path(__file__).parent / "data" / "public"
CASES = yaml.safe_load((FOLDER / "cases.yaml").read_text(encoding="utf-8"))


def steps():
    """Every command of every case, named after its case."""
    for name, commands in CASES.items():
        for number, step in enumerate(commands, 1):
            yield pytest.param(step, id=f"{name}-{number}")


def figure(document, path):
    """The value at a path: keys of mappings, places in lists, or names of what lists hold."""
    value = document
    for part in path.split("/"):
        if isinstance(value, dict):
            value = value[part]
        elif part.isdecimal():
            value = value[int(part)]
        else:
            (value,) = (
                one for one in value if part in {one.get("name"), one.get("label"), one.get("key")}
            )
    return "x".join(map(str, value.values())) if path.endswith(("shape", "out")) else value


def flat(value):
    """All the numbers of nested lists, and how many there are in each."""
    if not isinstance(value, list):
        return [value]
    return [len(value), *(number for one in value for number in flat(one))]


def test_the_paths_into_answers():
    answer = {"outputs": [{"name": "a.b", "shape": {"h": 4, "w": 3, "c": 2}}], "values": [[1, 2]]}
    assert figure(answer, "outputs/a.b/shape") == "4x3x2"
    assert figure(answer, "outputs/0/shape/w") == 3
    assert flat(figure(answer, "values")) == [1, 2, 1, 2]
    with pytest.raises(ValueError, match="not enough values"):
        figure(answer, "outputs/a/shape")


def test_every_case_says_what_it_expects():
    assert len(CASES) == 73
    for commands in CASES.values():
        assert commands
        for step in commands:
            assert step.keys() <= {"run", "figures", "refused", "status", "why", "note"}
            assert bool(step.get("figures")) != bool(step.get("refused"))


@pytest.mark.parametrize("step", list(steps()))
def test_a_public_case(cnncalc, step):
    with chdir(FOLDER):
        answer = cnncalc(*split(step["run"]), "--json")
    if "refused" in step:
        assert answer.status == step.get("status", 1)
        refused(answer, step["refused"])
        return
    assert (answer.status, answer.json["ok"]) == (0, True)
    for path, expected in step["figures"].items():
        found = figure(answer.json, path)
        if isinstance(expected, list):
            # Values of a forward pass stand with four decimals.
            assert flat(found) == pytest.approx(flat(expected), rel=1e-4), path
        else:
            assert found == expected, path


def refused(answer, code):
    """An error with that code (any where it is True), a message and, in a spec, its place."""
    assert answer.json["ok"] is False
    if "results" in answer.json:
        diagnostics = [each for one in answer.json["results"] for each in one["diagnostics"]]
    else:
        diagnostics = answer.json["diagnostics"]
    errors = [each for each in diagnostics if each["severity"] == "error"]
    assert errors
    assert code is True or code in {error["code"] for error in errors}
    for error in errors:
        assert error["message"]
        assert "file" not in error or error["line"] > 0
    assert "Traceback" not in answer.err
