"""`cnncalc sizes`: question 13 of the manual, grouping, JSON, exit codes."""

import csv
import io

import jsonschema
import pytest

from cnncalc.render.sizes import distance
from cnncalc.render.sizes import schema as sizes_schema


def test_which_input_sizes_work(cnncalc):
    """Question 13: a padded U-Net with four poolings works on multiples of 16."""
    answer = cnncalc("sizes", "unet-padded", "--from", 320, "--to", 360)
    assert answer.status == 0
    lines = answer.out.splitlines()
    assert lines[0] == "U-Net (padded, batch norm): input S×S×3 HWC, S = 320 to 360"
    assert lines[1] == "works   3 of 41: 320, 336, 352 (every multiple of 16)"
    assert lines[2] == "exact   3 of 41 (the same)"
    at = lines.index("  dec1.concat1   3 sizes: 321, 337, 353 (16k + 1)")
    assert lines[at + 1] == "    at 321: cannot concatenate tensors of different shape"
    assert "320×320×64" in lines[at + 2]
    assert "321×321×64" in lines[at + 3]
    assert "  dec4.concat1   17 sizes: 328 to 335, 344 to 351, 360" in lines


def test_valid_tiles_of_the_first_unet(cnncalc):
    """Ronneberger 2015: the tile of Figure 1 is 572, and tiles lie 16 apart."""
    out = cnncalc("sizes", "unet", "--exact", "--from", 540, "--to", 600).out
    assert "exact   4 of 61: 540, 556, 572, 588 (16k + 12)\n" in out
    assert "works" not in out


def test_steps_and_axes(cnncalc):
    out = cnncalc("sizes", "lenet5", "--from", 32, "--to", 48, "--step", 4, "--axes", "w").out
    assert out.startswith("LeNet-5: input 32×S×1 HWC, S = 32 to 48 in steps of 4\n")
    assert "works   5 of 5: 32 to 48\n" in out


def test_the_smallest_numbers_that_options_take(cnncalc):
    out = cnncalc("sizes", "8x8x1; conv 2 1x1", "--from", 1, "--to", 1, "--step", 1).out
    assert "works   1 of 1: 1\n" in out
    for option in ("--from", "--to", "--step"):
        assert cnncalc("sizes", "8x8x1; conv 2 1x1", option, 0).status == 2


def test_status_says_whether_any_works(cnncalc):
    assert cnncalc("sizes", "lenet5", "--from", 31, "--to", 31).status == 1
    assert cnncalc("sizes", "lenet5", "--from", 33, "--to", 33).status == 0
    assert cnncalc("sizes", "lenet5", "--from", 33, "--to", 33, "--exact").status == 1


def test_json_fits_its_schema(cnncalc):
    document = cnncalc("sizes", "lenet5", "--from", 30, "--to", 40, "--json").json
    jsonschema.validate(document, sizes_schema())
    assert (document["working"], document["exact"]) == (list(range(32, 41)), [32, 36, 40])
    first, *_, last = document["sizes"]
    assert (first["works"], first["layer"]) == (False, "C5")
    assert last["out"] == [{"c": 10}]


def test_csv(cnncalc):
    out = cnncalc("sizes", "lenet5", "--from", 31, "--to", 33, "--format", "csv").out
    rows = list(csv.DictReader(io.StringIO(out)))
    assert [(row["size"], row["works"], row["rounding"]) for row in rows] == [
        ("31", "no", ""), ("32", "yes", ""), ("33", "yes", "S2"),
    ]  # fmt: skip


def test_what_goes_wrong(cnncalc):
    answer = cnncalc("sizes", "lenet5", "--axes", "d")
    assert answer.status == 1
    assert answer.err == ("error[unknown-axis]: the input has no axis 'd'\n  = help: it has h, w\n")
    assert cnncalc("sizes", "lenet5", "--from", 9, "--to", 8).status == 2
    assert cnncalc("sizes", "no-such-network").status == 3
    assert cnncalc("sizes", "no-such-network", "--json").json["ok"] is False


