"""`cnncalc sweep` on the command line: formats, the front, the plot, questions 14 and 19."""

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from cnncalc.render.sweep import schema as sweep_schema

TINY = "input: 8x8x1\nvars: {k: 4, f: 3}\nlayers:\n  - conv k f=f\n"


@pytest.fixture
def tiny(tmp_path):
    path = tmp_path / "tiny.yaml"
    path.write_text(TINY, encoding="utf-8")
    return str(path)


def rows(text):
    return [line.split() for line in text.splitlines()]


def test_question_14_what_the_width_multiple_does(cnncalc):
    """MobileNetV2 at 0.5, 0.75 and 1.0: torchvision's 3,504,872 and the papers' 2.0 M, 2.6 M."""
    answer = cnncalc("sweep", "mobilenet_v2", "--vary", "width=0.5,0.75,1.0")
    assert [(row[0], row[2]) for row in rows(answer.out)[1:]] == [
        ("0.5", "1,968,680"), ("0.75", "2,636,424"), ("1.0", "3,504,872"),
    ]  # fmt: skip


def test_question_19_the_work_follows_the_input_size(cnncalc):
    answer = cnncalc("sweep", "resnet50", "--vary-input", "224,448", "--columns", "macs")
    head = 2_048_000
    small, large = (int(row[-1].replace(",", "")) for row in rows(answer.out)[1:])
    assert small == 4_089_184_256
    assert large - head == 4 * (small - head)


def test_failures_are_rows_with_a_reason(cnncalc, tiny):
    answer = cnncalc("sweep", tiny, "--vary", "f=8,9")
    assert answer.status == 0
    why = f"filter-too-big: the filter (9) is larger than its input (8) ({tiny}:4:14)"
    assert answer.out.splitlines() == [
        "f  output  Params  MACs  Peak bytes  RF  remark",
        "8   1×1×4     260   256         272   8",
        f"9       -                                {why}",
    ]


def test_only_failures_fail(cnncalc, tiny):
    assert cnncalc("sweep", tiny, "--vary", "f=9,10").status == 1
    document = cnncalc("sweep", tiny, "--vary", "f=9", "--json").json
    jsonschema.validate(document, sweep_schema())
    assert document["ok"] is False


def test_csv_is_plain_numbers(cnncalc, tiny):
    text = cnncalc("sweep", tiny, "--vary", "k=1,2", "--vary", "f=8:9", "--format", "csv").out
    table = list(csv.DictReader(io.StringIO(text)))
    assert [(row["k"], row["f"], row["params"], row["output"]) for row in table] == [
        ("1", "8", "65", "1x1x1"), ("1", "9", "", ""), ("2", "8", "130", "1x1x2"),
        ("2", "9", "", ""),
    ]  # fmt: skip
    assert table[1]["error"].startswith("filter-too-big: ")


def test_jsonl_is_one_result_a_line(cnncalc, tiny):
    lines = cnncalc("sweep", tiny, "--vary", "f=7:9", "--format", "jsonl").out.splitlines()
    results = [json.loads(line) for line in lines]
    schema = sweep_schema()
    document = {**cnncalc("sweep", tiny, "--vary", "f=1", "--json").json, "results": results}
    jsonschema.validate(document, schema)
    assert [result["ok"] for result in results] == [True, True, False]


def test_jsonl_is_written_as_it_is_computed(tiny):
    """The first line of a sweep that would take days arrives, and a closed pipe ends it."""
    root = str(Path(__file__).parents[2])
    command = [sys.executable, "-m", "cnncalc", "sweep", tiny, "--format", "jsonl"]
    with subprocess.Popen(
        [*command, "--vary", "k=1:1000000000"],
        stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": root}, text=True,
    ) as process:  # fmt: skip
        first = json.loads(process.stdout.readline())
        process.stdout.close()
        assert process.wait(timeout=20) == 0
    assert (first["number"], first["vars"]) == (1, {"k": 1})


