"""`zoo`: the list of bundled networks, its filters, orders and formats; one spec, and its copy."""

import csv
import io
import sys

import jsonschema
import pytest

from cnncalc import analyze, load, zoo
from cnncalc.cli import output
from cnncalc.render.catalogue import schema as zoo_schema

HEADINGS = ["Name", "Family", "Year", "Input", "Params", "MACs", "RF", "Source"]
SAMPLE = ("alexnet", "resnet50", "wavenet", "unet-3d", "r3d_18", "siamese", "yolov5x",
          "mobilenet_v1_0.5_160", "dscnn", "googlenet_aux_eval")  # fmt: skip


@pytest.fixture
def listed(cnncalc):
    """The networks of the JSON document that some options give."""

    def ask(*options):
        answer = cnncalc("zoo", "--json", *options)
        assert answer.status == 0
        return answer.json["networks"]

    return ask


@pytest.fixture
def names(listed):
    return lambda *options: [entry["name"] for entry in listed(*options)]


# -- the list


def test_a_line_for_every_network_of_every_file(cnncalc):
    heading, *lines = cnncalc("zoo").out.splitlines()
    assert heading.split() == HEADINGS
    assert len(lines) >= 200
    named = [line.split()[0] for line in lines]
    assert sorted(named) == sorted(
        name for stem, path in zoo.files().items() for name in [*zoo.variants(path)] or [stem]
    )
    assert {line.split()[1] for line in lines} == set(zoo.files())


def test_a_line_in_full(cnncalc):
    (line,) = (line for line in cnncalc("zoo").out.splitlines() if line.startswith("resnet50 "))
    assert line.split(maxsplit=7) == [
        "resnet50", "resnet", "2015", "224×224×3", "25,557,032", "4,089,184,256", "427",
        "He, Zhang, Ren, Sun 2015 (arXiv 1512.03385), Table 1",
    ]  # fmt: skip


@pytest.mark.parametrize("name", SAMPLE)
def test_every_figure_is_that_of_a_fresh_analysis(listed, name):
    (entry,) = listed("--match", name)
    network = load(name)
    report = analyze(network)
    assert (entry["params"], entry["macs"]) == (report.totals.params, report.totals.macs)
    assert tuple(entry["rf"]) == report.receptive_field
    assert [port["shape"] for port in entry["inputs"]] == [p.shape.by_letter for p in report.inputs]
    assert entry["output"] == report.outputs[0].shape.text(report.layout, "x")
    assert entry["source"] == network.source[0]


def test_what_a_spec_does_not_promise_stays_empty(cnncalc, listed):
    """The paper counts connections; nothing is computed in place of its MACs."""
    (entry,) = listed("--family", "lenet5-1998")
    assert "macs" not in entry
    text = cnncalc("zoo", "--family", "lenet5-1998", "--columns", "name,macs,rf", "--format", "csv")
    assert text.out == "name,macs,rf\r\nlenet5-1998,,32\r\n"


# -- filters


def test_a_family(names):
    assert names("--family", "lenet5") == ["lenet5"]
    assert names("--family", "mnasnet") == ["mnasnet0_5", "mnasnet0_75", "mnasnet1_0", "mnasnet1_3"]


def test_a_family_that_is_none(cnncalc):
    answer = cnncalc("zoo", "--family", "lenet6")
    assert (answer.status, answer.out) == (2, "")
    assert answer.err.startswith("error[usage]: there is no family 'lenet6'\n")
    assert "did you mean 'lenet5'?" in answer.err


def test_a_pattern_is_of_the_whole_name(names):
    assert names("--match", "resnet5?") == ["resnet50"]
    assert names("--match", "ResNet50*") == ["resnet50", "resnet50_v1", "resnet50d"]
    assert "se_resnet50" in names("--match", "*resnet50*")


