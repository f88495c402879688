"""Samples: every kind of file, brought to the input's shape; every wrong one named."""

# ruff: noqa: E501 - messages stand whole, as users see them

import io
import json
import struct
import sys
import types
import zlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cnncalc.errors import CnncalcError
from cnncalc.inference import image_files, numerals
from cnncalc.inference.images import Picture, cover, cropped, resized, shorter_side
from cnncalc.inference.samples import PixelScale, Preparation, generated, sample
from cnncalc.network import Input, Node
from cnncalc.shapes import Shape

GREY, COLOUR = Shape(1, (2, 3)), Shape(3, (2, 3))


def node(shape, name="in"):
    return Node(0, name, Input(shape=shape), (), shape)


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def at(name, content):
        data = content if isinstance(content, bytes) else content.encode()
        (tmp_path / name).write_bytes(data)
        return name

    return at


def values(source, shape, **preparation):
    return sample(source, node(shape), Preparation(**preparation)).values


def complaint(source, shape, **preparation):
    with pytest.raises(CnncalcError) as caught:
        values(source, shape, **preparation)
    (problem,) = caught.value.diagnostics
    return f"{problem.code}: {problem.message}"


# --- generated -------------------------------------------------------------------------------


def test_generated_samples():
    assert values("zeros", GREY) == [0.0] * 6
    assert values("ones", GREY) == [1.0] * 6
    assert values("ramp", GREY) == [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    assert values("ramp", Shape(1)) == [0.0]
    drawn = values("random", Shape(1000), seed=4)
    assert drawn == values("random", Shape(1000), seed=4) != values("random", Shape(1000), seed=5)
    assert all(0 <= x < 1 for x in drawn)
    assert 0.45 < sum(drawn) / 1000 < 0.55


def test_two_inputs_draw_different_numbers():
    assert generated("random", 3, "0:left") != generated("random", 3, "0:right")


# --- numbers ---------------------------------------------------------------------------------

ROWS = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.csv", "1,2,3\n4,5,6\n"),
        ("x.csv", "1;2;3\r\n4;5;6;\r\n"),
        ("x.txt", "# a picture\n 1 2\t3 # first\n\n4 5 6"),
        ("x.txt", "1 2 3 4 5 6"),
        ("x.txt", "1\n2\n3\n4\n5\n6\n"),
        ("x.txt", "\ufeff1.0 +2 3e0\n.4e1 5. 60E-1\n"),
        ("x.json", "[[1, 2, 3], [4, 5, 6]]"),
        ("x.json", "[[[1, 2, 3], [4, 5, 6]]]"),
        ("x.json", "[[[1], [2], [3]], [[4], [5], [6]]]"),
        ("x.yaml", "- [1, 2, 3]\n- [4, 5, 6]  # second\n"),
        ("x.yaml", "[1, 2, 3,\n 4, 5, 6]"),
        ("x.dat", "[[1, 2, 3.], [4, 5, 6]] # JSON has no comments, YAML has"),
        ("x.dat", "- - 1\n  - 2\n  - 3\n- - 4\n  - 5\n  - 6\n"),
    ],
)
def test_numbers_as_text(file, name, content):
    assert values(file(name, content), GREY) == ROWS


def test_maps_stand_below_each_other_in_text(file):
    text = "1 2 3\n4 5 6\n\n7 8 9\n10 11 12\n"
    assert values(file("x.txt", text), Shape(2, (2, 3))) == [float(i) for i in range(1, 13)]


def test_channels_last_becomes_channels_first(file):
    last = [[[1, 10], [2, 20], [3, 30]], [[4, 40], [5, 50], [6, 60]]]
    first = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 10.0, 20.0, 30.0, 40.0, 50.0, 60.0]
    assert values(file("x.json", json.dumps(last)), Shape(2, (2, 3))) == first