def test_shards_make_the_whole(cnncalc, tiny):
    asked = ("sweep", tiny, "--vary", "k=1:7", "--format", "jsonl")
    whole = cnncalc(*asked).out.splitlines()
    parts = [cnncalc(*asked, "--shard", f"{i}/3").out.splitlines() for i in (1, 2, 3)]
    assert sorted(line for part in parts for line in part) == sorted(whole)
    assert [len(part) for part in parts] == [3, 2, 2]


def test_jobs_change_nothing(cnncalc, tiny):
    asked = ("sweep", tiny, "--vary", "k=1:20", "--format", "csv")
    assert cnncalc(*asked, "--jobs", "2").out == cnncalc(*asked).out


def test_the_front_is_marked(cnncalc, tiny):
    """With 8 - f + 1 outputs on each axis: fewer MACs or a larger field, never both."""
    asked = ("sweep", tiny, "--vary", "f=1,3,5,7", "--columns", "macs,rf")
    marks = [
        (row[0], row[-1] == "*") for row in rows(cnncalc(*asked, "--pareto", "macs,max:rf").out)[1:]
    ]
    # MACs: 64·1·4 = 256, 36·9·4 = 1,296, 16·25·4 = 1,600, 4·49·4 = 784
    assert marks == [("1", True), ("3", False), ("5", False), ("7", True)]
    least = rows(cnncalc(*asked, "--pareto", "macs").out)[1:]
    assert [row[0] for row in least if row[-1] == "*"] == ["1"]
    document = cnncalc(*asked[:-2], "--pareto", "macs", "--json").json  # JSON has every figure
    assert [result["front"] for result in document["results"]] == [True, False, False, False]


def test_the_plot_is_plain_text(cnncalc, tiny):
    out = cnncalc("sweep", tiny, "--vary", "f=1,3,5,7", "--plot").out
    _, plot = out.split("\n\n")
    lines = plot.splitlines()
    assert lines[0] == "macs"
    assert lines[1].startswith("1,600 |")
    assert lines[16].startswith("  256 |o")
    assert lines[-1].split() == ["1", "7", "f"]
    assert sum(line.count("o") for line in lines[1:-2]) == 4
    assert plot.isascii()


def test_the_plot_follows_the_front(cnncalc, tiny):
    out = cnncalc("sweep", tiny, "--vary", "f=1,3,5,7", "--plot", "--pareto", "macs,max:rf").out
    lines = out.split("\n\n")[1].splitlines()
    assert lines[0] == "rf"
    assert lines[-1].endswith("macs")
    assert sum(line.count("*") for line in lines[1:-2]) == 2


@pytest.mark.parametrize(
    ("asked", "status", "said"),
    [
        ((), 2, "nothing to vary"),
        (("--vary", "q=1"), 1, "the spec has no variable 'q'"),
        (("--vary", "k"), 2, "--vary takes NAME=VALUES, got 'k'"),
        (("--vary", "k=0.5:1:0"), 2, "the range 0.5:1:0 has a step of 0"),
        (("--vary", "k=1", "--vary", "k=2"), 2, "'k' is varied twice"),
        (("--vary", "k=1", "--set", "k=2"), 2, "'k' is both set and varied"),
        (("--vary", "k=1", "--shard", "3/2"), 2, "'3/2' is not a share of the settings"),
        (("--vary", "k=1", "--pareto", "para"), 2, "there is no figure 'para'"),
        (("--vary", "k=1", "--pareto", "most:rf"), 2, "'most:rf' is not a goal"),
        (("--vary", "k=1", "--columns", "mac"), 2, "there is no figure 'mac'"),
        (("--vary", "k=1", "--jobs", "0"), 2, "--jobs"),
    ],
)
def test_mistakes_are_said(cnncalc, tiny, asked, status, said):
    answer = cnncalc("sweep", tiny, *asked)
    assert (answer.status, answer.out) == (status, "")
    assert said in " ".join(answer.err.replace("│", " ").split())
    assert cnncalc("sweep", tiny, "--vary", "k=1").status == 0


def test_the_columns_are_listed(cnncalc, tiny):
    listed = cnncalc("sweep", tiny, "--columns", "help").out
    assert {"params", "macs", "rf"} <= set(listed.strip().split(", "))