@pytest.mark.parametrize(
    ("option", "limit", "kept"),
    [
        ("--max-params", "61706", True),
        ("--max-params", "61705", False),
        ("--max-params", "61.7k", False),
        ("--max-params", "0.1M", True),
        ("--max-macs", "416520", True),
        ("--max-macs", "416519", False),
    ],
)
def test_limits_are_exact(names, option, limit, kept):
    assert names("--family", "lenet5", option, limit) == (["lenet5"] if kept else [])


def test_limits_together_and_what_is_unknown(names, listed):
    small = listed("--max-params", "5M", "--max-macs", "600M")
    assert all(entry["params"] <= 5e6 and entry["macs"] <= 6e8 for entry in small)
    assert {"mobilenet_v1", "mobilenet_v2", "lenet5"} <= {entry["name"] for entry in small}
    assert "resnet50" not in {entry["name"] for entry in small}
    assert names("--family", "lenet5-1998", "--max-params", "5M") == ["lenet5-1998"]
    assert names("--family", "lenet5-1998", "--max-macs", "600M") == []


@pytest.mark.parametrize(
    ("years", "kept"),
    [
        ("2015", True), ("2014", False), ("2016", False), ("2015..2019", True),
        ("2016..2019", False), ("2010..2015", True), ("2010..2014", False), ("2015..", True),
        ("2016..", False), ("..2015", True), ("..2014", False),
    ],
)  # fmt: skip
def test_years_include_both_ends(names, years, kept):
    assert ("resnet50" in names("--year", years)) == kept


def test_years_that_are_none(cnncalc):
    for wrong in ("..", "15", "2015-2019", "2015 2019", "20152019", "x"):
        answer = cnncalc("zoo", "--year", wrong)
        assert (answer.status, answer.out) == (2, "")
        assert (
            f"'{wrong}' is not a year or a range of years; write 2015 or 2015..2019" in answer.err
        )
    answer = cnncalc("zoo", "--year", "2019..2015")
    assert answer.status == 2
    assert "'2019..2015' ends before it begins; write 2015..2019" in answer.err


def test_a_limit_that_is_none(cnncalc):
    answer = cnncalc("zoo", "--max-params", "5Q")
    assert (answer.status, answer.out) == (2, "")
    assert "'5Q' is not a valid limit" in answer.err


def test_no_network_at_all_is_said(cnncalc):
    answer = cnncalc("zoo", "--match", "resnet51")
    assert (answer.status, answer.out.split()) == (0, HEADINGS)
    assert answer.err == "note[empty]: no bundled network matches\n"
    for style in ("json", "csv", "tsv", "md"):
        assert cnncalc("zoo", "--match", "resnet51", "--format", style).status == 0


# -- order


def test_figures_from_the_largest_names_from_a(names):
    resnets = ("--match", "resnet[0-9]*[!a1]", "--family", "resnet", "--max-params", "30M")
    assert names(*resnets) == ["resnet18", "resnet34", "resnet50"]
    assert names(*resnets, "--sort", "params") == ["resnet50", "resnet34", "resnet18"]
    assert names(*resnets, "--sort", "rf") == ["resnet34", "resnet18", "resnet50"]
    assert names(*resnets, "--sort", "rf", "--reverse") == ["resnet50", "resnet18", "resnet34"]
    assert names(*resnets, "--reverse") == ["resnet50", "resnet34", "resnet18"]
    everything = names("--sort", "name")
    assert everything == sorted(everything)
    assert names("--sort", "name", "--reverse") == everything[::-1]


def test_what_is_unknown_comes_last_either_way(names):
    lenets = ("--match", "lenet5*", "--sort", "macs")
    assert names(*lenets) == ["lenet5", "lenet5-1998"]
    assert names(*lenets, "--reverse") == ["lenet5", "lenet5-1998"]
    assert names("--match", "lenet5*", "--sort", "params", "--reverse") == ["lenet5-1998", "lenet5"]


