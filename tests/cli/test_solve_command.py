"""`cnncalc solve`: questions 6 and 7 of the manual, tables, JSON, exit codes."""

import subprocess
import sys

import jsonschema
import pytest

from cnncalc.render.solve import schema as solve_schema


def tables(answer):
    """Title -> the cells of its lines."""
    found = {}
    for block in answer.out.split("\n\n")[1:]:
        title, *lines = block.splitlines()
        found[title.partition(":")[0]] = [line.split() for line in lines]
    return found


def test_is_the_input_of_alexnet_224_or_227(cnncalc):
    """Question 6: 227 fits exactly; 224 needs padding 2, and rounds down."""
    answer = cnncalc("solve", "-F", 11, "-S", 4, "--out", 55)
    assert answer.status == 0
    found = tables(answer)
    assert found["fits exactly"][:2] == [["W", "F", "S", "P", "Remark"], ["227", "11", "4", "0"]]
    assert found["rounds down"][1][:4] == ["224", "11", "4", "2"]
    assert " ".join(found["rounds down"][1][4:]) == "1 unread at the edge"
    assert found["rounds down"][-1] == ["and", "23", "more", "(--top", "33)"]


def test_which_padding_keeps_the_size(cnncalc):
    """Question 7: a 5x5 filter keeps 32 with two zeros on each side."""
    found = tables(cnncalc("solve", "-W", 32, "-F", 5, "--out", 32))
    assert found == {"fits exactly": [["W", "F", "S", "P", "Remark"], ["32", "5", "1", "2"]]}


def test_which_stride_halves_it(cnncalc):
    found = tables(cnncalc("solve", "-W", 32, "-F", 3, "-P", 1, "--out", 16))
    assert found["rounds down"][1][:4] == ["32", "3", "2", "1"]


def test_none_is_said_plainly_with_what_comes_nearest(cnncalc):
    answer = cnncalc("solve", "-W", 32, "-F", 3, "-S", 2, "-P", 0, "--out", 16)
    assert answer.status == 1
    assert answer.out == (
        "⌊(W - F + 2P)/S⌋ + 1 = 16\n\nno setting within the ranges gives 16\nnearest:\n"
        " W  F  S  P  Remark                gives\n"
        "32  3  2  0  1 unread at the edge     15\n"
    )
    assert cnncalc("solve", "-W", 32, "-F", 3, "-S", 2, "-P", 0, "--out", 15).status == 0


def test_exact_only(cnncalc):
    some = cnncalc("solve", "-W", 32, "-F", "2,3", "--out", 16, "--exact")
    assert (some.status, list(tables(some))) == (0, ["fits exactly"])
    none = cnncalc("solve", "-W", 32, "-F", 3, "-P", 1, "--out", 16, "--exact")
    assert none.status == 1
    assert "no setting within the ranges gives 16 exactly\nnearest:\n" in none.out


def test_transposed_finds_the_output_padding(cnncalc):
    found = tables(
        cnncalc("solve", "-W", 12, "-F", 3, "-S", 2, "-P", 1, "--out", 24, "--transposed")
    )
    assert found["fits exactly"] == [
        ["W", "F", "S", "P", "a", "Remark"],
        ["12", "3", "2", "1", "1"],
    ]


def test_rules_pairs_dilations_and_lists(cnncalc):
    answer = cnncalc("solve", "-W", 32, "-F", 4, "-P", "same,1+2", "--out", 32, "--ascii")
    assert tables(answer)["fits exactly"][1:] == [["32", "4", "1", "1+2"]]
    dilated = cnncalc("solve", "-W", 32, "-F", 3, "--dilation", "1,2", "--out", 32)
    assert tables(dilated)["fits exactly"][1:] == [
        ["32", "3", "1", "1", "1"], ["32", "3", "1", "2", "2"],
    ]  # fmt: skip