def test_channels_first_wins_where_both_fit(file):
    cube = [[[i * 4 + j * 2 + k for k in range(2)] for j in range(2)] for i in range(2)]
    assert values(file("x.json", json.dumps(cube)), Shape(2, (2, 2))) == [
        float(i) for i in range(8)
    ]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("1 2 3\n4 5\n", "sample-number: 'x.txt': its rows differ in length: line 2 has 2, line 1 has 3"),
        ("1 2 3\n4 five 6\n", "sample-number: 'x.txt': line 2, column 3: 'five' is not a number"),
        ("1 2 3\n4 nan 6\n", "sample-number: 'x.txt': line 2, column 3: 'nan' is not a number"),
        ("1 2 3\n4 1e999 6\n", "sample-number: 'x.txt': line 2, column 3: '1e999' is not a finite number"),
        ("1,,3\n4,5,6\n", "sample-number: 'x.txt': line 1, column 3: nothing is not a number"),
        ("1_0 2 3\n4 5 6\n", "sample-number: 'x.txt': line 1, column 1: '1_0' is not a number"),
        ("", "sample-number: 'x.txt': it contains no numbers"),
        ("1 2 3\n", "sample-size: 'x.txt' is 1×3 numbers, but the input 'in' takes 2×3×1 (height × width × channels)"),
        ("[[1, 2, 3], [4, 5]]", "sample-number: 'x.txt': [1] has 2 entries, where its neighbours have 3"),
        ('[[1, 2, 3], [4, "5", 6]]', "sample-number: 'x.txt': [1][1] is a text, not a number"),
        ("[[1, 2, 3], [4, null, 6]]", "sample-number: 'x.txt': [1][1] is null, not a number"),
        ("[[1, 2, 3], [4, 1e999, 6]]", "sample-number: 'x.txt': [1][1] is inf, not a finite number"),
        ("[1, 2", "sample-number: 'x.txt': it is neither JSON nor YAML: did not find expected ',' or ']'"),
        ("- {a: 1}", "sample-number: 'x.txt': line 1: only lists and numbers are allowed"),
        ("- &a [1]\n- *a\n", "sample-number: 'x.txt': line 2: only lists and numbers are allowed"),
        ("- .nan", "sample-number: 'x.txt': line 1, column 3: '.nan' is not a number"),
        ("---\n", "sample-number: 'x.txt': line 2, column 1: nothing is not a number"),
        ("- 1\n---\n- 2\n", "sample-number: 'x.txt': expected a single list"),
        ("[" * 40 + "1" + "]" * 40, "sample-number: 'x.txt': " + "[0]" * 16 + " is a list, not a number"),
        ("[" * 100_000, "sample-number: 'x.txt': its lists are nested too deeply"),
        (b"\xff\xfe\x00", "sample-format: 'x.txt' is not a sample; expected numbers as text, JSON or YAML, or a PGM, PPM, PNG or JPEG picture"),
    ],
)  # fmt: skip
def test_what_is_no_number_is_pointed_at(file, content, said):
    told = complaint(file("x.txt", content), GREY)
    if "neither JSON" in said:  # the words are the parser's own
        told, said = told.partition(" YAML: ")[0], said.partition(" YAML: ")[0]
    assert told == said


def test_files_that_cannot_be_read(file, tmp_path):
    assert complaint("gone.txt", GREY) == "no-file: there is no file 'gone.txt'"
    assert complaint(str(tmp_path), GREY) == f"unreadable: '{tmp_path}' is a directory, not a file"


def test_standard_input(monkeypatch):
    monkeypatch.setattr(sys, "stdin", types.SimpleNamespace(buffer=io.BytesIO(b"1 2 3\n4 5 6")))
    assert values("-", GREY) == ROWS
    monkeypatch.setattr(sys, "stdin", types.SimpleNamespace(buffer=io.BytesIO(b"1 2 3\n4 x 6")))
    said = "sample-number: the standard input: line 2, column 3: 'x' is not a number"
    assert complaint("-", GREY) == said


# --- scale, mean, std ------------------------------------------------------------------------


