"""`cnncalc compare` on the command line: the table, Markdown, JSON, and question 14."""

import jsonschema
import pytest

from cnncalc.render.compare import schema as compare_schema


@pytest.fixture
def pair(tmp_path):
    for name, layer in (("a", "C1: conv 4 3x3 p1"), ("b", "C1: conv 8 5x5 p2")):
        text = f"input: 8x8x1\nlayers:\n  - {layer}\n  - S2: maxpool 2x2\n"
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
    return [str(tmp_path / name) for name in ("a.yaml", "b.yaml")]


def row(text, word):
    (line,) = [line for line in text.splitlines() if line.startswith(f"{word}  ")]
    return line.split()[len(word.split()) :]


def test_question_14_what_do_the_multiples_do(cnncalc):
    """YOLOv5 prints 7,235,389 and 21,190,557 parameters for its s and m models."""
    answer = cnncalc("compare", "yolov5@yolov5s", "yolov5@yolov5m")
    assert answer.status == 0
    assert row(answer.out, "params") == ["7,235,389", "21,190,557", "+13,955,168", "+192.9", "%"]


def test_unchanged_figures_leave_the_change_empty(cnncalc, pair):
    assert row(cnncalc("compare", *pair).out, "layers") == ["2", "2"]


def test_layers_are_counted_and_shown_when_asked(cnncalc, pair):
    a, b = pair
    short = cnncalc("compare", a, b).out
    assert short.splitlines()[-1] == f"layers of {a} and {b}: 1 changed, 1 differing only in size"
    assert cnncalc("compare", a, b, "--layers").out.splitlines()[-1] == (
        "~  C1  filters 4 → 8, kernel 3 → 5, padding 1 → 2, out 8×8×4 → 8×8×8, "
        "params 40 → 208, MACs 2,304 → 12,800"
    )


def test_ascii(cnncalc, pair):
    assert cnncalc("compare", *pair, "--layers", "--ascii").out.isascii()


def test_markdown_for_a_pull_request(cnncalc, pair):
    lines = cnncalc("compare", *pair, "--layers", "--format", "md").out.splitlines()
    assert lines[1] == "| --- | ---: | ---: | ---: | ---: |"
    assert "| params | 40 | 208 | +168 | +420.0 % |" in lines
    assert lines[-1].startswith("| ~ | C1 | filters 4 → 8, ")


def test_json_fits_its_schema(cnncalc, pair):
    document = cnncalc("compare", *pair, "resnet18", "--json").json
    jsonschema.validate(document, compare_schema())
    (params,) = [figure for figure in document["totals"] if figure["key"] == "params"]
    assert params == {
        "key": "params", "values": [40, 208, 11689512], "deltas": [0, 168, 11689472],
    }  # fmt: skip
    first = document["layers"][0]
    assert (first["status"], first["before"], first["after"]) == ("changed", "C1", "C1")
    assert first["changes"]["filters"] == [4, 8]
    assert first["changes"]["out"] == [{"h": 8, "w": 8, "c": 4}, {"h": 8, "w": 8, "c": 8}]


def test_input_and_set_apply_to_all(cnncalc):
    answer = cnncalc("compare", "resnet18", "resnet34", "--input", "64x64x3", "--set", "classes=10")
    assert row(answer.out, "input") == ["64×64×3", "64×64×3"]
    assert row(answer.out, "output") == ["10", "10"]


def test_one_network_is_a_wrong_command_line(cnncalc):
    answer = cnncalc("compare", "lenet5", "--json")
    assert answer.status == 2
    assert answer.json["diagnostics"][0]["code"] == "usage"
    assert cnncalc("compare", "lenet5", "lenet5").status == 0


def test_a_missing_file_is_said(cnncalc):
    answer = cnncalc("compare", "lenet5", "lenet6.yaml")
    assert answer.status == 3
    assert "there is no file 'lenet6.yaml'" in answer.err