def test_no_more_sizes_than_can_be_tried(cnncalc):
    answer = cnncalc("sizes", "lenet5", "--to", 10**30)
    assert (answer.status, answer.out) == (2, "")
    assert "at most 20,000 are tried" in answer.err
    answer = cnncalc("sizes", "lenet5", "--from", 32, "--to", 10**12, "--step", 10**11)
    assert answer.status == 0
    assert cnncalc("sizes", "lenet5", "--from", 10**30).status == 1


def test_distances():
    assert [distance(values) for values in ((1, 3, 5), (1, 2, 4), (7,), ())] == [
        2,
        None,
        None,
        None,
    ]


def test_the_output_beside_each_input_and_the_inputs_of_an_output(cnncalc):
    # a 5x5 filter leaves 24 of 28 and 25 of 29, and pooling halves both to 12
    net = "28x28x1; conv 16 5x5; maxpool 2"
    lines = cnncalc("sizes", net, "--from", 28, "--to", 30).out.splitlines()
    at = lines.index("output by input:")
    assert lines[at + 1 : at + 3] == ["  12×12×16   28 to 29", "  13×13×16   30"]
    for wanted in ("12x12", "12"):
        answer = cnncalc("sizes", net, "--out", wanted, "--json")
        assert (answer.status, answer.json["giving"]) == (0, [28, 29])
        jsonschema.validate(answer.json, sizes_schema())
    assert "gives   12×12: 28 to 29\n" in cnncalc("sizes", net, "--out", "12x12").out
    missed = cnncalc("sizes", "8x8x1; upsample 2", "--out", "101")
    assert (missed.status, "gives   101: none\n" in missed.out) == (1, True)
    rows = cnncalc("sizes", net, "--from", 28, "--to", 28, "--format", "csv").out.splitlines()
    assert rows[1] == "28,yes,yes,,,,,12x12x16"


@pytest.mark.parametrize(
    ("net", "wanted", "inputs"),
    [
        # 2 * 100 and one more before pooling, and 4 more before the filter of 5
        ("28x28x1; conv 16 5x5; maxpool 2", "100", [204, 205]),
        ("28x28x1; conv 16 5x5; maxpool 2", "1x1", [6, 7]),
        # Ronneberger et al. 2015: 572 gives 388; 16 pixels more give 16 more
        ("unet", "388x388", [*range(572, 588)]),
        ("unet", "404", [*range(588, 604)]),
        # YOLOv5 divides by 8, 16 and 32 (ultralytics): 416 gives 52, 26 and 13
        ("yolov5s", "13x13", [*range(410, 418)]),
        ("16x1 LC; conv 1 f3 p1; maxpool 2", "40", [80, 81]),
    ],
)
def test_the_inputs_of_an_output_are_found_far_from_the_size_of_the_spec(
    cnncalc, net, wanted, inputs
):
    answer = cnncalc("sizes", net, "--out", wanted, "--json")
    assert (answer.status, answer.json["giving"]) == (0, inputs)


def test_a_range_that_was_given_is_kept(cnncalc):
    net = "28x28x1; conv 16 5x5; maxpool 2"
    document = cnncalc("sizes", net, "--out", "100", "--to", 40, "--json").json
    assert (document["giving"], document["to"]) == ([], 40)


def test_outputs_without_the_axes_of_the_wanted_one(cnncalc):
    answer = cnncalc("sizes", "lenet5", "--out", "28x28")
    assert (answer.status, answer.out) == (1, "")
    assert answer.err == (
        "error[no-axes]: no input gives an output of 28x28: the output is 10\n"
        "  = help: it has no axis that grows with the input\n"
    )
    answer = cnncalc("sizes", "unet", "--out", "2x28x28")
    assert answer.err == (
        "error[no-axes]: no input gives an output of 2x28x28: the output is 388x388x2\n"
        "  = help: name one size, or as many as it has beside the channels\n"
    )