def test_scale_mean_and_std(file):
    path = file("x.txt", "0 51 102\n153 204 255\n")
    assert values(path, GREY, scale=PixelScale(1.0, 255.0)) == [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    assert values(path, GREY, mean=(51.0,), std=(51.0,)) == [-1.0, 0.0, 1.0, 2.0, 3.0, 4.0]
    two = Shape(2, (1, 3))
    prepared = values(path, two, mean=(0.0, 153.0), std=(1.0, 51.0))
    assert prepared == [0.0, 51.0, 102.0, 0.0, 1.0, 2.0]
    said = "sample-channels: --mean has 2 numbers, but the input has 1 channel"
    assert complaint(path, GREY, mean=(0.0, 1.0)) == said


# --- PGM and PPM -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        b"P5 3 2 255\n" + bytes([0, 51, 102, 153, 204, 255]),
        b"P5\n# made by hand\n3 2 # so wide\n255\n" + bytes([0, 51, 102, 153, 204, 255]),
        b"P2 3 2 255\n0 51 102\n153 204 255\n",
        b"P2\n3 2\n5\n0 1 2 # first\n3 4 5 ",
        b"P5 3 2 65535\n" + struct.pack(">6H", 0, 13107, 26214, 39321, 52428, 65535),
    ],
)
def test_grey_pictures(file, content):
    assert values(file("x.pgm", content), GREY) == [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]


@pytest.mark.parametrize(
    "content",
    [
        b"P6 3 2 10 " + bytes([1, 3, 5] * 3 + [2, 4, 6] * 3),
        b"P3 3 2 10 " + b"1 3 5  " * 3 + b"2 4 6\n" * 3,
    ],
)
def test_colour_pictures_are_red_green_blue(file, content):
    path = file("x.ppm", content)
    red, green, blue = [0.1] * 3 + [0.2] * 3, [0.3] * 3 + [0.4] * 3, [0.5] * 3 + [0.6] * 3
    assert values(path, COLOUR) == red + green + blue
    assert values(path, COLOUR, scale=PixelScale())[0] == 1.0


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"P5 3 2 255\n" + bytes(5), "it needs 6 bytes of pixels and has 5"),
        (b"P2 3 2 255\n1 2 3 4 5", "it needs 6 numbers and has 5"),
        (b"P2 3 2 255\n1 2 3 4 5 x", "'x' is not a number up to 65535"),
        (b"P2 3 2 4\n1 2 3 4 5 0", "it has a pixel of 5, above the maximum value 4 of its header"),
        (b"P5 3\n", "its header lacks the width, the height or the maximum value"),
        (b"P5 3 0 255\n", "its header gives 3×0 pixels and a maximum value of 255"),
        (b"P5 3 2 65536\n", "its header gives 3×2 pixels and a maximum value of 65536"),
        (b"P5 99999999 99999999 255\n", "it needs 9,999,999,800,000,001 bytes of pixels and has 0"),
    ],
)
def test_pictures_that_are_none(file, content, why):
    said = f"bad-picture: 'x.pgm' is not a valid picture: {why}"
    assert complaint(file("x.pgm", content), GREY) == said


def test_pictures_must_fit_the_input(file):
    path = file("x.pgm", image_files.pgm(4, 6, bytes(24)))
    takes = "but the input 'in' takes 2×3×1 (height × width × channels)"
    assert complaint(path, GREY) == f"sample-size: 'x.pgm' is 4×6, {takes}"
    grey = "sample-channels: 'x.pgm' is grey, 1 channel, but the input 'in' takes 2×3×3 (height × width × channels)"
    assert complaint(path, COLOUR) == grey
    assert complaint(path, Shape(24)) == (
        "sample-size: 'x.pgm' is a picture of 4×6, but the input 'in' takes 24 (channels)"
    )
    colour = file("x.ppm", b"P6 3 2 255 " + bytes(18))
    assert complaint(colour, GREY).startswith("sample-channels: 'x.ppm' is in colour, 3 channels,")
    small = file("s.pgm", image_files.pgm(1, 3, bytes(3)))
    assert complaint(small, GREY, crop=True) == (
        f"sample-size: 's.pgm' is 1×3, too small to be cropped, {takes}"
    )
    text = file("x.txt", "1 2")
    assert complaint(text, GREY, crop=True) == (
        "sample-format: only pictures can be resized or cropped, and 'x.txt' is not a picture"
    )


def test_crop_and_resize(file):
    path = file("x.pgm", image_files.pgm(4, 5, bytes(range(20))))
    middle = [6, 7, 8, 11, 12, 13]
    assert values(path, GREY, crop=True, scale=PixelScale()) == [float(x) for x in middle]
    assert len(values(path, GREY, resize="cover")) == 6
    assert len(values(path, GREY, resize=3)) == 6


