"""The same formats everywhere, by name or by the ending of the file."""

import csv
import io
import json
from pathlib import Path

import pytest

# A question with rows -> how many it has, and what its first row holds.
ROWS = {
    "analyze lenet5": (12, "C1"),
    "analyze lenet5 --at C3": (1, "C3"),
    "analyze lenet5 --totals": (16, "params"),
    "analyze lenet5 --training adam": (13, "in"),
    "analyze lenet5 --training adam --totals": (5, "activations_bytes"),
    "analyze lenet5 --as torchinfo": (8, "Total params"),
    "stack 28x28x1 relu": (1, "relu1"),
    "conv -W 32 -F 5": (1, "conv"),
    "pool -W 32 -F 2,4": (2, "2"),
    "compare lenet5 lenet5-1998": (12, "params"),
    "compare lenet5 lenet5-1998 --layers": (7, "lenet5-1998"),
    "rf lenet5": (6, "C1"),
    "sizes lenet5 --from 32 --to 36": (5, "32"),
    "solve -W 32 -F 5 --out 32": (1, "32"),
    "sweep lenet5 --vary-input 32,8": (2, "32x32x1 HWC"),
    "zoo --family lenet5": (1, "lenet5"),
    "check lenet5 alexnet": (2, "lenet5.yaml"),
    "layers conv": (1, "conv"),
    "forward digits": (12, "in"),
    "forward digits --show logits": (10, "logits"),
    "forward digits --top-k 3": (3, "softmax1"),
    "forward digits --shift 1,0": (12, "in"),
    "forward digits --sample zeros --sample ones": (2, "zeros"),
    "forward yolov5s --input 32 --sample zeros --sample ones": (2, "zeros"),
}


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def table(text, delimiter):
    return list(csv.reader(io.StringIO(text), delimiter=delimiter))


@pytest.mark.parametrize("line", ROWS)
def test_what_has_rows_is_written_in_every_format(cnncalc, line):
    """The same rows in CSV, TSV and Markdown, and as many in JSON lines and LaTeX."""
    rows, first = ROWS[line]
    command = line.split()
    titles, *cells = table(cnncalc(*command, "--format", "csv").out, ",")
    assert len(cells) == rows
    assert first in cells[0]
    assert all(titles)
    assert len(set(titles)) == len(titles)
    again = table(cnncalc(*command, "--format", "tsv").out, "\t")
    steady = len(titles) - titles.count("seconds")  # a pass never takes as long as the last one
    assert [row[:steady] for row in again] == [row[:steady] for row in (titles, *cells)]
    assert "| --- |" in cnncalc(*command, "--format", "md").out.replace("---:", "---")
    if line == "analyze lenet5 --training adam --totals":
        assert len(cnncalc(*command, "--format", "jsonl").out.splitlines()) == 1
    elif not line.startswith(("analyze lenet5 --at", "compare")):  # picks, or counts other rows
        lines = cnncalc(*command, "--format", "jsonl").out.splitlines()
        assert len(lines) == rows
        assert all(isinstance(json.loads(text), dict) for text in lines)
    if line.startswith(("conv", "pool")):  # formulas, of one setting
        return
    latex = cnncalc(*command, "--format", "latex").out
    assert latex.startswith("\\begin{tabular}{")
    sides = latex.splitlines()[0].removeprefix("\\begin{tabular}{").rstrip("}")
    body = [text for text in latex.splitlines() if text.endswith("\\\\")]
    assert {len(text.replace("\\&", "").split("&")) for text in body} == {len(sides)}


