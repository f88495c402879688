"""Networks typed in place of a file: "28x28x1; conv 16 5x5; fc 10"."""

from __future__ import annotations

import pytest

from cnncalc import load
from cnncalc.cli.analyze import stacked

LAYERS = ("conv 16 5x5 p2", "pool 2x2", "fc 10")
TYPED = "; ".join(["28x28x1", *LAYERS])


@pytest.mark.parametrize(
    "words",
    [
        ("analyze", TYPED), ("sizes", TYPED, "--from", 20, "--to", 30), ("rf", TYPED),
        ("explain", TYPED, "conv1"), ("sweep", TYPED, "--vary-input", "28,32"),
        ("compare", TYPED, "28x28x1; conv 8 5x5 p2; fc 10"), ("expand", TYPED),
        ("forward", TYPED, "--sample", "count"),
    ],
    ids=lambda words: words[0],
)  # fmt: skip
def test_every_command_takes_one(cnncalc, words):
    answer = cnncalc(*words)
    assert (answer.status, answer.err) == (0, "")


def test_it_is_the_network_of_stack(cnncalc):
    typed, stack = load(TYPED), stacked("28x28x1", list(LAYERS))
    assert typed.nodes == stack.nodes
    assert load(TYPED, input="32").nodes[-1].shape == typed.nodes[-1].shape
    here = cnncalc("analyze", TYPED, "--json").json
    assert here["totals"]["params"] == 16 * 25 + 16 + 14 * 14 * 16 * 10 + 10


def test_a_mistake_is_shown_at_its_place(cnncalc):
    answer = cnncalc("rf", "28x28x1; conv 16 5x5 q")
    assert answer.status == 1
    assert answer.err.splitlines()[:5] == [
        "error[unknown-word]: 'conv' does not understand 'q'",
        " --> stack:3:18",
        "  |",
        '3 |   - "conv 16 5x5 q"',
        "  |                  ^",
    ]


def test_a_file_with_such_a_name_comes_first(cnncalc, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a; b").write_text("input: 4\nlayers:\n  - fc 2\n")
    assert cnncalc("analyze", "a; b", "--json").json["totals"]["params"] == 10