def test_fields_are_compared_on_their_smallest_axis(names):
    """117×315×315 before 107×571×571."""
    assert names("--match", "[rs]3d*", "--sort", "rf") == ["r3d_18", "s3d"]


def test_years_from_the_latest(listed):
    years = [entry["year"] for entry in listed("--sort", "year")]
    assert years == sorted(years, reverse=True)


# -- columns and formats


def test_columns(cnncalc):
    answer = cnncalc("zoo", "--family", "dscnn", "--columns", "rf,name,output,title")
    assert [line.split(maxsplit=3) for line in answer.out.splitlines()] == [
        ["RF", "Name", "Output", "Title"],
        ["72×28", "dscnn", "12", "DS-CNN"],
    ]
    wrong = cnncalc("zoo", "--columns", "name,param")
    assert wrong.status == 2
    assert wrong.err.startswith("error[usage]: there is no column 'param'\n")
    shown = [line.split()[0] for line in cnncalc("zoo", "--columns", "help").out.splitlines()]
    assert {heading.lower() for heading in HEADINGS} < set(shown)


def test_csv_and_tsv_hold_plain_numbers(cnncalc):
    answer = cnncalc("zoo", "--format", "csv")
    (row,) = (row for row in csv.DictReader(io.StringIO(answer.out)) if row["name"] == "dscnn")
    assert (row["input"], row["params"], row["rf"]) == ("49x10x1", "23756", "72x28")
    tabs = cnncalc("zoo", "--format", "tsv", "--columns", "name,year", "--family", "dscnn")
    assert tabs.out == "name\tyear\r\ndscnn\t2017\r\n"


def test_markdown(cnncalc):
    answer = cnncalc("zoo", "--family", "lenet5", "--format", "md", "--columns", "name,input,rf")
    assert answer.out == "| Name | Input | RF |\n| --- | ---: | ---: |\n| lenet5 | 32×32×1 | 32 |\n"


def test_the_document_says_what_it_is(cnncalc):
    document = cnncalc("zoo", "--family", "siamese", "--json").json
    jsonschema.validate(document, zoo_schema())
    assert (document["schema"], document["ok"]) == ("cnncalc.zoo/1", True)
    (entry,) = document["networks"]
    assert entry["input"] == "105x105x1, 105x105x1"
    assert [port["name"] for port in entry["inputs"]] == ["left", "right"]


def test_every_network_fits_the_schema(cnncalc):
    document = cnncalc("zoo", "--json").json
    jsonschema.validate(document, zoo_schema())
    document["networks"][0]["surprise"] = 1
    assert not jsonschema.Draft202012Validator(zoo_schema()).is_valid(document)


def test_ascii_and_a_file(cnncalc, tmp_path):
    assert cnncalc("zoo", "--family", "vgg", "--ascii").out.isascii()
    assert cnncalc("zoo", "--family", "vgg", "-o", tmp_path / "list.txt").out == ""
    assert "vgg16_bn" in (tmp_path / "list.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("extra", [[], ["--ascii"]])
def test_only_a_terminal_cuts_the_source(cnncalc, monkeypatch, extra):
    whole = cnncalc("zoo", "--family", "lenet5", *extra).out.splitlines()[1]
    monkeypatch.setattr(output, "terminal", lambda stream=None: stream is not sys.stderr)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "90")
    cut = cnncalc("zoo", "--family", "lenet5", *extra).out.splitlines()[2]
    mark = "..." if extra else "…"
    assert whole.endswith("'Gradient-based learning applied to document recognition'")
    assert cut.endswith(mark)
    assert whole.startswith(cut.removesuffix(mark))
    assert 85 < len(cut) <= 90
    monkeypatch.setenv("COLUMNS", "400")
    assert cnncalc("zoo", "--family", "lenet5", *extra).out.splitlines()[2] == whole