@settings(
    max_examples=300, deadline=None, derandomize=True, database=None,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
@given(
    st.sampled_from([b"P2 ", b"P3\n", b"P5 ", b"P6 ", b"[", b"- ", b"1 ", b""]),
    st.binary(max_size=40),
)
def test_no_bytes_surprise(tmp_path, magic, rest):
    path = tmp_path / "any"
    path.write_bytes(magic + rest)
    try:
        assert len(values(str(path), GREY)) == 6
    except CnncalcError as error:
        assert error.diagnostics[0].message  # noqa: PT017 - it may or may not fail


# --- resizing --------------------------------------------------------------------------------


def test_halving_weighs_neighbours_by_a_triangle():
    """Four pixels to two: the triangle reaches two old pixels to both sides of 1.0 and 3.0.

    Distances 0.5, 0.5, 1.5 give 0.75, 0.75, 0.25; worked by hand.
    """
    halved = resized(Picture(1, 4, 255, ([7.0, 14.0, 0.0, 28.0],)), 1, 2).planes[0]
    assert list(halved) == pytest.approx([(5.25 + 10.5) / 1.75, (3.5 + 21.0) / 1.75])


def test_rows_are_resized_as_columns_are():
    row = resized(Picture(1, 3, 9, ([1.0, 5.0, 9.0],)), 1, 5).planes[0]
    column = resized(Picture(3, 1, 9, ([1.0, 5.0, 9.0],)), 5, 1).planes[0]
    assert list(row) == list(column)


@pytest.mark.parametrize("size", [(1, 1), (3, 5), (7, 4), (20, 20)])
def test_an_even_picture_stays_even(size):
    even = resized(Picture(6, 8, 9, ([4.0] * 48,)), *size)
    assert list(even.planes[0]) == pytest.approx([4.0] * (size[0] * size[1]))


def test_sizes_after_resizing():
    tall = Picture(10, 5, 9, ([0.0] * 50,))
    assert shorter_side(tall, 2).size == "4×2"
    assert cover(tall, 4, 4).size == "8×4"
    assert cover(tall, 4, 1).size == "4×2"
    assert cropped(cover(tall, 4, 4), 4, 4).size == "4×4"


# --- Pillow ----------------------------------------------------------------------------------


def png(width, height, rows):
    """A grey PNG, made by hand."""

    def chunk(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    data = zlib.compress(b"".join(b"\0" + row for row in rows))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    )


def test_png_without_pillow_says_what_to_install(file, monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL.Image", None)
    path = file("x.png", png(3, 2, [bytes(3)] * 2))
    with pytest.raises(CnncalcError, match=r"^no-pillow: reading 'x.png' needs Pillow$") as caught:
        values(path, GREY)
    assert "cnncalc[image]" in caught.value.diagnostics[0].help


def test_png_with_pillow(file, tmp_path):
    images = pytest.importorskip("PIL.Image")
    path = file("x.png", png(3, 2, [bytes([0, 51, 102]), bytes([153, 204, 255])]))
    assert values(path, GREY) == [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    images.new("RGB", (3, 2), (255, 0, 51)).save("c.png")
    assert values("c.png", COLOUR) == [1.0] * 6 + [0.0] * 6 + [0.2] * 6
    images.new("RGBA", (3, 2), (255, 0, 51, 255)).save("opaque.png")
    assert values("opaque.png", COLOUR) == [1.0] * 6 + [0.0] * 6 + [0.2] * 6
    images.new("RGBA", (3, 2), (255, 0, 51, 128)).save("t.png")
    assert complaint("t.png", COLOUR).endswith("parts of it are transparent; flatten it first")
    images.new("I;16", (3, 2), 13107).save("deep.png")
    assert values("deep.png", GREY) == [0.2] * 6
    images.new("P", (3, 2)).save("palette.png")
    assert len(values("palette.png", COLOUR)) == 18
    broken = png(3, 2, [bytes(3)] * 2)[:-30]
    assert complaint(file("b.png", broken), GREY).startswith(
        "bad-picture: 'b.png' is not a valid picture: Pillow cannot read it"
    )
    file("out.png", image_files.png(1, 2, bytes([0, 255])))
    assert values("out.png", Shape(1, (1, 2))) == [0.0, 1.0]


def test_sizes_are_told_before_the_numbers():
    assert numerals.read(b"1 2\n3 4\n5 6\n", "x")[0] == (3, 2)