def test_json_fits_its_schema(cnncalc):
    document = cnncalc("solve", "-F", 11, "-S", 4, "--out", 55, "--json").json
    jsonschema.validate(document, solve_schema())
    first = document["settings"][0]
    assert (document["ok"], first["w"], first["p"], first["exact"]) == (True, 227, [0, 0], True)
    assert len(document["settings"]) == 44
    none = cnncalc("solve", "-W", 32, "-F", 3, "-S", 2, "-P", 0, "--out", 16, "--json")
    jsonschema.validate(none.json, solve_schema())
    assert (none.status, none.json["ok"], none.json["nearest"][0]["out"]) == (1, False, 15)
    transposed = cnncalc("solve", "--transposed", "-W", 12, "--out", 24, "--json").json
    jsonschema.validate(transposed, solve_schema())
    assert transposed["settings"][0]["output_padding"] == 0


def test_csv_and_markdown(cnncalc):
    out = cnncalc("solve", "-W", 32, "-F", 5, "--out", 32, "--format", "csv").out
    assert out == "W,F,S,P,Remark\r\n32,5,1,2,\r\n"
    out = cnncalc("solve", "-W", 32, "-F", 5, "--out", 32, "--format", "md").out
    assert out.splitlines()[-1] == "| 32 | 5 | 1 | 2 |  |"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--out", 0], "'0' is not a whole number from 1"),
        (["--out", 5, "-F", "x"], "'x' is not a whole number from 1"),
        (["--out", 5, "-A", 1], "needs --transposed"),
        ([], "solve needs an output size or a number of parameters to reach"),
    ],
)
def test_wrong_command_lines(cnncalc, arguments, message):
    answer = cnncalc("solve", *arguments)
    assert (answer.status, answer.out) == (2, "")
    assert message in " ".join(answer.err.replace("│", "").split())


@pytest.mark.parametrize(
    "arguments",
    [
        ("-F", 10**9, "--out", 5),
        ("-W", 10**12, "-F", 10**9, "--out", 5),
        ("-F", 3, "-S", 10**9, "--out", 10**9),
        ("-W", 12, "--out", 24, "-S", 10**9, "--transposed"),
    ],
)
def test_no_more_settings_than_can_be_tried(cnncalc, arguments):
    answer = cnncalc("solve", *arguments)
    assert (answer.status, answer.out) == (2, "")
    assert "more than 50,000 settings" in answer.err