def test_a_narrow_terminal_leaves_columns_out_and_says_which(cnncalc, monkeypatch):
    monkeypatch.setattr(output, "terminal", lambda stream=None: stream is not sys.stderr)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "40")
    lines = cnncalc("zoo", "--family", "lenet5").out.splitlines()
    assert lines[0] == "Name    Year    Input  Params     MACs"
    assert " ".join(lines[-2:]) == (
        "not shown for want of width: source,   family, rf (--columns shows them)"
    )


# -- one spec


def test_a_spec_is_printed_and_copied_as_it_is(cnncalc, tmp_path):
    text = zoo.files()["resnet"].read_text(encoding="utf-8")
    assert cnncalc("zoo", "resnet50").out == text
    assert cnncalc("zoo", "resnet", "--copy", tmp_path / "mine.yaml").out == ""
    assert (tmp_path / "mine.yaml").read_text(encoding="utf-8") == text
    again = cnncalc("zoo", "lenet5", "--copy", tmp_path / "mine.yaml")
    assert again.status == 3
    assert again.err == f"error[exists]: {tmp_path / 'mine.yaml'} already exists\n"
    assert (tmp_path / "mine.yaml").read_text(encoding="utf-8") == text
    assert cnncalc("zoo", "lenet5", "--copy", tmp_path).status == 0
    assert (tmp_path / "lenet5.yaml").is_file()


def test_weights_in_the_box_are_copied_too_and_nothing_is_overwritten(cnncalc, tmp_path):
    assert cnncalc("zoo", "digits", "--copy", tmp_path / "mine.yaml").out == ""
    weights = tmp_path / "digits.safetensors"
    assert weights.read_bytes() == zoo.files()["digits"].with_suffix(".safetensors").read_bytes()
    assert cnncalc("forward", tmp_path / "mine.yaml", "--json").json["weights"]["tensors"] == {
        "file": 8
    }
    assert {path.name for path in tmp_path.glob("*.pgm")} == {f"digits_{n}.pgm" for n in range(10)}
    weights.write_bytes(b"mine")
    again = cnncalc("zoo", "digits", "--copy", tmp_path / "other.yaml")
    assert (again.status, again.err) == (3, f"error[exists]: {weights} already exists\n")
    assert not (tmp_path / "other.yaml").exists()
    assert weights.read_bytes() == b"mine"


def test_networks_that_are_not_bundled(cnncalc):
    answer = cnncalc("zoo", "resnet51")
    assert answer.status == 3
    assert "no bundled network named 'resnet51'" in answer.err


@pytest.mark.parametrize(
    "option",
    [["--json"], ["--format", "csv"], ["--sort", "name"], ["--max-params", "5M"], ["--reverse"],
     ["--family", "lenet5"], ["--year", "1998"], ["--columns", "help"]],
    ids=lambda option: option[0],
)  # fmt: skip
def test_a_spec_is_not_filtered(cnncalc, option):
    assert cnncalc("zoo", *option).status == 0
    answer = cnncalc("zoo", "lenet5", *option)
    assert answer.status == 2
    assert f"Invalid value for {option[0]}: is for the list of all networks" in answer.err


def test_a_copy_of_nothing(cnncalc, tmp_path):
    answer = cnncalc("zoo", "--copy", tmp_path / "x.yaml")
    assert answer.status == 2
    assert "name the network to copy" in answer.err
    assert not (tmp_path / "x.yaml").exists()


@pytest.mark.parametrize(
    ("typed", "at", "offered"),
    [
        ("cnncalc zoo wide_", 2, ["wide_resnet101_2", "wide_resnet50_2"]),
        ("cnncalc zoo --family lenet5-", 3, ["lenet5-1998"]),
        ("cnncalc zoo --columns name,pa", 3, ["name,params"]),
        ("cnncalc zoo --sort pa", 3, ["params"]),
    ],
)
def test_completion(cnncalc, monkeypatch, typed, at, offered):
    monkeypatch.setenv("_CNNCALC_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", typed)
    monkeypatch.setenv("COMP_CWORD", str(at))
    assert sorted(cnncalc().out.split()) == offered