def test_a_pass_has_the_same_numbers_in_every_format(cnncalc):
    command = ("forward", "digits", "--sample", "digits_7.pgm")
    document = cnncalc(*command, "--show", "maxpool1", "--json").json
    titles, *rows = table(cnncalc(*command, "--show", "maxpool1", "--format", "csv").out, ",")
    maps = document["activations"]["maxpool1"]["values"]
    assert titles == ["layer", "c", "h", "w", "value"]
    assert len(rows) == 16 * 4 * 4
    for name, *place, value in rows:
        c, h, w = map(int, place)
        assert (name, float(value)) == ("maxpool1", maps[c][h][w])
    assert {
        (row["c"], row["h"], row["w"]): row["value"]
        for row in map(
            json.loads,
            cnncalc(*command, "--show", "maxpool1", "--format", "jsonl").out.splitlines(),
        )
    } == {(c, h, w): maps[c][h][w] for c in range(16) for h in range(4) for w in range(4)}
    titles, *rows = table(cnncalc(*command, "--format", "csv").out, ",")
    for row, layer in zip(rows, document["layers"], strict=True):
        entry = dict(zip(titles, row, strict=True))
        assert [float(entry[key]) for key in ("min", "mean", "max")] == [
            layer[key] for key in ("min", "mean", "max")
        ]
    titles, first, *_ = table(cnncalc(*command, "--top-k", 2, "--format", "tsv").out, "\t")
    top = document["outputs"][0]["top"][0]
    assert titles == ["layer", "index", "value", "label"]
    assert first == ["softmax1", str(top["index"]), repr(top["value"]), top["label"]]


def test_several_samples_as_rows_with_the_error_of_one_that_fails(cnncalc):
    command = ("forward", "digits", "--sample", "digits_7.pgm", "--sample", "nosuch.pgm")
    answer = cnncalc(*command, "--top-k", 1, "--format", "csv")
    assert answer.status == 3
    titles, good, bad = table(answer.out, ",")
    assert titles == ["sample", "top1", "value1", "error"]
    assert (good[1], good[3]) == ("7 seven", "")
    assert bad == ["nosuch.pgm", "", "", "no-file"]


def test_pictures_are_saved_beside_rows(cnncalc, here):
    answer = cnncalc("forward", "digits", "--show", "conv1", "--save", "maps", "--format", "csv")
    assert answer.status == 0
    assert answer.err == "wrote maps/conv1.pgm\n"
    assert len(table(answer.out, ",")) == 1 + 8 * 8 * 16


def test_totals_as_rows(cnncalc):
    rows = cnncalc("analyze", "lenet5", "--totals", "--format", "jsonl").out.splitlines()
    found = {row["figure"]: (row["value"], row["remark"]) for row in map(json.loads, rows)}
    totals = cnncalc("analyze", "lenet5", "--json").json["totals"]
    assert {key: found[key] for key in ("params", "macs", "connections")} == {
        key: (totals[key], "") for key in ("params", "macs", "connections")
    }


@pytest.mark.parametrize(
    ("words", "what"),
    [
        ("expand lenet5 -o a.json", "expand writes YAML, which .json files do not hold|.yaml"),
        ("report lenet5 -o a.CSV", "report writes HTML, which .CSV files do not hold|.html"),
        ("export lenet5 --to pytorch -o a.md",
         "export writes Python code, which .md files do not hold|.py"),
        ("import a.onnx -o a.json", "import writes YAML, which .json files do not hold|.yaml"),
        ("schema -o a.csv", "schema writes JSON, which .csv files do not hold|.json"),
    ],
)  # fmt: skip
def test_commands_of_one_format_refuse_the_endings_of_others(cnncalc, here, words, what):
    answer = cnncalc(*words.split())
    message, ending = what.split("|")
    assert (answer.status, answer.out) == (2, "")
    assert answer.err == f"error[usage]: {message}\n  = help: end the name in {ending}\n"
    assert not list(here.iterdir())


def test_formulas_as_rows(cnncalc):
    titles, *rows = table(cnncalc("explain", "lenet5", "C1", "--format", "csv").out, ",")
    assert titles == ["layer", "field", "label", "formula", "numbers", "value"]
    assert ["C1", "connections", "connections", "H'·W'·weights", "28·28·150", "117600"] in rows
    assert len(cnncalc("explain", "lenet5", "C1", "--format", "jsonl").out.splitlines()) == 2


