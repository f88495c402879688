"""`cnncalc compare` on the command line: the table, Markdown, JSON, and question 14."""

import subprocess

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
    assert short.splitlines()[-2] == f"layers of {a} and {b}: 1 changed, 1 differing only in size"
    assert cnncalc("compare", a, b, "--layers").out.splitlines()[-2] == (
        "~  C1  filters 4 → 8, kernel 3 → 5, padding 1 → 2, out 8×8×4 → 8×8×8, "
        "params 40 → 208, MACs 2,304 → 12,800"
    )


def test_ascii(cnncalc, pair):
    assert cnncalc("compare", *pair, "--layers", "--ascii").out.isascii()


def test_markdown_for_a_pull_request(cnncalc, pair):
    lines = cnncalc("compare", *pair, "--layers", "--format", "md").out.splitlines()
    assert lines[1] == "| --- | ---: | ---: | ---: | ---: |"
    assert "| params | 40 | 208 | +168 | +420.0 % |" in lines
    assert lines[-3].startswith("| ~ | C1 | filters 4 → 8, ")
    assert lines[-1] == ("most of the change: C1, +168 of +168 params and +10,496 of +10,496 MACs")


def last_line(answer):
    assert answer.status == 0
    return answer.out.splitlines()[-1]


def test_the_last_line_says_where_most_of_the_change_is(cnncalc):
    """ResNet-34 has 10,108,160 parameters more: 4 blocks of 1,180,672 in layer3, 1 of 4,720,640
    in layer4, and less in the others."""
    assert last_line(cnncalc("compare", "resnet18", "resnet34")) == (
        "most of the change: layer3 and layer4, +9.44 M of +10.1 M params; "
        "layer3 and layer2, +1.39 G of +1.85 G MACs"
    )


def test_each_network_has_its_own_last_line(cnncalc):
    lines = cnncalc("compare", "resnet18", "resnet34", "resnet18", "vgg16").out.splitlines()
    assert [line[:30] for line in lines if line.startswith("most")] == [
        "most of the change: layer3 and",
        "most of the change: classifier",
    ]


def test_equal_networks_have_no_most_of_a_change(cnncalc, pair):
    assert "most of" not in cnncalc("compare", "resnet18", "resnet18").out
    assert cnncalc("compare", "resnet18", "resnet18", "--json").json["main_changes"] == []


def test_what_other_parts_take_back_is_told(cnncalc, tmp_path):
    for name, first, second in (("a", 100, 10), ("b", 10, 200)):
        text = f"input: 10\nlayers:\n  - one: fc {first}\n  - two: fc {second}\n"
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
    files = [str(tmp_path / f"{name}.yaml") for name in "ab"]
    # (10 + 1) * 100 = 1100 and (100 + 1) * 10 = 1010; then 110 and (10 + 1) * 200 = 2200
    assert last_line(cnncalc("compare", *files)) == (
        "most of the change: two, +1,190 of +200 params (-990 elsewhere) "
        "and +1,000 of +100 MACs (-900 elsewhere)"
    )


def test_a_change_in_many_parts_names_the_first(cnncalc, tmp_path):
    for units in (10, 20):
        layers = "".join(f"  - part{k}: fc {units}\n" for k in range(9))
        (tmp_path / f"{units}.yaml").write_text(f"input: {units}\nlayers:\n{layers}", "utf-8")
    line = last_line(cnncalc("compare", *(str(tmp_path / f"{n}.yaml") for n in (10, 20))))
    # every layer has 10 * 10 + 10 = 110 parameters before, and 20 * 20 + 20 = 420 after
    assert line == (
        "most of the change: part0, part1, part2 and 2 more, +1,550 of +2,790 params "
        "and +1,500 of +2,700 MACs"
    )


def test_the_last_line_of_a_revision(cnncalc, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    spec = tmp_path / "net.yaml"
    spec.write_text("input: 8x8x1\nlayers:\n  - c: conv 4 3x3\n", encoding="utf-8")
    author = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
    for command in (["init", "-q"], ["add", "."], [*author, "commit", "-qm", "first"]):
        subprocess.run(["git", *command], check=True)
    spec.write_text("input: 8x8x1\nlayers:\n  - c: conv 4 3x3\n  - fc 10\n", encoding="utf-8")
    # 6 * 6 * 4 = 144 inputs of 10 units
    assert last_line(cnncalc("compare", "HEAD:net.yaml", "net.yaml")) == (
        "most of the change: fc1, +1,450 of +1,450 params and +1,440 of +1,440 MACs"
    )


def test_json_fits_its_schema(cnncalc, pair):
    document = cnncalc("compare", *pair, "resnet18", "--json").json
    jsonschema.validate(document, compare_schema())
    assert document["main_changes"][0] == {
        "network": pair[1],
        "key": "params",
        "delta": 168,
        "parts": [{"part": "C1", "delta": 168}],
    }
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


def test_figures_that_are_picked(cnncalc):
    """ResNet-18 and ResNet-34 as published: 11,689,512 and 21,797,672 parameters."""
    command = ("compare", "resnet18", "resnet34", "--columns", "params,output")
    lines = cnncalc(*command).out.splitlines()
    assert [line.split()[0] for line in lines[:4] if line] == ["resnet18", "params", "output"]
    assert (
        cnncalc(*command, "--format", "md").out.count("| params | 11,689,512 | 21,797,672 |") == 1
    )
    csv = cnncalc("compare", "resnet18", "resnet34", "--columns", "params", "--format", "csv").out
    assert csv.splitlines() == [
        "figure,resnet18,resnet34,resnet34_change",
        "params,11689512,21797672,10108160",
    ]


@pytest.mark.parametrize("format_", ["table", "md", "csv", "latex"])
def test_layers_of_some_types(cnncalc, format_):
    """From LeNet-5 to its first form: two convolutions change, the output layer goes."""
    command = ("compare", "lenet5", "lenet5-1998", "--layers", "--format", format_)
    out = cnncalc(*command, "--only", "conv").out
    assert "C3" in out
    assert "out.fc1" not in out
    assert "S2" not in out
    assert "S2" in cnncalc(*command).out


@pytest.mark.parametrize(
    ("words", "message", "help_"),
    [
        ("--columns param", "there is no figure 'param'", "did you mean 'params'?"),
        ("--layers --only cnv", "there is no layer type 'cnv'", "did you mean 'conv'?"),
        ("--layers --columns macs --format csv",
         "--columns has no effect on the layers, which csv holds alone",
         "leave out --layers or --columns"),
        ("--columns macs --format jsonl",
         "--columns is for tables; jsonl always holds everything",
         "--format table or md shows it"),
    ],
)  # fmt: skip
def test_what_is_picked_in_vain(cnncalc, words, message, help_):
    answer = cnncalc("compare", "lenet5", "lenet5-1998", *words.split())
    assert (answer.status, answer.out) == (2, "")
    assert answer.err.splitlines() == [f"error[usage]: {message}", f"  = help: {help_}"]


def test_picked_layers_need_layers(cnncalc):
    answer = cnncalc("compare", "lenet5", "lenet5-1998", "--only", "conv")
    assert answer.status == 2
    assert "--only: needs --layers" in answer.err