def test_it_starts_without_heavy_libraries():
    code = (
        "import sys\nfrom cnncalc.cli.app import run\n"
        "run(['solve', '-F', '11', '-S', '4', '--out', '55'])\n"
        "heavy = ('pydantic', 'yaml', 'rich', 'typing_extensions')\n"
        "print([name for name in heavy if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == "[]\n"


def test_rules_of_transposed_convolutions_are_those_of_keras(cnncalc):
    """12 · 2 = 24 by same, which cuts one cell off at the end; full has no one meaning."""
    options = ("--transposed", "--out", 24, "-F", 3, "-S", 2)
    (found,) = cnncalc("solve", *options, "-P", "same", "--json").json["settings"]
    assert (found["w"], found["p"], found["output_padding"]) == (12, [0, 1], 0)
    answer = cnncalc("solve", *options, "-P", "full")
    assert (answer.status, answer.out) == (1, "")
    assert answer.err.startswith("error[padding-rule]: 'full' padding is not defined")


def test_several_outputs_one_after_the_other(cnncalc):
    # ⌊(28 - 5)/2⌋ + 1 = 12, with one number unread; (28 - 5 + 3)/2 + 1 = 14
    words = ("solve", "-W", 28, "-F", 5, "-S", 2, "-P", "0,1+2", "--out", "12,14")
    answer = cnncalc(*words)
    assert [line for line in answer.out.splitlines() if line.startswith("⌊")] == [
        "⌊(W - F + 2P)/S⌋ + 1 = 12",
        "⌊(W - F + 2P)/S⌋ + 1 = 14",
    ]
    document = cnncalc(*words, "--json").json
    jsonschema.validate(document, solve_schema())
    assert (document["out"], document["outs"]) == (12, [12, 14])
    assert [each["out"] for each in document["settings"]] == [12, 14]
    rows = cnncalc(*words, "--format", "csv").out.splitlines()
    assert rows[0] == "W,F,S,P,Remark,out"
    assert [row.rpartition(",")[2] for row in rows[1:]] == ["12", "14"]
    assert cnncalc("solve", "-W", 28, "-F", 5, "-S", 2, "--out", "12,99").status == 1


@pytest.mark.parametrize(
    ("line", "row"),
    [
        ("--params 156 -D 1", "5  1  6     156"),  # LeNet-5's C1, LeCun 1998
        ("--params 34944 -D 3", "11  3     96  34,944"),  # torchvision's alexnet features.0
        ("--params 9408 -D 3 --no-bias", "7  3     64   9,408"),  # torchvision's resnet conv1
        ("--params 2359808 -F 3 -K 512", "3  512  512  2,359,808"),  # torchvision's vgg
    ],
)
def test_filters_with_a_number_of_parameters(cnncalc, line, row):
    answer = cnncalc("solve", *line.split())
    assert answer.status == 0
    assert answer.out.splitlines()[4].split() == row.split()


def test_filters_of_the_parameters_and_windows_of_the_outputs_are_the_same(cnncalc):
    """456 parameters on 3 channels: 6 filters of 5x5, or 114 of 1x1."""
    document = cnncalc("solve", "-W", 28, "--out", "12,14", "--params", 456, "-D", 3, "--json").json
    jsonschema.validate(document, solve_schema())
    assert (document["outs"], document["params"], document["bias"]) == ([12, 14], 456, True)
    assert document["filters"] == [
        {"f": 5, "d": 3, "k": 6, "params": 456}, {"f": 1, "d": 3, "k": 114, "params": 456},
    ]  # fmt: skip
    assert {setting["f"] for setting in document["settings"]} == {5, 1}


def test_no_filters_with_that_many_parameters(cnncalc):
    answer = cnncalc("solve", "--params", 157, "-F", 5, "-D", 1)
    assert answer.status == 1
    assert answer.out == (
        "K·(F²·D + 1) = 157\n\nno filters within the ranges have 157 parameters\nnearest:\n"
        "F  D  K  Params\n5  1  6     156\n5  1  7     182\n"
    )
    document = cnncalc("solve", "--params", 157, "-F", 5, "-D", 1, "--json").json
    jsonschema.validate(document, solve_schema())
    assert (document["ok"], len(document["nearest_filters"])) == (False, 2)


def test_filters_as_tables_of_programs(cnncalc):
    line = ["solve", "--params", 760, "-D", 3, "--format"]
    assert cnncalc(*line, "csv").out.split() == ["F,D,K,params", "5,3,10,760", "1,3,190,760"]
    assert cnncalc(*line, "jsonl").out.splitlines()[0] == '{"f": 5, "d": 3, "k": 10, "params": 760}'
    assert cnncalc(*line, "md").out.splitlines()[2] == "| 5 | 3 | 10 | 760 |"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("", ("error[usage]: solve needs an output size or a number of parameters to reach\n"
             "  = help: such as --out 55, or --params 10000\n")),
        ("--out 4 -W 9 --params 9 --format csv",
         ("error[usage]: windows and filters are two tables, and csv holds one\n"
         "  = help: leave --out or --params out\n")),
        ("--params 2000000M",
         ("error[too-many]: 2,000,000,000,000 parameters are more than are tried, which is "
         "1,000,000,000,000\n")),
    ],
)  # fmt: skip
def test_what_no_filters_can_be_found_for(cnncalc, line, message):
    answer = cnncalc("solve", *line.split())
    assert (answer.status, answer.out, answer.err) == (2, "", message)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("--params 10,000", "'10,000' is not a whole number such as 10000, 10k or 2.5M"),
        ("--params 760 -W 32", "--w: needs --out"),
        ("--params 760 --transposed", "--transposed, --exact: needs --out"),
        ("--out 4 -K 3", "--k: needs --params"),
        ("--out 4 --no-bias", "--no-bias: needs --params"),
    ],
)
def test_options_that_belong_to_the_other_question(cnncalc, line, words):
    answer = cnncalc("solve", *line.split())
    assert answer.status == 2
    assert words in " ".join(answer.err.replace("│", " ").split())
