"""`expect: {rf: ...}`: the receptive field of the last units that see different parts."""

import pytest

from cnncalc import CnncalcError, analyze, load
from cnncalc.questions.catalogue import entries

# Araujo, Norris, Sim ("Computing Receptive Fields of Convolutional Neural Networks", Distill
# 2019; github.com/google-research/receptive_field): bundled networks that are the same.
PUBLISHED = {
    "alexnet": 195,
    "vgg16": 212,
    "mobilenet_v1": 315,
    "inception_v3": 1311,
    "inception_v4": 2071,
    "inception_resnet_v2": 3039,
}
# Their residual networks are TF-Slim's, which halves the map in the last unit of a block.
SLIM = """\
input: 224x224x3
blocks:
  unit(c, s):
    - conv c 1x1 bn relu -> conv c 3x3 s=s p1 bn relu -> conv 4*c 1x1 bn
    - add: [identity, [from in, maxpool 1x1 s=s if s != 1, conv 4*c 1x1 bn if cin != 4*c]]
    - relu
layers:
  - conv 64 7x7 s2 p3 bn relu -> maxpool 3x3 s2 p1
  - unit 64 s=last(2) x3
  - unit 128 s=last(2) x{0}
  - unit 256 s=last(2) x{1}
  - unit 512 s=1 x3
  - gap -> fc 1000
"""
# The convolutions and poolings of VGG-16.
VGG16 = """\
blocks:
  stage(c, n):
    - conv c 3x3 p1 x=n
    - maxpool 2x2
input: 224x224x3
layers: [stage 64 2, stage 128 2, stage 256 3, stage 512 3, stage 512 3]
"""
UNEVEN = "input: 49x10x1 HWC\nlayers: [conv 4 3x2, conv 4 5x1 s2x1]\n"  # 3 + 4 rows, 2 columns


def checked(tmp_path, text, expected):
    path = tmp_path / "net.yaml"
    path.write_text(f"{text}expect: {{rf: {expected}}}\n")
    (found,) = analyze(load(str(path))).expect
    assert (found.key, found.expected) == ("rf", str(expected))
    return found.actual, found.ok, found.delta


@pytest.mark.parametrize(
    ("expected", "answer"),
    [
        ("212", (212, True, 0)),
        ("211", (212, False, 1)),
        ("213", (212, False, -1)),
        ("212x212", ("212x212", True, None)),
        ("212×212", ("212x212", True, None)),
        ("212x211", ("212x212", False, None)),
        ("212x212x212", ("212x212", False, None)),
    ],
)
def test_a_field_alike_on_both_axes(tmp_path, expected, answer):
    assert checked(tmp_path, VGG16, expected) == answer


@pytest.mark.parametrize(("expected", "ok"), [("7x2", True), ("2x7", False), ("7", False)])
def test_a_field_that_differs_by_axis(tmp_path, expected, ok):
    assert checked(tmp_path, UNEVEN, expected) == ("7x2", ok, None)


def test_the_order_of_the_axes_is_that_of_the_input(tmp_path):
    notes = UNEVEN.replace("49x10x1 HWC", "10x49x1 WHD")
    assert checked(tmp_path, notes, "2x7") == ("2x7", True, None)


def test_behind_global_pooling_all_units_see_the_same(tmp_path):
    """Two 3x3 windows: 5 pixels; that the average of all the units sees 8 tells nothing."""
    text = "input: 8x8x1\nlayers: [conv 1 3x3, conv 1 3x3, gap, fc 10]\n"
    assert checked(tmp_path, text, 5) == (5, True, 0)
    assert checked(tmp_path, text.replace(", gap, fc 10", ""), 5) == (5, True, 0)


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_fields(name):
    network = load(name)
    (promised,) = (check for check in analyze(network).expect if check.key == "rf")
    assert (promised.actual, promised.ok) == (PUBLISHED[name], True)


# As published: resnet_v1_50, resnet_v1_101, resnet_v1_152.
@pytest.mark.parametrize(("units", "size"), [((4, 6), 483), ((4, 23), 1027), ((8, 36), 1507)])
def test_published_fields_of_residual_networks(tmp_path, units, size):
    assert checked(tmp_path, SLIM.format(*units), size) == (size, True, 0)


def test_it_is_one_number_everywhere():
    """What a spec promises, the zoo lists, a budget limits and a comparison shows."""
    report = analyze(load("resnet50"))
    listed = next(entry for entry in entries() if entry.name == "resnet50")
    assert next(check.actual for check in report.expect if check.key == "rf") == 427
    assert (listed.rf, report.figure("rf")) == ((427, 427), 427)


def test_a_vector_has_none(tmp_path):
    assert checked(tmp_path, "input: 784\nlayers: [fc 10]\n", 784) == ("none", False, None)


def test_it_is_of_the_whole_network_whatever_is_handed_out(tmp_path):
    text = "input: 8x8x1\nlayers: [c: conv 1 3x3]\noutputs: [{}]\n"
    assert checked(tmp_path, text.format("in"), 3) == (3, True, 0)
    assert checked(tmp_path, text.format("c"), 1) == (3, False, 2)


def test_rows_of_training_alone_do_not_count(tmp_path):
    side = "- {side: conv 1 5x5, train_only: true}"
    text = f"input: 8x8x1\nlayers:\n  - conv 1 3x3\n  {side}\n"
    assert checked(tmp_path, text, 3) == (3, True, 0)
    assert checked(tmp_path, text.replace("true", "false"), 7) == (7, True, 0)


@pytest.mark.parametrize("wrong", ["0", "-5", "wide", "3.5", "5x", "1e3", "9" * 31, "5M", "true"])
def test_what_is_no_field(tmp_path, wrong):
    with pytest.raises(CnncalcError) as caught:
        checked(tmp_path, UNEVEN, wrong)
    (found,) = caught.value.diagnostics
    if found.code != "number-range":  # more digits than any number may have
        assert (found.code, found.message) == (
            "wrong-type",
            f"'{wrong}' is not a valid receptive field",
        )
        assert found.help == "write input pixels, such as 427, or one size per axis, such as 72x28"
    assert (found.span.line, found.span.column) == (3, 14)


def test_it_is_of_the_network_and_not_of_a_layer(tmp_path):
    path = tmp_path / "net.yaml"
    path.write_text(f"{UNEVEN}expect: {{layers: {{conv1: {{rf: 3x2}}}}}}\n")
    with pytest.raises(CnncalcError) as caught:
        load(str(path))
    assert caught.value.diagnostics[0].message == "'expect' has no key 'rf'"
