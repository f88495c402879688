"""Whatever is said of a place in a file shows its line, also when the file is read and gone."""

import io
import sys

import pytest

NET = """\
input: 32x30x1
layers:
  - C1: conv 6 5x5 s2 tanh
expect: {params: 61}
"""
FIT = """\
note[fit]: 1 layer leaves part of its input unread: C1, (30 - 5 + 2·0)/2 = 12.5, 1 column unused
 --> {0}:3:9
  |
3 |   - C1: conv 6 5x5 s2 tanh
  |         ^^^^
"""
EXPECT = """\
warning[expect]: params: expected 61, got 156 (+95)
 --> {0}:4:18
  |
4 | expect: {{params: 61}}
  |                  ^^
"""
LAYOUT = """\
 --> {0}:1:8
  |
1 | input: 32x30x1
  |        ^^^^^^^
"""


@pytest.fixture
def net(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.yaml").write_text(NET, encoding="utf-8")
    return tmp_path / "net.yaml"


def test_notes_and_failed_expectations_show_their_lines(cnncalc, net):
    err = cnncalc("analyze", net.name).err
    for said in (FIT, EXPECT, LAYOUT):
        assert said.format("net.yaml") in err


def test_so_they_do_for_a_text_that_cannot_be_read_twice(cnncalc, monkeypatch):
    stdin = io.TextIOWrapper(io.BytesIO(NET.encode()))
    monkeypatch.setattr(sys, "stdin", stdin)
    err = cnncalc("analyze", "-").err
    for said in (FIT, EXPECT, LAYOUT):
        assert said.format("-") in err


def test_what_is_noticed_while_a_network_is_read_shows_its_line(cnncalc, net):
    assert LAYOUT.format("net.yaml") in cnncalc("expand", net.name).err


def test_an_expectation_of_no_layer_shows_its_line(cnncalc, net):
    net.write_text(NET.replace("{params: 61}", "{layers: {C1: {params: 156}}}"))
    assert cnncalc("analyze", net.name).status == 0
    net.write_text(NET.replace("{params: 61}", "{layers: {C2: {params: 156}}}"))
    answer = cnncalc("analyze", net.name)
    assert answer.status == 1
    assert answer.err == (
        "error[unknown-layer]: no layer named 'C2'\n"
        " --> net.yaml:4:32\n"
        "  |\n"
        "4 | expect: {layers: {C2: {params: 156}}}\n"
        "  |                                ^^^\n"
        "  = help: the network has C1, C1.tanh\n"
    )
