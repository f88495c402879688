"""Input shapes are read by their letters; an unclear order without letters is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnncalc import load
from cnncalc.errors import CnncalcError, UnplacedError
from cnncalc.shapes import Shape
from cnncalc.spec.sections.inputs import InputShape, parse_input

HELP = "write height x width x channels, such as 32x32x1, or 784 for a vector"
LETTERS = "the letters are H W C, L C, D H W C (T for frames), W H D, and N for a batch"
BY_LETTER = "write them by letter: {h: 480, w: 640, c: 3}"
GREY = "add the letter C, with 1 for a greyscale image"


def error(value):
    with pytest.raises(UnplacedError) as caught:
        parse_input(value)
    return caught.value.code, caught.value.message, caught.value.help


@pytest.mark.parametrize(
    ("written", "shape", "layout", "batch"),
    [
        ("32x32x1", Shape(1, (32, 32)), "HWC", 1),
        ("32x32x1 WHD", Shape(1, (32, 32)), "WHD", 1),
        ("640x480x3 WHD", Shape(3, (480, 640)), "WHD", 1),
        ("3x224x224 CHW", Shape(3, (224, 224)), "CHW", 1),
        ("480x640x3 HWC", Shape(3, (480, 640)), "HWC", 1),
        ("640x480x3 WHC", Shape(3, (480, 640)), "WHD", 1),
        ("480x640x3 HWD", Shape(3, (480, 640)), "HWC", 1),
        ("3x480x640 DHW", Shape(3, (480, 640)), "CHW", 1),
        ("8000x1 LC", Shape(1, (8000,)), "HWC", 1),
        ("8000x1", Shape(1, (8000,)), "HWC", 1),
        ("1x8000 CL", Shape(1, (8000,)), "CHW", 1),
        ("16x112x96x3 DHWC", Shape(3, (16, 112, 96)), "HWC", 1),
        ("16x112x96x3 THWC", Shape(3, (16, 112, 96)), "HWC", 1),
        ("3x16x112x96 CDHW", Shape(3, (16, 112, 96)), "CHW", 1),
        ("96x112x16x3 WHDC", Shape(3, (16, 112, 96)), "WHD", 1),
        ("784", Shape(784), "HWC", 1),
        ("784 C", Shape(784), "HWC", 1),
        ("8x784 NC", Shape(784), "HWC", 8),
        ("8x3x224x224 NCHW", Shape(3, (224, 224)), "CHW", 8),
        ("224x224x3x8 HWCN", Shape(3, (224, 224)), "HWC", 8),
        ("2x16x112x96x3 NDHWC", Shape(3, (16, 112, 96)), "HWC", 2),
        (784, Shape(784), "HWC", 1),
        ([480, 480, 3], Shape(3, (480, 480)), "HWC", 1),
        ((480, 480, 3), Shape(3, (480, 480)), "HWC", 1),
        ({"h": 480, "w": 640, "c": 3}, Shape(3, (480, 640)), "HWC", 1),
        ({"C": 3, "W": 640, "H": 480}, Shape(3, (480, 640)), "HWC", 1),
        ({"w": 640, "h": 480, "d": 3}, Shape(3, (480, 640)), "HWC", 1),
        ({"c": 3, "t": 16, "h": 112, "w": 96}, Shape(3, (16, 112, 96)), "HWC", 1),
        ({"c": 3, "d": 16, "h": 112, "w": 96, "n": 2}, Shape(3, (16, 112, 96)), "HWC", 2),
        ({"l": 8000, "c": 1}, Shape(1, (8000,)), "HWC", 1),
        ({"c": 784}, Shape(784), "HWC", 1),
    ],
)  # fmt: skip
def test_every_way_to_write_a_shape(written, shape, layout, batch):
    assert parse_input(written) == InputShape(shape, batch, layout, None)


@pytest.mark.parametrize("written", ["480×640×3 HWC", " 480 x 640 x3  hwc ", "480X640X3 HwC"])
def test_crosses_spaces_and_capitals_are_free(written):
    assert parse_input(written) == InputShape(Shape(3, (480, 640)))


def test_channels_first_without_letters_is_in_doubt():
    assert error("3x224x224") == (
        "input-layout",
        "'3x224x224' could be channels-first or channels-last",
        "write '3x224x224 CHW' (3 channels) or '224x224x3'",
    )


@pytest.mark.parametrize(
    ("written", "advice"),
    [
        ("1x28x28", "write '1x28x28 CHW' (1 channel) or '28x28x1'"),
        ("3 × 480 × 640", "write '3x480x640 CHW' (3 channels) or '480x640x3'"),
        ([3, 224, 224], "write '3x224x224 CHW' (3 channels) or '224x224x3'"),
        ("4x4x256", "write '4x4x256 CHW' (4 channels) or '4x4x256 HWC' (256 channels)"),
        ("1x8000", "write '1x8000 CL' (1 channel) or '8000x1'"),
        ("3x16x112x112", "write '3x16x112x112 CDHW' (3 channels) or '16x112x112x3'"),
        (
            "8x3x224x224",
            (
                "write '8x3x224x224 NCHW' (a batch of 8, 3 channels) "
                "or '8x3x224x224 DHWC' (224 channels)"
            ),
        ),
    ],
)
def test_doubt_offers_both_spellings(written, advice):
    code, message, help_ = error(written)
    assert (code, help_) == ("input-layout", advice)
    assert message.endswith("could be channels-first or channels-last")


@pytest.mark.parametrize(
    "written", ["5x224x224", "4x4x4", "5x5x256", "7x7x512", "5x8000", "224x224x4"]
)
def test_more_than_four_in_front_or_four_behind_is_no_doubt(written):
    assert parse_input(written).shape.channels == int(written.split("x")[-1])


@pytest.mark.parametrize(
    ("written", "warning"),
    [
        (
            "640x480x3",
            (
                "'640x480x3' is read as height 640 and width 480; "
                "write '640x480x3 HWC' if that is meant, or '640x480x3 WHD' for width 640"
            ),
        ),
        (
            "28x28",
            (
                "'28x28' is read as length 28 with 28 channels; "
                "write '28x28 LC' if that is meant, or '28x28x1' for a greyscale image"
            ),
        ),
        (
            "16x112x112x3",
            (
                "'16x112x112x3' is read as depth 16; "
                "write '16x112x112x3 DHWC' if that is meant, or '16x112x112x3 NHWC' for a batch"
            ),
        ),
    ],
)
def test_what_is_assumed_is_said(written, warning):
    assert parse_input(written).warning == warning


def test_up_to_four_columns_are_channels_and_more_may_be_a_picture():
    # A signal of a few channels is usual; a picture of 100 x 5 pixels is possible.
    assert parse_input("100x4").warning is None
    assert parse_input("100x5").warning == (
        "'100x5' is read as length 100 with 5 channels; "
        "write '100x5 LC' if that is meant, or '100x5x1' for a greyscale image"
    )


@pytest.mark.parametrize("written", ["640x480x3 HWC", "28x28 LC", "16x112x112x3 DHWC", "640x640x3"])
def test_letters_and_squares_need_no_warning(written):
    assert parse_input(written).warning is None


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("", "'' is not an input shape"),
        ("big", "'big' is not an input shape"),
        ("32x", "'32x' is not an input shape"),
        ("x32", "'x32' is not an input shape"),
        ("32x32x1HWC", "'32x32x1HWC' is not an input shape"),
        ("32x32x1 H W C", "'32x32x1 H W C' is not an input shape"),
        ("32,32,1", "'32,32,1' is not an input shape"),
        ("3.5x3x1", "'3.5x3x1' is not an input shape"),
        ("١x١x١", "'١x١x١' is not an input shape"),
        ([3.5, 3, 1], "'3.5x3x1' is not an input shape"),
        ([True, 3, 1], "'Truex3x1' is not an input shape"),
        ([], "'' is not an input shape"),
        (True, "an input shape must be text or a number, not True"),
        (2.5, "an input shape must be text or a number, not 2.5"),
        (None, "an input shape must be text or a number, not None"),
    ],
)
def test_what_is_no_shape(written, message):
    assert error(written) == ("input-shape", message, HELP)


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("0x32x1", "input height must be at least 1, got 0"),
        ("32x-1x1", "input width must be at least 1, got -1"),
        ("0", "input channels must be at least 1, got 0"),
        (-784, "input channels must be at least 1, got -784"),
        ("0x16x16x3 THWC", "input frames must be at least 1, got 0"),
        ("0x3x16x16 NCHW", "input batch must be at least 1, got 0"),
        ({"h": 0, "w": 1, "c": 1}, "input height must be at least 1, got 0"),
        ({"h": 3.5, "w": 1, "c": 1}, "input height must be a whole number, got 3.5"),
        ({"h": "32", "w": 1, "c": 1}, "input height must be a whole number, got 32"),
        ({"h": 1, "w": True, "c": 1}, "input width must be a whole number, got True"),
        ("1" * 16, f"an input of size {'1' * 16} is too large"),
    ],
)
def test_sizes_are_positive_whole_numbers(written, message):
    assert error(written) == ("input-shape", message, None)


def test_the_letter_at_fault_is_named():
    with pytest.raises(UnplacedError, match=r"^input width must be at least 1, got 0$") as caught:
        parse_input({"h": 1, "w": 0, "c": 1})
    assert caught.value.field == "w"


@pytest.mark.parametrize(
    ("written", "message", "advice"),
    [
        ("3x3x1 HW", "'3x3x1 HW' has 3 sizes and 2 letters", "write one letter for each size"),
        ("3x3 HWC", "'3x3 HWC' has 2 sizes and 3 letters", "write one letter for each size"),
        ("3x3x1 HWK", "'K' is not a letter of an input shape", LETTERS),
        ({"height": 3}, "'HEIGHT' is not a letter of an input shape", LETTERS),
        ("3x3x1 HHC", "the letter H is given twice", None),
        ({"h": 3, "H": 3}, "the letter H is given twice", None),
        ("3x3 HW", "the input shape has no channels", GREY),
        ({}, "the input shape has no channels", GREY),
        ("3x3 HC", "the letters C H do not make an input shape", LETTERS),
        ("3x3x3x3 LHWC", "the letters C H W L do not make an input shape", LETTERS),
        ("3x3x3x3x3 DTHWC", "the letters C D T H W do not make an input shape", LETTERS),
        ("3x4x5 CWH", "sizes cannot be given in the order CWH", BY_LETTER),
        ("3x4x5 HCW", "sizes cannot be given in the order HCW", BY_LETTER),
        ("1x2x3x4x5", "'1x2x3x4x5' has 5 sizes, which need letters", "such as '1x2x3x4x5 NDHWC'"),
    ],
)
def test_letters_that_do_not_fit(written, message, advice):
    assert error(written) == ("input-layout", message, advice)


SIZES = st.integers(1, 10**6)
SHAPES = st.builds(Shape, SIZES, st.lists(SIZES, max_size=3).map(tuple))
LETTERED = {
    "HWC": {0: "C", 1: "LC", 2: "HWC", 3: "DHWC"},
    "CHW": {0: "C", 1: "CL", 2: "CHW", 3: "CDHW"},
    "WHD": {0: "C", 1: "LC", 2: "WHD", 3: "WHDC"},
}


@given(SHAPES, st.sampled_from(sorted(LETTERED)), st.sampled_from("x×"))
def test_what_is_printed_is_read_again(shape, layout, times):
    letters = LETTERED[layout][shape.rank]
    found = parse_input(f"{shape.text(layout, times)} {letters}")
    assert found.shape == shape
    assert shape.view(found.layout) == shape.view(layout)
    assert found.warning is None


@given(SHAPES)
def test_letters_in_any_order_give_the_same_shape(shape):
    entries = sorted(shape.by_letter.items())
    assert parse_input(dict(entries)) == parse_input(dict(reversed(entries))) == InputShape(shape)


# -- what --input means for a network

SPECS = {
    "HWC": "input: 224x224x3\nlayers:\n  - conv 8 3x3\n",
    "CHW": "input: 3x224x224 CHW\nlayers:\n  - conv 8 3x3\n",
    "WHD": "input: 224x224x3 WHD\nlayers:\n  - conv 8 3x3\n",
    "L": "input: {l: 8000, c: 2}\nlayers:\n  - conv 8 f3\n",
    "volume": "input: 16x112x112x3 DHWC\nlayers:\n  - conv 8 f3\n",
    "vector": "input: 784\nlayers:\n  - fc 10\n",
    "named": "inputs: {picture: 32x32x1}\nlayers:\n  - conv 8 3x3\n",
}


@pytest.mark.parametrize(
    ("spec", "typed", "shape"),
    [
        ("HWC", "320", Shape(3, (320, 320))),
        ("HWC", "320x240", Shape(3, (320, 240))),
        ("HWC", "(320, 240)", Shape(3, (320, 240))),
        ("HWC", "320x320x1", Shape(1, (320, 320))),
        ("HWC", "(320, 240, 4)", Shape(4, (320, 240))),
        ("HWC", "[1, 320, 240] CHW", None),
        ("HWC", "1x320x240 CHW", Shape(1, (320, 240))),
        ("CHW", "320x240", Shape(3, (320, 240))),
        ("WHD", "320x240", Shape(3, (240, 320))),  # width first, as in the spec
        ("L", "16000", Shape(2, (16000,))),
        ("L", "16000x1", Shape(1, (16000,))),
        ("volume", "8", Shape(3, (8, 8, 8))),
        ("volume", "8x96x96", Shape(3, (8, 96, 96))),
        ("vector", "100", Shape(100)),
        ("named", "64", Shape(1, (64, 64))),
    ],
)
def test_sizes_alone_keep_the_channels_and_the_layout(tmp_path, spec, typed, shape):
    path = tmp_path / "net.yaml"
    path.write_text(SPECS[spec])
    if shape is None:
        with pytest.raises(CnncalcError, match="is not an input shape"):
            load(path, input=typed)
        return
    assert load(path, input=typed).inputs[0].shape == shape


@pytest.mark.parametrize("typed", ["(3, 224, 224)", "[3,224,224]", "3,224,224"])
def test_a_tuple_of_pytorch_is_asked_for_its_order(tmp_path, typed):
    path = tmp_path / "net.yaml"
    path.write_text(SPECS["HWC"])
    with pytest.raises(CnncalcError) as caught:
        load(path, input=typed)
    (problem,) = caught.value.diagnostics
    assert problem.code == "input-layout"
    assert problem.message == "'3x224x224' could be channels-first or channels-last"
    assert problem.help == "write '3x224x224 CHW' (3 channels) or '224x224x3'"