@pytest.mark.parametrize("format_", ["table", "md", "latex"])
@pytest.mark.parametrize("view", [(), ("--training", "sgd")])
def test_the_folded_table_of_the_screen_in_other_formats(cnncalc, format_, view):
    """It is what these formats show anyway, so that asking for it is no mistake."""
    command = ("analyze", "resnet50", *view, "--format", format_)
    folded = cnncalc(*command, "--fold")
    assert (folded.status, folded.out) == (0, cnncalc(*command).out)
    assert "bottleneck" in folded.out


def test_the_lines_of_the_training_table_as_csv(cnncalc):
    """The inputs are among them, so that the columns add up to the totals."""
    command = ("analyze", "lenet5", "--training", "adam", "--format", "csv")
    totals = dict(table(cnncalc(*command, "--totals").out, ",")[1:])
    for fold in ((), ("--fold",), ("--depth", "0")):
        titles, *rows = table(cnncalc(*command, *fold).out, ",")
        for key, value in totals.items():
            at = titles.index(key)
            assert sum(int(row[at]) for row in rows) == int(value)
    assert "conv + tanh" in cnncalc(*command, "--fold").out


def test_why_another_tool_counts_otherwise_is_a_column(cnncalc):
    """torchinfo 1.8 adds one operation per output that has a bias."""
    rows = table(cnncalc("analyze", "lenet5", "--as", "torchinfo", "--format", "csv").out, ",")
    (line,) = [row for row in rows if row[0] == "Total mult-adds (M)"]
    assert line[1:] == ["0.42", "423038", "MACs", "416520", "biases: one for each output (+6,518)"]


@pytest.mark.parametrize(
    ("words", "message", "help_"),
    [
        ("--as thop --training sgd", "--training has no effect with --as",
         "leave one of the two out"),
        ("--as thop --totals --format csv", "--totals has no effect with --as",
         "leave one of the two out"),
        ("--expand --fold", "--expand shows every row, --fold folds them",
         "leave one of the two out"),
        ("--training adam --format csv --columns params",
         "--columns has no effect with --format csv --training",
         "it is for table, md, latex, csv, tsv"),
    ],
)  # fmt: skip
def test_views_that_contradict_each_other_are_refused(cnncalc, words, message, help_):
    answer = cnncalc("analyze", "lenet5", *words.split())
    assert (answer.status, answer.out) == (2, "")
    assert answer.err.splitlines() == [f"error[usage]: {message}", f"  = help: {help_}"]


@pytest.mark.parametrize("words", ["--fold", "--depth 0", "--sort params --top 3", "--at layer1"])
def test_the_lines_of_the_table_as_csv(cnncalc, words):
    question = ("analyze", "resnet18", *words.split())
    titles, *rows = table(cnncalc(*question, "--format", "csv").out, ",")
    shown = cnncalc(*(word for word in question if word != "--fold")).out
    names = [row[titles.index("name")] for row in rows]
    params = [int(row[titles.index("params")]) for row in rows]
    body = shown.split("\n\n")[0].splitlines()[2:]
    for name, number in zip(names, params, strict=True):
        assert any(name in text.split() and f"{number:,}" in text.split() for text in body)
    assert "total" not in names
    assert len(rows) == len([t for t in body if t.split()[0] not in {"total", "shown"}
                             and "input" not in t.split()])  # fmt: skip


@pytest.mark.parametrize(
    ("ending", "begins"),
    [("json", "{"), ("jsonl", "{"), ("csv", "index,"), ("tsv", "index\t"), ("md", "| #"),
     ("tex", "\\begin{tabular}"), ("TXT", "LeNet-5"), ("", "LeNet-5")],
)  # fmt: skip
def test_the_ending_of_the_file_chooses_the_format(cnncalc, here, monkeypatch, ending, begins):
    file = f"out.{ending}" if ending else "out"
    assert cnncalc("analyze", "lenet5", "-o", file).status == 0
    assert Path(file).read_text(encoding="utf-8").startswith(begins)
    if ending not in ("", "TXT"):
        monkeypatch.setenv("CNNCALC_FORMAT", "csv" if ending != "csv" else "json")
        cnncalc("analyze", "lenet5", "-o", file)
        assert Path(file).read_text(encoding="utf-8").startswith(begins)


