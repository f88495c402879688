"""Every example of the language's design loads and gives the totals of its table."""

from functools import cache
from pathlib import Path

import pytest
from written import report

from cnncalc import analyze, load

FOLDER = Path(__file__).parents[1] / "data" / "language"

# The table "Totals these specs give": params, MACs in millions, output, rows.
TOTALS = {
    "lenet5": (61706, 0.4, "10", 12),
    "lenet5-1998": (60000, 0.3, "10", 11),
    "alexnet": (61100840, 714.2, "1000", 21),
    "inception3a": (163696, 128.0, "28x28x256", 14),
    "resnet@resnet18": (11689512, 1814.1, "1000", 68),
    "resnet@resnet34": (21797672, 3663.8, "1000", 124),
    "resnet@resnet50": (25557032, 4089.2, "1000", 174),
    "resnet@resnet101": (44549160, 7801.4, "1000", 344),
    "resnet@resnet152": (60192808, 11513.6, "1000", 514),
    "resnet@resnext50_32x4d": (25028904, 4230.5, "1000", 174),
    "resnet@wide_resnet50_2": (68883240, 11398.0, "1000", 174),
    "densenet@densenet121": (7978856, 2834.2, "1000", 426),
    "densenet@densenet169": (14149480, 3359.8, "1000", None),
    "densenet@densenet201": (20013928, 4291.4, "1000", 706),
    "densenet@densenet161": (28681000, 7727.9, "1000", None),
    "mobilenet_v2": (3504872, 300.8, "1000", 152),
    "efficientnet@b0": (5288548, 385.8, "1000", 239),
    "efficientnet@b1": (7794184, 687, "1000", None),
    "efficientnet@b2": (9109994, None, "1000", None),
    "efficientnet@b3": (12233232, None, "1000", None),
    "efficientnet@b4": (19341616, None, "1000", None),
    "efficientnet@b5": (30389784, None, "1000", None),
    "efficientnet@b6": (43040704, None, "1000", None),
    "efficientnet@b7": (66347960, 37746, "1000", 815),
    "unet": (31030658, 150428.4, "388x388x2", 49),
    "yolov5@n": (1872157, None, "80x80x255 40x40x255 20x20x255", 199),
    "yolov5@s": (7235389, None, "80x80x255 40x40x255 20x20x255", 199),
    "yolov5@m": (21190557, None, "80x80x255 40x40x255 20x20x255", None),
    "yolov5@l": (46563709, None, "80x80x255 40x40x255 20x20x255", None),
    "yolov5@x": (86749405, None, "80x80x255 40x40x255 20x20x255", 418),
    "siamese": (38951745, 1817.3, "1", 29),
    "m5": (26915, 1.9, "35", 18),
    "r3d_18": (33371472, 40696.6, "400", 67),
}


def read(name, **options):
    stem, _, variant = name.partition("@")
    return analyze(load(FOLDER / f"{stem}.yaml", variant=variant or None, **options))


@cache
def example(name):
    return read(name)


def outputs(found):
    return " ".join(port.shape.text(times="x") for port in found.outputs)


@pytest.mark.parametrize("name", TOTALS)
def test_totals(name):
    params, macs, output, rows = TOTALS[name]
    found = example(name)
    assert (found.totals.params, outputs(found)) == (params, output)
    assert rows in (None, len(found.rows))
    if macs is not None:
        unit = 1e6 if macs == round(macs) else 1e5
        assert abs(found.totals.macs - macs * 1e6) <= unit / 2


@pytest.mark.parametrize("name", TOTALS)
def test_what_the_example_itself_expects(name):
    checks = example(name).expect
    assert checks
    assert all(check.ok for check in checks)


def test_lenet5_in_the_letters_of_the_notes():
    text = (FOLDER / "lenet5.yaml").read_text()
    letters = text.replace("conv 6 5x5", "conv K=6 F=5 S=1 P=0").replace(
        "avgpool 2x2", "pool F=2 S=2"
    )
    assert letters.count("F=") == 3
    written = report(letters.replace("32x32x1 ", "32x32x1 WHD "))
    assert written.totals.params == 61706
    assert written.layout == "WHD"


def test_lenet5_of_1998():
    found = example("lenet5-1998")
    assert (found.totals.fixed, found.totals.connections_with_bias) == (840, 340908)
    assert len(found.expect) == 16


def test_yolov5_from_the_smallest_to_the_largest():
    billions = [round(example(f"yolov5@{size}").totals.macs / 1e8) / 10 for size in "nx"]
    assert billions == [2.2, 102.7]


def test_mobilenet_at_another_width_and_size():
    found = read("mobilenet_v2", set={"width": 0.5}, input="160x160x3")
    assert found.totals.params == 1968680
    assert round(found.totals.macs / 1e5) == 502
    assert found.expect == ()


def test_keras_counts_the_running_statistics_of_mobilenet():
    totals = example("mobilenet_v2").totals
    assert (totals.buffers, totals.params + totals.buffers) == (34112, 3538984)


def test_the_tower_of_the_siamese_network_is_stored_once_and_worked_twice():
    rows = example("siamese").rows
    left, right = ([r for r in rows if r.name.startswith(f"{side}.")] for side in "ab")
    assert sum(row.params for row in right) == 0
    assert sum(row.macs for row in left) == sum(row.macs for row in right) > 0
    assert {row.shared_with for row in right} == {None, *(r.name for r in left if r.params)}


def test_the_exercise_keeps_its_numbers():
    conv = load(FOLDER / "exercise.yaml").nodes[1]
    first = [0.5, 0, 0, 0, 0, 0, 0, 0, 0.5]
    second = [1, 0, -1, 0, 0, 0, 1, 0, 0]
    assert conv.values == {"weight": [*first, *second]}