@pytest.mark.parametrize(
    ("words", "message", "help_"),
    [
        ("analyze lenet5 --format md -o out.csv",
         "the ending .csv of -o contradicts --format md", "change one of the two"),
        ("analyze lenet5 --format table -o out.json",
         "the ending .json of -o contradicts --format table", "change one of the two"),
        ("forward digits -o out.xml", "forward cannot write .xml files",
         "it writes .json, .jsonl, .csv, .tsv, .md, .tex; files with other endings hold text"),
        ("forward digits -o out.csv --json", "the ending .csv of -o contradicts --json",
         "change one of the two"),
        ("forward digits --show conv1 --top-k 2 -o out.csv",
         "--show and --top-k are two tables, and csv holds one",
         "leave one of them out; --json holds both"),
        ("forward digits --trace conv1 -o out.md",
         "--trace is written as text or JSON, not as md", "--json holds every term of it"),
        ("forward digits --steps -o out.jsonl",
         "--steps is written as text only; with --json, use --show and --trace", None),
        ("compare lenet5 alexnet -o out.xml", "compare cannot write .xml files",
         "it writes .json, .jsonl, .csv, .tsv, .md, .tex; files with other endings hold text"),
    ],
)  # fmt: skip
def test_an_ending_that_contradicts_is_refused(cnncalc, here, words, message, help_):
    answer = cnncalc(*words.split())
    assert answer.status == 2
    told = f"  = help: {help_}\n" if help_ else ""
    assert answer.err == f"error[usage]: {message}\n{told}"
    assert not list(here.iterdir())


def test_json_contradicts_another_ending_in_a_document(cnncalc, here):
    answer = cnncalc("analyze", "lenet5", "--json", "-o", "out.csv")
    assert (answer.status, answer.json["ok"]) == (2, False)


def test_endings_that_agree_or_say_nothing_are_taken(cnncalc, here):
    assert cnncalc("analyze", "lenet5", "--format", "jsonl", "-o", "out.json").status == 0
    assert cnncalc("analyze", "lenet5", "--format", "csv", "-o", "out.txt").status == 0
    assert cnncalc("analyze", "lenet5", "--json", "-o", "out.json").status == 0
    assert cnncalc("zoo", "lenet5", "-o", "spec.md").status == 0
    assert Path("spec.md").read_text(encoding="utf-8").startswith("name: LeNet-5")


def test_names_are_escaped_for_latex(cnncalc, here):
    Path("net.yaml").write_text("input: 5x5x1\nlayers: [{a_b: conv 1 3x3}]\n", encoding="utf-8")
    assert "a\\_b & conv & " in cnncalc("analyze", "net.yaml", "--format", "latex").out


@pytest.mark.parametrize("ending", [".html", ".pdf", ".xlsx", ".png", ".yaml"])
@pytest.mark.parametrize("command", ["analyze", "rf", "check", "explain"])
def test_a_file_that_would_hold_no_text_is_refused(cnncalc, here, command, ending):
    answer = cnncalc(command, "lenet5", "-o", f"out{ending}")
    assert (answer.status, answer.out) == (2, "")
    assert answer.err.startswith(f"error[usage]: {command} cannot write {ending} files\n")
    assert not list(here.iterdir())


def test_a_spec_may_be_copied_to_a_yaml_file(cnncalc, here):
    assert cnncalc("zoo", "lenet5", "-o", "mine.yaml").status == 0
    assert cnncalc("analyze", "mine.yaml").status == 0
